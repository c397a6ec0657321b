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
