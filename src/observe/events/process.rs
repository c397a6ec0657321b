//! Exits of known processes: a descriptor of each becomes readable when it ends, also while it is a zombie.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::fd::OwnedFd,
    task::{Context, Poll},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use tokio::io::unix::AsyncFd;

use super::{Changes, readable};

/// The most processes that are held; more are polled.
const MOST_PROCESSES: usize = 256;

/// The processes that are held.
#[derive(Debug, Default)]
pub(super) struct Exits {
    held: BTreeMap<u32, AsyncFd<OwnedFd>>,
}

impl Exits {
    /// Holds these processes, and no others. Reports an exit if one of them is gone already.
    pub(super) fn watch(&mut self, processes: &BTreeSet<u32>) -> io::Result<Changes> {
        self.held.retain(|pid, _| processes.contains(pid));
        let mut changes = Changes::NONE;
        for number in processes.iter().take(MOST_PROCESSES) {
            if self.held.contains_key(number) {
                continue;
            }
            let Some(pid) = i32::try_from(*number).ok().and_then(Pid::from_raw) else { continue };
            match pidfd_open(pid, PidfdFlags::NONBLOCK).or_else(|error| match error {
                // Before Linux 5.10 there is no such flag, and nothing is read from it anyway.
                Errno::INVAL => pidfd_open(pid, PidfdFlags::empty()),
                error => Err(error),
            }) {
                Ok(process) => {
                    self.held.insert(*number, readable(process)?);
                }
                Err(Errno::SRCH) => changes |= Changes::EXIT,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(changes)
    }

    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        // Not `any`: each has to be polled to wake the task.
        self.held.values().filter(|process| is_ready(process, context)).count() > 0
    }

    /// Lets go of those that have ended.
    pub(super) fn take(&mut self) -> Changes {
        let before = self.held.len();
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.held.retain(|_, process| !is_ready(process, &mut context));
        if self.held.len() == before { Changes::NONE } else { Changes::EXIT }
    }
}

fn is_ready(process: &AsyncFd<OwnedFd>, context: &mut Context<'_>) -> bool {
    matches!(process.poll_read_ready(context), Poll::Ready(Ok(_)))
}
