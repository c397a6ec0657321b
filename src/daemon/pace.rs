//! When an event leads to an evaluation: after its burst has ended, not too often, and always once more after the last one.
//!
//! While evaluations are held back nothing is taken from the source, so that a storm costs no more than the evaluations do.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::observe::events::{Changes, Events};

/// How long after an event its burst is taken to go on.
const SHORTEST_BURST: Duration = Duration::from_millis(5);
/// The same where events have been coming without end: each time it doubles, up to this.
const LONGEST_BURST: Duration = Duration::from_millis(100);
/// Events have ended if none comes for this many times the length of the last burst.
const SILENCE: u32 = 10;
/// A process that has just started is not whole yet: looked at again so long after the event.
const AFTER_START: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(20)];
/// And one whose parent starts it anew without an execution, which nothing tells, after its exit.
const AFTER_EXIT: [Duration; 4] =
    [Duration::from_millis(5), Duration::from_millis(20), Duration::from_millis(250), Duration::from_secs(1)];
/// The most evaluations that may follow each other without a pause.
const MOST_AT_ONCE: u32 = 20;
/// One more for each such time that passes.
const ONE_PER: Duration = Duration::from_millis(50);
/// After an evaluation, no event leads to another for this many times its duration.
const REST: u32 = 4;

/// Where events come from.
pub(crate) trait Source {
    /// Waits until there may be something to take. Cancel-safe.
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

/// Decides when what has changed is looked at.
#[derive(Debug)]
pub(crate) struct Pace<S> {
    source: S,
    due: Option<Instant>,
    burst: Duration,
    burst_ended: Option<Instant>,
    again: Vec<(Instant, Changes)>,
    /// The time up to which evaluations are paid for, as in a leaky bucket: at most [`MOST_AT_ONCE`] ahead of now.
    paid_until: Option<Instant>,
    rests_until: Option<Instant>,
}

impl<S: Source> Pace<S> {
    /// Nothing has happened yet.
    pub(crate) fn new(source: S) -> Self {
        Self {
            source,
            due: None,
            burst: SHORTEST_BURST,
            burst_ended: None,
            again: Vec::new(),
            paid_until: None,
            rests_until: None,
        }
    }

    /// The source.
    pub(crate) fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Waits until something has changed and it is time to look. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Changes {
        loop {
            let again = self.again.iter().map(|(at, _)| *at).min().map(|at| self.allowed(at));
            match (self.due, again) {
                (None, None) => {
                    self.source.ready().await;
                    self.burst_begins();
                }
                (None, Some(again)) => tokio::select! {
                    () = self.source.ready() => self.burst_begins(),
                    () = sleep_until(again) => {}
                },
                (Some(due), again) => {
                    let due = self.allowed(due);
                    sleep_until(again.map_or(due, |again| again.min(due))).await;
                }
            }
            let changes = self.take();
            if !changes.is_none() {
                return changes;
            }
        }
    }

    /// Tells that an evaluation that an event led to took so long, until now.
    pub(crate) fn evaluated(&mut self, took: Duration) {
        let now = Instant::now();
        self.paid_until = Some(self.paid_until.map_or(now, |paid| paid.max(now)) + ONE_PER);
        self.rests_until = Some(now + took * REST);
    }

    fn burst_begins(&mut self) {
        let now = Instant::now();
        let goes_on = self.burst_ended.is_some_and(|ended| now < ended + self.burst * SILENCE);
        self.burst = if goes_on { (self.burst * 2).min(LONGEST_BURST) } else { SHORTEST_BURST };
        self.due = Some(now + self.burst);
    }

    fn take(&mut self) -> Changes {
        let now = Instant::now();
        let mut changes = Changes::NONE;
        if self.due.is_some_and(|due| self.allowed(due) <= now) {
            self.due = None;
            self.burst_ended = Some(now);
            changes = self.source.take();
            self.look_again(now, changes, Changes::START, &AFTER_START);
            self.look_again(now, changes, Changes::EXIT, &AFTER_EXIT);
        }
        if changes.is_none() && self.again.iter().all(|(at, _)| self.allowed(*at) > now) {
            return changes;
        }
        for (_, again) in self.again.extract_if(.., |(at, _)| *at <= now) {
            changes |= again;
        }
        changes
    }

    fn look_again(&mut self, now: Instant, changes: Changes, kind: Changes, delays: &[Duration]) {
        if changes.has(kind) {
            // Those of an earlier event are replaced: there are never more than these.
            self.again.retain(|(_, earlier)| *earlier != kind);
            self.again.extend(delays.iter().map(|delay| (now + *delay, kind)));
        }
    }

    /// The time, or the first one after it at which an evaluation may start.
    fn allowed(&self, at: Instant) -> Instant {
        let paid = self.paid_until.and_then(|paid| paid.checked_sub(ONE_PER * (MOST_AT_ONCE - 1)));
        [paid, self.rests_until].into_iter().flatten().fold(at, Instant::max)
    }
}

#[cfg(test)]
mod tests;
