//! One alert for each cause, as a file of Prometheus rules.

use std::{fmt::Write as _, time::Duration};

use super::{
    super::FAMILIES,
    words::{self, Reader},
};
use crate::model::{Cause, Language, Prerequisite, Text};

/// Where `runbook_url` leads: this, `/` and the name of a file in `alerts/runbooks`.
pub const RUNBOOK_BASE: &str =
    "https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks";

/// Where `dashboard_url` leads: this and the path of a dashboard in Grafana.
pub const DASHBOARD_BASE: &str = "https://grafana.example.com";

/// A cause that comes and goes with each probe is one page, not one per probe; others outlive a restart of the exporter
/// and a few failed scrapes, after which the series are gone for a moment.
pub fn keep_firing(prerequisite: Prerequisite) -> Duration {
    match prerequisite {
        Prerequisite::Network | Prerequisite::Clock | Prerequisite::Processes => Duration::from_mins(5),
        Prerequisite::Installed
        | Prerequisite::Ip
        | Prerequisite::StartupParameters
        | Prerequisite::UserIdentifier
        | Prerequisite::CustomIdentifier
        | Prerequisite::Credentials
        | Prerequisite::Restart => Duration::from_mins(2),
    }
}

/// The name that all alerts of a prerequisite share: `LogAgentStartupParameters`.
pub fn alert_name(prerequisite: Prerequisite) -> String {
    let mut name = String::from("LogAgent");
    for word in prerequisite.as_str().split('_') {
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

/// A duration as Prometheus writes it.
pub(super) fn duration(value: Duration) -> String {
    let seconds = value.as_secs();
    if seconds > 0 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

const HEADER: &str = "\
# One alert for each cause of the catalogue. Rendered from src/catalog: edit there, then `make bless`.
#
# All alerts of a prerequisite share their name; the label `cause` tells them apart. `for` is the cause's patience
# (src/catalog/patience.rs has the reasons). `keep_firing_for` lets an alert outlive a restart of the exporter, missed
# scrapes, and a cause that comes and goes with each probe.
";

/// `logagent-causes.rules.yml`.
pub fn rules(language: Language) -> String {
    let mut out = String::from(HEADER);
    out.push_str("groups:\n");
    for (prerequisite, causes) in FAMILIES {
        let _infallible =
            write!(out, "  - name: logagent-{}\n    rules:\n", prerequisite.as_str().replace('_', "-"));
        for cause in *causes {
            rule(&mut out, cause, language);
        }
    }
    out
}

fn rule(out: &mut String, cause: &Cause, language: Language) {
    let _infallible = write!(
        out,
        "      - alert: {}\n        expr: {}\n",
        alert_name(cause.prerequisite),
        quoted(&format!("logagent_problem{{cause=\"{}\"}} == 1", cause.id)),
    );
    if !cause.patience.is_zero() {
        let _infallible = writeln!(out, "        for: {}", duration(cause.patience));
    }
    let _infallible = write!(
        out,
        "        keep_firing_for: {}\n        labels:\n          severity: {}\n          cause: {}\n          prerequisite: {}\n        annotations:\n",
        duration(keep_firing(cause.prerequisite)),
        severity(cause),
        cause.id,
        cause.prerequisite.as_str(),
    );
    for (name, text) in annotations(cause, language) {
        let _infallible = writeln!(out, "          {name}: {}", scalar(&text, 12));
    }
}

/// The only cause whose findings may be milder than the cause: its severity is the series'.
fn severity(cause: &Cause) -> &'static str {
    if cause.id == "user_identifier_malformed" { "'{{ $labels.severity }}'" } else { cause.severity.as_str() }
}

pub(super) fn annotations(cause: &Cause, language: Language) -> [(&'static str, String); 5] {
    const DESCRIPTION: Text = Text {
        en: "The agent {{ $labels.agent }} on {{ $labels.instance }}{{ with $labels.cluster }} in {{ . }}{{ end }} has the problem {cause}. \
             {meaning} What exactly was seen, and where: `logagent-exporter check` on the host, or \
             http://{{ $labels.instance }}/",
        zh: "{{ with $labels.cluster }}{{ . }} 中 {{ end }}{{ $labels.instance }} 上的客户端 {{ $labels.agent }} 存在问题 {cause}。\
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
    let mut fix = words::remedy(cause, language, Reader::Alert);
    if !words::legend(cause, language).iter().all(|(name, _)| *name == "agent") {
        fix.push('\n');
        fix.push_str(BRACKETS.in_language(language));
    }
    [
        ("summary", cause.runbook.summary.in_language(language).to_owned()),
        ("description", description),
        ("fix", fix),
        ("runbook_url", format!("{RUNBOOK_BASE}/{}", runbook_file(cause, language))),
        (
            "dashboard_url",
            format!(
                "{DASHBOARD_BASE}/d/logagent-host?var-cluster={{{{ $labels.cluster | urlquery }}}}\
                 &var-instance={{{{ $labels.instance | urlquery }}}}&var-agent={{{{ $labels.agent | urlquery }}}}"
            ),
        ),
    ]
}

/// A YAML scalar: one line in quotes, several as a block.
pub(super) fn scalar(text: &str, indent: usize) -> String {
    if !text.contains('\n') {
        return quoted(text);
    }
    let mut out = String::from("|-");
    for line in text.lines() {
        let _infallible = write!(out, "\n{:indent$}{line}", "");
    }
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
