//! A file's keys, and the values that are known not to be secrets: the parts that may leave the host in a support
//! bundle.
//!
//! A value is shown only if its key is on a list; all others are withheld.

use std::fmt::Write as _;

use saphyr_parser::{Event, Parser};
use serde_json::Value;

use crate::model::{authority::without_user_info, text::visible};

/// Replaces a value that is not shown.
pub const WITHHELD: &str = "(withheld)";

/// More values than any config has.
const MOST: usize = 5_000;

/// Deeper than any config nests.
const DEEPEST: usize = 64;

/// One value of a file, and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The keys that lead to it, the innermost last; items of a list have none of their own.
    pub keys: Vec<String>,
    /// The value.
    pub value: String,
}

/// The leaves as lines of `key.key = value`, each value shown only if `is_open` accepts its keys.
pub fn lines(leaves: &[Leaf], is_open: impl Fn(&[String]) -> bool) -> String {
    let mut out = String::new();
    for Leaf { keys, value } in leaves {
        let path: Vec<String> = keys.iter().map(|key| visible(key)).collect();
        let harmless = matches!(value.as_str(), "" | "true" | "false" | "null");
        let shown = if harmless || is_open(keys) { open(value) } else { WITHHELD.to_owned() };
        let _infallible = writeln!(out, "{} = {shown}", path.join("."));
    }
    if leaves.len() >= MOST {
        let _infallible = writeln!(out, "(and more: {MOST} values are shown)");
    }
    out
}

/// True if the innermost key is on the list, ignoring case.
pub fn named(keys: &[String], open: &[&str]) -> bool {
    keys.last().is_some_and(|key| open.iter().any(|open| key.eq_ignore_ascii_case(open)))
}

/// A value that may be shown; of a URL only its origin, as a password or a token may be part of the rest.
fn open(value: &str) -> String {
    let value = without_user_info(value);
    let Some((scheme, rest)) = value.split_once("://") else { return visible(&value) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (origin, more) = (rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default());
    let more = if more.len() > 1 { format!("/{WITHHELD}") } else { more.to_owned() };
    visible(&format!("{scheme}://{origin}{more}"))
}

/// The leaves of a JSON value.
pub fn json(root: &Value) -> Vec<Leaf> {
    let mut out = Vec::new();
    let mut left: Vec<(Vec<String>, &Value)> = vec![(Vec::new(), root)];
    while let Some((keys, value)) = left.pop() {
        if out.len() >= MOST {
            break;
        }
        match value {
            Value::Object(object) => left.extend(object.iter().rev().map(|(key, value)| {
                let keys = keys.iter().cloned().chain([key.clone()]);
                (keys.collect(), value)
            })),
            Value::Array(values) => left.extend(values.iter().rev().map(|value| (keys.clone(), value))),
            Value::String(text) => out.push(Leaf { keys, value: text.clone() }),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                out.push(Leaf { keys, value: value.to_string() });
            }
        }
    }
    out
}

/// The leaves of lines of `key = value`; other lines are skipped.
pub fn key_value(text: &str) -> Vec<Leaf> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.trim(), value.trim()));
    let is_key = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    pairs
        .filter(|(key, _)| is_key(key))
        .take(MOST)
        .map(|(key, value)| Leaf { keys: vec![key.to_owned()], value: value.to_owned() })
        .collect()
}

/// A collection that is still open in YAML.
enum Level {
    List,
    /// The pending key.
    Map(Option<String>),
}

/// The leaves of a YAML document, up to the first syntax error. Aliases are not followed: they could make a small file
/// large.
pub fn yaml(text: &str) -> Vec<Leaf> {
    let mut out = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else { break };
        if out.len() >= MOST || levels.len() > DEEPEST {
            break;
        }
        let opens = matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
        if opens && matches!(levels.last(), Some(Level::Map(None))) {
            // A key that is not a scalar: which of the following scalars are keys is then unknown.
            break;
        }
        let value = match event {
            Event::MappingStart(..) => {
                levels.push(Level::Map(None));
                continue;
            }
            Event::SequenceStart(..) => {
                levels.push(Level::List);
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                ended(&mut levels);
                continue;
            }
            Event::Scalar(text, ..) => text.into_owned(),
            Event::Alias(_) => "(an alias)".to_owned(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => continue,
        };
        if let Some(Level::Map(key @ None)) = levels.last_mut() {
            *key = Some(value);
            continue;
        }
        let keys = levels.iter().filter_map(|level| match level {
            Level::Map(key) => key.clone(),
            Level::List => None,
        });
        out.push(Leaf { keys: keys.collect(), value });
        ended(&mut levels);
    }
    out
}

/// A value is complete: its key is no longer pending.
fn ended(levels: &mut [Level]) {
    if let Some(Level::Map(key)) = levels.last_mut() {
        *key = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPEN: &[&str] = &["server", "port"];

    fn shown(leaves: &[Leaf]) -> String {
        lines(leaves, |keys| named(keys, OPEN))
    }

    #[test]
    fn only_what_is_on_the_list_is_shown() {
        let json: Value = serde_json::from_str(
            r#"{"server": ["http://joe:CANARY@a:80/x?token=CANARY", "b"], "AccessKeySecret": "CANARY",
                "deep": {"port": 443, "password": 1234, "on": true, "none": ""}}"#,
        )
        .unwrap();
        let expected = "server = http://a:80/(withheld)\nserver = b\nAccessKeySecret = (withheld)\n\
                        deep.port = 443\ndeep.password = (withheld)\ndeep.on = true\ndeep.none = \n";
        assert_eq!(shown(&super::json(&json)), expected);
        let yaml = "server: ['http://joe:CANARY@a:80/x?token=CANARY', b]\nAccessKeySecret: &x CANARY\n\
                    deep:\n  - port: 443\n    password: *x\n  - server: c\n? [CANARY]\n: CANARY\nserver: d\n";
        let expected = "server = http://a:80/(withheld)\nserver = b\nAccessKeySecret = (withheld)\n\
                        deep.port = 443\ndeep.password = (withheld)\ndeep.server = c\n";
        assert_eq!(shown(&super::yaml(yaml)), expected);
        let lines =
            "# server = CANARY\nserver = joe:CANARY@a\nsecret_key=CANARY\nport=443\r\nCANARY\n=CANARY\n";
        assert_eq!(shown(&key_value(lines)), "server = a\nsecret_key = (withheld)\nport = 443\n");
    }

    #[test]
    fn a_file_is_bounded() {
        let many = format!("[{}]", "1,".repeat(2 * MOST));
        assert_eq!(super::yaml(&many).len(), MOST);
        assert!(lines(&super::yaml(&many), |_| true).ends_with("5000 values are shown)\n"));
        assert_eq!(super::yaml(&"[".repeat(10_000)), []);
    }

    proptest! {
        #[test]
        fn arbitrary_text_ends_neither_the_program_nor_shows_a_withheld_value(text in ".{0,200}") {
            for leaves in [super::yaml(&text), key_value(&text)] {
                let _lines = lines(&leaves, |_| true);
                let closed = lines(&leaves, |_| false);
                let is_closed = closed.lines().all(|line| {
                    ["", "true", "false", "null", WITHHELD].iter().any(|value| line.ends_with(value))
                });
                prop_assert!(is_closed, "{}", closed);
            }
        }
    }
}
