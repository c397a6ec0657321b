//! The one reader of clocks: wall time, time since boot, and what the kernel says of its own clock.
//!
//! Everything else is handed a time. It does not decide whether a clock is right.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{ClockReference, ClockSource, DateReference, KernelClock},
    },
    sys,
};

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall-clock time (`CLOCK_REALTIME`), which may be wrong and may jump.
    pub wall: SystemTime,
    /// Time since boot, suspend included (`CLOCK_BOOTTIME`), which never jumps.
    pub boot: Duration,
}

impl Now {
    /// (Wall clock − boot clock) in seconds: constant but for steps and slews of the wall clock.
    pub fn wall_minus_boot(&self) -> f64 {
        seconds_since_epoch(self.wall) - self.boot.as_secs_f64()
    }
}

/// Reads both clocks, as close together as can be.
#[expect(clippy::disallowed_methods, reason = "this is the one place where time is observed")]
pub fn now() -> Now {
    let boot = Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default();
    Now { wall: SystemTime::now(), boot }
}

/// What this process has used of processors so far, all threads together.
pub fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Seconds since the epoch, negative before it.
pub fn seconds_since_epoch(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// The interval of the local clock's offset (local minus reference, seconds) that a server's time implies, given
/// (wall clock − boot clock) at the snapshot.
pub fn clock_reference(
    source: ClockSource,
    from: impl Into<String>,
    reference: &DateReference,
    wall_minus_boot: f64,
) -> ClockReference {
    ClockReference {
        source,
        from: from.into(),
        low: wall_minus_boot - reference.high,
        high: wall_minus_boot - reference.low,
    }
}

/// What the kernel says of its clock (`adjtimex`, which needs no privilege for reading).
pub fn kernel_clock() -> Reading<KernelClock> {
    match sys::adjtimex() {
        Ok((state, timex)) => Reading::Known(interpret(state, &timex)),
        Err(error) => Reading::Unknown(refusal(&error)),
    }
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

fn refusal(error: &io::Error) -> Why {
    let (reason, detail) = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => (
            Reason::Denied,
            "reading the kernel's clock state is refused; allow adjtimex in the seccomp profile".to_owned(),
        ),
        Some(libc::ENOSYS) => (Reason::Unsupported, "this kernel does not offer adjtimex".to_owned()),
        _ => (Reason::Failed, format!("adjtimex failed: {error}")),
    };
    Why::new(reason, "kernel clock", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timex(status: libc::c_int, offset: i64) -> libc::timex {
        let (_, mut timex) = sys::adjtimex().expect("adjtimex needs no privilege");
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

    #[test]
    fn a_refused_call_says_why() {
        let reason = |errno| refusal(&io::Error::from_raw_os_error(errno)).reason;
        assert_eq!(reason(libc::EPERM), Reason::Denied);
        assert_eq!(reason(libc::ENOSYS), Reason::Unsupported);
        assert_eq!(reason(libc::EFAULT), Reason::Failed);
    }

    #[test]
    fn the_kernel_is_asked_without_privilege() {
        assert!(kernel_clock().known().is_some());
    }

    #[test]
    fn the_boot_clock_does_not_run_backwards_and_the_wall_clock_is_set() {
        let first = now();
        let second = now();
        assert!(second.boot >= first.boot);
        assert!(first.boot > Duration::ZERO);
        assert!(first.wall_minus_boot() > 0.0);
    }

    #[test]
    fn a_reference_becomes_the_interval_of_the_local_offset() {
        let reference = DateReference { low: 99.0, high: 101.5, taken: Duration::ZERO };
        let clock = clock_reference(ClockSource::HttpDate, "http://a", &reference, 110.0);
        assert!((clock.low - 8.5).abs() < 1e-9 && (clock.high - 11.0).abs() < 1e-9, "{clock:?}");
    }
}
