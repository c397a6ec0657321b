//! Which alerts fire, since when, and which have been resolved: the same state that Prometheus' rules keep
//! for one host. A value, advanced by reports and by time.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::subject::{Subject, Times};
use crate::{
    catalog,
    model::{
        Severity, Status,
        report::{AgentReport, Report},
    },
};

/// The end of an alert is sent again for this long, as Alertmanager asks of its clients.
const REPEATED: Duration = Duration::from_mins(5);

/// Without an evaluation for this long the exporter is stale, as in the rules.
const STALE: Duration = Duration::from_mins(10);

/// A symptom is sampled as often as rules are evaluated: 24 of 60 samples are 6 of 15 minutes, 8 are the last two.
const SAMPLE: Duration = Duration::from_secs(15);
const SAMPLES: u32 = 60;
const MANY: u32 = 24;
const RECENT: u64 = 0xff;

/// A cause that waits longer than this does not suppress the symptom in the meantime.
const SLOW: Duration = Duration::from_mins(5);

/// More errors than these, within this time, are more than a temporary slowdown. They are counted each minute.
const ERRORS: u64 = 10;
const ERRORS_WINDOW: Duration = Duration::from_mins(15);
const MINUTE: Duration = Duration::from_mins(1);

/// An alert that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alert {
    /// Since when it fires.
    pub(super) fired: Instant,
    /// When it ended.
    pub(super) resolved: Option<Instant>,
}

/// An alert that may fire, fires, or has fired.
#[derive(Debug, Clone, Copy)]
struct Condition {
    times: Times,
    /// When it became active; `None`: it is not.
    since: Option<Instant>,
    /// When it was last active for long enough.
    due: Option<Instant>,
    alert: Option<Alert>,
}

impl Condition {
    fn is_due(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) >= self.times.patience)
    }

    fn fires(&self) -> bool {
        self.alert.is_some_and(|alert| alert.resolved.is_none())
    }

    fn advance(&mut self, now: Instant) {
        if self.is_due(now) {
            self.due = Some(now);
            if !self.fires() {
                self.alert = Some(Alert { fired: now, resolved: None });
            }
        } else if let (Some(due), Some(alert)) = (self.due, &mut self.alert)
            && alert.resolved.is_none()
            && now >= due + self.times.keep
        {
            alert.resolved = Some(due + self.times.keep);
        }
    }

    /// The next time at which its state changes without a new report.
    fn next(&self, now: Instant) -> Option<Instant> {
        if let Some(resolved) = self.alert.and_then(|alert| alert.resolved) {
            let forgotten = Some(resolved + REPEATED);
            return self.since.map(|since| since + self.times.patience).into_iter().chain(forgotten).min();
        }
        if self.is_due(now) {
            return None;
        }
        match self.since {
            Some(since) => Some(since + self.times.patience),
            None => self.due.map(|due| due + self.times.keep),
        }
    }
}

/// What is remembered about one agent besides its causes.
#[derive(Debug, Clone, Default)]
struct Symptom {
    /// Whether it failed, one bit for each sample, the newest last.
    failed: u64,
    sampled: Option<Instant>,
}

impl Symptom {
    fn sample(&mut self, now: Instant, failing: bool) {
        let mut sampled = self.sampled.unwrap_or_else(|| now.checked_sub(SAMPLE).unwrap_or(now));
        for _ in 0..SAMPLES {
            if now.duration_since(sampled) < SAMPLE {
                self.sampled = Some(sampled);
                return;
            }
            sampled += SAMPLE;
            self.failed = (self.failed << 1 | u64::from(failing)) & ((1 << SAMPLES) - 1);
        }
        self.sampled = Some(now);
    }

    fn stands(&self) -> bool {
        self.failed.count_ones() >= MANY && self.failed & RECENT != 0
    }
}

/// A counter over the last minutes.
type Samples = VecDeque<(Instant, u64)>;

/// The state of all alerts. Its size depends on the active alerts; time alone does not let it grow.
#[derive(Debug)]
pub(super) struct AlertStates {
    conditions: BTreeMap<Subject, Condition>,
    symptoms: BTreeMap<Arc<str>, Symptom>,
    errors: BTreeMap<(Arc<str>, &'static str), Samples>,
    evaluated: Instant,
}

impl AlertStates {
    /// For an exporter that has not evaluated yet. The watchdog fires from the beginning.
    pub(super) fn new(now: Instant) -> Self {
        let mut states = Self {
            conditions: BTreeMap::new(),
            symptoms: BTreeMap::new(),
            errors: BTreeMap::new(),
            evaluated: now,
        };
        states.stands(Subject::Watchdog, now);
        states.advance(now);
        states
    }

    /// What a report says. Reports before the first complete evaluation are ignored.
    pub(super) fn observe(&mut self, report: &Report, now: Instant) {
        self.evaluated = now;
        if report.complete {
            let mut present = BTreeSet::from([Subject::Watchdog]);
            if !report.exporter.reload_successful {
                present.insert(Subject::ReloadFailed);
            }
            if report.agents.is_empty() {
                present.insert(Subject::NoAgents);
            }
            for agent in &report.agents {
                present.extend(causes(agent));
            }
            self.count_errors(report, now, &mut present);
            for agent in report.agents.iter().filter(|agent| agent.status == Status::Unknown) {
                let unread = |subject: &Subject| matches!(subject, Subject::ObservationErrors(of, _) if *of == agent.name);
                if !self.conditions.iter().any(|(subject, each)| unread(subject) && each.fires()) {
                    present.insert(Subject::StatusUnknown(Arc::clone(&agent.name)));
                }
            }
            self.symptoms(report, now, &mut present);
            self.replace(present, now);
        }
        self.advance(now);
    }

