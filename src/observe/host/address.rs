//! The host's names, addresses and hardware vendor.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{
    blocking::Attempt,
    file::{Bytes, Files},
};
use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{FileState, InterfaceAddress},
    },
    net::resolve::resolver_message,
    sys,
};

/// The deadline of a lookup.
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

/// Vendor and product from DMI, which contain the cloud's name on its virtual machines; empty without DMI.
pub fn product(files: Files<'_>) -> Reading<String> {
    let directory = Path::new("/sys/class/dmi/id");
    let mut words = Vec::new();
    for name in ["sys_vendor", "product_name"] {
        match files.read(&directory.join(name)) {
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

/// Asks the system's resolver for the host's own name, as agents do at startup. Nothing else waits for its answer.
#[derive(Debug)]
pub struct Resolver {
    lookup: Option<Lookup>,
    /// The lookup that was requested while another one was running: the running one may have begun before the hosts
    /// file changed.
    next: Option<String>,
    last: Reading<Vec<Ipv4Addr>>,
}

/// A running lookup.
#[derive(Debug)]
struct Lookup {
    hostname: String,
    answer: JoinHandle<Reading<Vec<Ipv4Addr>>>,
    /// `None`: it has passed.
    deadline: Option<Instant>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self { lookup: None, next: None, last: not_asked() }
    }
}

/// The state of the host name's addresses before the resolver was asked.
pub fn not_asked() -> Reading<Vec<Ipv4Addr>> {
    Reading::Unknown(Why::new(Reason::NotYet, "the host name's addresses", "not looked up yet"))
}

impl Resolver {
    /// Asks for the addresses of `hostname`, after any lookup that is still running.
    pub fn ask(&mut self, hostname: &str) {
        let Some(lookup) = &self.lookup else {
            return self.start(hostname.to_owned());
        };
        if lookup.deadline.is_none() {
            let detail = "an earlier lookup has not returned; check /etc/resolv.conf";
            self.last = unanswered(hostname, Reason::StillBlocked, detail);
        }
        self.next = Some(hostname.to_owned());
    }

    /// Discards the previous answer, because its inputs have changed.
    pub fn forget(&mut self) {
        self.last = not_asked();
    }

    /// The IPv4 addresses that the resolver returned last.
    pub fn addresses(&self) -> Reading<Vec<Ipv4Addr>> {
        self.last.clone()
    }

    /// True unless an answer may still arrive in time.
    pub fn has_answered(&self) -> bool {
        self.lookup.as_ref().is_none_or(|lookup| lookup.deadline.is_none())
    }

    /// Waits until a lookup has returned, or its deadline has passed. Never returns while none is running. Cancel-safe.
    pub async fn answered(&mut self) {
        let Some(Lookup { hostname, answer, deadline }) = &mut self.lookup else {
            return std::future::pending().await;
        };
        let answered = match *deadline {
            Some(deadline) => timeout_at(deadline, answer).await,
            None => Ok(answer.await),
        };
        let Ok(answered) = answered else {
            let detail = "the resolver did not answer within 1 s; check /etc/resolv.conf";
            self.last = unanswered(hostname, Reason::TimedOut, detail);
            *deadline = None;
            return;
        };
        self.last = answered.unwrap_or_else(|error| unanswered(hostname, Reason::Failed, &error.to_string()));
        self.lookup = None;
        if let Some(next) = self.next.take() {
            self.start(next);
        }
    }

    fn start(&mut self, hostname: String) {
        let answer = tokio::spawn(resolve(hostname.clone()));
        self.lookup = Some(Lookup { hostname, answer, deadline: Some(Instant::now() + RESOLVE_DEADLINE) });
    }
}

fn unanswered(hostname: &str, reason: Reason, detail: &str) -> Reading<Vec<Ipv4Addr>> {
    Reading::Unknown(Why::new(reason, format!("the host name's addresses ({hostname})"), detail))
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

/// A name without addresses is a fact, not a failure. std reports getaddrinfo's code only as a message: glibc's, then
/// musl's.
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
    unanswered(hostname, Reason::Failed, resolver_message(words))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

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
        let reads = crate::observe::host::blocking::BlockingReads::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Reading::Known(found) = runtime.block_on(reads.run(Duration::from_secs(30), interfaces)) else {
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
        let why = late.why().unwrap();
        assert_eq!((why.reason, &*why.detail), (Reason::Failed, "Temporary failure in name resolution"));
    }

    fn reason(resolver: &Resolver) -> Option<Reason> {
        resolver.addresses().why().map(|why| why.reason)
    }

    /// A resolver with a lookup that has just begun, and the sender that lets it answer.
    fn asked() -> (Resolver, oneshot::Sender<Vec<Ipv4Addr>>) {
        let (answer, answered) = oneshot::channel();
        let lookup = Lookup {
            hostname: "web".to_owned(),
            answer: tokio::spawn(async { Reading::Known(answered.await.unwrap()) }),
            deadline: Some(Instant::now() + RESOLVE_DEADLINE),
        };
        (Resolver { lookup: Some(lookup), ..Resolver::default() }, answer)
    }

    #[tokio::test]
    async fn what_was_resolved_is_known_until_it_is_forgotten() {
        let mut resolver = Resolver::default();
        assert_eq!(reason(&resolver), Some(Reason::NotYet));
        resolver.ask("localhost");
        assert!(!resolver.has_answered());
        resolver.answered().await;
        assert!(resolver.has_answered());
        assert_eq!(resolver.addresses(), Reading::Known(vec![Ipv4Addr::LOCALHOST]));
        resolver.forget();
        assert_eq!(reason(&resolver), Some(Reason::NotYet));
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_lookup_is_told_once_and_taken_when_it_comes() {
        let (mut resolver, answer) = asked();
        resolver.answered().await;
        assert_eq!((reason(&resolver), resolver.has_answered()), (Some(Reason::TimedOut), true));
        resolver.ask("localhost");
        assert_eq!(reason(&resolver), Some(Reason::StillBlocked));
        let unanswered = tokio::time::timeout(RESOLVE_DEADLINE * 10, resolver.answered()).await;
        assert!(unanswered.is_err(), "nothing has happened since the deadline");
        answer.send(vec![[10, 0, 0, 1].into()]).unwrap();
        resolver.answered().await;
        assert_eq!(resolver.addresses(), Reading::Known(vec![[10, 0, 0, 1].into()]));
        // It may have begun before the change that led to the second request.
        resolver.answered().await;
        assert_eq!(resolver.addresses(), Reading::Known(vec![Ipv4Addr::LOCALHOST]));
    }

    #[tokio::test]
    async fn a_lookup_is_under_way_at_most_once() {
        let (mut resolver, answer) = asked();
        resolver.ask("localhost");
        resolver.ask("localhost");
        answer.send(Vec::new()).unwrap();
        resolver.answered().await;
        resolver.answered().await;
        assert!(resolver.lookup.is_none() && resolver.next.is_none());
    }
}
