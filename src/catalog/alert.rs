//! Names and texts of the alerts for causes: the same in Prometheus' rules and in the alerts that the exporter pushes.

use std::{fmt::Write as _, time::Duration};

use super::remedy::{self, Reader};
use crate::model::{Cause, Language, System, Text};

/// The base of `runbook_url`, followed by `/` and the name of a file in `alerts/runbooks`.
pub const RUNBOOK_BASE: &str =
    "https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks";

/// The base of `dashboard_url`, followed by the path of a dashboard in Grafana.
pub const DASHBOARD_BASE: &str = "https://grafana.example.com";

/// How long the alert keeps firing after its cause is gone. A cause that flaps with each probe sends one page, not one
/// per probe. Longer than the cause's patience: after a restart of the exporter a cause has to wait again, and its
/// alert must not be resolved in the meantime.
pub fn keep_firing(cause: &Cause) -> Duration {
    Duration::from_mins(5).max(cause.patience + Duration::from_mins(1))
}

/// The name of the cause's alert: `LogAgentNotRunning`. No two causes share one: an inhibition by name (as in
/// kube-prometheus-stack) then affects only the same cause.
pub fn alert_name(cause: &Cause) -> String {
    let mut name = String::from("LogAgent");
    for word in cause.id.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The name of a cause's runbook in `alerts/runbooks`.
pub fn runbook_file(cause: &Cause, language: Language) -> String {
    match language {
        Language::English => format!("{}.md", cause.id),
        Language::Chinese => format!("{}.zh.md", cause.id),
    }
}

/// Where an alert comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Rules, which apply to all hosts: their texts query Prometheus for the operating system of the host.
    Rules,
    /// The exporter on a host with this system.
    Exporter(System),
}

impl Origin {
    /// One of the texts, by the host's system. In rules, the one for Linux if the system is unknown.
    fn choose(self, linux: &str, windows: &str) -> String {
        /// Looks back one day, as the exporter may be down.
        const ON_WINDOWS: &str = r#"{{ if query (printf `last_over_time(logagent_exporter_build_info{cluster=%q,instance=%q,target=~".+-windows-.+"}[1d])` $labels.cluster $labels.instance)"#;
        match self {
            Self::Exporter(System::Windows) => windows.to_owned(),
            Self::Exporter(_) => linux.to_owned(),
            Self::Rules if linux == windows => linux.to_owned(),
            Self::Rules if linux.is_empty() => format!("{ON_WINDOWS} }}}}{windows}{{{{ end }}}}"),
            Self::Rules => {
                format!("{ON_WINDOWS} -}}}}\n{windows}\n{{{{- else -}}}}\n{linux}\n{{{{- end }}}}")
            }
        }
    }
}

/// The names and texts of the annotations, as Prometheus templates: values that differ between hosts are labels.
pub fn annotations(cause: &Cause, language: Language, origin: Origin) -> [(&'static str, String); 5] {
    const DESCRIPTION: Text = Text {
        en: "The agent {{ $labels.agent }} on {{ $labels.instance }}{{ with or $labels.cluster $externalLabels.cluster }} in {{ . }}{{ end }} has the problem {cause}. \
             {meaning} Details: `logagent-exporter check` on the host, or \
             http://{{ $labels.instance }}/",
        zh: "{{ with or $labels.cluster $externalLabels.cluster }}{{ . }} 中 {{ end }}{{ $labels.instance }} 上的客户端 {{ $labels.agent }} 存在问题 {cause}。\
             {meaning}具体证据和位置：在主机上执行 `logagent-exporter check`，或打开 http://{{ $labels.instance }}/",
    };
    const ON_WINDOWS: Text = Text {
        en: "In PowerShell as an administrator:",
        zh: "以管理员身份在 PowerShell 中执行：",
    };
    const BRACKETS: Text = Text {
        en: "`logagent-exporter check` on the host fills in the values in <angle brackets>.",
        zh: "在主机上执行 `logagent-exporter check`，可得到 <尖括号> 中的实际值。",
    };
    let description = DESCRIPTION
        .in_language(language)
        .replace("{cause}", cause.id)
        .replace("{meaning}", cause.meaning.in_language(language));
    let mut fix = remedy::readable(cause, language, Reader::Alert);
    if let Some(windows) = remedy::for_windows(cause, language, Reader::Alert) {
        fix = origin.choose(&fix, &format!("{}\n{windows}", ON_WINDOWS.in_language(language)));
    }
    if !remedy::in_brackets(cause, language, Reader::Alert).is_empty() {
        fix.push('\n');
        fix.push_str(BRACKETS.in_language(language));
    }
    [
        ("summary", cause.summary.in_language(language).to_owned()),
        ("description", description),
        ("fix", fix),
        ("runbook_url", format!("{RUNBOOK_BASE}/{}", runbook_file(cause, language))),
        (
            "dashboard_url",
            format!(
                "{DASHBOARD_BASE}/d/logagent-host?var-cluster={{{{ or $labels.cluster $externalLabels.cluster | urlquery }}}}\
                 &var-instance={{{{ $labels.instance | urlquery }}}}&var-agent={{{{ $labels.agent | urlquery }}}}"
            ),
        ),
    ]
}

/// How to inspect and restart the exporter's service on Windows.
const SERVICE_ON_WINDOWS: Text = Text {
    en: "On Windows, in PowerShell as an administrator: `Get-Service logagent-exporter`, `Restart-Service logagent-exporter`, \
         and for its log `Get-WinEvent -ProviderName logagent-exporter -MaxEvents 50`",
    zh: "在 Windows 上，以管理员身份在 PowerShell 中执行：`Get-Service logagent-exporter`、`Restart-Service logagent-exporter`；\
         查看日志：`Get-WinEvent -ProviderName logagent-exporter -MaxEvents 50`",
};

/// Name and texts of an alert that is not for a single cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertText {
    /// Its name, and the name of its runbook in `alerts/runbooks/exporter`.
    pub name: &'static str,
    /// One sentence, the same for all.
    pub summary: Text,
    /// Whom it is about. `{in}` becomes the cluster.
    pub description: Text,
    /// Numbered steps.
    pub fix: Text,
    /// The dashboard that shows it.
    pub dashboard: &'static str,
    /// The labels that the link to the dashboard contains in addition to the cluster.
    pub variables: &'static [&'static str],
}

