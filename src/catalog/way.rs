//! Causes of the prerequisite `network` that concern the way to every endpoint: resolver and proxy.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// No resolver answers for any name.
pub static RESOLVER_FAILURE: Cause = Cause {
    id: "resolver_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "No host name resolves", zh: "所有域名都无法解析" },
    meaning: Text {
        en: "No name server answers, so the agent finds none of its endpoints: no heartbeat, and no logs.",
        zh: "没有任何 DNS 服务器应答，客户端找不到任何服务地址：没有心跳，日志也无法发送。",
    },
    remedy: Text {
        en: "1. See which name servers the host asks, and whether they answer: `cat /etc/resolv.conf` and `getent \
            ahosts {host}`\n\
            2. If they are wrong, restore them in the host's network configuration (NetworkManager, \
            systemd-resolved or the cloud's DHCP). On ECS, 100.100.2.136 and 100.100.2.138 are usual. If they \
            are right, allow UDP and TCP port 53 to them.\n\
            3. Verify: `getent ahosts {host}`",
        zh: "1. 查看本机使用的 DNS 服务器及其是否应答：`cat /etc/resolv.conf` 和 `getent ahosts {host}`\n\
            2. 如果 DNS 服务器不正确，请在本机网络配置（NetworkManager、systemd-resolved 或云上的 DHCP）中恢复，\
            ECS 通常为 100.100.2.136 和 100.100.2.138；如果正确，请放行到这些服务器的 UDP 和 TCP 53 端口。\n\
            3. 确认：`getent ahosts {host}`",
    },
    evidence: &["names", "failure"],
    source: sources::NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "No name resolves on a host, so its log-collection agent reaches no endpoint.",
        zh: "主机上所有域名都无法解析，日志采集客户端无法访问任何服务地址。",
    },
};

/// The proxy that the agent's environment names does not answer.
pub static PROXY_UNREACHABLE: Cause = Cause {
    id: "proxy_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "The agent's proxy {proxy} does not answer", zh: "客户端的代理 {proxy} 无应答"
    },
    meaning: Text {
        en: "The agent sends its requests through this proxy. While the proxy does not answer, neither \
            heartbeat nor logs get through.",
        zh: "客户端通过该代理发送请求。代理无应答时，心跳和日志都无法送达。",
    },
    remedy: Text {
        en: "1. Try it from this host: {probe_command}\n\
            2. Start the proxy, or allow the connection to it. If the agent should use another proxy or none, \
            correct the environment of its service and restart it: {restart_command}\n\
            3. Verify: {verify_command}",
        zh: "1. 在本机测试：{probe_command}\n\
            2. 启动代理，或放行到代理的连接。如果客户端应使用其他代理或不使用代理，请修改其服务的环境变量，然后\
            重启：{restart_command}\n\
            3. 确认：{verify_command}",
    },
    evidence: &["proxy", "failure"],
    source: sources::OWN_NETWORK,
    patience: patience::PROBES,
    summary: Text {
        en: "The proxy of a log-collection agent does not answer.",
        zh: "日志采集客户端使用的代理无应答。",
    },
};
