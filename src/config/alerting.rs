//! The sections `alertmanagers` (in the format of Prometheus' own), `labels` and `alert_language`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    problem::{Problems, did_you_mean, said},
    section::{Field, Section},
    value,
};
use crate::model::{
    Language,
    authority::Authority,
    settings::{AlertLinks, AlertmanagerSettings, HttpCredentials, Secret, TlsClientSettings},
    snapshot::Scheme,
};

/// The keys of one item that are supported.
const KEYS: [&str; 12] = [
    "static_configs",
    "file_sd_configs",
    "scheme",
    "path_prefix",
    "timeout",
    "api_version",
    "basic_auth",
    "authorization",
    "tls_config",
    "proxy_url",
    "follow_redirects",
    "enable_http2",
];

/// Keys of Prometheus that would change what is sent or to whom, and what to do instead.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("relabel_configs", "list only the wanted members under static_configs or file_sd_configs"),
    ("alert_relabel_configs", "give alerts their labels in the top-level section labels"),
    ("oauth2", "use basic_auth, authorization or tls_config"),
    ("sigv4", "use basic_auth, authorization or tls_config"),
    ("http_headers", "use basic_auth or authorization"),
    ("proxy_from_environment", "write proxy_url"),
    ("proxy_connect_header", "use a proxy_url that needs none"),
    ("no_proxy", "write a separate item without proxy_url for those members"),
];

/// As Prometheus has it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request that takes longer than this would overlap the next.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Labels that alerts have already.
const OWN_LABELS: [&str; 6] = ["alertname", "agent", "prerequisite", "cause", "severity", "source"];

/// The longest value of a label.
const LONGEST_LABEL: usize = 200;

/// Reads `alertmanagers`. Relative paths are relative to the directory of the config file.
pub(super) fn alertmanagers(
    field: &Field<'_>,
    file: &Path,
    problems: &mut Problems,
) -> Vec<AlertmanagerSettings> {
    let directory = file.parent().unwrap_or(Path::new(""));
    field.mappings(problems).iter().filter_map(|item| alertmanager(item, directory, problems)).collect()
}

fn alertmanager(item: &Field<'_>, directory: &Path, problems: &mut Problems) -> Option<AlertmanagerSettings> {
    let section = Section::open_any(item, problems)?;
    for (key, entry) in section.fields() {
        if let Some(message) = refusal(key) {
            problems.add(entry.key_line, entry.path, message);
        }
    }
    let scheme = section.get("scheme").and_then(|field| field.parsed(scheme, problems));
    let timeout = section.get("timeout").and_then(|field| field.period(LONGEST_TIMEOUT, problems));
    if let Some(field) = section.get("api_version") {
        field.parsed(api_version, problems);
    }
    for (key, what) in [
        ("follow_redirects", "redirects are never followed; leave the key out, or write false"),
        ("enable_http2", "requests use HTTP/1.1; leave the key out, or write false"),
    ] {
        if let Some(field) = section.get(key)
            && field.boolean(problems) == Some(true)
        {
            field.problem(what, problems);
        }
    }
    let prefix = section.get("path_prefix").and_then(|field| field.parsed(path_prefix, problems));
    let settings = AlertmanagerSettings {
        targets: static_targets(&section, problems),
        target_files: target_files(&section, directory, problems),
        scheme: scheme.unwrap_or(Scheme::Http),
        path_prefix: prefix.unwrap_or_default(),
        timeout: timeout.unwrap_or(TIMEOUT),
        credentials: credentials(&section, directory, problems),
        tls: section.get("tls_config").map(|field| tls(&field, directory, problems)).unwrap_or_default(),
        proxy: section.get("proxy_url").and_then(|field| field.parsed(proxy, problems)),
    };
    if section.get("static_configs").is_none() && section.get("file_sd_configs").is_none() {
        let message = "names no Alertmanager; write static_configs: [{targets: [\"host:9093\"]}]";
        problems.add(section.line, section.path, message);
    }
    Some(settings)
}

/// Why the key is not allowed.
fn refusal(key: &str) -> Option<String> {
    if KEYS.contains(&key) {
        return None;
    }
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(known, _)| *known == key) {
        return Some(format!("is not supported here; {instead}"));
    }
    if key.ends_with("_sd_configs") {
        return Some("is not supported here; use static_configs or file_sd_configs".to_owned());
    }
    let near = did_you_mean(key, KEYS);
    Some(format!("is not a known key{near}; the section has the shape of Prometheus' own alertmanagers"))
}

fn static_targets(section: &Section<'_>, problems: &mut Problems) -> Vec<(String, Option<u16>)> {
    let groups = section.get("static_configs").map(|field| field.mappings(problems)).unwrap_or_default();
    groups.iter().flat_map(|group| group_of_targets(group, false, problems)).collect()
}

