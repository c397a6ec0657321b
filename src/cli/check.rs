//! `check`: evaluate once and print the diagnosis.

use std::io::{self, IsTerminal as _, Write as _};

use super::{Color, Format, ask, invocation::View};
use crate::{
    config::Settings,
    daemon::{Cycle, CycleOptions},
    model::{Language, Text, report::Report},
    publish::{
        Verdict, json,
        text::{self, Source, Style},
    },
    sys,
};

/// Empties a line of the terminal.
const CLEAR: &str = "\r\x1b[2K";

const AWAITED: Text = Text {
    en: "waiting for the first evaluation of the exporter that has just been started …",
    zh: "exporter 刚刚启动，正在等待首次检查完成 …",
};

/// No agent of the report has this name.
#[derive(Debug, thiserror::Error)]
#[error("no agent {} is watched, only {}", crate::model::text::quoted(.name), .known)]
struct UnknownAgent {
    name: String,
    known: String,
}

/// Evaluates once and prints the findings.
///
/// # Errors
/// Standard output cannot be written, or no agent has the requested name.
pub async fn check(settings: Settings, options: CycleOptions, view: &View) -> io::Result<Verdict> {
    let mut cycle = Cycle::new(settings, options);
    let mut progress = Progress::new(view.quiet);
    let mut report = cycle.once(|outstanding| progress.show(outstanding, view.language)).await;
    progress.clear();
    if let Some(name) = &view.agent {
        only(&mut report, name)?;
    }
    print(&rendered(&report, view)?, view)?;
    Ok(Verdict::of(&report))
}

/// The report in the requested format.
pub(super) fn rendered(report: &Report, view: &View) -> io::Result<String> {
    let mut out = String::new();
    match view.format {
        Format::Json => {
            out = serde_json::to_string_pretty(&json::document(report, view.language))
                .map_err(io::Error::other)?;
            out.push('\n');
        }
        Format::Text => {
            text::diagnosis(report, style(view), &mut out).map_err(io::Error::other)?;
        }
    }
    Ok(out)
}

/// Removes all agents except one from the report.
pub(super) fn only(report: &mut Report, name: &str) -> io::Result<()> {
    let names: Vec<&str> = report.agents.iter().map(|agent| &*agent.name).collect();
    if !names.contains(&name) {
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(io::Error::other(UnknownAgent { name: name.to_owned(), known }));
    }
    report.agents.retain(|agent| &*agent.name == name);
    Ok(())
}

/// Prints the answer of the running exporter, once its first full cycle is complete; `None` if none can be asked, with
/// the reason in the log.
///
/// # Errors
/// Standard output cannot be written, or the exporter failed.
pub async fn check_running(socket: &std::path::Path, view: &View) -> io::Result<Option<u8>> {
    first_cycle(socket, view).await;
    let Some((text, verdict)) = running(socket, view).await? else { return Ok(None) };
    print(&text, view)?;
    Ok(Some(verdict))
}

/// Waits for the first full cycle of an exporter that has just been started, and says so.
pub(super) async fn first_cycle(socket: &std::path::Path, view: &View) {
    let mut progress = Progress::new(view.quiet);
    let outcome = ask::first_cycle(socket, || progress.write(AWAITED.in_language(view.language))).await;
    progress.clear();
    // Why an exporter cannot be asked is said with the request that follows.
    if let Ok(false) = outcome {
        let waited = humantime::format_duration(ask::LONGEST_WAIT);
        tracing::warn!(%waited, "the first evaluation of the running exporter is not complete");
    }
}

/// The answer of the running exporter, and its exit code; `None` as above.
///
/// # Errors
/// The exporter's failure.
pub(super) async fn running(socket: &std::path::Path, view: &View) -> io::Result<Option<(String, u8)>> {
    let format = match view.format {
        Format::Text => "text",
        Format::Json => "json",
    };
    let language = match view.language {
        Language::English => "en",
        Language::Chinese => "zh",
    };
    let Style { colour, verbose, columns, .. } = style(view);
    let (colour, verbose) = (u8::from(colour), u8::from(verbose));
    let mut target = format!(
        "/-/check?lang={language}&format={format}&colour={colour}&verbose={verbose}&columns={columns}"
    );
    if let Some(agent) = &view.agent {
        target.push_str("&agent=");
        target.extend(agent.bytes().map(|byte| format!("%{byte:02x}")));
    }
    let answer = match ask::local(socket, &target).await {
        Ok(answer) => answer,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            tracing::warn!(socket = %socket.display(), %error, "the running exporter cannot be asked");
            return Ok(None);
        }
    };
    let Some(verdict) = answer.verdict else {
        return Err(io::Error::other(answer.text.trim_end().to_owned()));
    };
    Ok(Some((answer.text, verdict)))
}

/// How the diagnosis is rendered for this standard output.
fn style(view: &View) -> Style {
    Style {
        language: view.language,
        colour: colour_wanted(view.color),
        verbose: view.verbose,
        columns: columns(),
        source: Some(Source::NewEvaluation),
    }
}

/// The terminal's columns; a fixed number if it is not a terminal.
pub fn columns() -> usize {
    sys::terminal_columns().unwrap_or(text::COLUMNS)
}

pub(super) fn print(text: &str, view: &View) -> io::Result<()> {
    if view.quiet {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Colour is used only on a terminal, and unless it is disabled (<https://no-color.org>).
pub fn colour_wanted(color: Color) -> bool {
    match color {
        Color::Always => return true,
        Color::Never => return false,
        Color::Auto => {}
    }
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !no_color && !dumb
}

/// A progress line on the terminal; none if standard error is not a terminal.
struct Progress {
    terminal: bool,
    shown: bool,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        Self { terminal: !quiet && io::stderr().is_terminal() && io::stdout().is_terminal(), shown: false }
    }

    fn show(&mut self, outstanding: usize, language: Language) {
        self.write(&match language {
            Language::English => format!("probing: {outstanding} endpoints have not answered yet …"),
            Language::Chinese => format!("正在探测：还有 {outstanding} 个地址未应答 …"),
        });
    }

    /// Shows this line instead of the one before.
    fn write(&mut self, line: &str) {
        if self.terminal {
            Self::put(&format!("{CLEAR}{line}"));
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if self.shown {
            Self::put(CLEAR);
        }
    }

    fn put(text: &str) {
        let mut stderr = io::stderr().lock();
        // A failure to write progress is not an error.
        let _unseen = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}
