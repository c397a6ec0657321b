//! Derives each metric's samples from a report.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::{
    metrics::{Samples, View},
    words,
};
use crate::model::{
    Prerequisite, Severity, Status,
    own::SelfFacts,
    report::{AgentReport, Problem, RoleReport},
    snapshot::{ContainerName, EndpointFact, Probe, Scheme},
};

/// The triggers that `logagent_evaluations_total` always has, so that rates exist before the first event.
const TRIGGERS: [&str; 7] = ["timer", "process", "file", "address", "clock", "reload", "probe"];

pub(super) fn build_info(_: View<'_>, out: &mut Samples) {
    out.add(&[words::VERSION, words::REVISION, words::RUSTC, words::TARGET], 1.0);
}

/// Self metrics of publishers and the server.
pub(super) fn counted(view: View<'_>, out: &mut Samples) {
    let name = out.name();
    for ((_, labels), value) in view.report.exporter.counts.iter().filter(|((metric, _), _)| *metric == name)
    {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        out.add(&labels, *value);
    }
}

pub(super) fn agents(view: View<'_>, out: &mut Samples) {
    out.add(&[], count(view.report.agents.len()));
}

pub(super) fn agent_info(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        let [container, pod, namespace] = names(agent.container.as_ref());
        let what = [&agent.name, agent.kind, &agent.version, &agent.hostname, &agent.instance_id];
        let [name, kind, version, hostname, instance_id] = what;
        out.add(&[name, kind, version, hostname, instance_id, container, pod, namespace], 1.0);
    }
}

/// The labels `container`, `pod` and `namespace`.
fn names(container: Option<&ContainerName>) -> [&str; 3] {
    let Some(ContainerName { container, pod, namespace, .. }) = container else { return [""; 3] };
    [container, pod.as_deref().unwrap_or_default(), namespace.as_deref().unwrap_or_default()]
}

pub(super) fn status(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for state in Status::ALL {
            out.add(&[&agent.name, state.as_str()], truth(agent.status == state));
        }
    }
}

pub(super) fn prerequisite_status(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for prerequisite in &agent.prerequisites {
            for state in Status::ALL {
                out.add(
                    &[&agent.name, prerequisite.id.as_str(), state.as_str()],
                    truth(prerequisite.status == state),
                );
            }
        }
    }
}

pub(super) fn problem(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for ((prerequisite, cause), (severity, _)) in standing(agent) {
            out.add(&[&agent.name, prerequisite.as_str(), cause, severity.as_str()], 1.0);
        }
    }
}

pub(super) fn problem_since(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for ((prerequisite, cause), (_, since)) in standing(agent) {
            out.add(&[&agent.name, prerequisite.as_str(), cause], epoch(since));
        }
    }
}

pub(super) fn transitions(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for (prerequisite, total) in &agent.transitions.totals {
            out.add(&[&agent.name, prerequisite.as_str()], float(*total));
        }
    }
}

/// The unexplained causes of an agent. A cause may be active for several subjects (endpoints): it is one
/// problem, with the highest severity and the earliest start of them.
fn standing(agent: &AgentReport) -> BTreeMap<(Prerequisite, &'static str), (Severity, SystemTime)> {
    let mut merged = BTreeMap::new();
    let problems =
        agent.prerequisites.iter().flat_map(|p| p.problems.iter().map(move |problem| (p.id, problem)));
    for (id, problem) in problems.filter(|(_, problem)| is_root(problem)) {
        merged
            .entry((id, problem.cause.id))
            .and_modify(|(severity, since): &mut (Severity, SystemTime)| {
                *severity = problem.severity.max(*severity);
                *since = problem.since.min(*since);
            })
            .or_insert((problem.severity, problem.since));
    }
    merged
}

fn is_root(problem: &Problem) -> bool {
    problem.explained_by.is_none()
}

pub(super) fn processes(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.live.map(f64::from));
}

pub(super) fn processes_expected(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.expected.map(f64::from));
}

pub(super) fn process_start(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.newest_start.map(epoch));
}

