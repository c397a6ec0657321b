//! Rules against tables of facts: every cause fires on its fact, and stays silent in a near miss.

mod blind;
mod cases;
mod cases_config;
mod cases_host;
mod cases_log;
mod cases_loglistener;
mod cases_surroundings;
mod healthy;
mod language;
mod order;
mod scenario;
mod transitions;
mod windows;

use std::collections::BTreeSet;

use crate::model::report::AgentReport;
use cases::Case;
use scenario::{Scenario, judge, problems};

fn all_cases() -> Vec<Case> {
    let mut cases = cases::cases();
    cases.extend(cases_host::cases());
    cases.extend(cases_config::cases());
    cases.extend(cases_log::cases());
    cases.extend(cases_surroundings::cases());
    cases.extend(windows::cases());
    cases
}

#[test]
fn every_cause_fires_on_its_fact_and_stays_silent_in_a_near_miss() {
    fire_and_stay_silent(all_cases(), judge);
}

fn fire_and_stay_silent(cases: Vec<Case>, judge: fn(&[Scenario]) -> AgentReport) {
    for case in cases {
        let report = judge(&case.fires);
        let found: Vec<_> = problems(&report).iter().map(|problem| problem.cause.id).collect();
        assert!(found.contains(&case.cause), "{} should stand, found {found:?}", case.cause);
        let report = judge(&case.silent);
        let found: Vec<_> = problems(&report).iter().map(|problem| problem.cause.id).collect();
        assert!(
            !found.contains(&case.cause),
            "{} should not stand in its near miss, found {found:?}",
            case.cause
        );
    }
}

#[test]
fn every_cause_of_the_catalogue_has_a_case() {
    let covered: BTreeSet<_> = all_cases().iter().map(|case| case.cause).collect();
    let known: BTreeSet<_> = crate::catalog::causes().map(|cause| cause.id).collect();
    assert_eq!(covered, known);
}

#[test]
fn every_finding_carries_the_evidence_that_its_cause_promises_and_fills_its_sentences() {
    use crate::model::Language;
    for case in all_cases() {
        let report = judge(&case.fires);
        for problem in problems(&report) {
            for name in problem.cause.evidence {
                assert!(
                    problem.evidence.iter().any(|evidence| evidence.name == *name),
                    "{} lacks the evidence {name}: {:?}",
                    problem.cause.id,
                    problem.evidence
                );
            }
            for language in [Language::English, Language::Chinese] {
                for (template, text) in [
                    (problem.cause.title, problem.title(language)),
                    (problem.cause.remedy, problem.remedy(language)),
                ] {
                    for name in template.placeholders(language) {
                        assert!(!text.contains(&format!("{{{name}}}")), "{}: {text}", problem.cause.id);
                    }
                }
            }
        }
    }
}

#[test]
fn a_cause_stands_where_the_catalogue_files_it() {
    for case in all_cases() {
        for prerequisite in judge(&case.fires).prerequisites {
            for problem in &prerequisite.problems {
                assert_eq!(problem.cause.prerequisite, prerequisite.id, "{}", problem.cause.id);
            }
        }
    }
}
