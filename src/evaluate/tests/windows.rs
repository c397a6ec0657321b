//! Hosts on Windows: the same facts at their Windows paths, and those that only the service manager reports.

use std::{collections::BTreeSet, path::PathBuf};

use crate::catalog::remedy::{LINUX_ALONE, WINDOWS_ALONE};
use crate::model::{
    Language, Prerequisite, Reading, Role, Status, System,
    report::{AgentReport, Problem},
    snapshot::{Registered, ServiceFact, ServiceStart, ServiceState},
};

use super::{
    cases::{Case, case},
    scenario::{Scenario, judge, judge_as_they_are, logtail, named, problems, process, shown, unread},
};

/// Words that belong to Linux and must not be in remedies for Windows.
const FOREIGN: &[&str] =
    &["systemctl", "sudo", "/etc/", "/proc", "init.d", "chronyc", "dmesg", "iptables", "chmod"];

/// The service manager's state of a service.
fn service(w: &mut Scenario, name: &str, registered: Option<(ServiceState, ServiceStart)>) {
    let registered = registered.map(|(state, start)| Registered { state, start });
    let Reading::Known(services) = &mut w.agent().surroundings.services else {
        panic!("services are known in this scenario")
    };
    services.retain(|fact| fact.name != name);
    services.push(ServiceFact { name: name.to_owned(), registered });
}

/// True for causes that exist on one system only, or that each system detects from different facts: from start types on
/// Windows, from links of init elsewhere.
fn is_of_one_system(cause: &str) -> bool {
    LINUX_ALONE.contains(&cause) || WINDOWS_ALONE.contains(&cause) || cause == "service_not_enabled"
}

/// The causes that rules of both systems have, each with what explains it.
fn of_both(report: &AgentReport) -> BTreeSet<(&str, Option<&str>)> {
    let of_both = |cause: &&str| !is_of_one_system(cause);
    let explained = |problem: &Problem| problem.explained_by.map(|root| root.id).filter(of_both);
    let all = problems(report).into_iter().map(|problem| (problem.cause.id, explained(problem)));
    all.filter(|(cause, _)| of_both(cause)).collect()
}

/// On Windows, rules see the same facts except for paths and commands, and report the same.
pub(super) fn assert_the_same_there(scenarios: &[Scenario], report: &AgentReport) {
    if scenarios.iter().any(|scenario| scenario.settings.system == System::Windows) {
        return;
    }
    let there: Vec<Scenario> = scenarios.iter().cloned().map(on_windows).collect();
    let there = judge_as_they_are(&there);
    assert_eq!(of_both(&there), of_both(report), "on Windows as on Linux");
    if problems(report).iter().all(|problem| !is_of_one_system(problem.cause.id)) {
        let statuses = |report: &AgentReport| -> Vec<(Prerequisite, Status)> {
            report.prerequisites.iter().map(|found| (found.id, found.status)).collect()
        };
        assert_eq!(statuses(&there), statuses(report), "on Windows as on Linux");
    }
}

/// The same agents on Windows, as their installers set them up.
pub(super) fn on_windows(scenario: Scenario) -> Scenario {
    scenario.with(|w| {
        w.settings.system = System::Windows;
        let moved = |path: &mut PathBuf| {
            let text = path.display().to_string();
            for (linux, windows) in [
                ("/usr/local/ilogtail", "C:/Program Files/Alibaba/Logtail"),
                ("/etc/ilogtail", "C:/LogtailData"),
                ("/usr/local/loglistener", "C:/Program Files (x86)/Tencent/LogListener"),
                ("/etc/hosts", "C:/Windows/System32/drivers/etc/hosts"),
                ("/etc/", "C:/ProgramData/"),
                ("/opt", "C:/opt"),
            ] {
                if let Some(rest) = text.strip_prefix(linux) {
                    *path = format!("{windows}{rest}").into();
                    return;
                }
            }
        };
        w.settings.install_dir.iter_mut().for_each(moved);
        w.settings.files.iter_mut().for_each(moved);
        moved(&mut w.snapshot.host.hosts.path);
        for agent in &mut w.snapshot.agents {
            agent.install_dir.iter_mut().for_each(moved);
            agent.config.iter_mut().for_each(|file| moved(&mut file.path));
            agent.record.iter_mut().for_each(|file| moved(&mut file.path));
            agent.users.iter_mut().for_each(|directory| moved(&mut directory.path));
            agent.identifiers.iter_mut().for_each(|file| moved(&mut file.path));
            if let Reading::Known(Some(log)) = &mut agent.log {
                moved(&mut log.path);
            }
            if let Reading::Known(Some(loaded)) = &mut agent.loaded_config {
                moved(&mut loaded.path);
            }
            if let Reading::Known(installation) = &mut agent.installation {
                let paths = installation.binary.iter_mut().chain(&mut installation.looked_for);
                paths.chain(&mut installation.traces).for_each(moved);
            }
            agent.files.iter_mut().for_each(|file| moved(&mut file.path));
            if let Reading::Known(Some((_, path))) = &mut agent.surroundings.recorded_instance {
                moved(path);
            }
            agent.surroundings.disks.iter_mut().for_each(|disk| moved(&mut disk.directory));
        }
    })
}

