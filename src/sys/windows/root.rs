//! Files of this host: there is one root, and paths have drive letters. The final path shows whether there are links in
//! it.

use std::{
    env,
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf, Prefix},
};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
};

use super::c;
use crate::sys::root::{Purpose, Root, Step, Way};

/// The path itself, because paths have drive letters.
pub(in crate::sys) fn canonical(path: &Path) -> PathBuf {
    path.to_owned()
}

/// The starting point of a path: its drive.
pub(in crate::sys) fn start(root: &Path, path: &Path) -> PathBuf {
    match path.components().next() {
        Some(drive @ Component::Prefix(_)) => PathBuf::from_iter([drive, Component::RootDir]),
        Some(_) | None => root.to_owned(),
    }
}

/// An open handle locks nothing: others may write, rename and delete.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    // Without it no directory can be opened.
    options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    options
}

pub(in crate::sys) fn open(root: &Root, path: &Path, _: Purpose) -> io::Result<File> {
    if root.directory().is_some() {
        return Err(super::unsupported());
    }
    // The metadata of a file that cannot be read is still accessible.
    match options().read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            options().access_mode(FILE_READ_ATTRIBUTES).open(path)
        }
        opened => opened,
    }
}

/// True if the path contains no link, junction or short name: then the final path is the requested one.
fn is_plain(asked: &Path, file: &File) -> bool {
    let words = |path: &Path| {
        let normal: PathBuf = path.components().collect();
        normal.to_string_lossy().to_lowercase()
    };
    c::path_of_open(file).is_some_and(|found| words(&found) == words(asked))
}

pub(in crate::sys) fn open_without_links(root: &Root, path: &Path) -> io::Result<Option<File>> {
    let file = open(root, path, Purpose::Read)?;
    Ok(is_plain(path, &file).then_some(file))
}

/// Directories of the system drive that by default only administrators may write to. `Windows` is not one of them: all
/// users may write to some of its subdirectories (`Temp`).
const OF_ADMINISTRATORS: [&str; 2] = ["program files", "program files (x86)"];

/// The letter of the drive that Windows is on. On other drives all users may create directories.
fn system_drive() -> u8 {
    let told = env::var_os("SystemDrive").and_then(|drive| drive.as_encoded_bytes().first().copied());
    told.unwrap_or(b'C').to_ascii_uppercase()
}

/// True if only administrators can have created it there.
pub(in crate::sys) fn is_of_administrators(path: &Path) -> bool {
    let mut parts = path.components();
    let drive = match parts.next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => letter.to_ascii_uppercase(),
            _ => return false,
        },
        _ => return false,
    };
    let directory = parts.find_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().to_lowercase()),
        _ => None,
    });
    drive == system_drive() && directory.is_some_and(|name| OF_ADMINISTRATORS.contains(&name.as_str()))
}

/// The root and the target; between them, if the path contains any link, one link whose target is not known. The system
/// itself checks permissions.
pub(in crate::sys) fn way(root: &Root, path: &Path) -> io::Result<Way> {
    let end = open(root, path, Purpose::Look)?;
    let owner = if is_of_administrators(path) { 0 } else { super::OTHERS };
    let step = Step { owner, group: 0, mode: 0o755, is_link: false, leads_to_owner: None };
    let mut steps = vec![Step { owner: 0, ..step }, step];
    if !is_plain(path, &end) {
        steps.insert(1, Step { owner: super::OTHERS, is_link: true, ..step });
    }
    Ok(Way { steps, end })
}

pub(in crate::sys) fn reopen(looked_at: &File) -> io::Result<File> {
    looked_at.try_clone()
}

pub(in crate::sys) fn names_in(directory: File, most: usize) -> io::Result<Option<Vec<OsString>>> {
    let path = c::path_of_open(&directory)
        .ok_or_else(|| io::Error::other("the system does not return the directory's path"))?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        if names.len() == most {
            return Ok(None);
        }
        names.push(entry?.file_name());
    }
    Ok(Some(names))
}

pub(in crate::sys) fn entries(root: &Root, path: &Path, most: usize) -> io::Result<Option<Vec<OsString>>> {
    names_in(open(root, path, Purpose::Read)?, most)
}

pub(in crate::sys) fn path_of_open(file: &File) -> Option<PathBuf> {
    c::path_of_open(file)
}
