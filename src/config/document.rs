//! The config file as a whole: from bytes to [`Settings`].

use std::path::Path;

use super::{
    ClockSettings, ConfigError, Settings, agent, alerting, hosts,
    problem::{ConfigProblem, Problems},
    section::{Field, Section},
    value, yaml,
};

/// The largest config file that is read. The example of the documentation is 2 KiB.
pub(super) const LARGEST_FILE: usize = 1024 * 1024;

const KEYS: [&str; 9] = [
    "detect",
    "agents",
    "clock",
    "cloud_metadata",
    "alertmanagers",
    "labels",
    "alert_language",
    "alert_links",
    "hosts",
];

/// Reads the config in `text`; `file` is for messages. Returns the settings and warnings for the log.
///
/// # Errors All its problems, at once.
pub fn parse(text: &[u8], file: &Path) -> Result<(Settings, Vec<ConfigProblem>), ConfigError> {
    parse_with(text, file, Problems::default())
}

/// The same, with the environment of `problems`.
pub(super) fn parse_with(
    text: &[u8],
    file: &Path,
    mut problems: Problems,
) -> Result<(Settings, Vec<ConfigProblem>), ConfigError> {
    let settings = match readable(text) {
        Ok(text) => settings(text, file, &mut problems),
        Err((line, message)) => {
            problems.add(line, "", message);
            Settings::default()
        }
    };
    let (problems, warnings) = problems.finish();
    if problems.is_empty() { Ok((settings, warnings)) } else { Err(error(file, problems)) }
}

/// A [`ConfigError`] about `file`.
pub(super) fn error(file: &Path, problems: Vec<ConfigProblem>) -> ConfigError {
    ConfigError { file: file.to_owned(), problems }
}

/// The content as text, if it is text. A byte order mark at its beginning is left to the YAML parser, which skips it.
pub(super) fn readable(bytes: &[u8]) -> Result<&str, (usize, String)> {
    if bytes.len() > LARGEST_FILE {
        return Err((1, format!("is larger than {} KiB", LARGEST_FILE / 1024)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((1, "is UTF-16; save it as UTF-8".to_owned()));
    }
    let line_of = |before: &[u8]| before.split(|byte| *byte == b'\n').count();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        (line_of(before), "is not UTF-8 text; save it as UTF-8".to_owned())
    })?;
    // The YAML parser treats NUL as the end of the file and would silently drop the rest.
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    if let Some(at) = bytes.iter().position(control) {
        let before = bytes.get(..at).unwrap_or_default();
        let byte = bytes.get(at).copied().unwrap_or_default();
        return Err((
            line_of(before),
            format!("holds the control character {byte:#04x}; is this a text file?"),
        ));
    }
    Ok(text)
}

fn settings(text: &str, file: &Path, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    let Some(root) = yaml::parse(text, problems) else { return settings };
    let Some(section) = Section::open(&Field::root(&root), &KEYS, problems) else { return settings };
    let detect = section.get("detect").and_then(|field| field.boolean(problems));
    // An empty value is a section whose content is commented out: as if the key were not there.
    let agents = section.get("agents").filter(|field| !field.node.is_null());
    settings.detect = detect.unwrap_or(agents.is_none());
    if let Some(field) = &agents {
        settings.agents = agent::agents(field, file, problems);
    }
    if let Some(field) = section.get("clock") {
        settings.clock = clock(&field, problems);
    }
    if let Some(field) = section.get("cloud_metadata") {
        settings.cloud_metadata = field.boolean(problems).unwrap_or_default();
    }
    if let Some(field) = section.get("alertmanagers") {
        settings.alerting.alertmanagers = alerting::alertmanagers(&field, file, problems);
    }
    if let Some(field) = section.get("labels") {
        settings.alerting.labels = alerting::labels(&field, problems);
    }
    if let Some(field) = section.get("alert_language") {
        settings.alerting.language = field.parsed(alerting::language, problems).unwrap_or_default();
    }
    if let Some(field) = section.get("alert_links") {
        settings.alerting.links = alerting::links(&field, problems);
    }
    if let Some(field) = section.get("hosts") {
        settings.hosts = hosts::hosts(&field, &settings, problems);
    }
    if !settings.detect && settings.agents.is_empty() {
        problems.warn(None, "", "nothing to watch: detect is off and agents is empty");
    }
    settings
}

fn clock(field: &Field<'_>, problems: &mut Problems) -> ClockSettings {
    let mut clock = ClockSettings::default();
    let keys = ["max_offset", "warn_offset", "ntp_servers"];
    let Some(section) = Section::open(field, &keys, problems) else { return clock };
    clock.max_offset = section.get("max_offset").and_then(|field| field.duration(problems));
    if let Some(offset) = section.get("warn_offset").and_then(|field| field.duration(problems)) {
        clock.warn_offset = offset;
    }
    if let Some(field) = section.get("ntp_servers") {
        clock.ntp_servers = field.texts(value::server, problems);
    }
    if let Some(limit) = clock.max_offset
        && !limit.is_zero()
        && clock.warn_offset > limit
    {
        let (warn, limit) =
            (humantime::format_duration(clock.warn_offset), humantime::format_duration(limit));
        problems.warn(
            section.line,
            "clock.warn_offset",
            format!("{warn} is beyond max_offset ({limit}) so it never warns first"),
        );
    }
    clock
}
