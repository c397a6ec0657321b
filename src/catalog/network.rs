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
    title: Text { en: "The host name of {url} does not resolve", zh: "{url} 的域名无法解析" },
    meaning: Text {
        en: "Without its address the agent cannot connect, so heartbeat or logs do not get through.",
        zh: "解析不到地址，客户端就无法连接，心跳或日志无法送达。",
    },
    remedy: Text {
        en: "1. Resolve the name, and see the name servers: `getent ahosts {host}` and `cat /etc/resolv.conf`\n\
            2. [expected_by] If other names resolve, check the spelling in `{expected_by}` of the agent {agent} \
            in the exporter's config.\n\
            3. [!expected_by] If other names resolve, check the spelling (region, suffix) in {config_file}.\n\
            4. If none resolves, restore the name servers in the host's network configuration.\n\
            5. Verify: `getent ahosts {host}`",
        zh: "1. 解析该域名，并查看 DNS 服务器：`getent ahosts {host}` 和 `cat /etc/resolv.conf`\n\
            2. [expected_by] 如果其他域名可以解析，请检查 exporter 配置中 {agent} 的 `{expected_by}` 的拼写。\n\
            3. [!expected_by] 如果其他域名可以解析，请检查 {config_file} 中的拼写（地域、后缀）。\n\
            4. 如果所有域名都无法解析，请在本机网络配置中恢复 DNS 服务器。\n\
            5. 确认：`getent ahosts {host}`",
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
    title: Text { en: "{url} refuses the connection", zh: "{url} 拒绝连接" },
    meaning: Text {
        en: "Something on the path rejects the connection, so the agent cannot talk to this address: a \
            firewall, a proxy that is down, or a name that resolves to the wrong host.",
        zh: "链路上有设备拒绝了连接，客户端无法与该地址通信：可能是防火墙、未运行的代理，或域名指向了错误\
            的机器。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. Check that the name resolves to the right address: `getent ahosts {host}`. A line in {hosts_file} \
            overrides DNS.\n\
            3. [proxy_url] The agent uses the proxy {proxy_url}: check that the proxy is running and \
            allows this host name.\n\
            4. Allow outgoing connections to port {port}, in the security group and network ACL and on this \
            host: `sudo iptables -S OUTPUT` or `sudo nft list ruleset`\n\
            5. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. 确认域名指向正确的地址：`getent ahosts {host}`。{hosts_file} 中的绑定优先于 DNS。\n\
            3. [proxy_url] 客户端使用代理 {proxy_url}：请检查该代理是否运行并放行该域名。\n\
            4. 在安全组、网络 ACL 和本机上放行到 {port} 端口的出方向连接：`sudo iptables -S OUTPUT` 或 `sudo nft \
            list ruleset`\n\
            5. 确认：{verify_command}",
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
    title: Text { en: "No connection to {url} within the time limit", zh: "连接 {url} 超时" },
    meaning: Text {
        en: "Packets to this address are lost, so neither heartbeat nor logs get through. Blocked ports, a \
            security group or a wrong network type are the usual reasons.",
        zh: "发往该地址的报文被丢弃，心跳和日志都无法通过。常见原因是端口被封、安全组限制或网络类型错误。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. Allow outgoing connections to port {port}, in the security group and network ACL and on this \
            host: `sudo iptables -S OUTPUT` or `sudo nft list ruleset`\n\
            3. [proxy_url] The agent uses the proxy {proxy_url}: check that the proxy is running and \
            allows this host name.\n\
            4. [!expected_by] Check that the network type in {config_file} suits this host: internal addresses \
            answer only within the cloud's network of that region, and public ones need a route to the internet.\n\
            5. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. 在安全组、网络 ACL 和本机上放行到 {port} 端口的出方向连接：`sudo iptables -S OUTPUT` 或 `sudo nft \
            list ruleset`\n\
            3. [proxy_url] 客户端使用代理 {proxy_url}：请检查该代理是否运行并放行该域名。\n\
            4. [!expected_by] 检查 {config_file} 中的网络类型是否适合本机：内网地址只能在该地域的云内网络中访问，\
            公网地址需要公网出口。\n\
            5. 确认：{verify_command}",
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
    title: Text { en: "There is no route to {url}", zh: "没有到 {url} 的路由" },
    meaning: Text {
        en: "The host does not know where to send packets for this address, so neither heartbeat nor logs \
            leave it.",
        zh: "本机不知道如何将报文送往该地址，心跳和日志都无法发出。",
    },
    remedy: Text {
        en: "1. See the routes and the address: `ip route show` and `getent ahosts {host}`\n\
            2. Bring up the interface or restore the default route, in the host's network configuration and in \
            the route table of the VPC.\n\
            3. Verify: {verify_command}",
        zh: "1. 查看路由和地址：`ip route show` 和 `getent ahosts {host}`\n\
            2. 在本机网络配置以及 VPC 路由表中启用网卡或恢复默认路由。\n\
            3. 确认：{verify_command}",
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
    title: Text { en: "The TLS handshake with {url} fails", zh: "与 {url} 的 TLS 握手失败" },
    meaning: Text {
        en: "The connection cannot be encrypted, so no request over HTTPS succeeds. A device \
            that inspects or interrupts TLS, or a port that does not speak TLS, is the usual reason.",
        zh: "无法建立加密连接，所有 HTTPS 请求都无法通过。常见原因是链路上有检测或阻断 TLS 的设备，或该端\
            口并非 TLS 服务。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. Let the firewall or proxy on the path pass {host} without inspection, and allow TLS 1.2 and later.\n\
            3. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. 在链路上的防火墙或代理中放行 {host} 且不检测其流量，并允许 TLS 1.2 及以上版本。\n\
            3. 确认：{verify_command}",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "TLS handshakes with a log service's endpoint fail.",
        zh: "与日志服务地址的 TLS 握手失败。",
    },
};

/// An endpoint's certificate is not signed by a trusted authority, or is for another name.
pub static CERTIFICATE_UNTRUSTED: Cause = Cause {
    id: "certificate_untrusted",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "The certificate of {url} is not trusted", zh: "{url} 的证书不受信任" },
    meaning: Text {
        en: "Nothing proves that the peer is this server: the host's trust store is old or missing, \
            or a device on the path intercepts TLS. An agent that verifies certificates does not connect.",
        zh: "无法证明应答方就是该服务端：本机的信任库过旧或缺失，或链路上有设备拦截 TLS。校验证书的客户端\
            不会建立连接。",
    },
    remedy: Text {
        en: "1. See the certificate: {certificate_command}\n\
            2. If the issuer is a public authority, update the trust store: `sudo apt-get install --only-upgrade \
            ca-certificates` (Debian, Ubuntu) or `sudo yum update ca-certificates` (RHEL, Alibaba Cloud Linux, \
            TencentOS).\n\
            3. If the issuer is a proxy of your own, let it pass {host} without inspection. Add its authority to \
            the trust store only if it may read this traffic.\n\
            4. Verify: {verify_command}",
        zh: "1. 查看证书：{certificate_command}\n\
            2. 如果颁发者是公共 CA，请更新信任库：`sudo apt-get install --only-upgrade ca-certificates`（Debian、\
            Ubuntu）或 `sudo yum update ca-certificates`（RHEL、Alibaba Cloud Linux、TencentOS）。\n\
            3. 如果颁发者是自有代理，请在代理中放行 {host} 且不检测其流量。只有在允许该代理读取这些流量时，才将其 CA \
            加入信任库。\n\
            4. 确认：{verify_command}",
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
        en: "The certificate of {url} is not valid now", zh: "{url} 的证书当前不在有效期内"
    },
    meaning: Text {
        en: "A certificate outside its dates is rejected, so no request over HTTPS succeeds. The \
            host's own clock can be the reason.",
        zh: "证书不在有效期内会被拒绝，所有 HTTPS 请求都无法通过。也可能是本机时间错误造成的。",
    },
    remedy: Text {
        en: "1. Check the host's own clock first: `date -u`\n\
            2. See the certificate: {certificate_command}\n\
            3. If the clock is right, renew the certificate where it is served: on the server, or on the proxy \
            that issued it. If it is the cloud's own, open a ticket with the vendor.\n\
            4. Verify: {verify_command}",
        zh: "1. 先检查本机时间：`date -u`\n\
            2. 查看证书：{certificate_command}\n\
            3. 如果时间正确，请在提供证书的服务端或颁发证书的代理上更新证书；如果是云厂商的证书，请提交工单。\n\
            4. 确认：{verify_command}",
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
        en: "It works until then; afterwards no request over HTTPS to this address succeeds.",
        zh: "到期之前一切正常，到期之后发往该地址的 HTTPS 请求都将失败。",
    },
    remedy: Text {
        en: "1. Renew the certificate before {not_after}, on the server or on the proxy that issued it, and \
            reload it there. If it is the cloud's own, open a ticket with the vendor.\n\
            2. Verify the new date: {certificate_command}",
        zh: "1. 请在 {not_after} 之前，在服务端或颁发证书的代理上更新证书并重新加载；如果是云厂商的证书，请提交工\
            单。\n\
            2. 确认新的到期时间：{certificate_command}",
    },
    evidence: &["url", "not_after"],
    source: sources::OWN_NETWORK,
    patience: patience::TICKET,
    summary: Text {
        en: "A log service's certificate expires within 14 days.",
        zh: "日志服务地址的证书将在 14 天内过期。",
    },
};

/// An endpoint accepts the connection but does not complete its answer in time.
pub static RESPONSE_TIMEOUT: Cause = Cause {
    id: "response_timeout",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} accepts the connection but does not answer in time",
        zh: "{url} 已连接，但未在时限内应答",
    },
    meaning: Text {
        en: "Requests hang after the connection is established, and so do the agent's. A proxy or firewall that \
            swallows traffic, or a path that drops large packets, is the usual reason.",
        zh: "连接建立后请求卡住，客户端自身的请求也会如此。常见原因是代理或防火墙丢弃流量，或链路丢弃大报\
            文。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. [proxy_url] The agent uses the proxy {proxy_url}: check that the proxy is running and \
            allows this host name.\n\
            3. Check firewalls and proxies on the path that inspect traffic. If small requests pass and large \
            ones do not, lower the MTU of the interface (`ip link show`) in the host's network configuration.\n\
            4. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. [proxy_url] 客户端使用代理 {proxy_url}：请检查该代理是否运行并放行该域名。\n\
            3. 排查链路上会检测流量的防火墙和代理。如果小请求正常而大请求失败，请在本机网络配置中调低网卡的 MTU（\
            `ip link show`）。\n\
            4. 确认：{verify_command}",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's endpoint is connected but does not answer.",
        zh: "日志服务地址已连接但无应答。",
    },
};

