//! Healthy and broken hosts to blind, as files and processes.

use super::{Case, Entries};

const LOGTAIL_CONFIG: &str = r#"{"config_server_address" : "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com",
"data_server_list" : [{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou-intranet.log.aliyuncs.com"}]}"#;
const RECORD: &str = r#"{"UUID" : "", "hostname" : "web-1", "instance_id" : "0A1B_172.16.2.200_1700000000", "ip" : "172.16.2.200",
"logtail_version" : "VERSION", "os" : "Linux", "update_time" : "2023-11-14 22:13:20"}"#;
const LISTENER_CONFIG: &str = "proxy_host = ap-guangzhou.cls.tencentyun.com\nsecret_id = AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA\n\
secret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\ngroup_ip = 172.16.2.200\ngroup_label =\ninstance_id = loglistener-26bc\n";
const EXPECT_LOGTAIL: &str = "agents: [{kind: logtail, expect: {region: cn-hangzhou, network: intranet, \
account_id: '1234567890123456', machine_group_ips: [172.16.2.200], machine_group_identifier: web-fleet}}]";
const EXPECT_LISTENER: &str = "agents: [{kind: loglistener, expect: {region: ap-guangzhou, network: intranet, server_group_ip: 172.16.2.200}}]";

fn entry(path: &str, content: &str) -> (String, String) {
    (path.to_owned(), content.to_owned())
}

/// The procfs files of a process that has been running `executable` as root for some time.
fn process(pid: u32, parent: u32, executable: &str, arguments: &[&str], environment: &[&str]) -> Entries {
    let name = executable.rsplit('/').next().unwrap_or_default();
    let lines = |texts: &[&str]| texts.iter().flat_map(|text| [text, "\0"]).collect::<String>();
    let stat = format!("{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 4 0 6000 0 900 0\n");
    let status = format!(
        "Name:\t{name}\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t{pid}\nThreads:\t4\nSigQ:\t0/1\n"
    );
    vec![
        entry(&format!("proc/{pid}/stat"), &stat),
        entry(&format!("proc/{pid}/status"), &status),
        entry(&format!("proc/{pid}/cmdline"), &lines(arguments)),
        entry(&format!("proc/{pid}/environ"), &lines(environment)),
        entry(&format!("proc/{pid}/exe"), &format!("->{executable}")),
        entry(&format!("proc/{pid}/root"), "->/"),
        entry(&format!("proc/{pid}/fd/0"), ""),
    ]
}

fn host() -> Entries {
    let mut entries = process(1, 0, "/sbin/init", &["init"], &[]);
    entries.push(entry("etc/hosts", "127.0.0.1 localhost\n"));
    entries.push(entry("etc/localtime", ""));
    entries
}

fn logtail(version: &str, environment: &[&str]) -> Entries {
    let mut entries = host();
    let executable = "/usr/local/ilogtail/ilogtail_1";
    entries.push(entry(executable, "ELF"));
    entries.push(entry("usr/local/ilogtail/ilogtail", "->ilogtail_1"));
    entries.push(entry("usr/local/ilogtail/ilogtail_config.json", LOGTAIL_CONFIG));
    entries.push(entry("usr/local/ilogtail/app_info.json", &RECORD.replace("VERSION", version)));
    entries.push(entry("usr/local/ilogtail/ilogtail.LOG", "[2023-11-14 22:13:20.000000]\t[info]\tstarted\n"));
    entries.push(entry("etc/ilogtail/users/1234567890123456", ""));
    entries.push(entry("etc/ilogtail/user_defined_id", "web-fleet\n"));
    entries.push(entry("etc/init.d/ilogtaild", "#!/bin/sh\n"));
    entries.extend(process(100, 1, executable, &["/usr/local/ilogtail/ilogtail"], environment));
    entries.extend(process(101, 100, executable, &["/usr/local/ilogtail/ilogtail"], environment));
    entries
}

fn loglistener(version: Option<&str>) -> Entries {
    let mut entries = host();
    let dir = "usr/local/loglistener";
    entries.push(entry(&format!("{dir}/etc/loglistener.conf"), LISTENER_CONFIG));
    entries.extend(version.map(|version| entry(&format!("{dir}/version.txt"), version)));
    for (pid, name) in [(200, "loglistener"), (201, "loglistenerm"), (202, "loglisteneru")] {
        let executable = format!("/{dir}/bin/{name}");
        entries.push(entry(&executable, "ELF"));
        let arguments = [executable.as_str(), "--conf=etc/loglistener.conf"];
        entries.extend(process(pid, 1, &executable, &arguments, &[]));
        entries.push(entry(&format!("proc/{pid}/cwd"), &format!("->/{dir}")));
    }
    entries
}

/// The entries with one of them changed, or removed if `content` is `None`.
fn changed(mut entries: Entries, path: &str, content: Option<&str>) -> Entries {
    let before = entries.len();
    entries.retain(|(of, _)| of != path);
    assert_eq!(entries.len() + 1, before, "{path}");
    entries.extend(content.map(|content| entry(path, content)));
    entries
}

/// Every host.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = logtails();
    cases.extend(others());
    cases
}

