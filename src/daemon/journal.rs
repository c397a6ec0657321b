//! Tells the log what changed from one report to the next: problems that appeared and that are gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
        let mut explained = BTreeMap::new();
        for agent in &report.agents {
            for problem in agent.prerequisites.iter().flat_map(|prerequisite| &prerequisite.problems) {
                let key = (Arc::clone(&agent.name), problem.cause.id, problem.subject.clone());
                if let Some(root) = problem.explained_by {
                    explained.insert(key, root.id);
                    continue;
                }
                if !self.standing.contains(&key) {
                    warn!(
                        agent = %agent.name,
                        prerequisite = problem.cause.prerequisite.as_str(),
                        cause = problem.cause.id,
                        severity = problem.severity.as_str(),
                        "{}",
                        problem.title(Language::English)
                    );
                }
                standing.insert(key);
            }
        }
        for key in self.standing.difference(&standing) {
            let (agent, cause, subject) = key;
            if let Some(root) = explained.get(key) {
                info!(%agent, cause, %subject, root, "problem is now a consequence of another");
            } else {
                info!(%agent, cause, %subject, "problem is gone");
            }
        }
        self.standing = standing;
    }
}
