//! Everything of one installation: what is on disk, its processes, and its files as its own parsers read them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    detect::{Memory, Target},
    environ::Kept,
    file::{Bytes, Extent, Files, Kind, parsed},
    process::{Candidate, base_name},
    zone::Zones,
};
use crate::{
    agents::{IdentityLayout, Layout, Running},
    config::{AgentSettings, CustomProcess},
    model::{
        Reading, Reason, Role, Why,
        snapshot::{
            AddressRecord, AgentFacts, DirectoryFact, EndpointFact, Environment, FileFact, FileState,
            Installation, LoadedConfig, Parameters, Process, ProcessState,
        },
    },
};

/// Where programs without a directory of their own are looked for.
const PROGRAM_DIRS: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// The most entries of a user identifier directory that are kept.
const MOST_USERS: usize = 1000;
/// The most entries of a program directory that are looked at.
const MOST_PROGRAMS: usize = 10_000;

/// Reads one installation.
pub fn observe(
    files: Files<'_>,
    target: &Target,
    candidates: Reading<Vec<Candidate>>,
    zones: &Zones,
    memory: &mut Memory,
) -> (AgentSettings, AgentFacts) {
    let Target { settings, profile, .. } = target;
    if let Reading::Known(candidates) = &candidates {
        remember_executables(settings, candidates, memory);
    }
    let collecting = candidates.known().and_then(|candidates| collecting(candidates));
    let files = files.named_by(collecting.map(|candidate| &candidate.credentials));
    let kept = match (&candidates, collecting) {
        (Reading::Unknown(why), _) => Reading::Unknown(why.clone()),
        (Reading::Known(_), Some(candidate)) => candidate.environment.clone(),
        (Reading::Known(_), None) => Reading::Known(Kept::default()),
    };
    let nothing = (Environment::new(), Kept::default());
    let running = Running {
        arguments: collecting
            .and_then(|candidate| candidate.process.arguments.known())
            .map_or(&[], Vec::as_slice),
        environment: kept.known().map_or(&nothing.0, |kept| &kept.variables),
        in_container: kept.known().unwrap_or(&nothing.1).kubernetes,
    };
    let zones = zones.with_variable(files, kept.known().and_then(|kept| kept.zone.as_deref()));
    let layout = absolute(profile.layout(settings, running), settings.install_dir.as_deref());

    let config = first_existing(files, &layout.configs, Extent::Whole).map(|(path, state)| {
        let state = parsed(state, |bytes| profile.parse_parameters(bytes, &path));
        FileFact { path, state }
    });
    let implied = config
        .as_ref()
        .filter(|config| matches!(config.state, Reading::Known(FileState::Missing)))
        .and_then(|config| profile.implied_parameters(&config.path));
    let parameters: Option<&Parameters> = config.as_ref().and_then(FileFact::content).or(implied.as_ref());

    let record: Option<FileFact<AddressRecord>> =
        first_existing(files, &layout.records, Extent::Whole).map(|(path, state)| {
            let state = parsed(state, |bytes| profile.parse_record(bytes, &|text| zones.moments(text)));
            FileFact { path, state }
        });
    let version = record.as_ref().and_then(|record| record.content()?.version.clone()).or_else(|| {
        profile.parse_version(&content(files, layout.version_file.as_deref()?).known()?.as_ref()?.0)
    });

    let identity = absolute_identity(
        profile.identity_layout(settings, running, parameters),
        settings.install_dir.as_deref(),
    );
    let users = identity.users.clone().map(|path| user_directory(files, path));
    let owner_account = match &identity.instance_identity {
        Some(path) => {
            content(files, path).map(|bytes| bytes.and_then(|bytes| profile.parse_owner_account(&bytes.0)))
        }
        None => Reading::Known(None),
    };
    let identifiers = identity.identifiers.clone().map(|path| {
        let state = parsed(files.read(&path, Extent::Whole), |bytes| Ok(profile.parse_identifiers(bytes)));
        FileFact { path, state }
    });

    let config_path = config.as_ref().map(|config| config.path.clone());
    let edition = profile.edition(settings, version.as_deref(), config_path.as_deref(), running);
    let endpoints = profile
        .endpoints(settings, &edition, parameters, config_path.as_deref().unwrap_or(Path::new("")))
        .into_iter()
        .map(|endpoint| {
            let probe = Reading::Unknown(Why::new(Reason::NotYet, endpoint.url.clone(), "not probed yet"));
            EndpointFact { endpoint, probe }
        })
        .collect();

    let facts = AgentFacts {
        name: Arc::from(settings.name.as_str()),
        kind: profile.kind(),
        install_dir: settings.install_dir.clone(),
        installation: installation(files, target, &layout, memory),
        environment: kept.map(|kept| kept.variables),
        version,
        edition,
        config_optional: layout.config_optional || implied.is_some(),
        loaded_config: loaded_config(files, target, &layout.logs, &zones),
        files: layout.files.iter().map(|path| watched(files, path)).collect(),
        processes: candidates.map(|all| all.into_iter().map(|candidate| candidate.process).collect()),
        config,
        implied,
        record,
        users,
        owner_account,
        identifiers,
        endpoints,
    };
    (settings.clone(), facts)
}

