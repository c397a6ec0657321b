//! Everything observed in one cycle. Rules see nothing else, and know no other time.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{NetworkType, Purpose, Reading, Role};

/// The facts of one cycle, and the moment they belong to.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Wall-clock time of the snapshot (for people and for file times).
    pub taken_at: SystemTime,
    /// Time since boot, suspend included: the monotonic clock for all durations.
    pub uptime: Duration,
    /// The host's own facts.
    pub host: HostFacts,
    /// Time references and the kernel's opinion.
    pub clock: ClockFacts,
    /// One entry for each watched agent, in order of configuration or detection.
    pub agents: Vec<AgentFacts>,
}

/// Facts of the host (of the exporter's own network namespace).
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// The host name, as `hostname` prints it.
    pub hostname: Reading<String>,
    /// Every address of every interface, in the kernel's order.
    pub interfaces: Reading<Vec<InterfaceAddress>>,
    /// The hosts file: its lines in order.
    pub hosts: FileFact<Vec<HostsLine>>,
    /// IPv4 addresses that the system's resolver gives for the host name (hosts file, DNS, nss modules), in its order.
    pub hostname_addresses: Reading<Vec<Ipv4Addr>>,
    /// The machine's maker and product from DMI, where readable (tells a cloud instance from another machine).
    pub product: Reading<String>,
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
    /// Installation directory as the agent sees it (not prefixed by `--path.rootfs`); `None` for a custom agent without one.
    pub install_dir: Option<PathBuf>,
    /// What is on disk of the installation.
    pub installation: Reading<Installation>,
    /// This agent's processes, zombies included.
    pub processes: Reading<Vec<Process>>,
    /// Chosen variables of the newest live collecting process; empty if none runs.
    pub environment: Reading<Environment>,
    /// Agent version, from its own files, if told.
    pub version: Option<String>,
    /// What variant this is, which decides roles and prerequisites.
    pub edition: Edition,
    /// The startup parameters as the agent would read them. `Known`-ness and absence are in the file fact.
    pub config: Option<FileFact<Parameters>>,
    /// What the config file says that it may be absent for: the agent generates it, or has defaults.
    pub config_optional: bool,
    /// Parameters that the agent generates from the path of a config file that is not there (container images).
    pub implied: Option<Parameters>,
    /// The address record that the agent writes (`app_info.json`).
    pub record: Option<FileFact<AddressRecord>>,
    /// Names in the user identifier directory.
    pub users: Option<DirectoryFact>,
    /// Owner account of this very host, from the agent's cached instance identity.
    pub owner_account: Reading<Option<String>>,
    /// Lines of the custom identifier file, as the agent splits and trims them.
    pub identifiers: Option<FileFact<Vec<String>>>,
    /// Config content that the agent's log says was loaded by the running process.
    pub loaded_config: Reading<Option<LoadedConfig>>,
    /// Further watched files (custom agents): their presence and change.
    pub files: Vec<FileFact<()>>,
    /// Endpoints that the agent must reach, with their last probe.
    pub endpoints: Vec<EndpointFact>,
}

impl AgentFacts {
    /// The parameters in force: the file's, or those that its path implies.
    pub fn parameters(&self) -> Option<&Parameters> {
        self.config.as_ref().and_then(FileFact::content).or(self.implied.as_ref())
    }
}

/// What is on disk of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installation {
    /// The executable that was found.
    pub binary: Option<PathBuf>,
    /// Where an executable was looked for.
    pub looked_for: Vec<PathBuf>,
    /// Parts of the installation that are there besides the executable: directory, config, records.
    pub traces: Vec<PathBuf>,
    /// True if it cannot be told where the executable would be (custom agent named by base name only, never seen running).
    pub location_unknown: bool,
}

/// Variables by name, limited to those that an agent's profile asks for. User info in proxy addresses is removed when read.
pub type Environment = BTreeMap<String, String>;

