//! The directory entries that determine the target of a path: watching all of them shows every change of the path.
//!
//! Every component counts, so that a directory that is removed and created again, one that is created later, and a link
//! that is swapped (as Kubernetes does with config maps) are all noticed. Blocks on the file system.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Changes, Interest, WatchPlan};
use crate::sys::root::{MOST_LINKS, components, start};

/// The kernel's file systems, which do not report changes.
const SILENT: [&str; 2] = ["/proc", "/sys"];

/// The kind of access to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Whether it exists, and its type.
    Standing,
    /// Its content.
    Content,
    /// Its entries, if it is a directory.
    Entries,
}

/// Plans what to watch under one root.
#[derive(Debug)]
pub struct Planner {
    root: PathBuf,
    known: BTreeMap<PathBuf, Entry>,
    plan: WatchPlan,
}

/// The type of the entry at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Link(PathBuf),
    Directory,
    File,
    /// A FIFO, socket or device.
    Other,
    Missing,
}

impl Planner {
    /// Plans under `root`, which contains no links.
    pub fn new(root: PathBuf) -> Self {
        Self { root, known: BTreeMap::new(), plan: WatchPlan::default() }
    }

    /// Adds a path as the agent sees it; `means` are the other changes that a change there implies.
    pub fn add(&mut self, path: &Path, question: Question, means: Changes) {
        if SILENT.iter().any(|silent| path.starts_with(silent)) {
            return;
        }
        // Only directories have entries, whatever was expected.
        if let Some((end, Entry::Directory)) = self.follow(path, question, means)
            && question == Question::Entries
        {
            self.plan.directories.entry(end).or_default().any = true;
        }
    }

    /// Adds an executable, as the agent sees it. Anything other than a regular file is only watched for becoming one.
    pub fn add_executable(&mut self, path: &Path) {
        if let Some((end, Entry::File)) = self.follow(path, Question::Standing, Changes::START) {
            self.plan.executables.insert(end);
        }
    }

    /// What to watch.
    pub fn into_plan(self) -> WatchPlan {
        self.plan
    }

    /// Records each component; returns the target of the path and its type, if it exists.
    fn follow(&mut self, path: &Path, question: Question, means: Changes) -> Option<(PathBuf, Entry)> {
        let mut todo = components(path);
        let beginning = start(&self.root, path);
        let mut current = beginning.clone();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                if current != beginning {
                    current.pop();
                }
                continue;
            }
            let next = current.join(&name);
            let last = todo.is_empty();
            let interest =
                self.plan.directories.entry(current.clone()).or_default().named.entry(name).or_default();
            merge(interest, Interest { content: last && question == Question::Content, means });
            match self.known.entry(next.clone()).or_insert_with(|| entry(&next)) {
                Entry::Directory => current = next,
                end @ (Entry::File | Entry::Other) => return last.then(|| (next, end.clone())),
                Entry::Missing => return None,
                Entry::Link(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return None;
                    }
                    if target.is_absolute() {
                        current = start(&self.root, target);
                    }
                    todo.extend(components(target));
                }
            }
        }
        Some((current, Entry::Directory))
    }
}

fn merge(interest: &mut Interest, more: Interest) {
    interest.content |= more.content;
    interest.means |= more.means;
}

fn entry(path: &Path) -> Entry {
    match std::fs::symlink_metadata(path).map(|standing| standing.file_type()) {
        Ok(kind) if kind.is_symlink() => std::fs::read_link(path).map_or(Entry::Missing, Entry::Link),
        Ok(kind) if kind.is_dir() => Entry::Directory,
        Ok(kind) if kind.is_file() => Entry::File,
        Ok(_) => Entry::Other,
        Err(_) => Entry::Missing,
    }
}
