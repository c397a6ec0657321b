//! Causes of the prerequisite `network`.

pub use super::refusal::SERVER_REJECTS;
pub use super::way::{PROXY_UNREACHABLE, RESOLVER_FAILURE};
use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The host name of an endpoint does not resolve.
pub static DNS_FAILURE: Cause = Cause {
    id: "dns_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "Name resolution fails for {url}: {failure}", zh: "{url} 的域名无法解析：{failure}"
    },
    meaning: Text {
        en: "Without its address the agent cannot connect, so heartbeat or logs do not get through.",
        zh: "解析不到地址，客户端就无法连接，心跳或日志无法送达。",
    },
    remedy: Text {
        en: "1. Resolve the host of {url} on this host: `getent ahosts HOST`. See the name servers in \
            /etc/resolv.conf (usual ones on ECS: 100.100.2.136 and 100.100.2.138).\n\
            2. If other names resolve and this one does not, check its spelling (region, suffix) in the \
            agent's config ({config_file}). If none resolves, restore the name servers in the host's \
            network configuration.\n\
            3. Verify with `getent ahosts HOST`.",
        zh: "1. 在本机解析 {url} 中的域名：`getent ahosts HOST`，并查看 /etc/resolv.conf 中的 DNS 服务器（\
            ECS 通常为 100.100.2.136 和 100.100.2.138）。\n\
            2. 如果其他域名可以解析而该域名不行，请检查客户端配置（{config_file}）中的拼写（地域、后缀）。\
            如果所有域名都无法解析，请在本机网络配置中恢复 DNS 服务器。\n\
            3. 用 `getent ahosts HOST` 确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "The name of a log service's endpoint does not resolve.",
        zh: "日志服务地址的域名无法解析。",
    },
};

/// The connection to an endpoint is refused.
pub static CONNECTION_REFUSED: Cause = Cause {
    id: "connection_refused",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "{url} refuses the connection: {failure}", zh: "{url} 拒绝连接：{failure}" },
    meaning: Text {
        en: "Something on the way answers with a refusal, so the agent cannot talk to this address: a \
            firewall, a proxy that is down, or a name that leads to a wrong host.",
        zh: "链路上有设备拒绝了连接，客户端无法与该地址通信：可能是防火墙、未运行的代理，或域名指向了错误\
            的机器。",
    },
    remedy: Text {
        en: "1. Try it on this host: `curl -v -m 10 {url}`, for a tcp:// address `telnet HOST PORT`.\n\
            2. Check that the name leads to the right address: `getent ahosts HOST`, and lines for it in \
            {hosts_file}. Check the agent's proxy setting (http_proxy, https_proxy, all_proxy in its \
            environment).\n\
            3. Check the outgoing firewall rules: `sudo iptables -S OUTPUT` or `sudo nft list ruleset`. \
            Ports 80 and 443 must be open for this address.\n\
            4. Verify with the command of step 1.",
        zh: "1. 在本机测试：`curl -v -m 10 {url}`；tcp:// 地址使用 `telnet HOST PORT`。\n\
            2. 确认域名指向正确的地址：`getent ahosts HOST`，并检查 {hosts_file} 中是否有该域名；检查客户\
            端的代理设置（其环境变量 http_proxy、https_proxy、all_proxy）。\n\
            3. 检查出方向防火墙规则：`sudo iptables -S OUTPUT` 或 `sudo nft list ruleset`。必须放行该地址\
            的 80 和 443 端口。\n\
            4. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's endpoint refuses connections.", zh: "日志服务地址拒绝连接。"
    },
};

/// An endpoint does not answer the connect in time.
pub static CONNECTION_TIMEOUT: Cause = Cause {
    id: "connection_timeout",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "No connection to {url} within the time limit: {failure}",
        zh: "连接 {url} 超时：{failure}",
    },
    meaning: Text {
        en: "Packets to this address get lost, so neither heartbeat nor logs pass. Blocked ports, a \
            security group or a wrong network type are the usual reasons.",
        zh: "发往该地址的报文被丢弃，心跳和日志都无法通过。常见原因是端口被封、安全组限制或网络类型错误。",
    },
    remedy: Text {
        en: "1. Try it on this host: `curl -v -m 10 {url}`, for a tcp:// address `telnet HOST PORT`.\n\
            2. Open outgoing ports 80 and 443 for it: security group and network ACL in the cloud \
            console, and on this host `sudo iptables -S OUTPUT` or `sudo nft list ruleset`.\n\
            3. Check that the network type in the agent's config ({config_file}) suits this host: \
            internal addresses answer only within the cloud's network of that region. A host without a \
            public address needs NAT or a proxy to reach public ones.\n\
            4. Verify with the command of step 1.",
        zh: "1. 在本机测试：`curl -v -m 10 {url}`；tcp:// 地址使用 `telnet HOST PORT`。\n\
            2. 放行出方向的 80 和 443 端口：检查云控制台中的安全组和网络 ACL，以及本机的 `sudo iptables \
            -S OUTPUT` 或 `sudo nft list ruleset`。\n\
            3. 检查客户端配置（{config_file}）中的网络类型是否适合本机：内网地址只能在该地域的云内网络中访\
            问；没有公网 IP 的机器需要 NAT 或代理才能访问公网地址。\n\
            4. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "Connections to a log service's endpoint time out.", zh: "连接日志服务地址超时。"
    },
};

