//! Real requests over loopback: to which server, with which content, and how the answer is read.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
};

use super::*;
use crate::{
    alerting::{
        member::{Member, State},
        states::Alert,
        subject::Subject,
    },
    model::{counters::Counters, settings::AlertingSettings},
};

#[expect(clippy::disallowed_methods, reason = "an Alertmanager has a clock of its own")]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// A server that records requests, and whose clock is this many seconds ahead.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(ahead: i64, answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = String::new();
                while !is_whole(&text) {
                    let mut part = [0; 4096];
                    let read = stream.read(&mut part).await.unwrap();
                    assert!(read > 0, "the request ends early: {text}");
                    text.push_str(std::str::from_utf8(&part[..read]).unwrap());
                }
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                let date = SystemTime::UNIX_EPOCH
                    + Duration::from_secs(seconds(wall()).saturating_add_signed(ahead));
                let (length, date) = (answer.len(), httpdate::fmt_http_date(date));
                let head =
                    format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n{answer}");
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// True if a request has arrived with its body.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_ascii_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn settings() -> AlertmanagerSettings {
    AlertmanagerSettings {
        targets: Vec::new(),
        target_files: Vec::new(),
        scheme: Scheme::Http,
        path_prefix: "/am".to_owned(),
        timeout: Duration::from_secs(20),
        credentials: None,
        tls: crate::model::settings::TlsClientSettings::default(),
        proxy: None,
    }
}

fn transport(settings: AlertmanagerSettings, host: &str, port: u16) -> Transport {
    let clocks = Clocks { boot: || wall().duration_since(SystemTime::UNIX_EPOCH).unwrap(), wall };
    let network = Arc::new(Network::new(Path::new("/"), clocks));
    Transport::new(network, Arc::new(settings), (host.to_owned(), Some(port)))
}

#[tokio::test]
async fn a_token_is_read_of_its_file_at_each_request() {
    let server = Server::start(0, "").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let credentials = Secret::File(file.clone());
    let credentials = Some(HttpCredentials::Other { scheme: "Bearer".to_owned(), credentials });
    let mut transport =
        transport(AlertmanagerSettings { credentials, ..settings() }, "127.0.0.1", server.port);
    for token in ["first", "second"] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        assert_eq!(transport.post(b"[]".to_vec()).await.unwrap().status, 200);
        let asked = server.asked().pop().unwrap();
        assert!(asked.starts_with("POST /am/api/v2/alerts HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("authorization: Bearer {token}\r\n")), "{asked}");
    }
    std::fs::remove_file(file).unwrap();
    let why = transport.post(b"[]".to_vec()).await.unwrap_err();
    assert!(why.contains("cannot be read") && server.asked().len() == 2, "{why}");
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_address_and_for_a_tunnel() {
    let proxy = Server::start(0, "").await;
    let through = |scheme| AlertmanagerSettings {
        proxy: Some(("127.0.0.1".to_owned(), proxy.port)),
        scheme,
        ..settings()
    };
    // The proxy resolves names: these exist nowhere.
    let mut plain = transport(through(Scheme::Http), "am.invalid", 9093);
    assert_eq!(plain.post(b"[]".to_vec()).await.unwrap().status, 200);
    let asked = proxy.asked().pop().unwrap();
    assert!(asked.starts_with("POST http://am.invalid:9093/am/api/v2/alerts HTTP/1.1\r\n"), "{asked}");
    let mut secured = transport(through(Scheme::Https), "am.invalid", 9093);
    // It answers 200, but without TLS: no alert may be sent in plain text.
    let _why = secured.post(b"[{}]".to_vec()).await.unwrap_err();
    let asked = proxy.asked().pop().unwrap();
    assert!(asked.starts_with("CONNECT am.invalid:9093 HTTP/1.1\r\n") && !asked.contains("[{}]"), "{asked}");
}

#[tokio::test]
async fn times_are_in_the_receivers_clock_also_when_ours_is_a_day_off() {
    const DAY: i64 = 86_400;
    for ahead in [-DAY, DAY] {
        let server = Server::start(ahead, "").await;
        let alert = Alert { fired: Instant::now(), resolved: None };
        let with = |subject: Subject, earlier: &State| {
            let mut alerts = earlier.alerts.clone();
            alerts.insert(subject, alert);
            State { alerts, settings: Arc::new(AlertingSettings::default()), closing: false }
        };
        let empty = State {
            alerts: BTreeMap::new(),
            settings: Arc::new(AlertingSettings::default()),
            closing: false,
        };
        let first = with(Subject::Watchdog, &empty);
        let second = with(Subject::NoAgents, &first);
        let (sender, received) = watch::channel(Arc::new(first));
        let url = Arc::from("http://am");
        let transport = transport(settings(), "127.0.0.1", server.port);
        let member = Member::new(transport, url, Counters::default(), wall);
        let task = tokio::spawn(member.run(received));
        until(&server, 1).await;
        sender.send_replace(Arc::new(second));
        until(&server, 2).await;
        task.abort();
        let asked = server.asked();
        assert!(!asked[0].contains("startsAt"), "its clock is not known yet: {}", asked[0]);
        let body: serde_json::Value =
            serde_json::from_str(asked[1].split_once("\r\n\r\n").unwrap().1).unwrap();
        for alert in body.as_array().unwrap() {
            let starts: jiff::Timestamp = alert["startsAt"].as_str().unwrap().parse().unwrap();
            let ours = i64::try_from(seconds(wall())).unwrap();
            let off = starts.as_second() - ours - ahead;
            assert!((-120..=2).contains(&off), "{off} s off: {alert}");
            assert_eq!(alert.get("endsAt"), None);
        }
    }
}

/// Waits until this many requests have arrived.
async fn until(server: &Server, requests: usize) {
    let come = async {
        while server.asked().len() < requests {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), come).await.expect("a request comes");
}

#[tokio::test]
async fn the_resolve_timeout_is_asked_for() {
    let server = Server::start(0, r#"{"config":{"original":"global:\n  resolve_timeout: 1m30s\n  x"#).await;
    let transport = transport(settings(), "127.0.0.1", server.port);
    assert_eq!(transport.resolve_timeout().await, Some(Duration::from_secs(90)));
    let asked = server.asked().pop().unwrap();
    assert!(asked.starts_with("GET /am/api/v2/status HTTP/1.1\r\n"), "{asked}");
}

#[test]
fn the_resolve_timeout_is_read_of_a_status_also_of_the_beginning_of_one() {
    assert_eq!(resolve_timeout("resolve_timeout: 1m30s\\n"), Some(Duration::from_secs(90)));
    for other in ["", "{}", "resolve_timeout: ", "resolve_timeout: soon\n", "resolve_timeout: 5m"] {
        assert_eq!(resolve_timeout(other), None, "{other}");
    }
}
