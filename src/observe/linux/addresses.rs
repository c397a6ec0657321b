//! The IPv4 addresses of another network namespace, as `/proc/PID/net` shows them to anyone who may read it: no
//! namespace is joined.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

use crate::model::snapshot::InterfaceAddress;

/// The maximum number of addresses that are kept.
const MOST: usize = 1_000;

/// The local addresses of `fib_trie`, with the interface whose connected network in `route` contains them, and its
/// index from `igmp`. The loopback network is not in the routes.
pub(super) fn of_namespace(fib_trie: &str, route: &str, igmp: &str) -> Vec<InterfaceAddress> {
    let networks: Vec<_> = route.lines().filter_map(connected).collect();
    let mut found: Vec<_> = local(fib_trie)
        .into_iter()
        .take(MOST)
        .map(|address| {
            let bits = u32::from(address);
            let of_network = networks.iter().find(|(_, network, mask)| bits & mask == *network);
            let interface = match of_network {
                Some((interface, ..)) => *interface,
                None if address.is_loopback() => "lo",
                None => "",
            };
            let index = index_of(igmp, interface).unwrap_or_default();
            InterfaceAddress { interface: interface.to_owned(), index, address: IpAddr::V4(address) }
        })
        .collect();
    found.sort_by_key(|address| address.index);
    found
}

/// Addresses followed by `/32 host LOCAL`.
fn local(fib_trie: &str) -> BTreeSet<Ipv4Addr> {
    let mut found = BTreeSet::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in fib_trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last);
        }
    }
    found
}

/// Interface, network and mask of a route without a gateway.
fn connected(line: &str) -> Option<(&str, u32, u32)> {
    let mut fields = line.split_ascii_whitespace();
    // As the kernel holds them: in network byte order.
    let mut number = |index: usize| u32::from_str_radix(fields.nth(index)?, 16).ok().map(u32::from_be);
    let interface = line.split_ascii_whitespace().next()?;
    let (network, gateway, mask) = (number(1)?, number(0)?, number(4)?);
    (gateway == 0 && mask != 0).then_some((interface, network, mask))
}

/// Lines such as `2 eth0      :     1      V3`.
fn index_of(igmp: &str, interface: &str) -> Option<u32> {
    igmp.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let index = fields.next()?.parse().ok()?;
        (fields.next()? == interface).then_some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_interface_of_their_network() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
                    Local:\n  +-- 0.0.0.0/0 3 0 5\n     +-- 127.0.0.0/8 2 0 2\n           |-- 127.0.0.1\n              /32 host LOCAL\n\
                    \x20    +-- 172.17.0.0/16 2 0 2\n           |-- 172.17.0.2\n              /32 host LOCAL\n\
                    \x20          |-- 172.17.255.255\n              /32 link BROADCAST\n";
        let route = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        let igmp = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\
                    \t\t\t\t010000E0     1 0:00000000\t\t0\n7\teth0      :     1      V3\n";
        let of = |interface: &str, index, address: [u8; 4]| InterfaceAddress {
            interface: interface.to_owned(),
            index,
            address: IpAddr::from(address),
        };
        let expected = vec![of("lo", 1, [127, 0, 0, 1]), of("eth0", 7, [172, 17, 0, 2])];
        let found = of_namespace(trie, route, igmp);
        if cfg!(target_endian = "little") {
            assert_eq!(found, expected);
        }
        assert_eq!(of_namespace("", "", ""), []);
    }
}
