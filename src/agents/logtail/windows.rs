//! Logtail on Windows: two services before 1.0, one since, and the worker runs in a directory named after its version.
//!
//! Places, services and files are those of the vendor's documents ("Troubleshoot the errors related to Logtail heartbeats",
//! the Windows steps).

use std::path::{Path, PathBuf};

use super::is_version;
use crate::{
    agents::{Commands, Layout, Located, Place, Recognition, arguments::value_of, windows},
    model::{Role, snapshot::Invocation},
};

/// A 64-bit agent, or one of a 32-bit system.
pub(super) const DEFAULT_DIR: &str = r"C:\Program Files\Alibaba\Logtail";
/// A 32-bit agent of a 64-bit system.
const DIR_OF_32_BITS: &str = r"C:\Program Files (x86)\Alibaba\Logtail";
/// Identity files; they survive an uninstallation.
const DATA_DIR: &str = r"C:\LogtailData";

/// Both.
pub(super) const PLACES: &[Place] = &[Place::Directory(DEFAULT_DIR), Place::Directory(DIR_OF_32_BITS)];

/// The vendor's document on installing and managing the agent.
pub(super) const INSTALL_DOCUMENT: &str =
    "https://help.aliyun.com/zh/sls/install-logtail-on-a-windows-server";

const DAEMON: &str = "LogtailDaemon";
/// Only before 1.0.
const WORKER: &str = "LogtailWorker";

/// The services of any version.
pub(super) const SERVICES: &[&str] = &[DAEMON, WORKER];

/// The processes, by the names that any version gives them.
pub(super) fn recognise(base_name: &str) -> Recognition {
    match windows::program(base_name).as_str() {
        "logtail_daemon" | "logtaildaemon" => Recognition::Role(Role::DAEMON),
        "ilogtail_worker" | "logtail_worker" | "logtailworker" => Recognition::Role(Role::WORKER),
        _ => Recognition::Foreign,
    }
}

fn is_before_1(version: &str) -> bool {
    version.split('.').next() == Some("0")
}

/// The services of this version; of one that is not known, those of the newer ones.
pub(super) fn services_of(version: Option<&str>) -> &'static [&'static str] {
    if version.is_some_and(is_before_1) { SERVICES } else { &[DAEMON] }
}

/// The service to restart.
pub(super) fn main_service(version: Option<&str>) -> &'static str {
    if version.is_some_and(is_before_1) { WORKER } else { DAEMON }
}

/// The services that this version needs. An unknown version is recognized by its services: only those before 1.0 have
/// two.
pub(super) fn needed_services(version: Option<&str>, there: &[&str]) -> &'static [&'static str] {
    if version.is_none() && there.contains(&WORKER) { SERVICES } else { services_of(version) }
}

/// The values for remedies.
pub(super) fn commands(dir: &Path, version: Option<&str>) -> Commands {
    let mut commands = windows::commands(services_of(version), INSTALL_DOCUMENT.to_owned());
    // For commands that take wildcards: the vendor's document does not give a full name.
    commands.insert("usual_logs", dir.join("logtail_*.log").display().to_string());
    commands
}

pub(super) fn data_dir() -> Located {
    Located::by_layout([PathBuf::from(DATA_DIR)])
}

/// The directory that the running worker was started in, if it is one of a version below the installation.
fn version_dir(dir: &Path, invocation: &Invocation) -> Option<PathBuf> {
    let program = invocation.arguments.known()?.first()?;
    let parent = windows::parent(Path::new(program.trim_matches('"')))?;
    let name = windows::base_name(&parent).filter(|name| is_version(name))?.to_owned();
    Some(dir.join(name))
}

