//! `startup_parameters`: the config is present, parses, is complete and consistent, and correct for region
//! and network.

use crate::{
    agents::HostClass,
    catalog::startup_parameters::{
        COMMUNITY_EDITION, CONFIG_FORMAT_UNSUPPORTED, CONFIG_INVALID, CONFIG_MISSING, CONFIG_SERVER_MISSING,
        CONFIG_UNREADABLE, DATA_SERVER_MISSING, DOMAIN_DEPRECATED, ENDPOINT_MALFORMED,
        NETWORK_TYPE_INCONSISTENT, NETWORK_TYPE_MISMATCH, NO_COLLECTION_CONFIG, PLACEHOLDER_LEFT,
        REGION_INCONSISTENT, REGION_MISMATCH, REGION_UNKNOWN,
    },
    config::Expectation,
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        words::at_line,
    },
    model::{
        Cause, Prerequisite, Why,
        snapshot::{FileFact, FileState, Parameters},
    },
};

use super::{
    own_words,
    server::{Servers, is_placeholder, tie},
};

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::StartupParameters);
    presence(context, &mut findings);
    let of_content: [(&'static Cause, ContentRule); 11] = [
        (&CONFIG_SERVER_MISSING, config_server_missing),
        (&DATA_SERVER_MISSING, data_server_missing),
        (&PLACEHOLDER_LEFT, placeholders),
        (&ENDPOINT_MALFORMED, malformed),
        (&REGION_MISMATCH, region_mismatch),
        (&REGION_INCONSISTENT, region_inconsistent),
        (&NETWORK_TYPE_MISMATCH, network_mismatch),
        (&NETWORK_TYPE_INCONSISTENT, network_inconsistent),
        (&REGION_UNKNOWN, region_unknown),
        (&DOMAIN_DEPRECATED, domain_deprecated),
        (&CONFIG_FORMAT_UNSUPPORTED, format_unsupported),
    ];
    let parameters = context.derived.parameters();
    let content = parameters.as_result().map(|parameters| {
        parameters.map(|parameters| Content {
            context,
            parameters,
            servers: Servers::of(context.profile, parameters),
        })
    });
    for (cause, rule) in of_content {
        // A config that is missing or rejected has no content to judge.
        findings.judge(cause, || {
            content.as_ref().map_err(|why| Why::clone(why))?.as_ref().map_or(Ok(Vec::new()), rule)
        });
    }
    findings.judge(&COMMUNITY_EDITION, || community_edition(context));
    findings.judge(&NO_COLLECTION_CONFIG, || own_words::no_collection_config(context));
    Outcome::Judged(findings)
}

/// The config and its parts.
struct Content<'a> {
    context: &'a Context<'a>,
    parameters: &'a Parameters,
    servers: Servers<'a>,
}

