//! Tests the checker: rules or routes are broken in one place each, which it must report; for the unchanged ones it
//! must not report anything.

use std::{fs, ops::Range, path::Path};

use crate::{
    alerts, engine,
    history::{Cluster, Event, History, What},
    repository, run, truth,
};

const CAUSE: &str = "worker_missing";

fn event(hosts: Range<usize>, steps: Range<usize>, what: What) -> Event {
    Event { hosts: hosts.collect(), from: steps.start, until: steps.end, what }
}

fn history(seed: u64, hosts: usize, events: Vec<Event>) -> History {
    History { seed, hosts, two_jobs: false, pair: false, cluster: Cluster::OfTargets, events }
}

/// A critical host that cannot be scraped for ten minutes.
fn down() -> History {
    history(1, 10, vec![event(0..1, 10..140, What::Stands(CAUSE)), event(0..1, 60..100, What::Down)])
}

/// A critical host that leaves service discovery for twenty minutes.
fn gone() -> History {
    history(2, 10, vec![event(0..1, 10..140, What::Stands(CAUSE)), event(0..1, 60..140, What::Vanishes)])
}

/// Four hosts that alert one by one, until a fifth makes them a fleet for some seconds: too short for the fleet's own
/// alert.
fn joined() -> History {
    history(3, 20, vec![event(0..4, 10..140, What::Stands(CAUSE)), event(4..5, 60..71, What::Stands(CAUSE))])
}

fn alternating() -> History {
    history(4, 10, vec![event(0..1, 10..100, What::Alternate("dns_failure", CAUSE, 3))])
}

fn unscraped() -> History {
    history(5, 10, vec![event(0..1, 20..130, What::Down)])
}

fn many_unscraped() -> History {
    history(6, 10, vec![event(0..5, 20..130, What::Down)])
}

fn many_gone() -> History {
    history(7, 10, vec![event(0..5, 20..130, What::Vanishes)])
}

fn restarting() -> History {
    history(8, 10, vec![event(0..1, 20..130, What::Loops(8))])
}

/// Some targets are gone, and for some minutes all: of all together another alert tells, after its own time.
fn emptied() -> History {
    let events = vec![event(0..4, 25..116, What::Vanishes), event(0..10, 48..72, What::Vanishes)];
    History { cluster: Cluster::Absent, ..history(9, 10, events) }
}

/// All come back and cannot be scraped, and most are gone again within a minute: on average over the time in which there
/// are any, most are down.
fn back_for_a_minute() -> History {
    let events = vec![
        event(0..5, 23..38, What::Vanishes),
        event(0..5, 36..105, What::Down),
        event(0..4, 41..97, What::Vanishes),
    ];
    history(10, 5, events)
}

/// Prometheus is away after a scrape that failed.
fn away() -> History {
    history(
        11,
        13,
        vec![event(0..13, 25..89, What::Misses(9, None)), event(0..13, 46..56, What::Restart(None))],
    )
}

/// All leave service discovery, and most cannot be scraped when they are back: nothing but the past says what they are.
fn back_unscraped() -> History {
    history(12, 5, vec![event(0..5, 10..60, What::Vanishes), event(0..4, 40..140, What::Down)])
}

/// Most leave service discovery while Prometheus is away, which notices it later.
fn gone_meanwhile() -> History {
    let events = vec![
        event(0..15, 10..66, What::Stands("dns_failure")),
        event(0..15, 44..56, What::Restart(None)),
        event(0..12, 44..138, What::Vanishes),
    ];
    history(13, 15, events)
}

/// Every second scrape fails, so that all evaluations that are a minute apart may find none.
fn half_scraped() -> History {
    history(14, 20, vec![event(0..20, 50..109, What::Misses(2, None))])
}

fn all() -> Vec<History> {
    let of_agents = [down(), gone(), joined(), alternating()];
    let of_exporters = [unscraped(), many_unscraped(), many_gone(), restarting()];
    let of_both =
        [emptied(), back_for_a_minute(), away(), back_unscraped(), gone_meanwhile(), half_scraped()];
    of_agents.into_iter().chain(of_exporters).chain(of_both).collect()
}

/// A copy of rules and routes in which the first text is replaced by the second one.
fn changed((from, to): (&str, &str)) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut found = false;
    for file in
        ["logagent-causes.rules.yml", "logagent.rules.yml", "alertmanager.example.yml", "logagent.tmpl"]
    {
        let text = fs::read_to_string(alerts().join(file)).unwrap();
        found |= text.contains(from);
        fs::write(directory.path().join(file), text.replace(from, to)).unwrap();
    }
    assert!(found, "nothing to break: {from}");
    directory
}

