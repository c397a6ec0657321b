//! `startup_parameters`: the config is present, parses, is complete and consistent, and right for region and network.

use crate::{
    agents::HostClass,
    catalog::startup_parameters::{
        COMMUNITY_EDITION, CONFIG_INVALID, CONFIG_MISSING, CONFIG_SERVER_MISSING, CONFIG_UNREADABLE,
        DATA_SERVER_MISSING, DOMAIN_DEPRECATED, ENDPOINT_MALFORMED, NETWORK_TYPE_INCONSISTENT,
        NETWORK_TYPE_MISMATCH, PLACEHOLDER_LEFT, REGION_INCONSISTENT, REGION_MISMATCH, REGION_UNKNOWN,
    },
    config::Expectation,
    model::{
        Cause, NetworkType, Reading, Why,
        snapshot::{FileFact, FileState, Parameter, Parameters},
    },
};

use super::{
    at_line,
    check::Context,
    findings::{Finding, Findings},
    list,
    server::{self, Defect},
};

/// Causes that need the config's content.
const OF_CONTENT: &[&Cause] = &[
    &CONFIG_MISSING,
    &CONFIG_UNREADABLE,
    &CONFIG_INVALID,
    &CONFIG_SERVER_MISSING,
    &DATA_SERVER_MISSING,
    &PLACEHOLDER_LEFT,
    &REGION_MISMATCH,
    &REGION_INCONSISTENT,
    &NETWORK_TYPE_MISMATCH,
    &NETWORK_TYPE_INCONSISTENT,
    &ENDPOINT_MALFORMED,
    &REGION_UNKNOWN,
    &DOMAIN_DEPRECATED,
];

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let agent = context.agent;
    let mut findings = Findings::new();
    for file in &agent.files {
        presence(context, file, &file.path.display().to_string(), &mut findings);
    }
    if let Some(config) = &agent.config {
        presence(context, config, "", &mut findings);
    }
    if let Some(parameters) = agent.parameters() {
        content(context, parameters, &mut findings);
    }
    if agent.edition.community && expects_service(context) {
        findings.add(Finding::of(&COMMUNITY_EDITION).seen(
            "version",
            agent.version.as_deref().unwrap_or(agent.edition.label),
            "the agent's own record",
        ));
    }
    Some(findings)
}

/// Without any sign that the cloud service should know this machine, a community edition is just what its operator wants.
fn expects_service(context: &Context<'_>) -> bool {
    let service_named = context.agent.parameters().is_some_and(|parameters| {
        parameters
            .config_servers
            .iter()
            .any(|server| context.profile.classify_host(&server.value) != HostClass::default())
    });
    service_named || context.settings.expect != Expectation::default()
}

fn presence<T>(context: &Context<'_>, file: &FileFact<T>, subject: &str, findings: &mut Findings) {
    let path = file.path.display().to_string();
    let about =
        |cause: &'static Cause| Finding::of(cause).about(subject).seen("config", &path, "file system");
    match &file.state {
        Reading::Unknown(why) => findings.all_undecided(OF_CONTENT, why),
        Reading::Known(FileState::Missing) if context.agent.config_optional => {}
        Reading::Known(FileState::Missing) => match &context.agent.environment {
            // A variable of the process may name another file.
            Reading::Unknown(why) if context.agent.config.is_some() => {
                findings.undecided(&CONFIG_MISSING, why);
            }
            Reading::Unknown(_) | Reading::Known(_) => {
                findings.add(about(&CONFIG_MISSING));
            }
        },
        Reading::Known(FileState::NotAFile(what)) => {
            findings.add(about(&CONFIG_UNREADABLE).seen("found", *what, "file system"));
        }
        Reading::Known(FileState::Present(content)) => {
            if let Err(rejection) = &content.content {
                findings.add(about(&CONFIG_INVALID).seen(
                    "defect",
                    &rejection.reason,
                    at_line(&path, rejection.line),
                ));
            }
        }
    }
}

/// One server of the config, its host name classified.
struct Server<'a> {
    parameter: &'a Parameter,
    class: HostClass,
    region: Option<String>,
}

