//! The exporter's own process: the standard `process_*` facts.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::{
    model::own::SelfFacts,
    observe::time::{cpu_time, seconds_since_epoch},
};
use std::time::{Duration, UNIX_EPOCH};

/// Reads the resource usage of this process; `None` if the system does not provide it.
pub(in crate::observe) fn read() -> Option<SelfFacts> {
    let pid = sysinfo::get_current_pid().ok()?;
    let mut system = System::new().ok()?;
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    let process = system.process(pid)?;
    Some(SelfFacts {
        cpu_seconds: cpu_time().as_secs_f64(),
        resident_bytes: process.memory(),
        virtual_bytes: process.virtual_memory(),
        start_time_seconds: seconds_since_epoch(UNIX_EPOCH + Duration::from_secs(process.start_time())),
        open_fds: None,
        max_fds: None,
        threads: None,
    })
}
