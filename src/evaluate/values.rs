//! The values of the catalogue's placeholders: paths, commands, settings and expectations of one installation.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    agents::{
        HostClass,
        interfaces::{first_interface, usable},
        remedy::{self, Wanted, trials},
    },
    catalog,
    model::{
        NetworkType,
        remedy::NOT_KNOWN,
        snapshot::{EndpointFact, Installation, Parameters},
    },
};

use super::{context::Context, engine::findings::Finding};

/// Values by name.
type Values = BTreeMap<&'static str, String>;

/// Values about the agent, independent of the finding.
pub(super) fn of_agent(context: &Context<'_>) -> Arc<Values> {
    let Context { agent, settings, profile, .. } = *context;
    let expect = &settings.expect;
    let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
    let parameters = context.derived.parameters();
    let parameters = parameters.known().copied().flatten();
    let binary = agent.installation.known().and_then(binary);
    let address = address(context, parameters);
    let identifier = expect.machine_group_identifier.as_ref().or(expect.server_group_label.as_ref());
    let place = place(context, parameters);
    let servers = place.as_ref().and_then(|(region, network)| profile.servers_for(region, *network));
    let mut values = profile.commands(settings, context.derived.version.known().and_then(Option::as_deref));
    let wanted = Wanted {
        config: agent.config.as_ref().map(|config| config.path.as_path()),
        parameters,
        address: address.as_deref(),
        identifier: identifier.map(String::as_str),
        region: place.as_ref().map(|(region, _)| region.as_str()),
        servers: servers.as_ref(),
    };
    let public = wanted.region.and_then(|region| profile.servers_for(region, NetworkType::Internet));
    values.extend(context.container_commands());
    values.extend(profile.settings(&wanted));
    values.extend(remedy::public(profile.settings(&Wanted { servers: public.as_ref(), ..wanted })));
    let layout = || profile.layout(settings, &agent.invocation).log.first().map(Path::to_owned);
    let log = path(context.log_file())
        .or_else(|| values.get("usual_logs").cloned())
        .or_else(|| path(layout().as_deref()));
    let facts = [
        ("agent", Some(agent.name.to_string())),
        ("kind", Some(agent.kind.to_owned())),
        ("system", Some(settings.system.as_str().to_owned())),
        ("hostname", context.place.hostname.known().cloned()),
        ("install_dir", path(agent.install_dir.as_deref())),
        ("binary", path(binary)),
        ("config_file", path(agent.config.as_ref().map(|config| config.path.as_path()))),
        ("record_file", path(agent.record.as_ref().map(|record| record.path.as_path()))),
        ("users_dir", path(agent.users.as_ref().map(|users| users.path.as_path()))),
        ("identifiers_file", path(agent.identifiers.as_ref().map(|file| file.path.as_path()))),
        ("hosts_file", path(Some(&context.place.hosts.path))),
        ("log_file", log),
        ("address", address),
        ("group_address", group_address(context)),
        ("identifier", identifier.cloned()),
        ("expected_region", expect.region.clone()),
        ("expected_network", expect.network.map(|network| network.to_string())),
        ("account_id", expect.account_id.clone()),
        ("right_config_server", servers.as_ref().map(|(config, _)| config.clone())),
        ("right_data_server", servers.map(|(_, data)| data)),
    ];
    for (name, value) in facts {
        values.entry(name).or_insert_with(|| value.unwrap_or_else(|| NOT_KNOWN.to_owned()));
    }
    for name in catalog::CONTEXT {
        values.entry(name).or_insert_with(|| NOT_KNOWN.to_owned());
    }
    Arc::new(values)
}

