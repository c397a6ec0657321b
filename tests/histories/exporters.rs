//! Computes the expected alerts about exporters, and compares: they cannot be scraped, are gone, or restart repeatedly.

use std::collections::BTreeSet;

use crate::{
    engine::Alert,
    history::{Cluster, History, STEPS, Seen, What},
    truth::{SEEN, is},
};

/// Steps between evaluations of the rules about exporters, a minute.
const ROUND: usize = 4;
/// The maximum number of steps until the alert that an exporter cannot be scraped: the greater part of five minutes,
/// then ten more (15 minutes in all, as alerts/README.md says).
const DOWN: usize = 60 + ROUND;
/// The waiting time until targets count as gone: ten minutes, or fifteen if none is left.
const GONE: usize = 60 + 2 * ROUND + SEEN;
/// An exporter restarts in a loop: three starts within fifteen minutes.
const LOOPS: usize = 2 * ROUND + SEEN;
/// Steps for which `keep_firing_for` holds an alert, at most: ten minutes.
const KEPT: usize = 40;

/// Whether the alert is about exporters and targets, not about agents.
pub(crate) fn is_about(alert: &Alert) -> bool {
    alert.get("alertname").is_some_and(|name| {
        name.starts_with("LogAgentExporter")
            || ["LogAgentStatusUnknown", "LogAgentNoAgents"].contains(&name.as_str())
    })
}

/// A host at each step, as seen by one server.
struct Target {
    instance: String,
    seen: Vec<Seen>,
    /// Whether the last scrape failed. promtool evaluates the rules also while Prometheus is away, which then find it.
    failing: Vec<bool>,
}

impl Target {
    /// The steps before `end`, up to a maximum, at which the last scrape had failed.
    fn failed(&self, end: usize, steps: usize) -> usize {
        self.failing[end.saturating_sub(steps)..end].iter().filter(|failing| **failing).count()
    }
}

fn targets(history: &History, server: usize) -> Vec<Target> {
    let of = |host: usize| {
        let seen: Vec<Seen> = (0..STEPS).map(|step| history.seen(server, host, step)).collect();
        let last = |failing: &mut bool, seen: &Seen| {
            *failing = if seen.looked { seen.listed && !seen.up } else { *failing };
            Some(*failing)
        };
        let failing = seen.iter().scan(false, last).collect();
        Target { instance: format!("h{host}:10077"), seen, failing }
    };
    (0..history.hosts).map(of).collect()
}

/// Errors in the alerts about exporters that fire at each step on a server.
pub(crate) fn of_view(history: &History, server: usize, firing: &[BTreeSet<Alert>]) -> Option<String> {
    let targets = targets(history, server);
    untold(history, &targets, firing).or_else(|| {
        firing.iter().enumerate().find_map(|(step, alerts)| {
            let alert =
                alerts.iter().find(|alert| is_about(alert) && !is_right(history, &targets, alert, step))?;
            Some(format!("at step {step} there is no reason for {alert:?}"))
        })
    })
}

/// Instances without an expected alert.
fn untold(history: &History, targets: &[Target], firing: &[BTreeSet<Alert>]) -> Option<String> {
    let named = |step: usize, names: &[&str], instance: Option<&str>| {
        firing[step].iter().any(|alert| {
            names.iter().any(|name| is(alert, "alertname", name))
                && instance.is_none_or(|instance| alert.get("instance").is_none_or(|of| of == instance))
        })
    };
    // Down for this long without an alert.
    for target in targets {
        let (mut down, mut silent) = (0, 0);
        for step in 0..STEPS {
            let seen = &target.seen[step];
            down = if seen.listed && !seen.up { down + 1 } else { 0 };
            let told =
                named(step, &["LogAgentExporterDown", "LogAgentExportersDown"], Some(&target.instance));
            silent = if down == 0 || told { 0 } else { silent + 1 };
            if silent > DOWN {
                return Some(format!(
                    "{} cannot be scraped since step {}, and at step {step} nothing tells it",
                    target.instance,
                    step + 1 - down
                ));
            }
        }
    }
    // If no target of a Prometheus is left, another alert waits for longer, as all clusters share one reason then.
    let none_left = |step: usize| {
        history.cluster != Cluster::OfTargets && targets.iter().all(|target| !target.seen[step].listed)
    };
    let mut gone = 0;
    for step in 0..STEPS {
        let waits_again = step > 0 && none_left(step) != none_left(step - 1);
        gone = if !missing(history, targets, step) {
            0
        } else if waits_again {
            1
        } else {
            gone + 1
        };
        if gone > GONE && !named(step, &["LogAgentExportersMissing", "LogAgentExporterAbsent"], None) {
            return Some(format!(
                "targets are gone since step {}, and at step {step} nothing tells it",
                step + 1 - gone
            ));
        }
    }
    loops(history, targets, &named)
}

