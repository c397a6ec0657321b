//! A system whose manager starts a service as any program: there is nothing to be told, and packages install it.

use std::{convert::Infallible, io};

use crate::sys::{Importance, ServiceRequest};

/// There is nothing to be told.
///
/// # Errors
/// Always: the work, to be done by whoever asked.
pub fn as_service(work: Box<dyn FnOnce() -> bool + Send>) -> Result<bool, Box<dyn FnOnce() -> bool + Send>> {
    Err(work)
}

/// Cannot.
///
/// # Errors
/// Always.
pub fn manage_service(_: &ServiceRequest) -> io::Result<Vec<String>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "packages install the service here"))
}

/// The system's log, where a service has no standard error: it has one.
#[derive(Debug)]
pub struct EventLog(Infallible);

impl EventLog {
    /// There is none.
    pub fn of_service() -> Option<Self> {
        None
    }

    /// Tells it.
    ///
    /// # Errors
    /// None.
    pub fn tell(&self, _: Importance, _: &str) -> io::Result<()> {
        match self.0 {}
    }
}
