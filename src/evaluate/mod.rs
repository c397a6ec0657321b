//! 2. Judge. Pure: no clock of its own, no I/O, no async. `(settings, snapshot, ledger) → verdicts, ledger`.

mod check;
mod choice;
mod clock;
mod credentials;
mod findings;
mod group_ip;
mod history;
mod identifiers;
mod installed;
mod ip;
mod ledger;
mod network;
mod processes;
mod restart;
mod roles;
mod root_cause;
mod server;
mod startup_parameters;

#[cfg(test)]
mod tests;

use std::time::SystemTime;

pub use ledger::Ledger;

use crate::{
    agents,
    config::{AgentSettings, ClockSettings},
    model::{
        Prerequisite, Reading, Severity, Status,
        report::{AgentReport, ClockReport, PrerequisiteReport, Problem},
        snapshot::{AgentFacts, Snapshot},
        time::rfc3339 as timestamp,
    },
};

use check::{CHECKS, Context};
use findings::Finding;
use ledger::Aged;

/// Judges one snapshot. `watched` holds the settings of `snapshot.agents`, in the same order.
pub fn evaluate(
    snapshot: &Snapshot,
    watched: &[AgentSettings],
    clock: &ClockSettings,
    ledger: &mut Ledger,
) -> (Vec<AgentReport>, ClockReport) {
    ledger.clock.advance(snapshot);
    let agents = snapshot
        .agents
        .iter()
        .zip(watched)
        .map(|(agent, settings)| judge_agent(snapshot, agent, settings, clock, ledger))
        .collect();
    (agents, clock::report(&snapshot.clock, &ledger.clock))
}

fn judge_agent(
    snapshot: &Snapshot,
    agent: &AgentFacts,
    settings: &AgentSettings,
    clock: &ClockSettings,
    ledger: &mut Ledger,
) -> AgentReport {
    let clock_history = ledger.clock.clone();
    let memory = ledger.agents.entry(std::sync::Arc::clone(&agent.name)).or_default();
    memory.history.advance(snapshot, agent);
    let history = memory.history.clone();
    let mut prerequisites = Vec::new();
    if let Some(profile) = agents::profile(agent.kind) {
        let context = Context {
            snapshot,
            agent,
            settings,
            clock,
            profile,
            history: &history,
            clock_history: &clock_history,
        };
        let applicable = profile.prerequisites(&agent.edition);
        let judged = CHECKS
            .iter()
            .filter(|check| applicable.contains(&check.prerequisite))
            .filter_map(|check| Some((check.prerequisite, (check.judge)(&context)?)))
            .collect();
        let carried = memory.carry(snapshot.taken_at, judged, |cause| settings.ignore.contains(cause.id));
        let everything: Vec<Finding> = carried
            .iter()
            .flat_map(|carried| carried.standing.iter().map(|aged| aged.finding.clone()))
            .collect();
        let values = context.template_values();
        for carried in carried {
            let problems: Vec<Problem> = carried
                .standing
                .into_iter()
                .map(|Aged { finding, since, carried }| Problem {
                    explained_by: root_cause::of(&finding, &everything, |finding| {
                        only_by_clock(&context, finding)
                    }),
                    cause: finding.cause,
                    subject: finding.subject,
                    severity: finding.severity,
                    since,
                    evidence: finding.evidence,
                    context: std::sync::Arc::clone(&values),
                    carried,
                })
                .collect();
            let critical = problems.iter().any(|problem| problem.severity == Severity::Critical);
            let status = match (critical, carried.undecided) {
                (true, _) => Status::Failing,
                (false, true) => Status::Unknown,
                (false, false) => Status::Ok,
            };
            prerequisites.push(PrerequisiteReport {
                id: carried.prerequisite,
                status,
                unknown: carried.unread,
                problems,
            });
        }
    }
    let record = agent.record.as_ref().and_then(|record| record.content());
    AgentReport {
        name: std::sync::Arc::clone(&agent.name),
        kind: agent.kind,
        edition: agent.edition.label,
        version: agent.version.clone().unwrap_or_default(),
        hostname: record
            .and_then(|record| record.hostname.clone())
            .or_else(|| snapshot.host.hostname.known().cloned())
            .unwrap_or_default(),
        instance_id: record
            .and_then(|record| record.instance_id.clone())
            .or_else(|| agent.parameters().and_then(|parameters| parameters.instance_id.clone()))
            .unwrap_or_default(),
        install_dir: agent.install_dir.clone(),
        status: prerequisites.iter().map(|prerequisite| prerequisite.status).max().unwrap_or(Status::Unknown),
        prerequisites,
        roles: roles::report(agent, &history),
        ips: addresses(snapshot, agent, settings),
        endpoints: agent.endpoints.clone(),
        files: files(agent),
    }
}

