//! What must be remembered from one snapshot to the next. A value, advanced purely by snapshots; the ledger owns it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::model::{
    Reading, Role,
    snapshot::{AgentFacts, FileFact, FileState, Process, ProcessState, Snapshot},
};

use super::{choice, roles};

/// A crash loop is this many starts …
pub(super) const CRASH_LOOP_STARTS: usize = 3;
/// … within this long (DESIGN contract: ≥ 3 starts in 5 min).
pub(super) const CRASH_LOOP_WINDOW: Duration = Duration::from_secs(300);

/// What starts as a daemon is started by a process of the same name that ends at once: seen in passing, the two are one start.
const ONE_START: Duration = Duration::from_secs(2);

/// File times have the granularity of a kernel tick, and starts that of 10 ms (DESIGN contract: start + 2 s).
const START_TOLERANCE: Duration = Duration::from_secs(2);

/// Two computations of one start that differ by more were made before and after a step of the clock.
const SAME_MOMENT: Duration = Duration::from_secs(1);

fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|earlier| earlier.duration())
}

/// A process' identity: pids are reused, start times with them are not.
pub(super) type ProcessId = (u32, u64);

/// The identity of a process.
pub(super) fn id(process: &Process) -> ProcessId {
    (process.pid, process.start_ticks)
}

/// What is remembered of a live process.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnownProcess {
    /// The role that it was given.
    pub(super) role: Role,
    /// Its start as first computed: computed anew it would waver by microseconds, and look like a restart.
    pub(super) started_at: SystemTime,
}

/// Memory of one agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AgentHistory {
    /// Live processes of the last snapshot in which they could be read.
    pub(super) known: BTreeMap<ProcessId, KnownProcess>,
    /// Roles that a process was ever seen in.
    pub(super) ever_seen: BTreeSet<Role>,
    /// Observed starts within the crash-loop window, by role: start times on the boot clock.
    pub(super) starts: BTreeMap<Role, Vec<Duration>>,
    /// Observed exits within the crash-loop window, by role.
    pub(super) exits: BTreeMap<Role, Vec<Duration>>,
    /// Exits that no start has made up for yet, by role.
    vacancies: BTreeMap<Role, u64>,
    /// Observed restarts, by role.
    pub(super) restarts: BTreeMap<Role, u64>,
    /// What the running process loaded, as far as it can be told.
    pub(super) loaded: Option<Loaded>,
    /// Since when (boot clock) the address that the agent would choose differs from the one it reports.
    pub(super) choice_differs_since: Option<Duration>,
}

/// The watched files as they were when the collecting process was first seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loaded {
    /// The process.
    pub(super) process: (u32, u64),
    /// What was found then, by path. A file that could not be read then is taken up when it can be.
    pub(super) files: BTreeMap<PathBuf, LoadedFile>,
}

/// One file as it was when the process was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoadedFile {
    /// Digest of the content; `None`: the file was not there.
    pub(super) digest: Option<u64>,
    /// True if it was modified after the process had started, so that this content may not be what the process loaded.
    pub(super) newer_than_process: bool,
}

/// A file whose change asks for a restart: its path, and modification time and digest if it is there.
pub(super) struct Watched<'a> {
    pub(super) path: &'a Path,
    pub(super) state: Reading<Option<(SystemTime, u64)>>,
}

/// The files that a process loads once, at its start.
pub(super) fn watched(agent: &AgentFacts) -> Vec<Watched<'_>> {
    let config = agent.config.as_ref().map(watch);
    config.into_iter().chain(agent.files.iter().map(watch)).collect()
}

fn watch<T>(file: &FileFact<T>) -> Watched<'_> {
    let state = match &file.state {
        Reading::Known(FileState::Present(content)) => {
            Reading::Known(Some((content.modified, content.digest)))
        }
        Reading::Known(FileState::Missing | FileState::NotAFile(_)) => Reading::Known(None),
        Reading::Unknown(why) => Reading::Unknown(why.clone()),
    };
    Watched { path: &file.path, state }
}

impl AgentHistory {
    /// The history after this snapshot of the agent.
    pub(super) fn advance(&mut self, snapshot: &Snapshot, agent: &AgentFacts) {
        self.advance_processes(snapshot, agent);
        self.advance_loaded(agent);
        self.advance_choice(snapshot, agent);
    }

