//! Names of programs and services, by generation.

use std::path::Path;

/// Names of the executable, each also with `_<version>`.
const NAMES: [&str; 2] = ["ilogtail", "loongcollector"];

/// True for `1.3.1`, `3.0.12.0`, `3.0.12-beta`: the part after `ilogtail_`. Archives and backups have other suffixes.
pub(super) fn is_version(text: &str) -> bool {
    let mut parts = text.split('-');
    let number = parts.next().unwrap_or_default();
    number.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

pub(super) fn is_executable_name(name: &str) -> bool {
    NAMES.iter().any(|&known| match name.strip_prefix(known) {
        Some(rest) => rest.is_empty() || rest.strip_prefix('_').is_some_and(is_version),
        None => false,
    })
}

/// `name` of the service that starts the agent: by generation, then by the directory's name.
pub(super) fn service(dir: &Path, version: Option<&str>) -> &'static str {
    let is_third_generation =
        version.and_then(|version| version.split('.').next()?.parse::<u32>().ok()).map(|major| major >= 3);
    let is_loongcollector = is_third_generation.unwrap_or_else(|| is_named_loongcollector(dir));
    if is_loongcollector { "loongcollectord" } else { "ilogtaild" }
}

pub(super) fn is_named_loongcollector(dir: &Path) -> bool {
    dir.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("loongcollector"))
}
