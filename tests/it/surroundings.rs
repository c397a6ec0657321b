//! The surroundings of an agent: what starts it after a reboot, its disks and limits, how it died, whose identity it
//! has.

use serde_json::Value;

use crate::support::{Host, User, eventually, fault, fault_at_start, layouts::*};

/// The evidence `died_of` of the active cause, and the remedy.
fn died_of(report: &Value, cause: &str) -> Option<(String, String)> {
    let prerequisites = report["agents"][0]["prerequisites"].as_array()?;
    let mut problems = prerequisites.iter().flat_map(|of| of["problems"].as_array().into_iter().flatten());
    let problem = problems.find(|problem| problem["cause"] == cause)?;
    let told = problem["evidence"].as_array()?.iter().find(|evidence| evidence["name"] == "died_of")?;
    Some((told["value"].as_str()?.to_owned(), problem["remedy"].as_str()?.to_owned()))
}

/// True if the kernel reports how a process ended even after another process has reaped it (Linux 6.15).
fn kernel_tells_ends() -> bool {
    let release = rustix::system::uname();
    let release = release.release().to_str().unwrap();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (6, 15)
}

#[test]
fn a_disk_that_fills_and_is_full() {
    let host = Host::with_logtail();
    host.sh("mount -t tmpfs -o size=2m tmpfs /etc/ilogtail");
    host.write(&format!("{USERS}/1234567890123456"), "");
    host.write(IDENTIFIERS, "web-fleet\n");
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    host.sh("head -c 2000k /dev/zero >/etc/ilogtail/fill");
    exporter.shows(&["processes ok disk_filling(w)"]);
    host.sh("cat /dev/zero >/etc/ilogtail/rest 2>/dev/null || :");
    exporter.shows(&["processes failing disk_full"]);
    host.sh("rm /etc/ilogtail/fill /etc/ilogtail/rest");
    exporter.shows(&[]);
}

#[test]
fn a_disk_without_inodes() {
    let host = Host::with_logtail();
    host.sh("mount -t tmpfs -o nr_inodes=100 tmpfs /etc/ilogtail");
    host.write(&format!("{USERS}/1234567890123456"), "");
    host.write(IDENTIFIERS, "web-fleet\n");
    let exhaust = |host: &Host| {
        host.sh(
            "mkdir /etc/ilogtail/f; i=0; while touch /etc/ilogtail/f/$i 2>/dev/null; do i=$((i+1)); done",
        );
    };
    let undo = |host: &Host| host.remove("/etc/ilogtail/f");
    fault(&host, Some(EXPECT_ALL), exhaust, &["processes failing disk_full"], undo);
}

#[test]
fn a_disk_that_nobody_can_write_to_is_no_full_one() {
    let host = Host::with_logtail();
    host.sh("mount -t tmpfs -o size=64k tmpfs /etc/ilogtail");
    host.write(&format!("{USERS}/1234567890123456"), "");
    host.write(IDENTIFIERS, "web-fleet\n");
    host.sh("cat /dev/zero >/etc/ilogtail/fill 2>/dev/null || :; mount -o remount,ro /etc/ilogtail");
    host.exporter_of(EXPECT_ALL).shows(&[]);
}

#[test]
fn nothing_starts_it_after_a_reboot() {
    let host = Host::with_logtail();
    host.create_dir("/run/systemd/system");
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&["installed ok service_not_enabled(w)"]);
    host.write("/etc/systemd/system/ilogtaild.service", "[Service]\nExecStart=/etc/init.d/ilogtaild start\n");
    exporter.until_evaluated();
    exporter.shows(&["installed ok service_not_enabled(w)"]);
    host.link("/etc/systemd/system/multi-user.target.wants/ilogtaild.service", "../ilogtaild.service");
    exporter.shows(&[]);
}

