//! Changes of files, by watching their directories, and starts of programs, by watching for the opening of executables,
//! with one inotify instance.
//!
//! Directories and not files are watched, so that a file that is replaced or created later is noticed. Writing is
//! reported when the writer closes the file: a growing log causes no events. Whenever a watch may no longer belong to
//! its path, all watches are added again: the kernel returns the watch of each path, and all other watches are removed.

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
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::readable;
use crate::observe::events::{Changes, Source, WatchPlan, Watched};

/// The events of a directory's entries.
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
/// An entry was created or removed.
const ENTRY: ReadFlags =
    ReadFlags::CREATE.union(ReadFlags::DELETE).union(ReadFlags::MOVED_FROM).union(ReadFlags::MOVED_TO);
/// The watched directory itself was removed.
const GONE: ReadFlags =
    ReadFlags::DELETE_SELF.union(ReadFlags::MOVE_SELF).union(ReadFlags::UNMOUNT).union(ReadFlags::IGNORED);

/// The maximum number of events read at once; the rest is read the next time.
const MOST_EVENTS: usize = 4096;
/// How long the file system may take to place one watch.
const DEADLINE: Duration = Duration::from_millis(500);
/// The maximum numbers of hanging requests that are waited for at once, and of threads that wait for them in total.
const MOST_HUNG_AT_ONCE: usize = 2;
const MOST_HUNG: usize = 8;
/// All watches are added again at this interval, because mounts over a directory cause no event.
const AT_LEAST_EVERY: Duration = Duration::from_secs(60);
/// File systems that may be changed elsewhere without events: NFS, SMB (three generations), 9P, FUSE, Ceph.
const REMOTE: [i64; 7] = [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x6573_5546, 0x00C3_6400];

/// One inotify instance.
#[derive(Debug)]
pub(in crate::observe) struct Watches {
    inotify: AsyncFd<Arc<OwnedFd>>,
    place: fn(&OwnedFd, &PlannedWatch) -> Outcome,
    plan: WatchPlan,
    placed: BTreeMap<PathBuf, i32>,
    placed_at: Option<Instant>,
    /// True if, after some event, a watch may no longer belong to its path.
    stale: bool,
    /// Directories in the plan that did not exist when the watches were added.
    vanished: BTreeSet<PathBuf>,
    /// True if something in the plan is not watched or not fully reported: it is tried again.
    incomplete: bool,
    /// File systems that have not answered.
    hung: BTreeMap<PathBuf, JoinHandle<()>>,
}

/// One watch to place.
#[derive(Debug, Clone)]
struct PlannedWatch {
    path: PathBuf,
    source: Source,
}

#[derive(Debug)]
struct Outcome {
    watch: rustix::io::Result<i32>,
    is_remote: bool,
}

/// Changes that a source does not report, and why.
type Missing = Vec<(Source, io::Error)>;

impl Watches {
    pub(in crate::observe) fn open() -> io::Result<Self> {
        Self::placing_by(place)
    }

    fn placing_by(place: fn(&OwnedFd, &PlannedWatch) -> Outcome) -> io::Result<Self> {
        let inotify = Arc::new(init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        Ok(Self {
            inotify: readable(inotify)?,
            place,
            plan: WatchPlan::default(),
            placed: BTreeMap::new(),
            placed_at: None,
            stale: false,
            vanished: BTreeSet::new(),
            incomplete: false,
            hung: BTreeMap::new(),
        })
    }

    pub(in crate::observe) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        matches!(self.inotify.poll_read_ready(context), Poll::Ready(Ok(_)))
    }

