//! The exporter itself: reload, shutdown, exit codes, its output formats, and what they must never contain.

use std::{io::Read as _, process::Stdio};

use serde_json::Value;

use crate::support::{Answer, Exporter, Host, Response, User, eventually, layouts::*};

const EXPORTER_CONFIG: &str = "/etc/logagent-exporter.yml";

fn last_reload(exporter: &Exporter<'_>) -> Option<f64> {
    exporter.scrape().value("logagent_config_last_reload_successful", &[])
}

#[test]
fn a_good_config_is_reloaded_on_request_and_by_signal() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of("agents: [{ kind: logtail }]");
    exporter.shows(&[]);
    host.write(EXPORTER_CONFIG, "agents: [{ kind: logtail, expect: { region: cn-beijing } }]");
    exporter.until_evaluated();
    assert_eq!(exporter.scrape().verdict(), [""; 0], "changes are not applied by themselves");

    assert_eq!(exporter.request("POST", "/-/reload", &["content-length: 0"]).status, 200);
    exporter.shows(&["startup_parameters failing region_mismatch"]);
    host.write(EXPORTER_CONFIG, EXPECT_ALL);
    exporter.signal("HUP");
    exporter.shows(&[]);
    assert_eq!(last_reload(&exporter), Some(1.0));
}

#[test]
fn a_bad_config_leaves_the_old_one_in_force_and_is_told_everywhere() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    let before = exporter.scrape().value("logagent_config_last_reload_success_timestamp_seconds", &[]);
    host.write(EXPORTER_CONFIG, "agents:\n  - kind: logtail\n    expects: { region: cn-beijing }\n");
    let answer = exporter.request("POST", "/-/reload", &["content-length: 0"]);
    assert_eq!(answer.status, 500);
    for word in [EXPORTER_CONFIG, "3", "expects", "expect"] {
        assert!(answer.text().contains(word), "{word}: {}", answer.text());
        assert!(exporter.log().contains(word), "{word}: {}", exporter.log());
    }
    assert_eq!(last_reload(&exporter), Some(0.0));
    exporter.shows(&[]);
    assert_eq!(exporter.scrape().value("logagent_config_last_reload_success_timestamp_seconds", &[]), before);

    host.write(EXPORTER_CONFIG, EXPECT_ALL);
    exporter.signal("HUP");
    exporter.until("a reload", |seen| seen.value("logagent_config_last_reload_successful", &[]) == Some(1.0));
    host.remove(EXPORTER_CONFIG);
    exporter.signal("HUP");
    exporter
        .until("no reload", |seen| seen.value("logagent_config_last_reload_successful", &[]) == Some(0.0));
    exporter.shows(&[]);
}

#[test]
fn a_reload_keeps_what_stands_and_acknowledges_what_is_gone() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    host.kill_all("ilogtail");
    exporter.shows(&["processes failing not_running"]);
    let since = |exporter: &Exporter<'_>| {
        let text = exporter.scrape();
        text.value("logagent_problem_since_timestamp_seconds", &[("cause", "not_running")])
    };
    let before = since(&exporter);
    assert!(before.is_some());
    assert_eq!(exporter.request("POST", "/-/reload", &["content-length: 0"]).status, 200);
    exporter.shows(&["processes failing not_running"]);
    assert_eq!(since(&exporter), before, "the directory is there: it is the same problem as before");

    host.remove("/usr/local/ilogtail");
    exporter.until("its removal", |seen| {
        seen.value("logagent_problem_since_timestamp_seconds", &[("cause", "not_installed")]).is_some()
    });
    assert_eq!(exporter.request("POST", "/-/reload", &["content-length: 0"]).status, 200);
    exporter.until("no agent", |seen| seen.value("logagent_agents", &[]) == Some(0.0));
}

