//! From a fault to the changed metric: for ours by continuous scraping, for the peers by polling as Prometheus does.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    Effort,
    client::{Client, Form, Target, until},
    clock,
    exporter::{Exporter, Kind},
    machine::{ADDRESS, CONFIG, CONFIG_TEXT, HOSTS, HOSTS_TEXT, Logtail, Sleepers, ip, spawn},
    numbers::{median, percentile, time},
    report::Report,
};

/// A fault that is detected later than this was found by the timer, not by an event.
const BY_TIMER: f64 = 2.0;
/// The metric of event sources.
const EVENTS: &str = "logagent_event_source_up";
/// Until the exporter is idle after a file or an address has changed.
const AFTER_FILES: Duration = Duration::from_millis(25);
/// The same after a process has exited or started: it is read again up to 250 ms later, and all processes once. What it
/// reads again a second after an exit, faults may meet.
const AFTER_PROCESSES: Duration = Duration::from_millis(400);
/// A little longer than the timer's interval.
const PATIENCE: Duration = Duration::from_secs(25);
/// The interval of polling.
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// The number of scrapers, whose intervals are staggered.
const POLLERS: u32 = 10;

/// The lines of the metrics that a fault changes: those with all these words.
type Shows = &'static [&'static str];

const WORKER: Shows = &["logagent_processes{agent=\"logtail\",role=\"worker\"}"];
const PARAMETERS: Shows = &["logagent_problem{", "agent=\"logtail\"", "startup_parameters"];
const IP: Shows = &["logagent_problem{", "agent=\"logtail\"", "prerequisite=\"ip\""];

/// Faults of one kind, each the undoing of the one before.
struct Fault {
    name: &'static str,
    shows: Shows,
    provoke: Box<dyn FnMut(bool)>,
}

/// All faults, ours at the default intervals; and some of them as polling finds them.
pub(crate) fn faults(processes: usize, effort: Effort, logtail: &mut Logtail, report: &mut Report) {
    let mut rows = Vec::new();
    of_each_kind("", effort.of(200, 20), effort, logtail, &mut rows, report);
    polled(logtail, &mut rows);
    report.section(
        "From fault to metric",
        &format!(
            "With {processes} sleeping processes; intervals of the exporter as by default (15 s). Ours is scraped without a pause \
             (about every 0.5 ms), and the time runs from before the fault is provoked to the answer that shows it, including the provocation (`ip`, starting a program). Every second fault of a kind undoes the one before. The peers are polled \
             every 15 s, as Prometheus would, by 10 scrapers whose intervals begin 1.5 s apart, so the fault meets each at another \
             moment. None of them shows edits of the agents' config or of the hosts file at all, nor, without a time service on the host, \
             a step of the clock. Steps show in the clock's offset against the `Date` of answers; they are real, one after the \
             other, and undone."
        ),
    );
    report.table(&["", "faults", "p50", "p99", "longest"], &rows);
}

/// The same with many processes, and a busy process for each core.
pub(crate) fn under_load(
    effort: Effort,
    sleepers: &mut Sleepers,
    logtail: &mut Logtail,
    report: &mut Report,
) {
    let processes = effort.of(10_000, 2_000);
    sleepers.set(processes);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let busy: Vec<_> = (0..cores).map(|_| spawn("/run/programs/bench", &["--busy"])).collect();
    let mut rows = Vec::new();
    let suffix = format!(" ({processes} processes, cores busy)");
    of_each_kind(&suffix, effort.of(100, 10), effort, logtail, &mut rows, report);
    for mut busy in busy {
        busy.kill().unwrap();
        busy.wait().unwrap();
    }
    report.section(
        "From fault to metric, under load",
        &format!(
            "The same with {processes} sleeping processes, and a busy loop on each of the {cores} cores. The scraper and the program that provokes the fault have to wait for a core as well."
        ),
    );
    report.table(&["", "faults", "p50", "p99", "longest"], &rows);
}

