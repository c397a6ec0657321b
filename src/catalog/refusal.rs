//! The cause of the prerequisite `network` that the service itself names.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The service answers the agent, but refuses its requests.
pub static SERVER_REJECTS: Cause = Cause {
    id: "server_rejects",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text {
        en: "The service refuses the agent's requests: {code} (last at {last})",
        zh: "服务端拒绝客户端的请求：{code}（最近一次：{last}）",
    },
    meaning: Text {
        en: "The endpoint can be reached, but refuses the agent's requests; the agent's log contains the service's error code. Retries do not help.",
        zh: "服务地址可以访问，但客户端的请求被拒绝；客户端日志记录了服务端返回的错误码。",
    },
    remedy: Text {
        en: "1. Read the newest messages: `grep {code} {log_file} | tail -n 3`\n\
            2. For `RequestTimeExpired`, `InvalidRequestTime` or `AuthFailure.SignatureExpire` set the clock: \
            `chronyc makestep`, or `sudo ntpdate -u ntp.aliyun.com`.\n\
            3. For `Unauthorized`, `SignatureNotMatch`, `InvalidAccessKeyId` or another `AuthFailure` check the credentials: \
            for Logtail, that the project's account is among the user identifiers ({users_dir}) and has not revoked \
            the permission; for LogListener, that the key pair in {config_file} is valid and its policy allows \
            `cls:pushLog`, `cls:getConfig` and `cls:agentHeartBeat`.\n\
            4. For `ProjectNotExist`, `LogStoreNotExist` or a topic that is closed, create it again, or remove the \
            collection config that names it. For a quota, raise it in the console.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify after ten minutes that there is no newer refusal: `grep {code} {log_file} | tail -n 3`",
        zh: "1. 查看最新的报错：`grep {code} {log_file} | tail -n 3`\n\
            2. 如果是 `RequestTimeExpired`、`InvalidRequestTime` 或 `AuthFailure.SignatureExpire`，请校正系统时间：\
            `chronyc makestep` 或 `sudo ntpdate -u ntp.aliyun.com`。\n\
            3. 如果是 `Unauthorized`、`SignatureNotMatch`、`InvalidAccessKeyId` 或其他 `AuthFailure`，请检查身份：\
            Logtail 应确认 Project 所属账号在用户标识（{users_dir}）中且未撤销授权；LogListener 应确认 {config_file} \
            中的密钥有效，且策略允许 `cls:pushLog`、`cls:getConfig` 和 `cls:agentHeartBeat`。\n\
            4. 如果是 `ProjectNotExist`、`LogStoreNotExist` 或日志主题已关闭，请重新创建，或删除引用它的采集配置。如果\
            是配额超限，请在控制台提升配额。\n\
            5. 重启客户端：{restart_command}\n\
            6. 十分钟后确认没有新的报错：`grep {code} {log_file} | tail -n 3`",
    },
    evidence: &["code", "last"],
    source: sources::REFUSALS,
    patience: patience::REFUSALS,
    summary: Text {
        en: "The log service refuses an agent's requests.", zh: "日志服务拒绝客户端的请求。"
    },
};
