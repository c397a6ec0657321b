//! The host's processes, as far as they may be an agent's. Known by the executable's base name where the kernel tells it,
//! else by `argv[0]` and the command name agreeing; never by a word somewhere on a command line.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{CWD, Dir, Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use super::{
    sieve::{DELETED, Sieve},
    stat::{Stat, pid_namespaces},
};
use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{Executable, Process, ProcessState},
    },
    observe::{
        host::{
            environ::{self, Kept},
            file::{Files, Kind},
            process::{Candidate, Scan, Wanted, base_name},
        },
        time::Now,
    },
};

/// The kernel cuts a command name to this many bytes.
const COMM: usize = 15;
/// The most that is read of one file of `/proc`, in bytes; a command line may be as long as a process likes.
const MOST_BYTES: u64 = 1 << 20;
/// The most arguments that are kept, and the longest of them in bytes.
const MOST_ARGUMENTS: usize = 256;
const LONGEST_ARGUMENT: usize = 4 << 10;
/// So many processes are looked at under one deadline.
const SIEVED_AT_ONCE: usize = 256;
/// Room for a usual file of `/proc`, so that it is read at once and not piecemeal.
const USUAL_BYTES: usize = 2 << 10;

/// A procfs.
#[derive(Debug, Clone)]
pub struct Procfs {
    path: PathBuf,
}

impl Procfs {
    /// The one that is `given`, else that below the root if one is mounted there, else the exporter's own.
    pub(in crate::observe) fn find(files: Files<'_>, given: Option<&Path>) -> Self {
        let path = match given {
            Some(path) => path.to_owned(),
            None if files.is_directory(Path::new("/proc/1")) => files.root.locate(Path::new("/proc")),
            None => PathBuf::from("/proc"),
        };
        Self { path }
    }

    /// The procfs at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Every process that bears a wanted name, but for those whose ids (in ascending order) are known not to matter, which are
    /// not even looked at. Those that vanish meanwhile are left out, as are those of other PID namespaces and threads of the
    /// kernel.
    pub fn scan(&self, known: &[u32], files: Files<'_>, now: Now, wanted: &dyn Wanted) -> Reading<Scan> {
        let reader = Reader { procfs: &self.path, files, now, wanted };
        let listed = match files.attempt.guard(&self.path, || reader.pids()) {
            Reading::Known(listed) => listed,
            Reading::Unknown(why) => return Reading::Unknown(why),
        };
        if let Some(why) = reader.hidden() {
            return Reading::Unknown(why);
        }
        let asked: Vec<u32> =
            listed.iter().copied().filter(|pid| known.binary_search(pid).is_err()).collect();
        let mut strangers = asked.clone();
        let candidates: Vec<_> =
            reader.sieved(asked).into_iter().filter_map(|pid| reader.candidate(pid)).collect();
        strangers.retain(|pid| candidates.iter().all(|candidate| candidate.process.pid != *pid));
        Reading::Known(Scan { candidates, strangers, listed })
    }

    /// True if process ids mean the same to the exporter as in this procfs.
    pub(in crate::observe) fn is_of_own_namespace(&self) -> bool {
        let Ok(status) = std::fs::read(self.path.join("self/status")) else { return false };
        // Kernels that do not tell have no descriptors of processes either.
        pid_namespaces(&status).is_none_or(|depth| depth == 1)
    }
}

/// How a read of `/proc` can end without an answer.
enum Miss {
    /// The process (or its executable) is not there.
    Gone,
    Unread(Why),
}

