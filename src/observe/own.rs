//! The exporter's own process: the standard `process_*` facts.

use std::{sync::OnceLock, time::Duration};

use procfs::process::{LimitValue, Process, Stat};

pub use crate::model::own::SelfFacts;

/// Reads what this process uses; `None` where there is no procfs to tell even memory and CPU time.
pub fn read() -> Option<SelfFacts> {
    let myself = Process::myself().ok()?;
    let stat = myself.stat().ok()?;
    Some(SelfFacts {
        cpu_seconds: ticks(stat.utime + stat.stime),
        resident_bytes: stat.rss * procfs::page_size(),
        virtual_bytes: stat.vsize,
        start_time_seconds: start_time(&stat)?,
        open_fds: myself.fd_count().ok().and_then(|n| u64::try_from(n).ok()),
        max_fds: max_fds(&myself),
        threads: u64::try_from(stat.num_threads).ok(),
    })
}

/// In seconds since the epoch. Computed once: it never changes, and the kernel's file is long on a machine of many cores.
fn start_time(stat: &Stat) -> Option<f64> {
    static STARTED: OnceLock<Option<f64>> = OnceLock::new();
    *STARTED.get_or_init(|| {
        let boot = u32::try_from(procfs::boot_time_secs().ok()?).ok()?;
        Some(f64::from(boot) + ticks(stat.starttime))
    })
}

/// In seconds.
fn ticks(ticks: u64) -> f64 {
    Duration::from_millis(ticks * 1000 / procfs::ticks_per_second()).as_secs_f64()
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
