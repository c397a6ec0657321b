//! The host as it is: processes, files, addresses, and which agents are installed. Reads, and judges nothing.

pub mod address;
pub mod agent;
pub mod detect;
pub mod environ;
pub mod file;
pub mod gate;
pub mod hosts;
pub mod process;
pub mod root;
mod sieve;
pub mod stat;
#[cfg(test)]
mod testing;
pub mod zone;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use self::{
    address::Resolver,
    detect::{Detection, Memory, Names, Profiles},
    file::{Extent, Files, parsed},
    gate::{Attempt, Gate},
    process::Procfs,
    root::Root,
    zone::Zones,
};
use super::time::Now;
use crate::{
    agents::PROFILES,
    config::{AgentSettings, Settings},
    model::{
        Reading, Reason, Why,
        snapshot::{AgentFacts, FileFact, HostFacts, Process},
    },
};

/// Where the host is.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Prefix of agent paths and the hosts file; symbolic links resolve inside it.
    pub rootfs: PathBuf,
    /// The procfs; `None`: that under `rootfs` if one is mounted there, else the exporter's own.
    pub procfs: Option<PathBuf>,
    /// How long one read may take before it counts as hung (2 s is good).
    pub file_deadline: Duration,
}

/// Reads the host, cycle after cycle.
pub struct HostReader {
    options: HostOptions,
    root: Root,
    profiles: Profiles,
    gate: Gate,
    memory: Memory,
    resolver: Resolver,
}

/// What one reading gave.
#[derive(Debug)]
pub struct HostReading {
    /// The host's own facts.
    pub host: HostFacts,
    /// Each agent with its settings, `install_dir` filled in where it could be told: configured ones first.
    pub agents: Vec<(AgentSettings, AgentFacts)>,
    /// Every fact that could not be read: whose (`None`: the host's), and its source (`process`, `file`, `environ`, `address`).
    pub errors: Vec<(Option<Arc<str>>, &'static str)>,
}

impl HostReader {
    /// A reader that has seen nothing yet. Blocks once, to resolve `rootfs`.
    pub fn new(options: HostOptions) -> Self {
        Self::with_profiles(options, PROFILES)
    }

    fn with_profiles(options: HostOptions, profiles: Profiles) -> Self {
        Self {
            root: Root::new(&options.rootfs),
            options,
            profiles,
            gate: Gate::default(),
            memory: Memory::default(),
            resolver: Resolver::default(),
        }
    }

    /// Forgets detected agents, as a reload does: what is gone is no longer watched.
    pub fn reset(&mut self) {
        self.memory = Memory::default();
    }

    /// Reads everything. `resolve_hostname`: also asks the resolver anew for the host's own name.
    ///
    /// Blocking reads run on one blocking thread. Whatever hangs is `Unknown`, and its thread is left behind: a runtime that
    /// is to end must not wait for it (`Runtime::shutdown_background`).
    pub async fn read(&mut self, settings: &Settings, now: Now, resolve_hostname: bool) -> HostReading {
        let plan = Plan {
            root: self.root.clone(),
            procfs: self.options.procfs.clone(),
            profiles: self.profiles,
            settings: settings.clone(),
            memory: self.memory.clone(),
            now,
        };
        let hostname = address::hostname();
        let (addresses, (mut reading, memory)) = tokio::join!(
            self.resolver.addresses(&hostname, resolve_hostname),
            self.gate.run(self.options.file_deadline, move |attempt| plan.carry_out(attempt)),
        );
        self.memory = memory;
        reading.host.hostname_addresses = addresses;
        reading.errors = errors(&reading);
        reading
    }
}

/// One reading's work, for a blocking thread.
struct Plan {
    root: Root,
    procfs: Option<PathBuf>,
    profiles: Profiles,
    settings: Settings,
    memory: Memory,
    now: Now,
}

impl Plan {
    fn carry_out(&self, attempt: &Attempt) -> (HostReading, Memory) {
        let files = Files { root: &self.root, attempt };
        let mut memory = self.memory.clone();
        let candidates = self
            .procfs(files)
            .scan(files, self.now, &Names::new(self.profiles, &self.settings))
            .map(|candidates| detect::below_root(files, candidates));
        let detection = Detection {
            files,
            profiles: self.profiles,
            settings: &self.settings,
            candidates: candidates.known().map_or(&[], Vec::as_slice),
        };
        let targets = detection.targets(&mut memory);
        let assigned = detection.assign(&targets);
        let zones = Zones::of_host(files);
        let agents = targets
            .iter()
            .zip(assigned)
            .map(|(target, own)| {
                let own = match &candidates {
                    Reading::Known(_) => Reading::Known(own),
                    Reading::Unknown(why) => Reading::Unknown(why.clone()),
                };
                agent::observe(files, target, own, &zones, &mut memory)
            })
            .collect();
        let mut reading = HostReading { host: host_facts(files), agents, errors: Vec::new() };
        if let Reading::Unknown(_) = &candidates
            && reading.agents.is_empty()
        {
            reading.errors.push((None, "process"));
        }
        (reading, memory)
    }

