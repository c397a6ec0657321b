//! Computes the expected notifications, and compares.

use std::{collections::BTreeSet, ops::RangeInclusive};

use crate::{
    engine::{Alert, Views},
    exporters,
    history::{History, STEPS, patience},
    pager::{Notification, Status},
};

/// Steps between the end of a cause's waiting time and its alert: a scrape, and two evaluations.
pub(crate) const SEEN: usize = 3;
/// Steps until an agent that fails for changing causes has its alert: six minutes, plus the same.
const SYMPTOM: usize = 24 + SEEN;
/// Steps until a notification: Alertmanager's `group_interval`, five minutes.
const GROUP: usize = 20;
/// Steps from the end of a cause's waiting time to the notification, according to alerts/README.md: 6.5 minutes.
const STATED: usize = 26;
/// The number of steps by which real programs may be late: two seconds of real time.
const LATE: usize = 20;

/// A time during which an agent is critical: its cause, or any of changing ones, known from one step to another.
struct Spell {
    host: usize,
    cause: Option<&'static str>,
    from: usize,
    until: usize,
}

fn spells(history: &History, server: usize) -> Vec<Spell> {
    let mut spells = Vec::new();
    for (host, known) in history.known(server) {
        let causes: BTreeSet<&'static str> = known.iter().flatten().copied().collect();
        let mut of = |cause: Option<&'static str>| {
            let stands =
                |step: usize| cause.map_or(!known[step].is_empty(), |cause| known[step].contains(cause));
            let mut from = None;
            for step in 0..=STEPS {
                let now = step < STEPS && stands(step);
                match (from, now) {
                    (None, true) => from = Some(step),
                    (Some(begun), false) => {
                        spells.push(Spell { host, cause, from: begun, until: step });
                        from = None;
                    }
                    (None, false) | (Some(_), true) => {}
                }
            }
        };
        of(None);
        for cause in causes {
            of(Some(cause));
        }
    }
    spells
}

pub(crate) fn is(alert: &Alert, name: &str, value: &str) -> bool {
    alert.get(name).is_some_and(|label| label == value)
}

/// Whether this alert is about a host's cause, or (without a cause) about its failure.
fn tells(alert: &Alert, host: usize, cause: Option<&str>) -> bool {
    let of_host = is(alert, "instance", &format!("h{host}:10077"));
    let of_fleet = !alert.contains_key("instance") && !exporters::is_about(alert);
    match cause {
        Some(cause) => is(alert, "cause", cause) && (of_host || of_fleet),
        None => of_host || of_fleet,
    }
}

/// The step from which on there must be an alert, if it lasts until then.
fn due(spell: &Spell) -> Option<usize> {
    let wait = match spell.cause {
        Some(cause) => patience(cause)? + SEEN,
        None => SYMPTOM,
    };
    (spell.from + wait < spell.until).then_some(spell.from + wait)
}

/// Errors in the alerts that fire at each step on a server: at each step exactly those hosts are alerted that should be.
pub(crate) fn of_rules(history: &History, views: &Views) -> Option<String> {
    views.iter().enumerate().find_map(|(server, firing)| {
        of_view(history, server, firing).map(|what| format!("{what} (Prometheus {server})"))
    })
}

fn of_view(history: &History, server: usize, firing: &[BTreeSet<Alert>]) -> Option<String> {
    let spells = spells(history, server);
    for spell in &spells {
        let Some(due) = due(spell) else { continue };
        for (step, alerts) in firing.iter().enumerate().take(spell.until).skip(due) {
            if !alerts.iter().any(|alert| tells(alert, spell.host, spell.cause)) {
                return Some(format!(
                    "h{} has {:?} since step {}, and at step {step} nothing tells it",
                    spell.host, spell.cause, spell.from
                ));
            }
        }
    }
    for (step, alerts) in firing.iter().enumerate() {
        let of_agents = alerts.iter().filter(|alert| !exporters::is_about(alert));
        if let Some(alert) = of_agents.clone().find(|alert| !is_right(&spells, history, alert, step)) {
            return Some(format!("at step {step} there is no reason for {alert:?}"));
        }
    }
    exporters::of_view(history, server, firing)
}

