//! The exporter's own process, as its standard metrics describe it.

/// The resource usage of the exporter's process. A value that the platform does not provide is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfFacts {
    /// User and system CPU time, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// Virtual memory, in bytes.
    pub virtual_bytes: u64,
    /// Start, in seconds since the epoch.
    pub start_time_seconds: f64,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// Soft limit of open file descriptors; `None` also if unlimited.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}
