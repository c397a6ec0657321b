//! Healthy machines that look odd: nothing may be reported, whatever the agents' own logs contain.

use std::{
    fs::OpenOptions,
    io::{Seek as _, SeekFrom, Write as _},
};

use crate::{
    agent_log::line,
    support::{Answer, Exporter, Host, Sample, User, layouts::*},
};

/// The logs of the agents of these machines, by directory.
const LOGS: [&str; 4] = [
    "/usr/local/ilogtail/ilogtail.LOG",
    "/usr/local/ilogtail/loongcollector.LOG",
    "/usr/local/ilogtail_second/ilogtail.LOG",
    "/usr/local/loglistener/log/loglistener.log",
];

/// Its description, and how the log at this path is changed.
type State = (&'static str, fn(&Host, &str));

/// States of a log without meaning for an agent.
const STATES: [State; 7] = [
    ("present", |host, log| host.write(log, ordinary(host, 100))),
    ("names that read like messages", |host, log| {
        append(
            host,
            log,
            &line(host, "error", "failed to open file:/var/log/\terror code:Unauthorized\tdev:1"),
        );
        append(host, log, "\terror code:Unauthorized\n{\"errorcode\":\"Unauthorized\"}\n");
    }),
    ("rotated", |host, log| {
        host.rename(log, &format!("{log}.1"));
        host.write(log, ordinary(host, 1));
    }),
    ("binary", |host, log| host.write(log, (0..=255_u8).cycle().take(1 << 20).collect::<Vec<_>>())),
    ("huge", |host, log| {
        let mut file = OpenOptions::new().write(true).open(host.at(log)).unwrap();
        file.set_len(2 << 30).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(ordinary(host, 10).as_bytes()).unwrap();
    }),
    // More than is read at once.
    ("written quickly", |host, log| append(host, log, &ordinary(host, 10_000))),
    ("absent", |host, log| host.remove(log)),
];

fn ordinary(host: &Host, lines: usize) -> String {
    line(host, "info", "profiling:started\tproject:failed to send request\tcount:12").repeat(lines)
}

fn append(host: &Host, log: &str, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(host.at(log)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Expects the machine to be healthy in each state of its agents' logs.
#[track_caller]
fn silent_whatever_is_logged(host: &Host, exporter: &Exporter<'_>) {
    let there = |log: &&str| host.at(log.rsplit_once('/').unwrap().0.trim_end_matches("/log")).is_dir();
    let logs: Vec<&str> = LOGS.into_iter().filter(there).collect();
    assert!(!logs.is_empty(), "none of the places of logs is there");
    for (state, make) in STATES {
        for log in &logs {
            make(host, log);
        }
        exporter.until_evaluated();
        exporter.until_evaluated();
        let verdict = exporter.scrape().verdict();
        assert!(verdict.is_empty(), "with a log that is {state}: {verdict:?}");
    }
}

/// Expects this machine to be healthy, with exactly these agents on it.
#[track_caller]
fn silent(host: &Host, config: Option<&str>, agents: &[&str]) {
    let exporter = host.exporter_with(User::Root, config, &[]);
    exporter.shows(&[]);
    silent_whatever_is_logged(host, &exporter);
    let seen = exporter.scrape();
    let names: Vec<_> = seen.of("logagent_agent_info").map(|sample| sample.label("agent")).collect();
    assert_eq!(names, agents);
    let up: Vec<&Sample> = seen.of("logagent_endpoint_up").filter(|sample| sample.value != 1.0).collect();
    assert!(up.is_empty(), "{up:?}");
}

#[test]
fn nothing_to_watch() {
    let host = Host::new();
    let exporter = host.exporter();
    assert_eq!(exporter.scrape().value("logagent_agents", &[]), Some(0.0));
    exporter.shows(&[]);
    // An agent that is installed later is found.
    host.add_log_service();
    host.write(CONFIG, CONFIG_TEXT);
    host.install_stand_in(ILOGTAIL);
    host.start_logtail();
    exporter.until("an agent", |seen| seen.value("logagent_agents", &[]) == Some(1.0));
    exporter.shows(&[]);
}

#[test]
fn debians_line_for_the_host_name() {
    let host = Host::with_logtail();
    let hosts = host.read("/etc/hosts");
    host.write("/etc/hosts", format!("127.0.1.1 web-1.example.com web-1\n{hosts}"));
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn the_clouds_line_for_the_host_name() {
    let host = Host::with_logtail();
    let hosts = host.read("/etc/hosts");
    host.write("/etc/hosts", format!("{hosts}172.16.2.200\tweb-1\tweb-1 # set by the cloud\r\n"));
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn virtual_interfaces_beside_eth0() {
    let host = Host::with_logtail();
    for (name, address) in
        [("docker0", "172.17.0.1/16"), ("br-4f2a", "172.18.0.1/16"), ("cali12", "169.254.1.1/32")]
    {
        host.add_interface(name, address);
    }
    host.ip("address add 2001:db8::5/64 dev eth0");
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn a_virtual_interface_before_the_first_real_one() {
    let host = Host::with_logtail();
    host.add_interface("docker0", "172.17.0.1/16");
    host.add_interface("ens33", "10.9.0.5/24");
    // No eth0 to prefer; and with this name the interface to the internet counts as virtual.
    host.sh("ip link set eth0 down\nip link set eth0 name veth0\nip link set veth0 up\nip route add default via 172.16.2.1");
    host.kill_all("ilogtail");
    host.start_logtail_at("10.9.0.5");
    silent(&host, None, &["logtail"]);
}

#[test]
fn a_server_that_has_an_ipv6_address_only() {
    let host = Host::with_logtail();
    host.sh("ip address add 2001:db8:1::2/64 dev eth0 nodad
         ip -n internet address add 2001:db8:1::1/64 dev eth0 nodad
         ip -n internet address add 2001:db8:2::10/128 dev lo nodad
         ip -6 route add default via 2001:db8:1::1");
    host.serve("[2001:db8:2::10]:80", Answer::LogService);
    host.edit("/etc/hosts", "100.115.4.11 ", "2001:db8:2::10 ");
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn a_working_ip_behind_nat() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.add_parameter(r#""working_ip" : "203.0.113.7""#);
    host.start_logtail_at("203.0.113.7");
    silent(&host, None, &["logtail"]);
}

#[test]
fn a_working_ip_of_the_environment() {
    let host = Host::with_logtail();
    host.restart_logtail_with(&[
        ("STAND_IN_IP", "203.0.113.7"),
        ("ALIYUN_LOGTAIL_WORKING_IP", "203.0.113.7"),
    ]);
    silent(&host, None, &["logtail"]);
}

#[test]
fn carriage_returns_and_comments_in_the_config() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    let text = CONFIG_TEXT
        .replace("{\n    \"config", "{\n    // the internal network\n    /* both ends */\n    \"config");
    host.write(CONFIG, text.replace('\n', "\r\n"));
    host.start_logtail();
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn several_accounts_and_identifiers() {
    let host = Host::with_logtail();
    host.write(&format!("{USERS}/6543210987654321"), "");
    host.write(IDENTIFIERS, "other-fleet\n  web-fleet  \n\nthird\n");
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn identifiers_of_the_environment() {
    let host = Host::with_logtail();
    host.remove(USERS);
    host.remove(IDENTIFIERS);
    host.restart_logtail_with(&[
        ("ALIYUN_LOGTAIL_USER_ID", "1,1234567890123456"),
        ("ALIYUN_LOGTAIL_USER_DEFINED_ID", "a,web-fleet"),
    ]);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn the_second_form_of_the_config() {
    let host = Host::with_logtail();
    host.write(
        CONFIG,
        r#"{"primary_region" : "cn-hangzhou", "config_servers" : ["http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"],
            "data_servers" : [{"region" : "cn-hangzhou", "endpoint_list": ["cn-hangzhou-intranet.log.aliyuncs.com"]}],
            "cpu_usage_limit" : 0.4,}"#,
    );
    host.restart_logtail_with(&[("STAND_IN_VERSION", "loongcollector_version=3.1.4")]);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn the_community_edition() {
    let host = Host::new();
    host.add_site("203.0.113.40", &["config.example.com"]);
    host.serve("203.0.113.40:8899", Answer::Status(404));
    host.write(
        CONFIG,
        r#"{"config_server_list": [{"cluster": "community", "endpoint_list": ["203.0.113.40:8899"]}]}"#,
    );
    host.install_stand_in(ILOGTAIL);
    let environment =
        [("STAND_IN_IP", "172.16.2.200"), ("STAND_IN_VERSION", "logtail_version=1.8.8 Community Edition")];
    host.start_agent(&[ILOGTAIL, "-ilogtail_daemon_flag=false"], &environment, 1);
    silent(&host, None, &["logtail"]);
}

#[test]
fn loongcollector_behind_a_link() {
    let host = Host::new();
    host.add_log_service();
    host.write(CONFIG, CONFIG_TEXT);
    host.install_stand_in(&format!("{LOGTAIL}/loongcollector_3.1.4"));
    host.link(&format!("{LOGTAIL}/loongcollector"), "loongcollector_3.1.4");
    let environment = [("STAND_IN_IP", "172.16.2.200"), ("STAND_IN_VERSION", "loongcollector_version=3.1.4")];
    host.start_agent(&[&format!("{LOGTAIL}/loongcollector"), "-enable_host_id=true"], &environment, 2);
    silent(&host, None, &["logtail"]);
}

#[test]
fn programs_that_have_a_window_on_the_agents_files() {
    let host = Host::with_logtail();
    host.write(&format!("{LOGTAIL}/ilogtail.LOG"), "");
    for program in ["tail", "vi", "grep", "python3"] {
        host.install_stand_in(&format!("/opt/tools/{program}"));
    }
    host.start_in(LOGTAIL, &["/opt/tools/tail", "-f", "ilogtail.LOG"], []);
    host.start_in(LOGTAIL, &["/opt/tools/vi", "ilogtail_config.json"], []);
    host.start_in(LOGTAIL, &["/opt/tools/grep", "ilogtail"], []);
    host.start_in(LOGTAIL, &["/opt/tools/python3", ILOGTAIL], []);
    for program in ["tail", "vi", "grep", "python3"] {
        host.until_running(program, 1);
    }
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn two_installations() {
    let host = Host::with_logtail();
    let config = CONFIG_TEXT.replace(
        "{\n    \"config",
        "{\n    \"logtail_sys_conf_dir\" : \"/etc/ilogtail_second/\",\n    \"check_point_filename\" : \"/tmp/logtail_check_point_second\",\n    \"config",
    );
    host.write("/usr/local/ilogtail_second/ilogtail_config.json", config);
    host.write("/etc/ilogtail_second/users/1234567890123456", "");
    host.install_stand_in("/usr/local/ilogtail_second/ilogtail");
    host.start_agent(&["/usr/local/ilogtail_second/ilogtail"], &[("STAND_IN_IP", "172.16.2.200")], 2);
    silent(&host, None, &["logtail", "logtail_second"]);
}

#[test]
fn a_container_whose_config_is_made_from_its_path() {
    let host = Host::with_logtail();
    host.remove(CONFIG);
    let path = "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json";
    host.restart_logtail_with(&[("ALIYUN_LOGTAIL_CONFIG", path)]);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn a_proxy_that_the_agent_uses() {
    let host = Host::with_logtail();
    host.add_site("203.0.113.50", &["proxy.example.com"]);
    host.serve("203.0.113.50:3128", Answer::LogService);
    for address in [DATA, PROJECT, ADMIN, CONFIG_HTTP] {
        host.refuse(address);
    }
    host.restart_logtail_with(&[
        ("STAND_IN_VERSION", "logtail_version=1.5.1"),
        ("http_proxy", "http://proxy.example.com:3128"),
    ]);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn one_of_two_addresses_of_a_server_is_down() {
    let host = Host::with_logtail();
    // Nothing listens on this one.
    host.add_site("100.115.4.20", &["cn-hangzhou-intranet.log.aliyuncs.com"]);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
}

#[test]
fn a_root_and_a_procfs_elsewhere() {
    let host = Host::with_logtail();
    // The agent's own root, mounted elsewhere: processes in another one do not count.
    host.sh("mkdir -p /run/root /run/procfs
         mount --rbind / /run/root
         mount --bind /proc /run/procfs");
    let flags = ["--path.rootfs=/run/root", "--path.procfs=/run/procfs"];
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &flags);
    exporter.shows(&[]);
}

#[test]
fn both_kinds() {
    let host = Host::with_loglistener();
    host.add_log_service();
    host.write(CONFIG, CONFIG_TEXT);
    host.install_stand_in(ILOGTAIL);
    host.start_logtail();
    silent(&host, None, &["logtail", "loglistener"]);
}

#[test]
fn an_agent_in_a_container() {
    let host = Host::with_logtail();
    let mut container = host.command("/", "unshare");
    container.args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"]);
    container.args([&format!("{ILOGTAIL}; exec sleep 60")]);
    let mut container = container.spawn().unwrap();
    host.until_running("ilogtail", 4);
    silent(&host, Some(EXPECT_ALL), &["logtail"]);
    container.kill().unwrap();
    container.wait().unwrap();
}
