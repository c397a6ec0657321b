//! The only memory: the active causes with their start times, and the histories. Inside a cycle the order is
//! fixed: rules → carry → root cause → fold.
//!
//! *Carry*: a cause that could not be judged stays as it was. Without this, a root cause that merely becomes
//! unreadable would stop explaining, and all its consequences would alert at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

use crate::model::{
    Cause, Prerequisite, Severity, Why,
    report::{AgentReport, Limit, NotEvaluated},
};

use super::{
    findings::{Finding, Findings, Outcome, Ruling},
    history::{AgentHistory, ClockHistory},
    transitions::ProblemHistory,
};

/// What is remembered from one cycle to the next.
#[derive(Debug, Clone, Default)]
pub struct EngineState {
    /// The host's clock.
    pub(in crate::evaluate) clock: ClockHistory,
    /// One entry for each agent ever watched, by name.
    pub(in crate::evaluate) agents: BTreeMap<Arc<str>, AgentState>,
    /// The transitions of each agent's problems.
    transitions: BTreeMap<Arc<str>, ProblemHistory>,
}

/// Memory of one agent.
#[derive(Debug, Clone, Default)]
pub(in crate::evaluate) struct AgentState {
    pub(in crate::evaluate) history: AgentHistory,
    standing: BTreeMap<(&'static str, String), Standing>,
    applied: BTreeSet<Prerequisite>,
    seen_before: bool,
}

#[derive(Debug, Clone)]
struct Standing {
    since: SystemTime,
    finding: Finding,
}

/// An active cause with its age.
#[derive(Debug, Clone)]
pub(in crate::evaluate) struct Aged {
    pub(in crate::evaluate) finding: Finding,
    pub(in crate::evaluate) since: SystemTime,
    pub(in crate::evaluate) carried: bool,
}

/// The outcome of one prerequisite's rule after carrying.
#[derive(Debug)]
pub(in crate::evaluate) struct Carried {
    pub(in crate::evaluate) prerequisite: Prerequisite,
    pub(in crate::evaluate) standing: Vec<Aged>,
    /// Facts that could not be read.
    pub(in crate::evaluate) unread: Vec<Why>,
    /// True if a critical cause could not be judged without them.
    pub(in crate::evaluate) undecided: bool,
    /// Bounds that were reached.
    pub(in crate::evaluate) limits: BTreeSet<Limit>,
}

impl EngineState {
    /// Forgets the agents that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.agents.retain(|name, _| keep(name));
        let agents = &self.agents;
        self.transitions.retain(|name, _| agents.contains_key(name));
    }

    /// Adds the transitions since the last complete reports to complete reports.
    pub fn record_transitions(&mut self, taken_at: SystemTime, reports: &mut [AgentReport]) {
        for report in reports {
            let history = self.transitions.entry(Arc::clone(&report.name)).or_default();
            report.transitions = history.advance(taken_at, &report.prerequisites).clone();
        }
    }
}

/// Which causes count, according to the operator and the kind of evidence.
pub(in crate::evaluate) struct Weights<'a> {
    /// True for causes that are intended on this host.
    pub(in crate::evaluate) ignored: &'a dyn Fn(&'static Cause) -> bool,
    /// True for causes that rest on supplementary evidence: without it they keep their state, and nothing
    /// becomes unknown.
    pub(in crate::evaluate) supplementary: &'a dyn Fn(&'static Cause) -> bool,
}

impl AgentState {
    /// Adds to the rules' findings the active causes that could not be judged this time, and remembers what
    /// is active now.
    pub(in crate::evaluate) fn carry(
        &mut self,
        taken_at: SystemTime,
        judged: Vec<(Prerequisite, Outcome)>,
        weights: &Weights<'_>,
    ) -> (Vec<Carried>, Vec<(Prerequisite, NotEvaluated)>) {
        let mut remembered = BTreeMap::new();
        let mut outcome = Vec::new();
        let mut not_evaluated = Vec::new();
        for (prerequisite, judged) in judged {
            let findings = match judged {
                Outcome::Judged(findings) => findings,
                Outcome::Not(NotEvaluated::Undecided(why)) if self.applied.contains(&prerequisite) => {
                    Findings::unread(prerequisite, &why)
                }
                Outcome::Unread(why) if self.applied.contains(&prerequisite) || !self.seen_before => {
                    Findings::unread(prerequisite, &why)
                }
                Outcome::Unread(why) => {
                    not_evaluated.push((prerequisite, NotEvaluated::Undecided(why)));
                    continue;
                }
                Outcome::Not(reason) => {
                    self.applied.remove(&prerequisite);
                    not_evaluated.push((prerequisite, reason));
                    continue;
                }
            };
            self.applied.insert(prerequisite);
            let mut carried = Carried {
                prerequisite,
                standing: Vec::new(),
                unread: Vec::new(),
                undecided: false,
                limits: BTreeSet::new(),
            };
            for ruling in findings.into_rulings().filter(|ruling| !(weights.ignored)(ruling.cause)) {
                let supplementary = (weights.supplementary)(ruling.cause);
                self.carry_ruling(taken_at, &ruling, supplementary, &mut carried, &mut remembered);
            }
            outcome.push(carried);
        }
        self.standing = remembered;
        self.seen_before = true;
        (outcome, not_evaluated)
    }

    fn carry_ruling(
        &self,
        taken_at: SystemTime,
        ruling: &Ruling,
        supplementary: bool,
        carried: &mut Carried,
        remembered: &mut BTreeMap<(&'static str, String), Standing>,
    ) {
        let id = ruling.cause.id;
        for finding in &ruling.standing {
            let key = (id, finding.subject.clone());
            let since = self.standing.get(&key).map_or(taken_at, |before| before.since);
            remembered.insert(key, Standing { since, finding: finding.clone() });
            carried.standing.push(Aged { finding: finding.clone(), since, carried: false });
        }
        let of_cause = self.standing.range((id, String::new())..).take_while(|(key, _)| key.0 == id);
        for (key, before) in of_cause.filter(|(key, _)| ruling.leaves_open(&key.1)) {
            if !remembered.contains_key(key) {
                remembered.insert(key.clone(), before.clone());
                let finding = before.finding.clone();
                carried.standing.push(Aged { finding, since: before.since, carried: true });
            }
        }
        carried.limits.extend(&ruling.limits);
        if supplementary {
            return;
        }
        for why in ruling.open() {
            carried.undecided |= ruling.cause.severity == Severity::Critical;
            if !carried.unread.contains(why) {
                carried.unread.push(why.clone());
            }
        }
    }
}
