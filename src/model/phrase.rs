//! Phrases of observations and rules in the reader's language: sources of values, findings, reasons why a fact is
//! unknown. Facts carry them in English, which JSON and logs show; the tables below have the translations.

mod containers;
mod documents;
mod found;
mod labels;
mod own_endpoints;
mod probed;
mod services;
mod table;

use std::borrow::Cow;

use self::{
    containers::CONTAINERS,
    documents::DOCUMENTS,
    found::FOUND,
    labels::LABELS,
    own_endpoints::OWN_ENDPOINTS,
    probed::PROBED,
    services::{NAMES, SERVICES},
    table::PHRASES,
};
use super::{Language, Text};

/// A phrase. `{}` stands for a value, `{#}` for one that begins with a digit; in Chinese `{1}` is the second.
const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

/// How deeply phrases may be nested: a source within a failure within a reason.
const DEEPEST: usize = 4;

/// The name of a piece of evidence or of an address's source, as people read it.
pub fn label(name: &str, language: Language) -> &str {
    match language {
        Language::English => name,
        Language::Chinese => {
            LABELS.iter().chain(NAMES).find(|text| text.en == name).map_or(name, |text| text.zh)
        }
    }
}

/// `value` with each phrase in it translated, if a translation exists. Other parts, such as a path or an address, are
/// kept.
pub fn phrase(value: &str, language: Language) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(value),
        Language::Chinese => in_chinese(value, DEEPEST).map_or(Cow::Borrowed(value), Cow::Owned),
    }
}

fn phrases() -> impl Iterator<Item = &'static Text> {
    let written = DOCUMENTS.iter().chain(SERVICES).chain(CONTAINERS).chain(OWN_ENDPOINTS);
    written.chain(FOUND).chain(PROBED).chain(PHRASES)
}

fn in_chinese(value: &str, depth: usize) -> Option<String> {
    let deeper = depth.checked_sub(1)?;
    if let Some(whole) = one_phrase(value, deeper) {
        return Some(whole);
    }
    if let Some((subject, reason)) = value.split_once(": ")
        && let Some(reason) = one_phrase(reason, deeper)
    {
        return Some(format!("{}：{reason}", in_chinese(subject, deeper).as_deref().unwrap_or(subject)));
    }
    [("; ", "；"), (": ", "："), (", ", "、")].into_iter().find_map(|(english, chinese)| {
        let (left, right) = value.split_once(english)?;
        let (known_left, known_right) = (in_chinese(left, deeper), in_chinese(right, deeper));
        (known_left.is_some() || known_right.is_some()).then(|| {
            let left = known_left.as_deref().unwrap_or(left);
            format!("{left}{chinese}{}", known_right.as_deref().unwrap_or(right))
        })
    })
}

fn one_phrase(value: &str, depth: usize) -> Option<String> {
    let (text, values) = phrases().find_map(|text| Some((text, matched(text.en, value)?)))?;
    Some(filled(*text, &values, depth))
}

/// The values of the placeholders, if `value` has this form. A value does not extend into the next phrase.
fn matched<'a>(template: &str, value: &'a str) -> Option<Vec<&'a str>> {
    let (first, mut template) = template.split_once('{').unwrap_or((template, ""));
    let mut rest = value.strip_prefix(first)?;
    let mut values = Vec::new();
    while let Some((kind, after)) = template.split_once('}') {
        let (literal, next) = after.split_once('{').unwrap_or((after, ""));
        let end = if next.is_empty() { rest.strip_suffix(literal)?.len() } else { rest.find(literal)? };
        let (found, tail) = rest.split_at_checked(end)?;
        let begins_with_digit =
            found.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
        if found.is_empty() || found.contains("; ") || (kind == "#" && !begins_with_digit) {
            return None;
        }
        values.push(found);
        rest = tail.strip_prefix(literal)?;
        template = next;
    }
    rest.is_empty().then_some(values)
}

fn filled(text: Text, values: &[&str], depth: usize) -> String {
    let mut out = String::with_capacity(text.zh.len());
    let mut rest = text.zh;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (number, tail) = after.split_once('}').unwrap_or(("", after));
        let value = values.get(number.parse().unwrap_or(next)).copied().unwrap_or_default();
        out.push_str(in_chinese(value, depth).as_deref().unwrap_or(value));
        next += 1;
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn chinese(value: &str) -> String {
        phrase(value, Language::Chinese).into_owned()
    }

    #[test]
    fn phrases_are_found_in_each_other_and_what_is_none_stays() {
        for (english, told) in [
            ("nothing", "无"),
            ("/etc/hosts line 6", "/etc/hosts 第 6 行"),
            ("100.115.4.11:80: connection refused", "100.115.4.11:80：拒绝连接"),
            ("file system: no such file", "文件系统：文件不存在"),
            (
                "/x/y.json: permission denied; grant CAP_DAC_READ_SEARCH, or read permission on /x",
                "/x/y.json：权限不足；请授予 CAP_DAC_READ_SEARCH，或授予对 /x 的读权限",
            ),
            (
                "refused by a.example, through the proxy http://p:1 of http_proxy",
                "refused by a.example（经 http_proxy 指定的代理 http://p:1）",
            ),
            ("1.50 s forward", "向前 1.50 s"),
            ("/usr/local/ilogtail/app_info.json: ip", "/usr/local/ilogtail/app_info.json: ip"),
            ("http://a.example/b", "http://a.example/b"),
            ("way back", "way back"),
            ("", ""),
        ] {
            assert_eq!(chinese(english), told, "{english}");
            assert_eq!(phrase(english, Language::English), english);
        }
        assert_eq!(label("failure", Language::Chinese), "失败原因");
        assert_eq!(label("failure", Language::English), "failure");
    }

    #[test]
    fn both_languages_of_a_phrase_have_the_same_values_and_none_is_there_twice() {
        let mut seen = BTreeSet::new();
        for text in phrases().chain(LABELS) {
            assert!(seen.insert(text.en) || LABELS.contains(text), "{} is there twice", text.en);
            assert_eq!(text.en.matches('{').count(), text.zh.matches('{').count(), "{}", text.en);
        }
    }

    #[test]
    fn any_value_is_taken() {
        let nested = "a: b; ".repeat(1_000);
        assert_eq!(chinese(&nested), nested);
        for value in ["{}", "{", "}", "environment ", " line ", "文 line 文", ": ", "; ; "] {
            let _told = chinese(value);
        }
    }
}
