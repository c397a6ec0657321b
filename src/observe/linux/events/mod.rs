//! The kernel's events about changes, by source.

mod address;
mod clock;
mod file;
mod process;

use std::{borrow::Borrow, io, os::fd::OwnedFd};

use tokio::io::unix::AsyncFd;

pub(in crate::observe) use self::{address::Multicast, clock::Setting, file::Watches, process::Exits};

/// Registers a descriptor that becomes readable.
#[expect(
    deprecated,
    reason = "its successor is `unsafe` for types that may close or change their descriptor; `OwnedFd` does neither"
)]
fn readable<T: std::os::fd::AsRawFd + Borrow<OwnedFd>>(owned: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(owned, tokio::io::Interest::READABLE)
}
