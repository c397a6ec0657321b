//! Healthy hosts stay silent, odd ones too.

use std::{net::Ipv4Addr, time::Duration};

use crate::model::{
    Reading, Role, Status,
    snapshot::{
        DataServer, Installation, LogFacts, LoggedExit, Moment, Place, ProcessState, RefusalSubject, Refused,
    },
};

use super::scenario::*;

/// Messages in the agents' logs about faults that are long over, or that are not faults.
fn assert_silent(name: &str, scenarios: &[Scenario]) {
    for (state, log) in logs() {
        let logged = |scenario: &Scenario| scenario.clone().with(|w| w.agent().log = log.clone());
        let report = judge(&scenarios.iter().map(logged).collect::<Vec<_>>());
        assert_eq!(shown(&report), Vec::<&str>::new(), "{name}, {state}");
        assert_eq!(report.status, Status::Ok, "{name}, {state}: {:?}", report.prerequisites);
    }
}

/// Messages in an agent's log on a healthy host.
fn logs() -> Vec<(&'static str, Reading<Option<LogFacts>>)> {
    let at = |minutes: u64| {
        let age = Duration::from_mins(minutes);
        Moment { wall: now() - age, boot: logtail().snapshot.uptime.checked_sub(age) }
    };
    let log = |change: &dyn Fn(&mut LogFacts)| {
        let mut facts = LogFacts { path: "/agent.LOG".into(), modified: Some(now()), ..LogFacts::default() };
        change(&mut facts);
        Reading::Known(Some(facts))
    };
    let old = Refused { subject: RefusalSubject::Credentials, count: 9, last: at(11) };
    vec![
        ("a log that is absent", Reading::Known(None)),
        ("a log that cannot be read", Reading::Unknown(unread("/agent.LOG"))),
        ("an ordinary log", log(&|facts| facts.accepted = Some(at(1)))),
        ("a quiet log", log(&|facts| facts.modified = Some(at(600).wall))),
        ("a log that was rotated", log(&|facts| facts.state_modified = Some(now()))),
        (
            "a log of which most is passed over",
            log(&|facts| (facts.skipped, facts.skipping) = (2 << 30, true)),
        ),
        ("refusals that are over", log(&|facts| facts.refused.extend([("Unauthorized", old)]))),
        (
            "last words of an earlier process",
            log(&|facts| facts.logged_exit = Some((LoggedExit::LimitExceeded, at(30)))),
        ),
    ]
}

#[test]
fn healthy_hosts_are_silent() {
    assert_silent("logtail", &[logtail()]);
    assert_silent("logtail without expectations", &[logtail_unexpected()]);
    assert_silent("loglistener", &[loglistener()]);
    assert_silent("loglistener in a label group", &[loglistener_by_label()]);
    assert_silent("custom", &[custom()]);
}

