//! Follows logs of other programs: each cycle reads only new lines, by the file's identity, across rotation, and at
//! most [`MOST`] bytes. Only the position is kept, nothing of the log's content.

use std::{
    fs::{File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::file::{Files, is_absence, not_regular};
use crate::{
    model::{Reading, Why},
    observe::trust::READ,
    sys::{self, file::Stamp, root::reopen},
};

/// The maximum number of bytes of one log that are read in one cycle. An agent in trouble writes a few kilobytes a
/// minute.
pub const MOST: u64 = 256 << 10;
/// The maximum length of a line that is read, in bytes; no line of interest is longer.
const LONGEST_LINE: usize = 16 << 10;
/// The size of one read.
const PIECE: usize = 16 << 10;

/// Where the reading of a log stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The file as it was then.
    stamp: Stamp,
    /// Which file it was.
    identity: (u64, u64),
    /// The start of the first line that was not read.
    offset: u64,
    /// True if the path did not exist in between: another file may have the same identity.
    gone: bool,
}

/// What one cycle found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// When the file was last written to.
    pub modified: SystemTime,
    /// Bytes that were skipped.
    pub skipped: u64,
    /// True if something was read.
    pub new: bool,
}

impl Files<'_> {
    /// Reads the lines added since `cursor`, without their line feeds, and advances it. The first time, and if more was
    /// added than is read at once, only the end is read. `Known(None)`: there is no such file.
    ///
    /// The path is not recorded: a log that is written all the time must not cause events.
    pub fn tail(
        &self,
        path: &Path,
        cursor: &mut Option<Cursor>,
        each: &mut dyn FnMut(&[u8]),
    ) -> Reading<Option<Tail>> {
        self.attempt.guard(&self.root.locate(path), || self.tail_unguarded(path, cursor, each).into())
    }

    fn tail_unguarded(
        &self,
        path: &Path,
        cursor: &mut Option<Cursor>,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<Option<Tail>, Why> {
        let refused = |error: io::Error| self.refusal(path, &error);
        let Some((place, metadata)) = self.log_at(path)? else {
            if let Some(cursor) = cursor {
                cursor.gone = true;
            }
            return Ok(None);
        };
        let modified = metadata.modified().map_err(refused)?;
        if cursor.as_ref().is_some_and(|cursor| !cursor.gone && cursor.stamp == sys::file::stamp(&metadata)) {
            return Ok(Some(Tail { modified, skipped: 0, new: false }));
        }
        let mut skipped = 0;
        let identity = sys::file::identity_of(&place, &metadata);
        let mut from = None;
        if let Some(cursor) = cursor {
            if cursor.identity != identity {
                skipped += self.rest_of_rotated(path, cursor, each);
                from = Some(0);
            } else if cursor.gone || metadata.len() < cursor.offset {
                // Created or written anew.
                from = Some(0);
            } else {
                from = Some(cursor.offset);
            }
        }
        let Some((file, metadata)) = self.open_log(path, &place)? else { return Ok(None) };
        let read = new_lines(&file, from, metadata.len(), each).map_err(refused)?;
        *cursor =
            Some(Cursor { stamp: sys::file::stamp(&metadata), identity, offset: read.end, gone: false });
        // What is skipped the first time was written before the log was watched.
        skipped += if from.is_some() { read.skipped } else { 0 };
        Ok(Some(Tail { modified, skipped, new: true }))
    }

    /// The file, if it may be read.
    fn log_at(&self, path: &Path) -> Result<Option<(File, Metadata)>, Why> {
        let refused = |error: io::Error| self.refusal(path, &error);
        let place = match self.place(path, READ) {
            Ok(place) => place,
            Err(error) if is_absence(&error) || sys::error::is_link_loop(&error) => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        let metadata = place.metadata().map_err(refused)?;
        if metadata.is_dir() {
            return Ok(None);
        }
        if !metadata.is_file() {
            return Err(not_regular(path));
        }
        Ok(Some((place, metadata)))
    }

    fn open_log(&self, path: &Path, place: &File) -> Result<Option<(File, Metadata)>, Why> {
        let refused = |error: io::Error| self.refusal(path, &error);
        let file = reopen(place).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        Ok(metadata.is_file().then_some((file, metadata)))
    }

    /// What was written to a log between its last reading and its rotation, if the rotated file has one of the usual
    /// names; returns how many bytes were skipped.
    fn rest_of_rotated(&self, path: &Path, cursor: &Cursor, each: &mut dyn FnMut(&[u8])) -> u64 {
        for rotated in rotated_names(path) {
            let Ok(Some((place, metadata))) = self.log_at(&rotated) else { continue };
            if sys::file::identity_of(&place, &metadata) != cursor.identity {
                continue;
            }
            let Ok(Some((file, metadata))) = self.open_log(&rotated, &place) else { return 0 };
            let read = new_lines(&file, Some(cursor.offset), metadata.len(), each);
            return read.map_or(0, |read| read.skipped);
        }
        0
    }
}

/// `agent.LOG.1` is most common, `agent.1.LOG` is used by the logging library of current agents.
fn rotated_names(path: &Path) -> Vec<PathBuf> {
    let mut appended = path.as_os_str().to_owned();
    appended.push(".1");
    let mut names = vec![PathBuf::from(appended)];
    if let (Some(stem), Some(extension)) = (path.file_stem(), path.extension()) {
        let mut inserted = stem.to_owned();
        inserted.push(".1.");
        inserted.push(extension);
        names.push(path.with_file_name(inserted));
    }
    names
}

/// The part of a file that was read.
struct Read {
    /// The beginning of the first line that was not read.
    end: u64,
    /// Bytes that were passed over.
    skipped: u64,
}

/// Reads whole lines from `from` on (`None`: at the end), at most the last [`MOST`] bytes of `length`.
fn new_lines(
    mut file: &File,
    from: Option<u64>,
    length: u64,
    each: &mut dyn FnMut(&[u8]),
) -> io::Result<Read> {
    let earliest = length.saturating_sub(MOST);
    let from = from.unwrap_or(earliest).min(length);
    let start = from.max(earliest);
    // Reading starts one byte early, so that a partial first line is recognized and skipped.
    let before = u64::from(start > 0);
    file.seek(SeekFrom::Start(start - before))?;
    let mut lines =
        Lines { pending: Vec::new(), passing: before > 0, end: start - before, read: start - before };
    let mut piece = [0; PIECE];
    let mut rest = file.take(length - start + before);
    loop {
        let count = rest.read(&mut piece)?;
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        lines.take(bytes, each);
    }
    Ok(Read { end: lines.end.max(start), skipped: start - from })
}

/// Splits bytes into lines.
struct Lines {
    /// The beginning of a line whose end has not been read yet.
    pending: Vec<u8>,
    /// True within a line that is skipped.
    passing: bool,
    /// The end of the last line that was complete, or skipped because of its length.
    end: u64,
    /// The position up to which the file was read.
    read: u64,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.read += u64::try_from(part.len()).unwrap_or(u64::MAX);
            match part.strip_suffix(b"\n") {
                Some(_) if self.passing => self.passing = false,
                Some(line) if self.pending.is_empty() => each(line),
                Some(line) => {
                    self.pending.extend_from_slice(line);
                    each(&self.pending);
                    self.pending.clear();
                }
                None if self.passing => {}
                None => {
                    self.pending.extend_from_slice(part);
                    if self.pending.len() > LONGEST_LINE {
                        self.pending.clear();
                        self.passing = true;
                    }
                }
            }
            if part.ends_with(b"\n") || self.passing {
                self.end = self.read;
            }
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
