//! One real Alertmanager with the committed config, a hundred and fifty times faster, and what arrives at its receivers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    engine::{Alert, Firing},
    history::{Cluster, History, STEPS},
    webhook::notification,
    yaml,
};

/// The real time of a step of 15 seconds.
const STEP: Duration = Duration::from_millis(100);
/// An alert lasts this many steps after it was last sent, as with Prometheus; more than its sixteen, as steps are
/// short.
const LEASE: u32 = 60;
/// A sender that has connected sends at once, but Alertmanager has thousands of connections here.
const PATIENCE: Duration = Duration::from_secs(30);
/// Prometheus sends firing alerts again each minute, and resolved ones for some minutes.
const RESEND: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Firing,
    Resolved,
}

/// An alert of a notification.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    /// Of which history.
    pub(crate) of: String,
    /// Which notification; several alerts may be in one.
    pub(crate) id: usize,
    pub(crate) step: usize,
    pub(crate) alert: Alert,
    pub(crate) status: Status,
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// A label that distinguishes histories that have no cluster. Each has the committed routes as its own; receivers do
/// not see it.
const HISTORY: &str = "history";

/// A step that takes longer than this in real time proves nothing: it is not known in which step a notification was sent.
const LONGEST_STEP: Duration = STEP.saturating_mul(LEASE / 3);
/// The maximum number of attempts on a busy machine.
const ATTEMPTS: usize = 5;

/// Sends the alerts of all histories, step by step; returns the notifications. Begins again if the machine was too busy.
pub(crate) fn notified(
    repository: &Path,
    alerts: &Path,
    histories: &[History],
    firing: &Firing,
) -> Vec<Notification> {
    (0..ATTEMPTS)
        .find_map(|_| attempt(repository, alerts, histories, firing))
        .expect("the machine is too busy: in each attempt a step took more than two seconds, or alerts expired between two sends")
}

