//! Measurements of scrapes: start-up, memory, latency, size, throughput.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    Effort,
    client::{Client, Form, Target, load, until},
    exporter::{ALL, Exporter, Kind, PEERS},
    machine::spawn,
    numbers::{bytes, count, mebibytes, median, number, percentile, seconds, time},
    report::Report,
    usage::{Memory, cpu, mappings, memory},
};

/// Peers that take longer for their scrapes are not waited for.
const MOST_SCRAPING: Duration = Duration::from_secs(60);

/// The binary's size and how soon it serves.
pub(crate) fn start_up(effort: Effort, report: &mut Report) {
    let mut times: Vec<Vec<f64>> = ALL.iter().map(|_| Vec::new()).collect();
    for _round in 0..effort.of(10, 3) {
        for (kind, times) in ALL.iter().zip(&mut times) {
            times.push(Exporter::start(*kind, 9100).started_in.as_secs_f64());
        }
    }
    report.section(
        "Binary and start-up",
        "From starting the program to its first good scrape; of ours, a scrape after the first full cycle, in which every \
         endpoint was probed.",
    );
    let rows: Vec<_> = ALL
        .iter()
        .zip(&times)
        .map(|(kind, times)| {
            let size = fs::metadata(kind.program()).unwrap().len();
            vec![
                kind.name().to_owned(),
                mebibytes(bytes(size)),
                time(median(times)),
                time(percentile(times, 1.0)),
            ]
        })
        .collect();
    report.table(&["", "binary", "start-up, median", "longest"], &rows);
    let size = fs::metadata(Kind::Ours.program()).unwrap().len();
    report.goal("stripped binary", "≤ 4 MB", &format!("{} MB", number(bytes(size) / 1e6)), size <= 4_000_000);
}

