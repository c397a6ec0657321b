//! `check`: evaluate once and print the diagnosis.

use std::io::{self, IsTerminal as _, Write as _};

use super::Format;
use crate::{
    config::Settings,
    daemon::{Cycle, CycleOptions},
    model::{
        Language, Severity, Status,
        report::{AgentReport, Report},
    },
    publish::{json, text},
};

/// What `check` found, as plugins of Nagios and Icinga exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every prerequisite holds.
    Ok,
    /// A warning stands.
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

    /// Of a whole report: failing before unknown before warnings.
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

/// Looks once and prints what was found.
///
/// # Errors
/// Only those of standard output.
pub async fn check(
    settings: Settings,
    options: CycleOptions,
    format: Format,
    language: Language,
) -> io::Result<Verdict> {
    let mut cycle = Cycle::new(settings, options);
    let mut progress = Progress::new();
    let report = cycle.once(|outstanding| progress.show(outstanding, language)).await;
    progress.clear();
    let mut out = String::new();
    match format {
        Format::Json => {
            out =
                serde_json::to_string_pretty(&json::document(&report, language)).map_err(io::Error::other)?;
            out.push('\n');
        }
        Format::Text => {
            text::diagnosis(&report, language, colour_wanted(), &mut out).map_err(io::Error::other)?;
        }
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(out.as_bytes())?;
    stdout.flush()?;
    Ok(Verdict::of(&report))
}

/// Colour is for a person at a terminal who has not asked to be spared it (<https://no-color.org>).
pub fn colour_wanted() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !no_color && !dumb
}

/// A line on the terminal that says what is being waited for; nothing where no person watches.
struct Progress {
    terminal: bool,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: io::stderr().is_terminal() && io::stdout().is_terminal(), shown: false }
    }

    fn show(&mut self, outstanding: usize, language: Language) {
        if !self.terminal {
            return;
        }
        let line = match language {
            Language::English => format!("probing: {outstanding} endpoints still to answer …"),
            Language::Chinese => format!("正在探测：还有 {outstanding} 个地址未应答 …"),
        };
        Self::write(&format!("\r\x1b[2K{line}"));
        self.shown = true;
    }

    fn clear(&mut self) {
        if self.shown {
            Self::write("\r\x1b[2K");
        }
    }

    fn write(text: &str) {
        let mut stderr = io::stderr().lock();
        // A progress line that cannot be written is no reason to fail.
        let _unseen = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}
