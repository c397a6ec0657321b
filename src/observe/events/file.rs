//! Files, through the directories that hold them, and starts, through the opening of executables: one inotify instance.
//!
//! Directories and not files are watched, so that a file that is replaced, or comes late, is seen. Writing shows when the
//! writer closes the file: a log that grows wakes nobody.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io,
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustix::{
    fs::{
        inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch},
        statfs,
    },
    io::Errno,
};
use tokio::io::{Interest, unix::AsyncFd};

use super::{Changes, Source, WatchTargets, readable};

/// What of a directory's entries is told.
const OF_DIRECTORIES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::DONT_FOLLOW);
/// Execution opens the file.
const OF_EXECUTABLES: WatchFlags = WatchFlags::OPEN.union(WatchFlags::DONT_FOLLOW);
/// An entry came or went.
const ENTRY: ReadFlags =
    ReadFlags::CREATE.union(ReadFlags::DELETE).union(ReadFlags::MOVED_FROM).union(ReadFlags::MOVED_TO);
/// The watched directory itself went.
const GONE: ReadFlags =
    ReadFlags::DELETE_SELF.union(ReadFlags::MOVE_SELF).union(ReadFlags::UNMOUNT).union(ReadFlags::IGNORED);

/// The most events that are taken at once; the rest waits for the next time.
const MOST_EVENTS: usize = 4096;
/// How long the file system may take to place watches.
const DEADLINE: Duration = Duration::from_secs(1);
/// File systems whose changes may be made elsewhere, and are not told: NFS, SMB (three generations), 9P, FUSE, Ceph.
const REMOTE: [i64; 7] = [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x6573_5546, 0x00C3_6400];

/// One inotify instance.
#[derive(Debug)]
pub(super) struct Watches {
    inotify: AsyncFd<Arc<OwnedFd>>,
    targets: WatchTargets,
    placed: BTreeMap<PathBuf, i32>,
    /// Where no watch can be had; not tried again until it is no longer wanted.
    refused: BTreeSet<PathBuf>,
}

/// What came of placing watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What may have changed before it was watched.
    pub(super) changes: Changes,
    /// Sources that are not complete, and why.
    pub(super) refused: Vec<(Source, io::Error)>,
}

#[derive(Debug, Clone)]
struct Wish {
    path: PathBuf,
    flags: WatchFlags,
    source: Source,
}

impl Watches {
    pub(super) fn open() -> io::Result<Self> {
        let inotify = Arc::new(init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        Ok(Self {
            inotify: readable(inotify)?,
            targets: WatchTargets::default(),
            placed: BTreeMap::new(),
            refused: BTreeSet::new(),
        })
    }

    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        matches!(self.inotify.poll_read_ready(context), Poll::Ready(Ok(_)))
    }

    /// Watches these targets, and no others.
    pub(super) async fn watch(&mut self, targets: WatchTargets) -> Watched {
        if targets != self.targets {
            let unwanted: Vec<PathBuf> =
                self.placed.keys().filter(|path| !wants(&targets, path)).cloned().collect();
            for path in unwanted {
                self.forget(&path);
            }
            self.refused.retain(|path| wants(&targets, path));
            self.targets = targets;
        }
        let directories = self.targets.directories.keys().map(|path| (path, OF_DIRECTORIES, Source::File));
        let executables =
            self.targets.executables.iter().map(|path| (path, OF_EXECUTABLES, Source::ProcessStart));
        let wishes: Vec<Wish> = directories
            .chain(executables)
            .filter(|(path, ..)| !self.placed.contains_key(*path) && !self.refused.contains(*path))
            .map(|(path, flags, source)| Wish { path: path.clone(), flags, source })
            .collect();
        if wishes.is_empty() {
            return Watched::default();
        }
        let inotify = Arc::clone(self.inotify.get_ref());
        let wanted = wishes.clone();
        let placing = tokio::task::spawn_blocking(move || place(&inotify, wanted));
        if let Ok(Ok(outcomes)) = tokio::time::timeout(DEADLINE, placing).await {
            return self.keep(outcomes);
        }
        // It hangs: these are given up, the file system is only polled.
        self.refused.extend(wishes.iter().map(|wish| wish.path.clone()));
        let error = io::Error::from(io::ErrorKind::TimedOut);
        Watched { changes: Changes::NONE, refused: vec![(Source::File, error)] }
    }