/// A Logtail of 1.6 on Windows with everything expected, its service running.
fn logtail_on_windows() -> Scenario {
    on_windows(logtail()).with(|w| {
        let dir = "C:/Program Files/Alibaba/Logtail";
        *w.processes() = vec![
            named(Role::DAEMON, process(12, 4, "logtail_daemon.exe", 86_400)),
            named(Role::WORKER, process(14, 12, "ilogtail_worker.exe", 86_400)),
        ];
        w.agent().invocation.arguments = Reading::Known(vec![format!("{dir}/1.6.1.0/ilogtail_worker.exe")]);
        w.record().version = Some("1.6.1.0".into());
        service(w, "LogtailDaemon", Some((ServiceState::Running, ServiceStart::Automatic)));
        service(w, "LogtailWorker", None);
    })
}

fn with(name: &'static str, state: ServiceState, start: ServiceStart) -> Scenario {
    logtail_on_windows().with(|w| service(w, name, Some((state, start))))
}

/// The service is stopped, and so are all its processes.
fn stopped(name: &'static str, state: ServiceState, start: ServiceStart) -> Scenario {
    with(name, state, start).with(|w| w.processes().clear())
}

/// A Logtail of 0.5, which two services run.
fn before_1_0() -> Scenario {
    let running = Some((ServiceState::Running, ServiceStart::Automatic));
    logtail_on_windows().with(|w| {
        w.record().version = Some("0.5.1.0".into());
        // A version this old uses only the first of several identifiers.
        super::scenario::content(&mut w.agent().identifiers.as_mut().unwrap().state).remove(0);
        service(w, "LogtailWorker", running);
    })
}

pub(super) fn cases() -> Vec<Case> {
    use ServiceStart::{Automatic, Disabled, Manual};
    use ServiceState::{Paused, Pending, Running, Stopped};
    let daemon = "LogtailDaemon";
    let without_worker = |w: &mut Scenario| {
        w.processes().pop();
    };
    vec![
        case("service_not_running", stopped(daemon, Stopped, Automatic), stopped(daemon, Pending, Automatic)),
        // It is run by other means, and works.
        case("service_not_running", stopped(daemon, Paused, Automatic), with(daemon, Stopped, Automatic)),
        // Before 1.0 both services are needed; since then the other one is not needed.
        case(
            "service_not_running",
            before_1_0().with(|w| service(w, "LogtailWorker", None)).with(without_worker),
            logtail_on_windows().with(without_worker),
        ),
        case(
            "service_not_running",
            before_1_0()
                .with(|w| service(w, "LogtailWorker", Some((Stopped, Automatic))))
                .with(without_worker),
            // A disabled one is the other cause.
            stopped(daemon, Stopped, Disabled),
        ),
        case("service_disabled", stopped(daemon, Stopped, Disabled), stopped(daemon, Stopped, Manual)),
        case("service_disabled", stopped(daemon, Stopped, Disabled), with(daemon, Running, Disabled)),
        case("service_not_enabled", with(daemon, Running, Manual), with(daemon, Running, Automatic)),
        case("service_not_enabled", with(daemon, Running, Disabled), stopped(daemon, Stopped, Disabled)),
    ]
}

fn assert_silent(name: &str, scenario: Scenario) {
    let report = judge(&[scenario]);
    assert_eq!(shown(&report), Vec::<&str>::new(), "{name}");
    assert_eq!(report.status, Status::Ok, "{name}: {:?}", report.prerequisites);
}