/// The variant of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edition {
    /// Word for people: `commercial`, `community`, `container`, `3.4+`, `custom`.
    pub label: &'static str,
    /// True if this build has no machine-group heartbeat (iLogtail and LoongCollector community edition).
    pub community: bool,
    /// True if keys, IP and labels are not governed by the classic config (LogListener ≥ 3.4, containers).
    pub keyless: bool,
    /// Expected processes.
    pub roles: Vec<ExpectedRole>,
}

/// One role that should be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRole {
    /// The role.
    pub role: Role,
    /// How many live processes it should have.
    pub count: u32,
    /// True if the role is not needed as long as no process of it was ever seen (LogListener's daemon since 2.2.8).
    pub only_if_ever_seen: bool,
}

/// One process of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Process id, as the procfs in use numbers it.
    pub pid: u32,
    /// Parent process id.
    pub parent: u32,
    /// Base name by which the process was recognised.
    pub executable_name: String,
    /// Role, where the executable's name alone tells it (LogListener, custom).
    pub role_by_name: Option<Role>,
    /// Arguments; empty for a zombie.
    pub arguments: Reading<Vec<String>>,
    /// The executable, where readable; `Known(None)` for a zombie.
    pub executable: Reading<Option<Executable>>,
    /// Scheduling state.
    pub state: ProcessState,
    /// Start, in clock ticks since boot: with the pid, the identity of the process.
    pub start_ticks: u64,
    /// Start, as wall-clock time.
    pub started_at: SystemTime,
    /// User and system CPU time since start.
    pub cpu: Duration,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Open file descriptors, where readable.
    pub open_fds: Reading<u64>,
    /// Threads.
    pub threads: u64,
}

/// Where a process' code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// Resolved path.
    pub path: PathBuf,
    /// True if that file is gone or was replaced.
    pub deleted: bool,
}

/// The scheduling states that matter to a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessState {
    /// Running, sleeping, or waiting (also traced by a debugger).
    Alive,
    /// Stopped by a signal (T).
    Stopped,
    /// A zombie (Z), or just dead (X): gone, but for its parent's `wait`.
    Defunct,
}

/// A file that an agent reads or writes, and what was found in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact<T> {
    /// Path as the agent sees it.
    pub path: PathBuf,
    /// What was found.
    pub state: Reading<FileState<T>>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState<T> {
    /// Nothing (ENOENT, or a dangling link).
    Missing,
    /// Something that no process can read as a file: `directory`, `symbolic link loop`.
    NotAFile(&'static str),
    /// A regular file.
    Present(FileContent<T>),
}

/// A regular file's content, as its agent would parse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent<T> {
    /// Last modification.
    pub modified: SystemTime,
    /// Hash of the bytes, to tell an edit from a `touch`.
    pub digest: u64,
    /// The parsed content, or why the agent would reject it.
    pub content: Result<T, Rejection>,
}

impl<T> FileFact<T> {
    /// The parsed content, if the file was read, is there, and was accepted.
    pub fn content(&self) -> Option<&T> {
        match &self.state {
            Reading::Known(FileState::Present(file)) => file.content.as_ref().ok(),
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => None,
        }
    }

    /// The file's last modification, if it was read and is there.
    pub fn modified(&self) -> Option<SystemTime> {
        match &self.state {
            Reading::Known(FileState::Present(file)) => Some(file.modified),
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => None,
        }
    }
}

/// Why the agent's own parser would reject a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Line, from 1, where known.
    pub line: Option<u32>,
    /// What is wrong there; never quotes content that could be a secret.
    pub reason: String,
}

/// A directory whose entries' names matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryFact {
    /// Path as the agent sees it.
    pub path: PathBuf,
    /// Sorted names (invalid UTF-8 replaced), or `None` if there is no such directory.
    pub names: Reading<Option<Vec<String>>>,
    /// Last modification of the directory, if it is there.
    pub modified: Option<SystemTime>,
}

