//! Which processes are trusted: real users in real namespaces, before an exporter with the rights of its unit.

use serde_json::Value;

use crate::support::{Exporter, Host, Seen, User, layouts::*};

/// A user without privileges, and one who owns an installation.
const ALICE: &str = "1000";
const OWNER: &str = "1001";
/// A secret that only root may read, and the message if it leaks.
const SECRET: &str = "s3cr3t-of-root";

/// The beginning of a command line that runs what follows as this user, without any privilege.
fn by(user: &'static str) -> Vec<&'static str> {
    let ids = match user {
        ALICE => ["--reuid=1000", "--regid=1000"],
        OWNER => ["--reuid=1001", "--regid=1001"],
        other => panic!("no such user: {other}"),
    };
    [&["setpriv"][..], &ids, &["--clear-groups", "--inh-caps=-all"]].concat()
}

/// Runs a script as this user.
fn sh_by(host: &Host, user: &'static str, script: &str) {
    let command = [&by(user)[..], &["sh", "-ec", script]].concat();
    host.start(&command, [("HOME", "/opt/alice")]);
}

impl Host {
    /// The exporter as its unit runs it: not root, with the two capabilities.
    fn exporter_of_unit(&self, config: Option<&str>) -> Exporter<'_> {
        self.exporter_with(User::Unit, config, &[])
    }

    /// A home directory of Alice with the stand-in in it under this name.
    fn at_alices(&self, name: &str) -> String {
        let path = format!("/opt/alice/{name}");
        self.sh("mkdir -p /opt/alice && chown 1000:1000 /opt/alice");
        self.install_stand_in(&path);
        self.sh(&format!("chown -R 1000:1000 /opt/alice && chmod 755 {path}"));
        path
    }
}

fn not_believed(exporter: &Exporter<'_>, kind: &str) -> Option<f64> {
    exporter.scrape().value("logagent_processes_not_believed", &[("kind", kind)])
}

fn not_running(seen: &Seen) -> bool {
    seen.value("logagent_problem", &[("cause", "not_running")]) == Some(1.0)
}

fn agents(exporter: &Exporter<'_>) -> Vec<String> {
    let report = exporter.report();
    let agents = report["agents"].as_array().unwrap();
    agents.iter().map(|agent| agent["name"].as_str().unwrap().to_owned()).collect()
}

fn live(exporter: &Exporter<'_>) -> f64 {
    exporter.scrape().sum("logagent_processes")
}

#[test]
fn a_program_of_any_user_chooses_no_file_that_is_read_and_is_no_agent() {
    let host = Host::with_logtail();
    for name in ["private.json", "app.conf"] {
        host.write(&format!("/opt/alice/{name}"), format!("{SECRET}\t\r\n\"{SECRET}\": \"{SECRET}\"\n"));
    }
    let (logtail, loglistener) = (host.at_alices("ilogtail"), host.at_alices("loglistener"));
    host.sh("cd /opt/alice && chown root:root private.json app.conf && chmod 600 private.json app.conf");
    let start = [&by(ALICE)[..], &[logtail.as_str()]].concat();
    host.start(&start, [("ALIYUN_LOGTAIL_CONFIG", "/opt/alice/private.json")]);
    host.start(&[&by(ALICE)[..], &[loglistener.as_str(), "-c", "/opt/alice/app.conf"]].concat(), []);
    host.until_running("ilogtail", 4);
    host.until_running("loglistener", 1);

    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail"]);
    assert_eq!(live(&exporter), 2.0);
    assert_eq!(not_believed(&exporter, "logtail"), Some(2.0));
    let report = exporter.report();
    assert!(!report.to_string().contains(SECRET), "{report}");
    let seen = report["not_believed"].as_array().unwrap();
    let said = |entry: &Value| (entry["uid"].as_u64(), entry["executable"].as_str().map(str::to_owned));
    assert!(seen.iter().any(|entry| said(entry) == (Some(1000), Some(logtail.clone()))), "{seen:?}");
    let check = host.check_with(User::Unit, None, &[]);
    assert!(check.stdout.contains("not trusted") && !check.stdout.contains(SECRET), "{}", check.stdout);
}

