//! Tells the log what changed from one report to the next: problems that appeared and that are gone.

use std::{collections::BTreeSet, sync::Arc};

use tracing::{info, warn};

use crate::model::{Language, report::Report};

type Key = (Arc<str>, &'static str, String);

/// What the log was told to stand.
#[derive(Debug, Default)]
pub(super) struct Journal {
    standing: BTreeSet<Key>,
}

impl Journal {
    /// Logs the differences to the last report.
    pub(super) fn record(&mut self, report: &Report) {
        let mut standing = BTreeSet::new();
        for agent in &report.agents {
            for problem in agent.prerequisites.iter().flat_map(|prerequisite| &prerequisite.problems) {
                if problem.explained_by.is_some() {
                    continue;
                }
                let key = (Arc::clone(&agent.name), problem.cause.id, problem.subject.clone());
                if !self.standing.contains(&key) {
                    warn!(
                        agent = %agent.name,
                        cause = problem.cause.id,
                        severity = problem.severity.as_str(),
                        "{}",
                        problem.title(Language::English)
                    );
                }
                standing.insert(key);
            }
        }
        for (agent, cause, subject) in self.standing.difference(&standing) {
            info!(%agent, cause, %subject, "problem is gone");
        }
        self.standing = standing;
    }
}
