//! Logtail of Alibaba Cloud SLS in all its generations: Logtail, iLogtail, LoongCollector; commercial and community.

pub mod answer;
mod choice;
mod config;
mod endpoints;
mod json;
mod log;
mod names;
mod own_log;
mod paths;
mod record;
mod regions;
mod settings;
mod shown;
mod versions;
mod windows;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::Duration,
};

use self::names::{is_executable_name, is_named_loongcollector, is_version, service};
use super::{
    Choice, Commands, ConfigFiles, EditionFacts, Files, HostClass, Identification, Identifier,
    IdentityLayout, Layout, Limits, LocalTime, Located, LogLine, MetadataService, Operation, OwnLog, Place,
    Recognition, Service, TimeAdjustment, Wanted,
    arguments::flag,
    release::{self, Defect, Feature, Unsupported},
};
use crate::model::{
    NetworkType, Prerequisite, Reading, Role, System, Why,
    settings::AgentSettings,
    snapshot::{
        AddressRecord, Edition, Endpoint, Environment, ExpectedRole, Invocation, LoadedConfig, Parameters,
        PlaceFacts, Process, ProcessState, Rejection,
    },
    text::shell_word,
};

/// Where the vendor's installer puts the agent.
const DEFAULT_DIR: &str = "/usr/local/ilogtail";

/// The vendor's document on installing and managing the agent.
const INSTALL_DOCUMENT: &str = "https://help.aliyun.com/zh/sls/loongcollector-management-linux";
/// The community's documents.
const COMMUNITY_DOCUMENT: &str = "https://github.com/alibaba/loongcollector/tree/main/docs/cn/installation";

/// By <https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata>; the agent requests the document.
static METADATA: MetadataService = MetadataService {
    address: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 80),
    document: "/latest/dynamic/instance-identity/document",
    token: "/latest/api/token",
    lifetime_header: "X-aliyun-ecs-metadata-token-ttl-seconds",
};

/// The part of a process's name that the kernel keeps.
const COMM_BYTES: usize = 15;

/// Variables that matter, in lower case; each counts as written, and in upper case after `ALIYUN_LOGTAIL_` and
/// `LOONG_`.
const PARAMETERS: [&str; 10] = [
    "working_ip",
    "working_hostname",
    "bind_interface",
    "enable_log_time_auto_adjust",
    "data_server_port",
    "logtail_sys_conf_dir",
    "ignored_interfaces",
    "working_interface",
    "cpu_usage_limit",
    "mem_usage_limit",
];

/// Variables that matter only with one of the prefixes.
const PREFIXED: [&str; 9] = [
    "USER_ID",
    "USER_DEFINED_ID",
    "CONFIG",
    "SYS_CONF_DIR",
    "CONF_DIR",
    "RUN_DIR",
    "LOGS_DIR",
    "DATA_DIR",
    "THIRD_PARTY_DIR",
];

/// The port of the agent's liveness endpoint, which it has only if this is set.
const PROBE_PORT: &str = "HTTP_PROBE_PORT";

/// Logtail, iLogtail and LoongCollector.
#[derive(Debug)]
pub struct Logtail;

fn is_community_version(version: &str) -> bool {
    version.to_ascii_lowercase().contains("community")
}

/// True if one live process is the parent of another, as a daemon is of its worker: the community edition has no daemon.
fn has_daemon(processes: &Reading<Vec<Process>>) -> bool {
    let alive =
        || processes.known().into_iter().flatten().filter(|process| process.state != ProcessState::Defunct);
    alive().any(|child| alive().any(|parent| child.parent == parent.pid && child.pid != parent.pid))
}

fn is_community(facts: EditionFacts<'_>) -> Result<bool, Why> {
    match facts.version {
        Reading::Known(Some(version)) => return Ok(is_community_version(version)),
        Reading::Known(None) => {}
        Reading::Unknown(_) if has_daemon(facts.processes) => return Ok(false),
        Reading::Unknown(why) => return Err(why.clone()),
    }
    if facts.settings.system == System::Windows {
        // On Windows no community edition is installed as a service.
        return Ok(false);
    }
    let dir = paths::install_dir(facts.settings);
    if !paths::is_community_tree(&dir, facts.invocation)? {
        return Ok(false);
    }
    // The commercial agent keeps the old file name, or is started with the path of its config.
    let config = facts.config.as_result()?.as_deref().and_then(Path::file_name);
    let commercial_config = config.is_some_and(|name| name == "ilogtail_config.json")
        || paths::named_config(&dir, facts.invocation)?.is_some();
    let commercial_option = flag(facts.invocation.arguments.as_result()?, "enable_host_id").is_some()
        || facts.invocation.variable("ALIYUN_LOGTAIL_USER_ID")?.is_some();
    Ok(!commercial_config && !commercial_option)
}

