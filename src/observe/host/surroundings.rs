//! The surroundings of an agent, read infrequently: disks, control group, what starts it, the instance in its identity.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    absolute::absolute_path,
    autostart::autostart,
    detect::{Memory, Target},
    file::Files,
    process::{Candidate, Procfs},
};
use crate::{
    agents::Located,
    model::{
        Reading, Why,
        snapshot::{AgentFacts, ControlGroup, DiskFact, FileState, ProcessState, Surroundings},
    },
    observe::{system::services, trust::Credentials},
};

/// The number of regular readings between two readings of the surroundings: every two minutes at the default interval.
pub(super) const EVERY: u32 = 8;

/// The instance's id, as determined by cloud-init at this boot.
const INSTANCE_ID: &str = "/var/lib/cloud/data/instance-id";
/// Where control groups are mounted: the unified hierarchy alone, the memory controller, the unified hierarchy in a
/// hybrid setup.
const GROUPS: &str = "/sys/fs/cgroup";
const GROUPS_OF_MEMORY: &str = "/sys/fs/cgroup/memory";
const GROUPS_BESIDE: &str = "/sys/fs/cgroup/unified";

/// The facts of an agent's processes on which its surroundings depend.
pub(super) struct AgentProcesses {
    /// The user that it runs as; `None`: it is not running.
    credentials: Option<Credentials>,
    /// One of its live processes.
    pid: Option<u32>,
}

impl AgentProcesses {
    /// The newest of its live processes.
    pub(super) fn of(candidates: &[Candidate]) -> Self {
        let alive = candidates.iter().filter(|candidate| candidate.process.state != ProcessState::Defunct);
        let newest = alive.max_by_key(|candidate| candidate.process.start_ticks);
        Self {
            credentials: newest.map(|candidate| candidate.credentials.clone()),
            pid: newest.map(|candidate| candidate.process.pid),
        }
    }
}

/// The last reading, by the agent's name.
#[derive(Debug, Clone, Default)]
pub struct LastReadings {
    found: BTreeMap<String, Surroundings>,
    /// The possible paths of its processes' control group.
    groups: BTreeMap<String, Vec<PathBuf>>,
}

impl LastReadings {
    /// Forgets all facts, because the config determines which paths are read. Keeps the control groups of the agents
    /// for which `same` is true.
    pub fn retain(&mut self, same: impl Fn(&str) -> bool) {
        self.found.clear();
        self.groups.retain(|name, _| same(name));
    }

    /// Forgets this agent.
    pub fn forget(&mut self, name: &str) {
        self.found.remove(name);
        self.groups.remove(name);
    }
}

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Only what was not read before.
    New,
    /// The facts that the end of a process may have changed.
    End,
    /// All of it.
    All,
}

/// The surroundings of one agent; facts that are not read keep their values.
pub(super) fn surroundings(
    files: Files<'_>,
    procfs: &Procfs,
    (target, agent, whose): (&Target, &AgentFacts, &AgentProcesses),
    scope: Scope,
    memory: &mut Memory,
) -> Surroundings {
    let name = target.settings.name.clone();
    let before = memory.surroundings.found.get(&name).cloned();
    let mut found = match (before, scope) {
        (Some(before), Scope::New) => before,
        (Some(before), Scope::End) => {
            Surroundings { group: group(files, procfs, whose, &name, memory), ..before }
        }
        (_, Scope::All) | (None, _) => Surroundings {
            autostart: autostart(files, &words(target)),
            disks: disks(files, target, agent, whose),
            group: group(files, procfs, whose, &name, memory),
            host_mount: Reading::Known(None),
            services: Reading::Known(Vec::new()),
            instance: instance(files),
            recorded_instance: recorded(files, target, whose, memory),
        },
    };
    // Read each time: it shows at once why a service failed.
    found.services = services::read(files.attempt, target.profile.services(&target.settings));
    memory.surroundings.found.insert(name, found.clone());
    found
}

