//! The host as it is: processes, files, addresses, and which agents are installed. Reads, and judges nothing.

mod absolute;
pub mod accepted;
pub mod address;
pub mod agent;
mod autostart;
pub mod blocking;
pub mod collection;
pub(in crate::observe) mod container;
mod copies;
pub mod detect;
pub mod environ;
mod errors;
pub mod file;
pub mod hosts;
mod ignored;
pub mod log;
mod names;
mod pod;
pub mod process;
mod surroundings;
pub mod tail;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) mod testing;
pub mod zone;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;

use self::{
    accepted::Acceptance,
    address::Resolver,
    agent::Turn,
    blocking::{Attempt, BlockingReads},
    container::ContainerSearch,
    detect::{Detection, Memory, Profiles},
    file::{By, Files, parsed},
    ignored::IgnoredPids,
    names::Names,
    pod::{Pod, PodContext},
    process::{Candidate, Procfs},
    surroundings::{AgentProcesses, EVERY, Scope, surroundings},
    zone::Zones,
};
use super::{
    events::{Changes, WatchPlan, watch_plan::Planner},
    probe::ContainerHandle,
    time::Now,
};
use crate::{
    agents::PROFILES,
    config::{AgentSettings, Settings},
    model::{
        Reading,
        report::{Limit, NotBelieved},
        snapshot::{AgentFacts, Copied, FileFact, InterfaceAddress, PlaceFacts, ProcessState},
    },
    sys::{self, root::Root},
};

/// The hosts file.
const HOSTS: &str = sys::HOSTS_FILE;

/// How long a reading waits for the resolver: without a name server it has answered by then; a later answer is an
/// event.
const LOCAL_LOOKUP: Duration = Duration::from_millis(10);

/// Where the host's files are, and how long one read may take.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Prefix of agent paths and the hosts file; symbolic links resolve inside it.
    pub rootfs: PathBuf,
    /// The procfs; `None`: that under `rootfs` if one is mounted there, else the exporter's own.
    pub procfs: Option<PathBuf>,
    /// How long one read may take before it counts as hung (2 s is a good value).
    pub file_deadline: Duration,
}

/// Reads the host, cycle after cycle.
pub struct HostReader {
    options: HostOptions,
    root: Root,
    profiles: Profiles,
    blocking_reads: BlockingReads,
    memory: Memory,
    resolver: Resolver,
    last: Option<Arc<Last>>,
    ignored: Arc<IgnoredPids>,
    executions_are_told: bool,
    deputy: bool,
    pod: Option<Arc<Pod>>,
    /// Regular readings so far.
    readings: u32,
}

/// The parts of the last reading that a partial one reuses.
#[derive(Clone)]
struct Last {
    seen: Processes,
    interfaces: Reading<Vec<InterfaceAddress>>,
    product: Reading<String>,
}

/// The processes that were seen.
#[derive(Clone)]
struct Processes {
    candidates: Reading<Vec<Candidate>>,
    not_believed: NotBelieved,
    limits: BTreeSet<Limit>,
}

impl Processes {
    /// True if `scan` has found a process of an agent that is not among these.
    fn precede(&self, scan: &process::Scan) -> bool {
        let identity = |candidate: &Candidate| (candidate.process.pid, candidate.process.start_ticks);
        let known: BTreeSet<_> = self.candidates.known().into_iter().flatten().map(identity).collect();
        scan.candidates.iter().any(|candidate| !known.contains(&identity(candidate)))
    }
}

/// The result of one reading.
#[derive(Debug)]
pub struct HostReading {
    /// The host's own facts.
    pub host: PlaceFacts,
    /// The facts of containers, by name.
    pub containers: BTreeMap<Arc<str>, PlaceFacts>,
    /// Handles to containers with another network, if the exporter may join it.
    pub container_handles: BTreeMap<Arc<str>, ContainerHandle>,
    /// Agents that are not watched now, but whose state is kept: their containers are being replaced.
    pub awaited: Vec<Arc<str>>,
    /// Each agent with its settings, with `install_dir` filled in if known: configured ones first.
    pub agents: Vec<(AgentSettings, AgentFacts)>,
    /// Every fact that could not be read: its agent (`None`: the host), and its source (`process`, `file`, `environ`,
    /// `address`).
    pub errors: Vec<(Option<Arc<str>>, &'static str)>,
    /// Processes with an agent's name that do not count.
    pub not_believed: NotBelieved,
    /// Bounds that were reached.
    pub limits: BTreeSet<Limit>,
    /// The directory entries that the reading used: a change there may change the facts.
    pub looked_at: WatchPlan,
}

impl HostReader {
    /// Creates a reader. Blocks once, to resolve `rootfs`.
    pub fn new(options: HostOptions) -> Self {
        Self::with_profiles(options, PROFILES)
    }

