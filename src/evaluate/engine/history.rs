//! The state that is kept from one snapshot to the next. A value that only snapshots advance; `EngineState` owns it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{deaths::Deaths, usage::Usage};
use crate::{
    evaluate::{derived::Derived, loaded::watched, roles},
    model::{
        Reading, Role,
        snapshot::{AgentFacts, ExpectedRole, Process, ProcessState, Snapshot},
    },
};

/// A crash loop is this many restarts …
pub(in crate::evaluate) const CRASH_LOOP_RESTARTS: usize = 3;
/// … within this long (contract: ≥ 3 restarts in 5 min).
pub(in crate::evaluate) const CRASH_LOOP_WINDOW: Duration = Duration::from_secs(300);

/// Changes of the reported address count this long (contract: more than 3 an hour).
const ADDRESS_WINDOW: Duration = Duration::from_hours(1);
/// The maximum number of changes that are remembered.
const MOST_CHANGES: usize = 32;

/// A daemonizing process forks early, and the process that was started exits: the two count as one start. A
/// supervisor takes longer to notice an exit and restart the process …
const ONE_START: Duration = Duration::from_millis(200);
/// … and is itself the parent of the new one, while the parent of a daemon is init: then the host may be this slow.
const ONE_START_LEFT_TO_INIT: Duration = Duration::from_secs(2);

/// File times have the granularity of a kernel tick, start times one of 10 ms (contract: start + 2 s).
const START_TOLERANCE: Duration = Duration::from_secs(2);

/// If two computations of one start differ by more, the clock was stepped in between.
const SAME_MOMENT: Duration = Duration::from_secs(1);

fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|earlier| earlier.duration())
}

/// A process's identity: pids are reused, start times with them are not.
pub(in crate::evaluate) type ProcessId = (u32, u64);

/// The identity of a process.
pub(in crate::evaluate) fn id(process: &Process) -> ProcessId {
    (process.pid, process.start_ticks)
}

/// The remembered facts of a live process.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct KnownProcess {
    /// Its role; `None` while it is unknown.
    pub(in crate::evaluate) role: Option<Role>,
    /// Its start as first computed: computed again it would differ by microseconds, and look like a restart.
    pub(in crate::evaluate) started_at: SystemTime,
    /// Its parent when it was first seen.
    parent: u32,
    /// Its CPU time when it was last seen.
    cpu: Duration,
}

impl KnownProcess {
    /// True if `other` forked this process, with this pid, to become a daemon.
    fn forked(&self, pid: u32, other: &Process) -> bool {
        let apart = apart(self.started_at, other.started_at);
        let left_to_init = other.parent <= 1 && self.parent > 1;
        other.parent == pid || apart < ONE_START || (left_to_init && apart < ONE_START_LEFT_TO_INIT)
    }
}

/// Memory of one agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::evaluate) struct AgentHistory {
    /// Live processes of the last snapshot in which they could be read.
    pub(in crate::evaluate) known: BTreeMap<ProcessId, KnownProcess>,
    /// Roles of the last snapshot in which they were known.
    pub(in crate::evaluate) roles: Option<Vec<ExpectedRole>>,
    /// Roles that a process was ever seen in.
    pub(in crate::evaluate) ever_seen: BTreeSet<Role>,
    /// Restarts observed within the crash-loop window, by role: when they were noticed, on the boot clock.
    pub(in crate::evaluate) recent_restarts: BTreeMap<Role, Vec<Duration>>,
    /// Exits without a subsequent start, by role.
    vacancies: BTreeMap<Role, usize>,
    /// Observed restarts, by role.
    pub(in crate::evaluate) restarts: BTreeMap<Role, u64>,
    /// CPU time of processes that have ended, by role: together with that of the live ones it never decreases.
    pub(in crate::evaluate) cpu_of_ended: BTreeMap<Role, Duration>,
    /// How processes ended.
    pub(in crate::evaluate) deaths: Deaths,
    /// The processor usage of the collecting process.
    pub(in crate::evaluate) cpu: Usage,
    /// The changes of the reported address within the last hour: when (boot clock), and to which address.
    pub(in crate::evaluate) address_changes: Vec<(Duration, String)>,
    /// The address that was reported last.
    reported: Option<String>,
    /// What the running process loaded, as far as it is known.
    pub(in crate::evaluate) loaded: Option<Loaded>,
    /// Since when (boot clock) the address that the agent would select differs from the one it reports.
    pub(in crate::evaluate) choice_differs_since: Option<Duration>,
}

/// The watched files as they were when the collecting process was first seen.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct Loaded {
    /// The process.
    pub(in crate::evaluate) process: ProcessId,
    /// The state of the files then, by path. A file that could not be read then is added once it can be.
    pub(in crate::evaluate) files: BTreeMap<PathBuf, LoadedFile>,
}

/// One file as it was when the process was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evaluate) struct LoadedFile {
    /// Digest of the content; `None`: the file was not there.
    pub(in crate::evaluate) digest: Option<u64>,
    /// True if it was modified after the process had started, so that this content may not be what the process loaded.
    pub(in crate::evaluate) newer_than_process: bool,
}

impl AgentHistory {
    /// The history after this snapshot of the agent.
    pub(in crate::evaluate) fn advance(
        &mut self,
        snapshot: &Snapshot,
        agent: &AgentFacts,
        derived: &Derived<'_>,
    ) {
        if let Reading::Known(roles) = &derived.roles {
            self.roles = Some(roles.clone());
        }
        if let Reading::Known(processes) = &agent.processes {
            let assigned = roles::assign(agent, derived, processes, &self.known);
            self.advance_processes(snapshot, &assigned);
        }
        self.deaths.advance(snapshot, agent);
        if matches!(agent.processes, Reading::Known(_)) {
            self.cpu.advance(roles::collecting(agent, &self.known), snapshot.uptime);
        }
        self.advance_reported(snapshot, agent);
        self.advance_loaded(agent);
        self.advance_choice(snapshot, agent, derived);
    }

