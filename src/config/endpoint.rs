//! The endpoints of a custom agent.

use std::{collections::HashMap, path::Path};

use super::{
    problem::{Problems, said},
    section::{Field, Section},
    url::parse_url,
};
use crate::model::{
    Purpose,
    snapshot::{Endpoint, ExpectedAnswer, Scheme},
};

/// Reads the list of endpoints.
pub(super) fn endpoints(field: &Field<'_>, file: &Path, problems: &mut Problems) -> Vec<Endpoint> {
    let mut labels = HashMap::new();
    let mut out = Vec::new();
    for item in field.mappings(problems) {
        let Some(section) = Section::open(&item, &["url", "expect_status"], problems) else { continue };
        let Some(url_field) = section.get("url") else {
            let message = "is missing; write it like https://logs.example.com/health";
            problems.add(section.line, format!("{}.url", section.path), message);
            continue;
        };
        let codes = section.get("expect_status").map(|field| (status_codes(&field, problems), field));
        let Some(url) = url_field.parsed(parse_url, problems) else { continue };
        let label = url.label();
        // The label identifies endpoints in the metrics; it has no path.
        if let Some(first) = labels.insert(label.clone(), url_field.line) {
            let message = format!(
                "{} is already listed in line {first}; one endpoint for each scheme, host and port",
                said(&label)
            );
            url_field.problem(message, problems);
            continue;
        }
        if let (Scheme::Tcp, Some((_, field))) = (url.scheme, &codes) {
            problems.add(
                field.key_line,
                field.path.clone(),
                "belongs to http and https; a tcp endpoint is up once it is connected",
            );
        }
        let expected = match (url.scheme, codes) {
            (Scheme::Tcp, _) => ExpectedAnswer::Connected,
            (Scheme::Http | Scheme::Https, Some((codes, _))) => ExpectedAnswer::StatusCodes(codes),
            // Successful answers and redirects; an answer that asks for credentials or reports an error is not up.
            (Scheme::Http | Scheme::Https, None) => ExpectedAnswer::StatusCodes((200..=399).collect()),
        };
        out.push(Endpoint {
            purpose: Purpose::Custom,
            url: label,
            scheme: url.scheme,
            host: url.host,
            port: url.port,
            path: url.path,
            expected,
            from: format!("{} {}", file.display(), url_field.path),
            parameter: None,
        });
    }
    out
}

fn status_codes(field: &Field<'_>, problems: &mut Problems) -> Vec<u16> {
    let items = field.items(problems);
    if items.is_empty() && field.is_list() {
        field.problem(
            "is empty; list the status codes that mean up, or leave it out for 200 to 399",
            problems,
        );
    }
    let mut codes: Vec<u16> = items
        .iter()
        .filter_map(|item| item.integer(100..=599, problems))
        .filter_map(|code| u16::try_from(code).ok())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