fn edition(facts: EditionFacts<'_>) -> Result<Edition, Why> {
    let community = is_community(facts)?;
    let in_container = facts.invocation.in_container.known() == Some(&true);
    let label = match (community, in_container) {
        (true, _) => "community",
        (false, true) => "container",
        (false, false) => "commercial",
    };
    Ok(Edition { label, community, keyless: false })
}

/// A daemon and its worker; the community edition has no daemon, and that of the commercial one can be disabled.
fn expected_roles(facts: EditionFacts<'_>, edition: &Reading<Edition>) -> Result<Vec<ExpectedRole>, Why> {
    let one = |role| ExpectedRole { role, count: 1, only_if_ever_seen: false };
    let without_daemon = edition.as_result()?.community
        || (!has_daemon(facts.processes)
            && flag(facts.invocation.arguments.as_result()?, "ilogtail_daemon_flag") == Some(false));
    Ok(if without_daemon { vec![one(Role::WORKER)] } else { vec![one(Role::DAEMON), one(Role::WORKER)] })
}

impl Identification for Logtail {
    fn kind(&self) -> &'static str {
        "logtail"
    }

    fn products(&self) -> &'static [&'static str] {
        &["Logtail", "iLogtail", "LoongCollector"]
    }

    fn places(&self, system: System) -> &'static [Place] {
        if system == System::Windows {
            return windows::PLACES;
        }
        &[
            Place::Directory(DEFAULT_DIR),
            Place::Suffixed { parent: "/usr/local", stem: "ilogtail", proof: Some("/etc/ilogtail") },
            Place::Directory("/usr/local/loongcollector"),
            Place::Directory("/opt/loongcollector"),
            Place::Directory("/opt/taobao/install/ilogtail"),
        ]
    }

    fn recognise(&self, base_name: &str, settings: &AgentSettings) -> Recognition {
        if settings.system == System::Windows {
            return windows::recognise(base_name);
        }
        if is_executable_name(base_name) { Recognition::Agent } else { Recognition::Foreign }
    }

    fn recognises_comm(&self, comm: &str, _settings: &AgentSettings) -> bool {
        let is_cut = comm.len() == COMM_BYTES;
        is_executable_name(comm)
            || (is_cut
                && (comm == "loongcollector_" || is_executable_name(comm.trim_end_matches(['.', '-']))))
    }

    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        if super::windows::has_drive(executable) {
            return super::windows::install_dir_of(executable, is_version);
        }
        executable.parent().filter(|dir| dir.is_absolute()).map(Path::to_owned)
    }

    fn default_install_dir(&self, system: System) -> Option<PathBuf> {
        Some(PathBuf::from(paths::default_dir(system)))
    }

    fn service_words(&self, _settings: &AgentSettings) -> Vec<String> {
        ["logtail", "loongcollector"].map(str::to_owned).to_vec()
    }

    fn services(&self, settings: &AgentSettings) -> &'static [&'static str] {
        if settings.system == System::Windows { windows::SERVICES } else { &[] }
    }

    fn needed_services(&self, version: Option<&str>, there: &[&str]) -> Option<&'static [&'static str]> {
        Some(windows::needed_services(version, there))
    }

    fn host_mounts(&self) -> &'static [&'static str] {
        &["/logtail_host"]
    }

    fn generation(&self, base_name: &str) -> Option<&'static str> {
        let of = |name: &str| {
            base_name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        match () {
            () if of("ilogtail") => Some("Logtail"),
            () if of("loongcollector") => Some("LoongCollector"),
            () => None,
        }
    }

    fn wants_variable(&self, name: &str) -> bool {
        if super::is_proxy_or_zone(name)
            || name == "LOGTAIL_MODE"
            || name == PROBE_PORT
            || PARAMETERS.contains(&name)
        {
            return true;
        }
        let Some(bare) = name.strip_prefix("ALIYUN_LOGTAIL_").or_else(|| name.strip_prefix("LOONG_")) else {
            return false;
        };
        PREFIXED.contains(&bare) || PARAMETERS.iter().any(|parameter| parameter.to_ascii_uppercase() == bare)
    }
}

