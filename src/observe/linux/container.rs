//! A process in a container: who it really is, its root directory and its network, all through one open directory of `/proc`,
//! so that a process id that is given to another process in between is not taken for the same.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::{ffi::OsStringExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};

use super::{
    addresses,
    stat::{credentials, pid_namespaces},
};
use crate::{
    model::{Reading, Reason, Why},
    observe::{host::process::Container, trust::Credentials},
    sys::root::Root,
};

/// The most that is read of one file of `/proc`, in bytes.
const MOST_BYTES: u64 = 256 << 10;

/// What is seen of a process of another PID namespace.
pub(super) struct Inmate {
    /// As whom it runs, in the users of the procfs.
    pub(super) credentials: Credentials,
    /// Its executable, as it sees it.
    pub(super) executable: PathBuf,
    /// Where it is.
    pub(super) container: Container,
}

/// The process `pid`, if it is in another PID namespace than the procfs.
///
/// # Errors
/// What the kernel says: it is gone, or may not be looked at.
pub(super) fn inmate(procfs: &Path, pid: u32) -> io::Result<Option<Inmate>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat(CWD, procfs.join(pid.to_string()), flags, Mode::empty())?;
    let read = |name: &str| -> io::Result<Vec<u8>> {
        let file = File::from(openat(&directory, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let link = |name: &str| -> io::Result<PathBuf> {
        let target = readlinkat(&directory, name, Vec::new())?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(target.into_bytes())))
    };
    let status = read("status")?;
    let (Some(credentials), Some(2..)) = (credentials(&status), pid_namespaces(&status)) else {
        return Ok(None);
    };
    // As runtimes set a root directory up, it is `/`; after a mere chroot both paths are told from further out.
    let (executable, root_path) = (link("exe")?, link("root")?);
    let executable =
        executable.strip_prefix(&root_path).map_or(executable.clone(), |rest| Path::new("/").join(rest));
    let root = File::from(openat(&directory, "root", flags, Mode::empty())?);
    let identity = root.metadata().map(|metadata| (metadata.dev(), metadata.ino()))?;
    let shares_network = match (link("ns/net"), std::fs::read_link("/proc/self/ns/net")) {
        (Ok(its), Ok(own)) => Reading::Known(its == own),
        (Err(error), _) | (_, Err(error)) => {
            let fact = procfs.join(format!("{pid}/ns/net")).display().to_string();
            Reading::Unknown(Why::new(Reason::Denied, fact, format!("{error}; grant CAP_SYS_PTRACE")))
        }
    };
    let text = |name: &str| read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let interfaces = match (text("net/fib_trie"), text("net/route"), text("net/igmp")) {
        (Ok(trie), Ok(routes), Ok(groups)) => {
            Reading::Known(addresses::of_namespace(&trie, &routes, &groups))
        }
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
            let fact = procfs.join(format!("{pid}/net")).display().to_string();
            Reading::Unknown(Why::new(Reason::Failed, fact, error.to_string()))
        }
    };
    let container = Container {
        identity,
        root: Root::held(root, procfs.join(format!("{pid}/root"))),
        shares_network,
        interfaces,
        control_groups: text("cgroup").unwrap_or_default(),
    };
    Ok(Some(Inmate { credentials, executable, container }))
}