#[test]
fn whatever_starts_it_after_a_reboot_will_do() {
    for (path, text) in [
        ("/etc/rc.local", "#!/bin/sh\n/etc/init.d/ilogtaild start\n"),
        ("/etc/cron.d/agents", "@reboot root /usr/local/ilogtail/ilogtail\n"),
        ("/etc/supervisor/conf.d/agents.conf", "[program:a]\ncommand=/usr/local/ilogtail/ilogtail\n"),
    ] {
        let host = Host::with_logtail();
        host.create_dir("/run/systemd/system");
        host.write(path, text);
        host.exporter_of(EXPECT_ALL).shows(&[]);
    }
}

#[test]
fn a_machine_without_an_init_system_and_a_container_start_nothing_at_a_reboot() {
    let host = Host::with_logtail();
    host.create_dir("/etc/rc3.d");
    host.exporter_of(EXPECT_ALL).shows(&[]);
    host.create_dir("/run/systemd/system");
    host.write("/run/.containerenv", "");
    host.exporter_of(EXPECT_ALL).shows(&[]);
    host.remove("/run/.containerenv");
}

#[test]
fn two_generations_on_one_machine() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    let other = "/usr/local/ilogtail2";
    host.write(&format!("{other}/ilogtail_config.json"), CONFIG_TEXT);
    host.install_stand_in(&format!("{other}/loongcollector"));
    host.start(&[&format!("{other}/loongcollector")], [("STAND_IN_IP", "172.16.2.200")]);
    host.until_running("loongcollector", 2);
    drop(exporter);
    // With a config only the agents in it are watched; detection finds each of them.
    let exporter = host.exporter();
    exporter.until("both are told of", |seen| {
        let of =
            |agent: &str| seen.value("logagent_problem", &[("cause", "agents_coexist"), ("agent", agent)]);
        of("logtail") == Some(1.0) && of("logtail2") == Some(1.0)
    });
    host.kill_all("loongcollector");
    exporter.until("one is none too many", |seen| {
        !seen.of("logagent_problem").any(|sample| sample.label("cause") == "agents_coexist")
    });
}

#[test]
fn a_limit_that_is_nearly_reached() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.edit(CONFIG, "\"mem_usage_limit\" : 384", "\"mem_usage_limit\" : 1");
    host.start_logtail();
    let undo = |host: &Host| {
        host.kill_all("ilogtail");
        host.write(CONFIG, CONFIG_TEXT);
        host.start_logtail();
    };
    fault_at_start(&host, None, &["processes ok resource_limit(w)"], undo);
}

#[test]
fn the_identity_of_another_instance() {
    let host = Host::with_logtail();
    host.write("/var/lib/cloud/data/instance-id", "i-bp1bbbbbbbbbbbbbbbbb\n");
    let recorded = "/etc/ilogtail/checkpoint/instance_identity";
    host.write(
        recorded,
        r#"{"instance-id" : "i-bp1aaaaaaaaaaaaaaaaa", "owner-account-id" : "1234567890123456"}"#,
    );
    let undo = |host: &Host| host.remove(recorded);
    fault_at_start(&host, Some(EXPECT_ALL), &["ip ok identity_cloned(w)"], undo);
}

