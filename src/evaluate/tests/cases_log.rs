//! Cases about the agent's own log and the files next to it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::model::{
    Language, Reading, Severity,
    snapshot::{Collection, Liveness, LogFacts, LoggedExit, Moment, RefusalSubject, Refused},
};

use super::{
    cases::{Case, case},
    scenario::{Scenario, judge, loglistener, logtail, now, problems, shown},
};

const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";

/// The time this many seconds before the evaluation.
fn ago(scenario: &Scenario, seconds: u64) -> Moment {
    let age = Duration::from_secs(seconds);
    Moment { wall: now() - age, boot: scenario.snapshot.uptime.checked_sub(age) }
}

fn with_log(scenario: Scenario, change: impl FnOnce(&Scenario, &mut LogFacts)) -> Scenario {
    let mut log = LogFacts { path: LOG.into(), modified: Some(now()), ..LogFacts::default() };
    change(&scenario, &mut log);
    scenario.with(|w| w.agent().log = Reading::Known(Some(log)))
}

fn refused(scenario: Scenario, code: &'static str, subject: RefusalSubject, seconds: u64) -> Scenario {
    with_log(scenario, |scenario, log| {
        let last = ago(scenario, seconds);
        log.refused = BTreeMap::from([(code, Refused { subject, count: 3, last })]);
    })
}

fn unauthorized(scenario: Scenario, seconds: u64) -> Scenario {
    refused(scenario, "Unauthorized", RefusalSubject::Credentials, seconds)
}

fn written(state: SystemTime, log: SystemTime) -> Scenario {
    with_log(logtail(), |_, facts| {
        facts.state_modified = Some(state);
        facts.modified = Some(log);
    })
}

fn minutes_ago(minutes: u64) -> SystemTime {
    now() - Duration::from_secs(60 * minutes)
}

fn silent_for(seconds: u64) -> Liveness {
    Liveness::Silent(logtail().snapshot.uptime.saturating_sub(Duration::from_secs(seconds)))
}

/// LoongCollector with this answer of its liveness endpoint, and a log that is this many minutes old.
fn says(liveness: Liveness, log: u64) -> Scenario {
    with_log(logtail(), |_, facts| facts.modified = Some(minutes_ago(log))).with(|w| {
        w.record().version = Some("3.1.4".into());
        w.agent().liveness = Some(Reading::Known(liveness));
    })
}

fn damaged(seconds: u64) -> Scenario {
    with_log(logtail(), |scenario, log| log.checkpoint_damaged = Some(ago(scenario, seconds)))
}

fn collection(configs: usize) -> Scenario {
    logtail().with(|w| {
        let path = "/usr/local/ilogtail/user_log_config.json".into();
        w.agent().collection = Reading::Known(Some(Collection { path, configs }));
    })
}

pub(super) fn cases() -> Vec<Case> {
    let day = 24 * 60;
    vec![
        case("server_rejects", unauthorized(logtail(), 300), unauthorized(logtail(), 601)),
        case("server_rejects", unauthorized(loglistener(), 0), with_log(loglistener(), |_, _| ())),
        // A silent log alone or a stale state alone is not a hang; nor are files of an earlier process.
        case(
            "worker_hung",
            written(minutes_ago(7), minutes_ago(6)),
            written(minutes_ago(5), minutes_ago(600)),
        ),
        case("worker_hung", written(minutes_ago(7), minutes_ago(6)), written(minutes_ago(7), minutes_ago(4))),
        case(
            "worker_hung",
            written(minutes_ago(60), minutes_ago(60)),
            written(minutes_ago(day + 1), minutes_ago(60)),
        ),
        // For 3.x the liveness endpoint decides; a silent log is still required, and an endpoint that does
        // not listen is normal.
        case("worker_hung", says(silent_for(301), 6), says(silent_for(290), 6)),
        case("worker_hung", says(silent_for(3600), 6), says(silent_for(3600), 4)),
        case("worker_hung", says(silent_for(3600), 60), says(Liveness::Answers, 60)),
        case("worker_hung", says(silent_for(3600), 60), says(Liveness::Absent, 60)),
        case("worker_hung", says(silent_for(3600), 60), says(silent_for(3600), 24 * 60 + 1)),
        case("checkpoint_damaged", damaged(60), damaged(21 * 60)),
        case("checkpoint_damaged", damaged(60), with_log(logtail(), |_, _| ())),
        case("no_collection_config", collection(0), collection(1)),
        case(
            "no_collection_config",
            collection(0),
            collection(0).with(|w| {
                w.record().version = Some("1.8.8 Community Edition".into());
                w.processes().remove(0);
            }),
        ),
    ]
}