/// This many faults of each kind, one after the other.
fn of_each_kind(
    suffix: &str,
    times: usize,
    effort: Effort,
    logtail: &mut Logtail,
    rows: &mut Vec<Vec<String>>,
    report: &mut Report,
) {
    let ours = Exporter::start(Kind::Ours, 9100);
    // Processes are known from the third reading on.
    until(PATIENCE * 3, Duration::from_millis(100), || evaluations(&ours.text()) >= 3.0).unwrap();
    let mut summarize = |name: &str, latencies: &[f64]| {
        let (name, p99) = (format!("{name}{suffix}"), percentile(latencies, 0.99));
        rows.push(row(&name, latencies));
        report.goal(&format!("{name} → changed metric, p99"), "≤ 50 ms", &time(p99), p99 <= 0.05);
    };
    // Without event sources each fault would only wait for the timer; one shows that.
    let by_events = ours.text().contains(EVENTS);
    let times = if by_events { times } else { 1 };
    let (kills, starts) = kills_and_starts(times, &ours.target, logtail);
    summarize("kill of the worker", &kills);
    summarize("start of the worker", &starts);
    for Fault { name, shows, mut provoke } in edits().into_iter().filter(|_| by_events) {
        summarize(name, &toggled(times, &ours.target, shows, &mut provoke));
    }
    if effort.steps_clock && by_events {
        summarize("step of the clock by ±2 s", &clock::steps(effort.of(10, 3), &ours.target));
    }
}

/// Faults of files and addresses.
fn edits() -> [Fault; 4] {
    let torn = CONFIG_TEXT.split_at(60).0;
    let bound = format!("{HOSTS_TEXT}10.9.9.9 web-1\n");
    [
        Fault {
            name: "edit of the config (in place)",
            shows: PARAMETERS,
            provoke: Box::new(move |broken| {
                fs::write(CONFIG, if broken { torn } else { CONFIG_TEXT }).unwrap();
            }),
        },
        Fault {
            name: "rename over the config",
            shows: PARAMETERS,
            provoke: Box::new(move |broken| {
                let draft = format!("{CONFIG}.new");
                fs::write(&draft, if broken { torn } else { CONFIG_TEXT }).unwrap();
                fs::rename(&draft, CONFIG).unwrap();
            }),
        },
        Fault {
            name: "change of the address",
            shows: IP,
            provoke: Box::new(|broken| {
                ip(&format!("address {} {ADDRESS}/24 dev eth0", if broken { "del" } else { "add" }));
            }),
        },
        Fault {
            name: "edit of the hosts file",
            shows: IP,
            provoke: Box::new(move |broken| {
                fs::write(HOSTS, if broken { bound.as_str() } else { HOSTS_TEXT }).unwrap();
            }),
        },
    ]
}

/// Evaluations by the timer so far.
fn evaluations(text: &str) -> f64 {
    let line =
        text.lines().find_map(|line| line.strip_prefix("logagent_evaluations_total{trigger=\"timer\"} "));
    line.and_then(|count| count.parse().ok()).unwrap_or_default()
}

fn row(name: &str, latencies: &[f64]) -> Vec<String> {
    vec![
        name.to_owned(),
        latencies.len().to_string(),
        time(median(latencies)),
        time(percentile(latencies, 0.99)),
        time(percentile(latencies, 1.0)),
    ]
}

fn kills_and_starts(times: usize, target: &Target, logtail: &mut Logtail) -> (Vec<f64>, Vec<f64>) {
    let mut watch = Watch::new(target, WORKER);
    let (mut kills, mut starts) = (Vec::new(), Vec::new());
    for round in 0..times {
        kills.push(watch.provoke(|| logtail.kill_worker()));
        settle(round, AFTER_PROCESSES);
        starts.push(watch.provoke(|| logtail.start_worker()));
        settle(round, AFTER_PROCESSES);
        if are_polled(&kills) {
            break;
        }
    }
    (kills, starts)
}

fn toggled(times: usize, target: &Target, shows: Shows, provoke: &mut dyn FnMut(bool)) -> Vec<f64> {
    let mut watch = Watch::new(target, shows);
    let mut latencies = Vec::new();
    for round in 0..times {
        latencies.push(watch.provoke(|| provoke(round % 2 == 0)));
        settle(round, AFTER_FILES);
        // An even number, so that the initial state is restored.
        if latencies.len() % 2 == 0 && are_polled(&latencies) {
            break;
        }
    }
    latencies
}

