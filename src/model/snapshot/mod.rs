//! Everything observed in one cycle. Rules see nothing else, and know no other time.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

mod clock;
mod endpoint;
mod file;
mod log;
mod parameters;
mod process;
mod surroundings;
#[cfg(test)]
pub mod testing;

pub use clock::{ClockFacts, ClockReference, ClockSource, KernelClock};
pub use endpoint::{
    Certificate, DateReference, Endpoint, EndpointFact, ExpectedAnswer, Failure, FailureKind, Liveness,
    MetadataAccess, Phases, Probe, Scheme,
};
pub use file::{DirectoryFact, FileContent, FileFact, FileState, Rejection};
pub use log::{LogEvent, LogFacts, LoggedExit, Moment, Refusal, RefusalSubject, Refused};
pub use parameters::{AddressRecord, Collection, DataServer, KeyState, LoadedConfig, Parameter, Parameters};
pub use process::{Executable, Invocation, Process, ProcessState};
pub use surroundings::{
    Autostart, ControlGroup, Death, DiskFact, End, Registered, ServiceFact, ServiceStart, ServiceState,
    Space, Surroundings,
};

use super::{Reading, Role};

/// The facts of one cycle, and their time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Wall-clock time of the snapshot (for people and for file times).
    pub taken_at: SystemTime,
    /// Time since boot, suspend included: the monotonic clock for all durations.
    pub uptime: Duration,
    /// The host's own facts.
    pub host: PlaceFacts,
    /// The facts of the containers in which agents run, by the container's name.
    pub containers: BTreeMap<Arc<str>, PlaceFacts>,
    /// Time references and the kernel's clock status.
    pub clock: ClockFacts,
    /// One entry for each watched agent, in order of configuration or detection.
    pub agents: Vec<AgentFacts>,
    /// How agents' processes ended, as far as the kernel reported it; only the last ones.
    pub deaths: Vec<Death>,
}

impl Snapshot {
    /// The facts of a place. `None`: there is no such container; the host's facts do not apply to it.
    pub fn place(&self, place: &Place) -> Option<&PlaceFacts> {
        place.of(&self.host, &self.containers)
    }
}

/// Where an agent runs, which determines the meaning of its paths, names and addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Place {
    /// The host itself.
    #[default]
    Host,
    /// A container, by name.
    Container(Arc<str>),
}

impl Place {
    /// Its facts among those of the host and of containers.
    pub fn of<'a>(
        &self,
        host: &'a PlaceFacts,
        containers: &'a BTreeMap<Arc<str>, PlaceFacts>,
    ) -> Option<&'a PlaceFacts> {
        match self {
            Self::Host => Some(host),
            Self::Container(name) => containers.get(name),
        }
    }
}

/// Facts of a place: the host (and the exporter's own network namespace), or a container.
#[derive(Debug, Clone)]
pub struct PlaceFacts {
    /// Known if the exporter's connections take the same route as the place's; otherwise why not.
    pub network: Reading<()>,
    /// The host name, as `hostname` prints it.
    pub hostname: Reading<String>,
    /// Every address of every interface, in the kernel's order.
    pub interfaces: Reading<Vec<InterfaceAddress>>,
    /// The hosts file.
    pub hosts: FileFact<HostsFile>,
    /// IPv4 addresses that the system's resolver gives for the host name (hosts file, DNS, nss modules), in its order.
    pub hostname_addresses: Reading<Vec<Ipv4Addr>>,
    /// The machine's vendor and product from DMI, if readable (identifies cloud instances).
    pub product: Reading<String>,
    /// Its name, if it is a container with a known name.
    pub container: Option<ContainerName>,
}

/// The names of a container, as given by an orchestrator, not by the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerName {
    /// The program that manages it: `kubectl`, `docker`, `podman`.
    pub managed_by: &'static str,
    /// Its own name; empty if only those of its pod are known.
    pub container: String,
    /// The pod that it belongs to.
    pub pod: Option<String>,
    /// The pod's namespace.
    pub namespace: Option<String>,
}

/// One address of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// Interface name (`eth0`), without alias suffix.
    pub interface: String,
    /// The kernel's interface index.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
}

