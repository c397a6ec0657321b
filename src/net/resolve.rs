//! Names to addresses, through `getaddrinfo` as in the agents, so that hosts file, DNS and nss modules are all used.
//!
//! Nothing is cached: the result must be what the agent would get now.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::time::Instant;

use super::{Error, single_flight::SingleFlight};
use crate::{model::snapshot::FailureKind, sys::error::is_own_shortage};

/// The maximum number of addresses that are tried; with more, each would get too little of the time.
const MOST_ADDRESSES: usize = 4;

/// What `getaddrinfo` says if no name server answers (`EAI_AGAIN`), in the wording of glibc and of musl: the
/// standard library does not pass on the code. The message for a name that does not exist is different.
const NO_ANSWER: [&str; 2] = ["Temporary failure in name resolution", "Try again"];

type Lookup = Result<Vec<SocketAddr>, (Option<i32>, String)>;

/// Looks names up, one lookup at a time for each name.
#[derive(Debug)]
pub(crate) struct Resolver {
    lookups: SingleFlight<Lookup>,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        Self { lookups: SingleFlight::new() }
    }

    /// The addresses to try, in order. Literals, bracketed or not, need no lookup.
    pub(crate) async fn resolve(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, Error> {
        if let Some(address) = literal(host) {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let began = Instant::now();
        let name = host.to_owned();
        let lookup = self.lookups.join(host, deadline, move || async move {
            match tokio::net::lookup_host((name, 0)).await {
                Ok(addresses) => Ok(addresses.collect()),
                Err(error) => Err((error.raw_os_error(), error.to_string())),
            }
        });
        match lookup.await {
            Some(Ok(found)) if found.is_empty() => {
                Err(Error::peer(FailureKind::Resolve, None, format!("{host} has no address")))
            }
            Some(Ok(found)) => Ok(choose(found, port)),
            Some(Err((errno, error))) => Err(match errno.map(io::Error::from_raw_os_error) {
                Some(os) if is_own_shortage(&os) => Error::own(format!("looking {host} up"), &os),
                Some(_) | None => {
                    let reason = resolver_message(&error);
                    let kind = if NO_ANSWER.contains(&reason) {
                        FailureKind::NoResolver
                    } else {
                        FailureKind::Resolve
                    };
                    Error::peer(kind, None, format!("{host} does not resolve: {reason}"))
                }
            }),
            None => Err(Error::peer(
                FailureKind::NoResolver,
                None,
                format!(
                    "no answer from the resolver for {host} within {:.1} s",
                    began.elapsed().as_secs_f64()
                ),
            )),
        }
    }
}

/// The resolver's own words in the message of the standard library.
pub(crate) fn resolver_message(message: &str) -> &str {
    message.rsplit_once("information: ").map_or(message, |(_, reason)| reason)
}

fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Drops duplicates and alternates the families, the system's preferred one first, so that truncation keeps both.
fn choose(found: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    let mut unique: Vec<SocketAddr> = Vec::with_capacity(found.len());
    for mut address in found {
        address.set_port(port);
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    let first_is_ipv4 = unique.first().is_some_and(SocketAddr::is_ipv4);
    let (favourite, other): (Vec<_>, Vec<_>) =
        unique.into_iter().partition(|address| address.is_ipv4() == first_is_ipv4);
    let (mut favourite, mut other) = (favourite.into_iter(), other.into_iter());
    let mut chosen = Vec::new();
    while chosen.len() < MOST_ADDRESSES {
        let before = chosen.len();
        chosen.extend(favourite.next());
        chosen.extend(other.next());
        if chosen.len() == before {
            break;
        }
    }
    chosen.truncate(MOST_ADDRESSES);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    fn chosen(list: &[&str]) -> Vec<String> {
        choose(addresses(list), 80).iter().map(|address| address.ip().to_string()).collect()
    }

    #[test]
    fn both_families_survive_the_cut_and_the_systems_favourite_comes_first() {
        assert_eq!(
            chosen(&["::1", "::2", "::3", "::4", "::5", "10.0.0.1"]),
            ["::1", "10.0.0.1", "::2", "::3"]
        );
        assert_eq!(chosen(&["10.0.0.1", "10.0.0.1", "::1"]), ["10.0.0.1", "::1"]);
        assert_eq!(chosen(&["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5"]).len(), 4);
    }

    #[test]
    fn literals_need_no_lookup_with_or_without_brackets() {
        assert_eq!(literal("[::1]"), "::1".parse().ok());
        assert_eq!(literal("::1"), "::1".parse().ok());
        assert_eq!(literal("127.0.0.1"), "127.0.0.1".parse().ok());
        assert_eq!(literal("localhost"), None);
    }
}
