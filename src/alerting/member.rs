//! One Alertmanager, which is sent the whole state, each minute and when it changes, until it answers.
//!
//! * State is sent, not events: there is no queue, so nothing can overflow, and after any outage the next
//!   request has the current state.
//! * Times are those of the receiver's clock, taken from its answers, because the local one may be wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};
use tokio::{sync::watch, time::Instant};
use tracing::{error, info, warn};

use super::{states::Alert, subject::Subject};
use crate::model::{counters::Counters, settings::AlertingSettings, time::rfc3339_millis};

/// A firing alert is sent again this often, as by Prometheus; Alertmanager's `resolve_timeout` is five times that.
const RESEND: Duration = Duration::from_mins(1);

/// The first wait after a failure, which doubles with each further one up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// An alert that is refused because of its content is tried again after this time: a newer Alertmanager may accept it.
const REFUSED: Duration = Duration::from_hours(1);

/// Alerts of one request.
const MOST: usize = 64;

/// The time limit for the last request at shutdown.
const LAST: Duration = Duration::from_secs(3);

pub(super) const SENT: &str = "logagent_alertmanager_notifications_sent_total";
pub(super) const ERRORS: &str = "logagent_alertmanager_notifications_errors_total";
pub(super) const DROPPED: &str = "logagent_alertmanager_notifications_dropped_total";
pub(super) const SUCCESS: &str = "logagent_alertmanager_last_success_timestamp_seconds";

/// The state that every member is sent.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) alerts: BTreeMap<Subject, Alert>,
    pub(super) settings: Arc<AlertingSettings>,
    /// The exporter shuts down: unsent changes are tried once more.
    pub(super) closing: bool,
}

/// What a member answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its clock.
    pub(super) date: Option<SystemTime>,
    /// Its message, for people: bounded and printable.
    pub(super) detail: String,
}

/// How requests get there.
pub(super) trait Post {
    /// Sends the alerts in `body`; the error is for people.
    fn post(&mut self, body: Vec<u8>) -> impl Future<Output = Result<Answer, String>> + Send;
}

/// One member, and what it was sent.
pub(super) struct Member<P> {
    post: P,
    url: Arc<str>,
    counters: Counters,
    wall: fn() -> SystemTime,
    /// The time on its clock, and when that was received.
    clock: Option<(SystemTime, Instant)>,
    /// Alerts that it knows as firing.
    knows: BTreeSet<Subject>,
    /// Alerts that it refuses, and when they are tried again.
    refused: BTreeMap<Subject, Instant>,
    failures: u32,
    jitter: RandomState,
}

/// Why a request failed.
enum SendError {
    /// The content is refused.
    Refused(String),
    /// A later attempt may succeed.
    Failed(String),
}

impl<P: Post> Member<P> {
    pub(super) fn new(post: P, url: Arc<str>, counters: Counters, wall: fn() -> SystemTime) -> Self {
        for metric in [SENT, ERRORS, DROPPED] {
            counters.add(metric, &[&url], 0.0);
        }
        Self {
            post,
            url,
            counters,
            wall,
            clock: None,
            knows: BTreeSet::new(),
            refused: BTreeMap::new(),
            failures: 0,
            jitter: RandomState::new(),
        }
    }

