//! The resource usage of a process: resident memory by the kernel's exact count, CPU time to the nanosecond.

use std::{fs, time::Duration};

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) resident: u64,
    /// What belongs to this process alone: heap and stacks.
    pub(crate) anonymous: u64,
}

/// The current resident memory of a process.
pub(crate) fn memory(pid: u32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let field = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    Memory { resident: field("Rss:"), anonymous: field("Anonymous:") }
}

/// The composition of a process's resident memory: kinds of mappings with their bytes, the largest first.
pub(crate) fn mappings(pid: u32, program: &str) -> Vec<(&'static str, u64)> {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut sums: Vec<(&'static str, u64)> = Vec::new();
    let mut kind = "";
    for line in smaps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["Rss:", size, "kB"] = words.as_slice() {
            let size = size.parse::<u64>().unwrap() * 1024;
            match sums.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, sum)) => *sum += size,
                None => sums.push((kind, size)),
            }
        } else if words.first().is_some_and(|word| !word.ends_with(':')) {
            kind = match words.get(5).copied() {
                Some(path) if path == program => "the program's own pages",
                Some("[heap]") => "heap",
                Some("[stack]") => "stack",
                Some(path) if path.starts_with('/') => "shared libraries",
                Some(_) | None => "other memory of its own (threads' stacks and heaps)",
            };
        }
    }
    sums.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    sums
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
