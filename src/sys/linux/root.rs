//! Opening below a root: the kernel resolves links inside it if it can, otherwise they are followed one by one.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStringExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open as open_path, openat, openat2,
        readlinkat,
    },
    io::Errno,
};

use crate::sys::root::{MOST_LINKS, Purpose, Root, Step, Way, components, relative};

/// `path` with its links resolved.
pub(in crate::sys) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The starting point of every path.
pub(in crate::sys) fn start(root: &Path, _: &Path) -> PathBuf {
    root.to_owned()
}

pub(in crate::sys) fn open(root: &Root, path: &Path, purpose: Purpose) -> io::Result<File> {
    let flags = match purpose {
        Purpose::Look => OFlags::PATH,
        Purpose::Read => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
    };
    Ok(File::from(descriptor(root, path, flags)?))
}

pub(in crate::sys) fn entries(root: &Root, path: &Path, most: usize) -> io::Result<Option<Vec<OsString>>> {
    let directory = descriptor(root, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK)?;
    names_in(File::from(directory), most)
}

pub(in crate::sys) fn reopen(looked_at: &File) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    let opened = crate::sys::file::open(Path::new(&format!("/proc/self/fd/{}", looked_at.as_raw_fd())));
    // The file is open, so only its path in /proc can be missing.
    let no_way = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let told = || io::Error::new(io::ErrorKind::Unsupported, "no proc is mounted at /proc");
    opened.map_err(|error| if no_way(&error) { told() } else { error })
}

pub(in crate::sys) fn names_in(directory: File, most: usize) -> io::Result<Option<Vec<OsString>>> {
    let mut names = Vec::new();
    for entry in Dir::new(OwnedFd::from(directory))? {
        let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
        if name == "." || name == ".." {
            continue;
        }
        if names.len() == most {
            return Ok(None);
        }
        names.push(name);
    }
    Ok(Some(names))
}

