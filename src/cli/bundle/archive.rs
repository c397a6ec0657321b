//! The archive: named texts of bounded size, in a file that only its owner can read, or on standard output.

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};

use crate::{model::Text, sys};

/// The largest member, in bytes. Reports are bounded well below this.
const LARGEST: usize = 4 << 20;

/// The most members.
const MOST: usize = 500;

/// One text of the archive.
#[derive(Debug)]
pub(super) struct Member {
    /// Its path in the archive.
    pub(super) name: String,
    /// What it contains, for people.
    pub(super) what: Text,
    /// Its content.
    pub(super) text: String,
}

/// The members; names are unique.
#[derive(Debug, Default)]
pub(super) struct Members(Vec<Member>);

impl Members {
    /// Adds a text; only the beginning of one that is too long.
    pub(super) fn add(&mut self, name: &str, what: Text, mut text: String) {
        if self.0.len() >= MOST {
            return;
        }
        if text.len() > LARGEST {
            let end = (0..=LARGEST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
            text.truncate(end);
            text.push_str("\n(cut here)\n");
        }
        let plain = name.split('/').map(plain).collect::<Vec<_>>().join("/");
        let taken = |name: &str| self.0.iter().any(|member| member.name == name);
        let free = (2..).map(|number| format!("{plain}-{number}"));
        let name = std::iter::once(plain.clone()).chain(free).find(|name| !taken(name)).unwrap_or(plain);
        self.0.push(Member { name, what, text });
    }

    /// Removes everything after the origin from URLs that begin with one of these origins: the path may
    /// contain a token.
    pub(super) fn withhold_paths(&mut self, origins: &[&str]) {
        for member in &mut self.0 {
            for origin in origins {
                member.text = without_paths(&member.text, &format!("{origin}/"));
            }
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Member] {
        &self.0
    }

    /// Writes the members, below one directory.
    pub(super) fn write(&self, directory: &str, modified: u64, out: impl Write) -> io::Result<()> {
        let mut archive = tar::Builder::new(GzBuilder::new().write(out, Compression::default()));
        for member in &self.0 {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(member.text.len()).map_err(io::Error::other)?);
            header.set_mode(0o600);
            header.set_mtime(modified);
            header.set_entry_type(tar::EntryType::Regular);
            let path = format!("{}/{}", plain(directory), member.name);
            archive.append_data(&mut header, path, member.text.as_bytes())?;
        }
        archive.into_inner()?.finish()?.flush()
    }
}

/// `text` with the rest of each URL after `prefix` replaced by `(withheld)`.
fn without_paths(text: &str, prefix: &str) -> String {
    let mut parts = text.split(prefix);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| c.is_whitespace() || "\"'`<>()|\\，。；：）".contains(c);
        let end = part.find(ends).unwrap_or(part.len());
        out.push_str(prefix);
        if end > 0 {
            out.push_str("(withheld)");
        }
        out.push_str(part.get(end..).unwrap_or_default());
    }
    out
}

/// A name without special meaning for shells and file systems.
fn plain(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(kept).take(100).collect();
    if name.chars().all(|c| c == '.') { "_".to_owned() } else { name }
}

/// Where the archive goes.
#[derive(Debug)]
pub(super) enum Destination {
    Standard,
    File { path: PathBuf, file: File, complete: bool },
}

impl Destination {
    /// Creates the output: a new file that only its owner can read, or standard output for `-`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            if io::stdout().is_terminal() {
                return Err(io::Error::other(
                    "standard output is a terminal; name a file, or write `--bundle=- > FILE`",
                ));
            }
            return Ok(Self::Standard);
        }
        let file = sys::file::create_private(path)?;
        Ok(Self::File { path: path.to_owned(), file, complete: false })
    }

    /// True if standard output is the archive.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self, Self::Standard)
    }

    /// Writes the members.
    pub(super) fn write(&mut self, members: &Members, directory: &str, modified: u64) -> io::Result<()> {
        match self {
            Self::Standard => members.write(directory, modified, io::stdout().lock()),
            Self::File { file, complete, .. } => {
                members.write(directory, modified, io::BufWriter::new(&*file))?;
                file.sync_all()?;
                *complete = true;
                Ok(())
            }
        }
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Self::File { path, complete: false, .. } = self {
            // Half an archive is of no use; if it cannot be removed, unpacking it fails visibly.
            let _left = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const WHAT: Text = Text { en: "a text", zh: "文本" };

    fn unpacked(bytes: &[u8]) -> Vec<(String, String)> {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        });
        entries.collect()
    }

    #[test]
    fn members_come_back_under_names_that_lead_nowhere_else() {
        let mut members = Members::default();
        for name in ["a/b.txt", "a/b.txt", "../../etc/passwd", "a/x y\u{1b}z", "/root"] {
            members.add(name, WHAT, format!("of {name}"));
        }
        let mut bytes = Vec::new();
        members.write("top/..", 1, &mut bytes).unwrap();
        let names: Vec<_> = unpacked(&bytes).into_iter().map(|(name, _)| name).collect();
        let expected = ["a/b.txt", "a/b.txt-2", "_/_/etc/passwd", "a/x_y_z", "_/root"];
        assert_eq!(names, expected.map(|name| format!("top_../{name}")));
    }

    #[test]
    fn a_member_and_their_number_are_bounded() {
        let mut members = Members::default();
        members.add("long", WHAT, "é".repeat(LARGEST));
        assert!(
            members.all()[0].text.len() <= LARGEST + 20 && members.all()[0].text.ends_with("(cut here)\n")
        );
        for number in 0..2 * MOST {
            members.add(&number.to_string(), WHAT, String::new());
        }
        assert_eq!(members.all().len(), MOST);
    }

    #[test]
    fn of_an_address_the_path_is_withheld_also_where_it_was_cut() {
        let text =
            "`curl http://a:1/x?t=CANARY` \"http://a:1/CANA…\", http://a:1/, http://a:12/b 'http://a:1/é'";
        let expected = "`curl http://a:1/(withheld)` \"http://a:1/(withheld)\", http://a:1/(withheld) http://a:12/b 'http://a:1/(withheld)'";
        assert_eq!(without_paths(text, "http://a:1/"), expected);
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.tar.gz");
        drop(Destination::open(&path).unwrap());
        assert!(!path.exists(), "what was not written is not left");
        let mut destination = Destination::open(&path).unwrap();
        let mut members = Members::default();
        members.add("a", WHAT, "text".to_owned());
        destination.write(&members, "top", 1).unwrap();
        drop(destination);
        assert_eq!(unpacked(&fs::read(&path).unwrap()), [("top/a".to_owned(), "text".to_owned())]);
        assert_eq!(Destination::open(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
