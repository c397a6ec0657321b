//! The state of the alerts: recorded series of the active problems with their start, of those that are due, and of
//! those that affect a whole fleet. One group evaluates all of them and then the alerts, so that an alert sees the
//! state of the same time.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use logagent_exporter::{
    catalog::{self, alert::keep_firing},
    model::Severity,
};

/// Series that are recorded before `due_since`, with the reasons. Expressions that read every host are evaluated once,
/// and only for problems that are remembered but not seen: these are few, even in an outage.
const BEFORE: &str = r"
      # The most agents of the last hour: if only a part of a cluster can be scraped, neither its size nor the
      # percentages change.
      - record: cluster:logagent_agents:max1h
        expr: max_over_time(cluster:logagent_agents:sum[1h])

      # Problems that are remembered but not in the current scrapes: they have ended, or their target cannot be scraped.
      - record: agent_cause:logagent_problem:unseen
        expr: agent_cause:logagent_problem:due_since unless logagent_problem

      # The targets that show these hosts; two jobs may scrape one host.
      - record: target:logagent_agents:unseen
        expr: logagent_agents and on (cluster, instance) agent_cause:logagent_problem:unseen

      # Since when such a target has left service discovery, or another job shows the host and takes precedence. Those that
      # service discovery has, and that cannot be scraped, are in the group about exporters, at most a minute late.
      - record: target:logagent_exporter:gone
        expr: |
          target:logagent_exporter:gone and on (cluster, job, instance) (
            agent_cause:logagent_problem:unseen unless on (cluster, job, instance) target:logagent_exporter:down
            or agent_cause:logagent_problem:unseen and on (cluster, instance) target:logagent_agents:unseen
          )
          or group by (cluster, job, instance) (
            agent_cause:logagent_problem:unseen unless on (cluster, job, instance) target:logagent_exporter:down
            or agent_cause:logagent_problem:unseen and on (cluster, instance) target:logagent_agents:unseen
          ) * time()

      # Problems that are still active, as far as is known: while their target cannot be scraped, and for ten minutes
      # after that is gone (their alert: five more), unless another job saw their end.
      - record: agent_cause:logagent_problem:lost
        expr: |
          agent_cause:logagent_problem:unseen
            unless on (cluster, job, instance) target:logagent_agents:unseen
            unless on (cluster, job, instance) target:logagent_exporter:gone <= time() - 600
            unless on (cluster, instance, agent, cause, severity) (
              agent_cause:logagent_problem:unseen and on (cluster, job, instance) target:logagent_agents:unseen
            )
";

/// Series that are recorded after `due_since`. `SLOW` are causes that wait longer than the symptom does.
const AFTER: &str = r#"
      # Agents with a problem that is due. A host that two jobs scrape counts once.
      - record: cluster_cause:logagent_problem:due
        expr: |
          count by (cluster, prerequisite, cause, severity) (
            group without (job) (agent_cause:logagent_problem:due_since <= time() or agent_cause:logagent_problem:told_until)
          )

      # Causes that a fleet has: more than 5 % of a cluster and at least 5 agents. One host in twenty with the same
      # defect at once has one origin (service, network, rollout) and is one task; fewer than 5 are fixed faster one by
      # one, whatever their share of a small cluster. Hosts recover one by one: for another ten minutes, the last few do
      # not alert one by one either.
      - record: cluster_cause:logagent_problem:fleet
        expr: |
          (
            cluster_cause:logagent_problem:due / on (cluster) group_left () cluster:logagent_agents:max1h > 0.05
              and cluster_cause:logagent_problem:due >= 5
          ) * 0 + time()
          or (cluster_cause:logagent_problem:fleet >= time() - 600 and cluster_cause:logagent_problem:due)

      # Problems that alert per host: their fleet does not have them.
      - record: agent_cause:logagent_problem:single
        expr: |
          group without (job) (
            agent_cause:logagent_problem:due_since <= time() unless on (cluster, cause, severity) cluster_cause:logagent_problem:fleet
            or agent_cause:logagent_problem:told_until unless on (cluster, cause, severity) cluster_cause:logagent_problem:fleet
          )

      # Agents that currently fail, whatever the cause, with the same memory as problems. A cause that waits longer than
      # the symptom has its own alert, and no other in the meantime.
      - record: agent:logagent_status:failing
        expr: |
          group without (prerequisite, cause, severity) (agent_cause:logagent_problem:due_since{severity="critical"})
            unless on (cluster, job, instance, agent) agent_cause:logagent_problem:due_since{cause=~"SLOW"}

      # Agents that have failed for 6 of the last 15 minutes, in the last two too, while no cause has been active long
      # enough: causes that alternate, an endpoint that fails every second probe, a cause that these rules do not know.
      # 6 minutes are more than any cause waits except those above. An agent with an alert for a cause has no alert for
      # its symptom.
      - record: agent:logagent_status:symptom
        expr: |
          (
            group without (job) (
              count_over_time(agent:logagent_status:failing[15m]) >= 24
                and on (cluster, instance, agent) last_over_time(agent:logagent_status:failing[2m])
            ) * time()
            or agent:logagent_status:symptom >= time() - 300
          )
            unless on (cluster, instance, agent) agent_cause:logagent_problem:due_since{severity="critical"} <= time()
            unless on (cluster, instance, agent) agent_cause:logagent_problem:told_until{severity="critical"}

      # Agents that fail without a fleet-wide cause.
      - record: cluster:logagent_status:untold
        expr: |
          count by (cluster) (
            agent:logagent_status:symptom
            or group without (prerequisite, cause, severity) (agent_cause:logagent_problem:single{severity="critical"})
          )

      # Clusters of which more than 5 % (at least 5) have the symptom, or more than 10 % fail for causes of which none is that of
      # a fleet: twice the threshold of a single cause.
      - record: cluster:logagent_status:fleet
        expr: |
          (
            (
              count by (cluster) (agent:logagent_status:symptom) >= 5
                and on (cluster) count by (cluster) (agent:logagent_status:symptom) / on (cluster) cluster:logagent_agents:max1h > 0.05
            )
            or (
              cluster:logagent_status:untold >= 5
                and on (cluster) cluster:logagent_status:untold / on (cluster) cluster:logagent_agents:max1h > 0.1
            )
          ) * 0 + time()
          or (cluster:logagent_status:fleet >= time() - 600 and on (cluster) cluster:logagent_status:untold)
