//! `ip` of agents that record the address they report (Logtail's `app_info.json`).

use std::{net::Ipv4Addr, time::Duration};

use crate::{
    catalog::ip::{
        HOSTS_BINDING_NOT_ON_HOST, IP_DIFFERS_FROM_HOSTS_BINDING, IP_DIFFERS_FROM_WORKING_IP, IP_EMPTY,
        IP_LOOPBACK, IP_MISSING, IP_NOT_FIRST_INTERFACE, IP_NOT_IN_GROUP, IP_NOT_ON_HOST,
        IP_ON_VIRTUAL_INTERFACE, IP_RECORD_EDITED, IP_RECORD_INVALID, IP_RECORD_MISSING,
    },
    model::{
        Cause, Reading, Why,
        snapshot::{AddressRecord, FileContent, FileFact, FileState, InterfaceAddress},
        text::quoted,
    },
};

use super::{
    check::Context,
    choice::{self, Binding},
    findings::{Finding, Findings},
    group_ip, list, roles,
};

/// `app_info.json` is written within this long of `update_time`; a later modification is an edit (DESIGN contract: 60 s).
const WRITTEN_AT_ONCE: Duration = Duration::from_secs(60);

const LOOPBACK: &str = "lo";

/// Causes that need the reported address.
const OF_REPORTED: &[&Cause] = &[
    &IP_EMPTY,
    &IP_LOOPBACK,
    &IP_NOT_ON_HOST,
    &IP_NOT_IN_GROUP,
    &IP_DIFFERS_FROM_WORKING_IP,
    &IP_DIFFERS_FROM_HOSTS_BINDING,
    &HOSTS_BINDING_NOT_ON_HOST,
    &IP_ON_VIRTUAL_INTERFACE,
    &IP_NOT_FIRST_INTERFACE,
    &IP_RECORD_MISSING,
    &IP_RECORD_INVALID,
    &IP_RECORD_EDITED,
];

/// Causes that need to know how the address was chosen.
const OF_CHOICE: &[&Cause] = &[
    &IP_DIFFERS_FROM_HOSTS_BINDING,
    &HOSTS_BINDING_NOT_ON_HOST,
    &IP_ON_VIRTUAL_INTERFACE,
    &IP_NOT_FIRST_INTERFACE,
];

/// The rule: agents without an address record are judged by [`group_ip`].
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let mut findings = Findings::new();
    host_has_address(context, &mut findings);
    if roles::running(context.agent) == Some(false) {
        // What a process that is gone reported means nothing; only the host's own facts can be judged.
        return findings.has(&IP_MISSING).then_some(findings);
    }
    match &context.agent.record {
        Some(record) => reported(context, record, &mut findings),
        None => group_ip::judge(context, &mut findings),
    }
    Some(findings)
}

fn host_has_address(context: &Context<'_>, findings: &mut Findings) {
    match &context.snapshot.host.interfaces {
        Reading::Known(interfaces) => {
            // The agent never takes what stands on the loopback interface (a load balancer's address, say).
            if choice::usable(interfaces).all(|(entry, _)| entry.interface == LOOPBACK) {
                let names =
                    list(interfaces.iter().map(|entry| format!("{} {}", entry.interface, entry.address)));
                findings.add(Finding::of(&IP_MISSING).seen("interfaces", names, "the host's interfaces"));
            }
        }
        Reading::Unknown(why) => findings.undecided(&IP_MISSING, why),
    }
}

fn reported(context: &Context<'_>, record: &FileFact<AddressRecord>, findings: &mut Findings) {
    let path = record.path.display().to_string();
    let file = match &record.state {
        Reading::Unknown(why) => return findings.all_undecided(OF_REPORTED, why),
        Reading::Known(FileState::Missing) => {
            return findings.add(Finding::of(&IP_RECORD_MISSING).seen(
                "record",
                &path,
                "file system: no such file",
            ));
        }
        Reading::Known(FileState::NotAFile(what)) => {
            return findings.add(invalid(&path, &format!("it is a {what}"), None));
        }
        Reading::Known(FileState::Present(file)) => file,
    };
    let (content, ip) = match &file.content {
        Err(rejection) => {
            return findings.add(invalid(&path, &rejection.reason, rejection.line));
        }
        Ok(content) => match &content.ip {
            None => return findings.add(invalid(&path, "it has no key \"ip\"", None)),
            Some(ip) => (content, ip.as_str()),
        },
    };
    let from = format!("{path}: ip");
    edited(file, content, ip, &path, findings);
    if ip.trim().is_empty() {
        return findings.add(Finding::of(&IP_EMPTY).seen("reported", quoted(ip), from));
    }
    let reported = Reported { ip, address: ip.parse().ok(), from: &from };
    if reported.address.is_some_and(|address| address.is_loopback()) {
        findings.add(Finding::of(&IP_LOOPBACK).seen("reported", ip, &from));
    }
    in_group(context, &reported, findings);
    chosen_as_documented(context, &reported, findings);
}

