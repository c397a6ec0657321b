//! `make test-faults`: injects faults of hosts repeatedly while the exporter runs. After each fault an agent is killed
//! and started, which has to be detected; resource usage must not have grown. `FAULTS_MINUTES=20` runs for this long
//! (default 3); `FAULTS_WRITE=1` writes `docs/faults.md`.
//! `FAULTS_CLOCK=0` leaves the clock alone, which belongs to the whole machine and is otherwise set a day forward and back.
//!
//! Not a test, but built as one: it needs root, minutes, and a machine whose clock may be set.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::disallowed_methods,
    reason = "a failed fault may panic; it measures time"
)]

#[expect(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;

mod acts;

use std::{
    env,
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use acts::{FAULTS, Fault, config};
use support::{Exporter, Host, Seen, User, eventually};

/// Where the figures go.
const DOCUMENT: &str = "docs/faults.md";
/// Resources that may stay in use after a fault: threads that read files and resolve names are kept while they are used
/// occasionally.
const MOST_GROWTH: Usage = Usage { memory: 1 << 20, descriptors: 4, threads: 8 };
/// A kill that is shown later than this was only found by the timer.
const LATE: Duration = Duration::from_secs(5);

/// The exporter's resource usage.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    memory: u64,
    descriptors: u64,
    threads: u64,
}

/// The results of one fault, over all rounds.
#[derive(Debug, Default)]
struct Outcome {
    shown_in: Vec<Duration>,
    growth: Usage,
    left_out: bool,
}

fn main() {
    let minutes: u64 = env::var("FAULTS_MINUTES").map_or(3, |minutes| minutes.parse().unwrap());
    let sets_clock = env::var("FAULTS_CLOCK").as_deref() != Ok("0");
    let only = env::var("FAULTS_ONLY").ok();
    let (started, mut rounds) = (Instant::now(), 0_u32);
    let mut outcomes: Vec<Outcome> = FAULTS.iter().map(|_| Outcome::default()).collect();
    while rounds == 0 || started.elapsed() < Duration::from_secs(minutes * 60) {
        for (fault, outcome) in FAULTS.iter().zip(&mut outcomes) {
            if fault.sets_clock && !sets_clock || only.as_ref().is_some_and(|only| !fault.what.contains(only))
            {
                outcome.left_out = true;
                continue;
            }
            println!("{}: {}", rounds + 1, fault.what);
            inflict(fault, outcome);
        }
        rounds += 1;
    }
    let document = document(rounds, started.elapsed(), &outcomes);
    println!("{document}");
    if env::var_os("FAULTS_WRITE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT), document).unwrap();
    }
}

/// One fault on a separate machine.
fn inflict(fault: &Fault, outcome: &mut Outcome) {
    let host = Host::with_logtail();
    let exporter = start(fault, &host);
    exporter.shows(fault.shows);
    // Once before, so that first-time costs do not count as growth.
    kill_and_start(&exporter, &host, fault.shows);
    let before = usage(&exporter, &host);
    let exporter = (fault.act)(&host, exporter);
    exporter.shows(fault.shows);
    let shown_in = kill_and_start(&exporter, &host, fault.shows);
    assert!(shown_in < LATE, "{}: a kill showed in {shown_in:?}", fault.what);
    // Threads that waited, for a name server for example, exit after being idle.
    let growth = eventually(&format!("{}: what was used of {before:?} is given back", fault.what), || {
        let after = usage(&exporter, &host);
        let growth = Usage {
            memory: after.memory.saturating_sub(before.memory),
            descriptors: after.descriptors.saturating_sub(before.descriptors),
            threads: after.threads.saturating_sub(before.threads),
        };
        let is_flat = growth.memory <= MOST_GROWTH.memory
            && growth.descriptors <= MOST_GROWTH.descriptors
            && growth.threads <= MOST_GROWTH.threads;
        if is_flat { Ok(growth) } else { Err(format!("{after:?}")) }
    });
    outcome.shown_in.push(shown_in);
    outcome.growth.memory = outcome.growth.memory.max(growth.memory);
    outcome.growth.descriptors = outcome.growth.descriptors.max(growth.descriptors);
    outcome.growth.threads = outcome.growth.threads.max(growth.threads);
}

fn start<'h>(fault: &Fault, host: &'h Host) -> Exporter<'h> {
    let user = if fault.unprivileged { User::Nobody } else { User::Root };
    if let Some(prepare) = fault.prepare {
        prepare(host);
    }
    // Reading a file ends before its thread exits, so the number of threads does not depend on when it is read.
    let exporter = host.exporter_with(user, Some(&config()), &["--evaluation.interval=1s"]);
    if fault.unprivileged {
        // It learns the endpoints, which tell it the time, while no process runs whose environment it may not read.
        host.kill_all("ilogtail");
        exporter.until("the endpoints' time", |seen| {
            let verdict = seen.verdict();
            verdict.iter().any(|line| line.contains("not_running"))
                && !verdict.iter().any(|line| line.starts_with("clock"))
        });
        host.restart_logtail();
    }
    exporter
}

/// How long it takes until the killed worker is reported; afterwards it is running again.
fn kill_and_start(exporter: &Exporter<'_>, host: &Host, shows: &[&str]) -> Duration {
    let workers = |seen: &Seen| seen.value("logagent_processes", &[("agent", "logtail"), ("role", "worker")]);
    assert_eq!(workers(&exporter.scrape()), Some(1.0), "it is visible");
    host.signal("KILL", host.worker());
    let killed = Instant::now();
    exporter.until("the killed worker", |seen| workers(seen) == Some(0.0));
    let shown_in = killed.elapsed();
    host.restart_logtail();
    exporter.until("the worker again", |seen| workers(seen) == Some(1.0));
    exporter.shows(shows);
    shown_in
}

/// The exporter's current resource usage. Private memory only: shared memory changes independently.
fn usage(exporter: &Exporter<'_>, host: &Host) -> Usage {
    let status = host.read(&format!("/proc/{}/status", exporter.pid));
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let descriptors = host.sh(&format!("ls /proc/{}/fd | wc -l", exporter.pid));
    Usage {
        memory: field("RssAnon:") * 1024,
        descriptors: descriptors.trim().parse().unwrap(),
        threads: field("Threads:"),
    }
}

fn document(rounds: u32, took: Duration, outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "<!-- Generated by `make test-faults`. Do not edit. -->\n# Faults\n\n\
         The faults that `make test-faults` injected, and the results, in {rounds} rounds and {} min: each fault on a separate machine, \
         with a Logtail of two processes and five URLs. Afterwards no false cause is active, and a killed worker is detected (from the \
         kill to a scrape that shows it, scraped every 15 ms). Growth is that of the exporter itself, from before the fault to after that: own memory \
         (`RssAnon`), open descriptors, threads; the maximum of all rounds. The program is the static release.\n\n\
         | fault | times | kill shown after, longest | memory | descriptors | threads |\n|---|---|---|---|---|---|\n",
        took.as_secs().div_ceil(60)
    );
    for (fault, Outcome { shown_in, growth, left_out }) in FAULTS.iter().zip(outcomes) {
        let row = match shown_in.iter().max() {
            Some(longest) => format!(
                "{} | {} ms | +{} KiB | +{} | +{}",
                shown_in.len(),
                longest.as_millis(),
                growth.memory / 1024,
                growth.descriptors,
                growth.threads
            ),
            None => format!("{} | | | | ", if *left_out { "left out" } else { "0" }),
        };
        // Writing to a string does not fail.
        let _infallible = writeln!(text, "| {} | {row} |", fault.what);
    }
    text
}