    /// Watches the directories of the plan, and no others.
    pub(in crate::observe) async fn watch(&mut self, plan: WatchPlan) -> Watched {
        let is_recent = self.placed_at.is_some_and(|at| at.elapsed() < AT_LEAST_EVERY);
        if plan == self.plan && !self.stale && !self.incomplete && is_recent {
            return Watched::default();
        }
        self.plan = plan;
        self.stale = false;
        self.placed_at = Some(Instant::now());
        let mut missing = Vec::new();
        let outcomes = self.place_all(&mut missing).await;
        let changes = self.keep(outcomes, &mut missing);
        self.incomplete = !missing.is_empty() || !self.vanished.is_empty();
        Watched { changes, missing }
    }

    /// Requests every watch. One that hangs affects only itself.
    async fn place_all(&mut self, missing: &mut Missing) -> Vec<(PlannedWatch, Outcome)> {
        self.hung.retain(|_, thread| !thread.is_finished());
        let directories = self.plan.directories.keys().map(|path| (path, Source::File));
        let executables = self.plan.executables.iter().map(|path| (path, Source::ProcessStart));
        let wishes =
            directories.chain(executables).map(|(path, source)| PlannedWatch { path: path.clone(), source });
        let (hung, mut todo): (Vec<PlannedWatch>, Vec<PlannedWatch>) =
            wishes.partition(|wish| wish.path.ancestors().any(|above| self.hung.contains_key(above)));
        miss(missing, hung, "the file system has not answered an earlier request");
        let mut outcomes = Vec::with_capacity(todo.len());
        for _ in 0..MOST_HUNG_AT_ONCE {
            if todo.is_empty() || self.hung.len() >= MOST_HUNG {
                break;
            }
            let (thread, mut answers) = self.placing(todo.clone());
            let before = outcomes.len();
            let hangs = loop {
                match timeout(DEADLINE, answers.recv()).await {
                    Ok(Some(outcome)) => outcomes.push(outcome),
                    Ok(None) => break false,
                    Err(_elapsed) => break true,
                }
            };
            todo.drain(..(outcomes.len() - before).min(todo.len()));
            if hangs && !todo.is_empty() {
                let wish = todo.remove(0);
                self.hung.insert(wish.path.clone(), thread);
                miss(missing, [wish], "the file system does not answer");
            }
        }
        miss(missing, todo, "too many requests to file systems have not been answered");
        outcomes
    }

    /// A thread that handles one request after the other, as long as there is a receiver.
    fn placing(
        &self,
        wishes: Vec<PlannedWatch>,
    ) -> (JoinHandle<()>, mpsc::UnboundedReceiver<(PlannedWatch, Outcome)>) {
        let (answer, answers) = mpsc::unbounded_channel();
        let (inotify, place) = (Arc::clone(self.inotify.get_ref()), self.place);
        let thread = tokio::task::spawn_blocking(move || {
            for wish in wishes {
                let outcome = place(&inotify, &wish);
                if answer.send((wish, outcome)).is_err() {
                    break;
                }
            }
        });
        (thread, answers)
    }

