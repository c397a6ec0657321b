//! Kernel events about changes: process starts and exits, files, addresses, clock steps.
//!
//! An event only triggers a new reading; its contents are not used. Correctness does not depend on events: the timer
//! finds every change. A source that is not available is replaced by polling and tried again at each reading; both are
//! logged.

mod changes;
pub mod watch_plan;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io,
    path::PathBuf,
    task::Poll,
};

use tracing::info;

pub use self::changes::Changes;
use crate::model::snapshot::Death;

use super::system::events::{Exits, Multicast, Setting, Watches};

/// Where events come from; the label `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// pidfds (Linux 5.3).
    ProcessExit,
    /// Opening of executables.
    ProcessStart,
    /// Changes in directories.
    File,
    /// The kernel's multicast messages about links, addresses and routes.
    Address,
    /// A timer that is cancelled when the clock is set.
    Clock,
}

impl Source {
    /// All, in the order of the metric.
    pub const ALL: [Self; 5] =
        [Self::ProcessExit, Self::ProcessStart, Self::File, Self::Address, Self::Clock];

    /// The value of the label `source`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProcessExit => "process_exit",
            Self::ProcessStart => "process_start",
            Self::File => "file",
            Self::Address => "address",
            Self::Clock => "clock",
        }
    }
}

/// What to watch: the entries that the last reading used. Paths are those of the exporter's own file system, with
/// links resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchPlan {
    /// Directories, and the entries in them that matter.
    pub directories: BTreeMap<PathBuf, Names>,
    /// Executables whose start matters.
    pub executables: BTreeSet<PathBuf>,
    /// Live processes, by their id in the exporter's PID namespace. `None`: the procfs belongs to another one.
    pub processes: Option<BTreeSet<u32>>,
}

/// The entries of a directory that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// True if every new or removed entry matters.
    pub any: bool,
    /// Entries that matter by name, and the changes that they imply.
    pub named: BTreeMap<OsString, Interest>,
}

/// The changes of a directory entry that matter, besides creation and removal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interest {
    /// Changes of its content.
    pub content: bool,
    /// Changes that it implies besides that of a file.
    pub means: Changes,
}

/// The result of placing watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What may have changed before it was watched.
    pub(super) changes: Changes,
    /// Changes that the source does not report, and why.
    pub(super) missing: Vec<(Source, io::Error)>,
}

/// All sources.
#[derive(Debug)]
pub struct Events {
    /// True if everything is polled.
    closed: bool,
    process: Exits,
    file: Option<Watches>,
    address: Option<Multicast>,
    clock: Option<Setting>,
    down: BTreeSet<Source>,
    pending: Changes,
}

impl Events {
    /// Opens the sources that are available. Must be called within a runtime.
    pub fn open() -> Self {
        let mut events = Self { closed: false, ..Self::closed() };
        events.down.clear();
        let missing = events.open_missing();
        events.tell(missing);
        events.pending = Changes::NONE;
        events
    }

    /// No source at all: everything is polled.
    pub fn closed() -> Self {
        Self {
            closed: true,
            process: Exits::default(),
            file: None,
            address: None,
            clock: None,
            down: BTreeSet::from(Source::ALL),
            pending: Changes::NONE,
        }
    }

    /// All sources, and whether each works.
    pub fn sources(&self) -> impl Iterator<Item = (Source, bool)> {
        Source::ALL.into_iter().map(|source| (source, self.works(source)))
    }

    /// True if this source reports its changes.
    pub fn works(&self, source: Source) -> bool {
        !self.down.contains(&source)
    }

    /// Waits until there may be events to read. Cancel-safe.
    pub async fn ready(&mut self) {
        std::future::poll_fn(|context| {
            // All are polled, so that each of them wakes this task.
            let ready = [
                !self.pending.is_none(),
                self.process.poll_ready(context),
                self.file.as_ref().is_some_and(|source| source.poll_ready(context)),
                self.address.as_ref().is_some_and(|source| source.poll_ready(context)),
                self.clock.as_ref().is_some_and(|source| source.poll_ready(context)),
            ];
            if ready.contains(&true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Everything that has happened since the last call. Does not block; the work is bounded, however many events there
    /// are.
    pub fn take(&mut self) -> Changes {
        let mut changes = std::mem::take(&mut self.pending);
        changes |= self.process.take();
        changes |= self.file.as_mut().map_or(Changes::NONE, Watches::take);
        changes |= self.address.as_mut().map_or(Changes::NONE, Multicast::take);
        changes |= self.clock.as_mut().map_or(Changes::NONE, Setting::take);
        changes
    }

    /// How watched processes have ended, each reported once.
    pub fn deaths(&mut self) -> Vec<Death> {
        self.process.deaths()
    }

    /// Watches the entries that the last reading used, and no others. An entry that was not watched before may have
    /// changed since it was read, and is reported as changed.
    pub async fn watch(&mut self, plan: WatchPlan) {
        if self.closed {
            return;
        }
        let mut missing = self.open_missing();
        if let Some(processes) = &plan.processes {
            let (changes, complete) = self.process.watch(processes);
            self.pending |= changes;
            missing.extend(complete.err().map(|error| (Source::ProcessExit, error)));
        } else {
            let error = io::Error::other("the procfs numbers processes in another PID namespace");
            missing.push((Source::ProcessExit, error));
        }
        if let Some(watches) = &mut self.file {
            let watched = watches.watch(plan).await;
            self.pending |= watched.changes;
            missing.extend(watched.missing);
        }
        self.tell(missing);
    }

    /// Opens the sources that are not open. Anything that was not reported until now may have changed.
    fn open_missing(&mut self) -> Vec<(Source, io::Error)> {
        let mut missing = Vec::new();
        let files = [Source::File, Source::ProcessStart];
        open(&mut self.file, Watches::open, &files, &mut missing);
        if open(&mut self.address, Multicast::open, &[Source::Address], &mut missing) {
            self.pending |= Changes::ADDRESS;
        }
        if open(&mut self.clock, Setting::open, &[Source::Clock], &mut missing) {
            self.pending |= Changes::CLOCK;
        }
        missing
    }

    /// Marks the sources in `missing` as down and all others as up, and logs each transition.
    fn tell(&mut self, missing: Vec<(Source, io::Error)>) {
        let before = std::mem::take(&mut self.down);
        for (source, error) in missing {
            if self.down.insert(source) && !before.contains(&source) {
                info!(source = source.as_str(), "no events, polling instead: {error}");
            }
        }
        for source in before.difference(&self.down) {
            info!(source = source.as_str(), "events again");
        }
    }
}

/// Opens a source that is not open; true if this call opened it.
fn open<T>(
    source: &mut Option<T>,
    open: impl FnOnce() -> io::Result<T>,
    names: &[Source],
    missing: &mut Vec<(Source, io::Error)>,
) -> bool {
    if source.is_some() {
        return false;
    }
    match open() {
        Ok(opened) => *source = Some(opened),
        Err(error) => {
            let same = |name: &Source| (*name, io::Error::new(error.kind(), error.to_string()));
            missing.extend(names.iter().map(same));
        }
    }
    source.is_some()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
