//! What a line of an agent's own log is made of.

use crate::model::snapshot::LogEvent;

/// A log that an agent writes of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnLog {
    /// What happens to it.
    Main,
    /// Its state at a fixed rhythm.
    Status,
}

/// A line of an agent's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'l> {
    /// When it was written, in local time.
    pub written: Option<&'l str>,
    /// What it means, if anything.
    pub event: Option<LogEvent>,
    /// When that was, in local time, where it is not when the line was written.
    pub at: Option<&'l str>,
}
