//! The address that a Logtail agent would choose today: its own algorithm, recomputed from the host's facts.
//!
//! Order (agent source, and the documents' summary "`working_ip`, else the host name's binding, else the first network
//! interface"): `working_ip` verbatim; `bind_interface`; the host name's address, if not loopback; `eth0`; `bond0`; any.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{
    Reading, Why,
    snapshot::{AgentFacts, FileState, HostFacts, InterfaceAddress, Parameter, Parameters, Snapshot},
};

/// Names of interfaces that hypervisors, container engines and tunnels make: never the address that a machine group means.
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

/// True for interfaces that are not the machine's own, by name (in a container's namespace even `eth0` is a veth).
pub(super) fn is_virtual(interface: &str) -> bool {
    interface == "lo" || VIRTUAL_PREFIXES.iter().any(|prefix| interface.starts_with(prefix))
}

/// Every IPv4 address that is not loopback.
pub(super) fn usable(interfaces: &[InterfaceAddress]) -> impl Iterator<Item = (&InterfaceAddress, Ipv4Addr)> {
    interfaces.iter().filter_map(|entry| match entry.address {
        IpAddr::V4(address) if !address.is_loopback() && !address.is_unspecified() => Some((entry, address)),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    })
}

/// The first interface as the contract defines it: `eth0`, else `bond0`, else the lowest index that is not virtual; only
/// interfaces that have an IPv4 address.
pub(super) fn first_interface(interfaces: &[InterfaceAddress]) -> Option<(&InterfaceAddress, Ipv4Addr)> {
    let named = |name: &str| usable(interfaces).find(|(entry, _)| entry.interface == name);
    named("eth0").or_else(|| named("bond0")).or_else(|| {
        usable(interfaces)
            .filter(|(entry, _)| !is_virtual(&entry.interface))
            .min_by_key(|(entry, _)| entry.index)
    })
}

/// A setting of the agent and where it stands: the file wins over the environment; among variables `LOONG_…` over
/// `ALIYUN_LOGTAIL_…` over the plain name (agent source). `Err`: the file does not have it and the environment is unread.
fn setting<'a>(
    agent: &'a AgentFacts,
    name: &str,
    of_file: impl Fn(&'a Parameters) -> Option<&'a Parameter>,
) -> Result<Option<Parameter>, &'a Why> {
    if let Some(config) = &agent.config {
        if let Reading::Unknown(why) = &config.state {
            return Err(why);
        }
        if let Some(parameter) = config.content().and_then(&of_file).filter(|p| !p.value.is_empty()) {
            return Ok(Some(parameter.clone()));
        }
    }
    let environment = agent.environment.as_result()?;
    let upper = name.to_uppercase();
    Ok([format!("LOONG_{upper}"), format!("ALIYUN_LOGTAIL_{upper}"), name.to_owned()].into_iter().find_map(
        |variable| {
            environment
                .get(&variable)
                .filter(|value| !value.is_empty())
                .map(|value| Parameter { key: format!("environment {variable}"), value: value.clone() })
        },
    ))
}

/// The `working_ip` in force.
pub(super) fn working_ip(agent: &AgentFacts) -> Result<Option<Parameter>, &Why> {
    setting(agent, "working_ip", |parameters| parameters.working_ip.as_ref())
}

/// The `bind_interface` in force.
pub(super) fn bind_interface(agent: &AgentFacts) -> Result<Option<Parameter>, &Why> {
    let found = setting(agent, "bind_interface", |parameters| parameters.bind_interface.as_ref())?;
    Ok(found.filter(|parameter| parameter.value != "default"))
}

/// The address that the hosts file binds the host name to, as the agent would take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) address: Ipv4Addr,
    pub(super) line: u32,
    pub(super) on_host: bool,
}