pub(in crate::sys) fn path_of_open(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

fn descriptor(root: &Root, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    if root.is_own() {
        return openat(CWD, Path::new("/").join(path), flags, Mode::empty());
    }
    let directory = directory(root)?;
    match openat2(&directory, relative(path), flags, Mode::empty(), ResolveFlags::IN_ROOT) {
        // The call does not exist before Linux 5.6, and container runtimes whose seccomp profile does not know it
        // refuse it with EPERM.
        Err(Errno::NOSYS | Errno::PERM) => walk(directory, path, flags),
        result => result,
    }
}

pub(in crate::sys) fn open_without_links(root: &Root, path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let plain = ResolveFlags::NO_SYMLINKS;
    let opened = if root.is_own() {
        openat2(CWD, Path::new("/").join(path), flags, Mode::empty(), plain)
    } else {
        openat2(directory(root)?, relative(path), flags, Mode::empty(), plain | ResolveFlags::IN_ROOT)
    };
    match opened {
        Ok(file) => Ok(Some(File::from(file))),
        // Before Linux 5.6, and under old seccomp profiles, only the walk shows this.
        Err(Errno::LOOP | Errno::NOSYS | Errno::PERM) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn directory(root: &Root) -> rustix::io::Result<OwnedFd> {
    if let Some(held) = root.directory() {
        return rustix::io::fcntl_dupfd_cloexec(held, 0);
    }
    open_path(root.path(), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Does the same as `RESOLVE_IN_ROOT`, component by component.
fn walk(root: OwnedFd, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let ResolvedPath { mut directories, name, .. } = follow(root, path, !flags.contains(OFlags::NOFOLLOW))?;
    match (directories.pop(), name) {
        (Some(directory), Some(name)) => openat(directory, &name, flags | OFlags::NOFOLLOW, Mode::empty()),
        (Some(directory), None) => openat(directory, ".", flags, Mode::empty()),
        (None, _) => Err(Errno::NOENT),
    }
}

pub(in crate::sys) fn way(root: &Root, path: &Path) -> io::Result<Way> {
    let ResolvedPath { directories, last, steps, .. } = follow(directory(root)?, path, true)?;
    let last = last.or_else(|| directories.into_iter().next_back()).ok_or(Errno::NOENT)?;
    Ok(Way { steps, end: File::from(last) })
}

/// The result of following a path.
struct ResolvedPath {
    /// The directories from the root to the one that contains the target.
    directories: Vec<OwnedFd>,
    /// The name of the target in it; `None`: the target is the last directory itself.
    name: Option<OsString>,
    last: Option<OwnedFd>,
    /// All components, links included.
    steps: Vec<Step>,
}

/// Follows a path below `root`, and the final link if `last_too`.
fn follow(root: OwnedFd, path: &Path, last_too: bool) -> rustix::io::Result<ResolvedPath> {
    let mut todo = components(path);
    let mut steps = vec![step_of(&fstat(&root)?)];
    let mut directories = vec![root];
    // Links whose target has not been reached yet: their index in the steps, and the number of components
    // left after them.
    let mut open_links: Vec<(usize, usize)> = Vec::new();
    let mut links = 0;
    loop {
        let Some(directory) = directories.last() else { return Err(Errno::NOENT) };
        close_links(&mut open_links, &mut steps, todo.len(), || fstat(directory))?;
        let Some(name) = todo.pop() else { break };
        if name == ".." {
            if directories.len() > 1 {
                directories.pop();
            }
            continue;
        }
        let step =
            openat(directory, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let stat = fstat(&step)?;
        steps.push(step_of(&stat));
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink && (last_too || !todo.is_empty()) {
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::LOOP);
            }
            let target = link_target(&step)?;
            if target.is_absolute() {
                directories.truncate(1);
            }
            open_links.push((steps.len() - 1, todo.len()));
            todo.extend(components(&target));
            continue;
        }
        if todo.is_empty() {
            close_links(&mut open_links, &mut steps, 0, || Ok(stat))?;
            return Ok(ResolvedPath { directories, name: Some(name), last: Some(step), steps });
        }
        directories.push(step);
    }
    Ok(ResolvedPath { directories, name: None, last: None, steps })
}

/// Records the owners of the targets of links whose target has been reached: at most `left` components remain.
fn close_links(
    open: &mut Vec<(usize, usize)>,
    steps: &mut [Step],
    left: usize,
    end: impl Fn() -> rustix::io::Result<Stat>,
) -> rustix::io::Result<()> {
    while let Some((link, _)) = open.pop_if(|(_, after)| left <= *after) {
        if let Some(link) = steps.get_mut(link) {
            link.leads_to_owner = Some(end()?.st_uid);
        }
    }
    Ok(())
}

fn step_of(stat: &Stat) -> Step {
    Step {
        owner: stat.st_uid,
        group: stat.st_gid,
        mode: stat.st_mode & 0o7777,
        is_link: FileType::from_raw_mode(stat.st_mode) == FileType::Symlink,
        leads_to_owner: None,
    }
}

fn link_target(link: &OwnedFd) -> rustix::io::Result<PathBuf> {
    Ok(OsString::from_vec(readlinkat(link, "", Vec::new())?.into_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn of_each_link_it_is_known_who_owns_what_it_leads_to() {
        let host = tempfile::tempdir().unwrap();
        let at = |path: &str| host.path().join(path);
        let own = |path: &str, user| std::os::unix::fs::lchown(at(path), Some(user), None).unwrap();
        std::fs::create_dir_all(at("roots/below")).unwrap();
        std::fs::create_dir_all(at("users")).unwrap();
        for file in ["roots/file", "users/file"] {
            std::fs::write(at(file), "").unwrap();
            own(file, 1001);
        }
        own("users", 1001);
        for (link, target) in [
            ("users/plain", "/roots"),
            ("users/up", "../roots/below/.."),
            ("users/top", "/"),
            ("users/chain", "plain/below"),
            ("users/self", "."),
            ("users/leaf", "/users/file"),
        ] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let root = Root::new(host.path());
        for (path, leads_to) in [
            ("/users/plain/file", vec![0]), // the file is the user's, the directory is not
            ("/users/up/file", vec![0]),
            ("/users/top/users/file", vec![0]),
            ("/users/chain", vec![0, 0]),
            ("/users/self/file", vec![1001]),
            ("/users/self", vec![1001]),
            ("/users/leaf", vec![1001]),
            ("/users/file", vec![]),
        ] {
            let steps = way(&root, Path::new(path)).unwrap().steps;
            let links = steps.iter().filter(|step| step.is_link);
            let owners: Vec<_> = links.map(|link| link.leads_to_owner.unwrap()).collect();
            assert_eq!(owners, leads_to, "{path}");
            let plain = open_without_links(&root, Path::new(path)).unwrap();
            assert_eq!(plain.is_some(), leads_to.is_empty(), "{path}");
        }
        assert!(open_without_links(&root, Path::new("/users/none")).is_err());
    }

    #[test]
    fn kernels_without_openat2_resolve_the_same() {
        let host = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(host.path().join("etc")).unwrap();
        std::fs::create_dir_all(host.path().join("dir/below")).unwrap();
        std::fs::write(host.path().join("etc/hostname"), "inside").unwrap();
        for (link, target) in [
            ("absolute", "/etc/hostname"),
            ("escape", "../../../../../../../../etc/hostname"),
            ("down", "../../etc/../etc/./hostname"),
            ("directory", "dir"),
            ("dangling", "/nowhere"),
            ("loop", "loop"),
            ("outside", "/proc/self/status"),
        ] {
            std::os::unix::fs::symlink(target, host.path().join(link)).unwrap();
        }
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
            "/dir/../down",
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
            let walked = outcome(walk(directory(&root).unwrap(), path, flags));
            assert_eq!(walked, outcome(descriptor(&root, path, OFlags::RDONLY)), "{}", path.display());
        }
        let walked = outcome(walk(directory(&root).unwrap(), Path::new("/escape"), OFlags::RDONLY));
        assert_eq!(walked.as_deref(), Ok("inside"));
    }
}