/// There is no route to an endpoint's address.
pub static NETWORK_UNREACHABLE: Cause = Cause {
    id: "network_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "There is no route to {url}: {failure}", zh: "没有到 {url} 的路由：{failure}" },
    meaning: Text {
        en: "The host does not know where to send packets for this address, so neither heartbeat nor logs \
            leave it.",
        zh: "本机不知道如何将报文送往该地址，心跳和日志都无法发出。",
    },
    remedy: Text {
        en: "1. Look at the routes: `ip route show`, and for an address of `getent ahosts HOST`: `ip \
            route get ADDRESS`\n\
            2. Bring up the interface or restore the default route in the host's network configuration \
            (and the VPC's route table).\n\
            3. Verify with `curl -v -m 10 {url}`, for a tcp:// address with `telnet HOST PORT`.",
        zh: "1. 查看路由：`ip route show`，并对 `getent ahosts HOST` 得到的地址执行 `ip route get ADDRESS`\n\
            2. 在本机网络配置（以及 VPC 路由表）中启用网卡或恢复默认路由。\n\
            3. 用 `curl -v -m 10 {url}` 确认；tcp:// 地址使用 `telnet HOST PORT`。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A host has no route to a log service's endpoint.",
        zh: "主机没有到日志服务地址的路由。",
    },
};

/// The TLS handshake with an endpoint fails for another reason than its certificate.
pub static TLS_FAILURE: Cause = Cause {
    id: "tls_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "The TLS handshake with {url} fails: {failure}",
        zh: "与 {url} 的 TLS 握手失败：{failure}",
    },
    meaning: Text {
        en: "The connection cannot be encrypted, so nothing that goes by HTTPS gets through. A device \
            that inspects or cuts TLS, or a port that does not speak TLS, is the usual reason.",
        zh: "无法建立加密连接，所有 HTTPS 请求都无法通过。常见原因是链路上有检查或阻断 TLS 的设备，或该端\
            口并非 TLS 服务。",
    },
    remedy: Text {
        en: "1. See where it ends: `curl -v -m 10 {url}`, and `openssl s_client -connect HOST:443 \
            -servername HOST </dev/null`\n\
            2. Let the firewall or proxy on the way pass this host name without inspection, and allow TLS \
            1.2 and later.\n\
            3. Verify with the command of step 1.",
        zh: "1. 查看握手在何处中断：`curl -v -m 10 {url}`，以及 `openssl s_client -connect HOST:443 \
            -servername HOST </dev/null`\n\
            2. 在链路上的防火墙或代理中对该域名免检查放行，并允许 TLS 1.2 及以上版本。\n\
            3. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "TLS handshakes with a log service's endpoint fail.",
        zh: "与日志服务地址的 TLS 握手失败。",
    },
};