    /// Makes these the current watches, except where a file system has not answered; directories that are new in them
    /// may have changed before.
    fn keep(&mut self, outcomes: Vec<(PlannedWatch, Outcome)>, missing: &mut Missing) -> Changes {
        let mut before = std::mem::take(&mut self.placed);
        let vanished = std::mem::take(&mut self.vanished);
        let mut changes = Changes::NONE;
        let mut removed = Vec::new();
        for (PlannedWatch { path, source }, outcome) in outcomes {
            let earlier = before.remove(&path);
            removed.extend(earlier);
            match outcome.watch {
                Ok(watch) => {
                    if earlier != Some(watch) {
                        changes |= if source == Source::File { Changes::FILE } else { Changes::START };
                    }
                    if outcome.is_remote {
                        let why = format!("{}: this file system does not report all changes", path.display());
                        missing.push((source, io::Error::other(why)));
                    }
                    self.placed.insert(path, watch);
                }
                Err(error) => {
                    let is_gone = matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP);
                    if is_gone && !vanished.contains(&path) {
                        // The next reading will find it. If it still exists then, the event is outdated.
                        changes |= Changes::FILE;
                    } else {
                        let why = format!("{}: {}", path.display(), io::Error::from(error));
                        missing.push((source, io::Error::other(why)));
                    }
                    if is_gone {
                        self.vanished.insert(path);
                    }
                }
            }
        }
        for (path, watch) in before {
            if self.plan.directories.contains_key(&path) || self.plan.executables.contains(&path) {
                self.placed.insert(path, watch);
            } else {
                removed.push(watch);
            }
        }
        let kept: BTreeSet<i32> = self.placed.values().copied().collect();
        removed.into_iter().filter(|watch| !kept.contains(watch)).for_each(|watch| self.remove(watch));
        changes
    }

    /// Everything that has happened since the last call.
    pub(in crate::observe) fn take(&mut self) -> Changes {
        let mut events = Vec::new();
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let inotify = Arc::clone(self.inotify.get_ref());
        let mut reader = Reader::new(&*inotify, &mut buffer);
        let _all_taken = self.inotify.try_io(Interest::READABLE, |_| {
            while events.len() < MOST_EVENTS || !reader.is_buffer_empty() {
                let event = reader.next()?;
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                let event = (event.wd(), event.events(), name);
                // The same result again is not reported.
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
            // The lost events may include replaced directories.
            self.stale = true;
            return Changes::FILE | Changes::HOSTS | Changes::START;
        }
        let mut changes = Changes::NONE;
        let mut is_known = false;
        for (path, _) in self.placed.iter().filter(|(_, placed)| **placed == watch) {
            is_known = true;
            if self.plan.executables.contains(path) && what.contains(ReadFlags::OPEN) {
                changes |= Changes::START;
            }
            if what.intersects(GONE) {
                self.stale = true;
                changes |= Changes::FILE;
            }
            let Some((name, names)) = name.zip(self.plan.directories.get(path)) else { continue };
            let entry = what.intersects(ENTRY);
            if entry && names.any {
                changes |= Changes::FILE;
            }
            if let Some(interest) = names.named.get(name)
                && (entry || what.contains(ReadFlags::ATTRIB) || interest.content)
            {
                changes |= Changes::FILE | interest.means;
                // Paths below an entry that was created or removed refer to other files now.
                self.stale |= entry && self.has_below(&path.join(name));
            }
        }
        if !is_known && !what.contains(ReadFlags::IGNORED) {
            // From an abandoned thread, or for a directory that is no longer wanted.
            self.remove(watch);
        }
        changes
    }

    fn has_below(&self, path: &Path) -> bool {
        self.placed.keys().any(|placed| placed.starts_with(path))
    }

    fn remove(&self, watch: i32) {
        // The kernel may have removed it already.
        let _gone = remove_watch(&**self.inotify.get_ref(), watch);
    }
}

fn miss(missing: &mut Missing, wishes: impl IntoIterator<Item = PlannedWatch>, why: &str) {
    missing.extend(wishes.into_iter().map(|PlannedWatch { path, source }| {
        (source, io::Error::new(io::ErrorKind::TimedOut, format!("{}: {why}", path.display())))
    }));
}

/// Blocks as long as the file system does.
fn place(inotify: &OwnedFd, wish: &PlannedWatch) -> Outcome {
    let is_directory = wish.source == Source::File;
    let flags = if is_directory { OF_DIRECTORIES } else { OF_EXECUTABLES };
    let watch = add_watch(inotify, &wish.path, flags);
    // Programs are executed on this host, wherever the executable is stored.
    let is_remote = is_directory && statfs(&wish.path).is_ok_and(|system| is_listed(system.f_type));
    Outcome { watch, is_remote }
}

/// The type's width differs between architectures.
fn is_listed(kind: impl TryInto<i64>) -> bool {
    kind.try_into().is_ok_and(|kind: i64| REMOTE.contains(&kind))
}

#[cfg(test)]
mod tests;
