//! No alert silences another: checked with a running Alertmanager and the example's config.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{ALERTMANAGER, CAUSES, alerts_of, names::get, read, repository};

struct Alertmanager {
    child: Child,
    address: String,
    _directory: tempfile::TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Alertmanager {
    /// With the example's config, and these additional inhibitions.
    fn start(inhibitions: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // No notification is delivered: nothing listens on the receivers' ports.
        let config = read(ALERTMANAGER)
            .replace("http://watchdog.example.com", "http://127.0.0.1:1")
            .replace("http://pager.example.com", "http://127.0.0.1:1")
            .replace("http://tickets.example.com", "http://127.0.0.1:1");
        assert!(!config.contains("example.com"), "{config}");
        fs::write(directory.path().join("alertmanager.yml"), config + inhibitions).unwrap();
        fs::copy(repository("alerts/logagent.tmpl"), directory.path().join("logagent.tmpl")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new(repository("scripts/alertmanager"))
            .arg(format!("--config.file={}", directory.path().join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alertmanager = Self { child, address, _directory: directory };
        until("Alertmanager is ready", || get(&alertmanager.address, "/-/ready").is_ok());
        alertmanager
    }

    fn send(&self, alerts: &[Value]) {
        let alerts: Vec<Value> = alerts.iter().map(|labels| json!({ "labels": labels })).collect();
        let body = Value::from(alerts).to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST /api/v2/alerts HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The labels `id` of alerts that are silenced by others, once it has this many alerts in total.
    fn inhibited(&self, count: usize) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        until("all alerts are judged", || {
            let text = get(&self.address, "/api/v2/alerts").unwrap_or_default();
            let Ok(Value::Array(alerts)) = serde_json::from_str(&text) else { return false };
            found = alerts
                .iter()
                .filter(|alert| alert["status"]["inhibitedBy"].as_array().is_some_and(|by| !by.is_empty()))
                .map(|alert| alert["labels"]["id"].as_str().unwrap().to_owned())
                .collect();
            alerts.len() == count && alerts.iter().all(|alert| alert["status"]["state"] != "unprocessed")
        });
        found
    }
}

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a real process runs on real time")]
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}: not within the deadline");
        #[expect(clippy::disallowed_methods, reason = "between two questions, not instead of one")]
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The inhibitions that kube-prometheus-stack's Alertmanager has by default.
const OF_KUBE_PROMETHEUS_STACK: &str = r"
inhibit_rules:
  - source_matchers: ['severity = critical']
    target_matchers: ['severity =~ warning|info']
    equal: [namespace, alertname]
  - source_matchers: ['severity = warning']
    target_matchers: ['severity = info']
    equal: [namespace, alertname]
  - source_matchers: ['alertname = InfoInhibitor']
    target_matchers: ['severity = info']
    equal: [namespace]
  - target_matchers: ['alertname = InfoInhibitor']
";

#[test]
fn no_alert_silences_another_with_the_example_nor_with_what_kube_prometheus_stack_inhibits() {
    for inhibitions in ["", OF_KUBE_PROMETHEUS_STACK] {
        let alertmanager = Alertmanager::start(inhibitions);
        let mut alerts = Vec::new();
        for rule in alerts_of(CAUSES) {
            for (cluster, instance) in [("a", "web-1"), ("a", "web-2"), ("b", "web-1")] {
                let mut labels = rule["labels"].as_object().cloned().unwrap_or_default();
                let name = rule["alert"].as_str().unwrap();
                for (label, value) in
                    [("cluster", cluster), ("instance", instance), ("agent", "logtail"), ("alertname", name)]
                {
                    labels.insert(label.to_owned(), Value::from(value));
                }
                labels.insert("id".to_owned(), Value::from(format!("{name} of {instance} in {cluster}")));
                alerts.push(Value::Object(labels));
            }
        }
        assert!(alerts.len() > 200, "{}", alerts.len());
        alertmanager.send(&alerts);
        assert_eq!(alertmanager.inhibited(alerts.len()), BTreeSet::new());
    }
    // Checks that an inhibition would be detected: two severities under one name.
    let alertmanager = Alertmanager::start(OF_KUBE_PROMETHEUS_STACK);
    let of = |severity: &str| json!({"id": severity, "alertname": "LogAgentIpEmpty", "severity": severity});
    alertmanager.send(&[of("critical"), of("warning")]);
    let mut inhibited = BTreeSet::new();
    until("inhibition is as expected", || {
        inhibited = alertmanager.inhibited(2);
        !inhibited.is_empty()
    });
    assert_eq!(inhibited, BTreeSet::from(["warning".to_owned()]));
}
