//! Determines which installations are watched: those in the config, and those on disk or running.

mod memory;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use self::memory::Detected;
pub use self::memory::Memory;

use super::{
    accepted::Acceptance,
    agent,
    file::{Files, Kind, Standing},
    pod::{self, PodContext},
    process::{Candidate, base_name},
};
use crate::{
    agents::{Place, Profile, Recognition},
    config::{AgentSettings, Settings},
    model::{Reading, snapshot::ProcessState},
    sys::SYSTEM,
};

/// The kinds of agents to know.
pub type Profiles = &'static [&'static dyn Profile];

/// The maximum number of entries of a directory that is searched for installations.
const MOST_ENTRIES: usize = 10_000;
/// The maximum number of detected installations that are watched; a host has one or two.
const MOST_INSTALLATIONS: usize = 32;
/// The longest directory suffix that becomes part of a name.
const LONGEST_SUFFIX: usize = 32;

/// An installation to watch.
#[derive(Clone)]
pub struct Target {
    /// Its settings, with the directory filled in.
    pub settings: AgentSettings,
    /// Its kind.
    pub profile: &'static dyn Profile,
    /// Its directory, with links resolved.
    pub canonical: Option<PathBuf>,
}

pub(super) fn profile_of(profiles: Profiles, kind: &str) -> Option<&'static dyn Profile> {
    profiles.iter().copied().find(|profile| profile.kind() == kind)
}

/// Removes processes outside the root: those of another host image that shares the procfs.
pub fn below_root(files: Files<'_>, candidates: Vec<Candidate>) -> Vec<Candidate> {
    if files.root.is_own() {
        return candidates;
    }
    let outside = |candidate: &Candidate| {
        let directory = candidate.path.as_deref().and_then(Path::parent);
        directory.is_some_and(|directory| matches!(files.look(directory), Reading::Known(None)))
    };
    // A container's paths are not below this root at all.
    let kept = |candidate: &Candidate| candidate.container.is_some() || !outside(candidate);
    candidates.into_iter().filter(kept).collect()
}

/// Whether the process is the agent's under these settings, and in which role.
pub(super) fn recognise(
    profile: &dyn Profile,
    settings: &AgentSettings,
    candidate: &Candidate,
) -> Recognition {
    let name = candidate.process.executable_name.as_str();
    let by_name = profile.recognise(name, settings);
    // A zombie has only its command name, which may be truncated.
    let cut = candidate.process.state == ProcessState::Defunct && profile.recognises_comm(name, settings);
    if by_name.is_agent() || !cut {
        return by_name;
    }
    let whole = settings.processes.iter().map(|process| base_name(Path::new(&process.executable)));
    whole
        .filter(|whole| whole.starts_with(name))
        .map(|whole| profile.recognise(&whole, settings))
        .find(Recognition::is_agent)
        .unwrap_or(Recognition::Agent)
}

/// Determines what to watch, and which process belongs to which installation.
pub struct Detection<'a> {
    /// The host's files.
    pub files: Files<'a>,
    /// The kinds.
    pub profiles: Profiles,
    /// The config.
    pub settings: &'a Settings,
    /// Which agents the config refers to, depending on where the exporter is.
    pub pod_context: &'a PodContext,
    /// Processes with an agent's name; empty if processes cannot be read.
    pub candidates: &'a [Candidate],
    /// True if processes could be read.
    pub sees_processes: bool,
    /// Whose processes count.
    pub acceptance: &'a Acceptance<'a>,
}

