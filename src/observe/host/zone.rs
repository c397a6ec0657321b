//! Local times as agents write them: without a zone, in the host's zone, in that of their `TZ`, or in UTC.

use std::{path::Path, time::SystemTime};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::file::Files;
use crate::model::{Reading, snapshot::FileState};

/// The zones in which a time may be written, the most likely first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones(Vec<TimeZone>);

impl Zones {
    /// The host's zone and UTC.
    pub fn of_host(files: Files<'_>) -> Self {
        let host = compiled(files, Path::new("/etc/localtime"));
        Self(host.into_iter().chain([TimeZone::UTC]).collect())
    }

    /// The same, and the zone that the variable `TZ` of a process names.
    #[must_use]
    pub fn with_variable(&self, files: Files<'_>, variable: Option<&str>) -> Self {
        let named = variable.and_then(|value| of_variable(files, value));
        let mut zones = self.0.clone();
        zones.extend(named);
        Self(zones)
    }

    /// Every moment that `text` (`YYYY-mm-dd HH:MM:SS[.fff]`) can mean: one for each zone, two if clocks were set back
    /// then.
    pub fn moments(&self, text: &str) -> Vec<SystemTime> {
        let Ok(time) = text.trim().parse::<DateTime>() else { return Vec::new() };
        let mut moments = Vec::new();
        for zone in &self.0 {
            let readings: [Option<Timestamp>; 2] = [
                zone.to_ambiguous_timestamp(time).earlier().ok(),
                zone.to_ambiguous_timestamp(time).later().ok(),
            ];
            for moment in readings.into_iter().flatten().map(SystemTime::from) {
                if !moments.contains(&moment) {
                    moments.push(moment);
                }
            }
        }
        moments
    }
}

/// `Asia/Shanghai`, `:Asia/Shanghai`, `:/etc/localtime`, or the POSIX form `CST-8`.
fn of_variable(files: Files<'_>, value: &str) -> Option<TimeZone> {
    let name = value.strip_prefix(':').unwrap_or(value);
    if name.is_empty() {
        return Some(TimeZone::UTC);
    }
    compiled(files, &Path::new("/usr/share/zoneinfo").join(name)).or_else(|| TimeZone::posix(value).ok())
}

fn compiled(files: Files<'_>, path: &Path) -> Option<TimeZone> {
    match files.read(path) {
        Reading::Known(FileState::Present(file)) => TimeZone::tzif("local", &file.content.ok()?.0).ok(),
        Reading::Known(_) | Reading::Unknown(_) => None,
    }
}
