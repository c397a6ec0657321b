//! By which names processes are looked for, and which of those that bear one count.

use std::path::Path;

use super::{
    accepted::Acceptance,
    detect::{Profiles, profile_of},
    process::Wanted,
};
use crate::{
    agents::Profile,
    config::{AgentSettings, Settings},
    observe::trust::Credentials,
    sys,
};

/// Names and variables that matter under the settings.
pub(super) struct Names<'a> {
    recognisers: Vec<(&'static dyn Profile, AgentSettings)>,
    acceptance: &'a Acceptance<'a>,
}

impl<'a> Names<'a> {
    /// Those of every configured agent, and of every kind that is looked for.
    pub(super) fn new(profiles: Profiles, settings: &Settings, acceptance: &'a Acceptance<'a>) -> Self {
        let detected = profiles
            .iter()
            .filter(|profile| settings.detect && !profile.places(sys::SYSTEM).is_empty())
            .map(|profile| (*profile, AgentSettings::of(profile.kind(), sys::SYSTEM)));
        let configured = settings.agents.iter().filter_map(|agent| {
            Some((profile_of(profiles, agent.kind)?, AgentSettings { system: sys::SYSTEM, ..agent.clone() }))
        });
        Self { recognisers: detected.chain(configured).collect(), acceptance }
    }

    /// The kind that a process of this name passes itself off as.
    pub(super) fn kind_of(&self, base_name: &str) -> Option<&'static str> {
        let mut bearing =
            self.recognisers.iter().filter(|(profile, settings)| bears(*profile, settings, base_name));
        bearing.next().map(|(profile, _)| profile.kind())
    }
}

/// True if a process of this name, which may be cut, can be the agent's.
fn bears(profile: &dyn Profile, settings: &AgentSettings, name: &str) -> bool {
    profile.recognise(name, settings).is_agent() || profile.recognises_comm(name, settings)
}

impl Wanted for Names<'_> {
    fn name(&self, base_name: &str) -> bool {
        self.recognisers.iter().any(|(profile, settings)| profile.recognise(base_name, settings).is_agent())
    }

    fn comm(&self, comm: &str) -> bool {
        self.recognisers.iter().any(|(profile, settings)| profile.recognises_comm(comm, settings))
    }

    fn counts(&self, base_name: &str, path: Option<&Path>, credentials: &Credentials) -> bool {
        self.recognisers.iter().any(|(profile, settings)| {
            bears(*profile, settings, base_name)
                && self.acceptance.counts(*profile, settings, path, credentials)
        })
    }

    fn in_containers(&self, base_name: &str) -> bool {
        self.recognisers.iter().any(|(profile, settings)| {
            !profile.places(sys::SYSTEM).is_empty() && bears(*profile, settings, base_name)
        })
    }

    fn variable(&self, base_name: &str, variable: &str) -> bool {
        self.recognisers.iter().any(|(profile, settings)| {
            profile.recognise(base_name, settings).is_agent() && profile.wants_variable(variable)
        })
    }
}