pub(super) fn process_restarts(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| Some(float(role.restarts)));
}

pub(super) fn process_cpu(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.cpu.as_ref().map(Duration::as_secs_f64));
}

pub(super) fn process_memory(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.resident_bytes.map(float));
}

pub(super) fn process_fds(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.open_fds.map(float));
}

pub(super) fn process_threads(view: View<'_>, out: &mut Samples) {
    each_role(view, out, |role| role.threads.map(float));
}

fn each_role(view: View<'_>, out: &mut Samples, value: impl Fn(&RoleReport) -> Option<f64>) {
    for agent in &view.report.agents {
        for role in &agent.roles {
            if let Some(value) = value(role) {
                out.add(&[&agent.name, role.role.as_str()], value);
            }
        }
    }
}

pub(super) fn ip_info(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for (source, ip) in out.within_bound(&agent.ips) {
            out.add(&[&agent.name, source, ip], 1.0);
        }
    }
}

pub(super) fn config_updated(view: View<'_>, out: &mut Samples) {
    each_moment(view, out, |agent| agent.config_updated);
}

pub(super) fn sent(view: View<'_>, out: &mut Samples) {
    each_moment(view, out, |agent| agent.sent);
}

fn each_moment(view: View<'_>, out: &mut Samples, at: impl Fn(&AgentReport) -> Option<SystemTime>) {
    for agent in &view.report.agents {
        if let Some(at) = at(agent) {
            out.add(&[&agent.name], epoch(at));
        }
    }
}

pub(super) fn endpoint_up(view: View<'_>, out: &mut Samples) {
    each_probe(view, out, |out, labels, _, probe| out.add(&labels, truth(probe.outcome.is_ok())));
}

pub(super) fn endpoint_phases(view: View<'_>, out: &mut Samples) {
    each_probe(view, out, |out, [agent, purpose, url], _, probe| {
        for (phase, duration) in words::phases(&probe.phases) {
            if let Some(duration) = duration {
                out.add(&[agent, purpose, url, phase], duration.as_secs_f64());
            }
        }
    });
}

pub(super) fn endpoint_status_code(view: View<'_>, out: &mut Samples) {
    each_probe(view, out, |out, labels, fact, probe| match fact.endpoint.scheme {
        Scheme::Http | Scheme::Https => out.add(&labels, f64::from(probe.status_code.unwrap_or(0))),
        Scheme::Tcp => {}
    });
}

pub(super) fn endpoint_certificate(view: View<'_>, out: &mut Samples) {
    each_probe(view, out, |out, labels, fact, probe| {
        if let (Scheme::Https, Some(certificate)) = (fact.endpoint.scheme, &probe.certificate) {
            out.add(&labels, epoch(certificate.not_after));
        }
    });
}

