//! The file of `--web.config.file`: the format of Prometheus' exporter-toolkit, with every key.
//!
//! Source: <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    ConfigError,
    document::{error, readable},
    problem::{Problems, did_you_mean, said},
    section::{Field, Section},
    yaml,
};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfig {
    /// TLS; without it the server speaks plain HTTP.
    pub tls: Option<TlsConfig>,
    /// HTTP/2 is offered for TLS connections.
    pub http2: bool,
    /// Headers of every answer, in the order of the file; an empty value removes the exporter's own.
    pub headers: Vec<(&'static str, String)>,
    /// Users and the bcrypt hashes of their passwords; empty: no authentication.
    pub users: Vec<User>,
    /// Limits requests.
    pub rate_limit: Option<RateLimit>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { tls: None, http2: true, headers: Vec::new(), users: Vec::new(), rate_limit: None }
    }
}

/// One user. `Debug` shows no hash.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password's bcrypt hash.
    pub hash: String,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A token bucket for all requests together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Time until one more request may be answered.
    pub interval: Duration,
    /// Requests that may be answered at once.
    pub burst: u32,
}

/// `tls_server_config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The server's certificate, and the intermediate certificates.
    pub certificate: Pem,
    /// Its private key.
    pub key: Pem,
    /// The required client authentication.
    pub client_auth: ClientAuth,
    /// The authorities of clients.
    pub client_ca: Option<Pem>,
    /// One of these must be among a client certificate's names; empty: any will do.
    pub allowed_sans: Vec<String>,
    /// TLS 1.2 is spoken.
    pub tls12: bool,
    /// TLS 1.3 is spoken.
    pub tls13: bool,
    /// Cipher suites of TLS 1.2 by Go's names, in order of preference; empty: the usual ones.
    pub cipher_suites: Vec<&'static str>,
    /// Groups of the key exchange by Go's names, in order of preference; empty: the usual ones.
    pub curves: Vec<&'static str>,
    /// The server's order of preference is used.
    pub prefer_server_order: bool,
}

/// A PEM value, and the key that refers to it. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// Where it is.
    pub source: PemSource,
    /// The key that refers to it.
    pub key: String,
    /// The line of that key.
    pub line: usize,
}

/// Where a PEM value is.
#[derive(Clone, PartialEq, Eq)]
pub enum PemSource {
    /// In the file itself.
    Inline(String),
    /// In a separate file.
    File(PathBuf),
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            PemSource::Inline(_) => f.write_str("inline"),
            PemSource::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What is asked of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nothing.
    None,
    /// A certificate, which is not verified.
    Request,
    /// The same, but required.
    RequireAny,
    /// A certificate issued by `client_ca`, or none.
    VerifyIfGiven,
    /// A certificate of `client_ca`.
    RequireAndVerify,
}

const CLIENT_AUTH: [(&str, ClientAuth); 6] = [
    ("NoClientCert", ClientAuth::None),
    ("RequestClientCert", ClientAuth::Request),
    ("RequireAnyClientCert", ClientAuth::RequireAny),
    ("RequireClientCert", ClientAuth::RequireAny), // an older name
    ("VerifyClientCertIfGiven", ClientAuth::VerifyIfGiven),
    ("RequireAndVerifyClientCert", ClientAuth::RequireAndVerify),
];

/// Go's names of cipher suites, and whether this server has them. Those of TLS 1.3 are always enabled, as in Go.
const CIPHER_SUITES: [(&str, bool); 20] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", true),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", true),
    ("TLS_AES_128_GCM_SHA256", true),
    ("TLS_AES_256_GCM_SHA384", true),
    ("TLS_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", false),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", false),
    ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", false),
];

/// Go's names of groups, and whether this server has them.
const CURVES: [(&str, bool); 5] = [
    ("X25519", true),
    ("CurveP256", true),
    ("CurveP384", true),
    ("CurveP521", false),
    ("X25519MLKEM768", false),
];

const VERSIONS: [&str; 4] = ["TLS10", "TLS11", "TLS12", "TLS13"];

/// The headers that may be set, and their allowed values, if limited.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-XSS-Protection", &[]),
    ("Strict-Transport-Security", &[]),
];

/// Reads the config in `text`; `file` is for messages, and relative paths are relative to its directory.
/// Returns it with warnings for the log.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn parse(text: &[u8], file: &Path) -> Result<(WebConfig, Vec<super::ConfigProblem>), ConfigError> {
    let mut problems = Problems::default();
    let mut config = WebConfig::default();
    match readable(text) {
        Ok(text) => document(text, file, &mut config, &mut problems),
        Err((line, message)) => problems.add(line, "", message),
    }
    let (problems, warnings) = problems.finish();
    if problems.is_empty() { Ok((config, warnings)) } else { Err(error(file, problems)) }
}

