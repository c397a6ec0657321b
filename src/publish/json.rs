//! The report as one JSON document: `/api/v1/report` and `check --format=json`. `docs/report.schema.json` describes it.
//!
//! Keys are added, never renamed; a change of meaning raises `schema_version`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::words;
use crate::model::{
    Language, Prerequisite, Status, Why,
    report::{
        AgentReport, ClockReport, Evidence, MOST_REPORTED, NotBelievedGroup, NotEvaluated,
        PrerequisiteReport, Problem, Report, RoleReport, Transition,
    },
    snapshot::{ContainerName, EndpointFact, FailureKind, Probe},
    text::is_printable,
    time::rfc3339_millis,
};

/// The document. Titles and remedies are in `language`; ids are the same in all.
pub fn document(report: &Report, language: Language) -> Value {
    let report = report.within(MOST_REPORTED);
    printable(json!({
        "schema_version": 1,
        "taken_at": rfc3339_millis(report.taken_at),
        "complete": report.complete,
        "status": report.status().map(Status::as_str),
        "exporter": {"version": words::VERSION, "revision": words::REVISION},
        "clock": clock(&report.clock),
        "not_believed": report.not_believed.groups.iter().map(not_believed).collect::<Vec<_>>(),
        "limits_reached": report.limits.iter().map(|limit| limit.as_str()).collect::<Vec<_>>(),
        "agents": report.agents.iter().map(|each| agent(each, language)).collect::<Vec<_>>(),
    }))
}

/// The document with all non-printing characters except line ends made visible, so that readers need not escape it.
fn printable(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let plain = text.chars().all(|c| c == '\n' || is_printable(c));
            let shown = || text.split('\n').map(words::printable).collect::<Vec<_>>().join("\n");
            Value::String(if plain { text } else { shown() })
        }
        Value::Array(items) => Value::Array(items.into_iter().map(printable).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, printable(value))).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn not_believed(group: &NotBelievedGroup) -> Value {
    json!({"kind": group.kind, "uid": group.user, "pids": group.pids, "executable": group.executable})
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
    let files = agent
        .files
        .iter()
        .map(|(file, modified)| json!({"file": file, "modified": rfc3339_millis(*modified)}));
    json!({
        "name": &*agent.name,
        "kind": agent.kind,
        "edition": agent.edition,
        "version": agent.version,
        "hostname": agent.hostname,
        "instance_id": agent.instance_id,
        "container": agent.container.as_ref().map(container),
        "install_dir": agent.install_dir.as_ref().map(|dir| dir.to_string_lossy()),
        "status": agent.status.as_str(),
        "prerequisites": agent.prerequisites.iter().map(|each| prerequisite(each, language)).collect::<Vec<_>>(),
        "not_evaluated": agent.not_evaluated.iter().map(|each| not_evaluated(each, language)).collect::<Vec<_>>(),
        "processes": agent.roles.iter().map(role).collect::<Vec<_>>(),
        "ips": ips.collect::<Vec<_>>(),
        "endpoints": agent.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "transitions": agent.transitions.recent.iter().map(transition).collect::<Vec<_>>(),
    })
}

fn container(name: &ContainerName) -> Value {
    json!({"name": name.container, "pod": name.pod, "namespace": name.namespace})
}

fn prerequisite(prerequisite: &PrerequisiteReport, language: Language) -> Value {
    json!({
        "id": prerequisite.id.as_str(),
        "status": prerequisite.status.as_str(),
        "unknown": prerequisite.unknown.iter().map(why).collect::<Vec<_>>(),
        "problems": prerequisite.problems.iter().map(|each| problem(each, language)).collect::<Vec<_>>(),
    })
}

fn not_evaluated((id, reason): &(Prerequisite, NotEvaluated), language: Language) -> Value {
    json!({"id": id.as_str(), "reason": reason.reason(language)})
}

fn why(why: &Why) -> Value {
    json!({"fact": why.fact, "reason": why.reason.as_str(), "detail": why.detail})
}

