//! One alert for each cause, as a file of Prometheus rules.

use std::{fmt::Write as _, time::Duration};

use logagent_exporter::{
    catalog::{
        self,
        alert::{alert_name, annotations, keep_firing},
    },
    model::{Cause, Language},
};

/// A duration as Prometheus writes it.
pub(crate) fn duration(value: Duration) -> String {
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
pub(crate) fn rules(language: Language) -> String {
    let mut out = String::from(HEADER);
    out.push_str("groups:\n");
    for (prerequisite, causes) in catalog::families() {
        let _infallible =
            write!(out, "  - name: logagent-{}\n    rules:\n", prerequisite.as_str().replace('_', "-"));
        for cause in causes {
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

/// A YAML scalar: one line in quotes, several as a block.
pub(crate) fn scalar(text: &str, indent: usize) -> String {
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
