//! `logagent-causes.rules.yml`: all alerts, in one language.

use std::{fmt::Write as _, time::Duration};

use logagent_exporter::{
    catalog::{
        self,
        alert::{AlertText, Origin, alert_name, annotations, keep_firing},
    },
    model::{Cause, Language},
};

use crate::{exporter, fleet, state};

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
# All alerts: one for each cause, those of fleets, and those about exporters. Rendered from src/catalog and xtask/src: edit there,
# then `make bless`. Load logagent.rules.yml too, which counts agents and endpoints. The job may have any name.
#
# `cluster` is a label of targets, or an external label of this Prometheus, or absent: then all hosts are one fleet.
groups:
  # -- Agents -----------------------------------------------------------------------------------------------------------
  # The state of the alerts is recorded instead of using `for` and `keep_firing_for`: a failed scrape would restart `for`,
  # and a restart of Prometheus loses what it keeps firing. One group, in this order, so that when a cause becomes that of
  # a fleet, the alerts of its hosts end in the same evaluation in which that of the fleet begins: no inhibition is
  # needed, and every notified alert is resolved.
";

/// `logagent-causes.rules.yml`.
pub(crate) fn rules(language: Language) -> String {
    let mut out = String::from(HEADER);
    out.push_str("  - name: logagent-agents.alerts\n    interval: 15s\n    rules:\n");
    out.push_str(&state::state());
    for alert in fleet::AGENTS {
        rendered(&mut out, alert, language);
    }
    out.push_str("\n      # One for each cause.\n");
    for cause in catalog::causes() {
        rule(&mut out, cause, language);
    }
    out.push_str("\n  # -- Endpoints, each minute, as exporters probe ----------------------------------------------------------------------\n");
    out.push_str("  - name: logagent-endpoints.alerts\n    interval: 1m\n    rules:\n");
    rendered(&mut out, &fleet::ENDPOINT_DOWN, language);
    out.push_str("\n  # -- Exporters --------------------------------------------------------------------------------------------------------\n");
    out.push_str("  - name: logagent-exporter.alerts\n    interval: 1m\n    rules:\n");
    out.push_str(exporter::STATE.trim_start_matches('\n'));
    for alert in exporter::ALERTS {
        rendered(&mut out, alert, language);
    }
    out
}

fn rule(out: &mut String, cause: &Cause, language: Language) {
    let (id, severity) = (cause.id, cause.severity.as_str());
    let selector = format!("{{cause=\"{id}\", severity=\"{severity}\"}}");
    let _infallible = write!(
        out,
        "      # After {}; ends {} after its cause.\n      - alert: {}\n        expr: 'agent_cause:logagent_problem:single{selector}'\n",
        duration(cause.patience),
        duration(keep_firing(cause)),
        alert_name(cause),
    );
    let _infallible = write!(
        out,
        "        labels:\n          severity: {severity}\n          cause: {id}\n          prerequisite: {}\n        annotations:\n",
        cause.prerequisite.as_str(),
    );
    for (name, text) in annotations(cause, language, Origin::Rules) {
        let _infallible = writeln!(out, "          {name}: {}", scalar(&text, 12));
    }
}

/// An alert that is not about a single cause.
#[derive(Debug)]
pub(crate) struct Alert {
    /// The reasons for its definition, line by line.
    pub(crate) why: &'static [&'static str],
    /// When it stands.
    pub(crate) expr: &'static str,
    /// `for`, if any.
    pub(crate) wait: &'static str,
    /// `keep_firing_for`, if any.
    pub(crate) keep: &'static str,
    /// Labels, in the order in which they are written.
    pub(crate) labels: &'static [(&'static str, &'static str)],
    /// Its name and texts.
    pub(crate) text: AlertText,
}

fn rendered(out: &mut String, alert: &Alert, language: Language) {
    out.push('\n');
    for line in alert.why {
        let _infallible = writeln!(out, "      # {line}");
    }
    let _infallible = writeln!(out, "      - alert: {}\n        expr: |", alert.text.name);
    let expr = alert.expr.replace("WARNINGS", &state::warnings().join("|"));
    for line in expr.trim().lines() {
        let _infallible = writeln!(out, "          {line}");
    }
    for (field, value) in [("for", alert.wait), ("keep_firing_for", alert.keep)] {
        if !value.is_empty() {
            let _infallible = writeln!(out, "        {field}: {value}");
        }
    }
    if !alert.labels.is_empty() {
        out.push_str("        labels:\n");
    }
    for (label, value) in alert.labels {
        let _infallible = writeln!(out, "          {label}: {value}");
    }
    out.push_str("        annotations:\n");
    for (name, text) in alert.text.annotations(language, Origin::Rules) {
        let _infallible = writeln!(out, "          {name}: {}", scalar(&text, 12));
    }
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
