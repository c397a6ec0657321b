//! No event is needed for correctness: with every source closed, the timer finds the same changes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{net::SocketAddr, path::Path, time::Duration};

use logagent_exporter::{
    config,
    daemon::{self, CycleOptions, DaemonOptions, Lock},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Far longer than needed, so that no test fails on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);

async fn scrape(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Scrapes until the condition holds.
async fn until(address: SocketAddr, what: &str, condition: impl Fn(&str) -> bool) -> String {
    let wait = async {
        loop {
            let seen = scrape(address).await;
            if condition(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let Ok(seen) = tokio::time::timeout(DEADLINE, wait).await else {
        panic!("{what}: {}", scrape(address).await)
    };
    seen
}

/// A daemon that watches one file of a separate root directory; `act` is given its address and that directory.
async fn with_daemon(events: bool, interval: Duration, act: impl AsyncFnOnce(SocketAddr, &Path)) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/agent.conf"), "1").unwrap();
    let text = "agents: [{ name: a, kind: custom, processes: [{ role: main, executable: /bin/nothing }], files: [/etc/agent.conf] }]";
    let path = root.path().join("exporter.yml");
    std::fs::write(&path, text).unwrap();
    let settings = config::load(&path).unwrap().0;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = DaemonOptions {
        lifecycle: false,
        instance: "web-1:10077".to_owned(),
        cycle: CycleOptions {
            rootfs: root.path().to_owned(),
            procfs: None,
            probe_interval: Duration::from_secs(3600),
            probe_timeout: Duration::from_secs(1),
        },
        evaluation_interval: interval,
        events,
        config_file: None,
        telemetry_path: "/metrics".to_owned(),
    };
    tokio::select! {
        ended = daemon::run(vec![listener.into()], Lock::open(), settings, options, |_| {}) => panic!("{ended:?}"),
        () = act(address, root.path()) => {}
    }
}

fn has_file(seen: &str) -> bool {
    seen.contains("logagent_file_modified_timestamp_seconds{agent=\"a\"")
}

async fn remove_and_replace(address: SocketAddr, root: &Path) -> String {
    until(address, "the file", has_file).await;
    std::fs::remove_file(root.join("etc/agent.conf")).unwrap();
    until(address, "no file", |seen| !has_file(seen)).await;
    std::fs::remove_dir(root.join("etc")).unwrap();
    std::fs::create_dir(root.join("etc")).unwrap();
    std::fs::write(root.join("etc/agent.conf"), "2").unwrap();
    until(address, "the file again", has_file).await
}

#[tokio::test]
async fn the_timer_finds_what_events_would_have_told() {
    with_daemon(false, Duration::from_millis(20), async |address, root| {
        let seen = remove_and_replace(address, root).await;
        assert_eq!(seen.matches("logagent_event_source_up{source=").count(), 5);
        for source in ["process_exit", "process_start", "file", "address", "clock"] {
            assert!(seen.contains(&format!("logagent_event_source_up{{source=\"{source}\"}} 0\n")), "{seen}");
        }
        for trigger in ["process", "file", "address", "clock"] {
            let none = format!("logagent_evaluations_total{{trigger=\"{trigger}\"}} 0\n");
            assert!(seen.contains(&none), "{seen}");
        }
    })
    .await;
}

#[tokio::test]
async fn events_tell_what_the_timer_would_have_found() {
    with_daemon(true, Duration::from_secs(3600), async |address, root| {
        let seen = remove_and_replace(address, root).await;
        assert!(seen.contains("logagent_evaluations_total{trigger=\"timer\"} 1\n"), "{seen}");
    })
    .await;
}
