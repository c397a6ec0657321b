//! Cases of LogListener's generations: process trees that are incomplete or hang, and keys that the service refuses.

use std::{collections::BTreeMap, time::Duration};

use crate::model::{
    Reading, Role, Status,
    snapshot::{LogFacts, Moment, ProcessState, RefusalSubject, Refused},
};

use super::{
    cases::{Case, case},
    scenario::{Scenario, file, judge, judge_as_they_are, loglistener, named, now, process, shown},
};

/// The first generation, whose config contains nothing of use.
fn first() -> Scenario {
    loglistener().with(|w| {
        *w.processes() = vec![
            named(Role::DAEMON, process(20, 1, "./loglistener_watchdog", 86_400)),
            named(Role::MAIN, process(21, 1, "./loglistener_mcd", 86_400)),
            named(Role::UPDATE, process(22, 1, "./loglistener_dcc", 86_400)),
        ];
        w.agent().config = Some(file(
            "/usr/local/loglistener/etc/loglistener_dcc.conf",
            crate::model::snapshot::Parameters::default(),
        ));
        w.derive_endpoints();
    })
}

fn of_version(version: &str) -> Scenario {
    loglistener().with(|w| {
        let path = "/usr/local/loglistener/version.txt";
        w.agent().version_file = Some(file(path, Some(version.to_owned())));
    })
}

/// Without its processes of these roles.
fn without(scenario: Scenario, roles: &[Role]) -> Scenario {
    let stays = |role: Option<&Role>| role.is_none_or(|role| !roles.contains(role));
    scenario.with(|w| w.processes().retain(|it| stays(it.role_by_name.as_ref())))
}

fn stopped(scenario: Scenario, role: &Role) -> Scenario {
    scenario.with(|w| {
        let stopped = w.processes().iter_mut().find(|it| it.role_by_name.as_ref() == Some(role)).unwrap();
        stopped.state = ProcessState::Stopped;
    })
}

fn refused(code: &'static str, seconds: u64) -> Scenario {
    loglistener().with(|w| {
        let age = Duration::from_secs(seconds);
        let last = Moment { wall: now() - age, boot: w.snapshot.uptime.checked_sub(age) };
        let refused = Refused { subject: RefusalSubject::Credentials, count: 1, last };
        let path = "/usr/local/loglistener/log/loglistener.log".into();
        let log = LogFacts { path, refused: BTreeMap::from([(code, refused)]), ..LogFacts::default() };
        w.agent().log = Reading::Known(Some(log));
    })
}

/// On Linux: on other systems there is one generation, with one process.
fn cases() -> Vec<Case> {
    let (main, daemon, update) = (Role::MAIN, Role::DAEMON, Role::UPDATE);
    let missing = |cause, scenario: fn() -> Scenario, role: &Role| {
        case(cause, without(scenario(), std::slice::from_ref(role)), scenario())
    };
    let old = || of_version("2.2.4");
    let three = || of_version("2.8.3");
    vec![
        missing("worker_missing", first, &main),
        missing("daemon_missing", first, &daemon),
        missing("update_process_missing", first, &update),
        missing("worker_missing", old, &main),
        missing("daemon_missing", old, &daemon),
        // Partially started: since 2.2.8 two are enough if no daemon was ever seen, but not if one was.
        case(
            "daemon_missing",
            without(old(), std::slice::from_ref(&daemon)),
            without(three(), std::slice::from_ref(&daemon)),
        ),
        Case {
            cause: "daemon_missing",
            fires: vec![three(), without(three(), std::slice::from_ref(&daemon))],
            silent: vec![without(three(), std::slice::from_ref(&daemon)); 2],
        },
        // The main process alone is an incomplete tree in every classic release.
        case(
            "daemon_missing",
            without(three(), &[daemon.clone(), update.clone()]),
            without(three(), std::slice::from_ref(&daemon)),
        ),
        case("worker_missing", without(three(), std::slice::from_ref(&main)), three()),
        case(
            "not_running",
            without(first(), &[main.clone(), daemon.clone(), update.clone()]),
            without(first(), std::slice::from_ref(&main)),
        ),
        // Hung: it was stopped by a signal.
        case("process_stopped", stopped(first(), &main), first()),
        case("process_stopped", stopped(three(), &main), three()),
        case("process_stopped", stopped(three(), &update), three()),
        // Well-formed but unknown to the service; known, but the policy lacks an action.
        case(
            "server_rejects",
            refused("AuthFailure.SecretIdNotFound", 5),
            refused("AuthFailure.SecretIdNotFound", 601),
        ),
        case(
            "server_rejects",
            refused("AuthFailure.UnauthorizedOperation", 5),
            refused("AuthFailure.UnauthorizedOperation", 601),
        ),
    ]
}

#[test]
fn trees_that_are_half_there_or_hang_and_keys_that_are_refused_are_told_in_each_generation() {
    super::fire_and_stay_silent(cases(), judge_as_they_are);
}

#[test]
fn a_whole_agent_of_the_first_generation_is_silent() {
    let report = judge(&[first()]);
    assert_eq!((report.status, shown(&report)), (Status::Ok, vec![]), "{report:?}");
}

#[test]
fn what_is_refused_for_the_policy_says_which_actions_it_lacks() {
    let report = judge(&[refused("AuthFailure.UnauthorizedOperation", 5)]);
    let problem = super::problems(&report)[0].clone();
    assert_eq!(problem.value("concerns"), Some("credentials"));
    for language in [crate::model::Language::English, crate::model::Language::Chinese] {
        assert!(problem.remedy(language).contains("cls:agentHeartBeat"), "{}", problem.remedy(language));
    }
}
