//! What the alert of a cause is called and says: the same in Prometheus' rules and in what the exporter pushes itself.

use std::{fmt::Write as _, time::Duration};

use super::remedy::{self, Reader};
use crate::model::{Cause, Language, Text};

/// Where `runbook_url` leads: this, `/` and the name of a file in `alerts/runbooks`.
pub const RUNBOOK_BASE: &str =
    "https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks";

/// Where `dashboard_url` leads: this and the path of a dashboard in Grafana.
pub const DASHBOARD_BASE: &str = "https://grafana.example.com";

/// How long the alert outlives its cause. One that comes and goes with each probe is one page, not one per probe. Longer than
/// the cause's patience: after a restart of the exporter a cause begins anew, and shall be told again before it was resolved.
pub fn keep_firing(cause: &Cause) -> Duration {
    Duration::from_mins(5).max(cause.patience + Duration::from_mins(1))
}

/// The name of the cause's alert: `LogAgentNotRunning`. No two causes share one, so that an inhibition by name (as that of
/// kube-prometheus-stack) silences nothing but hosts with the same cause.
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

/// The names and texts of the annotations, as templates of Prometheus: what differs from host to host is a label.
pub fn annotations(cause: &Cause, language: Language) -> [(&'static str, String); 5] {
    const DESCRIPTION: Text = Text {
        en: "The agent {{ $labels.agent }} on {{ $labels.instance }}{{ with or $labels.cluster $externalLabels.cluster }} in {{ . }}{{ end }} has the problem {cause}. \
             {meaning} What exactly was seen, and where: `logagent-exporter check` on the host, or \
             http://{{ $labels.instance }}/",
        zh: "{{ with or $labels.cluster $externalLabels.cluster }}{{ . }} 中 {{ end }}{{ $labels.instance }} 上的客户端 {{ $labels.agent }} 存在问题 {cause}。\
             {meaning}具体证据和位置：在主机上执行 `logagent-exporter check`，或打开 http://{{ $labels.instance }}/",
    };
    const BRACKETS: Text = Text {
        en: "`logagent-exporter check` on the host fills in what stands in <angle brackets>.",
        zh: "在主机上执行 `logagent-exporter check`，可得到 <尖括号> 中的实际值。",
    };
    let description = DESCRIPTION
        .in_language(language)
        .replace("{cause}", cause.id)
        .replace("{meaning}", cause.meaning.in_language(language));
    let mut fix = remedy::readable(cause, language, Reader::Alert);
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

/// What an alert is called and says that is of no single cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What it is called, and the name of its runbook in `alerts/runbooks/exporter`.
    pub name: &'static str,
    /// One sentence, the same for all.
    pub summary: Text,
    /// Whom it is about. `{in}` becomes the cluster.
    pub description: Text,
    /// Numbered steps.
    pub fix: Text,
    /// The dashboard that shows it.
    pub dashboard: &'static str,
    /// The labels that the link to the dashboard hands over, besides the cluster.
    pub variables: &'static [&'static str],
}

impl Told {
    /// The annotations, as templates of Prometheus.
    pub fn annotations(&self, language: Language) -> [(&'static str, String); 5] {
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
        [
            ("summary", self.summary.in_language(language).to_owned()),
            (
                "description",
                self.description.in_language(language).replace("{in}", IN_CLUSTER.in_language(language)),
            ),
            ("fix", self.fix.in_language(language).to_owned()),
            ("runbook_url", page),
            ("dashboard_url", dashboard),
        ]
    }
}