#[test]
fn what_is_no_longer_watched_has_no_series() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    let project = |exporter: &Exporter<'_>| exporter.get("/metrics").contains("my-project");
    assert!(project(&exporter));
    host.write(EXPORTER_CONFIG, "agents: [{ kind: logtail }]");
    assert_eq!(exporter.request("POST", "/-/reload", &["content-length: 0"]).status, 200);
    exporter.shows(&[]);
    assert!(!project(&exporter));

    host.write(EXPORTER_CONFIG, "detect: false\nagents: [{ name: other, kind: loglistener }]");
    assert_eq!(exporter.request("POST", "/-/reload", &["content-length: 0"]).status, 200);
    exporter.until("the other agent", |seen| {
        seen.of("logagent_agent_info").any(|info| info.label("agent") == "other")
    });
    assert!(!exporter.get("/metrics").contains("agent=\"logtail\""));
}

#[test]
fn nothing_is_claimed_before_everything_was_looked_at() {
    let host = Host::with_logtail();
    host.serve(DATA, Answer::Silence);
    host.refuse(PROJECT);
    let slow = ["--probe.interval=60s", "--probe.timeout=5s"];
    let exporter = host.exporter_starting(User::Root, Some(EXPECT_ALL), &slow);
    let early = exporter.request("GET", "/-/ready", &[]);
    let seen = exporter.scrape();
    assert_eq!(early.status, 503, "{}", early.text());
    let unknown =
        |verdict: &[String]| verdict.len() == 9 && verdict.iter().all(|line| line.ends_with(" unknown"));
    assert!(unknown(&seen.verdict()), "{:?}", seen.verdict());
    assert_eq!(exporter.request("GET", "/-/healthy", &[]).status, 200);
    exporter.shows(&["network failing connection_refused response_timeout"]);
    assert_eq!(exporter.request("GET", "/-/ready", &[]).status, 200);
}

#[test]
fn it_says_where_it_is_and_how_things_are() {
    let host = Host::with_logtail();
    host.refuse(DATA);
    let exporter = host.exporter_of(EXPECT_ALL);
    eventually("the log says it", || {
        let log = exporter.log();
        let said = [
            "msg=\"starting logagent-exporter\" version=",
            "url=http://localhost:10077/metrics",
            "prerequisite=network cause=connection_refused",
        ];
        if said.iter().all(|words| log.contains(words)) { Ok(()) } else { Err(log) }
    });
    assert!(!exporter.log().contains("✓ Processes"), "the diagnosis is for a terminal: {}", exporter.log());
    drop(exporter);
    let script =
        "exec script --quiet --flush --command 'logagent-exporter --evaluation.interval=1s' /run/typescript";
    let mut terminal = host.command("/", "sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
    eventually("the diagnosis on a terminal", || {
        let shown = std::fs::read_to_string(host.at("/run/typescript")).unwrap_or_default();
        let said = ["Metrics are at http://localhost:10077/metrics", "Processes  ", "connection_refused"];
        if said.iter().all(|words| shown.contains(words)) { Ok(()) } else { Err(shown) }
    });
    terminal.kill().unwrap();
    terminal.wait().unwrap();
}

#[test]
fn every_line_of_the_log_is_one_object_in_json_also_the_last() {
    let host = Host::with_logtail();
    host.refuse(DATA);
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &["--log.format=json"]);
    exporter.shows(&["network failing connection_refused"]);
    let lines: Vec<serde_json::Value> = exporter
        .log()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let of =
        |cause: &str| lines.iter().find(|line| line["cause"] == cause).unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(of("connection_refused")["level"], "ERROR", "a critical cause is an error");
    assert!(lines.iter().any(|line| line["msg"] == "evaluated" && line["level"] == "DEBUG"), "{lines:?}");
    drop(exporter);
    let bad = ["-c", "logagent-exporter --log.format=json --config.file=/gone.yml 2>&1"];
    let output = host.command("/", "sh").args(bad).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
}

#[test]
fn idle_clients_hold_up_no_scrape() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    let idle: Vec<_> = (0..200).map(|_| host.connect(10077)).collect();
    assert!(exporter.get("/metrics").contains("logagent_status{"));
    drop(idle);
}

