//! The limit of descriptors on systems where none is known or relevant.

use std::io;

/// A limit; `None`: unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The limit that is in effect.
    pub current: Option<u64>,
    /// The maximum to which the process itself may raise it.
    pub maximum: Option<u64>,
}

/// No limit: on Windows a process may have 16 million.
pub fn descriptors() -> Limit {
    Limit { current: None, maximum: None }
}

/// Sets the limit.
///
/// # Errors
/// Always.
pub fn set_descriptors(_: Limit) -> io::Result<()> {
    Err(super::unsupported())
}
