//! What the kernel tells of changes: processes that start and exit, files, addresses, steps of the clock.
//!
//! An event only says that it is worth looking again; what it carries is not believed. None is needed for correctness: the
//! timer finds all of it. A source that cannot be had is logged once and polled instead.

mod address;
mod changes;
mod clock;
mod file;
mod process;
pub mod trail;

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    path::PathBuf,
    task::Poll,
};

use tokio::io::unix::AsyncFd;
use tracing::info;

pub use self::changes::Changes;

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
pub struct WatchTargets {
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

/// All sources.
#[derive(Debug)]
pub struct Events {
    process: process::Exits,
    file: Option<file::Watches>,
    address: Option<address::Multicast>,
    clock: Option<clock::Setting>,
    down: BTreeSet<Source>,
    pending: Changes,
}

impl Events {
    /// Opens what can be had. Must be called within a runtime.
    pub fn open() -> Self {
        let mut events = Self::closed();
        events.down.clear();
        events.file = events.opened(&[Source::File, Source::ProcessStart], file::Watches::open());
        events.address = events.opened(&[Source::Address], address::Multicast::open());
        events.clock = events.opened(&[Source::Clock], clock::Setting::open());
        events
    }

    /// No source at all: everything is polled.
    pub fn closed() -> Self {
        Self {
            process: process::Exits::default(),
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
        changes |= self.file.as_mut().map_or(Changes::NONE, file::Watches::take);
        changes |= self.address.as_mut().map_or(Changes::NONE, address::Multicast::take);
        changes |= self.clock.as_mut().map_or(Changes::NONE, clock::Setting::take);
        changes
    }

    /// Watches what the last reading looked at, and no longer what it did not. What is watched anew may have changed since
    /// it was read, and is reported as changed.
    pub async fn watch(&mut self, targets: WatchTargets) {
        if self.down.len() == Source::ALL.len() {
            return;
        }
        if let Some(processes) = &targets.processes {
            match self.process.watch(processes) {
                Ok(changes) => self.pending |= changes,
                Err(error) => self.is_down(Source::ProcessExit, &error),
            }
        } else {
            let error = io::Error::other("the procfs numbers processes in another PID namespace");
            self.is_down(Source::ProcessExit, &error);
        }
        if let Some(watches) = &mut self.file {
            let watched = watches.watch(targets).await;
            self.pending |= watched.changes;
            for (source, error) in watched.refused {
                self.is_down(source, &error);
            }
        }
    }

    fn opened<T>(&mut self, sources: &[Source], opened: io::Result<T>) -> Option<T> {
        match opened {
            Ok(opened) => Some(opened),
            Err(error) => {
                for source in sources {
                    self.is_down(*source, &error);
                }
                None
            }
        }
    }

    fn is_down(&mut self, source: Source, error: &io::Error) {
        if self.down.insert(source) {
            info!(source = source.as_str(), "no events, polling instead: {error}");
        }
    }
}

/// Registers a descriptor that becomes readable.
#[expect(
    deprecated,
    reason = "its successor is `unsafe` for types that may close or change their descriptor; `OwnedFd` does neither"
)]
fn readable<T: std::os::fd::AsRawFd + Borrow<OwnedFd>>(owned: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(owned, tokio::io::Interest::READABLE)
}

#[cfg(test)]
mod tests;
