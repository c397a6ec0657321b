//! Cases about the surroundings of an agent: disks, limits, what starts it, other agents, its identity.

use std::time::Duration;

use crate::model::{
    Reading,
    snapshot::{Autostart, ControlGroup, Death, DiskFact, End, Place, ProcessState, Space},
};

use super::{
    cases::{Case, case},
    scenario::{Scenario, custom, judge, loglistener, logtail, problems, process, unread},
};

const ILOGTAIL: &str = "/usr/local/ilogtail/ilogtail";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = service();
    cases.extend(disks());
    cases.extend(limits());
    cases.extend(identity());
    cases
}

fn started(scenario: Scenario, by: Option<&str>) -> Scenario {
    scenario.with(|w| {
        let by = by.map(Into::into);
        w.agent().surroundings.autostart = Reading::Known(Some(Autostart { init: "systemd", by }));
    })
}

fn service() -> Vec<Case> {
    let link = "/etc/systemd/system/multi-user.target.wants/ilogtaild.service";
    let supervised = |scenario: Scenario| scenario.with(|w| w.processes()[0].parent = 77);
    let in_kubernetes =
        |scenario: Scenario| scenario.with(|w| w.agent().invocation.in_container = Reading::Known(true));
    let beside = |name: &str| {
        logtail().with(|w| {
            let mut other = w.agent().clone();
            other.name = "other".into();
            other.processes = Reading::Known(vec![process(50, 1, name, 500), process(51, 50, name, 500)]);
            w.snapshot.agents.push(other);
        })
    };
    // In a container, with or without the host's root directory mounted.
    let contained = |host_mount: Option<&str>| {
        beside("/usr/local/ilogtail/ilogtail").with(|w| {
            let other = w.snapshot.agents.last_mut().unwrap();
            other.place = Place::Container("other".into());
            other.surroundings.host_mount = Reading::Known(host_mount.map(Into::into));
            let place = w.snapshot.host.clone();
            w.snapshot.containers.insert("other".into(), place);
        })
    };
    vec![
        case("agents_coexist", contained(Some("/logtail_host")), contained(None)),
        case("service_not_enabled", started(logtail(), None), started(logtail(), Some(link))),
        // Its own supervisor starts it.
        case("service_not_enabled", started(logtail(), None), supervised(started(logtail(), None))),
        case("service_not_enabled", started(loglistener(), None), loglistener()),
        case("service_not_enabled", started(custom(), None), in_kubernetes(started(custom(), None))),
        // An agent that does not run is another cause.
        case(
            "service_not_enabled",
            started(logtail(), None),
            started(logtail(), None).with(|w| w.processes().clear()),
        ),
        case(
            "agents_coexist",
            beside("/opt/loongcollector/loongcollector"),
            // A second instance of one generation, as created by the installer.
            beside("/usr/local/ilogtail-2/ilogtail"),
        ),
    ]
}

const GIB: u64 = 1 << 30;

fn disk(scenario: Scenario, space: Reading<Space>) -> Scenario {
    scenario.with(|w| {
        w.agent().surroundings.disks = vec![DiskFact { directory: "/usr/local/ilogtail".into(), space }];
    })
}

fn left(bytes_left: u64, inodes_left: u64) -> Scenario {
    let space = Space { bytes: 100 * GIB, bytes_left, inodes: 1000, inodes_left };
    disk(logtail(), Reading::Known(space))
}

fn disks() -> Vec<Case> {
    let uncounted = |bytes_left| {
        let space = Space { bytes: 100 * GIB, bytes_left, inodes: 0, inodes_left: 0 };
        disk(logtail(), Reading::Known(space))
    };
    vec![
        case("disk_full", left(0, 500), left(4096, 500)),
        case("disk_full", left(50 * GIB, 0), left(50 * GIB, 1)),
        case("disk_full", uncounted(0), uncounted(50 * GIB)),
        case("disk_filling", left(5 * GIB - 1, 500), left(5 * GIB, 500)),
        case("disk_filling", left(50 * GIB, 49), left(50 * GIB, 50)),
        // A full disk is not also a filling one.
        case("disk_filling", left(4096, 500), left(0, 500)),
    ]
}

