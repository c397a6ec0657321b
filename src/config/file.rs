//! Reads the config file from disk, without trusting what stands in its place.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rustix::fs::{FileType, Mode, OFlags};

use super::{
    ConfigError, ConfigProblem, Settings,
    document::{LARGEST_FILE, error, parse},
};

/// Reads and parses the config file. Returns the settings and warnings for the log.
///
/// Never blocks: a FIFO or device in the file's place is an error, as is a file over 1 MiB.
///
/// # Errors
/// Why it cannot be read, or everything that is wrong with it.
pub fn load(path: &Path) -> Result<(Settings, Vec<String>), ConfigError> {
    let text = read(path)
        .map_err(|message| error(path, vec![ConfigProblem { line: None, key: String::new(), message }]))?;
    parse(&text, path)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file =
        File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| cannot(error.into()))?);
    let status = rustix::fs::fstat(&file).map_err(|error| cannot(error.into()))?;
    let what = match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("a directory"),
        FileType::Fifo => Some("a FIFO"),
        FileType::CharacterDevice | FileType::BlockDevice => Some("a device"),
        FileType::Symlink | FileType::Socket | FileType::Unknown => Some("a special file"),
    };
    if let Some(what) = what {
        return Err(format!("is {what}; it must be a regular file"));
    }
    // One byte beyond the limit tells a file that is too large; its size could change while it is read.
    let limit = u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    file.take(limit).read_to_end(&mut text).map_err(cannot)?;
    Ok(text)
}
