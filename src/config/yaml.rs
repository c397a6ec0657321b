//! YAML as a tree that remembers lines and the exact text of scalars, with bounds against hostile files.
//!
//! Built from the parser's events instead of by its own loader, which recurses as deep as the document nests,
//! stops at the first duplicate key, and turns `007` into 7.

use std::{collections::HashMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{
    problem::{Problems, said},
    section::joined,
};

/// Far deeper than any valid config.
const DEEPEST: usize = 32;

/// Nodes with every alias expanded; a valid config of the largest size has fewer.
const MOST_NODES: usize = 200_000;

/// A value and its position.
#[derive(Debug)]
pub(super) struct Node {
    /// Line, from 1.
    pub(super) line: usize,
    /// The value.
    pub(super) value: Value,
    /// Nodes in it, itself and expanded aliases included.
    size: usize,
}

/// The kinds of value.
#[derive(Debug)]
pub(super) enum Value {
    /// A scalar; its type depends on the key.
    Scalar {
        /// Its content.
        text: String,
        /// True if it was written without quotes and so may be a number, a boolean or null.
        plain: bool,
    },
    /// A list.
    List(Vec<Rc<Node>>),
    /// A mapping, in the order of the file; keys are unique.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug)]
pub(super) struct Entry {
    /// Line of the key.
    pub(super) line: usize,
    /// The key.
    pub(super) key: String,
    /// The value.
    pub(super) node: Rc<Node>,
}

/// What an unquoted scalar is, by YAML 1.2's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// `~`, `null`, or nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// An integer.
    Integer,
    /// A number with a point or exponent.
    Float,
    /// Anything else.
    String,
}

impl Node {
    /// The same position and number of nodes with another value.
    pub(super) fn replaced(&self, value: Value) -> Self {
        Self { line: self.line, value, size: self.size }
    }
}

impl Plain {
    /// Resolves an unquoted scalar.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Boolean(true),
            "false" | "False" | "FALSE" => return Self::Boolean(false),
            _ => {}
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let all = |digits: &str, f: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| f(&b));
        if all(unsigned, u8::is_ascii_digit)
            || text.strip_prefix("0x").is_some_and(|hex| all(hex, u8::is_ascii_hexdigit))
            || text.strip_prefix("0o").is_some_and(|octal| all(octal, |b| (b'0'..=b'7').contains(b)))
        {
            return Self::Integer;
        }
        // Rust also reads `inf`, `nan` and `infinity`, which are words in YAML.
        let number =
            unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok();
        if number || matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
        {
            return Self::Float;
        }
        Self::String
    }
}

impl Node {
    fn scalar(line: usize, text: String, plain: bool) -> Rc<Self> {
        Rc::new(Self { line, value: Value::Scalar { text, plain }, size: 1 })
    }

    /// True for `~`, `null` and an empty value.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if Plain::of(text) == Plain::Null)
    }

    /// Its type, for messages: `a list`, `the number 5`.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar { text, plain: false } => format!("the string {}", said(text)),
            Value::Scalar { text, plain: true } => match Plain::of(text) {
                Plain::Null => "empty".to_owned(),
                Plain::Boolean(_) => format!("the boolean {text}"),
                Plain::Integer | Plain::Float => format!("the number {}", crate::model::text::visible(text)),
                Plain::String => format!("the string {}", said(text)),
            },
        }
    }
}

/// Builds the tree of the one document in `text`; `None` if it is empty. Problems that leave a tree are only noted.
pub(super) fn parse(text: &str, problems: &mut Problems) -> Option<Rc<Node>> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, span, problems),
            Err(error) => Err(syntax_error(text, &error)),
        };
        if let Err((line, message)) = step {
            problems.add(line, "", message);
            return None;
        }
    }
    builder.root
}

/// A syntax error of the parser. The parser's own message, as its line and column are the best hint.
fn syntax_error(text: &str, error: &ScanError) -> Fault {
    let line = error.marker().line().max(1);
    let tab =
        text.lines().nth(line - 1).is_some_and(|content| content.trim_start_matches(' ').starts_with('\t'));
    let hint = if tab { "; YAML is indented with spaces, never with tabs" } else { "" };
    (line, format!("is not valid YAML: {} (column {}){hint}", error.info(), error.marker().col() + 1))
}