/// Resident memory: idle, after 10,000 scrapes, with 1,000 open scrapers.
pub(crate) fn resident(effort: Effort, report: &mut Report) {
    let exporters: Vec<_> = (9100..).zip(ALL).map(|(port, kind)| Exporter::start(kind, port)).collect();
    thread::sleep(effort.span(10, 2));
    let now = || exporters.iter().map(|exporter| memory(exporter.pid())).collect::<Vec<Memory>>();
    let idle = now();
    let scrapes = effort.of(10_000, 1_000);
    thread::scope(|scope| {
        for exporter in &exporters {
            scope.spawn(|| {
                let mut client = Client::connect(&exporter.target, Form::Prometheus).unwrap();
                let start = Instant::now();
                for _scrape in 0..scrapes {
                    client.scrape().unwrap();
                    if !exporter.kind.is_ours() && start.elapsed() > MOST_SCRAPING {
                        break;
                    }
                }
            });
        }
    });
    let scraped = now();
    let parts = mappings(exporters[0].pid(), Kind::Ours.program());
    let mut open = Vec::new();
    let mut served = Vec::new();
    for exporter in &exporters {
        let (memory, answered) = crowd(exporter, effort.of(1_000, 200));
        open.push(memory);
        served.push(answered);
    }
    report.section(
        "Resident memory",
        &format!(
            "`Rss` of `smaps_rollup`, shared pages of libraries included; in parentheses what belongs to the process alone. Idle: \
             after start-up and one scrape. Then {scrapes} scrapes (of the peers, as many as fit into a minute); then {} open connections that have sent one request.",
            effort.of(1_000, 200)
        ),
    );
    let shown = |memory: &Memory| {
        format!("{} ({})", mebibytes(bytes(memory.resident)), mebibytes(bytes(memory.anonymous)))
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (index, exporter) in exporters.iter().enumerate() {
        rows.push(vec![
            exporter.kind.name().to_owned(),
            shown(&idle[index]),
            shown(&scraped[index]),
            shown(&open[index]),
            served[index].to_string(),
        ]);
    }
    report.table(&["", "idle", "after the scrapes", "with open scrapers", "answered at once"], &rows);
    let parts: Vec<String> =
        parts.into_iter().map(|(kind, size)| format!("{kind} {}", mebibytes(bytes(size)))).collect();
    report.note(&format!("Memory of this exporter after the scrapes: {}.", parts.join(", ")));
    let of = |kind: Kind| {
        let index = ALL.iter().position(|other| *other == kind).unwrap();
        bytes(idle[index].resident)
    };
    let (ours, sum) = (of(Kind::Ours), PEERS.into_iter().map(of).sum::<f64>());
    report.goal("resident memory, idle", "≤ 3 MiB", &mebibytes(ours), ours <= 3.0 * 1024.0 * 1024.0);
    let own = bytes(idle[0].anonymous);
    report.goal("of that its own (`RssAnon`)", "≤ 1 MiB", &mebibytes(own), own <= 1024.0 * 1024.0);
    report.goal(
        "resident memory to that of the three peers together",
        "≤ 1/12",
        &format!("1/{} ({} to {})", number(sum / ours), mebibytes(ours), mebibytes(sum)),
        ours * 12.0 <= sum,
    );
    let growth = bytes(scraped[0].anonymous) - bytes(idle[0].anonymous);
    report.goal(
        &format!("growth of its own memory over {scrapes} scrapes"),
        "none (≤ 64 KiB)",
        &format!("{} KiB", number(growth / 1024.0)),
        growth <= 65536.0,
    );
}

/// Memory with this many connections after one request each, and how many were answered: some servers accept fewer at a
/// time.
fn crowd(exporter: &Exporter, clients: usize) -> (Memory, usize) {
    // The default limit of open files is too low for this.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let mut clients: Vec<Client> =
        (0..clients).map(|_| Client::connect(&exporter.target, Form::Prometheus).unwrap()).collect();
    for client in &mut clients {
        client.ask().unwrap();
    }
    thread::sleep(Duration::from_secs(2));
    let memory = memory(exporter.pid());
    let answered = clients.iter_mut().filter_map(|client| client.answered().then_some(())).count();
    (memory, answered)
}

/// Latency at 1 and 100 clients, series and bytes, with this many processes on the host.
pub(crate) fn latency(processes: usize, effort: Effort, report: &mut Report) {
    let exporters: Vec<_> = (9100..).zip(ALL).map(|(port, kind)| Exporter::start(kind, port)).collect();
    let mut alone: Vec<Vec<Duration>> = exporters.iter().map(|_| Vec::new()).collect();
    let mut crowded = alone.clone();
    for _round in 0..effort.of(3, 1) {
        for (index, exporter) in exporters.iter().enumerate() {
            alone[index].extend(load(&exporter.target, 1, effort.span(2, 1)));
        }
        for (index, exporter) in exporters.iter().enumerate() {
            crowded[index].extend(load(&exporter.target, 100, effort.span(3, 1)));
        }
    }
    report.section(
        "Scrapes",
        &format!(
            "With {processes} sleeping processes on the host, over kept connections, in turns; requested as by Prometheus \
             (OpenMetrics, gzip). At 100 clients the wait for the others is part of the latency. Of blackbox_exporter, a scrape is \
             one probe of one endpoint."
        ),
    );
    let (alone, crowded): (Vec<_>, Vec<_>) =
        alone.iter().zip(&crowded).map(|(alone, crowded)| (seconds(alone), seconds(crowded))).unzip();
    let mut rows = Vec::new();
    for (index, exporter) in exporters.iter().enumerate() {
        let text = exporter.text();
        let series = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        let mut client = Client::connect(&exporter.target, Form::Prometheus).unwrap();
        let compressed = client.scrape().unwrap().1.len();
        rows.push(vec![
            exporter.kind.name().to_owned(),
            time(median(&alone[index])),
            time(percentile(&alone[index], 0.99)),
            time(median(&crowded[index])),
            time(percentile(&crowded[index], 0.99)),
            format!("{:.1}", median(&alone[index]) / median(&alone[0])),
            series.to_string(),
            text.len().to_string(),
            compressed.to_string(),
        ]);
    }
    let head = ["", "p50", "p99", "p50, 100 clients", "p99", "× ours", "series", "bytes", "gzip"];
    report.table(&head, &rows);
    let of = |kind: Kind| median(&alone[ALL.iter().position(|other| *other == kind).unwrap()]);
    for (kind, times) in [(Kind::Node, 10.0), (Kind::WholeNode, 10.0), (Kind::Process, 20.0)] {
        let ratio = of(kind) / of(Kind::Ours);
        report.goal(
            &format!("median scrape to that of {}", kind.name()),
            &format!("≤ 1/{}", number(times)),
            &format!("1/{}", number(ratio)),
            ratio >= times,
        );
    }
}

/// Scrapes per second, and CPU time of the server per scrape, compared with a bare hyper server that returns the same
/// bytes.
pub(crate) fn throughput(effort: Effort, report: &mut Report) {
    let ours = Exporter::start(Kind::Ours, 9100);
    thread::sleep(Duration::from_secs(1));
    let mut client = Client::connect(&ours.target, Form::Prometheus).unwrap();
    let body = client.scrape().unwrap().1.to_vec();
    fs::write(Path::new("/run/body"), &body).unwrap();
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    let mut bare = spawn("/run/programs/bare-server", &["9101", "/run/body", content_type]);
    let bare_target = Target { port: 9101, path: "/metrics".to_owned() };
    until(Duration::from_secs(5), Duration::from_millis(5), || crate::client::text(&bare_target).is_ok())
        .unwrap();
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    let window = effort.span(2, 1);
    for _round in 0..effort.of(7, 3) {
        for (index, (target, pid)) in
            [(&ours.target, ours.pid()), (&bare_target, bare.id())].into_iter().enumerate()
        {
            let before = cpu(pid);
            let scrapes = count(load(target, 8, window).len());
            rates[index].push(scrapes / window.as_secs_f64());
            costs[index].push(cpu(pid).saturating_sub(before).as_secs_f64() / scrapes);
        }
    }
    bare.kill().unwrap();
    bare.wait().unwrap();
    report.section(
        "Throughput",
        &format!(
            "8 kept connections send requests without a pause; {} bytes per answer; in turns, medians. The bare server is built with the same C \
             library and the same profile.",
            body.len()
        ),
    );
    let ratios: Vec<f64> = rates[0].iter().zip(&rates[1]).map(|(ours, bare)| ours / bare).collect();
    let mut rows = Vec::new();
    for (index, name) in ["logagent-exporter", "a bare hyper server, same bytes"].into_iter().enumerate() {
        rows.push(vec![name.to_owned(), number(median(&rates[index])), time(median(&costs[index]))]);
    }
    report.table(&["", "scrapes per second", "CPU time per scrape"], &rows);
    report.goal(
        "throughput to that of a bare hyper server",
        "≥ 0.9",
        &number(median(&ratios)),
        median(&ratios) >= 0.9,
    );
}
