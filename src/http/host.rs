//! The host name and origin of a request: protection against pages of other sites.
//!
//! Requests without `Origin` and `Sec-Fetch-…` do not come from a browser, and their host name is not
//! checked: a scraper may use any.

use std::{collections::BTreeSet, net::IpAddr};

use hyper::{
    Version,
    header::{HOST, HeaderMap, ORIGIN},
    http::request::Parts,
};

use crate::model::authority::Authority;

/// The names under which a browser may address this host.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(BTreeSet<String>);

impl AllowedHosts {
    /// `localhost`, the host's own names, and those that the operator allows.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let own = std::iter::once("localhost".to_owned());
        Self(own.chain(names).map(|name| normal(&name)).filter(|name| !name.is_empty()).collect())
    }

    /// Whether the request is addressed to this host: by one of its names, or by an address, which DNS
    /// rebinding cannot forge.
    pub(super) fn allow(&self, head: &Parts) -> bool {
        let Some(Authority { host, .. }) = named(head) else { return false };
        host.parse::<IpAddr>().is_ok() || self.0.contains(&normal(&host))
    }
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether the request has exactly one `Host`; before HTTP/1.1 it is optional.
pub(super) fn is_single(head: &Parts) -> bool {
    let named = head.headers.get_all(HOST).iter().count();
    match head.version {
        Version::HTTP_09 | Version::HTTP_10 => named <= 1,
        Version::HTTP_11 => named == 1,
        // In HTTP/2 it is a part of the target.
        _ => named <= 1 && (named == 1 || head.uri.authority().is_some()),
    }
}

/// Whether a browser sent it on behalf of a page.
pub(super) fn is_from_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
}

/// Whether it was sent by a page of another site.
pub(super) fn is_cross_site(head: &Parts) -> bool {
    let text = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let origin = text("origin").is_some_and(|origin| {
        let place = origin.split_once("://").and_then(|(_, place)| Authority::parse(place).ok());
        place.is_none() || place != named(head)
    });
    site || origin
}

/// The host to which the request is addressed.
fn named(head: &Parts) -> Option<Authority> {
    let written = match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => head.headers.get(HOST)?.to_str().ok()?,
    };
    Authority::parse(written).ok()
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(host: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/").header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_name_that_is_not_this_hosts_is_refused_and_an_address_never() {
        let allowed = AllowedHosts::new(["web-1".to_owned(), "Exporter.Example.".to_owned()]);
        for host in
            ["localhost", "localhost:10077", "WEB-1", "exporter.example:1", "10.0.0.1:10077", "[::1]:1"]
        {
            assert!(allowed.allow(&head(host, &[])), "{host}");
        }
        for host in
            ["evil.example", "web-1.evil.example", "localhost.evil", "", "a b", "10.0.0.1.evil.example"]
        {
            assert!(!allowed.allow(&head(host, &[])), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_told_from_own_ones_and_from_scripts() {
        for (headers, cross) in [
            (&[][..], false),
            (&[("origin", "http://h:1")], false),
            (&[("origin", "http://h")], true),
            (&[("origin", "null")], true),
            (&[("origin", "http://evil")], true),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
        ] {
            assert_eq!(is_cross_site(&head("h:1", headers)), cross, "{headers:?}");
        }
        assert!(!is_from_browser(&head("h", &[("accept", "*/*")]).headers));
        assert!(is_from_browser(&head("h", &[("sec-fetch-mode", "navigate")]).headers));
    }
}
