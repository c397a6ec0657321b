//! Walks mappings and values of the tree, and records what is invalid, with the key's full path.

use std::{collections::HashMap, time::Duration};

use super::{
    duration::{parse_duration, parse_period},
    problem::{Problems, did_you_mean, said},
    yaml::{Entry, Node, Plain, Value},
};
use crate::model::text::{quoted, visible};

/// `path.key`, with the key as a message may show it.
pub(super) fn joined(path: &str, key: &str) -> String {
    let key = if key.contains('@') { said(key) } else { visible(key) };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// One mapping of the file.
pub(super) struct Section<'n> {
    /// Its path.
    pub(super) path: String,
    /// Its line.
    pub(super) line: usize,
    entries: &'n [Entry],
}

impl<'n> Section<'n> {
    /// Takes `field` as a mapping with arbitrary keys. An empty value is an empty mapping.
    pub(super) fn open_any(field: &Field<'n>, problems: &mut Problems) -> Option<Self> {
        let entries: &[Entry] = match &field.node.value {
            Value::Map(entries) => entries,
            Value::Scalar { .. } if field.node.is_null() => &[],
            Value::Scalar { .. } | Value::List(_) => {
                field.must_be("a mapping (key: value)", problems);
                return None;
            }
        };
        Some(Self { path: field.path.clone(), line: field.line, entries })
    }

    /// Takes `field` as a mapping with no other keys than `allowed`. An empty value is an empty mapping.
    pub(super) fn open(field: &Field<'n>, allowed: &[&str], problems: &mut Problems) -> Option<Self> {
        Self::open_for(field, allowed, allowed, problems)
    }

    /// The same; of the keys that are allowed, only `useful` ones are suggested.
    pub(super) fn open_for(
        field: &Field<'n>,
        allowed: &[&str],
        useful: &[&str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let section = Self::open_any(field, problems)?;
        for entry in section.entries.iter().filter(|entry| !allowed.contains(&entry.key.as_str())) {
            if problems.is_full() {
                break;
            }
            let path = joined(&field.path, &entry.key);
            if entry.key == "<<" {
                problems.add(
                    entry.line,
                    path,
                    "merge keys are not supported; write the keys out, or use an alias for the whole value",
                );
                continue;
            }
            let near = did_you_mean(&entry.key, useful.iter().copied());
            problems.add(
                entry.line,
                path,
                format!("is not a known key{near}; use one of {}", useful.join(", ")),
            );
        }
        Some(section)
    }

    /// The value of `key`, if the key is present.
    pub(super) fn get(&self, key: &str) -> Option<Field<'n>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        // The position of an empty value itself may be the next line.
        let line = if entry.node.is_null() { entry.line } else { entry.node.line };
        Some(Field { path: joined(&self.path, key), line, key_line: entry.line, node: &entry.node })
    }

    /// All entries.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'n str, Field<'n>)> {
        self.entries.iter().map(|entry| {
            let field = Field {
                path: joined(&self.path, &entry.key),
                line: entry.node.line,
                key_line: entry.line,
                node: &entry.node,
            };
            (entry.key.as_str(), field)
        })
    }
}

/// One value of the file.
#[derive(Clone)]
pub(super) struct Field<'n> {
    /// Its path.
    pub(super) path: String,
    /// The line where it is written (an alias: where it is defined).
    pub(super) line: usize,
    /// The line of its key.
    pub(super) key_line: usize,
    /// The value.
    pub(super) node: &'n Node,
}

impl<'n> Field<'n> {
    /// The document itself.
    pub(super) fn root(node: &'n Node) -> Self {
        Self { path: String::new(), line: node.line, key_line: node.line, node }
    }

    /// Notes a problem with this value.
    pub(super) fn problem(&self, message: impl Into<String>, problems: &mut Problems) {
        problems.add(self.line, self.path.clone(), message);
    }

    /// Notes that this value is of the wrong type.
    fn must_be(&self, what: &str, problems: &mut Problems) {
        self.problem(format!("is {}; it must be {what}", self.node.describe()), problems);
    }

