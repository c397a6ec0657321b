//! Transitions in consecutive reports.

use std::time::Duration;

use crate::{
    evaluate::EngineState,
    model::{
        Prerequisite, Reading,
        report::{AgentReport, TransitionTo},
        snapshot::{FailureKind, Installation},
    },
};

use super::scenario::{Scenario, logtail, now, turn, unread};

/// Evaluates the scenario `seconds` after the beginning.
fn after(seconds: u64, scenario: &Scenario, engine_state: &mut EngineState) -> AgentReport {
    let mut scenario = scenario.clone();
    let later = Duration::from_secs(seconds);
    scenario.snapshot.taken_at += later;
    scenario.snapshot.uptime += later;
    let mut reports = [turn(&scenario, engine_state)];
    engine_state.record_transitions(scenario.snapshot.taken_at, &mut reports);
    let [report] = reports;
    report
}

fn told(report: &AgentReport) -> Vec<(u64, &'static str, &'static str)> {
    let seconds =
        |at: std::time::SystemTime| at.duration_since(now()).expect("after the beginning").as_secs();
    let recent = report.transitions.recent.iter();
    recent.map(|each| (seconds(each.at), each.cause.id, each.to.as_str())).collect()
}

fn total(report: &AgentReport, prerequisite: Prerequisite) -> Option<u64> {
    report.transitions.totals.get(&prerequisite).copied()
}

fn without_processes() -> Scenario {
    let mut scenario = logtail();
    scenario.agent().processes = Reading::Known(Vec::new());
    scenario
}

#[test]
fn what_comes_and_goes_is_told_once_each_and_counted_from_zero() {
    let (healthy, stopped) = (logtail(), without_processes());
    let mut engine_state = EngineState::default();
    let report = after(0, &healthy, &mut engine_state);
    assert_eq!(told(&report), []);
    assert!(report.prerequisites.iter().all(|each| total(&report, each.id) == Some(0)));
    after(15, &stopped, &mut engine_state);
    let report = after(30, &stopped, &mut engine_state);
    assert_eq!(told(&report), [(15, "not_running", "failing")]);
    let report = after(45, &healthy, &mut engine_state);
    assert_eq!(told(&report), [(15, "not_running", "failing"), (45, "not_running", "ok")]);
    assert_eq!(total(&report, Prerequisite::Processes), Some(2));
    assert_eq!(total(&report, Prerequisite::Network), Some(0));
}

#[test]
fn what_stands_at_the_first_look_is_no_transition_and_its_end_is_one() {
    let mut engine_state = EngineState::default();
    assert_eq!(told(&after(0, &without_processes(), &mut engine_state)), []);
    assert_eq!(told(&after(15, &logtail(), &mut engine_state)), [(15, "not_running", "ok")]);
}

#[test]
fn what_cannot_be_read_is_no_transition() {
    let mut engine_state = EngineState::default();
    after(0, &logtail(), &mut engine_state);
    after(15, &without_processes(), &mut engine_state);
    let mut blind = without_processes();
    blind.agent().processes = Reading::Unknown(unread("/proc"));
    after(30, &blind, &mut engine_state);
    assert_eq!(told(&after(45, &without_processes(), &mut engine_state)), [(15, "not_running", "failing")]);
}

#[test]
fn a_cause_of_many_endpoints_is_one_and_a_consequence_is_said_to_be_one() {
    let mut failing = logtail();
    failing.derive_endpoints();
    let healthy = failing.clone();
    failing.fail_everything(FailureKind::Refused, "10.0.0.1");
    let mut removed = failing.clone();
    removed.agent().installation = Reading::Known(Installation {
        looked_for: vec!["/usr/local/ilogtail".into()],
        ..Installation::default()
    });
    removed.agent().processes = Reading::Known(Vec::new());
    let mut engine_state = EngineState::default();
    after(0, &healthy, &mut engine_state);
    let before = told(&after(15, &failing, &mut engine_state));
    let refused: Vec<_> = before.iter().filter(|each| each.1 == "connection_refused").collect();
    assert_eq!(refused, [&(15, "connection_refused", "failing")]);
    let report = after(30, &removed, &mut engine_state);
    assert!(report.transitions.recent.iter().all(|each| each.to != TransitionTo::Ok), "{:?}", told(&report));
    assert!(told(&report).contains(&(30, "connection_refused", "explained")), "{:?}", told(&report));
}

#[test]
fn only_the_last_fifty_are_kept_and_all_are_counted() {
    let (healthy, stopped) = (logtail(), without_processes());
    let mut engine_state = EngineState::default();
    after(0, &healthy, &mut engine_state);
    for second in 1..=100 {
        after(second, if second % 2 == 0 { &healthy } else { &stopped }, &mut engine_state);
    }
    let report = after(101, &healthy, &mut engine_state);
    let stopping = told(&report).into_iter().filter(|each| each.1 == "not_running");
    assert!(stopping.count() <= 50 && report.transitions.recent.len() == 50);
    assert_eq!(report.transitions.recent.last().map(|each| each.at), Some(now() + Duration::from_secs(100)));
    assert!(total(&report, Prerequisite::Processes) >= Some(100));
}

#[test]
fn an_agent_that_is_forgotten_begins_anew() {
    let mut engine_state = EngineState::default();
    after(0, &logtail(), &mut engine_state);
    after(15, &without_processes(), &mut engine_state);
    engine_state.retain(|_| true);
    assert_eq!(told(&after(30, &without_processes(), &mut engine_state)).len(), 1);
    engine_state.retain(|_| false);
    assert_eq!(told(&after(45, &without_processes(), &mut engine_state)), []);
}