/// The checker's verdict on the rules.
fn of_rules(alerts: &Path, history: &History) -> Option<String> {
    let firing = engine::firing(repository(), alerts, std::slice::from_ref(history));
    truth::of_rules(history, &firing[&history.key()])
}

#[test]
fn rules_that_are_silent_or_tell_for_nothing_are_found() {
    let broken: [(&str, History, (&str, &str), &str); 9] = [
        (
            "a cause is forgotten while its host cannot be scraped",
            down(),
            (
                "unless on (cluster, job, instance) target:logagent_agents:unseen\n            unless",
                "unless on () vector(1)\n            unless",
            ),
            "nothing tells it",
        ),
        (
            "it ends a minute after its target is gone",
            gone(),
            ("target:logagent_exporter:gone <= time() - 600", "target:logagent_exporter:gone <= time() - 60"),
            "nothing tells it",
        ),
        (
            "it never ends after its target is gone",
            gone(),
            (
                "target:logagent_exporter:gone <= time() - 600",
                "target:logagent_exporter:gone <= time() - 6000",
            ),
            "there is no reason for",
        ),
        (
            "who fails for changing causes is never told",
            alternating(),
            (
                "count_over_time(agent:logagent_status:failing[15m]) >= 24",
                "count_over_time(agent:logagent_status:failing[15m]) >= 240",
            ),
            "nothing tells it",
        ),
        (
            "hosts stand aside for an alert of their fleet that does not fire",
            joined(),
            (
                "          cluster_cause:logagent_problem:fleet{severity=\"critical\"}\n",
                "          cluster_cause:logagent_problem:fleet{severity=\"no\"}\n",
            ),
            "nothing tells it",
        ),
        (
            "an exporter that cannot be scraped is never told",
            unscraped(),
            ("group_left () 0.5 * count_over_time", "group_left () 5 * count_over_time"),
            "cannot be scraped since step 20",
        ),
        (
            "a few exporters that cannot be scraped are told as many",
            unscraped(),
            (
                "(cluster:logagent_exporters_up:ratio[5m]) <= 0.6\n            and avg_over_time(cluster:logagent_exporters:count[5m]) - avg_over_time(cluster:logagent_exporters_up:sum[5m]) >= 1.5",
                "(cluster:logagent_exporters_up:ratio[5m]) < 1",
            ),
            "there is no reason for",
        ),
        (
            "targets that are gone are never told",
            many_gone(),
            (">= 0.3 * max_over_time", ">= 3 * max_over_time"),
            "targets are gone since step 20",
        ),
        (
            "an exporter that restarts in a loop is never told",
            restarting(),
            ("[15m]) >= 3\n", "[15m]) >= 30\n"),
            "restarts since step 20",
        ),
    ];
    std::thread::scope(|scope| {
        for (what, history, change, said) in broken {
            scope.spawn(move || {
                let found = of_rules(changed(change).path(), &history);
                assert!(found.as_ref().is_some_and(|found| found.contains(said)), "{what}: {found:?}");
            });
        }
    });
}

/// The end of a host's alert may come while its cause is active only if its fleet's alert is notified.
#[test]
fn routes_that_tell_an_end_too_early_too_late_or_never_are_found() {
    let nowhere = "    - receiver: nobody\n      matchers: ['alertname = \"LogAgentFleetCause\"']\n    - receiver: watchdog\n";
    let inhibited = "\ninhibit_rules:\n  - source_matchers: ['alertname = \"LogAgentFleetCause\"']\n    target_matchers: ['alertname = \"LogAgentWorkerMissing\"']\n    equal: [cluster, cause]\n\nreceivers:\n";
    let broken: [(&str, (&str, &str), &str); 4] = [
        ("as they are", ("", ""), ""),
        ("the fleet's alert goes nowhere", ("    - receiver: watchdog\n", nowhere), ", and it stands"),
        ("the fleet's alert inhibits those of its hosts", ("\nreceivers:\n", inhibited), "was not notified"),
        ("nobody is told within an hour", ("group_wait: 1m", "group_wait: 1h"), "was notified at None"),
    ];
    std::thread::scope(|scope| {
        let tried = broken.map(|(what, (from, to), said)| {
            let tried = scope.spawn(move || {
                if from.is_empty() {
                    return run(&alerts(), &all()).0;
                }
                run(changed((from, to)).path(), &[joined()]).0
            });
            (what, said, tried)
        });
        for (what, said, tried) in tried {
            let found: Vec<String> = tried.join().unwrap().into_iter().map(|(_, what)| what).collect();
            if said.is_empty() {
                assert_eq!(found, Vec::<String>::new(), "{what}");
            } else {
                assert!(found.iter().any(|found| found.contains(said)), "{what}: {found:?}");
            }
        }
    });
}
