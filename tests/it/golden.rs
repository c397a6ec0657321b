//! The exact output for a healthy and for a failing machine: `tests/golden/e2e/` holds the metrics, the report and the
//! diagnosis. `UPDATE=1` accepts the current output; review the difference.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;

use crate::support::{Host, layouts::*};

/// Metrics whose value depends on when and where a test runs, by the end of their name.
const VOLATILE: [&str; 9] = [
    "_seconds",
    "_seconds_total",
    "_bytes",
    "_fds",
    "_threads",
    "logagent_clock_synchronized",
    "logagent_clock_steps_total",
    "logagent_evaluations_total",
    "logagent_observation_errors_total",
];

/// Keys of the report whose value does.
const VOLATILE_KEYS: [&str; 12] = [
    "taken_at",
    "clock",
    "exporter",
    "since",
    "newest_start",
    "cpu_seconds",
    "resident_memory_bytes",
    "open_fds",
    "threads",
    "modified",
    "certificate_not_after",
    "phase_seconds",
];

/// Replaces values that differ from run to run: times, process ids, and the offset of the clock.
fn masked(host: &Host, text: &str) -> String {
    let mut names = BTreeMap::from([(host.instance_epoch(), "EPOCH")]);
    for process in host.named("ilogtail") {
        names.insert(process.pid.to_string(), if process.parent == 1 { "DAEMON" } else { "WORKER" });
    }
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if let Some((before, _)) = line.split_once('±') {
            out.push_str(before.trim_end_matches(|c: char| c.is_ascii_digit() || " s.+-".contains(c)));
            out.push_str(" …\n");
            continue;
        }
        for piece in line.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || ":.+-".contains(c))) {
            let token = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let rest = &piece[token.len()..];
            let is_time = token.get(4..5) == Some("-") && token.get(10..11) == Some("T");
            out.push_str(if is_time { "TIME" } else { names.get(token).copied().unwrap_or(token) });
            out.push_str(rest);
        }
    }
    out
}

/// The metrics without the values that vary.
fn metrics(host: &Host, text: &str) -> String {
    let mut out = String::new();
    // The kernel's clock status is that of the real machine.
    for line in text.lines().filter(|line| !line.contains("source=\"kernel\"")) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        if name == "logagent_exporter_build_info" {
            out.push_str("logagent_exporter_build_info{…} 1");
        } else if line.starts_with('#') || !VOLATILE.iter().any(|end| name.ends_with(end)) {
            out.push_str(line);
        } else {
            out.push_str(line.rsplit_once(' ').unwrap().0);
            out.push_str(" …");
        }
        out.push('\n');
    }
    masked(host, &out)
}

/// The report without the values that vary.
fn report(host: &Host, mut report: Value) -> String {
    mask(&mut report);
    masked(host, &format!("{report:#}\n"))
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if !VOLATILE_KEYS.contains(&key.as_str()) {
                    mask(value);
                } else if !value.is_null() {
                    *value = "…".into();
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/e2e").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    for (line, (said, expected)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(
            said,
            expected,
            "{}, line {}; UPDATE=1 accepts what is said now",
            path.display(),
            line + 1
        );
    }
    assert_eq!(text.lines().count(), golden.lines().count(), "{}: lines", path.display());
}

fn all_forms(host: &Host, name: &str, verdict: &[&str]) {
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(verdict);
    compare(&format!("{name}.metrics.txt"), &metrics(host, &exporter.get("/metrics")));
    compare(&format!("{name}.report.json"), &report(host, exporter.report()));
    for language in ["en", "zh"] {
        let said =
            host.check_with(crate::support::User::Root, Some(EXPECT_ALL), &["--lang", language]).stdout;
        compare(&format!("{name}.check.{language}.txt"), &masked(host, &said));
    }
}

#[test]
fn a_healthy_machine() {
    all_forms(&Host::with_logtail(), "healthy", &[]);
}

