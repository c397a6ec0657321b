//! The unit tests of the alerts of causes, for `promtool test rules`.

use std::fmt::Write as _;

use logagent_exporter::{
    catalog::{
        self,
        alert::{Origin, alert_name, annotations, keep_firing},
    },
    model::{Cause, Language, System},
};

use crate::rules::scalar;

const HEADER: &str = "\
# Unit tests of the alerts of causes: promtool test rules FILE. Rendered from src/catalog: edit there, then `make bless`.
#
# Each alert: silent until its cause has been active for its waiting time, then fires with all its texts, survives two
# failed scrapes, and resolves some minutes after the cause is gone.
";

/// Seconds between the samples, and between evaluations.
const STEP: u64 = 15;

/// The unit tests of [`rules`](crate::rules::rules); `path` leads from their directory to the rules.
pub(crate) fn rule_tests(language: Language, path: &str) -> String {
    let mut out = format!("{HEADER}rule_files: [{path}]\nevaluation_interval: {STEP}s\ntests:\n");
    test(&mut out, language);
    out
}

/// One test for all causes: promtool evaluates every rule at every step of every test.
fn test(out: &mut String, language: Language) {
    let causes: Vec<&Cause> = catalog::causes().collect();
    // In steps: the causes become active, are active until all waiting times are over, miss two scrapes, return, and
    // end.
    let appear = 4;
    let fires = |cause: &Cause| appear + cause.patience.as_secs() / STEP;
    let all_fire = causes.iter().map(|cause| fires(cause)).max().unwrap_or(appear);
    let missed = all_fire + 4;
    let back = missed + 2;
    let gone = back + 4;
    let resolved = |cause: &Cause| gone + keep_firing(cause).as_secs() / STEP;
    let end = causes.iter().map(|cause| resolved(cause)).max().unwrap_or(gone);
    let _infallible = write!(out, "  - name: every cause\n    interval: {STEP}s\n    input_series:\n");
    let target = r#"{cluster="prod",job="logagent-exporter",instance="web-1:10077"}"#;
    for (metric, missing) in [("up", "0"), ("logagent_agents", "stale")] {
        let _infallible = writeln!(
            out,
            "      - {{series: '{metric}{target}', values: 1x{} {missing} {missing} 1x{}}}",
            missed - 1,
            end - back,
        );
    }
    for cause in &causes {
        let _infallible = writeln!(
            out,
            "      - {{series: '{}', values: _x{appear} 1x{} stale stale 1x{} stale}}",
            series(cause),
            missed - appear - 1,
            gone - back - 1,
        );
    }
    out.push_str("    alert_rule_test:\n");
    for cause in &causes {
        let name = alert_name(cause);
        if let Some(before) = fires(cause).checked_sub(1) {
            silent(out, before, &name);
        }
        let _infallible = writeln!(
            out,
            "      - eval_time: {}s\n        alertname: {name}\n        exp_alerts:",
            fires(cause) * STEP
        );
        alert(out, cause, language);
        for step in [missed + 1, resolved(cause) - 1] {
            let _infallible = writeln!(
                out,
                "      - {{eval_time: {}s, alertname: {name}, exp_alerts: [*{}]}}",
                step * STEP,
                cause.id
            );
        }
        silent(out, resolved(cause), &name);
    }
}

fn silent(out: &mut String, step: u64, name: &str) {
    let _infallible =
        writeln!(out, "      - {{eval_time: {}s, alertname: {name}, exp_alerts: []}}", step * STEP);
}

fn series(cause: &Cause) -> String {
    format!(
        r#"logagent_problem{{cluster="prod",job="logagent-exporter",instance="web-1:10077",agent="logtail",prerequisite="{}",cause="{}",severity="{}"}}"#,
        cause.prerequisite.as_str(),
        cause.id,
        cause.severity.as_str(),
    )
}

fn alert(out: &mut String, cause: &Cause, language: Language) {
    let _infallible = write!(
        out,
        r"          - &{id}
            exp_labels:
              cluster: prod
              instance: web-1:10077
              agent: logtail
              prerequisite: {prerequisite}
              cause: {id}
              severity: {severity}
            exp_annotations:
",
        id = cause.id,
        prerequisite = cause.prerequisite.as_str(),
        severity = cause.severity.as_str(),
    );
    for (annotation, template) in annotations(cause, language, Origin::Exporter(System::Linux)) {
        let _infallible = writeln!(out, "              {annotation}: {}", scalar(&filled(&template), 16));
    }
}

/// Prometheus' expansion of an annotation's template for the agent in the tests.
fn filled(template: &str) -> String {
    [
        ("{{ with or $labels.cluster $externalLabels.cluster }}", ""),
        ("{{ . }}", "prod"),
        ("{{ end }}", ""),
        ("{{ $labels.agent }}", "logtail"),
        ("{{ $labels.instance }}", "web-1:10077"),
        ("{{ or $labels.cluster $externalLabels.cluster | urlquery }}", "prod"),
        ("{{ $labels.instance | urlquery }}", "web-1%3A10077"),
        ("{{ $labels.agent | urlquery }}", "logtail"),
    ]
    .iter()
    .fold(template.to_owned(), |text, (from, to)| text.replace(from, to))
}
