//! The problems of a config file: all at once, each with its place and a valid alternative.

use std::{collections::HashSet, fmt, path::PathBuf};

use super::nearest::nearest;
use crate::model::text::quoted;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Line in the file, from 1; `None` if the file could not be read at all.
    pub line: Option<usize>,
    /// Path of the key (`agents[0].expect.region`); empty for the document as a whole.
    pub key: String,
    /// The given value, the allowed ones, and a hint.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a config file is rejected. Displays one line for each problem: `FILE:LINE: KEY: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.file, .problems))]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// All problems, in the order of the file; never empty.
    pub problems: Vec<ConfigProblem>,
}

fn lines(file: &std::path::Path, problems: &[ConfigProblem]) -> String {
    problems.iter().map(|problem| problem.in_file(file)).collect::<Vec<_>>().join("\n")
}

impl ConfigProblem {
    /// With its file: `FILE:LINE: KEY: message`.
    pub fn in_file(&self, file: &std::path::Path) -> String {
        let line = self.line.map(|line| format!("{line}:")).unwrap_or_default();
        let key = if self.key.is_empty() { String::new() } else { format!("{}: ", self.key) };
        format!("{}:{line} {key}{}", file.display(), self.message)
    }
}

/// More problems than this are of no use to a reader, and a hostile file must not fill the memory.
const MOST_PROBLEMS: usize = 100;

/// Collects problems and warnings while a document is walked.
#[derive(Debug, Default)]
pub(super) struct Problems {
    listed: Vec<ConfigProblem>,
    overflown: bool,
    warnings: Vec<ConfigProblem>,
    /// Keys whose values are not known, so that they are not checked further.
    unresolved: HashSet<String>,
    /// The environment in which `${NAME}` is looked up.
    pub(super) environment: Environment,
}

/// The value of a variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environment(pub(super) fn(&str) -> Option<String>);

impl Default for Environment {
    fn default() -> Self {
        Self(|name| std::env::var(name).ok())
    }
}

impl Problems {
    /// Notes a problem.
    pub(super) fn add(&mut self, line: usize, key: impl Into<String>, message: impl Into<String>) {
        let key = key.into();
        if self.unresolved.contains(&key) {
            return;
        }
        if self.listed.len() >= MOST_PROBLEMS {
            self.overflown = true;
        } else {
            self.listed.push(ConfigProblem { line: Some(line), key, message: message.into() });
        }
    }

    /// Records why the value of `key` is not known; its placeholder is not checked.
    pub(super) fn add_unresolved(&mut self, line: usize, key: &str, message: String) {
        self.add(line, key, message);
        self.unresolved.insert(key.to_owned());
    }

    /// Adds a warning about a value that is accepted.
    pub(super) fn warn(
        &mut self,
        line: impl Into<Option<usize>>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.warnings.len() < MOST_PROBLEMS {
            let (line, key, message) = (line.into(), key.into(), message.into());
            self.warnings.push(ConfigProblem { line, key, message });
        }
    }

    /// True if the list is full, so that checking may stop.
    pub(super) fn is_full(&self) -> bool {
        self.overflown
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self) -> (Vec<ConfigProblem>, Vec<ConfigProblem>) {
        self.listed.sort_by_key(|problem| problem.line);
        self.warnings.sort_by_key(|problem| problem.line);
        if self.overflown {
            let message = format!("more than {MOST_PROBLEMS} problems; the others are not listed");
            self.listed.push(ConfigProblem { line: None, key: String::new(), message });
        }
        (self.listed, self.warnings)
    }
}

/// `value` in quotes as a message may show it: escaped, truncated, and without anything before an `@` (it may be a
/// password).
pub(super) fn said(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((_, rest)) => quoted(&format!("***@{rest}")),
        None => quoted(value),
    }
}

/// ` (did you mean "region"?)`, or nothing.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|near| format!(" (did you mean {}?)", quoted(near))).unwrap_or_default()
}