    fn procfs(&self, files: Files<'_>) -> Procfs {
        let below_root = || self.root.locate(Path::new("/proc"));
        let path = match &self.procfs {
            Some(path) => path.clone(),
            None if files.is_directory(Path::new("/proc/1")) => below_root(),
            None => PathBuf::from("/proc"),
        };
        Procfs::new(path)
    }
}

fn host_facts(files: Files<'_>) -> HostFacts {
    let hosts = PathBuf::from("/etc/hosts");
    HostFacts {
        hostname: Reading::Known(address::hostname()),
        interfaces: address::interfaces(files.attempt),
        hosts: FileFact {
            state: parsed(files.read(&hosts, Extent::Whole), |bytes| Ok(hosts::parse(bytes))),
            path: hosts,
        },
        hostname_addresses: address::not_asked(),
        product: address::product(files),
    }
}

/// One entry for each fact that could not be read.
fn errors(reading: &HostReading) -> Vec<(Option<Arc<str>>, &'static str)> {
    let host = &reading.host;
    let of_host = [
        (host.hostname.why(), "address"),
        (host.interfaces.why(), "address"),
        (host.hostname_addresses.why(), "address"),
        (host.hosts.state.why(), "file"),
    ];
    let mut errors = reading.errors.clone();
    errors.extend(
        of_host.into_iter().filter(|(why, _)| why.is_some_and(is_error)).map(|(_, source)| (None, source)),
    );
    for (_, agent) in &reading.agents {
        let processes = agent.processes.known().into_iter().flatten().flat_map(|process| {
            let Process { arguments, executable, open_fds, .. } = process;
            [arguments.why(), executable.why(), open_fds.why()]
        });
        let processes = processes.chain([agent.processes.why()]).map(|why| (why, "process"));
        let files = [
            agent.installation.why(),
            agent.config.as_ref().and_then(|file| file.state.why()),
            agent.record.as_ref().and_then(|file| file.state.why()),
            agent.users.as_ref().and_then(|directory| directory.names.why()),
            agent.owner_account.why(),
            agent.identifiers.as_ref().and_then(|file| file.state.why()),
            agent.loaded_config.why(),
        ];
        let files = files.into_iter().chain(agent.files.iter().map(|file| file.state.why()));
        let unread = processes
            // The list as a whole is counted once.
            .chain([(agent.environment.why().filter(|_| agent.processes.why().is_none()), "environ")])
            .chain(files.map(|why| (why, "file")));
        let name = || Some(Arc::clone(&agent.name));
        errors
            .extend(unread.filter(|(why, _)| why.is_some_and(is_error)).map(|(_, source)| (name(), source)));
    }
    errors
}

/// What was not asked for, or does not exist here, is not an error.
fn is_error(why: &Why) -> bool {
    !matches!(why.reason, Reason::NotYet | Reason::Unsupported)
}

#[cfg(test)]
mod tests;
