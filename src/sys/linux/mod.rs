//! Linux.

mod c;
mod confinement;
pub mod helper;
pub mod local;
#[path = "../no_manager.rs"]
mod manager;
pub(super) mod root;
mod service;
#[cfg(any(test, fuzzing))]
pub(crate) mod testing;

use std::{io, time::Duration};

use rustix::{
    thread::CapabilitySet,
    time::{ClockId, clock_gettime},
};

pub use c::{end_of, kernel_clock, prepare_process, release_program};
pub use confinement::confine;
pub use manager::{EventLog, as_service, manage_service};
pub use service::ServiceManager;

use crate::model::System;

/// The system that the exporter was built for.
pub const SYSTEM: System = System::Linux;
/// The hosts file.
pub const HOSTS_FILE: &str = "/etc/hosts";
/// The service's config file, if no variable sets another.
pub const CONFIG_FILE: &str = "/etc/logagent-exporter/logagent-exporter.yml";

/// The authorities that the system trusts, if it does not have them in files: here it does.
///
/// # Errors
/// None.
pub fn authorities() -> io::Result<Option<Vec<Vec<u8>>>> {
    Ok(None)
}

/// Time since boot, suspend included (`CLOCK_BOOTTIME`).
pub fn boot_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// CPU time that this process has used so far, all threads together.
pub fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// True if the process may read files or memory of other users: then anyone who chooses a file for it reads
/// with its privileges.
pub fn reads_what_is_others() -> bool {
    let capabilities =
        CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH | CapabilitySet::SYS_PTRACE;
    rustix::process::geteuid().is_root()
        || rustix::thread::capabilities(None).map_or(true, |sets| sets.effective.intersects(capabilities))
}

/// The host name, as `hostname` prints it.
///
/// # Errors
/// None here; only on systems that do not provide it.
pub fn hostname() -> io::Result<String> {
    Ok(rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Columns of the terminal on standard output; `None` if it is not a terminal.
pub fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_col > 0).then(|| size.ws_col.into())
}

/// What an error of the system means, if its [`kind`](io::Error::kind) is not enough.
pub mod error {
    use std::io;

    use rustix::io::Errno;

    /// True if the exporter itself lacks descriptors, buffers or memory.
    pub fn is_own_shortage(error: &io::Error) -> bool {
        let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        shortages.iter().any(|shortage| error.raw_os_error() == Some(shortage.raw_os_error()))
    }

    /// True if the system does not know this family of addresses (IPv6 is turned off).
    pub fn is_absent_family(error: &io::Error) -> bool {
        error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
    }

    /// True if links form a loop.
    pub fn is_link_loop(error: &io::Error) -> bool {
        error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
    }

    /// True if the entry cannot be opened as a file: a socket, or a device without a driver.
    pub fn is_no_file(error: &io::Error) -> bool {
        [Errno::NXIO, Errno::NODEV].iter().any(|no| error.raw_os_error() == Some(no.raw_os_error()))
    }

    /// The error of a process that has no descriptor left, for tests.
    #[cfg(test)]
    pub fn out_of_descriptors() -> io::Error {
        Errno::MFILE.into()
    }
}

/// The facts of an open file.
pub mod file {
    use std::{
        fs::{File, Metadata},
        io,
        os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
        path::Path,
    };

    use rustix::{
        fs::{Mode, OFlags, StatVfsMountFlags},
        io::Errno,
    };

    use crate::{model::snapshot::Space, sys::root::FileSystem};

