//! What a process uses: resident memory by the kernel's exact count, CPU time to the nanosecond.

use std::{fs, time::Duration};

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) resident: u64,
    /// What belongs to this process alone: heap and stacks.
    pub(crate) anonymous: u64,
}

/// What a process has resident now.
pub(crate) fn memory(pid: u32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let field = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    Memory { resident: field("Rss:"), anonymous: field("Anonymous:") }
}

/// User and system time of all threads of a process, ended ones included.
pub(crate) fn cpu(pid: u32) -> Duration {
    clock::process(pid)
}

#[expect(unsafe_code, reason = "no safe crate reads the CPU clock of another process")]
mod clock {
    use std::{mem::MaybeUninit, time::Duration};

    pub(super) fn process(pid: u32) -> Duration {
        let mut id = MaybeUninit::uninit();
        let mut time = MaybeUninit::uninit();
        // SAFETY: both calls only write to the variable that they are given, which is valid for it, and is read only if they
        // say that they succeeded.
        let time = unsafe {
            let found = libc::clock_getcpuclockid(pid.try_into().unwrap(), id.as_mut_ptr());
            assert_eq!(found, 0, "process {pid} has a clock");
            let read = libc::clock_gettime(id.assume_init(), time.as_mut_ptr());
            assert_eq!(read, 0, "the clock of process {pid} can be read");
            time.assume_init()
        };
        let time: libc::timespec = time;
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    }
}