fn document(text: &str, file: &Path, config: &mut WebConfig, problems: &mut Problems) {
    let Some(root) = yaml::parse(text, problems) else { return };
    let keys = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];
    let Some(section) = Section::open(&Field::root(&root), &keys, problems) else { return };
    if let Some(field) = section.get("tls_server_config") {
        config.tls = tls(&field, file.parent().unwrap_or(Path::new("")), problems);
    }
    if let Some(field) = section.get("http_server_config")
        && let Some(section) = Section::open(&field, &["http2", "headers"], problems)
    {
        if let Some(http2) = present(&section, "http2").and_then(|field| field.boolean(problems)) {
            config.http2 = http2;
        }
        if let Some(field) = section.get("headers") {
            config.headers = headers(&field, problems);
        }
    }
    if let Some(field) = section.get("basic_auth_users")
        && let Some(section) = Section::open_any(&field, problems)
    {
        for (name, field) in section.fields() {
            if let Some(hash) = field.parsed(bcrypt_hash, problems) {
                config.users.push(User { name: name.to_owned(), hash });
            }
        }
    }
    if let Some(field) = section.get("rate_limit") {
        config.rate_limit = rate_limit(&field, problems);
    }
}

/// The value of a key that is present and not empty: as in the toolkit, an empty value counts as absent.
fn present<'n>(section: &Section<'n>, key: &str) -> Option<Field<'n>> {
    section.get(key).filter(|field| !field.node.is_null() && field.as_written() != Some(""))
}

fn tls(field: &Field<'_>, directory: &Path, problems: &mut Problems) -> Option<TlsConfig> {
    let keys = [
        "cert",
        "key",
        "client_ca",
        "cert_file",
        "key_file",
        "client_auth_type",
        "client_ca_file",
        "client_allowed_sans",
        "min_version",
        "max_version",
        "cipher_suites",
        "prefer_server_cipher_suites",
        "curve_preferences",
    ];
    let section = Section::open(field, &keys, problems)?;
    let enabling =
        ["cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file", "client_auth_type"];
    if !enabling.iter().any(|key| present(&section, key).is_some()) {
        return None;
    }
    let certificate = pem(&section, "cert", directory, problems);
    let key = pem(&section, "key", directory, problems);
    for (found, what) in [(&certificate, "cert"), (&key, "key")] {
        if found.is_none() && present(&section, what).is_none() {
            let message = format!("is missing; write {what}_file, or {what} with the PEM text itself");
            problems.add(section.line, format!("tls_server_config.{what}_file"), message);
        }
    }
    let client_ca = pem(&section, "client_ca", directory, problems);
    let client_auth = client_auth(&section, client_ca.is_some(), problems);
    let allowed_sans = match present(&section, "client_allowed_sans") {
        Some(field) => {
            if !matches!(client_auth, ClientAuth::RequireAny | ClientAuth::RequireAndVerify) {
                let message = "needs client_auth_type RequireAndVerifyClientCert (or RequireAnyClientCert)";
                field.problem(message, problems);
            }
            field.texts(|text| Ok(text.to_owned()), problems)
        }
        None => Vec::new(),
    };
    let (tls12, tls13) = versions(&section, problems);
    let cipher_suites = known(&section, "cipher_suites", &CIPHER_SUITES, problems);
    let curves = known(&section, "curve_preferences", &CURVES, problems);
    let prefer = present(&section, "prefer_server_cipher_suites");
    Some(TlsConfig {
        certificate: certificate?,
        key: key?,
        client_auth,
        client_ca,
        allowed_sans,
        tls12,
        tls13,
        cipher_suites,
        curves,
        prefer_server_order: prefer.and_then(|field| field.boolean(problems)).unwrap_or(true),
    })
}

/// The PEM of `key` or of the file that `key_file` names; the file takes precedence, as in the toolkit.
fn pem(section: &Section<'_>, key: &str, directory: &Path, problems: &mut Problems) -> Option<Pem> {
    let named = |field: &Field<'_>, source| Pem { source, key: field.path.clone(), line: field.line };
    if let Some(field) = present(section, &format!("{key}_file")) {
        let path = field.text(problems)?;
        return Some(named(&field, PemSource::File(directory.join(path))));
    }
    let field = present(section, key)?;
    let text = field.text(problems)?;
    Some(named(&field, PemSource::Inline(text.to_owned())))
}

fn client_auth(section: &Section<'_>, has_authority: bool, problems: &mut Problems) -> ClientAuth {
    let said_so = present(section, "client_auth_type");
    let known = |text: &str| {
        CLIENT_AUTH.iter().find(|(name, _)| *name == text).map(|(_, auth)| *auth).ok_or_else(|| {
            let names = CLIENT_AUTH.map(|(name, _)| name);
            let near = did_you_mean(text, names);
            format!("{} is not a client_auth_type{near}; use one of {}", said(text), names.join(", "))
        })
    };
    let auth = said_so.as_ref().and_then(|field| field.parsed(known, problems));
    let authority = present(section, "client_ca_file").or_else(|| present(section, "client_ca"));
    match (auth, authority) {
        (None | Some(ClientAuth::None), Some(field)) if said_so.is_none() || auth.is_some() => {
            field.problem(
                "names authorities of clients, but client_auth_type asks for none; write client_auth_type: \
                 RequireAndVerifyClientCert",
                problems,
            );
        }
        (Some(ClientAuth::VerifyIfGiven | ClientAuth::RequireAndVerify), _) if !has_authority => {
            if let Some(field) = said_so {
                field.problem("needs the authorities of clients; write client_ca_file", problems);
            }
        }
        _ => {}
    }
    auth.unwrap_or(ClientAuth::None)
}