/// One value of a config, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Key path as a person would write it: `data_server_list[0].endpoint`, or `environment ALIYUN_LOGTAIL_WORKING_IP`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Startup parameters, brought to one shape for all kinds and generations. Secrets are judged when read, and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// Config servers (Logtail), or `proxy_host` (LogListener), host names or URLs as written.
    pub config_servers: Vec<Parameter>,
    /// Data servers with the region (`cluster`) that the config gives them.
    pub data_servers: Vec<DataServer>,
    /// `working_ip` of the file (not of the environment).
    pub working_ip: Option<Parameter>,
    /// `bind_interface` of the file.
    pub bind_interface: Option<Parameter>,
    /// `enable_log_time_auto_adjust` is JSON `true`.
    pub log_time_auto_adjust: bool,
    /// `data_server_port`, where set (`port` of LogListener).
    pub data_server_port: Option<u16>,
    /// `logtail_sys_conf_dir` (Logtail): where the identity files are.
    pub sys_conf_dir: Option<String>,
    /// `group_ip` (LogListener; `agent_ip` since 3.4). `None`: the key is not there.
    pub group_ip: Option<Parameter>,
    /// `group_label` split at commas, blanks trimmed (`agent_labels` since 3.4). `None`: the key is not there.
    pub group_labels: Option<(String, Vec<String>)>,
    /// `dynamic_ip` (LogListener ≥ 3.4).
    pub dynamic_ip: bool,
    /// `instance_id` as configured (LogListener).
    pub instance_id: Option<String>,
    /// State of the API key pair; `None` where keys are not in this file.
    pub credentials: Option<Vec<(&'static str, KeyState)>>,
    /// Region and network that the path of a generated config implies (container images).
    pub implied: Option<(String, NetworkType)>,
    /// Canonical rendering of the whole content, to compare with what the agent logs as loaded. Holds no secrets (Logtail only).
    pub canonical: Option<String>,
}

/// One data server entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataServer {
    /// `cluster` or `region`, where given.
    pub region: Option<Parameter>,
    /// Host name (or URL) as written.
    pub endpoint: Parameter,
}

/// What is known of one secret, without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Absent or empty.
    Missing,
    /// A document's or template's stand-in.
    Placeholder,
    /// Not the form of an API key; says what is wrong without quoting it.
    Malformed(&'static str),
    /// Looks like a key.
    Set,
}

/// The agent's own record of the address it reports (`app_info.json`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRecord {
    /// `ip`; `None` if the key is not there.
    pub ip: Option<String>,
    /// `hostname`.
    pub hostname: Option<String>,
    /// `instance_id`: `<UUID>_<ip at start>_<start, epoch seconds>`.
    pub instance_id: Option<String>,
    /// Address inside `instance_id`.
    pub instance_ip: Option<String>,
    /// Start inside `instance_id`.
    pub instance_epoch: Option<u64>,
    /// `logtail_version`, `loongcollector_version` or `ilogtail_version`.
    pub version: Option<String>,
    /// `update_time` as written (local time, no zone).
    pub update_time: Option<String>,
    /// `update_time` in each zone that the agent may have written it in (the host's, UTC).
    pub update_time_candidates: Vec<SystemTime>,
}

/// What the agent's log says of the config that it loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedConfig {
    /// The log file.
    pub path: PathBuf,
    /// Canonical rendering of the logged content, if it could be parsed.
    pub canonical: Option<String>,
    /// The line's time, if it could be read in the host's zone.
    pub at: Option<SystemTime>,
}

/// One address that an agent must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The label `purpose`.
    pub purpose: Purpose,
    /// The label `url`: `scheme://host[:port]`, lower case, no path, no user info.
    pub url: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// Request target for HTTP (`/`, or what config says).
    pub path: String,
    /// What counts as up.
    pub expected: ExpectedAnswer,
    /// Where the address comes from: file and key, or `expect.projects[0]`.
    pub from: String,
    /// The startup parameter that it is derived from, to tie a network cause to a parameter's fault.
    pub parameter: Option<String>,
}

/// How an endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// A bare connect.
    Tcp,
}

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }

    /// The port where a URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http | Self::Tcp => 80,
            Self::Https => 443,
        }
    }
}

/// What the documents (or config) call a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedAnswer {
    /// The documented `OLSInvalidMethod` body, or a non-empty `x-log-requestid` header (Alibaba Cloud SLS).
    LogService,
    /// Connected is up (Tencent's document: `telnet`).
    Connected,
    /// One of these status codes.
    StatusCodes(Vec<u16>),
}