/// Whether there is a reason for an alert: a host had its cause for long enough, until at most some minutes ago.
fn is_right(spells: &[Spell], history: &History, alert: &Alert, step: usize) -> bool {
    let long_enough = |spell: &&Spell| {
        let wait = spell.cause.and_then(patience);
        wait.is_some_and(|wait| {
            spell.from + wait <= spell.until && spell.from + wait <= step && step <= spell.until + SEEN + 24
        })
    };
    let standing: Vec<&Spell> = spells.iter().filter(long_enough).collect();
    let failed = |host: usize| {
        let steps =
            spells.iter().filter(|spell| spell.host == host && spell.cause.is_none() && spell.from <= step);
        steps.map(|spell| spell.until.min(step + 1) - spell.from).sum::<usize>() >= 24 - SEEN
    };
    match (alert.get("cause"), alert.get("instance")) {
        (Some(cause), Some(instance)) => standing
            .iter()
            .any(|spell| spell.cause == Some(cause) && format!("h{}:10077", spell.host) == *instance),
        (Some(cause), None) => {
            // It may fire for ten minutes after the number fell below the threshold, while any host still has it.
            let ever: BTreeSet<usize> = spells
                .iter()
                .filter(|spell| {
                    spell.cause == Some(cause)
                        && patience(cause).is_some_and(|wait| spell.from + wait <= spell.until)
                })
                .map(|spell| spell.host)
                .collect();
            ever.len() >= 5 && standing.iter().any(|spell| spell.cause == Some(cause))
        }
        (None, Some(instance)) => {
            (0..history.hosts).any(|host| format!("h{host}:10077") == *instance && failed(host))
        }
        (None, None) => {
            // Also for ten minutes after fewer hosts fail.
            let ever = |host: usize| {
                spells.iter().any(|spell| {
                    spell.host == host
                        && spell.cause.and_then(patience).is_some_and(|wait| {
                            spell.from + wait <= spell.until.min(step) && step <= spell.until + SEEN + 24 + 40
                        })
                })
            };
            (0..history.hosts).filter(|host| failed(*host) || ever(*host)).count() >= 5
        }
    }
}

/// The measurements of the notifications of a history.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Measurements {
    /// The maximum number of steps from the end of a cause's waiting time to its notification.
    pub(crate) worst_delay: usize,
    /// Whether that is more than alerts/README.md states: scrape, two evaluations and a `group_interval` are 6.5
    /// minutes. A busy machine is late, so this is counted, not asserted; assertions allow two more seconds of real
    /// time.
    pub(crate) beyond: bool,
    /// Notifications of an outage with one cause on all hosts.
    pub(crate) of_outage: usize,
}

/// The end of a host's alert that was notified while its cause was active, without a notification about its fleet
/// instead, which is sent, and not resolved, within one `group_interval`.
fn resolved_early(history: &History, notifications: &[Notification]) -> Option<String> {
    let spells: Vec<Vec<Spell>> = history.servers().map(|server| spells(history, server)).collect();
    let stands = |cause: &str, instance: &str, step: usize| {
        spells.iter().all(|spells| {
            spells.iter().any(|spell| {
                let whole = due(spell).is_some_and(|due| (due..spell.until).contains(&step));
                whole && spell.cause == Some(cause) && format!("h{}:10077", spell.host) == instance
            })
        })
    };
    for one in notifications.iter().filter(|one| one.status == Status::Resolved) {
        let (Some(cause), Some(instance)) = (one.alert.get("cause"), one.alert.get("instance")) else {
            continue;
        };
        if !stands(cause, instance, one.step) {
            continue;
        }
        let of_fleet = notifications
            .iter()
            .filter(|other| is(&other.alert, "cause", cause) && !other.alert.contains_key("instance"));
        let told = of_fleet.clone().any(|begin| {
            let over = |end: &Notification| {
                end.status == Status::Resolved && (begin.step..one.step).contains(&end.step)
            };
            begin.status == Status::Firing
                && begin.step <= one.step + GROUP + LATE
                && !of_fleet.clone().any(over)
        });
        if !told {
            return Some(format!(
                "the end of {:?} was notified at step {}, and it stands",
                one.alert, one.step
            ));
        }
    }
    None
}

