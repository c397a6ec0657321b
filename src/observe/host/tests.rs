//! The whole reader over real processes and files.

use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::{
    testing::{Host, KINDS, some_time},
    *,
};
use crate::model::{
    Reason, Role,
    snapshot::{FileState, ProcessState},
};

fn reader(host: &Host) -> HostReader {
    let options = HostOptions {
        rootfs: host.path().to_owned(),
        procfs: None,
        // Nothing here hangs; a loaded machine must not make it seem so.
        file_deadline: Duration::from_mins(1),
    };
    // The processes are those of the real host, which has another root directory.
    HostReader { deputy: false, ..HostReader::with_profiles(options, KINDS) }
}

#[tokio::test]
async fn a_host_is_read_whole_and_an_agent_that_goes_is_watched_until_a_reload() {
    let host = Host::new();
    host.file("/etc/hosts", "10.0.0.7 web\n");
    host.file("/usr/local/ilogtail/config.json", "{");
    let daemon = host.run("/usr/local/ilogtail/ilogtail");
    let main = host.run("/usr/local/loglistener-2.8.9/bin/loglistener");
    let mut reader = reader(&host);
    let settings = Settings::default();

    let reading = reader.read(&settings, some_time(), false).await;
    let names: Vec<&str> = reading.agents.iter().map(|(settings, _)| settings.name.as_str()).collect();
    assert_eq!(names, ["paired", "versioned"]);
    let (settings_of, logtail) = &reading.agents[0];
    assert_eq!(settings_of.install_dir.as_deref(), Some(Path::new("/usr/local/ilogtail")));
    assert_eq!(logtail.processes.known().unwrap()[0].pid, daemon.pid());
    assert!(logtail.installation.known().unwrap().binary.is_some());
    assert!(logtail.config.as_ref().unwrap().content().is_some());
    let listener = &reading.agents[1].1.processes.known().unwrap()[0];
    assert_eq!((listener.pid, listener.role_by_name.clone()), (main.pid(), Some(Role::MAIN)));
    let hosts = reading.host.hosts.content().unwrap();
    assert_eq!(hosts.lines[0].names, ["web"]);
    assert!(!reading.host.hostname.known().unwrap().is_empty());
    assert_eq!(reading.errors, []);

    main.kill();
    drop(daemon);
    std::fs::remove_dir_all(host.at("/usr/local")).unwrap();
    let reading = reader.read(&settings, some_time(), false).await;
    assert_eq!(reading.agents.len(), 2);
    assert_eq!(reading.agents[0].1.processes.known().unwrap().len(), 0);
    let zombie = &reading.agents[1].1.processes.known().unwrap()[0];
    assert_eq!((zombie.pid, zombie.state), (main.pid(), ProcessState::Defunct));

    reader.reload(|_| true);
    let reading = reader.read(&settings, some_time(), false).await;
    assert_eq!(reading.agents.len(), 0);
}

