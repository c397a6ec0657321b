//! The parts of an agent's files that may leave the host: read under the same rules as for evaluation, with secrets
//! removed at once.

use std::{fmt::Write as _, path::Path};

use super::{
    absolute::absolute_located,
    agent::parts,
    detect::Target,
    file::{Bytes, Files},
};
use crate::model::{
    Reading,
    snapshot::{AgentFacts, Copied, FileFact, FileState},
    text::visible,
};

/// The maximum numbers of lines of a file without keys, and of names of a directory.
const MOST_LINES: usize = 200;

/// The parts of the agent's files and environment that may be shown.
pub(super) fn copies(files: Files<'_>, target: &Target, facts: &AgentFacts) -> Vec<Copied> {
    let mut out = Vec::new();
    let mut keep = |path: &Path, text: String| {
        out.push(Copied { agent: facts.name.to_string(), path: path.to_owned(), text });
    };
    let outlined = |path: &Path| {
        shown(files.read(path), |bytes| {
            let outline = target.profile.outline(path, bytes);
            outline.unwrap_or_else(|| format!("({} bytes, of which nothing can be shown)\n", bytes.len()))
        })
    };
    if let Some(config) = &facts.config {
        keep(&config.path, outlined(&config.path));
        for part in merged(files, target, facts, config) {
            keep(&part, outlined(&part));
        }
    }
    if let Some(record) = &facts.record {
        keep(&record.path, outlined(&record.path));
    }
    let plain = [
        facts.version_file.as_ref().map(|file| file.path.as_path()),
        facts.identifiers.as_ref().map(|file| file.path.as_path()),
    ];
    for path in plain.into_iter().flatten() {
        keep(path, shown(files.read(path), lines));
    }
    if let Some(users) = &facts.users {
        let text = match &users.names {
            Reading::Known(Some(names)) => {
                names.iter().take(MOST_LINES).flat_map(|name| [visible(name), "\n".to_owned()]).collect()
            }
            Reading::Known(None) => "(not there)\n".to_owned(),
            Reading::Unknown(why) => format!("({why})\n"),
        };
        keep(&users.path, text);
    }
    let mut environment = String::new();
    match &facts.invocation.environment {
        Reading::Known(variables) => {
            for (name, value) in variables {
                let _infallible = writeln!(environment, "{}={}", visible(name), visible(value));
            }
        }
        Reading::Unknown(why) => {
            let _infallible = writeln!(environment, "({why})");
        }
    }
    keep(Path::new("environment"), environment);
    out
}

/// The files that the agent merges over its config.
fn merged(
    files: Files<'_>,
    target: &Target,
    facts: &AgentFacts,
    config: &FileFact<crate::model::snapshot::Parameters>,
) -> Vec<std::path::PathBuf> {
    let Some(parameters) = config.content() else { return Vec::new() };
    let settings = &target.settings;
    let directory = target.profile.config_parts(settings, &facts.invocation, &config.path, parameters);
    let found = parts(files, &absolute_located(directory, settings.install_dir.as_deref()));
    found.known().into_iter().flatten().map(|(path, _)| path.clone()).collect()
}

fn shown(state: Reading<FileState<Bytes>>, show: impl FnOnce(&[u8]) -> String) -> String {
    match state {
        Reading::Known(FileState::Present(file)) => match file.content {
            Ok(bytes) => show(&bytes.0),
            Err(rejection) => format!("({})\n", rejection.reason),
        },
        Reading::Known(FileState::Missing) => "(not there)\n".to_owned(),
        Reading::Known(FileState::NotAFile(what)) => format!("({what})\n"),
        Reading::Unknown(why) => format!("({why})\n"),
    }
}

/// The first lines of a file without keys, with unprintable characters made visible.
fn lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').take(MOST_LINES).flat_map(|line| [visible(line), "\n".to_owned()]).collect()
}
