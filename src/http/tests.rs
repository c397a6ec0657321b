//! The server over real loopback sockets.

mod crowd;
mod events;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;
mod secure;

use std::{
    io::{self, Read as _},
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use super::*;
use crate::{
    model::{Language, report::Report},
    publish::sample,
};

/// Longer than anything here takes: it only ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    publish: watch::Sender<Arc<Published>>,
    reloads: mpsc::Receiver<ReloadRequest>,
    now: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

fn published(report: Report) -> Arc<Published> {
    Arc::new(Published::new(Arc::new(report), Some(sample::OWN), Duration::from_secs(100)))
}

async fn start(limits: Limits) -> Running {
    start_locked(limits, Security::open()).await
}

async fn start_locked(limits: Limits, security: Security) -> Running {
    let (publish, receiver) = watch::channel(published(sample::failing()));
    let (reload, reloads) = mpsc::channel(1);
    let now = Arc::new(AtomicU64::new(100));
    let clock = Arc::clone(&now);
    let server = Server {
        telemetry_path: "/metrics".to_owned(),
        max_age: Duration::from_secs(45),
        published: receiver,
        reload: Some(reload),
        security,
        allowed_hosts: AllowedHosts::new(["web-1".to_owned()]),
        now: Box::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
        limits,
    };
    let listeners = bind(Some("127.0.0.1"), 0).await.expect("loopback");
    let address = listeners[0].address().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listeners, server, async {
        let _stopped_or_dropped = stopped.await;
    }));
    Running { address, publish, reloads, now, stop, server }
}

/// Sends bytes and reads everything until the server closes.
async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connect");
    stream.write_all(request).await.expect("send");
    let mut answer = Vec::new();
    // A server that closes with unread bytes resets the connection: the answer is what came before.
    let _end_or_reset = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
    answer
}

struct Received {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|line| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name)))?;
        Some(line.split_once(':')?.1.trim())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

async fn get(running: &Running, method: &str, target: &str, headers: &str) -> Received {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    let answer = exchange(running.address, request.as_bytes()).await;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..end].to_vec()).expect("a head in ASCII");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    Received { status, head, body: answer[end + 4..].to_vec() }
}

#[tokio::test]
async fn every_route_answers_with_its_exact_type() {
    let running = start(Limits::default()).await;
    for (target, accept, content_type, beginning) in [
        ("/metrics", "", "text/plain; version=0.0.4; charset=utf-8", "# HELP logagent_exporter_build_info"),
        (
            "/metrics?x=y",
            "Accept: application/openmetrics-text\r\n",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "# TYPE logagent_exporter_build_info gauge",
        ),
        ("/", "", "text/html; charset=utf-8", "<!DOCTYPE html>\n<html lang=\"en\">"),
        ("/?lang=zh", "", "text/html; charset=utf-8", "<!DOCTYPE html>\n<html lang=\"zh-CN\">"),
        (
            "/",
            "Accept-Language: zh\r\n",
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"zh-CN\">",
        ),
        ("/api/v1/report", "", "application/json", "{\n  \"schema_version\": 1,"),
        ("/-/healthy", "", "text/plain; charset=utf-8", "healthy\n"),
        ("/-/ready", "", "text/plain; charset=utf-8", "ready\n"),
    ] {
        let got = get(&running, "GET", target, accept).await;
        assert_eq!((got.status, got.header("content-type")), (200, Some(content_type)), "{target}");
        assert!(got.text().starts_with(beginning), "{target}: {}", got.text());
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(got.header("cache-control"), Some("no-store"));
        let head = get(&running, "HEAD", target, accept).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{target}");
        let length = got.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()), "{target}");
        assert_eq!(head.header("content-type"), Some(content_type), "{target}");
        for method in ["POST", "DELETE", "OPTIONS"] {
            let got = get(&running, method, target, "").await;
            assert_eq!((got.status, got.header("allow")), (405, Some("GET, HEAD")), "{method} {target}");
        }
    }
    for target in ["/metrics/", "/nothing", "/api", "//", "/../etc/passwd", "/-/", "*"] {
        let got = get(&running, "GET", target, "").await;
        assert_eq!(got.status, 404, "{target}");
    }
}

