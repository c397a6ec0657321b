//! Splits the addresses that config and the agents' files hold. Strict: an address that clients could read in
//! two ways is rejected.

use crate::model::{
    authority::{self, Authority, bracketed},
    snapshot::Scheme,
    text::quoted,
};

/// The parts of an address.
#[derive(Clone, PartialEq, Eq)]
pub struct ParsedUrl {
    /// Scheme.
    pub scheme: Scheme,
    /// Host name in lower case, or address; IPv6 without brackets.
    pub host: String,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// True if the text names a port.
    pub port_given: bool,
    /// Request target with the query; `/` if the text has none.
    pub path: String,
}

impl std::fmt::Debug for ParsedUrl {
    /// Without the path: a query may carry a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.label())
    }
}

impl ParsedUrl {
    /// `scheme://host[:port]`: no path, no default port of HTTP. A TCP endpoint always shows its port.
    pub fn label(&self) -> String {
        let scheme = self.scheme.as_str();
        let host = bracketed(&self.host);
        let implied = self.scheme != Scheme::Tcp && self.port == self.scheme.default_port();
        if implied { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{}", self.port) }
    }
}

/// Splits `scheme://host[:port][/path][?query]` of the schemes http, https and tcp.
///
/// The error says which part is wrong and why; it never repeats user info, path or query.
pub fn parse_url(text: &str) -> Result<ParsedUrl, String> {
    const SHAPE: &str = "write it like https://logs.example.com/health or tcp://10.0.0.7:9000";
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("has no scheme; {SHAPE}"));
    };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        "tcp" => Scheme::Tcp,
        _ if scheme.len() <= 20
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            return Err(format!("the scheme {} is not one of http, https, tcp", quoted(scheme)));
        }
        _ => return Err(format!("does not begin with http://, https:// or tcp://; {SHAPE}")),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    // A password may hold an unescaped `/`, `?` or `#`: then the apparent invalid port is part of the password.
    let impossible_port =
        || authority.rsplit_once(':').is_some_and(|(_, port)| authority::parse_port(port).is_err());
    if authority.contains('@') || (rest.contains('@') && impossible_port()) {
        return Err(
            "holds a user name or password; endpoints are asked without credentials, so leave them out"
                .to_owned(),
        );
    }
    if target.starts_with('\\') {
        return Err("has a backslash after the host; use /".to_owned());
    }
    let Authority { host, port } = Authority::parse(authority)?;
    if target.contains('#') {
        return Err("has a fragment (#…), which is never sent; leave it out".to_owned());
    }
    let path = match scheme {
        Scheme::Tcp if port.is_none() => {
            return Err("a tcp address needs a port; write it like tcp://10.0.0.7:9000".to_owned());
        }
        Scheme::Tcp if !matches!(target, "" | "/") => return Err("a tcp address has no path".to_owned()),
        Scheme::Tcp | Scheme::Http | Scheme::Https => request_target(target)?,
    };
    Ok(ParsedUrl {
        scheme,
        host,
        port: port.unwrap_or(scheme.default_port()),
        port_given: port.is_some(),
        path,
    })
}

