//! What is silent while something greater is wrong: asked of a running Alertmanager with the example's rules.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{ALERTMANAGER, names::get, read, repository};

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
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Nobody is told: the receivers are ports on which nothing listens.
        let config = read(ALERTMANAGER)
            .replace("http://watchdog.example.com", "http://127.0.0.1:1")
            .replace("http://pager.example.com", "http://127.0.0.1:1")
            .replace("http://tickets.example.com", "http://127.0.0.1:1");
        assert!(!config.contains("example.com"), "{config}");
        fs::write(directory.path().join("alertmanager.yml"), config).unwrap();
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

    /// The labels `id` of alerts that are silenced by others, once it is known of so many alerts in all.
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

fn cause(
    id: &str,
    cluster: &str,
    instance: &str,
    alert: &str,
    prerequisite: &str,
    cause: &str,
    severity: &str,
) -> Value {
    json!({
        "id": id, "alertname": alert, "cluster": cluster, "job": "logagent-exporter", "instance": instance,
        "agent": "logtail", "prerequisite": prerequisite, "cause": cause, "severity": severity,
    })
}

#[test]
fn what_is_greater_silences_what_is_smaller_and_nothing_else() {
    let alertmanager = Alertmanager::start();
    let fleet = |id: &str, cluster: &str, cause: &str, severity: &str| json!({"id": id, "alertname": "LogAgentFleetCause", "cluster": cluster, "cause": cause, "prerequisite": "network", "severity": severity});
    let own = |id: &str, name: &str, cluster: &str, instance: &str, severity: &str| json!({"id": id, "alertname": name, "cluster": cluster, "job": "logagent-exporter", "instance": instance, "severity": severity});
    let alerts = [
        // A cause of a whole cluster, its hosts, and what else these hosts have.
        fleet("fleet", "a", "connection_refused", "critical"),
        cause("-host", "a", "h1", "LogAgentNetwork", "network", "connection_refused", "critical"),
        cause("other cause", "a", "h1", "LogAgentNetwork", "network", "tls_failure", "critical"),
        cause("other cluster", "b", "h1", "LogAgentNetwork", "network", "connection_refused", "critical"),
        own("-sum", "LogAgentFleetFailing", "a", "", "critical"),
        own("sum of b", "LogAgentFleetFailing", "b", "", "critical"),
        // A warning of a fleet silences no sum of failures.
        fleet("fleet warning", "c", "certificate_expiring", "warning"),
        own("sum of c", "LogAgentFleetFailing", "c", "", "critical"),
        // An endpoint that is down for all.
        json!({"id": "endpoint", "alertname": "LogAgentFleetEndpointDown", "cluster": "d", "url": "http://x", "prerequisite": "network", "severity": "critical"}),
        fleet("-fleet of endpoint", "d", "connection_timeout", "critical"),
        cause("-host of endpoint", "d", "h1", "LogAgentNetwork", "network", "connection_timeout", "critical"),
        // Critical before warning, of one prerequisite of one agent.
        cause("critical", "e", "h1", "LogAgentProcesses", "processes", "worker_missing", "critical"),
        cause("-warning", "e", "h1", "LogAgentProcesses", "processes", "multiple_instances", "warning"),
        cause(
            "warning elsewhere",
            "e",
            "h2",
            "LogAgentProcesses",
            "processes",
            "multiple_instances",
            "warning",
        ),
        cause("other prerequisite", "e", "h1", "LogAgentClock", "clock", "clock_unsynchronized", "warning"),
        // Exporters.
        own("exporters", "LogAgentExportersDown", "f", "", "critical"),
        own("-exporter", "LogAgentExporterDown", "f", "h1", "warning"),
        own("down", "LogAgentExporterDown", "g", "h1", "warning"),
        own("-reload of down", "LogAgentExporterReloadFailed", "g", "h1", "warning"),
        own("reload elsewhere", "LogAgentExporterReloadFailed", "g", "h2", "warning"),
        own("stale", "LogAgentExporterStale", "h", "h1", "warning"),
        own("-unknown of stale", "LogAgentStatusUnknown", "h", "h1", "warning"),
        cause("errors", "i", "h1", "LogAgentExporterObservationErrors", "", "", "warning"),
        cause("-unknown of errors", "i", "h1", "LogAgentStatusUnknown", "", "", "warning"),
    ];
    alertmanager.send(&alerts);
    let expected: BTreeSet<String> = alerts
        .iter()
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .filter(|id| id.starts_with('-'))
        .collect();
    // Alerts are judged in the order of their arrival, and inhibition at each question: ask until all have been.
    let mut inhibited = BTreeSet::new();
    until("inhibition is as expected", || {
        inhibited = alertmanager.inhibited(alerts.len());
        inhibited == expected
    });
    assert_eq!(inhibited, expected);
}
