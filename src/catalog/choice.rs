//! Causes of the prerequisite `ip` that lie in the agent's next choice of address.

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
            with its next restart, planned or not, the reported address changes, and a machine group that goes \
            by IP loses the host.",
        zh: "客户端在启动时确定 IP。此后本机的地址或域名绑定发生了变化，下次重启（无论是否计划内）后上报的 IP \
            会改变，按 IP 标识的机器组将失去该机器。",
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
