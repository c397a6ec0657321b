//! The allocations of a scrape and of an evaluation: independent of the number of series, and at most linear in the
//! size of a config. Counted by this binary's own allocator.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use logagent_exporter::{
    config::Settings,
    daemon::{Cycle, CycleOptions, Trigger},
    http::{self, AllowedHosts, Limits, Security, Server},
    model::{
        Status,
        report::{AgentReport, ClockReport, ExporterReport, Report},
    },
    publish::Published,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, watch},
};

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// One test counts at a time.
static COUNTS: Mutex<()> = Mutex::new(());

/// Counts bytes.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is `unsafe` by nature; this one hands everything on")]
// SAFETY: every call is the system allocator's, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller upholds the contract of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn report(agents: usize) -> Report {
    let agent = |number: usize| AgentReport {
        name: format!("agent-{number}").into(),
        kind: "custom",
        edition: "custom",
        version: String::new(),
        hostname: "web-1".to_owned(),
        instance_id: String::new(),
        container: None,
        install_dir: None,
        status: Status::Ok,
        prerequisites: Vec::new(),
        roles: Vec::new(),
        ips: Vec::new(),
        endpoints: Vec::new(),
        limits: std::collections::BTreeSet::new(),
        config_updated: None,
        sent: None,
        transitions: logagent_exporter::model::report::Transitions::default(),
        not_evaluated: Vec::new(),
        files: (0..20).map(|file| (format!("/etc/{file}"), SystemTime::UNIX_EPOCH)).collect(),
    };
    Report {
        host: String::new(),
        taken_at: SystemTime::UNIX_EPOCH,
        agents: (0..agents).map(agent).collect(),
        not_believed: logagent_exporter::model::report::NotBelieved::default(),
        limits: std::collections::BTreeSet::new(),
        clock: ClockReport::default(),
        exporter: ExporterReport::default(),
        complete: true,
    }
}

/// Bytes allocated for one scrape on an open connection, server and kernel buffers only, and the bytes that it brings.
async fn allocated_by_a_scrape(agents: usize) -> (usize, usize) {
    const SCRAPES: usize = 50;
    let (_publish, published) =
        watch::channel(Arc::new(Published::new(Arc::new(report(agents)), None, Duration::ZERO)));
    let (reload, _reloads) = mpsc::channel(1);
    let server = Server {
        telemetry_path: "/metrics".to_owned(),
        max_age: Duration::from_secs(45),
        published,
        reload: Some(reload),
        security: Security::open(),
        allowed_hosts: AllowedHosts::default(),
        now: Box::new(|| Duration::ZERO),
        limits: Limits::default(),
    };
    let listeners = http::bind(Some("127.0.0.1"), 0).await.unwrap();
    let address = listeners.first().unwrap().address().unwrap();
    let serving = tokio::spawn(http::serve(listeners, server, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut before = 0;
    let mut length = 0;
    for scrape in 0..=SCRAPES {
        if scrape == 1 {
            // The first one also pays for the connection.
            before = ALLOCATED.load(Ordering::Relaxed);
        }
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        length = 0;
        while !is_whole(buffer.get(..length).unwrap()) {
            let read = stream.read(buffer.get_mut(length..).unwrap()).await.unwrap();
            assert!(read > 0, "the connection was closed");
            length += read;
        }
    }
    let allocated = ALLOCATED.load(Ordering::Relaxed) - before;
    serving.abort();
    (allocated / SCRAPES, length)
}

/// True if the body is as long as its header says.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    // Without allocating: that would be counted.
    let head = std::str::from_utf8(answer.get(..end).unwrap()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    answer.len() - end - 4 == length.parse::<usize>().unwrap()
}

/// Runs `f` while no other test counts.
fn counting<T>(work: impl Future<Output = T>) -> T {
    let _alone = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_scrape_allocates_nothing_that_grows_with_the_series() {
    let ((few, short), (many, long)) =
        counting(async { (allocated_by_a_scrape(1).await, allocated_by_a_scrape(100).await) });
    assert!(long > 30 * short, "{short} and {long} bytes");
    assert!(many <= few + 256, "{few} bytes allocated for a scrape of {short}, {many} for one of {long}");
    assert!(few < 16 * 1024, "{few} bytes allocated for a scrape");
}

/// Allocations, bytes and problems of one evaluation of a Logtail whose config has these config servers: reading,
/// evaluating, rendering.
async fn of_an_evaluation(servers: &[String]) -> (usize, usize, usize) {
    let host = tempfile::tempdir().unwrap();
    let directory = host.path().join("usr/local/ilogtail");
    std::fs::create_dir_all(&directory).unwrap();
    let config = serde_json::json!({
        "config_server_address": "http://127.0.0.1:1",
        "config_servers": servers,
        "data_server_list": servers
            .iter()
            .map(|server| serde_json::json!({"cluster": "cn-hangzhou", "endpoint": server}))
            .collect::<Vec<_>>(),
    });
    std::fs::write(directory.join("ilogtail_config.json"), config.to_string()).unwrap();
    let mut cycle = Cycle::new(
        Settings { detect: true, ..Settings::default() },
        CycleOptions {
            rootfs: host.path().to_owned(),
            procfs: None::<PathBuf>,
            probe_interval: Duration::from_secs(3600),
            // No probe is sent in this test: each ends as soon as it has begun.
            probe_timeout: Duration::ZERO,
        },
    );
    cycle.turn(Trigger::Timer).await;
    let (bytes, allocations) = (ALLOCATED.load(Ordering::Relaxed), ALLOCATIONS.load(Ordering::Relaxed));
    let report = cycle.turn(Trigger::Timer).await;
    let published = Published::new(Arc::new(report), None, Duration::ZERO);
    let _json = published.json(logagent_exporter::model::Language::English);
    let (bytes, allocations) =
        (ALLOCATED.load(Ordering::Relaxed) - bytes, ALLOCATIONS.load(Ordering::Relaxed) - allocations);
    let prerequisites = published.report().agents.iter().flat_map(|agent| &agent.prerequisites);
    (allocations, bytes, prerequisites.map(|prerequisite| prerequisite.problems.len()).sum())
}

type Entries<'a> = &'a dyn Fn(usize) -> Vec<String>;

#[test]
fn work_and_findings_of_malformed_servers_are_linear_and_bounded() {
    let malformed = |count: usize| (0..count).map(|n| format!("http://not a server {n}")).collect::<Vec<_>>();
    let long = |length: usize| vec!["http://\u{1}x".repeat(length / 9)];
    // Their result: each is a finding, as far as findings are kept.
    let cases: [(Entries<'_>, usize, _); 2] = [(&malformed, 8_000, 32..=64), (&long, 128 << 10, 1..=8)];
    for (entries, largest, problems) in cases {
        let of = |size: usize| counting(of_an_evaluation(&entries(size)));
        let (quarter, half, whole) = (of(largest / 4), of(largest / 2), of(largest));
        for (what, [quarter, half, whole]) in
            [("allocations", [quarter.0, half.0, whole.0]), ("bytes", [quarter.1, half.1, whole.1])]
        {
            // If the work were quadratic, the second step would be four times the first.
            let (first, second) = (half.saturating_sub(quarter), whole.saturating_sub(half));
            assert!(second <= 3 * first + 4096, "{what}: {quarter}, {half}, {whole}");
        }
        assert!(problems.contains(&whole.2), "{} problems", whole.2);
    }
}
