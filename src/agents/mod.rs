//! The profile of each kind of agent: names, files, parsers, endpoints. Data and pure functions; no I/O.
//!
//! A new kind is one new file with a [`Profile`], and one line in [`PROFILES`].

pub mod address;
mod arguments;
mod choice;
pub mod custom;
pub mod interfaces;
mod layout;
mod log_line;
pub mod loglistener;
pub mod logtail;
mod metadata;
#[cfg(test)]
mod new_kind;
pub mod outline;
mod products;
pub mod release;
pub mod remedy;
mod windows;

use std::{
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

pub use choice::{Binding, Choice, Chosen};
pub use layout::{ConfigFiles, IdentityLayout, Layout, Located};
pub use log_line::{LogLine, OwnLog};
pub use metadata::MetadataService;
pub use products::none_found;
pub use remedy::{Commands, Wanted};

use self::release::{Defect, Feature, Unsupported};
use crate::model::{
    NetworkType, Prerequisite, Reading, Role, System,
    settings::AgentSettings,
    snapshot::{
        AddressRecord, Edition, Endpoint, Environment, ExpectedRole, Invocation, LoadedConfig, Parameters,
        PlaceFacts, Process, Rejection,
    },
};

/// Every kind of agent that can be watched.
pub static PROFILES: &[&dyn Profile] = &[&logtail::Logtail, &loglistener::LogListener, &custom::Custom];

/// The profile of a kind.
pub fn profile(kind: &str) -> Option<&'static dyn Profile> {
    let profiles = PROFILES.iter();
    #[cfg(test)]
    let profiles = profiles.chain(new_kind::PROFILES);
    profiles.copied().find(|profile| profile.kind() == kind)
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
        /// The prefix of the names.
        stem: &'static str,
        /// Stem of the directory that proves an installation.
        proof: Option<&'static str>,
    },
}

/// The kind and role implied by an executable's base name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognition {
    /// Not this kind's.
    Foreign,
    /// Of this kind; the name does not imply a role.
    Agent,
    /// Of this kind, in this role.
    Role(Role),
}

impl Recognition {
    /// True for a process of this kind.
    pub fn is_agent(&self) -> bool {
        *self != Self::Foreign
    }

    /// The role, if the name implies it.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Role(role) => Some(role),
            Self::Foreign | Self::Agent => None,
        }
    }
}

/// Turns a local time as an agent writes it (`2022-12-27 05:38:33`) into every time that it can mean (host zone, UTC).
pub type LocalTime<'a> = &'a dyn Fn(&str) -> Vec<SystemTime>;

/// The facts that determine the variant of an installation.
#[derive(Debug, Clone, Copy)]
pub struct EditionFacts<'a> {
    /// Its settings.
    pub settings: &'a AgentSettings,
    /// Its version; `Known(None)` if its files do not contain one.
    pub version: &'a Reading<Option<String>>,
    /// The config file that it would read.
    pub config: &'a Reading<Option<PathBuf>>,
    /// How it was started.
    pub invocation: &'a Invocation,
    /// Its processes.
    pub processes: &'a Reading<Vec<Process>>,
}

/// How an agent of this kind is found: its names and directories.
pub trait Identification: Sync {
    /// The label `kind`.
    fn kind(&self) -> &'static str;

    /// The product names that detection covers; none for kinds that are only configured.
    fn products(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where detection looks on a host of this system; empty for kinds that are only configured, or never run there.
    fn places(&self, system: System) -> &'static [Place];

    /// The kind and role implied by the base name of an executable.
    fn recognise(&self, base_name: &str, settings: &AgentSettings) -> Recognition;

    /// True if a process with this `comm` can be of this kind. The kernel truncates `comm` to 15 bytes, so a truncated
    /// name matches; this alone proves nothing.
    fn recognises_comm(&self, comm: &str, settings: &AgentSettings) -> bool {
        self.recognise(comm, settings).is_agent()
    }

    /// The installation directory that an executable's path implies.
    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf>;

    /// The directory of an installation whose path is not in the config.
    fn default_install_dir(&self, system: System) -> Option<PathBuf>;

    /// Words of which at least one occurs in whatever starts the agent (its service's name, a crontab). Empty: not
    /// checked.
    fn service_words(&self, _settings: &AgentSettings) -> Vec<String> {
        Vec::new()
    }

    /// Names of the services that run it, if the system's service manager has services by name (Windows).
    fn services(&self, _settings: &AgentSettings) -> &'static [&'static str] {
        &[]
    }