fn content(context: &Context<'_>, parameters: &Parameters, findings: &mut Findings) {
    let agent = context.agent;
    let file = context.config_path();
    let own_servers_only = agent.edition.community;
    if parameters.config_servers.is_empty() && !own_servers_only && !agent.edition.keyless {
        findings.add(Finding::of(&CONFIG_SERVER_MISSING).seen("config", &file, "no server in it"));
    }
    if parameters.data_servers.is_empty() && context.profile.has_data_servers() && !own_servers_only {
        findings.add(Finding::of(&DATA_SERVER_MISSING).seen("config", &file, "no server in it"));
    }
    let values = parameters
        .config_servers
        .iter()
        .chain(
            parameters.data_servers.iter().flat_map(|server| server.region.iter().chain([&server.endpoint])),
        )
        .chain(&parameters.group_ip);
    for parameter in values.filter(|parameter| server::is_placeholder(&parameter.value)) {
        findings.add(
            Finding::of(&PLACEHOLDER_LEFT).about(&parameter.key).keys([parameter.key.as_str()]).seen(
                "value",
                &parameter.value,
                context.parameter_place(&parameter.key),
            ),
        );
    }
    let config: Vec<Server<'_>> = parameters
        .config_servers
        .iter()
        .filter_map(|server| well_formed(context, server, findings))
        .collect();
    let data: Vec<Server<'_>> = parameters
        .data_servers
        .iter()
        .filter_map(|entry| {
            let mut server = well_formed(context, &entry.endpoint, findings)?;
            let cluster = entry
                .region
                .as_ref()
                .map(|region| server::without_network(&region.value))
                .filter(|cluster| context.profile.knows_region(cluster));
            if server.region.is_none() {
                server.region = cluster;
            } else if let Some(cluster) = cluster
                && server.region.as_ref() != Some(&cluster)
            {
                if let Some(expected) = &context.settings.expect.region {
                    // With the host in the right region, the name that goes with it is what is wrong.
                    if server.region.as_ref() == Some(expected)
                        && let Some(region) = &entry.region
                    {
                        findings.add(wrong_cluster(context, region, expected));
                    }
                    return Some(server);
                }
                findings.add(
                    Finding::of(&REGION_INCONSISTENT)
                        .about(&entry.endpoint.key)
                        .keys([entry.endpoint.key.as_str()])
                        .seen(
                            "config_server",
                            &cluster,
                            entry.region.as_ref().map_or("", |region| &region.key),
                        )
                        .seen(
                            "data_server",
                            &entry.endpoint.value,
                            context.parameter_place(&entry.endpoint.key),
                        ),
                );
            }
            Some(server)
        })
        .collect();
    for server in config.iter().chain(&data) {
        doubtful(context, server, findings);
    }
    regions(context, &config, &data, findings);
    networks(context, &config, &data, parameters, findings);
}

fn well_formed<'a>(
    context: &Context<'_>,
    parameter: &'a Parameter,
    findings: &mut Findings,
) -> Option<Server<'a>> {
    match server::parse(&parameter.value) {
        Ok(parsed) => {
            let class = context.profile.classify_host(&parsed.host);
            let region = class.region.clone();
            Some(Server { parameter, class, region })
        }
        Err(Defect::Placeholder) => None,
        Err(Defect::Malformed(reason)) => {
            findings.add(
                Finding::of(&ENDPOINT_MALFORMED).about(&parameter.key).keys([parameter.key.as_str()]).seen(
                    "value",
                    format!("{} ({reason})", parameter.value),
                    context.parameter_place(&parameter.key),
                ),
            );
            None
        }
    }
}

fn doubtful(context: &Context<'_>, server: &Server<'_>, findings: &mut Findings) {
    let place = context.parameter_place(&server.parameter.key);
    if server.class.deprecated {
        findings.add(Finding::of(&DOMAIN_DEPRECATED).about(&server.parameter.key).seen(
            "server",
            &server.parameter.value,
            &place,
        ));
    }
    if let Some(region) = &server.class.region
        && !context.profile.knows_region(region)
        && context.settings.expect.region.as_ref() != Some(region)
    {
        findings.add(Finding::of(&REGION_UNKNOWN).about(&server.parameter.key).seen("region", region, place));
    }
}

fn regions(context: &Context<'_>, config: &[Server<'_>], data: &[Server<'_>], findings: &mut Findings) {
    let regions_of = |servers: &[Server<'_>]| -> Vec<String> {
        servers.iter().filter_map(|server| server.region.clone()).collect()
    };
    if let Some(expected) = &context.settings.expect.region {
        for servers in [config, data] {
            let regions = regions_of(servers);
            if !regions.is_empty() && !regions.contains(expected) {
                findings.add(mismatch(
                    context,
                    &REGION_MISMATCH,
                    servers,
                    &list(&regions),
                    expected,
                    "expect.region",
                ));
            }
        }
        return;
    }
    let (of_config, of_data) = (regions_of(config), regions_of(data));
    let apart =
        !of_config.is_empty() && !of_data.is_empty() && !of_config.iter().any(|r| of_data.contains(r));
    if apart {
        findings.add(pair(context, &REGION_INCONSISTENT, config, data, &list(of_config), &list(of_data)));
    }
}

