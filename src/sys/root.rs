//! Paths under `--path.rootfs`: symbolic links resolve inside it, and nothing outside is ever opened.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::system::root as system;

/// The maximum number of links in one path, as in the kernel.
pub const MOST_LINKS: usize = 40;

/// The root directory to which agents' paths are relative.
#[derive(Debug, Clone)]
pub struct Root {
    /// Canonical, so that paths from the system can be compared with it.
    path: PathBuf,
    /// The open directory, if its path may later refer to another one: that of a process.
    held: Option<Arc<File>>,
}

/// What a path is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For its metadata; its content is not read.
    Look,
    /// To be read. Does not wait for a FIFO's writer.
    Read,
}

/// A component of a path: a directory, a link, or the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Who owns it.
    pub owner: u32,
    /// The group that it belongs to.
    pub group: u32,
    /// Permission bits. With an access control list, the group bits are the maximum that it grants to anyone.
    pub mode: u32,
    /// True for a symbolic link, whose mode bits have no meaning.
    pub is_link: bool,
    /// For a link: the owner of its target.
    pub leads_to_owner: Option<u32>,
}

/// The kind of file system that a file is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// An ordinary one.
    Usual,
    /// One of the kernel's: its entries are not real files, and reading them may have effects.
    OfTheKernel,
    /// One that a process implements (FUSE).
    OfAProcess,
}

/// The components of a path.
#[derive(Debug)]
pub struct Way {
    /// Every component from the root directory on, links included; the last one is the file itself.
    pub steps: Vec<Step>,
    /// The file, opened for its metadata.
    pub end: File,
}

impl Root {
    /// The root at `path`. Blocks on the file system once.
    pub fn new(path: &Path) -> Self {
        Self { path: system::canonical(path), held: None }
    }

    /// The root that is this open directory, whatever `path` refers to by now.
    pub fn held(directory: File, path: PathBuf) -> Self {
        Self { path, held: Some(Arc::new(directory)) }
    }

    /// The directory, if it is held open.
    pub(super) fn directory(&self) -> Option<&File> {
        self.held.as_deref()
    }

    /// The directory itself, if it is held open.
    pub fn held_directory(&self) -> Option<Arc<File>> {
        self.held.clone()
    }

    /// Where it is on the exporter's own file system, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if it is the exporter's own root.
    pub fn is_own(&self) -> bool {
        self.held.is_none() && self.path == Path::new("/")
    }

    /// Where `path`, as the agent sees it, is on the exporter's own file system, if it contains no link.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.path.join(relative(path))
    }

    /// `path` of the exporter's file system as the agent sees it: without the root's prefix. `None` if it is not below
    /// the root.
    pub fn strip(&self, path: &Path) -> Option<PathBuf> {
        if self.is_own() {
            return Some(path.to_owned());
        }
        path.strip_prefix(&self.path).ok().map(|rest| Path::new("/").join(rest))
    }

    /// Opens `path`.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(&self, path: &Path, purpose: Purpose) -> io::Result<File> {
        system::open(self, path, purpose)
    }

    /// Opens `path` for its metadata, if it contains no link. `None`: it contains one, or the kernel cannot check that.
    ///
    /// # Errors
    /// The system's error.
    pub fn open_without_links(&self, path: &Path) -> io::Result<Option<File>> {
        system::open_without_links(self, path)
    }

    /// Follows a path component by component, links included.
    ///
    /// # Errors
    /// The system's error.
    pub fn way(&self, path: &Path) -> io::Result<Way> {
        system::way(self, path)
    }

    /// The names in a directory, in no particular order. `None`: there are more than `most`.
    ///
    /// # Errors
    /// The system's error; also if it is not a directory.
    pub fn entries(&self, path: &Path, most: usize) -> io::Result<Option<Vec<OsString>>> {
        system::entries(self, path, most)
    }

    /// The path of an open file as the agent sees it, with links resolved. `None` if the system does not report it.
    pub fn canonical(&self, file: &File) -> Option<PathBuf> {
        if self.held.is_some() {
            // Its mounts are not the exporter's, and paths that the kernel returns there do not exist here.
            return None;
        }
        self.strip(&system::path_of_open(file)?)
    }
}

/// Opens for reading a file that was opened for its metadata, whatever its path refers to by now.
///
/// # Errors
/// The system's error.
pub fn reopen(looked_at: &File) -> io::Result<File> {
    system::reopen(looked_at)
}

/// The names in a directory that was opened for its metadata, in no particular order. `None`: there are more
/// than `most`.
///
/// # Errors
/// The system's error; also if it is not a directory.
pub fn entries_of(looked_at: &File, most: usize) -> io::Result<Option<Vec<OsString>>> {
    system::names_in(reopen(looked_at)?, most)
}

/// `path` without its leading `/`; the root itself is `.`.
pub(super) fn relative(path: &Path) -> &Path {
    let rest = path.strip_prefix("/").unwrap_or(path);
    if rest.as_os_str().is_empty() { Path::new(".") } else { rest }
}

/// The starting point of `path` as the agent sees it: the root, or its drive.
pub fn start(root: &Path, path: &Path) -> PathBuf {
    system::start(root, path)
}

/// The named components and the `..` of a path, in reverse order.
pub fn components(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn paths_are_translated_both_ways() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        let hosts = Path::new("/etc/hosts");
        assert_eq!(root.locate(hosts), directory.path().canonicalize().unwrap().join("etc/hosts"));
        assert_eq!(root.strip(&root.locate(hosts)), Some("/etc/hosts".into()));
        assert_eq!(root.strip(hosts), None);
        assert_eq!(Root::new(Path::new("/")).strip(hosts), Some("/etc/hosts".into()));
    }
}