    /// A string, not empty. Numbers and booleans are refused, as `010` or `yes` mean different things to different readers.
    pub(super) fn text(&self, problems: &mut Problems) -> Option<&'n str> {
        match &self.node.value {
            Value::Scalar { text, plain: false } if text.is_empty() => {
                self.problem("is empty; write a value or leave the key out", problems);
                None
            }
            Value::Scalar { text, plain: false } => Some(text),
            Value::Scalar { text, plain: true } => match Plain::of(text) {
                Plain::String => Some(text),
                Plain::Null => {
                    self.problem("is empty; write a value or leave the key out", problems);
                    None
                }
                Plain::Boolean(_) | Plain::Integer | Plain::Float => {
                    let what = self.node.describe();
                    self.problem(
                        format!("is {what}; it must be a string, so put it in quotes: {}", said(text)),
                        problems,
                    );
                    None
                }
            },
            Value::List(_) | Value::Map(_) => {
                self.must_be("a string", problems);
                None
            }
        }
    }

    /// A string that `check` converts, or reports a problem with.
    pub(super) fn parsed<T>(
        &self,
        check: impl FnOnce(&str) -> Result<T, String>,
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(problems)?;
        self.noted(check(text), problems)
    }

    /// The value, with any problem recorded.
    pub(super) fn noted<T>(&self, result: Result<T, String>, problems: &mut Problems) -> Option<T> {
        result.map_err(|message| self.problem(message, problems)).ok()
    }

    /// The scalar as written, quoted or not; `None` for lists, mappings and empty values.
    pub(super) fn as_written(&self) -> Option<&'n str> {
        match &self.node.value {
            Value::Scalar { text, .. } if !self.node.is_null() => Some(text),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        if let Value::Scalar { text, plain: true } = &self.node.value
            && let Plain::Boolean(value) = Plain::of(text)
        {
            return Some(value);
        }
        self.must_be("true or false", problems);
        None
    }

    /// A whole number of `range`.
    pub(super) fn integer(
        &self,
        range: std::ops::RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<u32> {
        if let Value::Scalar { text, plain: true } = &self.node.value
            && text.bytes().all(|b| b.is_ascii_digit())
            && let Ok(value) = text.parse::<u32>()
            && range.contains(&value)
        {
            return Some(value);
        }
        self.must_be(&format!("a whole number from {} to {}", range.start(), range.end()), problems);
        None
    }

    /// A duration; a bare 0 is one.
    pub(super) fn duration(&self, problems: &mut Problems) -> Option<Duration> {
        self.time(parse_duration, "a duration like 15s, 1m30s or 0", problems)
    }

    /// A duration that is neither 0 nor longer than `longest`.
    pub(super) fn period(&self, longest: Duration, problems: &mut Problems) -> Option<Duration> {
        let within = |text: &str| match parse_period(text)? {
            period if !period.is_zero() && period <= longest => Ok(period),
            _ => Err(format!(
                "{} is out of range; use 1ms to {}",
                quoted(text),
                humantime::format_duration(longest)
            )),
        };
        self.time(within, "a duration like 15s or 1m30s", problems)
    }

    fn time(
        &self,
        read: impl Fn(&str) -> Result<Duration, String>,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<Duration> {
        match &self.node.value {
            Value::Scalar { text, .. } if !self.node.is_null() => self.noted(read(text), problems),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => {
                self.must_be(expected, problems);
                None
            }
        }
    }

    /// True if it is a list without items.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::List(items) if items.is_empty())
    }

    /// True if it is a list, of any length.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// The items of a list of scalars; an empty value is an empty list.
    pub(super) fn items(&self, problems: &mut Problems) -> Vec<Field<'n>> {
        self.list("a list, as in [a, b]", problems)
    }

    /// The items of a list of mappings; an empty value is an empty list.
    pub(super) fn mappings(&self, problems: &mut Problems) -> Vec<Field<'n>> {
        self.list("a list of mappings, each of which begins with a dash (- key: value)", problems)
    }

    fn list(&self, what: &str, problems: &mut Problems) -> Vec<Field<'n>> {
        match &self.node.value {
            Value::List(items) => {
                let item = |(index, node): (usize, &'n std::rc::Rc<Node>)| {
                    let node: &'n Node = node;
                    Field {
                        path: format!("{}[{index}]", self.path),
                        line: node.line,
                        key_line: node.line,
                        node,
                    }
                };
                items.iter().enumerate().map(item).collect()
            }
            Value::Scalar { .. } if self.node.is_null() => Vec::new(),
            Value::Scalar { .. } | Value::Map(_) => {
                self.must_be(what, problems);
                Vec::new()
            }
        }
    }

    /// The items of a list of numbers or strings, each checked as it is written.
    pub(super) fn as_written_each<T>(
        &self,
        check: impl Fn(&str) -> Result<T, String>,
        problems: &mut Problems,
    ) -> Vec<T> {
        let mut out = Vec::new();
        for item in self.items(problems) {
            match item.as_written() {
                Some(text) => out.extend(item.noted(check(text), problems)),
                None => item.must_be("a number or a string", problems),
            }
        }
        out
    }

    /// The items of a list of strings, each checked; duplicates are reported.
    pub(super) fn texts<T>(
        &self,
        check: impl Fn(&str) -> Result<T, String>,
        problems: &mut Problems,
    ) -> Vec<T> {
        let mut seen = HashMap::new();
        let mut out = Vec::new();
        for item in self.items(problems) {
            if problems.is_full() {
                break;
            }
            let Some(text) = item.text(problems) else { continue };
            if let Some(first) = seen.insert(text, item.line) {
                item.problem(format!("{} is listed twice (first in line {first})", said(text)), problems);
            } else if let Some(value) = item.noted(check(text), problems) {
                out.push(value);
            }
        }
        out
    }
}
