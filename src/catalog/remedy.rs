//! Remedies as a text tells them that is about no single host: `{placeholders}` become commands or `<names>`.

use crate::model::{Cause, Language, Text};

/// What stands in the place of a name that only a finding can fill.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// A person at an alert: the agent's name is a label.
    Alert,
    /// A person at a runbook.
    Runbook,
}

/// The agents that a cause is about, by the documents that it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Agents {
    /// Logtail and LoongCollector.
    pub logtail: bool,
    /// LogListener.
    pub loglistener: bool,
}

impl Agents {
    /// The agents of this cause.
    pub fn of(cause: &Cause) -> Self {
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
pub fn readable(cause: &Cause, language: Language, reader: Reader) -> String {
    let names: Vec<(&str, String)> = cause
        .remedy
        .placeholders(language)
        .into_iter()
        .map(|name| (name, words(cause, name, language, reader)))
        .collect();
    cause.remedy.fill(language, |name| {
        names.iter().find(|(known, _)| *known == name).map(|(_, words)| words.as_str())
    })
}

fn words(cause: &Cause, name: &str, language: Language, reader: Reader) -> String {
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

/// The names in angle brackets that are left in a cause's remedy.
pub fn in_brackets(cause: &Cause, language: Language, reader: Reader) -> impl Iterator<Item = &'static str> {
    let names = cause.remedy.placeholders(language);
    names.into_iter().filter(move |name| words(cause, name, language, reader) == format!("<{name}>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn no_placeholder_is_left() {
        for cause in catalog::causes() {
            for language in [Language::English, Language::Chinese] {
                for reader in [Reader::Alert, Reader::Runbook] {
                    let remedy = readable(cause, language, reader).replace("{{ $labels.agent }}", "agent");
                    assert!(!remedy.contains("{{"), "{}: {remedy}", cause.id);
                    for name in cause.remedy.placeholders(language) {
                        assert!(!remedy.contains(&format!("{{{name}}}")), "{}: {remedy}", cause.id);
                    }
                }
            }
        }
    }

    #[test]
    fn commands_are_those_of_the_agents_that_the_cause_is_about() {
        let told = |id| readable(catalog::find(id).unwrap(), Language::English, Reader::Alert);
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
