//! Causes of the prerequisite `restart`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// What the running process has loaded is not what is on disk now.
pub static RESTART_REQUIRED: Cause = Cause {
    id: "restart_required",
    prerequisite: Prerequisite::Restart,
    severity: Severity::Warning,
    title: Text {
        en: "Restart required: {changed} was modified after process {process} started",
        zh: "需要重启：{changed} 在进程 {process} 启动后被修改",
    },
    meaning: Text {
        en: "The agent reads its startup parameters only at its start. Until it is restarted the change \
            has no effect.",
        zh: "客户端只在启动时读取启动参数。重启之前，该修改不会生效。",
    },
    remedy: Text {
        en: "1. [touched] Only the modification time of {changed} is newer than the process; whether its content \
            differs is not known. If nothing was edited (a copy, `touch`, a configuration tool), restart the \
            agent when convenient.\n\
            2. [!touched] Check that the change is intended, or undo it.\n\
            3. Restart the agent (collection pauses for some seconds and continues from its checkpoint): \
            {restart_command}\n\
            4. Verify that it is running: {status_command}",
        zh: "1. [touched] 只有 {changed} 的修改时间晚于进程启动时间，内容是否变化无法得知。如果没有编辑过（例如复\
            制、`touch` 或配置管理工具所致），可在方便时重启客户端。\n\
            2. [!touched] 确认该修改符合预期，否则请撤销。\n\
            3. 重启客户端（采集会暂停数秒，之后从检查点继续）：{restart_command}\n\
            4. 确认客户端正在运行：{status_command}",
    },
    evidence: &["process", "changed"],
    source: sources::RESTART,
    patience: patience::ROLLOUT,
    summary: Text {
        en: "A log-collection agent runs with an older config or address.",
        zh: "日志采集客户端仍在使用旧的配置或 IP，需要重启。",
    },
};

/// The executable of a running process was replaced or deleted.
pub static RESTART_REQUIRED_BINARY: Cause = Cause {
    id: "restart_required_binary",
    prerequisite: Prerequisite::Restart,
    severity: Severity::Warning,
    title: Text {
        en: "{process} is still running the old {binary}, which was replaced on disk",
        zh: "{process} 仍在运行旧版本，磁盘上的 {binary} 已被替换",
    },
    meaning: Text {
        en: "The agent was upgraded, or its file removed, without a restart. It works with the old \
            version until it exits; then another one starts, or none.",
        zh: "客户端已升级或文件已被删除，但没有重启。旧版本会一直运行到进程退出，之后启动的是另一个版本，\
            或无法启动。",
    },
    remedy: Text {
        en: "1. Check that the new executable is there: `ls -l {binary}`\n\
            2. Restart the agent (collection pauses for some seconds and continues from its checkpoint): \
            {restart_command}\n\
            3. Verify that it is running: {status_command}",
        zh: "1. 确认新的可执行文件存在：`ls -l {binary}`\n\
            2. 重启客户端（采集会暂停数秒，之后从检查点继续）：{restart_command}\n\
            3. 确认客户端正在运行：{status_command}",
    },
    evidence: &["process", "binary"],
    source: sources::OWN_RESTART,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent still runs an executable that was replaced.",
        zh: "日志采集客户端仍在运行已被替换的旧程序。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[&RESTART_REQUIRED, &RESTART_REQUIRED_BINARY];
