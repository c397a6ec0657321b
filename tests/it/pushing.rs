//! From a defect to the notification, without Prometheus: exporter, Alertmanager, the routes of the example.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::mpsc,
    thread,
};

use logagent_exporter::catalog::processes::NOT_RUNNING;

use crate::rotation::HASHES;
use crate::support::{
    Exporter, Host, eventually,
    layouts::EXPECT_ALL,
    pushing::{Pushing, address},
};

/// The config with this group of Alertmanagers.
fn pushing_to(group: &str) -> String {
    format!(
        "{EXPECT_ALL}\nalertmanagers: [{group}]\nlabels: {{ cluster: demo, instance: 'web-1:10077' }}\n\
         alert_links: {{ runbook_base: 'https://wiki.example.com/r', external_url: 'https://web-1.example.com' }}\n"
    )
}

fn static_group() -> String {
    format!("{{ static_configs: [{{ targets: ['{}'] }}] }}", address(0))
}

/// A cause without a waiting time.
fn crash_loop(host: &Host, exporter: &Exporter<'_>) {
    eventually("a crash loop is seen", || {
        let verdict = exporter.scrape().verdict();
        if verdict.iter().any(|line| line == "processes failing crash_loop") {
            return Ok(());
        }
        host.restart_logtail();
        exporter.until_evaluated();
        Err(format!("{verdict:?}"))
    });
}

fn test_alert(host: &Host, lang: &str) -> (i32, String) {
    let output = host
        .command("/", "logagent-exporter")
        .args(["alerts", "test", "--config.file=/etc/logagent-exporter.yml", &format!("--lang={lang}")])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (output.status.code().unwrap(), said)
}