    /// The same, for these kinds of agents.
    pub fn with_profiles(options: HostOptions, profiles: Profiles) -> Self {
        Self {
            root: Root::new(&options.rootfs),
            options,
            profiles,
            blocking_reads: BlockingReads::default(),
            memory: Memory::default(),
            resolver: Resolver::default(),
            last: None,
            ignored: Arc::default(),
            executions_are_told: false,
            deputy: sys::reads_what_is_others(),
            pod: Pod::of_environment(sys::variable).map(Arc::new),
            readings: 0,
        }
    }

    /// Sets whether the execution of an agent's program triggers a reading. If so, readings in between may skip
    /// processes that were not an agent's before.
    pub fn executions_are_told(&mut self, told: bool) {
        self.executions_are_told = told;
    }

    /// The parts of the agents' files that may be shown, as they are read from now on.
    pub fn copies(&mut self) -> &[Copied] {
        self.memory.copies.get_or_insert_default()
    }

    /// Prepares for new settings. The state of configured agents is kept if `same` says that the agent is the same;
    /// detected agents whose directory and processes are both gone are removed at the next reading.
    pub fn reload(&mut self, same: impl Fn(&str) -> bool) {
        self.memory.reload(same);
        self.last = None;
        self.ignored = Arc::default();
    }

    /// Reads everything. `resolve_hostname`: also resolves the host's own name again; a slower answer is reported by
    /// `hostname_resolved`.
    ///
    /// Blocking reads run on one blocking thread. Reads that hang are `Unknown`, and their thread is abandoned: a
    /// runtime that shuts down must not wait for it (`Runtime::shutdown_background`).
    pub async fn read(&mut self, settings: &Settings, now: Now, resolve_hostname: bool) -> HostReading {
        self.last = None;
        let reading = self.read_changes(settings, now, Changes::NONE, resolve_hostname).await;
        self.readings = self.readings.wrapping_add(1);
        reading
    }

    /// Waits until the resolver has answered, or its deadline has passed. Never returns while no lookup is running.
    /// Cancel-safe.
    pub async fn hostname_resolved(&mut self) {
        self.resolver.answered().await;
    }

    /// The host name's addresses as last returned by the resolver.
    pub fn hostname_addresses(&self) -> Reading<Vec<Ipv4Addr>> {
        self.resolver.addresses()
    }

    /// False while the resolver's answer may still arrive in time.
    pub fn resolver_has_answered(&self) -> bool {
        self.resolver.has_answered()
    }

    /// Reads only the interfaces' addresses.
    pub async fn read_interfaces(&mut self) -> Reading<Vec<InterfaceAddress>> {
        let interfaces = self.blocking_reads.run(self.options.file_deadline, address::interfaces).await;
        if let Some(last) = self.last.take() {
            self.last = Some(Arc::new(Last { interfaces: interfaces.clone(), ..Last::clone(&last) }));
        }
        interfaces
    }

