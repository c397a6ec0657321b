//! The vocabulary: plain data shared by every stage of the pipeline.
//!
//! Nothing here does I/O, reads clocks, or judges. The stages `observe`, `evaluate` and `publish` meet only here.

pub mod authority;
pub mod cause;
pub mod counters;
pub mod own;
pub mod phrase;
pub mod powershell;
pub mod reading;
pub mod remedy;
pub mod report;
pub mod settings;
pub mod snapshot;
pub mod system;
pub mod text;
pub mod time;

pub use cause::{Cause, Prerequisite, Severity, Status};
pub use reading::{Reading, Reason, Why};
pub use system::System;
pub use text::{Language, Text};

use std::fmt;

/// The network over which an agent reaches its service, as named in the vendors' documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkType {
    /// The cloud's internal network (classic or VPC).
    Intranet,
    /// The public internet.
    Internet,
    /// Global transfer acceleration (`log-global.aliyuncs.com`).
    Acceleration,
}

impl NetworkType {
    /// Every network type, in the order in which configuration errors list them.
    pub const ALL: [Self; 3] = [Self::Intranet, Self::Internet, Self::Acceleration];

    /// The word used in config and evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intranet => "intranet",
            Self::Internet => "internet",
            Self::Acceleration => "acceleration",
        }
    }
}

impl fmt::Display for NetworkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an agent needs an endpoint for; the label `purpose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Purpose {
    /// Delivers collection configs and receives the heartbeat.
    ConfigServer,
    /// Takes the logs.
    DataServer,
    /// The host name of one expected project.
    Project,
    /// The vendor's self-monitoring project.
    Admin,
    /// An endpoint described in config.
    Custom,
}

impl Purpose {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigServer => "config_server",
            Self::DataServer => "data_server",
            Self::Project => "project",
            Self::Admin => "admin",
            Self::Custom => "custom",
        }
    }
}

/// A process role of an agent; the label `role`. Built-in kinds use the constants, `custom` agents define their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(std::borrow::Cow<'static, str>);

impl Role {
    /// Watches over the worker and restarts it.
    pub const DAEMON: Self = Self(std::borrow::Cow::Borrowed("daemon"));
    /// Collects and sends (Logtail).
    pub const WORKER: Self = Self(std::borrow::Cow::Borrowed("worker"));
    /// Collects and sends (LogListener).
    pub const MAIN: Self = Self(std::borrow::Cow::Borrowed("main"));
    /// Updates the agent (LogListener).
    pub const UPDATE: Self = Self(std::borrow::Cow::Borrowed("update"));

    /// A role defined in the config.
    pub fn named(name: impl Into<String>) -> Self {
        Self(std::borrow::Cow::Owned(name.into()))
    }

    /// The label value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
