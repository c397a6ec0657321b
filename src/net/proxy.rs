//! Determines the proxy that the agent would use for an endpoint, from the agent's environment, by libcurl's rules.
//!
//! Upper case takes precedence over lower case, as the vendor's document says. There are no credentials here:
//! they were removed when the environment was read, and anything left before an `@` is dropped.

use std::net::IpAddr;

use crate::model::{
    authority::{self, Authority},
    snapshot::{Endpoint, Environment, Scheme},
    text::visible,
};

/// libcurl's default for a proxy address without a port.
const DEFAULT_PORT: u16 = 1080;

/// A usable proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Host name or address, without brackets.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// The variable that sets it.
    pub(crate) variable: &'static str,
    /// True if the variable holds user info, which the agent sends and the probe does not.
    pub(crate) credentials: bool,
}

impl Proxy {
    /// `http://host:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", authority::written(&self.host, self.port, None))
    }

    /// For details: the proxy and where it is set.
    pub(crate) fn described(&self) -> String {
        let authority = authority::written(&self.host, self.port, None);
        format!("proxy {authority} ({} in the agent's environment)", self.variable)
    }
}

/// A proxy setting that the probe cannot follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// The variable.
    pub(crate) variable: &'static str,
    /// Its value, without what may be a password.
    pub(crate) shown: String,
    /// True for a kind of proxy that the agent can use and the probe cannot.
    pub(crate) unsupported: bool,
    /// The human-readable reason.
    pub(crate) detail: String,
}

/// The proxy for `endpoint`, if the agent would use one. A bare connect never goes through one.
pub(crate) fn choose(endpoint: &Endpoint, environment: &Environment) -> Result<Option<Proxy>, Unusable> {
    let names: [&'static str; 4] = match endpoint.scheme {
        Scheme::Tcp => return Ok(None),
        Scheme::Http => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
        Scheme::Https => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    };
    let set = |name: &'static str| {
        environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    };
    let Some((variable, value)) = names.into_iter().find_map(|name| Some((name, set(name)?))) else {
        return Ok(None);
    };
    let exempt =
        set("NO_PROXY").or_else(|| set("no_proxy")).is_some_and(|list| is_exempt(list, &endpoint.host));
    if exempt { Ok(None) } else { parse(variable, value).map(Some) }
}

fn parse(variable: &'static str, value: &str) -> Result<Proxy, Unusable> {
    let shown = visible(&authority::without_user_info(value));
    let malformed = || Unusable {
        variable,
        shown: shown.clone(),
        unsupported: false,
        detail: format!("{variable} in the agent's environment is not of the form http://host:port"),
    };
    let rest = match value.split_once("://") {
        None => value,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) => {
            let scheme = scheme.to_ascii_lowercase();
            let known =
                ["https", "socks", "socks4", "socks4a", "socks5", "socks5h"].contains(&scheme.as_str());
            return Err(if known {
                let detail = format!(
                    "{variable} in the agent's environment names a {scheme} proxy, which the probe does not support; whether the agent can connect is not known"
                );
                Unusable { variable, shown, unsupported: true, detail }
            } else {
                malformed()
            });
        }
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (credentials, authority) = match authority.rsplit_once('@') {
        Some((_, authority)) => (true, authority),
        None => (false, authority),
    };
    let Authority { host, port } = Authority::parse_lenient(authority).ok_or_else(malformed)?;
    Ok(Proxy { host, port: port.unwrap_or(DEFAULT_PORT), variable, credentials })
}

/// libcurl's `no_proxy`: `*` alone matches everything; otherwise names match exactly or as a parent domain,
/// addresses exactly or by network. A port in an entry is ignored.
fn is_exempt(list: &str, host: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        if let Some(address) = address {
            return covers(entry, address);
        }
        let entry = entry.split(':').next().unwrap_or_default();
        let domain = entry.trim_start_matches('.').trim_end_matches('.');
        !domain.is_empty() && is_in_domain(host, domain)
    })
}

fn is_in_domain(host: &str, domain: &str) -> bool {
    let Some(cut) = host.len().checked_sub(domain.len()) else { return false };
    let Some((head, tail)) = host.split_at_checked(cut) else { return false };
    tail.eq_ignore_ascii_case(domain) && (head.is_empty() || head.ends_with('.'))
}

