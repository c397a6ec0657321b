//! States of `installed`, `processes`, `ip`, `credentials` and `restart`.

use std::time::Duration;

use super::{Case, by};
use crate::{
    custom,
    support::{Exporter, Host, eventually, layouts::*},
};

/// An IP address of a second interface.
const SECOND: &str = "10.9.0.5";

/// Logtail reports this address, whatever its config says.
fn reports(host: &Host, ip: &str) {
    host.kill_all("ilogtail");
    host.start_logtail_at(ip);
}

fn install(host: &Host) {
    host.write(CONFIG, CONFIG_TEXT);
    host.write(IDENTIFIERS, "web-fleet\n");
    host.install_stand_in(ILOGTAIL);
    host.sh("/etc/init.d/ilogtaild start");
}

fn restarts_again_and_again(host: &Host, exporter: &Exporter<'_>) {
    eventually("a crash loop is seen", || {
        if exporter.scrape().value("logagent_problem", &[("cause", "crash_loop")]).is_some() {
            return Ok(());
        }
        host.restart_logtail();
        exporter.until_evaluated();
        Err(format!("{:?}", exporter.scrape().verdict()))
    });
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = installation_and_processes();
    cases.extend(addresses());
    cases.extend(of_loglistener());
    cases
}

fn installation_and_processes() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| {
                host.kill_all("ilogtail");
                host.remove(LOGTAIL);
                host.remove("/etc/ilogtail");
            },
            people: by("Logtail is installed", install),
            ..logtail("not_installed", "Logtail was removed")
        },
        Case {
            provoke: |host, _| host.remove(ILOGTAIL),
            people: by("the package is installed again", |host| {
                host.kill_all("ilogtail");
                host.install_stand_in(ILOGTAIL);
            }),
            ..logtail("installation_incomplete", "the executable of Logtail was removed")
        },
        Case {
            provoke: |host, _| host.kill_all("ilogtail"),
            ..logtail("not_running", "all processes were killed")
        },
        Case {
            config: Some(custom::EXPECT),
            provoke: |host, _| host.kill_all("fluent-bit"),
            ..Case::of("not_running", "a custom agent was killed", custom::with_fluent_bit)
        },
        Case {
            provoke: |host, _| host.signal("KILL", host.daemon()),
            ..logtail("daemon_missing", "the daemon was killed")
        },
        Case {
            provoke: |host, _| host.signal("KILL", host.worker()),
            ..logtail("worker_missing", "the worker was killed")
        },
        Case {
            provoke: |host, _| host.kill_all("loglisteneru"),
            ..Case::of("update_process_missing", "the update process was killed", Host::with_loglistener)
        },
        Case {
            provoke: |host, _| {
                host.start(&[ILOGTAIL, "-ilogtail_daemon_flag=false"], []);
                host.until_running("ilogtail", 3);
            },
            people: by("the second one is ended", |host| {
                host.sh("kill -9 $(grep -l -a daemon_flag=false /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 | head -n 1)");
            }),
            not: &["ignore"],
            ..logtail("multiple_instances", "a second Logtail was started")
        },
        Case {
            provoke: |host, _| {
                host.restart_logtail_with(&[("STAND_IN_REAP", "0")]);
                host.signal("KILL", host.worker());
            },
            ..logtail("process_defunct", "the worker was killed, and its daemon does not reap it")
        },
        Case {
            provoke: |host, _| host.signal("STOP", host.worker()),
            ..logtail("process_stopped", "the worker was stopped by a signal")
        },
        Case {
            provoke: restarts_again_and_again,
            lasts: Some("no: it stays active for five minutes after the last restart"),
            ..logtail("crash_loop", "Logtail was restarted again and again")
        },
        Case {
            provoke: |host, _| host.edit(CONFIG, "\"cpu_usage_limit\" : 0.4", "\"cpu_usage_limit\" : 0.8"),
            ..logtail("restart_required", "the config was edited")
        },
        Case {
            provoke: |host, _| host.install_stand_in(ILOGTAIL),
            ..logtail("restart_required_binary", "the executable was replaced")
        },
    ]
}

