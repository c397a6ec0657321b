//! Agents in containers: each is a separate place with its own files, names and addresses.
//!
//! A container is read through a process in it: the agent's, or, if none of these is left, the container's first one.
//! For a container that has ended, only the name is kept: its agent counts as not running as long as its container (or
//! its pod) still exists and may be restarted. One that was removed is no longer watched, and for ten minutes its name
//! is reserved for its replacement.

mod known;
pub(in crate::observe) mod name;
mod place;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

pub(super) use self::{known::Known, name::named};

use self::{
    known::{Presence, SeenContainer, unread},
    name::{Existence, agent_name, name_of},
    place::{handle, network_access, place, witness},
};
use super::{
    agent::{self, Turn},
    detect::{Memory, Profiles, Target, profile_of, recognise},
    file::{By, Files},
    pod::{Pod, PodContext},
    process::{Candidate, Container, Procfs},
    surroundings::{self, AgentProcesses, Scope},
    zone::Zones,
};
use crate::{
    agents::Profile,
    config::{AgentSettings, Settings},
    model::{
        Reading, System, Why,
        snapshot::{AgentFacts, ContainerName, Invocation, Place, PlaceFacts, Process},
    },
    observe::probe::ContainerHandle,
};

/// The maximum number of agents in containers that are watched; a node has one or two, and sidecars.
const MOST_CONTAINED: usize = 32;
/// The maximum number that are remembered, including removed ones.
const MOST_REMEMBERED: usize = 256;

/// The findings in containers.
#[derive(Default)]
pub(super) struct Contained {
    /// The agents, with implied settings, or those of the config.
    pub(super) agents: Vec<(AgentSettings, AgentFacts)>,
    /// Where they are, by the agent's name.
    pub(super) places: BTreeMap<Arc<str>, PlaceFacts>,
    /// Handles to containers with another network, if the exporter may join it.
    pub(super) container_handles: BTreeMap<Arc<str>, ContainerHandle>,
    /// Agents whose containers were removed, and may be recreated.
    pub(super) awaited: Vec<Arc<str>>,
    /// True if there are more agents than are watched.
    pub(super) cut: bool,
}

/// One agent in one container.
struct Group<'a> {
    profile: &'static dyn Profile,
    container: &'a Container,
    directory: PathBuf,
    candidates: Vec<Candidate>,
}

/// Where and how agents in containers are searched for.
#[derive(Clone, Copy)]
pub(super) struct ContainerSearch<'a> {
    /// The host's files.
    pub(super) files: Files<'a>,
    /// The host's processes.
    pub(super) procfs: &'a Procfs,
    /// The kinds.
    pub(super) profiles: Profiles,
    /// The config.
    pub(super) settings: &'a Settings,
    /// Which agents the config refers to, depending on where the exporter is.
    pub(super) pod_context: &'a PodContext,
    /// The exporter's own pod.
    pub(super) pod: Option<&'a Pod>,
    /// The host's own facts.
    pub(super) host: &'a PlaceFacts,
    /// When and why they are read.
    pub(super) turn: Turn,
    /// How much of the surroundings to read.
    pub(super) scope: Scope,
}

