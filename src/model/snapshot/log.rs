//! The events in an agent's own log, without its lines: some of these contain users' text, and may contain secrets.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// One time on both clocks: the wall clock, for display, and the boot clock, which never steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time.
    pub wall: SystemTime,
    /// Time since boot; `None`: before boot.
    pub boot: Option<Duration>,
}

/// The meaning of one line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEvent {
    /// The service has refused a request of the agent.
    Refused(Refusal),
    /// The service has accepted a request of the agent.
    Accepted,
    /// The agent loaded a new state of its collection configs.
    ConfigUpdated,
    /// The agent starts.
    Started,
    /// The agent logs why it is about to exit, or why it exited before.
    LoggedExit(LoggedExit),
    /// The agent could not use its checkpoints.
    CheckpointDamaged,
    /// The agent has loaded its checkpoints.
    CheckpointLoaded,
}

/// A refusal, with the service's error code. Closed sets: only values from the vendor's table are taken from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The service's error code.
    pub code: &'static str,
    /// What it is about.
    pub subject: RefusalSubject,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalSubject {
    /// A quota is exceeded: it works again with less traffic.
    Quota,
    /// The target of one collection config: the heartbeat does not depend on it.
    Target,
    /// The project.
    Project,
    /// The system time.
    Clock,
    /// The sender's identity or permissions.
    Credentials,
}

/// The reason that an agent logs for its exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedExit {
    /// It used more processor time or memory than its own config allows.
    LimitExceeded,
    /// It received nothing from the service for so long that it restarts.
    ServiceLost,
    /// One of its threads hung.
    ThreadStuck,
    /// It crashed, and found the stack at its next start.
    Crashed,
    /// One of its libraries could not be loaded.
    LibraryMissing,
    /// It could not read its startup config.
    ConfigRejected,
    /// Its address changed.
    AddressChanged,
}

/// How often the service returned one code, and when it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// What it is about.
    pub subject: RefusalSubject,
    /// How often, since the service last accepted something.
    pub count: u64,
    /// The last time.
    pub last: Moment,
}

/// The events in the log so far. They are kept when the log is rotated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFacts {
    /// The log.
    pub path: PathBuf,
    /// When it was last written to.
    pub modified: Option<SystemTime>,
    /// When the log of the agent's state, which it writes periodically, was last written to.
    pub state_modified: Option<SystemTime>,
    /// Refusals since the service last accepted something, by its code.
    pub refused: BTreeMap<&'static str, Refused>,
    /// When the service last accepted something.
    pub accepted: Option<Moment>,
    /// When collection configs were last loaded.
    pub config_updated: Option<Moment>,
    /// The last logged reason for an exit, and its time.
    pub logged_exit: Option<(LoggedExit, Moment)>,
    /// When it last started after that.
    pub started_since: Option<Moment>,
    /// When it last failed to use its checkpoints, unless it has succeeded since.
    pub checkpoint_damaged: Option<Moment>,
    /// Bytes that were skipped, because more was written than is read at once.
    pub skipped: u64,
    /// True if bytes were skipped at the last reading.
    pub skipping: bool,
}

impl LogFacts {
    /// Adds an event of this many consecutive lines, the last at this time. Events are added in the order in which they
    /// were written.
    pub fn add(&mut self, event: LogEvent, count: u64, at: Moment) {
        match event {
            LogEvent::Refused(Refusal { code, subject }) => {
                let refused = self.refused.entry(code).or_insert(Refused { subject, count: 0, last: at });
                refused.count = refused.count.saturating_add(count);
                refused.last = at;
            }
            LogEvent::Accepted => {
                self.refused.clear();
                self.accepted = Some(at);
            }
            LogEvent::ConfigUpdated => self.config_updated = Some(at),
            LogEvent::Started => self.started_since = Some(at),
            // The stack of a crash is found at the next start.
            LogEvent::LoggedExit(words) => {
                self.logged_exit = Some((words, at));
                if words != LoggedExit::Crashed {
                    self.started_since = None;
                }
            }
            LogEvent::CheckpointDamaged => self.checkpoint_damaged = Some(at),
            LogEvent::CheckpointLoaded => self.checkpoint_damaged = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNAUTHORIZED: Refusal = Refusal { code: "Unauthorized", subject: RefusalSubject::Credentials };

    fn at(second: u64) -> Moment {
        let boot = Duration::from_secs(second);
        Moment { wall: SystemTime::UNIX_EPOCH + boot, boot: Some(boot) }
    }

    #[test]
    fn what_the_service_accepts_ends_its_refusals() {
        let mut facts = LogFacts::default();
        for second in [1, 2] {
            facts.add(LogEvent::Refused(UNAUTHORIZED), 1, at(second));
        }
        let refused = facts.refused["Unauthorized"];
        assert_eq!((refused.count, refused.last), (2, at(2)));
        facts.add(LogEvent::Accepted, 1, at(3));
        assert_eq!((facts.refused.len(), facts.accepted), (0, Some(at(3))));
        facts.add(LogEvent::Refused(UNAUTHORIZED), 1, at(4));
        assert_eq!(facts.refused["Unauthorized"].count, 1);
    }

    #[test]
    fn a_start_follows_the_last_words_but_a_crash_is_told_by_the_next_start() {
        let mut facts = LogFacts::default();
        facts.add(LogEvent::Started, 1, at(1));
        facts.add(LogEvent::LoggedExit(LoggedExit::LimitExceeded), 1, at(2));
        assert_eq!(
            (facts.logged_exit, facts.started_since),
            (Some((LoggedExit::LimitExceeded, at(2))), None)
        );
        facts.add(LogEvent::Started, 1, at(3));
        facts.add(LogEvent::LoggedExit(LoggedExit::Crashed), 1, at(4));
        assert_eq!(
            (facts.logged_exit, facts.started_since),
            (Some((LoggedExit::Crashed, at(4))), Some(at(3)))
        );
    }

    #[test]
    fn checkpoints_that_were_loaded_are_damaged_no_more() {
        let mut facts = LogFacts::default();
        facts.add(LogEvent::CheckpointDamaged, 1, at(1));
        assert_eq!(facts.checkpoint_damaged, Some(at(1)));
        facts.add(LogEvent::CheckpointLoaded, 1, at(2));
        assert_eq!(facts.checkpoint_damaged, None);
    }
}
