//! Agents without a vendor's profile: the exporter's config describes them completely.

use std::path::{Path, PathBuf};

use super::{
    Commands, EditionFacts, Files, Identification, Layout, Operation, Place, Recognition, Service, windows,
};
use crate::model::{
    Prerequisite, Reading, Role, System,
    settings::{AgentSettings, CustomProcess},
    snapshot::{Edition, Endpoint, ExpectedRole, Invocation, Parameters},
    text::shell_word,
};

/// The maximum length of a process's name in the kernel.
const COMM_BYTES: usize = 15;

/// An agent described in the config.
#[derive(Debug)]
pub struct Custom;

/// The base name of a process's executable.
fn base_name(process: &CustomProcess) -> &str {
    process.executable.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// True if a process of this name runs the executable in the config. On Windows case is ignored, and `.exe` may be left
/// out.
fn is_same(configured: &str, name: &str, system: System) -> bool {
    !name.is_empty()
        && match system {
            System::Linux => configured == name,
            System::Windows => windows::program(configured) == windows::program(name),
        }
}

impl Identification for Custom {
    fn kind(&self) -> &'static str {
        "custom"
    }

    fn places(&self, _system: System) -> &'static [Place] {
        &[]
    }

    fn recognise(&self, name: &str, settings: &AgentSettings) -> Recognition {
        let process =
            settings.processes.iter().find(|process| is_same(base_name(process), name, settings.system));
        process.map_or(Recognition::Foreign, |process| Recognition::Role(Role::named(process.role.as_str())))
    }

    fn recognises_comm(&self, comm: &str, settings: &AgentSettings) -> bool {
        settings.processes.iter().map(base_name).any(|name| {
            !name.is_empty()
                && (name == comm || (name.len() > COMM_BYTES && name.get(..COMM_BYTES) == Some(comm)))
        })
    }

    fn install_dir_of(&self, _executable: &Path) -> Option<PathBuf> {
        None
    }

    fn default_install_dir(&self, _system: System) -> Option<PathBuf> {
        None
    }

    fn service_words(&self, settings: &AgentSettings) -> Vec<String> {
        let programs =
            settings.processes.iter().filter_map(|process| Path::new(&process.executable).file_name());
        let programs = programs.map(|name| name.to_string_lossy().into_owned());
        programs.chain([settings.name.clone()]).filter(|word| !word.is_empty()).collect()
    }

    fn wants_variable(&self, name: &str) -> bool {
        super::is_proxy_or_zone(name)
    }
}

impl Files for Custom {
    fn layout(&self, settings: &AgentSettings, _invocation: &Invocation) -> Layout {
        let executables = settings.processes.iter().map(|process| Path::new(&process.executable));
        Layout {
            binary_dirs: settings.install_dir.iter().cloned().collect(),
            binaries: executables.filter(|path| path.is_absolute()).map(Path::to_owned).collect(),
            files: settings.files.clone(),
            ..Layout::default()
        }
    }
}

impl Service for Custom {
    fn endpoints(
        &self,
        settings: &AgentSettings,
        _edition: &Edition,
        _parameters: Option<&Parameters>,
        _config_file: &Path,
    ) -> Vec<Endpoint> {
        settings.endpoints.clone()
    }

    fn needs_endpoints(&self, _edition: &Edition) -> bool {
        false
    }
}

impl Operation for Custom {
    fn applies(&self, prerequisite: Prerequisite, _edition: &Reading<Edition>) -> Reading<bool> {
        Reading::Known(matches!(
            prerequisite,
            Prerequisite::Installed
                | Prerequisite::Processes
                | Prerequisite::StartupParameters
                | Prerequisite::Network
                | Prerequisite::Restart
        ))
    }

    fn described(&self, prerequisite: Prerequisite, settings: &AgentSettings) -> bool {
        match prerequisite {
            // Without its processes its location is unknown.
            Prerequisite::Installed | Prerequisite::Processes | Prerequisite::Restart => {
                !settings.processes.is_empty()
            }
            Prerequisite::StartupParameters => !settings.files.is_empty(),
            Prerequisite::Ip
            | Prerequisite::Network
            | Prerequisite::Clock
            | Prerequisite::UserIdentifier
            | Prerequisite::CustomIdentifier
            | Prerequisite::Credentials => true,
        }
    }