/// Whether one of these alerts fires at a step, of this instance if one is given.
type Named<'a> = dyn Fn(usize, &[&str], Option<&str>) -> bool + 'a;

/// Instances that restart repeatedly without an alert.
fn loops(history: &History, targets: &[Target], named: &Named<'_>) -> Option<String> {
    for event in &history.events {
        let What::Loops(period) = event.what else { continue };
        let due = event.from + 2 * period + LOOPS;
        // Three starts within fifteen minutes.
        if 3 * period > 60 - ROUND {
            continue;
        }
        for host in &event.hosts {
            let target = &targets[*host];
            for step in due..event.until {
                let shown = target.seen[step.saturating_sub(60)..=step]
                    .iter()
                    .all(|seen| seen.listed && seen.looked && seen.up);
                if shown && !named(step, &["LogAgentExporterRestarting"], Some(&target.instance)) {
                    return Some(format!(
                        "{} restarts since step {}, and at step {step} nothing tells it",
                        target.instance, event.from
                    ));
                }
            }
        }
    }
    None
}

/// Whether three tenths of a cluster's targets, and at least two, are missing.
fn missing(history: &History, targets: &[Target], step: usize) -> bool {
    let gone = targets.iter().filter(|target| !target.seen[step].listed).count() * history.jobs().len();
    gone >= 2 && gone * 10 >= targets.len() * history.jobs().len() * 3
}

/// Whether there is a reason for an alert.
fn is_right(history: &History, targets: &[Target], alert: &Alert, step: usize) -> bool {
    let of = |target: &&Target| alert.get("instance") == Some(&target.instance);
    let lately = |steps: usize| step.saturating_sub(steps)..=step;
    match alert["alertname"].as_str() {
        // More than half of five minutes, for ten minutes: at least a third of the samples seen before the alert began
        // to be kept.
        "LogAgentExporterDown" => targets
            .iter()
            .find(of)
            .is_some_and(|target| lately(KEPT / 2 + 2 * ROUND).any(|end| target.failed(end, 56) > 56 / 3)),
        "LogAgentExportersDown" => {
            let down = |end: usize| {
                targets.iter().map(|target| target.failed(end, 36)).sum::<usize>() * history.jobs().len()
            };
            let all = targets.len() * history.jobs().len();
            // On average over those steps of nine minutes at which there are targets.
            lately(KEPT / 2 + 2 * ROUND).any(|end| {
                let steps = (end.saturating_sub(36)..end)
                    .filter(|step| targets.iter().any(|target| target.seen[*step].listed))
                    .count();
                let down = down(end);
                (down * 20 >= all * steps && down * 2 >= 3 * steps
                    || down * 5 >= all * steps && down * 4 >= 3 * steps)
                    && down > 0
            })
        }
        "LogAgentExportersMissing" => {
            lately(KEPT / 2 + 2 * ROUND + SEEN).any(|at| missing(history, targets, at))
        }
        "LogAgentExporterAbsent" => {
            lately(2 * ROUND).any(|at| targets.iter().all(|target| !target.seen[at].listed))
        }
        "LogAgentExporterRestarting" => targets.iter().find(of).is_some_and(|target| {
            target.seen[step].restarts - target.seen[step.saturating_sub(60 + KEPT + 2 * ROUND)].restarts >= 3
        }),
        _ => false,
    }
}
