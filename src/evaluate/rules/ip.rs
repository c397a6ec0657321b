//! `ip` of agents that record the address that they report (Logtail's `app_info.json`).

use std::{net::Ipv4Addr, time::Duration};

use crate::{
    agents::{
        Binding, Choice,
        interfaces::{first_interface, is_virtual, usable},
    },
    catalog::ip::{
        HOSTS_BINDING_NOT_ON_HOST, IP_DIFFERS_FROM_HOSTS_BINDING, IP_DIFFERS_FROM_WORKING_IP, IP_EMPTY,
        IP_LOOPBACK, IP_MISSING, IP_NOT_FIRST_INTERFACE, IP_NOT_IN_GROUP, IP_NOT_ON_HOST,
        IP_ON_VIRTUAL_INTERFACE, IP_RECORD_EDITED, IP_RECORD_INVALID, IP_RECORD_MISSING, IP_WILL_CHANGE,
    },
    catalog::surroundings::{IDENTITY_CLONED, IP_UNSTABLE},
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        roles,
        words::{at_line, list},
    },
    model::{
        Cause, Prerequisite, Reading, Why,
        report::NotEvaluated,
        snapshot::{AddressRecord, FileContent, FileFact, FileState, InterfaceAddress},
        text::quoted,
        time::rfc3339,
    },
};

use super::{group_ip, surroundings};

/// `app_info.json` is written within this long of `update_time`; a later modification is an edit (contract: 60 s).
const WRITTEN_AT_ONCE: Duration = Duration::from_secs(60);

/// The address that the agent would select must differ for this long: newer agents check every 30 s, and
/// restart by themselves (contract: 60 s).
const CHOICE_SETTLES: Duration = Duration::from_secs(60);

const LOOPBACK: &str = "lo";

/// Causes that need the record of the reported address.
const OF_RECORD: &[&Cause] = &[
    &IP_NOT_IN_GROUP,
    &IP_DIFFERS_FROM_WORKING_IP,
    &IP_DIFFERS_FROM_HOSTS_BINDING,
    &HOSTS_BINDING_NOT_ON_HOST,
    &IP_ON_VIRTUAL_INTERFACE,
    &IP_NOT_FIRST_INTERFACE,
    &IP_RECORD_MISSING,
    &IP_RECORD_INVALID,
    &IP_RECORD_EDITED,
    &IP_WILL_CHANGE,
];

/// The rule: agents without an address record are judged by [`group_ip`].
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::Ip);
    findings.judge(&IP_MISSING, || missing(context));
    match (roles::running(context.agent), &context.agent.processes) {
        (Some(false), _) => return of_host_alone(context, findings),
        // The reported address counts only if the agent is running.
        (None, Reading::Unknown(why)) => {
            if !findings.has(&IP_MISSING) {
                return Outcome::Unread(why.clone());
            }
            let mut unread = Findings::unread(Prerequisite::Ip, why);
            unread.judge(&IP_MISSING, || missing(context));
            return Outcome::Judged(unread);
        }
        (None | Some(true), _) => {}
    }
    if let Some(record) = &context.agent.record {
        findings.clear(group_ip::CAUSES);
        Record::of(context, record).judge(&mut findings);
    } else {
        findings.clear(OF_RECORD);
        group_ip::judge(context, &mut findings);
    }
    findings.judge(&IP_UNSTABLE, || Ok(surroundings::unstable(context)));
    findings.judge(&IDENTITY_CLONED, || surroundings::cloned(context));
    Outcome::Judged(findings)
}

/// The address reported by a process that is gone does not count; only the host's facts can be judged.
fn of_host_alone(context: &Context<'_>, mut findings: Findings) -> Outcome {
    if let Some(why) = context.place.interfaces.why() {
        return Outcome::Not(NotEvaluated::Undecided(why.clone()));
    }
    if !findings.has(&IP_MISSING) {
        return Outcome::Not(NotEvaluated::NoProcess);
    }
    findings.clear(OF_RECORD);
    findings.clear(group_ip::CAUSES);
    findings.clear(&[&IP_EMPTY, &IP_LOOPBACK, &IP_NOT_ON_HOST, &IP_UNSTABLE, &IDENTITY_CLONED]);
    Outcome::Judged(findings)
}