fn group(scenario: Scenario, used: u64, limit: Option<u64>, kills: u64) -> Scenario {
    scenario.with(|w| {
        w.agent().surroundings.group = Reading::Known(Some(ControlGroup {
            path: "/sys/fs/cgroup/system.slice/ilogtaild.service".into(),
            memory_limit: limit,
            memory_used: used,
            kills: Some(kills),
        }));
    })
}

fn limits() -> Vec<Case> {
    let uses = |bytes: u64| {
        logtail().with(|w| {
            w.parameters().memory_limit = Some(("mem_usage_limit".into(), 384 << 20));
            w.processes()[1].resident_bytes = bytes;
        })
    };
    let of_environment = |limit: &str| {
        uses(380 << 20).with(|w| {
            if let Reading::Known(all) = &mut w.agent().invocation.environment {
                all.insert("mem_usage_limit".into(), limit.into());
            }
        })
    };
    // This many thousandths of a processor in each of several minutes.
    let busy = |minutes: u64, thousandths: u64| -> Vec<Scenario> {
        (0..=minutes)
            .map(|minute| {
                logtail().later(60 * minute).with(|w| {
                    w.parameters().cpu_limit = Some(("cpu_usage_limit".into(), 400));
                    w.processes()[1].cpu = Duration::from_millis(60 * minute * thousandths);
                })
            })
            .collect()
    };
    vec![
        case("resource_limit", uses(350 << 20), uses(300 << 20)),
        case("resource_limit", of_environment("400"), of_environment("1024")),
        // Below the minimum that the agent accepts: the value of the file counts.
        case("resource_limit", of_environment("10"), uses(300 << 20)),
        case("resource_limit", group(logtail(), 95, Some(100), 0), group(logtail(), 89, Some(100), 0)),
        case("resource_limit", group(logtail(), 95, Some(100), 0), group(logtail(), 95, None, 0)),
        Case { cause: "resource_limit", fires: busy(3, 370), silent: busy(3, 350) },
        Case { cause: "resource_limit", fires: busy(3, 370), silent: busy(2, 400) },
    ]
}

fn identity() -> Vec<Case> {
    let cloned = |own: &str, recorded: &str| {
        logtail().with(|w| {
            let path = "/etc/ilogtail/checkpoint/instance_identity".into();
            let surroundings = &mut w.agent().surroundings;
            surroundings.instance = Reading::Known(Some(own.into()));
            surroundings.recorded_instance = Reading::Known(Some((recorded.into(), path)));
        })
    };
    let moving = |changes: u32, seconds: u64| -> Vec<Scenario> {
        (0..=changes)
            .map(|change| {
                logtail().later(seconds * u64::from(change)).with(|w| {
                    let address = if change % 2 == 0 { "172.16.2.200" } else { "172.16.2.201" };
                    w.record().ip = Some(address.into());
                    w.record().instance_ip = Some(address.into());
                })
            })
            .collect()
    };
    vec![
        case("identity_cloned", cloned("i-bp1aaaa", "i-bp1bbbb"), cloned("i-bp1aaaa", "i-bp1aaaa")),
        // Ids in different formats cannot be compared.
        case("identity_cloned", cloned("i-bp1aaaa", "i-bp1bbbb"), cloned("iid-local01", "i-bp1bbbb")),
        Case { cause: "ip_unstable", fires: moving(4, 60), silent: moving(3, 60) },
        Case { cause: "ip_unstable", fires: moving(4, 900), silent: moving(4, 1300) },
    ]
}

/// How the agent ended according to `not_running`, and the first step of its remedy.
fn died(scenarios: &[Scenario]) -> (Option<String>, String) {
    told_of_death(scenarios, "not_running")
}

/// What a cause says of how a process ended, and the first step of its remedy.
fn told_of_death(scenarios: &[Scenario], cause: &str) -> (Option<String>, String) {
    let report = judge(scenarios);
    let problem = *problems(&report).iter().find(|problem| problem.cause.id == cause).expect("it stands");
    let told = problem.evidence.iter().find(|evidence| evidence.name == "died_of");
    let remedy = problem.remedy(crate::model::Language::English);
    let steps: Vec<_> = remedy.lines().collect();
    for (step, number) in steps.iter().zip(1..) {
        assert!(step.starts_with(&format!("{number}. ")), "{remedy}");
    }
    assert!(!remedy.contains('{'), "{remedy}");
    (told.map(|evidence| evidence.value.clone()), steps[0].to_owned())
}

