//! Which agents are watched on which host. The processes here are synthetic; `process` tests real ones.

use std::time::{Duration, SystemTime};

use super::{
    super::{names::Names, process::Wanted as _},
    *,
};
use crate::observe::trust::Credentials;
use crate::{
    config::CustomProcess,
    model::snapshot::{Executable, Process},
    observe::host::{
        environ::Kept,
        testing::{Host, KINDS, look_from},
    },
};

fn candidate(pid: u32, parent: u32, path: &str) -> Candidate {
    let executable = Executable { path: path.into(), deleted: false };
    let process = Process {
        pid,
        parent,
        executable_name: base_name(Path::new(path)),
        role_by_name: None,
        arguments: Reading::Known(vec![path.to_owned()]),
        executable: Reading::Known(Some(executable)),
        state: ProcessState::Alive,
        start_ticks: u64::from(pid),
        started_at: SystemTime::UNIX_EPOCH,
        cpu: Duration::ZERO,
        resident_bytes: 0,
        open_fds: Reading::Known(0),
        threads: 1,
    };
    let (credentials, environment) = (Credentials::default(), Reading::Known(Kept::default()));
    Candidate { process, path: Some(path.into()), credentials, environment, container: None }
}

/// A process of which only the name is known.
fn unplaced(pid: u32, parent: u32, name: &str, state: ProcessState) -> Candidate {
    let mut candidate = candidate(pid, parent, name);
    candidate.process.executable = Reading::Known(None);
    candidate.process.state = state;
    candidate.path = None;
    candidate
}

fn configured(name: &str, kind: &'static str, install_dir: Option<&str>) -> AgentSettings {
    AgentSettings {
        name: name.into(),
        kind,
        install_dir: install_dir.map(PathBuf::from),
        ..AgentSettings::default()
    }
}

/// Name, directory, and pids of each watched agent.
type Watched = Vec<(String, Option<String>, Vec<u32>)>;

fn watch(host: &Host, settings: &Settings, candidates: &[Candidate], memory: &mut Memory) -> Watched {
    host.look(|files| {
        let candidates = below_root(files, candidates.to_vec());
        let acceptance = Acceptance::new(files);
        let detection = Detection {
            files,
            profiles: KINDS,
            settings,
            pod_context: &PodContext::default(),
            candidates: &candidates,
            acceptance: &acceptance,
            sees_processes: true,
        };
        let targets = detection.targets(memory);
        let assigned = detection.assign(&targets);
        targets
            .iter()
            .zip(assigned)
            .map(|(target, own)| {
                let directory = target.settings.install_dir.as_ref().map(|path| path.display().to_string());
                let pids = own.iter().map(|candidate| candidate.process.pid).collect();
                (target.settings.name.clone(), directory, pids)
            })
            .collect()
    })
}

fn detect(host: &Host, candidates: &[Candidate]) -> Watched {
    watch(host, &Settings::default(), candidates, &mut Memory::default())
}

fn agent(name: &str, directory: &str, pids: &[u32]) -> (String, Option<String>, Vec<u32>) {
    (name.into(), Some(directory.into()), pids.to_vec())
}

#[test]
fn an_empty_host_has_no_agents() {
    assert_eq!(detect(&Host::new(), &[]), []);
}

#[test]
fn an_existing_directory_is_an_installation_whatever_is_in_it() {
    let host = Host::new();
    host.dir("/usr/local/ilogtail");
    assert_eq!(detect(&host, &[]), [agent("paired", "/usr/local/ilogtail", &[])]);
}

#[test]
fn a_running_process_implies_its_directory() {
    let host = Host::new();
    host.dir("/root/ilogtail-1.5.0");
    let found = detect(&host, &[candidate(10, 1, "/root/ilogtail-1.5.0/ilogtail")]);
    assert_eq!(found, [agent("paired", "/root/ilogtail-1.5.0", &[10])]);
}

