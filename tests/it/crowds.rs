//! Many clients at once, and slow clients: all are answered, without delaying any evaluation.

use std::{
    io::Read as _,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    events::{a_kill_shows, a_start_shows, hourly, workers},
    support::{Connection, Exporter, Host, PORT, Seen},
};

const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
const HALF: &[u8] = b"GET /metrics HTTP/1.1\r\nhost:";

/// Raises this process's limit, so that it can have crowds of clients on several machines at once.
fn allow_many_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

/// The exporter's private memory, in KiB.
fn anonymous(host: &Host, exporter: &Exporter<'_>) -> u64 {
    let rollup = host.read(&format!("/proc/{}/smaps_rollup", exporter.pid));
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Expects a whole scrape, in which Logtail has this many workers.
#[track_caller]
fn takes_a_scrape(client: &mut Connection, expected: f64) {
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 200);
    let seen = Seen::parse(answer.text());
    assert_eq!(workers(&seen), Some(expected));
    // It begins with the build info and ends with the metrics of the exporter's process.
    assert_eq!(seen.of("logagent_exporter_build_info").count(), 1);
    assert_eq!(seen.of("process_threads").count(), 1);
}

#[test]
fn a_thousand_scrapers_at_once_are_all_answered_in_little_memory() {
    allow_many_descriptors();
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let before = anonymous(&host, &exporter);
    let mut kept = host.connections(PORT, 1000);
    for _round in 0..2 {
        for client in &mut kept {
            client.send(SCRAPE).unwrap();
        }
        for client in &mut kept {
            takes_a_scrape(client, 1.0);
        }
    }
    let grown = anonymous(&host, &exporter).saturating_sub(before);
    println!("{before} KiB, with 1,000 open scrapers {grown} KiB more");
    assert!(grown < 4 * 1024, "{grown} KiB more with 1,000 open scrapers");
    // More clients connect, and the earlier ones stay.
    let mut others = host.connections(PORT, 500);
    for client in &mut others {
        client.send(SCRAPE).unwrap();
        takes_a_scrape(client, 1.0);
    }
    a_kill_shows(&exporter, &host);
    for client in &mut kept {
        client.send(SCRAPE).unwrap();
        takes_a_scrape(client, 0.0);
    }
}

#[test]
fn more_clients_than_there_are_places_are_all_answered() {
    allow_many_descriptors();
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let mut clients = Vec::new();
    for _hundred in 0..25 {
        let mut more = host.connections(PORT, 100);
        for client in &mut more {
            client.send(SCRAPE).unwrap();
        }
        for client in &mut more {
            takes_a_scrape(client, 1.0);
        }
        clients.extend(more);
    }
    assert_eq!(clients.len(), 2500);
    assert_eq!(workers(&exporter.scrape()), Some(1.0));
    // The first ones were evicted, the last ones stay.
    assert_eq!(clients[0].stream().read(&mut [0]).unwrap(), 0, "closed");
    let last = clients.last_mut().unwrap();
    last.send(SCRAPE).unwrap();
    takes_a_scrape(last, 1.0);
}

#[test]
fn slow_readers_and_half_open_clients_delay_neither_scrapes_nor_evaluations() {
    const ASKED: usize = 60;
    allow_many_descriptors();
    let host = Host::with_logtail();
    // Segments as large as on a real network: the kernel then buffers less unread data.
    host.ip("link set lo mtu 1500");
    let exporter = hourly(&host);
    let length = exporter.get("/metrics").len();
    let mut slow = host.connections(PORT, 400);
    for client in &mut slow {
        client.send(&SCRAPE.repeat(ASKED)).unwrap();
    }
    let mut half = host.connections(PORT, 400);
    for client in &mut half {
        client.send(HALF).unwrap();
    }
    let silent = host.connections(PORT, 400);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut taken = vec![0; slow.len()];
            while !done.load(Ordering::Relaxed) {
                // Every second one reads nothing, the others a byte at a time.
                for (index, client) in slow.iter_mut().enumerate().step_by(2) {
                    let stream = client.stream();
                    stream.set_nonblocking(true).unwrap();
                    taken[index] += stream.read(&mut [0]).unwrap_or_default();
                }
            }
            taken
        });
        let provoked = || {
            for _ in 0..3 {
                a_kill_shows(&exporter, &host);
                a_start_shows(&exporter, &host);
            }
            let mut fresh = host.connections(PORT, 100);
            for client in &mut fresh {
                client.send(SCRAPE).unwrap();
                takes_a_scrape(client, 1.0);
            }
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(provoked));
        done.store(true, Ordering::Relaxed);
        let taken = reading.join().unwrap();
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
        assert!(taken.iter().any(|taken| *taken > 0), "the slow readers do read");
    });
    // No client got its whole answer: they delayed the exporter as much as possible.
    let mut rest = Vec::new();
    let stream = slow[1].stream();
    stream.set_nonblocking(true).unwrap();
    let _so_far = stream.read_to_end(&mut rest);
    assert!(rest.len() < ASKED * length, "{} of {} bytes", rest.len(), ASKED * length);
    drop((half, silent));
}

#[test]
fn too_large_a_head_is_refused_in_words() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    let long = format!("x: {}", "a".repeat(20_000));
    let many: Vec<String> = (0..100).map(|number| format!("x-{number}: a")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for headers in [&[long.as_str()][..], &many] {
        assert_eq!(exporter.request("GET", "/metrics", headers).status, 431);
    }
    let large = format!("x: {}", "a".repeat(10_000));
    assert_eq!(exporter.request("GET", "/metrics", &[&large]).status, 200);
}