/// If no event reports the fault, there is no point in waiting two hundred times for the timer.
fn are_polled(latencies: &[f64]) -> bool {
    latencies.len() >= 2 && median(latencies) > BY_TIMER
}

/// Lets the exporter become idle, at varying phases of its interval.
fn settle(round: usize, pause: Duration) {
    let jitter = u64::try_from(round * 7919 % 37).unwrap();
    thread::sleep(pause + Duration::from_millis(jitter));
}

/// Scrapes without a pause, and detects when certain lines change.
struct Watch {
    client: Client,
    shows: Shows,
    seen: String,
}

impl Watch {
    fn new(target: &Target, shows: Shows) -> Self {
        let mut watch =
            Self { client: Client::connect(target, Form::Plain).unwrap(), shows, seen: String::new() };
        watch.seen = watch.look();
        watch
    }

    fn look(&mut self) -> String {
        let (status, body) = self.client.scrape().unwrap();
        assert_eq!(status, 200);
        lines(&String::from_utf8_lossy(body), self.shows)
    }

    /// Seconds from before the fault to the answer that shows it.
    fn provoke(&mut self, fault: impl FnOnce()) -> f64 {
        let start = Instant::now();
        fault();
        loop {
            let now = self.look();
            if now != self.seen {
                self.seen = now;
                return start.elapsed().as_secs_f64();
            }
            assert!(start.elapsed() < PATIENCE, "the fault does not show in {:?}: {now}", self.shows);
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// The lines that hold all the words.
fn lines(text: &str, words: &[&str]) -> String {
    let of_interest = text.lines().filter(|line| words.iter().all(|word| line.contains(word)));
    of_interest.collect::<Vec<_>>().join("\n")
}

/// Kills, starts and changes of the address, as seen by scraping the peers every 15 s.
fn polled(logtail: &mut Logtail, rows: &mut Vec<Vec<String>>) {
    let process = Exporter::start(Kind::Process, 9101);
    let node = Exporter::start(Kind::Node, 9102);
    let watched: [(&Target, Shows); 2] = [
        (&process.target, &["namedprocess_namegroup_num_procs{groupname=\"ilogtail\"}"]),
        (&node.target, &["node_network_address_info", ADDRESS]),
    ];
    let mut latencies = [Vec::new(), Vec::new()];
    for broken in [true, false] {
        let pollers = POLLERS;
        let seen = thread::scope(|scope| {
            let start = Instant::now();
            let threads: Vec<_> = (0..pollers)
                .flat_map(|poller| watched.map(|(target, shows)| (poller, target, shows)))
                .map(|(poller, target, shows)| {
                    let mut watch = Watch::new(target, shows);
                    // Offset by half a step, so that the phases are evenly distributed around the fault.
                    let phase = POLL_INTERVAL * (2 * poller + 1) / (2 * pollers);
                    scope.spawn(move || {
                        let mut due = start + phase;
                        loop {
                            thread::sleep(due.saturating_duration_since(Instant::now()));
                            if watch.look() != watch.seen {
                                return start.elapsed().as_secs_f64();
                            }
                            due += POLL_INTERVAL;
                            assert!(start.elapsed() < POLL_INTERVAL * 3, "{shows:?} never shows");
                        }
                    })
                })
                .collect();
            if broken {
                logtail.kill_worker();
                ip(&format!("address del {ADDRESS}/24 dev eth0"));
            } else {
                logtail.start_worker();
                ip(&format!("address add {ADDRESS}/24 dev eth0"));
            }
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<f64>>()
        });
        for (index, latency) in seen.into_iter().enumerate() {
            latencies[index % 2].push(latency);
        }
    }
    rows.push(row("kill and start, process-exporter polled every 15 s", &latencies[0]));
    rows.push(row("change of the address, node_exporter polled every 15 s", &latencies[1]));
}