/// An endpoint answers, but not as its service would.
pub static UNEXPECTED_RESPONSE: Cause = Cause {
    id: "unexpected_response",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "{url} gives an unexpected answer", zh: "{url} 的应答不符合预期" },
    meaning: Text {
        en: "Something other than the expected service answers: a login portal, a proxy, another web \
            server, or an error of the service. The agent's requests reach it too.",
        zh: "应答的并不是预期的服务：可能是认证门户、代理、其他 Web 服务，或服务本身出错。客户端的请求同样\
            会到达那里。",
    },
    remedy: Text {
        en: "1. Look at the answer: {probe_command}\n\
            2. Check that the name resolves to the right address: `getent ahosts {host}`. A line in {hosts_file} \
            overrides DNS.\n\
            3. [proxy_url] The agent uses the proxy {proxy_url}: check that the proxy is running and \
            allows this host name.\n\
            4. If a login portal or another server answers, exempt {host} there, or correct the name.\n\
            5. Verify: {verify_command}",
        zh: "1. 查看应答内容：{probe_command}\n\
            2. 确认域名指向正确的地址：`getent ahosts {host}`。{hosts_file} 中的绑定优先于 DNS。\n\
            3. [proxy_url] 客户端使用代理 {proxy_url}：请检查该代理是否运行并放行该域名。\n\
            4. 如果是认证门户或其他服务代为应答，请在其中放行 {host}，或更正域名。\n\
            5. 确认：{verify_command}",
    },
    evidence: &["url", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "Something other than the log service answers at its endpoint.",
        zh: "日志服务地址的应答不是日志服务返回的。",
    },
};