/// A problem without a resulting tree: its line and message.
type Fault = (usize, String);

/// A collection that is still open.
struct Open {
    line: usize,
    anchor: usize,
    size: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, seen: HashMap<String, usize>, key: Option<Rc<Node>> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    documents: usize,
    root: Option<Rc<Node>>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span, problems: &mut Problems) -> Result<(), Fault> {
        let line = span.start.line().max(1);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err((line, "holds a second document (---); one file is one document".to_owned()));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let forced = self.check_tag(tag.as_deref(), line, problems);
                let plain = style == ScalarStyle::Plain && !forced;
                self.close(Node::scalar(line, text.into_owned(), plain), anchor, problems)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), line, problems);
                self.open(line, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), line, problems);
                self.open(line, anchor, Content::Map { entries: Vec::new(), seen: HashMap::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { line, anchor, size, content }) = self.open.pop() else { return Ok(()) };
                let value = match content {
                    Content::List(items) => Value::List(items),
                    Content::Map { entries, .. } => Value::Map(entries),
                };
                self.close(Rc::new(Node { line, value, size }), anchor, problems)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.close(Rc::clone(node), 0, problems),
                None => Err((line, "an alias is inside the value that it refers to".to_owned())),
            },
        }
    }

    /// True if the tag makes any value a string. Custom tags have no meaning here.
    fn check_tag(&self, tag: Option<&Tag>, line: usize, problems: &mut Problems) -> bool {
        let Some(tag) = tag else { return false };
        let non_specific = tag.handle.is_empty() && tag.suffix == "!";
        let known = non_specific || tag.is_yaml_core_schema();
        if !known {
            let message = format!("the tag {} has no meaning here; leave it out", said(&tag.to_string()));
            problems.add(line, self.path(), message);
        }
        non_specific || (known && tag.suffix == "str")
    }

    fn open(&mut self, line: usize, anchor: usize, content: Content) -> Result<(), Fault> {
        if self.open.len() == DEEPEST {
            return Err((line, format!("nests deeper than {DEEPEST} levels")));
        }
        self.open.push(Open { line, anchor, size: 1, content });
        Ok(())
    }

    /// Adds a finished node to its parent.
    fn close(&mut self, node: Rc<Node>, anchor: usize, problems: &mut Problems) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.size = parent.size.saturating_add(node.size);
        if parent.size > MOST_NODES {
            return Err((node.line, format!("holds more than {MOST_NODES} values, aliases expanded")));
        }
        let refused = match &mut parent.content {
            Content::List(items) => {
                items.push(node);
                None
            }
            Content::Map { entries, seen, key } => match key.take() {
                None => {
                    *key = Some(node);
                    None
                }
                Some(name) => match &name.value {
                    Value::Scalar { text, .. } => {
                        let first = *seen.entry(text.clone()).or_insert(name.line);
                        if seen.len() > entries.len() {
                            entries.push(Entry { line: name.line, key: text.clone(), node });
                            None
                        } else {
                            let message = format!("is set twice (first in line {first})");
                            Some((name.line, Some(text.clone()), message))
                        }
                    }
                    Value::List(_) | Value::Map(_) => Some((
                        name.line,
                        None,
                        format!("{} is used as a key; keys are plain words", name.describe()),
                    )),
                },
            },
        };
        if let Some((line, key, message)) = refused {
            let path = self.path();
            problems.add(line, key.map_or(path.clone(), |key| joined(&path, &key)), message);
        }
        Ok(())
    }

    /// The path of the innermost open collection.
    fn path(&self) -> String {
        let mut path = String::new();
        // The position of a collection is known to its parent: the pending key, or the number of items before it.
        for open in self.open.iter().take(self.open.len().saturating_sub(1)) {
            match &open.content {
                Content::List(items) => path = format!("{path}[{}]", items.len()),
                Content::Map { key: Some(key), .. } => {
                    if let Value::Scalar { text, .. } = &key.value {
                        path = joined(&path, text);
                    }
                }
                Content::Map { key: None, .. } => {}
            }
        }
        path
    }
}
