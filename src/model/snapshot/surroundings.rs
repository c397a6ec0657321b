//! What surrounds an agent: what starts it, where it writes, what bounds it, how it ended. All of it is supplementary: it can
//! raise a cause, and nothing is unknown for want of it.

use std::path::PathBuf;

use crate::model::Reading;

/// The surroundings of one installation, as they were looked at last: not at each evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// What starts it after a reboot. `Known(None)`: no init system that could, or a container.
    pub autostart: Reading<Option<Autostart>>,
    /// The file systems of its directories, each once.
    pub disks: Vec<DiskFact>,
    /// The control group of its collecting process. `Known(None)`: none, or one that is gone.
    pub group: Reading<Option<ControlGroup>>,
    /// Of an agent in a container: where the host's root directory is mounted, whose logs it collects then. `Known(None)`: nowhere.
    pub host_mount: Reading<Option<PathBuf>>,
    /// Its services, where the system has a manager that tells of them by name (Windows); empty elsewhere.
    pub services: Reading<Vec<ServiceFact>>,
    /// The id of this cloud instance as cloud-init has it. `Known(None)`: none.
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
    /// The first thing that was found to start it: a link, a unit, a script, a table of cron.
    pub by: Option<PathBuf>,
}

/// One service of an agent, as the service manager tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFact {
    /// Its name.
    pub name: String,
    /// `None`: there is no service of this name.
    pub registered: Option<Registered>,
}

/// What the service manager knows of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// What it does now.
    pub state: ServiceState,
    /// What starts it.
    pub start: ServiceStart,
}

/// What a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// Runs.
    Running,
    /// On its way to another state, which it has a time limit for.
    Pending,
    /// Does not run.
    Stopped,
    /// Has been told to pause.
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
    /// Whoever asks for it.
    Manual,
    /// Nobody can.
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
    /// What is left there.
    pub space: Reading<Space>,
}

/// What is left on a file system, as the agent's user may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that are left.
    pub bytes_left: u64,
    /// Inodes in all; 0 where the file system does not count them.
    pub inodes: u64,
    /// Inodes that are left.
    pub inodes_left: u64,
}

/// The control group of an agent, as far as it bounds memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroup {
    /// Its directory.
    pub path: PathBuf,
    /// The most memory that it may use, in bytes; `None`: no limit.
    pub memory_limit: Option<u64>,
    /// What it uses and cannot give back (without the page cache), in bytes.
    pub memory_used: u64,
    /// How many of its processes the kernel has killed for want of memory.
    pub kills: Option<u64>,
}

/// How a process ended, as the kernel tells.
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
    /// It ended itself, with this code.
    Exited(u8),
    /// A signal ended it.
    Signalled(u8),
}
