//! One installation, read whole.

use std::time::{Duration, SystemTime};

use super::*;
use crate::{
    model::{
        Reason,
        snapshot::{FileContent, Rejection},
    },
    observe::host::{
        environ::Kept,
        testing::{Host, KINDS},
    },
};

fn target(kind: &str, directory: Option<&str>) -> Target {
    let profile = KINDS.iter().copied().find(|profile| profile.kind() == kind).unwrap();
    let settings = AgentSettings {
        name: "a".into(),
        kind: profile.kind(),
        install_dir: directory.map(PathBuf::from),
        ..AgentSettings::default()
    };
    Target { settings, profile, canonical: directory.map(PathBuf::from) }
}

fn process(pid: u32, parent: u32, start: u64, role: Option<Role>) -> Candidate {
    let process = Process {
        pid,
        parent,
        executable_name: "ilogtail".into(),
        role_by_name: role,
        arguments: Reading::Known(Vec::new()),
        executable: Reading::Known(None),
        state: ProcessState::Alive,
        start_ticks: start,
        started_at: SystemTime::UNIX_EPOCH,
        cpu: Duration::ZERO,
        resident_bytes: 0,
        open_fds: Reading::Known(0),
        threads: 1,
    };
    Candidate {
        process,
        path: Some("/opt/x/bin/ilogtail".into()),
        credentials: crate::observe::trust::Credentials::default(),
        environment: Reading::Known(Kept::default()),
        container: None,
    }
}

fn observed(host: &Host, target: &Target, candidates: Vec<Candidate>) -> AgentFacts {
    observed_with(host, target, Reading::Known(candidates), &mut Memory::default())
}

fn observed_with(
    host: &Host,
    target: &Target,
    candidates: Reading<Vec<Candidate>>,
    memory: &mut Memory,
) -> AgentFacts {
    host.look(|files| observe(files, target, candidates, &Zones::of_host(files), turn(), memory).1)
}

fn turn() -> Turn {
    Turn { now: crate::observe::time::now(), regular: true }
}

const DIR: &str = "/usr/local/ilogtail";

fn logtail() -> Target {
    target("paired", Some(DIR))
}

#[test]
fn nothing_on_disk_is_known_absence() {
    let facts = observed(&Host::new(), &logtail(), Vec::new());
    let installation = facts.installation.known().unwrap();
    assert_eq!(installation.looked_for, [PathBuf::from(DIR)]);
    assert_eq!((&installation.binary, installation.traces.len()), (&None, 0));
    assert_eq!(facts.config.unwrap().state, Reading::Known(FileState::Missing));
    assert_eq!(facts.processes, Reading::Known(Vec::new()));
    assert_eq!(facts.invocation, Invocation::default());
    assert_eq!(facts.version_file.unwrap().state, Reading::Known(FileState::Missing));
    assert_eq!(facts.loaded_config, Reading::Known(None));
    assert_eq!(facts.owner_account, Reading::Known(None));
}

#[test]
fn the_executable_is_a_recognised_regular_file() {
    let host = Host::new();
    host.link("/usr/local/ilogtail/ilogtail", "ilogtail_9");
    host.dir("/usr/local/ilogtail/ilogtail_0");
    host.file("/usr/local/ilogtail/other", "");
    host.file("/usr/local/ilogtail/config.json", "{");
    let found = |host: &Host| observed(host, &logtail(), Vec::new()).installation.known().unwrap().clone();
    let installation = found(&host);
    assert_eq!(installation.binary, None, "a dangling link and a directory are none");
    let traces: Vec<_> = installation.traces.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(traces, [DIR, "/usr/local/ilogtail/config.json"]);
    host.file("/usr/local/ilogtail/ilogtail_9", "");
    assert_eq!(found(&host).binary, Some("/usr/local/ilogtail/ilogtail".into()));
}

