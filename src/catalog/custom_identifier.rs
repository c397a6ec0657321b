//! Causes of the prerequisite `custom_identifier`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// An identifier is expected and the file or key that holds it is not there.
pub static CUSTOM_IDENTIFIER_MISSING: Cause = Cause {
    id: "custom_identifier_missing",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The machine group's identifier {expected} is not configured on this host",
        zh: "本机未配置机器组的自定义标识 {expected}",
    },
    meaning: Text {
        en: "A machine group based on a custom identifier (CLS: on a label) matches this host only if \
            the agent reports the same. Without it the group has no heartbeat from here.",
        zh: "自定义标识型机器组（CLS 为标签型机器组）只有在客户端上报相同标识时才能匹配本机。未配置时，该\
            机器组收不到本机心跳。",
    },
    remedy: Text {
        en: "1. [logtail] Write the identifier into the file, as a line of its own: `printf '%s\\n' {identifier} \
            | sudo tee -a {identifiers_file}`\n\
            2. [loglistener] Set {identifier_setting} in {config_file}; several labels are separated by commas.\n\
            3. [loglistener] Restart the agent: {restart_command}\n\
            4. [logtail] The agent reads the file within a minute, without a restart.\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail] 将标识写入文件，单独一行：`printf '%s\\n' {identifier} | sudo tee -a \
            {identifiers_file}`\n\
            2. [loglistener] 在 {config_file} 中设置 {identifier_setting}，多个标签用逗号分隔。\n\
            3. [loglistener] 重启客户端：{restart_command}\n\
            4. [logtail] 客户端会在一分钟内读取该文件，无需重启。\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["expected"],
    source: sources::SLS_7,
    patience: patience::EDIT,
    summary: Text {
        en: "A host lacks the identifier of its machine group.",
        zh: "主机未配置机器组的自定义标识。",
    },
};

/// An identifier is expected and the file or key that holds it is empty.
pub static CUSTOM_IDENTIFIER_EMPTY: Cause = Cause {
    id: "custom_identifier_empty",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The custom identifier on this host is empty, expected {expected}",
        zh: "本机的自定义标识为空，应为 {expected}",
    },
    meaning: Text {
        en: "The agent reports no identifier, so a machine group based on one (CLS: on a label) has no \
            heartbeat from here.",
        zh: "客户端没有上报标识，因此自定义标识型机器组（CLS 为标签型机器组）收不到本机心跳。",
    },
    remedy: Text {
        en: "1. [logtail] Write the identifier into the file: `printf '%s\\n' {identifier} | sudo tee \
            {identifiers_file}`\n\
            2. [loglistener] Set {identifier_setting} in {config_file}; several labels are separated by commas.\n\
            3. [loglistener] Restart the agent: {restart_command}\n\
            4. [logtail] The agent reads the file within a minute, without a restart.\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail] 将标识写入文件：`printf '%s\\n' {identifier} | sudo tee {identifiers_file}`\n\
            2. [loglistener] 在 {config_file} 中设置 {identifier_setting}，多个标签用逗号分隔。\n\
            3. [loglistener] 重启客户端：{restart_command}\n\
            4. [logtail] 客户端会在一分钟内读取该文件，无需重启。\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["expected"],
    source: sources::SLS_7,
    patience: patience::EDIT,
    summary: Text {
        en: "A host's machine group identifier is empty.", zh: "主机的机器组自定义标识为空。"
    },
};

