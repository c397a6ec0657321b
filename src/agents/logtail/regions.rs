//! How the service (SLS) names its regions and hosts.

use crate::{
    agents::{HostClass, address::host_of},
    model::NetworkType,
};

/// Regions in the vendor's documents, closed ones and those only known from the compute service included.
pub(super) const REGIONS: &[&str] = &[
    "cn-hangzhou",
    "cn-shanghai",
    "cn-nanjing",
    "cn-fuzhou",
    "cn-qingdao",
    "cn-beijing",
    "cn-zhangjiakou",
    "cn-huhehaote",
    "cn-wulanchabu",
    "cn-shenzhen",
    "cn-heyuan",
    "cn-guangzhou",
    "cn-chengdu",
    "cn-hongkong",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ap-south-1",
    "me-east-1",
    "eu-central-1",
    "eu-west-1",
    "us-west-1",
    "us-east-1",
    "rus-west-1",
    "cn-hangzhou-finance",
    "cn-shanghai-finance-1",
    "cn-shenzhen-finance",
    "cn-north-2-gov-1",
    "cn-heyuan-acdr-1",
    "me-central-1",
    "cn-beijing-finance-1",
    "na-south-1",
    "us-southeast-1",
    "cn-wuhan-lr",
    IDPT_REGION,
];

/// A region with a separate domain.
const IDPT_REGION: &str = "cn-hangzhou-idpt-2";
/// That region's domain.
const IDPT_DOMAIN: &str = "cn-hangzhou-idpt-2.idptcloud01cs.com";

/// True if `region` has the form of a region's name.
pub(super) fn has_form(region: &str) -> bool {
    let Some((area, place)) = region.split_once('-') else { return false };
    (2..=4).contains(&area.len())
        && area.bytes().all(|b| b.is_ascii_lowercase())
        && (1..=40).contains(&place.len())
        && place.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !place.ends_with('-')
}

/// Config server and data endpoint of `region` over `network`.
pub(super) fn servers_for(region: &str, network: NetworkType) -> Option<(String, String)> {
    if !has_form(region) {
        return None;
    }
    if region == IDPT_REGION {
        let endpoint = match network {
            NetworkType::Intranet => format!("log-intranet.{IDPT_DOMAIN}"),
            NetworkType::Internet => format!("log.{IDPT_DOMAIN}"),
            NetworkType::Acceleration => return None,
        };
        return Some((format!("http://logtail.{endpoint}"), endpoint));
    }
    let suffix = if network == NetworkType::Intranet { "-intranet" } else { "" };
    let endpoint = format!("{region}{suffix}.log.aliyuncs.com");
    let config_server = format!("http://logtail.{endpoint}");
    match network {
        NetworkType::Intranet | NetworkType::Internet => Some((config_server, endpoint)),
        NetworkType::Acceleration => Some((config_server, "log-global.aliyuncs.com".to_owned())),
    }
}

/// What a host name (or URL) says of region and network.
pub(super) fn classify(written: &str) -> HostClass {
    let host = host_of(written);
    let under =
        |domain: &str| host.strip_suffix(domain).filter(|rest| rest.is_empty() || rest.ends_with('.'));
    if under("log-global.aliyuncs.com").is_some() {
        return HostClass { region: None, network: Some(NetworkType::Acceleration), deprecated: false };
    }
    if let Some(rest) = under(IDPT_DOMAIN) {
        let network = match last_label(rest) {
            Some("log-intranet" | "log-internal") => Some(NetworkType::Intranet),
            Some("log") => Some(NetworkType::Internet),
            Some(_) | None => None,
        };
        return HostClass { region: Some(IDPT_REGION.to_owned()), network, deprecated: false };
    }
    if let Some(rest) = under("log.aliyuncs.com") {
        return regional(rest, false);
    }
    // Retired in 2016.
    if let Some(rest) = under("sls.aliyuncs.com") {
        return regional(rest, true);
    }
    // The vendor's internal network.
    let deprecated = under("sls.aliyun-inc.com").is_some();
    HostClass { region: None, network: None, deprecated }
}

/// The label next to the domain.
fn last_label(rest: &str) -> Option<&str> {
    rest.strip_suffix('.')?.rsplit('.').next()
}