fn invalid(path: &str, defect: &str, line: Option<u32>) -> Finding {
    Finding::of(&IP_RECORD_INVALID).seen("record", path, "file system").seen(
        "defect",
        defect,
        super::at_line(path, line),
    )
}

/// The address under judgement.
struct Reported<'a> {
    ip: &'a str,
    address: Option<Ipv4Addr>,
    from: &'a str,
}

fn in_group(context: &Context<'_>, reported: &Reported<'_>, findings: &mut Findings) {
    let expected = &context.settings.expect.machine_group_ips;
    let listed = expected
        .iter()
        .any(|ip| ip == reported.ip || ip.parse().ok() == reported.address && reported.address.is_some());
    if !expected.is_empty() && !listed {
        findings.add(Finding::of(&IP_NOT_IN_GROUP).seen("reported", reported.ip, reported.from).seen(
            "expected",
            list(expected),
            "config: expect.machine_group_ips",
        ));
    }
}

fn chosen_as_documented(context: &Context<'_>, reported: &Reported<'_>, findings: &mut Findings) {
    let agent = context.agent;
    let host = &context.snapshot.host;
    let working_ip = choice::working_ip(agent);
    let bind_interface = choice::bind_interface(agent);
    match &working_ip {
        // A working_ip of the environment is what the running process has reported: only the file can have changed since.
        Err(why) if context.config_is_unread() || roles::running(agent).is_none() => {
            findings.undecided(&IP_DIFFERS_FROM_WORKING_IP, why);
        }
        Ok(Some(working_ip)) if working_ip.value != reported.ip => findings.add(
            Finding::of(&IP_DIFFERS_FROM_WORKING_IP).seen("reported", reported.ip, reported.from).seen(
                "working_ip",
                &working_ip.value,
                context.parameter_place(&working_ip.key),
            ),
        ),
        Err(why) => findings.unread(why),
        Ok(_) => {}
    }
    let binding = choice::hosts_binding(host);
    let chosen_by_hand = match (&working_ip, &bind_interface) {
        (Ok(Some(_)), _) | (_, Ok(Some(_))) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(*why),
        (Ok(None), Ok(None)) => Ok(false),
    };
    on_host(
        context,
        reported,
        &working_ip.map(|parameter| parameter.is_some_and(|p| p.value == reported.ip)),
        findings,
    );
    let by_name = match (&chosen_by_hand, binding) {
        (Ok(true), _) => return,
        (Err(why), Ok(Some(binding))) if binding.address.to_string() == reported.ip => {
            return findings.undecided(&HOSTS_BINDING_NOT_ON_HOST, why);
        }
        (Err(why), Ok(Some(_))) => return findings.all_undecided(OF_CHOICE, why),
        (_, Err(why)) => return findings.all_undecided(OF_CHOICE, why),
        (Err(_), Ok(None)) => None,
        (Ok(false), Ok(binding)) => binding,
    };
    match by_name {
        Some(binding) => bound(context, reported, &binding, findings),
        None => by_interface(context, reported, chosen_by_hand.err(), findings),
    }
}

fn on_host(
    context: &Context<'_>,
    reported: &Reported<'_>,
    legal: &Result<bool, &Why>,
    findings: &mut Findings,
) {
    let interfaces = match &context.snapshot.host.interfaces {
        Reading::Known(interfaces) => interfaces,
        Reading::Unknown(why) => return findings.undecided(&IP_NOT_ON_HOST, why),
    };
    if interfaces.iter().any(|entry| entry.address.to_string() == reported.ip) {
        return;
    }
    match legal {
        Ok(true) => {}
        Ok(false) => {
            findings.add(Finding::of(&IP_NOT_ON_HOST).seen("reported", reported.ip, reported.from).seen(
                "host_addresses",
                addresses(interfaces),
                "the host's interfaces",
            ));
        }
        // It may be a working_ip of the environment, which is legal even if on no interface.
        Err(why) => findings.undecided(&IP_NOT_ON_HOST, why),
    }
}