struct Reader<'a> {
    procfs: &'a Path,
    files: Files<'a>,
    now: Now,
    wanted: &'a dyn Wanted,
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
        if pids.is_empty() {
            unknown(Reason::Unsupported, "this is not a procfs")
        } else {
            Reading::Known(pids)
        }
    }

    /// Why the processes of other users are not to be seen, if so: process 1, which always runs, is not.
    fn hidden(&self) -> Option<Why> {
        let detail = "only the exporter's own processes are visible: /proc is mounted with hidepid, or the service runs \
                      with ProtectProc; grant CAP_SYS_PTRACE, add the exporter to the group of the mount's gid option, or \
                      remove that option";
        let why = || Why::new(Reason::Denied, self.procfs.display().to_string(), detail);
        match self.read(1, "stat") {
            Err(Miss::Unread(denied)) if denied.reason == Reason::Denied => Some(why()),
            Err(Miss::Gone) => Some(why()),
            Ok(_) | Err(Miss::Unread(_)) => None,
        }
    }

    /// The processes that may be an agent's: a few of all on the host.
    fn sieved(&self, pids: Vec<u32>) -> Vec<u32> {
        let Some(mut sieve) = Sieve::new(self.procfs, self.wanted) else { return pids };
        let mut left = Vec::new();
        for some in pids.chunks(SIEVED_AT_ONCE) {
            let sifted = self.files.attempt.guard(self.procfs, || {
                Reading::Known(some.iter().copied().filter(|pid| !sieve.clears(*pid)).collect::<Vec<_>>())
            });
            match sifted {
                Reading::Known(some) => left.extend(some),
                // The full reading says for each why it is not read.
                Reading::Unknown(_) => left.extend(some),
            }
        }
        left
    }

    fn candidate(&self, pid: u32) -> Option<Candidate> {
        let executable = match self.link(pid, "exe") {
            Ok(target) => Ok(self.executable(&target)),
            Err(miss) => Err(miss),
        };
        if let Ok(executable) = &executable
            && !self.wanted.name(&base_name(&executable.path))
        {
            return None;
        }
        let stat = Stat::parse(&self.read(pid, "stat").ok()?)?;
        if stat.kernel_thread {
            return None;
        }
        let comm = String::from_utf8_lossy(&stat.comm).into_owned();
        let defunct = stat.state == ProcessState::Defunct;
        let (name, executable, arguments) = match executable {
            Ok(executable) => {
                let name = base_name(&executable.path);
                (name, Reading::Known(Some(executable)), self.arguments(pid)?)
            }
            Err(_) if defunct => {
                if !self.wanted.comm(&comm) {
                    return None;
                }
                (comm, Reading::Known(None), Reading::Known(Vec::new()))
            }
            // Alive, and without an executable: it is just exiting.
            Err(Miss::Gone) => return None,
            Err(Miss::Unread(why)) => {
                if !self.wanted.comm(&comm) {
                    return None;
                }
                let Reading::Known(arguments) = self.arguments(pid)? else { return None };
                let name = base_name(Path::new(arguments.first()?));
                let agrees = name.as_bytes().get(..COMM).unwrap_or(name.as_bytes()) == stat.comm;
                if !agrees || !self.wanted.name(&name) {
                    return None;
                }
                (name, Reading::Unknown(why), Reading::Known(arguments))
            }
        };
        if self.is_elsewhere(pid)? {
            return None;
        }
        let path = self.path_of(pid, &executable, &arguments);
        let environment =
            if defunct { Reading::Known(Kept::default()) } else { self.environment(pid, &name)? };
        let process = Process {
            pid,
            parent: stat.parent,
            executable_name: name,
            role_by_name: None,
            arguments,
            executable,
            state: stat.state,
            start_ticks: stat.start_ticks,
            started_at: started_at(stat.start_ticks, self.now),
            cpu: of_ticks(stat.cpu_ticks),
            resident_bytes: bytes_of_pages(stat.resident_pages),
            open_fds: if defunct { Reading::Known(0) } else { self.open_fds(pid)? },
            threads: stat.threads,
        };
        Some(Candidate { process, path, environment })
    }

    /// The executable of a link's target, which the kernel marks where the file is gone.
    fn executable(&self, target: &Path) -> Executable {
        let as_seen = |path: &Path| self.files.root.strip(path).unwrap_or_else(|| path.to_owned());
        let marked = target.as_os_str().as_bytes().strip_suffix(DELETED.as_bytes());
        match marked {
            // A file may really be called so.
            Some(_) if self.is_file(&as_seen(target)) => Executable { path: as_seen(target), deleted: false },
            Some(path) => {
                let path = PathBuf::from(OsString::from_vec(path.to_vec()));
                Executable { path: as_seen(&path), deleted: true }
            }
            None => Executable { path: as_seen(target), deleted: false },
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        matches!(self.files.look(path), Reading::Known(Some(standing)) if standing.kind == Kind::File)
    }

    fn path_of(
        &self,
        pid: u32,
        executable: &Reading<Option<Executable>>,
        arguments: &Reading<Vec<String>>,
    ) -> Option<PathBuf> {
        if let Reading::Known(executable) = executable {
            return Some(executable.as_ref()?.path.clone());
        }
        let first = Path::new(arguments.known()?.first()?);
        if first.is_absolute() {
            return Some(self.files.root.strip(first).unwrap_or_else(|| first.to_owned()));
        }
        // A bare name was found along PATH, and says nothing about where.
        first.parent().filter(|parent| !parent.as_os_str().is_empty())?;
        let directory = self.link(pid, "cwd").ok()?;
        let directory = self.files.root.strip(&directory).unwrap_or(directory);
        Some(lexically(&directory.join(first)))
    }

    /// True if the process is in another PID namespace than the procfs. `None`: it is gone.
    fn is_elsewhere(&self, pid: u32) -> Option<bool> {
        match self.read(pid, "status") {
            Ok(status) => match pid_namespaces(&status) {
                Some(depth) => Some(depth > 1),
                None => match (self.link(pid, "ns/pid"), self.link(1, "ns/pid")) {
                    (Ok(own), Ok(first)) => Some(own != first),
                    _ => Some(false),
                },
            },
            Err(Miss::Gone) => None,
            Err(Miss::Unread(_)) => Some(false),
        }
    }

    fn arguments(&self, pid: u32) -> Option<Reading<Vec<String>>> {
        Some(match self.read(pid, "cmdline") {
            Ok(bytes) => Reading::Known(split_arguments(&bytes)),
            Err(Miss::Gone) => return None,
            Err(Miss::Unread(why)) => Reading::Unknown(why),
        })
    }

    fn environment(&self, pid: u32, name: &str) -> Option<Reading<Kept>> {
        Some(match self.read(pid, "environ") {
            Ok(bytes) => {
                Reading::Known(environ::parse(&bytes, |variable| self.wanted.variable(name, variable)))
            }
            Err(Miss::Gone) => return None,
            Err(Miss::Unread(why)) => Reading::Unknown(why),
        })
    }

    fn open_fds(&self, pid: u32) -> Option<Reading<u64>> {
        let path = self.path(pid, "fd");
        let reading = self.files.attempt.guard(&path, || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let count = openat(CWD, &path, flags, Mode::empty()).and_then(Dir::new).map(|listing| {
                listing
                    .filter(|entry| {
                        entry.as_ref().is_ok_and(|entry| !entry.file_name().to_bytes().starts_with(b"."))
                    })
                    .count()
            });
            match count {
                Ok(count) => Reading::Known(Some(u64::try_from(count).unwrap_or(u64::MAX))),
                Err(Errno::NOENT | Errno::SRCH) => Reading::Known(None),
                Err(error) => Reading::Unknown(refusal(&path, error)),
            }
        });
        match reading {
            Reading::Known(None) => None,
            Reading::Known(Some(count)) => Some(Reading::Known(count)),
            Reading::Unknown(why) => Some(Reading::Unknown(why)),
        }
    }

    fn link(&self, pid: u32, name: &str) -> Result<PathBuf, Miss> {
        let path = self.path(pid, name);
        self.get(&path, || {
            Ok(PathBuf::from(OsString::from_vec(readlinkat(CWD, &path, Vec::new())?.into_bytes())))
        })
    }

    fn read(&self, pid: u32, name: &str) -> Result<Vec<u8>, Miss> {
        let path = self.path(pid, name);
        self.get(&path, || {
            let file = File::from(openat(CWD, &path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
            let mut bytes = Vec::with_capacity(USUAL_BYTES);
            match file.take(MOST_BYTES).read_to_end(&mut bytes) {
                Ok(_) => Ok(bytes),
                Err(error) => Err(error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)),
            }
        })
    }

    fn get<T>(&self, path: &Path, read: impl FnOnce() -> rustix::io::Result<T>) -> Result<T, Miss> {
        let reading = self.files.attempt.guard(path, || match read() {
            Ok(value) => Reading::Known(Some(value)),
            Err(Errno::NOENT | Errno::SRCH) => Reading::Known(None),
            Err(error) => Reading::Unknown(refusal(path, error)),
        });
        match reading {
            Reading::Known(Some(value)) => Ok(value),
            Reading::Known(None) => Err(Miss::Gone),
            Reading::Unknown(why) => Err(Miss::Unread(why)),
        }
    }

    fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.procfs.join(format!("{pid}/{name}"))
    }
}

fn refusal(path: &Path, error: Errno) -> Why {
    let fact = path.display().to_string();
    match error {
        Errno::ACCESS | Errno::PERM => Why::new(
            Reason::Denied,
            fact,
            "another user's process: permission denied; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or run as root",
        ),
        error => Why::new(Reason::Failed, fact, io::Error::from(error).to_string()),
    }
}

/// `path` with `.` and `..` taken away by words alone: its links cannot be followed for another process.
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

fn split_arguments(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|byte| *byte == 0)
        .take(MOST_ARGUMENTS)
        .map(|argument| {
            String::from_utf8_lossy(argument.get(..LONGEST_ARGUMENT).unwrap_or(argument)).into_owned()
        })
        .collect()
}

fn of_ticks(ticks: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(per_second);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The start as wall-clock time: so long before now, by the clock that counts suspended time too.
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