/// The newest live process that collects: the main one where names tell, a child of another one of the agent's where there
/// is one (the worker of a daemon), else the newest of all.
fn collecting(candidates: &[Candidate]) -> Option<&Candidate> {
    let alive = || candidates.iter().filter(|candidate| candidate.process.state != ProcessState::Defunct);
    let is_main = |process: &Process| process.role_by_name.as_ref() == Some(&Role::MAIN);
    let is_child = |process: &Process| alive().any(|other| other.process.pid == process.parent);
    alive().max_by_key(|candidate| {
        let process = &candidate.process;
        (is_main(process), is_child(process), process.start_ticks, process.pid)
    })
}

/// Paths that the agent's config or environment gives as relative ones start at its directory.
fn absolute(layout: Layout, install_dir: Option<&Path>) -> Layout {
    let all = |paths: Vec<PathBuf>| paths.into_iter().map(|path| absolute_path(path, install_dir)).collect();
    Layout {
        binary_dirs: all(layout.binary_dirs),
        binaries: all(layout.binaries),
        configs: all(layout.configs),
        config_optional: layout.config_optional,
        records: all(layout.records),
        version_file: layout.version_file.map(|path| absolute_path(path, install_dir)),
        logs: all(layout.logs),
        files: all(layout.files),
    }
}

fn absolute_identity(layout: IdentityLayout, install_dir: Option<&Path>) -> IdentityLayout {
    let one = |path: Option<PathBuf>| path.map(|path| absolute_path(path, install_dir));
    IdentityLayout {
        users: one(layout.users),
        identifiers: one(layout.identifiers),
        instance_identity: one(layout.instance_identity),
    }
}

fn absolute_path(path: PathBuf, install_dir: Option<&Path>) -> PathBuf {
    match install_dir {
        Some(directory) if path.is_relative() => directory.join(path.strip_prefix(".").unwrap_or(&path)),
        Some(_) | None => path,
    }
}

/// The first path at which something stands (or that cannot be looked at), else the first of all; `None`: there are no paths.
fn first_existing(
    files: Files<'_>,
    paths: &[PathBuf],
    extent: Extent,
) -> Option<(PathBuf, Reading<FileState<Bytes>>)> {
    let read = |path: &PathBuf| (path.clone(), files.read(path, extent));
    let exists = |(_, state): &(PathBuf, Reading<FileState<Bytes>>)| {
        !matches!(state, Reading::Known(FileState::Missing))
    };
    paths
        .iter()
        .map(read)
        .find(exists)
        .or_else(|| Some((paths.first()?.clone(), Reading::Known(FileState::Missing))))
}

