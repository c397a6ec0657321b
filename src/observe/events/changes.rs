//! A set of things that may have changed.

use std::ops::{BitOr, BitOrAssign};

/// A set of things that may have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes(u8);

impl Changes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A known process has exited.
    pub const EXIT: Self = Self(1);
    /// A process may have executed an agent's program; it may not be fully set up yet.
    pub const START: Self = Self(2);
    /// A file or directory.
    pub const FILE: Self = Self(4);
    /// The hosts file, and so the addresses of host names.
    pub const HOSTS: Self = Self(8);
    /// Links, addresses, routes.
    pub const ADDRESS: Self = Self(16);
    /// The clock was set, or the machine was suspended.
    pub const CLOCK: Self = Self(32);
    /// A process that has just executed an agent's program is being set up.
    pub const SETUP: Self = Self(64);

    /// True for the empty set.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// True if the set contains any element of `other`.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The label `trigger`. If several things have changed, the rarest is reported.
    pub fn as_str(self) -> &'static str {
        if self.has(Self::CLOCK) {
            "clock"
        } else if self.has(Self::ADDRESS) {
            "address"
        } else if self.has(Self::EXIT | Self::START | Self::SETUP) {
            "process"
        } else {
            "file"
        }
    }
}

impl BitOr for Changes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
