//! Windows.

mod c;
mod event_log;
#[path = "../no_helper.rs"]
pub mod helper;
mod installation;
#[path = "../no_limits.rs"]
pub mod limits;
pub mod local;
pub(super) mod root;
mod service;
#[cfg(any(test, fuzzing))]
pub(crate) mod testing;

use std::{
    ffi::OsStr,
    io,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

pub use event_log::EventLog;
pub use installation::manage_service;
pub use service::as_service;

use crate::model::{System, snapshot::KernelClock};

/// The system that the exporter was built for.
pub const SYSTEM: System = System::Windows;
/// The hosts file.
pub const HOSTS_FILE: &str = r"C:\Windows\System32\drivers\etc\hosts";
/// The config file of the installed service.
pub const CONFIG_FILE: &str = r"C:\ProgramData\logagent-exporter\logagent-exporter.yml";

/// The id that represents all users who are not administrators: Windows has no numeric user ids.
pub(crate) const OTHERS: u32 = 1000;

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "Windows does not report this")
}

/// A service manager with a watchdog, which Windows does not have; the recovery settings of the service handle its
/// exit.
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

/// Time since boot, suspend included. The system's own counter advances in steps of 16 ms, which would look like steps
/// of the wall clock: in between, the processor's counter is used.
#[expect(clippy::disallowed_methods, reason = "there is no other source of time since boot")]
pub fn boot_time() -> Duration {
    static START: OnceLock<(Duration, Instant)> = OnceLock::new();
    let (boot, start) = START.get_or_init(|| (c::since_boot(), Instant::now()));
    *boot + start.elapsed()
}

/// CPU time that this process has used so far, all threads together.
pub fn cpu_time() -> Duration {
    c::cpu_time().unwrap_or_default()
}

/// Columns of the console on standard output; `None` if it is not a console.
pub fn terminal_columns() -> Option<usize> {
    c::terminal_columns()
}

/// The host name.
///
/// # Errors
/// If the system does not report it.
pub fn hostname() -> io::Result<String> {
    sysinfo::System::host_name().map_err(io::Error::other)
}

/// No privilege is dropped here: the service runs as a user with few rights.
///
/// # Errors
/// Always.
pub fn confine() -> io::Result<()> {
    Err(unsupported())
}

/// The state of the clock. It is not read: the time service shows it only by a command whose output is localized.
///
/// # Errors
/// Always.
pub fn kernel_clock() -> io::Result<KernelClock> {
    Err(unsupported())
}

/// Prepares the process: its output is UTF-8.
pub fn prepare_process() {
    c::print_utf_8();
}

/// Does nothing: the system trims what a process no longer uses by itself.
pub fn release_program() {}

/// The authorities that the system trusts, in DER.
///
/// # Errors
/// The system's error.
pub fn authorities() -> io::Result<Option<Vec<Vec<u8>>>> {
    let store = schannel::cert_store::CertStore::open_current_user("ROOT")?;
    Ok(Some(store.certs().map(|certificate| certificate.to_der().to_vec()).collect()))
}

/// True: the service may read what users may not, so it follows no link of theirs.
pub fn reads_what_is_others() -> bool {
    true
}

/// What an error of the system means, if its kind is not enough.
pub mod error {
    use std::io;

    /// No buffer space (`WSAENOBUFS`), too many sockets (`WSAEMFILE`), out of handles.
    const SHORTAGES: [i32; 3] = [10055, 10024, 4];

    /// True if the exporter itself lacks memory, handles or buffers.
    pub fn is_own_shortage(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::OutOfMemory
            || error.raw_os_error().is_some_and(|code| SHORTAGES.contains(&code))
    }

    /// True if the system does not know this family of addresses (`WSAEAFNOSUPPORT`).
    pub fn is_absent_family(error: &io::Error) -> bool {
        error.raw_os_error() == Some(10047)
    }

    /// True if links form a loop (`ERROR_CANT_RESOLVE_FILENAME`).
    pub fn is_link_loop(error: &io::Error) -> bool {
        error.raw_os_error() == Some(1921)
    }