#[test]
fn what_the_heartbeat_does_not_hang_on_is_a_warning() {
    let severity = |scenario: Scenario| {
        let report = judge(&[scenario]);
        let found: Vec<_> =
            problems(&report).iter().filter(|p| p.cause.id == "server_rejects").map(|p| p.severity).collect();
        found
    };
    let quota = refused(logtail(), "WriteQuotaExceed", RefusalSubject::Quota, 5);
    assert_eq!(severity(quota), [Severity::Warning]);
    let target = refused(logtail(), "LogStoreNotExist", RefusalSubject::Target, 5);
    assert_eq!(severity(target), [Severity::Warning]);
    assert_eq!(severity(unauthorized(logtail(), 5)), [Severity::Critical]);
}

#[test]
fn the_servers_own_code_is_the_evidence_and_a_skewed_clock_explains_that_time_is_refused() {
    use crate::model::snapshot::ClockSource;
    let expired = || refused(logtail(), "RequestTimeExpired", RefusalSubject::Clock, 5);
    let report = judge(&[expired()]);
    let problem = problems(&report)[0].clone();
    let value = |name| problem.value(name).map(str::to_owned);
    assert_eq!(value("code").as_deref(), Some("RequestTimeExpired"));
    assert_eq!(value("concerns").as_deref(), Some("system time"));
    assert!(value("offset").is_some(), "the offset where it is known: {:?}", problem.evidence);
    let skewed = expired().with(|w| w.offset(ClockSource::HttpDate, 1200.0, 1201.0));
    assert_eq!(shown(&judge(&[skewed])), ["clock_skewed"]);
    let other = unauthorized(logtail(), 5).with(|w| w.offset(ClockSource::HttpDate, 1200.0, 1201.0));
    assert_eq!(shown(&judge(&[other])), ["clock_skewed", "server_rejects"]);
}

#[test]
fn refusals_stand_for_ten_minutes_whatever_the_clock_does() {
    let scenario = unauthorized(logtail(), 5);
    let later = |seconds: u64| scenario.later(seconds);
    assert_eq!(shown(&judge(&[scenario.clone(), later(590)])), ["server_rejects"]);
    assert_eq!(shown(&judge(&[scenario.clone(), later(600)])), Vec::<&str>::new());
    let before_boot = with_log(logtail(), |scenario, log| {
        let last = Moment { boot: None, ..ago(scenario, 5) };
        let subject = RefusalSubject::Credentials;
        log.refused = BTreeMap::from([("Unauthorized", Refused { subject, count: 1, last })]);
    });
    assert_eq!(shown(&judge(&[before_boot])), Vec::<&str>::new());
}

#[test]
fn why_it_died_is_evidence_and_changes_what_to_do() {
    let stopped = |words: Option<LoggedExit>, started_since: bool| {
        with_log(logtail(), |scenario, log| {
            log.logged_exit = words.map(|words| (words, ago(scenario, 86_400)));
            log.started_since = started_since.then(|| ago(scenario, 80_000));
        })
        .with(|w| w.processes().clear())
    };
    let told = |scenario: Scenario| {
        let report = judge(&[scenario]);
        let problem = problems(&report).into_iter().find(|p| p.cause.id == "not_running").unwrap().clone();
        (problem.value("died_of").map(str::to_owned), problem.remedy(Language::English))
    };
    let (reason, remedy) = told(stopped(Some(LoggedExit::LimitExceeded), false));
    assert_eq!(reason.as_deref(), Some("exceeded its own limit of processor time or memory"));
    assert!(remedy.contains("mem_usage_limit") && remedy.contains(LOG), "{remedy}");
    let usual = told(logtail().with(|w| w.processes().clear())).1;
    for scenario in [stopped(Some(LoggedExit::LimitExceeded), true), stopped(None, false)] {
        let (reason, remedy) = told(scenario);
        assert_eq!(reason, None);
        assert_eq!(remedy.lines().count(), usual.lines().count());
        assert!(!remedy.contains("mem_usage_limit"), "{remedy}");
    }
}

