//! Causes reported by the service manager of Windows.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// A service of the agent exists but does not run, or is missing although the other exists.
pub static SERVICE_NOT_RUNNING: Cause = Cause {
    id: "service_not_running",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The service {service} of the agent is not running: {state}",
        zh: "客户端的服务 {service} 未运行：{state}",
    },
    meaning: Text {
        en: "On Windows the agent runs as a service. While that is stopped, this host sends no heartbeat and collects \
            nothing.",
        zh: "在 Windows 上，客户端以系统服务的形式运行。服务停止期间，本机没有心跳，也不会采集任何日志。",
    },
    remedy: Text {
        en: "1. Start the service: `Start-Service {service}`\n\
            2. If there is no such service, install the agent again with the same parameters: {install_document}\n\
            3. If it stops again, look for the reason: `Get-WinEvent -MaxEvents 20 -FilterHashtable @{LogName='System'; \
            ProviderName='Service Control Manager'}`\n\
            4. Verify that it is running: `Get-Service {service}`",
        zh: "1. 启动服务：`Start-Service {service}`\n\
            2. 如果不存在该服务，请使用相同参数重新安装客户端：{install_document}\n\
            3. 如果再次停止，请查找原因：`Get-WinEvent -MaxEvents 20 -FilterHashtable @{LogName='System'; \
            ProviderName='Service Control Manager'}`\n\
            4. 确认服务正在运行：`Get-Service {service}`",
    },
    evidence: &["service", "state"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A service of a log-collection agent is not running.",
        zh: "日志采集客户端的系统服务未运行。",
    },
};

/// A service of the agent does not run and cannot be started.
pub static SERVICE_DISABLED: Cause = Cause {
    id: "service_disabled",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The service {service} of the agent is disabled (start type {start_type})",
        zh: "客户端的服务 {service} 已被禁用（启动类型 {start_type}）",
    },
    meaning: Text {
        en: "Windows refuses to start a disabled service, both by hand and after a reboot. The agent stays stopped, and this \
            host sends no heartbeat.",
        zh: "无论手动启动还是重启机器，Windows 都会拒绝启动已禁用的服务。客户端无法运行，本机没有心跳。",
    },
    remedy: Text {
        en: "1. Find out who disabled it, and whether that was intended.\n\
            2. Set its start type: `Set-Service {service} -StartupType Automatic`\n\
            3. Start it: `Start-Service {service}`\n\
            4. Verify that it is running: `Get-Service {service}`",
        zh: "1. 确认是谁禁用了该服务，以及是否有意为之。\n\
            2. 设置启动类型：`Set-Service {service} -StartupType Automatic`\n\
            3. 启动服务：`Start-Service {service}`\n\
            4. 确认服务正在运行：`Get-Service {service}`",
    },
    evidence: &["service", "start_type"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A service of a log-collection agent is disabled and does not run.",
        zh: "日志采集客户端的系统服务已被禁用且未运行。",
    },
};