/// The surroundings of an agent in a container: an orchestrator starts it, and its limits are set on the host.
pub(super) fn in_container(
    (host, inside): (Files<'_>, Files<'_>),
    procfs: &Procfs,
    (target, agent, whose): (&Target, &AgentFacts, &AgentProcesses),
    scope: Scope,
    memory: &mut Memory,
) -> Surroundings {
    let name = target.settings.name.clone();
    let found = match (memory.surroundings.found.get(&name).cloned(), scope) {
        (Some(before), Scope::New) => before,
        (Some(before), Scope::End) => {
            Surroundings { group: group(host, procfs, whose, &name, memory), ..before }
        }
        (_, Scope::All) | (None, _) => Surroundings {
            disks: disks(inside, target, agent, whose),
            group: group(host, procfs, whose, &name, memory),
            host_mount: host_mount(inside, target),
            ..Surroundings::default()
        },
    };
    memory.surroundings.found.insert(name, found.clone());
    found
}

/// Where the host's root directory is mounted in a container, if the agent collects from there.
fn host_mount(inside: Files<'_>, target: &Target) -> Reading<Option<PathBuf>> {
    for path in target.profile.host_mounts().iter().map(Path::new) {
        match inside.look(&path.join("etc")) {
            Reading::Known(None) => {}
            Reading::Known(Some(_)) => return Reading::Known(Some(path.to_owned())),
            Reading::Unknown(why) => return Reading::Unknown(why),
        }
    }
    Reading::Known(None)
}

/// Words that identify the agent in files that start it.
fn words(target: &Target) -> Vec<String> {
    let mut words = target.profile.service_words(&target.settings);
    words.extend(target.settings.install_dir.as_ref().map(|directory| directory.display().to_string()));
    words
}

/// Each file system of the agent's directories once, under the first directory that is on it.
fn disks(files: Files<'_>, target: &Target, agent: &AgentFacts, whose: &AgentProcesses) -> Vec<DiskFact> {
    let files = files.named_by(whose.credentials.as_ref());
    let as_root = whose.credentials.as_ref().is_none_or(|credentials| credentials.user() == Some(0));
    let parent = |path: Option<&Path>| path.and_then(Path::parent).map(Path::to_owned);
    let install_dir = target.settings.install_dir.as_deref();
    let layout = target.profile.layout(&target.settings, &agent.invocation);
    let log = layout.log.first().map(|path| absolute_path(path.to_owned(), install_dir));
    let directories = [
        install_dir.map(Path::to_owned),
        parent(log.as_deref()),
        parent(agent.record.as_ref().map(|record| record.path.as_path())),
        parent(agent.config.as_ref().map(|config| config.path.as_path())),
        parent(agent.identifiers.as_ref().map(|file| file.path.as_path())),
    ];
    let checkpoints = target.profile.checkpoints().iter().map(Path::new);
    let checkpoints = checkpoints.filter(|path| matches!(files.look(path), Reading::Known(Some(_))));
    let checkpoints: Vec<PathBuf> = checkpoints.filter_map(Path::parent).map(Path::to_owned).collect();
    let (mut devices, mut seen, mut disks) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for directory in directories.into_iter().flatten().chain(checkpoints) {
        if !seen.insert(directory.clone()) {
            continue;
        }
        match files.space(&directory, as_root) {
            Reading::Known(Some((device, space))) if devices.insert(device) => {
                disks.push(DiskFact { directory, space: Reading::Known(space) });
            }
            Reading::Known(_) => {}
            Reading::Unknown(why) => disks.push(DiskFact { directory, space: Reading::Unknown(why) }),
        }
    }
    disks
}

/// The control group of its newest process; if that has ended, its last group.
fn group(
    files: Files<'_>,
    procfs: &Procfs,
    whose: &AgentProcesses,
    name: &str,
    memory: &mut Memory,
) -> Reading<Option<ControlGroup>> {
    if let Some(pid) = whose.pid {
        match procfs.control_groups(pid, files.attempt) {
            Reading::Known(Some(groups)) => {
                let places = places(&String::from_utf8_lossy(&groups));
                memory.surroundings.groups.insert(name.to_owned(), places);
            }
            Reading::Known(None) => {}
            Reading::Unknown(why) => return Reading::Unknown(why),
        }
    }
    let Some(places) = memory.surroundings.groups.get(name) else { return Reading::Known(None) };
    let read = || -> Result<Option<ControlGroup>, Why> {
        for place in places {
            if let Some(found) = bounds(files, place)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    };
    read().into()
}

/// Possible paths of the group that limits the memory of a process, by its `/proc/<pid>/cgroup`.
fn places(groups: &str) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let path = Path::new(path.trim_start_matches('/'));
        // Outside of this control group namespace.
        if path.components().any(|part| part == std::path::Component::ParentDir) {
            continue;
        }
        if controllers.split(',').any(|controller| controller == "memory") {
            places.insert(0, Path::new(GROUPS_OF_MEMORY).join(path));
        } else if controllers.is_empty() {
            places.extend([Path::new(GROUPS).join(path), Path::new(GROUPS_BESIDE).join(path)]);
        }
    }
    places
}