impl AlertText {
    /// The annotations, as Prometheus templates.
    pub fn annotations(&self, language: Language, origin: Origin) -> [(&'static str, String); 5] {
        const IN_CLUSTER: Text = Text {
            en: "{{ with or $labels.cluster $externalLabels.cluster }} in {{ . }}{{ end }}",
            zh: "{{ with or $labels.cluster $externalLabels.cluster }}{{ . }} 中{{ end }}",
        };
        let mut dashboard = format!(
            "{DASHBOARD_BASE}/d/{}?var-cluster={{{{ or $labels.cluster $externalLabels.cluster | urlquery }}}}",
            self.dashboard
        );
        for variable in self.variables {
            let _infallible = write!(dashboard, "&var-{variable}={{{{ $labels.{variable} | urlquery }}}}");
        }
        let page = match language {
            Language::English => format!("{RUNBOOK_BASE}/exporter/{}.md", self.name),
            Language::Chinese => format!("{RUNBOOK_BASE}/exporter/{}.zh.md", self.name),
        };
        let mut fix = self.fix.in_language(language).to_owned();
        if fix.contains("systemctl ") || fix.contains("journalctl ") {
            fix.push_str(&origin.choose("", &format!("\n{}", SERVICE_ON_WINDOWS.in_language(language))));
        }
        [
            ("summary", self.summary.in_language(language).to_owned()),
            (
                "description",
                self.description.in_language(language).replace("{in}", IN_CLUSTER.in_language(language)),
            ),
            ("fix", fix),
            ("runbook_url", page),
            ("dashboard_url", dashboard),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    fn fix(cause: &Cause, language: Language, origin: Origin) -> String {
        let [_, _, (_, fix), ..] = annotations(cause, language, origin);
        fix
    }

    #[test]
    fn an_alert_tells_what_to_type_on_the_system_of_its_host() {
        const OF_LINUX: [&str; 6] = ["sudo ", "systemctl", "/etc/init.d", "journalctl", "`curl ", "openssl "];
        let mut differ = 0;
        for cause in catalog::causes() {
            for language in [Language::English, Language::Chinese] {
                let [rules, linux, windows] =
                    [Origin::Rules, Origin::Exporter(System::Linux), Origin::Exporter(System::Windows)]
                        .map(|origin| fix(cause, language, origin));
                differ += usize::from(linux != windows);
                if !remedy::LINUX_ALONE.contains(&cause.id) {
                    assert!(
                        !OF_LINUX.iter().any(|foreign| windows.contains(foreign)),
                        "{}: {windows}",
                        cause.id
                    );
                }
                // In rules, the steps for Windows are shown if Prometheus knows that the host runs Windows, and those
                // for Linux otherwise.
                assert_eq!(rules.contains("{{ if query "), linux != windows, "{}: {rules}", cause.id);
                if let Some((before, rest)) = rules.split_once("\n{{- else -}}\n") {
                    let (_, of_windows) = before.split_once(" -}}\n").unwrap();
                    let (of_linux, after) = rest.split_once("\n{{- end }}").unwrap();
                    assert_eq!(format!("{of_windows}{after}"), windows, "{}", cause.id);
                    assert_eq!(format!("{of_linux}{after}"), linux, "{}", cause.id);
                }
            }
        }
        assert!(differ > 80, "{differ}");
    }
}