    /// Reads what `changes` may have changed, and takes the rest from the last reading. Without one, reads everything.
    pub async fn read_changes(
        &mut self,
        settings: &Settings,
        now: Now,
        changes: Changes,
        resolve_hostname: bool,
    ) -> HostReading {
        let plan = Plan {
            root: self.root.clone(),
            procfs: self.options.procfs.clone(),
            profiles: self.profiles,
            settings: settings.clone(),
            memory: self.memory.clone(),
            now,
            last: self.last.clone().map(|last| (last, changes)),
            ignored: Arc::clone(&self.ignored),
            executions_are_told: self.executions_are_told,
            deputy: self.deputy,
            pod: self.pod.clone(),
            scope: self.scope(changes),
        };
        let hostname = address::hostname();
        if resolve_hostname {
            self.resolver.ask(hostname.known().map_or("", String::as_str));
        }
        if changes.has(Changes::HOSTS) {
            self.resolver.forget();
        }
        let (mut reading, memory, last, ignored) =
            self.blocking_reads.run(self.options.file_deadline, move |attempt| plan.carry_out(attempt)).await;
        if resolve_hostname {
            let _later = timeout(LOCAL_LOOKUP, self.resolver.answered()).await;
        }
        self.memory = memory;
        self.last = Some(Arc::new(last));
        self.ignored = ignored;
        reading.host.hostname_addresses = self.resolver.addresses();
        reading.errors = errors::errors(&reading);
        reading
    }
}

impl HostReader {
    /// How much of the agents' surroundings to read.
    fn scope(&self, changes: Changes) -> Scope {
        match &self.last {
            None if self.readings.is_multiple_of(EVERY) => Scope::All,
            Some(_) if changes.has(Changes::EXIT) => Scope::End,
            None | Some(_) => Scope::New,
        }
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
    last: Option<(Arc<Last>, Changes)>,
    ignored: Arc<IgnoredPids>,
    executions_are_told: bool,
    deputy: bool,
    pod: Option<Arc<Pod>>,
    scope: Scope,
}

impl Plan {
    fn carry_out(&self, attempt: &Attempt) -> (HostReading, Memory, Last, Arc<IgnoredPids>) {
        let files = Files { root: &self.root, attempt, by: By::Exporter, deputy: self.deputy };
        let mut memory = self.memory.clone();
        let procfs = Procfs::find(files, self.procfs.as_deref());
        let acceptance = Acceptance::new(files);
        let (seen, ignored) = self.seen(&procfs, files, &acceptance);
        let candidates = &seen.candidates;
        let known = candidates.known().cloned().unwrap_or_default();
        let (in_containers, of_host): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|candidate| candidate.container.is_some());
        let of_whom = (self.profiles, &self.settings);
        let seen_apart = (&*of_host, &*in_containers);
        let pod_context =
            PodContext::new(files, of_whom, procfs.first_of_pod(files), seen_apart, &mut memory);
        let detection = Detection {
            files,
            profiles: self.profiles,
            settings: &self.settings,
            pod_context: &pod_context,
            candidates: &of_host,
            sees_processes: candidates.known().is_some(),
            acceptance: &acceptance,
        };
        let targets = detection.targets(&mut memory);
        let assigned = detection.assign(&targets);
        let whose: Vec<_> = assigned.iter().map(|own| AgentProcesses::of(own)).collect();
        let zones = Zones::of_host(files);
        let turn = Turn { now: self.now, regular: self.last.is_none() };
        let mut agents: Vec<_> = targets
            .iter()
            .zip(assigned)
            .map(|(target, own)| {
                let own = match candidates {
                    Reading::Known(_) => Reading::Known(own),
                    Reading::Unknown(why) => Reading::Unknown(why.clone()),
                };
                agent::observe(files, target, own, &zones, turn, &mut memory)
            })
            .collect();
        let host = self.host_facts(files);
        // Paths in containers are not watched, but polled.
        let mut looked_at = looked_at(&procfs, files, &agents);
        // Taken before the surroundings: paths that are read rarely are not watched.
        for ((target, whose), (_, agent)) in targets.iter().zip(&whose).zip(&mut agents) {
            agent.surroundings =
                surroundings(files, &procfs, (target, agent, whose), self.scope, &mut memory);
        }
        if let Some(processes) = &mut looked_at.processes {
            processes.extend(in_containers.iter().map(|candidate| candidate.process.pid));
        }
        let taken = |name: &str| agents.iter().any(|(settings, _)| settings.name == name);
        let look = ContainerSearch {
            files,
            procfs: &procfs,
            profiles: self.profiles,
            settings: &self.settings,
            pod_context: &pod_context,
            pod: self.pod.as_deref(),
            host: &host,
            turn,
            scope: self.scope,
        };
        let seen_in_containers = candidates.as_result().map(|_| in_containers.as_slice());
        let contained = look.observe(seen_in_containers, &taken, &mut memory);
        agents.extend(contained.agents);
        let mut reading = HostReading {
            host,
            containers: contained.places,
            container_handles: contained.container_handles,
            awaited: contained.awaited,
            agents,
            errors: Vec::new(),
            not_believed: seen.not_believed.clone(),
            limits: seen
                .limits
                .iter()
                .copied()
                .chain((memory.cut || contained.cut).then_some(Limit::Installations))
                .collect(),
            looked_at,
        };
        if let Reading::Unknown(_) = candidates
            && reading.agents.is_empty()
        {
            reading.errors.push((None, "process"));
        }
        let last =
            Last { seen, interfaces: reading.host.interfaces.clone(), product: reading.host.product.clone() };
        (reading, memory, last, ignored)
    }

