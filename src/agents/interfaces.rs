//! Which of a host's addresses an agent can report, and which interface a document means by "the first".

use std::net::{IpAddr, Ipv4Addr};

use crate::model::snapshot::InterfaceAddress;

/// Names of interfaces of hypervisors, container engines and tunnels, whose addresses are never those in a machine
/// group.
const VIRTUAL_PREFIXES: &[&str] = &[
    "docker",
    "br-",
    "veth",
    "virbr",
    "vnet",
    "lxcbr",
    "lxdbr",
    "lxc",
    "cni",
    "cali",
    "cilium",
    "flannel",
    "weave",
    "kube-",
    "nodelocaldns",
    "tunl",
    "tun",
    "tap",
    "podman",
    "dummy",
    "ifb",
    "gre",
    "sit",
    "ip6tnl",
    "vxlan",
    "wg",
    "geneve",
    "ovs-",
    "antrea",
    "genev_sys",
    "zt",
    "tailscale",
];

/// True for virtual interfaces, by name (in a container's namespace even `eth0` is a veth).
pub fn is_virtual(interface: &str) -> bool {
    interface == "lo" || VIRTUAL_PREFIXES.iter().any(|prefix| interface.starts_with(prefix))
}

/// Every IPv4 address that is not loopback. IPv6 is never reported (agent source).
pub fn usable(interfaces: &[InterfaceAddress]) -> impl Iterator<Item = (&InterfaceAddress, Ipv4Addr)> {
    interfaces.iter().filter_map(|entry| match entry.address {
        IpAddr::V4(address) if !address.is_loopback() && !address.is_unspecified() => Some((entry, address)),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    })
}

/// The first usable address of the interface of this name.
pub fn address_of<'a>(
    interfaces: &'a [InterfaceAddress],
    name: &str,
) -> Option<(&'a InterfaceAddress, Ipv4Addr)> {
    usable(interfaces).find(|(entry, _)| entry.interface == name)
}

/// `eth0`, otherwise `bond0`, otherwise the lowest index that is not virtual; only interfaces that have an IPv4
/// address.
pub fn first_interface(interfaces: &[InterfaceAddress]) -> Option<(&InterfaceAddress, Ipv4Addr)> {
    address_of(interfaces, "eth0").or_else(|| address_of(interfaces, "bond0")).or_else(|| {
        usable(interfaces)
            .filter(|(entry, _)| !is_virtual(&entry.interface))
            .min_by_key(|(entry, _)| entry.index)
    })
}
