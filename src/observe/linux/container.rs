//! A process in a container: its identity, its root directory and its network, all through one open directory of
//! `/proc`, so that a process id that is reused in between is not mistaken for the same process.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStringExt as _, fs::MetadataExt as _},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{CWD, Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use super::{
    addresses,
    stat::{Stat, credentials, id_in_own_namespace, pid_namespaces},
};
use crate::{
    model::{Reading, Reason, Why, snapshot::ProcessState},
    observe::{
        host::process::{Container, FirstProcess},
        trust::Credentials,
    },
    sys::root::Root,
};

/// The maximum number of bytes read from one file of `/proc`.
const MOST_BYTES: u64 = 256 << 10;
/// The maximum number of ancestors among which the first process of a container is searched for.
const MOST_ANCESTORS: usize = 32;

/// The facts of a process in a container.
pub(super) struct ContainerProcess {
    /// Its users and groups, as the procfs shows them.
    pub(super) credentials: Credentials,
    /// Its executable, as seen by the process.
    pub(super) executable: PathBuf,
    /// Its container.
    pub(super) container: Container,
}

/// The process `pid` and its container; `None`: an old kernel does not report its PID namespace.
///
/// # Errors
/// The kernel's error: it is gone, or may not be read.
pub(super) fn container_process(procfs: &Path, pid: u32) -> io::Result<Option<ContainerProcess>> {
    let process = Opened::new(procfs, pid)?;
    let status = process.read("status")?;
    let (Some(credentials), Some(depth)) = (credentials(&status), pid_namespaces(&status)) else {
        return Ok(None);
    };
    let shares_processes = depth == 1;
    // Runtimes make the root directory a mount, so that it is `/`; after a chroot both paths are relative to the outer
    // root.
    let (executable, root_path) = (process.link("exe")?, process.link("root")?);
    let executable =
        executable.strip_prefix(&root_path).map_or(executable.clone(), |rest| Path::new("/").join(rest));
    let first = if shares_processes { None } else { first_of(procfs, pid).unwrap_or_default() };
    let container = process.container(first, shares_processes)?;
    Ok(Some(ContainerProcess { credentials, executable, container }))
}

/// True if this process still runs, or if that is not known.
pub(super) fn runs(procfs: &Path, process: FirstProcess) -> bool {
    let read = || Opened::new(procfs, process.pid)?.read("stat");
    match read() {
        Ok(stat) => Stat::parse(&stat).is_some_and(|stat| is_it(process, &stat)),
        Err(error) => !is_gone(&error),
    }
}

fn is_it(process: FirstProcess, stat: &Stat) -> bool {
    stat.start_ticks == process.start_ticks && stat.state != ProcessState::Defunct
}

/// The container whose first process this is; `None`: the process has ended.
///
/// # Errors
/// The kernel's error: it may not be read.
pub(super) fn revisit(procfs: &Path, first: FirstProcess) -> io::Result<Option<Container>> {
    let look = || {
        let process = Opened::new(procfs, first.pid)?;
        if !Stat::parse(&process.read("stat")?).is_some_and(|stat| is_it(first, &stat)) {
            return Ok(None);
        }
        process.container(Some(first), first.pid == 1).map(Some)
    };
    match look() {
        Err(error) if is_gone(&error) => Ok(None),
        result => result,
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::SRCH))
}

/// The first process of the namespace that `pid` is in, if it is among its ancestors.
fn first_of(procfs: &Path, pid: u32) -> io::Result<Option<FirstProcess>> {
    let mut pid = pid;
    let mut depth = None;
    for _ in 0..MOST_ANCESTORS {
        let process = Opened::new(procfs, pid)?;
        let status = process.read("status")?;
        let Some(stat) = Stat::parse(&process.read("stat")?) else { return Ok(None) };
        let own_depth = pid_namespaces(&status);
        if *depth.get_or_insert(own_depth) != own_depth {
            return Ok(None);
        }
        if id_in_own_namespace(&status) == Some(1) {
            return Ok(Some(FirstProcess { pid, start_ticks: stat.start_ticks }));
        }
        pid = stat.parent;
    }
    Ok(None)
}

/// A process, by its directory in a procfs.
struct Opened {
    directory: OwnedFd,
    path: PathBuf,
}

impl Opened {
    const FLAGS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

    fn new(procfs: &Path, pid: u32) -> io::Result<Self> {
        let path = procfs.join(pid.to_string());
        Ok(Self { directory: openat(CWD, &path, Self::FLAGS, Mode::empty())?, path })
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = File::from(openat(&self.directory, name, flags, Mode::empty())?);
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&self, name: &str) -> io::Result<String> {
        self.read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn link(&self, name: &str) -> io::Result<PathBuf> {
        let target = readlinkat(&self.directory, name, Vec::new())?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    fn container(&self, first: Option<FirstProcess>, shares_processes: bool) -> io::Result<Container> {
        let root = File::from(openat(&self.directory, "root", Self::FLAGS, Mode::empty())?);
        let shown = |name: &str| self.path.join(name).display().to_string();
        let shares_network = match (self.link("ns/net"), std::fs::read_link("/proc/self/ns/net")) {
            (Ok(its), Ok(own)) => Reading::Known(its == own),
            (Err(error), _) | (_, Err(error)) => {
                let detail = format!("{error}; grant CAP_SYS_PTRACE");
                Reading::Unknown(Why::new(Reason::Denied, shown("ns/net"), detail))
            }
        };
        let network = if shares_network == Reading::Known(false) {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            openat(&self.directory, "ns/net", flags, Mode::empty()).ok().map(|it| Arc::new(File::from(it)))
        } else {
            None
        };
        let interfaces = match (self.text("net/fib_trie"), self.text("net/route"), self.text("net/igmp")) {
            (Ok(trie), Ok(routes), Ok(groups)) => {
                Reading::Known(addresses::of_namespace(&trie, &routes, &groups))
            }
            (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
                Reading::Unknown(Why::new(Reason::Failed, shown("net"), error.to_string()))
            }
        };
        Ok(Container {
            identity: root.metadata().map(|metadata| (metadata.dev(), metadata.ino()))?,
            first,
            root: Root::held(root, self.path.join("root")),
            shares_processes,
            shares_network,
            network,
            interfaces,
            control_groups: self.text("cgroup").unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_began_at_another_time_is_another_one() {
        let procfs = Path::new("/proc");
        let pid = std::process::id();
        let stat = Stat::parse(&std::fs::read("/proc/self/stat").unwrap()).unwrap();
        let own = FirstProcess { pid, start_ticks: stat.start_ticks };
        assert!(runs(procfs, own) && revisit(procfs, own).unwrap().is_some());
        for start_ticks in [stat.start_ticks - 1, stat.start_ticks + 1] {
            let former = FirstProcess { pid, start_ticks };
            assert!(!runs(procfs, former) && revisit(procfs, former).unwrap().is_none());
        }
    }
}