fn bound(context: &Context<'_>, reported: &Reported<'_>, binding: &Binding, findings: &mut Findings) {
    let host = &context.snapshot.host;
    let from = format!("{} line {}", host.hosts.path.display(), binding.line);
    let bound = binding.address.to_string();
    if bound != reported.ip {
        findings.add(
            Finding::of(&IP_DIFFERS_FROM_HOSTS_BINDING).seen("reported", reported.ip, reported.from).seen(
                "hosts_binding",
                &bound,
                &from,
            ),
        );
    }
    if !binding.on_host {
        let on_host = host.interfaces.known().map(|all| addresses(all)).unwrap_or_default();
        findings.add(Finding::of(&HOSTS_BINDING_NOT_ON_HOST).seen("hosts_binding", &bound, &from).seen(
            "host_addresses",
            on_host,
            "the host's interfaces",
        ));
    }
}

/// Without a choice by hand or by name the first interface should have won.
fn by_interface(
    context: &Context<'_>,
    reported: &Reported<'_>,
    unsure: Option<&Why>,
    findings: &mut Findings,
) {
    let interfaces = match &context.snapshot.host.interfaces {
        Reading::Known(interfaces) => interfaces,
        Reading::Unknown(why) => return findings.all_undecided(OF_CHOICE, why),
    };
    let Some((own, _)) = choice::usable(interfaces).find(|(_, address)| Some(*address) == reported.address)
    else {
        return;
    };
    let finding = if choice::is_virtual(&own.interface) {
        Finding::of(&IP_ON_VIRTUAL_INTERFACE).seen("reported", reported.ip, reported.from).seen(
            "interface",
            &own.interface,
            "the host's interfaces",
        )
    } else {
        let Some((first, address)) = choice::first_interface(interfaces) else { return };
        if first.interface == own.interface {
            return;
        }
        // The name service may have given this very address for the host name: then the choice is as documented.
        match choice::resolved_name(&context.snapshot.host) {
            Ok(Some(resolved)) if Some(resolved) == reported.address => return,
            Ok(_) => {}
            Err(why) => return findings.undecided(&IP_NOT_FIRST_INTERFACE, why),
        }
        Finding::of(&IP_NOT_FIRST_INTERFACE)
            .seen("reported", reported.ip, reported.from)
            .seen("interface", &own.interface, "the host's interfaces")
            .seen("first_interface", format!("{} {address}", first.interface), "the host's interfaces")
    };
    match unsure {
        None => findings.add(finding),
        Some(why) => findings.undecided(finding.cause, why),
    }
}

fn edited(
    file: &FileContent<AddressRecord>,
    content: &AddressRecord,
    ip: &str,
    path: &str,
    findings: &mut Findings,
) {
    if let Some(instance_ip) = &content.instance_ip
        && instance_ip != ip
    {
        return findings.add(
            Finding::of(&IP_RECORD_EDITED).seen("recorded", quoted(ip), format!("{path}: ip")).seen(
                "expected",
                quoted(instance_ip),
                format!("{path}: instance_id"),
            ),
        );
    }
    // update_time has no zone: it counts as an edit only if it is one in every zone that it may be written in. The epoch in
    // instance_id is the same moment, and has none of that doubt.
    let epoch =
        content.instance_epoch.and_then(|s| std::time::UNIX_EPOCH.checked_add(Duration::from_secs(s)));
    let mut candidates = content.update_time_candidates.iter().copied().chain(epoch).peekable();
    if content.update_time.is_none() || candidates.peek().is_none() {
        return;
    }
    let mut later = false;
    for candidate in candidates {
        match file.modified.duration_since(candidate) {
            Ok(after) if after <= WRITTEN_AT_ONCE => return,
            Ok(_) => later = true,
            Err(before) if before.duration() <= WRITTEN_AT_ONCE => return,
            Err(_) => {}
        }
    }
    if later {
        findings.add(
            Finding::of(&IP_RECORD_EDITED)
                .seen("recorded", super::timestamp(file.modified), format!("{path}: modification time"))
                .seen(
                    "expected",
                    content.update_time.as_deref().unwrap_or_default(),
                    format!("{path}: update_time"),
                ),
        );
    }
}

/// The host's IPv4 addresses with their interfaces.
pub(super) fn addresses(interfaces: &[InterfaceAddress]) -> String {
    let text =
        list(choice::usable(interfaces).map(|(entry, address)| format!("{} {address}", entry.interface)));
    if text.is_empty() { "none".to_owned() } else { text }
}