    /// Opens a path of the exporter's own file system for reading, without waiting for a FIFO's writer.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// Creates a new file that only its owner can read.
    ///
    /// # Errors
    /// The kernel's error; `AlreadyExists` if the path exists.
    pub fn create_private(path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).mode(0o600).open(path)
    }

    /// `/proc`, `/sys`, tracing, debugging, security, eBPF, persistent store, both versions of control groups.
    const OF_THE_KERNEL: [i64; 9] = [
        0x9fa0,
        0x6265_6572,
        0x7472_6163,
        0x6462_6720,
        0x7363_6673,
        0xcafe_4a11,
        0x6165_676c,
        0x0027_e0eb,
        0x6367_7270,
    ];
    const FUSE: i64 = 0x6573_5546;

    /// The kind of file system of an open file.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn system(file: &File) -> io::Result<FileSystem> {
        let kind = kind_of(rustix::fs::fstatfs(file)?.f_type);
        Ok(match kind {
            FUSE => FileSystem::OfAProcess,
            kind if OF_THE_KERNEL.contains(&kind) => FileSystem::OfTheKernel,
            _ => FileSystem::Usual,
        })
    }

    /// True if the file is on a FUSE file system that the kernel shows only to the user that mounted it: then not
    /// even the metadata of its root directory can be read.
    pub fn is_kept_from_others(looked_at: &File) -> bool {
        matches!(rustix::fs::fstat(looked_at), Err(Errno::ACCESS))
            && matches!(system(looked_at), Ok(FileSystem::OfAProcess))
    }

    /// The free space of the file system of an open file, and its identity. `None`: nothing can be written
    /// there, or it has no size. The superuser may also use the reserved space.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn space(file: &File, as_root: bool) -> io::Result<Option<(u64, Space)>> {
        let status = rustix::fs::fstatvfs(file)?;
        if status.f_flag.contains(StatVfsMountFlags::RDONLY) || status.f_blocks == 0 {
            return Ok(None);
        }
        let block = status.f_frsize.max(1);
        let (blocks_left, inodes_left) =
            if as_root { (status.f_bfree, status.f_ffree) } else { (status.f_bavail, status.f_favail) };
        // The reserved space is not part of what a user can use.
        let kept_back = if as_root { 0 } else { status.f_bfree.saturating_sub(status.f_bavail) };
        let space = Space {
            bytes: status.f_blocks.saturating_sub(kept_back).saturating_mul(block),
            bytes_left: blocks_left.saturating_mul(block),
            inodes: status.f_files,
            inodes_left,
        };
        Ok(Some((file.metadata()?.dev(), space)))
    }

    /// The type's width and sign differ between architectures; each number has 32 bits.
    fn kind_of(kind: impl TryInto<i64>) -> i64 {
        kind.try_into().unwrap_or_default() & 0xffff_ffff
    }

    /// What it is if it is neither a regular file nor a directory.
    pub fn special(metadata: &Metadata) -> &'static str {
        let kind = metadata.file_type();
        if kind.is_fifo() {
            "a FIFO"
        } else if kind.is_char_device() || kind.is_block_device() {
            "a device"
        } else {
            "a special file"
        }
    }

    /// The user who owns it.
    pub fn owner(metadata: &Metadata) -> u32 {
        metadata.uid()
    }

    /// The identity of a file: device and inode.
    pub fn identity(metadata: &Metadata) -> (u64, u64) {
        (metadata.dev(), metadata.ino())
    }

    /// The same, for an open file.
    pub fn identity_of(_: &File, metadata: &Metadata) -> (u64, u64) {
        identity(metadata)
    }

    /// Differs after the file was replaced or edited, even within one clock tick: identity, size, and the
    /// times of the last change.
    pub type Stamp = (u64, u64, u64, i64, i64, i64);

    /// See [`Stamp`].
    pub fn stamp(metadata: &Metadata) -> Stamp {
        let (device, inode) = identity(metadata);
        (device, inode, metadata.size(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime_nsec())
    }
}

/// How many descriptors the process may have.
pub mod limits {
    use std::io;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// A limit; `None`: unlimited.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Limit {
        /// The limit that is in effect.
        pub current: Option<u64>,
        /// The maximum to which the process itself may raise it.
        pub maximum: Option<u64>,
    }

    /// The limit of open descriptors.
    pub fn descriptors() -> Limit {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        Limit { current, maximum }
    }

    /// Sets the limit.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn set_descriptors(limit: Limit) -> io::Result<()> {
        let Limit { current, maximum } = limit;
        Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
    }
}

/// Requests from outside to end or to reload.
pub mod signals {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// SIGTERM and SIGINT.
    #[derive(Debug)]
    pub struct Stop {
        terminate: Signal,
        interrupt: Signal,
    }

    impl Stop {
        /// Listens. Must be called within a runtime.
        ///
        /// # Errors
        /// The kernel's error.
        pub fn listen() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }

        /// Waits for either. Cancel-safe.
        pub async fn asked(&mut self) {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
        }
    }

    /// SIGHUP.
    #[derive(Debug)]
    pub struct Reload(Signal);

    impl Reload {
        /// Listens. Must be called within a runtime.
        ///
        /// # Errors
        /// The kernel's error.
        pub fn listen() -> io::Result<Self> {
            Ok(Self(signal(SignalKind::hangup())?))
        }

        /// Waits for one. Cancel-safe.
        pub async fn asked(&mut self) {
            // `None` would mean that no more can arrive.
            if self.0.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }
}