impl Detection<'_> {
    /// The installations to watch: the configured ones first, then the detected ones in the order of their detection.
    pub fn targets(&self, memory: &mut Memory) -> Vec<Target> {
        // While processes cannot be read, no installation is known to be gone.
        if self.sees_processes {
            let all = std::mem::take(&mut memory.forgets);
            memory.detected.retain(|seen| (seen.lasting && !all) || self.is_still_watched(seen));
            memory.forget_others(self.settings);
        }
        memory.cut = false;
        let mut targets = self.configured(memory);
        // In a pod, the root contains only the exporter's own image and its mounts.
        if self.settings.detect && self.pod_context.first.is_none() {
            for profile in self.profiles.iter().copied().filter(|profile| !profile.places(SYSTEM).is_empty())
            {
                for directory in self.installations(profile) {
                    self.remember(profile, directory, &targets, memory);
                }
            }
        }
        for seen in memory.detected.iter().filter(|seen| !self.is_a_containers(seen, &memory.shared)) {
            let Some(profile) = profile_of(self.profiles, seen.kind) else { continue };
            if !targets.iter().any(|target| is_at(target, seen.kind, &seen.directory, &seen.canonical)) {
                let settings = AgentSettings {
                    name: seen.name.clone(),
                    install_dir: Some(seen.directory.clone()),
                    ..AgentSettings::of(seen.kind, SYSTEM)
                };
                targets.push(Target { settings, profile, canonical: Some(seen.canonical.clone()) });
            }
        }
        targets
    }

    /// True if a detected installation is still watched after a reload: any part of it exists, or may exist. One whose
    /// name the config now uses gets another name.
    fn is_still_watched(&self, seen: &Detected) -> bool {
        let taken = self.settings.agents.iter().any(|agent| agent.name == seen.name);
        self.settings.detect
            && !taken
            && (!matches!(self.files.look(&seen.directory), Reading::Known(None)) || self.runs_in(seen))
    }

    fn runs_in(&self, seen: &Detected) -> bool {
        let running = profile_of(self.profiles, seen.kind)
            .map(|profile| self.running(profile, &AgentSettings::default()));
        running.unwrap_or_default().iter().any(|directory| self.canonical(directory) == seen.canonical)
    }

    /// True if the directory is also the installation directory of an agent in a container, and no agent of the host
    /// runs in it.
    fn is_a_containers(&self, seen: &Detected, shared: &BTreeSet<(u64, u64)>) -> bool {
        let is_shared = || pod::identity(self.files, &seen.directory).is_some_and(|it| shared.contains(&it));
        !shared.is_empty() && is_shared() && !self.runs_in(seen)
    }

    /// The agents in the config that are on the host.
    fn own(&self) -> impl Iterator<Item = &AgentSettings> {
        self.settings.agents.iter().filter(|agent| !self.pod_context.is_contained(agent))
    }

    fn configured(&self, memory: &mut Memory) -> Vec<Target> {
        let mut claimed: Vec<(&'static str, PathBuf)> = self
            .own()
            .filter_map(|agent| Some((agent.kind, self.canonical(agent.install_dir.as_deref()?))))
            .collect();
        let mut targets = Vec::new();
        for agent in self.own() {
            let Some(profile) = profile_of(self.profiles, agent.kind) else { continue };
            let mut settings = AgentSettings { system: SYSTEM, ..agent.clone() };
            if settings.install_dir.is_none() {
                let free = |directory: &PathBuf| {
                    let canonical = self.canonical(directory);
                    !claimed.iter().any(|(kind, claimed)| *kind == agent.kind && *claimed == canonical)
                };
                let running: Vec<PathBuf> =
                    self.running(profile, &settings).into_iter().filter(free).collect();
                if let [only] = running.as_slice() {
                    memory.running_dirs.insert(agent.name.clone(), only.clone());
                }
                settings.install_dir =
                    memory.running_dirs.get(&agent.name).cloned().or_else(|| self.usual_dir(profile, &free));
                if let Some(directory) = &settings.install_dir {
                    claimed.push((agent.kind, self.canonical(directory)));
                }
            }
            let canonical = settings.install_dir.as_deref().map(|directory| self.canonical(directory));
            targets.push(Target { settings, profile, canonical });
        }
        targets
    }

    /// The directory of an installation that neither config nor a process determines: the default directory if it
    /// exists, otherwise another standard one that exists, otherwise the default one.
    fn usual_dir(&self, profile: &dyn Profile, free: &dyn Fn(&PathBuf) -> bool) -> Option<PathBuf> {
        let default = profile.default_install_dir(SYSTEM);
        let places = profile.places(SYSTEM).iter().filter_map(|place| match place {
            Place::Directory(path) => Some(PathBuf::from(path)),
            Place::Suffixed { .. } => None,
        });
        default
            .iter()
            .cloned()
            .chain(places)
            .find(|directory| free(directory) && self.files.is_directory(directory))
            .or(default)
    }

    /// True for a process of these settings, by name and user.
    fn is_own(&self, profile: &dyn Profile, settings: &AgentSettings, candidate: &Candidate) -> bool {
        let path = candidate.path.as_deref();
        recognise(profile, settings, candidate).is_agent()
            && self.acceptance.counts(profile, settings, path, &candidate.credentials)
    }

    /// Directories implied by running processes of the kind, without duplicates; users in `run_as` of these settings
    /// count too.
    fn running(&self, profile: &dyn Profile, settings: &AgentSettings) -> Vec<PathBuf> {
        let run_as = settings.run_as.clone();
        let any = AgentSettings { run_as, ..AgentSettings::of(profile.kind(), SYSTEM) };
        let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
        for candidate in self.candidates {
            let ours = self.is_own(profile, &any, candidate);
            let Some(path) = candidate.path.as_deref().filter(|_| ours) else { continue };
            let Some(directory) = profile.install_dir_of(path) else { continue };
            let canonical = self.canonical(&directory);
            if !found.iter().any(|(_, known)| *known == canonical) {
                found.push((directory, canonical));
            }
        }
        found.into_iter().map(|(directory, _)| directory).collect()
    }

    fn installations(&self, profile: &'static dyn Profile) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for place in profile.places(SYSTEM) {
            if let Place::Directory(path) = place
                && self.files.is_directory(Path::new(path))
            {
                found.push(path.into());
            }
        }
        found.extend(self.running(profile, &AgentSettings::default()));
        let mut unproven = Vec::new();
        for place in profile.places(SYSTEM) {
            let Place::Suffixed { parent, stem, proof } = place else { continue };
            for (suffix, directory) in self.suffixed(parent, stem) {
                if !self.holds_executable(profile, &directory) {
                    continue;
                }
                match proof {
                    Some(proof) if self.files.is_directory(Path::new(&format!("{proof}{suffix}"))) => {
                        found.push(directory);
                    }
                    Some(_) => {}
                    None => unproven.push((version_key(&suffix), directory)),
                }
            }
        }
        if found.is_empty() {
            found.extend(unproven.into_iter().max().map(|(_, directory)| directory));
        }
        found
    }

    fn suffixed(&self, parent: &str, stem: &str) -> Vec<(String, PathBuf)> {
        let Reading::Known(Some(names)) = self.files.list(Path::new(parent), MOST_ENTRIES) else {
            return Vec::new();
        };
        names
            .into_iter()
            .filter_map(|name| {
                let suffix =
                    name.to_str()?.strip_prefix(stem).filter(|suffix| !suffix.is_empty())?.to_owned();
                Some((suffix, Path::new(parent).join(name)))
            })
            .filter(|(_, directory)| self.files.is_directory(directory))
            .collect()
    }

    fn holds_executable(&self, profile: &'static dyn Profile, directory: &Path) -> bool {
        let settings = AgentSettings {
            install_dir: Some(directory.to_owned()),
            ..AgentSettings::of(profile.kind(), SYSTEM)
        };
        let target = Target { settings, profile, canonical: None };
        agent::executable_on_disk(self.files, &target).known().is_some_and(Option::is_some)
    }

    fn remember(
        &self,
        profile: &dyn Profile,
        directory: PathBuf,
        configured: &[Target],
        memory: &mut Memory,
    ) {
        let canonical = self.canonical(&directory);
        let kind = profile.kind();
        let known = memory
            .detected
            .iter()
            .any(|seen| seen.kind == kind && (seen.canonical == canonical || seen.directory == directory));
        let excess = memory.detected.len() >= MOST_INSTALLATIONS;
        if known || configured.iter().any(|target| is_at(target, kind, &directory, &canonical)) {
            return;
        }
        if excess {
            memory.cut = true;
            return;
        }
        let taken = |name: &str| {
            self.settings.agents.iter().any(|agent| agent.name == name)
                || memory.detected.iter().any(|seen| seen.name == name)
        };
        let name = new_name(profile, &directory, &taken);
        let lasting = self.acceptance.is_placed_by_root(&directory);
        memory.detected.push(Detected { kind, name, directory, canonical, lasting });
    }

    fn canonical(&self, directory: &Path) -> PathBuf {
        match self.files.look(directory) {
            Reading::Known(Some(Standing { kind: Kind::Directory, canonical, .. })) => canonical,
            Reading::Known(_) | Reading::Unknown(_) => directory.to_owned(),
        }
    }

    /// The candidates of each target, by position, with the role implied by their name. Candidates without a target are
    /// left out.
    pub fn assign(&self, targets: &[Target]) -> Vec<Vec<Candidate>> {
        let owners: Vec<Vec<usize>> =
            self.candidates.iter().map(|candidate| self.located(targets, candidate)).collect();
        let mut assigned: Vec<Vec<Candidate>> = targets.iter().map(|_| Vec::new()).collect();
        for (candidate, located) in self.candidates.iter().zip(&owners) {
            let owners = if located.is_empty() && candidate.path.is_none() {
                self.unlocated(targets, candidate, &owners)
            } else {
                located.clone()
            };
            for owner in owners {
                let (Some(target), Some(own)) = (targets.get(owner), assigned.get_mut(owner)) else {
                    continue;
                };
                let mut candidate = candidate.clone();
                candidate.process.role_by_name =
                    recognise(target.profile, &target.settings, &candidate).role();
                own.push(candidate);
            }
        }
        assigned
    }

    /// The targets that contain the candidate's path.
    fn located(&self, targets: &[Target], candidate: &Candidate) -> Vec<usize> {
        let Some(path) = candidate.path.as_deref() else { return Vec::new() };
        let belongs = |target: &Target| {
            if !self.is_own(target.profile, &target.settings, candidate) {
                return false;
            }
            match target.profile.install_dir_of(path) {
                Some(directory) => {
                    is_at(target, target.profile.kind(), &directory, &self.canonical(&directory))
                }
                None => self.is_configured_executable(target, path),
            }
        };
        (0..).zip(targets).filter(|(_, target)| belongs(target)).map(|(index, _)| index).collect()
    }

    /// For kinds without a default directory: the config may have an absolute path, or a directory.
    fn is_configured_executable(&self, target: &Target, path: &Path) -> bool {
        let name = base_name(path);
        let same_name = |executable: &str| base_name(Path::new(executable)) == name;
        let exact: Vec<&Path> = target
            .settings
            .processes
            .iter()
            .filter(|process| same_name(&process.executable))
            .map(|process| Path::new(process.executable.as_str()))
            .collect();
        let at = |executable: &Path| {
            let canonical = self.files.look(executable);
            executable == path
                || matches!(canonical, Reading::Known(Some(standing)) if standing.canonical == path)
        };
        if !exact.is_empty() && exact.iter().all(|executable| executable.is_absolute()) {
            return exact.into_iter().any(at);
        }
        match (&target.settings.install_dir, &target.canonical) {
            (Some(directory), Some(canonical)) => path.starts_with(directory) || path.starts_with(canonical),
            (Some(directory), None) => path.starts_with(directory),
            (None, _) => true,
        }
    }

    /// The target of a process with an unknown path: its parent's installation, otherwise the default one of its kind.
    fn unlocated(&self, targets: &[Target], candidate: &Candidate, owners: &[Vec<usize>]) -> Vec<usize> {
        let by_name = |index: &usize| {
            targets.get(*index).is_some_and(|target| self.is_own(target.profile, &target.settings, candidate))
        };
        let parent =
            self.candidates.iter().zip(owners).find(|(c, _)| c.process.pid == candidate.process.parent);
        if let Some((_, owners)) = parent
            && !owners.is_empty()
        {
            return owners.iter().copied().filter(by_name).collect();
        }
        let mut usual: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (index, target) in (0..).zip(targets).filter(|(index, _)| by_name(index)) {
            let is_default = target.settings.install_dir == target.profile.default_install_dir(SYSTEM);
            let slot = usual.entry(target.profile.kind()).or_insert(index);
            if is_default {
                *slot = index;
            }
        }
        usual.into_values().collect()
    }
}