    fn advance_processes(&mut self, snapshot: &Snapshot, agent: &AgentFacts) {
        let Reading::Known(processes) = &agent.processes else { return };
        let assigned = roles::assign(agent, processes, &self.known);
        let mut live: BTreeMap<ProcessId, KnownProcess> = BTreeMap::new();
        let mut newcomers: Vec<(&Process, Role)> = Vec::new();
        for (process, role) in assigned {
            if process.state == ProcessState::Defunct {
                continue;
            }
            if !self.known.contains_key(&id(process)) {
                newcomers.push((process, role.clone()));
            }
            let started_at = self
                .known
                .get(&id(process))
                .map(|known| known.started_at)
                .filter(|known| apart(*known, process.started_at) < SAME_MOMENT)
                .unwrap_or(process.started_at);
            live.insert(id(process), KnownProcess { role, started_at });
        }
        for (gone, KnownProcess { role, .. }) in &self.known {
            if !live.contains_key(gone) {
                self.exits.entry(role.clone()).or_default().push(snapshot.uptime);
                *self.vacancies.entry(role.clone()).or_default() += 1;
            }
        }
        for (process, role) in newcomers {
            let started = snapshot
                .taken_at
                .duration_since(process.started_at)
                .map_or(snapshot.uptime, |age| snapshot.uptime.saturating_sub(age));
            let starts = self.starts.entry(role.clone()).or_default();
            let goes_on = starts.last().is_some_and(|last| started.abs_diff(*last) < ONE_START);
            if !goes_on {
                starts.push(started);
            }
            let vacancies = self.vacancies.entry(role.clone()).or_default();
            if *vacancies > 0 {
                *vacancies -= 1;
                *self.restarts.entry(role.clone()).or_default() += u64::from(!goes_on);
            }
            self.ever_seen.insert(role);
        }
        let horizon = snapshot.uptime.saturating_sub(CRASH_LOOP_WINDOW);
        for times in self.starts.values_mut().chain(self.exits.values_mut()) {
            times.retain(|time| *time >= horizon);
        }
        self.known = live;
    }

    fn advance_loaded(&mut self, agent: &AgentFacts) {
        let Some(process) = roles::collecting(agent, &self.known) else {
            if matches!(agent.processes, Reading::Known(_)) {
                self.loaded = None;
            }
            return;
        };
        if self.loaded.as_ref().is_none_or(|loaded| loaded.process != id(process)) {
            self.loaded = Some(Loaded { process: id(process), files: BTreeMap::new() });
        }
        let Some(loaded) = &mut self.loaded else { return };
        for file in watched(agent) {
            let Reading::Known(state) = file.state else { continue };
            loaded.files.entry(file.path.to_owned()).or_insert_with(|| LoadedFile {
                digest: state.map(|(_, digest)| digest),
                newer_than_process: state
                    .is_some_and(|(modified, _)| modified > process.started_at + START_TOLERANCE),
            });
        }
    }

    fn advance_choice(&mut self, snapshot: &Snapshot, agent: &AgentFacts) {
        match choice::differs(snapshot, agent) {
            Some(true) => {
                self.choice_differs_since.get_or_insert(snapshot.uptime);
            }
            Some(false) => self.choice_differs_since = None,
            None => {}
        }
    }
}

/// Memory of the host's clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ClockHistory {
    wall_minus_boot: Option<f64>,
    /// Steps of over one second observed.
    pub(super) steps: u64,
    /// The last one.
    pub(super) last_step: Option<Step>,
}

/// One observed step of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// When it was noticed, on the boot clock.
    pub(super) noticed: Duration,
    /// By how much, in seconds; positive: forward.
    pub(super) seconds: f64,
}

/// Smaller jumps are what a time daemon does in passing (DESIGN contract: over 1 s).
const STEP_SECONDS: f64 = 1.0;
/// Setting the clock is part of booting (DESIGN contract: not in the first 2 min of uptime).
const BOOTING: Duration = Duration::from_secs(120);

impl ClockHistory {
    /// The history after this snapshot.
    pub(super) fn advance(&mut self, snapshot: &Snapshot) {
        let now = snapshot.clock.wall_minus_boot;
        if let Some(before) = self.wall_minus_boot {
            let seconds = now - before;
            if seconds.abs() > STEP_SECONDS && snapshot.uptime >= BOOTING {
                self.steps += 1;
                self.last_step = Some(Step { noticed: snapshot.uptime, seconds });
            }
        }
        self.wall_minus_boot = Some(now);
    }
}
