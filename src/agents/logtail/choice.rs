//! The address that a Logtail agent would choose today: the agent's algorithm, recomputed from the host's facts.
//!
//! Order (agent source, and the documents' summary "`working_ip`, else the host name's binding, else the first network
//! interface"): `working_ip` verbatim; `bind_interface`; the host name's address, if not loopback; `eth0`; `bond0`; any.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    agents::{
        Binding, Choice, Chosen, Limits, TimeAdjustment,
        interfaces::{address_of, usable},
        release::{Feature, supports},
    },
    model::{
        Reading, Why,
        snapshot::{FileState, HostsFile, Invocation, Parameter, Parameters, PlaceFacts},
    },
};

use super::{
    config::{BYTES_OF_A_MEGABYTE, THOUSANDTHS, in_unit},
    versions::FEATURES,
};

/// The choice, and its inputs.
pub(super) fn choice(
    host: &PlaceFacts,
    parameters: &Reading<Option<&Parameters>>,
    invocation: &Invocation,
    version: &Reading<Option<String>>,
) -> Choice {
    let working_ip = setting(parameters, invocation, "working_ip", |p| p.working_ip.as_ref())
        .and_then(|found| unless_too_old(found, version));
    let bind_interface = setting(parameters, invocation, "bind_interface", |p| p.bind_interface.as_ref())
        // The agent treats `default` as "none".
        .map(|found| found.filter(|parameter| parameter.value != "default"));
    let hosts_binding = hosts_binding(host);
    let resolved_name = resolved_name(host);
    let chosen = chosen(host, &working_ip, &bind_interface, &hosts_binding, &resolved_name);
    Choice {
        working_ip: working_ip.into(),
        bind_interface: bind_interface.into(),
        hosts_binding: hosts_binding.into(),
        resolved_name: resolved_name.into(),
        chosen: chosen.into(),
    }
}

/// The effective setting: the file takes precedence over the environment, even with a blank; among variables `LOONG_…`
/// over `ALIYUN_LOGTAIL_…` over the plain name (agent source).
fn setting(
    parameters: &Reading<Option<&Parameters>>,
    invocation: &Invocation,
    name: &str,
    of_file: impl Fn(&Parameters) -> Option<&Parameter>,
) -> Result<Option<Parameter>, Why> {
    let of_file = parameters.as_result()?.and_then(of_file);
    let parameter = match of_file {
        Some(parameter) => Some(parameter.clone()),
        None => variable(invocation, name)?,
    };
    Ok(parameter.filter(|parameter| !parameter.value.is_empty()))
}

/// The environment is ignored for agents that are too old to read it.
fn unless_too_old(
    found: Option<Parameter>,
    version: &Reading<Option<String>>,
) -> Result<Option<Parameter>, Why> {
    if !found.as_ref().is_some_and(|parameter| parameter.key.starts_with("environment ")) {
        return Ok(found);
    }
    let able = *supports(FEATURES, Feature::AddressOfEnvironment, version).as_result()?;
    Ok(found.filter(|_| able))
}

/// The variable with the highest precedence that sets `name`.
fn variable(invocation: &Invocation, name: &str) -> Result<Option<Parameter>, Why> {
    let environment = invocation.environment.as_result()?;
    let upper = name.to_uppercase();
    let names = [format!("LOONG_{upper}"), format!("ALIYUN_LOGTAIL_{upper}"), name.to_owned()];
    Ok(names.into_iter().find_map(|variable| {
        let value = environment.get(&variable)?.clone();
        Some(Parameter { key: format!("environment {variable}"), value })
    }))
}

/// `enable_log_time_auto_adjust`: a JSON boolean in the file, otherwise the variable with the highest precedence.
pub(super) fn adjusts_time(
    parameters: &Reading<Option<&Parameters>>,
    invocation: &Invocation,
    version: &Reading<Option<String>>,
) -> Reading<Option<TimeAdjustment>> {
    let found = setting_of_time(parameters, invocation);
    let able = |setting: Option<TimeAdjustment>| -> Result<_, Why> {
        Ok(match setting {
            // Releases that do not know the setting ignore it.
            Some(TimeAdjustment { on: true, .. })
                if !*supports(FEATURES, Feature::TimeAdjustment, version).as_result()? =>
            {
                None
            }
            setting => setting,
        })
    };
    found.and_then(able).into()
}

fn setting_of_time(
    parameters: &Reading<Option<&Parameters>>,
    invocation: &Invocation,
) -> Result<Option<TimeAdjustment>, Why> {
    if let Some(on) = parameters.as_result()?.and_then(|parameters| parameters.log_time_auto_adjust) {
        return Ok(Some(TimeAdjustment { on, in_file: true }));
    }
    let variable = variable(invocation, "enable_log_time_auto_adjust")?;
    Ok(variable.map(|variable| TimeAdjustment { on: variable.value == "true", in_file: false }))
}

