//! Processes as far as they may be an agent's: what every system tells of them, whichever way it tells it.

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

/// Says which base names are an agent's, and which of its variables matter.
pub trait Wanted {
    /// True if an executable of this base name may be an agent's.
    fn name(&self, base_name: &str) -> bool;
    /// True if a command name, cut as the kernel does, may be an agent's.
    fn comm(&self, comm: &str) -> bool;
    /// True if a process of this name, in this place (where known), run as these users, counts as an agent's.
    fn counts(&self, base_name: &str, path: Option<&Path>, credentials: &Credentials) -> bool;
    /// True if an agent with this base name is also looked for in containers.
    fn in_containers(&self, base_name: &str) -> bool;
    /// True if this variable matters to an agent with this base name.
    fn variable(&self, base_name: &str, variable: &str) -> bool;
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// What bears a wanted name and counts.
    pub candidates: Vec<Candidate>,
    /// What bears a wanted name and does not count.
    pub impostors: Vec<Impostor>,
    /// The ids of those that were looked at and do not matter, in ascending order.
    pub ignored: Vec<u32>,
    /// The ids of all processes, in ascending order.
    pub listed: Vec<u32>,
    /// Bounds that were reached.
    pub limits: BTreeSet<Limit>,
}

/// A process that bears an agent's name, and is run by somebody who does not speak for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impostor {
    /// Process id.
    pub pid: u32,
    /// Base name by which it was recognised.
    pub name: String,
    /// As whom it runs; of a process that is several users, the effective one.
    pub user: u32,
    /// Its executable, where the kernel tells it.
    pub executable: Option<PathBuf>,
}

/// A process that bears an agent's name.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its facts; the role is left open.
    pub process: Process,
    /// The path of its executable as the agent sees it: resolved, or what its command line says. `None`: cannot be told.
    pub path: Option<PathBuf>,
    /// As whom it runs.
    pub credentials: Credentials,
    /// Of its environment, what may be kept.
    pub environment: Reading<Kept>,
    /// The container that it runs in, if it does: what it says is said of that alone.
    pub container: Option<Container>,
}

/// A container, as it is seen through one of its processes.
#[derive(Debug, Clone)]
pub struct Container {
    /// Device and inode of its root directory, which tell it from others.
    pub identity: (u64, u64),
    /// Its first process, with which it ends; `None`: that cannot be told.
    pub first: Option<FirstProcess>,
    /// Its root directory.
    pub root: Root,
    /// Its processes are seen in the procfs' own PID namespace, as where the exporter is in its pod.
    pub shares_processes: bool,
    /// Whether it has the exporter's network namespace.
    pub shares_network: Reading<bool>,
    /// Its network namespace, held open, where it is another one.
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

/// The last component, invalid UTF-8 replaced.
pub fn base_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