#[test]
fn a_custom_agent_has_the_prerequisites_that_config_describes() {
    let of = |processes: bool, files: bool| {
        let scenario = custom().with(|w| {
            if !processes {
                w.settings.processes.clear();
                *w.processes() = Vec::new();
                w.agent().installation = Reading::Known(Installation {
                    looked_for: Vec::new(),
                    binary: None,
                    leads_to: None,
                    traces: w.settings.files.clone(),
                    location_unknown: false,
                });
            }
            if !files {
                w.settings.files.clear();
                w.agent().files.clear();
            }
        });
        let report = judge(&[scenario]);
        assert_eq!(shown(&report), Vec::<&str>::new());
        assert_eq!(report.status, Status::Ok);
        report.prerequisites.iter().map(|prerequisite| prerequisite.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(true, true), ["installed", "processes", "startup_parameters", "network", "restart"]);
    assert_eq!(of(true, false), ["installed", "processes", "network", "restart"]);
    assert_eq!(of(false, true), ["startup_parameters", "network"]);
    assert_eq!(of(false, false), ["network"]);
}

#[test]
fn an_agent_in_a_container_is_judged_by_what_is_true_there() {
    let in_container = |address: &str| {
        logtail().with(|w| {
            let mut place = w.snapshot.host.clone();
            place.interfaces = Reading::Known(vec![interface("eth0", 2, address)]);
            place.hostname = Reading::Known("web-pod".into());
            w.snapshot.containers.insert("web-pod".into(), place);
            w.snapshot.agents[0].place = Place::Container("web-pod".into());
        })
    };
    assert_silent(
        "the container has the address",
        &[in_container("172.16.2.200").with(|w| {
            *w.interfaces() = vec![interface("eth0", 2, "10.0.0.1")];
        })],
    );
    let elsewhere = judge(&[in_container("10.0.0.1")]);
    assert!(shown(&elsewhere).contains(&"ip_not_on_host"), "{:?}", shown(&elsewhere));
    let nowhere = in_container("172.16.2.200").with(|w| w.snapshot.containers.clear());
    assert!(
        nowhere.snapshot.place(&nowhere.snapshot.agents[0].place).is_none(),
        "the host's is no substitute"
    );
}

#[test]
fn odd_but_healthy_hosts_are_silent() {
    assert_silent("Debian binds the host name to 127.0.1.1", &[logtail().with(|w| w.bind("127.0.1.1"))]);
    assert_silent(
        "docker0 beside eth0",
        &[logtail().with(|w| w.interfaces().push(interface("docker0", 3, "172.17.0.1")))],
    );
    assert_silent(
        "working_ip behind NAT",
        &[logtail().with(|w| {
            w.parameters().working_ip = Some(parameter("working_ip", "203.0.113.9"));
            w.record().ip = Some("203.0.113.9".into());
            w.record().instance_ip = Some("203.0.113.9".into());
            w.settings.expect.machine_group_ips = vec!["203.0.113.9".into()];
        })],
    );
    assert_silent(
        "no eth0, hostname resolved by the name service",
        &[logtail().with(|w| {
            w.interfaces()[1].interface = "ens5".into();
            w.snapshot.host.hostname_addresses = Reading::Known(vec![Ipv4Addr::new(172, 16, 2, 200)]);
        })],
    );
    assert_silent(
        "acceleration",
        &[logtail_unexpected().with(|w| {
            w.parameters().config_servers[0].value = "http://logtail.cn-hangzhou.log.aliyuncs.com".into();
            w.parameters().data_servers[0].endpoint.value = "log-global.aliyuncs.com".into();
            w.derive_endpoints();
        })],
    );
    assert_silent(
        "two regions",
        &[logtail().with(|w| {
            w.parameters().data_servers.push(DataServer {
                region: Some(parameter("data_server_list[1].cluster", "cn-shanghai")),
                endpoint: parameter("data_server_list[1].endpoint", "cn-shanghai-intranet.log.aliyuncs.com"),
            });
        })],
    );
    assert_silent(
        "LogListener that never had a daemon, since 2.2.8",
        &[loglistener().with(|w| {
            w.processes().retain(|process| process.role_by_name != Some(Role::DAEMON));
            w.agent().version_file =
                Some(file("/usr/local/loglistener/version.txt", Some("2.8.3".to_owned())));
        })],
    );
}

#[test]
fn a_restart_by_hand_is_no_crash_loop_and_is_counted_once_for_each_role() {
    let after = logtail().later(30).with(|w| {
        let mut daemon = process(112, 1, "/usr/local/ilogtail/ilogtail", 0);
        let mut worker = process(114, 112, "/usr/local/ilogtail/ilogtail", 0);
        for process in [&mut daemon, &mut worker] {
            process.started_at = w.snapshot.taken_at;
            process.start_ticks += 2000;
        }
        *w.processes() = vec![daemon, worker];
        let taken_at = w.snapshot.taken_at;
        w.record().update_time_candidates = vec![taken_at];
    });
    let report = judge(&[logtail(), after]);
    assert_eq!(shown(&report), Vec::<&str>::new());
    let restarts: Vec<_> =
        report.roles.iter().map(|role| (role.role.as_str().to_owned(), role.restarts)).collect();
    assert_eq!(restarts, [("daemon".to_owned(), 1), ("worker".to_owned(), 1)]);
}

#[test]
fn a_launcher_seen_in_passing_is_no_start_of_its_own() {
    const ILOGTAIL: &str = "/usr/local/ilogtail/ilogtail";
    let at = |seconds: u64, pids: &[(u32, u32)]| {
        logtail().later(seconds).with(|w| {
            let started_at = w.snapshot.taken_at;
            *w.processes() = pids.iter().map(|&(pid, parent)| process(pid, parent, ILOGTAIL, 0)).collect();
            for process in w.processes() {
                process.started_at = started_at;
                process.start_ticks += 100 * seconds;
            }
            w.record().update_time_candidates = vec![started_at];
        })
    };
    let report = judge(&[logtail(), at(30, &[(112, 110)]), at(31, &[(113, 1), (114, 113)])]);
    assert_eq!(shown(&report), Vec::<&str>::new());
    let restarts: Vec<_> =
        report.roles.iter().map(|role| (role.role.as_str().to_owned(), role.restarts)).collect();
    assert_eq!(restarts, [("daemon".to_owned(), 1), ("worker".to_owned(), 1)]);
}

#[test]
fn an_undone_edit_is_no_longer_a_problem() {
    let edited = logtail().later(15).with(|w| {
        if let Reading::Known(crate::model::snapshot::FileState::Present(file)) =
            &mut w.agent().config.as_mut().unwrap().state
        {
            file.digest = 2;
        }
    });
    assert_eq!(shown(&judge(&[logtail(), edited.clone()])), ["restart_required"]);
    assert_silent("undone", &[logtail(), edited, logtail().later(30)]);
}

#[test]
fn a_lone_process_keeps_the_role_it_was_known_by() {
    let daemon_gone = logtail().later(15).with(|w| {
        w.processes().remove(0);
        w.processes()[0].parent = 1;
        // The start time in instance_id would make it a daemon.
        w.record().instance_epoch = Some(1);
    });
    assert_eq!(shown(&judge(&[logtail(), daemon_gone])), ["daemon_missing"]);
    let worker_gone = logtail().later(15).with(|w| w.processes().truncate(1));
    assert_eq!(shown(&judge(&[logtail(), worker_gone])), ["worker_missing"]);
}

#[test]
fn every_role_has_its_figures_also_when_it_is_empty() {
    let report = judge(&[logtail().with(|w| w.processes().clear())]);
    let counts: Vec<_> =
        report.roles.iter().map(|role| (role.role.as_str().to_owned(), role.live, role.expected)).collect();
    assert_eq!(counts, [("daemon".to_owned(), Some(0), Some(1)), ("worker".to_owned(), Some(0), Some(1))]);
    let report = judge(&[logtail().with(|w| w.processes()[1].state = ProcessState::Defunct)]);
    assert_eq!(report.roles[1].live, Some(0), "a zombie is not alive");
}

#[test]
fn a_start_computed_anew_does_not_look_like_a_restart() {
    let shaken = |millis: u64, seconds: u64| {
        logtail().later(15).with(|w| {
            for process in w.processes() {
                process.started_at += Duration::from_millis(millis) + Duration::from_secs(seconds);
            }
        })
    };
    let first = judge(&[logtail()]).roles[1].newest_start;
    assert_eq!(judge(&[logtail(), shaken(3, 0)]).roles[1].newest_start, first);
    assert_ne!(
        judge(&[logtail(), shaken(0, 5)]).roles[1].newest_start,
        first,
        "after a clock step it is another moment"
    );
}
