//! The CPU time of watching, and how it grows with processes, endpoints and agents.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    Effort,
    client::{Client, Form, Target},
    exporter::{ALL, Exporter, Kind, hastened},
    listing::Listing,
    machine::{Sleepers, config},
    numbers::{bytes, mebibytes, median, number, time},
    report::Report,
    usage::{cpu, memory},
};

/// The default scrape interval of all exporters.
const SCRAPE_INTERVAL: Duration = Duration::from_secs(15);
/// Ours probes each endpoint every 60 s, so `blackbox_exporter` is asked at every fourth scrape.
const SCRAPES_PER_PROBE: u32 = 4;
/// The port of the first.
const PORT: u16 = 9100;

/// What one subject cost.
struct Cost {
    kind: Kind,
    /// CPU seconds in an hour of scrapes every 15 s.
    per_hour: f64,
    /// Median latency of a scrape, seconds.
    scrape: f64,
}

/// Runs the subjects side by side with all intervals `times` shorter than by default.
fn costs(kinds: &[Kind], times: u32, window: Duration) -> Vec<Cost> {
    let exporters: Vec<Exporter> = (PORT..)
        .zip(kinds)
        .map(|(port, kind)| match kind {
            Kind::Ours | Kind::Glibc => Exporter::start_with(*kind, port, &hastened(times)),
            Kind::Node | Kind::WholeNode | Kind::Process | Kind::Blackbox => Exporter::start(*kind, port),
        })
        .collect();
    let endpoints = endpoints(&exporters[0].text());
    let mut clients: Vec<Vec<Client>> = exporters.iter().map(|e| clients(e, &endpoints)).collect();
    // Start-up is not part of the measured hour.
    thread::sleep(Duration::from_secs(1));
    let before: Vec<Duration> = exporters.iter().map(|exporter| cpu(exporter.pid())).collect();
    let mut latencies: Vec<Vec<f64>> = exporters.iter().map(|_| Vec::new()).collect();
    let (start, tick) = (Instant::now(), SCRAPE_INTERVAL / times);
    let mut round = 0;
    let mut order: Vec<usize> = (0..exporters.len()).collect();
    while start.elapsed() < window {
        for &index in &order {
            let exporter = &exporters[index];
            if exporter.kind == Kind::Blackbox && round % SCRAPES_PER_PROBE != 0 {
                continue;
            }
            for client in &mut clients[index] {
                let start = Instant::now();
                client.scrape().unwrap();
                latencies[index].push(start.elapsed().as_secs_f64());
            }
        }
        round += 1;
        // The first after the pause finds the processor's caches cold: each is first in turn.
        order.rotate_left(1);
        thread::sleep((start + tick * round).saturating_duration_since(Instant::now()));
    }
    // The measurement covers this many rounds, however long they took.
    let hour = 3600.0 / SCRAPE_INTERVAL.as_secs_f64() / f64::from(round);
    exporters
        .iter()
        .zip(before)
        .zip(latencies)
        .map(|((exporter, before), latencies)| Cost {
            kind: exporter.kind,
            per_hour: cpu(exporter.pid()).saturating_sub(before).as_secs_f64() * hour,
            scrape: median(&latencies),
        })
        .collect()
}

/// One connection; of `blackbox_exporter`, one for each endpoint that ours probes.
fn clients(exporter: &Exporter, endpoints: &[String]) -> Vec<Client> {
    let port = exporter.target.port;
    let targets = match exporter.kind {
        Kind::Blackbox => endpoints
            .iter()
            .map(|url| Target { port, path: format!("/probe?module=http_2xx&target={url}") })
            .collect(),
        Kind::Ours | Kind::Glibc | Kind::Node | Kind::WholeNode | Kind::Process => {
            vec![exporter.target.clone()]
        }
    };
    targets.iter().map(|target| Client::connect(target, Form::Prometheus).unwrap()).collect()
}

/// The URLs that ours probes.
fn endpoints(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("logagent_endpoint_up{"));
    lines.filter_map(|line| Some(line.split_once("url=\"")?.1.split_once('"')?.0.to_owned())).collect()
}

fn share_of_a_core(per_hour: f64) -> f64 {
    per_hour / 3600.0 * 100.0
}

