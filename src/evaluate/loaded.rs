//! What the running process has loaded, compared with what is on disk now.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use crate::model::{
    Reading, Reason, Why,
    snapshot::{AgentFacts, FileFact, FileState},
};

use super::{context::Context, engine::history::LoadedFile, roles};

/// A file whose change requires a restart: its path, and its modification time and digest if it exists.
pub(super) struct Watched<'a> {
    pub(super) path: &'a Path,
    pub(super) state: Reading<Option<(SystemTime, u64)>>,
}

/// The files that a process loads once, at its start.
pub(super) fn watched(agent: &AgentFacts) -> Vec<Watched<'_>> {
    let config = agent.config.as_ref().map(watch);
    config.into_iter().chain(agent.files.iter().map(watch)).collect()
}

fn watch<T>(file: &FileFact<T>) -> Watched<'_> {
    let state = match &file.state {
        Reading::Known(FileState::Present(content)) => {
            Reading::Known(Some((content.modified, content.digest)))
        }
        Reading::Known(FileState::Missing | FileState::NotAFile(_)) => Reading::Known(None),
        Reading::Unknown(why) => Reading::Unknown(why.clone()),
    };
    Watched { path: &file.path, state }
}

/// Only the file's time is newer: it may just have been touched.
pub(super) const ONLY_NEWER: &str = "modified after the process started";

/// How a file differs from what the process loaded.
pub(super) enum Change {
    /// Not at all.
    None,
    /// In this way.
    Edited(&'static str),
}

/// The state of one file compared with the process that loaded it.
pub(super) fn change(context: &Context<'_>, file: &Watched<'_>) -> Result<Change, Why> {
    let state = *file.state.as_result()?;
    let Some(loaded) = context.history.loaded.as_ref().and_then(|loaded| loaded.files.get(file.path)) else {
        return Ok(Change::None);
    };
    match (loaded, state) {
        (LoadedFile { digest, .. }, state) if *digest != state.map(|(_, digest)| digest) => {
            Ok(match (digest, state) {
                (None, _) => Change::Edited("created since the process loaded it"),
                // A file that is gone is reported by `startup_parameters`; the process still has what it loaded.
                (_, None) => Change::None,
                _ => Change::Edited("content changed since the process loaded it"),
            })
        }
        (LoadedFile { newer_than_process: true, .. }, Some((modified, _))) => {
            newer_than_process(context, file.path, modified)
        }
        _ => Ok(Change::None),
    }
}

/// The file was newer than the process when first seen: the agent's log may prove that it was loaded all the same.
fn newer_than_process(context: &Context<'_>, path: &Path, modified: SystemTime) -> Result<Change, Why> {
    // After a step of the clock, times of files and processes belong to two different clocks.
    if context.clock_history.last_step.is_some_and(|step| process_started_before(context, step.noticed)) {
        let detail = "the clock was stepped since the process started, so modification times prove nothing";
        return Err(Why::new(Reason::Contradictory, path.display().to_string(), detail));
    }
    let edited = Change::Edited(ONLY_NEWER);
    if context.agent.config.as_ref().is_none_or(|config| config.path != path) {
        return Ok(edited);
    }
    let Some(logged) = context.agent.loaded_config.as_result()? else { return Ok(edited) };
    let parameters = context.derived.parameters();
    let on_disk = parameters.as_result()?.and_then(|parameters| parameters.canonical.as_ref());
    let proven = match (&logged.canonical, on_disk) {
        (Some(logged), Some(on_disk)) => logged == on_disk,
        _ => logged.at.is_some_and(|at| at >= modified),
    };
    Ok(if proven { Change::None } else { edited })
}

fn process_started_before(context: &Context<'_>, time: Duration) -> bool {
    let Some(process) = roles::collecting(context.agent, &context.history.known) else { return false };
    let age = context.snapshot.taken_at.duration_since(process.started_at).unwrap_or_default();
    context.snapshot.uptime.saturating_sub(age) < time
}

/// True if the process has not loaded something that is on disk.
pub(super) fn is_pending(context: &Context<'_>) -> Result<bool, Why> {
    for file in watched(context.agent) {
        if let Change::Edited(_) = change(context, &file)? {
            return Ok(true);
        }
    }
    Ok(false)
}
