//! The host's processes that may be an agent's. They are recognized by the executable's base name if the kernel reports
//! it, otherwise by matching `argv[0]` and command name; never by a word anywhere else in the command line.

mod elsewhere;
mod facts;

use std::{
    cell::OnceCell,
    collections::BTreeSet,
    ffi::OsString,
    io,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{CWD, Dir, Mode, OFlags, openat},
    io::Errno,
};

use self::facts::{Facts, ReadError};
use super::{
    container,
    filter::{DELETED, ProcessFilter},
    own,
    stat::{Stat, credentials, pid_namespaces},
};
use crate::{
    model::{
        Reading, Reason, Why,
        report::Limit,
        snapshot::{Executable, Process, ProcessState},
    },
    observe::{
        host::{
            blocking::Attempt,
            environ::Kept,
            file::Files,
            process::{Candidate, Container, FirstProcess, Scan, UntrustedProcess, Wanted, base_name},
        },
        time::Now,
        trust::Credentials,
    },
    sys::root::Purpose,
};

/// The kernel truncates command names to this many bytes.
const COMM: usize = 15;
/// The number of processes that are read under one deadline.
const FILTERED_AT_ONCE: usize = 256;
/// The maximum number of processes that count as an agent's; a host has only a few.
const MOST_CANDIDATES: usize = 512;

/// A procfs.
#[derive(Debug, Clone)]
pub struct Procfs {
    path: PathBuf,
    /// True if it is the procfs of the host with the watched root directory, and shows its containers.
    is_of_root: bool,
}

impl Procfs {
    /// The `given` procfs, otherwise the one below the root if one is mounted there, otherwise the exporter's own.
    pub(in crate::observe) fn find(files: Files<'_>, given: Option<&Path>) -> Self {
        match given {
            Some(path) => Self { path: path.to_owned(), is_of_root: true },
            None if files.is_directory(Path::new("/proc/1")) => {
                Self { path: files.root.locate(Path::new("/proc")), is_of_root: true }
            }
            None => Self { path: PathBuf::from("/proc"), is_of_root: files.root.is_own() },
        }
    }

    /// The procfs at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, is_of_root: false }
    }

    /// The control groups of a process, from `/proc/<pid>/cgroup`. `Known(None)`: it is gone.
    pub fn control_groups(&self, pid: u32, attempt: &Attempt) -> Reading<Option<Vec<u8>>> {
        match Facts::new(&self.path, attempt).read(pid, "cgroup") {
            Ok(groups) => Reading::Known(Some(groups)),
            Err(ReadError::Gone) => Reading::Known(None),
            Err(ReadError::Unread(why)) => Reading::Unknown(why),
        }
    }

    /// Every process with a wanted name. Processes whose ids (in ascending order) are known not to matter are not
    /// read. Processes that vanish in the meantime are left out, as are kernel threads and processes in other PID
    /// namespaces.
    pub fn scan(&self, known: &[u32], files: Files<'_>, now: Now, wanted: &dyn Wanted) -> Reading<Scan> {
        let reader = Reader {
            procfs: &self.path,
            files,
            now,
            wanted,
            facts: Facts::new(&self.path, files.attempt),
            root: OnceCell::new(),
            sees_containers: self.is_of_root,
        };
        let listed = match files.attempt.guard(&self.path, || reader.pids()) {
            Reading::Known(listed) => listed,
            Reading::Unknown(why) => return Reading::Unknown(why),
        };
        if let Some(why) = reader.hidden() {
            return Reading::Unknown(why);
        }
        let asked: Vec<u32> =
            listed.iter().copied().filter(|pid| known.binary_search(pid).is_err()).collect();
        let mut scan = Scan { ignored: asked.clone(), listed, ..Scan::default() };
        let mut somebody = BTreeSet::new();
        for pid in reader.filtered(asked) {
            match reader.look(pid, scan.candidates.len()) {
                Ok(None) => continue,
                Ok(Some(Seen::Candidate(candidate))) => scan.candidates.push(*candidate),
                Ok(Some(Seen::UntrustedProcess(untrusted))) => scan.untrusted.push(untrusted),
                Ok(Some(Seen::TooMany)) => reader.facts.reached(Limit::Candidates),
                Err(why) => return Reading::Unknown(why),
            }
            somebody.insert(pid);
        }
        scan.ignored.retain(|pid| !somebody.contains(pid));
        scan.limits = reader.facts.into_limits();
        Reading::Known(scan)
    }

    /// The container whose first process this is, if that still runs.
    pub(in crate::observe) fn revisit(
        &self,
        first: FirstProcess,
        attempt: &Attempt,
    ) -> Reading<Option<Container>> {
        let path = self.path.join(first.pid.to_string());
        attempt.guard(&path, || match container::revisit(&self.path, first) {
            Ok(container) => Reading::Known(container),
            Err(error) => {
                Reading::Unknown(Why::new(Reason::Failed, path.display().to_string(), error.to_string()))
            }
        })
    }

    /// True if this process still runs, or if that cannot be determined.
    pub(in crate::observe) fn runs(&self, process: FirstProcess, attempt: &Attempt) -> bool {
        let look = || Reading::Known(container::runs(&self.path, process));
        attempt.guard(&self.path.join(process.pid.to_string()), look) != Reading::Known(false)
    }

    /// The first process, if the exporter shares its PID namespace with other containers, as in a pod: then it has
    /// another root directory than the exporter.
    pub(in crate::observe) fn first_of_pod(&self, files: Files<'_>) -> Option<FirstProcess> {
        elsewhere::first_of_pod(&self.path, files, self.is_of_root)
    }

    /// True if process ids are the same for the exporter and in this procfs.
    pub(in crate::observe) fn is_of_own_namespace(&self) -> bool {
        let Ok(status) = std::fs::read(self.path.join("self/status")) else { return false };
        // Kernels that do not report this have no pidfds either.
        pid_namespaces(&status).is_none_or(|depth| depth == 1)
    }
}

