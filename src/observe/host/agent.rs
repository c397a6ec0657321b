//! Everything about one installation: its directories, its processes, and its files as parsed by its profile.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::{
    absolute::{absolute, absolute_identity, absolute_located},
    collection, copies,
    detect::{Memory, Target},
    file::{Bytes, Files, Kind, parsed},
    log::Reader,
    process::{Candidate, base_name},
    zone::Zones,
};
use crate::{
    agents::{ConfigFiles, IdentityLayout, Layout, Located},
    config::{AgentSettings, CustomProcess},
    model::{
        Reading, Role, Why,
        snapshot::{
            AgentFacts, DirectoryFact, FileFact, FileState, Installation, Invocation, Parameters, Place,
            Process, ProcessState, Surroundings,
        },
    },
    observe::time::Now,
};

/// Where programs without an installation directory are searched for.
const PROGRAM_DIRS: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// The maximum number of entries of a user identifier directory that are kept.
const MOST_USERS: usize = 1000;
/// The maximum number of files that are merged over a config.
const MOST_PARTS: usize = 256;
/// The maximum number of entries of a program directory that are read.
const MOST_PROGRAMS: usize = 10_000;

/// When and why an installation is read.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Both clocks.
    pub now: Now,
    /// True for the timer, false for an event.
    pub regular: bool,
}

/// Reads one installation.
pub fn observe(
    files: Files<'_>,
    target: &Target,
    candidates: Reading<Vec<Candidate>>,
    zones: &Zones,
    turn: Turn,
    memory: &mut Memory,
) -> (AgentSettings, AgentFacts) {
    let Target { settings, profile, .. } = target;
    if let Reading::Known(candidates) = &candidates {
        remember_executables(settings, candidates, memory);
    }
    let collecting = candidates.known().and_then(|candidates| collecting(candidates));
    let credentials = collecting.map(|candidate| candidate.credentials.clone());
    let files = files.named_by(credentials.as_ref());
    let (invocation, zone) = invocation(&candidates);
    // The variables in a container's definition will be set again at its next start.
    let last = memory.invocations.get(&settings.name).filter(|_| collecting.is_none());
    let invocation = last.cloned().unwrap_or(invocation);
    let zones = zones.with_variable(files, zone.as_deref());
    let install_dir = settings.install_dir.as_deref();
    let layout = absolute(profile.layout(settings, &invocation), install_dir);

    let config = config(files, target, &invocation, &layout);
    let record = locate(files, &layout.record).map(|(path, state)| {
        let state = parsed(state, |bytes| profile.parse_record(bytes, &|text| zones.moments(text)));
        FileFact { path, state }
    });
    let version_file = layout.version_file.as_ref().map(|path| {
        let state = parsed(files.read(path), |bytes| Ok(profile.parse_version(bytes)));
        FileFact { path: path.clone(), state }
    });
    let identity = absolute_identity(identity_layout(target, &invocation, config.as_ref()), install_dir);
    let identity = remember_identity(settings, identity, &candidates, memory);
    let identifiers = locate(files, &identity.identifiers).map(|(path, state)| FileFact {
        path,
        state: parsed(state, |bytes| Ok(profile.parse_identifiers(bytes, settings.system))),
    });
    let Turn { now, regular } = turn;
    let collection = collection::observe(
        files,
        *profile,
        &layout,
        identifiers.as_ref().map(|file: &FileFact<_>| file.path.as_path()),
    );
    let reader = Reader { files, profile: *profile, zones: &zones, now, regular };
    let log = memory.logs.follow(&settings.name, &layout, reader);
    let facts = AgentFacts {
        name: Arc::from(settings.name.as_str()),
        kind: profile.kind(),
        place: Place::Host,
        install_dir: settings.install_dir.clone(),
        installation: installation(files, target, &layout, memory),
        loaded_config: memory.logs.loaded_config(&settings.name, &layout.log, reader),
        log,
        collection,
        files: layout.files.iter().map(|path| watched(files, path)).collect(),
        processes: candidates.map(|all| all.into_iter().map(|candidate| candidate.process).collect()),
        users: user_directory(files, &identity.users),
        owner_account: owner_account(files, target, &identity.instance_identity),
        metadata: None,
        liveness: None,
        surroundings: Surroundings::default(),
        endpoints: Vec::new(),
        invocation,
        version_file,
        config,
        record,
        identifiers,
    };
    if let Some(kept) = &mut memory.copies {
        kept.retain(|copied| copied.agent != *facts.name);
        kept.extend(copies::copies(files, target, &facts));
    }
    (settings.clone(), facts)
}

