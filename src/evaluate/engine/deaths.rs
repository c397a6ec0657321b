//! How an agent's processes ended: the memory of recent deaths, combined from several sources in the kernel.

use std::{path::PathBuf, time::Duration};

use crate::model::{
    Reading, Role,
    snapshot::{AgentFacts, End, Snapshot},
};

/// The maximum number of deaths that are remembered per agent.
const MOST: usize = 8;
/// Deaths this close together are one event, such as those of a daemon and its worker.
const ONE_EVENT: Duration = Duration::from_mins(1);

/// SIGHUP, SIGINT, SIGTERM: a user or a supervisor asked the process to end. That does not explain the death
/// of other processes.
const ASKS_TO_END: [u8; 3] = [1, 2, 15];

/// The death of one process.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct Ended {
    /// Its id.
    pub(in crate::evaluate) pid: u32,
    /// The role that it was in.
    pub(in crate::evaluate) role: Role,
    /// When its death was noticed, on the boot clock.
    noticed: Duration,
    /// How it ended, if the kernel reported it.
    pub(in crate::evaluate) end: Option<End>,
    /// The control group in which the kernel killed processes for lack of memory at that time.
    pub(in crate::evaluate) out_of_memory: Option<PathBuf>,
}

impl Ended {
    /// The order in which deaths are reported: the one that explains the others comes first.
    fn weight(&self) -> u8 {
        match self.end {
            _ if self.out_of_memory.is_some() => 5,
            Some(End::Signalled(signal)) if !ASKS_TO_END.contains(&signal) => 4,
            Some(End::Exited(1..)) => 3,
            Some(End::Signalled(_)) => 2,
            Some(End::Exited(0)) => 1,
            None => 0,
        }
    }
}

/// The memory of an agent's deaths.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::evaluate) struct Deaths {
    ended: Vec<Ended>,
    /// The last count of processes that its control group killed for lack of memory.
    kills: Option<(PathBuf, u64)>,
}

impl Deaths {
    /// A process is gone.
    pub(in crate::evaluate) fn take_leave(&mut self, pid: u32, role: Role, noticed: Duration) {
        self.ended.push(Ended { pid, role, noticed, end: None, out_of_memory: None });
        let old = self.ended.len().saturating_sub(MOST);
        self.ended.drain(..old);
    }

    /// Adds what has been reported since.
    pub(in crate::evaluate) fn advance(&mut self, snapshot: &Snapshot, agent: &AgentFacts) {
        for ended in self.ended.iter_mut().filter(|ended| ended.end.is_none()) {
            ended.end =
                snapshot.deaths.iter().rev().find(|death| death.pid == ended.pid).map(|death| death.end);
        }
        let Reading::Known(Some(group)) = &agent.surroundings.group else { return };
        let Some(kills) = group.kills else { return };
        if let Some((path, before)) = &self.kills
            && *path == group.path
            && kills > *before
        {
            let recent = |ended: &&mut Ended| snapshot.uptime.saturating_sub(ended.noticed) <= ONE_EVENT;
            for ended in self.ended.iter_mut().filter(recent).filter(|ended| may_be_killed(ended.end)) {
                ended.out_of_memory = Some(group.path.clone());
            }
        }
        self.kills = Some((group.path.clone(), kills));
    }

    /// The death of the last process in this role.
    pub(in crate::evaluate) fn last_of(&self, role: &Role) -> Option<&Ended> {
        self.ended.iter().rev().find(|ended| ended.role == *role)
    }

    /// The most informative death of the last event.
    pub(in crate::evaluate) fn last(&self) -> Option<&Ended> {
        let newest = self.ended.last()?.noticed;
        let together = |ended: &&Ended| newest.saturating_sub(ended.noticed) <= ONE_EVENT;
        self.ended.iter().filter(together).max_by_key(|ended| (ended.weight(), ended.noticed))
    }
}

/// The kernel kills for lack of memory with SIGKILL.
fn may_be_killed(end: Option<End>) -> bool {
    matches!(end, None | Some(End::Signalled(9)))
}
