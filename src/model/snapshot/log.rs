//! What an agent's own log tells, and none of its lines: they are the agent's users' text in part, and may hold secrets.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// One moment on both clocks: one that is shown, and one that no step of the clock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time.
    pub wall: SystemTime,
    /// Time since boot; `None`: before it.
    pub boot: Option<Duration>,
}

/// What one line of a log means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEvent {
    /// The service has refused a request of the agent.
    Refused(Refusal),
    /// The service has accepted a request of the agent.
    Accepted,
    /// The agent took over a new state of its collection configs.
    ConfigUpdated,
    /// The agent begins.
    Started,
    /// The agent says why it is about to end, or why it ended before.
    LastWords(LastWords),
    /// The agent could not use its checkpoints.
    CheckpointDamaged,
    /// The agent has loaded its checkpoints.
    CheckpointLoaded,
}

/// A refusal, in the service's own word. Closed sets: nothing of a line gets here but what the vendor's table lists.
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
    /// More is sent than was agreed on: works again when less is.
    Quota,
    /// Where the logs of one collection config go: the heartbeat does not hang on it.
    Target,
    /// The project.
    Project,
    /// The system time.
    Clock,
    /// Who sends, or what they may.
    Credentials,
}

/// Why an agent says that it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastWords {
    /// It used more processor time or memory than its own config allows.
    LimitExceeded,
    /// It heard nothing of the service for so long that it begins anew.
    ServiceLost,
    /// One of its own threads did not come back.
    ThreadStuck,
    /// It crashed, and found the stack at its next start.
    Crashed,
    /// A library of its own could not be loaded.
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

/// What the log has told so far. What it has told is kept when the log is rotated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFacts {
    /// The log.
    pub path: PathBuf,
    /// When it was last written to.
    pub modified: Option<SystemTime>,
    /// When the log of the agent's state, which it writes at a fixed rhythm, was last written to.
    pub state_modified: Option<SystemTime>,
    /// Refusals since the service last accepted something, by its code.
    pub refused: BTreeMap<&'static str, Refused>,
    /// When the service last accepted something.
    pub accepted: Option<Moment>,
    /// When collection configs were last taken over.
    pub config_updated: Option<Moment>,
    /// Why it last said that it ends, and when.
    pub last_words: Option<(LastWords, Moment)>,
    /// When it last began after those words.
    pub started_since: Option<Moment>,
    /// When it could not use its checkpoints, unless it could since.
    pub checkpoint_damaged: Option<Moment>,
    /// Bytes that were passed over, as more was written than is read at once.
    pub skipped: u64,
    /// True if some were at the last reading.
    pub skipping: bool,
}

impl LogFacts {
    /// Adds what so many lines in a row mean, the last of this moment. They come in the order in which they were written.
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
            // The stack of a crash is found by the start that follows it.
            LogEvent::LastWords(words) => {
                self.last_words = Some((words, at));
                if words != LastWords::Crashed {
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
        facts.add(LogEvent::LastWords(LastWords::LimitExceeded), 1, at(2));
        assert_eq!((facts.last_words, facts.started_since), (Some((LastWords::LimitExceeded, at(2))), None));
        facts.add(LogEvent::Started, 1, at(3));
        facts.add(LogEvent::LastWords(LastWords::Crashed), 1, at(4));
        assert_eq!((facts.last_words, facts.started_since), (Some((LastWords::Crashed, at(4))), Some(at(3))));
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
