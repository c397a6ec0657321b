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
use crate::{
    config::AgentSettings,
    model::{
        NetworkType, Prerequisite, Role,
        snapshot::{AddressRecord, Edition, Endpoint, ExpectedRole, LoadedConfig, Parameters, Rejection},
    },
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
        let community = match version {
            Some(version) => is_community_version(version),
            None => {
                // The commercial agent keeps the old file name, or is told where its config is.
                let commercial_config =
                    config.and_then(Path::file_name).is_some_and(|name| name == "ilogtail_config.json")
                        || paths::named_config(&dir, running).is_some();
                let commercial_option = flag(running.arguments, "enable_host_id").is_some()
                    || running.environment.contains_key("ALIYUN_LOGTAIL_USER_ID");
                paths::is_community_tree(&dir, running) && !commercial_config && !commercial_option
            }
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
mod tests {
    use super::*;
    use crate::model::snapshot::Environment;

    fn settings(dir: &str) -> AgentSettings {
        AgentSettings { install_dir: Some(PathBuf::from(dir)), ..AgentSettings::default() }
    }

    #[test]
    fn executables_are_recognised_by_their_exact_names() {
        let recognise = |name: &str| Logtail.recognise(name, &AgentSettings::default());
        for name in [
            "ilogtail",
            "ilogtail_0.14.2",
            "ilogtail_1.0.28",
            "loongcollector",
            "loongcollector_3.0.12.0",
            "loongcollector_3.0.12-beta1",
        ] {
            assert_eq!(recognise(name), Some(None), "{name}");
        }
        for name in [
            "",
            "tail",
            "ilogtaild",
            "ilogtail.LOG",
            "ilogtail_",
            "ilogtail_config.json",
            "ilogtail_1.3.1.tar.gz",
            "ilogtail_1.3.1.bak",
            "ilogtail_1..3",
            "ilogtail-1.3",
            "Ilogtail",
            "loongcollectord",
            "/usr/local/ilogtail/ilogtail",
            "ilogtail_1.3.1-",
        ] {
            assert_eq!(recognise(name), None, "{name}");
        }
    }

    #[test]
    fn a_cut_name_of_a_process_is_recognised() {
        let recognises = |comm: &str| Logtail.recognises_comm(comm, &AgentSettings::default());
        for name in [
            "ilogtail",
            "loongcollector",
            "ilogtail_0.16.48",
            "ilogtail_12.34.56",
            "loongcollector_3.1.4",
            "ilogtail_1.2345-b1",
        ] {
            let comm: String = name.chars().take(COMM_BYTES).collect();
            assert!(recognises(&comm), "{comm}");
        }
        for comm in
            ["ilogtaild", "ilogtail_", "loongcollecto", "loongcollectord", "ilogtail_config", "ilogtail_1."]
        {
            assert!(!recognises(comm), "{comm}");
        }
    }

    #[test]
    fn variables_are_wanted_by_name_and_never_secrets() {
        for name in [
            "http_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "NO_PROXY",
            "TZ",
            "working_ip",
            "ALIYUN_LOGTAIL_WORKING_IP",
            "LOONG_WORKING_IP",
            "ALIYUN_LOGTAIL_USER_ID",
            "LOONG_USER_DEFINED_ID",
            "ALIYUN_LOGTAIL_CONFIG",
            "LOONG_CONFIG",
            "ALIYUN_LOGTAIL_SYS_CONF_DIR",
            "LOONG_ENABLE_LOG_TIME_AUTO_ADJUST",
            "LOONG_CONF_DIR",
            "LOONG_RUN_DIR",
            "LOONG_LOGS_DIR",
            "LOONG_DATA_DIR",
            "LOGTAIL_MODE",
            "bind_interface",
        ] {
            assert!(Logtail.wants_variable(name), "{name}");
        }
        for name in [
            "",
            "PATH",
            "WORKING_IP",
            "USER_ID",
            "CONFIG",
            "LOONG_",
            "LOONG_SECRET",
            "ALIYUN_LOGTAIL_ACCESS_KEY",
            "ACCESS_KEY_SECRET",
            "LOONG_working_ip",
            "TOKEN",
        ] {
            assert!(!Logtail.wants_variable(name), "{name}");
        }
    }

    #[test]
    fn the_installation_is_where_the_executable_is() {
        let dir = |path: &str| Logtail.install_dir_of(Path::new(path));
        assert_eq!(dir("/usr/local/ilogtail/ilogtail_1.3.1"), Some(PathBuf::from("/usr/local/ilogtail")));
        assert_eq!(dir("ilogtail"), None);
        assert_eq!(dir("./ilogtail"), None);
    }

    #[test]
    fn editions_tell_roles_and_prerequisites() {
        let environment = Environment::new();
        let container = Environment::from([(
            "ALIYUN_LOGTAIL_CONFIG".to_owned(),
            "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json".to_owned(),
        )]);
        let table: [(&str, Option<&str>, Option<&str>, &str, &Environment, bool, &str, bool, usize); 11] = [
            ("/usr/local/ilogtail", Some("1.3.1"), None, "", &environment, false, "commercial", false, 2),
            ("/usr/local/ilogtail", Some("3.1.4"), None, "", &environment, false, "commercial", false, 2),
            ("/usr/local/ilogtail", None, None, "", &environment, false, "commercial", false, 2),
            (
                "/usr/local/ilogtail",
                Some("1.8.8 Community Edition"),
                None,
                "",
                &environment,
                false,
                "community",
                true,
                1,
            ),
            ("/opt/loongcollector", None, None, "", &environment, false, "community", true, 1),
            ("/opt/loongcollector", Some("3.1.4"), None, "", &environment, false, "commercial", false, 2),
            (
                "/opt/loongcollector",
                None,
                Some("/opt/loongcollector/ilogtail_config.json"),
                "",
                &environment,
                false,
                "commercial",
                false,
                2,
            ),
            (
                "/opt/loongcollector",
                None,
                None,
                "l -enable_host_id=true",
                &environment,
                false,
                "commercial",
                false,
                2,
            ),
            ("/usr/local/loongcollector", None, None, "", &container, true, "container", false, 2),
            (
                "/usr/local/ilogtail",
                None,
                None,
                "i -ilogtail_daemon_flag=false",
                &environment,
                false,
                "commercial",
                false,
                1,
            ),
            (
                "/usr/local/ilogtail",
                None,
                None,
                "i --ilogtail_daemon_flag=false",
                &environment,
                true,
                "container",
                false,
                1,
            ),
        ];
        for (dir, version, config, line, environment, in_container, label, community, roles) in table {
            let arguments: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            let running = Running { arguments: &arguments, environment, in_container };
            let edition = Logtail.edition(&settings(dir), version, config.map(Path::new), running);
            assert_eq!(
                (edition.label, edition.community, edition.roles.len(), edition.keyless),
                (label, community, roles, false),
                "{dir} {version:?} {config:?} {line}"
            );
            assert_eq!(edition.roles.last().map(|role| role.role.clone()), Some(Role::WORKER));
            // An agent that is run without its daemon on purpose still has a heartbeat.
            assert_eq!(Logtail.prerequisites(&edition).len(), if community { 5 } else { 9 });
        }
    }

    #[test]
    fn commands_are_those_of_the_generation_and_instance() {
        let restart = |dir: &str, version| {
            Logtail.commands(&settings(dir), version).remove("restart_command").expect("a command")
        };
        assert_eq!(restart("/usr/local/ilogtail", Some("1.3.1")), "sudo /etc/init.d/ilogtaild restart");
        assert_eq!(restart("/usr/local/ilogtail", None), "sudo /etc/init.d/ilogtaild restart");
        assert_eq!(restart("/usr/local/ilogtail", Some("3.1.4")), "sudo /etc/init.d/loongcollectord restart");
        assert_eq!(restart("/usr/local/ilogtail-2", Some("1.3.1")), "sudo /etc/init.d/ilogtaild-2 restart");
        assert_eq!(restart("/usr/local/ilogtail$(x)", None), "sudo '/etc/init.d/ilogtaild$(x)' restart");
        assert_eq!(
            restart("/opt/loongcollector", Some("3.3.2 Community Edition")),
            "sudo systemctl restart loongcollectord"
        );
        assert_eq!(
            restart("/var/ilogtail", Some("1.8.8 Community Edition")),
            "sudo systemctl restart ilogtaild"
        );
        let commands = Logtail.commands(&settings("/usr/local/ilogtail"), None);
        assert_eq!(
            commands.into_keys().collect::<Vec<_>>(),
            ["install_document", "restart_command", "start_command", "status_command"]
        );
    }
}
