//! What the alerts remember: recorded series that say which problem stands since when, whom it is time to tell, and where a
//! whole fleet has it. One group evaluates all of them and then the alerts, so that an alert sees the state of the same moment.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use logagent_exporter::{
    catalog::{self, alert::keep_firing},
    model::Severity,
};

/// Series that are recorded before `due_since`, with the reasons. What reads something of every host is asked once, and only for
/// what is remembered and not seen: that is little, in an outage too.
const BEFORE: &str = r"
      # The most agents of the last hour: a cluster of which only a part can be scraped is no smaller, and no share of it is greater.
      - record: cluster:logagent_agents:max1h
        expr: max_over_time(cluster:logagent_agents:sum[1h])

      # Problems that are remembered, and that no scrape shows now: they have ended, or their target cannot be scraped.
      - record: agent_cause:logagent_problem:unseen
        expr: agent_cause:logagent_problem:due_since unless logagent_problem

      # Of their targets: whether they are scraped; and who shows these hosts at all, as two jobs may scrape one.
      - record: target:logagent_up:unseen
        expr: up and on (cluster, job, instance) agent_cause:logagent_problem:unseen
      - record: target:logagent_agents:unseen
        expr: logagent_agents and on (cluster, instance) agent_cause:logagent_problem:unseen

      # Since when such a target has left service discovery, or another job shows the host, which knows better.
      - record: target:logagent_up:gone
        expr: |
          target:logagent_up:gone and on (cluster, job, instance) (
            agent_cause:logagent_problem:unseen unless on (cluster, job, instance) target:logagent_up:unseen
            or agent_cause:logagent_problem:unseen and on (cluster, instance) target:logagent_agents:unseen
          )
          or group by (cluster, job, instance) (
            agent_cause:logagent_problem:unseen unless on (cluster, job, instance) target:logagent_up:unseen
            or agent_cause:logagent_problem:unseen and on (cluster, instance) target:logagent_agents:unseen
          ) * time()

      # Problems that still stand, as far as is known: while their target cannot be scraped, and for ten minutes after that is gone
      # (their alert: five more), unless another job saw their end.
      - record: agent_cause:logagent_problem:lost
        expr: |
          agent_cause:logagent_problem:unseen
            unless on (cluster, job, instance) target:logagent_up:unseen == 1
            unless on (cluster, job, instance) target:logagent_up:gone <= time() - 600
            unless on (cluster, instance, agent, cause, severity) (
              agent_cause:logagent_problem:unseen and on (cluster, job, instance) target:logagent_up:unseen == 1
            )
";

/// Series that are recorded after `due_since`. `SLOW` are causes that are given longer than the symptom is.
const AFTER: &str = r#"
      # Agents with a problem that it is time to tell. Two jobs that scrape one host are one host.
      - record: cluster_cause:logagent_problem:due
        expr: |
          count by (cluster, prerequisite, cause, severity) (
            group without (job) (agent_cause:logagent_problem:due_since <= time() or agent_cause:logagent_problem:told_until)
          )

      # Causes that a fleet has: more than 5 % of a cluster and at least 5 agents. One host in twenty with the same defect at once
      # has one origin (service, network, rollout) and is one task; fewer than 5 are quicker fixed one by one, whatever share of a
      # small cluster they are. Hosts recover one by one: for ten minutes more, the last few are not told one by one either.
      - record: cluster_cause:logagent_problem:fleet
        expr: |
          (
            cluster_cause:logagent_problem:due / on (cluster) group_left () cluster:logagent_agents:max1h > 0.05
              and cluster_cause:logagent_problem:due >= 5
          ) * 0 + time()
          or (cluster_cause:logagent_problem:fleet >= time() - 600 and cluster_cause:logagent_problem:due)

      # Problems that are told host by host: their fleet does not have them.
      - record: agent_cause:logagent_problem:single
        expr: |
          group without (job) (
            agent_cause:logagent_problem:due_since <= time() unless on (cluster, cause, severity) cluster_cause:logagent_problem:fleet
            or agent_cause:logagent_problem:told_until unless on (cluster, cause, severity) cluster_cause:logagent_problem:fleet
          )

      # Agents that fail at this moment, whatever the cause, with the same memory as problems have. A cause that is given longer
      # than the symptom has its own alert, and nothing else to say meanwhile.
      - record: agent:logagent_status:failing
        expr: |
          group without (prerequisite, cause, severity) (agent_cause:logagent_problem:due_since{severity="critical"})
            unless on (cluster, job, instance, agent) agent_cause:logagent_problem:due_since{cause=~"SLOW"}

      # Agents that have failed for 6 of the last 15 minutes, in the last two too, while no cause has stood long enough: causes
      # that alternate, an endpoint that fails every second probe, a cause that these rules do not know. 6 minutes are more than
      # any cause is given but those above. What is told by its cause is not told by its symptom.
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

      # Agents that fail, and that no cause of a fleet tells of.
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

/// Until when a problem that has ended is told: as long as it is kept, less the evaluation that last saw it.
const TOLD_UNTIL: &str = r"
      # Until when problems are told that have ended, or were due when they did.
      - record: agent_cause:logagent_problem:told_until
        expr: |
";

const DUE_SINCE: &str = r"
      # Since when each problem is due: it has stood for as long as its cause is given (its `patience`); until then that is to come. A
      # failed scrape, or a Prometheus that was away for less than five minutes, begins nothing anew. Not by the exporter's own
      # timestamp: the host's clock may be wrong. Critical causes that these rules do not know are never due: their symptom is.
      - record: agent_cause:logagent_problem:due_since
        expr: |
          agent_cause:logagent_problem:due_since unless agent_cause:logagent_problem:unseen
          or agent_cause:logagent_problem:lost
";

/// The rules that record what the alerts remember.
pub(crate) fn state() -> String {
    let mut classes: Vec<((&str, Duration), Class)> = classes().into_iter().collect();
    // Of `or`, the left side is gone through again and again: what an outage mostly has comes last.
    classes.sort_by_key(|(_, class)| class.causes.len());
    let mut out = BEFORE.trim_start_matches('\n').to_owned();
    // A milder finding of a cause, and a warning that these rules do not know yet.
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

/// The causes that are warnings, and have an alert as such.
pub(crate) fn warnings() -> Vec<&'static str> {
    of_severity(Severity::Warning)
}

fn of_severity(severity: Severity) -> Vec<&'static str> {
    catalog::causes().filter(|cause| cause.severity == severity).map(|cause| cause.id).collect()
}

/// A symptom counts for six minutes: less a scrape and two evaluations, that is what a cause may be given without being told by
/// its symptom first.
const SYMPTOM: Duration = Duration::from_mins(5);

/// Causes that are given the same time.
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
