//! The exporter's own process: the standard `process_*` facts.

use std::{path::Path, sync::OnceLock, time::Duration};

use rustix::{
    fs::{CWD, Dir, Mode, OFlags, openat},
    param::{clock_ticks_per_second, page_size},
};

use super::stat::Stat;
use crate::{
    model::own::SelfFacts,
    observe::time,
    sys::{helper, limits},
};

/// Reads the resource usage of this process; `None` without a procfs, because even memory and CPU time are read there.
pub(in crate::observe) fn read() -> Option<SelfFacts> {
    let stat = Stat::parse(&std::fs::read("/proc/self/stat").ok()?)?;
    Some(SelfFacts {
        cpu_seconds: ticks(stat.cpu_ticks),
        resident_bytes: stat.resident_pages.saturating_mul(u64::try_from(page_size()).ok()?),
        virtual_bytes: stat.virtual_bytes,
        start_time_seconds: start_time(&stat),
        open_fds: open_descriptors(),
        max_fds: limits::descriptors().current,
        threads: Some(stat.threads),
    })
}

/// The start of this process, in seconds since the epoch. Computed once, so that it does not change with the clock.
fn start_time(stat: &Stat) -> f64 {
    static STARTED: OnceLock<f64> = OnceLock::new();
    *STARTED.get_or_init(|| time::now().wall_minus_boot() + ticks(stat.start_ticks))
}

/// Converts clock ticks to seconds.
fn ticks(ticks: u64) -> f64 {
    Duration::from_millis(ticks.saturating_mul(1000) / clock_ticks_per_second().max(1)).as_secs_f64()
}

fn open_descriptors() -> Option<u64> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let listing = Dir::new(openat(CWD, "/proc/self/fd", flags, Mode::empty()).ok()?).ok()?;
    let entries =
        listing.filter_map(Result::ok).filter(|entry| !entry.file_name().to_bytes().starts_with(b"."));
    u64::try_from(entries.count()).ok()
}

/// Why nothing is known about the host's processes if only the exporter's own are visible.
pub(super) const ALONE: &str = "the exporter sees only its own processes, as it runs in a separate PID namespace (--pid host, hostPID: true or PrivatePIDs=no would end that)";

/// The inode of the initial PID namespace, which is fixed in the kernel (`PROC_PID_INIT_INO`).
const INITIAL: &str = "pid:[4026531836]";

/// True if all processes in the PID namespace of `procfs` are the exporter's: they run its program, as its helper and a
/// health check in its container do, or are the init of its container and the processes through which that started the
/// exporter. An init is the container's, not the host's, if its root directory is not the one that the exporter
/// watches; `is_of_root` is true if process 1 has the watched one.
pub(super) fn is_alone(procfs: &Path, pids: &[u32], is_of_root: impl FnOnce() -> bool) -> bool {
    if pids.first() != Some(&1) {
        // The first process of the namespace is hidden.
        return false;
    }
    let Some(own_pid) = own_pid(procfs) else { return false };
    let is_behind_an_init = own_pid != 1;
    if is_behind_an_init && is_in_initial_namespace(procfs) {
        return false;
    }
    let program = |pid: u32| std::fs::read_link(procfs.join(format!("{pid}/exe"))).ok();
    let own = program(own_pid);
    // Without CAP_SYS_PTRACE the exporter may not read its helper, which has more privileges.
    let helper = helper::connection().map(helper::Helper::pid);
    let is_own = |pid: u32| Some(pid) == helper || own.is_some() && program(pid) == own;
    let ancestors = ancestors(procfs, own_pid, pids.len());
    pids.iter().skip(1).all(|pid| ancestors.contains(pid) || is_own(*pid))
        && !(is_behind_an_init && is_of_root())
}

/// True if the exporter is in the initial PID namespace, or if its namespace cannot be read.
fn is_in_initial_namespace(procfs: &Path) -> bool {
    std::fs::read_link(procfs.join("self/ns/pid")).map_or(true, |own| own == Path::new(INITIAL))
}