/// An endpoint's certificate is of no trusted authority, or for another name.
pub static CERTIFICATE_UNTRUSTED: Cause = Cause {
    id: "certificate_untrusted",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "The certificate of {url} is not trusted: {failure}",
        zh: "{url} 的证书不受信任：{failure}",
    },
    meaning: Text {
        en: "Whoever answers is not proven to be this server: the host's trust store is old or missing, \
            or a device on the way intercepts TLS. An agent that verifies certificates does not connect.",
        zh: "无法证明应答方就是该服务端：本机的信任库过旧或缺失，或链路上有设备拦截 TLS。校验证书的客户端\
            不会建立连接。",
    },
    remedy: Text {
        en: "1. See who issued it: `openssl s_client -connect HOST:443 -servername HOST </dev/null | \
            openssl x509 -noout -subject -issuer -dates`, with the host of {url}\n\
            2. If the issuer is a public authority, update the trust store: `sudo apt-get install \
            ca-certificates && sudo update-ca-certificates` (Debian, Ubuntu) or `sudo yum install \
            ca-certificates && sudo update-ca-trust` (RHEL, Alibaba Cloud Linux, TencentOS).\n\
            3. If the issuer is your own proxy, let it pass this host name without inspection. Add its \
            authority to the trust store only if you trust it to read this traffic.\n\
            4. Verify with `curl -v -m 10 {url}`",
        zh: "1. 查看证书的颁发者：`openssl s_client -connect HOST:443 -servername HOST </dev/null | \
            openssl x509 -noout -subject -issuer -dates`，HOST 为 {url} 中的域名\n\
            2. 如果颁发者是公共 CA，请更新信任库：`sudo apt-get install ca-certificates && sudo \
            update-ca-certificates`（Debian、Ubuntu）或 `sudo yum install ca-certificates && sudo \
            update-ca-trust`（RHEL、Alibaba Cloud Linux、TencentOS）。\n\
            3. 如果颁发者是自有代理，请在代理中对该域名免检查放行。只有在信任该代理读取这些流量时，才将其 \
            CA 加入信任库。\n\
            4. 用 `curl -v -m 10 {url}` 确认。",
    },
    evidence: &["url", "failure"],
    source: sources::OWN_NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's certificate is not trusted.", zh: "日志服务地址的证书不受信任。"
    },
};

/// An endpoint's certificate is expired, or not yet valid, by the local clock.
pub static CERTIFICATE_EXPIRED: Cause = Cause {
    id: "certificate_expired",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "The certificate of {url} is not valid now: {failure}",
        zh: "{url} 的证书当前不在有效期内：{failure}",
    },
    meaning: Text {
        en: "A certificate outside its dates is rejected, so nothing that goes by HTTPS gets through. The \
            host's own clock can be the reason.",
        zh: "证书不在有效期内会被拒绝，所有 HTTPS 请求都无法通过。也可能是本机时间错误造成的。",
    },
    remedy: Text {
        en: "1. Check the host's own clock first: `date -u`\n\
            2. See the dates: `openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl \
            x509 -noout -issuer -dates`, with the host of {url}\n\
            3. If the clock is right and the server is yours, renew its certificate. If the issuer is a \
            proxy on the way, renew the proxy's or let this host name pass without inspection. If it is \
            the cloud's own, open a ticket with the vendor.\n\
            4. Verify with `curl -v -m 10 {url}`",
        zh: "1. 先检查本机时间：`date -u`\n\
            2. 查看有效期：`openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 \
            -noout -issuer -dates`，HOST 为 {url} 中的域名\n\
            3. 如果时间正确且服务端由您维护，请更新证书；如果颁发者是链路上的代理，请更新代理的证书或对该\
            域名免检查放行；如果是云厂商的证书，请提交工单。\n\
            4. 用 `curl -v -m 10 {url}` 确认。",
    },
    evidence: &["url", "failure"],
    source: sources::OWN_NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's certificate is not valid now.",
        zh: "日志服务地址的证书不在有效期内。",
    },
};

/// An endpoint's certificate expires within 14 days.
pub static CERTIFICATE_EXPIRING: Cause = Cause {
    id: "certificate_expiring",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text {
        en: "The certificate of {url} expires soon: {not_after}",
        zh: "{url} 的证书即将过期：{not_after}",
    },
    meaning: Text {
        en: "It works until then; afterwards nothing that goes by HTTPS gets through to this address.",
        zh: "到期之前一切正常，到期之后发往该地址的 HTTPS 请求都将失败。",
    },
    remedy: Text {
        en: "1. If the server or a proxy on the way to it is yours, renew its certificate before \
            {not_after} and reload it there. If it is the cloud's own, watch that the vendor renews it in \
            time.\n\
            2. Verify the new date: `openssl s_client -connect HOST:443 -servername HOST </dev/null | \
            openssl x509 -noout -enddate`, with the host of {url}",
        zh: "1. 如果服务端或链路上的代理由您维护，请在 {not_after} 之前更新证书并重新加载。如果是云厂商的\
            证书，请关注其是否按时更新。\n\
            2. 确认新的到期时间：`openssl s_client -connect HOST:443 -servername HOST </dev/null | \
            openssl x509 -noout -enddate`，HOST 为 {url} 中的域名",
    },
    evidence: &["url", "not_after"],
    source: sources::OWN_NETWORK,
    patience: patience::TICKET,
    summary: Text {
        en: "A log service's certificate expires within 14 days.",
        zh: "日志服务地址的证书将在 14 天内过期。",
    },
};