impl ContainerSearch<'_> {
    /// Reads every agent that runs, or has run, in a container. `taken`: names that are already used.
    pub(super) fn observe(
        self,
        candidates: Result<&[Candidate], &Why>,
        taken: &dyn Fn(&str) -> bool,
        memory: &mut Memory,
    ) -> Contained {
        let mut found = Contained::default();
        let mut known = std::mem::take(&mut memory.contained);
        known.retain(|known| self.is_meant(known));
        match candidates {
            Ok(candidates) => {
                let groups = groups(self.profiles, candidates);
                let groups = self.identified(groups, &mut known, taken, &mut found);
                for (known, group) in known.iter().zip(groups) {
                    self.look_at(known, group.as_ref(), &mut found, memory);
                }
                let now = self.turn.now.boot;
                known.retain(|known| self.configured(known).is_some() || known.is_awaited(now));
            }
            Err(why) => {
                for known in &known {
                    self.add_unread(known, Reading::Unknown(why.clone()), why, &mut found, memory);
                }
            }
        }
        self.add_never_seen(candidates.err(), &known, &mut found);
        memory.contained = known;
        memory.forget_uncontained();
        found
    }

    /// The entry of the config for this agent.
    fn configured(&self, known: &Known) -> Option<&AgentSettings> {
        let contained = |agent: &&AgentSettings| self.pod_context.is_contained(agent);
        self.settings.agents.iter().filter(contained).find(|agent| agent.name == known.name)
    }

    /// True if the config refers to an agent of this kind in a container of this name.
    fn is_selected(&self, agent: &AgentSettings, kind: &str, name: Option<&ContainerName>) -> bool {
        if agent.kind != kind || !self.pod_context.is_contained(agent) {
            return false;
        }
        match (&agent.container, name) {
            (Some(selector), Some(name)) => {
                let own = name.container.is_empty() || selector.container == name.container;
                own && (selector.namespace.is_none() || selector.namespace == name.namespace)
            }
            // In the exporter's own pod, the config can only refer to this one.
            (Some(_), None) => self.pod_context.first.is_some(),
            (None, _) => true,
        }
    }

    /// The name of a group's container: from its runtime's files on the host, or from the pod's definition.
    fn name_of(&self, group: &Group<'_>) -> Option<ContainerName> {
        let written = name_of(self.files, &group.container.control_groups);
        let shared = group.container.shares_processes && self.pod_context.first.is_some();
        written.or_else(|| self.name_in_pod(group.profile.kind()).filter(|_| shared))
    }

    /// The name of the container of an agent of this kind in the exporter's own pod.
    fn name_in_pod(&self, kind: &str) -> Option<ContainerName> {
        let mut of_kind = self.settings.agents.iter().filter(|agent| agent.kind == kind);
        let told = of_kind.find_map(|agent| agent.container.as_ref());
        self.pod?.name_of(told.map(|selector| selector.container.as_str()))
    }

    /// True if the config still uses this name.
    fn is_meant(&self, known: &Known) -> bool {
        let selected = |agent: &AgentSettings| self.is_selected(agent, known.kind, known.container.as_ref());
        match self.settings.agents.iter().find(|agent| agent.name == known.name) {
            Some(agent) => selected(agent),
            None => self.settings.detect && !self.settings.agents.iter().any(selected),
        }
    }

    /// The group of each known agent that runs; unknown ones are added.
    fn identified<'a>(
        &self,
        groups: Vec<Group<'a>>,
        known: &mut Vec<Known>,
        taken: &dyn Fn(&str) -> bool,
        found: &mut Contained,
    ) -> Vec<Option<Group<'a>>> {
        let mut running: Vec<Option<Group<'a>>> = known.iter().map(|_| None).collect();
        let mut named = Vec::new();
        for group in groups {
            let same = |known: &Known| known.is_same(SeenContainer::of(&group, None));
            // The runtime may write the name after the first reading.
            let unnamed = known.iter().position(|known| same(known) && known.container.is_none());
            if let Some(index) = unnamed.filter(|_| self.turn.regular)
                && let Some(name) = self.name_of(&group)
            {
                known.remove(index);
                running.remove(index);
                named.push((group, Some(name)));
            } else if let Some(index) = free(known, &running, same) {
                take(index, group, None, known, &mut running);
            } else {
                let name = self.name_of(&group);
                named.push((group, name));
            }
        }
        for (known, _) in known.iter_mut().zip(&running).filter(|(_, group)| group.is_none()) {
            let presence = self.presence(known);
            known.found(presence, self.turn.now.boot);
        }
        let mut strangers = Vec::new();
        for (group, name) in named {
            let seen = SeenContainer::of(&group, name.as_ref());
            match free(known, &running, |known| known.is_made_anew_as(seen)) {
                Some(index) => take(index, group, name.as_ref(), known, &mut running),
                None => strangers.push((group, name)),
            }
        }
        for (group, name) in strangers {
            self.welcome(group, name.as_ref(), (known, &mut running), taken, found);
        }
        running
    }

    /// Names an agent that was not known: by the config, by the one that it replaces, or with a new name.
    fn welcome<'a>(
        &self,
        group: Group<'a>,
        name: Option<&ContainerName>,
        (known, running): (&mut Vec<Known>, &mut Vec<Option<Group<'a>>>),
        taken: &dyn Fn(&str) -> bool,
        found: &mut Contained,
    ) {
        let seen = SeenContainer::of(&group, name);
        let runs = |name: &str| {
            known.iter().zip(running.iter()).any(|(known, group)| known.name == name && group.is_some())
        };
        let configured = self.settings.agents.iter().find(|agent| {
            let here = agent.install_dir.as_ref().is_none_or(|directory| *directory == group.directory);
            here && self.is_selected(agent, seen.kind, name) && !runs(&agent.name)
        });
        let successor = match configured {
            Some(agent) => free(known, running, |known| known.name == agent.name),
            None => free(known, running, |known| known.is_succeeded_by(seen)),
        };
        if let Some(index) = successor {
            take(index, group, name, known, running);
            return;
        }
        if configured.is_none() && !self.settings.detect {
            return;
        }
        let now = self.turn.now.boot;
        if known.iter().filter(|known| known.should_run(now)).count() >= MOST_CONTAINED
            || known.len() >= MOST_REMEMBERED
        {
            found.cut = true;
            return;
        }
        let is_free = |name: &str| {
            let of_config = self.settings.agents.iter().any(|agent| agent.name == name);
            !of_config && !taken(name) && !known.iter().any(|known| known.name == name)
        };
        let own =
            configured.map_or_else(|| agent_name(seen.kind, name, &is_free), |agent| agent.name.clone());
        known.push(Known::new(own, seen));
        running.push(Some(group));
    }

    /// The remaining state of a container in which no process of the agent runs.
    fn presence(&self, known: &Known) -> Presence {
        let revisited = known.first.map(|first| self.procfs.revisit(first, self.files.attempt));
        let first = revisited.and_then(|first| first.known().cloned().flatten());
        if let Some(container) = first.as_ref().filter(|container| known.has_root(container)) {
            return Presence::There(Box::new(container.clone()));
        }
        match name::existence(self.files, &known.control_groups, known.container.as_ref()) {
            Existence::Stays => Presence::Stays,
            Existence::Gone => Presence::Gone,
            // The first process of a pod with a shared PID namespace belongs to another container.
            Existence::NotTold if first.is_some() => Presence::Stays,
            Existence::NotTold => Presence::NotTold,
        }
    }

    /// Reads one agent through a process in its container, if there is any.
    fn look_at(&self, known: &Known, group: Option<&Group<'_>>, found: &mut Contained, memory: &mut Memory) {
        let candidates = group.map(|group| group.candidates.clone()).unwrap_or_default();
        let through = match (group, &known.presence) {
            (Some(group), _) => Some(group.container),
            (None, Presence::There(container)) => Some(&**container),
            (None, _) => None,
        };
        let Some(through) = through else {
            if self.configured(known).is_some() || known.should_run(self.turn.now.boot) {
                let why = known::not_running(&known.name);
                self.add_unread(known, Reading::Known(Vec::new()), &why, found, memory);
            } else {
                found.awaited.push(known.name.as_str().into());
            }
            return;
        };
        let Some(target) = self.target(known) else { return };
        let inside = Files { root: &through.root, by: By::Root, deputy: true, ..self.files };
        let whose = AgentProcesses::of(&candidates);
        let runs = !candidates.is_empty();
        let witness = witness(through, &candidates);
        let zones = Zones::of_host(inside);
        let (settings, mut facts) =
            agent::observe(inside, &target, Reading::Known(candidates), &zones, self.turn, memory);
        if runs {
            memory.invocations.insert(known.name.clone(), facts.invocation.clone());
        }
        facts.surroundings = surroundings::in_container(
            (self.files, inside),
            self.procfs,
            (&target, &facts, &whose),
            self.scope,
            memory,
        );
        // A container's mounts disappear with its last process, so what was read meanwhile may not be its state.
        if witness.is_some_and(|witness| !self.procfs.runs(witness, self.files.attempt)) {
            let why = known::not_running(&known.name);
            self.add_unread(known, Reading::Unknown(why.clone()), &why, found, memory);
            return;
        }
        let name: Arc<str> = known.name.as_str().into();
        facts.place = Place::Container(Arc::clone(&name));
        let handle = handle(through);
        let access = network_access(through, handle.as_ref());
        let place = place(inside, (through, access), known.container.clone(), self.host);
        found.container_handles.extend(handle.map(|handle| (Arc::clone(&name), handle)));
        found.places.insert(name, place);
        found.agents.push((settings, facts));
    }

    fn target(&self, known: &Known) -> Option<Target> {
        let implied =
            || AgentSettings { name: known.name.clone(), kind: known.kind, ..AgentSettings::default() };
        let settings = AgentSettings {
            install_dir: Some(known.directory.clone()),
            ..self.configured(known).cloned().unwrap_or_else(implied)
        };
        Some(Target { settings, profile: profile_of(self.profiles, known.kind)?, canonical: None })
    }

    fn add_unread(
        &self,
        known: &Known,
        processes: Reading<Vec<Process>>,
        why: &Why,
        found: &mut Contained,
        memory: &Memory,
    ) {
        let Some(Target { settings, profile, .. }) = self.target(known) else { return };
        let invocation = memory.invocations.get(&known.name).cloned().unwrap_or_default();
        let facts = unread((&settings, profile), processes, invocation, why);
        let place = known::unread_place(known.container.clone(), self.host, why);
        found.places.insert(Arc::clone(&facts.name), place);
        found.agents.push((settings, facts));
    }

    /// Adds the agents of the config that should be in a container, but have not been seen in any.
    fn add_never_seen(&self, hidden: Option<&Why>, known: &[Known], found: &mut Contained) {
        for agent in self.settings.agents.iter().filter(|agent| self.pod_context.is_contained(agent)) {
            let Some(profile) = profile_of(self.profiles, agent.kind) else { continue };
            if known.iter().any(|known| known.name == agent.name) {
                continue;
            }
            let why = hidden.cloned().unwrap_or_else(|| known::not_running(&agent.name));
            let processes = hidden.map_or(Reading::Known(Vec::new()), |why| Reading::Unknown(why.clone()));
            let mut settings = agent.clone();
            settings.install_dir =
                agent.install_dir.clone().or_else(|| profile.default_install_dir(System::Linux));
            let facts = unread((&settings, profile), processes, Invocation::default(), &why);
            let written = agent.container.as_ref().map(|selector| ContainerName {
                managed_by: if selector.namespace.is_some() { "kubectl" } else { "docker" },
                container: selector.container.clone(),
                pod: None,
                namespace: selector.namespace.clone(),
            });
            let in_pod = self.name_in_pod(agent.kind).filter(|_| self.pod_context.first.is_some());
            let place = known::unread_place(in_pod.or(written), self.host, &why);
            found.places.insert(Arc::clone(&facts.name), place);
            found.agents.push((settings, facts));
        }
    }
}

