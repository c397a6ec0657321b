//! The overall verdict of a report, with the exit codes of Nagios and Icinga plugins.

use crate::model::{
    Severity, Status,
    report::{AgentReport, Report},
};

/// The overall verdict of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every prerequisite holds.
    Ok,
    /// There is a warning.
    Warning,
    /// A prerequisite fails.
    Failing,
    /// A needed fact could not be read, or there is no agent.
    Unknown,
}

impl Verdict {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Failing => 2,
            Self::Unknown => 3,
        }
    }

    /// The verdict of a whole report: failing takes precedence over unknown, and unknown over warnings.
    pub fn of(report: &Report) -> Self {
        let warns = |agent: &AgentReport| {
            agent
                .prerequisites
                .iter()
                .flat_map(|prerequisite| &prerequisite.problems)
                .any(|problem| problem.explained_by.is_none() && problem.severity == Severity::Warning)
        };
        match report.status() {
            None | Some(Status::Unknown) => Self::Unknown,
            Some(Status::Failing) => Self::Failing,
            Some(Status::Ok) if report.agents.iter().any(warns) => Self::Warning,
            Some(Status::Ok) => Self::Ok,
        }
    }
}