#[test]
fn a_failing_machine() {
    let host = Host::with_logtail();
    host.refuse(DATA);
    host.write(IDENTIFIERS, "web-fleet\r\n");
    host.rename(&format!("{USERS}/1234567890123456"), &format!("{USERS}/6543210987654321"));
    let hosts = host.read("/etc/hosts");
    host.write("/etc/hosts", format!("{hosts}10.9.9.9 web-1\n"));
    host.signal("STOP", host.worker());
    all_forms(
        &host,
        "failing",
        &[
            "custom_identifier failing custom_identifier_mismatch",
            "ip failing hosts_binding_not_on_host(w) ip_differs_from_hosts_binding",
            "network failing connection_refused",
            "processes failing process_stopped",
            "user_identifier failing user_identifier_mismatch",
        ],
    );
}

/// The diagnosis in both languages; each line fits a terminal of 80 columns, unless it is a command or another single word.
fn diagnoses(host: &Host, name: &str) {
    for language in ["en", "zh"] {
        // The clock status is that of the real machine's kernel.
        let config = "agents: [{ kind: logtail, ignore: [clock_unsynchronized] }]";
        let said = host.check_with(crate::support::User::Root, Some(config), &["--lang", language]).stdout;
        for line in said.lines() {
            let is_one_word = line.trim_start().starts_with('`') || line.split_whitespace().count() <= 1;
            assert!(logagent_exporter::publish::words::width(line) <= 80 || is_one_word, "{line}");
        }
        compare(&format!("{name}.check.{language}.txt"), &masked(host, &said));
    }
}

#[test]
fn a_machine_with_one_fault() {
    let host = Host::with_logtail();
    host.refuse(DATA);
    diagnoses(&host, "one_fault");
}

#[test]
fn a_machine_without_name_servers_has_one_finding() {
    let host = Host::with_logtail();
    host.write("/etc/nsswitch.conf", "hosts: files dns\n");
    // Nothing listens there.
    host.write("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    let hosts = host.read("/etc/hosts");
    host.write("/etc/hosts", hosts.replace("100.115.", "# 100.115."));
    diagnoses(&host, "no_dns");
}

/// The block of a README that shows what `check` prints, between the command and the end of the block.
fn sample<'a>(readme: &'a str, command: &str) -> (&'a str, &'a str, &'a str) {
    let begin = readme.rfind(command).unwrap_or_else(|| panic!("no {command} in the README")) + command.len();
    let end = begin + readme.get(begin..).unwrap().find("```").unwrap();
    (&readme[..begin], &readme[begin..end], &readme[end..])
}

#[test]
fn the_readme_shows_what_check_prints() {
    let host = Host::with_logtail();
    host.add_parameter(r#""working_ip" : "172.16.2.201""#);
    host.sh(&format!("touch -d '3 seconds' {CONFIG}"));
    // What an operator types asks the service.
    host.sh("mkdir -p -m 700 /run/logagent-exporter");
    let _exporter = host.exporter_starting(crate::support::User::Root, None, &[]);
    for (name, language, command) in [
        ("README.md", "en", "$ sudo logagent-exporter check\n"),
        ("README.zh-CN.md", "zh", "$ sudo logagent-exporter check --lang=zh\n"),
    ] {
        let output =
            host.command("/", "logagent-exporter").args(["check", "--lang", language]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        // Values that differ from run to run, as in one of them.
        let said = masked(&host, &said)
            .replace("TIME", "2026-11-21T09:58:27Z")
            .replace("DAEMON", "47")
            .replace("WORKER", "48")
            .replace(" …\n", "…\n");
        let is_clock = |line: &&str| line.ends_with('…');
        let clock = said.lines().find(is_clock).unwrap().trim_end_matches('…').to_owned();
        let gap = " ".repeat(24 - logagent_exporter::publish::words::width(&clock));
        let said = said.replace(&format!("{clock}…"), &format!("{clock}{gap}-0.396 s ± 0.484 s (http_date)"));
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
        let readme = fs::read_to_string(&path).unwrap();
        let (before, shown, after) = sample(&readme, command);
        // Where lines break depends on how long a process id is.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if std::env::var_os("UPDATE").is_some() && words(shown) != words(&said) {
            fs::write(&path, format!("{before}{}\n{after}", said.trim_end())).unwrap();
        } else {
            assert_eq!(words(shown), words(&said), "{name}; UPDATE=1 accepts what is said now");
        }
    }
}