fn missing(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let interfaces = context.place.interfaces.as_result()?;
    // The agent never uses an address on the loopback interface (such as a load balancer's).
    let none = usable(interfaces).all(|(entry, _)| entry.interface == LOOPBACK);
    let names = || list(interfaces.iter().map(|entry| format!("{} {}", entry.interface, entry.address)));
    Ok(none.then(|| Finding::of(&IP_MISSING).seen("interfaces", names(), "the host's interfaces")))
}

/// The record, and its contents.
struct Record<'a> {
    context: &'a Context<'a>,
    path: String,
    fact: &'a FileFact<AddressRecord>,
    choice: Option<&'a Choice>,
}

/// The address under judgement.
struct Reported<'a> {
    ip: &'a str,
    address: Option<Ipv4Addr>,
    from: String,
}

impl Reported<'_> {
    fn finding(&self, cause: &'static Cause) -> Finding {
        Finding::of(cause).seen("reported", self.ip, &self.from)
    }
}

impl<'a> Record<'a> {
    fn of(context: &'a Context<'a>, fact: &'a FileFact<AddressRecord>) -> Self {
        let path = fact.path.display().to_string();
        Self { context, path, fact, choice: context.derived.choice.as_ref() }
    }

    fn judge(&self, findings: &mut Findings) {
        findings.judge(&IP_RECORD_MISSING, || self.missing());
        findings.judge(&IP_RECORD_INVALID, || self.invalid());
        findings.judge(&IP_RECORD_EDITED, || self.edited());
        findings.judge(&IP_EMPTY, || self.empty());
        let of_address: [(&'static Cause, AddressRule); 9] = [
            (&IP_LOOPBACK, loopback),
            (&IP_NOT_IN_GROUP, not_in_group),
            (&IP_NOT_ON_HOST, not_on_host),
            (&IP_DIFFERS_FROM_WORKING_IP, differs_from_working_ip),
            (&IP_DIFFERS_FROM_HOSTS_BINDING, differs_from_hosts_binding),
            (&HOSTS_BINDING_NOT_ON_HOST, binding_not_on_host),
            (&IP_ON_VIRTUAL_INTERFACE, on_virtual_interface),
            (&IP_NOT_FIRST_INTERFACE, not_first_interface),
            (&IP_WILL_CHANGE, will_change),
        ];
        for (cause, rule) in of_address {
            findings.judge(cause, || match self.reported()? {
                Some(reported) => rule(self, &reported),
                None => Ok(None),
            });
        }
    }

    fn file(&self) -> Result<Option<&'a FileContent<AddressRecord>>, Why> {
        Ok(match self.fact.state.as_result()? {
            FileState::Present(file) => Some(file),
            FileState::Missing | FileState::NotAFile(_) => None,
        })
    }

    /// Content and address; `None` if the file does not exist, or is not a record.
    fn content(&self) -> Result<Option<(&'a AddressRecord, &'a str)>, Why> {
        let content = self.file()?.and_then(|file| file.content.as_ref().ok());
        Ok(content.and_then(|content| Some((content, content.ip.as_deref()?))))
    }

