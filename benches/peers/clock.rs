//! Real steps of the clock: few, one after the other, and the true time restored whatever happens.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

use crate::client::{Client, Form, Target, text};

/// How far the clock is stepped.
const STEP: Duration = Duration::from_secs(2);
/// How long it may take until a step is reported.
const PATIENCE: Duration = Duration::from_secs(25);
/// The local clock against the `Date` of answers, which follow the true time.
const OFFSET: &str = "logagent_clock_offset_seconds{source=\"http_date\"} ";
/// Evaluations triggered by a step.
const EVALUATIONS: &str = "logagent_evaluations_total{trigger=\"clock\"} ";

/// Wall time at a time of the monotonic clock, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrueTime {
    wall_minus_monotonic: i128,
}

fn nanoseconds(clock: ClockId) -> i128 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    i128::from(tv_sec) * 1_000_000_000 + i128::from(tv_nsec)
}

impl TrueTime {
    /// The wall clock is true now.
    pub(crate) fn is_now() -> Self {
        let wall_minus_monotonic = nanoseconds(ClockId::Realtime) - nanoseconds(ClockId::Monotonic);
        Self { wall_minus_monotonic }
    }

    /// The true wall time, however the clock was set in the meantime.
    pub(crate) fn now(self) -> Duration {
        let nanoseconds = self.wall_minus_monotonic + nanoseconds(ClockId::Monotonic);
        Duration::from_nanos(nanoseconds.try_into().unwrap())
    }

    /// Sets the wall clock this far ahead of the true time.
    fn set(self, ahead: Duration) {
        let time = self.now() + ahead;
        let (tv_sec, tv_nsec) = (time.as_secs().try_into().unwrap(), time.subsec_nanos().into());
        clock_settime(ClockId::Realtime, Timespec { tv_sec, tv_nsec }).unwrap();
    }
}

/// Corrects the clock when dropped, even in a panic.
struct Restored(TrueTime);

impl Drop for Restored {
    fn drop(&mut self) {
        self.0.set(Duration::ZERO);
    }
}

/// This many steps forward, each followed by one back: seconds from before each to the answer that shows it.
pub(crate) fn steps(pairs: usize, target: &Target) -> Vec<f64> {
    let mut client = Client::connect(target, Form::Plain).unwrap();
    let mut look = || {
        let (status, body) = client.scrape().unwrap();
        assert_eq!(status, 200);
        value(&String::from_utf8_lossy(body), OFFSET)
    };
    let restored = Restored(TrueTime::is_now());
    let counted = || value(&text(target).unwrap(), EVALUATIONS);
    let counted_before = counted();
    let mut latencies = Vec::new();
    for round in 0..pairs * 2 {
        let is_ahead = round % 2 == 0;
        let before = look();
        let expected = before + if is_ahead { STEP.as_secs_f64() } else { -STEP.as_secs_f64() };
        let start = Instant::now();
        restored.0.set(if is_ahead { STEP } else { Duration::ZERO });
        // Half a step distinguishes it from changes by a probe.
        while (look() - expected).abs() > STEP.as_secs_f64() / 2.0 {
            assert!(start.elapsed() < PATIENCE, "the offset was {before} and is {}, not {expected}", look());
            thread::sleep(Duration::from_micros(500));
        }
        latencies.push(start.elapsed().as_secs_f64());
        thread::sleep(Duration::from_millis(40));
    }
    drop(restored);
    let counted = counted() - counted_before;
    let steps = f64::from(u32::try_from(pairs * 2).unwrap());
    assert!(counted >= steps, "{counted} evaluations by the clock for {steps} steps");
    latencies
}

/// The value of the only line that begins like this.
fn value(text: &str, line: &str) -> f64 {
    let value = text.lines().find_map(|found| found.strip_prefix(line));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {line}"))
}