    /// The services that this version needs, if not all: `there` are those that are registered.
    fn needed_services(&self, _version: Option<&str>, _there: &[&str]) -> Option<&'static [&'static str]> {
        None
    }

    /// Where the host's root directory is mounted in a container whose agent collects the host's logs.
    fn host_mounts(&self) -> &'static [&'static str] {
        &[]
    }

    /// The generation implied by an executable's base name, for vendors with several that must not run at the same
    /// time.
    fn generation(&self, _base_name: &str) -> Option<&'static str> {
        None
    }

    /// True if the variable of this name matters and is no secret.
    fn wants_variable(&self, name: &str) -> bool;
}

/// Where an agent's files are, and how its own parsers read them. Methods for features that a kind does not have can be
/// omitted.
pub trait Files: Sync {
    /// Where the files are.
    fn layout(&self, settings: &AgentSettings, invocation: &Invocation) -> Layout;

    /// The directory whose `*.json` the agent merges over its config, for the config as it is without them. Empty: none.
    fn config_parts(
        &self,
        _settings: &AgentSettings,
        _invocation: &Invocation,
        _config: &Path,
        _parameters: &Parameters,
    ) -> Located {
        Located::default()
    }

    /// Where the identity files are. `parameters`: those in effect, `Known(None)` if there are none.
    fn identity_layout(
        &self,
        _settings: &AgentSettings,
        _invocation: &Invocation,
        _parameters: Reading<Option<&Parameters>>,
    ) -> IdentityLayout {
        IdentityLayout::default()
    }

    /// The config as the agent's own parser reads it.
    fn parse_parameters(&self, _files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
        Ok(Parameters::default())
    }

    /// The parameters that the agent generates for a missing config file, if it does.
    fn implied_parameters(&self, _path: &Path) -> Option<Parameters> {
        None
    }

    /// The address record.
    fn parse_record(&self, _bytes: &[u8], _local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        Ok(AddressRecord::default())
    }

    /// The custom identifiers, split and trimmed as the agent does on this system.
    fn parse_identifiers(&self, _bytes: &[u8], _system: System) -> Vec<String> {
        Vec::new()
    }

    /// The owner account in the cached identity of this cloud instance.
    fn parse_owner_account(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// The id of the cloud instance in the cached identity.
    fn parse_instance(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// Files outside of its directories in which the agent keeps its positions.
    fn checkpoints(&self) -> &'static [&'static str] {
        &[]
    }

    /// The version in the version file.
    fn parse_version(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// The number of collection configs in the file of delivered ones; `None`: it is not of a known form.
    fn parse_collection(&self, _bytes: &[u8]) -> Option<usize> {
        None
    }

    /// The meaning of a line in one of the agent's own logs; `None`: the line does not begin a record.
    fn parse_log_line<'l>(&self, _log: OwnLog, _line: &'l str) -> Option<LogLine<'l>> {
        None
    }

    /// The part of a file that may leave the host; `None`: nothing of its content.
    fn outline(&self, _path: &Path, _bytes: &[u8]) -> Option<String> {
        None
    }

    /// The config that was loaded last, according to the beginning of the log.
    fn parse_loaded_config(
        &self,
        _path: &Path,
        _log: &[u8],
        _local_time: LocalTime<'_>,
    ) -> Option<LoadedConfig> {
        None
    }
}

/// The requirements of the agent's service, and how it names its hosts.
pub trait Service: Sync {
    /// Every endpoint that the agent must reach. `config_file` is for evidence.
    fn endpoints(
        &self,
        settings: &AgentSettings,
        edition: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint>;

    /// True if an agent of this edition needs an endpoint.
    fn needs_endpoints(&self, _edition: &Edition) -> bool {
        true
    }

    /// True if the config has data servers in addition to config servers.
    fn has_data_servers(&self) -> bool {
        false
    }

    /// The region and network implied by a server's host name.
    fn classify_host(&self, _host: &str) -> HostClass {
        HostClass::default()
    }

    /// The regions that the vendor's documents list.
    fn regions(&self) -> &'static [&'static str] {
        &[]
    }

    /// True if the vendor's documents list this region.
    fn knows_region(&self, region: &str) -> bool {
        self.regions().contains(&region)
    }

    /// The servers that the documents prescribe for region and network: (config server, data endpoint), for remedies.
    fn servers_for(&self, _region: &str, _network: NetworkType) -> Option<(String, String)> {
        None
    }

    /// The clock offset beyond which the service rejects requests.
    fn clock_limit(&self) -> Duration {
        // What most services allow.
        Duration::from_mins(15)
    }

    /// True if a machine with this vendor and product (DMI) is an instance of this vendor's cloud.
    fn is_instance(&self, _product: &str) -> bool {
        false
    }

    /// Where an instance of this vendor's cloud gets its identity, if the agent asks there.
    fn metadata(&self) -> Option<&'static MetadataService> {
        None
    }

    /// Keys of `expect` that are valid for this kind.
    fn expectations(&self) -> &'static [&'static str] {
        &[]
    }

    /// Network types that the service offers.
    fn networks(&self) -> &'static [NetworkType] {
        &NetworkType::ALL
    }
}