    /// The address, unless it is blank.
    fn reported(&self) -> Result<Option<Reported<'a>>, Why> {
        let found = self.content()?.filter(|(_, ip)| !ip.trim().is_empty());
        Ok(found.map(|(_, ip)| Reported { ip, address: ip.parse().ok(), from: self.ip_place() }))
    }

    fn ip_place(&self) -> String {
        format!("{}: ip", self.path)
    }

    fn interfaces(&self) -> Result<&'a [InterfaceAddress], Why> {
        Ok(self.context.place.interfaces.as_result()?)
    }

    fn missing(&self) -> Result<Option<Finding>, Why> {
        let gone = matches!(self.fact.state.as_result()?, FileState::Missing);
        let finding =
            || Finding::of(&IP_RECORD_MISSING).seen("record", &self.path, "file system: no such file");
        Ok(gone.then(finding))
    }

    fn invalid(&self) -> Result<Option<Finding>, Why> {
        let finding = |defect: &str, line| {
            Finding::of(&IP_RECORD_INVALID).seen("record", &self.path, "file system").seen(
                "defect",
                defect,
                at_line(&self.path, line),
            )
        };
        Ok(match self.fact.state.as_result()? {
            FileState::Missing => None,
            FileState::NotAFile(what) => Some(finding(&format!("it is a {what}"), None)),
            FileState::Present(file) => match &file.content {
                Err(rejection) => Some(finding(&rejection.reason, rejection.line)),
                Ok(content) if content.ip.is_none() => Some(finding("it has no key \"ip\"", None)),
                Ok(_) => None,
            },
        })
    }

    fn empty(&self) -> Result<Option<Finding>, Why> {
        let blank = self.content()?.filter(|(_, ip)| ip.trim().is_empty());
        Ok(blank.map(|(_, ip)| Finding::of(&IP_EMPTY).seen("reported", quoted(ip), self.ip_place())))
    }

    /// The record was edited by hand: its address differs from the one inside `instance_id`, or it was
    /// modified later than its `update_time`.
    fn edited(&self) -> Result<Option<Finding>, Why> {
        let (Some(file), Some((content, ip))) = (self.file()?, self.content()?) else { return Ok(None) };
        if let Some(instance_ip) = content.instance_ip.as_ref().filter(|instance_ip| *instance_ip != ip) {
            let recorded = Finding::of(&IP_RECORD_EDITED).seen("recorded", quoted(ip), self.ip_place());
            let from = format!("{}: instance_id", self.path);
            return Ok(Some(recorded.seen("expected", quoted(instance_ip), from)));
        }
        let Some(update_time) = content.update_time.as_deref().filter(|_| is_late(file, content)) else {
            return Ok(None);
        };
        let modified = rfc3339(file.modified);
        Ok(Some(
            Finding::of(&IP_RECORD_EDITED)
                .seen("recorded", modified, format!("{}: modification time", self.path))
                .seen("expected", update_time, format!("{}: update_time", self.path)),
        ))
    }

    /// True if a setting decides, rather than the host name or an interface.
    fn chosen_by_setting(&self) -> Result<bool, Why> {
        let Some(choice) = self.choice else { return Ok(false) };
        Ok(choice.working_ip.as_result()?.is_some() || choice.bind_interface.as_result()?.is_some())
    }

    fn binding(&self) -> Result<Option<&'a Binding>, Why> {
        let Some(choice) = self.choice else { return Ok(None) };
        Ok(choice.hosts_binding.as_result()?.as_ref())
    }

    fn binding_place(&self, binding: &Binding) -> String {
        format!("{} line {}", self.context.place.hosts.path.display(), binding.line)
    }

    /// The interface that has the reported address, if neither a setting nor the hosts file decided.
    fn own_interface(&self, reported: &Reported<'_>) -> Result<Option<&'a InterfaceAddress>, Why> {
        let own = usable(self.interfaces()?).find(|(_, address)| Some(*address) == reported.address);
        Ok(own.map(|(entry, _)| entry))
    }

    fn chosen_otherwise(&self) -> Result<bool, Why> {
        Ok(self.chosen_by_setting()? || self.binding()?.is_some())
    }
}

/// `update_time` has no time zone: the record counts as edited only if it is so in every possible zone. The
/// epoch in `instance_id` is the same time, without this ambiguity.
fn is_late(file: &FileContent<AddressRecord>, content: &AddressRecord) -> bool {
    let epoch =
        content.instance_epoch.and_then(|s| std::time::UNIX_EPOCH.checked_add(Duration::from_secs(s)));
    let mut later = false;
    for candidate in content.update_time_candidates.iter().copied().chain(epoch) {
        match file.modified.duration_since(candidate) {
            Ok(after) if after <= WRITTEN_AT_ONCE => return false,
            Ok(_) => later = true,
            Err(before) if before.duration() <= WRITTEN_AT_ONCE => return false,
            Err(_) => {}
        }
    }
    later
}

type AddressRule = fn(&Record<'_>, &Reported<'_>) -> Result<Option<Finding>, Why>;

fn loopback(_record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let is_loopback = reported.address.is_some_and(|address| address.is_loopback());
    Ok(is_loopback.then(|| reported.finding(&IP_LOOPBACK)))
}

fn not_in_group(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let expected = &record.context.settings.expect.machine_group_ips;
    let same =
        |ip: &String| ip == reported.ip || reported.address.is_some() && ip.parse().ok() == reported.address;
    if expected.is_empty() || expected.iter().any(same) {
        return Ok(None);
    }
    let from = "config: expect.machine_group_ips";
    Ok(Some(reported.finding(&IP_NOT_IN_GROUP).seen("expected", list(expected), from)))
}