    /// Processes with an agent's name, and what is known about the others.
    fn seen(
        &self,
        procfs: &Procfs,
        files: Files<'_>,
        acceptance: &Acceptance<'_>,
    ) -> (Processes, Arc<IgnoredPids>) {
        let names = Names::new(self.profiles, &self.settings, acceptance);
        let scan = |passed: &[u32]| procfs.scan(passed, files, self.now, &names);
        let passed = match &self.last {
            None => self.ignored.of_regular(self.executions_are_told),
            Some((_, changes)) if changes.has(Changes::EXIT | Changes::START | Changes::SETUP) => {
                self.ignored.of_event()
            }
            Some((last, _)) => return (last.seen.clone(), Arc::clone(&self.ignored)),
        };
        let (passed, scanned) = match (&self.last, scan(passed)) {
            // `execve` changes the name of a process: usually of a new one, otherwise of any.
            (Some((last, changes)), Reading::Known(scanned))
                if changes.has(Changes::START) && !passed.is_empty() && !last.seen.precede(&scanned) =>
            {
                (&[][..], scan(&[]))
            }
            (_, scanned) => (passed, scanned),
        };
        match scanned {
            Reading::Known(scan) => {
                let ignored = match &self.last {
                    None => self.ignored.after_regular(passed, &scan),
                    Some(_) => IgnoredPids::clone(&self.ignored).after_event(passed, &scan),
                };
                let mut limits = scan.limits;
                let not_believed = names.not_believed(scan.untrusted, &mut limits);
                let candidates = Reading::Known(detect::below_root(files, scan.candidates));
                (Processes { candidates, not_believed, limits }, Arc::new(ignored))
            }
            Reading::Unknown(why) => {
                let candidates = Reading::Unknown(why);
                let (not_believed, limits) = Default::default();
                (Processes { candidates, not_believed, limits }, Arc::default())
            }
        }
    }

    fn host_facts(&self, files: Files<'_>) -> PlaceFacts {
        let hosts = PathBuf::from(HOSTS);
        let (interfaces, product) = match &self.last {
            Some((last, changes)) if !changes.has(Changes::ADDRESS) => {
                (last.interfaces.clone(), last.product.clone())
            }
            Some((last, _)) => (address::interfaces(files.attempt), last.product.clone()),
            None => (address::interfaces(files.attempt), address::product(files)),
        };
        PlaceFacts {
            network: Reading::Known(()),
            hostname: address::hostname(),
            interfaces,
            hosts: FileFact {
                state: parsed(files.read(&hosts), |bytes| Ok(hosts::parse(bytes))),
                path: hosts,
            },
            hostname_addresses: address::not_asked(),
            product,
            container: None,
        }
    }
}

/// What to watch: everything that was used, and the agents' executables and processes.
fn looked_at(procfs: &Procfs, files: Files<'_>, agents: &[(AgentSettings, AgentFacts)]) -> WatchPlan {
    let mut planner = Planner::new(files.root.path().to_owned());
    for (path, question) in files.attempt.asked() {
        let means = if path == Path::new(HOSTS) { Changes::HOSTS } else { Changes::NONE };
        // Refused for a path on which a read hangs: it is not watched either.
        let _refused = files.attempt.guard(&files.root.locate(&path), || {
            planner.add(&path, question, means);
            Reading::Known(())
        });
    }
    let mut processes = BTreeSet::new();
    for (_, agent) in agents {
        let installation = agent.installation.known();
        let on_disk = installation.into_iter().flat_map(|found| found.binary.iter().chain(&found.looked_for));
        let own = agent.processes.known().into_iter().flatten();
        let alive = own.clone().filter(|process| process.state != ProcessState::Defunct);
        processes.extend(alive.map(|process| process.pid));
        let running = own.filter_map(|process| process.executable.known()?.as_ref());
        for path in on_disk.chain(running.map(|executable| &executable.path)) {
            let _refused = files.attempt.guard(&files.root.locate(path), || {
                planner.add_executable(path);
                Reading::Known(())
            });
        }
    }
    let mut plan = planner.into_plan();
    plan.processes = procfs.is_of_own_namespace().then_some(processes);
    plan
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
