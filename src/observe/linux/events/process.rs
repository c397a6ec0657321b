//! Exits of known processes: the pidfd of each becomes readable when it exits, even while it is a zombie.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::fd::{AsFd as _, OwnedFd},
    task::{Context, Poll},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use tokio::io::unix::AsyncFd;

use super::readable;
use crate::{model::snapshot::Death, observe::events::Changes, sys};

/// The maximum number of processes with a pidfd; further ones are polled.
const MOST_PROCESSES: usize = 256;
/// How often the exit status of a process is queried: its parent may reap it late, or never.
const MOST_ASKED: u32 = 8;

/// The processes with an open pidfd.
#[derive(Debug)]
pub(in crate::observe) struct Exits {
    held: BTreeMap<u32, AsyncFd<OwnedFd>>,
    /// Processes that have ended without a known exit status, and how often it was queried.
    ended: Vec<(u32, AsyncFd<OwnedFd>, u32)>,
    /// Processes that were gone before a pidfd could be opened.
    gone: BTreeSet<u32>,
    most: usize,
}

impl Default for Exits {
    fn default() -> Self {
        Self::holding_at_most(MOST_PROCESSES)
    }
}

impl Exits {
    pub(in crate::observe) fn holding_at_most(most: usize) -> Self {
        Self { held: BTreeMap::new(), ended: Vec::new(), gone: BTreeSet::new(), most }
    }

    /// Opens pidfds of these processes, and closes all others. Reports an exit if one of them is gone already, and why
    /// not all have a pidfd.
    pub(in crate::observe) fn watch(&mut self, processes: &BTreeSet<u32>) -> (Changes, io::Result<()>) {
        // A process that the last reading no longer found may have ended before its event was handled.
        let left: Vec<_> = self.held.extract_if(.., |pid, _| !processes.contains(pid)).collect();
        self.ask_how(left);
        let mut changes = Changes::NONE;
        let mut complete = Ok(());
        let gone = std::mem::take(&mut self.gone);
        for number in processes {
            if self.held.contains_key(number) {
                continue;
            }
            if self.held.len() == self.most {
                complete = Err(io::Error::other(format!("more than {} processes", self.most)));
                break;
            }
            match open(*number) {
                Ok(Some(process)) => {
                    self.held.insert(*number, process);
                }
                Ok(None) => {
                    if gone.contains(number) {
                        // The processes have been read since, so the exit is not reported again.
                        complete =
                            Err(io::Error::other(format!("process {number} cannot be found by its id")));
                    } else {
                        changes |= Changes::EXIT;
                    }
                    self.gone.insert(*number);
                }
                Err(error) => complete = Err(error),
            }
        }
        (changes, complete)
    }

    pub(in crate::observe) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        // Not `any`: each one must be polled to register the task's waker.
        self.held.values().filter(|process| is_ready(process, context)).count() > 0
    }

    /// Closes the pidfds of processes that have ended.
    pub(in crate::observe) fn take(&mut self) -> Changes {
        let before = self.held.len();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let ended: Vec<_> = self.held.extract_if(.., |_, process| is_ready(process, &mut context)).collect();
        self.ask_how(ended);
        if self.held.len() == before { Changes::NONE } else { Changes::EXIT }
    }

    /// Keeps these pidfds, to query the exit statuses later; if there are too many, only the newest.
    fn ask_how(&mut self, processes: Vec<(u32, AsyncFd<OwnedFd>)>) {
        self.ended.extend(processes.into_iter().map(|(pid, process)| (pid, process, 0)));
        let too_many = self.ended.len().saturating_sub(self.most);
        self.ended.drain(..too_many);
    }

    /// The exit statuses that the kernel reports now, after the parents have reaped the processes.
    pub(in crate::observe) fn deaths(&mut self) -> Vec<Death> {
        let mut deaths = Vec::new();
        self.ended.retain_mut(|(pid, process, asked)| {
            *asked += 1;
            let Some(end) = sys::end_of(process.get_ref().as_fd()) else { return *asked < MOST_ASKED };
            deaths.push(Death { pid: *pid, end });
            false
        });
        deaths
    }
}

/// The pidfd of a process; `None`: it is gone.
fn open(number: u32) -> io::Result<Option<AsyncFd<OwnedFd>>> {
    let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return Ok(None) };
    let opened = pidfd_open(pid, PidfdFlags::NONBLOCK).or_else(|error| match error {
        // Before Linux 5.10 there is no such flag, and nothing is read from it anyway.
        Errno::INVAL => pidfd_open(pid, PidfdFlags::empty()),
        error => Err(error),
    });
    match opened {
        Ok(process) => readable(process).map(Some),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_ready(process: &AsyncFd<OwnedFd>, context: &mut Context<'_>) -> bool {
    matches!(process.poll_read_ready(context), Poll::Ready(Ok(_)))
}
