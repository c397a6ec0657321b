//! What a client accepts: media types, codings, languages, each with its weight (RFC 9110, 12.4 and 12.5).

use std::sync::{Mutex, PoisonError};

use hyper::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderMap, HeaderName};

use crate::model::Language;

/// The forms of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Text 0.0.4.
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Format {
    /// The exact content type: Prometheus 3 fails a scrape without it.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The longest header line that [`LastChoice`] keeps; Prometheus' is a quarter of it.
const LONGEST_KEPT: usize = 1024;

/// What was chosen for the last scrape: a scraper sends the same header lines each time.
#[derive(Debug, Default)]
pub(super) struct LastChoice(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    accept: Vec<u8>,
    accept_encoding: Vec<u8>,
    /// The choice for these lines; `None` before the first scrape.
    chosen: Option<(Format, bool)>,
}

impl LastChoice {
    /// The format of the metrics, and whether to compress them.
    pub(super) fn of(&self, headers: &HeaderMap) -> (Format, bool) {
        let choose = || (format(headers), gzip(headers));
        let (Some(accept), Some(encoding)) = (only(headers, ACCEPT), only(headers, ACCEPT_ENCODING)) else {
            return choose();
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.accept != accept || last.accept_encoding != encoding {
            *last = Kept { accept: accept.to_vec(), accept_encoding: encoding.to_vec(), chosen: None };
        }
        *last.chosen.get_or_insert_with(choose)
    }
}

/// The only line of a header, empty if there is none; `None` if there are several, or it is too long to keep.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut lines = headers.get_all(name).into_iter();
    let first = lines.next().map_or(&[][..], |line| line.as_bytes());
    (lines.next().is_none() && first.len() <= LONGEST_KEPT).then_some(first)
}

/// One element of a list: its name, its parameter `version`, its weight.
struct Choice<'a> {
    name: &'a str,
    version: Option<&'a str>,
    weight: f32,
}

/// The elements of every such header line, in order; invalid ones are left out.
fn choices(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Choice<'_>> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(choice)
}

fn choice(element: &str) -> Option<Choice<'_>> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut choice = Choice { name, version: None, weight: 1.0 };
    for part in parts {
        let Some((key, value)) = part.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key.eq_ignore_ascii_case("q") {
            choice.weight = value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
        } else if key.eq_ignore_ascii_case("version") {
            choice.version = choice.version.or(Some(value));
        }
    }
    Some(choice)
}

/// The format of the metrics that the client prefers; text 0.0.4 if it names no format that is available.
///
/// The version counts only if it is given; other parameters (`escaping`) are satisfied by any answer, as all
/// names are in the classic character set.
pub(super) fn format(headers: &HeaderMap) -> Format {
    // For each format: (specificity, weight, position) of the most specific range that covers it.
    let mut text: Option<(u8, f32)> = None;
    let mut openmetrics: Option<(u8, f32)> = None;
    let mut text_first = false;
    for choice in choices(headers, ACCEPT) {
        let names = |name: &str| choice.name.eq_ignore_ascii_case(name);
        let (is_text, exactness) = match choice.version {
            Some("1.0.0") if names("application/openmetrics-text") => (false, 4),
            None if names("application/openmetrics-text") => (false, 3),
            // Version 1.0.0 differs from 0.0.1 in ways that readers of the latter accept.
            Some("0.0.1") if names("application/openmetrics-text") => (false, 2),
            _ if names("application/*") => (false, 1),
            Some("0.0.4") if names("text/plain") => (true, 4),
            None if names("text/plain") => (true, 3),
            _ if names("text/*") => (true, 1),
            // Any format is accepted: text, which every parser and people can read.
            _ if names("*/*") => (true, 0),
            _ => continue,
        };
        let slot = if is_text { &mut text } else { &mut openmetrics };
        if slot.is_none_or(|(kept, _)| exactness > kept) {
            *slot = Some((exactness, choice.weight));
        }
        if is_text && openmetrics.is_none() {
            text_first = true;
        }
    }
    let text = text.map_or(0.0, |(_, weight)| weight);
    match openmetrics {
        Some((_, weight)) if weight > text || (weight > 0.0 && weight >= text && !text_first) => {
            Format::OpenMetrics
        }
        Some(_) | None => Format::Text,
    }
}

/// True if the client accepts gzip, with at least the weight of the plain format.
pub(super) fn gzip(headers: &HeaderMap) -> bool {
    let weight = |names: &[&str]| {
        let mut choices = choices(headers, ACCEPT_ENCODING);
        choices
            .find(|choice| names.iter().any(|name| choice.name.eq_ignore_ascii_case(name)))
            .map(|it| it.weight)
    };
    let gzip = weight(&["gzip", "x-gzip"]).or_else(|| weight(&["*"])).unwrap_or(0.0);
    gzip > 0.0 && gzip >= weight(&["identity"]).unwrap_or(0.0)
}