fn networks(
    context: &Context<'_>,
    config: &[Server<'_>],
    data: &[Server<'_>],
    parameters: &Parameters,
    findings: &mut Findings,
) {
    let networks_of = |servers: &[Server<'_>]| -> Vec<NetworkType> {
        servers.iter().filter_map(|server| server.class.network).collect()
    };
    let implied = parameters.implied.as_ref().map(|(_, network)| *network);
    let of_config = implied.map_or_else(|| networks_of(config), |network| vec![network]);
    let of_data = implied.map_or_else(|| networks_of(data), |network| vec![network]);
    let names = |networks: &[NetworkType]| list(networks.iter().map(|network| network.as_str()));
    if let Some(expected) = context.settings.expect.network {
        // Acceleration is a matter of the data endpoint; its config server is the public one (document, step 3).
        let right_for_config = |network: &NetworkType| {
            *network == expected
                || (expected == NetworkType::Acceleration && *network == NetworkType::Internet)
        };
        let mut wrong = Vec::new();
        if !of_config.is_empty() && !of_config.iter().any(right_for_config) {
            wrong.push((config, names(&of_config)));
        }
        if !of_data.is_empty() && !of_data.contains(&expected) {
            wrong.push((data, names(&of_data)));
        }
        for (servers, configured) in wrong {
            let expected = expected.as_str();
            let finding =
                mismatch(context, &NETWORK_TYPE_MISMATCH, servers, &configured, expected, "expect.network");
            findings.add(finding);
        }
        return;
    }
    let consistent = |config: &NetworkType, data: &NetworkType| {
        config == data || (*config == NetworkType::Internet && *data == NetworkType::Acceleration)
    };
    let apart = !of_config.is_empty()
        && !of_data.is_empty()
        && !of_config.iter().any(|c| of_data.iter().any(|d| consistent(c, d)));
    if apart {
        let (of_config, of_data) = (names(&of_config), names(&of_data));
        findings.add(pair(context, &NETWORK_TYPE_INCONSISTENT, config, data, &of_config, &of_data));
    }
}

/// A data server in the expected region, under the name of another.
fn wrong_cluster(context: &Context<'_>, region: &Parameter, expected: &str) -> Finding {
    Finding::of(&REGION_MISMATCH)
        .about(&region.key)
        .keys([region.key.as_str()])
        .seen("configured", &region.value, context.parameter_place(&region.key))
        .seen("expected", expected, "config: expect.region")
}

fn mismatch(
    context: &Context<'_>,
    cause: &'static Cause,
    servers: &[Server<'_>],
    configured: &str,
    expected: &str,
    expected_key: &str,
) -> Finding {
    let keys = list(servers.iter().map(|server| context.parameter_place(&server.parameter.key)));
    Finding::of(cause)
        .about(list(servers.iter().map(|server| server.parameter.key.as_str())))
        .keys(servers.iter().map(|server| server.parameter.key.as_str()))
        .seen("configured", format!("{configured} ({})", values(servers)), keys)
        .seen("expected", expected, format!("config: {expected_key}"))
}

fn pair(
    context: &Context<'_>,
    cause: &'static Cause,
    config: &[Server<'_>],
    data: &[Server<'_>],
    of_config: &str,
    of_data: &str,
) -> Finding {
    let place = |servers: &[Server<'_>]| {
        list(servers.iter().map(|server| context.parameter_place(&server.parameter.key)))
    };
    // Which of the two is wrong cannot be told, so neither's own network causes are explained by it: no keys.
    Finding::of(cause).seen("config_server", format!("{of_config} ({})", values(config)), place(config)).seen(
        "data_server",
        format!("{of_data} ({})", values(data)),
        place(data),
    )
}

fn values(servers: &[Server<'_>]) -> String {
    list(servers.iter().map(|server| server.parameter.value.as_str()))
}

/// Why the config could not be read, for rules that depend on it.
pub(super) fn unread<'a>(context: &Context<'a>) -> Option<&'a Why> {
    context.agent.config.as_ref().and_then(|config| config.state.why())
}