/// A file's bytes; `Known(None)`: there is no such file.
fn content(files: Files<'_>, path: &Path) -> Reading<Option<Bytes>> {
    files.read(path, Extent::Whole).map(|state| match state {
        FileState::Present(file) => file.content.ok(),
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

/// A file of which only presence and change matter.
fn watched(files: Files<'_>, path: &Path) -> FileFact<()> {
    FileFact { path: path.to_owned(), state: parsed(files.read(path, Extent::Whole), |_| Ok(())) }
}

fn user_directory(files: Files<'_>, path: PathBuf) -> DirectoryFact {
    let names = files.list(&path, MOST_USERS).map(|names| {
        names.map(|names| names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect())
    });
    let modified = files.look(&path).known().and_then(|standing| Some(standing.as_ref()?.modified));
    DirectoryFact { path, names, modified }
}

fn loaded_config(
    files: Files<'_>,
    target: &Target,
    logs: &[PathBuf],
    zones: &Zones,
) -> Reading<Option<LoadedConfig>> {
    let Some((path, state)) = first_existing(files, logs, Extent::Head) else { return Reading::Known(None) };
    state.map(|state| match state {
        FileState::Present(file) => {
            let bytes = file.content.ok()?;
            target.profile.parse_loaded_config(&path, &bytes.0, &|text| zones.moments(text))
        }
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

fn installation(
    files: Files<'_>,
    target: &Target,
    layout: &Layout,
    memory: &Memory,
) -> Reading<Installation> {
    let mut found = if target.settings.processes.is_empty() {
        match executable_of(files, target, layout) {
            Reading::Known(binary) => {
                let looked_for = layout.binaries.iter().chain(&layout.binary_dirs).cloned().collect();
                let leads_to = binary.as_deref().and_then(|path| target_of_link(files, path));
                Installation { binary, leads_to, looked_for, ..Installation::default() }
            }
            Reading::Unknown(why) => return Reading::Unknown(why),
        }
    } else {
        match programs(files, &target.settings, memory) {
            Ok(found) => found,
            Err(why) => return Reading::Unknown(why),
        }
    };
    let install_dir = target.settings.install_dir.as_deref();
    // Identity files are the operator's own, and outlive an agent that was removed.
    let files_of_layout = [&layout.configs, &layout.records, &layout.files];
    let traces = install_dir.into_iter().chain(files_of_layout.into_iter().flatten().map(PathBuf::as_path));
    for trace in traces {
        let known = found.traces.iter().any(|known| known == trace);
        if !known && matches!(files.look(trace), Reading::Known(Some(_))) {
            found.traces.push(trace.to_owned());
        }
    }
    Reading::Known(found)
}

/// The executable of an installation that is not running.
pub fn executable_on_disk(files: Files<'_>, target: &Target) -> Reading<Option<PathBuf>> {
    let running = Running { arguments: &[], environment: &Environment::new(), in_container: false };
    let layout =
        absolute(target.profile.layout(&target.settings, running), target.settings.install_dir.as_deref());
    executable_of(files, target, &layout)
}

fn executable_of(files: Files<'_>, target: &Target, layout: &Layout) -> Reading<Option<PathBuf>> {
    let mut unread = None;
    let recognised = |name: &Path| {
        name.to_str().is_some_and(|name| target.profile.recognise(name, &target.settings).is_some())
    };
    let mut candidates = layout.binaries.clone();
    for directory in &layout.binary_dirs {
        match files.list(directory, MOST_PROGRAMS) {
            Reading::Known(names) => {
                let names = names.unwrap_or_default();
                candidates
                    .extend(names.iter().filter(|name| recognised(name)).map(|name| directory.join(name)));
            }
            Reading::Unknown(why) => unread = unread.or(Some(why)),
        }
    }
    match first_file(files, &candidates) {
        Ok(Some(path)) => Reading::Known(Some(path)),
        Ok(None) => unread.map_or(Reading::Known(None), Reading::Unknown),
        Err(why) => Reading::Unknown(unread.unwrap_or(why)),
    }
}

/// Where a link to another name leads; `None` if it is none, or cannot be looked at.
fn target_of_link(files: Files<'_>, path: &Path) -> Option<PathBuf> {
    let standing = files.look(path);
    let canonical = &standing.known()?.as_ref()?.canonical;
    (canonical.file_name() != path.file_name()).then(|| canonical.clone())
}

/// The first path that is a regular file, links followed; an error if none is and one could not be looked at.
fn first_file(files: Files<'_>, paths: &[PathBuf]) -> Result<Option<PathBuf>, Why> {
    let mut unread = None;
    for path in paths {
        match files.look(path) {
            Reading::Known(Some(standing)) if standing.kind == Kind::File => return Ok(Some(path.clone())),
            Reading::Known(_) => {}
            Reading::Unknown(why) => unread = unread.or(Some(why)),
        }
    }
    unread.map_or(Ok(None), Err)
}

/// The executables of an agent that config describes: all must be there for the first to count.
fn programs(files: Files<'_>, settings: &AgentSettings, memory: &Memory) -> Result<Installation, Why> {
    let mut found = Installation::default();
    let mut complete = true;
    for process in &settings.processes {
        let (places, certain) = program_places(settings, process, memory);
        let program = first_file(files, &places)?;
        found.looked_for.extend(places);
        if let Some(path) = program {
            found.binary.get_or_insert(path);
        } else {
            complete = false;
            found.location_unknown |= !certain;
        }
    }
    if !complete {
        found.traces.extend(found.binary.take());
    }
    Ok(found)
}

/// Where the executable of a process may be, and whether it must be in one of these places.
fn program_places(
    settings: &AgentSettings,
    process: &CustomProcess,
    memory: &Memory,
) -> (Vec<PathBuf>, bool) {
    let executable = Path::new(&process.executable);
    if executable.is_absolute() {
        return (vec![executable.to_owned()], true);
    }
    let seen = memory.executables.get(&(settings.name.clone(), base_name(executable)));
    if let Some(directory) = &settings.install_dir {
        let places = [directory.join(executable), directory.join("bin").join(executable)];
        return (seen.into_iter().cloned().chain(places).collect(), true);
    }
    let opt = Path::new("/opt").join(&settings.name).join("bin");
    let directories = PROGRAM_DIRS.iter().map(PathBuf::from).chain([opt]);
    let places = seen.into_iter().cloned().chain(directories.map(|directory| directory.join(executable)));
    (places.collect(), seen.is_some())
}

fn remember_executables(settings: &AgentSettings, candidates: &[Candidate], memory: &mut Memory) {
    for process in &settings.processes {
        let name = base_name(Path::new(&process.executable));
        let path = candidates
            .iter()
            .find(|candidate| candidate.process.executable_name == name)
            .and_then(|candidate| candidate.path.clone());
        if let Some(path) = path {
            memory.executables.insert((settings.name.clone(), name), path);
        }
    }
}

#[cfg(test)]
mod tests;
