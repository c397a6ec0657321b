//! A pod whose containers share a PID namespace, seen from one of them: the agent is in another one, and the exporter's
//! root directory is that of its own image.

use std::{collections::BTreeSet, fs::File, path::Path};

use super::{
    container::named,
    detect::{Memory, Profiles, profile_of},
    file::Files,
    process::{Candidate, FirstProcess},
};
use crate::{
    agents::Profile,
    config::{AgentSettings, Settings},
    model::{Reading, System, snapshot::ContainerName},
    sys,
};

/// The maximum number of directories of containers that are distinguished from those of the host.
const MOST_SHARED: usize = 256;

/// The exporter's own pod, as its definition names it.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    name: String,
    namespace: String,
}

impl Pod {
    /// The pod in these variables; `None` unless both are set.
    pub(super) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self { name: variable(sys::POD_NAME)?, namespace: variable(sys::POD_NAMESPACE)? })
    }

    /// The name of a container of the pod, which only the config contains.
    pub(super) fn name_of(&self, container: Option<&str>) -> Option<ContainerName> {
        named("kubectl", container, Some(&self.name), Some(&self.namespace))
    }
}

/// Where the exporter is, and which agents its config refers to.
#[derive(Debug, Default)]
pub struct PodContext {
    /// The first process of the exporter's pod; `None`: the exporter is on a host, or watches one.
    pub(super) first: Option<FirstProcess>,
    /// Configured agents that are in other containers although the config does not say so.
    pub(super) adopted: BTreeSet<String>,
}

impl PodContext {
    /// In a pod, every agent is in another container. On a host, an agent is in a container if it has the host's PID
    /// namespace and another root directory, and no part of it is on the host itself.
    pub(super) fn new(
        files: Files<'_>,
        (profiles, settings): (Profiles, &Settings),
        first: Option<FirstProcess>,
        (of_host, in_containers): (&[Candidate], &[Candidate]),
        memory: &mut Memory,
    ) -> Self {
        note_shared(files, profiles, in_containers, &mut memory.shared);
        let known = &memory.contained;
        let is_adopted = |agent: &AgentSettings| {
            let Some(profile) = profile_of(profiles, agent.kind).filter(|profile| is_placed(*profile)) else {
                return false;
            };
            let runs = |all: &[Candidate], shared: bool| {
                all.iter().any(|candidate| {
                    let shares = candidate.container.as_ref().is_none_or(|it| it.shares_processes == shared);
                    shares && profile.recognise(&candidate.process.executable_name, agent).is_agent()
                })
            };
            let directory =
                || agent.install_dir.clone().or_else(|| profile.default_install_dir(System::Linux));
            first.is_some()
                || known.iter().any(|known| known.name() == agent.name)
                || runs(in_containers, true)
                    && !runs(of_host, true)
                    && directory().is_none_or(|directory| !files.is_directory(&directory))
        };
        let adopted = settings
            .agents
            .iter()
            .filter(|agent| agent.container.is_none())
            .filter(|agent| is_adopted(agent));
        Self { first, adopted: adopted.map(|agent| agent.name.clone()).collect() }
    }

    /// True for an agent that is searched for in containers.
    pub(super) fn is_contained(&self, agent: &AgentSettings) -> bool {
        agent.container.is_some() || self.adopted.contains(&agent.name)
    }
}

/// True for a kind with standard directories, which can therefore be recognized in a container.
fn is_placed(profile: &dyn Profile) -> bool {
    !profile.places(System::Linux).is_empty()
}

/// Records the installation directories of agents in containers by their identity: the same directory may be mounted on
/// the host without being an installation of the host.
fn note_shared(
    files: Files<'_>,
    profiles: Profiles,
    candidates: &[Candidate],
    shared: &mut BTreeSet<(u64, u64)>,
) {
    for candidate in candidates {
        let (Some(container), Some(path)) = (&candidate.container, &candidate.path) else { continue };
        let directories = profiles.iter().filter(|profile| is_placed(**profile));
        for directory in directories.filter_map(|profile| profile.install_dir_of(path)) {
            let inside = Files { root: &container.root, ..files };
            if shared.len() < MOST_SHARED {
                shared.extend(identity(inside, &directory));
            }
        }
    }
}

/// Device and inode of a directory.
pub(super) fn identity(files: Files<'_>, directory: &Path) -> Option<(u64, u64)> {
    let look = || {
        let looked = files.root.open(directory, sys::root::Purpose::Look);
        let identity = |file: File| Some(sys::file::identity_of(&file, &file.metadata().ok()?));
        Reading::Known(looked.ok().and_then(identity))
    };
    files.attempt.guard(&files.root.locate(directory), look).known().copied().flatten()
}
