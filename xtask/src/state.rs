//! What the alerts remember: recorded series that say which problem stands since when, whom it is time to tell, and where a
//! whole fleet has it. One group evaluates all of them and then the alerts, so that an alert sees the state of the same moment.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use logagent_exporter::{
    catalog::{self, alert::keep_firing},
    model::Severity,
};

/// Series that are recorded before `due`, with the reasons.
const BEFORE: &str = r"
      # Agents of a cluster; a host that two jobs scrape counts once.
      - record: cluster:logagent_agents:scraped
        expr: sum by (cluster) (max by (cluster, instance) (logagent_agents))

      # The most of the last hour: a cluster of which only a part can be scraped is no smaller, and no share of it is greater.
      - record: cluster:logagent_agents:max1h
        expr: max_over_time(cluster:logagent_agents:scraped[1h])

      # Of targets about which there is something to remember: when they were last known to service discovery.
      - record: target:logagent_up:seen
        expr: |
          up * 0 + time()
            and on (cluster, job, instance) (logagent_problem or agent_cause:logagent_problem:since or agent:logagent_status:failing)
          or target:logagent_up:seen >= time() - 600

      # Since when a problem stands. It still does while its target cannot be scraped, and for ten minutes after that has left
      # service discovery (its alert: five more); a failed scrape, or a Prometheus that was away for less than five minutes, begins nothing anew.
      # Another job that scrapes the same host knows better. Not by the exporter's own timestamp: the host's clock may be wrong.
      - record: agent_cause:logagent_problem:since
        expr: |
          agent_cause:logagent_problem:since and logagent_problem
          or logagent_problem * 0 + time()
          or (
            (
              agent_cause:logagent_problem:since unless on (cluster, instance) logagent_agents
              or (agent_cause:logagent_problem:since and on (cluster, instance, agent, cause, severity) logagent_problem)
            )
              and on (cluster, job, instance) target:logagent_up:seen
              unless on (cluster, job, instance) (up == 1)
          )

      # Problems that have stood for as long as their cause is given (its `patience`), and until some minutes after their end.
      # The value is when that was last so. Two jobs that scrape one host are one host.
";

/// Series that are recorded after `due`. `SLOW` are causes that are given longer than the symptom is.
const AFTER: &str = r#"
      # Agents with a problem that it is time to tell.
      - record: cluster_cause:logagent_problem:due
        expr: count by (cluster, prerequisite, cause, severity) (agent_cause:logagent_problem:due)

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

      # Agents that fail at this moment, whatever the cause, with the same memory as problems have. A cause that is given longer
      # than the symptom has its own alert, and nothing else to say meanwhile.
      - record: agent:logagent_status:failing
        expr: |
          (
            max without (status) (logagent_status{status="failing"} == 1)
            or (
              (
                agent:logagent_status:failing unless on (cluster, instance) logagent_agents
                or (agent:logagent_status:failing and on (cluster, instance, agent) (logagent_status{status="failing"} == 1))
              )
                and on (cluster, job, instance) target:logagent_up:seen
                unless on (cluster, job, instance) (up == 1)
            )
          )
          unless on (cluster, job, instance, agent) agent_cause:logagent_problem:since{cause=~"SLOW"}

      # Agents that have failed for 6 of the last 15 minutes, in the last two too, while no cause has stood long enough: causes
      # that alternate, an endpoint that fails every second probe, a cause that these rules do not know. 6 minutes are more than
      # any cause is given but those above. What is told by its cause is not told by its symptom.
      - record: agent:logagent_status:symptom
        expr: |
          (
            max without (job) (count_over_time(agent:logagent_status:failing[15m]) >= 24)
              and on (cluster, instance, agent) last_over_time(agent:logagent_status:failing[2m])
          ) * 0 + time()
            unless on (cluster, instance, agent) agent_cause:logagent_problem:due{severity="critical"}
          or agent:logagent_status:symptom >= time() - 300
            unless on (cluster, instance, agent) agent_cause:logagent_problem:due{severity="critical"}

      # Agents that fail, and that no cause of a fleet tells of.
      - record: cluster:logagent_status:untold
        expr: |
          count by (cluster) (
            agent:logagent_status:symptom
            or max without (prerequisite, cause, severity) (
              agent_cause:logagent_problem:due{severity="critical"} unless on (cluster, cause, severity) cluster_cause:logagent_problem:fleet
            )
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

/// The rules that record what the alerts remember.
pub(crate) fn state() -> String {
    let mut out = BEFORE.trim_start_matches('\n').to_owned();
    out.push_str("      - record: agent_cause:logagent_problem:due\n        expr: |\n");
    let mut or = "";
    for ((severity, patience), class) in classes() {
        let selector = selector(severity, &class);
        let _infallible = write!(
            out,
            "          {or}(max without (job) (agent_cause:logagent_problem:since{selector} <= time() - {}) * 0 + time())\n\
             \x20         or agent_cause:logagent_problem:due{selector} >= time() - {}\n",
            patience.as_secs(),
            class.keep.as_secs(),
        );
        or = "or ";
    }
    // A milder finding of a cause, and a warning that these rules do not know yet.
    let others = format!("{{severity=\"warning\", cause!~\"{}\"}}", warnings().join("|"));
    let _infallible = write!(
        out,
        "          or (max without (job) (agent_cause:logagent_problem:since{others} <= time() - 900) * 0 + time())\n\
         \x20         or agent_cause:logagent_problem:due{others} >= time() - 960\n",
    );
    let slow: Vec<&str> = catalog::causes()
        .filter(|cause| cause.severity == Severity::Critical && cause.patience > SYMPTOM)
        .map(|cause| cause.id)
        .collect();
    out.push_str(&AFTER.replace("SLOW", &slow.join("|")));
    out
}

/// The causes that are warnings, and have an alert as such.
pub(crate) fn warnings() -> Vec<&'static str> {
    catalog::causes().filter(|cause| cause.severity == Severity::Warning).map(|cause| cause.id).collect()
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

fn selector(severity: &str, class: &Class) -> String {
    format!("{{severity=\"{severity}\", cause=~\"{}\"}}", class.causes.join("|"))
}