    fn advance_processes(&mut self, snapshot: &Snapshot, assigned: &[roles::Assigned<'_>]) {
        let alive = || assigned.iter().filter(|found| found.process.state != ProcessState::Defunct);
        let live: BTreeMap<ProcessId, KnownProcess> =
            alive().map(|found| (id(found.process), self.remember(found))).collect();
        self.take_leave(snapshot.uptime, &live);
        let newcomers: Vec<_> =
            alive().filter(|found| !self.known.contains_key(&id(found.process))).collect();
        for newcomer in newcomers {
            if let Some(role) = &newcomer.role {
                self.welcome(snapshot.uptime, newcomer.process, role);
            }
        }
        let horizon = snapshot.uptime.saturating_sub(CRASH_LOOP_WINDOW);
        for times in self.recent_restarts.values_mut() {
            times.retain(|time| *time >= horizon);
        }
        self.known = live;
        self.close_vacancies();
    }

    fn remember(&self, found: &roles::Assigned<'_>) -> KnownProcess {
        let process = found.process;
        let before = self.known.get(&id(process));
        KnownProcess {
            role: found.role.clone().or_else(|| before.and_then(|known| known.role.clone())),
            started_at: before
                .map(|known| known.started_at)
                .filter(|known| apart(*known, process.started_at) < SAME_MOMENT)
                .unwrap_or(process.started_at),
            parent: before.map_or(process.parent, |known| known.parent),
            cpu: process.cpu,
        }
    }

    /// Of processes that are gone, the CPU time and an unmatched exit are kept.
    fn take_leave(&mut self, now: Duration, live: &BTreeMap<ProcessId, KnownProcess>) {
        for (gone, KnownProcess { role, cpu, .. }) in &self.known {
            if let (false, Some(role)) = (live.contains_key(gone), role) {
                *self.cpu_of_ended.entry(role.clone()).or_default() += *cpu;
                *self.vacancies.entry(role.clone()).or_default() += 1;
                self.deaths.take_leave(gone.0, role.clone(), now);
            }
        }
    }

    fn welcome(&mut self, now: Duration, process: &Process, role: &Role) {
        self.ever_seen.insert(role.clone());
        let vacancies = self.vacancies.entry(role.clone()).or_default();
        if *vacancies == 0 {
            return;
        }
        *vacancies -= 1;
        if !self
            .known
            .iter()
            .any(|((pid, _), known)| known.role.as_ref() == Some(role) && known.forked(*pid, process))
        {
            *self.restarts.entry(role.clone()).or_default() += 1;
            self.recent_restarts.entry(role.clone()).or_default().push(now);
        }
    }

    /// A role with as many processes as expected has no unmatched exits.
    fn close_vacancies(&mut self) {
        for expected in self.roles.iter().flatten() {
            let live =
                self.known.values().filter(|known| known.role.as_ref() == Some(&expected.role)).count();
            let missing = usize::try_from(expected.count).unwrap_or(usize::MAX).saturating_sub(live);
            if let Some(vacancies) = self.vacancies.get_mut(&expected.role) {
                *vacancies = missing.min(*vacancies);
            }
        }
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

    fn advance_reported(&mut self, snapshot: &Snapshot, agent: &AgentFacts) {
        let reported = agent.record.as_ref().and_then(|record| record.content()?.ip.clone());
        if let Some(reported) = reported.filter(|ip| !ip.is_empty()) {
            let before = self.reported.replace(reported.clone());
            if before.is_some_and(|before| before != reported) {
                self.address_changes.push((snapshot.uptime, reported));
            }
        }
        let horizon = snapshot.uptime.saturating_sub(ADDRESS_WINDOW);
        self.address_changes.retain(|(at, _)| *at >= horizon);
        let old = self.address_changes.len().saturating_sub(MOST_CHANGES);
        self.address_changes.drain(..old);
    }

    fn advance_choice(&mut self, snapshot: &Snapshot, agent: &AgentFacts, derived: &Derived<'_>) {
        let reported = agent.record.as_ref().and_then(|record| record.content()?.ip.as_deref());
        let chosen = derived.choice.as_ref().and_then(|choice| choice.chosen.known());
        let (Some(reported), Some(chosen)) = (reported, chosen) else { return };
        if chosen.as_ref().is_some_and(|chosen| chosen.address != reported) {
            self.choice_differs_since.get_or_insert(snapshot.uptime);
        } else {
            self.choice_differs_since = None;
        }
    }
}

/// Memory of the host's clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::evaluate) struct ClockHistory {
    wall_minus_boot: Option<f64>,
    /// Steps of over one second observed.
    pub(in crate::evaluate) steps: u64,
    /// The last one.
    pub(in crate::evaluate) last_step: Option<Step>,
}

/// One observed step of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::evaluate) struct Step {
    /// When it was noticed, on the boot clock.
    pub(in crate::evaluate) noticed: Duration,
    /// By how much, in seconds; positive: forward.
    pub(in crate::evaluate) seconds: f64,
}

/// Smaller jumps are normal for a time daemon (contract: over 1 s).
const STEP_SECONDS: f64 = 1.0;
/// Setting the clock is part of booting (contract: not in the first 2 min of uptime).
const BOOTING: Duration = Duration::from_secs(120);

impl ClockHistory {
    /// The history after this snapshot.
    pub(in crate::evaluate) fn advance(&mut self, snapshot: &Snapshot) {
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
