//! How the service (CLS) names its regions and hosts.

use crate::{
    agents::{HostClass, address::host_of},
    model::NetworkType,
};

/// Regions in the vendor's documents, closed ones included.
pub(super) const REGIONS: &[&str] = &[
    "ap-beijing",
    "ap-guangzhou",
    "ap-shanghai",
    "ap-chengdu",
    "ap-nanjing",
    "ap-chongqing",
    "ap-hongkong",
    "na-siliconvalley",
    "na-ashburn",
    "ap-singapore",
    "ap-bangkok",
    "eu-frankfurt",
    "ap-tokyo",
    "ap-seoul",
    "ap-jakarta",
    "sa-saopaulo",
    "ap-shenzhen-fsi",
    "ap-shanghai-fsi",
    "ap-beijing-fsi",
    "ap-mumbai",
    "eu-moscow",
    "na-toronto",
];

/// Regions that had no `ap-` prefix in the first releases.
const SHORT_NAMES: [&str; 4] = ["shanghai", "guangzhou", "chengdu", "beijing"];

/// The host of `region` on `network`; there is no acceleration.
pub(super) fn server_for(region: &str, network: NetworkType) -> Option<String> {
    let domain = match network {
        NetworkType::Intranet => "cls.tencentyun.com",
        NetworkType::Internet => "cls.tencentcs.com",
        NetworkType::Acceleration => return None,
    };
    let has_form = region.contains('-')
        && (4..=40).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    has_form.then(|| format!("{region}.{domain}"))
}

/// The region and network implied by a host name (or URL).
pub(super) fn classify(written: &str) -> HostClass {
    let host = host_of(written);
    let domains = [
        (".cls.tencentyun.com", NetworkType::Intranet, false),
        (".cls.tencentcs.com", NetworkType::Internet, false),
        (".cls.myqcloud.com", NetworkType::Internet, true),
    ];
    for (domain, network, replaced) in domains {
        let label = host.strip_suffix(domain).and_then(|rest| rest.rsplit('.').next());
        let Some(label) = label.filter(|label| !label.is_empty()) else { continue };
        let is_short = SHORT_NAMES.contains(&label);
        let region = if is_short { format!("ap-{label}") } else { label.to_owned() };
        return HostClass { region: Some(region), network: Some(network), deprecated: replaced || is_short };
    }
    HostClass::default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_are_classified() {
        use NetworkType::{Internet, Intranet};
        let table = [
            ("ap-guangzhou.cls.tencentyun.com", Some("ap-guangzhou"), Some(Intranet), false),
            ("AP-Guangzhou.cls.tencentcs.com:80", Some("ap-guangzhou"), Some(Internet), false),
            ("http://ap-shanghai-fsi.cls.tencentcs.com/", Some("ap-shanghai-fsi"), Some(Internet), false),
            ("ap-beijing.cls.myqcloud.com", Some("ap-beijing"), Some(Internet), true),
            ("guangzhou.cls.tencentyun.com", Some("ap-guangzhou"), Some(Intranet), true),
            ("cls.tencentyun.com", None, None, false),
            (".cls.tencentyun.com", None, None, false),
            ("ap-guangzhou.cls.tencentyun.com.example.com", None, None, false),
            ("10.0.0.1", None, None, false),
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
            for network in [NetworkType::Intranet, NetworkType::Internet] {
                let class = classify(&server_for(region, network).expect("known"));
                assert_eq!((class.region.as_deref(), class.network), (Some(*region), Some(network)));
            }
            assert_eq!(server_for(region, NetworkType::Acceleration), None);
        }
        assert_eq!(server_for("<region>", NetworkType::Internet), None);
        assert!(!REGIONS.contains(&"guangzhou") && !REGIONS.contains(&"cn-hangzhou"));
    }

    proptest! {
        #[test]
        fn arbitrary_hosts_never_panic(host in ".{0,60}") {
            let _class = classify(&host);
            let _class = classify(&format!("{host}.cls.tencentyun.com"));
        }
    }
}
