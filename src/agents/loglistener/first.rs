//! LogListener 1.x: three programs, started by scripts that cron runs each minute. The vendor's document on installing
//! 1.1.2 names programs, scripts and config files; the contents of the config files are not published, so they are not
//! checked.

use std::path::Path;

use crate::{
    agents::{Commands, EditionFacts, Recognition},
    model::{
        Role,
        snapshot::{Parameters, Rejection},
        text::shell_word,
    },
};

use super::{SECOND_GENERATION, release};

/// The config of the program that talks to the service.
pub(super) const CONFIG: &str = "etc/loglistener_dcc.conf";

/// A process name as the kernel truncates it.
const COMM_BYTES: usize = 15;

const PROGRAMS: [(&str, Role); 3] = [
    ("loglistener_watchdog", Role::DAEMON),
    ("loglistener_mcd", Role::MAIN),
    ("loglistener_dcc", Role::UPDATE),
];

/// The role implied by a program's name.
pub(super) fn recognise(base_name: &str) -> Recognition {
    let found = PROGRAMS.iter().find(|(name, _)| *name == base_name);
    found.map_or(Recognition::Foreign, |(_, role)| Recognition::Role(role.clone()))
}

/// True for the name of one of the programs as truncated by the kernel.
pub(super) fn recognises_comm(comm: &str) -> bool {
    PROGRAMS.iter().any(|(name, _)| name.get(..COMM_BYTES).unwrap_or(name) == comm)
}

/// True for the path of its config.
pub(super) fn is_config(path: &Path) -> bool {
    path.ends_with(CONFIG)
}

/// True if an installation is of this generation, by its processes, its version, or its config.
pub(super) fn is(facts: EditionFacts<'_>) -> bool {
    let name = |name: &str| name.rsplit('/').next().is_some_and(|name| recognise(name).is_agent());
    let runs = facts.processes.known().into_iter().flatten().any(|process| name(&process.executable_name));
    let version = facts.version.known().and_then(Option::as_deref).and_then(release);
    let of_config = facts.config.known().and_then(Option::as_deref).is_some_and(is_config);
    runs || of_config || version.is_some_and(|version| version < SECOND_GENERATION)
}

/// Its config, which is only checked for being text.
pub(super) fn parse(bytes: &[u8]) -> Result<Parameters, Rejection> {
    super::text(bytes).map(|_| Parameters::default())
}

/// Its scripts.
pub(super) fn commands(dir: &Path) -> Commands {
    let scripts = shell_word(&dir.join("tools/op").display().to_string());
    Commands::from([
        ("start_command", format!("cd {scripts} && sudo ./start.sh")),
        ("restart_command", format!("cd {scripts} && sudo ./stop.sh; sudo ./start.sh")),
        ("status_command", format!("cd {scripts} && sudo ./p.sh")),
    ])
}
