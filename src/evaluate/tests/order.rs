//! Roots before consequences, and unknown neither raises nor clears.

use std::time::Duration;

use crate::model::{
    Prerequisite, Reading, Status,
    report::NotEvaluated,
    snapshot::{Certificate, ClockSource, FailureKind, FileState, ProcessState},
};

use super::scenario::*;

const HTTP: &str = "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com";
const HTTPS: &str = "https://logtail.cn-hangzhou-intranet.log.aliyuncs.com";

#[test]
fn a_root_cause_hides_its_consequences() {
    let not_installed = logtail().with(|w| {
        w.agent().installation = Reading::Known(crate::model::snapshot::Installation::default());
        w.processes().clear();
        w.agent().config.as_mut().unwrap().state = Reading::Known(FileState::Missing);
        w.offset(ClockSource::HttpDate, 2000.0, 2001.0);
    });
    assert_eq!(shown(&judge(&[not_installed])), ["not_installed"]);

    let zombie = logtail().with(|w| w.processes()[1].state = ProcessState::Defunct);
    assert_eq!(shown(&judge(&[zombie])), ["process_defunct"]);

    let loopback = logtail().with(|w| {
        w.record().ip = Some("127.0.0.1".into());
        w.record().instance_ip = Some("127.0.0.1".into());
    });
    let report = judge(&[loopback]);
    assert_eq!(shown(&report), ["ip_loopback"]);
    assert!(
        problems(&report)
            .iter()
            .any(|p| p.cause.id == "ip_not_in_group" && p.explained_by.unwrap().id == "ip_loopback")
    );

    let working_ip =
        logtail().with(|w| w.parameters().working_ip = Some(parameter("working_ip", "10.0.0.9")));
    assert_eq!(shown(&judge(&[working_ip.clone(), working_ip.later(60)])), ["ip_differs_from_working_ip"]);

    let no_config = logtail().later(15).with(|w| {
        w.agent().config.as_mut().unwrap().state = Reading::Known(FileState::Missing);
        w.agent().endpoints.clear();
    });
    assert_eq!(shown(&judge(&[logtail(), no_config])), ["config_missing"]);
}

#[test]
fn a_wrong_parameter_explains_the_network_causes_of_its_own_endpoint_only() {
    let wrong = logtail().with(|w| {
        w.parameters().config_servers[0].value =
            "http://logtail.cn-shanghai-intranet.log.aliyuncs.com".into();
        w.derive_endpoints();
        w.fail("http://logtail.cn-shanghai-intranet.log.aliyuncs.com", FailureKind::Resolve, "203.0.113.7");
        w.fail(
            "http://my-project.cn-hangzhou-intranet.log.aliyuncs.com",
            FailureKind::Refused,
            "203.0.113.7",
        );
    });
    assert_eq!(shown(&judge(&[wrong])), ["connection_refused", "region_mismatch"]);
}

#[test]
fn the_same_cause_on_https_is_explained_by_http() {
    let both = logtail().with(|w| {
        w.fail(HTTP, FailureKind::Refused, "203.0.113.7");
        w.fail(HTTPS, FailureKind::Refused, "203.0.113.7");
    });
    let report = judge(&[both]);
    let explained: Vec<_> = problems(&report)
        .into_iter()
        .filter(|p| p.explained_by.is_some())
        .map(|p| p.subject.clone())
        .collect();
    assert_eq!(explained, [HTTPS]);
}

#[test]
fn a_certificate_that_only_the_wrong_clock_finds_expired_is_explained() {
    let scenario = |valid_days_ago: u64| {
        logtail().with(|w| {
            w.offset(ClockSource::HttpDate, 30.0 * 86_400.0, 30.0 * 86_400.0 + 1.0);
            w.fail(HTTPS, FailureKind::CertificateExpired, "203.0.113.7");
            if let Reading::Known(probe) = &mut w.endpoint(HTTPS).probe {
                probe.certificate = Some(Certificate {
                    not_before: now() - Duration::from_secs(365 * 86_400),
                    not_after: now() - Duration::from_secs(valid_days_ago * 86_400),
                });
            }
        })
    };
    assert_eq!(shown(&judge(&[scenario(10)])), ["clock_skewed"]);
    assert_eq!(shown(&judge(&[scenario(40)])), ["certificate_expired", "clock_skewed"]);
}

#[test]
fn not_running_leaves_no_word_about_what_the_process_reported_or_loaded() {
    let report = judge(&[logtail().with(|w| {
        w.processes().clear();
        w.record().ip = Some("10.0.0.1".into());
    })]);
    assert_eq!(shown(&report), ["not_running"]);
    let ids: Vec<_> = report.prerequisites.iter().map(|prerequisite| prerequisite.id).collect();
    assert!(!ids.contains(&Prerequisite::Ip) && !ids.contains(&Prerequisite::Restart));
}

#[test]
fn ignored_causes_are_silent_and_explain_nothing() {
    let twice = logtail().with(|w| {
        w.processes().push(process(99, 1, "/usr/local/ilogtail/ilogtail", 50));
        w.settings.ignore.insert("multiple_instances");
    });
    assert_eq!(shown(&judge(&[twice])), Vec::<&str>::new());
}

