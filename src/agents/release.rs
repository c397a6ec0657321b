//! Releases of agents, for comparison, and capabilities with their first release.

use std::{cmp::Ordering, fmt};

use crate::model::Reading;

/// The first three numbers of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release([u32; 3]);

impl Release {
    /// `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch])
    }

    /// The number that a version begins with: `1.8.8 Community Edition`, `3.0.12.0`, `2.8`. `None`: it does not begin
    /// with one.
    pub fn parse(version: &str) -> Option<Self> {
        let number = version.trim().trim_start_matches('v');
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let mut parts = number.get(..end)?.split('.');
        let mut next = || -> Option<u32> { parts.next().filter(|part| !part.is_empty())?.parse().ok() };
        let (major, minor) = (next()?, next()?);
        Some(Self([major, minor, next().unwrap_or(0)]))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// A capability that not every release of an agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Corrects its times by the service's.
    TimeAdjustment,
    /// Uses the proxy in its environment.
    ProxyEnvironment,
    /// Reads the address to report from its environment.
    AddressOfEnvironment,
    /// Uses every line of the identifier file as an identifier.
    SeveralIdentifiers,
    /// Asks the cloud's metadata service with a token.
    MetadataToken,
    /// Reads the config keys of the third generation.
    ThirdGenerationKeys,
    /// Accepts a host name, and not only an address, for a config server of the community edition's protocol.
    ServerByName,
}

/// A capability's first release.
#[derive(Debug, Clone, Copy)]
pub struct FeatureSince {
    /// What.
    pub feature: Feature,
    /// The first release with it.
    pub since: Release,
    /// Who says so.
    pub source: &'static str,
}

/// A defect of some releases that affects the heartbeat.
#[derive(Debug, Clone, Copy)]
pub struct Defect {
    /// The first release with it; `None`: all before `mended`.
    pub from: Option<Release>,
    /// The first release without it.
    pub mended: Release,
    /// When it matters.
    pub when: When,
    /// The defect, as a sentence without a full stop.
    pub what: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// When a defect matters: features that a host does not use cannot fail on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// The agent sends by transfer acceleration.
    Accelerated,
    /// The agent has died repeatedly.
    Crashing,
}

/// A parameter that a version ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// Its key, as in [`Parameter`](crate::model::snapshot::Parameter).
    pub key: String,
    /// The first release that reads it.
    pub since: Release,
    /// The key that this version reads instead.
    pub instead: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// True if a version has this capability by the table, or is not known.
pub fn supports(
    features: &[FeatureSince],
    feature: Feature,
    version: &Reading<Option<String>>,
) -> Reading<bool> {
    let Some(entry) = features.iter().find(|entry| entry.feature == feature) else {
        return Reading::Known(true);
    };
    version.as_ref().map(|version| {
        let release = version.as_deref().and_then(Release::parse);
        release.is_none_or(|release| release.cmp(&entry.since) != Ordering::Less)
    })
}

/// The defects of a version by the table.
pub fn defects(table: &'static [Defect], version: &str) -> Vec<&'static Defect> {
    let Some(release) = Release::parse(version) else { return Vec::new() };
    let has = |defect: &&Defect| release < defect.mended && defect.from.is_none_or(|from| from <= release);
    table.iter().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reason, Why};

    #[test]
    fn versions_begin_with_a_number_that_can_be_compared() {
        for (version, release) in [
            ("1.3.1", Some("1.3.1")),
            ("0.16.42", Some("0.16.42")),
            ("1.8.8 Community Edition", Some("1.8.8")),
            ("3.0.12.0", Some("3.0.12")),
            ("2.8", Some("2.8.0")),
            ("v2.0.7-rc1", Some("2.0.7")),
            ("2.0.x", Some("2.0.0")),
            ("3", None),
            ("", None),
            ("unknown", None),
            ("99999999999.1.1", None),
        ] {
            assert_eq!(
                Release::parse(version).map(|found| found.to_string()).as_deref(),
                release,
                "{version}"
            );
        }
        assert!(Release::parse("0.16.9") < Release::parse("0.16.10"));
    }

    #[test]
    fn a_feature_does_not_apply_without_a_version_and_is_undecided_without_a_reading() {
        let features = [FeatureSince {
            feature: Feature::ProxyEnvironment,
            since: Release::new(1, 5, 1),
            source: "a document",
        }];
        let of = |version: Reading<Option<String>>| supports(&features, Feature::ProxyEnvironment, &version);
        let known = |version: &str| of(Reading::Known(Some(version.to_owned())));
        assert_eq!(known("1.5.0"), Reading::Known(false));
        assert_eq!(known("1.5.1"), Reading::Known(true));
        assert_eq!(known("a word"), Reading::Known(true));
        assert_eq!(of(Reading::Known(None)), Reading::Known(true));
        assert!(of(Reading::Unknown(Why::new(Reason::Denied, "app_info.json", "denied"))).why().is_some());
        let other = supports(&features, Feature::MetadataToken, &Reading::Known(Some("0.1.0".to_owned())));
        assert_eq!(other, Reading::Known(true), "what no row says");
    }
}
