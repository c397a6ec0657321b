//! The C library's calls that no safe crate offers. The only `unsafe` code: four calls, which pass only their own
//! memory, or the program's.
#![expect(
    unsafe_code,
    reason = "rustix and std offer neither adjtimex nor mallopt, nor the ioctl of a pidfd, and no safe madvise"
)]

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd as _, BorrowedFd},
    time::Duration,
};

use crate::model::snapshot::{End, KernelClock};

/// The kernel's clock status; needs no privilege.
///
/// # Errors
/// The kernel's error: a seccomp profile may refuse the call.
pub fn kernel_clock() -> io::Result<KernelClock> {
    adjtimex().map(|(state, timex)| interpret(state, &timex))
}

/// Reads the clock's state without changing anything: the return value (`TIME_OK` … `TIME_ERROR`) and the fields.
fn adjtimex() -> io::Result<(libc::c_int, libc::timex)> {
    let mut timex = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: `timex` is a plain C struct of integers, for which all zeroes is a valid value, and `modes` = 0 asks
    // the kernel only to fill it in. The pointer is valid and exclusive for the duration of the call.
    let (state, timex) = unsafe { (libc::adjtimex(timex.as_mut_ptr()), timex.assume_init()) };
    if state < 0 { Err(io::Error::last_os_error()) } else { Ok((state, timex)) }
}

fn interpret(state: libc::c_int, timex: &libc::timex) -> KernelClock {
    let unit = |value: u64| {
        if timex.status & libc::STA_NANO == 0 {
            Duration::from_micros(value)
        } else {
            Duration::from_nanos(value)
        }
    };
    let offset = unit(timex.offset.unsigned_abs()).as_secs_f64();
    KernelClock {
        synchronized: state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0,
        offset: if timex.offset < 0 { -offset } else { offset },
        estimated_error: Duration::from_micros(timex.esterror.unsigned_abs()).as_secs_f64(),
    }
}

/// Prepares the process: freed memory returns to the system, whichever thread used it. glibc otherwise has a heap for
/// each thread, keeps 128 KiB in reserve, and raises the threshold for returning a block to the size of the largest
/// one so far. This halves the memory of an idle exporter, only one thread of which runs at a time. Must be called
/// before there is a second thread. Other C libraries have no such heaps.
pub fn prepare_process() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [
        (libc::M_ARENA_MAX, 1),
        (libc::M_MMAP_THRESHOLD, 64 << 10),
        (libc::M_TRIM_THRESHOLD, 64 << 10),
        (libc::M_TOP_PAD, 16 << 10),
    ] {
        // SAFETY: takes two integers, and sets a parameter of the allocator under the allocator's own lock. A value that it
        // does not accept changes nothing.
        let _accepted = unsafe { libc::mallopt(parameter, value) };
    }
}

/// Releases the pages of the program's code and constants, which the kernel keeps resident once they were used; those that
/// are used again are mapped again, from the page cache.
pub fn release_program() {
    // The linker's names for where the program begins and its code ends. What it writes to is behind.
    unsafe extern "C" {
        static __executable_start: u8;
        static etext: u8;
    }
    let start = &raw const __executable_start;
    let length = (&raw const etext).addr().saturating_sub(start.addr());
    // SAFETY: the pages belong to private mappings of the program's file that are not writable, so they have the content of
    // the file, which the kernel reads again when they are accessed. Without such mappings the call fails.
    let _advised = unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}

/// The information that a pidfd returns (`struct pidfd_info` of Linux 6.13, in its first version).
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT`: the exit code is requested, and available.
const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// `_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)`, for a structure of 64 bytes.
const PIDFD_GET_INFO: u32 = 0xc040_ff0b;
const _: () = assert!(size_of::<PidfdInfo>() == 64, "the request encodes the structure's size");

/// How a process ended. `None`: it has not been reaped yet, or the kernel (before Linux 6.15) does not report it.
pub fn end_of(process: BorrowedFd<'_>) -> Option<End> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: the request's size is that of `PidfdInfo`, integers without padding, for which any bytes are valid; the kernel
    // writes no more than that. The pointer is valid and exclusive, and the descriptor open, for the duration of the call.
    let done = unsafe { libc::ioctl(process.as_raw_fd(), PIDFD_GET_INFO.into_request(), &raw mut info) };
    if done < 0 || info.mask & PIDFD_INFO_EXIT == 0 {
        return None;
    }
    Some(end(info.exit_code))
}

/// A request's type differs between C libraries.
trait IntoRequest<T> {
    fn into_request(self) -> T;
}

impl IntoRequest<libc::c_ulong> for u32 {
    fn into_request(self) -> libc::c_ulong {
        self.into()
    }
}

impl IntoRequest<libc::c_int> for u32 {
    fn into_request(self) -> libc::c_int {
        self.cast_signed()
    }
}

/// Interprets a status as `waitpid` returns it.
fn end(status: i32) -> End {
    let [low, high, ..] = status.to_le_bytes();
    match low & 0x7f {
        0 => End::Exited(high),
        signal => End::Signalled(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_is_told_once_it_is_reaped() {
        let ended = |script: &str| {
            let mut child = std::process::Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
            let pid = rustix::process::Pid::from_child(&child);
            let process = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
            let before = end_of(std::os::fd::AsFd::as_fd(&process));
            child.wait().unwrap();
            (before, end_of(std::os::fd::AsFd::as_fd(&process)))
        };
        let (before, after) = ended("kill -SEGV $$");
        assert_eq!(before, None);
        // Kernels before 6.15 do not report it.
        if after.is_some() {
            assert_eq!(after, Some(End::Signalled(11)));
            assert_eq!(ended("exit 127").1, Some(End::Exited(127)));
        }
        assert_eq!(end(0x8b), End::Signalled(11), "with a core dump");
        assert_eq!(end(0x0700), End::Exited(7));
    }

    fn timex(status: libc::c_int, offset: i64) -> libc::timex {
        let (_, mut timex) = adjtimex().expect("adjtimex needs no privilege");
        timex.status = status;
        timex.offset = offset;
        timex.esterror = 2_500;
        timex
    }

    #[test]
    fn the_offset_is_in_nanoseconds_only_if_the_kernel_says_so() {
        let micros = interpret(libc::TIME_OK, &timex(0, -1_500));
        assert!((micros.offset + 0.0015).abs() < 1e-12, "{micros:?}");
        let nanos = interpret(libc::TIME_OK, &timex(libc::STA_NANO, 1_500));
        assert!((nanos.offset - 0.000_001_5).abs() < 1e-12, "{nanos:?}");
        assert!(
            (nanos.estimated_error - 0.0025).abs() < 1e-12,
            "esterror is always in microseconds: {nanos:?}"
        );
    }

    #[test]
    fn either_the_state_or_the_status_tells_that_the_clock_is_unsynchronized() {
        assert!(interpret(libc::TIME_OK, &timex(0, 0)).synchronized);
        assert!(!interpret(libc::TIME_ERROR, &timex(0, 0)).synchronized);
        assert!(!interpret(libc::TIME_OK, &timex(libc::STA_UNSYNC, 0)).synchronized);
    }
}