/// An endpoint is connected and does not complete its answer in time.
pub static RESPONSE_TIMEOUT: Cause = Cause {
    id: "response_timeout",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} is connected but does not answer in time: {failure}",
        zh: "{url} 已连接，但未在时限内应答：{failure}",
    },
    meaning: Text {
        en: "Requests get stuck after the connect, and the agent's own do too. A proxy or firewall that \
            swallows traffic, or a path that drops large packets, is the usual reason.",
        zh: "连接建立后请求卡住，客户端自身的请求也会如此。常见原因是代理或防火墙吞掉流量，或链路丢弃大报\
            文。",
    },
    remedy: Text {
        en: "1. Try it on this host: `curl -v -m 30 {url}`\n\
            2. Check the proxy, if the agent uses one (http_proxy, https_proxy, all_proxy in its \
            environment), and firewalls on the way that inspect traffic.\n\
            3. If small requests pass and large ones do not, look for the path's MTU with `tracepath \
            HOST` and lower the interface's, such as `sudo ip link set dev eth0 mtu 1400` (until the next \
            boot; it can interrupt connections).\n\
            4. Verify with the command of step 1.",
        zh: "1. 在本机测试：`curl -v -m 30 {url}`\n\
            2. 检查客户端使用的代理（其环境变量 http_proxy、https_proxy、all_proxy）以及链路上检查流量的防\
            火墙。\n\
            3. 如果小请求正常而大请求失败，请用 `tracepath HOST` 查看路径 MTU，并调低网卡的 MTU，例如 \
            `sudo ip link set dev eth0 mtu 1400`（重启后失效，可能中断现有连接）。\n\
            4. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's endpoint is connected but does not answer.",
        zh: "日志服务地址已连接但无应答。",
    },
};

/// An endpoint answers, and not as its service does.
pub static UNEXPECTED_RESPONSE: Cause = Cause {
    id: "unexpected_response",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} gives an unexpected answer: {failure}",
        zh: "{url} 的应答不符合预期：{failure}",
    },
    meaning: Text {
        en: "Something else than the expected service answers: a login portal, a proxy, another web \
            server, or an error of the service. The agent's requests end there too.",
        zh: "应答的并不是预期的服务：可能是认证门户、代理、其他 Web 服务，或服务本身出错。客户端的请求同样\
            会到达那里。",
    },
    remedy: Text {
        en: "1. Look at the answer: `curl -i -m 10 {url}`. Alibaba Cloud SLS gives a body with \
            `OLSInvalidMethod` or a header `x-log-requestid`; a custom endpoint gives one of its \
            `expect_status`.\n\
            2. Check that the name leads to the right address (`getent ahosts HOST`, {hosts_file}) and \
            that no proxy (http_proxy, https_proxy, all_proxy in the agent's environment) or login portal \
            answers instead.\n\
            3. Exempt the address in that proxy or portal, or correct the name, then verify with the \
            command of step 1.",
        zh: "1. 查看应答内容：`curl -i -m 10 {url}`。阿里云日志服务的应答正文含有 `OLSInvalidMethod`，或带\
            有响应头 `x-log-requestid`；自定义地址应返回 `expect_status` 中的状态码。\n\
            2. 确认域名指向正确的地址（`getent ahosts HOST`、{hosts_file}），并且没有代理（客户端环境变量 \
            http_proxy、https_proxy、all_proxy）或认证门户代为应答。\n\
            3. 在该代理或门户中放行此地址，或更正域名，然后用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "Something else than the log service answers at its endpoint.",
        zh: "日志服务地址的应答不是日志服务返回的。",
    },
};