/// An internal endpoint cannot be reached, and the host is evidently not in its network.
pub static INTRANET_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "intranet_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} is internal to the cloud, and this host is not in that network",
        zh: "{url} 是云内网地址，而本机不在该内网中",
    },
    meaning: Text {
        en: "Internal addresses answer only machines of the same cloud and region. From any other host \
            the agent never connects, so there is no heartbeat.",
        zh: "内网地址只能被同一云厂商、同一地域的机器访问。其他机器上的客户端无法连接，因此没有心跳。",
    },
    remedy: Text {
        en: "1. [logtail] Use the public addresses; public traffic is charged. Set {public_server_setting} and \
            {public_data_server_setting} in {config_file}.\n\
            2. [loglistener] Use the public address; public traffic is charged. Set {public_server_setting} in \
            {config_file}.\n\
            3. If this host is linked to the cloud's network by a VPN or leased line, repair that link and its \
            routes instead.\n\
            4. Restart the agent: {restart_command}\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail] 改用公网地址（会产生公网流量费用）：在 {config_file} 中设置 {public_server_setting} 和 \
            {public_data_server_setting}。\n\
            2. [loglistener] 改用公网地址（会产生公网流量费用）：在 {config_file} 中设置 {public_server_setting}。\n\
            3. 如果本机通过 VPN 或专线接入云内网，则应修复该线路及其路由。\n\
            4. 重启客户端：{restart_command}\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["url", "failure"],
    source: sources::SLS_3_4_CLS_COLLECTION,
    patience: patience::PROBES,
    summary: Text {
        en: "A host outside of the cloud's network uses an internal endpoint.",
        zh: "主机不在云内网中，却使用了内网地址。",
    },
};

