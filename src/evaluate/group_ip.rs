//! `ip` of agents whose address is a line of their config (LogListener's `group_ip`).

use std::net::Ipv4Addr;

use crate::{
    catalog::ip::{
        GROUP_IP_IS_RANGE, GROUP_IP_MISMATCH, GROUP_IP_NOT_PRIVATE, GROUP_LABEL_CONFLICT, IP_EMPTY,
        IP_LOOPBACK, IP_NOT_ON_HOST, MULTIPLE_CANDIDATE_ADDRESSES,
    },
    model::{Cause, NetworkType, Reading, snapshot::Parameter, text::quoted},
};

use super::{
    check::Context,
    choice,
    findings::{Finding, Findings},
    ip::addresses,
    list,
};

/// Causes that need the config.
const OF_CONFIG: &[&Cause] = &[
    &IP_EMPTY,
    &IP_LOOPBACK,
    &IP_NOT_ON_HOST,
    &GROUP_IP_MISMATCH,
    &GROUP_IP_NOT_PRIVATE,
    &GROUP_LABEL_CONFLICT,
    &MULTIPLE_CANDIDATE_ADDRESSES,
];

const EXPECTED_FROM: &str = "config: expect.server_group_ip";

/// The part of the rule that needs the config.
pub(super) fn judge(context: &Context<'_>, findings: &mut Findings) {
    let expect = &context.settings.expect;
    let expected = expect.server_group_ip.as_deref();
    let is_range = expected.is_some_and(|expected| expected.trim().parse::<Ipv4Addr>().is_err());
    if let Some(range) = expected.filter(|_| is_range) {
        findings.add(Finding::of(&GROUP_IP_IS_RANGE).seen("expected", range, EXPECTED_FROM));
    }
    let Some(config) = &context.agent.config else { return };
    let parameters = match &config.state {
        Reading::Unknown(why) => return findings.all_undecided(OF_CONFIG, why),
        Reading::Known(_) => match config.content() {
            Some(parameters) => parameters,
            // A config that is missing or rejected is `startup_parameters`' to report.
            None => return,
        },
    };
    if parameters.dynamic_ip {
        return;
    }
    let labels: &[String] = parameters.group_labels.as_ref().map_or(&[], |(_, labels)| labels);
    if let (Some(expected), Some((key, labels))) =
        (expected, parameters.group_labels.as_ref().filter(|(_, labels)| !labels.is_empty()))
    {
        findings.add(
            Finding::of(&GROUP_LABEL_CONFLICT)
                .seen("group_label", list(labels), context.parameter_place(key))
                .seen("expected", expected, EXPECTED_FROM),
        );
    }
    let goes_by_label = expect.server_group_label.is_some() || (expected.is_none() && !labels.is_empty());
    if goes_by_label && expected.is_none() {
        return;
    }
    let key = parameters.group_ip.as_ref().map_or("group_ip", |parameter| parameter.key.as_str());
    let place = context.parameter_place(key);
    let group_ip = match parameters.group_ip.as_ref().map(|parameter| parameter.value.trim()) {
        Some(value) if !value.is_empty() => value,
        Some(empty) => return findings.add(Finding::of(&IP_EMPTY).seen("reported", quoted(empty), place)),
        // Newer generations and containers find their address themselves where the key is absent.
        None if context.agent.edition.keyless => return,
        None => {
            let finding = Finding::of(&IP_EMPTY);
            return findings.add(finding.seen("reported", format!("no key {key}"), place));
        }
    };
    let address: Option<Ipv4Addr> = group_ip.parse().ok();
    if address.is_some_and(|address| address.is_loopback()) {
        findings.add(Finding::of(&IP_LOOPBACK).seen("reported", group_ip, &place));
    }
    if let Some(expected) = expected.filter(|_| !is_range)
        && expected.trim() != group_ip
    {
        findings.add(Finding::of(&GROUP_IP_MISMATCH).seen("group_ip", group_ip, &place).seen(
            "expected",
            expected,
            EXPECTED_FROM,
        ));
    }
    let internal_server = parameters
        .config_servers
        .iter()
        .find(|server| context.profile.classify_host(&server.value).network == Some(NetworkType::Intranet));
    if let (Some(address), Some(server)) = (address, internal_server)
        && !is_private(address)
    {
        findings.add(Finding::of(&GROUP_IP_NOT_PRIVATE).seen("group_ip", group_ip, &place).seen(
            "server",
            &server.value,
            context.parameter_place(&server.key),
        ));
    }
    against_host(context, group_ip, address, internal_server, &place, findings);
    if expected.is_none() && !goes_by_label {
        candidates(context, group_ip, address, &place, findings);
    }
}

fn against_host(
    context: &Context<'_>,
    group_ip: &str,
    address: Option<Ipv4Addr>,
    internal_server: Option<&Parameter>,
    place: &str,
    findings: &mut Findings,
) {
    let interfaces = match &context.snapshot.host.interfaces {
        Reading::Known(interfaces) => interfaces,
        Reading::Unknown(why) => return findings.undecided(&IP_NOT_ON_HOST, why),
    };
    // Over the internet the console's IP is the public one, which NAT keeps off the interfaces.
    let behind_nat = internal_server.is_none() && address.is_some_and(|address| !is_private(address));
    let on_host = interfaces.iter().any(|entry| entry.address.to_string() == group_ip);
    if !on_host && !behind_nat {
        findings.add(Finding::of(&IP_NOT_ON_HOST).seen("reported", group_ip, place).seen(
            "host_addresses",
            addresses(interfaces),
            "the host's interfaces",
        ));
    }
}

fn candidates(
    context: &Context<'_>,
    group_ip: &str,
    address: Option<Ipv4Addr>,
    place: &str,
    findings: &mut Findings,
) {
    let interfaces = match &context.snapshot.host.interfaces {
        Reading::Known(interfaces) => interfaces,
        Reading::Unknown(why) => return findings.undecided(&MULTIPLE_CANDIDATE_ADDRESSES, why),
    };
    let own: Vec<_> =
        choice::usable(interfaces).filter(|(entry, _)| !choice::is_virtual(&entry.interface)).collect();
    let several =
        own.iter().any(|(entry, _)| own.iter().any(|(other, _)| other.interface != entry.interface));
    if several && own.iter().any(|(_, own)| Some(*own) == address) {
        let names = list(own.iter().map(|(entry, address)| format!("{} {address}", entry.interface)));
        findings.add(Finding::of(&MULTIPLE_CANDIDATE_ADDRESSES).seen("group_ip", group_ip, place).seen(
            "candidates",
            names,
            "the host's interfaces",
        ));
    }
}

/// RFC 1918 and RFC 6598 (the carrier-grade range that the clouds use inside), and link-local.
fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || (first == 100 && (64..128).contains(&second))
}
