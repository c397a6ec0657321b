//! Decides which processes are certainly not an agent's, with one system call for almost every process, and without
//! allocating.
//!
//! Uncertain processes are left to the full reading. The filter never decides differently from that reading.

use std::{fmt::Write as _, mem::MaybeUninit, os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{CWD, Mode, OFlags, openat, readlinkat_raw},
    io::read,
};

use super::stat::Stat;
use crate::observe::host::process::Wanted;

/// Longer targets are left to the full reading; real ones are far shorter.
const LONGEST_TARGET: usize = 1024;
/// `stat` has 52 fields and takes 200 to 400 bytes; a longer one is left to the full reading.
const LONGEST_STAT: usize = 1024;
/// What the kernel appends to the path of an executable whose file is gone.
pub(super) const DELETED: &str = " (deleted)";

/// Distinguishes processes that cannot be an agent's from those that may be.
pub(super) struct ProcessFilter<'a> {
    procfs: OwnedFd,
    wanted: &'a dyn Wanted,
    /// Reused for every path.
    path: String,
}

impl<'a> ProcessFilter<'a> {
    /// A filter for the procfs at `procfs`; `None`: it cannot be opened, so nothing can be decided.
    pub(super) fn new(procfs: &Path, wanted: &'a dyn Wanted) -> Option<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let procfs = openat(CWD, procfs, flags, Mode::empty()).ok()?;
        Some(Self { procfs, wanted, path: String::new() })
    }

    /// True if the process has no wanted name, or is a kernel thread. Reading these two files never waits for the
    /// process, unlike its command line and memory maps.
    pub(super) fn clears(&mut self, pid: u32) -> bool {
        self.name(pid, "exe");
        let mut buffer = [MaybeUninit::<u8>::uninit(); LONGEST_TARGET];
        match readlinkat_raw(&self.procfs, self.path.as_str(), &mut buffer) {
            Ok((target, rest)) => !rest.is_empty() && !self.may_be_wanted(target),
            // A kernel thread, a zombie, or a process of another user.
            Err(_) => self.clears_by_stat(pid),
        }
    }

    /// Decides by the command name, as the full reading does if the executable is not visible.
    fn clears_by_stat(&mut self, pid: u32) -> bool {
        self.name(pid, "stat");
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let Ok(file) = openat(&self.procfs, self.path.as_str(), flags, Mode::empty()) else { return false };
        let mut buffer = [0_u8; LONGEST_STAT];
        let Ok(length) = read(&file, &mut buffer) else { return false };
        let stat = buffer.get(..length).filter(|_| length < LONGEST_STAT).and_then(Stat::parse);
        stat.is_some_and(|stat| stat.kernel_thread || !self.wanted.comm(&String::from_utf8_lossy(&stat.comm)))
    }

    /// True if the executable at `target` has a wanted name, with or without the kernel's suffix: a file may really
    /// have that name.
    fn may_be_wanted(&self, target: &[u8]) -> bool {
        let name = target.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        self.wanted.name(&name)
            || name.strip_suffix(DELETED).is_some_and(|unmarked| self.wanted.name(unmarked))
    }

    fn name(&mut self, pid: u32, file: &str) {
        self.path.clear();
        // Writing to a string does not fail.
        let _infallible = write!(self.path, "{pid}/{file}");
    }
}