/// No configured identifier equals the expected one, byte for byte.
pub static CUSTOM_IDENTIFIER_MISMATCH: Cause = Cause {
    id: "custom_identifier_mismatch",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The custom identifiers on this host ({found}) do not include {expected}",
        zh: "本机的自定义标识（{found}）中没有 {expected}",
    },
    meaning: Text {
        en: "Identifiers are compared byte for byte. A difference in case, an inner blank, a \
            carriage return from Windows or a byte order mark makes it a different identifier, and the machine group has no heartbeat from \
            here.",
        zh: "自定义标识按字节逐一比较。大小写、中间的空格、Windows 的回车符或 BOM 都会变成另一个标识，机器\
            组因此收不到本机心跳。",
    },
    remedy: Text {
        en: "1. [logtail encoding] Save the file as UTF-8 without a byte order mark: the agent reads nothing else.\n\
            2. [logtail !windows] See every character: `cat -A {identifiers_file}` (`^M` is a carriage return, `^I` a \
            tab, `M-oM-;M-?` a byte order mark).\n\
            3. [logtail windows] See every byte: `Format-Hex -Path {identifiers_file}` (`09` is a tab; at the beginning \
            `EF` `BB` `BF` is a byte order mark, `FF` `FE` UTF-16).\n\
            4. [logtail] Remove carriage returns, tabs and a byte order mark: `sudo sed -i -e \
            '1s/^\\xEF\\xBB\\xBF//' -e 's/[\\r\\t]//g' {identifiers_file}`\n\
            5. [logtail] If the identifier is still not there, add it as a line of its own: `grep -qxF \
            {identifier} {identifiers_file} || printf '\\n%s\\n' {identifier} | sudo tee -a {identifiers_file}`. \
            Remove other identifiers only if this host is to leave their groups.\n\
            6. [loglistener] Set {identifier_setting} in {config_file}; several labels are separated by commas.\n\
            7. [loglistener] Restart the agent: {restart_command}\n\
            8. [logtail] The agent reads the file within a minute, without a restart.\n\
            9. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail encoding] 将该文件另存为不带 BOM 的 UTF-8，客户端只能读取该编码。\n\
            2. [logtail !windows] 查看每个字符：`cat -A {identifiers_file}`（`^M` 为回车符，`^I` 为制表符，`M-oM-;M-?` 为 \
            BOM）。\n\
            3. [logtail windows] 查看每个字节：`Format-Hex -Path {identifiers_file}`（`09` 为制表符；开头的 `EF` `BB` `BF` 为 \
            BOM，`FF` `FE` 为 UTF-16）。\n\
            4. [logtail] 去除回车符、制表符和 BOM：`sudo sed -i -e '1s/^\\xEF\\xBB\\xBF//' -e 's/[\\r\\t]//g' \
            {identifiers_file}`\n\
            5. [logtail] 如果仍没有该标识，请将其添加为单独一行：`grep -qxF {identifier} {identifiers_file} || \
            printf '\\n%s\\n' {identifier} | sudo tee -a {identifiers_file}`。只有本机确实要退出其他机器组时，才\
            删除其他标识。\n\
            6. [loglistener] 在 {config_file} 中设置 {identifier_setting}，多个标签用逗号分隔。\n\
            7. [loglistener] 重启客户端：{restart_command}\n\
            8. [logtail] 客户端会在一分钟内读取该文件，无需重启。\n\
            9. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["expected", "found"],
    source: sources::SLS_7,
    patience: patience::EDIT,
    summary: Text {
        en: "A host's machine group identifier is not the group's.",
        zh: "主机的自定义标识与机器组不一致。",
    },
};

