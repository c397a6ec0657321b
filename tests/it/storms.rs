//! Storms of processes and of files: evaluations stay bounded in number, scrapes are answered, and the last state is
//! seen.

use std::time::{Duration, Instant};

use crate::{
    events::{a_kill_shows, a_start_shows, evaluations, hourly, workers},
    support::{Exporter, Host, Seen, eventually, layouts::*},
};

/// Started in quick succession: the agent's own program, another one, and a copy of the shell.
const PROCESSES: &str = "i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); \
    /usr/local/ilogtail/ilogtail --version & /bin/true; ( : ); done; wait";
/// The number of such loops that run at the same time.
const LOOPS: usize = 3;

/// Evaluations triggered by events.
pub(crate) fn by_event(seen: &Seen) -> f64 {
    ["process", "file", "address", "clock"].iter().map(|trigger| evaluations(seen, trigger)).sum()
}

/// How many evaluations events may trigger in this time: some at once, and then thirty a second. Bursts that become
/// longer, and the rest after each evaluation, make them fewer.
fn most(at_once: f64, elapsed: Duration) -> f64 {
    at_once + 30.0 * elapsed.as_secs_f64()
}

/// Waits until what has happened triggers no further evaluation.
pub(crate) fn settles(exporter: &Exporter<'_>) {
    const ALIKE: u32 = 30;
    let mut last = (f64::NAN, 0);
    eventually("no further evaluation", || {
        let now = by_event(&exporter.scrape());
        last = (now, if now == last.0 { last.1 + 1 } else { 0 });
        if last.1 == ALIKE { Ok(()) } else { Err(format!("{last:?}")) }
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "how many evaluations there may be depends on how long the storm took"
)]
fn now() -> Instant {
    Instant::now()
}

fn cpu(seen: &Seen) -> f64 {
    seen.value("process_cpu_seconds_total", &[]).unwrap()
}

/// Keeps a storm of processes going while `meanwhile` is called repeatedly; returns the scrapes before and after.
fn storm(host: &Host, exporter: &Exporter<'_>, mut meanwhile: impl FnMut()) -> (Seen, Seen, Duration) {
    let before = exporter.scrape();
    let start = now();
    let mut storms: Vec<_> =
        (0..LOOPS).map(|_| host.command("/", "sh").args(["-c", PROCESSES]).spawn().unwrap()).collect();
    while storms.iter_mut().any(|storm| storm.try_wait().unwrap().is_none()) {
        meanwhile();
    }
    assert!(storms.iter_mut().all(|storm| storm.wait().unwrap().success()));
    (before, exporter.scrape(), start.elapsed())
}

#[test]
fn thousands_of_short_processes_cost_few_evaluations_delay_no_scrape_and_hide_nothing() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let mut scrapes = 0;
    let (before, after, took) = storm(&host, &exporter, || {
        // Each scrape is complete, and shows the agent itself.
        assert!(workers(&exporter.scrape()).is_some_and(|workers| workers >= 1.0));
        scrapes += 1;
    });
    let evaluated = by_event(&after) - by_event(&before);
    let busy = cpu(&after) - cpu(&before);
    println!("{took:?}: {evaluated} evaluations, {scrapes} scrapes, {busy} s of CPU");
    assert!(evaluated > 0.0 && evaluated <= most(20.0, took), "{evaluated} evaluations in {took:?}");
    // An evaluation is followed by a rest of four times its length; scrapes come on top.
    assert!(busy <= 0.5 + took.as_secs_f64() / 2.0, "{busy} s of CPU in {took:?}");
    assert!(scrapes > 10, "{scrapes} scrapes");
    exporter.until("the one worker", |seen| workers(seen) == Some(1.0));
    settles(&exporter);
    a_kill_shows(&exporter, &host);
    a_start_shows(&exporter, &host);
}

#[test]
fn what_happens_to_the_agent_in_a_storm_shows_without_the_timer() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    // Not by name: the processes of the storm have the same one.
    let mut alive = host.pids("ilogtail");
    let (before, ..) = storm(&host, &exporter, || {
        for pid in alive.drain(..) {
            host.signal("KILL", pid);
        }
        exporter.scrape();
    });
    let after = exporter.until("no worker", |seen| workers(seen) == Some(0.0));
    assert_eq!(evaluations(&after, "timer"), evaluations(&before, "timer"));
    a_start_shows(&exporter, &host);
}

#[test]
fn an_upgrade_of_two_hundred_files_is_a_handful_of_evaluations() {
    let host = Host::with_logtail();
    // Identifiers of other accounts: each file matters on its own.
    let files: Vec<String> = (0..198).map(|number| format!("{USERS}/1{number:015}")).collect();
    for file in &files {
        host.write(file, "");
    }
    let config = host.read(CONFIG);
    let exporter = hourly(&host);
    let before = exporter.scrape();
    let start = now();
    // As a package manager does it: each new file next to the old one, and then renamed over it. The last one breaks
    // the config.
    host.sh(&format!("cd {USERS}; for file in 1*; do echo >$file.new; mv $file.new $file; done"));
    for content in [config.as_str(), "{"] {
        host.write(&format!("{CONFIG}.new"), content);
        host.rename(&format!("{CONFIG}.new"), CONFIG);
    }
    let is_broken = |seen: &Seen| seen.verdict().iter().any(|line| line.starts_with("startup_parameters"));
    exporter.until("the broken config", is_broken);
    let took = start.elapsed();
    let after = exporter.scrape();
    let evaluated = by_event(&after) - by_event(&before);
    println!("{took:?}: {evaluated} evaluations");
    // A higher number would mean that writing was slow, not that there were many files.
    assert!(evaluated <= most(5.0, took), "{evaluated} evaluations in {took:?}");
    assert_eq!(evaluations(&after, "timer"), evaluations(&before, "timer"));
    eventually("silence again", || {
        host.write(CONFIG, &config);
        let seen = exporter.scrape();
        if is_broken(&seen) { Err(format!("{:?}", seen.verdict())) } else { Ok(()) }
    });
}