/// CPU time per hour with no, 500 and 10,000 processes, and the curve between.
pub(crate) fn processes(effort: Effort, sleepers: &mut Sleepers, report: &mut Report) {
    report.section(
        "CPU time",
        "CPU seconds in an hour of scrapes every 15 s, by the process's own CPU clock, over all threads. Accelerated: every interval \
         (scrapes, evaluations, probes) is shorter by the factor given, and the cost of the rounds is scaled to the 240 of an hour; \
         what a program does between rounds is so much shorter too, which favours the Go programs' idle runtime. \
         blackbox_exporter probes the same endpoints every 60 s, as ours does. The last two lines are not accelerated.",
    );
    let mut rows = Vec::new();
    let mut listing = Listing::default();
    let counts = [(0, 60), (100, 60), (500, 60), (2_000, 15), (10_000, 5)];
    let counts = if effort.quick { &counts[..3] } else { &counts[..] };
    for (count, times) in counts {
        sleepers.set(*count);
        let costs = costs(&ALL, *times, if *times < 60 { effort.span(30, 5) } else { effort.span(10, 4) });
        rows.extend(row(&format!("{count} processes, ×{times}"), &costs));
        if *count == 10_000 {
            judge_growth(&costs, report);
        }
        if [500, 10_000].contains(count) {
            listing.measure(*count, effort);
        }
    }
    if !effort.quick {
        for count in [500, 0] {
            sleepers.set(count);
            let costs = costs(&ALL, 1, Duration::from_secs(120));
            rows.extend(row(&format!("{count} processes, ×1"), &costs));
            if count == 500 {
                judge_share(&costs, report);
            }
        }
    }
    sleepers.set(0);
    let head: Vec<&str> = ["sleeping processes"].into_iter().chain(ALL.map(Kind::name)).collect();
    report.table(&head, &rows);
    listing.report(report);
}

fn row(name: &str, costs: &[Cost]) -> [Vec<String>; 1] {
    let cell = |cost: &Cost| {
        format!(
            "{} s ({} %), scrape {}",
            number(cost.per_hour),
            number(share_of_a_core(cost.per_hour)),
            time(cost.scrape)
        )
    };
    [[name.to_owned()].into_iter().chain(costs.iter().map(cell)).collect()]
}

fn per_hour(costs: &[Cost], kind: Kind) -> f64 {
    costs.iter().find(|cost| cost.kind == kind).unwrap().per_hour
}

fn judge_share(costs: &[Cost], report: &mut Report) {
    let share = share_of_a_core(per_hour(costs, Kind::Ours));
    report.goal(
        "CPU with 500 processes at 15 s scrapes",
        "≤ 0.03 % of a core",
        &format!("{} %", number(share)),
        share <= 0.03,
    );
}

fn judge_growth(costs: &[Cost], report: &mut Report) {
    let (ours, process) = (per_hour(costs, Kind::Ours), per_hour(costs, Kind::Process));
    report.goal(
        "CPU with 10,000 processes to that of process-exporter",
        "≤ 1/10",
        &format!("1/{}", number(process / ours)),
        ours * 10.0 <= process,
    );
}

/// How cost grows with endpoints and with agents.
pub(crate) fn curves(effort: Effort, report: &mut Report) {
    report.section(
        "Scaling",
        "Ours, and blackbox_exporter that probes the same endpoints as often (×60, as above). Each agent is a custom one with one \
         endpoint, beside one Logtail.",
    );
    let mut rows = Vec::new();
    let endpoints: &[usize] = if effort.quick { &[1, 50] } else { &[1, 10, 20, 50] };
    let agents: &[usize] = if effort.quick { &[20] } else { &[5, 10, 20] };
    let all = endpoints.iter().map(|n| (1, *n)).chain(agents.iter().map(|n| (*n, 1)));
    for (agents, endpoints) in all {
        config("/run/ours.yml", agents, endpoints);
        let costs = costs(&[Kind::Ours, Kind::Blackbox], 60, effort.span(6, 3));
        let ours = Exporter::start(Kind::Ours, PORT);
        let text = ours.text();
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        rows.push(vec![
            agents.to_string(),
            endpoints.to_string(),
            series.to_string(),
            text.len().to_string(),
            mebibytes(bytes(memory(ours.pid()).resident)),
            time(costs[0].scrape),
            format!("{} s", number(costs[0].per_hour)),
            format!("{} s", number(costs[1].per_hour)),
        ]);
    }
    config("/run/ours.yml", 1, 2);
    let head = [
        "agents",
        "endpoints each",
        "series",
        "bytes",
        "RSS",
        "scrape p50",
        "CPU/h",
        "blackbox_exporter CPU/h",
    ];
    report.table(&head, &rows);
}