/// The language of `?lang=`, otherwise the one that the client prefers, otherwise English.
pub(super) fn language(query: Option<&str>, headers: &HeaderMap) -> Language {
    let asked =
        query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("lang="));
    if let Some(language) = asked.and_then(known_language) {
        return language;
    }
    let mut best = (0.0, Language::English);
    for choice in choices(headers, ACCEPT_LANGUAGE) {
        if let Some(language) = known_language(choice.name)
            && choice.weight > best.0
        {
            best = (choice.weight, language);
        }
    }
    best.1
}

fn known_language(tag: &str) -> Option<Language> {
    match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        headers
    }

    #[test]
    fn what_was_chosen_last_is_chosen_only_for_the_same_lines() {
        let last = LastChoice::default();
        let mut headers = HeaderMap::new();
        assert_eq!(last.of(&headers), (Format::Text, false));
        for (accept, encoding) in [
            ("application/openmetrics-text", "gzip"),
            ("application/openmetrics-text", ""),
            ("text/plain", "gzip"),
            ("", "gzip"),
            ("text/plain;q=0.1,application/openmetrics-text", "gzip;q=0"),
        ] {
            headers.insert(ACCEPT, accept.parse().expect("a header value"));
            headers.insert(ACCEPT_ENCODING, encoding.parse().expect("a header value"));
            let expected = (format(&headers), gzip(&headers));
            assert_eq!([last.of(&headers), last.of(&headers)], [expected; 2], "{accept} {encoding}");
        }
        headers.append(ACCEPT_ENCODING, "gzip".parse().expect("a header value"));
        assert_eq!(last.of(&headers), (Format::OpenMetrics, gzip(&headers)));
        headers.insert(
            ACCEPT,
            format!("text/plain,{}", " ".repeat(LONGEST_KEPT)).parse().expect("a header value"),
        );
        assert_eq!(last.of(&headers).0, Format::Text);
        let kept = last.0.into_inner().expect("no panic");
        assert!([kept.accept, kept.accept_encoding].iter().all(|line| line.len() <= LONGEST_KEPT));
    }

    #[test]
    fn the_best_form_of_the_metrics_is_chosen() {
        use Format::{OpenMetrics, Text};
        for (accept, expected) in [
            ("", Text),
            ("*/*", Text),
            ("text/*", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; Version=1.0.0", OpenMetrics),
            ("application/openmetrics-text;version=0.0.1", OpenMetrics),
            ("application/openmetrics-text;version=\"1.0.0\"", OpenMetrics),
            ("application/openmetrics-text;version=2.0.0", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=0,*/*", Text),
            // The most specific range counts, wherever it is in the list.
            (
                "application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text;q=1,*/*;q=0.1",
                Text,
            ),
            ("*/*;q=0.9,application/openmetrics-text;q=0.95", OpenMetrics),
            ("application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.3", Text),
            ("text/plain,application/openmetrics-text", Text),
            ("application/openmetrics-text,text/plain", OpenMetrics),
            ("text/plain;q=0,application/openmetrics-text;q=0.1", OpenMetrics),
            // Prometheus 2.42, 3.14; with protobuf first; a browser; curl; rubbish.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2",
                Text,
            ),
            ("text/plain;version=1.0.0;escaping=allow-utf-8", Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Text),
            (";;,,q=;/=\u{7f}", Text),
            ("application/openmetrics-text;q=NaN", Text),
            ("application/openmetrics-text;q=7", Text),
            ("application/openmetrics-text;q=-1,text/plain;q=0.1", Text),
        ] {
            let headers = accept
                .parse()
                .map_or_else(|_| HeaderMap::new(), |value| HeaderMap::from_iter([(ACCEPT, value)]));
            assert_eq!(format(&headers), expected, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Text);
    }

    #[test]
    fn a_list_may_span_header_lines() {
        let mut headers = with(ACCEPT, "text/plain;q=0.5");
        headers.append(ACCEPT, "application/openmetrics-text".parse().expect("a header value"));
        assert_eq!(format(&headers), Format::OpenMetrics);
    }

    #[test]
    fn gzip_only_for_those_who_take_it() {
        for (accepted, expected) in [
            ("gzip", true),
            ("GZIP;q=0.1", true),
            ("x-gzip", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("*", true),
            ("", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip;q=0, *", false),
            ("*;q=0", false),
            ("gzip;q=0.5, identity", false),
            ("br, zstd", false),
            ("gzip;q=much", false),
            ("gzipped", false),
        ] {
            assert_eq!(gzip(&with(ACCEPT_ENCODING, accepted)), expected, "{accepted}");
        }
        assert!(!gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_query_beats_the_header_in_language() {
        use Language::{Chinese, English};
        for (query, accepted, expected) in [
            (None, "", English),
            (None, "zh-CN,zh;q=0.9,en;q=0.8", Chinese),
            (None, "en-US,zh;q=0.9", English),
            (None, "fr, zh;q=0.1", Chinese),
            (None, "zh;q=0", English),
            (Some("lang=zh"), "en", Chinese),
            (Some("a=b&lang=zh-Hans"), "", Chinese),
            (Some("lang=en"), "zh", English),
            (Some("lang=xx"), "zh", Chinese),
        ] {
            assert_eq!(language(query, &with(ACCEPT_LANGUAGE, accepted)), expected, "{query:?} {accepted}");
        }
    }
}
