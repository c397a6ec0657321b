//! The operating system as every part of the exporter may use it: one facade, and a directory for each system behind it.
//!
//! The facade returns what the system provides, or an [`io::Error`](std::io::Error) of the kind `Unsupported` if
//! the system does not provide it. Reading the facts of a host is up to `observe`, which has a similar facade.

#[cfg(not(any(target_os = "linux", windows)))]
#[path = "other.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;

pub mod root;

use std::ffi::OsString;

/// How a process was started. It may hold passwords, so `Debug` shows only counts.
#[derive(Clone, Default)]
pub struct Started {
    /// Its arguments, the program first.
    pub arguments: Vec<String>,
    /// Its environment, as `NAME=value`.
    pub environment: Vec<String>,
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} arguments, {} variables", self.arguments.len(), self.environment.len())
    }
}

/// Variables that a pod's definition sets from its own fields, by the names that Kubernetes' documentation uses.
pub(crate) const NODE_NAME: &str = "NODE_NAME";
pub(crate) const POD_NAME: &str = "POD_NAME";
pub(crate) const POD_NAMESPACE: &str = "POD_NAMESPACE";

/// A variable of the exporter's own environment; `None` also if it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether names are resolved in the same ways as on the host: glibc uses its name service modules; musl has none.
pub(crate) const ASKS_EVERY_SOURCE_OF_NAMES: bool = cfg!(not(target_env = "musl"));

/// A request to the system's service manager about the exporter's own service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceRequest {
    /// Install or upgrade it, with these flags (none: the previous ones), and start it.
    Install(Vec<OsString>),
    /// Stop and remove it.
    Uninstall,
    /// Start it.
    Start,
    /// Stop it.
    Stop,
}

/// The level of a line in the system's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// It needs no attention.
    Information,
    /// It needs attention.
    Warning,
    /// Something failed.
    Error,
}

#[cfg(target_os = "linux")]
pub use system::end_of;
#[cfg(any(test, fuzzing))]
pub(crate) use system::testing;
pub use system::{
    CONFIG_FILE, EventLog, HOSTS_FILE, SYSTEM, ServiceManager, as_service, authorities, boot_time, confine,
    cpu_time, error, file, helper, hostname, kernel_clock, limits, local, manage_service, prepare_process,
    reads_what_is_others, release_program, signals, terminal_columns,
};
#[cfg(windows)]
pub(crate) use system::{OTHERS, is_of_administrators, threads};
