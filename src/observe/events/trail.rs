//! The directory entries that decide what a path leads to: watching all of them shows whatever happens to the path.
//!
//! Every component counts, so that a directory that is removed and made again, a late one, and a link that is swapped (as
//! Kubernetes does with config maps) all show. Blocks on the file system.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Changes, Interest, WatchTargets};
use crate::observe::root::{MOST_LINKS, components};

/// File systems of the kernel's own, which tell of no changes.
const SILENT: [&str; 2] = ["/proc", "/sys"];

/// What was asked of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// What stands there.
    Standing,
    /// What it holds.
    Content,
    /// What entries it has.
    Entries,
}

/// Finds trails under one root.
#[derive(Debug)]
pub struct Trails {
    root: PathBuf,
    known: BTreeMap<PathBuf, Step>,
    targets: WatchTargets,
}

#[derive(Debug, Clone)]
enum Step {
    Link(PathBuf),
    Standing,
    Missing,
}

impl Trails {
    /// Trails under `root`, which is free of links.
    pub fn new(root: PathBuf) -> Self {
        Self { root, known: BTreeMap::new(), targets: WatchTargets::default() }
    }

    /// Adds a path as the agent sees it; `means` is what a change there means besides.
    pub fn add(&mut self, path: &Path, question: Question, means: Changes) {
        if SILENT.iter().any(|silent| path.starts_with(silent)) {
            return;
        }
        let end = self.follow(path, question, means);
        if let Some(end) = end
            && question == Question::Entries
        {
            self.targets.directories.entry(end).or_default().any = true;
        }
    }

    /// Adds an executable, as the agent sees it. What is no regular file is only watched for becoming one.
    pub fn add_executable(&mut self, path: &Path) {
        if let Some(end) = self.follow(path, Question::Standing, Changes::START)
            && std::fs::symlink_metadata(&end).is_ok_and(|standing| standing.is_file())
        {
            self.targets.executables.insert(end);
        }
    }

    /// What to watch.
    pub fn into_targets(self) -> WatchTargets {
        self.targets
    }

    /// Notes each entry on the way; where the path ends, if it leads anywhere.
    fn follow(&mut self, path: &Path, question: Question, means: Changes) -> Option<PathBuf> {
        let mut todo = components(path);
        let mut current = self.root.clone();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                if current != self.root {
                    current.pop();
                }
                continue;
            }
            let next = current.join(&name);
            let last = todo.is_empty();
            let interest =
                self.targets.directories.entry(current.clone()).or_default().named.entry(name).or_default();
            merge(interest, Interest { content: last && question == Question::Content, means });
            match self.known.entry(next.clone()).or_insert_with(|| step(&next)) {
                Step::Missing => return None,
                Step::Standing => current = next,
                Step::Link(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return None;
                    }
                    if target.is_absolute() {
                        current.clone_from(&self.root);
                    }
                    todo.extend(components(target));
                }
            }
        }
        Some(current)
    }
}

fn merge(interest: &mut Interest, more: Interest) {
    interest.content |= more.content;
    interest.means |= more.means;
}

fn step(path: &Path) -> Step {
    match std::fs::read_link(path) {
        Ok(target) => Step::Link(target),
        // EINVAL: not a link.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Step::Standing,
        Err(_) => Step::Missing,
    }
}