/// `None` if steps took too long.
fn attempt(
    repository: &Path,
    alerts: &Path,
    histories: &[History],
    firing: &Firing,
) -> Option<Vec<Notification>> {
    let step = Arc::new(AtomicUsize::new(0));
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = listener.local_addr().unwrap().to_string();
    let (now, inbox) = (Arc::clone(&step), Arc::clone(&arrived));
    std::thread::spawn(move || {
        for (id, stream) in listener.incoming().flatten().enumerate() {
            let (now, inbox) = (Arc::clone(&now), Arc::clone(&inbox));
            std::thread::spawn(move || {
                if let Some(body) = notification(stream, PATIENCE) {
                    let step = now.load(Ordering::SeqCst);
                    inbox.lock().unwrap().extend(parsed(id, step, &body));
                }
            });
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let (_alertmanager, address) = start(repository, alerts, directory.path(), &receiver, histories);
    let mut leases = Leases::default();
    for current in 0..STEPS {
        step.store(current, Ordering::SeqCst);
        let begun = clock();
        let sent = to_send(histories, firing, current);
        if !sent.is_empty() {
            post(&address, &Value::from(sent));
        }
        if !leases.hold(histories, current, begun, clock()) {
            return None;
        }
        pause(STEP.saturating_sub(begun.elapsed()));
        if begun.elapsed() > LONGEST_STEP {
            return None;
        }
    }
    let mut all = std::mem::take(&mut *arrived.lock().unwrap());
    all.sort_by_key(|one: &Notification| (one.step, one.id));
    Some(all)
}

#[expect(clippy::disallowed_methods, reason = "a real program runs on real time")]
fn clock() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "what is left of a step, in which Alertmanager's timers run")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// The committed config with every duration shortened like a step, and with the receivers here.
fn config(alerts: &Path, receiver: &str, histories: &[History]) -> Value {
    let shorter = |line: &str| {
        let field = ["group_wait: ", "group_interval: ", "repeat_interval: "]
            .iter()
            .find_map(|field| line.split_once(field).map(|(before, value)| (before, field, value)));
        let Some((before, field, value)) = field else { return format!("{line}\n") };
        let (number, unit) = value.split_at(value.len() - 1);
        let seconds = number.parse::<u32>().unwrap()
            * match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86400,
                other => panic!("{other}"),
            };
        format!("{before}{field}{}ms\n", (STEP * seconds / 15).as_millis())
    };
    let mut config: String =
        fs::read_to_string(alerts.join("alertmanager.example.yml")).unwrap().lines().map(shorter).collect();
    for name in ["watchdog", "pager", "tickets"] {
        config = config.replace(&format!("http://{name}.example.com"), &format!("http://{receiver}"));
    }
    let mut config = yaml::parsed(&config).unwrap();
    let committed = config["route"].clone();
    let routes = config["route"]["routes"].as_array_mut().unwrap();
    let alone = histories.iter().filter(|history| history.cluster == Cluster::Absent);
    let own = alone.map(|history| {
        let mut route = committed.clone();
        route["matchers"] = json!([format!("{HISTORY} = \"{}\"", history.key())]);
        route
    });
    routes.splice(0..0, own);
    config
}

fn start(
    repository: &Path,
    alerts: &Path,
    directory: &Path,
    receiver: &str,
    histories: &[History],
) -> (Ended, String) {
    let config = config(alerts, receiver, histories).to_string();
    fs::write(directory.join("alertmanager.yml"), config).unwrap();
    fs::copy(alerts.join("logagent.tmpl"), directory.join("logagent.tmpl")).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let child = Command::new(repository.join("scripts/alertmanager"))
        .arg(format!("--config.file={}", directory.join("alertmanager.yml").display()))
        .arg(format!("--storage.path={}", directory.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = Ended(child);
    let deadline = clock() + Duration::from_secs(60);
    while TcpStream::connect(&address).is_err() {
        assert!(clock() < deadline, "Alertmanager does not listen");
        pause(Duration::from_millis(20));
    }
    (child, address)
}

/// Whether a server sends everything that fires at a step, not only what has changed: regularly, and when it is back.
fn sends_all(history: &History, server: usize, step: usize) -> bool {
    let back = step.checked_sub(1).is_some_and(|before| history.away(server, before));
    !history.away(server, step) && (step % RESEND == server || back)
}

/// When each server of each history last sent everything. Each step may be short enough, and several of them together
/// too long: then Alertmanager resolves what still fires, as it does if Prometheus is silent.
#[derive(Default)]
struct Leases(BTreeMap<(usize, usize), Instant>);

impl Leases {
    /// False if alerts may have expired before what was sent at this step arrived.
    fn hold(&mut self, histories: &[History], step: usize, begun: Instant, arrived: Instant) -> bool {
        histories.iter().enumerate().all(|(number, history)| {
            history.servers().all(|server| {
                let sent = self.0.entry((number, server)).or_insert(begun);
                let holds = arrived.duration_since(*sent) < STEP * LEASE;
                if sends_all(history, server, step) {
                    *sent = begun;
                }
                holds
            })
        })
    }
}

#[test]
fn steps_that_together_outlast_the_lease_of_an_alert_prove_nothing() {
    use crate::history::{Event, What};
    let event = |from, until| Event { hosts: vec![0], from, until, what: What::Restart(None) };
    let history = |events| History { events, ..History::random(1) };
    let hold = |history: History, each: Duration| {
        let (begin, mut leases) = (clock(), Leases::default());
        let at = |step: usize| begin + each * u32::try_from(step).unwrap();
        (0..STEPS).all(|step| leases.hold(std::slice::from_ref(&history), step, at(step), at(step)))
    };
    let slow = Duration::from_millis(1600);
    assert!(slow < LONGEST_STEP);
    assert!(hold(history(vec![]), Duration::from_millis(1400)));
    assert!(!hold(history(vec![]), slow), "each alert is sent in every fourth step");
    let away = || history(vec![event(40, 52)]);
    assert!(hold(away(), STEP) && !hold(away(), Duration::from_millis(600)), "nothing is sent meanwhile");
}

/// What the Prometheus servers send at a step.
fn to_send(histories: &[History], firing: &Firing, step: usize) -> Vec<Value> {
    let now = Timestamp::now();
    let later = now + STEP * LEASE;
    let mut out = Vec::new();
    for history in histories {
        for (server, alerts) in firing[&history.key()].iter().enumerate() {
            if history.away(server, step) {
                continue;
            }
            let fire = paged(&alerts[step]);
            let all = sends_all(history, server, step);
            let before: BTreeSet<&Alert> = (1..=RESEND * 4)
                .filter_map(|ago| step.checked_sub(ago))
                .flat_map(|step| paged(&alerts[step]))
                .collect();
            let just = step.checked_sub(1).map(|step| paged(&alerts[step])).unwrap_or_default();
            let mut send = |alert: &Alert, until: Timestamp| {
                let mut labels = alert.clone();
                if history.cluster == Cluster::Absent {
                    labels.insert(HISTORY.to_owned(), history.key());
                }
                out.push(json!({ "labels": labels, "endsAt": until.to_string() }));
            };
            for alert in &fire {
                if all || !just.contains(alert) {
                    send(alert, later);
                }
            }
            for alert in before.into_iter().filter(|alert| !fire.contains(*alert)) {
                if all || just.contains(alert) {
                    send(alert, now);
                }
            }
        }
    }
    out
}

/// The alerts that page: the group of the others is notified every hour, which is longer than a history.
fn paged(alerts: &BTreeSet<Alert>) -> BTreeSet<&Alert> {
    alerts.iter().filter(|alert| alert["severity"] == "critical").collect()
}

fn post(address: &str, alerts: &Value) {
    let body = alerts.to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /api/v2/alerts HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn parsed(id: usize, step: usize, body: &Value) -> Vec<Notification> {
    let alerts = body["alerts"].as_array().into_iter().flatten();
    alerts
        .map(|alert| {
            let mut labels: Alert = serde_json::from_value(alert["labels"].clone()).unwrap();
            let of = labels.remove(HISTORY).unwrap_or_else(|| labels["cluster"].clone());
            let status = if alert["status"] == "firing" { Status::Firing } else { Status::Resolved };
            Notification { of, id, step, alert: labels, status }
        })
        .collect()
}
