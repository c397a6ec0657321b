//! The events in an agent's own logs so far. The parser of the agent's profile interprets lines; no line is kept.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use jiff::{civil::DateTime, tz::TimeZone};

use super::{
    file::{Files, Head},
    tail::{Cursor, Tail},
    zone::Zones,
};
use crate::{
    agents::{Layout, Located, OwnLog, Profile},
    model::{
        Reading, Why,
        snapshot::{LoadedConfig, LogEvent, LogFacts, Moment},
    },
    observe::time::Now,
};

/// Consecutive equal events are merged: a flood of one refusal is counted, not listed.
#[derive(Debug)]
struct Run {
    event: LogEvent,
    count: u64,
    /// Local time, as if it were UTC.
    at: Option<SystemTime>,
}

/// The state of the logs of all agents, by name.
#[derive(Debug, Clone, Default)]
pub struct Followed(BTreeMap<String, AgentLogs>);

/// The state of one agent's logs.
#[derive(Debug, Clone, Default)]
struct AgentLogs {
    main: Option<Place>,
    status: Option<Place>,
    facts: Option<LogFacts>,
    beginning: Option<Beginning>,
}

/// What the beginning of a log says; it is parsed again only if it may have changed.
#[derive(Debug, Clone)]
struct Beginning {
    path: PathBuf,
    mark: u64,
    zones: Zones,
    loaded: Option<LoadedConfig>,
}

#[derive(Debug, Clone)]
struct Place {
    path: PathBuf,
    cursor: Option<Cursor>,
}

/// Reads the logs of one agent.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The files, read on the agent's behalf.
    pub files: Files<'a>,
    /// The profile that parses the lines.
    pub profile: &'static dyn Profile,
    /// The possible time zones of its times.
    pub zones: &'a Zones,
    /// The time of this cycle.
    pub now: Now,
    /// True in a cycle of the timer. In between, the last result is used again, so that an agent that writes all the
    /// time costs nothing more.
    pub regular: bool,
}

impl Followed {
    /// Forgets the agents that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// The events in the logs of this agent; `Known(None)`: it has none.
    pub fn follow(&mut self, agent: &str, layout: &Layout, reader: Reader<'_>) -> Reading<Option<LogFacts>> {
        if layout.own_log.candidates.is_empty() {
            return Reading::Known(None);
        }
        let kept = self.0.entry(agent.to_owned()).or_default();
        if !reader.regular && kept.main.is_some() {
            return Reading::Known(kept.facts.clone());
        }
        kept.read(layout, reader).into()
    }

    /// The config that this agent loaded at its start, by the beginning of its log; `Known(None)`: it does not say so.
    pub fn loaded_config(
        &mut self,
        agent: &str,
        log: &Located,
        reader: Reader<'_>,
    ) -> Reading<Option<LoadedConfig>> {
        match (log.candidates.as_slice(), &log.undecided) {
            ([], _) => return Reading::Known(None),
            (_, Some(why)) => return Reading::Unknown(why.clone()),
            (_, None) => {}
        }
        let beginning = &mut self.0.entry(agent.to_owned()).or_default().beginning;
        let last = beginning.take().filter(|last| last.zones == *reader.zones);
        let known = |path: &Path| last.as_ref().filter(|last| last.path == path).map(|last| last.mark);
        let heads = log.candidates.iter().map(|path| (path, reader.files.head(path, known(path))));
        let mut existing = heads.skip_while(|(_, head)| matches!(head, Reading::Known(None)));
        let Some((path, head)) = existing.next() else { return Reading::Known(None) };
        head.map(|head| match head {
            Some(Head::Same) => {
                *beginning = last;
                beginning.as_ref().and_then(|last| last.loaded.clone())
            }
            Some(Head::Read(bytes, mark)) => {
                let times = |text: &str| reader.zones.moments(text);
                let loaded = reader.profile.parse_loaded_config(path, &bytes.0, &times);
                *beginning = mark.map(|mark| Beginning {
                    path: path.clone(),
                    mark,
                    zones: reader.zones.clone(),
                    loaded: loaded.clone(),
                });
                loaded
            }
            Some(Head::NotAFile) | None => None,
        })
    }
}

