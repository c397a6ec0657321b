//! Files and directories: the entry at a path, and how its agent reads it.

use std::{path::PathBuf, time::SystemTime};

use crate::model::Reading;

/// A file that an agent reads or writes, and what was found in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact<T> {
    /// Path as the agent sees it.
    pub path: PathBuf,
    /// What was found.
    pub state: Reading<FileState<T>>,
}

/// The entry at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState<T> {
    /// Nothing (ENOENT, or a dangling link).
    Missing,
    /// Something that no process can read as a file: `directory`, `symbolic link loop`.
    NotAFile(&'static str),
    /// A regular file.
    Present(FileContent<T>),
}

/// A regular file's content, as its agent would parse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent<T> {
    /// Last modification.
    pub modified: SystemTime,
    /// Hash of the bytes, to distinguish an edit from a `touch`.
    pub digest: u64,
    /// The parsed content, or why the agent would reject it.
    pub content: Result<T, Rejection>,
}

impl<T> FileFact<T> {
    /// The parsed content, if the file was read, exists, and was accepted.
    pub fn content(&self) -> Option<&T> {
        match &self.state {
            Reading::Known(FileState::Present(file)) => file.content.as_ref().ok(),
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => None,
        }
    }

    /// The file's last modification, if it was read and exists.
    pub fn modified(&self) -> Option<SystemTime> {
        match &self.state {
            Reading::Known(FileState::Present(file)) => Some(file.modified),
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => None,
        }
    }
}

/// Why the agent's own parser would reject a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Line, from 1, if known.
    pub line: Option<u32>,
    /// The defect; never quotes content that could be a secret.
    pub reason: String,
}

/// A directory with the names of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryFact {
    /// Path as the agent sees it.
    pub path: PathBuf,
    /// Sorted names (invalid UTF-8 replaced), or `None` if there is no such directory.
    pub names: Reading<Option<Vec<String>>>,
    /// Last modification of the directory, if it exists.
    pub modified: Option<SystemTime>,
}