/// Every known probe. Several endpoints may differ only in their path and so share their labels: all metrics
/// are then about the same one, a failing one if there is any.
fn each_probe<'a>(
    view: View<'a>,
    out: &mut Samples,
    add: impl Fn(&mut Samples, [&'a str; 3], &'a EndpointFact, &'a Probe),
) {
    for agent in &view.report.agents {
        let mut chosen: BTreeMap<_, (&EndpointFact, &Probe)> = BTreeMap::new();
        for fact in &agent.endpoints {
            let Some(probe) = fact.probe.known() else { continue };
            chosen
                .entry((fact.endpoint.purpose, fact.endpoint.url.as_str()))
                .and_modify(|kept| {
                    if kept.1.outcome.is_ok() {
                        *kept = (fact, probe);
                    }
                })
                .or_insert((fact, probe));
        }
        for ((purpose, url), (fact, probe)) in out.within_bound(chosen) {
            add(out, [&agent.name, purpose.as_str(), url], fact, probe);
        }
    }
}

pub(super) fn clock_offset(view: View<'_>, out: &mut Samples) {
    for (source, offset, _) in &view.report.clock.offsets {
        out.add(&[source], *offset);
    }
}

pub(super) fn clock_uncertainty(view: View<'_>, out: &mut Samples) {
    for (source, _, half_width) in &view.report.clock.offsets {
        if let Some(half_width) = half_width {
            out.add(&[source], *half_width);
        }
    }
}

pub(super) fn clock_synchronized(view: View<'_>, out: &mut Samples) {
    if let Some(kernel) = &view.report.clock.kernel {
        out.add(&[], truth(kernel.synchronized));
    }
}

pub(super) fn clock_steps(view: View<'_>, out: &mut Samples) {
    out.add(&[], float(view.report.clock.steps));
}

pub(super) fn file_modified(view: View<'_>, out: &mut Samples) {
    for agent in &view.report.agents {
        for (file, modified) in out.within_bound(&agent.files) {
            out.add(&[&agent.name, file], epoch(*modified));
        }
    }
}

pub(super) fn evaluations(view: View<'_>, out: &mut Samples) {
    let evaluations = &view.report.exporter.evaluations;
    let others = evaluations.keys().copied().filter(|trigger| !TRIGGERS.contains(trigger));
    for trigger in TRIGGERS.into_iter().chain(others) {
        out.add(&[trigger], float(evaluations.get(trigger).copied().unwrap_or(0)));
    }
}

pub(super) fn not_believed(view: View<'_>, out: &mut Samples) {
    for (kind, count) in &view.report.not_believed.processes {
        out.add(&[kind], f64::from(*count));
    }
}

pub(super) fn limits(view: View<'_>, out: &mut Samples) {
    for limit in &view.report.limits {
        out.add(&[limit.as_str()], 1.0);
    }
}

pub(super) fn event_sources(view: View<'_>, out: &mut Samples) {
    for (source, works) in &view.report.exporter.event_sources {
        out.add(&[source], f64::from(u8::from(*works)));
    }
}

pub(super) fn last_evaluation(view: View<'_>, out: &mut Samples) {
    out.add(&[], epoch(view.report.taken_at));
}

pub(super) fn evaluation_duration(view: View<'_>, out: &mut Samples) {
    out.add(&[], view.report.exporter.evaluation_duration.as_secs_f64());
}

pub(super) fn observation_errors(view: View<'_>, out: &mut Samples) {
    for ((agent, source), errors) in &view.report.exporter.observation_errors {
        out.add(&[agent, source], float(*errors));
    }
}

pub(super) fn log_lines_dropped(view: View<'_>, out: &mut Samples) {
    out.add(&[], float(view.report.exporter.log_lines_dropped));
}

pub(super) fn reload_successful(view: View<'_>, out: &mut Samples) {
    out.add(&[], truth(view.report.exporter.reload_successful));
}

pub(super) fn reload_success(view: View<'_>, out: &mut Samples) {
    if let Some(at) = view.report.exporter.reload_success_at {
        out.add(&[], epoch(at));
    }
}

pub(super) fn own_cpu(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| Some(own.cpu_seconds));
}

pub(super) fn own_open_fds(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| own.open_fds.map(float));
}

pub(super) fn own_max_fds(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| own.max_fds.map(float));
}

pub(super) fn own_resident(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| Some(float(own.resident_bytes)));
}

pub(super) fn own_virtual(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| Some(float(own.virtual_bytes)));
}

pub(super) fn own_start(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| Some(own.start_time_seconds));
}

pub(super) fn own_threads(view: View<'_>, out: &mut Samples) {
    own(view, out, |own| own.threads.map(float));
}

fn own(view: View<'_>, out: &mut Samples, value: impl Fn(&SelfFacts) -> Option<f64>) {
    if let Some(value) = view.own.and_then(value) {
        out.add(&[], value);
    }
}

fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

fn count(number: usize) -> f64 {
    u64::try_from(number).map_or(f64::MAX, float)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "Prometheus has no other number; exact up to 2^53"
)]
fn float(number: u64) -> f64 {
    number as f64
}

/// Seconds since the epoch, negative for times before it.
fn epoch(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}
