//! Processes that may be an agent's: the facts that every system provides, each in its own way.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::environ::Kept;
pub use crate::observe::system::process::Procfs;
use crate::{
    model::{
        Reading,
        report::Limit,
        snapshot::{InterfaceAddress, Process},
    },
    observe::trust::Credentials,
    sys::root::Root,
};

/// Decides which base names are an agent's, and which of its variables matter.
pub trait Wanted {
    /// True if an executable of this base name may be an agent's.
    fn name(&self, base_name: &str) -> bool;
    /// True if a command name, truncated by the kernel, may be an agent's.
    fn comm(&self, comm: &str) -> bool;
    /// True if a process with this name, path (if known) and these users counts as an agent's.
    fn counts(&self, base_name: &str, path: Option<&Path>, credentials: &Credentials) -> bool;
    /// True if an agent with this base name is also searched for in containers.
    fn in_containers(&self, base_name: &str) -> bool;
    /// True if this variable matters to an agent with this base name.
    fn variable(&self, base_name: &str, variable: &str) -> bool;
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Processes with a wanted name that count.
    pub candidates: Vec<Candidate>,
    /// Processes with a wanted name that do not count.
    pub untrusted: Vec<UntrustedProcess>,
    /// The ids of processes that were read and do not matter, in ascending order.
    pub ignored: Vec<u32>,
    /// The ids of all processes, in ascending order.
    pub listed: Vec<u32>,
    /// Bounds that were reached.
    pub limits: BTreeSet<Limit>,
}

/// A process with an agent's name, run by a user whose processes do not count for the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedProcess {
    /// Process id.
    pub pid: u32,
    /// Base name by which it was recognized.
    pub name: String,
    /// The user that it runs as; if its user ids differ, the effective one.
    pub user: u32,
    /// Its executable, if the kernel reports it.
    pub executable: Option<PathBuf>,
}

/// A process with an agent's name.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its facts, without the role.
    pub process: Process,
    /// The path of its executable as the agent sees it: resolved, or from its command line. `None`: not known.
    pub path: Option<PathBuf>,
    /// The users and groups that it runs as.
    pub credentials: Credentials,
    /// The variables of its environment that may be kept.
    pub environment: Reading<Kept>,
    /// Its container, if any: its paths are valid only there.
    pub container: Option<Container>,
}

/// A container, seen through one of its processes.
#[derive(Debug, Clone)]
pub struct Container {
    /// Device and inode of its root directory, which identify it.
    pub identity: (u64, u64),
    /// Its first process, with which it ends; `None`: not known.
    pub first: Option<FirstProcess>,
    /// Its root directory.
    pub root: Root,
    /// True if its processes are in the procfs's own PID namespace, as when the exporter is in its pod.
    pub shares_processes: bool,
    /// Whether it has the exporter's network namespace.
    pub shares_network: Reading<bool>,
    /// Its network namespace, held open, if it differs from the exporter's.
    pub network: Option<Arc<File>>,
    /// The addresses of its own network namespace.
    pub interfaces: Reading<Vec<InterfaceAddress>>,
    /// Its control groups, as `/proc/PID/cgroup` lists them.
    pub control_groups: String,
}

/// The first process of a container's PID namespace, as the procfs numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstProcess {
    /// Its id.
    pub pid: u32,
    /// Its start, in clock ticks since boot.
    pub start_ticks: u64,
}

/// The last component, with invalid UTF-8 replaced.
pub fn base_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