/// The path and query as sent in the request.
fn request_target(target: &str) -> Result<String, String> {
    if !target.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)) {
        return Err("the path has characters that must be percent-encoded (a space is %20)".to_owned());
    }
    Ok(if target.starts_with('/') { target.to_owned() } else { format!("/{target}") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_split_and_normalised() {
        for (text, label, host, port, path) in [
            ("http://h", "http://h", "h", 80, "/"),
            (
                "HTTP://Logs.Example.COM:80/Health?x=1",
                "http://logs.example.com",
                "logs.example.com",
                80,
                "/Health?x=1",
            ),
            ("https://h:443/", "https://h", "h", 443, "/"),
            ("https://h:8443?x", "https://h:8443", "h", 8443, "/?x"),
            ("http://h:443", "http://h:443", "h", 443, "/"),
            ("tcp://10.0.0.7:80", "tcp://10.0.0.7:80", "10.0.0.7", 80, "/"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]", "2001:db8::1", 443, "/"),
            ("tcp://[::1]:514/", "tcp://[::1]:514", "::1", 514, "/"),
            ("http://a_b.example.", "http://a_b.example.", "a_b.example.", 80, "/"),
            ("http://h/a@b", "http://h", "h", 80, "/a@b"),
            ("http://h?mail=a@b", "http://h", "h", 80, "/?mail=a@b"),
        ] {
            let url = parse_url(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (url.label().as_str(), url.host.as_str(), url.port, url.path.as_str()),
                (label, host, port, path),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, error) in [
            (
                "logs.example.com",
                "has no scheme; write it like https://logs.example.com/health or tcp://10.0.0.7:9000",
            ),
            ("", "has no scheme; write it like https://logs.example.com/health or tcp://10.0.0.7:9000"),
            ("ftp://h", "the scheme \"ftp\" is not one of http, https, tcp"),
            (
                " http://h",
                "does not begin with http://, https:// or tcp://; write it like https://logs.example.com/health or tcp://10.0.0.7:9000",
            ),
            ("http://", "has no host"),
            ("http:///x", "has no host"),
            ("http://:80", "has no host"),
            ("http://h:", "the port \"\" is not a number from 1 to 65535"),
            ("http://h:0", "the port \"0\" is not a number from 1 to 65535"),
            ("http://h:65536", "the port \"65536\" is not a number from 1 to 65535"),
            ("http://h:+80", "the port \"+80\" is not a number from 1 to 65535"),
            ("http://::1/", "an IPv6 address needs brackets: [::1] or [::1]:443"),
            ("http://[::1", "has an opening [ without its ]"),
            ("http://[fe80::1%25eth0]", "\"fe80::1%25eth0\" is not an IPv6 address"),
            ("http://[::1]x", "only :port may follow the ] of an IPv6 address"),
            ("http://256.1.1.1", "the host \"256.1.1.1\" is not an IPv4 address"),
            ("http://010.0.0.1", "the host \"010.0.0.1\" is not an IPv4 address"),
            ("http://0x7f000001", "the host \"0x7f000001\" is not an IPv4 address"),
            ("http://a..b", "the host \"a..b\" is not a host name or IPv4 address"),
            ("http://-a", "the host \"-a\" is not a host name or IPv4 address"),
            ("http://a b/", "the host \"a b\" is not a host name or IPv4 address"),
            (
                "http://例.cn",
                "the host \"例.cn\" has characters outside ASCII; write an international name in its xn-- form",
            ),
            ("http://h\\x", "has a backslash after the host; use /"),
            ("http://h/#top", "has a fragment (#…), which is never sent; leave it out"),
            ("http://h/a b", "the path has characters that must be percent-encoded (a space is %20)"),
            ("http://h/a\r\nX: y", "the path has characters that must be percent-encoded (a space is %20)"),
            ("tcp://h", "a tcp address needs a port; write it like tcp://10.0.0.7:9000"),
            ("tcp://h:1/x", "a tcp address has no path"),
        ] {
            assert_eq!(parse_url(text), Err(error.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn user_info_is_refused_and_never_repeated() {
        for text in [
            "https://joe:s3cret@h/x",
            "https://joe:s3c/ret@h/x",
            "https://s3cret@h",
            "https://joe:s3cret@",
            "s3cret:x@h",
            "ftp://joe:s3cret@h",
            "https://joe:s3cret?x@h",
            "joe:s3cret@h://x",
        ] {
            let error = parse_url(text).unwrap_err();
            assert!(!error.contains("s3c"), "{error}");
        }
        assert!(
            parse_url("https://joe:s3cret@h/x").unwrap_err().starts_with("holds a user name or password")
        );
        assert!(!format!("{:?}", parse_url("https://h/?token=s3cret").unwrap()).contains("s3cret"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_labels_are_plain(text in "(http|https|tcp|HTTP)?(://)?[\\[\\]a-zA-Z0-9.:@/?#%é-]{0,40}", any in "\\PC*") {
            let _any = parse_url(&any);
            if let Ok(url) = parse_url(&text) {
                let label = url.label();
                prop_assert!(!label.contains('@') && !label.contains('?') && label == label.to_lowercase());
                let again = parse_url(&label).expect("a label is a URL");
                prop_assert_eq!(again.label(), label);
            }
        }
    }
}
