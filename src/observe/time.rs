//! The one reader of clocks: wall time, time since boot, and the kernel's clock status.
//!
//! All other code gets the time as a parameter. This module does not decide whether a clock is right.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{ClockReference, ClockSource, DateReference, KernelClock},
    },
    sys,
};

/// Both clocks, read at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall-clock time (`CLOCK_REALTIME`), which may be wrong and may jump.
    pub wall: SystemTime,
    /// Time since boot, suspend included (`CLOCK_BOOTTIME`), which never jumps.
    pub boot: Duration,
}

impl Now {
    /// (Wall clock − boot clock) in seconds: constant except for steps and slews of the wall clock.
    pub fn wall_minus_boot(&self) -> f64 {
        seconds_since_epoch(self.wall) - self.boot.as_secs_f64()
    }
}

/// Reads both clocks, as close together as possible.
#[expect(clippy::disallowed_methods, reason = "this is the one place where time is observed")]
pub fn now() -> Now {
    let boot = sys::boot_time();
    Now { wall: SystemTime::now(), boot }
}

/// CPU time that this process has used so far, all threads together.
pub fn cpu_time() -> Duration {
    sys::cpu_time()
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

/// The kernel's clock status.
pub fn kernel_clock() -> Reading<KernelClock> {
    match sys::kernel_clock() {
        Ok(clock) => Reading::Known(clock),
        Err(error) => Reading::Unknown(refusal(&error)),
    }
}

fn refusal(error: &io::Error) -> Why {
    let is = |kind| error.kind() == kind;
    let (reason, detail) = if is(io::ErrorKind::PermissionDenied) {
        let detail = "reading the kernel's clock state is refused; allow adjtimex in the seccomp profile";
        (Reason::Denied, detail.to_owned())
    } else if is(io::ErrorKind::Unsupported) {
        (Reason::Unsupported, "this system does not report its clock's state".to_owned())
    } else {
        (Reason::Failed, format!("adjtimex failed: {error}"))
    };
    Why::new(reason, "kernel clock", detail)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use super::*;

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
