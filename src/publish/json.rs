//! The report as one JSON document: `/api/v1/report` and `check --format=json`. `docs/report.schema.json` describes it.
//!
//! Keys are added, never renamed; a change of meaning raises `schema_version`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::words;
use crate::model::{
    Language, Why,
    report::{AgentReport, ClockReport, Evidence, PrerequisiteReport, Problem, Report, RoleReport},
    snapshot::{EndpointFact, FailureKind, Probe},
};

/// The document. Titles and remedies are in `language`; ids are the same in all.
pub fn document(report: &Report, language: Language) -> Value {
    json!({
        "schema_version": 1,
        "taken_at": words::time(report.taken_at),
        "complete": report.complete,
        "status": report.status().map(|status| status.as_str()),
        "exporter": {"version": words::VERSION, "revision": words::REVISION},
        "clock": clock(&report.clock),
        "agents": report.agents.iter().map(|each| agent(each, language)).collect::<Vec<_>>(),
    })
}

fn clock(clock: &ClockReport) -> Value {
    let offsets = clock.offsets.iter().map(|(source, offset, half_width)| {
        json!({"source": source, "offset_seconds": offset, "uncertainty_seconds": half_width})
    });
    json!({
        "offsets": offsets.collect::<Vec<_>>(),
        "synchronized": clock.kernel.map(|kernel| kernel.synchronized),
        "steps": clock.steps,
    })
}

fn agent(agent: &AgentReport, language: Language) -> Value {
    let ips = agent.ips.iter().map(|(source, ip)| json!({"source": source, "ip": ip}));
    let files =
        agent.files.iter().map(|(file, modified)| json!({"file": file, "modified": words::time(*modified)}));
    json!({
        "name": &*agent.name,
        "kind": agent.kind,
        "edition": agent.edition,
        "version": agent.version,
        "hostname": agent.hostname,
        "instance_id": agent.instance_id,
        "install_dir": agent.install_dir.as_ref().map(|dir| dir.to_string_lossy()),
        "status": agent.status.as_str(),
        "prerequisites": agent.prerequisites.iter().map(|each| prerequisite(each, language)).collect::<Vec<_>>(),
        "processes": agent.roles.iter().map(role).collect::<Vec<_>>(),
        "ips": ips.collect::<Vec<_>>(),
        "endpoints": agent.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    })
}

fn prerequisite(prerequisite: &PrerequisiteReport, language: Language) -> Value {
    json!({
        "id": prerequisite.id.as_str(),
        "status": prerequisite.status.as_str(),
        "unknown": prerequisite.unknown.iter().map(why).collect::<Vec<_>>(),
        "problems": prerequisite.problems.iter().map(|each| problem(each, language)).collect::<Vec<_>>(),
    })
}

fn why(why: &Why) -> Value {
    json!({"fact": why.fact, "reason": why.reason.as_str(), "detail": why.detail})
}

fn problem(problem: &Problem, language: Language) -> Value {
    json!({
        "cause": problem.cause.id,
        "subject": problem.subject,
        "severity": problem.severity.as_str(),
        "since": words::time(problem.since),
        "title": problem.title(language),
        "evidence": problem.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "remedy": problem.remedy(language),
        "explained_by": problem.explained_by.map(|cause| cause.id),
        "carried": problem.carried,
        "source": problem.cause.source,
    })
}

fn evidence(evidence: &Evidence) -> Value {
    json!({"name": evidence.name, "value": evidence.value, "from": evidence.from})
}

fn role(role: &RoleReport) -> Value {
    json!({
        "role": role.role.as_str(),
        "live": role.live,
        "expected": role.expected,
        "restarts": role.restarts,
        "newest_start": time(role.newest_start),
        "cpu_seconds": role.cpu.as_ref().map(Duration::as_secs_f64),
        "resident_memory_bytes": role.resident_bytes,
        "open_fds": role.open_fds,
        "threads": role.threads,
    })
}

fn endpoint(fact: &EndpointFact) -> Value {
    let probe = fact.probe.known();
    let failure = probe.and_then(|probe| probe.outcome.as_ref().err());
    json!({
        "purpose": fact.endpoint.purpose.as_str(),
        "url": fact.endpoint.url,
        "from": fact.endpoint.from,
        "up": probe.map(|probe| probe.outcome.is_ok()),
        "unknown": fact.probe.why().map(why),
        "failure": failure.map(|failure| json!({
            "kind": failure_kind(failure.kind),
            "address": failure.address.map(|address| address.to_string()),
            "detail": failure.detail,
        })),
        "http_status_code": probe.and_then(|probe| probe.status_code),
        "addresses": probe.map(|probe| probe.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "proxy": probe.and_then(|probe| probe.proxy.as_ref()).map(|(url, from)| json!({"url": url, "from": from})),
        "assumed": probe.and_then(|probe| probe.assumed.as_ref()),
        "phase_seconds": probe.map(phases),
        "certificate_not_after": time(probe.and_then(|probe| probe.certificate.as_ref()).map(|it| it.not_after)),
    })
}

/// Only phases that were completed.
fn phases(probe: &Probe) -> Value {
    let reached = words::phases(&probe.phases).into_iter().filter_map(|(phase, duration)| {
        duration.map(|duration| (phase.to_owned(), Value::from(duration.as_secs_f64())))
    });
    Value::Object(reached.collect())
}

fn failure_kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Resolve => "resolve",
        FailureKind::Refused => "refused",
        FailureKind::ConnectTimeout => "connect_timeout",
        FailureKind::Unreachable => "unreachable",
        FailureKind::Tls => "tls",
        FailureKind::CertificateUntrusted => "certificate_untrusted",
        FailureKind::CertificateExpired => "certificate_expired",
        FailureKind::ResponseTimeout => "response_timeout",
        FailureKind::UnexpectedResponse => "unexpected_response",
        FailureKind::Proxy => "proxy",
    }
}

fn time(time: Option<SystemTime>) -> Option<String> {
    time.map(words::time)
}
