//! Time references.

use crate::model::{Reading, Why};

/// Time references and the kernel's own state.
#[derive(Debug, Clone)]
pub struct ClockFacts {
    /// References of this and recent cycles, at most one for each server or endpoint.
    pub references: Vec<ClockReference>,
    /// Servers that were asked and did not give a usable time.
    pub unanswered: Vec<Why>,
    /// The kernel's clock discipline.
    pub kernel: Reading<KernelClock>,
    /// (Wall clock − boot clock) at the snapshot, in seconds: a jump is a clock step.
    pub wall_minus_boot: f64,
}

/// Where a time reference comes from; the label `source`. NTP is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockSource {
    /// A configured NTP server.
    Ntp,
    /// The `Date` of a probe's answer.
    HttpDate,
}

impl ClockSource {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ntp => "ntp",
            Self::HttpDate => "http_date",
        }
    }
}

/// One reference: the interval of the true offset.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockReference {
    /// Kind of reference.
    pub source: ClockSource,
    /// Server or URL.
    pub from: String,
    /// Offset (local minus reference) in seconds, at the snapshot: the lower bound.
    pub low: f64,
    /// The same: the upper bound.
    pub high: f64,
}

/// The clock status that `adjtimex` returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelClock {
    /// True if the kernel considers its clock synchronized.
    pub synchronized: bool,
    /// Remaining correction in seconds. It proves nothing: it is 0 under chrony, and can be spurious.
    pub offset: f64,
    /// Estimated error in seconds.
    pub estimated_error: f64,
}
