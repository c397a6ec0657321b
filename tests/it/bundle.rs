//! `check --bundle`: the support bundle, and that it contains no secret.

use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, process::Output};

use serde_json::Value;

use crate::support::{Host, User};

/// The value of every secret.
const CANARY: &str = "CANARY5c1f";

const EXPORTER_CONFIG: &str = "/etc/exporter.yml";

/// Names and texts of an archive, without the directory that all are in.
fn unpacked(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mode().unwrap(), 0o600);
        let path = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (path.split_once('/').unwrap().1.to_owned(), text)
    });
    entries.collect()
}

fn text<'a>(bundle: &'a [(String, String)], name: &str) -> &'a str {
    let names: Vec<_> = bundle.iter().map(|(name, _)| name).collect();
    &bundle.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name} is not in {names:?}")).1
}

fn check(host: &Host, arguments: &[&str]) -> Output {
    let mut command = host.command("/", "logagent-exporter");
    command.arg("check").args(arguments).env("AWS_SECRET_ACCESS_KEY", CANARY);
    command.env("https_proxy", format!("http://joe:{CANARY}@127.0.0.1:9"));
    command.env("no_proxy", "*").output().unwrap()
}

/// A host with a secret wherever there may be one.
fn with_secrets() -> Host {
    let host = Host::with_loglistener();
    for key in ["secret_id", "secret_key"] {
        let conf = host.read("/usr/local/loglistener/etc/loglistener.conf");
        let line = conf.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
        host.edit("/usr/local/loglistener/etc/loglistener.conf", &line, &format!("{key} = AKID{CANARY}"));
    }
    host.add_log_service();
    let config = format!(
        r#"{{
    "config_server_address" : "http://joe:{CANARY}@logtail.cn-hangzhou-intranet.log.aliyuncs.com/?token={CANARY}",
    "data_server_list" : [{{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou-intranet.log.aliyuncs.com"}}],
    "AccessKeySecret" : "{CANARY}", "default_access_key" : "{CANARY}", "nested" : {{"deeper" : ["{CANARY}"]}}
}}
"#
    );
    host.create_dir("/usr/local/ilogtail/config.d");
    host.write("/usr/local/ilogtail/ilogtail_config.json", config);
    host.install_stand_in("/usr/local/ilogtail/ilogtail");
    let secret = format!("http://joe:{CANARY}@127.0.0.1:9");
    let environment = [("STAND_IN_IP", "172.16.2.200"), ("HTTP_PROXY", &secret), ("ALIYUN_SECRET", CANARY)];
    host.start_agent(&["/usr/local/ilogtail/ilogtail"], &environment, 2);
    host.write(
        EXPORTER_CONFIG,
        format!(
            "detect: true\nagents:\n- name: web\n  kind: custom\n  files: [/etc/web.conf]\n  endpoints: [{{url: 'http://127.0.0.1:1/hooks/{CANARY}'}}]\n\
             alertmanagers:\n- static_configs: [{{targets: ['127.0.0.1:9']}}]\n  basic_auth: {{username: joe, password: {CANARY}}}\n\
             - static_configs: [{{targets: ['127.0.0.1:8']}}]\n  authorization: {{credentials: {CANARY}}}\n  proxy_url: http://127.0.0.1:7\n"
        ),
    );
    host.write("/etc/web.conf", format!("password = {CANARY}\n"));
    let hash = "$2y$05$T8/OSMqlgAByGek.2aIYfu9NvxBvvN4jkD/5qxaBF07MpUyh5LecC";
    host.write("/etc/web.yml", format!("basic_auth_users: {{joe: {hash}}}\n"));
    host
}

/// No member holds a canary, as it is or encoded.
fn assert_no_secret(bundle: &[(String, String)]) {
    for (name, text) in bundle {
        for secret in [CANARY, "T8/OSMqlgAByGek", &CANARY.to_lowercase()] {
            assert!(!text.contains(secret) && !name.contains(secret), "{name}: {text}");
        }
    }
}

#[test]
fn a_bundle_holds_what_support_needs_and_no_secret() {
    let host = with_secrets();
    let output =
        check(&host, &["--local", &format!("--config.file={EXPORTER_CONFIG}"), "--bundle=/etc/b.tar.gz"]);
    let (said, listed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{said}{listed}");
    assert!(said.contains("logtail") && !listed.contains(CANARY), "{said}{listed}");
    let path = host.at("/etc/b.tar.gz");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    let bundle = unpacked(&bytes);
    assert_no_secret(&bundle);
    for (name, text) in &bundle {
        assert!(listed.contains(&format!("{}  {name}", text.len())), "{name} is not listed: {listed}");
    }

    let report: Value = serde_json::from_str(text(&bundle, "now/report.json")).unwrap();
    assert_eq!(report["agents"].as_array().unwrap().len(), 3);
    assert!(text(&bundle, "now/metrics.txt").contains("logagent_problem{"));
    let config = text(&bundle, "agents/logtail/ilogtail_config.json.txt");
    for line in [
        "/usr/local/ilogtail/ilogtail_config.json",
        "config_server_address = http://logtail.cn-hangzhou-intranet.log.aliyuncs.com/(withheld)",
        "data_server_list.cluster = cn-hangzhou",
        "AccessKeySecret = (withheld)",
        "nested.deeper = (withheld)",
    ] {
        assert!(config.lines().any(|shown| shown == line), "{line} is not in {config}");
    }
    let conf = text(&bundle, "agents/loglistener/loglistener.conf.txt");
    assert!(
        conf.contains("group_ip = 172.16.2.200\n") && conf.contains("secret_key = (withheld)\n"),
        "{conf}"
    );
    let environment = text(&bundle, "agents/logtail/environment.txt");
    assert!(environment.contains("HTTP_PROXY=") && environment.contains("127.0.0.1:9"), "{environment}");
    assert!(text(&bundle, "agents/logtail/app_info.json.txt").contains("ip = 172.16.2.200"));
    let own = text(&bundle, "exporter/config.txt");
    assert!(own.contains("agents.endpoints.url = http://127.0.0.1:1/(withheld)\n"), "{own}");
    assert!(text(&bundle, "exporter/environment.txt").contains("AWS_SECRET_ACCESS_KEY=(withheld)"));
    assert!(text(&bundle, "versions.txt").contains("kernel "));

    let again = check(&host, &["--local", "--bundle=/etc/b.tar.gz"]);
    let error = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.code() == Some(3) && error.contains("exists"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "it is not overwritten");
}

#[test]
fn a_bundle_holds_what_the_running_exporter_knows_and_how_it_was_started() {
    let host = with_secrets();
    host.sh("mkdir -p /run/logagent-exporter && chmod 700 /run/logagent-exporter");
    let config = host.read(EXPORTER_CONFIG);
    let exporter = host.exporter_starting(User::Root, Some(&config), &["--web.config.file=/etc/web.yml"]);
    let output = check(&host, &["--bundle=-", "--lang=zh"]);
    let listed = String::from_utf8_lossy(&output.stderr);
    assert!(listed.contains("发送之前请逐一查看"), "{listed}");
    let bundle = unpacked(&output.stdout);
    assert_no_secret(&bundle);
    let running: Value = serde_json::from_str(text(&bundle, "running/report.json")).unwrap();
    assert!(running["agents"][0]["transitions"].is_array(), "{running}");
    assert!(text(&bundle, "running/metrics.txt").contains("logagent_alertmanager_notifications_sent_total"));
    let environment = text(&bundle, "exporter/environment.txt");
    assert!(environment.contains("argument --web.config.file=/etc/web.yml"), "{environment}");
    assert!(text(&bundle, "exporter/config.txt").contains("alertmanagers.basic_auth.password = (withheld)"));
    assert!(text(&bundle, "exporter/web-config.txt").contains("basic_auth_users.joe = (withheld)"));
    drop(exporter);
}
