//! Logs the changes from one report to the next: problems that appeared or disappeared, at the level of their
//! severity, and at level debug the facts that could not be read.

use std::{collections::BTreeSet, sync::Arc};

use tracing::{debug, error, info, warn};

use crate::model::{
    Language, Why,
    report::{AgentReport, Problem, Report},
};

type Key = (Arc<str>, &'static str, &'static str, String);
type Unread = (Arc<str>, &'static str, String);

/// The problems that were logged as active.
#[derive(Debug, Default)]
pub(super) struct Journal {
    standing: BTreeSet<Key>,
    unread: BTreeSet<Unread>,
}

impl Journal {
    /// Logs the differences to the last report.
    pub(super) fn record(&mut self, report: &Report) {
        let (mut standing, mut unread) = (BTreeSet::new(), BTreeSet::new());
        for agent in &report.agents {
            for prerequisite in &agent.prerequisites {
                let id = prerequisite.id.as_str();
                for problem in prerequisite.problems.iter().filter(|problem| problem.explained_by.is_none()) {
                    let key = (Arc::clone(&agent.name), id, problem.cause.id, problem.subject.clone());
                    if !self.standing.contains(&key) {
                        appeared(agent, problem);
                    }
                    standing.insert(key);
                }
                for why in &prerequisite.unknown {
                    let key = (Arc::clone(&agent.name), id, why.fact.clone());
                    if !self.unread.contains(&key) {
                        could_not_be_read(agent, id, prerequisite.status.as_str(), why);
                    }
                    unread.insert(key);
                }
            }
        }
        for (agent, prerequisite, cause, subject) in self.standing.difference(&standing) {
            info!(%agent, prerequisite, cause, %subject, "problem is gone");
        }
        for (agent, prerequisite, fact) in self.unread.difference(&unread) {
            debug!(%agent, prerequisite, %fact, "can be read again");
        }
        self.standing = standing;
        self.unread = unread;
    }
}

/// The same keys, in the same order, at either level and when the problem is gone.
fn appeared(agent: &AgentReport, problem: &Problem) {
    let Problem { cause, subject, severity, .. } = problem;
    let (agent, prerequisite, title) =
        (&agent.name, cause.prerequisite.as_str(), problem.title(Language::English));
    match severity {
        crate::model::Severity::Critical => {
            error!(%agent, prerequisite, cause = cause.id, %subject, severity = severity.as_str(), "{title}");
        }
        crate::model::Severity::Warning => {
            warn!(%agent, prerequisite, cause = cause.id, %subject, severity = severity.as_str(), "{title}");
        }
    }
}

fn could_not_be_read(agent: &AgentReport, prerequisite: &str, status: &str, why: &Why) {
    let (agent, reason) = (&agent.name, why.reason.as_str());
    debug!(%agent, prerequisite, status, fact = %why.fact, reason, "{}", why.detail);
}
