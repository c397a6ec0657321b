//! Every metric and label in the rules is exposed by the exporter.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use logagent_exporter::{
    catalog,
    model::{Prerequisite, Severity, Status},
    publish::metrics::METRICS,
};
use serde_json::Value;

use super::{
    BY_HAND, CAUSES, CAUSES_ZH,
    promql::{Labels, Names},
    rules_of,
};

/// The labels that Prometheus adds to every series of a target.
const TARGET: [&str; 3] = ["job", "instance", "cluster"];

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The scrape of a machine with a broken Logtail (files only), and an agent with an endpoint that answers.
fn scrape() -> String {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in service.incoming().flatten() {
            answer(stream);
        }
    });
    write("usr/local/ilogtail/ilogtail", "");
    write(
        "usr/local/ilogtail/ilogtail_config.json",
        r#"{"config_server_address": "http://127.0.0.1:1", "data_server_list": [{"cluster": "cn-hangzhou", "endpoint": "127.0.0.1"}]}"#,
    );
    // A FIFO in place of a file cannot be read, and is an observation error.
    let pipe = root.path().join("usr/local/ilogtail/app_info.json");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    write(
        "exporter.yml",
        &format!(
            "agents: [{{kind: logtail}}, {{name: other, kind: custom, processes: [{{role: worker, executable: other}}], \
             endpoints: [{{url: \"http://127.0.0.1:{port}/\", expect_status: [200]}}]}}]"
        ),
    );
    // The port is free now, and nothing on a loopback interface takes it at random within the next moment.
    let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _exporter = Ended(
        Command::new(env!("CARGO_BIN_EXE_logagent-exporter"))
            .env_clear()
            .arg(format!("--config.file={}", root.path().join("exporter.yml").display()))
            .arg(format!("--path.rootfs={}", root.path().display()))
            .arg("--path.procfs=/proc")
            .arg(format!("--web.listen-address={own}"))
            .args(["--evaluation.interval=200ms", "--probe.interval=1s", "--probe.timeout=1s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    #[expect(clippy::disallowed_methods, reason = "a real process starts in real time")]
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let text = get(&own.to_string(), "/metrics").unwrap_or_default();
        let complete = ["logagent_observation_errors_total{", "logagent_problem{", r#"source="http_date""#]
            .iter()
            .all(|sign| text.contains(sign));
        #[expect(clippy::disallowed_methods, reason = "a real process starts in real time")]
        let late = Instant::now() > deadline;
        if complete {
            return text;
        }
        assert!(!late, "not all that rules need is in a scrape:\n{text}");
        #[expect(clippy::disallowed_methods, reason = "between two questions, not instead of one")]
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn answer(mut stream: TcpStream) {
    let mut head = [0; 4096];
    let _request = stream.read(&mut head);
    #[expect(clippy::disallowed_methods, reason = "a server tells the time")]
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let _sent =
        write!(stream, "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

/// The body of an answer. With HTTP/1.0 no body is chunked.
pub(crate) fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// The series of a scrape and of the target's own.
fn scraped() -> Names {
    let mut names = Names::default();
    for line in scrape().lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap_or((line, ""));
        let labels = names.metrics.entry(name.to_owned()).or_insert_with(|| TARGET.map(str::to_owned).into());
        if let Some((pairs, _)) = rest.rsplit_once("} ") {
            // No value in this scrape has a comma.
            labels.extend(pairs.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
        }
    }
    names.metrics.insert("up".to_owned(), TARGET.map(str::to_owned).into());
    let closed = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    names.values.insert("status".to_owned(), closed(Status::ALL.map(Status::as_str).into()));
    names
        .values
        .insert("prerequisite".to_owned(), closed(Prerequisite::ALL.map(Prerequisite::as_str).into()));
    names.values.insert("cause".to_owned(), closed(catalog::causes().map(|cause| cause.id).collect()));
    names.values.insert(
        "severity".to_owned(),
        closed([Severity::Critical, Severity::Warning].map(Severity::as_str).into()),
    );
    names.values.insert("source".to_owned(), closed(vec!["ntp", "http_date", "kernel"]));
    names
}

/// Series recorded from other recorded series, whose labels therefore cannot be found by reading the rules in order.
/// Whether they have these labels is checked as for all others.
const REMEMBERED: [(&str, &[&str]); 9] = [
    (
        "agent_cause:logagent_problem:due_since",
        &["agent", "cause", "prerequisite", "severity", "job", "instance", "cluster"],
    ),
    (
        "agent_cause:logagent_problem:told_until",
        &["agent", "cause", "prerequisite", "severity", "instance", "cluster"],
    ),
    ("cluster_cause:logagent_problem:fleet", &["cause", "prerequisite", "severity", "cluster"]),
    ("agent:logagent_status:symptom", &["agent", "instance", "cluster"]),
    ("cluster:logagent_status:fleet", &["cluster"]),
    ("target:logagent_exporter:gone", &TARGET),
    ("target:logagent_exporter:lost", &TARGET),
    ("target:logagent_exporter:down", &TARGET),
    ("target:logagent_exporter:remembered", &TARGET),
];

/// The labels that a rule adds.
fn added(rule: &Value) -> impl Iterator<Item = String> {
    rule["labels"].as_object().into_iter().flatten().map(|(name, _)| name.clone())
}

#[test]
fn rules_ask_only_for_what_a_scrape_shows() {
    let mut names = scraped();
    for metric in METRICS {
        if let Some(labels) = names.metrics.get(metric.name) {
            let expected: Labels = metric.labels.iter().chain(&TARGET).map(|&name| name.to_owned()).collect();
            assert_eq!(*labels, expected, "{}", metric.name);
        }
    }
    let of = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Labels>();
    // Only an exporter that pushes alerts has these.
    for metric in METRICS.iter().filter(|metric| metric.name.starts_with("logagent_alertmanager_")) {
        let labels: Vec<&str> = metric.labels.iter().chain(&TARGET).copied().collect();
        names.metrics.insert(metric.name.to_owned(), of(&labels));
    }
    for (name, labels) in REMEMBERED {
        names.metrics.insert(name.to_owned(), of(labels));
    }
    // Series that Prometheus itself records about alerts.
    names
        .metrics
        .insert("ALERTS".to_owned(), of(&["alertname", "alertstate", "cluster", "instance", "agent"]));
    // Recorded series first: alerts read them, and the state of alerts reads hand-written counts.
    let rules = [BY_HAND, CAUSES].iter().flat_map(|path| rules_of(path));
    for rule in rules.filter(|rule| rule["record"].is_string()) {
        let (name, expression) = (rule["record"].as_str().unwrap(), rule["expr"].as_str().unwrap());
        let mut labels = names.labels(expression).unwrap_or_else(|error| panic!("{name}: {error}"));
        labels.extend(added(&rule));
        let level = name.split(':').next().unwrap();
        for word in level.split('_').filter(|word| !["phase", "target"].contains(word)) {
            assert!(labels.contains(word), "{name}: its level has {word}, and its series have {labels:?}");
        }
        if let Some(before) = names.metrics.insert(name.to_owned(), labels.clone()) {
            assert_eq!(before, labels, "{name} is recorded with different labels");
        }
    }
    for rule in [BY_HAND, CAUSES, CAUSES_ZH].iter().flat_map(|path| rules_of(path)) {
        let Some(name) = rule["alert"].as_str() else { continue };
        let expression = rule["expr"].as_str().unwrap();
        let mut labels =
            names.labels(expression).unwrap_or_else(|error| panic!("{name}: {expression}: {error}"));
        labels.extend(added(&rule));
        for (annotation, text) in rule["annotations"].as_object().unwrap() {
            // `$externalLabels.cluster` is a cluster that is not a label of the targets.
            let text = text.as_str().unwrap().replace("or $labels.cluster $externalLabels.cluster", "");
            let used = text.split("$labels.").skip(1);
            for label in
                used.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap())
            {
                assert!(
                    labels.contains(label),
                    "{name}: no label {label} for its {annotation}, only {labels:?}"
                );
            }
        }
    }
}

#[test]
fn misspelt_names_are_found() {
    let mut names = Names::default();
    names.metrics.insert("m".to_owned(), ["a", "b"].map(str::to_owned).into());
    names.metrics.insert("n".to_owned(), ["a", "c"].map(str::to_owned).into());
    names.values.insert("b".to_owned(), ["x".to_owned()].into());
    let labels =
        |expression| names.labels(expression).map(|labels| labels.into_iter().collect::<Vec<_>>().join(","));
    for (expression, result) in [
        ("m", "a,b"),
        ("m{b=\"x\"} == 1", "a,b"),
        ("sum by (a) (rate(m[5m]))", "a"),
        ("topk by (a) (1, m)", "a,b"),
        ("count_values by (a) (\"v\", m)", "a,v"),
        ("m * on (a) group_left (c) n", "a,b,c"),
        ("label_replace(m, \"d\", \"$1\", \"a\", \".*\")", "a,b,d"),
        ("m and on (a) n", "a,b"),
        ("1 - m", "a,b"),
    ] {
        assert_eq!(labels(expression).as_deref(), Ok(result), "{expression}");
    }
    for expression in [
        "x",
        "m{c=\"1\"}",
        "m{b=\"y\"}",
        "m{b=~\"x|y\"}",
        "sum by (c) (m)",
        "sum without (c) (m)",
        "m * on (b) group_left (c) n",
        "m * on (a) group_left (b) n",
        "label_replace(m, \"d\", \"$1\", \"c\", \".*\")",
        "rate(m)",
        "m ==",
    ] {
        assert!(labels(expression).is_err(), "{expression}: {:?}", labels(expression));
    }
}
