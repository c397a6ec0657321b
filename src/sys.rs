//! The C library's calls that no safe crate offers. The only `unsafe` code: two calls, which hand over no memory but their own.
#![expect(unsafe_code, reason = "rustix and std offer neither adjtimex nor mallopt")]

use std::{io, mem::MaybeUninit};

/// Reads the clock's state without changing anything: the return value (`TIME_OK` … `TIME_ERROR`) and the fields.
///
/// # Errors
/// What the kernel says: a seccomp profile may refuse the call.
pub fn adjtimex() -> io::Result<(libc::c_int, libc::timex)> {
    let mut timex = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: `timex` is a plain C struct of integers, for which all zeroes is a valid value, and `modes` = 0 asks
    // the kernel only to fill it in. The pointer is valid and exclusive for the duration of the call.
    let (state, timex) = unsafe { (libc::adjtimex(timex.as_mut_ptr()), timex.assume_init()) };
    if state < 0 { Err(io::Error::last_os_error()) } else { Ok((state, timex)) }
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