/// An identifier contains a carriage return, a tab or a byte order mark that the agent keeps.
pub static CUSTOM_IDENTIFIER_MALFORMED: Cause = Cause {
    id: "custom_identifier_malformed",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Warning,
    title: Text {
        en: "A custom identifier contains characters that the agent keeps: {malformed}",
        zh: "自定义标识中含有客户端不会去除的字符：{malformed}",
    },
    meaning: Text {
        en: "The agent trims only blanks. A carriage return, tab or byte order mark becomes part of the \
            identifier, which then does not match the machine group's.",
        zh: "客户端只去除首尾空格。回车符、制表符或 BOM 会成为标识的一部分，几乎不可能与机器组的自定义标识\
            一致。",
    },
    remedy: Text {
        en: "1. [encoding] Save the file as UTF-8 without a byte order mark: the agent reads nothing else.\n\
            2. [!windows] See every character: `cat -A {identifiers_file}` (`^M` is a carriage return, `^I` a tab, \
            `M-oM-;M-?` a byte order mark).\n\
            3. [windows] See every byte: `Format-Hex -Path {identifiers_file}` (`09` is a tab; at the beginning \
            `EF` `BB` `BF` is a byte order mark, `FF` `FE` UTF-16).\n\
            4. Remove carriage returns, tabs and a byte order mark: `sudo sed -i -e '1s/^\\xEF\\xBB\\xBF//' -e \
            's/[\\r\\t]//g' {identifiers_file}`\n\
            5. [loglistener] Restart the agent: {restart_command}\n\
            6. Verify: `cat -A {identifiers_file}`",
        zh: "1. [encoding] 将该文件另存为不带 BOM 的 UTF-8，客户端只能读取该编码。\n\
            2. [!windows] 查看每个字符：`cat -A {identifiers_file}`（`^M` 为回车符，`^I` 为制表符，`M-oM-;M-?` 为 BOM）。\n\
            3. [windows] 查看每个字节：`Format-Hex -Path {identifiers_file}`（`09` 为制表符；开头的 `EF` `BB` `BF` 为 \
            BOM，`FF` `FE` 为 UTF-16）。\n\
            4. 去除回车符、制表符和 BOM：`sudo sed -i -e '1s/^\\xEF\\xBB\\xBF//' -e 's/[\\r\\t]//g' \
            {identifiers_file}`\n\
            5. [loglistener] 重启客户端：{restart_command}\n\
            6. 确认：`cat -A {identifiers_file}`",
    },
    evidence: &["malformed"],
    source: sources::IDENTIFIER_SOURCE,
    patience: patience::TICKET,
    summary: Text {
        en: "A host's machine group identifier contains invisible characters.",
        zh: "主机的自定义标识中含有不可见字符。",
    },
};

/// The identifier contains a template or shell variable that was not resolved, or the quotes and brackets of a list.
pub static IDENTIFIER_UNEXPANDED: Cause = Cause {
    id: "identifier_unexpanded",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text {
        en: "The custom identifier {found} is a template or a list that was not resolved",
        zh: "自定义标识 {found} 是未被替换的模板或列表",
    },
    meaning: Text {
        en: "The agent uses its identifiers literally. `$(NAME)` that Kubernetes did not resolve, \
            `${NAME}` that no shell did, quotes, brackets or a comma at the end become part of the \
            identifier, and no machine group has such an identifier.",
        zh: "客户端原样使用标识。Kubernetes 未替换的 `$(NAME)`、Shell 未替换的 `${NAME}`，以及引号、方括号或\
            末尾的逗号都会成为标识的一部分，任何机器组都不会与之匹配。",
    },
    remedy: Text {
        en: "1. Find what writes it: {where}\n\
            2. Write the identifier itself there, without quotes or brackets, one per line (in the environment: \
            separated by commas). In Kubernetes, define the variable that `$(NAME)` refers to in the same \
            container, and before it.\n\
            3. If it is a variable of the environment or a label of LogListener, restart the agent: \
            {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 找到写入该标识的位置：{where}\n\
            2. 在该处写入标识本身，不加引号和方括号，每行一个（环境变量中用逗号分隔）。在 Kubernetes 中，请在同\
            一容器内、引用之前定义 `$(NAME)` 所引用的变量。\n\
            3. 如果是环境变量或 LogListener 的标签，请重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["found", "where"],
    source: sources::UNEXPANDED,
    patience: patience::EDIT,
    summary: Text {
        en: "A host's machine group identifier is a template that was not resolved.",
        zh: "主机的机器组自定义标识是未被替换的模板。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &CUSTOM_IDENTIFIER_MISSING,
    &CUSTOM_IDENTIFIER_EMPTY,
    &CUSTOM_IDENTIFIER_MISMATCH,
    &CUSTOM_IDENTIFIER_MALFORMED,
    &IDENTIFIER_UNEXPANDED,
];