#[test]
fn files_are_parsed_and_identities_looked_for_where_the_config_says() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "{/etc/other");
    host.file("/usr/local/ilogtail/b.LOG", "12345");
    host.file("/etc/other/user_defined_id", "web\nfleet");
    host.file("/etc/other/users/222", "");
    host.file("/etc/other/users/111", "");
    host.file("/etc/other/instance_identity", "333");
    let facts = observed(&host, &logtail(), Vec::new());
    assert_eq!(facts.identifiers.as_ref().unwrap().content().unwrap(), &["web", "fleet"]);
    let users = facts.users.unwrap();
    assert_eq!(users.names, Reading::Known(Some(vec!["111".into(), "222".into()])));
    assert!(users.modified.is_some());
    assert_eq!(facts.owner_account, Reading::Known(Some("333".into())));
    let loaded = facts.loaded_config.known().unwrap().as_ref().unwrap();
    assert_eq!(
        (loaded.path.as_path(), loaded.canonical.as_deref()),
        (Path::new("/usr/local/ilogtail/b.LOG"), Some("5"))
    );
    let traces = &facts.installation.known().unwrap().traces;
    assert!(!traces.contains(&"/etc/other".into()), "identity files outlive an agent that was removed");
}

#[test]
fn relative_paths_of_the_agent_start_at_its_directory() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "{.");
    host.file("/usr/local/ilogtail/user_defined_id", "web");
    let identifiers = observed(&host, &logtail(), Vec::new()).identifiers.unwrap();
    assert_eq!(identifiers.path, Path::new("/usr/local/ilogtail/user_defined_id"));
    assert_eq!(identifiers.content().unwrap(), &["web"]);
}

#[test]
fn a_rejected_config_keeps_the_reason_and_yields_no_parameters() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "\u{feff}{");
    let config = observed(&host, &logtail(), Vec::new()).config.unwrap();
    let Reading::Known(FileState::Present(FileContent { content, .. })) = config.state else {
        panic!("not read")
    };
    assert_eq!(content, Err(Rejection { line: Some(1), reason: "not an object".into() }));
}

#[test]
fn a_config_that_the_agent_generates_is_missing_and_implied() {
    let host = Host::new();
    let mut running = process(10, 1, 5, None);
    let named = "/etc/ilogtail/conf/cn-hangzhou/generated.json";
    running.environment = Reading::Known(Kept {
        variables: [("working_ip".to_owned(), named.to_owned())].into(),
        ..Kept::default()
    });
    let facts = observed(&host, &logtail(), vec![running.clone()]);
    let config = facts.config.unwrap();
    assert_eq!((config.path, config.state), (named.into(), Reading::Known(FileState::Missing)));
    assert!(facts.identifiers.is_some(), "identities are looked for by the implied parameters");
    host.file(named, "{");
    assert!(observed(&host, &logtail(), vec![running]).config.unwrap().content().is_some());
}

#[test]
fn the_version_file_is_read() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/version.txt", "2.8.9\n");
    let file = observed(&host, &logtail(), Vec::new()).version_file.unwrap();
    assert_eq!(file.content().unwrap().as_deref(), Some("2.8.9"));
}

#[test]
fn parts_of_a_config_are_read_in_the_order_of_their_names_and_change_the_whole() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "{");
    let config = |host: &Host| observed(host, &logtail(), Vec::new()).config.unwrap();
    let digest = |fact: &FileFact<Parameters>| match &fact.state {
        Reading::Known(FileState::Present(file)) => file.digest,
        Reading::Known(_) | Reading::Unknown(_) => panic!("the config is there"),
    };
    let alone = config(&host);
    host.file("/usr/local/ilogtail/config.d/b.json", "1");
    host.file("/usr/local/ilogtail/config.d/a.json", "1");
    host.file("/usr/local/ilogtail/config.d/a.json.bak", "1");
    let whole = config(&host);
    assert_eq!(
        whole.content().unwrap().canonical.as_deref(),
        Some("/usr/local/ilogtail/config.d/a.json/usr/local/ilogtail/config.d/b.json")
    );
    assert_ne!(digest(&alone), digest(&whole));
    host.file("/usr/local/ilogtail/config.d/b.json", "2");
    assert_ne!(digest(&whole), digest(&config(&host)));
    // If one part cannot be read, the whole is unknown.
    let (cwd, mode) = (rustix::fs::CWD, rustix::fs::Mode::RUSR);
    rustix::fs::mkfifoat(cwd, host.at("/usr/local/ilogtail/config.d/c.json"), mode).unwrap();
    assert!(config(&host).state.why().is_some());
}