/// The members of one `{targets: [...]}`. A file of targets may have labels, which apply to the members and
/// not to the alerts.
pub(super) fn group_of_targets(
    group: &Field<'_>,
    labels: bool,
    problems: &mut Problems,
) -> Vec<(String, Option<u16>)> {
    let Some(section) = Section::open(group, &["targets", "labels"], problems) else { return Vec::new() };
    if let Some(field) = section.get("labels")
        && !labels
    {
        field.problem(
            "would apply to the Alertmanager; put labels of alerts into the top-level section labels",
            problems,
        );
    }
    let Some(field) = section.get("targets") else {
        problems.add(group.line, format!("{}.targets", group.path), "is missing; list them as host:port");
        return Vec::new();
    };
    field.texts(target, problems)
}

fn target(text: &str) -> Result<(String, Option<u16>), String> {
    let server = value::server(text)?;
    if server.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok((server, None));
    }
    Authority::parse(&server).map(|Authority { host, port }| (host, port))
}

fn target_files(section: &Section<'_>, directory: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for item in section.get("file_sd_configs").map(|field| field.mappings(problems)).unwrap_or_default() {
        // The exporter decides how often they are read: every minute, before it sends.
        let Some(section) = Section::open(&item, &["files", "refresh_interval"], problems) else { continue };
        if let Some(field) = section.get("refresh_interval") {
            field.duration(problems);
        }
        let Some(field) = section.get("files") else {
            problems.add(item.line, format!("{}.files", item.path), "is missing; list the files' paths");
            continue;
        };
        out.extend(field.texts(target_file, problems).into_iter().map(|path| directory.join(path)));
    }
    out
}

fn target_file(text: &str) -> Result<String, String> {
    let (directory, name) = text.rsplit_once('/').unwrap_or(("", text));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let known = extension.is_some_and(|extension| ["json", "yml", "yaml"].contains(&extension.as_str()));
    if known && !directory.contains('*') && name.matches('*').count() <= 1 && !text.contains('\0') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{} is not a file of targets; it ends in .json, .yml or .yaml, and only its name may have a *",
        said(text)
    ))
}

fn scheme(text: &str) -> Result<Scheme, String> {
    match text {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        _ => Err(format!("{} is not a scheme; use http or https", said(text))),
    }
}

fn api_version(text: &str) -> Result<(), String> {
    match text {
        "v2" => Ok(()),
        "v1" => Err("v1 was removed from Alertmanager in 0.27; use v2, or leave the key out".to_owned()),
        _ => Err(format!("{} is not an API version; use v2", said(text))),
    }
}

fn path_prefix(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte));
    if plain {
        let trimmed = text.trim_matches('/');
        return Ok(if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") });
    }
    Err(format!("{} is not a path; use letters, digits and -._~%/", said(text)))
}

fn proxy(text: &str) -> Result<(String, u16), String> {
    let Some(rest) = text.strip_prefix("http://") else {
        return Err("is not the address of an HTTP proxy; write http://host:port".to_owned());
    };
    if rest.contains('@') {
        return Err(
            "holds a user name or password, which is not supported; use a proxy that needs none".to_owned()
        );
    }
    match Authority::parse(rest.trim_end_matches('/'))? {
        Authority { host, port: Some(port) } => Ok((host, port)),
        Authority { port: None, .. } => Err("has no port; write http://host:port".to_owned()),
    }
}

/// `key`, or the file that `key_file` names.
fn secret(section: &Section<'_>, key: &str, directory: &Path, problems: &mut Problems) -> Option<Secret> {
    let (inline, file) = (section.get(key), section.get(&format!("{key}_file")));
    if let (Some(_), Some(file)) = (&inline, &file) {
        file.problem(format!("is set together with {key}; use only one of them"), problems);
    }
    if let Some(field) = inline {
        // As written: a password may consist of digits, and no message repeats it.
        let written = field.as_written().filter(|text| !text.is_empty());
        if written.is_none() {
            field.problem("is empty, or not a string", problems);
        }
        return written.map(|text| Secret::Inline(text.to_owned()));
    }
    file?.text(problems).map(|path| Secret::File(directory.join(path)))
}

/// The same, but required.
fn needed(section: &Section<'_>, key: &str, directory: &Path, problems: &mut Problems) -> Option<Secret> {
    if section.get(key).is_none() && section.get(&format!("{key}_file")).is_none() {
        problems.add(
            section.line,
            format!("{}.{key}", section.path),
            format!("is missing; write it, or {key}_file"),
        );
    }
    secret(section, key, directory, problems)
}