#[test]
fn variables_stand_for_flags() {
    let host = Host::with_logtail();
    let script = "LOGAGENT_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:9999,127.0.0.1:10077 \
                  LOGAGENT_EXPORTER_WEB_TELEMETRY_PATH=/m LOGAGENT_EXPORTER_PORT=tcp://10.0.0.1:80 \
                  exec logagent-exporter --web.telemetry-path=/n >/dev/null 2>&1";
    let mut exporter = host.command("/", "sh").args(["-c", script]).spawn().unwrap();
    for port in [9999, 10077] {
        let answer = eventually("it answers", || host.request(port, "GET", "/n", &[]));
        assert_eq!(answer.status, 200, "a flag wins over its variable");
    }
    host.kill_all("logagent-export");
    exporter.wait().unwrap();
}

#[test]
fn it_ends_at_once_when_told_to() {
    let host = Host::with_logtail();
    // A probe that hangs, a file that blocks when it is opened, and a silent client delay nothing.
    host.serve(DATA, Answer::Silence);
    host.remove(APP_INFO);
    host.sh(&format!("mkfifo {APP_INFO}"));
    for signal in ["TERM", "INT"] {
        let hanging = ["--probe.interval=60s", "--probe.timeout=30s"];
        let mut exporter = host.exporter_starting(User::Root, None, &hanging);
        exporter.signal(signal);
        let (code, took) = exporter.ends();
        assert_eq!(code, Some(0), "{}", exporter.log());
        assert!(took.as_secs_f64() < 1.0, "{took:?}");
    }
}

#[test]
fn the_exit_code_of_check_tells_the_verdict() {
    let host = Host::with_logtail();
    let code = |config: Option<&str>, arguments: &[&str]| {
        let checked = host.check_with(User::Root, config, arguments);
        println!("{checked:?}");
        checked.code
    };
    assert_eq!(code(Some(EXPECT_ALL), &[]), 0);
    host.refuse(ADMIN);
    assert_eq!(code(None, &[]), 1, "a warning");
    host.refuse(DATA);
    assert_eq!(code(None, &[]), 2, "failing");
    assert_eq!(code(None, &["--no-such-flag"]), 3);
    assert_eq!(code(Some("agents: [{ kind: weather }]"), &[]), 3);
    assert_eq!(code(None, &["--config.file=/nowhere"]), 3);
    host.serve(ADMIN, Answer::LogService);
    host.serve(DATA, Answer::LogService);
    // A variable of the agent may name another config or a proxy.
    assert_eq!(host.check_with(User::Nobody, None, &[]).code, 3, "unknown");
    host.write(APP_INFO, host.read(APP_INFO).replace("\"172.16.2.200\"", "\"127.0.0.1\""));
    assert_eq!(host.check_with(User::Nobody, None, &[]).code, 2, "failing is worse than unknown");
    assert_eq!(Host::new().check(&[]).code, 3, "no agent");
}

/// The violations of the published schema in a report.
fn schema_errors(report: &Value) -> Option<String> {
    let schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("report.schema.json", schema).unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("report.schema.json", &mut schemas).unwrap();
    schemas.validate(report, index).err().map(|error| error.to_string())
}

#[test]
fn every_report_is_as_its_schema_says() {
    let host = Host::with_logtail();
    let valid = |user: User, config: Option<&str>, arguments: &[&str]| {
        let report = host.check_with(user, config, &[&["--format=json"], arguments].concat()).json();
        assert_eq!(schema_errors(&report), None, "{report:#}");
        report["status"].as_str().map(str::to_owned)
    };
    assert_eq!(valid(User::Root, Some(EXPECT_ALL), &[]).as_deref(), Some("ok"));
    host.sh("chmod 600 /usr/local/ilogtail/ilogtail_config.json");
    assert_eq!(valid(User::Nobody, None, &[]).as_deref(), Some("unknown"));
    host.kill_all("ilogtail");
    host.refuse(DATA);
    assert_eq!(valid(User::Root, None, &["--lang=zh"]).as_deref(), Some("failing"));
    let report = host.exporter().report();
    assert_eq!(schema_errors(&report), None, "{report:#}");
    assert_eq!(schema_errors(&Host::new().check(&["--format=json"]).json()), None, "nothing to watch");
}

