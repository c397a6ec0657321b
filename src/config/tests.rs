//! The contract of the config file: what is valid, and the exact messages for what is not.

mod defects;
mod hosts;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

use std::{collections::BTreeSet, path::Path, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::model::{
    NetworkType, Purpose,
    snapshot::{Endpoint, ExpectedAnswer, Scheme},
};

/// The example of the documentation, word for word.
const EXAMPLE: &str = r#"# logagent-exporter.yml — every key is optional
detect: false                     # also watch what is found besides `agents`
agents:
  - name: logtail                 # default: the kind
    kind: logtail                 # logtail | loglistener | custom
    install_dir: /usr/local/ilogtail
    ignore: [multiple_instances]
    expect:
      region: cn-hangzhou
      network: intranet           # intranet | internet | acceleration
      account_id: "1234567890123456"
      machine_group_ips: [172.16.2.200]
      machine_group_identifier: web-fleet
      projects: [my-project]
  - name: cls
    kind: loglistener
    install_dir: /usr/local/loglistener
    expect: { region: ap-guangzhou, network: intranet, server_group_ip: 10.0.0.7 }    # or server_group_label
  - name: fluent-bit
    kind: custom
    processes: [{ role: worker, executable: fluent-bit, count: 1 }]
    files: [/etc/fluent-bit/fluent-bit.conf]          # restart is required after they change
    endpoints: [{ url: "https://logs.example.com/health", expect_status: [200] }]
clock:
  max_offset: 15m                 # unset: what the service itself rejects (Logtail 15m, LogListener 5m); set: all agents; 0 disables
  warn_offset: 1m                 # the default
  ntp_servers: [ntp.aliyun.com]   # default: none; the HTTP Date of probes and the kernel's own state are used
alertmanagers:                    # optional: page without a Prometheus in between; the shape of Prometheus' own section
  - static_configs: [{ targets: ["alertmanager:9093"] }]
labels: { cluster: prod }         # added to pushed alerts
"#;

fn file() -> &'static Path {
    Path::new("l.yml")
}

fn settings(text: &str) -> (Settings, Vec<String>) {
    let read = document::parse_with(text.as_bytes(), file(), surroundings());
    let (settings, warnings) = read.unwrap_or_else(|error| panic!("{text}\n{error}"));
    (settings, warnings.iter().map(|warning| warning.in_file(file())).collect())
}