/// The classification of a process.
enum Seen {
    Candidate(Box<Candidate>),
    UntrustedProcess(UntrustedProcess),
    /// It counts, but is beyond the maximum number.
    TooMany,
}

/// The facts that decide whether a process may be an agent's.
struct Identity {
    stat: Stat,
    /// Base name by which it was recognized.
    name: String,
    executable: Reading<Option<Executable>>,
    /// Used if the executable cannot be read.
    first_argument: Option<String>,
    status: Vec<u8>,
}

struct Reader<'a> {
    procfs: &'a Path,
    files: Files<'a>,
    now: Now,
    wanted: &'a dyn Wanted,
    facts: Facts<'a>,
    /// Device and inode of the root directory.
    root: OnceCell<Option<(u64, u64)>>,
    sees_containers: bool,
}

impl Reader<'_> {
    fn pids(&self) -> Reading<Vec<u32>> {
        let unknown = |reason, detail: &str| {
            let detail = format!("{detail}; mount /proc there, or correct --path.procfs");
            Reading::Unknown(Why::new(reason, self.procfs.display().to_string(), detail))
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listing = match openat(CWD, self.procfs, flags, Mode::empty()).and_then(Dir::new) {
            Ok(listing) => listing,
            Err(Errno::NOENT | Errno::NOTDIR) => {
                return unknown(Reason::NoSource, "there is no such directory");
            }
            Err(Errno::ACCESS) => return unknown(Reason::Denied, "permission denied"),
            Err(error) => return unknown(Reason::Failed, &io::Error::from(error).to_string()),
        };
        let mut pids = Vec::new();
        for entry in listing {
            match entry {
                Ok(entry) => {
                    let name = entry.file_name().to_str().ok();
                    pids.extend(name.and_then(|name| name.parse::<u32>().ok()));
                }
                Err(error) => return unknown(Reason::Failed, &io::Error::from(error).to_string()),
            }
        }
        pids.sort_unstable();
        match pids.as_slice() {
            [] => unknown(Reason::Unsupported, "this is not a procfs"),
            all if own::is_alone(self.procfs, all, || self.is_of_root()) => {
                unknown(Reason::Denied, own::ALONE)
            }
            _ => Reading::Known(pids),
        }
    }

    /// Why the processes of other users are hidden, if they are: process 1 always runs, but is not visible.
    fn hidden(&self) -> Option<Why> {
        let detail = "only the exporter's own processes are visible: /proc is mounted with hidepid, or the service runs \
                      with ProtectProc; grant CAP_SYS_PTRACE, add the exporter to the group of the mount's gid option, or \
                      remove that option";
        let why = || Why::new(Reason::Denied, self.procfs.display().to_string(), detail);
        match self.facts.read(1, "stat") {
            Err(ReadError::Unread(denied)) if denied.reason == Reason::Denied => Some(why()),
            Err(ReadError::Gone) => Some(why()),
            Ok(_) | Err(ReadError::Unread(_)) => None,
        }
    }

    /// The processes that may be an agent's: a few of those on the host.
    fn filtered(&self, pids: Vec<u32>) -> Vec<u32> {
        let Some(mut filter) = ProcessFilter::new(self.procfs, self.wanted) else { return pids };
        let mut left = Vec::new();
        for some in pids.chunks(FILTERED_AT_ONCE) {
            let passed = self.files.attempt.guard(self.procfs, || {
                Reading::Known(some.iter().copied().filter(|pid| !filter.clears(*pid)).collect::<Vec<_>>())
            });
            match passed {
                Reading::Known(some) => left.extend(some),
                // The full reading reports for each why it cannot be read.
                Reading::Unknown(_) => left.extend(some),
            }
        }
        left
    }

    /// Classifies the process, given the number that counted before it; `None` if it has no wanted name. For a process
    /// that does not count, only the facts that decide this are read.
    ///
    /// # Errors
    /// If its identity or user is unknown: then it is unknown which processes count.
    fn look(&self, pid: u32, before: usize) -> Result<Option<Seen>, Why> {
        let identity = match self.identity(pid) {
            Ok(Some(identity)) => identity,
            Ok(None) | Err(ReadError::Gone) => return Ok(None),
            Err(ReadError::Unread(why)) => return Err(why),
        };
        let Identity { stat, name, executable, first_argument, status } = identity;
        if self.is_elsewhere(pid, &status) {
            let look = || self.contained(pid, stat, &name, before);
            return Ok(self.sees_containers.then(look).flatten());
        }
        let Some(credentials) = credentials(&status) else {
            let fact = self.procfs.join(format!("{pid}/status")).display().to_string();
            return Err(Why::new(Reason::Unsupported, fact, "it does not contain the user of the process"));
        };
        let path = self.path_of(pid, &executable, first_argument.as_deref());
        if !self.wanted.counts(&name, path.as_deref(), &credentials) {
            let executable = executable.known().cloned().flatten().map(|executable| executable.path);
            let [_, user, ..] = credentials.users;
            return Ok(Some(Seen::UntrustedProcess(UntrustedProcess { pid, name, user, executable })));
        }
        if before == MOST_CANDIDATES {
            return Ok(Some(Seen::TooMany));
        }
        let defunct = stat.state == ProcessState::Defunct;
        let elsewhere = match if defunct { Ok(None) } else { self.has_another_root(pid) } {
            Ok(elsewhere) => elsewhere,
            Err(ReadError::Gone) => return Ok(None),
            Err(ReadError::Unread(why)) => return Err(why),
        };
        if elsewhere.is_some() {
            if let Some(container_process) = self.in_own_namespace(pid, &name, &credentials) {
                return Ok(self.container_process(pid, stat, &name, container_process));
            }
            // It may have begun to exit meanwhile, so that its container could not be read.
            if matches!(self.facts.root(pid), Err(ReadError::Gone)) {
                return Ok(None);
            }
        }
        let identity = (stat, name, executable);
        let candidate = self.candidate(pid, identity, path, (credentials, None), elsewhere);
        Ok(candidate.map(|candidate| Seen::Candidate(Box::new(candidate))))
    }

    /// The facts that decide whether the process may be an agent's; `None` if it is not.
    ///
    /// # Errors
    /// If it is gone, or if it may be an agent's and cannot be read.
    fn identity(&self, pid: u32) -> Result<Option<Identity>, ReadError> {
        let executable = self.facts.link(pid, "exe").map(|target| self.executable(&target));
        if let Ok(executable) = &executable
            && !self.wanted.name(&base_name(&executable.path))
        {
            return Ok(None);
        }
        // The files of a process that ends while it is read are empty.
        let stat = Stat::parse(&self.facts.read(pid, "stat")?).ok_or(ReadError::Gone)?;
        if stat.kernel_thread {
            return Ok(None);
        }
        let comm = String::from_utf8_lossy(&stat.comm).into_owned();
        let defunct = stat.state == ProcessState::Defunct;
        let mut first_argument = None;
        let (name, executable) = match executable {
            // It was not defunct yet when its link was read.
            Ok(_) if defunct => (comm, Reading::Known(None)),
            Ok(executable) => (base_name(&executable.path), Reading::Known(Some(executable))),
            Err(_) if !self.wanted.comm(&comm) => return Ok(None),
            Err(_) if defunct => (comm, Reading::Known(None)),
            // Alive, and without an executable: it is exiting.
            Err(ReadError::Gone) => return Err(ReadError::Gone),
            Err(ReadError::Unread(why)) => {
                let Some(first) = self.facts.first_argument(pid)? else { return Ok(None) };
                let name = base_name(Path::new(&first));
                let agrees = name.as_bytes().get(..COMM).unwrap_or(name.as_bytes()) == stat.comm;
                if !agrees || !self.wanted.name(&name) {
                    return Ok(None);
                }
                first_argument = Some(first);
                (name, Reading::Unknown(why))
            }
        };
        let status = self.facts.read(pid, "status")?;
        Ok(Some(Identity { stat, name, executable, first_argument, status }))
    }

    /// All facts of a process that counts. `elsewhere`: why its paths are not followed. `None`: it is gone.
    fn candidate(
        &self,
        pid: u32,
        (stat, name, executable): (Stat, String, Reading<Option<Executable>>),
        path: Option<PathBuf>,
        (credentials, container): (Credentials, Option<Container>),
        elsewhere: Option<Why>,
    ) -> Option<Candidate> {
        let defunct = stat.state == ProcessState::Defunct;
        let environment = if defunct {
            Reading::Known(Kept::default())
        } else if let Some(why) = &elsewhere {
            Reading::Unknown(why.clone())
        } else {
            self.facts.environment(pid, |variable| self.wanted.variable(&name, variable))?
        };
        let process = Process {
            pid,
            parent: stat.parent,
            executable_name: name,
            role_by_name: None,
            arguments: match elsewhere {
                _ if defunct => Reading::Known(Vec::new()),
                Some(why) => Reading::Unknown(why),
                None => self.facts.arguments(pid)?,
            },
            executable,
            state: stat.state,
            start_ticks: stat.start_ticks,
            started_at: started_at(stat.start_ticks, self.now),
            cpu: of_ticks(stat.cpu_ticks),
            resident_bytes: bytes_of_pages(stat.resident_pages),
            open_fds: if defunct { Reading::Known(0) } else { self.facts.open_fds(pid)? },
            threads: stat.threads,
        };
        Some(Candidate { process, path, credentials, environment, container })
    }

    /// The executable that a link's target names; the kernel adds a suffix to the target if the file is gone.
    fn executable(&self, target: &Path) -> Executable {
        let as_seen = |path: &Path| self.files.root.strip(path).unwrap_or_else(|| path.to_owned());
        let marked = target.as_os_str().as_bytes().strip_suffix(DELETED.as_bytes());
        match marked {
            // A file may really have that name.
            Some(_) if self.is_file(&as_seen(target)) => Executable { path: as_seen(target), deleted: false },
            Some(path) => {
                let path = PathBuf::from(OsString::from_vec(path.to_vec()));
                Executable { path: as_seen(&path), deleted: true }
            }
            None => Executable { path: as_seen(target), deleted: false },
        }
    }

    /// Paths in the kernel's file systems are not the agent's, so their changes do not matter.
    fn is_file(&self, path: &Path) -> bool {
        let look = || {
            let metadata = self.files.root.open(path, Purpose::Look).and_then(|file| file.metadata());
            Reading::Known(metadata.is_ok_and(|metadata| metadata.is_file()))
        };
        self.files.attempt.guard(&self.files.root.locate(path), look) == Reading::Known(true)
    }

    fn path_of(
        &self,
        pid: u32,
        executable: &Reading<Option<Executable>>,
        first_argument: Option<&str>,
    ) -> Option<PathBuf> {
        if let Reading::Known(executable) = executable {
            return Some(executable.as_ref()?.path.clone());
        }
        let first = Path::new(first_argument?);
        if first.is_absolute() {
            return Some(self.files.root.strip(first).unwrap_or_else(|| first.to_owned()));
        }
        // A bare name was looked up in PATH, so the directory is not known.
        first.parent().filter(|parent| !parent.as_os_str().is_empty())?;
        let directory = self.facts.link(pid, "cwd").ok()?;
        let directory = self.files.root.strip(&directory).unwrap_or(directory);
        Some(lexically(&directory.join(first)))
    }
}

/// `path` with `.` and `..` removed lexically: its links cannot be followed for another process.
fn lexically(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => plain.push(part),
        }
    }
    plain
}

fn of_ticks(ticks: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(per_second);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The start as wall-clock time, computed from the age by the clock that includes suspended time.
fn started_at(start_ticks: u64, now: Now) -> std::time::SystemTime {
    let start = of_ticks(start_ticks);
    let moment = match now.boot.checked_sub(start) {
        Some(age) => now.wall.checked_sub(age),
        // Started within the tick in which the clock was read.
        None => now.wall.checked_add(start.saturating_sub(now.boot)),
    };
    moment.unwrap_or(now.wall)
}

fn bytes_of_pages(pages: u64) -> u64 {
    pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
