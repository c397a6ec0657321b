//! Files and directories of agents, read without trusting them: no FIFOs or devices, up to a maximum size, never
//! outside the root. Rules decide what an absent or unusual file means.

use std::{
    fs::{File, Metadata},
    hash::{DefaultHasher, Hasher},
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::blocking::Attempt;
use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{FileContent, FileState, Rejection, Space},
    },
    observe::{
        events::watch_plan::Question,
        trust::{Credentials, READ, ROOT, SEE, could, is_led_by_no_stranger},
    },
    sys::{
        self,
        root::{FileSystem, Purpose, Root, entries_of, reopen},
    },
};

/// The largest config, record, identifier or hosts file that is read, in bytes. Real ones have a few kilobytes.
pub const LARGEST: u64 = 1 << 20;
/// How much of the beginning of a log is read, in bytes.
pub const LOG_HEAD: u64 = 256 << 10;
/// How much of it is its mark: lines of a log begin with their time.
const MARK: u64 = 4 << 10;

/// Initial buffer for a file whose size is not known, in bytes.
const OF_THE_KERNEL: u64 = 4 << 10;

/// Bytes of a file. They may hold secrets, so `Debug` shows only their number.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The beginning of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// Something that no process can read as a file.
    NotAFile,
    /// The beginning that was marked.
    Same,
    /// Its first [`LOG_HEAD`] bytes, and their mark if they will not change, as the log is at least that long.
    Read(Bytes, Option<u64>),
}

/// What is at a path.
enum Found {
    Nothing,
    NotAFile(&'static str),
    Regular(File, Metadata),
}

/// The host's files, as read in one [`Attempt`].
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// The directory in which paths start.
    pub root: &'a Root,
    /// Guards each read.
    pub attempt: &'a Attempt,
    /// The origin of the paths.
    pub by: By<'a>,
    /// True if the exporter may read more than others, so that anyone who chooses a file for it reads with its
    /// privileges.
    pub deputy: bool,
}

/// The origin of a path.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The exporter itself.
    Exporter,
    /// An agent that runs as root, or one of which only the standard paths are known.
    Root,
    /// An agent of this user: nothing is read for it that the user could not read.
    User(&'a Credentials),
}

/// The entry at a path, links followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// Its path with links resolved, as the agent sees it.
    pub canonical: PathBuf,
    /// Last modification.
    pub modified: SystemTime,
}

/// The type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A FIFO, socket or device.
    Other,
}

impl<'a> Files<'a> {
    /// The same, for paths that a process with these credentials may have named; `None`: no process has.
    #[must_use]
    pub fn named_by(self, credentials: Option<&'a Credentials>) -> Self {
        let by = match credentials {
            Some(credentials) if credentials.user() != Some(ROOT) => By::User(credentials),
            Some(_) | None => By::Root,
        };
        if self.deputy { Self { by, ..self } } else { self }
    }

    /// Opens a path for its metadata, if the user who named it has the permission `bits`. It is read through this
    /// descriptor, so that it cannot be replaced in the meantime.
    pub(super) fn place(&self, path: &Path, bits: u32) -> io::Result<File> {
        let place = match self.by {
            By::Exporter if bits == SEE => return self.root.open(path, Purpose::Look),
            By::Exporter => return self.place_by_root(path),
            By::Root => self.place_by_root(path)?,
            By::User(credentials) => {
                let way = self.root.way(path)?;
                if !could(credentials, bits, &way.steps) {
                    let [user, ..] = credentials.users;
                    let detail =
                        format!("its mode bits do not allow uid {user}, which the agent runs as, to read it");
                    return Err(denied(detail));
                }
                way.end
            }
        };
        match (sys::file::system(&place)?, self.by) {
            (FileSystem::OfTheKernel, _) => {
                Err(denied("a file system of the kernel; agents' files are not read from it".to_owned()))
            }
            (FileSystem::OfAProcess, By::User(_)) => Err(denied(
                "a file system that a process serves (FUSE); those of users are not read".to_owned(),
            )),
            (FileSystem::Usual | FileSystem::OfAProcess, _) => Ok(place),
        }
    }

    /// The entry at a path named by root. A user who can write to a directory on the path must not choose its target,
    /// because the exporter publishes what it reads.
    fn place_by_root(&self, path: &Path) -> io::Result<File> {
        if let Some(place) = self.root.open_without_links(path)? {
            return Ok(place);
        }
        let way = self.root.way(path)?;
        if is_led_by_no_stranger(&way.steps) { Ok(way.end) } else { Err(denied(FOREIGN_LINK.to_owned())) }
    }

    /// Reads a whole regular file; one that is too large is unknown.
    pub fn read(&self, path: &Path) -> Reading<FileState<Bytes>> {
        self.attempt.note(path, Question::Content);
        self.attempt.guard(&self.root.locate(path), || self.read_unguarded(path).into())
    }