/// The config server answers over HTTP and not over HTTPS.
pub static HTTPS_UNREACHABLE: Cause = Cause {
    id: "https_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "{url} does not answer, although the same server answers over HTTP",
        zh: "{url} 无应答，而同一服务端的 HTTP 正常",
    },
    meaning: Text {
        en: "The agent authenticates itself over port 443 even where its config says http. With 443 \
            blocked it gets no collection config.",
        zh: "即使配置为 http，客户端的鉴权也始终使用 443 端口。443 端口被封锁时无法获取采集配置。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. Allow outgoing connections to port {port}, in the security group and network ACL and on this \
            host: `sudo iptables -S OUTPUT` or `sudo nft list ruleset`\n\
            3. [proxy_url] The agent uses the proxy {proxy_url}: it must allow CONNECT to port 443.\n\
            4. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. 在安全组、网络 ACL 和本机上放行到 {port} 端口的出方向连接：`sudo iptables -S OUTPUT` 或 `sudo nft \
            list ruleset`\n\
            3. [proxy_url] 客户端使用代理 {proxy_url}：该代理必须允许 CONNECT 到 443 端口。\n\
            4. 确认：{verify_command}",
    },
    evidence: &["url", "failure"],
    source: sources::SLS_4,
    patience: patience::PROBES,
    summary: Text {
        en: "A log service's endpoint answers over HTTP and not over HTTPS.",
        zh: "日志服务地址 HTTP 正常，但 HTTPS 无法访问。",
    },
};

/// The endpoint of the agent's self-monitoring does not answer as documented.
pub static ADMIN_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "admin_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text {
        en: "The self-monitoring endpoint {url} does not answer as documented",
        zh: "自监控地址 {url} 的应答不符合文档",
    },
    meaning: Text {
        en: "Logtail sends its own state and errors there. Heartbeat and logs do not depend on it, but \
            collection errors may be missing in the console.",
        zh: "Logtail 向该地址上报自身状态和错误。心跳和日志采集不依赖它，但控制台中可能看不到采集错误。",
    },
    remedy: Text {
        en: "1. Try it from this host as the agent does: {probe_command}\n\
            2. Let firewalls, security groups and proxies pass {host} as they pass the project's own host name.\n\
            3. Verify: {verify_command}",
        zh: "1. 在本机以客户端的访问方式测试：{probe_command}\n\
            2. 在防火墙、安全组和代理中放行 {host}，与 Project 自身的域名一样处理。\n\
            3. 确认：{verify_command}",
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