#[test]
fn healthy_hosts_on_windows_are_silent_odd_ones_too() {
    assert_silent("one service", logtail_on_windows());
    assert_silent("two services", before_1_0());
    assert_silent(
        "no service at all: started by hand",
        logtail_on_windows().with(|w| {
            service(w, "LogtailDaemon", None);
        }),
    );
    assert_silent(
        "an adapter is called Ethernet",
        logtail_on_windows().with(|w| {
            w.interfaces().iter_mut().for_each(|found| found.interface = format!("Ethernet {}", found.index));
        }),
    );
}

#[test]
fn services_that_cannot_be_read_raise_nothing_clear_nothing_and_leave_nothing_unknown() {
    let blind = |w: &mut Scenario| w.agent().surroundings.services = Reading::Unknown(unread("services"));
    assert_silent("at first sight", logtail_on_windows().with(blind));
    let down = stopped("LogtailDaemon", ServiceState::Stopped, ServiceStart::Automatic);
    let later = judge(&[down.clone(), down.later(15).with(blind)]);
    assert!(shown(&later).contains(&"service_not_running"), "{:?}", shown(&later));
}

#[test]
fn the_state_of_a_service_explains_that_nothing_runs() {
    let down = |start| judge(&[stopped("LogtailDaemon", ServiceState::Stopped, start)]);
    assert_eq!(shown(&down(ServiceStart::Automatic)), ["service_not_running"]);
    assert_eq!(shown(&down(ServiceStart::Disabled)), ["service_disabled"]);
}

/// Remedies that contain something of Linux.
fn foreign(report: &AgentReport) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for problem in problems(report) {
        for language in [Language::English, Language::Chinese] {
            let remedy = problem.remedy(language);
            // Directories of Windows, and of the agent.
            let remedy = remedy.replace("drivers/etc/", "").replace("LogListener/etc/", "");
            for line in remedy.lines().filter(|line| FOREIGN.iter().any(|foreign| line.contains(foreign))) {
                found.insert(format!("{}: {line}", problem.cause.id));
            }
        }
    }
    found
}

/// `judge` compares the reports for each Linux scenario there; this checks that no cause is left out.
#[test]
fn every_case_of_linux_is_one_of_windows_too_and_its_remedy_is_typed_there() {
    let mut seen = BTreeSet::new();
    let of_linux =
        |scenarios: &[Scenario]| scenarios.iter().all(|scenario| scenario.settings.system == System::Linux);
    for case in super::all_cases() {
        if is_of_one_system(case.cause) || !of_linux(&case.fires) {
            continue;
        }
        let there =
            |scenarios: Vec<Scenario>| judge(&scenarios.into_iter().map(on_windows).collect::<Vec<_>>());
        let stands =
            |report: &AgentReport| problems(report).iter().any(|problem| problem.cause.id == case.cause);
        let report = there(case.fires);
        assert!(stands(&report), "{} should stand on Windows", case.cause);
        assert_eq!(foreign(&report), BTreeSet::new(), "{}", case.cause);
        if of_linux(&case.silent) {
            assert!(!stands(&there(case.silent)), "{} should not stand in its near miss", case.cause);
        }
        seen.insert(case.cause);
    }
    let of_services = cases().into_iter().map(|case| case.cause);
    let all: BTreeSet<_> = seen.into_iter().chain(of_services).chain(LINUX_ALONE.iter().copied()).collect();
    assert_eq!(all, crate::catalog::causes().map(|cause| cause.id).collect());
}

#[test]
fn remedies_of_services_are_typed_on_windows() {
    for case in cases() {
        assert_eq!(foreign(&judge(&case.fires)), BTreeSet::new(), "{}", case.cause);
    }
}

#[test]
fn every_command_of_a_step_for_windows_is_one_of_windows() {
    use crate::model::{powershell, remedy};
    for cause in crate::catalog::causes() {
        // Causes that cannot occur on Windows have no remedy for it.
        if LINUX_ALONE.contains(&cause.id) {
            continue;
        }
        for language in [Language::English, Language::Chinese] {
            for step in remedy::steps(cause.remedy, language) {
                if step.conditions().any(|(name, wanted)| name == "windows" && !wanted) {
                    continue;
                }
                for code in step.text.split('`').skip(1).step_by(2).filter(|code| remedy::is_command(code)) {
                    // A line of the agent's log.
                    if code == "last logtail crash stack" {
                        continue;
                    }
                    let is_span = remedy::is_span(code.trim_matches(['{', '}']));
                    let known =
                        is_span || powershell::is_command(code) || powershell::translated(code).is_some();
                    assert!(known, "{}: {code} has no like on Windows (src/model/powershell.rs)", cause.id);
                }
            }
        }
    }
}