    fn read_unguarded(&self, path: &Path) -> Result<FileState<Bytes>, Why> {
        let (file, metadata) = match self.found(path)? {
            Found::Nothing => return Ok(FileState::Missing),
            Found::NotAFile(kind) => return Ok(FileState::NotAFile(kind)),
            Found::Regular(file, metadata) => (file, metadata),
        };
        let refused = |error: io::Error| self.refusal(path, &error);
        let too_large = || {
            let detail = format!("larger than the {LARGEST} bytes that are read of such a file");
            Why::new(Reason::TooLarge, path.display().to_string(), detail)
        };
        if metadata.len() > LARGEST {
            return Err(too_large());
        }
        // The kernel's files report no size.
        let size = if metadata.len() == 0 { OF_THE_KERNEL } else { metadata.len() + 1 };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        // One byte more than allowed detects a file that grew in the meantime, or whose size the kernel does not
        // report.
        (&file).take(LARGEST + 1).read_to_end(&mut bytes).map_err(refused)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
            return Err(too_large());
        }
        let modified = metadata.modified().map_err(refused)?;
        Ok(FileState::Present(FileContent { modified, digest: digest(&bytes), content: Ok(Bytes(bytes)) }))
    }

    /// Reads the beginning of a log, unless it is the one with the mark `known`; `Known(None)`: there is no such file.
    pub fn head(&self, path: &Path, known: Option<u64>) -> Reading<Option<Head>> {
        // Only the beginning counts, which changes only with the file.
        self.attempt.note(path, Question::Standing);
        self.attempt.guard(&self.root.locate(path), || self.head_unguarded(path, known).into())
    }

    fn head_unguarded(&self, path: &Path, known: Option<u64>) -> Result<Option<Head>, Why> {
        let (file, metadata) = match self.found(path)? {
            Found::Nothing => return Ok(None),
            Found::NotAFile(_) => return Ok(Some(Head::NotAFile)),
            Found::Regular(file, metadata) => (file, metadata),
        };
        let refused = |error: io::Error| self.refusal(path, &error);
        let mut bytes = Vec::with_capacity(usize::try_from(MARK).unwrap_or_default());
        (&file).take(MARK).read_to_end(&mut bytes).map_err(refused)?;
        let mark = (metadata.len() >= LOG_HEAD).then(|| digest(&bytes));
        if mark.is_some() && mark == known {
            return Ok(Some(Head::Same));
        }
        let rest = metadata.len().min(LOG_HEAD).saturating_sub(MARK);
        bytes.reserve_exact(usize::try_from(rest).unwrap_or_default());
        (&file).take(LOG_HEAD - MARK).read_to_end(&mut bytes).map_err(refused)?;
        // It may have been truncated in the meantime.
        let whole = u64::try_from(bytes.len()) == Ok(LOG_HEAD);
        Ok(Some(Head::Read(Bytes(bytes), mark.filter(|_| whole))))
    }

    fn found(&self, path: &Path) -> Result<Found, Why> {
        let refused = |error: io::Error| self.refusal(path, &error);
        // The metadata is checked before it is opened: opening a FIFO wakes its writer, and opening a device may have
        // any effect.
        let place = match self.place(path, READ) {
            Ok(place) => place,
            Err(error) if is_absence(&error) => return Ok(Found::Nothing),
            Err(error) if sys::error::is_link_loop(&error) => {
                return Ok(Found::NotAFile("symbolic link loop"));
            }
            Err(error) => return Err(refused(error)),
        };
        let kind = place.metadata().map_err(refused)?.file_type();
        if kind.is_dir() {
            return Ok(Found::NotAFile("directory"));
        }
        if !kind.is_file() {
            return Err(not_regular(path));
        }
        let file = reopen(&place).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if !metadata.is_file() {
            return Err(not_regular(path));
        }
        Ok(Found::Regular(file, metadata))
    }

    /// The entry at a path; `Known(None)`: nothing, or a dangling link or a loop.
    pub fn look(&self, path: &Path) -> Reading<Option<Standing>> {
        self.attempt.note(path, Question::Standing);
        self.attempt.guard(&self.root.locate(path), || match self.look_unguarded(path) {
            Ok(standing) => Reading::Known(Some(standing)),
            Err(error) if is_absence(&error) || sys::error::is_link_loop(&error) => Reading::Known(None),
            Err(error) => Reading::Unknown(self.refusal(path, &error)),
        })
    }

    fn look_unguarded(&self, path: &Path) -> io::Result<Standing> {
        let file = self.place(path, SEE)?;
        let metadata = file.metadata()?;
        let kind = match () {
            () if metadata.is_file() => Kind::File,
            () if metadata.is_dir() => Kind::Directory,
            () => Kind::Other,
        };
        let canonical = self.root.canonical(&file).unwrap_or_else(|| path.to_owned());
        Ok(Standing { kind, canonical, modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH) })
    }

    /// The free space of a directory's file system, and its identity; `Known(None)`: there is no such directory, or
    /// nothing can be written there.
    pub fn space(&self, path: &Path, as_root: bool) -> Reading<Option<(u64, Space)>> {
        self.attempt.guard(&self.root.locate(path), || {
            let space = self.place(path, 0).and_then(|place| sys::file::space(&place, as_root));
            match space {
                Ok(space) => Reading::Known(space),
                Err(error) if is_absence(&error) => Reading::Known(None),
                Err(error) => Reading::Unknown(self.refusal(path, &error)),
            }
        })
    }

    /// True if a directory is known to exist.
    pub fn is_directory(&self, path: &Path) -> bool {
        matches!(self.look(path), Reading::Known(Some(Standing { kind: Kind::Directory, .. })))
    }

    /// The sorted names in a directory; `Known(None)`: there is no such directory. With more than `most` names it is
    /// unknown: a part of them might not include the one that is searched for.
    pub fn list(&self, path: &Path, most: usize) -> Reading<Option<Vec<PathBuf>>> {
        self.attempt.note(path, Question::Entries);
        self.attempt.guard(&self.root.locate(path), || match self.list_unguarded(path, most) {
            Ok(Some(names)) => Reading::Known(Some(names)),
            Ok(None) => {
                let detail = format!("more than the {most} names that are read of such a directory");
                Reading::Unknown(Why::new(Reason::TooLarge, path.display().to_string(), detail))
            }
            Err(error) if is_absence(&error) || sys::error::is_link_loop(&error) => Reading::Known(None),
            Err(error) => Reading::Unknown(self.refusal(path, &error)),
        })
    }

    /// Why the entry at a path cannot be read.
    pub(super) fn refusal(&self, path: &Path, error: &io::Error) -> Why {
        let is_of_system = error.kind() == ErrorKind::PermissionDenied && error.get_ref().is_none();
        if is_of_system && self.is_kept_from_others(path) {
            return Why::new(Reason::Denied, path.display().to_string(), KEPT_FROM_OTHERS);
        }
        refusal(path, error)
    }

    /// True if the path leads into a file system that a process serves to its own user only.
    fn is_kept_from_others(&self, path: &Path) -> bool {
        let mut on_the_way = path.ancestors().map(|above| self.root.open(above, Purpose::Look));
        on_the_way.find_map(Result::ok).is_some_and(|last| sys::file::is_kept_from_others(&last))
    }

    /// `None`: too many.
    fn list_unguarded(&self, path: &Path, most: usize) -> io::Result<Option<Vec<PathBuf>>> {
        let names = entries_of(&self.place(path, READ)?, most)?;
        Ok(names.map(|mut names| {
            names.sort_unstable();
            names.into_iter().map(PathBuf::from).collect()
        }))
    }
}