#[tokio::test]
async fn the_built_in_kinds_are_found_where_their_installers_put_them() {
    let host = Host::new();
    let dir = "/usr/local/ilogtail";
    host.file(
        &format!("{dir}/ilogtail_config.json"),
        r#"{"config_server_address" : "http://logtail.cn-hangzhou.log.aliyuncs.com",
            "data_server_list" : [{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou.log.aliyuncs.com"}]}"#,
    );
    let record =
        r#"{"ip" : "172.16.2.200", "logtail_version" : "1.3.1", "update_time" : "2022-12-27 05:38:33"}"#;
    host.file(&format!("{dir}/app_info.json"), record);
    host.file("/etc/ilogtail/users/1234567890123456", "");
    host.file("/etc/ilogtail/user_defined_id", "web\n");
    host.program("/usr/local/loglistener-2.8.9/bin/loglistener");
    let worker = host.run(&format!("{dir}/ilogtail_1.3.1"));
    let mut reader = reader(&host);
    reader.profiles = PROFILES;
    let reading = reader.read(&Settings::default(), some_time(), false).await;
    let found: Vec<_> = reading.agents.iter().map(|(_, facts)| (&*facts.name, facts.kind)).collect();
    assert_eq!(found, [("logtail", "logtail"), ("loglistener", "loglistener")]);
    let logtail = &reading.agents[0].1;
    assert_eq!(logtail.record.as_ref().unwrap().content().unwrap().version.as_deref(), Some("1.3.1"));
    assert_eq!(logtail.processes.known().unwrap()[0].pid, worker.pid());
    assert_eq!(logtail.record.as_ref().unwrap().content().unwrap().ip.as_deref(), Some("172.16.2.200"));
    let users = logtail.users.as_ref().unwrap().names.known().unwrap();
    assert_eq!(users.as_deref(), Some(&["1234567890123456".to_owned()][..]));
    assert_eq!(logtail.identifiers.as_ref().unwrap().content().unwrap(), &["web"]);
    let listener = reading.agents[1].1.installation.known().unwrap();
    assert_eq!(listener.binary.as_deref(), Some(Path::new("/usr/local/loglistener-2.8.9/bin/loglistener")));
}

#[tokio::test]
async fn each_fact_that_cannot_be_read_is_counted_once_and_spoils_no_other() {
    let host = Host::new();
    host.dir("/usr/local/ilogtail");
    host.dir("/etc");
    for fifo in ["/etc/hosts", "/usr/local/ilogtail/config.json"] {
        mkfifoat(CWD, host.at(fifo), Mode::RUSR | Mode::WUSR).unwrap();
    }
    host.file("/usr/local/ilogtail/app_info.json", "2022-12-27 05:38:33");
    let reading = reader(&host).read(&Settings::default(), some_time(), false).await;
    assert_eq!(reading.errors, [(None, "file"), (Some("paired".into()), "file")]);
    let record = reading.agents[0].1.record.as_ref().unwrap();
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1_672_119_513);
    assert_eq!(record.content().unwrap().update_time_candidates, [epoch]);
}

#[tokio::test]
async fn without_a_procfs_files_are_read_and_processes_unknown() {
    let host = Host::new();
    host.file("/usr/local/ilogtail/app_info.json", "2022-12-27 05:38:33");
    let mut reader = reader(&host);
    reader.options.procfs = Some(host.at("/no/such/proc"));
    let reading = reader.read(&Settings::default(), some_time(), false).await;
    let facts = &reading.agents[0].1;
    assert_eq!(facts.processes.why().map(|why| why.reason), Some(Reason::NoSource));
    assert!(facts.record.as_ref().unwrap().content().is_some());
    assert!(facts.config.as_ref().unwrap().state.why().is_some(), "a variable may name another");
    assert_eq!(reading.errors, [(Some("paired".into()), "process")]);

    std::fs::remove_dir_all(host.at("/usr")).unwrap();
    reader.reload(|_| true);
    let reading = reader.read(&Settings::default(), some_time(), false).await;
    assert_eq!(reading.errors, [(Some("paired".into()), "process")], "its processes may still run");
    reader = super::tests::reader(&host);
    reader.options.procfs = Some(host.at("/no/such/proc"));
    let reading = reader.read(&Settings::default(), some_time(), false).await;
    assert_eq!(reading.errors, [(None, "process")]);
    assert_eq!(reading.host.hosts.state, Reading::Known(FileState::Missing));
}

#[tokio::test]
async fn a_procfs_mounted_below_the_root_is_the_one() {
    let host = Host::new();
    for pid in [1, 10] {
        host.file(&format!("/proc/{pid}/stat"), "1 (x) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0 0");
        host.file(
            &format!("/proc/{pid}/status"),
            "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t1\n",
        );
    }
    host.file("/proc/10/stat", "10 (ilogtail) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0 0");
    host.dir("/usr/local/ilogtail");
    let reading = reader(&host).read(&Settings::default(), some_time(), false).await;
    assert_eq!(reading.agents[0].1.processes.known().unwrap()[0].pid, 10);
}

#[tokio::test]
async fn the_resolver_is_asked_only_when_told() {
    let host = Host::new();
    let mut reader = reader(&host);
    let unasked = reader.read(&Settings::default(), some_time(), false).await;
    assert_eq!(unasked.host.hostname_addresses.why().map(|why| why.reason), Some(Reason::NotYet));
    let asked = reader.read(&Settings::default(), some_time(), true).await.host.hostname_addresses;
    assert_ne!(asked.why().map(|why| why.reason), Some(Reason::NotYet));
    let kept = reader.read(&Settings::default(), some_time(), false).await.host.hostname_addresses;
    assert_eq!(kept, asked);
}

#[tokio::test]
async fn a_process_that_executes_an_agents_program_late_is_found_by_the_event_or_by_looking_at_all() {
    let host = Host::new();
    let stat = |pid: u32, comm: &str| {
        host.file(
            &format!("/proc/{pid}/stat"),
            format!("{pid} ({comm}) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0 0"),
        );
    };
    host.file("/proc/10/status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t10\n");
    host.dir("/usr/local/ilogtail");
    for told in [true, false] {
        let mut reader = reader(&host);
        reader.executions_are_told(told);
        let settings = Settings::default();
        let mut running = async |event: bool| {
            let reading = if event {
                reader.read_changes(&settings, some_time(), Changes::START, false).await
            } else {
                reader.read(&settings, some_time(), false).await
            };
            reading.agents[0].1.processes.known().unwrap().len()
        };
        stat(1, "x");
        stat(10, "sh");
        for _ in 0..2 {
            assert_eq!(running(false).await, 0);
        }
        stat(10, "ilogtail");
        assert_eq!(running(false).await, usize::from(!told));
        if told {
            assert_eq!((running(false).await, running(false).await), (0, 0));
            assert_eq!(running(false).await, 1, "every fourth reading looks at all");
        }
        stat(10, "sh");
        for _ in 0..3 {
            running(false).await;
        }
        stat(10, "ilogtail");
        assert_eq!(running(true).await, 1);
        assert_eq!(running(false).await, 1);
    }
}

/// A daemon that was executed by an old process, and a worker that is new: both are found at once, or one by one.
#[tokio::test]
async fn an_execution_that_a_new_process_explains_is_looked_into_no_further_until_the_next() {
    let host = Host::new();
    let process = |pid: u32, comm: &str| {
        host.file(
            &format!("/proc/{pid}/stat"),
            format!("{pid} ({comm}) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0 0"),
        );
        let status = format!("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t{pid}\n");
        host.file(&format!("/proc/{pid}/status"), status);
    };
    host.dir("/usr/local/ilogtail");
    process(1, "x");
    process(10, "sh");
    let mut reader = reader(&host);
    let settings = Settings::default();
    for _ in 0..2 {
        reader.read(&settings, some_time(), false).await;
    }
    let mut running = async |changes: Changes| {
        let reading = reader.read_changes(&settings, some_time(), changes, false).await;
        reading.agents[0].1.processes.known().unwrap().iter().map(|process| process.pid).collect::<Vec<_>>()
    };
    process(10, "ilogtail");
    process(11, "ilogtail");
    assert_eq!(running(Changes::START).await, [11]);
    assert_eq!(running(Changes::SETUP).await, [11]);
    assert_eq!(running(Changes::START).await, [10, 11]);
}
