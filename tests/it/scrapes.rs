//! Real scrapes, one of each kind of machine, kept in `target/tmp/scrapes`: the tests of dashboards make their fleets of
//! these, and take from them which metrics and labels exist.

use crate::{
    agent_log::{append, line},
    containers::Node,
    custom::{EXPECT, with_fluent_bit},
    support::{Certificate, Exporter, Host, User, layouts::*, pushing::address},
};

/// Keeps a scrape, which must have this verdict.
#[track_caller]
fn keep(name: &str, exporter: &Exporter<'_>, expected: &[&str]) {
    exporter.shows(expected);
    exporter.keep("/metrics", &format!("scrapes/{name}.prom"));
}

/// Keeps a scrape of a machine with this fault.
#[track_caller]
fn broken(name: &str, expected: &[&str], provoke: impl FnOnce(&Host)) {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    provoke(&host);
    keep(name, &exporter, expected);
}

#[test]
fn logtail() {
    let host = Host::with_logtail();
    keep("logtail", &host.exporter_of(EXPECT_ALL), &[]);
}

#[test]
fn loglistener() {
    let host = Host::with_loglistener();
    keep("loglistener", &host.exporter_of(EXPECT_CLS), &[]);
}

#[test]
fn custom() {
    let host = with_fluent_bit();
    keep("custom", &host.exporter_of(EXPECT), &[]);
}

#[test]
fn a_pod_reaches_nothing() {
    let host = Host::new();
    host.add_log_service();
    let node = Node::new(&host, "scrapes");
    let pod = node.pod("loongcollector-ds-x7k2p", '8');
    let _container = pod.start('a');
    let exporter = host.exporter_with(User::Unit, None, &[]);
    exporter.shows(&[]);
    host.block(DATA);
    keep("in_a_pod", &exporter, &["network failing connection_timeout"]);
}

#[test]
fn nothing_runs() {
    broken("not_running", &["processes failing not_running"], |host| host.kill_all("ilogtail"));
}

#[test]
fn a_port_is_blocked() {
    broken("connection_timeout", &["network failing connection_timeout"], |host| host.block(DATA));
}

#[test]
fn the_config_was_edited() {
    let edited = CONFIG_TEXT.replace("20971520", "10485760");
    broken("restart_required", &["restart ok restart_required(w)"], |host| host.write(CONFIG, edited));
}

#[test]
fn the_clock_is_off() {
    broken("clock_skewed", &["clock failing clock_skewed"], |host| host.set_services_ahead(1200));
}

#[test]
fn the_certificate_expires_soon() {
    let expiring = |host: &Host| host.serve_config_https(Certificate::Expiring);
    broken("certificate_expiring", &["network ok certificate_expiring(w)"], expiring);
}

#[test]
fn the_account_has_no_user_identifier() {
    let remove = |host: &Host| host.remove(USERS);
    broken("user_identifier_missing", &["user_identifier failing user_identifier_missing"], remove);
}

#[test]
fn the_reported_address_is_not_in_the_group() {
    let host = Host::with_logtail();
    host.add_interface("eth1", "10.9.0.5/24");
    host.kill_all("ilogtail");
    host.start_logtail_at("10.9.0.5");
    let expected = ["ip failing ip_not_first_interface(w) ip_not_in_group"];
    keep("ip_not_in_group", &host.exporter_of(EXPECT_ALL), &expected);
}

#[test]
fn the_config_cannot_be_read() {
    let host = Host::with_logtail();
    host.sh(&format!("chmod 600 {CONFIG}"));
    let exporter = host.exporter_with(User::Nobody, Some(EXPECT_ALL), &[]);
    let seen = exporter.until("parameters are unknown", |seen| {
        let verdict = seen.verdict();
        verdict.iter().any(|line| line.starts_with("startup_parameters unknown"))
    });
    let verdict = seen.verdict();
    keep("unreadable", &exporter, &verdict.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The agent's own log shows the last contact with the service; alerts are pushed, and one of two Alertmanagers does
/// not exist.
#[test]
fn alerts_are_pushed_and_the_agents_log_tells() {
    let host = Host::with_logtail();
    append(
        &host,
        &line(&host, "info", "config files scan done:got updates, begin to update pipelines\tadded:1"),
    );
    append(&host, &line(&host, "debug", "send data to sls succeeded, item address:0x7f00\trequest id:64E6"));
    let _pushing = host.pushing(1, &[]);
    let targets = format!("['{}', '{}']", address(0), address(1));
    let exporter = host.exporter_of(&format!(
        "{EXPECT_ALL}\nalertmanagers: [{{ static_configs: [{{ targets: {targets} }}] }}]\nlabels: {{ instance: 'web-1:10077' }}\n"
    ));
    exporter.until("all of it is told", |seen| {
        let pushed = |metric: &str, member: usize| {
            let url = format!("http://{}/api/v2/alerts", address(member));
            seen.value(&format!("logagent_alertmanager_{metric}"), &[("alertmanager", &url)]) > Some(0.0)
        };
        ["last_config_update", "last_send"].iter().all(|what| {
            seen.value(&format!("logagent_agent_{what}_timestamp_seconds"), &[("agent", "logtail")])
                > Some(0.0)
        }) && pushed("last_success_timestamp_seconds", 0)
            && pushed("notifications_sent_total", 0)
            && pushed("notifications_errors_total", 1)
    });
    keep("pushing", &exporter, &[]);
}
