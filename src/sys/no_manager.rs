//! A system whose manager starts a service like any program: it needs no notifications, and packages install it.

use std::{convert::Infallible, io};

use crate::sys::{Importance, ServiceRequest};

/// There is nothing to notify.
///
/// # Errors
/// Always returns the work, to be run by the caller.
pub fn as_service(work: Box<dyn FnOnce() -> bool + Send>) -> Result<bool, Box<dyn FnOnce() -> bool + Send>> {
    Err(work)
}

/// Does nothing: packages install the service.
///
/// # Errors
/// Always.
pub fn manage_service(_: &ServiceRequest) -> io::Result<Vec<String>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "packages install the service here"))
}

/// The system's log for services without standard error: here they have it.
#[derive(Debug)]
pub struct EventLog(Infallible);

impl EventLog {
    /// There is none.
    pub fn of_service() -> Option<Self> {
        None
    }

    /// Writes nothing.
    ///
    /// # Errors
    /// None.
    pub fn tell(&self, _: Importance, _: &str) -> io::Result<()> {
        match self.0 {}
    }
}
