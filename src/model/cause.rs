//! The vocabulary of defects: prerequisites, severities, and the structure of a catalogue entry.

use std::time::Duration;

use super::Text;

/// One condition of the heartbeat; the label `prerequisite`. Declared in the order of the vendors' documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prerequisite {
    /// The agent is installed.
    Installed,
    /// Exactly the expected processes are alive.
    Processes,
    /// The reported IP is real, chosen as documented, and what the machine group expects.
    Ip,
    /// The config is present, parses, is complete and consistent, and correct for region and network.
    StartupParameters,
    /// Every endpoint gives the documented answer.
    Network,
    /// System time is right.
    Clock,
    /// The account's file exists.
    UserIdentifier,
    /// The machine group's identifier is set, byte for byte.
    CustomIdentifier,
    /// An API key pair is set.
    Credentials,
    /// The running processes have loaded what is on disk now.
    Restart,
}

impl Prerequisite {
    /// All of them, in the order in which a diagnosis lists them.
    pub const ALL: [Self; 10] = [
        Self::Installed,
        Self::Processes,
        Self::Ip,
        Self::StartupParameters,
        Self::Network,
        Self::Clock,
        Self::UserIdentifier,
        Self::CustomIdentifier,
        Self::Credentials,
        Self::Restart,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Processes => "processes",
            Self::Ip => "ip",
            Self::StartupParameters => "startup_parameters",
            Self::Network => "network",
            Self::Clock => "clock",
            Self::UserIdentifier => "user_identifier",
            Self::CustomIdentifier => "custom_identifier",
            Self::Credentials => "credentials",
            Self::Restart => "restart",
        }
    }
}

/// The severity of a cause. `Warning < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It works now, possibly unreliably, and needs attention.
    Warning,
    /// The heartbeat cannot work.
    Critical,
}

impl Severity {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The state of a prerequisite, or of an agent. `Ok < Unknown < Failing`, so that a roll-up is a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Every needed fact was read and no critical cause is active.
    Ok,
    /// A needed fact could not be read, and no critical cause is active.
    Unknown,
    /// A critical cause is active.
    Failing,
}

impl Status {
    /// All states, in the order of the stateset.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Failing, Self::Unknown];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

/// A catalogue entry: all texts about one defect, in every language.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// Names the defect, never the fix. Never renamed or reused.
    pub id: &'static str,
    /// The prerequisite that it breaks.
    pub prerequisite: Prerequisite,
    /// Its usual severity; a finding may carry a lower one if the contract says so.
    pub severity: Severity,
    /// One line for a page or a list; may use placeholders.
    pub title: Text,
    /// Why this stops (or endangers) the heartbeat.
    pub meaning: Text,
    /// The exact command or edit that fixes it; may use placeholders.
    pub remedy: Text,
    /// The names of the evidence in every finding of this cause.
    pub evidence: &'static [&'static str],
    /// The vendor document or standard that the rule comes from.
    pub source: &'static str,
    /// How long it must be active before its alert fires.
    pub patience: Duration,
    /// One sentence, the same for every host, that names the defect: the summary of its alert.
    pub summary: Text,
}