fn credentials(section: &Section<'_>, directory: &Path, problems: &mut Problems) -> Option<HttpCredentials> {
    if let (Some(_), Some(field)) = (section.get("basic_auth"), section.get("authorization")) {
        field.problem("is set together with basic_auth; use only one of them", problems);
    }
    if let Some(field) = section.get("basic_auth") {
        let section = Section::open(&field, &["username", "password", "password_file"], problems)?;
        let Some(name) = section.get("username") else {
            problems.add(section.line, format!("{}.username", section.path), "is missing");
            return None;
        };
        let username = name.parsed(username, problems);
        let password = needed(&section, "password", directory, problems);
        return Some(HttpCredentials::Basic { username: username?, password: password? });
    }
    let field = section.get("authorization")?;
    let section = Section::open(&field, &["type", "credentials", "credentials_file"], problems)?;
    let scheme =
        section.get("type").map_or(Some("Bearer".to_owned()), |field| field.parsed(auth_scheme, problems));
    let credentials = needed(&section, "credentials", directory, problems);
    Some(HttpCredentials::Other { scheme: scheme?, credentials: credentials? })
}

fn username(text: &str) -> Result<String, String> {
    if text.contains(':') || text.chars().any(char::is_control) {
        return Err(
            "has a colon or a control character, which no user name of basic authentication can have"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

fn auth_scheme(text: &str) -> Result<String, String> {
    if text.eq_ignore_ascii_case("basic") {
        return Err("Basic is written as basic_auth".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Ok(text.to_owned());
    }
    Err("is not a type of authorization, like Bearer".to_owned())
}

fn tls(field: &Field<'_>, directory: &Path, problems: &mut Problems) -> TlsClientSettings {
    let keys =
        ["ca", "ca_file", "cert", "cert_file", "key", "key_file", "server_name", "insecure_skip_verify"];
    let Some(section) = Section::open(field, &keys, problems) else { return TlsClientSettings::default() };
    let certificate = secret(&section, "cert", directory, problems);
    let key = secret(&section, "key", directory, problems);
    if certificate.is_some() != key.is_some() {
        field.problem("has a certificate without its key, or a key without its certificate", problems);
    }
    let insecure = section.get("insecure_skip_verify").and_then(|field| field.boolean(problems));
    if insecure == Some(true) {
        problems.warn(field.key_line, &*field.path, "the Alertmanager's certificate is not verified");
    }
    TlsClientSettings {
        authorities: secret(&section, "ca", directory, problems),
        identity: certificate.zip(key),
        server_name: section.get("server_name").and_then(|field| field.parsed(server_name, problems)),
        insecure: insecure.unwrap_or(false),
    }
}

fn server_name(text: &str) -> Result<String, String> {
    match Authority::parse(text)? {
        Authority { host, port: None } => Ok(host),
        Authority { .. } => Err("has a port; write the name alone".to_owned()),
    }
}

/// Reads `labels`.
pub(super) fn labels(field: &Field<'_>, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Some(section) = Section::open_any(field, problems) else { return out };
    for (key, entry) in section.fields() {
        if !value::is_label_name(key) {
            let message = "is not a label name; use letters, digits and _, not a digit first, not __ first";
            problems.add(entry.key_line, entry.path.clone(), message);
        } else if OWN_LABELS.contains(&key) {
            let message = "is a label that alerts already have; use another name";
            problems.add(entry.key_line, entry.path.clone(), message);
        }
        if let Some(value) = entry.parsed(label_value, problems) {
            out.insert(key.to_owned(), value);
        }
    }
    out
}

fn label_value(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) || text.chars().count() > LONGEST_LABEL {
        return Err(format!("must be at most {LONGEST_LABEL} characters without control characters"));
    }
    Ok(text.to_owned())
}

/// Reads `alert_links`.
pub(super) fn links(field: &Field<'_>, problems: &mut Problems) -> AlertLinks {
    let keys = ["runbook_base", "dashboard_base", "external_url"];
    let Some(section) = Section::open(field, &keys, problems) else { return AlertLinks::default() };
    let mut link = |key: &str| section.get(key).and_then(|field| field.parsed(link, problems));
    AlertLinks {
        runbook_base: link("runbook_base"),
        dashboard_base: link("dashboard_base"),
        external_url: link("external_url"),
    }
}

fn link(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
        return Err("is not the address of a page; write http://… or https://…".to_owned());
    };
    if rest.contains('@') {
        return Err("holds a user name or password, which all recipients of alerts would see".to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/:[]".contains(&byte);
    if !rest.bytes().all(plain) || text.len() > LONGEST_LABEL {
        return Err(format!(
            "is not a plain address of at most {LONGEST_LABEL} characters; use letters, digits and -._~%/:"
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Reads `alert_language`.
pub(super) fn language(text: &str) -> Result<Language, String> {
    match text {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        _ => Err(format!("{} is not a language of the alerts; use en or zh", said(text))),
    }
}