/// The binding that the agent would take; `None` if there is none, or one that it passes over (loopback, or a host name
/// that looks like an address).
pub(super) fn hosts_binding(host: &HostFacts) -> Result<Option<Binding>, &Why> {
    let hostname = host.hostname.as_result()?;
    let lines = match host.hosts.state.as_result()? {
        FileState::Present(file) => file.content.as_deref().unwrap_or_default(),
        FileState::Missing | FileState::NotAFile(_) => &[],
    };
    if looks_numeric(hostname) {
        return Ok(None);
    }
    let bound: Vec<(u32, Ipv4Addr)> = lines
        .iter()
        .filter(|line| line.names.iter().any(|name| name.eq_ignore_ascii_case(hostname)))
        .filter_map(|line| match line.address {
            IpAddr::V4(address) => Some((line.line, address)),
            IpAddr::V6(_) => None,
        })
        .collect();
    let interfaces = host.interfaces.as_result()?;
    let on_host = |address: Ipv4Addr| usable(interfaces).any(|(_, own)| own == address);
    let chosen = bound.iter().find(|(_, address)| on_host(*address)).or_else(|| bound.first());
    Ok(chosen.filter(|(_, address)| !address.is_loopback()).map(|&(line, address)| Binding {
        address,
        line,
        on_host: on_host(address),
    }))
}

/// `10.1.2.3` or `123` as a host name: the agent skips the name's address then (`IsDigitsDotsHostname`).
fn looks_numeric(hostname: &str) -> bool {
    !hostname.is_empty() && hostname.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The address that the system's resolver alone (DNS, nss modules) gives the host name, as the agent would take it.
/// `Ok(None)`: none, or the hosts file decides.
pub(super) fn resolved_name(host: &HostFacts) -> Result<Option<Ipv4Addr>, &Why> {
    let hostname = host.hostname.as_result()?;
    if looks_numeric(hostname) {
        return Ok(None);
    }
    let addresses = host.hostname_addresses.as_result()?;
    let interfaces = host.interfaces.as_result()?;
    let on_host = |address: &&Ipv4Addr| usable(interfaces).any(|(_, own)| own == **address);
    Ok(addresses
        .iter()
        .find(on_host)
        .or_else(|| addresses.first())
        .copied()
        .filter(|address| !address.is_loopback()))
}

/// The address that the agent would choose today and why; `None` where its choice is arbitrary (it takes any address then).
/// `Err`: a fact that the choice depends on is unread.
pub(super) fn today<'a>(
    snapshot: &'a Snapshot,
    agent: &'a AgentFacts,
) -> Result<Option<(String, String)>, &'a Why> {
    let host = &snapshot.host;
    if let Some(working_ip) = working_ip(agent)? {
        return Ok(Some((working_ip.value, working_ip.key)));
    }
    let interfaces = host.interfaces.as_result()?;
    let address_of = |name: &str| usable(interfaces).find(|(entry, _)| entry.interface == name);
    if let Some(bound) = bind_interface(agent)? {
        return Ok(address_of(&bound.value).map(|(_, address)| (address.to_string(), bound.key)));
    }
    if let Some(binding) = hosts_binding(host)? {
        let from = format!("{} line {}", host.hosts.path.display(), binding.line);
        return Ok(Some((binding.address.to_string(), from)));
    }
    if !hosts_names_host(host)
        && let Some(address) = resolved_name(host)?
    {
        return Ok(Some((address.to_string(), "the host name's address".to_owned())));
    }
    let first = address_of("eth0").or_else(|| address_of("bond0"));
    Ok(first.map(|(entry, address)| (address.to_string(), entry.interface.clone())))
}

/// True if the hosts file has a line for the host name: then the resolver never gets as far as DNS.
fn hosts_names_host(host: &HostFacts) -> bool {
    let (Some(hostname), Some(lines)) = (host.hostname.known(), host.hosts.content()) else { return false };
    lines.iter().any(|line| {
        line.address.is_ipv4() && line.names.iter().any(|name| name.eq_ignore_ascii_case(hostname))
    })
}

/// True if the agent would choose another address today than the one it reports; `None` if that cannot be told.
pub(super) fn differs(snapshot: &Snapshot, agent: &AgentFacts) -> Option<bool> {
    let reported = agent.record.as_ref()?.content()?.ip.as_deref()?;
    let chosen = today(snapshot, agent).ok()?;
    Some(chosen.is_some_and(|(chosen, _)| chosen != reported))
}