#[tokio::test]
async fn a_request_names_exactly_one_host() {
    let running = start(Limits::default()).await;
    for (request, status) in [
        ("GET /-/ready HTTP/1.1\r\n\r\n", "400"),
        ("GET /-/ready HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET /-/ready HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /-/ready HTTP/1.0\r\n\r\n", "200"),
        ("GET /-/ready HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "200"),
    ] {
        let answer = exchange(running.address, request.as_bytes()).await;
        let answer = String::from_utf8(answer).expect("text");
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_reads_nothing_by_another_name_and_reloads_nothing() {
    let mut running = start(Limits::default()).await;
    let address = running.address;
    let asked = async |host: &str, request: &str, headers: &str| {
        let request = format!("{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        let answer = String::from_utf8(exchange(address, request.as_bytes()).await).expect("text");
        answer.split(' ').nth(1).map(str::to_owned).expect("a status")
    };
    let browser = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n";
    for (host, headers, status) in [
        ("rebound.evil.example", browser, "421"),
        ("rebound.evil.example:10077", "Origin: http://rebound.evil.example:10077\r\n", "421"),
        ("rebound.evil.example", "", "200"),
        ("web-1:10077", browser, "200"),
        ("localhost", browser, "200"),
        ("127.0.0.1", browser, "200"),
        ("[::1]:10077", browser, "200"),
    ] {
        for path in ["/metrics", "/", "/api/v1/report"] {
            assert_eq!(asked(host, &format!("GET {path}"), headers).await, status, "{host} {headers}");
        }
    }
    for headers in ["Sec-Fetch-Site: cross-site\r\n", "Origin: http://evil.example\r\n", "Origin: null\r\n"] {
        assert_eq!(asked("127.0.0.1", "POST /-/reload", headers).await, "403", "{headers}");
    }
    assert!(running.reloads.try_recv().is_err(), "nobody was asked");
}

#[tokio::test]
async fn a_reload_is_not_to_be_had_unless_it_is_enabled() {
    let (publish, receiver) = watch::channel(published(sample::failing()));
    let server = Server {
        telemetry_path: "/metrics".to_owned(),
        max_age: Duration::from_secs(45),
        published: receiver,
        reload: None,
        security: Security::open(),
        allowed_hosts: AllowedHosts::default(),
        now: Box::new(|| Duration::ZERO),
        limits: Limits::default(),
    };
    let listeners = bind(Some("127.0.0.1"), 0).await.expect("loopback");
    let address = listeners[0].address().expect("an address");
    let serving = tokio::spawn(serve(listeners, server, std::future::pending()));
    let request = b"POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = String::from_utf8(exchange(address, request).await).expect("text");
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("Lifecycle API is not enabled.\n"),
        "{answer}"
    );
    serving.abort();
    drop(publish);
}

#[tokio::test]
async fn the_page_trusts_nothing() {
    let running = start(Limits::default()).await;
    let got = get(&running, "GET", "/", "").await;
    let policy = got.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn metrics_are_compressed_for_those_who_take_it() {
    let running = start(Limits::default()).await;
    let plain = get(&running, "GET", "/metrics", "").await;
    assert_eq!(plain.header("vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(plain.header("content-encoding"), None);
    let zipped = get(&running, "GET", "/metrics", "Accept-Encoding: gzip\r\n").await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert_eq!(zipped.header("vary"), Some("Accept, Accept-Encoding"));
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&*zipped.body).read_to_end(&mut body).expect("gzip");
    assert_eq!(body, plain.body);
    let refused = get(&running, "GET", "/metrics", "Accept-Encoding: gzip;q=0\r\n").await;
    assert_eq!(refused.header("content-encoding"), None);
    assert_eq!(refused.body, plain.body);
}

#[tokio::test]
async fn a_new_report_is_seen_by_the_next_scrape_of_an_open_connection() {
    let running = start(Limits::default()).await;
    let mut stream = TcpStream::connect(running.address).await.expect("connect");
    let mut scrape = async || {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        // The last metric of the table ends the answer.
        while !String::from_utf8_lossy(&seen).contains("\nprocess_threads 2\n") {
            let read = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("in time").expect("open");
            assert_ne!(read, 0, "the connection stays open");
            seen.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(seen).expect("UTF-8")
    };
    assert!(scrape().await.contains("cause=\"dns_failure\""));
    running.publish.send_replace(published(sample::healthy()));
    assert!(!scrape().await.contains("cause=\"dns_failure\""));
}

#[tokio::test]
async fn health_is_the_age_of_the_last_evaluation() {
    let running = start(Limits::default()).await;
    for (now, status) in [(100, 200), (145, 200), (146, 503), (50, 200)] {
        running.now.store(now, Ordering::Relaxed);
        assert_eq!(get(&running, "GET", "/-/healthy", "").await.status, status, "at {now}");
    }
}

#[tokio::test]
async fn readiness_waits_for_the_first_full_evaluation_and_not_for_health() {
    let running = start(Limits::default()).await;
    running.publish.send_replace(published(Report { complete: false, ..sample::healthy() }));
    assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 503);
    running.publish.send_replace(published(sample::failing()));
    assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
}

#[tokio::test]
async fn a_reload_is_asked_for_and_its_answer_passed_on() {
    let mut running = start(Limits::default()).await;
    let mut reloads = std::mem::replace(&mut running.reloads, mpsc::channel(1).1);
    let config = tokio::spawn(async move {
        let mut results =
            [Ok(()), Err("logagent-exporter.yml:3: agents[0].kind: no such kind".to_owned())].into_iter();
        while let Some(request) = reloads.recv().await {
            let result = results.next().expect("asked twice only");
            request.send(result).expect("somebody waits");
            if results.len() == 0 {
                break;
            }
        }
    });
    for method in ["GET", "HEAD", "DELETE"] {
        let got = get(&running, method, "/-/reload", "").await;
        assert_eq!((got.status, got.header("allow")), (405, Some("POST, PUT")), "{method}");
    }
    assert_eq!(get(&running, "POST", "/-/reload", "").await.status, 200);
    let got = get(&running, "PUT", "/-/reload", "").await;
    assert_eq!((got.status, got.text()), (500, "logagent-exporter.yml:3: agents[0].kind: no such kind\n"));
    config.await.expect("the config");
    // The receiver of reload requests is gone.
    assert_eq!(get(&running, "POST", "/-/reload", "").await.status, 503);
}

#[tokio::test]
async fn bodies_are_ignored_up_to_a_size() {
    let running = start(Limits::default()).await;
    let body = "x".repeat(60_000);
    let got = get(&running, "GET", "/-/ready", &format!("Content-Length: 60000\r\n\r\n{body}")).await;
    assert_eq!(got.status, 200);
    let got = get(&running, "GET", "/-/ready", "Content-Length: 9999999999\r\n\r\n").await;
    assert_eq!(got.status, 413);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert_eq!(get(&running, "GET", "/-/ready", &chunked).await.status, 413);
}

#[tokio::test]
async fn rubbish_and_huge_heads_are_refused_and_harm_nobody() {
    let running = start(Limits::default()).await;
    for (request, status) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), "400"),
        (b"GET /metrics HTTP/9.9\r\n\r\n".to_vec(), "400"),
        (b"\0\0\0\0".to_vec(), "400"),
        ([&b"GET / HTTP/1.1\r\nX: "[..], &b"a".repeat(40_000)].concat(), "431"),
        ([&b"GET / HTTP/1.1\r\n"[..], &b"A: b\r\n".repeat(101), b"\r\n"].concat(), "431"),
    ] {
        let answer = String::from_utf8_lossy(&exchange(running.address, &request).await).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert_eq!(get(&running, "GET", "/metrics", "").await.status, 200);
}

#[tokio::test]
async fn silent_and_half_open_clients_hold_up_nobody_and_lose_their_place() {
    let limits = Limits { connections: 20, head: Duration::from_millis(300), ..Limits::default() };
    let running = start(limits).await;
    // More connections than allowed: silent, stuck in the head, gone without closing, and half-closed.
    let mut held = Vec::new();
    for n in 0..60 {
        let mut stream = TcpStream::connect(running.address).await.expect("the backlog takes it");
        match n % 4 {
            0 => {}
            1 => stream.write_all(b"GET /metrics HT").await.expect("send"),
            2 => stream.shutdown().await.expect("half-close"),
            _ => {
                drop(stream);
                continue;
            }
        }
        held.push(stream);
    }
    assert_eq!(get(&running, "GET", "/metrics", "").await.status, 200);
    for mut stream in held {
        let mut rest = Vec::new();
        let _end_or_reset =
            timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the server lets go of it");
    }
}

#[tokio::test]
async fn shutdown_lets_a_running_answer_end_and_takes_no_new_one() {
    let mut running = start(Limits { drain: PATIENCE, ..Limits::default() }).await;
    let idle = TcpStream::connect(running.address).await.expect("connect");
    let asked = tokio::spawn(exchange(running.address, b"POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n"));
    let request = timeout(PATIENCE, running.reloads.recv()).await.expect("in time").expect("a reload");
    running.stop.send(()).expect("the server runs");
    // Refused as soon as the listener is closed, while the answer is still pending.
    let refused = async {
        while let Ok(stream) = TcpStream::connect(running.address).await {
            drop(stream);
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.expect("the listener closes");
    assert!(!running.server.is_finished());
    request.send(Ok(())).expect("somebody waits");
    let answer = asked.await.expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    drop(idle);
    timeout(PATIENCE, running.server).await.expect("the server ends").expect("without a panic");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_those_who_never_end() {
    let running = start(Limits::default()).await;
    let mut stuck = TcpStream::connect(running.address).await.expect("connect");
    stuck.write_all(b"GET /metrics HT").await.expect("send");
    assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
    running.stop.send(()).expect("the server runs");
    timeout(Limits::default().head, running.server)
        .await
        .expect("before the head's deadline")
        .expect("the server");
    let mut rest = Vec::new();
    let _end_or_reset = stuck.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn addresses_are_bound_as_written() {
    let all = bind(None, 0).await.expect("a port");
    let port = all[0].address().expect("an address").port();
    TcpStream::connect(("127.0.0.1", port)).await.expect("IPv4 by the dual-stack or the second listener");
    let taken = bind(Some("127.0.0.1"), port).await.expect_err("taken");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    let taken = bind(None, port).await.expect_err("taken");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    if let Ok(six) = bind(Some("[::1]"), 0).await {
        assert!(six[0].address().expect("an address").is_ipv6());
    }
    bind(Some("name.invalid"), 0).await.expect_err("no such host");
}

#[test]
fn the_page_is_rendered_for_the_path_of_the_metrics() {
    let page = published(sample::healthy()).page(Language::English, "/m");
    assert!(String::from_utf8_lossy(&page).contains("href=\"/m\""));
}
