//! `host[:port]`, with optional user info before it: the only parser for these, used by everything that reads
//! addresses.
//!
//! Strict: an address that clients could read in two ways is rejected. Error messages never repeat what may be a
//! password.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::text::quoted;

/// A host, and the port if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Host name in lower case, or address; IPv6 without brackets.
    pub host: String,
    /// The port, if there is one.
    pub port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[ipv6]` or `[ipv6]:port`, and checks both.
    ///
    /// # Errors
    /// A human-readable description of the defect.
    pub fn parse(written: &str) -> Result<Self, String> {
        if written.contains('@') {
            return Err(USER_INFO.to_owned());
        }
        if written.contains("://") {
            return Err("has a scheme, which is not wanted here".to_owned());
        }
        if let Some(after) = written.strip_prefix('[') {
            let Some((address, rest)) = after.split_once(']') else {
                return Err("has an opening [ without its ]".to_owned());
            };
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| format!("{} is not an IPv6 address", quoted(&shortened(address))))?;
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(parse_port(port)?),
                None if rest.is_empty() => None,
                None => return Err("only :port may follow the ] of an IPv6 address".to_owned()),
            };
            return Ok(Self { host: address.to_string(), port });
        }
        if written.parse::<Ipv6Addr>().is_ok() || written.matches(':').count() > 1 {
            return Err("an IPv6 address needs brackets: [::1] or [::1]:443".to_owned());
        }
        let (host, port) = match written.split_once(':') {
            Some((host, port)) => (host, Some(parse_port(port)?)),
            None => (written, None),
        };
        Ok(Self { host: parse_host(host)?, port })
    }

    /// The same, but a bare IPv6 address is accepted, and a final `:` means no port, as with libcurl and resolvers.
    pub fn parse_lenient(written: &str) -> Option<Self> {
        if let Ok(address) = written.parse::<Ipv6Addr>() {
            return Some(Self { host: address.to_string(), port: None });
        }
        Self::parse(written.strip_suffix(':').unwrap_or(written)).ok()
    }
}

/// Why user info is rejected, without repeating it, as it may contain a password.
const USER_INFO: &str =
    "holds a user name or password; the exporter never sends credentials, so leave them out";

/// Checks a host name or IPv4 address; returns it in lower case.
fn parse_host(host: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("the host {} {why}", quoted(&shortened(host))));
    if host.is_empty() {
        return Err("has no host".to_owned());
    }
    if !host.is_ascii() {
        return refused("has characters outside ASCII; write an international name in its xn-- form");
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
        return refused("is too long (253 characters, 63 between dots)");
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !name.split('.').all(is_label) {
        return refused("is not a host name or IPv4 address");
    }
    // Resolvers read a name whose last label is a number as an IPv4 address, in forms that people don't expect (010 is 8).
    let numeric = name.rsplit('.').next().is_some_and(|last| {
        last.bytes().all(|b| b.is_ascii_digit())
            || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"))
    });
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return refused("is not an IPv4 address");
    }
    Ok(host.to_ascii_lowercase())
}

/// A port from 1 to 65535, in digits only.
///
/// # Errors
/// A human-readable description of the defect; a value that is not a number may be a password, and is not repeated.
pub fn parse_port(port: &str) -> Result<u16, String> {
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok(number),
        Ok(_) | Err(_)
            if port.len() <= LONGEST_PORT && port.bytes().all(|b| b"+-0123456789".contains(&b)) =>
        {
            Err(format!("the port {} is not a number from 1 to 65535", quoted(port)))
        }
        Ok(_) | Err(_) => Err(
            "what follows the colon is not a port, a number from 1 to 65535 (a password has no place here)"
                .to_owned(),
        ),
    }
}

/// The number of digits of the largest port.
const LONGEST_PORT: usize = 5;

/// `host` as in a URL: IPv6 in brackets.
pub fn bracketed(host: &str) -> String {
    let host = host.trim_matches(['[', ']']);
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// `host[:port]` with brackets where needed; without the port if it is the default one.
pub fn written(host: &str, port: u16, default_port: Option<u16>) -> String {
    let host = bracketed(host);
    if default_port == Some(port) { host } else { format!("{host}:{port}") }
}

/// `address` without what may be a password: user info before an `@`, and the part after the colon if it is not a port.
pub fn without_user_info(address: &str) -> String {
    let (scheme, user_info, rest) = split_user_info(address);
    let rest = if user_info { rest.to_owned() } else { without_password(rest) };
    format!("{scheme}{rest}")
}

/// `address` with user name and password replaced by `***`.
pub fn with_hidden_user_info(address: &str) -> String {
    let (scheme, user_info, rest) = split_user_info(address);
    format!("{scheme}{}{rest}", if user_info { "***@" } else { "" })
}

/// The scheme with its `://`, whether user info follows it, and the rest. User info is everything up to the last `@`,
/// as a password may contain any character if it was not escaped.
fn split_user_info(address: &str) -> (&str, bool, &str) {
    let after = address.find("://").map(|at| at + "://".len());
    let (scheme, rest) = match after.and_then(|at| address.split_at_checked(at)) {
        Some((scheme, rest)) if !scheme.contains('@') => (scheme, rest),
        Some(_) | None => ("", address),
    };
    match rest.rsplit_once('@') {
        Some((_user_info, host)) => (scheme, true, host),
        None => (scheme, false, rest),
    }
}