/// The bindings of a hosts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsFile {
    /// Its lines in order.
    pub lines: Vec<HostsLine>,
    /// Unknown if there are more lines than are looked at.
    pub rest: Reading<()>,
}

/// One line of the hosts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsLine {
    /// Line number, from 1.
    pub line: u32,
    /// The address.
    pub address: IpAddr,
    /// Its names, as written.
    pub names: Vec<String>,
}

/// One watched installation.
#[derive(Debug, Clone)]
pub struct AgentFacts {
    /// The label `agent`.
    pub name: Arc<str>,
    /// The label `kind`: `logtail`, `loglistener`, `custom`.
    pub kind: &'static str,
    /// Where it runs.
    pub place: Place,
    /// Installation directory as the agent sees it (not prefixed by `--path.rootfs`); `None` for a custom agent without
    /// one.
    pub install_dir: Option<PathBuf>,
    /// The installation on disk.
    pub installation: Reading<Installation>,
    /// This agent's processes, zombies included.
    pub processes: Reading<Vec<Process>>,
    /// How the newest live collecting process was started.
    pub invocation: Invocation,
    /// The version in the version file, if there is one.
    pub version_file: Option<FileFact<Option<String>>>,
    /// The startup parameters as the agent would read and merge them. The state shows whether the file could be read,
    /// and exists.
    pub config: Option<FileFact<Parameters>>,
    /// The address record that the agent writes (`app_info.json`).
    pub record: Option<FileFact<AddressRecord>>,
    /// Names in the user identifier directory.
    pub users: Option<DirectoryFact>,
    /// Owner account of this host, from the agent's cached instance identity.
    pub owner_account: Reading<Option<String>>,
    /// Which requests the metadata service of its cloud accepts; `None`: it is not asked.
    pub metadata: Option<Reading<MetadataAccess>>,
    /// Lines of the custom identifier file, as the agent splits and trims them.
    pub identifiers: Option<FileFact<Vec<String>>>,
    /// Config content that the agent's log says was loaded by the running process.
    pub loaded_config: Reading<Option<LoadedConfig>>,
    /// The answer of its liveness endpoint; `None`: it has none that can be asked from here.
    pub liveness: Option<Reading<Liveness>>,
    /// Its collection configs; `Known(None)`: nothing shows them.
    pub collection: Reading<Option<Collection>>,
    /// The events in the agent's own log; `Known(None)`: there is none.
    pub log: Reading<Option<LogFacts>>,
    /// Further watched files (custom agents): their presence and changes.
    pub files: Vec<FileFact<()>>,
    /// Its surroundings.
    pub surroundings: Surroundings,
    /// Endpoints that the agent must reach, with their last probe.
    pub endpoints: Vec<EndpointFact>,
}

/// The part of an agent's file that may leave the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The agent's name.
    pub agent: String,
    /// The file's path.
    pub path: PathBuf,
    /// Its content without its secrets, or why there is none.
    pub text: String,
}

/// An installation on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installation {
    /// The executable that was found.
    pub binary: Option<PathBuf>,
    /// Its target, links followed, if it is a link: a versioned installation starts its newest version through one.
    pub leads_to: Option<PathBuf>,
    /// Where an executable was searched for.
    pub looked_for: Vec<PathBuf>,
    /// Parts of the installation that exist, besides the executable: directory, config, records.
    pub traces: Vec<PathBuf>,
    /// True if the path of the executable is not known (custom agent named by base name only, never seen running).
    pub location_unknown: bool,
}

/// Variables by name, limited to those in an agent's profile. User info in proxy addresses is removed when read.
pub type Environment = BTreeMap<String, String>;

/// The variant of an agent: derived, never observed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edition {
    /// A human-readable word: `commercial`, `community`, `container`, `3.4+`, `custom`; empty where there is only one.
    pub label: &'static str,
    /// True if this build has no machine-group heartbeat (iLogtail and LoongCollector community edition).
    pub community: bool,
    /// True if keys, IP and labels are not governed by the classic config (LogListener ≥ 3.4, containers).
    pub keyless: bool,
}

/// One role that should be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRole {
    /// The role.
    pub role: Role,
    /// How many live processes it should have.
    pub count: u32,
    /// True if the role is not required as long as no process of it has been seen (LogListener's daemon since 2.2.8).
    pub only_if_ever_seen: bool,
}