    fn keep(&mut self, outcomes: Vec<(Wish, Outcome)>) -> Watched {
        let mut watched = Watched::default();
        for (Wish { path, source, .. }, outcome) in outcomes {
            match outcome.watch {
                Ok(watch) => {
                    self.placed.insert(path, watch);
                    watched.changes |= if source == Source::File { Changes::FILE } else { Changes::START };
                }
                // Gone since it was read.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => watched.changes |= Changes::FILE,
                Err(error) => {
                    let error = io::Error::other(format!("{}: {}", path.display(), io::Error::from(error)));
                    watched.refused.push((source, error));
                    self.refused.insert(path.clone());
                    continue;
                }
            }
            if let Some(remote) = outcome.remote {
                watched.refused.push((Source::File, io::Error::other(remote)));
            }
        }
        watched
    }

    /// Everything that has happened since the last call.
    pub(super) fn take(&mut self) -> Changes {
        let mut events = Vec::new();
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let inotify = Arc::clone(self.inotify.get_ref());
        let mut reader = Reader::new(&*inotify, &mut buffer);
        let _all_taken = self.inotify.try_io(Interest::READABLE, |_| {
            while events.len() < MOST_EVENTS || !reader.is_buffer_empty() {
                let event = reader.next()?;
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                let event = (event.wd(), event.events(), name);
                // The same again says nothing new.
                if events.last() != Some(&event) {
                    events.push(event);
                }
            }
            Ok(())
        });
        let mut changes = Changes::NONE;
        for (watch, what, name) in events {
            changes |= self.meaning(watch, what, name.as_deref());
        }
        changes
    }

    fn meaning(&mut self, watch: i32, what: ReadFlags, name: Option<&OsStr>) -> Changes {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            return Changes::FILE | Changes::HOSTS | Changes::START;
        }
        let paths: Vec<PathBuf> = self
            .placed
            .iter()
            .filter(|(_, placed)| **placed == watch)
            .map(|(path, _)| path.clone())
            .collect();
        let mut changes = Changes::NONE;
        for path in paths {
            if self.targets.executables.contains(&path) && what.contains(ReadFlags::OPEN) {
                changes |= Changes::START;
            }
            if what.intersects(GONE) {
                self.forget(&path);
                changes |= Changes::FILE;
            }
            let Some((name, names)) = name.zip(self.targets.directories.get(&path)) else { continue };
            let entry = what.intersects(ENTRY);
            if entry && names.any {
                changes |= Changes::FILE;
            }
            if let Some(interest) = names.named.get(name)
                && (entry || what.contains(ReadFlags::ATTRIB) || interest.content)
            {
                changes |= Changes::FILE | interest.means;
                if entry {
                    self.forget_below(&path.join(name));
                }
            }
        }
        changes
    }

    /// What was below an entry that came or went is elsewhere now.
    fn forget_below(&mut self, path: &Path) {
        let below: Vec<PathBuf> =
            self.placed.keys().filter(|placed| placed.starts_with(path)).cloned().collect();
        for path in below {
            self.forget(&path);
        }
        self.refused.retain(|refused| !refused.starts_with(path));
    }

    fn forget(&mut self, path: &Path) {
        if let Some(watch) = self.placed.remove(path)
            && !self.placed.values().any(|placed| *placed == watch)
        {
            // The kernel may have removed it already.
            let _gone = remove_watch(&**self.inotify.get_ref(), watch);
        }
    }
}

fn wants(targets: &WatchTargets, path: &Path) -> bool {
    targets.directories.contains_key(path) || targets.executables.contains(path)
}

struct Outcome {
    watch: rustix::io::Result<i32>,
    remote: Option<String>,
}

/// Blocks as long as the file systems do.
fn place(inotify: &OwnedFd, wishes: Vec<Wish>) -> Vec<(Wish, Outcome)> {
    let placed = |wish: Wish| {
        let watch = add_watch(inotify, &wish.path, wish.flags);
        let is_remote = statfs(&wish.path).is_ok_and(|system| is_listed(system.f_type));
        let remote = is_remote
            .then(|| format!("{}: file systems of this type do not tell all changes", wish.path.display()));
        (wish, Outcome { watch, remote })
    };
    wishes.into_iter().map(placed).collect()
}

/// The type's width differs between architectures.
fn is_listed(kind: impl TryInto<i64>) -> bool {
    kind.try_into().is_ok_and(|kind: i64| REMOTE.contains(&kind))
}