#[test]
fn the_environment_is_that_of_the_newest_collecting_process() {
    let pid_of = |candidates: &[Candidate]| collecting(candidates).map(|candidate| candidate.process.pid);
    assert_eq!(pid_of(&[]), None);
    let daemon_and_worker = [process(10, 1, 50, None), process(11, 10, 60, None), process(12, 1, 70, None)];
    assert_eq!(pid_of(&daemon_and_worker), Some(11), "the daemon's child, not the newest");
    assert_eq!(pid_of(&[process(10, 1, 50, None), process(11, 1, 60, None)]), Some(11));
    let roles = [process(10, 1, 50, Some(Role::MAIN)), process(11, 10, 60, Some(Role::UPDATE))];
    assert_eq!(pid_of(&roles), Some(10));
    let mut zombie = process(10, 1, 50, None);
    zombie.process.state = ProcessState::Defunct;
    assert_eq!(pid_of(&[zombie]), None);
}

#[test]
fn an_environment_or_list_that_cannot_be_read_is_unknown_and_so_is_what_it_could_move() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "{");
    let why = || Why::new(Reason::Denied, "x", "y");
    let mut running = process(10, 1, 5, None);
    running.environment = Reading::Unknown(why());
    let facts = observed(&host, &logtail(), vec![running]);
    assert_eq!(facts.invocation.environment, Reading::Unknown(why()));
    assert_eq!(facts.config.unwrap().state, Reading::Unknown(why()));
    assert_eq!(facts.users.unwrap().names, Reading::Unknown(why()));
    assert!(facts.processes.known().is_some() && facts.record.is_some());
    let facts = observed_with(&host, &logtail(), Reading::Unknown(why()), &mut Memory::default());
    assert_eq!(facts.processes, Reading::Unknown(why()));
    assert_eq!(facts.invocation.environment, Reading::Unknown(why()));
}

#[test]
fn where_identities_are_is_remembered_of_the_process_that_runs_and_of_no_other() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/config.json", "{/etc/other");
    host.file("/etc/other/users/111", "");
    let why = || Why::new(Reason::Denied, "x", "y");
    let started = |pid, environment| {
        let mut running = process(pid, 1, u64::from(pid), None);
        running.environment = environment;
        Reading::Known(vec![running])
    };
    let (readable, unreadable) =
        (|pid| started(pid, Reading::Known(Kept::default())), |pid| started(pid, Reading::Unknown(why())));
    let mut memory = Memory::default();
    let mut users =
        |candidates| observed_with(&host, &logtail(), candidates, &mut memory).users.map(|users| users.names);
    let (found, unknown) =
        (Some(Reading::Known(Some(vec!["111".to_owned()]))), Some(Reading::Unknown(why())));
    assert_eq!(users(readable(10)), found);
    assert_eq!(users(unreadable(10)), found, "the same process");
    assert_eq!(users(unreadable(11)), unknown, "another process, whose paths may be others");
    assert_eq!(users(Reading::Known(Vec::new())), found, "none runs: as it would be started");
    assert_eq!(users(unreadable(12)), unknown, "started since, perhaps otherwise");
    assert_eq!(users(readable(12)), found);
    assert_eq!(users(Reading::Unknown(why())), unknown, "it may have been replaced while hidden");
}

#[test]
fn a_container_is_known_by_the_process_environment_and_not_by_files() {
    let in_container = |host: &Host, kubernetes| {
        let mut running = process(10, 1, 5, None);
        running.environment = Reading::Known(Kept { kubernetes, ..Kept::default() });
        observed(host, &logtail(), vec![running]).invocation.in_container
    };
    let host = Host::new();
    host.file("/.dockerenv", "");
    let found = (in_container(&host, false), in_container(&host, true));
    assert_eq!(found, (Reading::Known(false), Reading::Known(true)));
}

fn described(executables: &[&str], directory: Option<&str>) -> Target {
    let mut target = target("described", directory);
    target.settings.files = vec!["/etc/a.conf".into(), "/etc/b.conf".into()];
    target.settings.processes = executables
        .iter()
        .map(|executable| CustomProcess { role: "w".into(), executable: (*executable).into(), count: 1 })
        .collect();
    target
}