#[test]
fn a_detected_agent_is_none_of_any_users_directories_however_many() {
    let host = Host::with_logtail();
    host.at_alices("ilogtail");
    let script = "for i in $(seq 40); do mkdir /opt/alice/$i; cp /opt/alice/ilogtail /opt/alice/$i/; \
                  /opt/alice/$i/ilogtail -ilogtail_daemon_flag=false; done";
    sh_by(&host, ALICE, script);
    host.until_running("ilogtail", 42);
    let exporter = host.exporter_of_unit(None);
    assert_eq!(agents(&exporter), ["logtail"]);
    assert_eq!(not_believed(&exporter, "logtail"), Some(40.0));
}

#[test]
fn who_runs_the_agents_own_program_does_not_hide_that_the_agent_is_gone() {
    let host = Host::with_logtail();
    host.start(&[&by(ALICE)[..], &[ILOGTAIL]].concat(), []);
    host.until_running("ilogtail", 4);
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    host.sh("for file in $(grep -l '^Name:.ilogtail' /proc/[0-9]*/status); do \
         if grep -q '^Uid:.0' $file; then pid=${file#/proc/}; kill -9 ${pid%/status}; fi; done");
    exporter.until("not_running", not_running);
    assert_eq!(not_believed(&exporter, "logtail"), Some(2.0));
}

#[test]
fn a_bind_mount_in_a_namespace_of_the_users_own_is_no_agent() {
    let host = Host::with_logtail();
    host.at_alices("ilogtail");
    host.kill_all("ilogtail");
    // Root inside, an unprivileged user outside; the path of the executable is that of the agent.
    let script = format!("mount --bind /opt/alice {LOGTAIL} && {ILOGTAIL}");
    let inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", script.as_str()];
    host.start(&[&by(ALICE)[..], &inside].concat(), [("ALIYUN_LOGTAIL_SYS_CONF_DIR", "/proc/1/root")]);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.until("not_running", not_running);
    assert_eq!(not_believed(&exporter, "logtail"), Some(2.0));
}

#[test]
fn a_setuid_program_under_the_agents_name_is_not_the_agent() {
    let host = Host::with_logtail();
    host.install_stand_in("/usr/local/bin/tool");
    host.sh(
        "chmod 4755 /usr/local/bin/tool; mkdir -p /opt/alice; ln -s /usr/local/bin/tool /opt/alice/ilogtail",
    );
    host.start(&[&by(ALICE)[..], &["/opt/alice/ilogtail", "-ilogtail_daemon_flag=false"]].concat(), []);
    host.until_running("ilogtail", 3);
    // Without capabilities only argv[0] and the command name are visible.
    let exporter = host.exporter_with(User::Nobody, None, &[]);
    assert_eq!(live(&exporter), 2.0);
    assert_eq!(not_believed(&exporter, "logtail"), Some(1.0));
}

#[test]
fn a_process_that_hides_its_memory_is_known_by_its_user_all_the_same() {
    let host = Host::with_logtail();
    let path = host.at_alices("ilogtail");
    // A program that may not be read runs without being dumpable: its files in /proc are root's then.
    host.sh(&format!("chown root {path}; chmod 111 {path}"));
    host.start(&[&by(ALICE)[..], &[&path, "-ilogtail_daemon_flag=false"]].concat(), []);
    host.until_running("ilogtail", 3);
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    assert_eq!(not_believed(&exporter, "logtail"), Some(1.0));
}

#[test]
fn the_owner_of_the_installation_counts_where_nobody_else_can_put_it_there() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}; chown -R 1001:1001 {LOGTAIL}"));
    host.start(&[&by(OWNER)[..], &[ILOGTAIL]].concat(), [("STAND_IN_IP", "172.16.2.200")]);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    assert_eq!((live(&exporter), not_believed(&exporter, "logtail")), (2.0, None));
    // A user who may write to the parent directory can replace it with any other.
    host.sh("chmod g+w /usr/local");
    exporter.until("that the owner no longer counts", |seen| {
        seen.value("logagent_processes_not_believed", &[("kind", "logtail")]) == Some(2.0)
    });
    exporter.until("not_running", not_running);
}

#[test]
fn whom_the_config_names_counts_by_number_and_by_name() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!(
        "rm {APP_INFO}; echo 'loguser:x:1001:1001::/:/bin/false' >>/etc/passwd; chmod 777 {LOGTAIL}"
    ));
    host.start(&[&by(OWNER)[..], &[ILOGTAIL]].concat(), [("STAND_IN_IP", "172.16.2.200")]);
    host.until_running("ilogtail", 2);
    for (run_as, counted) in
        [("", 0.0), ("run_as: [loguser]", 2.0), ("run_as: [1001]", 2.0), ("run_as: [1000]", 0.0)]
    {
        let config = EXPECT_ALL.replace("kind: logtail", &format!("kind: logtail\n    {run_as}"));
        let exporter = host.exporter_of_unit(Some(&config));
        assert_eq!(live(&exporter), counted, "{run_as}");
        assert_eq!(not_believed(&exporter, "logtail").unwrap_or(0.0), 2.0 - counted, "{run_as}");
    }
}

