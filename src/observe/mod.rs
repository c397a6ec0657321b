//! 1. Observe. The only stage that touches the operating system (`host`) or the network (`probe`). It never judges.
//!
//! This module has a directory for each supported system; on any other system every fact is `Unknown`.

pub mod events;
pub mod host;
pub mod own;
pub mod probe;
pub mod time;
pub mod trust;

#[cfg(not(any(target_os = "linux", windows)))]
#[path = "other.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;
