//! Logtail of Alibaba Cloud SLS in all its generations: Logtail, iLogtail, LoongCollector; commercial and community.

mod config;
mod endpoints;
mod json;
mod log;
mod paths;
mod record;
mod regions;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Commands, HostClass, IdentityLayout, Layout, LocalTime, Place, Profile, Running, address::shell_word,
    arguments::flag,
};
use crate::model::{
    NetworkType, Prerequisite, Role,
    settings::AgentSettings,
    snapshot::{AddressRecord, Edition, Endpoint, ExpectedRole, LoadedConfig, Parameters, Rejection},
};

/// Where the vendor's installer puts the agent.
const DEFAULT_DIR: &str = "/usr/local/ilogtail";

/// The vendor's document on installing and managing the agent.
const INSTALL_DOCUMENT: &str = "https://help.aliyun.com/zh/sls/loongcollector-management-linux";
/// The community's documents.
const COMMUNITY_DOCUMENT: &str = "https://github.com/alibaba/loongcollector/tree/main/docs/cn/installation";

/// Names of the executable, each also with `_<version>`.
const NAMES: [&str; 2] = ["ilogtail", "loongcollector"];

/// What the kernel keeps of a process' name.
const COMM_BYTES: usize = 15;

/// Variables that matter, in lower case; each counts as it is, and upper case after `ALIYUN_LOGTAIL_` and `LOONG_`.
const PARAMETERS: [&str; 8] = [
    "working_ip",
    "working_hostname",
    "bind_interface",
    "enable_log_time_auto_adjust",
    "data_server_port",
    "logtail_sys_conf_dir",
    "ignored_interfaces",
    "working_interface",
];

/// Variables that matter after one of the prefixes only.
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

/// Logtail, iLogtail and LoongCollector.
#[derive(Debug)]
pub struct Logtail;

