//! `check` and `healthcheck` ask the exporter that runs on the host, over its own socket.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Answer, Host, User, eventually, layouts::DATA};

/// A config that only the running exporter knows.
const EXPECTS: &str = "agents: [{ kind: logtail, expect: { machine_group_ips: [10.99.99.99] } }]";

const DIRECTORY: &str = "/run/logagent-exporter";

/// What a command of the exporter's binary prints, and its exit code.
fn said(host: &Host, arguments: &[&str]) -> (i32, String, String) {
    let output = host.command("/", "logagent-exporter").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The line that says where a diagnosis comes from; in Chinese it is wrapped once.
fn last_line(out: &str) -> &str {
    let last = out.trim_end().rsplit("\n\n").next().unwrap_or_default();
    last.lines().next().unwrap_or_default()
}

fn with_directory(host: &Host, mode: &str) {
    host.sh(&format!("mkdir -p {DIRECTORY} && chmod {mode} {DIRECTORY}"));
}

#[test]
fn check_shows_what_the_running_exporter_knows_also_behind_a_password() {
    let host = Host::with_logtail();
    with_directory(&host, "700");
    let exporter = host.exporter_of(EXPECTS);
    exporter.shows(&["ip failing ip_not_in_group"]);
    let (code, out, error) = said(&host, &["check"]);
    assert_eq!(code, 2, "{out}{error}");
    assert!(out.contains("10.99.99.99") && error.is_empty(), "what its config says is known: {out}{error}");
    assert!(last_line(&out).starts_with("as the running exporter saw it at "), "{out}");
    let (_, json, _) = said(&host, &["check", "--format=json", "--agent=logtail"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let since = exporter.report().pointer("/agents/0/prerequisites").cloned();
    assert_eq!(json.pointer("/agents/0/prerequisites").cloned(), since, "with its times");

    let (code, out, _) = said(&host, &["check", "-q"]);
    assert_eq!((code, out.as_str()), (2, ""));
    let (code, out, error) = said(&host, &["check", "--agent=other"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(error.contains("no agent \"other\" is watched, only logtail"), "{error}");
    let (_, colour, _) = said(&host, &["check", "--color=always"]);
    assert!(colour.contains("\u{1b}["), "{colour}");

    let (_, out, error) = said(&host, &["check", "--local"]);
    assert!(
        !out.contains("10.99.99.99") && !error.contains("no exporter"),
        "its own look, as asked: {out}{error}"
    );
    for (language, begin, end) in [
        ("en", "a new evaluation at ", ", not what a running exporter has found"),
        ("zh", "以上为本命令于 ", " 重新检查的结果，"),
    ] {
        let (_, out, _) = said(&host, &["check", "--local", "--lang", language]);
        assert!(last_line(&out).starts_with(begin) && out.contains(end), "{out}");
    }
    assert_eq!(said(&host, &["healthcheck"]).0, 0);
    drop(exporter);

    let hash = "$2y$05$T8/OSMqlgAByGek.2aIYfu9NvxBvvN4jkD/5qxaBF07MpUyh5LecC";
    host.write("/etc/web.yml", format!("basic_auth_users: {{joe: {hash}}}\n"));
    let exporter = host.exporter_starting(User::Root, Some(EXPECTS), &["--web.config.file=/etc/web.yml"]);
    assert_eq!(exporter.request("GET", "/metrics", &[]).status, 401);
    eventually("it is asked without a password", || {
        let (code, out, error) = said(&host, &["check"]);
        if code == 2 && out.contains("10.99.99.99") && error.is_empty() { Ok(()) } else { Err(out + &error) }
    });
    assert_eq!(said(&host, &["healthcheck"]).0, 0);
    drop(exporter);
    let (code, _, error) = said(&host, &["healthcheck"]);
    assert!(
        code == 1 && error.contains("not healthy: no exporter answers at :10077: Connection refused"),
        "{error}"
    );
}

#[test]
fn without_an_exporter_check_looks_itself_with_the_services_config_and_says_so() {
    let host = Host::with_logtail();
    let (_, out, error) = said(&host, &["check"]);
    assert!(
        error.contains("no exporter could be asked on this host") && error.contains("without a config file"),
        "{error}"
    );
    assert!(last_line(&out).starts_with("a new evaluation at "), "{out}");
    assert!(out.contains("logtail"), "{out}");
    host.create_dir("/etc/logagent-exporter");
    host.write(
        "/etc/logagent-exporter/logagent-exporter.yml",
        "agents: [{ kind: logtail, expect: { machine_group_ips: [10.99.99.99] } }]",
    );
    let (code, out, error) = said(&host, &["check"]);
    assert!(error.contains("with /etc/logagent-exporter/logagent-exporter.yml"), "{error}");
    assert_eq!(code, 2);
    assert!(out.contains("10.99.99.99"), "{out}");
}

#[test]
fn a_directory_that_others_can_write_to_is_neither_listened_in_nor_asked() {
    let host = Host::with_logtail();
    with_directory(&host, "777");
    let exporter = host.exporter_of("agents: [{ kind: logtail }]");
    exporter.shows(&[]);
    assert!(exporter.log().contains("writable by others"), "{}", exporter.log());
    with_directory(&host, "700");
    let again = said(&host, &["check"]);
    assert!(again.2.contains("no exporter could be asked"), "{again:?}");
}

#[test]
fn check_waits_for_the_first_evaluation_of_an_exporter_that_has_just_been_started() {
    let host = Host::with_logtail();
    with_directory(&host, "700");
    host.serve(DATA, Answer::Silence);
    let slow = ["--probe.timeout=1m", "--probe.interval=1m"];
    let exporter = host.exporter_starting(User::Root, Some(EXPECTS), &slow);
    eventually("a server hangs", || match host.accepted(DATA) {
        0 => Err("nobody has connected to it".to_owned()),
        _ => Ok(()),
    });
    let terminal = |language: &str, typescript: &str| {
        let script = format!(
            "exec script --quiet --flush --return --command 'logagent-exporter check --lang={language}' {typescript}"
        );
        host.command("/", "sh").args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap()
    };
    let shown = |typescript: &str| std::fs::read_to_string(host.at(typescript)).unwrap_or_default();
    let mut both = [
        ("en", "/run/en", "waiting for the first evaluation of the exporter"),
        ("zh", "/run/zh", "正在等待首次检查完成"),
    ]
    .map(|(language, typescript, waits)| (terminal(language, typescript), typescript, waits));
    for (_, typescript, waits) in &both {
        eventually("it says that it waits", || {
            let shown = shown(typescript);
            if shown.contains(waits) { Ok(()) } else { Err(shown) }
        });
    }
    assert_eq!(exporter.request("GET", "/-/ready", &[]).status, 503);
    // The server ends, and with it the probe.
    host.refuse(DATA);
    for (terminal, typescript, _) in &mut both {
        let code = terminal.wait().unwrap().code();
        let shown = shown(typescript);
        assert_eq!(code, Some(2), "{shown}");
        assert!(shown.contains("10.99.99.99"), "what is wrong: {shown}");
    }
}