/// The first matching known agent without a running group.
fn free(known: &[Known], running: &[Option<Group<'_>>], is_it: impl Fn(&Known) -> bool) -> Option<usize> {
    known.iter().zip(running).position(|(known, group)| group.is_none() && is_it(known))
}

fn take<'a>(
    index: usize,
    group: Group<'a>,
    name: Option<&ContainerName>,
    known: &mut [Known],
    running: &mut [Option<Group<'a>>],
) {
    if let (Some(known), Some(slot)) = (known.get_mut(index), running.get_mut(index)) {
        known.update(SeenContainer::of(&group, name));
        *slot = Some(group);
    }
}

/// The processes of each kind in each container, in the order of their first processes.
fn groups(profiles: Profiles, candidates: &[Candidate]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut all: Vec<&Candidate> = candidates.iter().collect();
    all.sort_by_key(|candidate| (candidate.process.start_ticks, candidate.process.pid));
    for candidate in all {
        let (Some(container), Some(path)) = (&candidate.container, &candidate.path) else { continue };
        for profile in profiles.iter().copied().filter(|profile| !profile.places(System::Linux).is_empty()) {
            let settings = AgentSettings { kind: profile.kind(), ..AgentSettings::default() };
            let recognition = recognise(profile, &settings, candidate);
            let Some(directory) = profile.install_dir_of(path).filter(|_| recognition.is_agent()) else {
                continue;
            };
            let mut candidate = candidate.clone();
            candidate.process.role_by_name = recognition.role();
            let known = groups.iter_mut().find(|group| {
                group.profile.kind() == profile.kind()
                    && group.container.identity == container.identity
                    && group.directory == directory
            });
            match known {
                Some(group) => group.candidates.push(candidate),
                None => groups.push(Group { profile, container, directory, candidates: vec![candidate] }),
            }
        }
    }
    groups
}