/// An endpoint and its last probe.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointFact {
    /// What was asked.
    pub endpoint: Endpoint,
    /// What came back.
    pub probe: Reading<Probe>,
}

/// The course of one probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The proxy that was used (`http://host:port`), and the variable that names it.
    pub proxy: Option<(String, String)>,
    /// What could not be known about the agent's own way (its environment, say), and was assumed.
    pub assumed: Option<String>,
    /// Resolved addresses, in the order tried.
    pub addresses: Vec<IpAddr>,
    /// Durations of the phases that were completed.
    pub phases: Phases,
    /// Status code, if an answer came.
    pub status_code: Option<u16>,
    /// The server's certificate, even if it was not accepted.
    pub certificate: Option<Certificate>,
    /// Up, or what went wrong first.
    pub outcome: Result<(), Failure>,
    /// The answer's `Date`, where it may be used as a time reference.
    pub date: Option<DateReference>,
}

/// How long each phase took; `None`: not reached or not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// Name resolution.
    pub resolve: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// Request sent to answer read.
    pub processing: Option<Duration>,
}

/// Validity of a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Not valid before.
    pub not_before: SystemTime,
    /// Not valid after.
    pub not_after: SystemTime,
}

/// The first thing that went wrong in a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class, which a rule turns into a cause.
    pub kind: FailureKind,
    /// The address where it went wrong, if one was reached for.
    pub address: Option<SocketAddr>,
    /// What happened, for people.
    pub detail: String,
}

/// Classes of probe failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The name does not resolve, or the resolver did not answer in time.
    Resolve,
    /// Connection refused.
    Refused,
    /// No answer to the connect.
    ConnectTimeout,
    /// No route to host or network.
    Unreachable,
    /// The TLS handshake failed (not by the certificate).
    Tls,
    /// The certificate is not from a trusted authority, or is for another name.
    CertificateUntrusted,
    /// The certificate is expired (or not yet valid) by the local clock.
    CertificateExpired,
    /// Connected, but no complete answer in time.
    ResponseTimeout,
    /// An answer, but not the documented one; or the connection was closed instead.
    UnexpectedResponse,
    /// The agent's proxy is the obstacle (its address is unusable, or it refuses to pass on).
    Proxy,
}

/// A server's time, tied to the boot clock so that later steps of the local clock do not spoil it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DateReference {
    /// The earliest that (server wall clock − boot clock) can be, in seconds.
    pub low: f64,
    /// The latest that (server wall clock − boot clock) can be, in seconds.
    pub high: f64,
    /// When it was taken, on the boot clock.
    pub taken: Duration,
}

/// Time references and the kernel's own state.
#[derive(Debug, Clone)]
pub struct ClockFacts {
    /// References of this and recent cycles, at most one for each server or endpoint.
    pub references: Vec<ClockReference>,
    /// Servers that were asked and did not give a usable time.
    pub unanswered: Vec<super::Why>,
    /// The kernel's clock discipline.
    pub kernel: Reading<KernelClock>,
    /// (Wall clock − boot clock) at the snapshot, in seconds: a jump of it is a clock step.
    pub wall_minus_boot: f64,
}

/// Where a time reference comes from; the label `source`. NTP is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockSource {
    /// A configured NTP server.
    Ntp,
    /// The `Date` of a probe's answer.
    HttpDate,
}

impl ClockSource {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ntp => "ntp",
            Self::HttpDate => "http_date",
        }
    }
}

/// One reference: the interval that the true offset lies in.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockReference {
    /// Kind of reference.
    pub source: ClockSource,
    /// Server or URL.
    pub from: String,
    /// Offset (local minus reference) in seconds, at the snapshot: at least this.
    pub low: f64,
    /// And at most this.
    pub high: f64,
}

/// What `adjtimex` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelClock {
    /// The kernel takes its clock for synchronized.
    pub synchronized: bool,
    /// Remaining correction in seconds. Not proof of anything: 0 under chrony, and can be spurious.
    pub offset: f64,
    /// Estimated error in seconds.
    pub estimated_error: f64,
}
