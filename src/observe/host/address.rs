//! The host's names, addresses and make.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use tokio::{task::JoinHandle, time::timeout};

use super::{
    file::{Bytes, Extent, Files},
    gate::Attempt,
};
use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{FileState, InterfaceAddress},
    },
    sys,
};

/// How long the resolver is waited for.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(1);

/// The host name, as `hostname` prints it.
pub fn hostname() -> Reading<String> {
    match sys::hostname() {
        Ok(name) => Reading::Known(name),
        Err(error) => {
            let unsupported = error.kind() == std::io::ErrorKind::Unsupported;
            let reason = if unsupported { Reason::Unsupported } else { Reason::Failed };
            Reading::Unknown(Why::new(reason, "host name", error.to_string()))
        }
    }
}

/// Every address of every interface, in the kernel's order.
pub fn interfaces(attempt: &Attempt) -> Reading<Vec<InterfaceAddress>> {
    attempt.guard(Path::new("interfaces"), || match if_addrs::get_if_addrs() {
        Ok(interfaces) => {
            let all: Vec<_> = interfaces.into_iter().map(|i| (i.ip(), i.index, i.name)).collect();
            Reading::Known(plain(&all))
        }
        Err(error) => Reading::Unknown(Why::new(Reason::Failed, "interface addresses", error.to_string())),
    })
}

/// Alias names (`eth0:1`) are labels of an address, not interfaces: the kernel gives such a name no index.
fn plain(interfaces: &[(IpAddr, Option<u32>, String)]) -> Vec<InterfaceAddress> {
    let real = |name: &str| name.split(':').next().unwrap_or(name).to_owned();
    let index_of = |interface: &str| {
        interfaces.iter().find(|(_, index, name)| real(name) == interface && index.is_some())?.1
    };
    interfaces
        .iter()
        .map(|(address, index, name)| {
            let interface = real(name);
            let index = index.or_else(|| index_of(&interface)).unwrap_or_default();
            InterfaceAddress { interface, index, address: *address }
        })
        .collect()
}

/// Maker and product from DMI, which virtual machines of a cloud carry the cloud's name in; empty for a machine without DMI.
pub fn product(files: Files<'_>) -> Reading<String> {
    let directory = Path::new("/sys/class/dmi/id");
    let mut words = Vec::new();
    for name in ["sys_vendor", "product_name"] {
        match files.read(&directory.join(name), Extent::Whole) {
            Reading::Known(FileState::Present(file)) => {
                if let Ok(Bytes(bytes)) = file.content {
                    words.push(String::from_utf8_lossy(&bytes).trim().to_owned());
                }
            }
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) => {}
            Reading::Unknown(why) => return Reading::Unknown(why),
        }
    }
    words.retain(|word| !word.is_empty());
    Reading::Known(words.join(" "))
}

/// Asks the system's resolver for the host's own name, as agents do at their start.
#[derive(Debug)]
pub struct Resolver {
    in_flight: Option<JoinHandle<Reading<Vec<Ipv4Addr>>>>,
    last: Reading<Vec<Ipv4Addr>>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self { in_flight: None, last: not_asked() }
    }
}

/// What is known of the host name's addresses before the resolver was asked.
pub fn not_asked() -> Reading<Vec<Ipv4Addr>> {
    Reading::Unknown(Why::new(Reason::NotYet, "the host name's addresses", "not looked up yet"))
}