/// `user:password`, if the `@` and the host are missing, looks like `host:port`.
fn without_password(rest: &str) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or(rest);
    let Some((host, port)) = authority.split_once(':') else { return rest.to_owned() };
    let is_ipv6 = authority.starts_with('[') || authority.parse::<Ipv6Addr>().is_ok();
    let is_port = port.len() <= LONGEST_PORT && port.bytes().all(|b| b.is_ascii_digit());
    // A placeholder left over from a template is not a password, and is shown.
    let is_stand_in = [("${", "}"), ("<", ">"), ("{{", "}}"), ("%", "%")]
        .iter()
        .any(|(open, close)| port.len() > open.len() && port.starts_with(open) && port.ends_with(close));
    if is_ipv6 || is_port || is_stand_in { rest.to_owned() } else { format!("{host}:***") }
}

/// Enough of a part to recognize it in a message.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn authorities_have_brackets_where_needed_and_no_default_port() {
        assert_eq!(written("a.example", 80, Some(80)), "a.example");
        assert_eq!(written("a.example", 8080, Some(80)), "a.example:8080");
        assert_eq!(written("::1", 443, Some(443)), "[::1]");
        assert_eq!(written("[::1]", 8443, Some(443)), "[::1]:8443");
    }

    #[test]
    fn what_may_be_a_password_is_neither_shown_nor_repeated() {
        for (address, shown) in [
            ("http://u:p/@w@host/x", "http://host/x"),
            ("u:p@host", "host"),
            ("http://host", "http://host"),
            ("http://user:PW", "http://user:***"),
            ("http://user:P/W?x", "http://user:***"),
            ("user:123456", "user:***"),
            ("host:8080/x", "host:8080/x"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://::1/x", "http://::1/x"),
            ("http://host:${PORT}", "http://host:${PORT}"),
            ("host:<port>", "host:<port>"),
            ("http://host/a:b", "http://host/a:b"),
        ] {
            assert_eq!(without_user_info(address), shown);
        }
        for text in ["user:PW", "user:s3cret", "user:123456", "u:s3cret@h"] {
            let error = Authority::parse(text).unwrap_err();
            assert!(!error.contains("PW") && !error.contains("s3c") && !error.contains("123456"), "{error}");
        }
    }

    #[test]
    fn libcurl_reads_a_bare_address_and_an_empty_port() {
        let lenient = |text| Authority::parse_lenient(text).map(|found| (found.host, found.port));
        assert_eq!(lenient("::1"), Some(("::1".to_owned(), None)));
        assert_eq!(lenient("p:"), Some(("p".to_owned(), None)));
        assert_eq!(lenient("[::1]:3128"), Some(("::1".to_owned(), Some(3128))));
        assert_eq!(lenient("p:x"), None);
    }

    #[test]
    fn a_hexadecimal_number_is_no_name_however_it_is_written() {
        for text in ["0x", "0X", "0X7f.0x1", "a.0Xf"] {
            assert!(Authority::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_again(text in "[\\[\\]a-zA-Z0-9.:@é-]{0,40}") {
            let _shown = without_user_info(&text);
            if let Ok(Authority { host, port }) = Authority::parse(&text) {
                let again = match port {
                    Some(port) => written(&host, port, None),
                    None => bracketed(&host),
                };
                prop_assert_eq!(Authority::parse(&again), Ok(Authority { host, port }));
            }
        }
    }
}
