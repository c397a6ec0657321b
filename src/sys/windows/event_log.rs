//! The system's event log (*Application*), where a service's log goes: it has no standard error.

use std::io;

use windows_registry::LOCAL_MACHINE;

use super::{c, service};
use crate::sys::Importance;

/// Where the sources of the log are registered.
const KEY: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application";
/// A system program whose messages 1 to 1000 consist of the one string that they are given.
const MESSAGES: &str = r"%SystemRoot%\System32\EventCreate.exe";
/// Error, warning, information.
const TYPES: u32 = 7;
/// The system takes 31,839 characters, each as two bytes.
const LONGEST: usize = 30_000;

fn key() -> String {
    format!(r"{KEY}\{}", service::NAME)
}

/// Registers where the texts of the events are.
pub(super) fn register() -> io::Result<()> {
    let key = LOCAL_MACHINE.create(key()).map_err(io::Error::from)?;
    key.set_expand_string("EventMessageFile", MESSAGES).map_err(io::Error::from)?;
    key.set_u32("TypesSupported", TYPES).map_err(io::Error::from)
}

/// Removes what [`register`] has written.
pub(super) fn forget() -> io::Result<()> {
    LOCAL_MACHINE.remove_tree(key()).map_err(io::Error::from)
}

/// The event log, as the exporter's service writes it.
#[derive(Debug)]
pub struct EventLog(c::EventSource);

impl EventLog {
    /// The log, if this process is a service; otherwise it logs to standard error.
    pub fn of_service() -> Option<Self> {
        service::is_one().then(|| c::EventSource::open(service::NAME).ok().map(Self)).flatten()
    }

    /// Writes a line to it.
    ///
    /// # Errors
    /// The system's error.
    pub fn tell(&self, importance: Importance, line: &str) -> io::Result<()> {
        let line: String = line.chars().take(LONGEST).collect();
        self.0.report(importance, &line)
    }
}