fn covers(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => match bits.parse::<u32>() {
            Ok(bits) => (network, Some(bits)),
            Err(_) => return false,
        },
        None => (entry, None),
    };
    let named = Authority::parse_lenient(network).map(|network| network.host);
    match (named.unwrap_or_default().parse::<IpAddr>(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => {
            let bits = bits.unwrap_or(32);
            bits <= 32 && (network.to_bits() ^ address.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => {
            let bits = bits.unwrap_or(128);
            bits <= 128 && (network.to_bits() ^ address.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        (Ok(_) | Err(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Purpose, snapshot::ExpectedAnswer};

    fn endpoint(scheme: Scheme, host: &str) -> Endpoint {
        Endpoint {
            purpose: Purpose::DataServer,
            url: format!("{}://{host}", scheme.as_str()),
            scheme,
            host: host.to_owned(),
            port: scheme.default_port(),
            path: "/".to_owned(),
            expected: ExpectedAnswer::LogService,
            from: String::new(),
            parameter: None,
        }
    }

    fn chosen(scheme: Scheme, host: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match choose(&endpoint(scheme, host), &environment) {
            Ok(proxy) => Ok(proxy.map(|proxy| format!("{} {}", proxy.variable, proxy.url()))),
            Err(unusable) => Err(unusable.detail),
        }
    }

    #[test]
    fn the_variable_of_the_scheme_wins_over_all_and_upper_case_over_lower() {
        let of = |scheme, variables: &[(&str, &str)]| {
            chosen(scheme, "a.example", variables).unwrap().unwrap_or_default()
        };
        let both = [("HTTP_PROXY", "http://upper:1"), ("http_proxy", "lower:2"), ("ALL_PROXY", "all:3")];
        assert_eq!(of(Scheme::Http, &both), "HTTP_PROXY http://upper:1");
        assert_eq!(of(Scheme::Http, &both[1..]), "http_proxy http://lower:2");
        assert_eq!(of(Scheme::Https, &both), "ALL_PROXY http://all:3");
        assert_eq!(
            of(Scheme::Https, &[("https_proxy", "p"), ("HTTPS_PROXY", "")]),
            "https_proxy http://p:1080"
        );
        assert_eq!(of(Scheme::Tcp, &both), "");
        assert_eq!(
            of(Scheme::Http, &[("HTTP_PROXY", "HTTP://[::1]:3128/x")]),
            "HTTP_PROXY http://[::1]:3128"
        );
    }

    #[test]
    fn credentials_are_noticed_and_dropped() {
        let proxy = parse("HTTP_PROXY", "http://us@er:pa:ss@proxy:8080/").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port, proxy.credentials), ("proxy", 8080, true));
        assert!(parse("HTTP_PROXY", "http://***@proxy:8080").unwrap().credentials);
    }

    #[test]
    fn what_the_probe_cannot_use_is_said_without_quoting_it() {
        let refusal = |value: &str| chosen(Scheme::Http, "a", &[("ALL_PROXY", value)]).unwrap_err();
        assert!(refusal("socks5h://secret@p:1080").contains("names a socks5h proxy"));
        assert!(refusal("https://p").contains("names a https proxy"));
        for malformed in
            ["http://", "http://:3128", "p:x", "p:99999", "ftp://p", "http://a b", "[::1", "u:secret@"]
        {
            let said = refusal(malformed);
            assert!(said.contains("not of the form") && !said.contains("secret"), "{malformed}: {said}");
        }
    }

    #[test]
    fn no_proxy_goes_by_domain_tail_address_and_network() {
        for (list, host, exempt) in [
            ("*", "a.example", true),
            ("x, *", "a.example", false),
            ("example", "a.example", true),
            (".example", "a.example", true),
            ("example.", "A.EXAMPLE.", true),
            ("ample", "a.example", false),
            ("a.example:8080", "a.example", true),
            ("other a.example", "a.example", true),
            ("", "a.example", false),
            (".", "a.example", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("0.0.1", "127.0.0.1", false),
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.9.8.7", false),
            ("0.0.0.0/0", "11.9.8.7", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("[::1]:80", "::1", true),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "10.0.0.1", false),
        ] {
            assert_eq!(is_exempt(list, host), exempt, "{list:?} {host:?}");
        }
        assert_eq!(chosen(Scheme::Http, "a.b", &[("http_proxy", "p"), ("no_proxy", "b")]), Ok(None));
        let upper_wins = [("http_proxy", "p"), ("no_proxy", "b"), ("NO_PROXY", "c")];
        assert!(chosen(Scheme::Http, "a.b", &upper_wins).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn no_setting_panics(value in ".*", list in ".*", host in ".*") {
            let _any = parse("HTTP_PROXY", &value);
            let _any = is_exempt(&list, &host);
        }

        #[test]
        fn a_host_is_exempt_under_each_of_its_own_domains(labels in proptest::collection::vec("[a-z]{1,5}", 1..5)) {
            let host = labels.join(".");
            for from in 0..labels.len() {
                let exempt = is_exempt(&format!("zz,{}", labels[from..].join(".")), &host);
                prop_assert!(exempt);
            }
        }
    }
}
