//! The cost of optional features: following an agent's log, and pushing alerts.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Effort,
    client::until,
    exporter::{Exporter, Kind, hastened},
    machine::{LOG, config, spawn},
    numbers::{bytes, mebibytes, number},
    report::Report,
    usage::{Memory, cpu, memory},
};

/// Where alerts are pushed to.
const ALERTMANAGER: &str = "127.0.0.1:19093";
/// The factor by which intervals are shorter than the defaults.
const TIMES: u32 = 60;
/// Evaluations in an hour by default.
pub(crate) const EVALUATIONS: f64 = 240.0;
/// The lines written to the log in a busy second.
const LINES: u32 = 10_000;
/// In how many portions.
const PORTIONS: u32 = 100;

const LINE: &str =
    "[2022-12-27 05:38:33.414421]\t[info]\t[11024]\t/src/core/Some.cpp:150\t\tprofiling:started\tcount:12\n";

/// The state of the log while it is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Absent,
    Quiet,
    Written,
    /// Two GiB long, most of it a hole, while it is being written to.
    Huge,
}

impl Log {
    const ALL: [Self; 4] = [Self::Absent, Self::Quiet, Self::Written, Self::Huge];

    fn name(self) -> &'static str {
        match self {
            Self::Absent => "no log",
            Self::Quiet => "a log that nobody writes to",
            Self::Written => "10,000 lines a second",
            Self::Huge => "2 GiB, and 10,000 lines a second",
        }
    }

    fn make(self) {
        let _was_there = fs::remove_file(LOG);
        if self != Self::Absent {
            let log = File::create(LOG).unwrap();
            log.set_len(if self == Self::Huge { 2 << 30 } else { 0 }).unwrap();
            let mut log = OpenOptions::new().append(true).open(LOG).unwrap();
            log.write_all(LINE.repeat(10_000).as_bytes()).unwrap();
        }
    }

    fn is_written(self) -> bool {
        matches!(self, Self::Written | Self::Huge)
    }
}

/// Appends this many lines a second until it is stopped.
fn write(ends: &AtomicBool) {
    let mut log = OpenOptions::new().append(true).open(LOG).unwrap();
    let portion = LINE.repeat((LINES / PORTIONS).try_into().unwrap());
    let start = Instant::now();
    for written in 1.. {
        if ends.load(Ordering::Relaxed) {
            return;
        }
        log.write_all(portion.as_bytes()).unwrap();
        let due = start + Duration::from_secs(1) / PORTIONS * written;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// The cost of following the log of an agent.
pub(crate) fn log(effort: Effort, report: &mut Report) {
    report.section(
        "Following an agent's log",
        &format!(
            "CPU seconds in an hour at the default interval of 15 s, measured at intervals {TIMES} times shorter, by evaluation: of each \
             turn at most the last 256 KiB of what is new is read, which is what {LINES} lines a second are at that rate. Nothing is \
             scraped. Memory as above."
        ),
    );
    let window = effort.span(20, 4);
    let measured: Vec<(Log, f64, Memory)> = Log::ALL
        .into_iter()
        .map(|log| {
            log.make();
            let ours = Exporter::start_with(Kind::Ours, 9100, &hastened(TIMES));
            let ends = AtomicBool::new(false);
            let cost = thread::scope(|scope| {
                if log.is_written() {
                    scope.spawn(|| write(&ends));
                }
                thread::sleep(Duration::from_secs(1));
                let before = (cpu(ours.pid()), turns(&ours));
                thread::sleep(window);
                let after = (cpu(ours.pid()), turns(&ours));
                ends.store(true, Ordering::Relaxed);
                (after.0.saturating_sub(before.0)).as_secs_f64() / (after.1 - before.1) * EVALUATIONS
            });
            (log, cost, memory(ours.pid()))
        })
        .collect();
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|(log, cost, memory)| {
            vec![
                log.name().to_owned(),
                format!("{} s", number(*cost)),
                format!("{} ({})", mebibytes(bytes(memory.resident)), mebibytes(bytes(memory.anonymous))),
            ]
        })
        .collect();
    report.table(&["log", "CPU/h", "memory"], &rows);
    let of = |wanted: Log| measured.iter().find(|(log, ..)| *log == wanted).unwrap();
    let ((_, absent, quiet_memory), (_, huge, huge_memory)) = (of(Log::Absent), of(Log::Huge));
    let more = (huge - absent) / 3600.0 * 100.0;
    report.goal(
        "CPU of following a log of 2 GiB with 10,000 new lines a second",
        "≤ 0.03 % of a core",
        &format!("{} %", number(more)),
        more <= 0.03,
    );
    let grown = bytes(huge_memory.anonymous) - bytes(quiet_memory.anonymous);
    report.goal(
        "memory of following it",
        "≤ 256 KiB",
        &format!("{} KiB", number(grown / 1024.0)),
        grown <= 262_144.0,
    );
    let _was_there = fs::remove_file(LOG);
    Log::Quiet.make();
}

/// Evaluations by the timer so far.
pub(crate) fn turns(ours: &Exporter) -> f64 {
    let text = ours.text();
    let line =
        text.lines().find_map(|line| line.strip_prefix("logagent_evaluations_total{trigger=\"timer\"} "));
    line.and_then(|count| count.parse().ok()).unwrap()
}

/// Memory with an Alertmanager to push to.
pub(crate) fn push(effort: Effort, report: &mut Report) {
    let mut alertmanager = spawn("/run/programs/bench", &["--answer", ALERTMANAGER]);
    let pushing = Path::new("/run/ours.yml");
    let usual = fs::read_to_string(pushing).unwrap();
    let text = format!("{usual}alertmanagers: [{{ static_configs: [{{ targets: ['{ALERTMANAGER}'] }}] }}]\n");
    fs::write(pushing, text).unwrap();
    let ours = Exporter::start(Kind::Ours, 9100);
    until(Duration::from_secs(30), Duration::from_millis(50), || {
        let text = ours.text();
        let mut sent = text
            .lines()
            .filter_map(|line| line.strip_prefix("logagent_alertmanager_notifications_sent_total{"));
        sent.any(|line| !line.ends_with(" 0"))
    })
    .unwrap();
    thread::sleep(effort.span(10, 2));
    let used = memory(ours.pid());
    report.section(
        "With alerts pushed",
        "One Alertmanager (a stand-in that accepts everything), which has been told of the watchdog; otherwise idle, as above.",
    );
    let shown = [used.resident, used.anonymous].map(|size| mebibytes(bytes(size)));
    report.table(&["resident memory", "of that its own"], &[shown.clone().into()]);
    let [resident, _] = shown;
    report.goal(
        "resident memory with push on, idle",
        "≤ 3.5 MiB",
        &resident,
        bytes(used.resident) <= 3.5 * 1024.0 * 1024.0,
    );
    drop(ours);
    alertmanager.kill().unwrap();
    alertmanager.wait().unwrap();
    config("/run/ours.yml", 1, 2);
}