fn gone(deaths: &[(u32, End)]) -> Scenario {
    logtail().later(15).with(|w| {
        w.processes().clear();
        w.snapshot.deaths = deaths.iter().map(|&(pid, end)| Death { pid, end }).collect();
    })
}

#[test]
fn the_reason_of_a_death_is_told_and_the_remedy_begins_with_it() {
    let (usual, first) = died(&[logtail(), gone(&[])]);
    assert_eq!(usual, None);
    // The worker, 14, crashed, and its daemon ended with it.
    for (end, told, word) in [
        (End::Signalled(11), "signal 11 (SIGSEGV)", "crashed"),
        (End::Signalled(4), "signal 4 (SIGILL)", "AVX2"),
        (End::Signalled(9), "signal 9 (SIGKILL)", "SIGKILL"),
        (End::Exited(127), "exit code 127", "ldd /opt/binary"),
    ] {
        let (found, step) = died(&[logtail(), gone(&[(14, end), (12, End::Exited(0))])]);
        assert_eq!(found.as_deref(), Some(told));
        assert!(step.contains(word), "{step}");
    }
    // A process that was asked to end does not explain another death.
    let (crashed, asked) = (End::Signalled(4), End::Signalled(15));
    for ended in [[(14, crashed), (12, asked)], [(14, asked), (12, crashed)]] {
        let (found, _) = died(&[logtail(), gone(&ended)]);
        assert_eq!(found.as_deref(), Some("signal 4 (SIGILL)"));
    }
    let (found, step) = died(&[logtail(), gone(&[(14, End::Exited(0)), (12, End::Signalled(15))])]);
    assert_eq!(found.as_deref(), Some("signal 15 (SIGTERM)"));
    assert_eq!(step, first, "who stops it needs no advice");
}

#[test]
fn a_death_for_want_of_memory_is_told_by_its_control_group() {
    let killed = [(14, End::Signalled(9))];
    let before = || group(logtail(), 90, Some(100), 2);
    let (found, step) = died(&[before(), group(gone(&killed), 0, Some(100), 3)]);
    assert_eq!(found.as_deref(), Some("out of memory, signal 9 (SIGKILL)"));
    assert!(step.contains("MemoryMax="), "{step}");
    // An older kernel does not report how a process ended.
    let (found, _) = died(&[before(), group(gone(&[]), 0, Some(100), 3)]);
    assert_eq!(found.as_deref(), Some("out of memory"));
    // No process was killed, or one of another program was.
    let (found, _) = died(&[before(), group(gone(&killed), 0, Some(100), 2)]);
    assert_eq!(found.as_deref(), Some("signal 9 (SIGKILL)"));
    let (found, _) =
        died(&[before(), group(gone(&[(14, End::Signalled(11)), (12, End::Exited(0))]), 0, Some(100), 3)]);
    assert_eq!(found.as_deref(), Some("signal 11 (SIGSEGV)"));
}

/// One of the two, the worker 14 or its daemon 12, is gone, and these ends were reported.
fn without(pid: u32, deaths: &[(u32, End)]) -> Scenario {
    gone(deaths).with(|w| {
        let left =
            if pid == 12 { process(14, 1, ILOGTAIL, 86_400) } else { process(12, 1, ILOGTAIL, 86_400) };
        w.processes().push(left);
    })
}