type ContentRule = fn(&Content<'_>) -> Result<Vec<Finding>, Why>;

/// Checks that each file exists and is accepted by the agent.
fn presence(context: &Context<'_>, findings: &mut Findings) {
    let agent = context.agent;
    let config = agent.config.iter().map(|file| (String::new(), missing(context, file)));
    let files = agent.files.iter().map(|file| (subject(file), absent(file)));
    findings.judge_each(&CONFIG_MISSING, config.chain(files));
    let config = agent.config.iter().map(|file| (String::new(), unreadable(file)));
    let files = agent.files.iter().map(|file| (subject(file), unreadable(file)));
    findings.judge_each(&CONFIG_UNREADABLE, config.chain(files));
    let config = agent.config.iter().map(|file| (String::new(), invalid(file)));
    let files = agent.files.iter().map(|file| (subject(file), invalid(file)));
    findings.judge_each(&CONFIG_INVALID, config.chain(files));
}

fn subject<T>(file: &FileFact<T>) -> String {
    file.path.display().to_string()
}

fn finding<T>(cause: &'static Cause, file: &FileFact<T>) -> Finding {
    Finding::of(cause).seen("config", file.path.display().to_string(), "file system")
}

fn missing<T>(context: &Context<'_>, file: &FileFact<T>) -> Result<Option<Finding>, Why> {
    match absent(file)? {
        Some(_) if *context.derived.config_optional.as_result()? => Ok(None),
        found => Ok(found),
    }
}

fn absent<T>(file: &FileFact<T>) -> Result<Option<Finding>, Why> {
    let gone = matches!(file.state.as_result()?, FileState::Missing);
    Ok(gone.then(|| finding(&CONFIG_MISSING, file)))
}

fn unreadable<T>(file: &FileFact<T>) -> Result<Option<Finding>, Why> {
    Ok(match file.state.as_result()? {
        FileState::NotAFile(what) => {
            Some(finding(&CONFIG_UNREADABLE, file).seen("found", *what, "file system"))
        }
        FileState::Missing | FileState::Present(_) => None,
    })
}

fn invalid<T>(file: &FileFact<T>) -> Result<Option<Finding>, Why> {
    let FileState::Present(content) = file.state.as_result()? else { return Ok(None) };
    Ok(content.content.as_ref().err().map(|rejection| {
        let place = at_line(&file.path.display().to_string(), rejection.line);
        finding(&CONFIG_INVALID, file).seen("defect", &rejection.reason, place)
    }))
}

fn config_server_missing(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    if !content.parameters.config_servers.is_empty() {
        return Ok(Vec::new());
    }
    let edition = content.context.derived.edition.as_result()?;
    Ok(no_server(content, &CONFIG_SERVER_MISSING, !edition.community && !edition.keyless))
}

fn data_server_missing(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    if !content.parameters.data_servers.is_empty() || !content.context.profile.has_data_servers() {
        return Ok(Vec::new());
    }
    let edition = content.context.derived.edition.as_result()?;
    Ok(no_server(content, &DATA_SERVER_MISSING, !edition.community))
}

fn no_server(content: &Content<'_>, cause: &'static Cause, needed: bool) -> Vec<Finding> {
    let file = content.context.config_path();
    needed.then(|| Finding::of(cause).seen("config", file, "no server in it")).into_iter().collect()
}

fn placeholders(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let parameters = content.parameters;
    let of_data = parameters.data_servers.iter().flat_map(|s| s.region.iter().chain([&s.endpoint]));
    let values = parameters.config_servers.iter().chain(of_data).chain(&parameters.group_ip);
    let left = values.filter(|parameter| is_placeholder(&parameter.value));
    Ok(left
        .map(|parameter| {
            Finding::of(&PLACEHOLDER_LEFT).about(&parameter.key).explains([tie(&parameter.key)]).seen(
                "value",
                &parameter.value,
                content.context.parameter_place(&parameter.key),
            )
        })
        .collect())
}

fn malformed(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let malformed = content.servers.malformed.iter();
    Ok(malformed
        .map(|(parameter, reason)| {
            Finding::of(&ENDPOINT_MALFORMED).about(&parameter.key).explains([tie(&parameter.key)]).seen(
                "value",
                format!("{} ({reason})", parameter.value),
                content.context.parameter_place(&parameter.key),
            )
        })
        .collect())
}

fn region_mismatch(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let Some(expected) = &content.context.settings.expect.region else { return Ok(Vec::new()) };
    let wrong_group = content.servers.outside_region(content.context, expected);
    // If the host name is of the right region, the region name is wrong.
    let wrong_name = content
        .servers
        .contradicting_names()
        .filter(|(_, server)| server.region_of_host.as_ref() == Some(expected));
    let wrong_name = wrong_name.map(|(named, _)| {
        let place = content.context.parameter_place(&named.key);
        let finding = Finding::of(&REGION_MISMATCH).about(&named.key).explains([tie(&named.key)]);
        let finding = finding.seen("configured", &named.value, place);
        finding.seen("expected", expected, "config: expect.region")
    });
    Ok(wrong_group.into_iter().chain(wrong_name).collect())
}

fn region_inconsistent(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    if content.context.settings.expect.region.is_some() {
        return Ok(Vec::new());
    }
    let contradicting = content.servers.contradicting_names().map(|(named, server)| {
        let endpoint = server.parameter;
        Finding::of(&REGION_INCONSISTENT)
            .about(&endpoint.key)
            .explains([tie(&endpoint.key)])
            .seen("config_server", super::server::without_network(&named.value), &named.key)
            .seen("data_server", &endpoint.value, content.context.parameter_place(&endpoint.key))
    });
    Ok(contradicting.chain(content.servers.regions_apart(content.context)).collect())
}

fn network_mismatch(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let Some(expected) = content.context.settings.expect.network else { return Ok(Vec::new()) };
    Ok(content.servers.outside_network(content.context, content.parameters, expected))
}

fn network_inconsistent(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    if content.context.settings.expect.network.is_some() {
        return Ok(Vec::new());
    }
    Ok(content.servers.networks_apart(content.context, content.parameters).into_iter().collect())
}

fn region_unknown(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let context = content.context;
    let unknown = content.servers.all().filter_map(|server| {
        let region = server.class.region.as_ref()?;
        let named = context.settings.expect.region.as_ref() == Some(region);
        let unknown = !named && !context.profile.knows_region(region);
        let key = &server.parameter.key;
        unknown.then(|| {
            Finding::of(&REGION_UNKNOWN).about(key).seen("region", region, context.parameter_place(key))
        })
    });
    Ok(unknown.collect())
}

fn domain_deprecated(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let deprecated = content.servers.all().filter(|server| server.class.deprecated);
    Ok(deprecated
        .map(|server| {
            let place = content.context.parameter_place(&server.parameter.key);
            Finding::of(&DOMAIN_DEPRECATED).about(&server.parameter.key).seen(
                "server",
                &server.parameter.value,
                place,
            )
        })
        .collect())
}

/// Keys that only later versions read.
fn format_unsupported(content: &Content<'_>) -> Result<Vec<Finding>, Why> {
    let context = content.context;
    let derived = context.derived;
    let unsupported = context
        .profile
        .unsupported(content.parameters, &derived.edition, &derived.version)
        .as_result()?
        .clone();
    let version = derived.version.known().and_then(Option::as_deref).unwrap_or_default();
    Ok(unsupported
        .into_iter()
        .map(|unsupported| {
            let key = &unsupported.key;
            Finding::of(&CONFIG_FORMAT_UNSUPPORTED)
                .about(key)
                .explains([tie(key)])
                .seen("version", version, "the agent's own record")
                .seen("key", key, context.parameter_place(key))
                .seen("since", unsupported.since.to_string(), unsupported.source)
                .seen("instead", unsupported.instead, unsupported.source)
        })
        .collect())
}

/// Unless something shows that the cloud service should know this host, a community edition is what its operator wants.
fn community_edition(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let edition = context.derived.edition.as_result()?;
    if !edition.community || !expects_service(context)? {
        return Ok(None);
    }
    let version = context.derived.version.known().and_then(Option::as_deref);
    Ok(Some(Finding::of(&COMMUNITY_EDITION).seen(
        "version",
        version.unwrap_or(edition.label),
        "the agent's own record",
    )))
}

fn expects_service(context: &Context<'_>) -> Result<bool, Why> {
    if context.settings.expect != Expectation::default() {
        return Ok(true);
    }
    let parameters = context.derived.parameters();
    Ok(parameters.as_result()?.is_some_and(|parameters| {
        let mut servers = parameters.config_servers.iter();
        servers.any(|server| context.profile.classify_host(&server.value) != HostClass::default())
    }))
}