fn is_at(target: &Target, kind: &str, directory: &Path, canonical: &Path) -> bool {
    target.profile.kind() == kind
        && (target.settings.install_dir.as_deref() == Some(directory)
            || target.canonical.as_deref() == Some(canonical))
}

/// `<kind>` for the first, then `<kind><suffix of the directory>`, otherwise `<kind>-2`, `<kind>-3`…
fn new_name(profile: &dyn Profile, directory: &Path, taken: &dyn Fn(&str) -> bool) -> String {
    let kind = profile.kind();
    if !taken(kind) {
        return kind.to_owned();
    }
    let directory = base_name(directory);
    let stems = profile.places(SYSTEM).iter().filter_map(|place| match place {
        Place::Directory(path) => Path::new(path).file_name()?.to_str(),
        Place::Suffixed { stem, .. } => Some(*stem),
    });
    let plain = |suffix: &&str| {
        !suffix.is_empty()
            && suffix.len() <= LONGEST_SUFFIX
            && suffix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let suffixed = stems
        .filter_map(|stem| directory.strip_prefix(stem))
        .filter(plain)
        .map(|suffix| format!("{kind}{suffix}"))
        .find(|name| !taken(name));
    suffixed
        .or_else(|| (2..=u32::MAX).map(|number| format!("{kind}-{number}")).find(|name| !taken(name)))
        .unwrap_or_else(|| kind.to_owned())
}

/// Orders `-2.10.0` after `-2.8.9`.
fn version_key(suffix: &str) -> (Vec<u64>, String) {
    let numbers = suffix.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    (numbers, suffix.to_owned())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
