//! `ip` of agents whose address is a setting in their config (LogListener's `group_ip`).

use std::net::Ipv4Addr;

use crate::{
    agents::interfaces::{is_virtual, usable},
    catalog::ip::{
        GROUP_IP_IS_RANGE, GROUP_IP_MISMATCH, GROUP_IP_NOT_PRIVATE, GROUP_LABEL_CONFLICT, IP_EMPTY,
        IP_LOOPBACK, IP_NOT_ON_HOST, MULTIPLE_CANDIDATE_ADDRESSES,
    },
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings},
        words::list,
    },
    model::{
        Cause, NetworkType, Why,
        snapshot::{Parameter, Parameters},
        text::quoted,
    },
};

use super::ip::addresses;

/// Causes of only these agents.
pub(super) const CAUSES: &[&Cause] = &[
    &GROUP_IP_MISMATCH,
    &GROUP_IP_IS_RANGE,
    &GROUP_IP_NOT_PRIVATE,
    &GROUP_LABEL_CONFLICT,
    &MULTIPLE_CANDIDATE_ADDRESSES,
];

const EXPECTED_FROM: &str = "config: expect.server_group_ip";

/// The part of the rule that needs the config.
pub(super) fn judge(context: &Context<'_>, findings: &mut Findings) {
    let group = Group::of(context);
    findings.judge(&GROUP_IP_IS_RANGE, || Ok(group.range()));
    findings.judge(&GROUP_LABEL_CONFLICT, || group.label_conflict());
    findings.judge(&IP_EMPTY, || group.empty());
    findings.judge(&IP_LOOPBACK, || group.loopback());
    findings.judge(&GROUP_IP_MISMATCH, || group.mismatch());
    findings.judge(&GROUP_IP_NOT_PRIVATE, || group.not_private());
    findings.judge(&IP_NOT_ON_HOST, || group.not_on_host());
    findings.judge(&MULTIPLE_CANDIDATE_ADDRESSES, || group.several_candidates());
}

struct Group<'a> {
    context: &'a Context<'a>,
    expected: Option<&'a str>,
    expected_is_range: bool,
}

/// The configured address, if it is not blank.
struct GroupIp<'a> {
    text: &'a str,
    address: Option<Ipv4Addr>,
    place: String,
}

impl GroupIp<'_> {
    fn finding(&self, cause: &'static Cause, name: &'static str) -> Finding {
        Finding::of(cause).seen(name, self.text, &self.place)
    }
}

impl<'a> Group<'a> {
    fn of(context: &'a Context<'a>) -> Self {
        let expected = context.settings.expect.server_group_ip.as_deref();
        let is_range = expected.is_some_and(|expected| expected.trim().parse::<Ipv4Addr>().is_err());
        Self { context, expected, expected_is_range: is_range }
    }

    fn range(&self) -> Option<Finding> {
        let range = self.expected.filter(|_| self.expected_is_range)?;
        Some(Finding::of(&GROUP_IP_IS_RANGE).seen("expected", range, EXPECTED_FROM))
    }