/// Whether TLS 1.2 and TLS 1.3 are enabled.
fn versions(section: &Section<'_>, problems: &mut Problems) -> (bool, bool) {
    let mut place = |key: &str, default: usize| {
        let check = |text: &str| {
            VERSIONS.iter().position(|version| *version == text).ok_or_else(|| {
                format!("{} is not a TLS version; use one of {}", said(text), VERSIONS.join(", "))
            })
        };
        let field = present(section, key);
        let place = field.as_ref().and_then(|field| field.parsed(check, problems));
        (place.unwrap_or(default), field)
    };
    let (min, min_field) = place("min_version", 2);
    let (max, max_field) = place("max_version", 3);
    if min < 2 {
        let version = VERSIONS.get(min).copied().unwrap_or_default();
        problems.warn(
            min_field.map_or(section.line, |field| field.line),
            "tls_server_config.min_version",
            format!("{version} is not supported by this server; TLS12 is the oldest"),
        );
    }
    if let Some(field) = max_field
        && (max < 2 || max < min)
    {
        let message = if max < 2 {
            "is not supported by this server; use TLS12 or TLS13"
        } else {
            "is below min_version"
        };
        field.problem(message, problems);
    }
    (min <= 2 && max >= 2, max >= 3)
}

/// The names in a list that this server supports; those that only Go supports are ignored with a warning.
fn known(
    section: &Section<'_>,
    key: &str,
    names: &[(&'static str, bool)],
    problems: &mut Problems,
) -> Vec<&'static str> {
    let Some(field) = present(section, key) else { return Vec::new() };
    let usable = || names.iter().filter(|(_, has)| *has).map(|(name, _)| *name);
    let check = |text: &str| {
        names.iter().find(|(name, _)| *name == text).copied().ok_or_else(|| {
            let near = did_you_mean(text, usable());
            format!(
                "{} is unknown{near}; use some of {}",
                said(text),
                usable().collect::<Vec<_>>().join(", ")
            )
        })
    };
    let listed = field.texts(check, problems);
    let (has, lacks): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, has)| *has);
    let lacking = lacks.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if has.is_empty() && !lacks.is_empty() {
        let usable = usable().collect::<Vec<_>>().join(", ");
        field.problem(format!("{lacking}: not part of this server; use some of {usable}"), problems);
    } else if !lacks.is_empty() {
        problems.warn(field.line, field.path, format!("{lacking}: not part of this server, left out"));
    }
    has.into_iter().map(|(name, _)| name).collect()
}

fn headers(field: &Field<'_>, problems: &mut Problems) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let Some(section) = Section::open_any(field, problems) else { return out };
    for (name, field) in section.fields() {
        let Some((name, values)) = HEADERS.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))
        else {
            let names = HEADERS.map(|(header, _)| header);
            let near = did_you_mean(name, names);
            let message = format!("is not a header that can be set{near}; use one of {}", names.join(", "));
            problems.add(field.key_line, field.path.clone(), message);
            continue;
        };
        let check = |text: &str| {
            if !values.is_empty() && !values.contains(&text) {
                Err(format!("{} is not one of {}", said(text), values.join(", ")))
            } else if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                Ok(text.to_owned())
            } else {
                Err("holds characters that a header cannot have".to_owned())
            }
        };
        match field.as_written() {
            None if !field.node.is_null() => field.problem("must be a string", problems),
            None | Some("") => out.push((*name, String::new())),
            Some(text) => out.extend(field.noted(check(text), problems).map(|value| (*name, value))),
        }
    }
    out
}

/// A bcrypt hash, as `htpasswd -nB` writes it. Never repeated.
fn bcrypt_hash(text: &str) -> Result<String, String> {
    text.parse::<bcrypt::HashParts>()
        .map(|_| text.to_owned())
        .map_err(|_| "is not a bcrypt hash; make one with: htpasswd -nBC 10 \"\" | tr -d ':\\n'".to_owned())
}

fn rate_limit(field: &Field<'_>, problems: &mut Problems) -> Option<RateLimit> {
    let section = Section::open(field, &["interval", "burst"], problems)?;
    let interval =
        present(&section, "interval").and_then(|field| field.duration(problems)).unwrap_or_default();
    let burst = present(&section, "burst").and_then(|field| field.integer(0..=1_000_000, problems));
    if interval.is_zero() {
        return None;
    }
    let burst = burst.unwrap_or_default();
    if burst == 0 {
        problems.add(section.line, "rate_limit.burst", "must be at least 1, or no request is ever answered");
    }
    Some(RateLimit { interval, burst })
}

#[cfg(test)]
#[path = "tests/web.rs"]
mod tests;
