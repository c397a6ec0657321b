//! The exporter's own process: the standard `process_*` facts.

use std::time::Duration;

use procfs::process::{LimitValue, Process};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

pub use crate::model::own::SelfFacts;

/// Reads what this process uses; `None` if the platform does not tell even memory and CPU time.
///
/// Asks for one process and three values of it only: sysinfo's default refresh would walk every process of the host.
pub fn read() -> Option<SelfFacts> {
    let pid = get_current_pid().ok()?;
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        false,
        ProcessRefreshKind::nothing().with_memory().with_cpu(),
    );
    let process = system.process(pid)?;
    let myself = Process::myself().ok();
    Some(SelfFacts {
        cpu_seconds: Duration::from_millis(process.accumulated_cpu_time()).as_secs_f64(),
        resident_bytes: process.memory(),
        virtual_bytes: process.virtual_memory(),
        start_time_seconds: Duration::from_secs(process.start_time()).as_secs_f64(),
        open_fds: myself.as_ref().and_then(|p| p.fd_count().ok()).and_then(|n| u64::try_from(n).ok()),
        max_fds: myself.as_ref().and_then(max_fds),
        threads: myself
            .as_ref()
            .and_then(|p| p.stat().ok())
            .and_then(|stat| u64::try_from(stat.num_threads).ok()),
    })
}

fn max_fds(process: &Process) -> Option<u64> {
    match process.limits().ok()?.max_open_files.soft_limit {
        LimitValue::Value(limit) => Some(limit),
        LimitValue::Unlimited => None,
    }
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
        // Other tests of this binary open and close descriptors meanwhile.
        assert!(after > before + 25, "{before} then {after} with {} more held", held.len());
    }
}