/// A certificate that is valid by the references' time, and expired only by the local clock.
fn only_by_clock(context: &Context<'_>, finding: &Finding) -> bool {
    let Reading::Known(offset) = clock::offset(&context.snapshot.clock) else { return false };
    let middle = f64::midpoint(offset.low, offset.high);
    let shift = std::time::Duration::from_secs_f64(middle.abs().min(1e12));
    let taken_at = context.snapshot.taken_at;
    let right = if middle >= 0.0 { taken_at.checked_sub(shift) } else { taken_at.checked_add(shift) };
    let Some(right) = right else { return false };
    context
        .agent
        .endpoints
        .iter()
        .filter(|fact| fact.endpoint.url == finding.subject)
        .filter_map(|fact| fact.probe.known())
        .any(|probe| network::valid_at(probe, right))
}

/// Addresses by source, for `logagent_ip_info`.
fn addresses(
    snapshot: &Snapshot,
    agent: &AgentFacts,
    settings: &AgentSettings,
) -> Vec<(&'static str, String)> {
    let applies = agents::profile(agent.kind)
        .is_some_and(|profile| profile.prerequisites(&agent.edition).contains(&Prerequisite::Ip));
    if !applies {
        return Vec::new();
    }
    let host = &snapshot.host;
    let mut addresses = Vec::new();
    let mut add = |source: &'static str, ip: String| {
        if !ip.is_empty() {
            addresses.push((source, ip));
        }
    };
    if let Some(ip) =
        agent.record.as_ref().and_then(|record| record.content()).and_then(|record| record.ip.clone())
    {
        add("reported", ip);
    }
    if let Some(group_ip) = agent.parameters().and_then(|parameters| parameters.group_ip.as_ref()) {
        add("group_ip", group_ip.value.clone());
    }
    if let Ok(Some(working_ip)) = choice::working_ip(agent) {
        add("working_ip", working_ip.value);
    }
    if let Ok(Some(binding)) = choice::hosts_binding(host) {
        add("hosts_binding", binding.address.to_string());
    }
    if let Some((_, address)) =
        host.interfaces.known().and_then(|interfaces| choice::first_interface(interfaces))
    {
        add("first_interface", address.to_string());
    }
    for ip in settings.expect.machine_group_ips.iter().chain(&settings.expect.server_group_ip) {
        add("expected", ip.clone());
    }
    addresses
}

/// Modification times of the watched files by the label `file`.
fn files(agent: &AgentFacts) -> Vec<(String, SystemTime)> {
    let named = [
        ("config", agent.config.as_ref().and_then(super::model::snapshot::FileFact::modified)),
        ("app_info", agent.record.as_ref().and_then(super::model::snapshot::FileFact::modified)),
        ("user_identifiers", agent.users.as_ref().and_then(|users| users.modified)),
        ("user_defined_id", agent.identifiers.as_ref().and_then(super::model::snapshot::FileFact::modified)),
    ];
    named
        .into_iter()
        .filter_map(|(name, modified)| Some((name.to_owned(), modified?)))
        .chain(
            agent.files.iter().filter_map(|file| Some((file.path.display().to_string(), file.modified()?))),
        )
        .collect()
}

/// Items as people read them: `a, b, c`.
fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(item.as_ref());
    }
    out
}

/// A path, with the line if it is known.
fn at_line(path: &str, line: Option<u32>) -> String {
    line.map_or_else(|| path.to_owned(), |line| format!("{path} line {line}"))
}
