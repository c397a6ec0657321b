//! What the kernel tells of changes: processes that start and exit, files, addresses, steps of the clock.
//!
//! An event only says that it is worth looking again; what it carries is not believed. None is needed for correctness: the
//! timer finds all of it. A source that cannot be had is polled instead and tried again at each reading; both are logged.

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
    /// Descriptors of processes (Linux 5.3).
    ProcessExit,
    /// Opening of executables.
    ProcessStart,
    /// Changes in directories.
    File,
    /// The kernel's multicast on links, addresses and routes.
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

/// What to watch: what the last reading looked at. Paths are those of the exporter's own file system, free of links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchPlan {
    /// Directories, and what in them matters.
    pub directories: BTreeMap<PathBuf, Names>,
    /// Executables whose start matters.
    pub executables: BTreeSet<PathBuf>,
    /// Live processes, by the id that the exporter itself knows them by. `None`: the procfs is of another PID namespace.
    pub processes: Option<BTreeSet<u32>>,
}

/// What matters in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// True if any entry that comes or goes does.
    pub any: bool,
    /// Entries that matter by name, and what their change means.
    pub named: BTreeMap<OsString, Interest>,
}

/// What of a directory entry matters, besides its coming and going.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interest {
    /// What is written into it.
    pub content: bool,
    /// What a change means besides a change of a file.
    pub means: Changes,
}

/// What came of placing watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What may have changed before it was watched.
    pub(super) changes: Changes,
    /// What is not told by its source, and why.
    pub(super) missing: Vec<(Source, io::Error)>,
}

/// All sources.
#[derive(Debug)]
pub struct Events {
    /// True if all is to be polled.
    closed: bool,
    process: Exits,
    file: Option<Watches>,
    address: Option<Multicast>,
    clock: Option<Setting>,
    down: BTreeSet<Source>,
    pending: Changes,
}

impl Events {
    /// Opens what can be had. Must be called within a runtime.
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

    /// Each source, and whether it works.
    pub fn sources(&self) -> impl Iterator<Item = (Source, bool)> {
        Source::ALL.into_iter().map(|source| (source, self.works(source)))
    }

    /// True if what this source is for is told.
    pub fn works(&self, source: Source) -> bool {
        !self.down.contains(&source)
    }

    /// Waits until there may be something to take. Cancel-safe.
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

    /// Everything that has happened since the last call. Does not block; work is bounded however much happens.
    pub fn take(&mut self) -> Changes {
        let mut changes = std::mem::take(&mut self.pending);
        changes |= self.process.take();
        changes |= self.file.as_mut().map_or(Changes::NONE, Watches::take);
        changes |= self.address.as_mut().map_or(Changes::NONE, Multicast::take);
        changes |= self.clock.as_mut().map_or(Changes::NONE, Setting::take);
        changes
    }

    /// How watched processes have ended, of which that was not told before.
    pub fn deaths(&mut self) -> Vec<Death> {
        self.process.deaths()
    }

    /// Watches what the last reading looked at, and no longer what it did not. What is watched anew may have changed since
    /// it was read, and is reported as changed.
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

    /// Opens what is not open. Of what was not told until now, anything may have changed.
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

    /// Those that something is missing of are down, all others are up; what is new of that is logged.
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

/// Opens what is not open; true if it was opened now.
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
mod tests;
