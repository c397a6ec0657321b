//! The only memory: what stands since when, and what the histories remember. Inside a cycle the order is fixed:
//! rules → carry → root cause → fold.
//!
//! *Carry*: a cause that could not be judged stays as it was. Without this, a root cause that merely becomes unreadable
//! would stop explaining, and all its consequences would page at once.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use crate::model::{Cause, Prerequisite, Severity, Why};

use super::{
    findings::{Finding, Findings, Undecided},
    history::{AgentHistory, ClockHistory},
};

/// What is remembered from one cycle to the next.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The host's clock.
    pub(super) clock: ClockHistory,
    /// One entry for each agent ever watched, by name.
    pub(super) agents: BTreeMap<Arc<str>, AgentLedger>,
}

/// Memory of one agent.
#[derive(Debug, Clone, Default)]
pub(super) struct AgentLedger {
    pub(super) history: AgentHistory,
    standing: BTreeMap<(&'static str, String), Standing>,
}

#[derive(Debug, Clone)]
struct Standing {
    since: SystemTime,
    finding: Finding,
}

/// A standing cause with its age.
#[derive(Debug, Clone)]
pub(super) struct Aged {
    pub(super) finding: Finding,
    pub(super) since: SystemTime,
    pub(super) carried: bool,
}

/// The outcome of one prerequisite's rule after carrying.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) prerequisite: Prerequisite,
    pub(super) standing: Vec<Aged>,
    /// Facts that could not be read.
    pub(super) unread: Vec<Why>,
    /// True if a critical cause could not be judged without them.
    pub(super) undecided: bool,
}

impl Ledger {
    /// Forgets the agents that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.agents.retain(|name, _| keep(name));
    }
}

impl AgentLedger {
    /// Adds to a rule's findings what stood and could not be judged this time, and remembers what stands now.
    pub(super) fn carry(
        &mut self,
        taken_at: SystemTime,
        judged: Vec<(Prerequisite, Findings)>,
        ignored: impl Fn(&'static Cause) -> bool,
    ) -> Vec<Carried> {
        let mut remembered = BTreeMap::new();
        let mut outcome = Vec::new();
        for (prerequisite, findings) in judged {
            let Findings { standing: found, undecided, unread } = findings;
            let mut standing = Vec::new();
            for finding in found.into_iter().filter(|finding| !ignored(finding.cause)) {
                let key = (finding.cause.id, finding.subject.clone());
                let since = self.standing.get(&key).map_or(taken_at, |before| before.since);
                remembered.insert(key, Standing { since, finding: finding.clone() });
                standing.push(Aged { finding, since, carried: false });
            }
            let undecided: Vec<Undecided> =
                undecided.into_iter().filter(|entry| !ignored(entry.cause)).collect();
            for (key, before) in &self.standing {
                let undecided_now = undecided.iter().any(|entry| {
                    entry.cause == before.finding.cause
                        && entry.subject.as_ref().is_none_or(|subject| *subject == before.finding.subject)
                });
                if undecided_now && !remembered.contains_key(key) {
                    remembered.insert(key.clone(), before.clone());
                    standing.push(Aged {
                        finding: before.finding.clone(),
                        since: before.since,
                        carried: true,
                    });
                }
            }
            let is_undecided = undecided.iter().any(|entry| entry.cause.severity == Severity::Critical);
            let mut all_unread: Vec<Why> = Vec::new();
            for why in undecided.into_iter().map(|entry| entry.why).chain(unread) {
                if !all_unread.contains(&why) {
                    all_unread.push(why);
                }
            }
            outcome.push(Carried { prerequisite, standing, unread: all_unread, undecided: is_undecided });
        }
        self.standing = remembered;
        outcome
    }
}