fn addresses() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| {
                host.kill_all("ilogtail");
                host.ip("address del 172.16.2.200/24 dev eth0");
                host.start_logtail_at("");
            },
            people: by("the address is given back", |host| {
                host.ip("address add 172.16.2.200/24 dev eth0");
                host.ip("route add default via 172.16.2.1");
            }),
            ..logtail("ip_missing", "the host lost its address")
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| reports(host, ""),
            ..logtail("ip_empty", "Logtail found no address at its start")
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| reports(host, "127.0.1.1"),
            ..logtail("ip_loopback", "Logtail took the address of the host name, a loopback one")
        },
        Case {
            provoke: |host, _| reports(host, "172.16.2.99"),
            not: &["172.16.2.99"],
            ..logtail("ip_not_on_host", "Logtail reports an address that the host no longer has")
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| {
                host.add_interface("eth1", "10.9.0.5/24");
                reports(host, SECOND);
            },
            ..logtail(
                "ip_not_in_group",
                "Logtail reports the address of another interface than the group has",
            )
        },
        Case {
            provoke: |host, _| host.add_parameter(r#""working_ip" : "10.1.2.3""#),
            ..logtail("ip_differs_from_working_ip", "`working_ip` was set, and Logtail was not restarted")
        },
        Case {
            provoke: |host, _| host.sh("echo '10.9.9.9 web-1' >>/etc/hosts").clear(),
            people: by("the line is removed", |host| host.edit("/etc/hosts", "10.9.9.9 web-1\n", "")),
            ..logtail(
                "ip_differs_from_hosts_binding",
                "the hosts file was given a wrong line for the host name",
            )
        },
        Case {
            provoke: |host, _| {
                host.add_interface("docker0", "172.17.0.1/16");
                reports(host, "172.17.0.1");
            },
            ..logtail("ip_on_virtual_interface", "Logtail reports the address of a container bridge")
        },
        Case {
            provoke: |host, _| {
                host.add_interface("eth1", "10.9.0.5/24");
                reports(host, SECOND);
            },
            ..logtail("ip_not_first_interface", "Logtail reports the address of the second interface")
        },
        Case {
            provoke: |host, _| {
                host.add_interface("eth1", "10.9.0.5/24");
                reports(host, SECOND);
            },
            stands_after: Duration::from_mins(1),
            ..logtail(
                "ip_will_change",
                "Logtail reports the address of an interface that it would not choose again",
            )
        },
        Case {
            provoke: |host, _| host.sh("echo '10.9.9.9 web-1' >>/etc/hosts").clear(),
            people: by("the line is removed", |host| host.edit("/etc/hosts", "10.9.9.9 web-1\n", "")),
            ..logtail(
                "hosts_binding_not_on_host",
                "the hosts file binds the host name to another host's address",
            )
        },
        Case {
            provoke: |host, _| host.remove(APP_INFO),
            ..logtail("ip_record_missing", "`app_info.json` was removed")
        },
        Case {
            provoke: |host, _| host.write(APP_INFO, "{\n\t\"UUID\" : \"\",\n\t\"host"),
            ..logtail("ip_record_invalid", "`app_info.json` was cut off")
        },
        Case {
            provoke: |host, _| host.edit(APP_INFO, "\"ip\" : \"172.16.2.200\"", "\"ip\" : \"172.16.2.99\""),
            ..logtail("ip_record_edited", "`app_info.json` was edited")
        },
    ]
}

fn edit_conf(host: &Host, from: &str, to: &str) {
    host.edit(CONF, from, to);
    host.sh("/etc/init.d/loglistenerd restart");
}

fn of_loglistener() -> Vec<Case> {
    let listener = |cause, state| Case::of(cause, state, Host::with_loglistener);
    vec![
        Case {
            config: Some(EXPECT_CLS),
            provoke: |host, _| {
                host.ip("address add 172.16.2.201/24 dev eth0");
                edit_conf(host, "172.16.2.200", "172.16.2.201");
            },
            not: &["server_group_ip"],
            ..listener("group_ip_mismatch", "`group_ip` is another address of the host")
        },
        Case {
            config: Some(
                "agents: [{ kind: loglistener, expect: { server_group_ip: 172.16.2.1-172.16.2.254 } }]",
            ),
            ..listener("group_ip_is_range", "the server group is entered as a range")
        },
        Case {
            provoke: |host, _| {
                host.ip("address add 203.0.113.9/32 dev eth0");
                edit_conf(host, "172.16.2.200", "203.0.113.9");
            },
            not: &["proxy_host"],
            ..listener("group_ip_not_private", "`group_ip` is the public address of the host")
        },
        Case {
            config: Some(EXPECT_CLS),
            provoke: |host, _| edit_conf(host, "group_label =", "group_label = web"),
            ..listener("group_label_conflict", "a label is set, and the server group is IP-based")
        },
        Case {
            config: Some("agents: [{ kind: loglistener, expect: { region: ap-guangzhou } }]"),
            provoke: |host, _| host.add_interface("eth1", "10.9.0.5/24"),
            ..listener("multiple_candidate_addresses", "the host has two addresses")
        },
        Case {
            provoke: |host, _| edit_conf(host, "secret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\n", ""),
            people: by("the key pair is entered", |host| host.write(CONF, CONF_TEXT)),
            ..listener("credentials_missing", "`secret_key` is not set")
        },
        Case {
            provoke: |host, _| edit_conf(host, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "1250000000"),
            people: by("the key pair is entered", |host| host.write(CONF, CONF_TEXT)),
            ..listener("credentials_malformed", "`secret_id` is an account's number")
        },
        Case {
            provoke: |host, _| {
                edit_conf(host, "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
            },
            people: by("the key pair is entered", |host| host.write(CONF, CONF_TEXT)),
            ..listener("credentials_placeholder", "`secret_key` is a template's")
        },
    ]
}
