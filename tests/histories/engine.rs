//! The rules in Prometheus' own engine, in virtual time: which alerts fire at which step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
    process::Command,
};

use crate::history::{History, STEPS};

/// An alert's labels.
pub(crate) type Alert = BTreeMap<String, String>;

/// The alerts that fire at each step, by cluster.
pub(crate) type Firing = BTreeMap<String, Vec<BTreeSet<Alert>>>;

/// Lets promtool evaluate all rules over these histories, each its own cluster. A test that expects no alert at any step fails,
/// and says which there are.
pub(crate) fn firing(repository: &Path, rules: &Path, histories: &[History]) -> Firing {
    let mut test = format!(
        "rule_files: [{0}/logagent-causes.rules.yml, {0}/logagent.rules.yml]\nevaluation_interval: 15s\n\
         group_eval_order: [logagent-agents.alerts, logagent-agents.rules, logagent-endpoints.rules, logagent-endpoints.alerts, logagent-exporter.alerts]\n\
         tests:\n",
        rules.display()
    );
    // Where the cluster is an external label, each has a Prometheus of its own: its series do not have the label.
    let (external, labelled): (Vec<&History>, Vec<&History>) =
        histories.iter().partition(|history| history.external);
    evaluated(&mut test, "labelled", &labelled);
    for history in external {
        evaluated(&mut test, &history.cluster(), &[history]);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("histories.test.yml");
    fs::write(&path, test).unwrap();
    let promtool = repository.join(".cache/prometheus/promtool");
    assert!(promtool.exists(), "{}: not there; run `make test-deps`", promtool.display());
    let output = Command::new(promtool).args(["test", "rules"]).arg(&path).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let clusters = histories.iter().map(|history| (history.cluster(), vec![BTreeSet::new(); STEPS]));
    let mut firing: Firing = clusters.collect();
    let (mut step, mut external) = (0, None);
    for line in said.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("got: {prometheus=\"") {
            external = name.split('"').next().filter(|name| *name != "labelled");
        } else if let Some((_, time)) = line.split_once("\", time: ") {
            step = seconds(time.trim_end_matches(',')) / 15;
        } else if let Some(got) = line.strip_prefix("got: ") {
            for alert in got.split("{__name__=").skip(1) {
                let mut alert = labels(alert);
                // As Prometheus does when it sends.
                if let Some(cluster) = external {
                    alert.insert("cluster".to_owned(), cluster.to_owned());
                }
                firing.get_mut(&alert["cluster"]).unwrap()[step].insert(alert);
            }
        } else {
            assert!(!line.contains("error") && !line.contains("err:"), "{line}");
        }
    }
    firing
}

/// Histories that one Prometheus has.
fn evaluated(test: &mut String, name: &str, histories: &[&History]) {
    if histories.is_empty() {
        return;
    }
    let _infallible = writeln!(test, "  - interval: 5s\n    input_series:");
    for history in histories {
        history.series(test);
    }
    // Which Prometheus it is that speaks from here on.
    let _infallible = writeln!(
        test,
        "    promql_expr_test:\n      - {{expr: 'label_replace(vector(1), \"prometheus\", \"{name}\", \"\", \"\")', eval_time: 0s, exp_samples: []}}"
    );
    for step in 0..STEPS {
        let _infallible = writeln!(
            test,
            "      - {{expr: 'ALERTS{{alertstate=\"firing\",severity=\"critical\",alertname!~\"LogAgentExporter.*\"}}', eval_time: {}s, exp_samples: []}}",
            step * 15
        );
    }
}

/// `"ALERTS", a="1", b="2"} 1E+00, ` without what Prometheus adds.
fn labels(text: &str) -> Alert {
    let (inner, _) = text.split_once('}').unwrap();
    let pairs = inner.split(", ").filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(name, _)| *name != "alertstate")
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

/// `1h2m3s`.
fn seconds(text: &str) -> usize {
    let (mut sum, mut number) = (0, 0);
    for c in text.chars() {
        match c {
            'h' => sum += std::mem::take(&mut number) * 3600,
            'm' => sum += std::mem::take(&mut number) * 60,
            's' => sum += std::mem::take(&mut number),
            digit => number = number * 10 + usize::try_from(digit.to_digit(10).unwrap()).unwrap(),
        }
    }
    sum
}
