//! LogListener: every fault of its prerequisites, and the way back.

use crate::support::{Answer, Host, fault, fault_at_start, layouts::*};

#[test]
fn a_healthy_loglistener_is_silent() {
    let host = Host::with_loglistener();
    host.exporter().shows(&[]);
}

#[test]
fn a_healthy_loglistener_meets_every_expectation() {
    let host = Host::with_loglistener();
    host.exporter_of(EXPECT_CLS).shows(&[]);
}

/// Kills one of the three processes, and starts it again.
#[track_caller]
fn killed(name: &str, expected: &[&str]) {
    let host = Host::with_loglistener();
    fault(&host, None, |host| host.kill_all(name), expected, |host| host.start_loglistener(name));
}

#[test]
fn its_main_process_was_killed() {
    killed("loglistener", &["processes failing worker_missing"]);
}

#[test]
fn its_daemon_was_killed() {
    killed("loglistenerm", &["processes failing daemon_missing"]);
}

#[test]
fn its_update_process_was_killed() {
    killed("loglisteneru", &["processes ok update_process_missing(w)"]);
}

#[test]
fn all_its_processes_were_killed() {
    let host = Host::with_loglistener();
    let names = ["loglistener", "loglistenerm", "loglisteneru"];
    let kill = |host: &Host| names.iter().for_each(|name| host.kill_all(name));
    let start = |host: &Host| names.iter().for_each(|name| host.start_loglistener(name));
    fault(&host, None, kill, &["processes failing not_running"], start);
}

#[test]
fn since_2_2_8_two_processes_are_enough_if_no_daemon_was_ever_seen() {
    let host = Host::with_loglistener();
    host.write(&format!("{LOGLISTENER}/version.txt"), "2.8.5\n");
    host.kill_all("loglistenerm");
    host.exporter().shows(&[]);
}

/// Restarts LogListener with this config, and then with the right one. It exists at the start, so that it was loaded.
#[track_caller]
fn config(text: &str, expectation: Option<&str>, expected: &[&str]) {
    let host = Host::with_loglistener();
    host.write(CONF, text);
    fault_at_start(&host, expectation, expected, |host| {
        host.write(CONF, CONF_TEXT);
        restart(host);
    });
}

fn restart(host: &Host) {
    host.kill_all("loglistener");
    host.start_loglistener("loglistener");
}

#[test]
fn group_ip_is_not_the_groups() {
    let text = CONF_TEXT.replace("172.16.2.200", "172.16.2.201");
    let host = Host::with_loglistener();
    host.ip("address add 172.16.2.201/24 dev eth0");
    host.write(CONF, text);
    fault_at_start(&host, Some(EXPECT_CLS), &["ip failing group_ip_mismatch"], |host| {
        host.write(CONF, CONF_TEXT);
        restart(host);
    });
}

#[test]
fn group_ip_is_no_longer_on_the_host() {
    let host = Host::with_loglistener();
    let undo = |host: &Host| {
        host.ip("address add 172.16.2.200/24 dev eth0");
        host.ip("route replace default via 172.16.2.1");
    };
    fault(&host, None, Host::change_address, &["ip failing ip_not_on_host"], undo);
}

#[test]
fn group_ip_is_empty() {
    config(&CONF_TEXT.replace("group_ip = 172.16.2.200", "group_ip ="), None, &["ip failing ip_empty"]);
}

#[test]
fn a_label_is_set_and_the_group_goes_by_address() {
    config(
        &CONF_TEXT.replace("group_label =", "group_label = web"),
        Some(EXPECT_CLS),
        &["ip failing group_label_conflict"],
    );
}

const EXPECT_LABEL: &str = "
agents:
  - { name: cls, kind: loglistener, expect: { server_group_label: web } }
";

#[test]
fn the_label_is_one_of_the_list() {
    let host = Host::with_loglistener();
    host.edit(CONF, "group_label =", "group_label = db , web");
    host.exporter_of(EXPECT_LABEL).shows(&[]);
}

#[test]
fn the_label_is_empty() {
    let host = Host::with_loglistener();
    let exporter = host.exporter_of(EXPECT_LABEL);
    exporter.shows(&["custom_identifier failing custom_identifier_empty"]);
}

#[test]
fn the_label_is_another() {
    let host = Host::with_loglistener();
    host.edit(CONF, "group_label =", "group_label = db");
    host.exporter_of(EXPECT_LABEL).shows(&["custom_identifier failing custom_identifier_mismatch"]);
}

#[test]
fn the_group_is_entered_as_a_range() {
    let host = Host::with_loglistener();
    let exporter = host
        .exporter_of("agents: [{ kind: loglistener, expect: { server_group_ip: 172.16.2.1-172.16.2.254 } }]");
    exporter.shows(&["ip failing group_ip_is_range"]);
}

#[test]
fn the_key_is_missing() {
    config(
        &CONF_TEXT.replace("secret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\n", ""),
        None,
        &["credentials failing credentials_missing"],
    );
}

