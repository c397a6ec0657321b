//! Code shared by agents' profiles on Windows: names of programs, paths, and the commands of the service manager.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use super::Commands;
use crate::model::{System, text::powershell_word};

/// The end-of-file character of text files since CP/M.
const CTRL_Z: u8 = 0x1a;

/// Why a config in a two-byte encoding is rejected.
pub(super) const UTF_16: &str =
    "is UTF-16 text, as > and Out-File of PowerShell 5.1 write it; the agent reads UTF-8 only";

/// The content of a small file as the agent reads it. It opens them as text (agent source: `ParseConfig` and the reader
/// of
/// `user_defined_id` have an `ifstream` without `ios::binary`). On Windows the C library then drops a carriage return that stands
/// before a line feed, and ends the file at the first Ctrl-Z.
pub(super) fn as_opened(bytes: &[u8], system: System) -> Cow<'_, [u8]> {
    if system != System::Windows {
        return Cow::Borrowed(bytes);
    }
    let text = bytes.split(|byte| *byte == CTRL_Z).next().unwrap_or_default();
    if !text.windows(2).any(|pair| pair == b"\r\n") {
        return Cow::Borrowed(text);
    }
    let next = text.iter().skip(1).map(Some).chain([None]);
    let kept = text.iter().zip(next).filter(|(byte, next)| **byte != b'\r' || *next != Some(&b'\n'));
    Cow::Owned(kept.map(|(byte, _)| *byte).collect())
}

/// A program's name as Windows compares it: without case, and without `.exe`.
pub(super) fn program(base_name: &str) -> String {
    let name = base_name.to_ascii_lowercase();
    name.strip_suffix(".exe").map_or_else(|| name.clone(), ToOwned::to_owned)
}

/// True for a path with a drive letter.
pub(super) fn has_drive(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.as_bytes().get(1) == Some(&b':'))
}

/// The directory of a path, independent of the system that the exporter was built for.
pub(super) fn parent(path: &Path) -> Option<PathBuf> {
    let (parent, _) = path.to_str()?.rsplit_once(['/', '\\'])?;
    (!parent.is_empty()).then(|| PathBuf::from(parent))
}

/// The last part of a path.
pub(super) fn base_name(path: &Path) -> Option<&str> {
    path.to_str()?.rsplit(['/', '\\']).next()
}

/// The directory in which an agent was installed, if its program runs in a subdirectory named after its version.
pub(super) fn install_dir_of(executable: &Path, is_version: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let directory = parent(executable)?;
    if base_name(&directory).is_some_and(is_version) { parent(&directory) } else { Some(directory) }
}

/// The commands for an agent that runs as these services.
pub(super) fn commands(services: &[&str], document: String) -> Commands {
    let names: Vec<String> = services.iter().map(|name| powershell_word(name)).collect();
    let names = names.join(", ");
    Commands::from([
        ("start_command", format!("Start-Service {names}")),
        ("restart_command", format!("Restart-Service {names}")),
        ("status_command", format!("Get-Service {names}")),
        ("install_document", document),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_opened_as_text() {
        for (bytes, read) in [
            (&b"a\r\nb\r\n"[..], &b"a\nb\n"[..]),
            (b"a\r", b"a\r"),
            (b"\r\r\n", b"\r\n"),
            (b"\n\r", b"\n\r"),
            (b"a\r\n\x1ab", b"a\n"),
            (b"\x1a", b""),
            (b"", b""),
        ] {
            assert_eq!(*as_opened(bytes, System::Windows), *read, "{bytes:?}");
            assert_eq!(*as_opened(bytes, System::Linux), *bytes);
        }
    }

    #[test]
    fn paths_and_names_are_as_windows_takes_them() {
        assert_eq!(program("ILogtail_Worker.EXE"), "ilogtail_worker");
        let is_version = |name: &str| name.starts_with(|c: char| c.is_ascii_digit());
        for (path, directory) in [
            (r"C:\Program Files\Alibaba\Logtail\logtail_daemon.exe", r"C:\Program Files\Alibaba\Logtail"),
            (r"C:\Program Files\Alibaba\Logtail\1.6.1.0\w.exe", r"C:\Program Files\Alibaba\Logtail"),
            ("C:/Logtail/1.6.1.0/w.exe", "C:/Logtail"),
        ] {
            assert_eq!(install_dir_of(Path::new(path), is_version), Some(PathBuf::from(directory)));
        }
        assert_eq!(install_dir_of(Path::new("w.exe"), is_version), None);
    }
}
