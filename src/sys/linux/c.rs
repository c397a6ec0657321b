//! The C library's calls that no safe crate offers. The only `unsafe` code: two calls, which hand over no memory but their own.
#![expect(unsafe_code, reason = "rustix and std offer neither adjtimex nor mallopt")]

use std::{io, mem::MaybeUninit, time::Duration};

use crate::model::snapshot::KernelClock;

/// What the kernel says of its clock; needs no privilege.
///
/// # Errors
/// What the kernel says: a seccomp profile may refuse the call.
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

/// Lets freed memory go back to the system, whichever thread used it: glibc otherwise keeps a heap for each thread, keeps 128 KiB
/// in advance, and raises the size from which on a block is given back to that of the largest block so far. Halves the memory of an idle
/// exporter, whose threads take turns. To be called before there is a second thread. Other C libraries have no such heaps.
pub fn give_memory_back() {
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

#[cfg(test)]
mod tests {
    use super::*;

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