/// The reasons that the report gives for unknown startup parameters.
fn why_unknown(exporter: &Exporter<'_>) -> String {
    let report = exporter.report();
    let prerequisites = report["agents"][0]["prerequisites"].as_array().unwrap();
    let parameters = prerequisites.iter().find(|each| each["id"] == "startup_parameters").unwrap();
    parameters["unknown"].to_string()
}

#[test]
fn an_agent_of_a_user_has_nothing_read_that_the_user_could_not_read() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}; chown -R 1001:1001 {LOGTAIL}"));
    host.write("/etc/ilogtail/roots.json", format!("{{\"{SECRET}\": \"{SECRET}\t\"}}"));
    host.sh("chmod 600 /etc/ilogtail/roots.json");
    let environment =
        [("STAND_IN_IP", "172.16.2.200"), ("ALIYUN_LOGTAIL_CONFIG", "/etc/ilogtail/roots.json")];
    host.start(&[&by(OWNER)[..], &[ILOGTAIL]].concat(), environment);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(None);
    let why = why_unknown(&exporter);
    assert!(why.contains("uid 1001") && why.contains("mode bits"), "{why}");
    assert!(!exporter.report().to_string().contains(SECRET));
    // The same with a link of the user.
    host.sh("chown 1001 /etc/ilogtail; chmod 644 /etc/ilogtail/roots.json");
    exporter.until("that it is read once the user could", |_| !why_unknown(&exporter).contains("mode bits"));
}

#[test]
fn a_link_to_a_directory_in_a_users_installation_leads_nowhere_that_the_user_could_not_go() {
    let host = Host::with_loglistener();
    host.sh(&format!("chown -R 1001:1001 {LOGLISTENER}"));
    host.write(
        "/opt/roots/loglistener.conf",
        CONF_TEXT.replace("group_ip = ", &format!("group_ip = {SECRET}")),
    );
    host.sh("chmod 700 /opt/roots");
    let exporter = host.exporter_of_unit(Some(EXPECT_CLS));
    exporter.shows(&[]);
    sh_by(&host, OWNER, &format!("cd {LOGLISTENER} && mv etc mine && ln -s /opt/roots etc"));
    exporter.until("that the link is not followed", |_| why_unknown(&exporter).contains("symbolic link"));
    assert!(!exporter.report().to_string().contains(SECRET));
    // The user's own directory is different, and so is a link that root made.
    sh_by(&host, OWNER, &format!("cd {LOGLISTENER} && rm etc && ln -s mine etc"));
    exporter.until("the user's own directory", |_| !why_unknown(&exporter).contains("symbolic link"));
    exporter.shows(&[]);
    host.sh(&format!("cd {LOGLISTENER} && rm etc && ln -s /opt/roots etc"));
    exporter.until("root's link", |_| exporter.report().to_string().contains(SECRET));
}

