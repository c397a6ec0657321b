//! The capabilities of Logtail's releases, and the defects of some. Data, each row with its source.

use std::net::IpAddr;

use crate::{
    agents::{
        address::ServerAddress,
        release::{Defect, Feature, FeatureSince, Release, Unsupported, When, supports},
    },
    model::{
        Reading, Why,
        snapshot::{Edition, Parameters},
    },
};

use super::config::{bare_key, is_community_server};

/// Capabilities, with their first release.
pub(super) static FEATURES: &[FeatureSince] = &[
    FeatureSince {
        feature: Feature::SeveralIdentifiers,
        since: Release::new(0, 12, 0),
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 0.12.0",
    },
    FeatureSince {
        feature: Feature::AddressOfEnvironment,
        since: Release::new(0, 16, 24),
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 0.16.24",
    },
    FeatureSince {
        feature: Feature::TimeAdjustment,
        since: Release::new(1, 0, 21),
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 1.0.21",
    },
    FeatureSince {
        feature: Feature::ProxyEnvironment,
        since: Release::new(1, 5, 1),
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 1.5.1",
    },
    FeatureSince {
        feature: Feature::ServerByName,
        since: Release::new(1, 8, 0),
        source: "https://github.com/alibaba/loongcollector/pull/1071",
    },
    FeatureSince {
        feature: Feature::MetadataToken,
        since: Release::new(2, 1, 13),
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 2.1.13",
    },
    FeatureSince {
        feature: Feature::ThirdGenerationKeys,
        since: Release::new(3, 0, 0),
        source: "https://github.com/aliyun/alibabacloud-aiops-skills, \
                 skills/storage/sls/alibabacloud-loongcollector-ops/references/machine-group.md",
    },
];

/// Defects, with the affected releases.
pub(super) static DEFECTS: &[Defect] = &[
    Defect {
        from: None,
        mended: Release::new(0, 9, 7),
        when: When::Always,
        what: "hosts made from one image report the same identity",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 0.9.7",
    },
    Defect {
        from: None,
        mended: Release::new(0, 13, 7),
        when: When::Always,
        what: "the thread that fetches the config can freeze, and a damaged checkpoint file prevents the start",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 0.13.7",
    },
    Defect {
        from: None,
        mended: Release::new(1, 0, 22),
        when: When::Accelerated,
        what: "after a network failure it can stop reporting its state by transfer acceleration",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 1.0.22",
    },
    Defect {
        from: Some(Release::new(1, 3, 0)),
        mended: Release::new(1, 3, 1),
        when: When::Always,
        what: "it can choose a wrong IP address, and restart again and again because of it",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 1.3.1; \
                 https://github.com/alibaba/loongcollector/issues/576",
    },
    Defect {
        from: None,
        mended: Release::new(1, 8, 11),
        when: When::Crashing,
        what: "resolving a host name in several threads can crash it",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 1.8.11",
    },
    Defect {
        from: Some(Release::new(2, 0, 0)),
        mended: Release::new(2, 0, 7),
        when: When::Crashing,
        what: "resolving a host name in several threads can crash it",
        source: "Alibaba Cloud SLS: release notes of Logtail for Linux, 2.0.7",
    },
];

/// The servers of a config if a version ignores all of them: it does not know the key, or, for the community edition's
/// servers, accepts only addresses.
pub(super) fn unsupported(
    parameters: &Parameters,
    edition: &Reading<Edition>,
    version: &Reading<Option<String>>,
) -> Result<Vec<Unsupported>, Why> {
    let config = parameters.config_servers.iter().map(|server| server.key.as_str());
    let data = parameters.data_servers.iter().map(|server| server.endpoint.key.as_str());
    let third = [
        (only_of("config_servers[", config), "config_server_address"),
        (only_of("data_servers[", data), "data_server_list"),
    ];
    let mut servers = parameters.config_servers.iter();
    let is_name =
        |host: &str| ServerAddress::parse(host).is_some_and(|server| server.host.parse::<IpAddr>().is_err());
    let by_name = servers.find(|server| is_community_server(&server.key) && is_name(&server.value));
    let candidates = third
        .into_iter()
        .filter_map(|(key, instead)| Some((key?, Feature::ThirdGenerationKeys, instead)))
        .chain(by_name.map(|server| (server.key.clone(), Feature::ServerByName, "the server's IP address")));
    let mut found = Vec::new();
    for (key, feature, instead) in candidates {
        let Some(entry) = FEATURES.iter().find(|entry| entry.feature == feature) else { continue };
        if *supports(FEATURES, feature, version).as_result()? {
            continue;
        }
        // The community edition has its own config servers, and does not need the service's.
        if edition.as_result()?.community == (feature == Feature::ServerByName) {
            found.push(Unsupported { key, since: entry.since, instead, source: entry.source });
        }
    }
    Ok(found)
}

/// The first of the keys, if all of them have this prefix.
fn only_of<'a>(beginning: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let all = keys.clone().all(|key| bare_key(key).starts_with(beginning));
    keys.into_iter().next().filter(|_| all).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::agents::release::defects;

    fn is_source(source: &str) -> bool {
        source.starts_with("https://") || (source.contains(": ") && source.contains(char::is_numeric))
    }

    #[test]
    fn no_row_lacks_a_source() {
        for FeatureSince { feature, source, .. } in FEATURES {
            assert!(is_source(source), "{feature:?}: {source}");
        }
        for Defect { mended, source, .. } in DEFECTS {
            assert!(is_source(source), "{mended}: {source}");
        }
        assert!(!is_source("") && !is_source("memory"));
    }

    #[test]
    fn every_feature_has_one_row_in_the_order_of_releases() {
        let features: BTreeSet<_> = FEATURES.iter().map(|entry| entry.feature).collect();
        assert_eq!(features.len(), FEATURES.len());
        assert!(FEATURES.is_sorted_by_key(|entry| entry.since));
        assert!(DEFECTS.is_sorted_by_key(|defect| defect.mended));
        assert!(DEFECTS.iter().all(|defect| defect.from.is_none_or(|from| from < defect.mended)));
    }

    #[test]
    fn a_defect_is_that_of_the_releases_between_and_of_no_other() {
        let of = |version: &str| -> Vec<_> {
            defects(DEFECTS, version)
                .into_iter()
                .filter(|defect| defect.when == When::Always)
                .map(|defect| defect.mended.to_string())
                .collect()
        };
        assert_eq!(of("1.3.0"), ["1.3.1"]);
        assert_eq!(of("0.9.6"), ["0.9.7", "0.13.7"]);
        for healthy in ["0.16.42", "1.2.1", "1.3.1", "1.8.8 Community Edition", "2.0.8", "3.1.4", "unknown"] {
            assert!(of(healthy).is_empty(), "{healthy}");
        }
        let crashing = |version: &str| defects(DEFECTS, version).iter().any(|d| d.when == When::Crashing);
        assert!(crashing("1.8.8") && crashing("2.0.5") && !crashing("1.8.11") && !crashing("2.0.7"));
    }
}
