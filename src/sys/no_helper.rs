//! Tasks in other network namespaces: this system has none.

use std::{fs::File, io, time::Duration};

/// What this process is, if it is not the exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The helper.
    Helper,
    /// A process for one task.
    Task,
}

/// None: every process is the exporter.
pub fn role() -> Option<Role> {
    None
}

/// The connection to the helper, which does not exist here.
#[derive(Debug)]
pub enum Helper {}

/// Starts no helper.
///
/// # Errors
/// None.
pub fn start() -> io::Result<()> {
    Ok(())
}

/// There is none.
pub fn connection() -> Option<&'static Helper> {
    None
}

impl Helper {
    /// Runs nothing.
    ///
    /// # Errors
    /// None.
    pub async fn run(&self, _: (&File, &File), _: &[u8], _: Duration) -> io::Result<Vec<u8>> {
        match *self {}
    }
}

/// The caller that waits for the result of a task, which does not exist here.
#[derive(Debug)]
pub enum Caller {}

impl Caller {
    /// There is no request.
    ///
    /// # Errors
    /// None.
    pub fn request(&mut self) -> io::Result<Vec<u8>> {
        match *self {}
    }

    /// Answers nobody.
    ///
    /// # Errors
    /// None.
    pub fn answer(self, _: &[u8]) -> io::Result<()> {
        match self {}
    }
}

/// Starts nothing.
///
/// # Errors
/// Always.
pub fn serve() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Joins nothing.
///
/// # Errors
/// Always.
pub fn join() -> io::Result<Caller> {
    Err(io::ErrorKind::Unsupported.into())
}
