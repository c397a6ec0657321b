//! Agents that only the exporter's config describes.

use crate::support::{Answer, Certificate, Host, fault};

pub(crate) const EXPECT: &str = r#"
agents:
  - name: fluent-bit
    kind: custom
    processes: [{ role: worker, executable: fluent-bit, count: 1 }]
    files: [/etc/fluent-bit/fluent-bit.conf]
    endpoints: [{ url: "https://logs.example.com/health", expect_status: [200] }]
"#;

const FILE: &str = "/etc/fluent-bit/fluent-bit.conf";
const ENDPOINT: &str = "203.0.113.30:443";

pub(crate) fn answer(host: &Host, status: u16) {
    host.serve_tls(ENDPOINT, Certificate::Good, &["logs.example.com"], Answer::Status(status));
}

fn start(host: &Host) {
    host.start(&["/opt/fluent-bit/bin/fluent-bit", "-c", FILE], []);
    host.until_running("fluent-bit", 1);
}

pub(crate) fn with_fluent_bit() -> Host {
    let host = Host::new();
    host.add_site("203.0.113.30", &["logs.example.com"]);
    answer(&host, 200);
    host.write(FILE, "[SERVICE]\n    flush 1\n");
    host.install_stand_in("/opt/fluent-bit/bin/fluent-bit");
    start(&host);
    host
}

#[test]
fn its_process_was_killed() {
    let host = with_fluent_bit();
    fault(&host, Some(EXPECT), |host| host.kill_all("fluent-bit"), &["processes failing not_running"], start);
}

#[test]
fn its_file_was_edited() {
    let host = with_fluent_bit();
    let edit = |host: &Host| host.write(FILE, "[SERVICE]\n    flush 5\n");
    let restart = |host: &Host| {
        host.kill_all("fluent-bit");
        start(host);
    };
    fault(&host, Some(EXPECT), edit, &["restart ok restart_required(w)"], restart);
}

#[test]
fn its_file_is_gone() {
    let host = with_fluent_bit();
    let undo = |host: &Host| host.write(FILE, "[SERVICE]\n    flush 1\n");
    fault(
        &host,
        Some(EXPECT),
        |host| host.remove(FILE),
        &["startup_parameters failing config_missing"],
        undo,
    );
}

#[test]
fn its_endpoint_answers_another_status() {
    let host = with_fluent_bit();
    let expected = ["network failing unexpected_response"];
    fault(&host, Some(EXPECT), |host| answer(host, 503), &expected, |host| answer(host, 200));
}

#[test]
fn a_second_one_is_too_many() {
    let host = with_fluent_bit();
    let first = host.pids("fluent-bit");
    let more = |host: &Host| {
        host.start(&["/opt/fluent-bit/bin/fluent-bit"], []);
        host.until_running("fluent-bit", 2);
    };
    let fewer = |host: &Host| {
        let second = host.pids("fluent-bit").into_iter().find(|pid| !first.contains(pid));
        host.signal("KILL", second.expect("a second"));
    };
    fault(&host, Some(EXPECT), more, &["processes ok multiple_instances(w)"], fewer);
}

#[test]
fn it_is_not_installed() {
    let host = Host::new();
    host.add_site("203.0.113.30", &["logs.example.com"]);
    answer(&host, 200);
    let exporter = host
        .exporter_of(&EXPECT.replace("executable: fluent-bit", "executable: /opt/fluent-bit/bin/fluent-bit"));
    let seen = exporter.until("not installed", |seen| seen.of("logagent_problem").count() > 0);
    assert_eq!(
        seen.value("logagent_problem", &[("cause", "not_installed")]),
        Some(1.0),
        "{:?}",
        seen.verdict()
    );
}