/// An environment made for the tests.
fn surroundings() -> problem::Problems {
    let variables = |name: &str| match name {
        "POD_IP" => Some("10.0.0.7".to_owned()),
        "REGION" => Some("cn-beijing".to_owned()),
        "ACCOUNT" => Some("1234567890123456".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let mut problems = problem::Problems::default();
    problems.environment = problem::Environment(variables);
    problems
}

fn errors(text: impl AsRef<[u8]>) -> String {
    match document::parse_with(text.as_ref(), file(), surroundings()) {
        Ok(ok) => panic!("loaded: {ok:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn no_metadata_service_is_asked_unless_config_says_so() {
    assert!(!settings("").0.cloud_metadata && !settings("cloud_metadata: false").0.cloud_metadata);
    assert!(settings("cloud_metadata: true").0.cloud_metadata);
    assert!(errors("cloud_metadata: 'yes'").contains("it must be true or false"));
}

#[test]
fn the_documented_example_loads() {
    let (settings, warnings) = settings(EXAMPLE);
    assert!(!settings.detect);
    let [logtail, cls, fluent] = settings.agents.as_slice() else { panic!("{settings:?}") };
    assert_eq!((logtail.name.as_str(), logtail.kind), ("logtail", "logtail"));
    assert_eq!(logtail.install_dir.as_deref(), Some(Path::new("/usr/local/ilogtail")));
    assert_eq!(logtail.ignore, BTreeSet::from(["multiple_instances"]));
    assert_eq!(
        logtail.expect,
        Expectation {
            region: Some("cn-hangzhou".into()),
            network: Some(NetworkType::Intranet),
            account_id: Some("1234567890123456".into()),
            machine_group_ips: vec!["172.16.2.200".into()],
            machine_group_identifier: Some("web-fleet".into()),
            projects: vec!["my-project".into()],
            server_group_ip: None,
            server_group_label: None,
        }
    );
    assert_eq!((cls.name.as_str(), cls.kind), ("cls", "loglistener"));
    assert_eq!(cls.expect.server_group_ip.as_deref(), Some("10.0.0.7"));
    assert_eq!(
        fluent.processes,
        [CustomProcess { role: "worker".into(), executable: "fluent-bit".into(), count: 1 }]
    );
    assert_eq!(fluent.files, [Path::new("/etc/fluent-bit/fluent-bit.conf")]);
    assert_eq!(
        fluent.endpoints,
        [Endpoint {
            purpose: Purpose::Custom,
            url: "https://logs.example.com".into(),
            scheme: Scheme::Https,
            host: "logs.example.com".into(),
            port: 443,
            path: "/health".into(),
            expected: ExpectedAnswer::StatusCodes(vec![200]),
            from: "l.yml agents[2].endpoints[0].url".into(),
            parameter: None,
        }]
    );
    assert_eq!(settings.clock.max_offset, Some(Duration::from_mins(15)));
    assert_eq!(settings.clock.warn_offset, Duration::from_mins(1));
    assert_eq!(settings.clock.ntp_servers, ["ntp.aliyun.com"]);
    let [alertmanager] = settings.alerting.alertmanagers.as_slice() else { panic!("{settings:?}") };
    assert_eq!(alertmanager.targets, [("alertmanager".to_owned(), Some(9093))]);
    assert_eq!((alertmanager.scheme, alertmanager.timeout), (Scheme::Http, Duration::from_secs(10)));
    assert_eq!(settings.alerting.labels["cluster"], "prod");
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn detection_is_on_until_agents_are_described_or_it_is_switched() {
    for (text, detect, warned) in [
        ("", true, false),
        ("# all of it is a comment\n", true, false),
        ("---\n", true, false),
        ("agents:\n", true, false),
        ("clock: {}\n", true, false),
        ("detect: false\n", false, true),
        ("agents: []\n", false, true),
        ("agents: []\ndetect: true\n", true, false),
        ("agents: [{kind: logtail}]\n", false, false),
        ("agents: [{kind: logtail}]\ndetect: true\n", true, false),
    ] {
        let (settings, warnings) = settings(text);
        assert_eq!(settings.detect, detect, "{text:?}");
        let nothing = ["l.yml: nothing to watch: detect is off and agents is empty".to_owned()];
        assert_eq!(warnings, if warned { &nothing[..] } else { &[] }, "{text:?}");
    }
}

#[test]
fn values_are_kept_as_they_were_written() {
    let (settings, _) = settings(
        "agents:\n- kind: logtail\n  expect:\n    account_id: 0123456789012345678901\n    machine_group_identifier: \" web\\r\"\n\
         - kind: loglistener\n  expect: {server_group_ip: '10.0.0.1-10.0.0.9', server_group_label: !!str 007}\n  name: ! 5\n\
         - kind: custom\n  processes: [{executable: /opt/x/bin/x}]\n  endpoints: [{url: HTTP://Logs.Example.COM:80/A?b}, {url: 'tcp://[::1]:80'}]\n\
         clock: {max_offset: 0, warn_offset: 1m30s, ntp_servers: ['NTP.aliyun.com:123', '::1', '[::1]:123']}\n",
    );
    let [logtail, cls, custom] = settings.agents.as_slice() else { panic!("{settings:?}") };
    assert_eq!(logtail.name, "logtail", "the kind is the default name");
    assert_eq!(logtail.expect.account_id.as_deref(), Some("0123456789012345678901"));
    assert_eq!(logtail.expect.machine_group_identifier.as_deref(), Some(" web\r"));
    assert_eq!(
        cls.expect.server_group_ip.as_deref(),
        Some("10.0.0.1-10.0.0.9"),
        "a finding, not a config error"
    );
    assert_eq!(cls.name, "5", "! keeps a scalar from being a number");
    assert_eq!(cls.expect.server_group_label.as_deref(), Some("007"));
    assert_eq!(
        custom.processes,
        [CustomProcess { role: "worker".into(), executable: "/opt/x/bin/x".into(), count: 1 }]
    );
    let [http, tcp] = custom.endpoints.as_slice() else { panic!("{custom:?}") };
    assert_eq!((http.url.as_str(), http.path.as_str()), ("http://logs.example.com", "/A?b"));
    assert_eq!(http.expected, ExpectedAnswer::StatusCodes((200..=399).collect()));
    assert_eq!(
        (tcp.url.as_str(), tcp.host.as_str(), &tcp.expected),
        ("tcp://[::1]:80", "::1", &ExpectedAnswer::Connected)
    );
    assert_eq!(settings.clock.max_offset, Some(Duration::ZERO));
    assert_eq!(settings.clock.warn_offset, Duration::from_secs(90));
    assert_eq!(settings.clock.ntp_servers, ["ntp.aliyun.com:123", "::1", "[::1]:123"]);
}

#[test]
fn editors_and_operators_habits_are_tolerated() {
    let text = "\u{feff}agents:\r\n- &a\r\n  kind: logtail\r\n  expect: {region: &r cn-beijing}\r\n- {kind: loglistener, expect: {region: *r}}\r\n...\r\n";
    let (settings, _) = settings(text);
    assert_eq!(settings.agents.len(), 2);
    assert_eq!(settings.agents[1].expect.region.as_deref(), Some("cn-beijing"));
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    let text = "clock: {warn_offset: 1}\ndetect: maybe\nagents:\n- kind: logtial\n  install_dir: x\n  expect:\n    region: x\n    server_group_ip: 10.0.0.7\n    account_id: a\n- kind: custom\n  files: [y]\n";
    let said = errors(text);
    let places: Vec<&str> = said.lines().map(|line| line.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(
        places,
        [
            "clock.warn_offset",
            "detect",
            "agents[0].kind",
            "agents[0].install_dir",
            "agents[0].expect.region",
            "agents[0].expect.account_id",
            "agents[1].files[0]"
        ]
    );
    assert!(
        said.lines()
            .map(|line| line.split(':').nth(1).unwrap_or_default())
            .eq(["1", "2", "4", "5", "7", "9", "11"])
    );
}

#[test]
fn a_problem_displays_with_its_line() {
    let error = parse(b"agents:\n- kind: logtial\n", file()).unwrap_err();
    assert_eq!(
        error.problems[0].to_string(),
        "line 2: agents[0].kind: \"logtial\" is not a kind of agent; use one of logtail, loglistener, custom (did you mean \"logtail\"?)"
    );
}

#[test]
fn passwords_are_never_repeated() {
    for text in [
        "agents: [{kind: custom, endpoints: [{url: 'https://joe:s3cret@h/x'}]}]",
        "agents: [{kind: custom, endpoints: [{url: 'https://joe:s3/c@ret@h/x'}]}]",
        "agents: [{kind: custom, endpoints: ['https://joe:s3cret@h/x']}]",
        "agents: [{kind: custom, endpoints: 'https://joe:s3cret@h/x'}]",
        "agents: [{kind: custom, files: ['https://joe:s3cret@h/x']}]",
        "agents: [{kind: custom, files: ['/joe:s3cret@h/x', '/joe:s3cret@h/x']}]",
        "clock: {ntp_servers: ['joe:s3cret@h']}",
        "alertmanagers: [{basic_auth: {password: s3cret}, x: s3cret}]",
        "alertmanagers: [{static_configs: [{targets: ['http://joe:s3cret@h']}]}]",
        "alertmanagers: [{static_configs: [], proxy_url: 'http://joe:s3cret@h:1'}]",
        "alertmanagers: [{static_configs: [], basic_auth: {username: a, password: [s3cret]}}]",
        "alertmanagers: [{static_configs: [], authorization: {credentials: {s3cret: s3cret}}}]",
        "alertmanagers: [{static_configs: [], authorization: {type: 's3 cret', credentials: s3cret}}, s3cret@h]",
        "'https://joe:s3cret@h': x",
        "https://joe:s3cret@h",
    ] {
        let said = errors(text);
        assert!(!said.contains("s3") && !said.contains("cret"), "{text}\n{said}");
    }
}

#[test]
fn what_is_no_text_names_the_line() {
    assert_eq!(errors(b"detect: true\n# \xff\n"), "l.yml:2: is not UTF-8 text; save it as UTF-8");
    assert_eq!(errors(b"\xff\xfed\0"), "l.yml:1: is UTF-16; save it as UTF-8");
    assert_eq!(errors(vec![b'#'; document::LARGEST_FILE + 1]), "l.yml:1: is larger than 1024 KiB");
    assert!(parse(&vec![b'#'; document::LARGEST_FILE], file()).is_ok());
}

#[test]
fn bombs_are_bounded() {
    assert_eq!(errors("- ".repeat(400_000)), "l.yml:1: nests deeper than 32 levels");
    assert_eq!(
        errors("[".repeat(1_000_000)),
        "l.yml:1: is not valid YAML: recursion limit exceeded (column 256)"
    );
    assert_eq!(
        errors("[\n".repeat(100_000)),
        "l.yml:256: is not valid YAML: recursion limit exceeded (column 1)"
    );
    assert_eq!(errors(format!("a: {}", "{a: ".repeat(200_000))), "l.yml:1: nests deeper than 32 levels");
    let laugh =
        |level: usize| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    let laughs =
        format!("a0: &a0 [{}x]\n{}", "x, ".repeat(9), (1..20).map(laugh).collect::<Vec<_>>().concat());
    assert!(errors(&laughs).ends_with("holds more than 200000 values, aliases expanded"));
    // As deep as aliases can nest: every value contains the previous one.
    let chain = (1..1500).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect::<Vec<_>>().concat();
    assert!(
        errors(format!("a0: &a0 [x]\n{chain}")).ends_with("holds more than 200000 values, aliases expanded")
    );
    let many = errors("x:\n".repeat(1000).as_bytes());
    assert_eq!(many.lines().count(), 101);
    assert!(many.ends_with("l.yml: more than 100 problems; the others are not listed"), "{many}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        let _any = parse(&bytes, file());
        let _any = parse(text.as_bytes(), file());
    }

    #[test]
    fn nothing_made_of_yaml_panics(parts in prop::collection::vec(
        prop::sample::select(vec![
            "agents", "kind", "logtail", "custom", "expect", "endpoints", "url", "name", "files", "labels", "clock", "http://a:b@c/", ":", ": ", "- ", "-", "\n", "\n  ", "\n    ", "\t", "[", "]", "{", "}", ", ", "\"", "'", "|", ">", "&a ", "*a", "!", "!!str ", "!<x>", "%YAML 1.2\n", "%TAG ! x\n", "---", "...", "?", "? ", "#", "<<", "\\x", "~", "0", "1e9", "é", "\u{feff}", "\r", "\u{85}", "\u{2028}",
        ]), 0..40))
    {
        let _any = parse(parts.concat().as_bytes(), file());
    }

    #[test]
    fn a_damaged_example_never_panics(at in 0..EXAMPLE.len(), length in 0_usize..40, put in "\\PC{0,3}") {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        let _any = parse(&bytes, file());
    }
}