"#;

/// Until when a problem that has ended keeps firing: the keep time, less the evaluation that last saw it.
const TOLD_UNTIL: &str = r"
      # Until when problems that have ended keep firing, if they were due when they ended.
      - record: agent_cause:logagent_problem:told_until
        expr: |
";

const DUE_SINCE: &str = r"
      # Since when each problem is due: the time at which it has been active for its cause's `patience`; before that,
      # the value is in the future. A failed scrape, or a Prometheus that was away for less than five minutes, does not
      # restart any wait. Not by the exporter's own timestamp: the host's clock may be wrong. Critical causes that these
      # rules do not know are never due: their symptom is.
      - record: agent_cause:logagent_problem:due_since
        expr: |
          agent_cause:logagent_problem:due_since unless agent_cause:logagent_problem:unseen
          or agent_cause:logagent_problem:lost
";

/// The rules that record the state of the alerts.
pub(crate) fn state() -> String {
    let mut classes: Vec<((&str, Duration), Class)> = classes().into_iter().collect();
    // For `or`, the left side is searched repeatedly: what is most frequent in an outage comes last.
    classes.sort_by_key(|(_, class)| class.causes.len());
    let mut out = BEFORE.trim_start_matches('\n').to_owned();
    // A less severe finding of a cause, and a warning that these rules do not know yet.
    let others = format!("{{severity=\"warning\", cause!~\"{}\"}}", warnings().join("|"));
    let newer =
        format!("{{severity=\"critical\", cause!~\"{}\"}}", of_severity(Severity::Critical).join("|"));

    out.push_str(TOLD_UNTIL);
    let mut keeps: BTreeMap<(&str, Duration), Vec<&str>> = BTreeMap::new();
    for ((severity, _), class) in &classes {
        keeps.entry((severity, class.keep)).or_default().extend(&class.causes);
    }
    let keeps = keeps.iter().map(|((severity, keep), causes)| (selector(severity, causes), keep.as_secs()));
    for (selector, keep) in std::iter::once((others.clone(), 960)).chain(keeps) {
        let _infallible = write!(
            out,
            "          max without (job) (clamp_min((agent_cause:logagent_problem:unseen{selector} <= time()) unless agent_cause:logagent_problem:lost, time() + {}))\n          or ",
            keep - EVALUATION,
        );
    }
    out.push_str("agent_cause:logagent_problem:told_until >= time()\n");

    out.push_str(DUE_SINCE);
    let _infallible = write!(
        out,
        "          or (\n            logagent_problem{newer} * +Inf\n            or clamp_min(logagent_problem{others}, time() + 900)\n"
    );
    for ((severity, patience), class) in &classes {
        let selector = selector(severity, &class.causes);
        let _infallible = writeln!(
            out,
            "            or clamp_min(logagent_problem{selector}, time() + {})",
            patience.as_secs()
        );
    }
    out.push_str("          )\n");

    let slow: Vec<&str> = catalog::causes()
        .filter(|cause| cause.severity == Severity::Critical && cause.patience > SYMPTOM)
        .map(|cause| cause.id)
        .collect();
    out.push_str(&AFTER.replace("SLOW", &slow.join("|")));
    out
}

/// Seconds between two evaluations.
const EVALUATION: u64 = 15;

/// The causes that are warnings, and have their own alert.
pub(crate) fn warnings() -> Vec<&'static str> {
    of_severity(Severity::Warning)
}

fn of_severity(severity: Severity) -> Vec<&'static str> {
    catalog::causes().filter(|cause| cause.severity == severity).map(|cause| cause.id).collect()
}

/// A symptom counts for six minutes: less a scrape and two evaluations, that is the longest wait of a cause that still
/// fires before its symptom.
const SYMPTOM: Duration = Duration::from_mins(5);

/// Causes with the same waiting time.
struct Class {
    causes: Vec<&'static str>,
    keep: Duration,
}

fn classes() -> BTreeMap<(&'static str, Duration), Class> {
    let mut classes = BTreeMap::new();
    for cause in catalog::causes() {
        let class = classes
            .entry((cause.severity.as_str(), cause.patience))
            .or_insert_with(|| Class { causes: Vec::new(), keep: keep_firing(cause) });
        class.causes.push(cause.id);
    }
    classes
}

fn selector(severity: &str, causes: &[&str]) -> String {
    format!("{{severity=\"{severity}\", cause=~\"{}\"}}", causes.join("|"))
}
