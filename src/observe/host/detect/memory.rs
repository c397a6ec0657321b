//! What is kept of detection from one cycle to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    agents::IdentityLayout,
    config::Settings,
    model::snapshot::{Copied, Invocation},
    observe::host::{container::Known, log::Followed, surroundings::Looked},
};

/// What is kept from one cycle to the next.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Detected installations in the order of their first sight: watched even if they vanish.
    pub(super) detected: Vec<Detected>,
    /// Where configured agents without a directory were seen running.
    pub(super) running_dirs: BTreeMap<String, PathBuf>,
    /// Where executables of custom agents were seen running, by agent and base name.
    pub executables: BTreeMap<(String, String), PathBuf>,
    /// Where the identity files of each agent are, as was known last.
    pub identities: BTreeMap<String, IdentityLayout>,
    /// What the agents' own logs have told.
    pub logs: Followed,
    /// What surrounds each agent, as it was looked at last.
    pub surroundings: Looked,
    /// What may be shown of the agents' files; `None`: nobody has asked.
    pub copies: Option<Vec<Copied>>,
    /// Agents in containers, in the order of their first sight.
    pub contained: Vec<Known>,
    /// Installation directories of agents in containers, by device and inode.
    pub shared: BTreeSet<(u64, u64)>,
    /// How each of these was started, when it ran last.
    pub invocations: BTreeMap<String, Invocation>,
    /// Detected installations that are gone are to be forgotten.
    pub(super) forgets: bool,
    /// There are more installations than are watched.
    pub cut: bool,
}

impl Memory {
    /// Keeps what is known of the configured agents that `same` names; detected ones that are gone are forgotten at the next
    /// detection.
    pub fn reload(&mut self, same: impl Fn(&str) -> bool) {
        self.running_dirs.retain(|name, _| same(name));
        self.executables.retain(|(name, _), _| same(name));
        self.identities.retain(|name, _| same(name));
        self.logs.retain(&same);
        self.surroundings.retain(&same);
        self.contained.retain(Known::runs);
        self.forgets = true;
    }

    /// Of agents that are watched no longer nothing is kept.
    pub(super) fn forget_others(&mut self, settings: &Settings) {
        let Self { detected, identities, contained, .. } = self;
        identities.retain(|name, _| {
            settings.agents.iter().any(|agent| agent.name == *name)
                || detected.iter().any(|seen| seen.name == *name)
                || contained.iter().any(|known| known.name() == name)
        });
    }

    /// Of agents in containers that are remembered no longer nothing is kept.
    pub fn forget_uncontained(&mut self) {
        let Self { contained, invocations, logs, surroundings, .. } = self;
        let is_left = |name: &str| !contained.iter().any(|known| known.name() == name);
        invocations.retain(|name, _| {
            let left = is_left(name);
            if left {
                logs.retain(|other| other != name);
                surroundings.forget(name);
            }
            !left
        });
    }
}

#[derive(Debug, Clone)]
pub(super) struct Detected {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) directory: PathBuf,
    pub(super) canonical: PathBuf,
    /// Only root could have put it there. What users put somewhere they may take away again, as often as they like.
    pub(super) lasting: bool,
}
