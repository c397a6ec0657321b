//! The sections `alertmanagers` and `labels`: checked for their shape, so that a file written for a version that pushes alerts
//! loads in this one, and said to be without effect.

use super::{
    problem::{Problems, did_you_mean},
    section::{Field, Section},
    value,
};

/// The keys of one item of Prometheus' own `alertmanagers`; service discovery sections are told by their suffix.
const KEYS: [&str; 19] = [
    "static_configs",
    "scheme",
    "path_prefix",
    "timeout",
    "api_version",
    "basic_auth",
    "authorization",
    "oauth2",
    "sigv4",
    "tls_config",
    "proxy_url",
    "proxy_from_environment",
    "proxy_connect_header",
    "no_proxy",
    "follow_redirects",
    "enable_http2",
    "http_headers",
    "relabel_configs",
    "alert_relabel_configs",
];

const DISCOVERY_SUFFIX: &str = "_sd_configs";

/// Checks `alertmanagers`. Values of other keys than `static_configs` are not looked at, nor kept: they may be secrets.
pub(super) fn alertmanagers(field: &Field<'_>, problems: &mut Problems) {
    for item in field.mappings(problems) {
        let Some(section) = Section::open_any(&item, problems) else { continue };
        for (key, entry) in section.fields() {
            if !KEYS.contains(&key) && !key.ends_with(DISCOVERY_SUFFIX) {
                let near = did_you_mean(key, KEYS);
                let message = format!(
                    "is not a known key{near}; the section has the shape of Prometheus' own alertmanagers"
                );
                problems.add(entry.key_line, entry.path, message);
            }
        }
        let groups = section.get("static_configs").map(|field| field.mappings(problems)).unwrap_or_default();
        for group in groups {
            let Some(group) = Section::open(&group, &["targets", "labels"], problems) else { continue };
            match group.get("targets") {
                Some(targets) => drop(targets.texts(value::server, problems)),
                None => problems.add(
                    group.line,
                    format!("{}.targets", group.path),
                    "is missing; list them as host:port",
                ),
            }
            if let Some(field) = group.get("labels") {
                check_labels(&field, problems);
            }
        }
    }
    problems.warn(
        field.key_line,
        "alertmanagers",
        "pushing alerts directly is not part of this version; the section is ignored",
    );
}

/// Checks `labels`.
pub(super) fn labels(field: &Field<'_>, problems: &mut Problems) {
    check_labels(field, problems);
    problems.warn(
        field.key_line,
        "labels",
        "they are for alerts pushed directly, which is not part of this version; the section is ignored",
    );
}

fn check_labels(field: &Field<'_>, problems: &mut Problems) {
    let Some(section) = Section::open_any(field, problems) else { return };
    for (key, entry) in section.fields() {
        if !value::is_label_name(key) {
            let message = "is not a label name; use letters, digits and _, not a digit first, not __ first";
            problems.add(entry.key_line, entry.path.clone(), message);
        }
        let _checked = entry.text(problems);
    }
}
