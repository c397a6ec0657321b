//! A new kind of agent added as CONTRIBUTING describes: only this file, its `mod`, and a list of profiles refer to it,
//! and it is detected and evaluated like the others.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Commands, ConfigFiles, EditionFacts, Files, Identification, Layout, LocalTime, Located, Operation, Place,
    Profile, Recognition, Service,
    address::{EndpointList, Origin, ServerAddress},
};
use crate::{
    config,
    fuzzing::Host,
    model::{
        Prerequisite, Purpose, Reading, Role, Status,
        report::Report,
        settings::AgentSettings,
        snapshot::{
            AddressRecord, Edition, Endpoint, ExpectedAnswer, ExpectedRole, Failure, FailureKind,
            InterfaceAddress, Invocation, Parameter, Parameters, PlaceFacts, Probe, Rejection, Scheme,
        },
    },
    observe::{host::HostOptions, time},
};

/// A shipper with one process, a config of one line, and a file with the address that it reports.
#[derive(Debug)]
pub(super) struct Shipper;

/// In addition to those of the product.
pub(super) static PROFILES: &[&dyn Profile] = &[&Shipper];

impl Identification for Shipper {
    fn kind(&self) -> &'static str {
        "shipper"
    }
    fn places(&self, _: crate::model::System) -> &'static [Place] {
        &[Place::Directory("/opt/shipper")]
    }
    fn recognise(&self, base_name: &str, _: &AgentSettings) -> Recognition {
        if base_name == "shipperd" { Recognition::Role(Role::MAIN) } else { Recognition::Foreign }
    }
    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        executable.parent().map(Path::to_owned)
    }
    fn default_install_dir(&self, _: crate::model::System) -> Option<PathBuf> {
        Some("/opt/shipper".into())
    }
    fn wants_variable(&self, _: &str) -> bool {
        false
    }
}

impl Files for Shipper {
    fn layout(&self, settings: &AgentSettings, _: &Invocation) -> Layout {
        let dir = settings.install_dir.clone().unwrap_or_default();
        Layout {
            binary_dirs: vec![dir.clone()],
            config: Located::by_layout([dir.join("shipper.conf")]),
            record: Located::by_layout([dir.join("address")]),
            ..Layout::default()
        }
    }
    fn parse_parameters(&self, files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
        let reason = "no server".to_owned();
        let text = String::from_utf8_lossy(files.bytes);
        let server = text.trim_end().strip_prefix("server=").ok_or(Rejection { line: Some(1), reason })?;
        let server = Parameter { key: "server".to_owned(), value: server.to_owned() };
        Ok(Parameters { config_servers: vec![server], ..Parameters::default() })
    }
    fn parse_record(&self, bytes: &[u8], _: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        let ip = String::from_utf8_lossy(bytes).trim_end().to_owned();
        Ok(AddressRecord { ip: Some(ip), ..AddressRecord::default() })
    }
}

impl Service for Shipper {
    fn endpoints(
        &self,
        _: &AgentSettings,
        _: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint> {
        let mut list = EndpointList::default();
        for server in parameters.map_or(&[][..], |parameters| &parameters.config_servers) {
            let Some(address) = ServerAddress::parse(&server.value) else { continue };
            let origin =
                Origin { from: config_file.display().to_string(), parameter: Some(server.key.clone()) };
            let at = (Scheme::Tcp, address.host.as_str(), 514);
            list.add(Purpose::ConfigServer, at, ExpectedAnswer::Connected, &origin);
        }
        list.into_endpoints()
    }
}

impl Operation for Shipper {
    fn applies(&self, prerequisite: Prerequisite, _: &Reading<Edition>) -> Reading<bool> {
        Reading::Known(matches!(
            prerequisite,
            Prerequisite::Installed
                | Prerequisite::Processes
                | Prerequisite::Ip
                | Prerequisite::StartupParameters
                | Prerequisite::Network
        ))
    }
    fn edition(&self, _: EditionFacts<'_>) -> Reading<Edition> {
        Reading::Known(Edition { label: "shipper", community: false, keyless: true })
    }
    fn expected_roles(&self, _: EditionFacts<'_>, _: &Reading<Edition>) -> Reading<Vec<ExpectedRole>> {
        Reading::Known(vec![ExpectedRole { role: Role::MAIN, count: 1, only_if_ever_seen: false }])
    }
    fn roles(&self, _: &AgentSettings) -> Vec<Role> {
        vec![Role::MAIN]
    }
    fn commands(&self, _: &AgentSettings, _: Option<&str>) -> Commands {
        let commands = ["start_command", "restart_command", "status_command", "install_document"];
        commands.into_iter().map(|name| (name, format!("shipperctl {name}"))).collect()
    }
}

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

/// A host with a shipper, with these files changed; `None`: removed.
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
