//! Linux: processes from `/proc`, changes from inotify, pidfd, rtnetlink and a timerfd.

pub(super) mod events;
pub(super) mod own;
pub(super) mod process;
mod sieve;
mod stat;
