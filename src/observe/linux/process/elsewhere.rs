//! Processes with another file system than the watched one: those of containers, which are in another PID namespace, or
//! in the exporter's own if a pod's containers share it.

use std::path::Path;

use super::{
    MOST_CANDIDATES, Reader, Seen, Stat, container, container::ContainerProcess, facts::ReadError,
    pid_namespaces,
};
use crate::{
    model::{Reading, Reason, Why},
    observe::{
        host::{
            container::name::container_id,
            file::Files,
            process::{FirstProcess, base_name},
        },
        trust::{Credentials, ROOT},
    },
    sys,
};

impl Reader<'_> {
    /// A process in another PID namespace. It counts only for the agent in its container, if it runs as root by the
    /// user ids of the procfs (no process in a user namespace does), and if its root directory is not the watched one.
    pub(super) fn contained(&self, pid: u32, stat: Stat, name: &str, before: usize) -> Option<Seen> {
        let container_process = self.look_inside(pid, name)?;
        if container_process.container.shares_processes || container_process.credentials.user() != Some(ROOT)
        {
            return None;
        }
        if before == MOST_CANDIDATES {
            return Some(Seen::TooMany);
        }
        self.container_process(pid, stat, name, container_process)
    }

    /// A process in the procfs's own PID namespace with another root directory. It counts under the same conditions.
    pub(super) fn in_own_namespace(
        &self,
        pid: u32,
        name: &str,
        credentials: &Credentials,
    ) -> Option<ContainerProcess> {
        if !self.sees_containers || credentials.user() != Some(ROOT) || !self.wanted.in_containers(name) {
            return None;
        }
        let mut container_process = self.look_inside(pid, name)?;
        container_process.container.first = first_of_pod(self.procfs, self.files, self.sees_containers);
        container_process.container.shares_processes.then_some(container_process)
    }

    fn look_inside(&self, pid: u32, name: &str) -> Option<ContainerProcess> {
        let path = self.procfs.join(format!("{pid}/root"));
        let look = || Reading::Known(container::container_process(self.procfs, pid).ok().flatten());
        let Reading::Known(Some(container_process)) = self.files.attempt.guard(&path, look) else {
            return None;
        };
        let own = [self.own_root(), identity(Path::new("/"))];
        let is_elsewhere = !own.contains(&Some(container_process.container.identity));
        (is_elsewhere && base_name(&container_process.executable) == name).then_some(container_process)
    }

    /// The facts about a process in a container.
    pub(super) fn container_process(
        &self,
        pid: u32,
        stat: Stat,
        name: &str,
        container_process: ContainerProcess,
    ) -> Option<Seen> {
        let ContainerProcess { credentials, executable, container } = container_process;
        let executable = self.executable(&executable);
        let path = Some(executable.path.clone());
        let identity = (stat, name.to_owned(), Reading::Known(Some(executable)));
        let candidate = self.candidate(pid, identity, path, (credentials, Some(container)), None)?;
        Some(Seen::Candidate(Box::new(candidate)))
    }

    /// Device and inode of the root directory that the exporter watches.
    fn own_root(&self) -> Option<(u64, u64)> {
        *self.root.get_or_init(|| identity(self.files.root.path()))
    }

    /// Why the process's paths are not followed, if they are not: they refer to other files.
    ///
    /// # Errors
    /// If it is exiting, so that it has no root directory any more; or if the exporter shares its PID namespace with
    /// other containers, and may not read the process's root directory.
    pub(super) fn has_another_root(&self, pid: u32) -> Result<Option<Why>, ReadError> {
        let path = self.procfs.join(format!("{pid}/root")).display().to_string();
        let theirs = self.files.deputy.then(|| self.facts.root(pid));
        if !matches!(theirs, Some(Ok(_) | Err(ReadError::Gone))) && self.is_in_another_container(pid) {
            let detail = "it is in another container, whose PID namespace the exporter shares, but whose files it may not read; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, to user 0";
            return Err(ReadError::Unread(Why::new(Reason::Denied, path, detail)));
        }
        match theirs {
            None => return Ok(None),
            Some(Err(ReadError::Gone)) => return Err(ReadError::Gone),
            Some(Err(ReadError::Unread(why))) if why.reason != Reason::Denied => return Ok(Some(why)),
            Some(Ok(theirs)) if Some(theirs) == self.own_root() => return Ok(None),
            Some(_) => {}
        }
        let detail =
            "its root directory is not known to be that of --path.rootfs, so its paths are not followed";
        Ok(Some(Why::new(Reason::Denied, path, detail)))
    }

    /// True if process 1 of the procfs has the root directory that the exporter watches, or if that is the exporter's
    /// own.
    pub(super) fn is_of_root(&self) -> bool {
        self.files.root.is_own()
            || identity(&self.procfs.join("1/root")).is_some_and(|theirs| Some(theirs) == self.own_root())
    }

    /// True if the control groups show it: the exporter watches its own container's root, and this process is in
    /// another container.
    fn is_in_another_container(&self, pid: u32) -> bool {
        if !self.sees_containers || !self.files.root.is_own() {
            return false;
        }
        let own = std::fs::read_to_string(self.procfs.join("self/cgroup"));
        let (Ok(own), Ok(theirs)) = (own, self.facts.read(pid, "cgroup")) else { return false };
        are_apart(&own, &String::from_utf8_lossy(&theirs))
    }

    /// True if the process is in a PID namespace other than that of the procfs.
    pub(super) fn is_elsewhere(&self, pid: u32, status: &[u8]) -> bool {
        match pid_namespaces(status) {
            Some(depth) => depth > 1,
            None => match (self.facts.link(pid, "ns/pid"), self.facts.link(1, "ns/pid")) {
                (Ok(own), Ok(first)) => own != first,
                _ => false,
            },
        }
    }
}

