//! When an event triggers an evaluation: after its burst has ended, not too often, and always once after the
//! last event.
//!
//! The wait for the end of a burst adapts to the length of bursts and starts at 5 ms. Only if events still
//! come in the second half of that time is the next wait twice as long: faults in close succession are each
//! seen at once, and a package upgrade or a storm causes only a few evaluations. Events are read from the
//! source twice per evaluation, however many there are.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::observe::events::{Changes, Events};

/// How long after an event its burst is assumed to continue.
const SHORTEST_BURST: Duration = Duration::from_millis(5);
/// The upper limit of that wait, which doubles each time while events keep coming.
const LONGEST_BURST: Duration = Duration::from_millis(100);
/// A process that has just started is not fully set up: it is read again this long after the event. The last time,
/// another process may have executed an agent's program, too.
const AFTER_START: [(Duration, Changes); 2] =
    [(Duration::from_millis(5), Changes::SETUP), (Duration::from_millis(20), Changes::START)];
/// So is one whose parent forks it again after its exit: a fork without an exec causes no event.
const AFTER_EXIT: [(Duration, Changes); 4] = [
    (Duration::from_millis(5), Changes::EXIT),
    (Duration::from_millis(20), Changes::EXIT),
    (Duration::from_millis(250), Changes::EXIT),
    (Duration::from_secs(1), Changes::EXIT),
];
/// After an evaluation, no event triggers another for this many times its CPU time: events use at most a
/// fifth of a core.
const REST: u32 = 4;
/// The minimum of that pause, however short the evaluation was.
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// Where events come from.
pub(crate) trait Source {
    /// Waits until there may be events to read. Cancel-safe.
    async fn ready(&mut self);
    /// Everything that has happened since the last call.
    fn take(&mut self) -> Changes;
}

impl Source for Events {
    async fn ready(&mut self) {
        Self::ready(self).await;
    }

    fn take(&mut self) -> Changes {
        Self::take(self)
    }
}

/// Decides when changes are evaluated.
#[derive(Debug)]
pub(crate) struct Debouncer<S> {
    source: S,
    burst: Option<Burst>,
    /// How long the next burst is assumed to be, if it begins before that time.
    expected: Option<(Duration, Instant)>,
    again: Vec<(Instant, Changes)>,
    rests_until: Option<Instant>,
}

/// Events that are treated as one.
#[derive(Debug)]
struct Burst {
    length: Duration,
    /// Events before this time belong to its beginning; `None` once these have been taken.
    middle: Option<Instant>,
    end: Instant,
    changes: Changes,
}

impl<S: Source> Debouncer<S> {
    /// Nothing has happened yet.
    pub(crate) fn new(source: S) -> Self {
        Self { source, burst: None, expected: None, again: Vec::new(), rests_until: None }
    }

    /// The source.
    pub(crate) fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Waits until something has changed and an evaluation may start. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Changes {
        loop {
            let again = self.again.iter().map(|(at, _)| self.allowed(*at)).min();
            let burst =
                self.burst.as_ref().map(|burst| burst.middle.unwrap_or_else(|| self.allowed(burst.end)));
            match (burst, again) {
                (None, None) => {
                    self.source.ready().await;
                    self.burst_begins();
                }
                (None, Some(again)) => tokio::select! {
                    () = self.source.ready() => self.burst_begins(),
                    () = sleep_until(again) => {}
                },
                (Some(burst), again) => sleep_until(again.map_or(burst, |again| again.min(burst))).await,
            }
            let changes = self.take();
            if !changes.is_none() {
                return changes;
            }
        }
    }

    /// Records that an evaluation triggered by an event is over, and how much CPU time it used.
    pub(crate) fn evaluated(&mut self, cpu_time: Duration) {
        self.rests_until = Some(Instant::now() + (cpu_time * REST).max(SHORTEST_REST));
    }

    fn burst_begins(&mut self) {
        let now = Instant::now();
        let expected = self.expected.filter(|(_, until)| now < *until);
        let length = expected.map_or(SHORTEST_BURST, |(length, _)| length);
        let end = self.allowed(now + length);
        let middle = Some(end.checked_sub(length / 2).unwrap_or(end));
        self.burst = Some(Burst { length, middle, end, changes: Changes::NONE });
    }

    fn take(&mut self) -> Changes {
        let now = Instant::now();
        let mut changes = self.take_burst(now);
        self.look_again(now, changes, Changes::START, &AFTER_START);
        self.look_again(now, changes, Changes::EXIT, &AFTER_EXIT);
        if changes.is_none() && self.again.iter().all(|(at, _)| self.allowed(*at) > now) {
            return changes;
        }
        for (_, again) in self.again.extract_if(.., |(at, _)| *at <= now) {
            changes |= again;
        }
        changes
    }

    /// The length of the burst, if it has ended.
    fn take_burst(&mut self, now: Instant) -> Changes {
        let Some(mut burst) = self.burst.take() else { return Changes::NONE };
        if burst.middle.is_some_and(|middle| middle <= now) {
            burst.middle = None;
            burst.changes |= self.source.take();
        }
        if burst.middle.is_some() || now < self.allowed(burst.end) {
            self.burst = Some(burst);
            return Changes::NONE;
        }
        let late = self.source.take();
        self.expected = (!late.is_none()).then(|| {
            let next = (burst.length * 2).min(LONGEST_BURST);
            (next, now + next)
        });
        burst.changes | late
    }

    fn look_again(&mut self, now: Instant, changes: Changes, kind: Changes, delays: &[(Duration, Changes)]) {
        if changes.has(kind) {
            // They replace those of an earlier event, so there are never more than these.
            self.again.retain(|(_, earlier)| delays.iter().all(|(_, again)| earlier != again));
            self.again.extend(delays.iter().map(|(delay, again)| (now + *delay, *again)));
        }
    }

    /// The time, or the first one after it at which an evaluation may start.
    fn allowed(&self, at: Instant) -> Instant {
        self.rests_until.map_or(at, |rested| rested.max(at))
    }
}

#[cfg(test)]
mod tests;
