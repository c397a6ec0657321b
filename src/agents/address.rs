//! Server addresses as written in an agent's config, and the endpoints derived from them.

use crate::model::{
    Purpose,
    authority::{self, Authority, without_user_info},
    snapshot::{Endpoint, ExpectedAnswer, Scheme},
};

/// The maximum number of endpoints of one agent's config that are probed; a huge file must not cause a flood.
const MOST_ENDPOINTS: usize = 64;

/// A server address that an agent could use: `[scheme://]host[:port]`, lower case, without user info and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The scheme, if there is one.
    pub scheme: Option<Scheme>,
    /// Host name, or IP address without brackets.
    pub host: String,
    /// The port, if there is one.
    pub port: Option<u16>,
}

impl ServerAddress {
    /// The address, or `None` if it is malformed or a template's placeholder (`<region>`, blanks, an unknown scheme).
    pub fn parse(written: &str) -> Option<Self> {
        let lower = written.to_ascii_lowercase();
        let (scheme, rest) = match lower.split_once("://") {
            Some(("http", rest)) => (Some(Scheme::Http), rest),
            Some(("https", rest)) => (Some(Scheme::Https), rest),
            Some(("tcp", rest)) => (Some(Scheme::Tcp), rest),
            Some(_) => return None,
            None => (None, lower.as_str()),
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
        let Authority { host, port } = Authority::parse(authority).ok()?;
        Some(Self { scheme, host, port })
    }
}

/// The host of an address as written, for classification: lower case, without scheme, user info, port, path and final dot.
pub fn host_of(written: &str) -> String {
    let bare = without_user_info(written).to_ascii_lowercase();
    let rest = bare.split_once("://").map_or(bare.as_str(), |(_scheme, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

/// The endpoints of one agent, without duplicate URLs, in the order in which they were found.
#[derive(Debug, Default)]
pub struct EndpointList(Vec<Endpoint>);

/// The source of an endpoint.
#[derive(Debug, Clone)]
pub struct Origin {
    /// File and key, or `expect.projects[0]`.
    pub from: String,
    /// The startup parameter that it is derived from.
    pub parameter: Option<String>,
}

impl EndpointList {
    /// Adds an endpoint unless its URL is already in the list.
    pub fn add(
        &mut self,
        purpose: Purpose,
        (scheme, host, port): (Scheme, &str, u16),
        expected: ExpectedAnswer,
        origin: &Origin,
    ) {
        let url = url(scheme, host, port);
        if self.0.len() >= MOST_ENDPOINTS || self.0.iter().any(|endpoint| endpoint.url == url) {
            return;
        }
        self.0.push(Endpoint {
            purpose,
            url,
            scheme,
            host: host.to_owned(),
            port,
            path: "/".to_owned(),
            expected,
            from: origin.from.clone(),
            parameter: origin.parameter.clone(),
        });
    }

    /// The endpoints.
    pub fn into_endpoints(self) -> Vec<Endpoint> {
        self.0
    }
}

/// The label `url`: an HTTP default port is omitted, as is usual; a TCP endpoint always has its port.
fn url(scheme: Scheme, host: &str, port: u16) -> String {
    let default = (scheme != Scheme::Tcp).then(|| scheme.default_port());
    format!("{}://{}", scheme.as_str(), authority::written(host, port, default))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_an_agent_would_use_them() {
        let table = [
            ("cn-hangzhou.log.aliyuncs.com", None, "cn-hangzhou.log.aliyuncs.com", None),
            (
                "HTTP://Logtail.CN-Hangzhou.log.aliyuncs.com/",
                Some(Scheme::Http),
                "logtail.cn-hangzhou.log.aliyuncs.com",
                None,
            ),
            ("https://u:p@h.example:8443/x?y", Some(Scheme::Https), "h.example", Some(8443)),
            ("tcp://10.0.0.1:80", Some(Scheme::Tcp), "10.0.0.1", Some(80)),
            ("http://[2001:db8::1]:8080", Some(Scheme::Http), "2001:db8::1", Some(8080)),
            ("[::1]", None, "::1", None),
            ("host.example.", None, "host.example.", None),
        ];
        for (written, scheme, host, port) in table {
            let expected = ServerAddress { scheme, host: host.to_owned(), port };
            assert_eq!(ServerAddress::parse(written), Some(expected), "{written}");
        }
    }

    #[test]
    fn templates_and_malformed_addresses_are_no_addresses() {
        for written in [
            "",
            " ",
            "http://",
            "http://logtail.<region>.log.aliyuncs.com",
            "logtail. cn.log.aliyuncs.com",
            "h:0",
            "h:70000",
            "h:+80",
            "h:",
            "ftp://h",
            "a..b",
            "-intranet.log.aliyuncs.com",
            "a-.example",
            "10.0.0.999",
            "::1",
            "[::1",
            "[::1]x",
            "[h]",
            "${region}.log.aliyuncs.com",
            "h.example\r",
            "h.example ",
            "http://a:b:c",
            "1.2.3",
        ] {
            assert_eq!(ServerAddress::parse(written), None, "{written:?}");
        }
        assert_eq!(ServerAddress::parse(&"a".repeat(64)), None);
    }

    #[test]
    fn urls_name_a_port_only_where_it_is_needed() {
        assert_eq!(url(Scheme::Http, "h", 80), "http://h");
        assert_eq!(url(Scheme::Https, "h", 443), "https://h");
        assert_eq!(url(Scheme::Http, "::1", 8080), "http://[::1]:8080");
        assert_eq!(url(Scheme::Tcp, "h", 80), "tcp://h:80");
    }

    #[test]
    fn endpoints_are_unique_and_bounded() {
        let origin = Origin { from: "f: k".to_owned(), parameter: None };
        let mut list = EndpointList::default();
        for number in 0..200 {
            let host = format!("h{number}");
            for _twice in 0..2 {
                list.add(Purpose::DataServer, (Scheme::Http, &host, 80), ExpectedAnswer::LogService, &origin);
            }
        }
        let endpoints = list.into_endpoints();
        assert_eq!(endpoints.len(), MOST_ENDPOINTS);
        assert_eq!(endpoints[1].url, "http://h1");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_never_lets_odd_characters_through(written in ".{0,80}") {
            let _host = host_of(&written);
            if let Some(address) = ServerAddress::parse(&written) {
                prop_assert!(address.host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b)));
            }
        }
    }
}