    /// The parameters, if the address matters. A config that is missing or rejected is `startup_parameters`' to report.
    fn parameters(&self) -> Result<Option<&'a Parameters>, Why> {
        let parameters = match &self.context.derived.parameters {
            crate::model::Reading::Known(parameters) => parameters.as_deref(),
            crate::model::Reading::Unknown(why) => return Err(why.clone()),
        };
        Ok(parameters.filter(|parameters| !parameters.dynamic_ip))
    }

    fn labels(parameters: &Parameters) -> Option<&(String, Vec<String>)> {
        parameters.group_labels.as_ref().filter(|(_, labels)| !labels.is_empty())
    }

    fn label_conflict(&self) -> Result<Option<Finding>, Why> {
        let Some(expected) = self.expected else { return Ok(None) };
        let Some((key, labels)) = self.parameters()?.and_then(Self::labels) else { return Ok(None) };
        Ok(Some(
            Finding::of(&GROUP_LABEL_CONFLICT)
                .seen("group_label", list(labels), self.context.parameter_place(key))
                .seen("expected", expected, EXPECTED_FROM),
        ))
    }

    /// The parameters, if the host is in an IP group, or may be.
    fn of_ip_group(&self) -> Result<Option<&'a Parameters>, Why> {
        let by_label = self.context.settings.expect.server_group_label.is_some();
        if self.expected.is_none() && by_label {
            return Ok(None);
        }
        let parameters = self.parameters()?;
        Ok(parameters.filter(|parameters| self.expected.is_some() || Self::labels(parameters).is_none()))
    }

    fn place(&self, parameters: &Parameters) -> String {
        let key = parameters.group_ip.as_ref().map_or("group_ip", |parameter| parameter.key.as_str());
        self.context.parameter_place(key)
    }

    fn empty(&self) -> Result<Option<Finding>, Why> {
        let Some(parameters) = self.of_ip_group()? else { return Ok(None) };
        let finding = |value: String| Finding::of(&IP_EMPTY).seen("reported", value, self.place(parameters));
        match parameters.group_ip.as_ref().map(|parameter| parameter.value.trim()) {
            Some("") => Ok(Some(finding(quoted("")))),
            Some(_) => Ok(None),
            // Newer generations and containers determine their address themselves if the key is absent.
            None => {
                let keyless = self.context.derived.edition.as_result()?.keyless;
                Ok((!keyless).then(|| finding("no key group_ip".to_owned())))
            }
        }
    }

    fn group_ip(&self) -> Result<Option<(GroupIp<'a>, &'a Parameters)>, Why> {
        let Some(parameters) = self.of_ip_group()? else { return Ok(None) };
        let text = parameters.group_ip.as_ref().map(|parameter| parameter.value.trim());
        let text = text.filter(|text| !text.is_empty());
        Ok(text.map(|text| {
            let place = self.place(parameters);
            (GroupIp { text, address: text.parse().ok(), place }, parameters)
        }))
    }

    fn loopback(&self) -> Result<Option<Finding>, Why> {
        let found = self.group_ip()?.filter(|(ip, _)| ip.address.is_some_and(|ip| ip.is_loopback()));
        Ok(found.map(|(ip, _)| ip.finding(&IP_LOOPBACK, "reported")))
    }

    fn mismatch(&self) -> Result<Option<Finding>, Why> {
        let Some(expected) = self.expected.filter(|_| !self.expected_is_range) else { return Ok(None) };
        let found = self.group_ip()?.filter(|(ip, _)| expected.trim() != ip.text);
        Ok(found.map(|(ip, _)| {
            ip.finding(&GROUP_IP_MISMATCH, "group_ip").seen("expected", expected, EXPECTED_FROM)
        }))
    }

    fn internal_server(&self, parameters: &'a Parameters) -> Option<&'a Parameter> {
        let internal = |server: &&Parameter| {
            let class = self.context.profile.classify_host(&server.value);
            class.network == Some(NetworkType::Intranet)
        };
        parameters.config_servers.iter().find(internal)
    }

    fn not_private(&self) -> Result<Option<Finding>, Why> {
        let Some((ip, parameters)) = self.group_ip()? else { return Ok(None) };
        let public = ip.address.is_some_and(|address| !is_private(address));
        let server = self.internal_server(parameters).filter(|_| public);
        Ok(server.map(|server| {
            ip.finding(&GROUP_IP_NOT_PRIVATE, "group_ip").seen(
                "server",
                &server.value,
                self.context.parameter_place(&server.key),
            )
        }))
    }

    fn not_on_host(&self) -> Result<Option<Finding>, Why> {
        let Some((ip, parameters)) = self.group_ip()? else { return Ok(None) };
        // Over the internet the console's IP is the public one, which is not on any interface because of NAT.
        let internal = self.internal_server(parameters).is_some();
        if !internal && ip.address.is_some_and(|address| !is_private(address)) {
            return Ok(None);
        }
        let interfaces = self.context.place.interfaces.as_result()?;
        let on_host = interfaces.iter().any(|entry| entry.address.to_string() == ip.text);
        let finding = || ip.finding(&IP_NOT_ON_HOST, "reported");
        Ok((!on_host)
            .then(|| finding().seen("host_addresses", addresses(interfaces), "the host's interfaces")))
    }

    fn several_candidates(&self) -> Result<Option<Finding>, Why> {
        let expect = &self.context.settings.expect;
        if self.expected.is_some() || expect.server_group_label.is_some() {
            return Ok(None);
        }
        let Some((ip, _)) = self.group_ip()? else { return Ok(None) };
        let interfaces = self.context.place.interfaces.as_result()?;
        let own: Vec<_> = usable(interfaces).filter(|(entry, _)| !is_virtual(&entry.interface)).collect();
        let first = own.first().map(|(entry, _)| &entry.interface);
        let several = own.iter().any(|(entry, _)| Some(&entry.interface) != first);
        if !several || !own.iter().any(|(_, address)| Some(*address) == ip.address) {
            return Ok(None);
        }
        let names = list(own.iter().map(|(entry, address)| format!("{} {address}", entry.interface)));
        let finding = ip.finding(&MULTIPLE_CANDIDATE_ADDRESSES, "group_ip");
        Ok(Some(finding.seen("candidates", names, "the host's interfaces")))
    }
}

/// RFC 1918 and RFC 6598 (the carrier-grade NAT range that the clouds use internally), and link-local.
fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || (first == 100 && (64..128).contains(&second))
}