#[test]
fn the_key_is_a_placeholder() {
    config(
        &CONF_TEXT.replace("Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        None,
        &["credentials failing credentials_placeholder"],
    );
}

#[test]
fn the_key_is_malformed() {
    config(
        &CONF_TEXT.replace("AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "1250000000"),
        None,
        &["credentials failing credentials_malformed"],
    );
}

#[test]
fn the_server_is_of_another_region() {
    config(
        &CONF_TEXT.replace("ap-guangzhou", "ap-beijing"),
        Some(EXPECT_CLS),
        &["clock unknown", "network failing", "startup_parameters failing region_mismatch"],
    );
}

#[test]
fn the_server_refuses() {
    let host = Host::with_loglistener();
    let undo = |host: &Host| host.serve(CLS, Answer::Status(404));
    let expected = ["clock unknown", "network failing connection_refused"];
    fault(&host, None, |host| host.refuse(CLS), &expected, undo);
}

#[test]
fn a_server_that_says_nothing_is_up_but_tells_no_time() {
    let host = Host::with_loglistener();
    host.serve(CLS, Answer::Silence);
    host.exporter().shows(&["clock unknown"]);
}

#[test]
fn the_config_was_edited_while_it_ran() {
    let host = Host::with_loglistener();
    let edit = |host: &Host| host.edit(CONF, "memory_tight_mode = false", "memory_tight_mode = true");
    fault(&host, None, edit, &["restart ok restart_required(w)"], restart);
}

#[test]
fn the_config_is_gone() {
    let host = Host::with_loglistener();
    let undo = |host: &Host| host.write(CONF, CONF_TEXT);
    let expected = ["clock unknown", "network unknown", "startup_parameters failing config_missing"];
    fault(&host, None, |host| host.remove(CONF), &expected, undo);
}

#[test]
fn the_new_architecture_is_silent() {
    let host = Host::new();
    host.add_site("169.254.0.55", &["ap-guangzhou.cls.tencentyun.com"]);
    host.serve(CLS, Answer::Status(404));
    host.write(
        "/opt/loglistener/conf/loglistener.yaml",
        "host: ap-guangzhou.cls.tencentyun.com\nport: 80\nagent_ip: 172.16.2.200\nagent_labels: []\ndynamic_ip: false\n",
    );
    host.install_stand_in("/opt/loglistener/loglistener");
    host.start_in("/opt/loglistener", &["./loglistener"], []);
    host.until_running("loglistener", 1);
    let exporter = host.exporter();
    exporter.shows(&[]);
    let seen = exporter.scrape();
    assert_eq!(seen.value("logagent_processes_expected", &[("role", "main")]), Some(1.0));
    let credentials = |sample: &&crate::support::Sample| sample.label("prerequisite") == "credentials";
    assert_eq!(seen.of("logagent_prerequisite_status").find(credentials), None, "keys are not in the file");
}

/// Programs of the first generation, each with its arguments.
const FIRST: [(&str, &[&str]); 3] = [
    ("loglistener_watchdog", &[]),
    ("loglistener_dcc", &["../etc/loglistener_dcc.conf", "nofork"]),
    ("loglistener_mcd", &["../etc/loglistener_mcd.conf", "nofork"]),
];

fn start_first(host: &Host, name: &str) {
    let (_, arguments) = FIRST.iter().find(|(program, _)| *program == name).unwrap();
    let program = format!("./{name}");
    let command: Vec<&str> = std::iter::once(program.as_str()).chain(arguments.iter().copied()).collect();
    host.start_in("/usr/local/loglistener/bin", &command, []);
    let kept: String = name.chars().take(15).collect();
    host.until_running(&kept, 1);
}

fn first_generation() -> Host {
    let host = Host::new();
    host.add_site("169.254.0.55", &["ap-guangzhou.cls.tencentyun.com"]);
    host.serve(CLS, Answer::Status(404));
    for config in ["dcc", "mcd"] {
        host.write(&format!("{LOGLISTENER}/etc/loglistener_{config}.conf"), "whatever 1.1.2 has in it\n");
    }
    for (name, _) in FIRST {
        host.install_stand_in(&format!("{LOGLISTENER}/bin/{name}"));
        start_first(&host, name);
    }
    host
}

#[test]
fn the_first_generation_is_silent_and_each_of_its_programs_is_missed() {
    let host = first_generation();
    // Its config does not contain the server, but the expectations do.
    let exporter = host.exporter_of(EXPECT_CLS);
    exporter.shows(&[]);
    for role in ["daemon", "main", "update"] {
        let seen = exporter.scrape();
        assert_eq!(seen.value("logagent_processes", &[("role", role)]), Some(1.0), "{role}");
        assert_eq!(seen.value("logagent_processes_expected", &[("role", role)]), Some(1.0), "{role}");
    }
    for (name, expected) in [
        ("loglistener_watchdog", "processes failing daemon_missing"),
        ("loglistener_dcc", "processes ok update_process_missing(w)"),
        ("loglistener_mcd", "processes failing worker_missing"),
    ] {
        let kept: String = name.chars().take(15).collect();
        host.kill_all(&kept);
        exporter.shows(&[expected]);
        start_first(&host, name);
        exporter.shows(&[]);
    }
    let report = exporter.report().to_string();
    assert!(!report.contains("whatever 1.1.2"), "{report}");
}

#[test]
fn without_an_expectation_the_server_of_the_first_generation_is_unknown() {
    first_generation().exporter().shows(&["clock unknown", "network unknown"]);
}
