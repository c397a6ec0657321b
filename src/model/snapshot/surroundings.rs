//! The surroundings of an agent: what starts it, where it writes, its limits, how it ended. All of it is supplementary:
//! it can raise a cause, but its absence makes nothing unknown.

use std::path::PathBuf;

use crate::model::Reading;

/// The surroundings of one installation, as last read; they are not read at each evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// What starts it after a reboot. `Known(None)`: no init system that could, or a container.
    pub autostart: Reading<Option<Autostart>>,
    /// The file systems of its directories, each once.
    pub disks: Vec<DiskFact>,
    /// The control group of its collecting process. `Known(None)`: none, or one that is gone.
    pub group: Reading<Option<ControlGroup>>,
    /// For an agent in a container that collects the host's logs: where the host's root directory is mounted.
    /// `Known(None)`: nowhere.
    pub host_mount: Reading<Option<PathBuf>>,
    /// Its services, if the system's service manager lists them by name (Windows); empty elsewhere.
    pub services: Reading<Vec<ServiceFact>>,
    /// The id of this cloud instance as cloud-init recorded it. `Known(None)`: none.
    pub instance: Reading<Option<String>>,
    /// The id of the cloud instance that the agent has recorded, and where. `Known(None)`: none.
    pub recorded_instance: Reading<Option<(String, PathBuf)>>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            autostart: Reading::Known(None),
            disks: Vec::new(),
            group: Reading::Known(None),
            host_mount: Reading::Known(None),
            services: Reading::Known(Vec::new()),
            instance: Reading::Known(None),
            recorded_instance: Reading::Known(None),
        }
    }
}

/// What starts an agent after a reboot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autostart {
    /// The init system: `systemd`, `OpenRC`, `SysV init`.
    pub init: &'static str,
    /// The first item found that starts it: a link, a unit, a script, a crontab.
    pub by: Option<PathBuf>,
}

/// One service of an agent, as the service manager reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFact {
    /// Its name.
    pub name: String,
    /// `None`: there is no service of this name.
    pub registered: Option<Registered>,
}

/// What the service manager reports about a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// Its current state.
    pub state: ServiceState,
    /// What starts it.
    pub start: ServiceStart,
}

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// Runs.
    Running,
    /// Changing its state, which has a time limit.
    Pending,
    /// Does not run.
    Stopped,
    /// Has been asked to pause.
    Paused,
}

impl ServiceState {
    /// The manager's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Pending => "Pending",
            Self::Stopped => "Stopped",
            Self::Paused => "Paused",
        }
    }
}

/// What starts a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceStart {
    /// The system, at each start.
    Automatic,
    /// Only a request.
    Manual,
    /// Nothing can start it.
    Disabled,
}

impl ServiceStart {
    /// The manager's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::Manual => "Manual",
            Self::Disabled => "Disabled",
        }
    }
}

/// One directory, and its file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFact {
    /// The directory, as the agent sees it.
    pub directory: PathBuf,
    /// The free space there.
    pub space: Reading<Space>,
}

/// The free space of a file system, as available to the agent's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that are left.
    pub bytes_left: u64,
    /// Total number of inodes; 0 if the file system does not count them.
    pub inodes: u64,
    /// Inodes that are left.
    pub inodes_left: u64,
}

/// The control group of an agent, as far as it limits memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroup {
    /// Its directory.
    pub path: PathBuf,
    /// The maximum memory that it may use, in bytes; `None`: no limit.
    pub memory_limit: Option<u64>,
    /// The memory that it uses and cannot release (without the page cache), in bytes.
    pub memory_used: u64,
    /// How many of its processes the kernel has killed for lack of memory.
    pub kills: Option<u64>,
}

/// How a process ended, as the kernel reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// Its process id.
    pub pid: u32,
    /// Its end.
    pub end: End,
}

/// The end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Exited(u8),
    /// This signal ended it.
    Signalled(u8),
}
