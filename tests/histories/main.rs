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
    path::{Path, PathBuf},
};

use engine::Firing;
use history::History;
use truth::Told;

/// The number of histories in one run of promtool, and of Alertmanager.
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

/// The errors of each of these histories, and the measurements of the others.
fn run(alerts: &Path, histories: &[History]) -> (Vec<(History, String)>, Vec<Told>) {
    // As many in parallel as there are processors, usually two.
    let mut firing = Firing::new();
    let half = histories.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let halves: Vec<_> = histories
            .chunks(half)
            .map(|few| scope.spawn(|| engine::firing(repository(), alerts, few)))
            .collect();
        for few in halves {
            firing.extend(few.join().unwrap());
        }
    });
    let notifications = pager::notified(repository(), alerts, histories, &firing);
    let mut of: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for one in &notifications {
        of.entry(one.of.as_str()).or_default().push(one.clone());
    }
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    for history in histories {
        let views = &firing[&history.key()];
        let told_of = of.get(history.key().as_str()).map(Vec::as_slice).unwrap_or_default();
        match truth::of_rules(history, views)
            .map_or_else(|| truth::of_notifications(history, views, told_of), Err)
        {
            Ok(one) => told.push(one),
            Err(what) => wrong.push((history.clone(), what)),
        }
    }
    (wrong, told)
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
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    for few in histories.chunks(AT_ONCE) {
        let (now_wrong, now_told) = run(&alerts(), few);
        wrong.extend(now_wrong);
        told.extend(now_told);
        println!("{} histories, {} wrong so far", told.len() + wrong.len(), wrong.len());
    }
    let delay = told.iter().map(|told| told.worst_delay).max().unwrap_or_default() * 15;
    let outages: Vec<usize> = told.iter().map(|told| told.of_outage).filter(|count| *count > 0).collect();
    println!(
        "{} histories, {} wrong; longest wait after a cause's time was over: {delay} s; in {} more than 6.5 minutes; {} outages of one cause, at most {} notifications each",
        histories.len(),
        wrong.len(),
        told.iter().filter(|told| told.beyond).count(),
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