/// The contents of a group's files, in either version; `None`: it has none of them.
fn bounds(files: Files<'_>, place: &Path) -> Result<Option<ControlGroup>, Why> {
    let number =
        |name: &str| Ok::<_, Why>(text(files, &place.join(name))?.and_then(|text| text.trim().parse().ok()));
    let field = |name: &str, key: &str| {
        Ok::<_, Why>(text(files, &place.join(name))?.and_then(|text| value(&text, key)))
    };
    let cache = |keys: [&str; 2]| {
        let stat = text(files, &place.join("memory.stat"))?.unwrap_or_default();
        Ok::<u64, Why>(keys.iter().filter_map(|key| value(&stat, key)).sum())
    };
    if let Some(limit) = text(files, &place.join("memory.max"))? {
        let Some(used) = number("memory.current")? else { return Ok(None) };
        let cache = cache(["inactive_file", "active_file"])?;
        return Ok(Some(ControlGroup {
            path: place.to_owned(),
            memory_limit: limit.trim().parse().ok(),
            memory_used: u64::saturating_sub(used, cache),
            kills: field("memory.events", "oom_kill")?,
        }));
    }
    let Some(limit) = number("memory.limit_in_bytes")? else { return Ok(None) };
    let Some(used) = number("memory.usage_in_bytes")? else { return Ok(None) };
    let cache = cache(["total_inactive_file", "total_active_file"])?;
    Ok(Some(ControlGroup {
        path: place.to_owned(),
        memory_limit: Some(limit).filter(|limit| *limit < NO_LIMIT),
        memory_used: u64::saturating_sub(used, cache),
        kills: field("memory.oom_control", "oom_kill")?,
    }))
}

/// From here on a limit of version 1 counts as none: without one, version 1 reports the largest possible number of
/// pages, and no host has half as much memory.
const NO_LIMIT: u64 = 1 << 60;

/// The number after a key.
fn value(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// A small file's text; `None`: it does not exist.
fn text(files: Files<'_>, path: &Path) -> Result<Option<String>, Why> {
    Ok(match Result::from(files.read(path))? {
        FileState::Present(file) => {
            file.content.ok().map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned())
        }
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

fn instance(files: Files<'_>) -> Reading<Option<String>> {
    let found = text(files, Path::new(INSTANCE_ID)).map(|text| text.map(|text| text.trim().to_owned()));
    found.map(|id| id.filter(|id| !id.is_empty())).into()
}

/// The instance that the agent recorded as this host's identity.
fn recorded(
    files: Files<'_>,
    target: &Target,
    whose: &AgentProcesses,
    memory: &Memory,
) -> Reading<Option<(String, PathBuf)>> {
    let located =
        memory.identities.get(&target.settings.name).map(|(_, identity)| &identity.instance_identity);
    let Some(Located { candidates, undecided }) = located else { return Reading::Known(None) };
    if let Some(why) = undecided {
        return Reading::Unknown(why.clone());
    }
    let Some(first) = candidates.first() else { return Reading::Known(None) };
    let files = files.named_by(whose.credentials.as_ref());
    let state = files.read(first);
    state.map(|state| match state {
        FileState::Present(file) => {
            let id = target.profile.parse_instance(&file.content.ok()?.0)?;
            Some((id, first.clone()))
        }
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_that_bounds_memory_is_found_by_either_version() {
        let of = |groups: &str| -> Vec<String> {
            places(groups).into_iter().map(|place| place.display().to_string().replace('\\', "/")).collect()
        };
        assert_eq!(
            of("0::/system.slice/ilogtaild.service\n"),
            [
                "/sys/fs/cgroup/system.slice/ilogtaild.service",
                "/sys/fs/cgroup/unified/system.slice/ilogtaild.service"
            ]
        );
        assert_eq!(
            of("9:name=systemd:/a\n4:cpu,memory:/docker/b\n0::/\n"),
            ["/sys/fs/cgroup/memory/docker/b", "/sys/fs/cgroup/", "/sys/fs/cgroup/unified/"]
        );
        assert!(of("0::/../../system.slice\nnonsense\n").is_empty());
    }
}
