//! The processor usage of the collecting process over minutes: its usage at one moment says nothing.

use std::time::Duration;

use super::history::{ProcessId, id};
use crate::model::snapshot::Process;

/// The agent checks every 30 s, and restarts after about 5 minutes above its limit: half of that is a warning.
const WINDOW: Duration = Duration::from_mins(1);
const WINDOWS: usize = 3;

/// The memory of one process's processor usage.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::evaluate) struct Usage {
    mark: Option<(ProcessId, Duration, Duration)>,
    /// Thousandths of a processor in each of the last windows, the newest last.
    windows: Vec<u64>,
}

impl Usage {
    /// Records the CPU time that the process has used until `now` (boot clock); `None`: it is not running.
    pub(in crate::evaluate) fn advance(&mut self, process: Option<&Process>, now: Duration) {
        let Some(process) = process else {
            *self = Self::default();
            return;
        };
        match self.mark {
            Some((known, since, used)) if known == id(process) => {
                let passed = now.saturating_sub(since);
                if passed < WINDOW {
                    return;
                }
                let used = process.cpu.saturating_sub(used).as_millis() * 1000 / passed.as_millis().max(1);
                self.windows.push(u64::try_from(used).unwrap_or(u64::MAX));
                let old = self.windows.len().saturating_sub(WINDOWS);
                self.windows.drain(..old);
            }
            Some(_) | None => self.windows.clear(),
        }
        self.mark = Some((id(process), now, process.cpu));
    }

    /// The minimum usage over the last minutes, in thousandths of a processor. `None`: it was not watched for
    /// long enough.
    pub(in crate::evaluate) fn sustained(&self) -> Option<u64> {
        self.windows.iter().copied().min().filter(|_| self.windows.len() == WINDOWS)
    }
}
