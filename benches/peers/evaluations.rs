//! Memory growth by evaluations: memory before and after thousands of them, by the timer, by edits and by reloads.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    Effort,
    client::{text, until},
    exporter::{Exporter, Kind},
    machine::{CONFIG, CONFIG_TEXT},
    numbers::{bytes, mebibytes, number},
    report::Report,
    usage::{Memory, memory},
};

/// As often as the exporter accepts.
const AT_ONCE: &str = "--evaluation.interval=10ms";
/// How long a phase may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// The time between two edits: long enough that they are not delayed.
const EDIT_EVERY: Duration = Duration::from_millis(60);

/// Memory before and after 10,000 evaluations by the timer, then edits of the agent's config, then reloads.
pub(crate) fn growth(effort: Effort, report: &mut Report) {
    let (by_timer, edits, reloads) = (effort.of(10_000, 1_000), effort.of(400, 40), effort.of(30, 5));
    report.section(
        "Memory over evaluations",
        &format!(
            "One process of ours, which evaluates every 10 ms: `Rss`, and in parentheses what belongs to \
             the process alone. After its first {} evaluations, after {by_timer} more, after {edits} edits of the agent's config (each \
             an evaluation by event, besides those by the timer), and after {reloads} reloads.",
            by_timer / 10
        ),
    );
    let ours =
        Exporter::start_with(Kind::Ours, 9100, &[AT_ONCE.to_owned(), "--web.enable-lifecycle".to_owned()]);
    let now = || memory(ours.pid());
    let evaluated = |least: f64| {
        until(PATIENCE, Duration::from_millis(100), || evaluations(&ours.text()) >= least).unwrap();
    };
    let some = f64::from(u32::try_from(by_timer).unwrap());
    evaluated(some / 10.0);
    let before = now();
    evaluated(some * 1.1);
    let after = now();
    for edit in 0..edits {
        let content = if edit % 2 == 0 { CONFIG_TEXT.split_at(60).0 } else { CONFIG_TEXT };
        fs::write(CONFIG, content).unwrap();
        thread::sleep(EDIT_EVERY);
    }
    let edited = now();
    let start = Instant::now();
    for _ in 0..reloads {
        reload(&ours);
        assert!(start.elapsed() < PATIENCE, "reloads take too long");
    }
    evaluated(evaluations(&text(&ours.target).unwrap()) + 10.0);
    let reloaded = now();
    let shown = |memory: Memory| {
        format!("{} ({})", mebibytes(bytes(memory.resident)), mebibytes(bytes(memory.anonymous)))
    };
    report.table(
        &["before", "after evaluations", "after edits", "after reloads"],
        &[[before, after, edited, reloaded].map(shown).into()],
    );
    let grown = |before: u64, after: u64| bytes(after) - bytes(before);
    let own = grown(before.anonymous, after.anonymous);
    report.goal(
        &format!("growth of its own memory over {by_timer} evaluations"),
        "none (≤ 64 KiB)",
        &format!(
            "{} KiB (resident {} KiB)",
            number(own / 1024.0),
            number(grown(before.resident, after.resident) / 1024.0)
        ),
        own <= 65536.0,
    );
}

/// All evaluations so far.
fn evaluations(text: &str) -> f64 {
    let lines = text.lines().filter_map(|line| line.strip_prefix("logagent_evaluations_total{"));
    lines.filter_map(|line| line.split_once("} ")?.1.parse::<f64>().ok()).sum()
}

/// Reloads its config, and waits until it is loaded.
fn reload(ours: &Exporter) {
    let reloads = || {
        let text = ours.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("logagent_evaluations_total{trigger=\"reload\"} "));
        line.and_then(|count| count.parse::<f64>().ok()).unwrap()
    };
    let before = reloads();
    let pid = rustix::process::Pid::from_raw(ours.pid().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    until(PATIENCE, Duration::from_millis(5), || reloads() > before).unwrap();
}
