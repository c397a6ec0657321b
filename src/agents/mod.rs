//! What each kind of agent looks like: names, files, parsers, endpoints. Data and pure functions; no I/O.
//!
//! A new kind is one new file with a [`Profile`], and one line in [`PROFILES`].

pub mod address;
mod arguments;
pub mod custom;
pub mod loglistener;
pub mod logtail;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::model::{
    NetworkType, Prerequisite, Role,
    settings::AgentSettings,
    snapshot::{AddressRecord, Edition, Endpoint, Environment, LoadedConfig, Parameters, Rejection},
};

/// Every kind of agent that can be watched.
pub static PROFILES: &[&dyn Profile] = &[&logtail::Logtail, &loglistener::LogListener, &custom::Custom];

/// The profile of a kind.
pub fn profile(kind: &str) -> Option<&'static dyn Profile> {
    PROFILES.iter().copied().find(|profile| profile.kind() == kind)
}

/// A place where detection looks for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This directory, whatever is in it.
    Directory(&'static str),
    /// Directories in `parent` whose name is `stem` and a suffix. They count only if a process runs from them, or if they
    /// hold an executable and, where `proof` is given, the directory `<proof><suffix>` exists (a second instance made by the
    /// vendor's installer): a copy kept as a backup is not an installation.
    Suffixed {
        /// The directory to list.
        parent: &'static str,
        /// What the names begin with.
        stem: &'static str,
        /// Stem of the directory that proves an installation.
        proof: Option<&'static str>,
    },
}

/// What is known of the running agent that changes where its files are.
#[derive(Debug, Clone, Copy)]
pub struct Running<'a> {
    /// Arguments of the collecting process; empty if unknown or not running.
    pub arguments: &'a [String],
    /// Its environment; empty if unknown or not running.
    pub environment: &'a Environment,
    /// True if the process was started by Kubernetes, by its environment. A container's marks in the file system
    /// (`/.dockerenv`) prove nothing: an agent installed in a system container runs as on a host.
    pub in_container: bool,
}

/// Where an installation's files are, as the agent sees them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Directories in which a file with a recognised name is the executable.
    pub binary_dirs: Vec<PathBuf>,
    /// Exact paths of executables (custom agents).
    pub binaries: Vec<PathBuf>,
    /// Config files; the first that exists is the agent's, else the first is the one that is missing.
    pub configs: Vec<PathBuf>,
    /// True if the agent works without a config file.
    pub config_optional: bool,
    /// The address record (`app_info.json`); the first that exists.
    pub records: Vec<PathBuf>,
    /// The version file.
    pub version_file: Option<PathBuf>,
    /// Logs in whose first 256 KiB the loaded config may be found; the first that exists.
    pub logs: Vec<PathBuf>,
    /// Further files to watch.
    pub files: Vec<PathBuf>,
}

/// Where the agent's identity files are; known only once its config is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityLayout {
    /// Directory of user identifiers.
    pub users: Option<PathBuf>,
    /// File of custom identifiers.
    pub identifiers: Option<PathBuf>,
    /// The agent's cached identity of this cloud instance.
    pub instance_identity: Option<PathBuf>,
}

/// Commands and documents for the remedies, for one installation.
pub type Commands = BTreeMap<&'static str, String>;

/// Turns a local time as an agent writes it (`2022-12-27 05:38:33`) into every moment that it can mean (host zone, UTC).
pub type LocalTime<'a> = &'a dyn Fn(&str) -> Vec<SystemTime>;

/// A kind of agent. What a kind does not have (an address record, an identifier file, …) it need not mention.
pub trait Profile: Sync {
    /// The label `kind`.
    fn kind(&self) -> &'static str;

    /// Prerequisites that apply to this edition, in the documents' order.
    fn prerequisites(&self, edition: &Edition) -> Vec<Prerequisite>;

    /// Where detection looks; empty for kinds that are only configured.
    fn places(&self) -> &'static [Place];

    /// If an executable of this base name is this kind's: `Some(role)` where the name tells the role, else `Some(None)`.
    fn recognise(&self, base_name: &str, settings: &AgentSettings) -> Option<Option<Role>>;

    /// True if a process whose `comm` reads so can be this kind's. The kernel cuts `comm` to 15 bytes, so a cut name counts
    /// as the name; it proves nothing alone.
    fn recognises_comm(&self, comm: &str, settings: &AgentSettings) -> bool {
        self.recognise(comm, settings).is_some()
    }

    /// The installation directory that an executable's path implies.
    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf>;

    /// The directory of an installation whose place config does not tell.
    fn default_install_dir(&self) -> Option<PathBuf>;

    /// True if the variable of this name matters and holds no secret.
    fn wants_variable(&self, name: &str) -> bool;

    /// Where the files are.
    fn layout(&self, settings: &AgentSettings, running: Running<'_>) -> Layout;

    /// Where the identity files are.
    fn identity_layout(
        &self,
        settings: &AgentSettings,
        running: Running<'_>,
        parameters: Option<&Parameters>,
    ) -> IdentityLayout;

    /// The config as the agent's own parser reads it.
    fn parse_parameters(&self, bytes: &[u8], path: &Path) -> Result<Parameters, Rejection>;

    /// The parameters that the agent generates for a config file that is not there, if it does.
    fn implied_parameters(&self, _path: &Path) -> Option<Parameters> {
        None
    }

    /// The address record.
    fn parse_record(&self, _bytes: &[u8], _local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        Ok(AddressRecord::default())
    }

    /// The custom identifiers, split and trimmed as the agent does.
    fn parse_identifiers(&self, _bytes: &[u8]) -> Vec<String> {
        Vec::new()
    }

    /// The owner account in the cached identity of this cloud instance.
    fn parse_owner_account(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// The version in the version file.
    fn parse_version(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// The config that the log's beginning says was loaded last.
    fn parse_loaded_config(
        &self,
        _path: &Path,
        _log: &[u8],
        _local_time: LocalTime<'_>,
    ) -> Option<LoadedConfig> {
        None
    }

    /// The variant, from version, layout and the way it runs.
    fn edition(
        &self,
        settings: &AgentSettings,
        version: Option<&str>,
        config: Option<&Path>,
        running: Running<'_>,
    ) -> Edition;

    /// Every endpoint that the agent must reach. `config_file` is for evidence.
    fn endpoints(
        &self,
        settings: &AgentSettings,
        edition: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint>;

    /// True if the config names data servers besides config servers.
    fn has_data_servers(&self) -> bool {
        false
    }

    /// What a server's host name says of region and network.
    fn classify_host(&self, host: &str) -> HostClass;

    /// True if the vendor's documents list this region.
    fn knows_region(&self, region: &str) -> bool;

    /// The servers that the documents prescribe for region and network: (config server, data endpoint), for remedies.
    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)>;

    /// What the service itself rejects as a wrong clock.
    fn clock_limit(&self) -> Duration;

    /// `start_command`, `restart_command`, `status_command`, `install_document` for the remedies.
    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands;
}

/// What an endpoint's host name says of region and network, as this service names its hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostClass {
    /// Region, without network suffix; `None` if the name has none (acceleration, private domains).
    pub region: Option<String>,
    /// Network type; `None` if the name is not one of the service's.
    pub network: Option<NetworkType>,
    /// True for domains that the vendor has retired or replaced.
    pub deprecated: bool,
}

/// True for the proxy variables that agents honour, and the time zone they write local times in.
fn is_proxy_or_zone(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "TZ",
    ];
    NAMES.contains(&name)
}
