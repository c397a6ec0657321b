//! Defects of a healthy machine, each with its cause and how to undo it, while the exporter runs with
//! [`EXPECT_ALL`](super::layouts::EXPECT_ALL).

use super::{
    Answer, Host,
    layouts::{CONFIG, CONFIG_TEXT, DATA, IDENTIFIERS, ILOGTAIL},
};

/// A defect.
pub(crate) struct Breakage {
    /// The one cause that it leads to.
    pub(crate) cause: &'static str,
    /// The name of its alert.
    pub(crate) alert: &'static str,
    pub(crate) severity: &'static str,
    /// What is done to the machine.
    pub(crate) what: &'static str,
    pub(crate) provoke: fn(&Host),
    pub(crate) undo: fn(&Host),
}

const EXPORTER_CONFIG: &str = "/etc/logagent-exporter.yml";

pub(crate) static BREAKAGES: &[Breakage] = &[
    Breakage {
        cause: "worker_missing",
        alert: "LogAgentWorkerMissing",
        severity: "critical",
        what: "Logtail's worker is killed, and its daemon does not start it again",
        provoke: |host| host.signal("KILL", host.worker()),
        undo: Host::restart_logtail,
    },
    Breakage {
        cause: "config_invalid",
        alert: "LogAgentConfigInvalid",
        severity: "critical",
        what: "a comma is deleted from Logtail's config",
        provoke: |host| host.edit(CONFIG, "aliyuncs.com\",\n", "aliyuncs.com\"\n"),
        undo: |host| {
            host.write(CONFIG, CONFIG_TEXT);
            // An exporter that starts later cannot know that the loaded config is in place again.
            host.restart_logtail();
        },
    },
    Breakage {
        cause: "custom_identifier_mismatch",
        alert: "LogAgentCustomIdentifierMismatch",
        severity: "critical",
        what: "the identifier is saved by an editor for Windows, with a carriage return",
        provoke: |host| host.write(IDENTIFIERS, "web-fleet\r\n"),
        undo: |host| host.write(IDENTIFIERS, "web-fleet\n"),
    },
    Breakage {
        cause: "connection_refused",
        alert: "LogAgentConnectionRefused",
        severity: "critical",
        what: "the data server of the log service ends",
        provoke: |host| host.refuse(DATA),
        undo: |host| host.serve(DATA, Answer::LogService),
    },
    Breakage {
        cause: "ip_not_in_group",
        alert: "LogAgentIpNotInGroup",
        severity: "critical",
        what: "the machine group in the console now has another address, and the exporter is told so",
        provoke: |host| {
            host.edit(EXPORTER_CONFIG, "[172.16.2.200]", "[172.16.2.201]");
            host.reload_exporter();
        },
        undo: |host| {
            host.edit(EXPORTER_CONFIG, "[172.16.2.201]", "[172.16.2.200]");
            host.reload_exporter();
        },
    },
    Breakage {
        cause: "multiple_instances",
        alert: "LogAgentMultipleInstances",
        severity: "warning",
        what: "a second Logtail is started",
        provoke: |host| {
            host.start(&[ILOGTAIL, "-ilogtail_daemon_flag=false"], []);
            host.until_running("ilogtail", 3);
        },
        undo: |host| {
            let found = host.named("ilogtail");
            let is_parent = |pid: u32| found.iter().any(|process| process.parent == pid);
            let second = found.iter().find(|process| process.parent == 1 && !is_parent(process.pid));
            host.signal("KILL", second.expect("a second instance").pid);
        },
    },
];

impl Host {
    fn reload_exporter(&self) {
        self.sh("kill -HUP $(cat /run/exporter.pid)");
    }
}