    fn edition(&self, _facts: EditionFacts<'_>) -> Reading<Edition> {
        Reading::Known(Edition { label: "custom", community: false, keyless: true })
    }

    fn expected_roles(
        &self,
        facts: EditionFacts<'_>,
        _edition: &Reading<Edition>,
    ) -> Reading<Vec<ExpectedRole>> {
        let mut roles: Vec<ExpectedRole> = Vec::new();
        for process in &facts.settings.processes {
            let role = Role::named(process.role.as_str());
            // Two executables can share one role: there is one series for each role.
            match roles.iter_mut().find(|expected| expected.role == role) {
                Some(expected) => expected.count = expected.count.saturating_add(process.count),
                None => roles.push(ExpectedRole { role, count: process.count, only_if_ever_seen: false }),
            }
        }
        Reading::Known(roles)
    }

    fn roles(&self, settings: &AgentSettings) -> Vec<Role> {
        settings.processes.iter().map(|process| Role::named(process.role.as_str())).collect()
    }

    fn commands(&self, settings: &AgentSettings, _version: Option<&str>) -> Commands {
        if settings.system == System::Windows {
            let document = format!("the documentation of {}", settings.name);
            return windows::commands(&[settings.name.as_str()], document);
        }
        let command = |action: &str| format!("sudo systemctl {action} {}", shell_word(&settings.name));
        Commands::from([
            ("start_command", command("start")),
            ("restart_command", command("restart")),
            ("status_command", command("status")),
            ("install_document", format!("the documentation of {}", settings.name)),
        ])
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn settings() -> AgentSettings {
        let process = |role: &str, executable: &str, count| CustomProcess {
            role: role.to_owned(),
            executable: executable.to_owned(),
            count,
        };
        AgentSettings {
            name: "fluent-bit".to_owned(),
            kind: "custom",
            processes: vec![
                process("worker", "fluent-bit", 2),
                process("watchdog", "/opt/td/bin/a-very-long-program-name", 1),
                process("worker", "fluent-bit-ng", 1),
            ],
            files: vec![PathBuf::from("/etc/fluent-bit/fluent-bit.conf")],
            ..AgentSettings::default()
        }
    }

    #[test]
    fn configured_executables_are_recognised_by_base_name() {
        let recognise = |name: &str| Custom.recognise(name, &settings());
        assert_eq!(recognise("fluent-bit"), Recognition::Role(Role::named("worker")));
        assert_eq!(recognise("a-very-long-program-name"), Recognition::Role(Role::named("watchdog")));
        assert_eq!(recognise("fluent"), Recognition::Foreign);
        assert_eq!(recognise(""), Recognition::Foreign);
        assert!(Custom.recognises_comm("a-very-long-pro", &settings()));
        assert!(Custom.recognises_comm("fluent-bit", &settings()));
        assert!(!Custom.recognises_comm("a-very-long-pr", &settings()));
        assert!(!Custom.recognises_comm("", &AgentSettings { processes: vec![], ..settings() }));
    }

    #[test]
    fn roles_are_as_configured_and_summed() {
        let facts = EditionFacts {
            settings: &settings(),
            version: &Reading::Known(None),
            config: &Reading::Known(None),
            invocation: &Invocation::default(),
            processes: &Reading::Known(Vec::new()),
        };
        let roles = Custom.expected_roles(facts, &Custom.edition(facts));
        let roles: Vec<_> = roles
            .known()
            .expect("as configured")
            .iter()
            .map(|role| (role.role.as_str(), role.count))
            .collect();
        assert_eq!(roles, [("worker", 3), ("watchdog", 1)]);
    }

    #[test]
    fn commands_name_the_agent() {
        let commands = Custom.commands(&settings(), None);
        assert_eq!(commands["restart_command"], "sudo systemctl restart fluent-bit");
    }
}
