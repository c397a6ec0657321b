//! Paths under `--path.rootfs`: symbolic links resolve inside it, whatever they say, and nothing outside is ever opened.

use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    ffi::CString,
    fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2, readlinkat},
    io::Errno,
};

/// As many links as the kernel itself follows in one path.
pub(super) const MOST_LINKS: usize = 40;

/// The root directory that agent paths are meant in.
#[derive(Debug, Clone)]
pub struct Root {
    /// Canonical, so that paths that `/proc` gives can be compared with it.
    path: PathBuf,
}

impl Root {
    /// The root at `path`. Blocks on the file system once.
    pub fn new(path: &Path) -> Self {
        Self { path: std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) }
    }

    /// Where it is on the exporter's own file system, free of links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if it is the exporter's own root.
    pub fn is_own(&self) -> bool {
        self.path == Path::new("/")
    }

    /// Where `path`, as the agent sees it, is on the exporter's own file system, if no link is in the way.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.path.join(relative(path))
    }

    /// `path` of the exporter's file system as the agent sees it: without the root's prefix. `None` if it is not below the root.
    pub fn strip(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.path).ok().map(|rest| Path::new("/").join(rest))
    }

    /// Opens `path` with `flags`; `O_CLOEXEC` is added.
    pub fn open(&self, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        if self.is_own() {
            return openat(CWD, Path::new("/").join(path), flags, Mode::empty());
        }
        let root = self.directory()?;
        match openat2(&root, relative(path), flags, Mode::empty(), ResolveFlags::IN_ROOT) {
            // Before Linux 5.6; and container runtimes whose seccomp profile does not know the call refuse it by EPERM.
            Err(Errno::NOSYS | Errno::PERM) => walk(root, path, flags),
            result => result,
        }
    }

    /// The path, as the agent sees it and free of links, of an open file. `None` where `/proc` cannot tell.
    pub fn canonical(&self, file: impl AsFd) -> Option<PathBuf> {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        self.strip(&std::fs::read_link(link).ok()?)
    }

    fn directory(&self) -> rustix::io::Result<OwnedFd> {
        open(&self.path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    }
}

/// `path` without its leading `/`; the root itself is `.`.
fn relative(path: &Path) -> &Path {
    let rest = path.strip_prefix("/").unwrap_or(path);
    if rest.as_os_str().is_empty() { Path::new(".") } else { rest }
}

/// What `RESOLVE_IN_ROOT` does, component by component.
fn walk(root: OwnedFd, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let mut todo = components(path);
    let mut directories = vec![root];
    let mut links = 0;
    while let Some(name) = todo.pop() {
        let Some(directory) = directories.last() else { return Err(Errno::NOENT) };
        if name == ".." {
            if directories.len() > 1 {
                directories.pop();
            }
            continue;
        }
        let step =
            openat(directory, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&step)?.st_mode) == FileType::Symlink {
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::LOOP);
            }
            let target = link_target(&step)?;
            if target.is_absolute() {
                directories.truncate(1);
            }
            todo.extend(components(&target));
        } else if todo.is_empty() {
            return openat(directory, &name, flags | OFlags::NOFOLLOW, Mode::empty());
        } else {
            directories.push(step);
        }
    }
    let Some(directory) = directories.last() else { return Err(Errno::NOENT) };
    openat(directory, ".", flags, Mode::empty())
}

/// The named components and the `..` of a path, last first.
pub(super) fn components(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

fn link_target(link: &OwnedFd) -> rustix::io::Result<PathBuf> {
    readlinkat(link, "", Vec::new()).map(path_of)
}

/// A C string of the kernel's as a path.
pub fn path_of(bytes: CString) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes.into_bytes()).into()
}

/// An error of the kernel's in words.
pub fn words(error: Errno) -> String {
    io::Error::from(error).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::observe::host::testing::Host;

    #[test]
    fn kernels_without_openat2_resolve_the_same() {
        let host = Host::new();
        host.file("/etc/hostname", "inside");
        host.dir("/dir/below");
        host.link("/absolute", "/etc/hostname");
        host.link("/escape", "../../../../../../../../etc/hostname");
        host.link("/up/and/down", "../../etc/../etc/./hostname");
        host.link("/directory", "dir");
        host.link("/dangling", "/nowhere");
        host.link("/loop", "loop");
        host.link("/outside", "/proc/self/status");
        let root = Root::new(host.path());
        let outcome = |file: rustix::io::Result<OwnedFd>| {
            file.map(|file| {
                let mut text = String::new();
                let _directory = std::fs::File::from(file).read_to_string(&mut text);
                text
            })
        };
        let paths = [
            "/etc/hostname",
            "/absolute",
            "/escape",
            "/up/and/down",
            "/directory/below",
            "/directory/../etc/hostname",
            "/dangling",
            "/loop",
            "/outside",
            "/etc/hostname/below",
            "/missing/below",
            "/",
            "/..",
            "relative/../etc/hostname",
        ];
        for path in paths.map(Path::new) {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let walked = outcome(walk(root.directory().unwrap(), path, flags));
            assert_eq!(walked, outcome(root.open(path, OFlags::RDONLY)), "{}", path.display());
        }
        let walked = outcome(walk(root.directory().unwrap(), Path::new("/escape"), OFlags::RDONLY));
        assert_eq!(walked.as_deref(), Ok("inside"));
    }

    #[test]
    fn paths_are_translated_both_ways() {
        let host = Host::new();
        let root = Root::new(host.path());
        assert_eq!(
            root.locate(Path::new("/etc/hosts")),
            host.path().canonicalize().unwrap().join("etc/hosts")
        );
        assert_eq!(root.strip(&root.locate(Path::new("/etc/hosts"))), Some("/etc/hosts".into()));
        assert_eq!(root.strip(Path::new("/etc/hosts")), None);
        assert_eq!(Root::new(Path::new("/")).strip(Path::new("/etc/hosts")), Some("/etc/hosts".into()));
    }
}
