//! `${NAME}` in expectations: replaced by an environment variable of the exporter, so that one file serves
//! many hosts.

use std::rc::Rc;

use super::{
    problem::{Problems, said},
    section::{Field, joined},
    yaml::{Entry, Node, Value},
};

/// The mapping with the variables in its strings and lists replaced. The result is a string, whatever it looks like.
pub(super) fn expanded(field: &Field<'_>, problems: &mut Problems) -> Rc<Node> {
    let Value::Map(entries) = &field.node.value else {
        return Rc::new(text(field.node, &field.path, problems).unwrap_or_else(|| copy(field.node)));
    };
    let entry = |entry: &Entry| {
        let path = joined(&field.path, &entry.key);
        let node = match &entry.node.value {
            Value::List(items) => {
                let item = |(index, item): (usize, &Rc<Node>)| {
                    let changed = text(item, &format!("{path}[{index}]"), problems);
                    changed.map_or_else(|| Rc::clone(item), Rc::new)
                };
                Rc::new(entry.node.replaced(Value::List(items.iter().enumerate().map(item).collect())))
            }
            Value::Scalar { .. } | Value::Map(_) => {
                text(&entry.node, &path, problems).map_or_else(|| Rc::clone(&entry.node), Rc::new)
            }
        };
        Entry { line: entry.line, key: entry.key.clone(), node }
    };
    let entries = entries.iter().map(entry).collect();
    Rc::new(field.node.replaced(Value::Map(entries)))
}

/// A value without variables: its items are shared.
fn copy(node: &Node) -> Node {
    node.replaced(match &node.value {
        Value::Scalar { text, plain } => Value::Scalar { text: text.clone(), plain: *plain },
        Value::List(items) => Value::List(items.clone()),
        Value::Map(_) => Value::Map(Vec::new()),
    })
}

/// The scalar with its variables replaced, if it has any.
fn text(node: &Node, path: &str, problems: &mut Problems) -> Option<Node> {
    let Value::Scalar { text, .. } = &node.value else { return None };
    let mut parts = text.split("${");
    let mut out = parts.next().filter(|first| first.len() < text.len())?.to_owned();
    for part in parts {
        if let Some(before) = out.strip_suffix('$') {
            out = format!("{before}${{{part}");
            continue;
        }
        let Some((name, after)) = part.split_once('}').filter(|(name, _)| is_name(name)) else {
            let shown = said(text);
            let message = format!(
                "{shown} holds ${{ without a variable; write ${{NAME}}, or $${{ for the characters themselves"
            );
            problems.add_unresolved(node.line, path, message);
            return None;
        };
        if let Some(value) = (problems.environment.0)(name) {
            out.push_str(&value);
        } else {
            let message = format!("the variable {name} is not set in the exporter's environment");
            problems.add_unresolved(node.line, path, message);
            out.push_str(name);
        }
        out.push_str(after);
    }
    Some(node.replaced(Value::Scalar { text: out, plain: false }))
}

fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
