//! Causes of the prerequisite `ip` that concern the agent's next choice of an address.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// After its next restart the agent would report another address.
pub static IP_WILL_CHANGE: Cause = Cause {
    id: "ip_will_change",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The agent reports {reported}, and would choose {next} after a restart",
        zh: "客户端当前上报的 IP 为 {reported}，重启后将变为 {next}",
    },
    meaning: Text {
        en: "The agent chooses its address at its start. Since then the host's addresses or names have changed; \
            with its next restart, planned or not, the reported address changes, and an IP-based machine group loses the host.",
        zh: "客户端在启动时确定 IP。此后本机的地址或域名绑定发生了变化，下次重启（无论是否计划内）后上报的 IP \
            会改变，IP 地址型机器组将失去该机器。",
    },
    remedy: Text {
        en: "1. See which address the machine group should contain: `ip -4 addr show`\n\
            2. To keep {reported}, set `\"working_ip\" : \"{reported}\"` in {config_file}. To change to {next}, \
            put it into the machine group in the console.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 确定机器组中应包含的地址：`ip -4 addr show`\n\
            2. 如需保持 {reported}，请在 {config_file} 中设置 `\"working_ip\" : \"{reported}\"`。如需改为 {next}，\
            请在控制台将其加入机器组。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported", "next"],
    source: sources::IP_SOURCE,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent would report another IP address after a restart.",
        zh: "日志采集客户端重启后上报的 IP 将改变。",
    },
};

/// The hosts file binds the host name to an address that is on no interface.
pub static HOSTS_BINDING_NOT_ON_HOST: Cause = Cause {
    id: "hosts_binding_not_on_host",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The hosts file binds this host to {hosts_binding}; its addresses are {host_addresses}",
        zh: "hosts 文件将本机绑定到 {hosts_binding}，而本机地址为 {host_addresses}",
    },
    meaning: Text {
        en: "The agent takes the bound address even if no interface has it, so it reports, now or after \
            its next start, an address that is not this host's.",
        zh: "即使绑定的地址不在任何网卡上，客户端也会采用它，因此现在或下次启动后会上报不属于本机的地址。",
    },
    remedy: Text {
        en: "1. Correct or remove the line that binds {hostname} to {hosts_binding} in {hosts_file}: `grep -n \
            {hostname} {hosts_file}`. Other programs on this host use it too.\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 修改或删除 {hosts_file} 中将 {hostname} 绑定到 {hosts_binding} 的行：`grep -n {hostname} \
            {hosts_file}`（会影响本机其他程序）。\n\
            2. 重启客户端：{restart_command}\n\
            3. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["hosts_binding", "host_addresses"],
    source: sources::SLS_2,
    patience: patience::TICKET,
    summary: Text {
        en: "The hosts file binds a host's name to an address that it does not have.",
        zh: "hosts 文件将主机名绑定到了不属于本机的地址。",
    },
};
