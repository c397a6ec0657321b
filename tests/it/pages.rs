//! The status page of real exporters on machines in each state, kept in `target/tmp/pages`: the browser tests open
//! these at every width, and the pictures in the documents are taken from them.

use std::fmt::Write as _;

use crate::{
    custom::answer,
    support::{Certificate, Exporter, Host, User, layouts::*},
};

/// Other agents, which the exporter knows only by its config.
const OTHERS: [&str; 9] = [
    "fluent-bit",
    "fluentd",
    "filebeat",
    "vector",
    "promtail",
    "otelcol",
    "telegraf",
    "rsyslogd",
    "logstash",
];

/// Keeps the page in both languages; its problems must be these.
#[track_caller]
fn keep(name: &str, exporter: &Exporter<'_>, expected: &[&str]) {
    exporter.shows(expected);
    for language in ["en", "zh"] {
        exporter.keep(&format!("/?lang={language}"), &format!("pages/{name}-{language}.html"));
    }
}

#[test]
fn all_is_well() {
    let host = Host::with_logtail();
    keep("healthy", &host.exporter_of(EXPECT_ALL), &[]);
}

#[test]
fn the_address_is_not_in_the_machine_group() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    host.add_interface("eth1", "10.9.0.5/24");
    host.kill_all("ilogtail");
    host.start_logtail_at("10.9.0.5");
    keep("failing", &exporter, &["ip failing ip_not_first_interface(w) ip_not_in_group"]);
}

#[test]
fn a_certificate_expires_soon() {
    let host = Host::with_logtail();
    host.serve_config_https(Certificate::Expiring);
    keep("warning", &host.exporter_of(EXPECT_ALL), &["network ok certificate_expiring(w)"]);
}

#[test]
fn the_config_cannot_be_read() {
    let host = Host::with_logtail();
    host.sh(&format!("chmod 600 {CONFIG}"));
    let exporter = host.exporter_with(User::Nobody, Some(EXPECT_ALL), &[]);
    let seen = exporter.until("parameters are unknown", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("startup_parameters unknown"))
    });
    let verdict = seen.verdict();
    keep("unknown", &exporter, &verdict.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn no_agent_is_there() {
    let host = Host::new();
    keep("none", &host.exporter(), &[]);
}

#[test]
fn ten_agents_of_which_two_fail() {
    let host = Host::with_logtail();
    host.add_site("203.0.113.30", &["logs.example.com"]);
    answer(&host, 200);
    let mut config = EXPECT_ALL.to_owned();
    for name in OTHERS {
        let program = format!("/opt/{name}/bin/{name}");
        host.install_stand_in(&program);
        host.start(&[&program], []);
        host.until_running(name, 1);
        let _infallible = write!(
            config,
            "  - name: {name}\n    kind: custom\n    processes: [{{ role: worker, executable: {name}, count: 1 }}]\n    \
             endpoints: [{{ url: \"https://logs.example.com/health\", expect_status: [200] }}]\n"
        );
    }
    let exporter = host.exporter_of(&config);
    exporter.shows(&[]);
    keep("ten_well", &exporter, &[]);
    host.kill_all("filebeat");
    host.remove(IDENTIFIERS);
    let wrong = [
        "filebeat: processes failing not_running",
        "logtail: custom_identifier failing custom_identifier_missing",
    ];
    keep("ten", &exporter, &wrong);
}
