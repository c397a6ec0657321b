//! An agent of the new kind is detected and evaluated.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use super::PROFILES;
use crate::{
    config,
    fuzzing::Host,
    model::{
        Prerequisite, Reading, Status,
        report::Report,
        snapshot::{Failure, FailureKind, InterfaceAddress, PlaceFacts, Probe},
    },
    observe::{host::HostOptions, time},
};

const EXECUTABLE: &str = "/opt/shipper/shipperd";

/// The procfs files of a process of root.
fn process(pid: u32, executable: &str) -> Vec<(String, String)> {
    let name = executable.rsplit('/').next().unwrap_or_default();
    let stat = format!("{pid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 4 0 6000 0 900 0\n");
    let status = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t1\nThreads:\t4\nSigQ:\t0/1\n";
    [("stat", stat.as_str()), ("status", status), ("cmdline", executable), ("environ", ""), ("fd/0", "")]
        .map(|(file, content)| (format!("proc/{pid}/{file}"), content.to_owned()))
        .into()
}

/// A host with a shipper, with these files replaced; `None` removes the file.
fn report(otherwise: &[(&str, Option<&str>)], failure: Option<FailureKind>) -> Report {
    let root = tempfile::tempdir().unwrap();
    let mut files = vec![
        ("opt/shipper/shipperd".to_owned(), "ELF".to_owned()),
        ("opt/shipper/shipper.conf".to_owned(), "server=logs.example.com\n".to_owned()),
        ("opt/shipper/address".to_owned(), "192.0.2.7\n".to_owned()),
        ("etc/hosts".to_owned(), "127.0.0.1 localhost\n".to_owned()),
    ];
    let processes = [(1, "/sbin/init"), (100, EXECUTABLE)];
    files.extend(processes.into_iter().flat_map(|(pid, executable)| process(pid, executable)));
    for (path, content) in files {
        let other = otherwise.iter().find(|(of, _)| *of == path);
        let Some(content) = other.map_or(Some(content.as_str()), |(_, other)| *other) else { continue };
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    for (pid, executable) in processes {
        let directory = root.path().join(format!("proc/{pid}"));
        symlink(executable, directory.join("exe")).unwrap();
        symlink(root.path(), directory.join("root")).unwrap();
    }
    let options = HostOptions {
        rootfs: root.path().to_owned(),
        procfs: Some(root.path().join("proc")),
        file_deadline: Duration::from_mins(1),
    };
    let (settings, _) = config::parse(b"{}", Path::new("/x.yml")).unwrap();
    let outcome = failure.map_or(Ok(()), |kind| Err(Failure { kind, address: None, detail: String::new() }));
    let now = time::Now { boot: Duration::from_hours(240), ..time::now() };
    let set = |host: &mut PlaceFacts| {
        let address = [192, 0, 2, 7].into();
        let interface = "eth0".to_owned();
        host.interfaces = Reading::Known(vec![InterfaceAddress { interface, index: 2, address }]);
    };
    let answer = || Reading::Known(Probe { outcome: outcome.clone(), ..Probe::up() });
    Host::with_profiles(options, settings, PROFILES).turn(now, set, answer).0
}

fn causes(report: &Report) -> Vec<&'static str> {
    let prerequisites = report.agents.iter().flat_map(|agent| &agent.prerequisites);
    prerequisites.flat_map(|found| &found.problems).map(|problem| problem.cause.id).collect()
}

#[test]
fn it_is_found_judged_and_healthy() {
    let report = report(&[], None);
    let [agent] = report.agents.as_slice() else { panic!("{:?}", report.agents) };
    assert_eq!(
        (agent.kind, &*agent.name, agent.status),
        ("shipper", "shipper", Status::Ok),
        "{:#?}",
        agent.prerequisites
    );
    let judged: Vec<_> = agent.prerequisites.iter().map(|found| (found.id, found.status)).collect();
    let applying = [
        Prerequisite::Installed,
        Prerequisite::Processes,
        Prerequisite::Ip,
        Prerequisite::StartupParameters,
        Prerequisite::Network,
    ];
    assert_eq!(judged, applying.map(|prerequisite| (prerequisite, Status::Ok)));
}

#[test]
fn each_prerequisite_has_its_causes() {
    for (otherwise, failure, cause) in [
        (&[("opt/shipper/shipperd", None)][..], None, "installation_incomplete"),
        (&[("opt/shipper/address", Some("198.51.100.1\n"))], None, "ip_not_on_host"),
        (&[("opt/shipper/shipper.conf", Some("port=1\n"))], None, "config_invalid"),
        (&[("opt/shipper/shipper.conf", None)], None, "config_missing"),
        (&[], Some(FailureKind::Refused), "connection_refused"),
    ] {
        let found = causes(&report(otherwise, failure));
        assert_eq!(found, [cause]);
    }
}
