//! Processes as far as they may be an agent's: what every system tells of them, whichever way it tells it.

use std::path::{Path, PathBuf};

use super::environ::Kept;
use crate::model::{Reading, snapshot::Process};
pub use crate::observe::system::process::Procfs;

/// Says which base names are an agent's, and which of its variables matter.
pub trait Wanted {
    /// True if an executable of this base name may be an agent's.
    fn name(&self, base_name: &str) -> bool;
    /// True if a command name, cut as the kernel does, may be an agent's.
    fn comm(&self, comm: &str) -> bool;
    /// True if this variable matters to an agent with this base name.
    fn variable(&self, base_name: &str, variable: &str) -> bool;
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// What bears a wanted name.
    pub candidates: Vec<Candidate>,
    /// The ids of those that were looked at and do not matter, in ascending order.
    pub strangers: Vec<u32>,
    /// The ids of all processes, in ascending order.
    pub listed: Vec<u32>,
}

/// A process that bears an agent's name.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its facts; the role is left open.
    pub process: Process,
    /// The path of its executable as the agent sees it: resolved, or what its command line says. `None`: cannot be told.
    pub path: Option<PathBuf>,
    /// Of its environment, what may be kept.
    pub environment: Reading<Kept>,
}

/// The last component, invalid UTF-8 replaced.
pub fn base_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
