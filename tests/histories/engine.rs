//! The rules in Prometheus' own engine, in virtual time: which alerts fire at which step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
    process::Command,
};

use crate::{
    history::{Cluster, History, STEPS},
    yaml,
};

/// An alert's labels.
pub(crate) type Alert = BTreeMap<String, String>;

/// The alerts that fire at each step, as each Prometheus server of a history has them.
pub(crate) type Views = Vec<Vec<BTreeSet<Alert>>>;

/// The views of each history, by its key.
pub(crate) type Firing = BTreeMap<String, Views>;

const RULES: [&str; 2] = ["logagent-causes.rules.yml", "logagent.rules.yml"];

/// A cluster without events, in one Prometheus with those of histories.
const STEADY: &str = "steady";

/// Lets promtool evaluate all rules over these histories, each in its own cluster. A test that expects no alerts fails,
/// and so lists all of them.
pub(crate) fn firing(repository: &Path, rules: &Path, histories: &[History]) -> Firing {
    let directory = tempfile::tempdir().unwrap();
    for file in RULES {
        let text = fs::read_to_string(rules.join(file)).unwrap();
        fs::write(directory.path().join(file), without_annotations(&text)).unwrap();
    }
    let mut test = format!(
        "rule_files: [{}]\nevaluation_interval: 15s\n\
         group_eval_order: [logagent-agents.alerts, logagent-agents.rules, logagent-endpoints.rules, logagent-endpoints.alerts, logagent-exporter.alerts]\n\
         tests:\n",
        RULES.join(", ")
    );
    // If the cluster is not a label of targets, each has a separate Prometheus: its series do not have the label.
    for server in 0..2 {
        let (labelled, alone): (Vec<&History>, Vec<&History>) = histories
            .iter()
            .filter(|history| history.servers().contains(&server))
            .partition(|history| history.cluster == Cluster::OfTargets);
        evaluated(&mut test, STEADY, server, &labelled);
        for history in alone {
            evaluated(&mut test, &history.key(), server, &[history]);
        }
    }
    let path = directory.path().join("histories.test.yml");
    fs::write(&path, test).unwrap();
    let promtool = repository.join(".cache/prometheus/promtool");
    assert!(promtool.exists(), "{}: not there; run `make test-deps`", promtool.display());
    // The real time of an Alertmanager passes meanwhile, so promtool gives way. It takes a sixth less time if it collects
    // its garbage more rarely than by default.
    let output = Command::new("nice")
        .args(["-n", "5"])
        .arg(promtool)
        .args(["test", "rules"])
        .arg(&path)
        .env("GOGC", "400")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    read(&String::from_utf8_lossy(&said), histories)
}

/// The rules as they are, without the texts of alerts: promtool would render those of each alert at each step, with
/// queries, although nothing reads them. They have no effect on what fires.
fn without_annotations(rules: &str) -> String {
    let mut rules = yaml::parsed(rules).unwrap();
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            rule.as_object_mut().unwrap().remove("annotations");
        }
    }
    rules.to_string()
}

/// The alerts that promtool found.
fn read(said: &str, histories: &[History]) -> Firing {
    let of = |history: &History| vec![vec![BTreeSet::new(); STEPS]; history.servers().len()];
    let mut firing: Firing = histories.iter().map(|history| (history.key(), of(history))).collect();
    let clusters: BTreeMap<String, Cluster> =
        histories.iter().map(|history| (history.key(), history.cluster)).collect();
    let (mut step, mut server, mut prometheus) = (0, 0, String::new());
    for line in said.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("got: {prometheus=\"") {
            let (name, rest) = name.split_once("\", server=\"").unwrap();
            name.clone_into(&mut prometheus);
            server = usize::from(rest.starts_with('1'));
        } else if let Some((_, time)) = line.split_once("\", time: ") {
            step = seconds(time.trim_end_matches(',')) / 15;
        } else if let Some(got) = line.strip_prefix("got: ") {
            for alert in got.split("{__name__=").skip(1) {
                let mut alert = labels(alert);
                // As Prometheus does when it sends.
                if clusters.get(&prometheus) == Some(&Cluster::External) {
                    alert.insert("cluster".to_owned(), prometheus.clone());
                }
                let cluster = alert.get("cluster").map(String::as_str);
                assert_ne!(cluster, Some(STEADY), "{alert:?} fires where nothing happened");
                let key = if prometheus == STEADY { cluster.unwrap() } else { prometheus.as_str() };
                firing.get_mut(key).unwrap()[server][step].insert(alert);
            }
        } else {
            assert!(!line.contains("error") && !line.contains("err:"), "{line}");
        }
    }
    firing
}

/// Histories that one Prometheus has.
fn evaluated(test: &mut String, name: &str, server: usize, histories: &[&History]) {
    if histories.is_empty() {
        return;
    }
    let _infallible = writeln!(test, "  - interval: 5s\n    input_series:");
    if name == STEADY {
        for (series, value) in
            [("up", 1), ("logagent_exporter_build_info", 1), ("logagent_agents", 1), ("logagent_status", 0)]
        {
            let _infallible = writeln!(
                test,
                "      - {{series: '{series}{{cluster=\"{STEADY}\",job=\"any\",instance=\"s:10077\"}}', values: '{value}+0x{}'}}",
                STEPS * 3
            );
        }
    }
    for history in histories {
        history.series(server, test);
    }
    // The Prometheus whose results follow.
    let _infallible = writeln!(
        test,
        "    promql_expr_test:\n      - {{expr: 'label_replace(label_replace(vector(1), \"prometheus\", \"{name}\", \"\", \"\"), \"server\", \"{server}\", \"\", \"\")', eval_time: 0s, exp_samples: []}}"
    );
    for step in 0..STEPS {
        let _infallible = writeln!(
            test,
            "      - {{expr: 'ALERTS{{alertstate=\"firing\",severity=~\"critical|warning\"}}', eval_time: {}s, exp_samples: []}}",
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