/// The step of the first notification of a spell. An earlier notification counts until its resolution is notified.
fn first(spell: &Spell, due: usize, notifications: &[Notification]) -> Option<usize> {
    notifications
        .iter()
        .enumerate()
        .filter(|(_, one)| one.status == Status::Firing && tells(&one.alert, spell.host, spell.cause))
        .filter(|(place, one)| {
            one.step >= spell.from
                || !notifications[*place..]
                    .iter()
                    .any(|end| end.alert == one.alert && end.status == Status::Resolved && end.step < due)
        })
        .map(|(_, one)| one.step)
        .min()
}

/// Errors in the notifications.
pub(crate) fn of_notifications(
    history: &History,
    views: &Views,
    notifications: &[Notification],
) -> Result<Measurements, String> {
    if let Some(early) = resolved_early(history, notifications) {
        return Err(early);
    }
    let mut measured = Measurements::default();
    for spell in history.servers().flat_map(|server| spells(history, server)) {
        let Some(due) = due(&spell) else { continue };
        match first(&spell, due, notifications) {
            Some(step) if step <= due + GROUP + LATE => {
                let delay = step.saturating_sub(due - SEEN);
                measured.worst_delay = measured.worst_delay.max(delay);
                measured.beyond |= delay > STATED;
            }
            late => {
                return Err(format!(
                    "h{} has {:?} since step {}, to be notified from {due} on, and was notified at {late:?}",
                    spell.host, spell.cause, spell.from
                ));
            }
        }
    }
    if let Some(what) = unpaged(history, views, notifications) {
        return Err(what);
    }
    if let Some(what) = unended(views, notifications) {
        return Err(what);
    }
    if history.is_one_outage() {
        measured.of_outage =
            notifications.iter().map(|one| (one.id, one.step)).collect::<BTreeSet<_>>().len();
        if measured.of_outage > 6 {
            return Err(format!("{} notifications of one outage", measured.of_outage));
        }
    }
    Ok(measured)
}

/// An alert that was notified and ended on all servers, and whose end was not notified within a `group_interval`.
fn unended(views: &Views, notifications: &[Notification]) -> Option<String> {
    let within = GROUP + LATE;
    let alerts: BTreeSet<&Alert> = notifications.iter().map(|one| &one.alert).collect();
    alerts.into_iter().find_map(|alert| {
        let own: Vec<&Notification> = notifications.iter().filter(|one| one.alert == *alert).collect();
        let silent = |steps: RangeInclusive<usize>| {
            steps.into_iter().all(|step| views.iter().all(|view| !view[step].contains(alert)))
        };
        own.iter().enumerate().filter(|(_, one)| one.status == Status::Firing).find_map(|(place, one)| {
            let end = (one.step..STEPS - within).find(|step| silent(*step..=step + within))?;
            let told = own[place..]
                .iter()
                .any(|later| later.status == Status::Resolved && later.step <= end + within);
            (!told).then(|| format!("the end of {alert:?} at step {end} was not notified"))
        })
    })
}

/// A critical alert about exporters that fires for longer than a `group_interval` on a server that sends, and was not notified.
fn unpaged(history: &History, views: &Views, notifications: &[Notification]) -> Option<String> {
    let long = GROUP + LATE;
    for (server, view) in views.iter().enumerate() {
        for begin in 1..STEPS - long {
            let begins = view[begin].iter().filter(|alert| {
                exporters::is_about(alert)
                    && is(alert, "severity", "critical")
                    && !view[begin - 1].contains(*alert)
            });
            for alert in begins {
                let lasts = (begin..=begin + long)
                    .all(|step| view[step].contains(alert) && !history.away(server, step));
                let told = notifications.iter().any(|one| {
                    one.alert == *alert && one.status == Status::Firing && one.step <= begin + long
                });
                if lasts && !told {
                    return Some(format!("{alert:?} fires since step {begin}, and was never notified"));
                }
            }
        }
    }
    None
}
