//! Which process fills which role: by the executable's name, by parentage, by memory, and only then by a guess that the
//! contract describes.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use crate::model::{
    Reading, Role,
    report::RoleReport,
    snapshot::{AgentFacts, ExpectedRole, Process, ProcessState},
};

use super::history::{AgentHistory, KnownProcess, ProcessId, id};

/// A lone orphan that started this close to the epoch in `instance_id` is the worker: the worker writes that epoch when it
/// starts (DESIGN contract: 10 s).
const SAME_START: Duration = Duration::from_secs(10);

/// Each process of the agent with its role, zombies included.
pub(super) fn assign<'a>(
    agent: &AgentFacts,
    processes: &'a [Process],
    known: &BTreeMap<ProcessId, KnownProcess>,
) -> Vec<(&'a Process, Role)> {
    let only_role = match agent.edition.roles.as_slice() {
        [only] => Some(&only.role),
        _ => None,
    };
    processes
        .iter()
        .map(|process| {
            let role = process
                .role_by_name
                .clone()
                .or_else(|| only_role.cloned())
                .or_else(|| by_parentage(process, processes))
                .or_else(|| known.get(&id(process)).map(|known| known.role.clone()))
                .or_else(|| by_recorded_start(agent, process))
                .unwrap_or(Role::DAEMON);
            (process, role)
        })
        .collect()
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

fn by_recorded_start(agent: &AgentFacts, process: &Process) -> Option<Role> {
    let orphan = process.parent <= 1;
    let epoch = agent.record.as_ref()?.content()?.instance_epoch?;
    let recorded = UNIX_EPOCH.checked_add(Duration::from_secs(epoch))?;
    let apart = match process.started_at.duration_since(recorded) {
        Ok(later) => later,
        Err(earlier) => earlier.duration(),
    };
    (orphan && apart <= SAME_START).then_some(Role::WORKER)
}

/// Roles in which a process collects and sends, and loads the config.
pub(super) fn collects(role: &Role) -> bool {
    *role != Role::DAEMON && *role != Role::UPDATE
}

/// The newest live process that collects (the worker, or main); else the newest of any role.
pub(super) fn collecting<'a>(
    agent: &'a AgentFacts,
    known: &BTreeMap<ProcessId, KnownProcess>,
) -> Option<&'a Process> {
    let Reading::Known(processes) = &agent.processes else { return None };
    let live = || processes.iter().filter(|process| process.state != ProcessState::Defunct);
    live()
        .filter(|process| known.get(&id(process)).is_some_and(|known| collects(&known.role)))
        .max_by_key(|process| process.start_ticks)
        .or_else(|| live().max_by_key(|process| process.start_ticks))
}

/// True if any process of the agent is alive; `None` if that could not be read.
pub(super) fn running(agent: &AgentFacts) -> Option<bool> {
    let Reading::Known(processes) = &agent.processes else { return None };
    Some(processes.iter().any(|process| process.state != ProcessState::Defunct))
}

/// How many processes a role should have at this moment.
pub(super) fn expected_count(expected: &ExpectedRole, agent: &AgentFacts, history: &AgentHistory) -> u32 {
    let others_run = agent
        .edition
        .roles
        .iter()
        .filter(|other| other.role != expected.role)
        .all(|other| history.known.values().any(|known| known.role == other.role));
    if expected.only_if_ever_seen && others_run && !history.ever_seen.contains(&expected.role) {
        0
    } else {
        expected.count
    }
}

/// The figures of every role of the agent, filled or not.
pub(super) fn report(agent: &AgentFacts, history: &AgentHistory) -> Vec<RoleReport> {
    agent
        .edition
        .roles
        .iter()
        .map(|expected| {
            let members: Option<Vec<(&Process, &KnownProcess)>> = agent.processes.known().map(|processes| {
                processes
                    .iter()
                    .filter_map(|process| Some((process, history.known.get(&id(process))?)))
                    .filter(|(_, known)| known.role == expected.role)
                    .collect()
            });
            let mut report = RoleReport {
                role: expected.role.clone(),
                live: None,
                expected: expected_count(expected, agent, history),
                restarts: history.restarts.get(&expected.role).copied().unwrap_or(0),
                newest_start: None,
                cpu: None,
                resident_bytes: None,
                open_fds: None,
                threads: None,
            };
            let Some(members) = members else { return report };
            report.live = Some(u32::try_from(members.len()).unwrap_or(u32::MAX));
            if !members.is_empty() {
                let processes = || members.iter().map(|(process, _)| *process);
                report.newest_start = members.iter().map(|(_, known)| known.started_at).max();
                report.cpu = Some(processes().map(|process| process.cpu).sum());
                report.resident_bytes = Some(processes().map(|process| process.resident_bytes).sum());
                report.open_fds = processes().map(|process| process.open_fds.known().copied()).sum();
                report.threads = Some(processes().map(|process| process.threads).sum());
            }
            report
        })
        .collect()
}