#[test]
fn it_is_told_how_it_died() {
    let host = Host::with_logtail();
    let exporter = host.exporter_with(User::Unit, Some(EXPECT_ALL), &[]);
    exporter.shows(&[]);
    host.signal("ILL", host.worker());
    exporter.shows(&["processes failing worker_missing"]);
    if kernel_tells_ends() {
        let remedy = eventually("how the worker died", || {
            let report = exporter.report();
            match died_of(&report, "worker_missing") {
                Some((told, remedy)) if told == "signal 4 (SIGILL)" => Ok(remedy),
                _ => Err(report.to_string()),
            }
        });
        assert!(remedy.starts_with("1. The processor does not support an instruction"), "{remedy}");
    } else {
        assert_eq!(died_of(&exporter.report(), "worker_missing"), None, "nobody can know");
    }
    host.signal("TERM", host.daemon());
    exporter.shows(&["processes failing not_running"]);
    if !kernel_tells_ends() {
        assert_eq!(died_of(&exporter.report(), "not_running"), None, "nobody can know");
        return;
    }
    // The kernel reports each once it is reaped, in any order; a requested exit explains nothing.
    let remedy = eventually("how it died", || {
        let report = exporter.report();
        match died_of(&report, "not_running") {
            Some((told, remedy)) if told == "signal 4 (SIGILL)" => Ok(remedy),
            _ => Err(report.to_string()),
        }
    });
    assert!(remedy.starts_with("1. The processor does not support an instruction"), "{remedy}");
    host.start_logtail();
    exporter.shows(&[]);
}

#[test]
fn it_is_told_how_its_daemon_died_while_the_worker_lives() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    host.signal("ABRT", host.daemon());
    exporter.shows(&["processes failing daemon_missing"]);
    if !kernel_tells_ends() {
        assert_eq!(died_of(&exporter.report(), "daemon_missing"), None, "nobody can know");
        return;
    }
    let remedy = eventually("how it died", || {
        let report = exporter.report();
        match died_of(&report, "daemon_missing") {
            Some((told, remedy)) if told == "signal 6 (SIGABRT)" => Ok(remedy),
            _ => Err(report.to_string()),
        }
    });
    assert!(remedy.starts_with("1. It crashed because of a defect of its own."), "{remedy}");
    host.restart_logtail();
    exporter.shows(&[]);
}

/// A separate control group, of the version that limits memory on this kernel.
fn bounded(host: &Host) -> (String, &'static str) {
    let group = format!("test-{}", std::process::id());
    host.sh(&format!(
        "mkdir -p /sys/fs/cgroup/memory
         if mount -t cgroup -o memory memory /sys/fs/cgroup/memory 2>/dev/null; then
             mkdir /sys/fs/cgroup/memory/{group}
             echo 64M >/sys/fs/cgroup/memory/{group}/memory.limit_in_bytes
         else
             mount -t cgroup2 cgroup /sys/fs/cgroup
             echo +memory >/sys/fs/cgroup/cgroup.subtree_control
             mkdir /sys/fs/cgroup/{group}
             echo 64M >/sys/fs/cgroup/{group}/memory.max
         fi"
    ));
    let first = format!("/sys/fs/cgroup/memory/{group}");
    let (path, version) =
        if host.at(&first).exists() { (first, "1") } else { (format!("/sys/fs/cgroup/{group}"), "2") };
    (path, version)
}

#[test]
fn it_is_told_that_it_died_for_want_of_memory() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    let (group, version) = bounded(&host);
    host.sh("mkfifo /run/eats");
    host.remove(APP_INFO);
    host.sh(&format!(
        "echo $$ >{group}/cgroup.procs
         STAND_IN_IP=172.16.2.200 STAND_IN_EATS=/run/eats {ILOGTAIL} </dev/null >/dev/null 2>&1"
    ));
    host.until_running("ilogtail", 2);
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    host.sh("timeout 30 sh -c 'echo now >/run/eats'");
    exporter
        .until("the worker is gone", |seen| seen.verdict().iter().any(|of| of.contains("worker_missing")));
    let told = |cause: &str| {
        let remedy = eventually("how it died", || {
            let report = exporter.report();
            match died_of(&report, cause) {
                Some((told, remedy)) if told.starts_with("out of memory") => Ok(remedy),
                _ => Err(format!("control groups of version {version}: {report}")),
            }
        });
        assert!(remedy.starts_with("1. It was killed for lack of memory."), "{remedy}");
    };
    told("worker_missing");
    host.signal("TERM", host.daemon());
    told("not_running");
    drop(exporter);
    host.sh(&format!("rmdir {group}"));
}
