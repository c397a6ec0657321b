//! The templates of annotations, expanded as Prometheus does it, with the part of its template language that
//! the catalogue uses.
//!
//! `{{ $labels.x }}`, `{{ or A B }}`, `{{ A | urlquery }}` and `{{ with A }}…{{ . }}…{{ end }}`. A test
//! checks this for every text of the catalogue.

use std::fmt::Write as _;

/// The template filled. `label` returns the value of a label of the alert, including external labels; empty
/// if unknown.
/// `None`: the template uses something else.
pub(super) fn fill(template: &str, label: &dyn Fn(&str) -> String) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (action, after) = after.split_once("}}")?;
        let action = action.trim();
        if let Some(pipeline) = action.strip_prefix("with ") {
            let (body, after) = after.split_once("{{ end }}")?;
            let value = evaluate(pipeline, label)?;
            if !value.is_empty() {
                out.push_str(&body.replace("{{ . }}", &value));
            }
            rest = after;
        } else {
            out.push_str(&evaluate(action, label)?);
            rest = after;
        }
    }
    out.push_str(rest);
    Some(out)
}

fn evaluate(pipeline: &str, label: &dyn Fn(&str) -> String) -> Option<String> {
    let (operand, escaped) = match pipeline.split_once(" | ") {
        Some((operand, "urlquery")) => (operand, true),
        Some(_) => return None,
        None => (pipeline, false),
    };
    let value = match operand.strip_prefix("or ") {
        Some(operands) => {
            let mut values = Vec::new();
            for operand in operands.split(' ') {
                values.push(variable(operand, label)?);
            }
            values.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
        }
        None => variable(operand, label)?,
    };
    Some(if escaped { query_escaped(&value) } else { value })
}

fn variable(operand: &str, label: &dyn Fn(&str) -> String) -> Option<String> {
    let name = operand.strip_prefix("$labels.").or_else(|| operand.strip_prefix("$externalLabels."))?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then(|| label(name))
}

/// As Go's `url.QueryEscape` does it.
fn query_escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b' ' => out.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => out.push(char::from(byte)),
            _ => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::{
            self,
            alert::{self, Origin},
            host_alerts,
        },
        model::{Language, System},
    };

    fn label(name: &str) -> String {
        match name {
            "instance" => "web-1:10077",
            "cluster" => "prod & co",
            "agent" => "日志",
            _ => "",
        }
        .to_owned()
    }

    #[test]
    fn templates_are_filled_as_prometheus_fills_them() {
        for (template, filled) in [
            ("plain", "plain"),
            ("{{ $labels.instance }}!", "web-1:10077!"),
            ("{{ $labels.none }}", ""),
            (
                "a{{ with or $labels.cluster $externalLabels.cluster }} in {{ . }}{{ end }}.",
                "a in prod & co.",
            ),
            ("a{{ with or $labels.none $externalLabels.no }} in {{ . }}{{ end }}.", "a."),
            ("{{ or $labels.cluster $externalLabels.cluster | urlquery }}", "prod+%26+co"),
            ("{{ $labels.agent | urlquery }}", "%E6%97%A5%E5%BF%97"),
            ("{{ $labels.instance | urlquery }}", "web-1%3A10077"),
        ] {
            assert_eq!(fill(template, &label).as_deref(), Some(filled), "{template}");
        }
        for foreign in
            ["{{ $value }}", "{{ $labels.a | title }}", "{{ if $labels.a }}x{{ end }}", "{{ $labels.a"]
        {
            assert_eq!(fill(foreign, &label), None, "{foreign}");
        }
    }

    #[test]
    fn every_text_of_the_catalogue_can_be_filled() {
        let mut looked_at = 0;
        for language in [Language::English, Language::Chinese] {
            let origin = Origin::Exporter(System::Linux);
            let causes = catalog::causes().map(|cause| alert::annotations(cause, language, origin));
            let hosts = host_alerts::ALL.iter().map(|told| told.annotations(language, origin));
            let windows = Origin::Exporter(System::Windows);
            let there = catalog::causes().map(|cause| alert::annotations(cause, language, windows));
            for (name, text) in causes.chain(hosts).chain(there).flatten() {
                let filled = fill(&text, &label).unwrap_or_else(|| panic!("{name}: {text}"));
                assert!(!filled.contains("{{") && !filled.contains("}}"), "{filled}");
                looked_at += 1;
            }
        }
        assert!(looked_at > 1000, "only {looked_at}");
    }
}
