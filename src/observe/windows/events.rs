//! Changes of files and directories, from the system's notifications. All other sources are polled, and report this.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};

use super::untold::unsupported;
use crate::observe::events::{Changes, Interest, Names, Source, WatchPlan, Watched};

/// Exits of processes, addresses, routes and steps of the clock are polled.
pub(in crate::observe) use super::untold::{Exits, Untold as Multicast, Untold as Setting};

/// More changes than this between two readings are reported as one unspecified change.
const MOST_EVENTS: usize = 1024;

/// The changes since the last reading.
#[derive(Debug, Default)]
struct PendingChanges {
    paths: Vec<(PathBuf, bool)>,
    /// More changes than were kept, or an error of the source.
    anything: bool,
    waker: Option<Waker>,
}

type Shared = Arc<Mutex<PendingChanges>>;

fn lock(heard: &Shared) -> MutexGuard<'_, PendingChanges> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files and directories.
#[derive(Debug)]
pub(in crate::observe) struct Watches {
    watcher: RecommendedWatcher,
    heard: Shared,
    /// The names that matter, by directory in lower case.
    plan: BTreeMap<String, Names>,
    watched: BTreeSet<PathBuf>,
}

impl Watches {
    pub(in crate::observe) fn open() -> io::Result<Self> {
        let heard = Shared::default();
        let told = Arc::clone(&heard);
        let watcher =
            notify::recommended_watcher(move |event| hear(&told, event)).map_err(io::Error::other)?;
        Ok(Self { watcher, heard, plan: BTreeMap::new(), watched: BTreeSet::new() })
    }

    /// Watches these directories and no others.
    pub(in crate::observe) async fn watch(&mut self, plan: WatchPlan) -> Watched {
        let mut result = Watched::default();
        result.missing.extend(unsupported::<()>().err().map(|error| (Source::ProcessStart, error)));
        let wanted: BTreeSet<PathBuf> = plan.directories.keys().cloned().collect();
        for gone in self.watched.difference(&wanted) {
            // The watch of a removed directory is gone too.
            let _gone = self.watcher.unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for directory in wanted {
            if self.watched.contains(&directory) {
                watched.insert(directory);
                continue;
            }
            match self.watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    result.changes |= Changes::FILE;
                    watched.insert(directory);
                }
                // A directory that was removed in the meantime is no longer in the next plan.
                Err(_) if !directory.is_dir() => {}
                Err(error) => result.missing.push((Source::File, io::Error::other(error.to_string()))),
            }
        }
        self.watched = watched;
        self.plan =
            plan.directories.into_iter().map(|(path, names)| (folded(path.as_os_str()), names)).collect();
        result
    }

    pub(in crate::observe) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        let mut heard = lock(&self.heard);
        heard.waker = Some(context.waker().clone());
        heard.anything || !heard.paths.is_empty()
    }

    pub(in crate::observe) fn take(&mut self) -> Changes {
        let (paths, anything) = {
            let mut heard = lock(&self.heard);
            (std::mem::take(&mut heard.paths), std::mem::take(&mut heard.anything))
        };
        let all = if anything { Changes::FILE | Changes::HOSTS } else { Changes::NONE };
        paths.iter().fold(all, |changes, (path, only_written)| changes | self.meaning(path, *only_written))
    }

    /// The changes implied by an event on this path.
    fn meaning(&self, path: &Path, only_written: bool) -> Changes {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Changes::NONE };
        let Some(names) = self.plan.get(&folded(directory.as_os_str())) else { return Changes::NONE };
        let name = folded(name);
        let named = names.named.iter().find(|(known, _)| folded(known) == name);
        match named.map(|(_, interest)| *interest) {
            Some(Interest { content: false, .. }) if only_written => Changes::NONE,
            Some(Interest { means, .. }) => Changes::FILE | means,
            None if names.any && !only_written => Changes::FILE,
            None => Changes::NONE,
        }
    }
}

/// On Windows, paths are compared without regard to case.
fn folded(name: &OsStr) -> String {
    name.to_string_lossy().replace('/', r"\").trim_end_matches('\\').to_lowercase()
}

fn hear(heard: &Shared, event: notify::Result<Event>) {
    let mut heard = lock(heard);
    match event {
        Ok(event) => {
            let only_written = matches!(
                event.kind,
                EventKind::Modify(ModifyKind::Any | ModifyKind::Data(_) | ModifyKind::Metadata(_))
            );
            heard.anything |= event.need_rescan();
            for path in event.paths {
                let known =
                    heard.paths.iter().any(|(before, written)| *before == path && *written == only_written);
                if heard.paths.len() == MOST_EVENTS {
                    heard.anything = true;
                } else if !known {
                    heard.paths.push((path, only_written));
                }
            }
        }
        Err(_) => heard.anything = true,
    }
    if let Some(waker) = heard.waker.take() {
        waker.wake();
    }
}
