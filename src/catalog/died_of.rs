//! Why an agent died, if that is known: the text of the evidence, and the remedy. Replaces the remedy of the cause that
//! reports the death.

use crate::model::Text;

/// One reason.
#[derive(Debug, PartialEq, Eq)]
pub struct DiedOf {
    /// The value of the evidence `died_of`.
    pub value: &'static str,
    /// The exact command or edit that fixes it; may use the placeholders that every cause has.
    pub remedy: Text,
}

/// It exceeded the limits in its own config.
pub static LIMIT_EXCEEDED: DiedOf = DiedOf {
    value: "exceeded its own limit of processor time or memory",
    remedy: Text {
        en: "1. See how much it needed: `grep 'Resource used by program exceeds' {log_file} | tail -n 3` shows \
            `cpu_usage` (processors) and `mem_rss` (MB).\n\
            2. Raise `cpu_usage_limit` and `mem_usage_limit` in {config_file} above it, or let the agent collect less.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that it keeps running: {status_command}",
        zh: "1. 查看实际用量：`grep 'Resource used by program exceeds' {log_file} | tail -n 3` 会显示 `cpu_usage`（核\
            数）和 `mem_rss`（MB）。\n\
            2. 在 {config_file} 中将 `cpu_usage_limit` 和 `mem_usage_limit` 调高到实际用量以上，或减少采集量。\n\
            3. 重启客户端：{restart_command}\n\
            4. 确认客户端持续运行：{status_command}",
    },
};

/// It had no answer from the service for too long.
pub static SERVICE_LOST: DiedOf = DiedOf {
    value: "had no answer from the config server for an hour",
    remedy: Text {
        en: "1. Fix the connection to the config server: `logagent-exporter check` lists the problems of `network`.\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that it runs: {status_command}",
        zh: "1. 修复本机到配置服务器的连接：`logagent-exporter check` 会列出 `network` 的问题。\n\
            2. 重启客户端：{restart_command}\n\
            3. 确认客户端已运行：{status_command}",
    },
};

/// One of its threads hung.
pub static THREAD_STUCK: DiedOf = DiedOf {
    value: "one of its threads hung",
    remedy: Text {
        en: "1. Look for a file system that does not answer among those that it collects from: `df -h` must return at \
            once.\n\
            2. Restart the agent: {restart_command}\n\
            3. If it recurs, upgrade the agent: {install_document}\n\
            4. Verify that it runs: {status_command}",
        zh: "1. 检查所采集的目录中是否有无响应的文件系统：`df -h` 应立即返回。\n\
            2. 重启客户端：{restart_command}\n\
            3. 如果再次出现，请升级客户端：{install_document}\n\
            4. 确认客户端已运行：{status_command}",
    },
};

/// It crashed.
pub static CRASHED: DiedOf = DiedOf {
    value: "crashed",
    remedy: Text {
        en: "1. Save the stack for the vendor's support: `grep -A 30 'last logtail crash stack' {log_file} | tail -n 40`\n\
            2. Undo the last change of the collection configs, if there was one just before.\n\
            3. Upgrade the agent: {install_document}\n\
            4. Restart the agent and verify that its pid stays the same: {restart_command}",
        zh: "1. 保存堆栈以便提交给厂商支持：`grep -A 30 'last logtail crash stack' {log_file} | tail -n 40`\n\
            2. 如果崩溃前刚修改过采集配置，请撤销该修改。\n\
            3. 升级客户端：{install_document}\n\
            4. 重启客户端，并确认 pid 不再变化：{restart_command}",
    },
};

/// One of its own libraries is missing.
pub static LIBRARY_MISSING: DiedOf = DiedOf {
    value: "one of its own libraries cannot be loaded",
    remedy: Text {
        en: "1. See which one: `grep -E 'open (plugin base dl|adapter lib) error' {log_file} | tail -n 1`, and `ldd \
            {binary}`\n\
            2. Install the agent again in the version for this system and processor: {install_document}\n\
            3. Verify that it runs: {status_command}",
        zh: "1. 查看是哪个库：`grep -E 'open (plugin base dl|adapter lib) error' {log_file} | tail -n 1`，以及 `ldd \
            {binary}`\n\
            2. 重新安装与本系统和处理器匹配的版本：{install_document}\n\
            3. 确认客户端已运行：{status_command}",
    },
};

/// It could not read its startup config.
pub static CONFIG_REJECTED: DiedOf = DiedOf {
    value: "could not read its startup config",
    remedy: Text {
        en: "1. Check the syntax: `python3 -m json.tool {config_file}` (no byte order mark, balanced braces and quotes).\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that it runs: {status_command}",
        zh: "1. 检查语法：`python3 -m json.tool {config_file}`（不能有 BOM，括号和引号须成对）。\n\
            2. 重启客户端：{restart_command}\n\
            3. 确认客户端已运行：{status_command}",
    },
};

/// Its address changed.
pub static ADDRESS_CHANGED: DiedOf = DiedOf {
    value: "its address changed",
    remedy: Text {
        en: "1. See between which addresses: `grep 'host ip changed during running' {log_file} | tail -n 3`\n\
            2. Set the right one as `\"working_ip\"` in {config_file}, so that it is no longer chosen again at each start.\n\
            3. Restart the agent and verify that its pid stays the same: {restart_command}",
        zh: "1. 查看 IP 的变化：`grep 'host ip changed during running' {log_file} | tail -n 3`\n\
            2. 在 {config_file} 中用 `\"working_ip\"` 指定正确的 IP，使客户端不再重新选择。\n\
            3. 重启客户端，并确认 pid 不再变化：{restart_command}",
    },
};

/// All of them.
pub static REASONS: &[&DiedOf] = &[
    &LIMIT_EXCEEDED,
    &SERVICE_LOST,
    &THREAD_STUCK,
    &CRASHED,
    &LIBRARY_MISSING,
    &CONFIG_REJECTED,
    &ADDRESS_CHANGED,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::CONTEXT, model::Language};

    #[test]
    fn both_languages_use_what_every_cause_knows_of_the_agent() {
        for reason in REASONS {
            let names = |language| {
                let mut names = reason.remedy.placeholders(language);
                names.sort_unstable();
                names.dedup();
                names
            };
            assert_eq!(names(Language::English), names(Language::Chinese), "{}", reason.value);
            for name in names(Language::English) {
                assert!(CONTEXT.contains(&name), "{}: {name}", reason.value);
            }
            assert!(reason.remedy.en.starts_with("1. ") && reason.remedy.zh.starts_with("1. "));
        }
    }
}
