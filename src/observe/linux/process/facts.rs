//! The facts of one process in `/proc`, each read under the deadline. Work and memory are bounded whatever a process
//! writes there.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Dir, Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use crate::{
    model::{Reading, Reason, Why, report::Limit},
    observe::host::{
        blocking::Attempt,
        environ::{self, Kept},
    },
};

/// The maximum number of bytes read from one file of `/proc`; a command line may be arbitrarily long.
const MOST_BYTES: u64 = 1 << 20;
/// The maximum number of arguments that are kept, and their maximum length in bytes.
pub(super) const MOST_ARGUMENTS: usize = 256;
pub(super) const LONGEST_ARGUMENT: usize = 4 << 10;
/// The maximum total size of the arguments, and of the environments, of all processes of one reading, in bytes.
const MOST_IN_ALL: usize = 4 << 20;
/// Room for a usual file of `/proc`, so that one read is enough.
const USUAL_BYTES: usize = 2 << 10;

/// How a read of `/proc` can end without an answer.
pub(super) enum ReadError {
    /// The process (or its executable) is not there.
    Gone,
    Unread(Why),
}

/// Reads one procfs, once.
pub(super) struct Facts<'a> {
    procfs: &'a Path,
    attempt: &'a Attempt,
    left_of_arguments: Cell<usize>,
    left_of_environments: Cell<usize>,
    limits: RefCell<BTreeSet<Limit>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(procfs: &'a Path, attempt: &'a Attempt) -> Self {
        Self {
            procfs,
            attempt,
            left_of_arguments: Cell::new(MOST_IN_ALL),
            left_of_environments: Cell::new(MOST_IN_ALL),
            limits: RefCell::default(),
        }
    }

    /// The bounds that were reached.
    pub(super) fn into_limits(self) -> BTreeSet<Limit> {
        self.limits.into_inner()
    }

    /// Its arguments. `None`: it is gone.
    pub(super) fn arguments(&self, pid: u32) -> Option<Reading<Vec<String>>> {
        Some(match self.read(pid, "cmdline") {
            Ok(bytes) => self.kept(pid, &bytes),
            Err(ReadError::Gone) => return None,
            Err(ReadError::Unread(why)) => Reading::Unknown(why),
        })
    }

    /// Its `argv[0]`, if any.
    ///
    /// # Errors
    /// If it is gone or cannot be read.
    pub(super) fn first_argument(&self, pid: u32) -> Result<Option<String>, ReadError> {
        let bytes = self.read(pid, "cmdline")?;
        Ok(split_arguments(&bytes).0.into_iter().next())
    }

    fn kept(&self, pid: u32, bytes: &[u8]) -> Reading<Vec<String>> {
        let (arguments, whole) = split_arguments(bytes);
        if !whole || is_cut(bytes) {
            self.reached(Limit::Arguments);
        }
        let length = arguments.iter().map(String::len).sum();
        self.within(
            &self.left_of_arguments,
            length,
            Limit::Arguments,
            || self.path(pid, "cmdline"),
            arguments,
        )
    }

    /// The wanted variables of its environment. `None`: it is gone.
    pub(super) fn environment(&self, pid: u32, wanted: impl Fn(&str) -> bool) -> Option<Reading<Kept>> {
        Some(match self.read(pid, "environ") {
            Ok(bytes) => {
                let kept = environ::parse(&bytes, wanted);
                if kept.cut || is_cut(&bytes) {
                    self.reached(Limit::Environment);
                }
                let length = kept.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
                let path = || self.path(pid, "environ");
                self.within(&self.left_of_environments, length, Limit::Environment, path, kept)
            }
            Err(ReadError::Gone) => return None,
            Err(ReadError::Unread(why)) => Reading::Unknown(why),
        })
    }

    /// The kept bytes of each process count towards the total.
    fn within<T>(
        &self,
        left: &Cell<usize>,
        length: usize,
        limit: Limit,
        path: impl Fn() -> PathBuf,
        value: T,
    ) -> Reading<T> {
        if let Some(rest) = left.get().checked_sub(length) {
            left.set(rest);
            return Reading::Known(value);
        }
        self.reached(limit);
        let detail = format!("all processes together have more than the {MOST_IN_ALL} bytes that are kept");
        Reading::Unknown(Why::new(Reason::TooLarge, path().display().to_string(), detail))
    }

    /// Notes that a bound was reached.
    pub(super) fn reached(&self, limit: Limit) {
        self.limits.borrow_mut().insert(limit);
    }

    /// How many descriptors it has open. `None`: it is gone.
    pub(super) fn open_fds(&self, pid: u32) -> Option<Reading<u64>> {
        let path = self.path(pid, "fd");
        let reading = self.attempt.guard(&path, || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let count = openat(CWD, &path, flags, Mode::empty()).and_then(Dir::new).map(|listing| {
                listing
                    .filter(|entry| {
                        entry.as_ref().is_ok_and(|entry| !entry.file_name().to_bytes().starts_with(b"."))
                    })
                    .count()
            });
            match count {
                Ok(count) => Reading::Known(Some(u64::try_from(count).unwrap_or(u64::MAX))),
                Err(Errno::NOENT | Errno::SRCH) => Reading::Known(None),
                Err(error) => Reading::Unknown(refusal(&path, error)),
            }
        });
        match reading {
            Reading::Known(None) => None,
            Reading::Known(Some(count)) => Some(Reading::Known(count)),
            Reading::Unknown(why) => Some(Reading::Unknown(why)),
        }
    }

    /// The target of a link.
    pub(super) fn link(&self, pid: u32, name: &str) -> Result<PathBuf, ReadError> {
        let path = self.path(pid, name);
        self.get(&path, || {
            Ok(PathBuf::from(OsString::from_vec(readlinkat(CWD, &path, Vec::new())?.into_bytes())))
        })
    }

    /// Device and inode of its root directory.
    pub(super) fn root(&self, pid: u32) -> Result<(u64, u64), ReadError> {
        let path = self.path(pid, "root");
        self.get(&path, || {
            let stat = rustix::fs::stat(&path)?;
            Ok((stat.st_dev, stat.st_ino))
        })
    }

    /// A file's content, or its beginning.
    pub(super) fn read(&self, pid: u32, name: &str) -> Result<Vec<u8>, ReadError> {
        let path = self.path(pid, name);
        self.get(&path, || {
            let file = File::from(openat(CWD, &path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
            let mut bytes = Vec::with_capacity(USUAL_BYTES);
            match file.take(MOST_BYTES).read_to_end(&mut bytes) {
                Ok(_) => Ok(bytes),
                Err(error) => Err(error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)),
            }
        })
    }

    fn get<T>(&self, path: &Path, read: impl FnOnce() -> rustix::io::Result<T>) -> Result<T, ReadError> {
        let reading = self.attempt.guard(path, || match read() {
            Ok(value) => Reading::Known(Some(value)),
            Err(Errno::NOENT | Errno::SRCH) => Reading::Known(None),
            Err(error) => Reading::Unknown(refusal(path, error)),
        });
        match reading {
            Reading::Known(Some(value)) => Ok(value),
            Reading::Known(None) => Err(ReadError::Gone),
            Reading::Unknown(why) => Err(ReadError::Unread(why)),
        }
    }

    fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.procfs.join(format!("{pid}/{name}"))
    }
}

/// True if there may be more of a file than was read.
fn is_cut(bytes: &[u8]) -> bool {
    u64::try_from(bytes.len()).is_ok_and(|length| length >= MOST_BYTES)
}

fn refusal(path: &Path, error: Errno) -> Why {
    let fact = path.display().to_string();
    match error {
        Errno::ACCESS | Errno::PERM => Why::new(
            Reason::Denied,
            fact,
            "another user's process: permission denied; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or run as root",
        ),
        error => Why::new(Reason::Failed, fact, io::Error::from(error).to_string()),
    }
}

/// The arguments, and whether they are complete.
pub(super) fn split_arguments(bytes: &[u8]) -> (Vec<String>, bool) {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return (Vec::new(), true);
    }
    let mut whole = bytes.split(|byte| *byte == 0).nth(MOST_ARGUMENTS).is_none();
    let arguments = bytes
        .split(|byte| *byte == 0)
        .take(MOST_ARGUMENTS)
        .map(|argument| {
            whole &= argument.len() <= LONGEST_ARGUMENT;
            String::from_utf8_lossy(argument.get(..LONGEST_ARGUMENT).unwrap_or(argument)).into_owned()
        })
        .collect();
    (arguments, whole)
}
