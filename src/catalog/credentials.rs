//! Causes of the prerequisite `credentials`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// A part of the API key pair is absent or empty.
pub static CREDENTIALS_MISSING: Cause = Cause {
    id: "credentials_missing",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text {
        en: "The API key is incomplete: {key} is not set", zh: "API 密钥不完整：未设置 {key}"
    },
    meaning: Text {
        en: "LogListener signs every request with the API key pair. Without it CLS rejects the heartbeat \
            and the logs.",
        zh: "LogListener 使用 API 密钥对为每个请求签名。缺少密钥时，CLS 会拒绝心跳和日志。",
    },
    remedy: Text {
        en: "1. Take an API key of the Tencent Cloud account or of a collaborator (sub-account) from the console \
            (Cloud Access Management, API Keys). Project keys are not supported. It needs the actions \
            cls:pushLog, cls:getConfig and cls:agentHeartBeat.\n\
            2. Set `secret_id` and `secret_key` in {config_file}, without quotes and blanks.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在控制台（访问管理 > API 密钥管理）获取腾讯云账号或协作者（子账号）的 API 密钥，不支持项目密钥。\
            该密钥需要 cls:pushLog、cls:getConfig 和 cls:agentHeartBeat 权限。\n\
            2. 在 {config_file} 中设置 `secret_id` 和 `secret_key`，不要加引号和空格。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["key"],
    source: sources::CLS_4,
    patience: patience::EDIT,
    summary: Text { en: "LogListener's API key is not set.", zh: "LogListener 未设置 API 密钥。" },
};

/// A part of the API key pair does not have the form of an API key.
pub static CREDENTIALS_MALFORMED: Cause = Cause {
    id: "credentials_malformed",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text { en: "{key} is not a valid API key: {defect}", zh: "{key} 不是有效的 API 密钥" },
    meaning: Text {
        en: "CLS rejects requests that are signed with it, so there is no heartbeat. Common mistakes are project keys, keys of other services and incomplete copies.",
        zh: "CLS 会拒绝用它签名的请求，因此没有心跳。常见原因是使用了项目密钥、其他服务的密钥，或复制不完\
            整。",
    },
    remedy: Text {
        en: "1. Take an API key of the Tencent Cloud account or of a collaborator (sub-account) from the console \
            (Cloud Access Management, API Keys). Project keys are not supported. It needs the actions \
            cls:pushLog, cls:getConfig and cls:agentHeartBeat.\n\
            2. Set `secret_id` and `secret_key` in {config_file}, without quotes and blanks.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在控制台（访问管理 > API 密钥管理）获取腾讯云账号或协作者（子账号）的 API 密钥，不支持项目密钥。\
            该密钥需要 cls:pushLog、cls:getConfig 和 cls:agentHeartBeat 权限。\n\
            2. 在 {config_file} 中设置 `secret_id` 和 `secret_key`，不要加引号和空格。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["key", "defect"],
    source: sources::CLS_4,
    patience: patience::EDIT,
    summary: Text {
        en: "LogListener's API key is malformed.", zh: "LogListener 的 API 密钥格式不正确。"
    },
};

/// A part of the API key pair is a placeholder from a document or template.
pub static CREDENTIALS_PLACEHOLDER: Cause = Cause {
    id: "credentials_placeholder",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text {
        en: "{key} still contains the placeholder of a template", zh: "{key} 仍是模板中的占位符"
    },
    meaning: Text {
        en: "CLS rejects requests that are signed with a placeholder, so there is no heartbeat.",
        zh: "CLS 会拒绝用占位符签名的请求，因此没有心跳。",
    },
    remedy: Text {
        en: "1. Take an API key of the Tencent Cloud account or of a collaborator (sub-account) from the console \
            (Cloud Access Management, API Keys). Project keys are not supported. It needs the actions \
            cls:pushLog, cls:getConfig and cls:agentHeartBeat.\n\
            2. Set `secret_id` and `secret_key` in {config_file}, without quotes and blanks.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在控制台（访问管理 > API 密钥管理）获取腾讯云账号或协作者（子账号）的 API 密钥，不支持项目密钥。\
            该密钥需要 cls:pushLog、cls:getConfig 和 cls:agentHeartBeat 权限。\n\
            2. 在 {config_file} 中设置 `secret_id` 和 `secret_key`，不要加引号和空格。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["key"],
    source: sources::CLS_4,
    patience: patience::EDIT,
    summary: Text {
        en: "LogListener's API key is still a template's placeholder.",
        zh: "LogListener 的 API 密钥仍是模板中的占位符。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[&CREDENTIALS_MISSING, &CREDENTIALS_MALFORMED, &CREDENTIALS_PLACEHOLDER];