fn own_pid(procfs: &Path) -> Option<u32> {
    std::fs::read_link(procfs.join("self")).ok()?.to_str()?.parse().ok()
}

/// This process and its ancestors, at most `most` in total.
fn ancestors(procfs: &Path, own_pid: u32, most: usize) -> Vec<u32> {
    let parent = |pid: &u32| {
        let stat = std::fs::read(procfs.join(format!("{pid}/stat"))).ok()?;
        Stat::parse(&stat).map(|stat| stat.parent)
    };
    std::iter::successors(Some(own_pid), parent).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::host::testing::Host;

    /// A procfs with the id, parent and program of each process. The exporter is 7.
    fn procfs(namespace: &str, processes: &[(u32, u32, &str)]) -> (Host, Vec<u32>) {
        let host = Host::new();
        for (pid, parent, program) in processes {
            let fields = "0 0 0 -1 4194304 0 0 0 0 100 50 0 0 20 0 3 0 6000 0 2 0 0";
            host.file(&format!("/{pid}/stat"), format!("{pid} (some) S {parent} {fields}"));
            host.link(&format!("/{pid}/exe"), program);
        }
        host.link("/self", "7");
        host.link("/7/ns/pid", namespace);
        (host, processes.iter().map(|(pid, ..)| *pid).collect())
    }

    const OF_A_CONTAINER: &str = "pid:[4026532999]";
    const INIT: (u32, u32, &str) = (1, 0, "/sbin/docker-init");
    const SHELL: (u32, u32, &str) = (6, 1, "/bin/sh");
    const EXPORTER: (u32, u32, &str) = (7, 6, "/logagent-exporter");

    #[test]
    fn behind_the_init_of_its_own_container_it_is_alone() {
        let alone = |namespace: &str, processes: &[(u32, u32, &str)], is_of_root: bool| {
            let (host, pids) = procfs(namespace, processes);
            is_alone(host.path(), &pids, || is_of_root)
        };
        let behind = [INIT, (7, 1, "/logagent-exporter")];
        assert!(alone(OF_A_CONTAINER, &behind, false));
        // There may also be the process of a health check.
        assert!(alone(OF_A_CONTAINER, &[INIT, SHELL, EXPORTER, (20, 0, "/logagent-exporter")], false));
        assert!(!alone(OF_A_CONTAINER, &behind, true), "process 1 lives in what is looked at");
        assert!(!alone("pid:[4026531836]", &behind, false), "process 1 is the machine's");
        assert!(!alone(OF_A_CONTAINER, &[INIT, SHELL, EXPORTER, (20, 1, "/usr/sbin/sshd")], false));
        assert!(!alone(OF_A_CONTAINER, &[SHELL, EXPORTER], false), "process 1 is hidden");
    }

    #[test]
    fn what_we_use_is_read_and_plausible() {
        let facts = read().expect("a process can read itself");
        assert!(facts.resident_bytes > 100_000 && facts.resident_bytes < facts.virtual_bytes, "{facts:?}");
        assert!(facts.start_time_seconds > 1.6e9, "{facts:?}");
        assert!(facts.threads.is_some_and(|n| n >= 1), "{facts:?}");
        assert!(facts.open_fds.is_some_and(|n| n >= 3) && facts.max_fds > facts.open_fds, "{facts:?}");
    }

    #[test]
    fn open_descriptors_are_counted_now_not_once() {
        let before = read().and_then(|facts| facts.open_fds).expect("own descriptors are readable");
        let held: Vec<_> =
            (0..50).map(|_| std::fs::File::open("/proc/self/stat").expect("a file to hold")).collect();
        let after = read().and_then(|facts| facts.open_fds).expect("own descriptors are readable");
        // Other tests of this binary open and close descriptors in the meantime.
        assert!(after > before + 25, "{before} then {after} with {} more held", held.len());
    }
}