fn until(pushing: &Pushing<'_>, label: &str, value: &str) -> serde_json::Value {
    pushing.arriving.until(label, value, "firing").unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_defect_is_paged_with_host_agent_cause_and_fix() {
    let host = Host::with_logtail();
    let pushing = host.pushing(1, &[]);
    let exporter = host.exporter_of(&pushing_to(&static_group()));
    let watchdog = until(&pushing, "alertname", "LogAgentHostWatchdog");
    assert_eq!(watchdog["labels"]["instance"], "web-1:10077");
    crash_loop(&host, &exporter);
    let page = until(&pushing, "cause", "crash_loop");
    for (label, value) in [
        ("alertname", "LogAgentCrashLoop"),
        ("severity", "critical"),
        ("prerequisite", "processes"),
        ("cluster", "demo"),
        ("instance", "web-1:10077"),
        ("agent", "logtail"),
    ] {
        assert_eq!(page["labels"][label], value, "{label}");
    }
    assert_eq!(page["labels"].as_object().unwrap().len(), 7, "{}", page["labels"]);
    let told = |annotation: &str| page["annotations"][annotation].as_str().unwrap_or_default().to_owned();
    assert!(told("description").contains("logtail on web-1:10077 in demo"), "{}", told("description"));
    assert!(told("fix").starts_with("1. "), "{}", told("fix"));
    assert_eq!(told("runbook_url"), "https://wiki.example.com/r/crash_loop.md");
    assert_eq!(page["generatorURL"], "https://web-1.example.com/");
    let url = format!("http://{}/api/v2/alerts", address(0));
    exporter.until("what was sent is counted", |seen| {
        let of = |metric: &str| seen.value(metric, &[("alertmanager", &url)]);
        of("logagent_alertmanager_notifications_sent_total") >= Some(2.0)
            && of("logagent_alertmanager_notifications_errors_total") == Some(0.0)
            && of("logagent_alertmanager_notifications_dropped_total") == Some(0.0)
            && of("logagent_alertmanager_last_success_timestamp_seconds") > Some(1.7e9)
    });
}

#[test]
fn what_came_and_went_is_in_the_report_and_counted() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    let count = |prerequisite: &str| {
        let labels = [("agent", "logtail"), ("prerequisite", prerequisite)];
        exporter.scrape().value("logagent_problem_transitions_total", &labels)
    };
    assert_eq!((count("processes"), count("network")), (Some(0.0), Some(0.0)));
    host.kill_all("ilogtail");
    exporter.shows(&["processes failing not_running"]);
    host.start_logtail();
    exporter.shows(&[]);
    let report: serde_json::Value =
        serde_json::from_str(exporter.request("GET", "/api/v1/report", &[]).text()).unwrap();
    let of_processes: Vec<String> = report["agents"][0]["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|each| each["cause"] == "not_running")
        .map(|each| format!("{} {}", each["prerequisite"], each["to"]))
        .collect();
    assert_eq!(of_processes, [r#""processes" "failing""#, r#""processes" "ok""#]);
    assert!(count("processes") >= Some(2.0));
}

#[test]
fn a_silence_holds_and_a_test_alert_gets_through() {
    let host = Host::with_logtail();
    let pushing = host.pushing(1, &[]);
    let exporter = host.exporter_of(&pushing_to(&static_group()));
    until(&pushing, "alertname", "LogAgentHostWatchdog");
    pushing.amtool(0, "silence add cause=crash_loop --author=me --comment=known");
    crash_loop(&host, &exporter);
    pushing.knows(0, "LogAgentCrashLoop");
    let (code, said) = test_alert(&host, "zh");
    assert!(
        code == 0 && said.contains(&format!("http://{}/api/v2/alerts  已接收测试告警\n", address(0))),
        "{said}"
    );
    let test = until(&pushing, "alertname", "LogAgentTest");
    assert_eq!(test["annotations"]["summary"], "This is a test.");
    assert!(!pushing.arriving.take().iter().any(|alert| alert.starts_with("LogAgentCrashLoop")));
}

#[test]
fn members_that_restart_in_any_order_lose_nothing_and_tell_nothing_twice() {
    restarted_in_any_order(&Host::with_logtail(), 0);
}

#[test]
fn the_same_where_the_local_clock_is_a_day_ahead() {
    restarted_in_any_order(&Host::with_logtail(), 86_400);
}

#[test]
fn the_same_where_the_local_clock_is_a_day_behind() {
    restarted_in_any_order(&Host::with_logtail(), -86_400);
}

/// The time in the alert, in seconds since the epoch.
fn moment(text: &serde_json::Value) -> f64 {
    let at: jiff::Timestamp = text.as_str().unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    at.as_duration().as_secs_f64()
}

fn now() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}

#[test]
fn a_killed_agent_is_told_of_once_the_rule_has_waited() {
    let host = Host::with_logtail();
    let pushing = host.pushing(1, &[]);
    let exporter = host.exporter_of(&pushing_to(&static_group()));
    until(&pushing, "alertname", "LogAgentHostWatchdog");
    exporter.shows(&[]);
    let killed = now();
    host.kill_all("ilogtail");
    exporter.shows(&["processes failing not_running"]);
    let page = pushing.arriving.after(NOT_RUNNING.patience, "cause", "not_running", "firing");
    let page = page.unwrap_or_else(|error| panic!("{error}"));
    let arrived = now();
    let problem = exporter.report()["agents"][0]["prerequisites"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|prerequisite| prerequisite["problems"].as_array().unwrap().clone())
        .find(|problem| problem["cause"] == "not_running")
        .expect("it stands");
    let (since, fired, patience) =
        (moment(&problem["since"]), moment(&page["startsAt"]), NOT_RUNNING.patience.as_secs_f64());
    // Alertmanager returns its time in whole seconds.
    assert!(fired >= since + patience - 1.0, "seen at {since}, told from {fired} on");
    assert_eq!(page["labels"]["alertname"], "LogAgentNotRunning");
    println!(
        "seen {:.3} s after the kill; notified {:.3} s after it, of which the rule waits {patience} s",
        since - killed,
        arrived - killed
    );
}

/// `offset`: how far the exporter's clock is off, in seconds.
fn restarted_in_any_order(host: &Host, offset: i32) {
    if offset != 0 {
        host.set_exporters_clock(i64::from(offset));
    }
    let mut pushing = host.pushing(2, &[]);
    // One by name, one by a file beside the config.
    host.write("/etc/members/second.json", format!(r#"[{{"targets": ["{}"]}}]"#, address(1)));
    let group = format!(
        "{{ static_configs: [{{ targets: ['{}'] }}], file_sd_configs: [{{ files: ['members/*.json'] }}] }}",
        address(0)
    );
    let exporter = host.exporter_of(&pushing_to(&group));
    let at = exporter.scrape().value("logagent_last_evaluation_timestamp_seconds", &[]).unwrap();
    assert!((at - now() - f64::from(offset)).abs() < 3_600.0, "the clock of the exporter says {at}");
    crash_loop(host, &exporter);
    let page = until(&pushing, "cause", "crash_loop");
    assert!((moment(&page["startsAt"]) - now()).abs() < 3_600.0, "in the receiver's clock: {page}");
    let mut told = Vec::new();
    for (turn, order) in [vec![0], vec![1], vec![0, 1], vec![1, 0]].into_iter().enumerate() {
        for &member in &order {
            pushing.stop(member);
        }
        for &member in &order {
            pushing.start(member);
        }
        // Everything is sent again each minute, and at once if any of it changes.
        let language = if turn % 2 == 0 { "zh" } else { "en" };
        host.write(
            "/etc/logagent-exporter.yml",
            format!("{}alert_language: {language}\n", pushing_to(&group)),
        );
        exporter.signal("HUP");
        for member in [0, 1] {
            pushing.knows(member, "LogAgentCrashLoop");
        }
        // When this has arrived, the members have also sent everything about the other one.
        assert_eq!(test_alert(host, "en").0, 0);
        told.extend(pushing.arriving.take());
    }
    let again: Vec<_> = told.iter().filter(|alert| alert.starts_with("LogAgentCrashLoop")).collect();
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn a_member_that_asks_for_a_certificate_is_shown_ours_and_one_that_forgets_soon_is_said_to() {
    let host = Host::with_logtail();
    host.certify("/etc/am.crt", "/etc/am.key", "localhost");
    host.certify("/etc/us.crt", "/etc/us.key", "web-1");
    host.write(
        "/etc/alertmanager/web.yml",
        "tls_server_config: { cert_file: /etc/am.crt, key_file: /etc/am.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: /etc/ssl/certs/ca-certificates.crt }\n",
    );
    let mut pushing = host.pushing(1, &["--web.config.file=/etc/alertmanager/web.yml"]);
    let config = |identity: &str| {
        pushing_to(&format!(
            "{{ scheme: https, static_configs: [{{ targets: ['{}'] }}], tls_config: {{ ca_file: /etc/ssl/certs/ca-certificates.crt, server_name: localhost, {identity} }} }}",
            address(0)
        ))
    };
    let certificate = "cert_file: /etc/us.crt, key_file: /etc/us.key";
    host.write("/etc/logagent-exporter.yml", config(""));
    let (code, said) = test_alert(&host, "en");
    assert!(code == 1 && said.contains("did not accept"), "{said}");
    host.write("/etc/logagent-exporter.yml", config(certificate));
    let (code, said) = test_alert(&host, "en");
    assert!(
        code == 0 && said.contains("accepted the test alert") && !said.contains("resolve_timeout is"),
        "{said}"
    );

    pushing.stop(0);
    host.edit("/etc/alertmanager/alertmanager.yml", "resolve_timeout: 5m", "resolve_timeout: 90s");
    pushing.start(0);
    let (code, said) = test_alert(&host, "en");
    assert!(code == 0 && said.contains("its resolve_timeout is 1m 30s"), "{said}");
}

#[test]
fn a_member_behind_tls_and_a_password_is_reached_and_says_who_is_refused() {
    let host = Host::with_logtail();
    host.certify("/etc/am.crt", "/etc/am.key", "localhost");
    let (password, hash) = ("password-0", HASHES[0]);
    host.write(
        "/etc/alertmanager/web.yml",
        format!(
            "tls_server_config: {{ cert_file: /etc/am.crt, key_file: /etc/am.key }}\nbasic_auth_users: {{ logagent: '{hash}' }}\n"
        ),
    );
    let _pushing = host.pushing(1, &["--web.config.file=/etc/alertmanager/web.yml"]);
    let config = |password: &str, tls: &str| {
        pushing_to(&format!(
            "{{ scheme: https, static_configs: [{{ targets: ['{}'] }}], {tls} basic_auth: {{ username: logagent, password: {password} }} }}",
            address(0)
        ))
    };
    for (password, tls, code, says) in [
        (password, "tls_config: { server_name: localhost },", 0, "accepted the test alert"),
        ("wrong", "tls_config: { server_name: localhost },", 1, "status 401"),
        (password, "", 1, "certificate"),
        (password, "tls_config: { insecure_skip_verify: true },", 0, "accepted the test alert"),
    ] {
        host.write("/etc/logagent-exporter.yml", config(password, tls));
        let (status, said) = test_alert(&host, "en");
        assert!(status == code && said.contains(says), "{password} {tls}: {status} {said}");
        assert!(!said.contains(password), "{said}");
    }
}

/// Passes on what is sent after a CONNECT to a member, and records the requested target.
fn tunnel(host: &Host, port: u16, member: u16) -> mpsc::Receiver<String> {
    let (network, listener) = (host.network(), host.listen(port));
    let (asked, heads) = mpsc::channel();
    thread::spawn(move || {
        network.enter();
        for mut client in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            if asked.send(String::from_utf8(head).unwrap()).is_err() {
                return;
            }
            let mut server = TcpStream::connect(("127.0.0.1", member)).unwrap();
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            // Either side may close.
            thread::spawn(move || io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Write)));
            let _ended = io::copy(&mut server, &mut client);
        }
    });
    heads
}

#[test]
fn a_member_behind_a_proxy_is_told_in_a_tunnel_and_its_certificate_is_asked_for() {
    let host = Host::with_logtail();
    host.certify("/etc/am.crt", "/etc/am.key", "am.example.com");
    host.write(
        "/etc/alertmanager/web.yml",
        "tls_server_config: { cert_file: /etc/am.crt, key_file: /etc/am.key }\n",
    );
    let pushing = host.pushing(1, &["--web.config.file=/etc/alertmanager/web.yml"]);
    let asked = tunnel(&host, 3128, 9093);
    // Only the proxy knows its address.
    let config = |name: &str| {
        pushing_to(&format!(
            "{{ scheme: https, static_configs: [{{ targets: ['{name}:9093'] }}], proxy_url: 'http://127.0.0.1:3128' }}"
        ))
    };
    host.write("/etc/logagent-exporter.yml", config("other.example.com"));
    let (code, said) = test_alert(&host, "en");
    assert!(code == 1 && said.contains("certificate"), "{said}");
    host.write("/etc/logagent-exporter.yml", config("am.example.com"));
    let (code, said) = test_alert(&host, "en");
    assert!(code == 0 && said.contains("accepted the test alert"), "{said}");
    until(&pushing, "alertname", "LogAgentTest");
    let heads: Vec<String> = asked.try_iter().collect();
    for name in ["other", "am"] {
        let begin = format!("CONNECT {name}.example.com:9093 HTTP/1.1\r\n");
        assert!(heads.iter().any(|head| head.starts_with(&begin)), "{heads:?}");
    }
}

#[test]
fn inhibitions_hold_for_what_is_pushed_and_those_that_others_bring_along_find_nothing() {
    let host = Host::with_logtail();
    let mut pushing = host.pushing(1, &[]);
    pushing.stop(0);
    // As kube-prometheus-stack has them, and one written by an operator.
    let routes = host.read("/etc/alertmanager/alertmanager.yml");
    host.write(
        "/etc/alertmanager/alertmanager.yml",
        format!(
            "{routes}\ninhibit_rules:\n\
             - {{ source_matchers: ['severity = critical'], target_matchers: ['severity =~ warning|info'], equal: [namespace, alertname] }}\n\
             - {{ source_matchers: ['alertname = Maintenance'], target_matchers: ['alertname =~ LogAgent.+', 'severity = critical'], equal: [instance] }}\n"
        ),
    );
    pushing.start(0);
    host.write("/usr/local/ilogtail/user_log_config.json", "{}");
    let exporter = host.exporter_of(&pushing_to(&static_group()));
    crash_loop(&host, &exporter);
    until(&pushing, "cause", "crash_loop");
    let inhibited = |pushing: &Pushing<'_>| pushing.amtool(0, "alert query --inhibited");
    assert!(!inhibited(&pushing).contains("LogAgent"), "{}", inhibited(&pushing));
    pushing.amtool(0, "alert add Maintenance instance=web-1:10077");
    eventually("the operator's own inhibition holds", || {
        let inhibited = inhibited(&pushing);
        if inhibited.contains("LogAgentCrashLoop") { Ok(()) } else { Err(inhibited) }
    });
}