/// An internal endpoint cannot be reached, and the host is evidently not in its network.
pub static INTRANET_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "intranet_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} is internal to the cloud, and this host is not in that network: {failure}",
        zh: "{url} 是云内网地址，而本机不在该内网中：{failure}",
    },
    meaning: Text {
        en: "Internal addresses answer only machines of the same cloud and region. From any other host \
            the agent never connects, so there is no heartbeat.",
        zh: "内网地址只能被同一云厂商、同一地域的机器访问。其他机器上的客户端无法连接，因此没有心跳。",
    },
    remedy: Text {
        en: "1. Use the public addresses in {config_file} (public traffic is charged). Logtail: \
            `http://logtail.REGION.log.aliyuncs.com` as config server and `REGION.log.aliyuncs.com` as \
            data server. LogListener: `proxy_host = REGION.cls.tencentcs.com`. If the host is linked to \
            the cloud's network (VPN, leased line), repair that link and its routes instead.\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that the heartbeat in the console is normal after about two minutes.",
        zh: "1. 在 {config_file} 中改用公网地址（会产生公网流量费用）。Logtail：配置服务端为 \
            `http://logtail.REGION.log.aliyuncs.com`，数据服务端为 `REGION.log.aliyuncs.com`。\
            LogListener：`proxy_host = REGION.cls.tencentcs.com`。如果本机通过 VPN 或专线接入云内网，则应\
            修复该线路及其路由。\n\
            2. 重启客户端：{restart_command}\n\
            3. 约两分钟后，在控制台确认心跳正常。",
    },
    evidence: &["url", "failure"],
    source: sources::SLS_3_4_CLS_COLLECTION,
    patience: patience::PROBES,
    summary: Text {
        en: "A host outside of the cloud's network uses an internal endpoint.",
        zh: "主机不在云内网中，却使用了内网地址。",
    },
};

/// The config server answers by HTTP and not by HTTPS.
pub static HTTPS_UNREACHABLE: Cause = Cause {
    id: "https_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} does not answer, although the same server answers by HTTP: {failure}",
        zh: "{url} 无应答，而同一服务端的 HTTP 正常：{failure}",
    },
    meaning: Text {
        en: "The agent authenticates itself over port 443 even where its config says http. With 443 \
            blocked it gets no collection config.",
        zh: "即使配置为 http，客户端的鉴权也始终使用 443 端口。443 被封时拿不到采集配置。",
    },
    remedy: Text {
        en: "1. Try it on this host: `curl -v -m 10 {url}`\n\
            2. Open outgoing port 443 for it: security group and network ACL in the cloud console, and on \
            this host `sudo iptables -S OUTPUT` or `sudo nft list ruleset`. If the agent uses a proxy, \
            that must allow CONNECT to port 443.\n\
            3. Verify with the command of step 1.",
        zh: "1. 在本机测试：`curl -v -m 10 {url}`\n\
            2. 放行出方向的 443 端口：检查云控制台中的安全组和网络 ACL，以及本机的 `sudo iptables -S \
            OUTPUT` 或 `sudo nft list ruleset`。如果客户端使用代理，代理必须允许 CONNECT 到 443 端口。\n\
            3. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::SLS_4,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's endpoint answers by HTTP and not by HTTPS.",
        zh: "日志服务地址 HTTP 正常，但 HTTPS 无法访问。",
    },
};

/// The endpoint of the agent's self-monitoring does not answer as documented.
pub static ADMIN_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "admin_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text {
        en: "The self-monitoring endpoint {url} does not answer as documented: {failure}",
        zh: "自监控地址 {url} 的应答不符合文档：{failure}",
    },
    meaning: Text {
        en: "Logtail sends its own state and errors there. Heartbeat and logs do not depend on it, but \
            collection errors may be missing in the console.",
        zh: "Logtail 向该地址上报自身状态和错误。心跳和日志采集不依赖它，但控制台中可能看不到采集错误。",
    },
    remedy: Text {
        en: "1. Try it on this host: `curl -v -m 10 {url}`\n\
            2. Let firewalls, security groups and proxies pass this host name as they do the project's \
            own.\n\
            3. Verify with the command of step 1.",
        zh: "1. 在本机测试：`curl -v -m 10 {url}`\n\
            2. 在防火墙、安全组和代理中放行该域名，与 Project 自身的域名一样处理。\n\
            3. 用第 1 步的命令确认。",
    },
    evidence: &["url", "failure"],
    source: sources::SLS_4,
    patience: patience::TICKET,
    summary: Text {
        en: "Logtail's self-monitoring endpoint cannot be reached.",
        zh: "Logtail 的自监控地址无法访问。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &DNS_FAILURE,
    &CONNECTION_REFUSED,
    &CONNECTION_TIMEOUT,
    &NETWORK_UNREACHABLE,
    &TLS_FAILURE,
    &CERTIFICATE_UNTRUSTED,
    &CERTIFICATE_EXPIRED,
    &CERTIFICATE_EXPIRING,
    &RESPONSE_TIMEOUT,
    &UNEXPECTED_RESPONSE,
    &INTRANET_ENDPOINT_UNREACHABLE,
    &HTTPS_UNREACHABLE,
    &ADMIN_ENDPOINT_UNREACHABLE,
    &RESOLVER_FAILURE,
    &PROXY_UNREACHABLE,
    &SERVER_REJECTS,
];
