//! An exporter that is not root and has no capability, while the agent is root's.

use crate::support::{Host, User, layouts::*};

/// Variables that it cannot read may name another config, an address or a proxy: what depends on them is unknown.
const UNREAD: &[&str] = &["clock unknown", "ip unknown", "network unknown", "startup_parameters unknown"];

#[test]
fn it_finds_the_agent_and_says_what_it_could_not_read() {
    let host = Host::with_logtail();
    let exporter = host.exporter_with(User::Nobody, None, &[]);
    exporter.shows(UNREAD);
    let seen = exporter.scrape();
    for role in ["daemon", "worker"] {
        assert_eq!(seen.value("logagent_processes", &[("role", role)]), Some(1.0));
        assert_eq!(seen.value("logagent_process_open_fds", &[("role", role)]), None, "not readable");
        assert!(seen.value("logagent_process_resident_memory_bytes", &[("role", role)]).is_some());
    }
    let report = exporter.report().to_string();
    assert!(report.contains("denied") && report.contains("environ"), "{report}");

    host.signal("KILL", host.worker());
    exporter.until("the dead worker", |seen| {
        seen.value("logagent_problem", &[("cause", "worker_missing")]) == Some(1.0)
    });
    host.restart_logtail();
    exporter
        .until("the worker", |seen| seen.value("logagent_problem", &[("cause", "worker_missing")]).is_none());
}

#[test]
fn programs_with_the_agents_name_in_their_arguments_are_none_of_its() {
    let host = Host::with_logtail();
    host.install_stand_in("/opt/tools/grep");
    host.start_in(LOGTAIL, &["/opt/tools/grep", "ilogtail"], []);
    host.until_running("grep", 1);
    let exporter = host.exporter_with(User::Nobody, None, &[]);
    exporter.shows(UNREAD);
    assert_eq!(exporter.scrape().sum("logagent_processes"), 2.0);
}

#[test]
fn processes_that_are_hidden_are_not_taken_for_gone() {
    let host = Host::with_logtail();
    host.sh("mount -o remount,hidepid=2 /proc");
    let exporter = host.exporter_with(User::Nobody, None, &[]);
    exporter.shows(&[
        "clock unknown",
        "ip unknown",
        "network unknown",
        "processes unknown",
        "startup_parameters unknown",
    ]);
    assert!(exporter.report().to_string().contains("hidepid"));
}
