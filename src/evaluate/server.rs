//! The form of a server address in an agent's config.

use crate::agents::address::ServerAddress;

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Defect {
    /// A document's or template's stand-in.
    Placeholder,
    /// Cannot be an address.
    Malformed(&'static str),
}

/// True for stand-ins of documents and templates: `<region>`, `${REGION}`, `{{ region }}`, `%REGION%`, `your-region`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let between = |open: &str, close: &str| {
        lower.split_once(open).is_some_and(|(_, rest)| rest.find(close).is_some_and(|end| end > 0))
    };
    let stand_ins =
        ["your-region", "your_region", "yourregion", "your-project", "your-endpoint", "xxxx", "****"];
    between("<", ">")
        || between("${", "}")
        || between("{{", "}}")
        || between("%", "%")
        || (lower.starts_with('$') && lower.len() > 1)
        || stand_ins.iter().any(|stand_in| lower.contains(stand_in))
}

/// The address in `value`: `[scheme://]host[:port]`.
pub(super) fn parse(value: &str) -> Result<ServerAddress, Defect> {
    if is_placeholder(value) {
        return Err(Defect::Placeholder);
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Defect::Malformed("it contains blanks or control characters"));
    }
    ServerAddress::parse(value).ok_or(Defect::Malformed("it is not of the form [http[s]://]host[:port]"))
}

/// A region without the suffix that names a network: `cn-hangzhou-intranet` and `cn_hangzhou` are `cn-hangzhou`.
pub(super) fn without_network(region: &str) -> String {
    let region = region.trim().to_ascii_lowercase().replace('_', "-");
    let suffixes = ["-intranet", "-internal", "-internet", "-vpc", "-share", "-inner", "-acceleration"];
    suffixes
        .iter()
        .find_map(|suffix| region.strip_suffix(suffix))
        .map_or_else(|| region.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> Option<String> {
        parse(value).ok().map(|address| address.host)
    }

    #[test]
    fn addresses_that_the_agents_take() {
        assert_eq!(
            host("http://logtail.cn-hangzhou.log.aliyuncs.com"),
            Some("logtail.cn-hangzhou.log.aliyuncs.com".into())
        );
        assert_eq!(host("CN-Hangzhou.log.aliyuncs.com:443"), Some("cn-hangzhou.log.aliyuncs.com".into()));
        assert_eq!(host("https://[fd00::1]:8080/"), Some("fd00::1".into()));
        assert_eq!(host("10.0.0.1"), Some("10.0.0.1".into()));
    }

    #[test]
    fn placeholders_are_told_from_malformed_addresses() {
        for value in [
            "http://logtail.<config_region>.log.aliyuncs.com",
            "${REGION}.log.aliyuncs.com",
            "your-region.x",
            "{{ r }}.x",
        ] {
            assert_eq!(parse(value), Err(Defect::Placeholder), "{value}");
        }
        for value in ["http://", "ftp://host", "a b", "host:99999", "host:0", "-bad.com", "a..b", "", "[::1"]
        {
            assert!(matches!(parse(value), Err(Defect::Malformed(_))), "{value}");
        }
    }

    #[test]
    fn network_suffixes_are_not_part_of_a_region() {
        assert_eq!(without_network("cn_shanghai_vpc"), "cn-shanghai");
        assert_eq!(without_network("cn-hangzhou-finance"), "cn-hangzhou-finance");
    }
}