impl AgentLogs {
    fn read(&mut self, layout: &Layout, reader: Reader<'_>) -> Result<Option<LogFacts>, Why> {
        if let Some(facts) = &mut self.facts {
            facts.skipping = false;
        }
        let main = reader.read(OwnLog::Main, &layout.own_log, &mut self.main)?;
        if let Some((path, tail, runs)) = main {
            let facts = self.facts.get_or_insert_with(LogFacts::default);
            facts.path = path;
            facts.modified = Some(tail.modified);
            facts.skipped += tail.skipped;
            facts.skipping |= tail.skipped > 0;
            add(facts, runs);
        }
        // The status log supplements the main log, and is not used without it.
        if let Some(facts) = &mut self.facts
            && let Ok(Some((_, tail, runs))) =
                reader.read(OwnLog::Status, &layout.status_log, &mut self.status)
        {
            facts.state_modified = Some(tail.modified);
            add(facts, runs);
        }
        Ok(self.facts.clone())
    }
}

fn add(facts: &mut LogFacts, runs: NewEvents) {
    for (event, count, at) in runs {
        facts.add(event, count, at);
    }
}

/// The events in the new lines: each with its number of consecutive occurrences and its last time.
type NewEvents = Vec<(LogEvent, u64, Moment)>;

/// A log's path, its state, and the events in its new lines.
type Found = (PathBuf, Tail, NewEvents);

impl Reader<'_> {
    fn read(&self, log: OwnLog, located: &Located, place: &mut Option<Place>) -> Result<Option<Found>, Why> {
        if let Some(why) = &located.undecided {
            return Err(why.clone());
        }
        for path in &located.candidates {
            let mut cursor =
                place.as_ref().filter(|place| place.path == *path).and_then(|place| place.cursor.clone());
            let found = self.tail(log, path, &mut cursor)?;
            if cursor.is_some() {
                *place = Some(Place { path: path.clone(), cursor });
            }
            if let Some((tail, runs)) = found {
                return Ok(Some((path.clone(), tail, runs)));
            }
        }
        Ok(None)
    }

    fn tail(
        &self,
        log: OwnLog,
        path: &Path,
        cursor: &mut Option<Cursor>,
    ) -> Result<Option<(Tail, NewEvents)>, Why> {
        let mut runs: Vec<Run> = Vec::new();
        let mut last_written = String::new();
        let mut each = |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            let Some(parsed) = self.profile.parse_log_line(log, &line) else { return };
            if let Some(written) = parsed.written {
                last_written.clear();
                last_written.push_str(written);
            }
            let Some(event) = parsed.event else { return };
            let at = parsed.at.or(parsed.written).and_then(as_if_utc);
            match runs.last_mut().filter(|run| run.event == event) {
                Some(run) => {
                    run.count += 1;
                    run.at = at;
                }
                None => runs.push(Run { event, count: 1, at }),
            }
        };
        let found = Result::from(self.files.tail(path, cursor, &mut each))?;
        Ok(found.map(|tail| {
            let ahead = self.ahead_of_utc(&last_written, tail.modified).unwrap_or_default();
            let moments = runs.into_iter().map(|run| {
                let wall = run.at.and_then(|at| shifted(at, ahead));
                (run.event, run.count, self.moment(wall.unwrap_or(self.now.wall)))
            });
            (tail, moments.collect())
        }))
    }

    /// How far the log's local time is ahead of UTC, in seconds, according to the zone in which its last line is
    /// nearest to the file's last change.
    fn ahead_of_utc(&self, written: &str, modified: SystemTime) -> Option<i64> {
        let moments = self.zones.moments(written.split('.').next()?);
        let moment = moments.into_iter().min_by_key(|moment| apart(*moment, modified))?;
        Some(seconds_from(moment, as_if_utc(written)?))
    }

    /// The moment on both clocks. Times in the future are treated as now.
    fn moment(&self, wall: SystemTime) -> Moment {
        let wall = wall.min(self.now.wall);
        let age = self.now.wall.duration_since(wall).unwrap_or_default();
        Moment { wall, boot: self.now.boot.checked_sub(age) }
    }
}

/// A local time as if it were UTC, to the second.
fn as_if_utc(text: &str) -> Option<SystemTime> {
    let time: DateTime = text.split('.').next()?.trim().parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|earlier| earlier.duration())
}

/// How far `b` is ahead of `a`, in seconds.
fn seconds_from(a: SystemTime, b: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    b.duration_since(a).map_or_else(|behind| -seconds(behind.duration()), seconds)
}

/// The moment of a local time that is `ahead` seconds ahead of UTC.
fn shifted(as_if_utc: SystemTime, ahead: i64) -> Option<SystemTime> {
    let by = Duration::from_secs(ahead.unsigned_abs());
    if ahead >= 0 { as_if_utc.checked_sub(by) } else { as_if_utc.checked_add(by) }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
