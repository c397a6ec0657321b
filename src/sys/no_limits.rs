//! The limit of descriptors on systems where none is known or relevant.

use std::io;

/// A limit; `None` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What holds now.
    pub current: Option<u64>,
    /// How far the process itself may raise it.
    pub maximum: Option<u64>,
}

/// None. On Windows a process may have 16 million.
pub fn descriptors() -> Limit {
    Limit { current: None, maximum: None }
}

/// Sets it.
///
/// # Errors
/// Always.
pub fn set_descriptors(_: Limit) -> io::Result<()> {
    Err(super::unsupported())
}
