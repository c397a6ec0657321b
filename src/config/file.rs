//! Reads the config file from disk, without assuming that it is a regular file.

use std::{
    io::{self, Read},
    path::Path,
};

use super::{
    ConfigError, ConfigProblem, Settings,
    document::{LARGEST_FILE, error, parse},
};
use crate::sys;

/// Reads and parses the config file, `-` from standard input. Returns the settings and warnings for the log.
///
/// Never blocks: a FIFO or device in the file's place is an error, as is a file over 1 MiB.
///
/// # Errors
/// Why it cannot be read, or all its problems.
pub fn load(path: &Path) -> Result<(Settings, Vec<ConfigProblem>), ConfigError> {
    let (path, text) = if path == Path::new("-") {
        let mut text = Vec::new();
        let read = io::stdin().lock().take(limit()).read_to_end(&mut text);
        (Path::new(STANDARD_INPUT), read.map(|_| text).map_err(|error| format!("cannot be read: {error}")))
    } else {
        (path, read(path))
    };
    let text =
        text.map_err(|message| error(path, vec![ConfigProblem { line: None, key: String::new(), message }]))?;
    parse(&text, path)
}

/// The name of `-` in messages.
pub const STANDARD_INPUT: &str = "<stdin>";

/// One byte beyond the limit shows that a file is too large; its reported size could change while it is read.
fn limit() -> u64 {
    u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX).saturating_add(1)
}

/// Reads a file given by the operator: regular and at most 1 MiB. Never blocks on a FIFO or device.
///
/// # Errors
/// Why it was not read, for people.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let file = sys::file::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { sys::file::special(&metadata) };
        return Err(format!("is {what}; it must be a regular file"));
    }
    let mut text = Vec::new();
    file.take(limit()).read_to_end(&mut text).map_err(cannot)?;
    Ok(text)
}
