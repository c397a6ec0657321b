//! Steps of the clock: a timer far in the future that the kernel cancels when the clock is set, and on resume.

use std::{
    io,
    os::fd::OwnedFd,
    task::{Context, Poll},
};

use rustix::{
    io::Errno,
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
};
use tokio::io::{Interest, unix::AsyncFd};

use super::readable;
use crate::observe::events::Changes;

/// The timer's time, in seconds since the epoch: in the year 2255.
const NEVER: i64 = 9_000_000_000;

/// A timer that is only ever cancelled.
#[derive(Debug)]
pub(in crate::observe) struct Setting(AsyncFd<OwnedFd>);

impl Setting {
    pub(in crate::observe) fn open() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        arm(&timer)?;
        Ok(Self(readable(timer)?))
    }

    pub(in crate::observe) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        matches!(self.0.poll_read_ready(context), Poll::Ready(Ok(_)))
    }

    pub(in crate::observe) fn take(&mut self) -> Changes {
        let taken = self.0.try_io(Interest::READABLE, |timer| {
            let mut expirations = [0_u8; 8];
            match rustix::io::read(timer, &mut expirations) {
                Ok(_) | Err(Errno::CANCELED) => Ok(()),
                Err(error) => Err(error.into()),
            }
        });
        if taken.is_err() {
            return Changes::NONE;
        }
        // It stays armed when it is cancelled; it only expires if the clock is set beyond its time, and then polling is
        // used.
        Changes::CLOCK
    }
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: NEVER, tv_nsec: 0 },
    };
    match timerfd_settime(timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once) {
        Ok(_) | Err(Errno::CANCELED) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