    /// What time alone changes.
    pub(super) fn advance(&mut self, now: Instant) {
        if now.duration_since(self.evaluated) >= STALE {
            self.stands(Subject::Stale, now);
        }
        for condition in self.conditions.values_mut() {
            condition.advance(now);
        }
        self.conditions.retain(|_, condition| {
            let over = condition.alert.is_none_or(|alert| {
                alert.resolved.is_some_and(|resolved| now.duration_since(resolved) >= REPEATED)
            });
            condition.since.is_some() || !over
        });
    }

    /// The next time at which the state changes without a new report.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        let stale = self.evaluated + STALE;
        let stale = (stale > now).then_some(stale);
        self.conditions.values().filter_map(|condition| condition.next(now)).chain(stale).min()
    }

    /// Alerts that fire, and those that were resolved recently.
    pub(super) fn alerts(&self) -> BTreeMap<Subject, Alert> {
        let told = |(subject, condition): (&Subject, &Condition)| Some((subject.clone(), condition.alert?));
        self.conditions.iter().filter_map(told).collect()
    }

    fn stands(&mut self, subject: Subject, now: Instant) {
        let times = subject.times();
        let condition = self.conditions.entry(subject).or_insert(Condition {
            times,
            since: None,
            due: None,
            alert: None,
        });
        condition.since.get_or_insert(now);
    }

    /// The subjects that are active now; all others are not.
    fn replace(&mut self, present: BTreeSet<Subject>, now: Instant) {
        for (subject, condition) in &mut self.conditions {
            if !present.contains(subject) {
                if condition.is_due(now) {
                    condition.due = Some(now);
                }
                condition.since = None;
            }
        }
        for subject in present {
            self.stands(subject, now);
        }
    }

    fn count_errors(&mut self, report: &Report, now: Instant, present: &mut BTreeSet<Subject>) {
        let counted = &report.exporter.observation_errors;
        self.errors.retain(|key, _| counted.contains_key(key));
        for ((agent, source), &count) in counted {
            // Before the first error there was none.
            let samples = self
                .errors
                .entry((Arc::clone(agent), source))
                .or_insert_with(|| VecDeque::from([(now, count.saturating_sub(1))]));
            if samples.back().is_none_or(|(at, _)| now.duration_since(*at) >= MINUTE) {
                samples.push_back((now, count));
            }
            while samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= ERRORS_WINDOW) {
                samples.pop_front();
            }
            if samples.front().is_some_and(|(_, before)| count.saturating_sub(*before) > ERRORS) {
                present.insert(Subject::ObservationErrors(Arc::clone(agent), source));
            }
        }
    }

    /// The symptom of agents without an alert for a cause. If there is one, the symptom is resolved at once.
    fn symptoms(&mut self, report: &Report, now: Instant, present: &mut BTreeSet<Subject>) {
        self.symptoms.retain(|name, _| report.agents.iter().any(|agent| agent.name == *name));
        for agent in &report.agents {
            let critical = |subject: &Subject| {
                let Subject::Cause(of, id) = subject else { return None };
                let cause = catalog::find(id).filter(|cause| cause.severity == Severity::Critical);
                cause.filter(|_| *of == agent.name)
            };
            let slow = present.iter().filter_map(critical).any(|cause| cause.patience > SLOW);
            let symptom = self.symptoms.entry(Arc::clone(&agent.name)).or_default();
            symptom.sample(now, agent.status == Status::Failing && !slow);
            let stands = symptom.stands();
            let told = self.conditions.iter().any(|(subject, condition)| {
                let stands = present.contains(subject) && condition.is_due(now);
                critical(subject).is_some() && (stands || condition.fires())
            });
            let subject = Subject::Failing(Arc::clone(&agent.name));
            if told {
                if let Some(condition) = self.conditions.get_mut(&subject)
                    && let Some(alert) = &mut condition.alert
                {
                    alert.resolved.get_or_insert(now);
                }
            } else if stands {
                present.insert(subject);
            }
        }
    }
}

/// The causes of an agent with alerts: one for each active, unexplained cause, with the highest severity of
/// its subjects.
fn causes(agent: &AgentReport) -> BTreeSet<Subject> {
    let mut worst: BTreeMap<&'static str, (Severity, Severity)> = BTreeMap::new();
    let problems = agent.prerequisites.iter().flat_map(|prerequisite| &prerequisite.problems);
    for problem in problems.filter(|problem| problem.explained_by.is_none()) {
        let entry = worst.entry(problem.cause.id).or_insert((problem.severity, problem.cause.severity));
        entry.0 = entry.0.max(problem.severity);
    }
    let subject = |(id, (severity, usual)): (&'static str, (Severity, Severity))| {
        let name = Arc::clone(&agent.name);
        if severity == usual { Subject::Cause(name, id) } else { Subject::Milder(name, id) }
    };
    worst.into_iter().map(subject).collect()
}

#[cfg(test)]
#[path = "tests/states.rs"]
mod tests;