#[test]
fn it_speaks_the_form_that_is_asked_for() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    let form = |response: &Response| response.headers["content-type"].clone();
    let plain = exporter.request("GET", "/metrics", &[]);
    assert_eq!(form(&plain), "text/plain; version=0.0.4; charset=utf-8");
    let open = exporter.request("GET", "/metrics", &["accept: application/openmetrics-text; version=1.0.0"]);
    assert_eq!(form(&open), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.text().ends_with("# EOF\n"));
    let packed = exporter.request("GET", "/metrics", &["accept-encoding: gzip"]);
    assert_eq!(packed.headers["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.contains("logagent_status{"));
    let page = exporter.request("GET", "/", &[]);
    assert!(form(&page).starts_with("text/html"), "{}", form(&page));
    for link in ["/metrics", "/api/v1/report", "/-/healthy", "/-/ready"] {
        assert!(page.text().contains(link.trim_start_matches('/')), "{link}");
        assert_eq!(exporter.request("GET", link, &[]).status, 200, "{link}");
    }
    assert_eq!(exporter.request("GET", "/-/reload", &[]).status, 405);
    assert_eq!(exporter.request("GET", "/nothing/here", &[]).status, 404);
}

#[test]
fn series_are_within_the_budget() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    let seen = exporter.scrape();
    assert_eq!(seen.of("logagent_endpoint_up").count(), 5);
    assert!(seen.samples.len() <= 125, "{} series", seen.samples.len());
}

#[test]
fn secrets_never_leave() {
    const SECRETS: [&str; 4] = ["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", "pr0xy-pass", "c0nf-pass", "ak-s3cret"];
    let host = Host::with_loglistener();
    host.edit(
        CONF,
        "group_label =",
        "group_label = x\nsecret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\n=broken",
    );
    host.add_log_service();
    host.add_site("203.0.113.50", &["proxy.example.com"]);
    host.write(
        CONFIG,
        CONFIG_TEXT
            .replace("http://logtail", "http://user:c0nf-pass@logtail")
            .replace("{\n    \"config", "{\n    \"default_access_key\" : \"ak-s3cret\",\n    \"config"),
    );
    host.install_stand_in(ILOGTAIL);
    let environment = [
        ("STAND_IN_IP", "172.16.2.200"),
        ("STAND_IN_VERSION", "logtail_version=1.5.1"),
        ("http_proxy", "http://user:pr0xy-pass@proxy.example.com:3128"),
    ];
    host.start_agent(&[ILOGTAIL, "-secret=ak-s3cret"], &environment, 2);
    let exporter = host.exporter();
    exporter.until("the proxy is asked", |seen| {
        seen.value("logagent_endpoint_up", &[("agent", "logtail"), ("purpose", "data_server")]) == Some(0.0)
    });
    host.edit(CONFIG, "cpu_usage_limit\" : 0.4", "cpu_usage_limit\" 0.4");
    exporter.until("broken JSON", |seen| {
        seen.value("logagent_problem", &[("cause", "config_invalid")]) == Some(1.0)
    });
    host.write(CONFIG, host.read(CONFIG).replace("\" 0.4", "\" : 0.4"));
    eventually("the config is read again", || {
        let seen = exporter.scrape();
        match seen.value("logagent_problem", &[("cause", "config_invalid")]) {
            None => Ok(()),
            Some(_) => Err("not yet".to_owned()),
        }
    });
    let open_metrics =
        exporter.request("GET", "/metrics", &["accept: application/openmetrics-text; version=1.0.0"]);
    let said = [
        exporter.get("/metrics"),
        open_metrics.text().to_owned(),
        exporter.get("/"),
        exporter.get("/api/v1/report"),
        exporter.log(),
        host.check(&["--log.level=debug"]).stdout,
        host.check(&["--log.level=debug"]).stderr,
        host.check(&["--format=json", "--lang=zh"]).stdout,
    ];
    assert!(said.iter().any(|text| text.contains("proxy.example.com")), "the proxy itself is told");
    for secret in SECRETS {
        for text in &said {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