impl Resolver {
    /// The IPv4 addresses of `hostname`: asked for anew if `ask`, else as last known.
    pub async fn addresses(&mut self, hostname: &str, ask: bool) -> Reading<Vec<Ipv4Addr>> {
        let fact = || format!("the host name's addresses ({hostname})");
        let still_out = self.in_flight.is_some();
        if ask && !still_out {
            self.in_flight = Some(tokio::spawn(resolve(hostname.to_owned())));
        }
        if let Some(lookup) = &mut self.in_flight {
            // One that is late already is not waited for again.
            let patience = if still_out { Duration::ZERO } else { RESOLVE_DEADLINE };
            match timeout(patience, lookup).await {
                Ok(answer) => {
                    self.in_flight = None;
                    self.last = answer.unwrap_or_else(|error| {
                        Reading::Unknown(Why::new(Reason::Failed, fact(), error.to_string()))
                    });
                }
                Err(_elapsed) => {
                    let (reason, detail) = if still_out {
                        (Reason::StillBlocked, "an earlier lookup has not come back; check /etc/resolv.conf")
                    } else {
                        (Reason::TimedOut, "the resolver did not answer within 1 s; check /etc/resolv.conf")
                    };
                    self.last = Reading::Unknown(Why::new(reason, fact(), detail));
                }
            }
        }
        self.last.clone()
    }
}

async fn resolve(hostname: String) -> Reading<Vec<Ipv4Addr>> {
    match tokio::net::lookup_host((hostname.as_str(), 0)).await {
        Ok(found) => Reading::Known(first_of_each(found)),
        Err(error) => refusal(&hostname, &error.to_string()),
    }
}

fn first_of_each(found: impl Iterator<Item = SocketAddr>) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    for address in found {
        if let IpAddr::V4(address) = address.ip()
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

/// That a name has no address is a fact; std passes getaddrinfo's code on in words only (glibc's, then musl's).
fn refusal(hostname: &str, words: &str) -> Reading<Vec<Ipv4Addr>> {
    const NO_SUCH_NAME: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "Name has no usable address",
    ];
    if NO_SUCH_NAME.iter().any(|known| words.contains(known)) {
        return Reading::Known(Vec::new());
    }
    let fact = format!("the host name's addresses ({hostname})");
    Reading::Unknown(Why::new(Reason::Failed, fact, words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_belong_to_their_interface() {
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let plain = plain(&[
            (address(1), Some(2), "eth0".into()),
            (address(2), None, "eth0:1".into()),
            (address(3), None, "gone".into()),
        ]);
        let found: Vec<_> = plain.iter().map(|i| (i.interface.as_str(), i.index, i.address)).collect();
        assert_eq!(found, [("eth0", 2, address(1)), ("eth0", 2, address(2)), ("gone", 0, address(3))]);
    }

    #[test]
    fn loopback_is_among_the_interfaces() {
        let gate = crate::observe::host::gate::Gate::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Reading::Known(found) = runtime.block_on(gate.run(Duration::from_secs(30), interfaces)) else {
            panic!("interfaces can always be read");
        };
        assert!(
            found.iter().any(|i| i.interface == "lo" && i.index == 1 && i.address.is_loopback()),
            "{found:?}"
        );
    }

    #[test]
    fn a_name_without_address_is_a_fact_and_a_silent_resolver_is_not() {
        let words = "failed to lookup address information: ";
        assert_eq!(refusal("web", &format!("{words}Name or service not known")), Reading::Known(Vec::new()));
        let late = refusal("web", &format!("{words}Temporary failure in name resolution"));
        assert_eq!(late.why().map(|why| why.reason), Some(Reason::Failed));
    }

    #[tokio::test]
    async fn a_lookup_is_in_flight_at_most_once_and_kept_between_asks() {
        let mut resolver = Resolver::default();
        assert_eq!(
            resolver.addresses("localhost", false).await.why().map(|why| why.reason),
            Some(Reason::NotYet)
        );
        assert_eq!(resolver.addresses("localhost", true).await, Reading::Known(vec![Ipv4Addr::LOCALHOST]));
        assert_eq!(resolver.addresses("localhost", false).await, Reading::Known(vec![Ipv4Addr::LOCALHOST]));

        resolver.in_flight = Some(tokio::spawn(std::future::pending()));
        let blocked = resolver.addresses("localhost", true).await;
        assert_eq!(blocked.why().map(|why| why.reason), Some(Reason::StillBlocked));
        resolver.in_flight.take().unwrap().abort();
        assert_eq!(resolver.addresses("localhost", true).await, Reading::Known(vec![Ipv4Addr::LOCALHOST]));
    }
}
