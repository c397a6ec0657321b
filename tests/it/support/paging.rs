//! The path from the exporter to a person: Prometheus with the rules, Alertmanager with the example's routes, and a
//! receiver.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::Value;

use super::{host::Host, webhook::notification};

/// A notification comes some seconds after its defect; on a loaded machine, later.
const DEADLINE: Duration = Duration::from_secs(60);

/// A sender that has connected sends at once.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const PROMETHEUS: u16 = 9090;
pub(crate) const ALERTMANAGER: u16 = 9093;
pub(super) const RECEIVER: u16 = 9099;

/// How Prometheus finds the exporter. In practice the scrape interval is 15 s, which is too long for a test.
const PROMETHEUS_YML: &str = "\
global: { scrape_interval: 500ms, evaluation_interval: 500ms }
rule_files: [/etc/prometheus/*.rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] }
scrape_configs:
  - job_name: logagent-exporter
    static_configs:
      - targets: ['127.0.0.1:10077']
        labels: { cluster: demo, instance: 'web-1:10077' }
";

/// Runs Debian's Alertmanager with its default template at the expected path.
pub(super) const RUN_ALERTMANAGER: &str = "
    mount -t tmpfs tmpfs /usr/share
    mkdir -p /usr/share/prometheus/alertmanager
    cp /run/alertmanager/*.tmpl /usr/share/prometheus/alertmanager
    exec /run/alertmanager/prometheus-alertmanager --config.file=/etc/alertmanager/alertmanager.yml \
        --storage.path=/run/alerts --web.listen-address=127.0.0.1:$0 --cluster.listen-address=";

/// Both programs, and the received notifications.
pub(crate) struct Paging {
    programs: [Child; 2],
    arriving: Arriving,
}

impl Drop for Paging {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _gone = program.kill();
            let _gone = program.wait();
        }
    }
}

/// The rule or route with each of its durations `field` set to this value.
pub(super) fn shortened(text: &str, field: &str, duration: &str) -> String {
    let shorten = |line: &str| {
        let is_it = line.trim_start().strip_prefix(field).is_some_and(|rest| rest.starts_with(": "));
        if is_it { line.split(':').next().map(|key| format!("{key}: {duration}\n")) } else { None }
            .unwrap_or_else(|| format!("{line}\n"))
    };
    text.lines().map(shorten).collect()
}

/// The rules with each `time() - N` and `time() + N`, the durations of waiting and remembering, set to one second.
fn impatient(rules: &str) -> String {
    const NOW: &str = "time() ";
    let mut parts = rules.split(NOW);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(NOW);
        let then = ["- ", "+ "].into_iter().find_map(|sign| Some((sign, part.strip_prefix(sign)?)));
        match then {
            Some((sign, rest)) => {
                out.push_str(sign);
                out.push('1');
                out.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
            }
            None => out.push_str(part),
        }
    }
    assert!(out.contains("time() + 1)") && out.contains(">= time() - 1\n"), "{out}");
    out
}

fn committed(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Host {
    /// Starts everything between the exporter and a person. What takes minutes in the committed rules and routes
    /// takes a second here; everything else is as committed.
    pub(crate) fn paging(&self) -> Paging {
        let causes = shortened(&committed("logagent-causes.rules.yml"), "interval", "500ms");
        self.write("/etc/prometheus/logagent-causes.rules.yml", impatient(&causes));
        self.write("/etc/prometheus/logagent.rules.yml", committed("logagent.rules.yml"));
        self.write("/etc/prometheus.yml", PROMETHEUS_YML);
        let mut routes = committed("alertmanager.example.yml");
        for (field, duration) in [("group_wait", "0s"), ("group_interval", "1s")] {
            routes = shortened(&routes, field, duration);
        }
        for receiver in ["watchdog", "pager", "tickets"] {
            routes = routes.replace(
                &format!("http://{receiver}.example.com/logagent"),
                &format!("http://127.0.0.1:{RECEIVER}/{receiver}"),
            );
        }
        self.write("/etc/alertmanager/alertmanager.yml", routes);
        self.write("/etc/alertmanager/logagent.tmpl", committed("logagent.tmpl"));
        let arriving = self.receive();
        let mut alertmanager = self.command("/run", "unshare");
        alertmanager.args(["--mount", "sh", "-euc", RUN_ALERTMANAGER, &ALERTMANAGER.to_string()]);
        let mut prometheus = self.command("/run", "/run/prometheus/prometheus");
        prometheus.args(["--config.file=/etc/prometheus.yml", "--storage.tsdb.path=/run/series"]);
        prometheus.arg(format!("--web.listen-address=127.0.0.1:{PROMETHEUS}"));
        prometheus.arg("--rules.alert.resend-delay=1s");
        let programs =
            [("alertmanager", alertmanager), ("prometheus", prometheus)].map(|(name, mut command)| {
                let log = fs::File::create(self.at(&format!("/run/{name}.log"))).unwrap();
                command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null()).spawn().unwrap()
            });
        Paging { programs, arriving }
    }

    /// Takes what Alertmanager sends to its receivers.
    pub(super) fn receive(&self) -> Arriving {
        let listener = self.listen(RECEIVER);
        let (sender, arriving) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(notification) = notification(stream, PATIENCE) else { continue };
                if sender.send(notification).is_err() {
                    return;
                }
            }
        });
        Arriving(arriving)
    }
}

impl Paging {
    /// Waits until a notification has an alert of this cause as `firing` or `resolved`; returns that alert.
    pub(crate) fn until(&self, cause: &str, status: &str) -> Result<Value, String> {
        self.arriving.until("cause", cause, status)
    }

    /// Forgets the notifications so far.
    pub(crate) fn clear(&self) {
        self.arriving.take();
    }
}

/// Notifications, as they arrive at a receiver.
pub(crate) struct Arriving(Receiver<Value>);

impl Arriving {
    /// Waits until a notification has an alert with this label as `firing` or `resolved`; returns that alert.
    pub(crate) fn until(&self, label: &str, value: &str, status: &str) -> Result<Value, String> {
        self.after(Duration::ZERO, label, value, status)
    }

    /// The same for a notification that is sent only after `patience`.
    pub(crate) fn after(
        &self,
        patience: Duration,
        label: &str,
        value: &str,
        status: &str,
    ) -> Result<Value, String> {
        #[expect(clippy::disallowed_methods, reason = "real programs run on real time")]
        let deadline = std::time::Instant::now() + patience + DEADLINE;
        let mut others = Vec::new();
        loop {
            #[expect(clippy::disallowed_methods, reason = "real programs run on real time")]
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let notification = self
                .0
                .recv_timeout(left)
                .map_err(|_| format!("no notification of {value}, {status}, in time; only {others:?}"))?;
            for alert in notification["alerts"].as_array().into_iter().flatten() {
                if alert["labels"][label] == value && alert["status"] == status {
                    return Ok(alert.clone());
                }
                others.push(format!("{} {}", alert["labels"]["alertname"], alert["status"]));
            }
        }
    }

    /// What has arrived so far: the name and status of each alert.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut out = Vec::new();
        while let Ok(notification) = self.0.try_recv() {
            for alert in notification["alerts"].as_array().into_iter().flatten() {
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                out.push(format!("{} {}", word(&alert["labels"]["alertname"]), word(&alert["status"])));
            }
        }
        out
    }
}
