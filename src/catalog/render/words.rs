//! Remedies as a page tells them that is about no single host: `{placeholders}` become commands or `<names>`.

use crate::model::{Cause, Language, Text};

/// What stands in the place of a name that only a finding can fill.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// A person at an alert: the agent's name is a label.
    Alert,
    /// A person at a runbook.
    Runbook,
}

/// The agents that a cause is about, by the documents that it comes from.
#[derive(Debug, Clone, Copy)]
struct Agents {
    logtail: bool,
    loglistener: bool,
}

impl Agents {
    fn of(cause: &Cause) -> Self {
        let logtail = cause.source.contains("Alibaba") || cause.source.contains("LoongCollector");
        let loglistener = cause.source.contains("Tencent");
        // A rule of our own holds for all.
        if logtail || loglistener {
            Self { logtail, loglistener }
        } else {
            Self { logtail: true, loglistener: true }
        }
    }
}

/// The remedy, readable without a finding.
pub(super) fn remedy(cause: &Cause, language: Language, reader: Reader) -> String {
    let names: Vec<(&str, String)> = cause
        .remedy
        .placeholders(language)
        .into_iter()
        .map(|name| (name, readable(cause, name, language, reader)))
        .collect();
    cause.remedy.fill(language, |name| {
        names.iter().find(|(known, _)| *known == name).map(|(_, words)| words.as_str())
    })
}

fn readable(cause: &Cause, name: &str, language: Language, reader: Reader) -> String {
    let action = match name {
        "start_command" => "start",
        "restart_command" => "restart",
        "status_command" => "status",
        "install_document" => return INSTALL_DOCUMENT.in_language(language).to_owned(),
        "agent" if matches!(reader, Reader::Alert) => return "{{ $labels.agent }}".to_owned(),
        _ => return format!("<{name}>"),
    };
    commands(Agents::of(cause), action)
}

fn commands(agents: Agents, action: &str) -> String {
    let mut list = Vec::new();
    if agents.logtail {
        list.push(format!("`sudo /etc/init.d/ilogtaild {action}` (Logtail)"));
        list.push(format!("`sudo /etc/init.d/loongcollectord {action}` (LoongCollector)"));
    }
    if agents.loglistener {
        list.push(format!("`sudo /etc/init.d/loglistenerd {action}` (LogListener)"));
    }
    list.join(", ")
}

const INSTALL_DOCUMENT: Text = Text { en: "the vendor's installation document", zh: "厂商的安装文档" };

/// The names in angle brackets that are left in a cause's remedy, each with what it stands for.
pub(super) fn legend(cause: &Cause, language: Language) -> Vec<(&'static str, String)> {
    let mut list: Vec<(&'static str, String)> = Vec::new();
    for name in cause.remedy.placeholders(language) {
        let told = list.iter().any(|(known, _)| *known == name);
        if !told && let Some(meaning) = meaning(cause, name, language) {
            list.push((name, meaning));
        }
    }
    list
}

fn meaning(cause: &Cause, name: &str, language: Language) -> Option<String> {
    if let Some((_, sample)) = cause.runbook.sample.iter().find(|(known, _)| *known == name) {
        let from = Text { en: "from the finding, such as", zh: "取自诊断结果，例如" };
        return Some(format!("{} `{sample}`", from.in_language(language)));
    }
    let (logtail, loglistener) = match name {
        "install_dir" => ("/usr/local/ilogtail", "/usr/local/loglistener"),
        "config_file" => {
            ("/usr/local/ilogtail/ilogtail_config.json", "/usr/local/loglistener/etc/loglistener.conf")
        }
        "identifiers_file" => {
            ("/etc/ilogtail/user_defined_id", "/usr/local/loglistener/etc/loglistener.conf")
        }
        "log_file" => ("/usr/local/ilogtail/ilogtail.LOG", "/usr/local/loglistener/log/"),
        "record_file" => return Some("`/usr/local/ilogtail/app_info.json`".to_owned()),
        "users_dir" => return Some("`/etc/ilogtail/users`".to_owned()),
        "hosts_file" => return Some("`/etc/hosts`".to_owned()),
        "start_command" | "restart_command" | "status_command" | "install_document" => return None,
        _ => return Some(of_the_host(name).in_language(language).to_owned()),
    };
    let agents = Agents::of(cause);
    let mut list = Vec::new();
    if agents.logtail {
        list.push(format!("`{logtail}` (Logtail)"));
    }
    if agents.loglistener {
        list.push(format!("`{loglistener}` (LogListener)"));
    }
    Some(list.join(", "))
}

fn of_the_host(name: &str) -> Text {
    match name {
        "agent" => Text { en: "the label `agent` of the alert", zh: "告警的 `agent` 标签" },
        "hostname" => Text { en: "the host's name", zh: "主机名" },
        "account_id" => Text {
            en: "the ID of the main account that owns the project",
            zh: "Project 所属主账号的 ID",
        },
        "expected_region" => Text {
            en: "the region of the project or log topic",
            zh: "Project 或日志主题所在的地域",
        },
        "right_config_server" => Text {
            en: "the config server of the expected region and network",
            zh: "预期地域和网络类型的配置服务器",
        },
        "right_data_server" => Text {
            en: "the data server of the expected region and network",
            zh: "预期地域和网络类型的数据服务器",
        },
        _ => Text { en: "from the finding", zh: "取自诊断结果" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn no_placeholder_is_left_and_each_name_in_brackets_is_explained() {
        for cause in catalog::causes() {
            for language in [Language::English, Language::Chinese] {
                for reader in [Reader::Alert, Reader::Runbook] {
                    let remedy = remedy(cause, language, reader).replace("{{ $labels.agent }}", "agent");
                    assert!(!remedy.contains("{{"), "{}: {remedy}", cause.id);
                    for name in cause.remedy.placeholders(language) {
                        assert!(!remedy.contains(&format!("{{{name}}}")), "{}: {remedy}", cause.id);
                    }
                }
                let legend = legend(cause, language);
                let remedy = remedy(cause, language, Reader::Runbook);
                for name in cause.remedy.placeholders(language) {
                    let in_brackets = remedy.contains(&format!("<{name}>"));
                    assert_eq!(
                        in_brackets,
                        legend.iter().any(|(known, _)| *known == name),
                        "{}: {name}",
                        cause.id
                    );
                }
            }
        }
    }

    #[test]
    fn commands_are_those_of_the_agents_that_the_cause_is_about() {
        let told = |id| remedy(catalog::find(id).unwrap(), Language::English, Reader::Alert);
        assert!(
            told("ip_record_missing").contains("ilogtaild restart")
                && !told("ip_record_missing").contains("loglistenerd")
        );
        assert!(
            told("group_ip_mismatch").contains("loglistenerd restart")
                && !told("group_ip_mismatch").contains("ilogtaild")
        );
        assert!(
            told("crash_loop").contains("ilogtaild restart")
                && told("crash_loop").contains("loglistenerd restart")
        );
    }
}
