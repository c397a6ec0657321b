//! The state of detection that is kept from one cycle to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    agents::IdentityLayout,
    config::Settings,
    model::snapshot::{Copied, Invocation},
    observe::host::{container::Known, log::Followed, surroundings::LastReadings},
};

/// The state that is kept from one cycle to the next.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Detected installations, in the order of their detection: watched even if they vanish.
    pub(super) detected: Vec<Detected>,
    /// Where configured agents without a directory were seen running.
    pub(super) running_dirs: BTreeMap<String, PathBuf>,
    /// Where executables of custom agents were seen running, by agent and base name.
    pub executables: BTreeMap<(String, String), PathBuf>,
    /// Where the identity files of each agent are, as last known for the process that collects (pid, start in ticks);
    /// `None`: no process is seen.
    pub identities: BTreeMap<String, (Option<(u32, u64)>, IdentityLayout)>,
    /// The contents of the agents' own logs.
    pub logs: Followed,
    /// The surroundings of each agent, as last read.
    pub surroundings: LastReadings,
    /// The parts of the agents' files that may be shown; `None`: not requested.
    pub copies: Option<Vec<Copied>>,
    /// Agents in containers, in the order of their detection.
    pub contained: Vec<Known>,
    /// Installation directories of agents in containers, by device and inode.
    pub shared: BTreeSet<(u64, u64)>,
    /// How each agent in a container was last started.
    pub invocations: BTreeMap<String, Invocation>,
    /// True if the next detection removes the detected installations that are gone.
    pub(super) forgets: bool,
    /// True if there are more installations than are watched.
    pub cut: bool,
}

impl Memory {
    /// Keeps the state of the configured agents that `same` maps; detected ones that are gone are removed at the next
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

    /// Forgets the agents that are no longer watched.
    pub(super) fn forget_others(&mut self, settings: &Settings) {
        let Self { detected, identities, contained, .. } = self;
        identities.retain(|name, _| {
            settings.agents.iter().any(|agent| agent.name == *name)
                || detected.iter().any(|seen| seen.name == *name)
                || contained.iter().any(|known| known.name() == name)
        });
    }

    /// Forgets the state of agents in containers that are no longer remembered.
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
    /// True if only root could have created it there: users can create and remove their own directories as often as
    /// they like.
    pub(super) lasting: bool,
}
