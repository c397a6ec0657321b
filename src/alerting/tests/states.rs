//! Which alerts fire when, compared with the rules, on a simulated clock.

use tokio::time::advance;

use super::*;
use crate::{
    catalog::{clock::CLOCK_OFFSET_HIGH, installed::NOT_INSTALLED, processes::NOT_RUNNING},
    model::{
        Cause, Prerequisite,
        report::{ClockReport, ExporterReport, NotBelieved, PrerequisiteReport, Problem, Transitions},
    },
};

fn healthy() -> Report {
    with(&[])
}

/// A complete report of one agent with these problems.
fn with(problems: &[(&'static Cause, Severity)]) -> Report {
    let problem = |(cause, severity): &(&'static Cause, Severity)| Problem {
        cause,
        subject: String::new(),
        severity: *severity,
        since: std::time::SystemTime::UNIX_EPOCH,
        evidence: Vec::new(),
        context: Arc::default(),
        explained_by: None,
        carried: false,
        advice: None,
        first_step: None,
        where_to: None,
    };
    let prerequisite = |id: Prerequisite| PrerequisiteReport {
        id,
        status: Status::Ok,
        unknown: Vec::new(),
        problems: problems.iter().filter(|(cause, _)| cause.prerequisite == id).map(problem).collect(),
    };
    let failing = problems.iter().any(|(_, severity)| *severity == Severity::Critical);
    let agent = AgentReport {
        name: "logtail".into(),
        kind: "logtail",
        edition: "",
        version: String::new(),
        hostname: String::new(),
        instance_id: String::new(),
        install_dir: None,
        container: None,
        status: if failing { Status::Failing } else { Status::Ok },
        prerequisites: Prerequisite::ALL.map(prerequisite).to_vec(),
        not_evaluated: Vec::new(),
        roles: Vec::new(),
        ips: Vec::new(),
        endpoints: Vec::new(),
        files: Vec::new(),
        config_updated: None,
        sent: None,
        limits: BTreeSet::new(),
        transitions: Transitions::default(),
    };
    Report {
        taken_at: std::time::SystemTime::UNIX_EPOCH,
        host: String::new(),
        agents: vec![agent],
        not_believed: NotBelieved::default(),
        limits: BTreeSet::new(),
        clock: ClockReport::default(),
        exporter: ExporterReport { reload_successful: true, ..ExporterReport::default() },
        complete: true,
    }
}

fn stopped() -> Report {
    with(&[(&NOT_RUNNING, Severity::Critical)])
}

/// What is sent at this time: the names of firing and of resolved alerts.
fn told(states: &AlertStates) -> (Vec<String>, Vec<String>) {
    let settings = crate::model::settings::AlertingSettings::default();
    let (firing, ended): (Vec<_>, Vec<_>) =
        states.alerts().into_iter().partition(|(_, alert)| alert.resolved.is_none());
    let names = |alerts: Vec<(Subject, Alert)>| {
        let mut names: Vec<String> = alerts
            .iter()
            .map(|(subject, _)| subject.labels(&settings).remove("alertname").unwrap())
            .collect();
        names.retain(|name| name != "LogAgentHostWatchdog");
        names.sort();
        names
    };
    (names(firing), names(ended))
}

fn firing(states: &AlertStates) -> Vec<String> {
    told(states).0
}

/// Evaluations every 15 s for this long.
async fn during(states: &mut AlertStates, report: &Report, seconds: u64) {
    for _ in 0..seconds / 15 {
        advance(Duration::from_secs(15)).await;
        states.observe(report, Instant::now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_told_after_its_patience_and_ends_some_minutes_after_it_is_gone() {
    let mut states = AlertStates::new(Instant::now());
    states.observe(&stopped(), Instant::now());
    advance(NOT_RUNNING.patience.saturating_sub(Duration::from_millis(1))).await;
    states.advance(Instant::now());
    assert_eq!(firing(&states), [""; 0]);
    // It fires at the exact time, without another evaluation.
    assert_eq!(states.next_change(Instant::now()), Some(Instant::now() + Duration::from_millis(1)));
    advance(Duration::from_millis(1)).await;
    states.advance(Instant::now());
    assert_eq!(firing(&states), ["LogAgentNotRunning"]);
    states.observe(&healthy(), Instant::now());
    advance(Duration::from_millis(299_999)).await;
    states.advance(Instant::now());
    assert_eq!(firing(&states), ["LogAgentNotRunning"]);
    advance(Duration::from_millis(1)).await;
    states.advance(Instant::now());
    assert_eq!(told(&states), (vec![], vec!["LogAgentNotRunning".to_owned()]));
    // Its end is sent again for five minutes, and then forgotten.
    advance(REPEATED).await;
    states.observe(&healthy(), Instant::now());
    assert_eq!(told(&states), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_is_one_alert_and_begins_its_patience_anew() {
    let mut states = AlertStates::new(Instant::now());
    for _ in 0..3 {
        during(&mut states, &stopped(), 90).await;
        during(&mut states, &healthy(), 15).await;
    }
    assert_eq!(firing(&states), [""; 0], "it never stood for two minutes");
    during(&mut states, &stopped(), 150).await;
    let since = states.alerts()[&Subject::Cause("logtail".into(), "not_running")].fired;
    during(&mut states, &healthy(), 120).await;
    during(&mut states, &stopped(), 300).await;
    let alert = states.alerts()[&Subject::Cause("logtail".into(), "not_running")];
    assert_eq!((alert.fired, alert.resolved), (since, None));
}

#[tokio::test(start_paused = true)]
async fn no_evaluation_and_an_incomplete_one_end_nothing() {
    let mut states = AlertStates::new(Instant::now());
    during(&mut states, &stopped(), 300).await;
    let nothing = Report { agents: Vec::new(), complete: false, ..healthy() };
    during(&mut states, &nothing, 1_200).await;
    assert_eq!(firing(&states), ["LogAgentNotRunning"]);
    // The loop hangs: an alert reports it, and the others keep firing.
    advance(STALE).await;
    states.advance(Instant::now());
    assert_eq!(firing(&states), ["LogAgentExporterStale", "LogAgentNotRunning"]);
    during(&mut states, &stopped(), 330).await;
    assert_eq!(firing(&states), ["LogAgentNotRunning"]);
}

#[tokio::test(start_paused = true)]
async fn a_consequence_is_not_told_and_a_milder_finding_is_a_warning() {
    let mut states = AlertStates::new(Instant::now());
    let mut report = stopped();
    let processes = report.agents[0].prerequisites.iter_mut().find(|p| p.id == Prerequisite::Processes);
    processes.unwrap().problems[0].explained_by = Some(&NOT_INSTALLED);
    report.agents[0].status = Status::Ok;
    during(&mut states, &report, 600).await;
    assert_eq!(firing(&states), [""; 0]);
    let mild = with(&[(&NOT_RUNNING, Severity::Warning), (&CLOCK_OFFSET_HIGH, Severity::Warning)]);
    during(&mut states, &mild, 930).await;
    assert_eq!(firing(&states), ["LogAgentClockOffsetHigh", "LogAgentWarning"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_fails_for_many_short_causes_is_told_by_its_symptom_until_a_cause_tells_it() {
    let mut states = AlertStates::new(Instant::now());
    during(&mut states, &healthy(), 60).await;
    for _ in 0..5 {
        during(&mut states, &stopped(), 75).await;
        during(&mut states, &healthy(), 15).await;
    }
    assert_eq!(firing(&states), ["LogAgentFailing"]);
    during(&mut states, &stopped(), 135).await;
    assert_eq!(firing(&states), ["LogAgentNotRunning"]);
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_is_given_long_is_not_told_by_its_symptom_first() {
    let mut states = AlertStates::new(Instant::now());
    let removed = with(&[(&NOT_INSTALLED, Severity::Critical)]);
    during(&mut states, &removed, 590).await;
    assert_eq!(firing(&states), [""; 0]);
    during(&mut states, &removed, 45).await;
    assert_eq!(firing(&states), ["LogAgentNotInstalled"]);
}

#[tokio::test(start_paused = true)]
async fn the_exporter_tells_of_itself() {
    let mut states = AlertStates::new(Instant::now());
    let mut report = healthy();
    report.exporter.reload_successful = false;
    during(&mut states, &report, 330).await;
    assert_eq!(firing(&states), ["LogAgentExporterReloadFailed"]);
    during(&mut states, &healthy(), 15).await;
    assert_eq!(told(&states), (vec![], vec!["LogAgentExporterReloadFailed".to_owned()]));

    let mut report = healthy();
    report.agents.clear();
    during(&mut states, &report, 3_800).await;
    assert_eq!(firing(&states), [""; 0]);
    during(&mut states, &report, 150).await;
    assert_eq!(firing(&states), ["LogAgentNoAgents"]);

    let mut report = healthy();
    report.agents[0].status = Status::Unknown;
    during(&mut states, &report, 3_630).await;
    assert_eq!(firing(&states), ["LogAgentStatusUnknown"]);
    for _ in 0..200 {
        *report.exporter.observation_errors.entry(("logtail".into(), "file")).or_default() += 1;
        during(&mut states, &report, 15).await;
    }
    assert_eq!(
        firing(&states),
        ["LogAgentExporterObservationErrors"],
        "what cannot be read is why it is unknown"
    );
    // A few errors do not count.
    let mut states = AlertStates::new(Instant::now());
    report.exporter.observation_errors.insert(("logtail".into(), "file"), 10);
    during(&mut states, &report, 3_600).await;
    assert!(!firing(&states).contains(&"LogAgentExporterObservationErrors".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn ten_hours_leave_as_much_as_one_minute() {
    let mut states = AlertStates::new(Instant::now());
    let mut report = stopped();
    report.exporter.observation_errors.insert(("logtail".into(), "file"), 0);
    let size = |states: &AlertStates| {
        let samples: usize = states.errors.values().map(VecDeque::len).sum();
        (states.conditions.len(), states.symptoms.len(), states.errors.len(), samples)
    };
    during(&mut states, &report, 1_800).await;
    let before = size(&states);
    for turn in 0..2_400 {
        *report.exporter.observation_errors.entry(("logtail".into(), "file")).or_default() += 1;
        let report = if turn % 2 == 0 { report.clone() } else { stopped() };
        during(&mut states, &report, 15).await;
    }
    let after = size(&states);
    assert!(after.0 <= before.0 + 1 && after.1 == before.1 && after.3 <= 20, "{before:?} became {after:?}");
}
