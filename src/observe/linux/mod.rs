//! Linux: processes from `/proc`, changes from inotify, pidfd, rtnetlink and a timerfd.

mod addresses;
mod container;
pub(super) mod events;
mod filter;
pub(super) mod own;
pub(super) mod process;
pub(super) mod services;
mod stat;
