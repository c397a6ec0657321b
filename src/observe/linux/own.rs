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
    sys::{errand, limits},
};

/// Reads the resource usage of this process; `None` without a procfs, which has even memory and CPU time.
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

/// In seconds since the epoch. Computed once, so that it does not change with the clock.
fn start_time(stat: &Stat) -> f64 {
    static STARTED: OnceLock<f64> = OnceLock::new();
    *STARTED.get_or_init(|| time::now().wall_minus_boot() + ticks(stat.start_ticks))
}

/// In seconds.
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
pub(super) const ALONE: &str = "the exporter sees no process but itself, as it runs in a PID namespace of its own \
                                (--pid host, hostPID: true or PrivatePIDs=no would end that)";

/// True if this process is the first of the namespace that `procfs` is of, and all of its processes are the exporter's:
/// they run its program, like its helper and a health check in its container.
pub(super) fn is_alone(procfs: &Path, pids: &[u32]) -> bool {
    // If it were not the first of its namespace, that process would be hidden from it.
    let own = std::fs::read_link(procfs.join("self"));
    if pids.first() != Some(&1) || !own.is_ok_and(|own| own == Path::new("1")) {
        return false;
    }
    let program = |pid: u32| std::fs::read_link(procfs.join(format!("{pid}/exe"))).ok();
    let own = program(1);
    // Without CAP_SYS_PTRACE it may not read its helper, which has more privileges.
    let helper = errand::helper().map(errand::Errands::pid);
    let is_own = |pid: u32| Some(pid) == helper || own.is_some() && program(pid) == own;
    pids.iter().skip(1).all(|pid| is_own(*pid))
}

#[cfg(test)]
mod tests {
    use super::*;

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
