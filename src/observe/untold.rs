//! Sources of events that a system does not have, or that are not used there: none can be opened, and changes are found
//! by polling.

use std::{collections::BTreeSet, io, task::Context};

use crate::{model::snapshot::Death, observe::events::Changes};

pub(super) fn unsupported<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "watching is not supported on this operating system"))
}

/// Exits of processes.
#[derive(Debug, Default)]
pub(in crate::observe) struct Exits(());

impl Exits {
    pub(in crate::observe) fn watch(&mut self, _: &BTreeSet<u32>) -> (Changes, io::Result<()>) {
        (Changes::NONE, unsupported())
    }

    pub(in crate::observe) fn deaths(&mut self) -> Vec<Death> {
        Vec::new()
    }

    pub(in crate::observe) fn poll_ready(&self, _: &mut Context<'_>) -> bool {
        false
    }

    pub(in crate::observe) fn take(&mut self) -> Changes {
        Changes::NONE
    }
}

/// Any other source.
#[derive(Debug)]
pub(in crate::observe) enum Untold {}

impl Untold {
    pub(in crate::observe) fn open() -> io::Result<Self> {
        unsupported()
    }

    pub(in crate::observe) fn poll_ready(&self, _: &mut Context<'_>) -> bool {
        match *self {}
    }

    pub(in crate::observe) fn take(&mut self) -> Changes {
        match *self {}
    }
}