impl Files for Logtail {
    fn outline(&self, _path: &Path, bytes: &[u8]) -> Option<String> {
        shown::outline(bytes)
    }

    fn layout(&self, settings: &AgentSettings, invocation: &Invocation) -> Layout {
        paths::layout(settings, invocation)
    }

    fn config_parts(
        &self,
        settings: &AgentSettings,
        invocation: &Invocation,
        _config: &Path,
        parameters: &Parameters,
    ) -> Located {
        paths::config_parts(settings, invocation, parameters)
    }

    fn identity_layout(
        &self,
        settings: &AgentSettings,
        invocation: &Invocation,
        parameters: Reading<Option<&Parameters>>,
    ) -> IdentityLayout {
        paths::identity_layout(settings, invocation, &parameters)
    }

    fn parse_parameters(&self, files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
        config::parse(files)
    }

    fn implied_parameters(&self, path: &Path) -> Option<Parameters> {
        config::implied(path)
    }

    fn parse_record(&self, bytes: &[u8], local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        record::parse(bytes, local_time)
    }

    fn parse_identifiers(&self, bytes: &[u8], system: System) -> Vec<String> {
        record::parse_identifiers(bytes, system)
    }

    fn parse_owner_account(&self, bytes: &[u8]) -> Option<String> {
        record::parse_owner_account(bytes)
    }

    fn parse_collection(&self, bytes: &[u8]) -> Option<usize> {
        record::parse_collection(bytes)
    }

    fn parse_log_line<'l>(&self, log: OwnLog, line: &'l str) -> Option<LogLine<'l>> {
        own_log::parse_line(log, line)
    }

    fn parse_instance(&self, bytes: &[u8]) -> Option<String> {
        record::parse_instance(bytes)
    }

    fn checkpoints(&self) -> &'static [&'static str] {
        &["/tmp/logtail_check_point"]
    }

    fn parse_loaded_config(
        &self,
        path: &Path,
        log: &[u8],
        local_time: LocalTime<'_>,
    ) -> Option<LoadedConfig> {
        log::parse_loaded_config(path, log, local_time)
    }
}

impl Service for Logtail {
    fn endpoints(
        &self,
        settings: &AgentSettings,
        edition: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint> {
        parameters
            .map(|parameters| endpoints::endpoints(settings, edition, parameters, config_file))
            .unwrap_or_default()
    }

    fn needs_endpoints(&self, edition: &Edition) -> bool {
        // The community edition can collect by local configs alone.
        !edition.community
    }

    fn has_data_servers(&self) -> bool {
        true
    }

    fn classify_host(&self, host: &str) -> HostClass {
        regions::classify(host)
    }

    fn regions(&self) -> &'static [&'static str] {
        regions::REGIONS
    }

    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)> {
        regions::servers_for(region, network)
    }

    fn clock_limit(&self) -> Duration {
        // The service answers RequestTimeExpired beyond it.
        Duration::from_mins(15)
    }

    fn is_instance(&self, product: &str) -> bool {
        product.contains("Alibaba Cloud")
    }

    fn metadata(&self) -> Option<&'static MetadataService> {
        Some(&METADATA)
    }

    fn expectations(&self) -> &'static [&'static str] {
        &["region", "network", "account_id", "machine_group_ips", "machine_group_identifier", "projects"]
    }
}

impl Operation for Logtail {
    fn applies(&self, prerequisite: Prerequisite, edition: &Reading<Edition>) -> Reading<bool> {
        match prerequisite {
            Prerequisite::Installed
            | Prerequisite::Processes
            | Prerequisite::StartupParameters
            | Prerequisite::Network
            | Prerequisite::Restart => Reading::Known(true),
            Prerequisite::Ip
            | Prerequisite::Clock
            | Prerequisite::UserIdentifier
            | Prerequisite::CustomIdentifier => edition.as_ref().map(|edition| !edition.community),
            Prerequisite::Credentials => Reading::Known(false),
        }
    }

