//! Causes of the prerequisite `user_identifier`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The directory of user identifiers has no entry, and the project's account is needed.
pub static USER_IDENTIFIER_MISSING: Cause = Cause {
    id: "user_identifier_missing",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The user identifier {expected} is missing on this host",
        zh: "本机缺少用户标识 {expected}",
    },
    meaning: Text {
        en: "A host that is not an ECS instance, or is one of another account, may report to a project only if a file named after the main account ID of the project's owner exists.",
        zh: "非 ECS 机器或其他账号的 ECS，只有存在以 Project 所属主账号 ID 命名的用户标识文件时，才有权限\
            向该 Project 上报。",
    },
    remedy: Text {
        en: "1. Create an empty file whose name is the ID of the main account that owns the project, not of a RAM \
            user: `sudo mkdir -p {users_dir}` and `sudo touch {users_dir}/{account_id}`\n\
            2. It takes effect within a minute, without a restart. Verify: `ls -A {users_dir}`",
        zh: "1. 创建空文件，文件名必须是 Project 所属的主账号 ID，不能是 RAM 用户的 ID：`sudo mkdir -p \
            {users_dir}` 和 `sudo touch {users_dir}/{account_id}`\n\
            2. 一分钟内生效，无需重启。确认：`ls -A {users_dir}`",
    },
    evidence: &["expected", "found"],
    source: sources::SLS_6,
    patience: patience::EDIT,
    summary: Text { en: "A Logtail host has no user identifier.", zh: "Logtail 主机缺少用户标识。" },
};

/// There are user identifiers, and none is that of the project's account.
pub static USER_IDENTIFIER_MISMATCH: Cause = Cause {
    id: "user_identifier_mismatch",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The user identifiers of this host ({found}) do not include {expected}",
        zh: "本机的用户标识（{found}）中没有 {expected}",
    },
    meaning: Text {
        en: "Each file lets the projects of one account use this host. The account that owns the expected \
            project is not among them, so its machine group has no heartbeat.",
        zh: "每个用户标识文件授权一个账号的 Project 管理本机。Project 所属账号不在其中，因此其机器组没有心\
            跳。",
    },
    remedy: Text {
        en: "1. Add an empty file whose name is the ID of the main account that owns the project, not of a RAM \
            user: `sudo touch {users_dir}/{account_id}`. There may be several.\n\
            2. Remove files of accounts that are no longer used. Their machine groups lose this host.\n\
            3. It takes effect within a minute, without a restart. Verify: `ls -A {users_dir}`",
        zh: "1. 添加空文件，文件名必须是 Project 所属的主账号 ID，不能是 RAM 用户的 ID：`sudo touch \
            {users_dir}/{account_id}`。可以同时存在多个文件。\n\
            2. 删除不再使用的账号的文件。删除后，这些账号的机器组将失去本机。\n\
            3. 一分钟内生效，无需重启。确认：`ls -A {users_dir}`",
    },
    evidence: &["expected", "found"],
    source: sources::SLS_6,
    patience: patience::EDIT,
    summary: Text {
        en: "A Logtail host's user identifiers are those of other accounts.",
        zh: "Logtail 主机的用户标识属于其他账号。",
    },
};

/// A name in the directory of user identifiers is not an account ID.
pub static USER_IDENTIFIER_MALFORMED: Cause = Cause {
    id: "user_identifier_malformed",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "{malformed} is not a user identifier (the file's name must be {expected})",
        zh: "{malformed} 不是有效的用户标识（文件名必须为 {expected}）",
    },
    meaning: Text {
        en: "Only the name of the file counts, and it must be exactly the main account ID: the agent treats names with suffixes like .txt, backup copies and hidden files as further, wrong accounts. The \
            content does not matter.",
        zh: "只有文件名有效，且必须仅为主账号 ID：客户端会把带 `.txt` 后缀的文件、备份文件和隐藏文件当作其他\
            错误的账号。文件内容不起作用。",
    },
    remedy: Text {
        en: "1. Create the right one: `sudo touch {users_dir}/{account_id}`\n\
            2. Remove {malformed} from {users_dir}.\n\
            3. It takes effect within a minute, without a restart. Verify: `ls -A {users_dir}`",
        zh: "1. 创建正确的文件：`sudo touch {users_dir}/{account_id}`\n\
            2. 从 {users_dir} 中删除 {malformed}。\n\
            3. 一分钟内生效，无需重启。确认：`ls -A {users_dir}`",
    },
    evidence: &["expected", "malformed"],
    source: sources::SLS_6,
    patience: patience::EDIT,
    summary: Text {
        en: "A file among a Logtail host's user identifiers is not a user identifier.",
        zh: "Logtail 主机的用户标识目录中有无效文件。",
    },
};

/// The agent is too old to ask the metadata service the way that the host's settings demand, and has no other source
/// for its account.
pub static METADATA_TOKEN_REQUIRED: Cause = Cause {
    id: "metadata_token_required",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Warning,
    title: Text {
        en: "The metadata service requires a token ({answer}), and agent version {version} sends none",
        zh: "元数据服务要求携带凭证（{answer}），而客户端版本 {version} 不会携带",
    },
    meaning: Text {
        en: "An ECS instance tells the service the account that it belongs to, which the agent learns from the metadata \
            service. In security hardening mode that requires a token, which Logtail sends since 2.1.13. An older one does not \
            learn the account, so that the host counts as one outside of ECS, which needs a user identifier.",
        zh: "ECS 实例上的客户端从元数据服务获知所属账号，并上报给服务端。加固模式下必须携带访问凭证，Logtail 自 2.1.13 起才支\
            持。更早的版本无法获知账号，本机会被视为非 ECS 机器，需要用户标识。",
    },
    remedy: Text {
        en: "1. Name the account by a file: its name is the ID of the main account that owns the project, not of a RAM \
            user: `sudo mkdir -p {users_dir}` and `sudo touch {users_dir}/{account_id}`. It takes effect within a minute, \
            without a restart.\n\
            2. Or upgrade the agent to 2.1.13 or later, which sends a token: {install_document}\n\
            3. Verify: `ls -A {users_dir}`",
        zh: "1. 用文件指定账号：文件名必须是 Project 所属的主账号 ID，不能是 RAM 用户的 ID：`sudo mkdir -p {users_dir}` 和 \
            `sudo touch {users_dir}/{account_id}`。一分钟内生效，无需重启。\n\
            2. 或将客户端升级到 2.1.13 及以上版本，新版本会携带凭证：{install_document}\n\
            3. 确认：`ls -A {users_dir}`",
    },
    evidence: &["version", "answer"],
    source: sources::METADATA,
    patience: patience::SETUP,
    summary: Text {
        en: "A Logtail host cannot learn its account from the metadata service.",
        zh: "Logtail 主机无法从元数据服务获知所属账号。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &USER_IDENTIFIER_MISSING,
    &USER_IDENTIFIER_MISMATCH,
    &USER_IDENTIFIER_MALFORMED,
    &METADATA_TOKEN_REQUIRED,
];