/// The effective limits: here the environment takes precedence over the file, `LOONG_…` over the plain name, and a
/// value below the agent's minimum is ignored (agent source, `LoadEnvResourceLimit`).
pub(super) fn limits(
    parameters: &Reading<Option<&Parameters>>,
    invocation: &Invocation,
) -> Result<Limits, Why> {
    let environment = invocation.environment.as_result()?;
    let of_environment = |name: &str, least: f64, unit: f64| {
        let names = [format!("LOONG_{}", name.to_uppercase()), name.to_owned()];
        names.into_iter().find_map(|variable| {
            let value: f64 = environment.get(&variable)?.trim().parse().ok()?;
            (value >= least).then_some((in_unit(value, unit)?, format!("environment {variable}")))
        })
    };
    let parameters = parameters.as_result()?;
    let of_file = |limit: fn(&Parameters) -> Option<&(String, u64)>| {
        parameters.and_then(limit).map(|(key, limit)| (*limit, key.clone()))
    };
    Ok(Limits {
        memory: of_environment("mem_usage_limit", 384.0, BYTES_OF_A_MEGABYTE)
            .or_else(|| of_file(|parameters| parameters.memory_limit.as_ref())),
        cpu: of_environment("cpu_usage_limit", 0.4, THOUSANDTHS)
            .or_else(|| of_file(|parameters| parameters.cpu_limit.as_ref())),
    })
}

fn hosts_binding(host: &PlaceFacts) -> Result<Option<Binding>, Why> {
    let hostname = host.hostname.as_result()?;
    if looks_numeric(hostname) {
        return Ok(None);
    }
    let Some(hosts) = hosts_file(host)? else { return Ok(None) };
    let interfaces = host.interfaces.as_result()?;
    let on_host = |address: Ipv4Addr| usable(interfaces).any(|(_, own)| own == address);
    let bound: Vec<(u32, Ipv4Addr)> = bindings(hosts, hostname).collect();
    let mut chosen = bound.iter().find(|(_, address)| on_host(*address));
    if chosen.is_none() {
        // A later line may bind the name to an address on the host, which the agent prefers.
        hosts.rest.as_result()?;
        chosen = bound.first();
    }
    Ok(chosen.filter(|(_, address)| !address.is_loopback()).map(|&(line, address)| Binding {
        address,
        line,
        on_host: on_host(address),
    }))
}

fn hosts_file(host: &PlaceFacts) -> Result<Option<&HostsFile>, Why> {
    Ok(match host.hosts.state.as_result()? {
        FileState::Present(file) => file.content.as_ref().ok(),
        FileState::Missing | FileState::NotAFile(_) => None,
    })
}

/// Lines that bind the host name to an IPv4 address.
fn bindings<'a>(hosts: &'a HostsFile, hostname: &'a str) -> impl Iterator<Item = (u32, Ipv4Addr)> + 'a {
    let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(hostname));
    hosts.lines.iter().filter(move |line| named(&line.names)).filter_map(|line| match line.address {
        IpAddr::V4(address) => Some((line.line, address)),
        IpAddr::V6(_) => None,
    })
}

/// `10.1.2.3` or `123` as a host name: the agent skips the name's address then (`IsDigitsDotsHostname`).
fn looks_numeric(hostname: &str) -> bool {
    !hostname.is_empty() && hostname.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn resolved_name(host: &PlaceFacts) -> Result<Option<Ipv4Addr>, Why> {
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

fn chosen(
    host: &PlaceFacts,
    working_ip: &Result<Option<Parameter>, Why>,
    bind_interface: &Result<Option<Parameter>, Why>,
    hosts_binding: &Result<Option<Binding>, Why>,
    resolved_name: &Result<Option<Ipv4Addr>, Why>,
) -> Result<Option<Chosen>, Why> {
    if let Some(working_ip) = working_ip.as_ref()? {
        return Ok(Some(Chosen { address: working_ip.value.clone(), from: working_ip.key.clone() }));
    }
    let interfaces = host.interfaces.as_result()?;
    if let Some(bound) = bind_interface.as_ref()?
        && let Some((_, address)) = address_of(interfaces, &bound.value)
    {
        return Ok(Some(Chosen { address: address.to_string(), from: bound.key.clone() }));
    } else if bind_interface.as_ref()?.is_some() {
        return Ok(None);
    }
    if let Some(binding) = hosts_binding.as_ref()? {
        let from = format!("{} line {}", host.hosts.path.display(), binding.line);
        return Ok(Some(Chosen { address: binding.address.to_string(), from }));
    }
    // A name with a line in the hosts file is not looked up in DNS.
    if !hosts_name_host(host)?
        && let Some(address) = resolved_name.as_ref()?
    {
        return Ok(Some(Chosen { address: address.to_string(), from: "the host name's address".to_owned() }));
    }
    let first = address_of(interfaces, "eth0").or_else(|| address_of(interfaces, "bond0"));
    Ok(first.map(|(entry, address)| Chosen { address: address.to_string(), from: entry.interface.clone() }))
}

fn hosts_name_host(host: &PlaceFacts) -> Result<bool, Why> {
    let hostname = host.hostname.as_result()?;
    let Some(hosts) = hosts_file(host)? else { return Ok(false) };
    Ok(bindings(hosts, hostname).next().is_some())
}