    fn edition(&self, facts: EditionFacts<'_>) -> Reading<Edition> {
        edition(facts).into()
    }

    fn expected_roles(
        &self,
        facts: EditionFacts<'_>,
        edition: &Reading<Edition>,
    ) -> Reading<Vec<ExpectedRole>> {
        expected_roles(facts, edition).into()
    }

    fn roles(&self, _settings: &AgentSettings) -> Vec<Role> {
        vec![Role::DAEMON, Role::WORKER]
    }

    fn choice(
        &self,
        host: &PlaceFacts,
        parameters: Reading<Option<&Parameters>>,
        invocation: &Invocation,
        version: &Reading<Option<String>>,
    ) -> Option<Choice> {
        Some(choice::choice(host, &parameters, invocation, version))
    }

    fn adjusts_time(
        &self,
        parameters: Reading<Option<&Parameters>>,
        invocation: &Invocation,
        version: &Reading<Option<String>>,
    ) -> Reading<Option<TimeAdjustment>> {
        choice::adjusts_time(&parameters, invocation, version)
    }

    fn limits(&self, parameters: Reading<Option<&Parameters>>, invocation: &Invocation) -> Reading<Limits> {
        choice::limits(&parameters, invocation).into()
    }

    fn liveness(&self, environment: &Environment) -> Option<(NonZeroU16, &'static str)> {
        // pkg/helper/probe_http.go; the path is that of the vendor's manifests.
        Some((environment.get(PROBE_PORT)?.trim().parse().ok()?, "/liveness"))
    }

    fn service(&self, settings: &AgentSettings, version: Option<&str>) -> String {
        if settings.system == System::Windows {
            return windows::main_service(version).to_owned();
        }
        let dir = paths::install_dir(settings);
        format!("{}{}", service(&dir, version), paths::instance_suffix(&dir).unwrap_or_default())
    }

    fn supports(&self, feature: Feature, version: &Reading<Option<String>>) -> Reading<bool> {
        release::supports(versions::FEATURES, feature, version)
    }

    fn unsupported(
        &self,
        parameters: &Parameters,
        edition: &Reading<Edition>,
        version: &Reading<Option<String>>,
    ) -> Reading<Vec<Unsupported>> {
        versions::unsupported(parameters, edition, version).into()
    }

    fn defects(&self, version: &str) -> Vec<&'static Defect> {
        release::defects(versions::DEFECTS, version)
    }

    fn identifiers_of_environment(
        &self,
        which: Identifier,
        environment: &Environment,
    ) -> Vec<(&'static str, String)> {
        let names = match which {
            Identifier::User => ["ALIYUN_LOGTAIL_USER_ID", "LOONG_USER_ID"],
            Identifier::Custom => ["ALIYUN_LOGTAIL_USER_DEFINED_ID", "LOONG_USER_DEFINED_ID"],
        };
        names
            .into_iter()
            .filter_map(|name| Some((name, environment.get(name)?)))
            .flat_map(|(name, value)| value.split(',').map(move |id| (name, id.trim().to_owned())))
            .filter(|(_, id)| !id.is_empty())
            .collect()
    }

    fn settings(&self, wanted: &Wanted<'_>) -> Commands {
        settings::wanted(wanted)
    }

    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands {
        if settings.system == System::Windows {
            return windows::commands(&paths::install_dir(settings), version);
        }
        let dir = paths::install_dir(settings);
        let service = service(&dir, version);
        let community = version.map_or_else(|| is_named_loongcollector(&dir), is_community_version);
        let command = |action: &str| {
            if community {
                format!("sudo systemctl {action} {service}")
            } else {
                let suffix = paths::instance_suffix(&dir).unwrap_or_default();
                format!("sudo {} {action}", shell_word(&format!("/etc/init.d/{service}{suffix}")))
            }
        };
        let document = if community { COMMUNITY_DOCUMENT } else { INSTALL_DOCUMENT };
        Commands::from([
            ("start_command", command("start")),
            ("restart_command", command("restart")),
            ("status_command", command("status")),
            ("install_document", document.to_owned()),
        ])
    }
}

#[cfg(test)]
mod tests;