/// A refusal by the exporter itself.
fn denied(detail: String) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, detail)
}

const FOREIGN_LINK: &str = "a symbolic link in its path leads to another user's file or directory, and is owned neither by root nor by that user; create the link as root";

const KEPT_FROM_OTHERS: &str = "a FUSE file system, which the kernel shows only to the user that mounted it, whatever capabilities \
                                others have; mount it with the option allow_other";

/// True if the error means that the path does not exist.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The file's state with its bytes parsed.
pub fn parsed<T>(
    state: Reading<FileState<Bytes>>,
    parse: impl FnOnce(&[u8]) -> Result<T, Rejection>,
) -> Reading<FileState<T>> {
    state.map(|state| match state {
        FileState::Missing => FileState::Missing,
        FileState::NotAFile(what) => FileState::NotAFile(what),
        FileState::Present(FileContent { modified, digest, content }) => FileState::Present(FileContent {
            modified,
            digest,
            content: content.and_then(|bytes| parse(&bytes.0)),
        }),
    })
}

/// A hash that distinguishes contents. `SipHash` with fixed keys: the same in every run of the same build.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

pub(super) fn not_regular(path: &Path) -> Why {
    let detail = "it is a FIFO, socket or device, which is not read";
    Why::new(Reason::NotARegularFile, path.display().to_string(), detail)
}

fn refusal(path: &Path, error: &io::Error) -> Why {
    let why = |reason, detail| Why::new(reason, path.display().to_string(), detail);
    let is = |kind| error.kind() == kind;
    if is(ErrorKind::PermissionDenied) && error.get_ref().is_some() {
        why(Reason::Denied, error.to_string())
    } else if is(ErrorKind::PermissionDenied) {
        let shown = path.display();
        let detail = format!("permission denied; grant CAP_DAC_READ_SEARCH, or read permission on {shown}");
        why(Reason::Denied, detail)
    } else if is(ErrorKind::Unsupported) {
        why(Reason::Unsupported, error.to_string())
    } else if sys::error::is_no_file(error) {
        not_regular(path)
    } else {
        why(Reason::Failed, error.to_string())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
