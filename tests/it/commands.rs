//! The commands that need no machine.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logagent-exporter")).args(arguments).env_clear().output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn explain_lists_every_cause_and_tells_all_of_one() {
    let list = stdout(&["explain"]);
    let causes: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(causes.len() > 60, "{list}");
    for cause in causes {
        assert!(stdout(&["explain", cause]).starts_with(cause));
    }
    assert!(stdout(&["explain", "clock_skewed", "--lang=zh"]).contains("时间"));
    let unknown = run(&["explain", "clock_skewd"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("clock_skewed"), "{unknown:?}");
}

#[test]
fn explain_takes_prerequisites_in_any_case_and_speaks_json() {
    let network = stdout(&["explain", "Network"]);
    assert!(network.starts_with("network\n") && network.contains("DNS_FAILURE".to_lowercase().as_str()));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&["--format=json", "explain", "DNS_FAILURE"])).unwrap();
    assert_eq!(json["prerequisite"], "network");
}

#[test]
fn config_check_names_every_problem_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exporter.yml");
    let path = path.to_str().unwrap();
    std::fs::write(path, "agents: [{ kind: logtail }]\n").unwrap();
    assert!(stdout(&["config", "check", path]).contains("ok"));
    std::fs::write(path, "agents:\n  - kind: logtial\n    expect: { network: intranett }\nclocks: {}\n")
        .unwrap();
    let output = run(&["config", "check", path]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for words in [path, "logtial", "intranett", "clocks", ":2", ":4"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn config_check_reads_standard_input_and_warns_in_the_shape_of_errors() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_logagent-exporter"))
        .args(["config", "check", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let config = "agents:\n- kind: logtail\n  expect:\n    region: cn-hangzhuo\n";
    child.stdin.take().unwrap().write_all(config.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("warning: <stdin>:4: agents[0].expect.region: ") && said.contains("cn-hangzhou"),
        "{said}"
    );
    assert_eq!(output.stdout, b"<stdin>: ok\n");
}

#[test]
fn an_address_that_is_taken_is_named_with_who_may_hold_it_and_what_to_do() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let output = run(&[&format!("--web.listen-address=127.0.0.1:{port}")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for words in [
        format!("listening on 127.0.0.1:{port}"),
        format!("sport = :{port}"),
        "--web.listen-address".to_owned(),
    ] {
        assert!(said.contains(&words), "{words}: {said}");
    }
}

#[test]
fn version_and_help_are_told() {
    assert!(stdout(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    let help = stdout(&["--help"]);
    for flag in
        ["--config.file", "--web.listen-address", "--path.rootfs", "--evaluation.interval", "--log.format"]
    {
        assert!(help.contains(flag), "{flag}: {help}");
    }
}

#[test]
fn a_root_directory_that_is_not_there_is_an_error_and_no_empty_host() {
    for (arguments, exit_code) in
        [(&["--path.rootfs=/host/missing"][..], 1), (&["check", "--path.rootfs=/host/missing"], 3)]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(exit_code), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("--path.rootfs=/host/missing") && said.contains("--volume /:/host/missing:ro"),
            "{said}"
        );
    }
}

#[test]
fn directories_that_are_no_hosts_are_an_error_and_no_host_without_agents() {
    let empty = tempfile::tempdir().unwrap();
    let root = format!("--path.rootfs={}", empty.path().display());
    let proc = format!("--path.procfs={}", empty.path().display());
    for (arguments, said) in [
        (vec!["check", &root], "not the root directory of a host"),
        (vec!["check", &proc], "not a proc"),
        (vec!["check", "--path.procfs=/proc/gone"], "no such directory"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said) && output.stdout.is_empty(), "{error}");
    }
}
