//! A fact, or why it is unknown. Never a default value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An observed fact. Absence is a known fact; only a fact that could not be read is `Unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading<T> {
    /// Read, as it was at the snapshot's time.
    Known(T),
    /// Could not be read.
    Unknown(Why),
}

impl<T> Reading<T> {
    /// The fact, if it could be read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Why the fact could not be read; `None` if it was.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(why) => Some(why),
        }
    }

    /// The same reading, of a value derived from the fact.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(f(value)),
            Self::Unknown(why) => Reading::Unknown(why),
        }
    }

    /// The same reading, of a value derived from the fact that may be unknown for another reason.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Reading<U>) -> Reading<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Unknown(why) => Reading::Unknown(why),
        }
    }

    /// The same reading, of a borrowed fact.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value) => Reading::Known(value),
            Self::Unknown(why) => Reading::Unknown(why.clone()),
        }
    }

    /// The reading as a `Result`, for `?` in rules.
    pub fn as_result(&self) -> Result<&T, &Why> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(why) => Err(why),
        }
    }
}

impl<T> From<Result<T, Why>> for Reading<T> {
    fn from(result: Result<T, Why>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Unknown(why),
        }
    }
}

impl<T> From<Reading<T>> for Result<T, Why> {
    fn from(reading: Reading<T>) -> Self {
        match reading {
            Reading::Known(value) => Ok(value),
            Reading::Unknown(why) => Err(why),
        }
    }
}

/// The stable class of an unread fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// Permission denied.
    Denied,
    /// The deadline passed (for example on a hung file system).
    TimedOut,
    /// An earlier read of the same thing has not returned yet.
    StillBlocked,
    /// Larger than the size cap.
    TooLarge,
    /// A FIFO, socket or device is in place of the file.
    NotARegularFile,
    /// The kernel or the platform does not offer it.
    Unsupported,
    /// Two sources contradict each other and neither is preferred.
    Contradictory,
    /// Not read yet (before the first full cycle).
    NotYet,
    /// No source to ask (for example no clock reference).
    NoSource,
    /// Any other error of the operating system.
    Failed,
}

impl Reason {
    /// The stable identifier for logs and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::TimedOut => "timed_out",
            Self::StillBlocked => "still_blocked",
            Self::TooLarge => "too_large",
            Self::NotARegularFile => "not_a_regular_file",
            Self::Unsupported => "unsupported",
            Self::Contradictory => "contradictory",
            Self::NotYet => "not_yet",
            Self::NoSource => "no_source",
            Self::Failed => "failed",
        }
    }
}

/// Why a fact is unknown, and what would make it known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The stable class.
    pub reason: Reason,
    /// The subject: a path, `pid 12: environ`, a server.
    pub fact: String,
    /// What happened and what to grant or fix, as one sentence without a full stop.
    pub detail: String,
}

impl Why {
    /// A reason with its subject and its explanation.
    pub fn new(reason: Reason, fact: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason, fact: fact.into(), detail: detail.into() }
    }
}

/// For `?` on a borrowed reading.
impl From<&Why> for Why {
    fn from(why: &Why) -> Self {
        why.clone()
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fact, self.detail)
    }
}
