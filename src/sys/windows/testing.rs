//! Helpers for tests on Windows.

use std::{io, path::Path, time::Duration};

/// Nobody listens (`WSAECONNREFUSED`).
#[cfg(test)]
pub(crate) const REFUSED: i32 = 10061;
/// Nobody answers (`WSAETIMEDOUT`).
#[cfg(test)]
pub(crate) const TIMED_OUT: i32 = 10060;
/// There is no route (`WSAEHOSTUNREACH`, `WSAENETUNREACH`, `WSAEACCES`, `WSAEADDRNOTAVAIL`).
#[cfg(test)]
pub(crate) const UNREACHABLE: [i32; 4] = [10065, 10051, 10013, 10049];

/// Creates no link: on Windows that requires a separate privilege.
///
/// # Errors
/// Always.
pub(crate) fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(super::unsupported())
}

/// CPU time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    super::c::thread_time().unwrap_or_default()
}