/// True for `1.3.1`, `3.0.12.0`, `3.0.12-beta`: what stands after `ilogtail_`. Archives and backups have other endings.
fn is_version(text: &str) -> bool {
    let mut parts = text.split('-');
    let number = parts.next().unwrap_or_default();
    number.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_executable_name(name: &str) -> bool {
    NAMES.iter().any(|&known| match name.strip_prefix(known) {
        Some(rest) => rest.is_empty() || rest.strip_prefix('_').is_some_and(is_version),
        None => false,
    })
}

fn is_community_version(version: &str) -> bool {
    version.to_ascii_lowercase().contains("community")
}

impl Profile for Logtail {
    fn kind(&self) -> &'static str {
        "logtail"
    }

    fn prerequisites(&self, edition: &Edition) -> Vec<Prerequisite> {
        if edition.community {
            return vec![
                Prerequisite::Installed,
                Prerequisite::Processes,
                Prerequisite::StartupParameters,
                Prerequisite::Network,
                Prerequisite::Restart,
            ];
        }
        vec![
            Prerequisite::Installed,
            Prerequisite::Processes,
            Prerequisite::Ip,
            Prerequisite::StartupParameters,
            Prerequisite::Network,
            Prerequisite::Clock,
            Prerequisite::UserIdentifier,
            Prerequisite::CustomIdentifier,
            Prerequisite::Restart,
        ]
    }

    fn places(&self) -> &'static [Place] {
        &[
            Place::Directory(DEFAULT_DIR),
            Place::Suffixed { parent: "/usr/local", stem: "ilogtail", proof: Some("/etc/ilogtail") },
            Place::Directory("/usr/local/loongcollector"),
            Place::Directory("/opt/loongcollector"),
            Place::Directory("/opt/taobao/install/ilogtail"),
        ]
    }

    fn recognise(&self, base_name: &str, _settings: &AgentSettings) -> Option<Option<Role>> {
        is_executable_name(base_name).then_some(None)
    }

    fn recognises_comm(&self, comm: &str, _settings: &AgentSettings) -> bool {
        let is_cut = comm.len() == COMM_BYTES;
        is_executable_name(comm)
            || (is_cut
                && (comm == "loongcollector_" || is_executable_name(comm.trim_end_matches(['.', '-']))))
    }

    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        executable.parent().filter(|dir| dir.is_absolute()).map(Path::to_owned)
    }

    fn default_install_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from(DEFAULT_DIR))
    }

    fn wants_variable(&self, name: &str) -> bool {
        if super::is_proxy_or_zone(name) || name == "LOGTAIL_MODE" || PARAMETERS.contains(&name) {
            return true;
        }
        let Some(bare) = name.strip_prefix("ALIYUN_LOGTAIL_").or_else(|| name.strip_prefix("LOONG_")) else {
            return false;
        };
        PREFIXED.contains(&bare) || PARAMETERS.iter().any(|parameter| parameter.to_ascii_uppercase() == bare)
    }

    fn layout(&self, settings: &AgentSettings, running: Running<'_>) -> Layout {
        paths::layout(settings, running)
    }

    fn identity_layout(
        &self,
        settings: &AgentSettings,
        running: Running<'_>,
        parameters: Option<&Parameters>,
    ) -> IdentityLayout {
        paths::identity_layout(settings, running, parameters)
    }

    fn parse_parameters(&self, bytes: &[u8], _path: &Path) -> Result<Parameters, Rejection> {
        config::parse(bytes)
    }

    fn implied_parameters(&self, path: &Path) -> Option<Parameters> {
        config::implied(path)
    }

    fn parse_record(&self, bytes: &[u8], local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        record::parse(bytes, local_time)
    }

    fn parse_identifiers(&self, bytes: &[u8]) -> Vec<String> {
        record::parse_identifiers(bytes)
    }

    fn parse_owner_account(&self, bytes: &[u8]) -> Option<String> {
        record::parse_owner_account(bytes)
    }

    fn parse_version(&self, _bytes: &[u8]) -> Option<String> {
        None
    }

    fn parse_loaded_config(
        &self,
        path: &Path,
        log: &[u8],
        local_time: LocalTime<'_>,
    ) -> Option<LoadedConfig> {
        log::parse_loaded_config(path, log, local_time)
    }

    fn edition(
        &self,
        settings: &AgentSettings,
        version: Option<&str>,
        config: Option<&Path>,
        running: Running<'_>,
    ) -> Edition {
        let dir = paths::install_dir(settings);
        let community = if let Some(version) = version {
            is_community_version(version)
        } else {
            // The commercial agent keeps the old file name, or is told where its config is.
            let commercial_config =
                config.and_then(Path::file_name).is_some_and(|name| name == "ilogtail_config.json")
                    || paths::named_config(&dir, running).is_some();
            let commercial_option = flag(running.arguments, "enable_host_id").is_some()
                || running.environment.contains_key("ALIYUN_LOGTAIL_USER_ID");
            paths::is_community_tree(&dir, running) && !commercial_config && !commercial_option
        };
        let without_daemon = flag(running.arguments, "ilogtail_daemon_flag") == Some(false);
        let one = |role| ExpectedRole { role, count: 1, only_if_ever_seen: false };
        let label = match (community, running.in_container) {
            (true, _) => "community",
            (false, true) => "container",
            (false, false) => "commercial",
        };
        let roles = if community || without_daemon {
            vec![one(Role::WORKER)]
        } else {
            vec![one(Role::DAEMON), one(Role::WORKER)]
        };
        Edition { label, community, keyless: false, roles }
    }

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

    fn has_data_servers(&self) -> bool {
        true
    }

    fn classify_host(&self, host: &str) -> HostClass {
        regions::classify(host)
    }

    fn knows_region(&self, region: &str) -> bool {
        regions::is_known(region)
    }

    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)> {
        regions::servers_for(region, network)
    }

    fn clock_limit(&self) -> Duration {
        // The service answers RequestTimeExpired beyond it.
        Duration::from_mins(15)
    }

    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands {
        let dir = paths::install_dir(settings);
        let is_third_generation = version
            .and_then(|version| version.split('.').next()?.parse::<u32>().ok())
            .map(|major| major >= 3);
        let named_loongcollector = dir
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("loongcollector"));
        let is_loongcollector = is_third_generation.unwrap_or(named_loongcollector);
        let service = if is_loongcollector { "loongcollectord" } else { "ilogtaild" };
        let community = version.map_or(named_loongcollector, is_community_version);
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
