//! The faults.

use std::{fs, path::PathBuf, process};

use crate::support::{
    Exporter, Host, PORT, User, eventually,
    layouts::{CONFIG, EXPECT_ALL, ILOGTAIL, LOGTAIL},
};

/// One fault.
pub(crate) struct Fault {
    pub(crate) what: &'static str,
    /// Before the exporter starts.
    pub(crate) prepare: Option<fn(&Host)>,
    /// Injects the fault and undoes it; returns the exporter that runs afterwards.
    pub(crate) act: for<'h> fn(&'h Host, Exporter<'h>) -> Exporter<'h>,
    /// The causes before and after it.
    pub(crate) shows: &'static [&'static str],
    pub(crate) sets_clock: bool,
    pub(crate) unprivileged: bool,
}

const fn fault(what: &'static str, act: for<'h> fn(&'h Host, Exporter<'h>) -> Exporter<'h>) -> Fault {
    Fault { what, prepare: None, act, shows: &[], sets_clock: false, unprivileged: false }
}

/// What an exporter without privileges cannot know about an agent of another user: variables that it cannot read may name
/// another config, address, proxy, or directory of identity files.
const UNREAD: &[&str] = &[
    "custom_identifier unknown",
    "ip unknown",
    "network unknown",
    "startup_parameters unknown",
    "user_identifier unknown",
];

/// All of them.
pub(crate) const FAULTS: &[Fault] = &[
    fault("the exporter is killed (`kill -9`), and started again while the config is broken", killed),
    fault("the disk is full under the log", full_disk),
    Fault { sets_clock: true, ..fault("the clock is set a day forward, and a day back", wrong_clock) },
    fault("the exporter is stopped for a while (SIGSTOP, SIGCONT)", stopped),
    Fault {
        prepare: Some(|host| host.write("/run/descriptors", "32")),
        ..fault("32 descriptors, and 60 silent clients", few_descriptors)
    },
    fault("4 MiB of memory (cgroup v1), and 200 scrapes", little_memory),
    Fault {
        unprivileged: true,
        shows: UNREAD,
        ..fault("processes are hidden from it for a while (`hidepid=2`)", hidden_processes)
    },
    fault("the root file system is read-only", read_only_root),
    fault("an interface that goes down and up 40 times", flapping_interface),
    Fault { prepare: Some(ask_dns), ..fault("a silent name server", dns_black_hole) },
    fault("the agent's config is replaced 1,000 times", replaced_config),
    fault("the agent's log, and the exporter's own, are rotated", rotated_logs),
    fault("the agent is upgraded in place", upgraded_agent),
];

/// Agents are killed and started here more often than in practice.
pub(crate) fn config() -> String {
    let config = EXPECT_ALL
        .replace("kind: logtail", "kind: logtail\n    ignore: [agent_version_defective, crash_loop]");
    assert_ne!(config, EXPECT_ALL);
    config
}

/// The causes of a broken config.
const BROKEN: &[&str] = &["startup_parameters failing config_invalid"];

fn break_config(host: &Host, exporter: &Exporter<'_>) {
    let good = host.read(CONFIG);
    host.write(CONFIG, "{");
    exporter.until("the broken config", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("startup_parameters failing"))
    });
    host.write(CONFIG, good);
    exporter.shows(&[]);
}

fn killed<'h>(host: &'h Host, mut exporter: Exporter<'h>) -> Exporter<'h> {
    exporter.signal("KILL");
    assert_eq!(exporter.ends().0, None, "it was killed");
    drop(exporter);
    let good = host.read(CONFIG);
    host.write(CONFIG, "{");
    let exporter = host.exporter_with(User::Root, Some(&config()), &["--evaluation.interval=1s"]);
    exporter.until("the broken config", |seen| {
        seen.verdict()
            .iter()
            .any(|line| BROKEN.contains(&line.as_str()) || line.starts_with("startup_parameters failing"))
    });
    host.write(CONFIG, good);
    // It has only seen the broken config: the agent has loaded another one.
    host.restart_logtail();
    exporter.shows(&[]);
    exporter
}

fn full_disk<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    drop(exporter);
    host.sh("mkdir -p /run/small && mount -t tmpfs -o size=64k tmpfs /run/small");
    let log = fs::File::create(host.at("/run/small/log")).unwrap();
    host.sh("head -c 1000000 /dev/zero >/run/small/rest 2>/dev/null || :");
    let flags = ["--evaluation.interval=1s"];
    let exporter =
        host.exporter_logging_to(log.try_clone().unwrap(), log, User::Root, Some(&config()), &flags);
    let dropped = || exporter.scrape().value("logagent_log_lines_dropped_total", &[]).unwrap_or_default();
    eventually("lines are dropped", || {
        let _refused = host.request(PORT, "no request", "/", &[]);
        if dropped() > 0.0 { Ok(()) } else { Err("none".to_owned()) }
    });
    exporter.shows(&[]);
    break_config(host, &exporter);
    host.sh("rm /run/small/rest");
    eventually("the log goes on", || {
        let _refused = host.request(PORT, "no request", "/", &[]);
        let log = host.read("/run/small/log");
        if log.contains("a connection ended early") { Ok(()) } else { Err(log) }
    });
    exporter
}