    /// True if the entry cannot be opened as a file: never on Windows, where devices have reserved names.
    pub fn is_no_file(_: &io::Error) -> bool {
        false
    }

    /// The error of a process that has no socket left, for tests.
    #[cfg(test)]
    pub fn out_of_descriptors() -> io::Error {
        io::Error::from_raw_os_error(10024)
    }
}

/// What the system reports about an open file.
pub mod file {
    use std::{
        fs::{File, Metadata},
        io,
        os::windows::fs::MetadataExt as _,
        path::{Component, Path},
        time::{SystemTime, UNIX_EPOCH},
    };

    use super::{c, unsupported};
    use crate::{model::snapshot::Space, sys::root::FileSystem};

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

    /// The free space on the volume of a directory, and its drive letter.
    ///
    /// # Errors
    /// The system's error.
    pub fn space(file: &File, _: bool) -> io::Result<Option<(u64, Space)>> {
        let path = c::path_of_open(file).ok_or_else(unsupported)?;
        let drive = match path.components().next() {
            Some(Component::Prefix(drive)) => drive.as_os_str().as_encoded_bytes().first().copied(),
            Some(_) | None => None,
        };
        Ok(Some((drive.unwrap_or_default().into(), c::space(&path)?)))
    }

    /// The kind of file system: on Windows none is implemented by a process.
    ///
    /// # Errors
    /// None here.
    pub fn system(_: &File) -> io::Result<FileSystem> {
        Ok(FileSystem::Usual)
    }

    /// True if it is on a file system that is shown to one user alone: there is none.
    pub fn is_kept_from_others(_: &File) -> bool {
        false
    }

    /// What it is if it is neither a regular file nor a directory.
    pub fn special(_: &Metadata) -> &'static str {
        "a special file"
    }

    /// Not the id of any user: Windows has no numeric user ids.
    pub fn owner(_: &Metadata) -> u32 {
        u32::MAX
    }

    /// The identity of a file: its volume and its number on it. The creation time does not identify it: a file that
    /// takes the name of another within 15 s gets its creation time, as after a rotation.
    pub fn identity_of(file: &File, metadata: &Metadata) -> (u64, u64) {
        c::identity(file).unwrap_or((0, metadata.creation_time()))
    }

    /// Size, time of the last change, and creation time.
    pub type Stamp = (u64, SystemTime, u64);

    /// See [`Stamp`].
    pub fn stamp(metadata: &Metadata) -> Stamp {
        (metadata.len(), metadata.modified().unwrap_or(UNIX_EPOCH), metadata.creation_time())
    }
}

/// True if only administrators can have created a file there.
pub(crate) fn is_of_administrators(path: &Path) -> bool {
    root::is_of_administrators(path)
}

/// How many threads each process has, by its id; empty if the system does not report it.
pub(crate) fn threads() -> std::collections::BTreeMap<u32, u32> {
    c::threads()
}

/// Requests from outside to end or to reload.
pub mod signals {
    use std::io;

    use tokio::{
        signal::windows::{self, CtrlBreak, CtrlC, CtrlClose, CtrlShutdown},
        sync::watch,
    };

    use super::service;

    /// Ctrl-C, Ctrl-Break, a closed window, the system's shutdown, and the service manager.
    #[derive(Debug)]
    pub struct Stop {
        interrupt: CtrlC,
        pause: CtrlBreak,
        close: CtrlClose,
        shutdown: CtrlShutdown,
        service: watch::Receiver<bool>,
    }

    impl Stop {
        /// Listens.
        ///
        /// # Errors
        /// The system's error.
        pub fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: windows::ctrl_c()?,
                pause: windows::ctrl_break()?,
                close: windows::ctrl_close()?,
                shutdown: windows::ctrl_shutdown()?,
                service: service::stop(),
            })
        }

        /// Waits for any of them. Cancel-safe.
        pub async fn asked(&mut self) {
            let Self { interrupt, pause, close, shutdown, service } = self;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = pause.recv() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
                _ = service.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// There is no such signal; `POST /-/reload` does it.
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