#[test]
fn each_reason_for_a_death_has_its_own_words_and_its_own_advice() {
    let all = [
        LoggedExit::LimitExceeded,
        LoggedExit::ServiceLost,
        LoggedExit::ThreadStuck,
        LoggedExit::Crashed,
        LoggedExit::LibraryMissing,
        LoggedExit::ConfigRejected,
        LoggedExit::AddressChanged,
    ];
    let usual = logtail().with(|w| w.processes().clear());
    let usual = problems(&judge(&[usual]))[0].remedy(Language::English);
    let mut told = std::collections::BTreeSet::new();
    for words in all {
        let scenario =
            with_log(logtail(), |scenario, log| log.logged_exit = Some((words, ago(scenario, 60))));
        let report = judge(&[scenario.with(|w| w.processes().clear())]);
        let problem = problems(&report).into_iter().find(|it| it.cause.id == "not_running").unwrap().clone();
        let reason = problem.value("died_of").unwrap_or_else(|| panic!("{words:?}: {:?}", problem.evidence));
        let remedy = problem.remedy(Language::English);
        assert_ne!(remedy, usual, "{words:?}");
        told.extend([reason.to_owned(), remedy]);
    }
    assert_eq!(told.len(), 2 * all.len(), "two reasons say the same");
}

#[test]
fn last_words_are_the_workers_and_tell_nothing_of_its_daemon() {
    let without = |pid: u32| {
        let scenario = with_log(logtail(), |scenario, log| {
            log.logged_exit = Some((LoggedExit::LimitExceeded, ago(scenario, 60)));
        });
        let missing = scenario.with(|w| w.processes().retain(|process| process.pid != pid));
        let report = judge(&[logtail(), missing]);
        let mut found = problems(&report).into_iter().filter(|p| p.cause.id.ends_with("_missing"));
        let problem = found.next().unwrap().clone();
        (problem.cause.id, problem.value("died_of").map(str::to_owned), problem.remedy(Language::English))
    };
    let (cause, reason, remedy) = without(14);
    assert_eq!(
        (cause, reason.as_deref()),
        ("worker_missing", Some("exceeded its own limit of processor time or memory"))
    );
    assert!(remedy.contains("mem_usage_limit") && remedy.contains("ilogtaild restart"), "{remedy}");
    let (cause, reason, _) = without(12);
    assert_eq!((cause, reason), ("daemon_missing", None));
}

#[test]
fn a_crash_loop_is_explained_by_last_words_of_its_own_time_although_the_agent_began_since() {
    let fires = super::cases::cases().into_iter().find(|case| case.cause == "crash_loop").unwrap().fires;
    let told = |seconds: u64| {
        let mut scenarios = fires.clone();
        let last = scenarios.pop().unwrap();
        let last = with_log(last, |scenario, log| {
            let boot = scenario.snapshot.uptime.checked_sub(Duration::from_secs(seconds));
            log.logged_exit = Some((LoggedExit::AddressChanged, Moment { wall: now(), boot }));
            log.started_since = Some(Moment { wall: now(), boot });
        });
        scenarios.push(last);
        let report = judge(&scenarios);
        let problem = problems(&report).into_iter().find(|p| p.cause.id == "crash_loop").unwrap().clone();
        (
            problem.value("died_of").map(str::to_owned),
            problem.remedy(Language::Chinese).contains("working_ip"),
        )
    };
    assert_eq!(told(30), (Some("its address changed".to_owned()), true));
    assert_eq!(told(3600).0, None);
}

#[test]
fn a_log_that_was_rotated_absent_or_without_meaning_is_silent() {
    for log in
        [None, Some(LogFacts { path: LOG.into(), skipped: 1 << 31, skipping: true, ..LogFacts::default() })]
    {
        for scenario in [logtail(), loglistener()] {
            let scenario = scenario.with(|w| w.agent().log = Reading::Known(log.clone()));
            assert_eq!(shown(&judge(&[scenario])), Vec::<&str>::new());
        }
    }
}
