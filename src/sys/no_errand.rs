//! Errands to other network namespaces: this system has none.

use std::{fs::File, io, time::Duration};

/// What this process was begun for, if it is not an exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// To be the helper.
    Helper,
    /// For one errand.
    Errand,
}

/// Nothing else.
pub fn begun() -> Option<Begun> {
    None
}

/// The way to the helper: there is none.
#[derive(Debug)]
pub enum Errands {}

/// Starts none.
///
/// # Errors
/// None.
pub fn start() -> io::Result<()> {
    Ok(())
}

/// None.
pub fn helper() -> Option<&'static Errands> {
    None
}

impl Errands {
    /// Asks nobody.
    ///
    /// # Errors
    /// None.
    pub async fn ask(&self, _: (&File, &File), _: &[u8], _: Duration) -> io::Result<Vec<u8>> {
        match *self {}
    }
}

/// Whoever waits for the answer to an errand: nobody.
#[derive(Debug)]
pub enum Asker {}

impl Asker {
    /// None.
    ///
    /// # Errors
    /// None.
    pub fn question(&mut self) -> io::Result<Vec<u8>> {
        match *self {}
    }

    /// Tells nobody.
    ///
    /// # Errors
    /// None.
    pub fn tell(self, _: &[u8]) -> io::Result<()> {
        match self {}
    }
}

/// Serves nobody.
///
/// # Errors
/// Always.
pub fn serve() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Arrives nowhere.
///
/// # Errors
/// Always.
pub fn arrive() -> io::Result<Asker> {
    Err(io::ErrorKind::Unsupported.into())
}