/// How the collecting process was started, and the time zone that it was given.
fn invocation(candidates: &Reading<Vec<Candidate>>) -> (Invocation, Option<String>) {
    let candidates = match candidates {
        Reading::Known(candidates) => candidates,
        Reading::Unknown(why) => {
            let unread = Invocation {
                arguments: Reading::Unknown(why.clone()),
                environment: Reading::Unknown(why.clone()),
                in_container: Reading::Unknown(why.clone()),
            };
            return (unread, None);
        }
    };
    let Some(collecting) = collecting(candidates) else { return (Invocation::default(), None) };
    let kept = &collecting.environment;
    let invocation = Invocation {
        arguments: collecting.process.arguments.clone(),
        environment: kept.as_ref().map(|kept| kept.variables.clone()),
        in_container: kept.as_ref().map(|kept| kept.kubernetes),
    };
    (invocation, kept.known().and_then(|kept| kept.zone.clone()))
}

/// The config as the agent would read it, with the files merged over it.
fn config(
    files: Files<'_>,
    target: &Target,
    invocation: &Invocation,
    layout: &Layout,
) -> Option<FileFact<Parameters>> {
    let (path, state) = locate(files, &layout.config)?;
    let parse = |bytes: &[u8], parts: &[(PathBuf, Vec<u8>)]| {
        let system = target.settings.system;
        target.profile.parse_parameters(ConfigFiles { path: &path, bytes, parts, system })
    };
    let alone = parsed(state.clone(), |bytes| parse(bytes, &[]));
    let parameters = match &alone {
        Reading::Known(FileState::Present(file)) => file.content.as_ref().ok(),
        Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => None,
    };
    let parts = parameters.map(|parameters| {
        let settings = &target.settings;
        let directory = target.profile.config_parts(settings, invocation, &path, parameters);
        parts(files, &absolute_located(directory, settings.install_dir.as_deref()))
    });
    let state = match parts {
        None => alone,
        Some(Reading::Known(parts)) if parts.is_empty() => alone,
        Some(Reading::Known(parts)) => {
            let bytes: Vec<_> = parts.iter().map(|(path, file)| (path.clone(), file.0.0.clone())).collect();
            merged(parsed(state, |whole| parse(whole, &bytes)), &parts)
        }
        Some(Reading::Unknown(why)) => Reading::Unknown(why),
    };
    Some(FileFact { path, state })
}

/// A part of a config: its content, modification time and digest.
pub(super) type Part = (PathBuf, (Bytes, SystemTime, u64));

/// The files that are merged over a config, in the order of their names.
pub(super) fn parts(files: Files<'_>, directory: &Located) -> Reading<Vec<Part>> {
    if let Some(why) = &directory.undecided {
        return Reading::Unknown(why.clone());
    }
    let Some(directory) = directory.first() else { return Reading::Known(Vec::new()) };
    let read = || -> Result<Vec<Part>, Why> {
        let mut parts = Vec::new();
        let names = Result::from(files.list(directory, MOST_PARTS))?.unwrap_or_default();
        for name in names.into_iter().filter(|name| Path::new(name).extension().is_some_and(|e| e == "json"))
        {
            let path = directory.join(name);
            if let FileState::Present(file) = Result::from(files.read(&path))?
                && let Ok(bytes) = file.content
            {
                parts.push((path, (bytes, file.modified, file.digest)));
            }
        }
        Ok(parts)
    };
    read().into()
}

/// Makes the modification time and the digest those of the merged config as a whole.
fn merged(state: Reading<FileState<Parameters>>, parts: &[Part]) -> Reading<FileState<Parameters>> {
    state.map(|state| match state {
        FileState::Present(mut file) => {
            let mut hasher = DefaultHasher::new();
            file.digest.hash(&mut hasher);
            for (path, (_, modified, digest)) in parts {
                (path, digest).hash(&mut hasher);
                file.modified = file.modified.max(*modified);
            }
            file.digest = hasher.finish();
            FileState::Present(file)
        }
        FileState::Missing | FileState::NotAFile(_) => state,
    })
}

fn identity_layout(
    target: &Target,
    invocation: &Invocation,
    config: Option<&FileFact<Parameters>>,
) -> IdentityLayout {
    let profile = target.profile;
    let layout = |parameters: Reading<Option<&Parameters>>| {
        profile.identity_layout(&target.settings, invocation, parameters)
    };
    match config.map(|config| &config.state) {
        Some(Reading::Unknown(why)) => layout(Reading::Unknown(why.clone())),
        Some(Reading::Known(FileState::Present(file))) => layout(Reading::Known(file.content.as_ref().ok())),
        Some(Reading::Known(FileState::Missing)) => {
            let path = config.map(|config| config.path.as_path());
            let implied = path.and_then(|path| profile.implied_parameters(path));
            layout(Reading::Known(implied.as_ref()))
        }
        Some(Reading::Known(FileState::NotAFile(_))) | None => layout(Reading::Known(None)),
    }
}