/// How the agent runs: its variants, processes and commands.
pub trait Operation: Sync {
    /// True if the prerequisite applies to this variant; unknown if it may.
    fn applies(&self, prerequisite: Prerequisite, edition: &Reading<Edition>) -> Reading<bool>;

    /// False if the agent is described only by the config, which has nothing to which the prerequisite applies.
    fn described(&self, _prerequisite: Prerequisite, _settings: &AgentSettings) -> bool {
        true
    }

    /// The variant.
    fn edition(&self, facts: EditionFacts<'_>) -> Reading<Edition>;

    /// The expected processes of this variant.
    fn expected_roles(
        &self,
        facts: EditionFacts<'_>,
        edition: &Reading<Edition>,
    ) -> Reading<Vec<ExpectedRole>>;

    /// Every role that a process of any variant can have.
    fn roles(&self, settings: &AgentSettings) -> Vec<Role>;

    /// The address that the agent would choose today; `None` for kinds that do not choose one.
    fn choice(
        &self,
        _host: &PlaceFacts,
        _parameters: Reading<Option<&Parameters>>,
        _invocation: &Invocation,
        _version: &Reading<Option<String>>,
    ) -> Option<Choice> {
        None
    }

    /// Whether the agent corrects its times by the service's: the effective setting, and its source.
    fn adjusts_time(
        &self,
        _parameters: Reading<Option<&Parameters>>,
        _invocation: &Invocation,
        _version: &Reading<Option<String>>,
    ) -> Reading<Option<TimeAdjustment>> {
        Reading::Known(None)
    }

    /// Identifiers that the agent reads from its environment: (variable, identifier).
    fn identifiers_of_environment(
        &self,
        _which: Identifier,
        _environment: &Environment,
    ) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The effective limits at which the agent restarts itself.
    fn limits(&self, _parameters: Reading<Option<&Parameters>>, _invocation: &Invocation) -> Reading<Limits> {
        Reading::Known(Limits::default())
    }

    /// The agent's liveness endpoint: a port on the loopback interface, and a path.
    fn liveness(&self, _environment: &Environment) -> Option<(NonZeroU16, &'static str)> {
        None
    }

    /// The name of the service that starts the agent.
    fn service(&self, settings: &AgentSettings, _version: Option<&str>) -> String {
        settings.name.clone()
    }

    /// True if a version has this capability.
    fn supports(&self, _feature: Feature, _version: &Reading<Option<String>>) -> Reading<bool> {
        Reading::Known(true)
    }

    /// Parameters of the config that a version ignores, although the agent needs them.
    fn unsupported(
        &self,
        _parameters: &Parameters,
        _edition: &Reading<Edition>,
        _version: &Reading<Option<String>>,
    ) -> Reading<Vec<Unsupported>> {
        Reading::Known(Vec::new())
    }

    /// The known defects of a version.
    fn defects(&self, _version: &str) -> Vec<&'static Defect> {
        Vec::new()
    }

    /// `address_setting`, `identifier_setting`, `config_server_setting` and `data_server_setting` for the remedies: lines of
    /// the agent's config as they should be.
    fn settings(&self, _wanted: &Wanted<'_>) -> Commands {
        Commands::new()
    }

    /// `start_command`, `restart_command`, `status_command`, `install_document` for the remedies.
    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands;
}

/// A kind of agent.
pub trait Profile: Identification + Files + Service + Operation {}

impl<T: Identification + Files + Service + Operation> Profile for T {}

/// The requested identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// Accounts that own projects.
    User,
    /// Identifiers of machine groups.
    Custom,
}

/// Limits at which an agent restarts itself, each with the key or the variable that sets it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Of resident memory, in bytes.
    pub memory: Option<(u64, String)>,
    /// Of processor usage, in thousandths of a processor.
    pub cpu: Option<(u64, String)>,
}

/// The setting that makes an agent correct its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeAdjustment {
    /// Whether it does.
    pub on: bool,
    /// True if the setting is in the config file: a process that has not loaded it does not use it.
    pub in_file: bool,
}

/// The region and network implied by an endpoint's host name, by the service's naming scheme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostClass {
    /// Region, without network suffix; `None` if the name has none (acceleration, private domains).
    pub region: Option<String>,
    /// Network type; `None` if the name is not one of the service's.
    pub network: Option<NetworkType>,
    /// True for domains that the vendor has retired or replaced.
    pub deprecated: bool,
}

/// True for the proxy variables that agents honour.
pub fn is_proxy(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ];
    NAMES.contains(&name)
}

/// True for the proxy variables, and the time zone that agents write local times in.
fn is_proxy_or_zone(name: &str) -> bool {
    is_proxy(name) || name == "TZ"
}