#[test]
fn what_runs_outside_the_root_is_another_hosts() {
    let host = Host::new();
    let elsewhere = candidate(10, 1, "/nowhere/below/this/root/ilogtail");
    assert_eq!(detect(&host, std::slice::from_ref(&elsewhere)), []);
    let kept = look_from(Path::new("/"), |files| below_root(files, vec![elsewhere]));
    assert_eq!(kept.len(), 1, "on the host itself, its directory may be deleted");
}

#[test]
fn a_second_instance_counts_only_with_proof_or_running() {
    let host = Host::new();
    host.dir("/usr/local/ilogtail");
    host.file("/usr/local/ilogtail2/ilogtail", "");
    host.dir("/etc/ilogtail2");
    host.file("/usr/local/ilogtail.bak/ilogtail", "");
    host.dir("/usr/local/ilogtail_empty");
    host.dir("/etc/ilogtail_empty");
    host.dir("/usr/local/ilogtail9");
    let found = detect(&host, &[candidate(10, 1, "/usr/local/ilogtail9/ilogtail")]);
    let expected = [
        agent("paired", "/usr/local/ilogtail", &[]),
        agent("paired9", "/usr/local/ilogtail9", &[10]),
        agent("paired2", "/usr/local/ilogtail2", &[]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn of_versioned_directories_the_highest_counts_if_nothing_else_is_there() {
    let host = Host::new();
    for version in ["2.8.9", "2.10.0", "2.2.8"] {
        host.file(&format!("/usr/local/loglistener-{version}/bin/loglistener"), "");
    }
    host.dir("/usr/local/loglistener-9.0.0");
    assert_eq!(detect(&host, &[]), [agent("versioned", "/usr/local/loglistener-2.10.0", &[])]);
    let running = [candidate(10, 1, "/usr/local/loglistener-2.2.8/bin/loglistener")];
    assert_eq!(detect(&host, &running), [agent("versioned", "/usr/local/loglistener-2.2.8", &[10])]);
    host.dir("/usr/local/loglistener");
    assert_eq!(detect(&host, &[]), [agent("versioned", "/usr/local/loglistener", &[])]);
}

#[test]
fn one_directory_by_two_names_is_one_installation() {
    let host = Host::new();
    host.dir("/data/ilogtail");
    host.link("/usr/local/ilogtail", "/data/ilogtail");
    host.link("/opt/elsewhere/ilogtail", "/usr/local/ilogtail");
    let found = detect(&host, &[candidate(10, 1, "/data/ilogtail/ilogtail_1.0")]);
    assert_eq!(found, [agent("paired", "/usr/local/ilogtail", &[10])]);
}

#[test]
fn an_installation_once_seen_is_watched_until_reload_under_its_name() {
    let host = Host::new();
    let mut memory = Memory::default();
    let settings = Settings::default();
    host.dir("/srv/ilogtail");
    let running = [candidate(10, 1, "/srv/ilogtail/ilogtail")];
    watch(&host, &settings, &running, &mut memory);
    host.dir("/usr/local/ilogtail");
    std::fs::remove_dir_all(host.at("/srv")).unwrap();
    watch(&host, &settings, &[], &mut memory);
    let later = watch(&host, &settings, &[], &mut memory);
    assert_eq!(later, [agent("paired", "/srv/ilogtail", &[]), agent("paired-2", "/usr/local/ilogtail", &[])]);
    assert_eq!(memory.detected.len(), 2, "nothing is remembered twice");
    assert_eq!(detect(&host, &[]), [agent("paired", "/usr/local/ilogtail", &[])]);
}

#[test]
fn what_a_user_puts_somewhere_and_takes_away_again_is_forgotten() {
    let host = Host::new();
    let mut memory = Memory::default();
    let settings = Settings::default();
    for path in ["/home/alice/ilogtail", "/srv/ilogtail"] {
        let path = host.dir(path);
        std::os::unix::fs::chown(path, Some(1000), None).unwrap();
    }
    std::os::unix::fs::chown(host.at("/home/alice"), Some(1000), None).unwrap();
    for directory in ["/home", "/home/alice", "/srv", "/"] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(host.at(directory), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let running =
        [candidate(10, 1, "/home/alice/ilogtail/ilogtail"), candidate(11, 1, "/srv/ilogtail/ilogtail")];
    let found = watch(&host, &settings, &running, &mut memory);
    assert_eq!(
        found,
        [agent("paired", "/home/alice/ilogtail", &[10]), agent("paired-2", "/srv/ilogtail", &[11])]
    );
    memory.identities.insert("paired".to_owned(), (None, crate::agents::IdentityLayout::default()));
    assert_eq!(watch(&host, &settings, &[], &mut memory).len(), 2, "the directories are there");
    std::fs::remove_dir_all(host.at("/home/alice/ilogtail")).unwrap();
    // Only root could have created the other one at its path.
    std::fs::remove_dir_all(host.at("/srv")).unwrap();
    assert_eq!(watch(&host, &settings, &[], &mut memory), [agent("paired-2", "/srv/ilogtail", &[])]);
    assert!(memory.identities.is_empty());
}

#[test]
fn no_more_installations_are_watched_than_a_host_can_have() {
    let host = Host::new();
    let mut memory = Memory::default();
    let running: Vec<_> = (0..40)
        .map(|number| {
            host.dir(&format!("/srv/{number}/ilogtail"));
            candidate(100 + number, 1, &format!("/srv/{number}/ilogtail/ilogtail"))
        })
        .collect();
    assert_eq!(watch(&host, &Settings::default(), &running, &mut memory).len(), MOST_INSTALLATIONS);
    assert!(memory.cut);
    // One that is removed makes room after a reload.
    memory.reload(|_| true);
    assert_eq!(watch(&host, &Settings::default(), &running[30..], &mut memory).len(), MOST_INSTALLATIONS);
    std::fs::remove_dir_all(host.at("/srv/0")).unwrap();
    memory.reload(|_| true);
    watch(&host, &Settings::default(), &running[30..], &mut memory);
    assert_eq!(memory.detected.last().map(|last| last.directory.clone()), Some("/srv/32/ilogtail".into()));
    assert!(memory.cut, "seven more are not watched");
}

#[test]
fn configured_agents_come_first_and_keep_their_names() {
    let host = Host::new();
    host.dir("/usr/local/ilogtail");
    host.dir("/srv/ilogtail");
    let agents = vec![configured("paired", "paired", Some("/srv/../srv/ilogtail"))];
    let running =
        [candidate(10, 1, "/srv/ilogtail/ilogtail"), candidate(11, 1, "/usr/local/ilogtail/ilogtail")];
    let only = Settings { detect: false, agents, ..Settings::default() };
    let found = watch(&host, &only, &running, &mut Memory::default());
    assert_eq!(
        found,
        [agent("paired", "/srv/../srv/ilogtail", &[10])],
        "other installations are not watched"
    );
    let both = Settings { detect: true, ..only };
    let found = watch(&host, &both, &running, &mut Memory::default());
    let expected =
        [agent("paired", "/srv/../srv/ilogtail", &[10]), agent("paired-2", "/usr/local/ilogtail", &[11])];
    assert_eq!(found, expected);
}

#[test]
fn a_configured_agent_without_directory_is_where_it_runs_and_stays_there() {
    let host = Host::new();
    host.dir("/srv/ilogtail");
    let mut memory = Memory::default();
    let agents = vec![configured("a", "paired", None)];
    let settings = Settings { detect: false, agents, ..Settings::default() };
    let default = agent("a", "/usr/local/ilogtail", &[]);
    assert_eq!(watch(&host, &settings, &[], &mut memory), [default]);
    host.dir("/opt/elsewhere/ilogtail");
    assert_eq!(watch(&host, &settings, &[], &mut memory), [agent("a", "/opt/elsewhere/ilogtail", &[])]);
    let running = [candidate(10, 1, "/srv/ilogtail/ilogtail")];
    assert_eq!(watch(&host, &settings, &running, &mut memory), [agent("a", "/srv/ilogtail", &[10])]);
    assert_eq!(watch(&host, &settings, &[], &mut memory), [agent("a", "/srv/ilogtail", &[])]);
}

#[test]
fn two_agents_without_directories_do_not_claim_the_same() {
    let host = Host::new();
    host.dir("/srv/ilogtail");
    let agents = vec![configured("a", "paired", Some("/srv/ilogtail")), configured("b", "paired", None)];
    let settings = Settings { detect: false, agents, ..Settings::default() };
    let running = [candidate(10, 1, "/srv/ilogtail/ilogtail")];
    let found = watch(&host, &settings, &running, &mut Memory::default());
    assert_eq!(found, [agent("a", "/srv/ilogtail", &[10]), agent("b", "/usr/local/ilogtail", &[])]);
}

#[test]
fn a_process_without_a_place_goes_with_its_parent_or_to_the_default() {
    let host = Host::new();
    host.dir("/usr/local/ilogtail");
    host.dir("/srv/ilogtail");
    let running = [
        candidate(10, 1, "/srv/ilogtail/ilogtail"),
        unplaced(11, 10, "ilogtail", ProcessState::Defunct),
        unplaced(12, 1, "ilogtail", ProcessState::Alive),
    ];
    let found = detect(&host, &running);
    let expected =
        [agent("paired", "/usr/local/ilogtail", &[12]), agent("paired-2", "/srv/ilogtail", &[10, 11])];
    assert_eq!(found, expected);
}

#[test]
fn described_agents_match_by_name_path_or_directory() {
    let host = Host::new();
    for directory in ["/opt/fb/bin", "/usr/bin"] {
        host.dir(directory);
    }
    let process =
        |executable: &str| CustomProcess { role: "w".into(), executable: executable.into(), count: 1 };
    let described = |name: &str, executable: &str, directory: Option<&str>| AgentSettings {
        processes: vec![process(executable)],
        ..configured(name, "described", directory)
    };
    let agents = vec![
        described("any", "fluent-bit-and-more", None),
        described("exact", "/opt/fb/bin/fluent-bit-and-more", None),
        described("below", "fluent-bit-and-more", Some("/opt/fb")),
    ];
    let settings = Settings { detect: false, agents, ..Settings::default() };
    let running = [
        candidate(10, 1, "/opt/fb/bin/fluent-bit-and-more"),
        candidate(11, 1, "/usr/bin/fluent-bit-and-more"),
        candidate(12, 1, "/usr/bin/fluent-bit"),
        unplaced(13, 10, "fluent-bit-and-", ProcessState::Defunct),
    ];
    let pids: Vec<_> = watch(&host, &settings, &running, &mut Memory::default())
        .into_iter()
        .map(|(name, _, pids)| (name, pids))
        .collect();
    let expected = [("any", vec![10, 11, 13]), ("exact", vec![10, 13]), ("below", vec![10, 13])];
    assert_eq!(pids, expected.map(|(name, pids)| (name.to_owned(), pids)));
}

#[test]
fn only_names_and_variables_that_matter_are_looked_for() {
    let host = Host::new();
    host.look(|files| {
        let acceptance = Acceptance::new(files);
        let names = |settings: &Settings| Names::new(KINDS, settings, &acceptance);
        let detecting = names(&Settings::default());
        assert!(detecting.name("ilogtail") && detecting.name("loglistener") && !detecting.name("fluent-bit"));
        assert!(detecting.comm("ilogtail") && !detecting.comm("bash"));
        assert!(detecting.variable("ilogtail", "working_ip") && !detecting.variable("ilogtail", "SECRET"));
        assert!(!detecting.variable("bash", "working_ip"));
        assert_eq!((detecting.kind_of("ilogtail").is_some(), detecting.kind_of("bash")), (true, None));
        let agents = vec![configured("a", "versioned", None)];
        let configured = names(&Settings { detect: false, agents, ..Settings::default() });
        assert!(configured.name("loglistener") && !configured.name("ilogtail"));
    });
}
