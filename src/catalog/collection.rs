//! The cause of the prerequisite `startup_parameters` that no collection config was delivered.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The agent has nothing to collect.
pub static NO_COLLECTION_CONFIG: Cause = Cause {
    id: "no_collection_config",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text {
        en: "The agent has no collection config ({configs} found)",
        zh: "客户端没有采集配置（找到 {configs} 个）",
    },
    meaning: Text {
        en: "If the service has no collection config for this host, the agent asks it less and less often, up to every \
            12 minutes. That is longer than the service waits for a heartbeat: the machine group can show the host \
            without heartbeat although everything is right.",
        zh: "如果服务端没有本机的采集配置，客户端会逐渐降低请求频率，最长每 12 分钟一次，超过服务端等待心跳的时间。因此\
            即使一切正常，机器组也可能显示心跳异常。",
    },
    remedy: Text {
        en: "1. Apply a collection config to the machine group of this host in the console, or ignore this host's \
            heartbeat until there is one.\n\
            2. To apply it at once, restart the agent: {restart_command}\n\
            3. Verify with `logagent-exporter check` that the agent has received it, and after two minutes that the machine group shows a normal heartbeat.",
        zh: "1. 在控制台为本机所在的机器组应用采集配置；在此之前可忽略本机的心跳状态。\n\
            2. 如需立即生效，请重启客户端：{restart_command}\n\
            3. 执行 `logagent-exporter check`，确认客户端已获取到采集配置；两分钟后，在控制台确认机器组的心跳正常。",
    },
    evidence: &["configs"],
    source: sources::NO_CONFIG,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent has no collection config.",
        zh: "日志采集客户端没有采集配置。",
    },
};
