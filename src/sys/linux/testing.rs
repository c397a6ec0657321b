//! Helpers for tests on Linux.

use std::{io, path::Path, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// Nobody listens.
#[cfg(test)]
pub(crate) const REFUSED: i32 = libc::ECONNREFUSED;
/// Nobody answers.
#[cfg(test)]
pub(crate) const TIMED_OUT: i32 = libc::ETIMEDOUT;
/// There is no route, or it is refused.
#[cfg(test)]
pub(crate) const UNREACHABLE: [i32; 5] =
    [libc::EHOSTUNREACH, libc::ENETUNREACH, libc::EACCES, libc::EPERM, libc::EADDRNOTAVAIL];

/// Makes a symbolic link.
///
/// # Errors
/// The system's error.
pub(crate) fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

/// CPU time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