fn not_on_host(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let interfaces = record.interfaces()?;
    if interfaces.iter().any(|entry| entry.address.to_string() == reported.ip) {
        return Ok(None);
    }
    // A working_ip is valid even if it is on no interface (NAT).
    if let Some(choice) = record.choice
        && choice.working_ip.as_result()?.as_ref().is_some_and(|working_ip| working_ip.value == reported.ip)
    {
        return Ok(None);
    }
    let finding = reported.finding(&IP_NOT_ON_HOST);
    Ok(Some(finding.seen("host_addresses", addresses(interfaces), "the host's interfaces")))
}

fn differs_from_working_ip(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let Some(choice) = record.choice else { return Ok(None) };
    let working_ip = choice.working_ip.as_result()?.as_ref().filter(|set| set.value != reported.ip);
    Ok(working_ip.map(|working_ip| {
        reported.finding(&IP_DIFFERS_FROM_WORKING_IP).seen(
            "working_ip",
            &working_ip.value,
            record.context.parameter_place(&working_ip.key),
        )
    }))
}

fn differs_from_hosts_binding(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let Some(binding) = record.binding()?.filter(|binding| Some(binding.address) != reported.address) else {
        return Ok(None);
    };
    if record.chosen_by_setting()? {
        return Ok(None);
    }
    let finding = reported.finding(&IP_DIFFERS_FROM_HOSTS_BINDING);
    Ok(Some(finding.seen("hosts_binding", binding.address.to_string(), record.binding_place(binding))))
}

fn binding_not_on_host(record: &Record<'_>, _reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let Some(binding) = record.binding()?.filter(|binding| !binding.on_host) else { return Ok(None) };
    if record.chosen_by_setting()? {
        return Ok(None);
    }
    let bound = binding.address.to_string();
    let finding = Finding::of(&HOSTS_BINDING_NOT_ON_HOST);
    let finding = finding.seen("hosts_binding", bound, record.binding_place(binding));
    Ok(Some(finding.seen("host_addresses", addresses(record.interfaces()?), "the host's interfaces")))
}

fn on_virtual_interface(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let own = record.own_interface(reported)?.filter(|own| is_virtual(&own.interface));
    let Some(own) = own else { return Ok(None) };
    if record.chosen_otherwise()? {
        return Ok(None);
    }
    let finding = reported.finding(&IP_ON_VIRTUAL_INTERFACE);
    Ok(Some(finding.seen("interface", &own.interface, "the host's interfaces")))
}

/// Without a setting and without a name the first interface should have been chosen.
fn not_first_interface(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let own = record.own_interface(reported)?.filter(|own| !is_virtual(&own.interface));
    let (Some(own), Some((first, address))) = (own, first_interface(record.interfaces()?)) else {
        return Ok(None);
    };
    if first.interface == own.interface || record.chosen_otherwise()? {
        return Ok(None);
    }
    // The name service may have given this very address for the host name: then the choice is as documented.
    if let Some(choice) = record.choice
        && choice.resolved_name.as_result()?.is_some_and(|resolved| Some(resolved) == reported.address)
    {
        return Ok(None);
    }
    let from = "the host's interfaces";
    let finding = reported.finding(&IP_NOT_FIRST_INTERFACE).seen("interface", &own.interface, from);
    Ok(Some(finding.seen("first_interface", format!("{} {address}", first.interface), from)))
}

fn will_change(record: &Record<'_>, reported: &Reported<'_>) -> Result<Option<Finding>, Why> {
    let Some(choice) = record.choice else { return Ok(None) };
    let Some(chosen) = choice.chosen.as_result()?.as_ref() else { return Ok(None) };
    let since = record.context.history.choice_differs_since;
    let settled =
        since.is_some_and(|since| record.context.snapshot.uptime.saturating_sub(since) >= CHOICE_SETTLES);
    if !settled || chosen.address == reported.ip {
        return Ok(None);
    }
    Ok(Some(reported.finding(&IP_WILL_CHANGE).seen("next", &chosen.address, &chosen.from)))
}

/// The host's IPv4 addresses with their interfaces.
pub(super) fn addresses(interfaces: &[InterfaceAddress]) -> String {
    let text = list(usable(interfaces).map(|(entry, address)| format!("{} {address}", entry.interface)));
    if text.is_empty() { "none".to_owned() } else { text }
}
