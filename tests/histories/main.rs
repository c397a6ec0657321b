//! Random fleets and histories, the rules in Prometheus' own engine, and one real Alertmanager: is every problem
//! notified in time, and nothing else?
//!
//! `HISTORIES=2000 SEED=1 cargo test --test histories` runs this many, starting with this seed; the default is 50. A
//! failing history is reduced while it still fails, and printed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests fail by panicking"
)]

mod broken;
mod engine;
mod exporters;
mod history;
mod pager;
mod truth;
#[path = "../it/support/webhook.rs"]
mod webhook;
#[path = "../alerts/yaml.rs"]
mod yaml;

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use engine::Firing;
use history::History;
use truth::Measurements;

/// The number of histories in one run of Alertmanager; those of one run of promtool are a part of them.
const AT_ONCE: usize = 250;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rules and the config of Alertmanager; another directory can be given to try others.
fn alerts() -> PathBuf {
    std::env::var_os("ALERTS").map_or_else(|| repository().join("alerts"), PathBuf::from)
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// The errors of each of these histories, and the measurements of the others. While Alertmanager's time passes for some
/// histories, promtool evaluates the rules for the next ones, with one process for each processor.
#[expect(clippy::print_stdout, reason = "many histories take minutes")]
fn run(alerts: &Path, histories: &[History]) -> (Vec<(History, String)>, Vec<Measurements>) {
    let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
    let batches = || histories.chunks(AT_ONCE);
    let parts: Vec<&[History]> =
        batches().flat_map(|batch| batch.chunks(batch.len().div_ceil(processors))).collect();
    let next = AtomicUsize::new(0);
    let (mut wrong, mut measured) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        // No process begins another part while this many results wait.
        let (results, evaluated) = mpsc::sync_channel(processors);
        for _ in 0..processors {
            let (results, parts, next) = (results.clone(), &parts, &next);
            scope.spawn(move || {
                while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if results.send(engine::firing(repository(), alerts, part)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut firing = Firing::new();
        for batch in batches() {
            while !batch.iter().all(|history| firing.contains_key(&history.key())) {
                firing.extend(evaluated.recv().expect("each part has a result"));
            }
            checked(alerts, batch, &firing, &mut wrong, &mut measured);
            for history in batch {
                firing.remove(&history.key());
            }
            if histories.len() > AT_ONCE {
                println!(
                    "{} of {} histories, {} wrong",
                    measured.len() + wrong.len(),
                    histories.len(),
                    wrong.len()
                );
            }
        }
    });
    (wrong, measured)
}

/// Sends what fires to Alertmanager, and compares its notifications with those expected.
fn checked(
    alerts: &Path,
    histories: &[History],
    firing: &Firing,
    wrong: &mut Vec<(History, String)>,
    measured: &mut Vec<Measurements>,
) {
    let mut of: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for one in pager::notified(repository(), alerts, histories, firing) {
        of.entry(one.of.clone()).or_default().push(one);
    }
    for history in histories {
        let views = &firing[&history.key()];
        let told_of = of.get(&history.key()).map(Vec::as_slice).unwrap_or_default();
        match truth::of_rules(history, views)
            .map_or_else(|| truth::of_notifications(history, views, told_of), Err)
        {
            Ok(one) => measured.push(one),
            Err(what) => wrong.push((history.clone(), what)),
        }
    }
}

/// The smallest failing history, found by leaving out events and then hosts.
fn shrunk(mut history: History, mut what: String) -> (History, String) {
    loop {
        let smaller: Vec<History> = history.smaller().collect();
        let Some(still) = smaller.into_iter().find_map(|smaller| run(&alerts(), &[smaller]).0.pop()) else {
            break;
        };
        (history, what) = still;
    }
    (history, what)
}

#[test]
fn everybody_is_told_of_in_time_and_nobody_for_nothing() {
    let first = number("SEED", 1);
    let histories: Vec<History> = (first..first + number("HISTORIES", 50)).map(History::random).collect();
    let (wrong, measured) = run(&alerts(), &histories);
    let delay = measured.iter().map(|measured| measured.worst_delay).max().unwrap_or_default() * 15;
    let outages: Vec<usize> =
        measured.iter().map(|measured| measured.of_outage).filter(|count| *count > 0).collect();
    println!(
        "{} histories, {} wrong; longest wait after a cause's time was over: {delay} s; in {} more than 6.5 minutes; {} outages of one cause, at most {} notifications each",
        histories.len(),
        wrong.len(),
        measured.iter().filter(|measured| measured.beyond).count(),
        outages.len(),
        outages.iter().max().copied().unwrap_or_default(),
    );
    for (history, what) in &wrong {
        println!("seed {}: {what}\n    {history:?}", history.seed);
    }
    if let Some((history, what)) = wrong.into_iter().next() {
        let (history, what) = shrunk(history, what);
        panic!("{what}\n{history:#?}");
    }
}