#[test]
fn what_cannot_be_read_is_unknown_and_says_why() {
    let report = judge(&[logtail().with(|w| w.agent().processes = Reading::Unknown(unread("/proc")))]);
    let of = |id| report.prerequisites.iter().find(|p| p.id == id).unwrap();
    assert_eq!(of(Prerequisite::Processes).status, Status::Unknown);
    assert_eq!(of(Prerequisite::Processes).unknown[0].fact, "/proc");
    let skipped = report.not_evaluated.iter().find(|(id, _)| *id == Prerequisite::Restart);
    assert!(matches!(skipped, Some((_, NotEvaluated::Undecided(why))) if why.fact == "/proc"));
    assert_eq!(report.roles[0].live, None, "unknown is not zero");

    let report = judge(&[
        logtail().with(|w| w.agent().config.as_mut().unwrap().state = Reading::Unknown(unread("config")))
    ]);
    let of = |id| report.prerequisites.iter().find(|p| p.id == id).unwrap();
    assert_eq!(of(Prerequisite::StartupParameters).status, Status::Unknown);
    assert_eq!(of(Prerequisite::Network).status, Status::Unknown);
    assert_eq!(of(Prerequisite::CustomIdentifier).status, Status::Ok, "another source is not affected");
}

#[test]
fn without_its_environment_an_address_on_no_interface_may_be_a_working_ip() {
    let report = judge(&[logtail_unexpected().with(|w| {
        w.agent().invocation.environment = Reading::Unknown(unread("pid 14: environ"));
        w.record().ip = Some("203.0.113.9".into());
        w.record().instance_ip = Some("203.0.113.9".into());
    })]);
    let ip = report.prerequisites.iter().find(|p| p.id == Prerequisite::Ip).unwrap();
    assert_eq!((ip.status, ip.problems.len()), (Status::Unknown, 0));
    let report =
        judge(&[logtail()
            .with(|w| w.agent().invocation.environment = Reading::Unknown(unread("pid 14: environ")))]);
    assert!(shown(&report).is_empty());
    assert_eq!(report.status, Status::Unknown, "a variable may name a config, an address, a proxy");
}

#[test]
fn a_root_that_becomes_unreadable_keeps_explaining() {
    let broken = logtail().with(|w| {
        w.agent().config.as_mut().unwrap().state = Reading::Known(FileState::NotAFile("directory"));
        w.fail(HTTP, FailureKind::Resolve, "203.0.113.7");
    });
    let unreadable = broken
        .later(15)
        .with(|w| w.agent().config.as_mut().unwrap().state = Reading::Unknown(unread("config")));
    let report = judge(&[broken, unreadable]);
    assert_eq!(shown(&report), ["config_unreadable"]);
    assert!(problems(&report).iter().any(|p| p.cause.id == "config_unreadable" && p.carried));
}

#[test]
fn a_problem_keeps_its_first_time_until_it_is_gone() {
    let down = |seconds| logtail().later(seconds).with(|w| w.processes().clear());
    let report = judge(&[logtail(), down(15), down(30), down(45)]);
    assert_eq!(problems(&report)[0].since, now() + Duration::from_secs(15));
    let report = judge(&[down(0), logtail().later(15), down(30)]);
    assert_eq!(problems(&report)[0].since, now() + Duration::from_secs(30));
}

#[test]
fn nothing_is_known_of_endpoints_before_their_first_probe() {
    let report = judge(&[logtail().with(|w| {
        for fact in &mut w.agent().endpoints {
            fact.probe = Reading::Unknown(crate::model::Why::new(
                crate::model::Reason::NotYet,
                "endpoint",
                "not probed yet",
            ));
        }
        w.snapshot.clock.references.clear();
    })]);
    let status = |id| report.prerequisites.iter().find(|p| p.id == id).unwrap().status;
    assert_eq!(status(Prerequisite::Network), Status::Unknown);
    assert_eq!(status(Prerequisite::Clock), Status::Unknown);
    assert_eq!(report.status, Status::Unknown);
}

#[test]
fn the_first_source_alone_does_not_decide_over_the_clock() {
    let first = logtail().with(|w| {
        w.snapshot.clock.references.clear();
        w.offset(ClockSource::HttpDate, 1199.0, 1201.0);
        for fact in w.agent().endpoints.iter_mut().skip(1) {
            let why = crate::model::Why::new(crate::model::Reason::NotYet, "endpoint", "not probed yet");
            fact.probe = Reading::Unknown(why);
        }
    });
    let report = judge(std::slice::from_ref(&first));
    let clock = report.prerequisites.iter().find(|p| p.id == Prerequisite::Clock).unwrap();
    assert_eq!((clock.status, clock.problems.len()), (Status::Unknown, 0));
    let with_ntp = first.with(|w| w.offset(ClockSource::Ntp, 1199.9, 1200.1));
    assert_eq!(shown(&judge(&[with_ntp])), ["clock_skewed"]);
}