fn case(name: &'static str, config: &'static str, entries: Entries) -> Case {
    Case { name, config, entries, edits: Vec::new() }
}

fn logtails() -> Vec<Case> {
    let tail = || logtail("1.3.1", &[]);
    let record = "usr/local/ilogtail/app_info.json";
    let config = "usr/local/ilogtail/ilogtail_config.json";
    let edited = LOGTAIL_CONFIG.replace("cn-hangzhou", "cn-beijing");
    vec![
        case("logtail", "", tail()),
        case("logtail as expected", EXPECT_LOGTAIL, tail()),
        case("community edition", "", {
            let mut entries = logtail("2.0.4 Community Edition", &[]);
            entries.retain(|(path, _)| !path.starts_with("proc/101/"));
            entries
        }),
        case(
            "environment",
            EXPECT_LOGTAIL,
            logtail("1.3.1", &["working_ip=172.16.2.200", "http_proxy=http://p:1"]),
        ),
        case("moved config", "", {
            let mut entries = changed(tail(), config, None);
            entries.retain(|(path, _)| !path.starts_with("proc/10"));
            entries.push(entry("srv/logtail.json", LOGTAIL_CONFIG));
            let environment = ["ALIYUN_LOGTAIL_CONFIG=/srv/logtail.json"];
            for (pid, parent) in [(100, 1), (101, 100)] {
                entries.extend(process(
                    pid,
                    parent,
                    "/usr/local/ilogtail/ilogtail_1",
                    &["ilogtail"],
                    &environment,
                ));
            }
            entries
        }),
        case(
            "bound by the hosts file",
            EXPECT_LOGTAIL,
            changed(tail(), "etc/hosts", Some("172.16.2.9 web-1\n")),
        ),
        case("config invalid", EXPECT_LOGTAIL, changed(tail(), config, Some("{"))),
        case("config of another region", EXPECT_LOGTAIL, changed(tail(), config, Some(&edited))),
        case("address elsewhere", EXPECT_LOGTAIL, {
            changed(tail(), record, Some(&RECORD.replace("172.16.2.200", "10.9.9.9")))
        }),
        case("record damaged", EXPECT_LOGTAIL, changed(tail(), record, Some("{\"ip\" : "))),
        case("identifier with a carriage return", "", {
            changed(tail(), "etc/ilogtail/user_defined_id", Some("web-fleet\r\n"))
        }),
        case("another identifier", EXPECT_LOGTAIL, {
            changed(tail(), "etc/ilogtail/user_defined_id", Some("db-fleet\n"))
        }),
        case("no account", EXPECT_LOGTAIL, changed(tail(), "etc/ilogtail/users/1234567890123456", None)),
        case("worker gone", EXPECT_LOGTAIL, {
            tail().into_iter().filter(|(path, _)| !path.starts_with("proc/101/")).collect()
        }),
        case("nothing runs", EXPECT_LOGTAIL, {
            tail().into_iter().filter(|(path, _)| !path.starts_with("proc/10")).collect()
        }),
        case("defunct", EXPECT_LOGTAIL, {
            let stat = "101 (ilogtail_1) Z 100 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 6000 0 0 0\n";
            changed(tail(), "proc/101/stat", Some(stat))
        }),
        Case {
            edits: vec![entry(
                config,
                &LOGTAIL_CONFIG
                    .replace("streamlog", "")
                    .replace("{\"config", "{\"max_bytes_per_sec\": 9, \"config"),
            )],
            ..case("config edited", EXPECT_LOGTAIL, tail())
        },
        Case {
            edits: vec![entry("usr/local/ilogtail/config.d/a.json", r#"{"working_ip" : "10.9.9.9"}"#)],
            ..case("config part added", EXPECT_LOGTAIL, tail())
        },
    ]
}

fn others() -> Vec<Case> {
    let conf = "usr/local/loglistener/etc/loglistener.conf";
    vec![
        case("loglistener", "", loglistener(Some("2.8.2"))),
        case("loglistener as expected", EXPECT_LISTENER, loglistener(Some("2.8.2"))),
        case("loglistener without a version", EXPECT_LISTENER, loglistener(None)),
        case("loglistener with placeholders", EXPECT_LISTENER, {
            let text = LISTENER_CONFIG.replace("AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "${secret_id}");
            changed(loglistener(Some("2.8.2")), conf, Some(&text))
        }),
        case("loglistener of another address", EXPECT_LISTENER, {
            changed(
                loglistener(Some("2.8.2")),
                conf,
                Some(&LISTENER_CONFIG.replace("172.16.2.200", "10.1.1.1")),
            )
        }),
        case("loglistener's update process gone", EXPECT_LISTENER, {
            let all = loglistener(Some("2.8.2")).into_iter();
            all.filter(|(path, _)| !path.starts_with("proc/202/")).collect()
        }),
        case(
            "custom",
            "agents: [{name: bit, kind: custom, processes: [{role: worker, executable: bit}], files: [/etc/bit.conf]}]",
            {
                let mut entries = host();
                entries.push(entry("usr/bin/bit", "ELF"));
                entries.push(entry("etc/bit.conf", "x"));
                entries.extend(process(300, 1, "/usr/bin/bit", &["bit"], &[]));
                entries
            },
        ),
    ]
}
