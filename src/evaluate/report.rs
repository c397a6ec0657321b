//! The report of one agent: verdicts with their root causes, and the observations behind them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    agents::interfaces::first_interface,
    model::{
        Prerequisite, Reading, Severity, Status,
        report::{AgentReport, Limit, NotEvaluated, PrerequisiteReport, Problem, Transitions},
        snapshot::FileFact,
    },
};

use super::{
    context::Context,
    engine::{engine_state::Carried, findings::Finding, root_cause::Roots},
    roles,
    rules::{clock, network},
    values,
};

/// Puts the report together.
pub(super) fn assemble(
    context: &Context<'_>,
    carried: Vec<Carried>,
    not_evaluated: Vec<(Prerequisite, NotEvaluated)>,
) -> AgentReport {
    let Context { agent, derived, .. } = *context;
    let skipping = context.log().is_some_and(|log| log.skipping).then_some(Limit::Log);
    let limits = carried.iter().flat_map(|carried| &carried.limits).copied().chain(skipping).collect();
    let prerequisites = prerequisites(context, carried);
    let record = agent.record.as_ref().and_then(FileFact::content);
    let log = agent.log.known().and_then(Option::as_ref);
    let parameters = derived.parameters();
    AgentReport {
        name: Arc::clone(&agent.name),
        kind: agent.kind,
        edition: derived.edition.known().map_or("", |edition| edition.label),
        version: derived.version.known().cloned().flatten().unwrap_or_default(),
        hostname: record
            .and_then(|record| record.hostname.clone())
            .or_else(|| context.place.hostname.known().cloned())
            .unwrap_or_default(),
        instance_id: record
            .and_then(|record| record.instance_id.clone())
            .or_else(|| (*parameters.known()?)?.instance_id.clone())
            .unwrap_or_default(),
        install_dir: agent.install_dir.clone(),
        container: context.place.container.clone(),
        status: prerequisites.iter().map(|prerequisite| prerequisite.status).max().unwrap_or(Status::Unknown),
        prerequisites,
        not_evaluated,
        roles: roles::report(agent, derived, context.profile.roles(context.settings), context.history),
        ips: addresses(context),
        endpoints: agent.endpoints.clone(),
        files: files(context),
        limits,
        config_updated: log.and_then(|log| log.config_updated).map(|at| at.wall),
        sent: log.and_then(|log| log.accepted).map(|at| at.wall),
        transitions: Transitions::default(),
    }
}

fn prerequisites(context: &Context<'_>, carried: Vec<Carried>) -> Vec<PrerequisiteReport> {
    let standing = carried.iter().flat_map(|carried| &carried.standing);
    let roots = Roots::of(standing.map(|aged| &aged.finding));
    let of_agent = values::of_agent(context);
    let verdict = |carried: Carried| {
        let problems: Vec<Problem> = carried
            .standing
            .into_iter()
            .map(|aged| Problem {
                explained_by: roots.root_of(&aged.finding, |finding| only_by_clock(context, finding)),
                context: values::of_finding(context, &of_agent, &aged.finding),
                cause: aged.finding.cause,
                subject: aged.finding.subject,
                severity: aged.finding.severity,
                since: aged.since,
                evidence: aged.finding.evidence,
                advice: aged.finding.advice,
                first_step: aged.finding.first_step,
                where_to: context.where_to(carried.prerequisite),
                carried: aged.carried,
            })
            .collect();
        let status = status(&problems, carried.undecided);
        PrerequisiteReport { id: carried.prerequisite, status, unknown: carried.unread, problems }
    };
    carried.into_iter().map(verdict).collect()
}

fn status(problems: &[Problem], undecided: bool) -> Status {
    if problems.iter().any(|problem| problem.severity == Severity::Critical) {
        Status::Failing
    } else if undecided {
        Status::Unknown
    } else {
        Status::Ok
    }
}

/// A certificate that is valid by the references' time, but expired by the local clock.
fn only_by_clock(context: &Context<'_>, finding: &Finding) -> bool {
    let Reading::Known(offset) = clock::offset(&context.snapshot.clock) else { return false };
    let middle = f64::midpoint(offset.low, offset.high);
    let shift = Duration::from_secs_f64(middle.abs().min(1e12));
    let taken_at = context.snapshot.taken_at;
    let right = if middle >= 0.0 { taken_at.checked_sub(shift) } else { taken_at.checked_add(shift) };
    let Some(right) = right else { return false };
    let endpoints = context.agent.endpoints.iter();
    endpoints
        .filter(|fact| fact.endpoint.url == finding.subject)
        .filter_map(|fact| fact.probe.known())
        .any(|probe| network::valid_at(probe, right))
}

/// Addresses by source, for `logagent_ip_info`.
fn addresses(context: &Context<'_>) -> Vec<(&'static str, String)> {
    if context.profile.applies(Prerequisite::Ip, &context.derived.edition) != Reading::Known(true) {
        return Vec::new();
    }
    let Context { agent, derived, place, settings, .. } = context;
    let parameters = derived.parameters();
    let parameters = parameters.known().copied().flatten();
    let choice = derived.choice.as_ref();
    let reported = agent.record.as_ref().and_then(|record| record.content()?.ip.clone());
    let working_ip = choice.and_then(|choice| choice.working_ip.known()?.as_ref());
    let binding = choice.and_then(|choice| choice.hosts_binding.known()?.as_ref());
    let first = place.interfaces.known().and_then(|interfaces| first_interface(interfaces));
    let found = [
        ("reported", reported),
        ("group_ip", parameters.and_then(|p| p.group_ip.as_ref()).map(|group_ip| group_ip.value.clone())),
        ("working_ip", working_ip.map(|working_ip| working_ip.value.clone())),
        ("hosts_binding", binding.map(|binding| binding.address.to_string())),
        ("first_interface", first.map(|(_, address)| address.to_string())),
    ];
    let expected = settings.expect.machine_group_ips.iter().chain(&settings.expect.server_group_ip);
    found
        .into_iter()
        .filter_map(|(source, ip)| Some((source, ip?)))
        .chain(expected.map(|ip| ("expected", ip.clone())))
        .filter(|(_, ip)| !ip.is_empty())
        .collect()
}

/// Modification times of the watched files by the label `file`.
fn files(context: &Context<'_>) -> Vec<(String, SystemTime)> {
    let agent = context.agent;
    let named = [
        ("config", agent.config.as_ref().and_then(FileFact::modified)),
        ("app_info", agent.record.as_ref().and_then(FileFact::modified)),
        ("user_identifiers", agent.users.as_ref().and_then(|users| users.modified)),
        ("user_defined_id", agent.identifiers.as_ref().and_then(FileFact::modified)),
    ];
    let custom =
        agent.files.iter().filter_map(|file| Some((file.path.display().to_string(), file.modified()?)));
    let named = named.into_iter().filter_map(|(name, modified)| Some((name.to_owned(), modified?)));
    named.chain(custom).collect()
}
