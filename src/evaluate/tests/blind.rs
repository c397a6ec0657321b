//! Unknown neither raises nor clears: each reading of each case is made unknown in turn.
//!
//! The readings are found by taking the snapshot apart (`snapshot::testing`), so that new readings are
//! covered automatically.

use std::collections::BTreeSet;

use crate::{
    evaluate::EngineState,
    model::{
        Prerequisite, Status,
        report::AgentReport,
        snapshot::testing::{Blindable, Path, Readings},
    },
};

use super::{
    all_cases,
    scenario::{Scenario, judge, problems, turn, unread},
};

/// The paths of all known readings.
fn readings(scenario: &Scenario) -> Vec<Path> {
    let mut paths = Vec::new();
    scenario.snapshot.clone().visit(&mut Path::new(), &mut |path, reading: &mut dyn Blindable| {
        if reading.is_known() {
            paths.push(path.clone());
        }
    });
    paths
}

/// The scenario with the reading at this path made unknown.
fn blinded(scenario: &Scenario, at: &Path) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.snapshot.visit(&mut Path::new(), &mut |path, reading: &mut dyn Blindable| {
        if path == at {
            reading.blind(unread(&at.join(".")));
        }
    });
    scenario
}

type Standing = BTreeSet<(&'static str, String)>;

fn standing(report: &AgentReport) -> Standing {
    problems(report).into_iter().map(|problem| (problem.cause.id, problem.subject.clone())).collect()
}

fn applicable(report: &AgentReport) -> BTreeSet<Prerequisite> {
    report.prerequisites.iter().map(|prerequisite| prerequisite.id).collect()
}

fn status_of(report: &AgentReport, id: Prerequisite) -> Option<Status> {
    report.prerequisites.iter().find(|prerequisite| prerequisite.id == id).map(|found| found.status)
}

/// Sequences of scenarios, the last of which is blinded: cases that fire, and near misses. Each once: many near
/// misses are the same healthy host.
fn sequences() -> Vec<(&'static str, Vec<Scenario>)> {
    let mut seen = BTreeSet::new();
    let cases = all_cases().into_iter();
    cases
        .flat_map(|case| [(case.cause, case.fires), (case.cause, case.silent)])
        .filter(|(_, scenarios)| seen.insert(format!("{scenarios:?}")))
        .collect()
}

/// Each sequence with the engine state before its last scenario.
struct Sequence {
    cause: &'static str,
    before: EngineState,
    stood_before: Standing,
    last: Scenario,
}

fn for_each_reading(mut check: impl FnMut(&str, &Sequence, &Scenario)) -> usize {
    let mut blindings = 0;
    for (cause, mut scenarios) in sequences() {
        let last = scenarios.pop().expect("a case has a scenario");
        let mut before = EngineState::default();
        let reports: Vec<_> = scenarios.iter().map(|scenario| turn(scenario, &mut before)).collect();
        let stood_before = reports.last().map(standing).unwrap_or_default();
        let sequence = Sequence { cause, before, stood_before, last };
        for path in readings(&sequence.last) {
            blindings += 1;
            let what = format!("{} without {}", sequence.cause, path.join("."));
            check(&what, &sequence, &blinded(&sequence.last, &path));
        }
    }
    blindings
}

#[test]
fn at_first_sight_an_unread_fact_raises_nothing() {
    let blindings = for_each_reading(|what, sequence, blind| {
        let none = (EngineState::default(), Standing::new());
        for (before, stood_before) in [none, (sequence.before.clone(), sequence.stood_before.clone())] {
            let seen = turn(&sequence.last, &mut before.clone());
            let unseen = turn(blind, &mut before.clone());
            let allowed: Standing = standing(&seen).union(&stood_before).cloned().collect();
            let raised: Vec<_> = standing(&unseen).difference(&allowed).cloned().collect();
            assert!(raised.is_empty(), "{what}: raised {raised:?}");
            for id in applicable(&unseen).difference(&applicable(&seen)) {
                let status = status_of(&unseen, *id);
                assert_eq!(status, Some(Status::Unknown), "{what}: {id:?} appeared");
            }
        }
    });
    assert!(blindings > 2000, "{blindings} readings blinded");
}

#[test]
fn once_seen_an_unread_fact_neither_raises_nor_clears() {
    let blindings = for_each_reading(|what, sequence, blind| {
        let mut engine_state = sequence.before.clone();
        let seen = turn(&sequence.last, &mut engine_state);
        let mut always_read = engine_state.clone();
        for seconds in [1, 2] {
            let unseen = turn(&blind.later(seconds), &mut engine_state);
            let control = turn(&sequence.last.later(seconds), &mut always_read);
            assert_eq!(applicable(&seen), applicable(&unseen), "{what}, {seconds} s later");
            for id in applicable(&seen) {
                let (before, after) = (status_of(&seen, id), status_of(&unseen, id));
                let kept = before == after || (before, after) == (Some(Status::Ok), Some(Status::Unknown));
                assert!(kept, "{what}: {id:?} was {before:?}, and is {after:?}");
            }
            // Time passes whether or not facts are read: causes that time alone raises or clears may change.
            let (seen, unseen, control) = (standing(&seen), standing(&unseen), standing(&control));
            let raised: Vec<_> =
                unseen.iter().filter(|p| !seen.contains(p) && !control.contains(p)).collect();
            let cleared: Vec<_> =
                seen.iter().filter(|p| control.contains(p) && !unseen.contains(p)).collect();
            assert!(
                raised.is_empty() && cleared.is_empty(),
                "{what}: raised {raised:?}, cleared {cleared:?}"
            );
        }
        // When it can be read again, the result is as if it always could be read.
        let again = sequence.last.later(3);
        let (again, always_read) = (turn(&again, &mut engine_state), turn(&again, &mut always_read));
        let stood = standing(&seen);
        assert_eq!(standing(&always_read), standing(&again), "{what}, read again");
        let aged = |report: &AgentReport| -> Vec<_> {
            let all = problems(report).into_iter().map(|p| ((p.cause.id, p.subject.clone()), p.since));
            all.filter(|(which, _)| stood.contains(which)).collect()
        };
        assert_eq!(aged(&always_read), aged(&again), "{what}, read again");
        let rooted = problems(&again).iter().any(|problem| problem.explained_by.is_none());
        assert!(rooted || problems(&again).is_empty(), "{what}: whatever stands has an unexplained root");
    });
    assert!(blindings > 2000, "{blindings} readings blinded");
}

/// With everything read, nothing is left undecided: a rule that forgets a cause is found here.
#[test]
fn with_everything_read_every_cause_is_decided() {
    for (cause, scenarios) in sequences() {
        for prerequisite in judge(&scenarios).prerequisites {
            let forgotten: Vec<_> = prerequisite
                .unknown
                .iter()
                .filter(|why| why.detail.contains("no rule has evaluated"))
                .collect();
            assert!(forgotten.is_empty(), "{cause}: {forgotten:?}");
        }
    }
}