/// The same, with values about the endpoint that the finding is about.
pub(super) fn of_finding(context: &Context<'_>, of_agent: &Arc<Values>, finding: &Finding) -> Arc<Values> {
    let Some(fact) = endpoint(context, finding) else { return Arc::clone(of_agent) };
    let proxy = fact.probe.known().and_then(|probe| probe.proxy.as_ref()).map(|(proxy, _)| proxy.clone());
    let mut values = Values::clone(of_agent);
    values.extend(trials(&fact.endpoint, proxy.as_deref(), context.settings.system));
    values.insert("proxy_url", proxy.unwrap_or_else(|| NOT_KNOWN.to_owned()));
    if fact.endpoint.from.starts_with("expect.") || fact.endpoint.from.starts_with("config: ") {
        values.insert("expected_by", fact.endpoint.from.trim_start_matches("config: ").to_owned());
    }
    Arc::new(values)
}

/// The endpoint that a finding is about: by its URL, or one of those behind its proxy; for a resolver
/// failure, one with a host name.
fn endpoint<'a>(context: &Context<'a>, finding: &Finding) -> Option<&'a EndpointFact> {
    let told =
        |name: &str| finding.evidence.iter().find(|seen| seen.name == name).map(|seen| seen.value.as_str());
    let endpoints = || context.agent.endpoints.iter();
    if let Some(url) = told("url") {
        return endpoints().find(|fact| fact.endpoint.url == url);
    }
    if let Some(proxy) = told("proxy") {
        let through = |fact: &&EndpointFact| {
            fact.probe.known().and_then(|probe| probe.proxy.as_ref()).is_some_and(|(used, _)| used == proxy)
        };
        return endpoints().find(through);
    }
    told("names")?;
    endpoints().find(|fact| fact.endpoint.host.parse::<std::net::IpAddr>().is_err())
}

/// The executable, or where it should be.
fn binary(installation: &Installation) -> Option<&Path> {
    installation.binary.as_ref().or(installation.looked_for.first()).map(PathBuf::as_path)
}

/// An address that the machine group is expected to contain, and that this host has.
fn group_address(context: &Context<'_>) -> Option<String> {
    let expect = &context.settings.expect;
    let interfaces = context.place.interfaces.known()?;
    let mut expected = expect.machine_group_ips.iter().chain(&expect.server_group_ip);
    let on_host = |ip: &&String| {
        ip.parse::<Ipv4Addr>().is_ok_and(|ip| usable(interfaces).any(|(_, address)| address == ip))
    };
    expected.find(on_host).cloned()
}

/// The address that the agent should report: the one that the machine group expects, otherwise that of the
/// first interface.
fn address(context: &Context<'_>, parameters: Option<&Parameters>) -> Option<String> {
    let expect = &context.settings.expect;
    let single = |ip: &&String| ip.parse::<Ipv4Addr>().is_ok();
    let expected = || expect.machine_group_ips.iter().chain(&expect.server_group_ip).find(single).cloned();
    let interfaces = context.place.interfaces.known();
    let is_working_ip = |ip: &String| {
        parameters.and_then(|parameters| parameters.working_ip.as_ref()).is_some_and(|set| set.value == *ip)
    };
    let first = interfaces
        .and_then(|interfaces| first_interface(interfaces))
        .map(|(_, address)| address.to_string())
        .filter(|ip| !is_working_ip(ip));
    group_address(context).or_else(expected).or(first)
}

/// Region and network of the servers that the agent should have: as expected, otherwise as in its config.
fn place(context: &Context<'_>, parameters: Option<&Parameters>) -> Option<(String, NetworkType)> {
    let expect = &context.settings.expect;
    let classes = || {
        let parameters = parameters.into_iter();
        let servers = parameters.flat_map(|parameters| {
            let data = parameters.data_servers.iter().map(|server| &server.endpoint);
            parameters.config_servers.iter().chain(data)
        });
        servers.map(|server| context.profile.classify_host(&server.value))
    };
    let known = |class: &HostClass| {
        class.region.as_deref().is_some_and(|region| context.profile.knows_region(region))
    };
    let region = expect.region.clone().or_else(|| classes().find(known).and_then(|class| class.region))?;
    let of_known = || classes().find(known).and_then(|class| class.network);
    let network = expect.network.or_else(of_known).or_else(|| classes().find_map(|class| class.network))?;
    Some((region, network))
}