fn regional(rest: &str, deprecated: bool) -> HostClass {
    let Some(label) = last_label(rest) else {
        return HostClass { region: None, network: None, deprecated };
    };
    let intranet = ["-intranet", "-internal", "-vpc", "-share"]
        .into_iter()
        .find_map(|suffix| label.strip_suffix(suffix));
    let network = if intranet.is_some() { NetworkType::Intranet } else { NetworkType::Internet };
    HostClass { region: Some(intranet.unwrap_or(label).to_owned()), network: Some(network), deprecated }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_are_classified() {
        use NetworkType::{Acceleration, Internet, Intranet};
        let table = [
            ("cn-hangzhou.log.aliyuncs.com", Some("cn-hangzhou"), Some(Internet), false),
            ("cn-hangzhou-intranet.log.aliyuncs.com", Some("cn-hangzhou"), Some(Intranet), false),
            (
                "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com",
                Some("cn-hangzhou"),
                Some(Intranet),
                false,
            ),
            (
                "HTTPS://Logtail.CN-Shanghai-Internal.Log.Aliyuncs.com:443/",
                Some("cn-shanghai"),
                Some(Intranet),
                false,
            ),
            ("cn-shanghai-vpc.log.aliyuncs.com", Some("cn-shanghai"), Some(Intranet), false),
            ("cn-beijing-share.log.aliyuncs.com", Some("cn-beijing"), Some(Intranet), false),
            ("my-project.ap-southeast-1.log.aliyuncs.com", Some("ap-southeast-1"), Some(Internet), false),
            (
                "ali-cn-hangzhou-sls-admin.cn-hangzhou.log.aliyuncs.com",
                Some("cn-hangzhou"),
                Some(Internet),
                false,
            ),
            (
                "cn-hangzhou-finance-intranet.log.aliyuncs.com.",
                Some("cn-hangzhou-finance"),
                Some(Intranet),
                false,
            ),
            ("log-global.aliyuncs.com", None, Some(Acceleration), false),
            ("p.log-global.aliyuncs.com:80", None, Some(Acceleration), false),
            ("cn-hangzhou-intranet.sls.aliyuncs.com", Some("cn-hangzhou"), Some(Intranet), true),
            ("p.cn-hangzhou.sls.aliyuncs.com", Some("cn-hangzhou"), Some(Internet), true),
            ("http://config.sls.aliyun-inc.com", None, None, true),
            (
                "logtail.log-intranet.cn-hangzhou-idpt-2.idptcloud01cs.com",
                Some(IDPT_REGION),
                Some(Intranet),
                false,
            ),
            ("log.cn-hangzhou-idpt-2.idptcloud01cs.com", Some(IDPT_REGION), Some(Internet), false),
            ("log.aliyuncs.com", None, None, false),
            ("evil-log.aliyuncs.com", None, None, false),
            ("evil-log-global.aliyuncs.com", None, None, false),
            ("cn-hangzhou.log.aliyuncs.com.example.com", None, None, false),
            ("logs.example.com", None, None, false),
            ("10.0.0.1:8080", None, None, false),
            ("", None, None, false),
        ];
        for (host, region, network, deprecated) in table {
            let expected = HostClass { region: region.map(ToOwned::to_owned), network, deprecated };
            assert_eq!(classify(host), expected, "{host}");
        }
    }

    #[test]
    fn the_documents_servers_classify_as_what_they_are_for() {
        for region in REGIONS {
            assert!(REGIONS.contains(region) && has_form(region), "{region}");
            for network in [NetworkType::Intranet, NetworkType::Internet] {
                let (config_server, data_server) = servers_for(region, network).expect("known");
                for server in [config_server, data_server] {
                    let class = classify(&server);
                    assert_eq!(
                        (class.region.as_deref(), class.network),
                        (Some(*region), Some(network)),
                        "{server}"
                    );
                }
            }
        }
        assert_eq!(
            servers_for("cn-hangzhou", NetworkType::Acceleration),
            Some((
                "http://logtail.cn-hangzhou.log.aliyuncs.com".to_owned(),
                "log-global.aliyuncs.com".to_owned()
            ))
        );
    }

    #[test]
    fn zones_and_templates_are_no_known_regions() {
        for region in ["cn-hangzhou-b", "cn-hangzhou-intranet", "${region}", "", "CN-Hangzhou", "hangzhou"] {
            assert!(!REGIONS.contains(&region), "{region}");
        }
        for region in ["<region>", "hangzhou", "", "cn-", "cn-a b", "a-b", "cn-hangzhou/.."] {
            assert_eq!(servers_for(region, NetworkType::Internet), None, "{region}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_hosts_never_panic(host in ".{0,60}") {
            let _class = classify(&host);
            let _class = classify(&format!("{host}.log.aliyuncs.com"));
        }
    }
}