    /// Sends the state to the member until the exporter shuts down.
    pub(super) async fn run(mut self, mut state: watch::Receiver<Arc<State>>) {
        let mut next = Instant::now();
        let mut not_before = next;
        let mut told: Option<Arc<State>> = None;
        loop {
            tokio::select! {
                biased;
                changed = state.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = Arc::clone(&state.borrow_and_update());
                    if now.closing {
                        self.close(&now, told.as_deref()).await;
                        return;
                    }
                    next = next.min(not_before.max(Instant::now()));
                }
                () = tokio::time::sleep_until(next) => {
                    let now = Arc::clone(&state.borrow_and_update());
                    let (began, knew_clock) = (Instant::now(), self.clock.is_some());
                    if self.tell(&now).await {
                        // Once its clock is known, the start times of its alerts are sent at once.
                        let wait = if knew_clock || self.clock.is_none() { RESEND } else { FIRST_WAIT };
                        (next, not_before) = (began + wait, began);
                        told = Some(now);
                    } else {
                        next = Instant::now() + self.wait();
                        (not_before, told) = (next, None);
                    }
                }
            }
        }
    }

    /// The last request, if there are unsent changes.
    async fn close(&mut self, last: &State, told: Option<&State>) {
        let known = told.is_some_and(|told| told.alerts == last.alerts);
        if !known && tokio::time::timeout(LAST, self.tell(last)).await.is_err() {
            warn!(alertmanager = &*self.url, "the last alerts could not be sent in time");
        }
    }

    /// Sends the whole state. False if it must be sent again.
    pub(super) async fn tell(&mut self, state: &State) -> bool {
        let now = Instant::now();
        self.refused.retain(|subject, until| *until > now && state.alerts.contains_key(subject));
        self.knows.retain(|subject| state.alerts.contains_key(subject));
        let due: Vec<(Subject, Alert)> = state
            .alerts
            .iter()
            .filter(|(subject, alert)| {
                !self.refused.contains_key(*subject)
                    && (alert.resolved.is_none() || self.knows.contains(*subject))
            })
            .map(|(subject, alert)| (subject.clone(), *alert))
            .collect();
        for batch in due.chunks(MOST) {
            if let Err(why) = self.send_or_split(batch, &state.settings).await {
                self.counters.add(ERRORS, &[&self.url], count(batch.len()));
                self.failures = self.failures.saturating_add(1);
                if self.failures == 1 {
                    warn!(alertmanager = &*self.url, "alerts cannot be pushed, retrying: {why}");
                }
                return false;
            }
        }
        if self.failures > 0 {
            info!(alertmanager = &*self.url, failures = self.failures, "alerts can be pushed again");
        }
        self.failures = 0;
        true
    }

    /// Sends the batch. A refused request is split in halves until the refused alert is isolated and dropped.
    async fn send_or_split(
        &mut self,
        batch: &[(Subject, Alert)],
        settings: &AlertingSettings,
    ) -> Result<(), String> {
        let mut left = vec![batch];
        while let Some(part) = left.pop() {
            match self.send(part, settings).await {
                Ok(()) => {}
                Err(SendError::Failed(why)) => return Err(why),
                Err(SendError::Refused(why)) => {
                    if let [(subject, _)] = part {
                        let alert = subject.labels(settings).remove("alertname").unwrap_or_default();
                        error!(
                            alertmanager = &*self.url,
                            alert, "an alert was rejected, and is not sent again for an hour: {why}"
                        );
                        self.counters.add(ERRORS, &[&self.url], 1.0);
                        self.counters.add(DROPPED, &[&self.url], 1.0);
                        self.refused.insert(subject.clone(), Instant::now() + REFUSED);
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        left.extend([second, first]);
                    }
                }
            }
        }
        Ok(())
    }

    async fn send(
        &mut self,
        batch: &[(Subject, Alert)],
        settings: &AlertingSettings,
    ) -> Result<(), SendError> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = self.body(batch, settings).to_string().into_bytes();
        let answer = self.post.post(body).await.map_err(SendError::Failed)?;
        if let Some(date) = answer.date {
            self.clock = Some((date, Instant::now()));
        }
        match answer.status {
            200..=299 => {}
            400 | 413 | 422 => return Err(SendError::Refused(answer.detail)),
            status => return Err(SendError::Failed(format!("status {status}: {}", answer.detail))),
        }
        for (subject, alert) in batch {
            if alert.resolved.is_none() {
                self.knows.insert(subject.clone());
            }
        }
        self.counters.add(SENT, &[&self.url], count(batch.len()));
        let wall = (self.wall)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.counters.set(SUCCESS, &[&self.url], wall.as_secs_f64());
        Ok(())
    }

    /// The alerts in Alertmanager's format. A firing alert has no end time: it expires if the exporter dies.
    fn body(&self, batch: &[(Subject, Alert)], settings: &AlertingSettings) -> Value {
        let alert = |(subject, alert): &(Subject, Alert)| {
            let mut out = Map::new();
            out.insert("labels".to_owned(), strings(subject.labels(settings)));
            out.insert("annotations".to_owned(), strings(subject.annotations(settings)));
            out.extend(generator(settings));
            let (key, at) = match alert.resolved {
                None => ("startsAt", alert.fired),
                Some(resolved) => ("endsAt", resolved),
            };
            // Until its clock is known, it sets the time of arrival itself.
            if let Some(time) = self.in_its_clock(at) {
                out.insert(key.to_owned(), Value::String(rfc3339_millis(time)));
            }
            Value::Object(out)
        };
        Value::Array(batch.iter().map(alert).collect())
    }

    /// A time on the member's clock.
    fn in_its_clock(&self, at: Instant) -> Option<SystemTime> {
        let (shown, when) = self.clock?;
        if at >= when { shown.checked_add(at - when) } else { shown.checked_sub(when - at) }
    }

    /// The back-off after a failure, with a jitter of 25 %, so that a fleet does not return all at once.
    fn wait(&self) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.saturating_sub(1).min(6));
        let mut hasher = self.jitter.build_hasher();
        hasher.write_u32(self.failures);
        let per_mille = u32::try_from(hasher.finish() % 501).unwrap_or(250) + 750;
        doubled.min(LONGEST_WAIT).saturating_mul(per_mille) / 1000
    }
}

/// What `alerts test` sends.
pub(super) fn test_alert(settings: &AlertingSettings) -> Vec<u8> {
    let alert = [
        ("labels", strings(Subject::Test.labels(settings))),
        ("annotations", strings(Subject::Test.annotations(settings))),
    ];
    let alert = alert.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::Array(vec![Value::Object(alert.chain(generator(settings)).collect())]).to_string().into_bytes()
}

/// The source of the alert, if the config has a URL that recipients can open.
fn generator(settings: &AlertingSettings) -> Option<(String, Value)> {
    let url = settings.links.external_url.as_ref()?;
    Some(("generatorURL".to_owned(), Value::String(format!("{url}/"))))
}

fn strings(values: impl IntoIterator<Item = (impl Into<String>, String)>) -> Value {
    Value::Object(values.into_iter().map(|(key, value)| (key.into(), Value::String(value))).collect())
}

fn count(alerts: usize) -> f64 {
    u32::try_from(alerts).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
#[path = "tests/member.rs"]
mod tests;
