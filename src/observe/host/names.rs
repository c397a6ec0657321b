//! The names by which processes are searched for, and which of the matching ones count.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    accepted::Acceptance,
    detect::{Profiles, profile_of},
    process::{UntrustedProcess, Wanted},
};
use crate::{
    agents::Profile,
    config::{AgentSettings, Settings},
    model::report::{Limit, NotBelieved, NotBelievedGroup},
    observe::trust::Credentials,
    sys,
};

/// The maximum numbers of reported groups of processes that are not trusted, and of ids of each.
const MOST_GROUPS: usize = 32;
const MOST_PIDS: usize = 32;

/// Names and variables that matter under the settings.
pub(super) struct Names<'a> {
    recognisers: Vec<(&'static dyn Profile, AgentSettings)>,
    acceptance: &'a Acceptance<'a>,
}

impl<'a> Names<'a> {
    /// The names of every configured agent, and of every kind that is detected.
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

    /// The kind of agent that has processes of this name.
    pub(super) fn kind_of(&self, base_name: &str) -> Option<&'static str> {
        let mut bearing =
            self.recognisers.iter().filter(|(profile, settings)| bears(*profile, settings, base_name));
        bearing.next().map(|(profile, _)| profile.kind())
    }

    /// The processes that do not count, by kind, user and executable.
    pub(super) fn not_believed(
        &self,
        untrusted: Vec<UntrustedProcess>,
        limits: &mut BTreeSet<Limit>,
    ) -> NotBelieved {
        let mut out = NotBelieved::default();
        let mut groups: BTreeMap<(&'static str, u32, String), Vec<u32>> = BTreeMap::new();
        for UntrustedProcess { pid, name, user, executable } in untrusted {
            let Some(kind) = self.kind_of(&name) else { continue };
            *out.processes.entry(kind).or_default() += 1;
            let executable = executable.map_or(name, |path| path.to_string_lossy().into_owned());
            let key = (kind, user, executable);
            if groups.len() == MOST_GROUPS && !groups.contains_key(&key) {
                limits.insert(Limit::Candidates);
                continue;
            }
            let pids = groups.entry(key).or_default();
            if pids.len() < MOST_PIDS {
                pids.push(pid);
            } else {
                limits.insert(Limit::Candidates);
            }
        }
        let named = |((kind, user, executable), pids)| NotBelievedGroup { kind, user, executable, pids };
        out.groups = groups.into_iter().map(named).collect();
        out
    }
}

/// True if a process of this name, which may be truncated, can be the agent's.
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
