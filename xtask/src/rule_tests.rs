//! The unit tests of the alerts of causes, for `promtool test rules`.

use std::fmt::Write as _;

use logagent_exporter::{
    catalog::{
        self,
        alert::{alert_name, annotations, keep_firing},
    },
    model::{Cause, Language, Prerequisite},
};

use crate::rules::scalar;

const HEADER: &str = "\
# Unit tests of the alerts of causes: promtool test rules FILE. Rendered from src/catalog: edit there, then `make bless`.
#
# Each alert: silent before `for` has passed and on other problems, fires then with all its words, outlives two failed
# scrapes, and resolves `keep_firing_for` after the cause is gone.
";

/// Seconds between the samples, and between evaluations.
const STEP: u64 = 15;

/// The unit tests of [`rules`](crate::rules::rules); `path` leads from their directory to the rules.
pub(crate) fn rule_tests(language: Language, path: &str) -> String {
    let mut out = format!("{HEADER}rule_files: [{path}]\nevaluation_interval: {STEP}s\ntests:\n");
    for (prerequisite, causes) in catalog::families() {
        family_test(&mut out, prerequisite, causes, language);
    }
    out
}

/// One test for all causes of a prerequisite: promtool sets up a database for each test, which takes it longer than all else.
fn family_test(out: &mut String, prerequisite: Prerequisite, causes: &[&Cause], language: Language) {
    // In steps: the causes appear, stand until all have been waited for, miss two scrapes, are back, and end.
    let appear = 4;
    let fires = |cause: &Cause| appear + cause.patience.as_secs() / STEP;
    let all_fire = causes.iter().map(|cause| fires(cause)).max().unwrap_or(appear);
    let missed = all_fire + 4;
    let back = missed + 2;
    let gone = back + 4;
    let resolved = gone + keep_firing(prerequisite).as_secs() / STEP;
    let _infallible =
        write!(out, "  - name: {}\n    interval: {STEP}s\n    input_series:\n", prerequisite.as_str());
    for cause in causes {
        let _infallible = writeln!(
            out,
            "      - {{series: '{}', values: _x{appear} 1x{} stale stale 1x{} stale}}",
            series(prerequisite, cause.id, cause.severity.as_str()),
            missed - appear - 1,
            gone - back - 1,
        );
    }
    let another = series(prerequisite, "another_one", "critical");
    let _infallible =
        writeln!(out, "      - {{series: '{another}', values: 1x{resolved}}}\n    alert_rule_test:");
    let name = alert_name(prerequisite);
    let _infallible = writeln!(
        out,
        "      - eval_time: {}s\n        alertname: {name}\n        exp_alerts:",
        all_fire * STEP
    );
    for cause in causes {
        alert(out, cause, language);
    }
    let mut times: Vec<u64> = causes.iter().flat_map(|cause| [fires(cause) - 1, fires(cause)]).collect();
    times.extend([missed + 1, resolved - 1, resolved]);
    times.sort_unstable();
    times.dedup();
    for step in times {
        let firing: Vec<String> = causes
            .iter()
            .filter(|cause| (fires(cause)..resolved).contains(&step))
            .map(|cause| format!("*{}", cause.id))
            .collect();
        let _infallible = writeln!(
            out,
            "      - {{eval_time: {}s, alertname: {name}, exp_alerts: [{}]}}",
            step * STEP,
            firing.join(", "),
        );
    }
}

fn series(prerequisite: Prerequisite, cause: &str, severity: &str) -> String {
    format!(
        r#"logagent_problem{{cluster="prod",job="logagent-exporter",instance="web-1:10077",agent="logtail",prerequisite="{}",cause="{cause}",severity="{severity}"}}"#,
        prerequisite.as_str()
    )
}

fn alert(out: &mut String, cause: &Cause, language: Language) {
    let _infallible = write!(
        out,
        r"          - &{id}
            exp_labels:
              cluster: prod
              job: logagent-exporter
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
    for (annotation, template) in annotations(cause, language) {
        let _infallible = writeln!(out, "              {annotation}: {}", scalar(&filled(&template), 16));
    }
}

/// What Prometheus makes of an annotation's template for the agent of the tests.
fn filled(template: &str) -> String {
    [
        ("{{ with $labels.cluster }}", ""),
        ("{{ . }}", "prod"),
        ("{{ end }}", ""),
        ("{{ $labels.agent }}", "logtail"),
        ("{{ $labels.instance }}", "web-1:10077"),
        ("{{ $labels.cluster | urlquery }}", "prod"),
        ("{{ $labels.instance | urlquery }}", "web-1%3A10077"),
        ("{{ $labels.agent | urlquery }}", "logtail"),
    ]
    .iter()
    .fold(template.to_owned(), |text, (from, to)| text.replace(from, to))
}
