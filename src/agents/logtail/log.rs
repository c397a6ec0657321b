//! The config that the agent loaded at its start, from its log.

use std::{path::Path, time::SystemTime};

use memchr::memrchr_iter;
use serde_json::Value;

use super::json;
use crate::{agents::LocalTime, model::snapshot::LoadedConfig};

/// The message that the agent logs before the content of its config.
const MARKER: &[u8] = b"load logtail config file, detail";

/// The config of the last such line in `log`: a log outlives its process, and the last start counts.
pub(super) fn parse_loaded_config(
    path: &Path,
    log: &[u8],
    local_time: LocalTime<'_>,
) -> Option<LoadedConfig> {
    let in_marker = MARKER.iter().position(|&b| b == b',')?;
    // A comma is rarer in logs than letters.
    let mut commas = memrchr_iter(b',', log).filter_map(|comma| comma.checked_sub(in_marker));
    let at = commas.find(|&at| log.get(at..).is_some_and(|rest| rest.starts_with(MARKER)))?;
    let (before, rest) = log.split_at_checked(at)?;
    let line_start = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    Some(LoadedConfig {
        path: path.to_owned(),
        canonical: rest.get(MARKER.len()..).and_then(canonical_of),
        at: time_of(&String::from_utf8_lossy(line_start), local_time),
    })
}

/// The canonical rendering of the object that follows the marker, on the same line or over the next ones.
fn canonical_of(logged: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(logged);
    let text = text.trim_start_matches(|c: char| c == ':' || c.is_ascii_whitespace());
    if !text.starts_with('{') {
        return None;
    }
    match json::first_value(text).ok()? {
        Value::Object(object) => Some(json::canonical(&object)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// The time of a line that begins with `[2022-12-05 11:25:39.414421]`, to the second, in the host's zone.
fn time_of(line_start: &str, local_time: LocalTime<'_>) -> Option<SystemTime> {
    let (written, _rest) = line_start.strip_prefix('[')?.split_once(']')?;
    let second = written.split('.').next()?;
    local_time(second).into_iter().next()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::{agents::ConfigFiles, model::System};

    fn seconds(written: &str) -> Vec<SystemTime> {
        let second = written.rsplit(':').next().and_then(|s| s.parse().ok());
        second.map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s)).into_iter().collect()
    }

    fn loaded(log: &str) -> Option<LoadedConfig> {
        parse_loaded_config(Path::new("/l"), log.as_bytes(), &seconds)
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn the_last_loaded_config_is_found_on_one_line_or_many() {
        let log = "[2022-12-05 11:25:39.414421]\t[info]\t[000011]\t/src/AppConfigBase.cpp:150\t\tload logtail config file, path:/a.json\n\
             [2022-12-05 11:25:40.414421]\t[info]\t[000011]\t/src/AppConfigBase.cpp:151\t\tload logtail config file, detail:{\"a\": 1}\n\
             [2022-12-05 11:25:41.414421]\t[info]\t[000011]\t/src/AppConfigBase.cpp:151\t\tload logtail config file, detail:{\n\t\"b\" : 0.40000000000000002,\n\t\"a\" : \"}\"\n}\n\n\
             [2022-12-05 11:25:42.414421]\t[info]\tnext\n";
        let loaded = loaded(log).expect("found");
        assert_eq!(loaded.canonical.as_deref(), Some(r#"{"a":"}","b":0.4}"#));
        assert_eq!(loaded.at, Some(at(41)));
        assert_eq!(loaded.path, Path::new("/l"));
    }

    #[test]
    fn what_was_logged_equals_the_file_that_was_loaded() {
        let file = b"{ // limits\n \"mem_usage_limit\" : 384, \"cpu_usage_limit\" : 0.4, \"x\" : 2.0 }";
        let log = "[2022-12-05 11:25:41.1] x load logtail config file, detail:{\n   \"cpu_usage_limit\" : 0.40000000000000002,\n   \"mem_usage_limit\" : 384,\n   \"x\" : 2.0\n}\n";
        let canonical = super::super::config::parse(ConfigFiles {
            path: Path::new("/c"),
            bytes: file,
            parts: &[],
            system: System::Linux,
        })
        .expect("accepted")
        .canonical;
        assert!(canonical.is_some());
        assert_eq!(loaded(log).expect("found").canonical, canonical);
    }

    #[test]
    fn a_line_that_cannot_be_read_proves_nothing() {
        assert_eq!(loaded("[2022-12-05 11:25:41.1] load logtail config file, path:/a\n"), None);
        let cut = loaded("[2022-12-05 11:25:41.1] load logtail config file, detail:{\"a\": ").expect("found");
        assert_eq!((cut.canonical, cut.at), (None, Some(at(41))));
        let odd = loaded("load logtail config file, detail:none {\"a\":1}").expect("found");
        assert_eq!((odd.canonical, odd.at), (None, None));
    }

    #[test]
    fn the_oldest_generations_prefix_is_read() {
        let log = "[2018-02-06 08:13:35.721864]    [INFO]    [8]    [AppConfig.cpp:104]    load logtail config file, detail:{}";
        let loaded = loaded(log).expect("found");
        assert_eq!((loaded.canonical.as_deref(), loaded.at), (Some("{}"), Some(at(35))));
    }

    #[test]
    fn no_secret_of_the_log_is_kept() {
        let loaded = loaded("load logtail config file, detail:{\"access_key\": \"S3CRET\"}").expect("found");
        assert!(!format!("{loaded:?}").contains("S3CRET"));
    }

    proptest! {
        #[test]
        fn arbitrary_logs_never_panic(
            before in proptest::collection::vec(any::<u8>(), 0..60),
            after in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let log = [&before[..], MARKER, &after[..]].concat();
            prop_assert!(parse_loaded_config(Path::new("/l"), &log, &seconds).is_some());
        }
    }
}
