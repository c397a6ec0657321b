//! Which process fills which role: by the executable's name, by its parent, by earlier cycles, and only then
//! by a heuristic that the contract describes. A role that depends on an unread fact is undecided.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use crate::model::{
    Reading, Role,
    report::RoleReport,
    snapshot::{AgentFacts, ExpectedRole, FileState, Process, ProcessState},
};

use super::{
    derived::Derived,
    engine::history::{AgentHistory, KnownProcess, ProcessId, id},
};

/// A lone orphan that started this close to the epoch in `instance_id` is the worker: the worker writes that epoch when it
/// starts (contract: 10 s).
const SAME_START: Duration = Duration::from_secs(10);

/// A process and its role.
pub(super) struct Assigned<'a> {
    /// The process.
    pub(super) process: &'a Process,
    /// Its role; `None` if a fact that decides it could not be read.
    pub(super) role: Option<Role>,
}

/// Each process of the agent with its role, zombies included.
pub(super) fn assign<'a>(
    agent: &AgentFacts,
    derived: &Derived<'_>,
    processes: &'a [Process],
    known: &BTreeMap<ProcessId, KnownProcess>,
) -> Vec<Assigned<'a>> {
    let roles = derived.roles.known().map(Vec::as_slice);
    let only_role = match roles {
        Some([only]) => Some(&only.role),
        Some(_) | None => None,
    };
    let role_of = |process: &Process| {
        process
            .role_by_name
            .clone()
            .or_else(|| only_role.cloned())
            .or_else(|| by_parentage(process, processes))
            .or_else(|| known.get(&id(process)).and_then(|known| known.role.clone()))
            .or_else(|| roles.and_then(|_| by_recorded_start(agent, process)))
    };
    processes.iter().map(|process| Assigned { process, role: role_of(process) }).collect()
}

fn by_parentage(process: &Process, processes: &[Process]) -> Option<Role> {
    let is_parent_of = |parent: &Process, child: &Process| {
        child.parent == parent.pid && parent.pid != child.pid && parent.state != ProcessState::Defunct
    };
    if processes.iter().any(|other| is_parent_of(other, process)) {
        return Some(Role::WORKER);
    }
    processes.iter().any(|other| is_parent_of(process, other)).then_some(Role::DAEMON)
}

/// The worker, if it started at the time in the record; otherwise the daemon. Undecided if the record could
/// not be read.
fn by_recorded_start(agent: &AgentFacts, process: &Process) -> Option<Role> {
    let Some(record) = &agent.record else { return Some(Role::DAEMON) };
    let epoch = match &record.state {
        Reading::Unknown(_) => return None,
        Reading::Known(FileState::Missing | FileState::NotAFile(_)) => None,
        Reading::Known(FileState::Present(file)) => {
            file.content.as_ref().ok().and_then(|content| content.instance_epoch)
        }
    };
    let recorded = epoch.and_then(|epoch| UNIX_EPOCH.checked_add(Duration::from_secs(epoch)));
    let started_then = recorded.is_some_and(|recorded| {
        let apart = process.started_at.duration_since(recorded).unwrap_or_else(|earlier| earlier.duration());
        apart <= SAME_START
    });
    let orphan = process.parent <= 1;
    Some(if orphan && started_then { Role::WORKER } else { Role::DAEMON })
}

/// Roles of processes that collect and send, and load the config.
fn collects(role: &Role) -> bool {
    *role != Role::DAEMON && *role != Role::UPDATE
}

/// The newest live process that collects (the worker, or main); otherwise the newest of any role.
pub(super) fn collecting<'a>(
    agent: &'a AgentFacts,
    known: &BTreeMap<ProcessId, KnownProcess>,
) -> Option<&'a Process> {
    let Reading::Known(processes) = &agent.processes else { return None };
    let live = || processes.iter().filter(|process| process.state != ProcessState::Defunct);
    let collects = |process: &&Process| {
        known.get(&id(process)).and_then(|known| known.role.as_ref()).is_some_and(collects)
    };
    live()
        .filter(collects)
        .max_by_key(|process| process.start_ticks)
        .or_else(|| live().max_by_key(|process| process.start_ticks))
}

/// True if any process of the agent is alive; `None` if that could not be read.
pub(super) fn running(agent: &AgentFacts) -> Option<bool> {
    let Reading::Known(processes) = &agent.processes else { return None };
    Some(processes.iter().any(|process| process.state != ProcessState::Defunct))
}

/// The number of processes that a role should have now.
pub(super) fn expected_count(expected: &ExpectedRole, roles: &[ExpectedRole], history: &AgentHistory) -> u32 {
    let runs = |role: &Role| history.known.values().any(|known| known.role.as_ref() == Some(role));
    let others_run = roles.iter().filter(|other| other.role != expected.role).all(|other| runs(&other.role));
    if expected.only_if_ever_seen && others_run && !history.ever_seen.contains(&expected.role) {
        0
    } else {
        expected.count
    }
}

/// The figures of every role of the agent, filled or not.
pub(super) fn report(
    agent: &AgentFacts,
    derived: &Derived<'_>,
    possible: Vec<Role>,
    history: &AgentHistory,
) -> Vec<RoleReport> {
    let expected = derived.roles.known().map(Vec::as_slice);
    let mut roles: Vec<Role> = match expected.or(history.roles.as_deref()) {
        Some(roles) => roles.iter().map(|expected| expected.role.clone()).collect(),
        None => possible,
    };
    let mut seen = std::collections::BTreeSet::new();
    roles.retain(|role| seen.insert(role.clone()));
    roles
        .into_iter()
        .map(|role| {
            let count = expected.and_then(|roles| {
                let own = roles.iter().find(|expected| expected.role == role)?;
                Some(expected_count(own, roles, history))
            });
            figures(agent, role, count, history)
        })
        .collect()
}

fn figures(agent: &AgentFacts, role: Role, expected: Option<u32>, history: &AgentHistory) -> RoleReport {
    let members = members(agent, &role, history);
    let ended = history.cpu_of_ended.get(&role).copied().unwrap_or_default();
    let mut report = RoleReport {
        expected,
        restarts: history.restarts.get(&role).copied().unwrap_or(0),
        live: None,
        newest_start: None,
        cpu: None,
        resident_bytes: None,
        open_fds: None,
        threads: None,
        role,
    };
    let Some(members) = members else { return report };
    report.live = Some(u32::try_from(members.len()).unwrap_or(u32::MAX));
    if !members.is_empty() {
        let processes = || members.iter().map(|(process, _)| *process);
        report.newest_start = members.iter().map(|(_, known)| known.started_at).max();
        report.cpu = Some(processes().map(|process| process.cpu).sum::<Duration>() + ended);
        report.resident_bytes = Some(processes().map(|process| process.resident_bytes).sum());
        report.open_fds = processes().map(|process| process.open_fds.known().copied()).sum();
        report.threads = Some(processes().map(|process| process.threads).sum());
    }
    report
}

/// The live processes of a role; `None` if they could not be read, or the role of one of them is undecided.
fn members<'a>(
    agent: &'a AgentFacts,
    role: &Role,
    history: &'a AgentHistory,
) -> Option<Vec<(&'a Process, &'a KnownProcess)>> {
    let Reading::Known(processes) = &agent.processes else { return None };
    let live: Vec<_> =
        processes.iter().filter_map(|process| Some((process, history.known.get(&id(process))?))).collect();
    let undecided = live.iter().any(|(_, known)| known.role.is_none());
    (!undecided).then(|| live.into_iter().filter(|(_, known)| known.role.as_ref() == Some(role)).collect())
}
