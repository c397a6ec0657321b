//! Processes from the system's table.
//!
//! Windows has no user ids, and no file with the user of a process: a process counts if its program is where only
//! administrators may install programs, or in the directory of the config.

use std::{
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::{
    model::{
        Reading, Reason, Why,
        report::Limit,
        snapshot::{Executable, Process, ProcessState},
    },
    observe::{
        host::{
            blocking::Attempt,
            environ::{self, Kept},
            file::Files,
            process::{Candidate, Container, FirstProcess, Scan, UntrustedProcess, Wanted, base_name},
        },
        time::Now,
        trust::{Credentials, ROOT},
    },
    sys,
};

/// The maximum number of processes that count; agents have a few.
const MOST_CANDIDATES: usize = 256;
/// The maximum number of arguments of a process that are kept, and their maximum length in bytes.
const MOST_ARGUMENTS: usize = 256;
const LONGEST_ARGUMENT: usize = 4096;

/// The system's table of processes.
#[derive(Debug, Clone)]
pub struct Procfs;

impl Procfs {
    pub(in crate::observe) fn find(_: Files<'_>, _: Option<&Path>) -> Self {
        Self
    }

    /// Every process with a wanted name. None is skipped: the table is read at once.
    pub fn scan(&self, _: &[u32], files: Files<'_>, _: Now, wanted: &dyn Wanted) -> Reading<Scan> {
        files.attempt.guard(Path::new("processes"), || {
            let mut system = match System::new() {
                Ok(system) => system,
                Err(error) => {
                    return Reading::Unknown(Why::new(Reason::Unsupported, "processes", error.to_string()));
                }
            };
            let names = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
            system.refresh_processes_specifics(ProcessesToUpdate::All, true, names);
            let mut listed: Vec<u32> = system.processes().keys().map(|pid| pid.as_u32()).collect();
            if listed.is_empty() {
                let detail = "the system's table of processes is empty";
                return Reading::Unknown(Why::new(Reason::Failed, "processes", detail));
            }
            listed.sort_unstable();
            let bearing: Vec<sysinfo::Pid> = system
                .processes()
                .iter()
                .filter(|(_, process)| wanted.name(&name_of(process)))
                .map(|(pid, _)| *pid)
                .collect();
            // The remaining facts of the few that may be an agent's.
            let all = ProcessRefreshKind::everything();
            system.refresh_processes_specifics(ProcessesToUpdate::Some(&bearing), false, all);
            let mut scan = Scan { listed, ..Scan::default() };
            for pid in bearing {
                let Some(process) = system.process(pid) else { continue };
                add(&mut scan, process, wanted);
            }
            scan.candidates.sort_by_key(|candidate| candidate.process.pid);
            let matters = |pid: &u32| {
                scan.candidates.iter().any(|candidate| candidate.process.pid == *pid)
                    || scan.untrusted.iter().any(|untrusted| untrusted.pid == *pid)
            };
            scan.ignored = scan.listed.iter().copied().filter(|pid| !matters(pid)).collect();
            Reading::Known(scan)
        })
    }

    /// None: no vendor limits its agent with a job object.
    pub fn control_groups(&self, _: u32, _: &Attempt) -> Reading<Option<Vec<u8>>> {
        Reading::Known(None)
    }

    pub(in crate::observe) fn revisit(&self, _: FirstProcess, _: &Attempt) -> Reading<Option<Container>> {
        Reading::Known(None)
    }

    pub(in crate::observe) fn is_of_own_namespace(&self) -> bool {
        true
    }

    pub(in crate::observe) fn runs(
        &self,
        _: crate::observe::host::process::FirstProcess,
        _: &Attempt,
    ) -> bool {
        true
    }

    pub(in crate::observe) fn first_of_pod(
        &self,
        _: Files<'_>,
    ) -> Option<crate::observe::host::process::FirstProcess> {
        None
    }
}

/// The base name of its program: from its path if that can be read, otherwise from the table.
fn name_of(process: &sysinfo::Process) -> String {
    process.exe().map_or_else(|| process.name().to_string_lossy().into_owned(), base_name)
}

fn add(scan: &mut Scan, process: &sysinfo::Process, wanted: &dyn Wanted) {
    let name = name_of(process);
    let path = process.exe().filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned);
    let user = if path.as_deref().is_some_and(sys::is_of_administrators) { ROOT } else { sys::OTHERS };
    let credentials = Credentials { users: [user; 4], group: 0, groups: Vec::new() };
    if !wanted.counts(&name, path.as_deref(), &credentials) {
        let pid = process.pid().as_u32();
        scan.untrusted.push(UntrustedProcess { pid, name, user, executable: path });
    } else if scan.candidates.len() == MOST_CANDIDATES {
        scan.limits.insert(Limit::Candidates);
    } else {
        let candidate = candidate(process, name, path, credentials, wanted);
        if candidate.environment.known().is_some_and(|kept| kept.cut) {
            scan.limits.insert(Limit::Environment);
        }
        scan.candidates.push(candidate);
    }
}

fn candidate(
    process: &sysinfo::Process,
    name: String,
    path: Option<PathBuf>,
    credentials: Credentials,
    wanted: &dyn Wanted,
) -> Candidate {
    let pid = process.pid().as_u32();
    let denied = |fact: &str| {
        let detail = "permission denied; run the exporter as LocalSystem to read it";
        Why::new(Reason::Denied, format!("pid {pid}: {fact}"), detail)
    };
    let arguments: Vec<String> = process
        .cmd()
        .iter()
        .take(MOST_ARGUMENTS)
        .map(|argument| argument.to_string_lossy().chars().take(LONGEST_ARGUMENT).collect())
        .collect();
    // The program itself is always an argument, so an empty list could not be read.
    let arguments =
        if arguments.is_empty() { Reading::Unknown(denied("arguments")) } else { Reading::Known(arguments) };
    let executable = match &path {
        Some(path) => Reading::Known(Some(Executable { path: path.clone(), deleted: false })),
        None => Reading::Unknown(denied("executable")),
    };
    let start = process.start_time();
    Candidate {
        environment: environment(process, &name, wanted).ok_or_else(|| denied("environment")).into(),
        process: Process {
            pid,
            parent: process.parent().map_or(0, |parent| parent.as_u32()),
            executable_name: name,
            role_by_name: None,
            arguments,
            executable,
            // On Windows only debuggers stop processes, and there are no zombies.
            state: ProcessState::Alive,
            start_ticks: start,
            started_at: UNIX_EPOCH + Duration::from_secs(start),
            cpu: Duration::from_millis(process.accumulated_cpu_time()),
            resident_bytes: process.memory(),
            open_fds: Reading::Unknown(Why::new(
                Reason::Unsupported,
                format!("pid {pid}: open handles"),
                "Windows does not count open files",
            )),
            threads: sys::threads().get(&pid).copied().unwrap_or_default().into(),
        },
        path,
        credentials,
        container: None,
    }
}

/// The variables of its environment that may be kept. Every process has some, so an empty environment could not be
/// read.
fn environment(process: &sysinfo::Process, name: &str, wanted: &dyn Wanted) -> Option<Kept> {
    let entries = process.environ();
    if entries.is_empty() {
        return None;
    }
    let joined: Vec<String> = entries.iter().map(|entry| entry.to_string_lossy().into_owned()).collect();
    Some(environ::parse(joined.join("\0").as_bytes(), |variable| wanted.variable(name, variable)))
}
