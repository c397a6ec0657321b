//! A system that the exporter does not support: nothing can be read, and every answer says so.

use std::{ffi::OsStr, io, time::Duration};

use crate::model::{System, snapshot::KernelClock};

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "reading this is not supported on this operating system")
}

/// A service manager: none is known.
#[derive(Debug)]
pub enum ServiceManager {}

impl ServiceManager {
    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn at(_: &OsStr) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Sends nothing.
    ///
    /// # Errors
    /// None.
    pub fn send(&self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }
}

/// The system whose layouts and commands are most likely.
pub const SYSTEM: System = System::Linux;
/// The hosts file.
pub const HOSTS_FILE: &str = "/etc/hosts";
/// The service's config file.
pub const CONFIG_FILE: &str = "/etc/logagent-exporter/logagent-exporter.yml";

/// The authorities that the system trusts, if it does not have them in files: here it does.
///
/// # Errors
/// None.
pub fn authorities() -> io::Result<Option<Vec<Vec<u8>>>> {
    Ok(None)
}

/// Time since boot; not known.
pub fn boot_time() -> Duration {
    Duration::ZERO
}

/// CPU time that this process has used so far: not known.
pub fn cpu_time() -> Duration {
    Duration::ZERO
}

/// Columns of the terminal; not known here.
pub fn terminal_columns() -> Option<usize> {
    None
}

/// The host name.
///
/// # Errors
/// Always.
pub fn hostname() -> io::Result<String> {
    Err(unsupported())
}

/// Gives up what the process never needs.
///
/// # Errors
/// Always: nothing is given up.
pub fn confine() -> io::Result<()> {
    Err(unsupported())
}

/// The kernel's clock status.
///
/// # Errors
/// Always.
pub fn kernel_clock() -> io::Result<KernelClock> {
    Err(unsupported())
}

/// Does nothing.
pub fn prepare_process() {}

/// Does nothing.
pub fn release_program() {}

/// What an error of the system means, if its kind is not enough: never known.
pub mod error {
    use std::io;

    /// True if the exporter itself lacks memory.
    pub fn is_own_shortage(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::OutOfMemory
    }

    /// Not known.
    pub fn is_absent_family(_: &io::Error) -> bool {
        false
    }

    /// Not known.
    pub fn is_link_loop(_: &io::Error) -> bool {
        false
    }

    /// Not known.
    pub fn is_no_file(_: &io::Error) -> bool {
        false
    }
}

/// True if the process may read files of other users; not known.
pub fn reads_what_is_others() -> bool {
    true
}

/// The facts of an open file.
pub mod file {
    use crate::sys::root::FileSystem;
    use std::{
        fs::{File, Metadata},
        io,
        path::Path,
        time::{SystemTime, UNIX_EPOCH},
    };

    /// Opens a path of the exporter's own file system for reading.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// Creates a new file; its directory determines who can read it.
    ///
    /// # Errors
    /// The system's error; `AlreadyExists` if the path exists.
    pub fn create_private(path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).open(path)
    }

    /// The free space of a file system; not known.
    ///
    /// # Errors
    /// Always: not known on this system.
    pub fn space(_: &File, _: bool) -> io::Result<Option<(u64, crate::model::snapshot::Space)>> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "reading it is not supported on this operating system",
        ))
    }

    /// The kind of file system; not known.
    ///
    /// # Errors
    /// None here.
    pub fn system(_: &File) -> io::Result<FileSystem> {
        Ok(FileSystem::Usual)
    }

    /// True if it is on a file system that only one user can see; never here.
    pub fn is_kept_from_others(_: &File) -> bool {
        false
    }

    /// What it is if it is neither a regular file nor a directory.
    pub fn special(_: &Metadata) -> &'static str {
        "a special file"
    }

    /// An id that no user of this system has.
    pub fn owner(_: &Metadata) -> u32 {
        u32::MAX
    }

    /// Not known; the same for all files.
    pub fn identity_of(_: &File, _: &Metadata) -> (u64, u64) {
        (0, 0)
    }

    /// Size and time of the last change.
    pub type Stamp = (u64, SystemTime);

    /// See [`Stamp`].
    pub fn stamp(metadata: &Metadata) -> Stamp {
        (metadata.len(), metadata.modified().unwrap_or(UNIX_EPOCH))
    }
}

/// Requests from outside to end or to reload.
pub mod signals {
    use std::io;

    /// Ctrl-C.
    #[derive(Debug)]
    pub struct Stop;

    impl Stop {
        /// Listens.
        ///
        /// # Errors
        /// None here.
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for it. Cancel-safe.
        pub async fn asked(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// There is no such signal.
    #[derive(Debug)]
    pub struct Reload;

    impl Reload {
        /// Listens to nothing.
        ///
        /// # Errors
        /// None here.
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits forever.
        pub async fn asked(&mut self) {
            std::future::pending::<()>().await;
        }
    }
}

/// Files below a root directory.
pub(super) mod root {
    use std::{
        ffi::OsString,
        fs::File,
        io,
        path::{Path, PathBuf},
    };

    use crate::sys::root::{Purpose, Root, Way};

    pub(in crate::sys) fn canonical(path: &Path) -> PathBuf {
        path.to_owned()
    }

    pub(in crate::sys) fn start(root: &Path, _: &Path) -> PathBuf {
        root.to_owned()
    }

    pub(in crate::sys) fn open(_: &Root, _: &Path, _: Purpose) -> io::Result<File> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn open_without_links(_: &Root, _: &Path) -> io::Result<Option<File>> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn way(_: &Root, _: &Path) -> io::Result<Way> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn reopen(_: &File) -> io::Result<File> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn names_in(_: File, _: usize) -> io::Result<Option<Vec<OsString>>> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn entries(_: &Root, _: &Path, _: usize) -> io::Result<Option<Vec<OsString>>> {
        Err(super::unsupported())
    }

    pub(in crate::sys) fn path_of_open(_: &File) -> Option<PathBuf> {
        None
    }
}

#[path = "no_helper.rs"]
pub mod helper;
#[path = "no_limits.rs"]
pub mod limits;
#[path = "no_local.rs"]
pub mod local;
#[path = "no_manager.rs"]
mod manager;

pub use manager::{EventLog, as_service, manage_service};

/// Helpers for tests.
#[cfg(any(test, fuzzing))]
pub(crate) mod testing {
    use std::{io, path::Path, time::Duration};

    use super::unsupported;

    /// Makes no link.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn link(_: &Path, _: &Path) -> io::Result<()> {
        Err(unsupported())
    }

    /// Not known.
    pub(crate) fn thread_time() -> Duration {
        Duration::ZERO
    }
}
