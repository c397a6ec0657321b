//! Transitions: which causes are reported now and were not before, and the reverse. Bounded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

use crate::model::{
    Cause, Prerequisite, Reason, Severity,
    report::{PrerequisiteReport, Problem, Transition, TransitionTo, Transitions},
};

/// The maximum number that are kept: enough for a night with many problems, in 2 KiB.
const MOST: usize = 50;

/// The problems of one agent at the last evaluation, and the transitions up to then.
#[derive(Debug, Clone, Default)]
pub(super) struct ProblemHistory {
    problems: BTreeMap<(Prerequisite, &'static str), KnownProblem>,
    /// Prerequisites that were judged before: a problem seen the first time one is judged may be old.
    begun: BTreeSet<Prerequisite>,
    transitions: Transitions,
}

/// A problem at the last evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct KnownProblem {
    cause: &'static Cause,
    /// None: another cause explains it.
    severity: Option<Severity>,
}

impl KnownProblem {
    fn to(self) -> TransitionTo {
        match self.severity {
            Some(Severity::Critical) => TransitionTo::Failing,
            Some(Severity::Warning) => TransitionTo::Warning,
            None => TransitionTo::Explained,
        }
    }
}

impl ProblemHistory {
    /// The transitions up to this report. The causes of a prerequisite that no longer applies are gone.
    pub(super) fn advance(&mut self, at: SystemTime, report: &[PrerequisiteReport]) -> &Transitions {
        let mut current = BTreeMap::new();
        for prerequisite in report {
            for problem in &prerequisite.problems {
                add(&mut current, prerequisite.id, problem);
            }
            self.transitions.totals.entry(prerequisite.id).or_default();
        }
        let mut new: Vec<Transition> = Vec::new();
        let gone = self.problems.iter().filter(|(key, _)| !current.contains_key(*key));
        let gone = gone.filter(|(_, before)| before.severity.is_some());
        new.extend(gone.map(|((prerequisite, _), before)| Transition {
            at,
            prerequisite: *prerequisite,
            cause: before.cause,
            to: TransitionTo::Ok,
        }));
        for ((prerequisite, id), now) in &current {
            let before = self.problems.get(&(*prerequisite, *id)).and_then(|before| before.severity);
            if self.begun.contains(prerequisite) && before != now.severity {
                let prerequisite = *prerequisite;
                new.push(Transition { at, prerequisite, cause: now.cause, to: now.to() });
            }
        }
        self.problems = current;
        self.begun.extend(report.iter().filter(|each| is_looked_at(each)).map(|each| each.id));
        self.keep(&new);
        &self.transitions
    }

    fn keep(&mut self, new: &[Transition]) {
        if new.is_empty() {
            return;
        }
        for transition in new {
            *self.transitions.totals.entry(transition.prerequisite).or_default() += 1;
        }
        let all = self.transitions.recent.iter().chain(new);
        let surplus = (self.transitions.recent.len() + new.len()).saturating_sub(MOST);
        self.transitions.recent = all.skip(surplus).copied().collect::<Arc<[_]>>();
    }
}

/// With the highest severity of its subjects; explained only if all of them are.
fn add(
    problems: &mut BTreeMap<(Prerequisite, &'static str), KnownProblem>,
    id: Prerequisite,
    problem: &Problem,
) {
    let severity = problem.explained_by.is_none().then_some(problem.severity);
    let known =
        problems.entry((id, problem.cause.id)).or_insert(KnownProblem { cause: problem.cause, severity });
    known.severity = known.severity.max(severity);
}

/// False while a result is still pending, such as the first answer of an endpoint.
fn is_looked_at(prerequisite: &PrerequisiteReport) -> bool {
    prerequisite.unknown.iter().all(|why| why.reason != Reason::NotYet)
}