/// Device and inode.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|metadata| sys::file::identity(&metadata))
}

/// See [`Procfs::first_of_pod`](super::Procfs::first_of_pod).
pub(super) fn first_of_pod(procfs: &Path, files: Files<'_>, sees_containers: bool) -> Option<FirstProcess> {
    if !files.root.is_own() || !sees_containers {
        return None;
    }
    let path = procfs.join("1/root");
    let theirs = files.attempt.guard(&path, || Reading::Known(identity(&path)));
    let theirs = theirs.known().copied().flatten()?;
    if Some(theirs) == identity(Path::new("/")) {
        return None;
    }
    let stat = Stat::parse(&std::fs::read(procfs.join("1/stat")).ok()?)?;
    Some(FirstProcess { pid: 1, start_ticks: stat.start_ticks })
}

/// True if these are the control groups of two containers, the first of which is the reader's. If that has its own
/// control group namespace, paths outside it begin with `/..`.
fn are_apart(own: &str, theirs: &str) -> bool {
    let outside = theirs
        .lines()
        .any(|line| line.splitn(3, ':').nth(2).is_some_and(|path| path == "/.." || path.starts_with("/../")));
    outside || container_id(own).is_some_and(|own| container_id(theirs).is_some_and(|theirs| own != theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_apart_by_their_control_groups() {
        let (own, other) = ("a".repeat(64), "b".repeat(64));
        let pod = |id: &str| format!("4:memory:/kubepods/pod1/{id}\n0::/kubepods/pod1/{id}\n");
        for (ours, theirs, apart) in [
            ("0::/\n".to_owned(), format!("0::/../{other}\n"), true),
            ("0::/\n".to_owned(), "0::/..\n".to_owned(), true),
            (pod(&own), pod(&other), true),
            (pod(&own), pod(&own), false),
            ("0::/\n".to_owned(), "0::/init\n".to_owned(), false),
            ("0::/system.slice/logagent-exporter.service\n".to_owned(), pod(&other), false),
            ("0::/system.slice/a.service\n".to_owned(), "0::/..odd/b.service\n".to_owned(), false),
        ] {
            assert_eq!(are_apart(&ours, &theirs), apart, "{ours} {theirs}");
        }
    }
}