/// Where the files of an installation are.
pub(super) fn layout(dir: &Path, invocation: &Invocation) -> Layout {
    let by_version = version_dir(dir, invocation);
    let beside_the_worker = |name: &str| {
        let located = Located::by_layout(by_version.iter().map(|dir| dir.join(name)).chain([dir.join(name)]));
        match invocation.arguments.why() {
            Some(why) => located.unless(why.clone()),
            None => located,
        }
    };
    let of_program = |name: &str| Located::by_layout([dir.join(name)]);
    let config = match invocation.arguments.as_result() {
        Ok(arguments) => match value_of(arguments, "ilogtail_config") {
            Some(path) => Located::named(crate::agents::arguments::resolve(dir, path)),
            None => of_program("ilogtail_config.json"),
        },
        Err(_) => of_program("ilogtail_config.json"),
    };
    let log = beside_the_worker("ilogtail.LOG");
    Layout {
        binary_dirs: std::iter::once(dir.to_owned()).chain(by_version.clone()).collect(),
        config,
        record: of_program("app_info.json"),
        own_log: log.clone(),
        log,
        collection: beside_the_worker("user_log_config.json"),
        collection_dirs: ["user_config.d", "user_yaml_config.d"].map(|name| dir.join(name)).to_vec(),
        ..Layout::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agents::{Files as _, Identification as _, Operation as _, logtail::Logtail},
        model::{Reading, System, settings::AgentSettings},
    };

    fn settings(dir: &str) -> AgentSettings {
        AgentSettings {
            system: System::Windows,
            install_dir: Some(PathBuf::from(dir)),
            ..AgentSettings::default()
        }
    }

    fn started(program: &str) -> Invocation {
        Invocation { arguments: Reading::Known(vec![program.to_owned()]), ..Invocation::default() }
    }

    fn first(located: &Located) -> String {
        located.first().unwrap().display().to_string().replace('\\', "/")
    }

    #[test]
    fn both_programs_are_known_by_their_names_in_any_case_and_others_are_not() {
        let role = |name: &str| Logtail.recognise(name, &settings("C:/L")).role();
        assert_eq!(role("logtail_daemon.exe"), Some(Role::DAEMON));
        assert_eq!(role("LogtailDaemon.EXE"), Some(Role::DAEMON));
        assert_eq!(role("ilogtail_worker.exe"), Some(Role::WORKER));
        for foreign in ["ilogtail_worker_backup.exe", "logtail_installer.exe", "ilogtail", "worker.exe"] {
            assert_eq!(Logtail.recognise(foreign, &settings("C:/L")), Recognition::Foreign, "{foreign}");
        }
        let on_linux = AgentSettings::default();
        assert_eq!(Logtail.recognise("logtail_daemon.exe", &on_linux), Recognition::Foreign);
    }

    #[test]
    fn a_worker_in_its_versions_directory_belongs_to_the_installation_above() {
        for dir in [r"C:\Program Files\Alibaba\Logtail", r"C:\Program Files (x86)\Alibaba\Logtail"] {
            for program in [r"logtail_daemon.exe", r"1.6.1.0\ilogtail_worker.exe"] {
                let path = format!(r"{dir}\{program}");
                assert_eq!(Logtail.install_dir_of(Path::new(&path)), Some(PathBuf::from(dir)), "{path}");
            }
            assert!(Logtail.places(System::Windows).contains(&Place::Directory(dir)));
        }
    }

    #[test]
    fn files_are_where_the_documents_have_them() {
        for dir in ["C:/Program Files/Alibaba/Logtail", "C:/Program Files (x86)/Alibaba/Logtail"] {
            let program = format!("{dir}/1.6.1.0/ilogtail_worker.exe");
            let layout = Logtail.layout(&settings(dir), &started(&program));
            assert_eq!(first(&layout.config), format!("{dir}/ilogtail_config.json"));
            assert_eq!(first(&layout.record), format!("{dir}/app_info.json"));
            assert_eq!(first(&layout.collection), format!("{dir}/1.6.1.0/user_log_config.json"));
            let of_0 = Logtail.layout(&settings(dir), &started(&format!("{dir}/LogtailWorker.exe")));
            assert_eq!(first(&of_0.collection), format!("{dir}/user_log_config.json"));
            let identity = Logtail.identity_layout(&settings(dir), &started(&program), Reading::Known(None));
            assert_eq!(first(&identity.users), "C:/LogtailData/users");
            assert_eq!(first(&identity.identifiers), "C:/LogtailData/user_defined_id");
        }
    }

    #[test]
    fn before_1_0_two_services_are_needed_and_since_then_one() {
        let needed = needed_services;
        assert_eq!(needed(Some("0.5.1.0"), &["LogtailWorker"]), ["LogtailDaemon", "LogtailWorker"]);
        assert_eq!(needed(Some("1.6.1.0"), &["LogtailDaemon", "LogtailWorker"]), ["LogtailDaemon"]);
        assert_eq!(needed(None, &["LogtailWorker"]), ["LogtailDaemon", "LogtailWorker"]);
        assert_eq!(needed(None, &[]), ["LogtailDaemon"]);
    }

    #[test]
    fn remedies_look_for_the_log_where_the_document_has_it() {
        let logs = Logtail.commands(&settings("C:/L"), Some("1.6.1.0"))["usual_logs"].replace('\\', "/");
        assert_eq!(logs, "C:/L/logtail_*.log");
    }

    #[test]
    fn commands_are_those_of_the_service_manager() {
        let restart =
            |version: Option<&str>| Logtail.commands(&settings("C:/L"), version)["restart_command"].clone();
        assert_eq!(restart(Some("1.6.1.0")), "Restart-Service LogtailDaemon");
        assert_eq!(restart(None), "Restart-Service LogtailDaemon");
        assert_eq!(restart(Some("0.5.1.0")), "Restart-Service LogtailDaemon, LogtailWorker");
    }
}