fn problem(problem: &Problem, language: Language) -> Value {
    json!({
        "cause": problem.cause.id,
        "subject": problem.subject,
        "severity": problem.severity.as_str(),
        "since": rfc3339_millis(problem.since),
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

fn transition(transition: &Transition) -> Value {
    json!({
        "at": rfc3339_millis(transition.at),
        "prerequisite": transition.prerequisite.as_str(),
        "cause": transition.cause.id,
        "to": transition.to.as_str(),
    })
}

/// The phases that were completed.
fn phases(probe: &Probe) -> Value {
    let reached = words::phases(&probe.phases).into_iter().filter_map(|(phase, duration)| {
        duration.map(|duration| (phase.to_owned(), Value::from(duration.as_secs_f64())))
    });
    Value::Object(reached.collect())
}

fn failure_kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Resolve => "resolve",
        FailureKind::NoResolver => "no_resolver",
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
    time.map(rfc3339_millis)
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};
    use crate::model::report::{Limit, limits_of};

    fn errors(document: &Value) -> Option<String> {
        let schema: Value =
            serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("the schema is JSON");
        let mut compiler = boon::Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource("report.schema.json", schema).expect("a URL");
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("report.schema.json", &mut schemas).expect("the schema is valid");
        schemas.validate(document, index).err().map(|error| error.to_string())
    }

    #[test]
    fn every_document_is_as_its_schema_says() {
        let empty = Report { agents: Vec::new(), complete: false, ..sample::healthy() };
        for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile(), empty] {
            for language in [Language::English, Language::Chinese] {
                assert_eq!(errors(&document(&report, language)), None);
            }
        }
    }

    #[test]
    fn it_tells_the_worst_of_very_many_problems() {
        let mut report = sample::failing();
        let prerequisites = &mut report.agents[0].prerequisites;
        let critical = prerequisites.iter().flat_map(|it| &it.problems).find(|it| it.explained_by.is_none());
        let critical = critical.expect("a failing report").clone();
        let mut warning = critical.clone();
        warning.severity = crate::model::Severity::Warning;
        for each in &mut *prerequisites {
            each.problems.clear();
        }
        prerequisites[0].problems = vec![warning; MOST_REPORTED];
        prerequisites[1].problems = vec![critical; 10];
        let told = document(&report, Language::English);
        let told =
            |index: usize| told["agents"][0]["prerequisites"][index]["problems"].as_array().unwrap().len();
        assert_eq!((told(0), told(1)), (MOST_REPORTED - 10, 10));
        assert_eq!(limits_of(&report.agents), [Limit::Report, Limit::Page].into());
        report.agents[0].prerequisites[0].problems.truncate(MOST_REPORTED - 10);
        assert_eq!(limits_of(&report.agents), [Limit::Page].into());
    }

    #[test]
    fn nothing_in_it_steers_a_terminal_or_hides() {
        let document = document(&sample::hostile(), Language::English).to_string();
        let document: Value = serde_json::from_str(&document).unwrap();
        let mut left = vec![&document];
        while let Some(value) = left.pop() {
            match value {
                Value::String(text) => {
                    assert!(text.chars().all(|c| c == '\n' || is_printable(c)), "{text:?}");
                }
                Value::Array(items) => left.extend(items),
                Value::Object(map) => left.extend(map.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    #[test]
    fn the_schema_rejects_what_is_not_a_report() {
        let good = document(&sample::failing(), Language::English);
        for (pointer, bad) in [
            ("/schema_version", json!(2)),
            ("/taken_at", json!("yesterday")),
            ("/agents/0/status", json!("fine")),
            ("/agents/0/prerequisites/2/id", json!("weather")),
            ("/agents/0/prerequisites/2/problems/0/severity", json!("info")),
            ("/agents/0/prerequisites/2/problems/0/evidence/0", json!({})),
            ("/agents/0/endpoints/0/phase_seconds", json!({"lunch": 1})),
        ] {
            let mut document = good.clone();
            *document.pointer_mut(pointer).expect(pointer) = bad;
            assert!(errors(&document).is_some(), "{pointer}");
        }
    }

    #[test]
    fn a_failing_report_in_json() {
        let mut document = document(&sample::failing(), Language::English);
        document["exporter"]["revision"] = json!("0123456789ab");
        document["exporter"]["version"] = json!("0.0.0");
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"));
    }

    #[test]
    fn only_the_sentences_differ_between_languages() {
        let mut english = document(&sample::failing(), Language::English);
        let chinese = document(&sample::failing(), Language::Chinese);
        assert_ne!(english, chinese);
        for (p, prerequisite) in
            chinese["agents"][0]["prerequisites"].as_array().expect("a list").iter().enumerate()
        {
            for (n, problem) in prerequisite["problems"].as_array().expect("a list").iter().enumerate() {
                for key in ["title", "remedy"] {
                    english["agents"][0]["prerequisites"][p]["problems"][n][key] = problem[key].clone();
                }
            }
        }
        let reason = |document: &Value| document["agents"][0]["not_evaluated"][0]["reason"].clone();
        assert_ne!(reason(&english), reason(&chinese));
        english["agents"][0]["not_evaluated"][0]["reason"] = reason(&chinese);
        assert_eq!(english, chinese);
    }
}