/// As the kubelet mounts a `ConfigMap` with `fsGroup`: the files belong to the group and are links to a directory that
/// is replaced as a whole.
#[test]
fn a_config_map_is_read_through_its_links_and_by_whoever_is_of_its_group() {
    let host = Host::with_logtail();
    host.sh(&format!(
        "cd {LOGTAIL}
         mkdir ..1
         mv ilogtail_config.json ..1
         ln -s ..1 ..data
         ln -s ..data/ilogtail_config.json .
         chown 0:2000 ..1/*
         chmod 440 ..1/*"
    ));
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    host.sh(&format!(
        "cd {LOGTAIL}
         mkdir ..2
         echo broken >..2/ilogtail_config.json
         ln -s ..2 ..next
         mv -T ..next ..data"
    ));
    exporter.until("the next version", |seen| seen.verdict().iter().any(|of| of.contains("config_invalid")));
    host.sh(&format!("cd {LOGTAIL} && ln -s ..1 ..next && mv -T ..next ..data"));
    exporter.shows(&[]);
    drop(exporter);

    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}; chown 1001 {LOGTAIL}"));
    for (group, unread) in [("2000", false), ("2001", true)] {
        let user = ["setpriv", "--reuid=1001", "--regid=1001", "--inh-caps=-all", "--groups", group];
        host.start(&[&user[..], &[ILOGTAIL]].concat(), [("STAND_IN_IP", "172.16.2.200")]);
        host.until_running("ilogtail", 2);
        let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
        exporter.until("its config", |_| why_unknown(&exporter).contains("ilogtail_config.json") == unread);
        assert_eq!(live(&exporter), 2.0, "{group}");
        host.kill_all("ilogtail");
    }
}

#[test]
fn the_exporter_itself_gives_up_what_it_never_needs() {
    let host = Host::new();
    let exporter = host.exporter_of_unit(None);
    let status = host.sh(&format!("cat /proc/{}/task/*/status", exporter.pid));
    let all = |line: &str| {
        status.lines().filter(|each| each.starts_with(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    let threads = all("Pid:").len();
    assert!(threads >= 1, "{status}");
    assert_eq!(all("NoNewPrivs:"), vec!["NoNewPrivs:\t1"; threads]);
    assert_eq!(all("Seccomp:"), vec!["Seccomp:\t2"; threads]);
}

#[test]
fn files_of_the_kernels_own_are_read_for_nobody() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}"));
    let environment = [("STAND_IN_IP", "172.16.2.200"), ("ALIYUN_LOGTAIL_CONFIG", "/proc/1/environ")];
    host.start(&[ILOGTAIL], environment);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(None);
    let why = why_unknown(&exporter);
    assert!(why.contains("a file system of the kernel"), "{why}");
}

#[test]
fn what_root_says_under_another_root_is_said_of_files_there_and_of_none_of_the_hosts() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}"));
    host.write("/etc/secret.json", format!("{{\"{SECRET}\": \"{SECRET}\t\"}}"));
    let script = "mkdir -p /opt/jail && mount -t tmpfs tmpfs /opt/jail && cd /opt/jail && mkdir usr proc etc dev && \
                  mount --rbind /usr usr && mount --rbind /proc proc && mount --rbind /dev dev && \
                  for link in bin lib lib64; do ln -s usr/$link $link; done && \
                  exec chroot /opt/jail /usr/local/ilogtail/ilogtail";
    let command = ["unshare", "--mount", "sh", "-ec", script];
    host.start(&command, [("ALIYUN_LOGTAIL_CONFIG", "/etc/secret.json")]);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(None);
    let report = exporter.report();
    let agents: Vec<_> = report["agents"].as_array().unwrap().iter().map(|agent| &agent["name"]).collect();
    // The directory is the same on both sides; its agent runs there.
    assert_eq!(agents, ["logtail-container"]);
    let problem = |seen: &Seen| seen.value("logagent_problem", &[("cause", "config_missing")]);
    assert_eq!(problem(&exporter.scrape()), Some(1.0), "{report}");
    assert!(!report.to_string().contains(SECRET), "{report}");
}

#[test]
fn agents_of_root_count_in_a_mount_namespace_of_their_own() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.sh(&format!("rm {APP_INFO}"));
    // As PrivateTmp=yes does.
    let script = format!("mount -t tmpfs tmpfs /tmp && {ILOGTAIL}");
    let inside = ["unshare", "--mount", "sh", "-ec", script.as_str()];
    host.write("/etc/ilogtail/elsewhere.json", CONFIG_TEXT);
    host.remove(CONFIG);
    let environment =
        [("STAND_IN_IP", "172.16.2.200"), ("ALIYUN_LOGTAIL_CONFIG", "/etc/ilogtail/elsewhere.json")];
    host.start(&inside, environment);
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of_unit(Some(EXPECT_ALL));
    exporter.shows(&[]);
    assert_eq!((live(&exporter), not_believed(&exporter, "logtail")), (2.0, None));
}

#[test]
fn many_processes_with_long_arguments_take_no_memory() {
    let host = Host::with_logtail();
    let path = host.at_alices("loglistener");
    let script = format!(
        "a=$(head -c 4000 /dev/zero | tr '\\0' x); set --; for i in $(seq 200); do set -- \"$@\" $a; done; \
         for i in $(seq 60); do {path} \"$@\"; done"
    );
    sh_by(&host, ALICE, &script);
    host.until_running("loglistener", 60);
    let exporter = host.exporter_of_unit(None);
    assert_eq!(not_believed(&exporter, "loglistener"), Some(60.0));
    let resident = exporter.scrape().value("process_resident_memory_bytes", &[]).unwrap();
    // 60 times 800 kB would already be 48 MB.
    assert!(resident < 40e6, "{resident} bytes");
}
