//! Causes of the prerequisite `installed`.

use super::{
    patience, sources,
    surroundings::{AGENTS_COEXIST, SERVICE_NOT_ENABLED},
};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The agent is configured or was seen before, but nothing of it exists now.
pub static NOT_INSTALLED: Cause = Cause {
    id: "not_installed",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Critical,
    title: Text {
        en: "The agent {agent} is not installed: nothing found at {looked_for}",
        zh: "客户端 {agent} 未安装：在 {looked_for} 均未找到",
    },
    meaning: Text {
        en: "Without the agent this host sends no heartbeat and none of its logs is collected.",
        zh: "没有采集客户端，本机不会发送心跳，日志也不会被采集。",
    },
    remedy: Text {
        en: "1. [!custom] Install the agent as its document describes, with the parameters for the region and \
            network type of your project or log topic: {install_document}\n\
            2. [custom] Install the agent as its documentation describes.\n\
            3. [!custom] If it is installed in another directory, set `install_dir` of the agent {agent} in the \
            exporter's config. If it was removed on purpose, delete that entry. Then reload the exporter: `sudo \
            systemctl reload logagent-exporter`\n\
            4. [custom] If its executable is elsewhere, set `executable` in `processes` of the agent {agent} in \
            the exporter's config. If it was removed on purpose, delete that entry. Then reload the exporter: \
            `sudo systemctl reload logagent-exporter`\n\
            5. Verify that it is running: {status_command}",
        zh: "1. [!custom] 按安装文档安装客户端，安装参数必须与 Project 或日志主题所在的地域和网络类型一致：\
            {install_document}\n\
            2. [custom] 按客户端自身的文档安装。\n\
            3. [!custom] 如果安装在其他目录，请在 exporter 配置中设置 {agent} 的 `install_dir`；如果是有意卸载，\
            请删除该条目。然后重新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            4. [custom] 如果可执行文件在其他位置，请在 exporter 配置中设置 {agent} 的 `processes` 下的 \
            `executable`；如果是有意卸载，请删除该条目。然后重新加载 exporter：`sudo systemctl reload \
            logagent-exporter`\n\
            5. 确认客户端正在运行：{status_command}",
    },
    evidence: &["looked_for"],
    source: sources::INSTALLED,
    patience: patience::SETUP,
    summary: Text {
        en: "A log-collection agent that should be watched is not installed.",
        zh: "应被监控的日志采集客户端未安装。",
    },
};

/// The directory, config or processes of the agent exist, but its executable does not.
pub static INSTALLATION_INCOMPLETE: Cause = Cause {
    id: "installation_incomplete",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Critical,
    title: Text {
        en: "The agent has no executable in {missing}, but there is {found}",
        zh: "{missing} 中没有客户端的可执行文件，但 {found} 仍然存在",
    },
    meaning: Text {
        en: "The agent cannot be started without its executable, and a process that still runs will not \
            come back after its next exit. An interrupted upgrade or a half-finished removal leaves a \
            host like this.",
        zh: "没有可执行文件就无法启动客户端；仍在运行的进程一旦退出也无法再次拉起。升级中断或卸载不完整通\
            常会造成这种情况。",
    },
    remedy: Text {
        en: "1. Keep a copy of the agent's config and identifier files.\n\
            2. [!custom] Install the agent again, with the parameters for the region and network type of your \
            project or log topic: {install_document}\n\
            3. [custom] Install the agent again as its documentation describes.\n\
            4. Start it: {start_command}\n\
            5. Verify that it is running: {status_command}",
        zh: "1. 备份客户端的配置文件和标识文件。\n\
            2. [!custom] 重新安装客户端，安装参数必须与 Project 或日志主题所在的地域和网络类型一致：\
            {install_document}\n\
            3. [custom] 按客户端自身的文档重新安装。\n\
            4. 启动客户端：{start_command}\n\
            5. 确认客户端正在运行：{status_command}",
    },
    evidence: &["missing", "found"],
    source: sources::INSTALLED,
    patience: patience::PROCESS,
    summary: Text {
        en: "A log-collection agent's executable is missing from its installation.",
        zh: "日志采集客户端安装不完整，缺少可执行文件。",
    },
};

/// This version has a defect that affects the heartbeat.
pub static AGENT_VERSION_DEFECTIVE: Cause = Cause {
    id: "agent_version_defective",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Warning,
    title: Text {
        en: "Version {version} of the agent is defective: {defect}; fixed in {mended}",
        zh: "客户端版本 {version} 存在缺陷，{mended} 版本已修复",
    },
    meaning: Text {
        en: "The vendor has fixed a defect of this version that can stop the heartbeat, or that explains what is \
            seen on this host. Changing the config does not help.",
        zh: "厂商已修复该版本的一个缺陷。该缺陷可能导致心跳中断，或正是本机现象的原因。修改配置无法解决。",
    },
    remedy: Text {
        en: "1. Upgrade the agent to {mended} or later, with the same installation parameters as before: \
            {install_document}\n\
            2. Check that the new version is running: {status_command}\n\
            3. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 使用与之前相同的安装参数，将客户端升级到 {mended} 或更高版本：{install_document}\n\
            2. 确认新版本正在运行：{status_command}\n\
            3. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["version", "defect", "mended"],
    source: sources::LOGTAIL_RELEASES,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent's version has a known defect that affects its heartbeat.",
        zh: "日志采集客户端的版本存在影响心跳的已知缺陷。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &NOT_INSTALLED,
    &INSTALLATION_INCOMPLETE,
    &AGENT_VERSION_DEFECTIVE,
    &SERVICE_NOT_ENABLED,
    &AGENTS_COEXIST,
];
