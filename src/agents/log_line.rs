//! The parts of a line of an agent's own log.

use crate::model::snapshot::LogEvent;

/// A log that an agent writes about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnLog {
    /// What happens to it.
    Main,
    /// Its state, written periodically.
    Status,
}

/// A line of an agent's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'l> {
    /// When it was written, in local time.
    pub written: Option<&'l str>,
    /// Its meaning, if any.
    pub event: Option<LogEvent>,
    /// When the event occurred, in local time, if not when the line was written.
    pub at: Option<&'l str>,
}