fn wrong_clock<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    for (there, back) in [("+ 86400", "- 86400"), ("- 86400", "+ 86400")] {
        host.sh(&format!("date -s \"@$(($(date +%s) {there}))\""));
        let skewed = eventually_or(&exporter, "a clock that is a day off", "clock failing");
        // The machine's clock is set back in any case.
        host.sh(&format!("date -s \"@$(($(date +%s) {back}))\""));
        skewed.unwrap();
        exporter.until("the clock is right", |seen| {
            !seen.verdict().iter().any(|line| line.starts_with("clock failing"))
        });
    }
    // The step is reported for some time, and so are process starts in the future. A new process has no history.
    drop(exporter);
    host.restart_logtail();
    host.exporter_with(User::Root, Some(&config()), &["--evaluation.interval=1s"])
}

/// Like `until`, but lets the caller tidy up before it fails.
fn eventually_or(exporter: &Exporter<'_>, what: &str, begins: &str) -> Result<(), String> {
    for _ in 0..1000 {
        let verdict = exporter.scrape().verdict();
        if verdict.iter().any(|line| line.starts_with(begins)) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    Err(format!("{what} does not show: {:?}", exporter.scrape().verdict()))
}

fn stopped<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    exporter.signal("STOP");
    let good = host.read(CONFIG);
    for number in 0..100 {
        host.write(CONFIG, format!("{{ {number}"));
    }
    exporter.goes_on();
    exporter.until("the broken config", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("startup_parameters failing"))
    });
    host.write(CONFIG, good);
    exporter.shows(&[]);
    exporter
}

fn few_descriptors<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    let silent = host.connections(PORT, 60);
    exporter.until_evaluated();
    break_config(host, &exporter);
    drop(silent);
    exporter.until_evaluated();
    exporter
}

/// A memory group; removed when dropped.
struct Group(PathBuf);

impl Group {
    fn new(bytes: u64) -> Self {
        let path = PathBuf::from(format!("/sys/fs/cgroup/memory/logagent-faults-{}", process::id()));
        fs::create_dir(&path).expect("cgroup v1 with a memory controller");
        fs::write(path.join("memory.limit_in_bytes"), bytes.to_string()).unwrap();
        Self(path)
    }

    fn counter(&self, name: &str) -> u64 {
        fs::read_to_string(self.0.join(name)).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let tasks = fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default();
        for task in tasks.lines() {
            let _gone = fs::write("/sys/fs/cgroup/memory/cgroup.procs", task);
        }
        let _left = fs::remove_dir(&self.0);
    }
}

fn little_memory<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    let group = Group::new(4 << 20);
    // Memory that is already in use is not moved, so the process is restarted in the group.
    drop(exporter);
    let shell = format!("{}", process::id());
    fs::write(group.0.join("cgroup.procs"), shell).unwrap();
    let exporter = host.exporter_with(User::Root, Some(&config()), &["--evaluation.interval=1s"]);
    fs::write("/sys/fs/cgroup/memory/cgroup.procs", process::id().to_string()).unwrap();
    for _ in 0..200 {
        exporter.scrape();
    }
    break_config(host, &exporter);
    assert!(group.counter("memory.max_usage_in_bytes") > 256 << 10, "it was charged for nothing");
    exporter
}

fn hidden_processes<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    host.sh("mount -o remount,hidepid=2 /proc");
    exporter.until("processes that are unknown, not gone", |seen| {
        let verdict = seen.verdict();
        assert!(!verdict.iter().any(|line| line.contains("not_running")), "{verdict:?}");
        verdict.iter().any(|line| line == "processes unknown")
    });
    host.sh("mount -o remount,hidepid=0 /proc");
    exporter
}

fn read_only_root<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    host.sh("mount -o remount,bind,ro / && ! touch /written 2>/dev/null");
    exporter.until_evaluated();
    break_config(host, &exporter);
    exporter
}

fn flapping_interface<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    host.sh("for i in $(seq 40); do ip link set eth0 down; ip link set eth0 up; done; ip route replace default via 172.16.2.1");
    exporter
}

fn ask_dns(host: &Host) {
    host.write("/etc/nsswitch.conf", "hosts: files dns\n");
    // An unused address: packets to it are lost.
    host.write("/etc/resolv.conf", "nameserver 203.0.113.53\n");
}

fn dns_black_hole<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    let hosts = host.read("/etc/hosts");
    host.write("/etc/hosts", "127.0.0.1 localhost\n");
    exporter.until("nothing resolves", |seen| seen.sum("logagent_endpoint_up") == 0.0);
    for _ in 0..3 {
        exporter.until_evaluated();
    }
    host.write("/etc/hosts", hosts);
    exporter
}

fn replaced_config<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    let good = host.read(CONFIG);
    let draft = format!("{CONFIG}.new");
    for number in 0..1000 {
        host.write(&draft, format!("{{ {number}"));
        host.rename(&draft, CONFIG);
    }
    exporter.until("the broken config", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("startup_parameters failing"))
    });
    host.write(&draft, good);
    host.rename(&draft, CONFIG);
    exporter
}

fn rotated_logs<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    let log = format!("{LOGTAIL}/ilogtail.LOG");
    for number in 0..20 {
        host.write(&log, format!("{number}\n").repeat(100));
        host.rename(&log, &format!("{log}.1"));
        // As logrotate does with a log that its writer keeps open.
        host.sh("cp /run/exporter.log /run/exporter.log.1 && : >/run/exporter.log");
    }
    host.remove(&format!("{log}.1"));
    break_config(host, &exporter);
    assert!(exporter.log().contains("config_invalid"), "{}", exporter.log());
    exporter
}

fn upgraded_agent<'h>(host: &'h Host, exporter: Exporter<'h>) -> Exporter<'h> {
    host.install_stand_in(ILOGTAIL);
    exporter.until("what runs is not what is installed", |seen| !seen.verdict().is_empty());
    host.restart_logtail();
    exporter
}
