//! The cost of idling: system calls and wake-ups of an idle evaluation, counted by strace.

use std::{collections::BTreeMap, process::Child};

use crate::support::{Exporter, Host, User, eventually, layouts::*};

/// Where the trace is written.
const FILE: &str = "/run/trace";
/// Each evaluation by the timer reads the kernel's clock once, which separates one evaluation from the next.
const MARKS: [&str; 2] = ["adjtimex", "clock_adjtime"];
/// System calls in which threads wait.
const WAITS: [&str; 3] = ["epoll_wait", "epoll_pwait", "futex"];

/// Builds for tests check in this way whether a descriptor is open before they close it.
const OF_TESTS: &str = "fcntl";

// A tenth more than measured on Debian 12 (300 and 315), on a machine with a Logtail of two processes and five URLs.
const SYSTEM_CALLS: usize = 330;
/// The thread that reads files has ended since the previous evaluation, and is started again.
const SYSTEM_CALLS_AFTER_A_REST: usize = 346;
/// Nine were counted; on a busy machine the thread that reads files and the one that waits for it sleep more often.
const WAKE_UPS: usize = 12;

/// Traces the exporter's system calls for as long as it exists.
struct Trace<'h> {
    host: &'h Host,
    strace: Child,
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        self.host.kill_all("strace");
        let _status = self.strace.wait();
    }
}

impl<'h> Trace<'h> {
    fn of(host: &'h Host, exporter: &Exporter<'_>) -> Self {
        let pid = exporter.pid.to_string();
        let strace = host.command("/", "strace").args(["-f", "-qq", "-o", FILE, "-p", &pid]).spawn().unwrap();
        let trace = Self { host, strace };
        eventually("strace (package strace) has begun", || {
            let status = host.read(&format!("/proc/{pid}/status"));
            if status.contains("TracerPid:\t0\n") { Err(status) } else { Ok(()) }
        });
        trace
    }

    /// Waits for this many whole evaluations; the system calls of each, with those between it and the next one.
    fn evaluations(&self, count: usize) -> Vec<BTreeMap<String, usize>> {
        (1..=count).for_each(|wanted| {
            eventually("an evaluation", || {
                let seen = calls_by_evaluation(&self.host.read(FILE)).len();
                if seen >= wanted { Ok(()) } else { Err(format!("{seen} of {wanted}")) }
            });
        });
        calls_by_evaluation(&self.host.read(FILE))
    }
}

/// Counts the calls between one mark and the next.
fn calls_by_evaluation(trace: &str) -> Vec<BTreeMap<String, usize>> {
    let mut evaluations = Vec::new();
    let mut current: Option<BTreeMap<String, usize>> = None;
    for line in trace.lines() {
        // A thread's id and the call; the later line about the end of the call is not counted.
        let Some((_, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if name == OF_TESTS || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        if MARKS.contains(&name) {
            evaluations.extend(current.replace(BTreeMap::new()));
        }
        if let Some(calls) = &mut current {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    evaluations
}

fn total(calls: &BTreeMap<String, usize>) -> usize {
    calls.values().sum()
}

/// How often a thread went to sleep, and so was woken.
fn waits(calls: &BTreeMap<String, usize>) -> usize {
    WAITS.iter().filter_map(|name| calls.get(*name)).sum()
}

/// The first quartile: any single evaluation may include work left from the start, or a process that another test has
/// started. If another test sets the clock, which all machines share, two evaluations may not be those of the timer.
fn usual(
    mut evaluations: Vec<BTreeMap<String, usize>>,
    count: fn(&BTreeMap<String, usize>) -> usize,
) -> BTreeMap<String, usize> {
    evaluations.sort_by_key(count);
    evaluations.swap_remove(evaluations.len() / 4)
}

#[test]
fn an_idle_evaluation_keeps_within_its_budget_of_system_calls() {
    let host = Host::with_logtail();
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &["--probe.interval=1h"]);
    exporter.shows(&[]);
    let trace = Trace::of(&host, &exporter);
    let calls = usual(trace.evaluations(20), total);
    assert!(total(&calls) <= SYSTEM_CALLS, "{} system calls: {calls:?}", total(&calls));
}

#[test]
fn at_the_default_intervals_an_evaluation_is_all_that_wakes() {
    let host = Host::with_logtail();
    let defaults = ["--evaluation.interval=15s", "--probe.interval=60s", "--probe.timeout=5s"];
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &defaults);
    let trace = Trace::of(&host, &exporter);
    let calls = usual(trace.evaluations(6), waits);
    assert!(waits(&calls) <= WAKE_UPS, "{} wake-ups: {calls:?}", waits(&calls));
    assert!(total(&calls) <= SYSTEM_CALLS_AFTER_A_REST, "{} system calls: {calls:?}", total(&calls));
}
