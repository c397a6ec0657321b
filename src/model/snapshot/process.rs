//! Processes as observed.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::Environment;
use crate::model::{Reading, Role};

/// One process of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Process id, as the procfs in use numbers it.
    pub pid: u32,
    /// Parent process id.
    pub parent: u32,
    /// Base name by which the process was recognized.
    pub executable_name: String,
    /// Role, if the executable's name alone implies it (LogListener, custom).
    pub role_by_name: Option<Role>,
    /// Arguments; empty for a zombie.
    pub arguments: Reading<Vec<String>>,
    /// The executable, if readable; `Known(None)` for a zombie.
    pub executable: Reading<Option<Executable>>,
    /// Scheduling state.
    pub state: ProcessState,
    /// Start, in clock ticks since boot: with the pid, the identity of the process.
    pub start_ticks: u64,
    /// Start, as wall-clock time.
    pub started_at: SystemTime,
    /// User and system CPU time since start.
    pub cpu: Duration,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Open file descriptors, if readable.
    pub open_fds: Reading<u64>,
    /// Threads.
    pub threads: u64,
}

/// Where a process's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// Resolved path.
    pub path: PathBuf,
    /// True if that file is gone or was replaced.
    pub deleted: bool,
}

/// The scheduling states that matter to a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessState {
    /// Running, sleeping, or waiting (also traced by a debugger).
    Alive,
    /// Stopped by a signal (T).
    Stopped,
    /// A zombie (Z), or just dead (X): ended, but not yet reaped by its parent.
    Defunct,
}

/// How an agent's collecting process was started. For an agent that does not run, all fields are known to be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Its arguments, with the program's name first.
    pub arguments: Reading<Vec<String>>,
    /// Its environment, limited to the variables that the profile of its kind lists.
    pub environment: Reading<Environment>,
    /// True if Kubernetes started it, by its environment. The marker files of a container (`/.dockerenv`) prove
    /// nothing: an agent installed in a system container runs as on a host.
    pub in_container: Reading<bool>,
}

impl Default for Invocation {
    fn default() -> Self {
        Self {
            arguments: Reading::Known(Vec::new()),
            environment: Reading::Known(Environment::new()),
            in_container: Reading::Known(false),
        }
    }
}

impl Invocation {
    /// A variable's value, unless it is not set or empty.
    pub fn variable(&self, name: &str) -> Result<Option<&str>, &super::super::Why> {
        let environment = self.environment.as_result()?;
        Ok(environment.get(name).map(String::as_str).filter(|value| !value.is_empty()))
    }
}