#[test]
fn one_of_several_processes_that_is_missing_has_its_own_death_told() {
    let missing = |pid, cause, end| told_of_death(&[logtail(), without(pid, &[(pid, end)])], cause);
    for (pid, cause) in [(14, "worker_missing"), (12, "daemon_missing")] {
        let (usual, first) = told_of_death(&[logtail(), without(pid, &[])], cause);
        assert_eq!(usual, None, "nobody knows");
        for (end, told, word) in [
            (End::Signalled(11), "signal 11 (SIGSEGV)", "crashed"),
            (End::Signalled(9), "signal 9 (SIGKILL)", "SIGKILL"),
            (End::Exited(127), "exit code 127", "ldd /opt/binary"),
        ] {
            let (found, step) = missing(pid, cause, end);
            assert_eq!(found.as_deref(), Some(told));
            assert!(step.contains(word), "{step}");
        }
        let (found, step) = missing(pid, cause, End::Exited(0));
        assert_eq!((found.as_deref(), step), (Some("exit code 0"), first));
        // The end of an earlier process says nothing about this one.
        let (crashed, ended) = (End::Signalled(11), gone(&[(pid, End::Signalled(11))]));
        let again = |scenario: Scenario| {
            scenario.later(30).with(|w| {
                w.snapshot.deaths = vec![Death { pid, end: crashed }];
                for process in w.processes() {
                    process.pid += 10;
                    process.parent = if process.parent == 12 { 22 } else { 1 };
                }
            })
        };
        let scenarios = [logtail(), ended, again(logtail()), again(without(pid, &[]))];
        assert_eq!(told_of_death(&scenarios, cause).0, None);
    }
}

#[test]
fn a_worker_killed_for_want_of_memory_beside_its_daemon_is_told_as_such() {
    let before = || group(logtail(), 90, Some(100), 2);
    let killed = [(14, End::Signalled(9))];
    let told = |scenario| told_of_death(&[before(), scenario], "worker_missing");
    let (found, step) = told(group(without(14, &killed), 0, Some(100), 3));
    assert_eq!(found.as_deref(), Some("out of memory, signal 9 (SIGKILL)"));
    assert!(step.contains("MemoryMax="), "{step}");
    let (found, step) = told(group(without(14, &killed), 0, Some(100), 2));
    assert_eq!(found.as_deref(), Some("signal 9 (SIGKILL)"));
    assert!(!step.contains("MemoryMax="), "{step}");
    // The number of killed processes cannot be read.
    let (found, _) = told(without(14, &killed).with(|w| {
        w.agent().surroundings.group = Reading::Unknown(unread("/sys/fs/cgroup"));
    }));
    assert_eq!(found.as_deref(), Some("signal 9 (SIGKILL)"));
}

#[test]
fn a_zombie_that_process_1_has_not_reaped_is_told_of_beside_what_is_missing() {
    // As in a container whose first process does not reap children.
    let zombie = |pid: u32, parent: u32| {
        let mut zombie = process(pid, parent, ILOGTAIL, 86_400);
        zombie.state = ProcessState::Defunct;
        zombie
    };
    let told = |scenarios: &[Scenario], cause: &str| {
        let report = judge(scenarios);
        let found = problems(&report);
        let problem = found.iter().find(|problem| problem.cause.id == cause);
        problem.unwrap_or_else(|| panic!("{cause}: {report:?}")).value("not_reaped").map(str::to_owned)
    };
    let left = without(14, &[]).with(|w| w.processes().push(zombie(14, 1)));
    assert_eq!(told(&[logtail(), left], "worker_missing").as_deref(), Some("14"));
    assert_eq!(told(&[logtail(), without(14, &[])], "worker_missing"), None);
    let none = gone(&[]).with(|w| w.processes().push(zombie(14, 1)));
    assert_eq!(told(&[logtail(), none], "not_running").as_deref(), Some("14"));
    // One that its daemon has not reaped is a separate cause.
    let unreaped = without(14, &[]).with(|w| w.processes().push(zombie(14, 12)));
    assert_eq!(told(&[logtail(), unreaped], "process_defunct"), None);
}

#[test]
fn what_cannot_be_read_of_the_surroundings_leaves_nothing_unknown() {
    let blind = logtail().with(|w| {
        let surroundings = &mut w.agent().surroundings;
        surroundings.autostart = Reading::Unknown(unread("/var/spool/cron"));
        surroundings.group = Reading::Unknown(unread("/sys/fs/cgroup"));
        surroundings.instance = Reading::Unknown(unread("/var/lib/cloud"));
        surroundings.recorded_instance = Reading::Unknown(unread("instance_identity"));
        let space = Reading::Unknown(unread("/usr/local/ilogtail"));
        surroundings.disks = vec![DiskFact { directory: "/usr/local/ilogtail".into(), space }];
    });
    let report = judge(&[blind]);
    assert_eq!(report.status, crate::model::Status::Ok);
    assert!(report.prerequisites.iter().all(|prerequisite| prerequisite.unknown.is_empty()), "{report:?}");
}
