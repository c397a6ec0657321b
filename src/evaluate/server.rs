//! The form of a server address in an agent's config.

/// A well-formed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Host name or IP address, lower case, without port and brackets.
    pub(super) host: String,
}

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
    between("<", ">")
        || between("${", "}")
        || between("{{", "}}")
        || between("%", "%")
        || lower.contains("your-")
        || lower.contains("your_")
        || (lower.starts_with('$') && lower.len() > 1)
        || lower.contains("xxxx")
        || lower.contains("****")
}

/// The address in `value`: `[http[s]://]host[:port]`.
pub(super) fn parse(value: &str) -> Result<Address, Defect> {
    if is_placeholder(value) {
        return Err(Defect::Placeholder);
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Defect::Malformed("contains blanks or control characters"));
    }
    let rest = match value.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") =>
        {
            rest
        }
        Some(_) => return Err(Defect::Malformed("the scheme is neither http nor https")),
        None => value,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Defect::Malformed("contains user information"));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, tail) =
                bracketed.split_once(']').ok_or(Defect::Malformed("a bracket is not closed"))?;
            (host, tail.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if port
        .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port == 0) || port.parse::<u16>().is_err())
    {
        return Err(Defect::Malformed("the port is not a number from 1 to 65535"));
    }
    let host = host.to_ascii_lowercase();
    if host.is_empty() {
        return Err(Defect::Malformed("there is no host name"));
    }
    if host.parse::<std::net::IpAddr>().is_ok() {
        return Ok(Address { host });
    }
    let labels_are_sound = host.trim_end_matches('.').split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    if labels_are_sound && host.len() <= 253 {
        Ok(Address { host })
    } else {
        Err(Defect::Malformed("the host name is not well-formed"))
    }
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
        for value in [
            "http://",
            "ftp://host",
            "a b",
            "host:99999",
            "host:0",
            "-bad.com",
            "http://u:p@host",
            "a..b",
            "",
            "[::1",
        ] {
            assert!(matches!(parse(value), Err(Defect::Malformed(_))), "{value}");
        }
    }

    #[test]
    fn network_suffixes_are_not_part_of_a_region() {
        assert_eq!(without_network("cn_shanghai_vpc"), "cn-shanghai");
        assert_eq!(without_network("cn-hangzhou-finance"), "cn-hangzhou-finance");
    }
}