#[test]
fn a_described_agent_is_looked_for_where_programs_are() {
    let host = Host::new();
    let found = |target: &Target| observed(&host, target, Vec::new()).installation.known().unwrap().clone();
    let lost = found(&described(&["fb"], None));
    assert_eq!((lost.binary, lost.location_unknown), (None, true));
    let absolute = found(&described(&["/srv/fb"], None));
    assert_eq!((absolute.binary, absolute.location_unknown), (None, false));
    assert_eq!(
        found(&described(&["fb"], Some("/srv"))).looked_for,
        [PathBuf::from("/srv/fb"), "/srv/bin/fb".into()]
    );
    host.file("/opt/a/bin/fb", "");
    assert_eq!(found(&described(&["fb"], None)).binary, Some("/opt/a/bin/fb".into()));
    host.file("/usr/bin/fb", "");
    assert_eq!(found(&described(&["fb"], None)).binary, Some("/usr/bin/fb".into()));
    let half = found(&described(&["fb", "/srv/other"], None));
    assert_eq!((half.binary, half.traces), (None, vec!["/usr/bin/fb".into()]));
}

#[test]
fn a_described_agent_once_seen_running_has_a_known_place() {
    let host = Host::new();
    let target = described(&["ilogtail"], None);
    let mut memory = Memory::default();
    observed_with(&host, &target, Reading::Known(vec![process(10, 1, 5, None)]), &mut memory);
    let facts = observed_with(&host, &target, Reading::Known(Vec::new()), &mut memory);
    let installation = facts.installation.known().unwrap();
    assert_eq!((&installation.binary, installation.location_unknown), (&None, false));
    host.file("/opt/x/bin/ilogtail", "");
    let facts = observed_with(&host, &target, Reading::Known(Vec::new()), &mut memory);
    assert_eq!(facts.installation.known().unwrap().binary, Some("/opt/x/bin/ilogtail".into()));
    let states: Vec<_> = facts.files.iter().map(|file| (&file.path, &file.state)).collect();
    let missing = Reading::Known(FileState::Missing);
    assert_eq!(states, [(&"/etc/a.conf".into(), &missing), (&"/etc/b.conf".into(), &missing)]);
}

#[test]
fn local_times_are_read_in_each_zone_that_they_may_be_in() {
    let host = Host::new();
    let zones = |host: &Host, variable: Option<&str>, text: &str| {
        host.look(|files| Zones::of_host(files).with_variable(files, variable).moments(text))
    };
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let text = "2022-12-27 05:38:33";
    let utc = 1_672_119_513;
    assert_eq!(zones(&host, None, text), [at(utc)]);
    assert_eq!(zones(&host, Some("CST-8"), text), [at(utc), at(utc - 8 * 3600)]);
    host.file("/usr/share/zoneinfo/Asia/Shanghai", tzif_east_8());
    host.link("/etc/localtime", "/usr/share/zoneinfo/Asia/Shanghai");
    assert_eq!(zones(&host, None, text), [at(utc - 8 * 3600), at(utc)], "the host's zone first");
    assert_eq!(zones(&host, Some(":Asia/Shanghai"), text).len(), 2, "each moment once");
    assert_eq!(zones(&host, None, "2022-12-27 05:38:33.414421")[1], at(utc) + Duration::from_micros(414_421));
    assert!(zones(&host, Some("Nowhere/At_All"), "yesterday").is_empty());
    host.file("/usr/share/zoneinfo/broken", "not a zone");
    assert_eq!(zones(&host, Some("broken"), text).len(), 2);
}

/// The smallest zone file: eight hours east of UTC.
fn tzif_east_8() -> Vec<u8> {
    let header = |times: u8| {
        [
            b"TZif2".to_vec(),
            vec![0; 15],
            vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, times, 0, 0, 0, 4],
        ]
        .concat()
    };
    let body = [&28_800_i32.to_be_bytes()[..], &[0, 0], b"CST\0"].concat();
    [header(1), body.clone(), header(1), body, b"\nCST-8\n".to_vec()].concat()
}