/// The newest live process that collects: the main one if its name shows it, otherwise a child of another process of
/// the agent (the worker of a daemon), otherwise the newest of all.
fn collecting(candidates: &[Candidate]) -> Option<&Candidate> {
    let alive = || candidates.iter().filter(|candidate| candidate.process.state != ProcessState::Defunct);
    let is_main = |process: &Process| process.role_by_name.as_ref() == Some(&Role::MAIN);
    let is_child = |process: &Process| alive().any(|other| other.process.pid == process.parent);
    alive().max_by_key(|candidate| {
        let process = &candidate.process;
        (is_main(process), is_child(process), process.start_ticks, process.pid)
    })
}

/// A process keeps what it loaded at startup: a config that has become unreadable does not change the paths of its
/// files. This is not true of another process, or of one that is hidden: it may have been started with other paths.
fn remember_identity(
    settings: &AgentSettings,
    found: IdentityLayout,
    candidates: &Reading<Vec<Candidate>>,
    memory: &mut Memory,
) -> IdentityLayout {
    let process = candidates.known().and_then(|candidates| collecting(candidates));
    let process = process.map(|Candidate { process, .. }| (process.pid, process.start_ticks));
    let located = [&found.users, &found.identifiers, &found.instance_identity];
    if located.iter().any(|located| located.undecided.is_some())
        && process.is_some()
        && let Some((_, loaded)) =
            memory.identities.get(&settings.name).filter(|(of_process, _)| *of_process == process)
    {
        return loaded.clone();
    }
    memory.identities.insert(settings.name.clone(), (process, found.clone()));
    found
}

/// The first candidate that exists (or cannot be checked), otherwise the first of all; `None`: there are none.
pub(super) fn locate(files: Files<'_>, located: &Located) -> Option<(PathBuf, Reading<FileState<Bytes>>)> {
    let first = located.candidates.first()?.clone();
    if let Some(why) = &located.undecided {
        return Some((first, Reading::Unknown(why.clone())));
    }
    let read = |path: &PathBuf| (path.clone(), files.read(path));
    let exists = |(_, state): &(PathBuf, Reading<FileState<Bytes>>)| {
        !matches!(state, Reading::Known(FileState::Missing))
    };
    let found = located.candidates.iter().map(read).find(exists);
    Some(found.unwrap_or((first, Reading::Known(FileState::Missing))))
}

/// A file's bytes; `Known(None)`: there is no such file.
fn content(files: Files<'_>, path: &Path) -> Reading<Option<Bytes>> {
    files.read(path).map(|state| match state {
        FileState::Present(file) => file.content.ok(),
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

/// A file of which only its presence and its changes matter.
fn watched(files: Files<'_>, path: &Path) -> FileFact<()> {
    FileFact { path: path.to_owned(), state: parsed(files.read(path), |_| Ok(())) }
}

fn user_directory(files: Files<'_>, located: &Located) -> Option<DirectoryFact> {
    let path = located.first()?.to_owned();
    if let Some(why) = &located.undecided {
        return Some(DirectoryFact { path, names: Reading::Unknown(why.clone()), modified: None });
    }
    let names = files.list(&path, MOST_USERS).map(|names| {
        names.map(|names| names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect())
    });
    let modified = files.look(&path).known().and_then(|standing| Some(standing.as_ref()?.modified));
    Some(DirectoryFact { path, names, modified })
}

fn owner_account(files: Files<'_>, target: &Target, located: &Located) -> Reading<Option<String>> {
    let Some(path) = located.first() else { return Reading::Known(None) };
    if let Some(why) = &located.undecided {
        return Reading::Unknown(why.clone());
    }
    content(files, path).map(|bytes| bytes.and_then(|bytes| target.profile.parse_owner_account(&bytes.0)))
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
    // Identity files belong to the operator, and remain after an agent is removed.
    let located = layout.config.candidates.iter().chain(&layout.record.candidates);
    let traces = install_dir
        .into_iter()
        .chain(located.map(PathBuf::as_path))
        .chain(layout.files.iter().map(PathBuf::as_path));
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
    let layout = target.profile.layout(&target.settings, &Invocation::default());
    let layout = absolute(layout, target.settings.install_dir.as_deref());
    executable_of(files, target, &layout)
}

fn executable_of(files: Files<'_>, target: &Target, layout: &Layout) -> Reading<Option<PathBuf>> {
    let mut unread = None;
    let recognised = |name: &Path| {
        name.to_str().is_some_and(|name| target.profile.recognise(name, &target.settings).is_agent())
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

/// The target of a link to another name; `None` if it is not a link, or cannot be checked.
fn target_of_link(files: Files<'_>, path: &Path) -> Option<PathBuf> {
    let standing = files.look(path);
    let canonical = &standing.known()?.as_ref()?.canonical;
    (canonical.file_name() != path.file_name()).then(|| canonical.clone())
}

/// The first path that is a regular file, links followed; an error if there is none and one could not be checked.
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

/// The executables of an agent that the config describes: all must exist for the first to count.
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
#[cfg(target_os = "linux")]
mod tests;
