//! States of an agent's surroundings (its disks, limits, service, identity, neighbours), and those that only its own
//! log shows.

use super::{Case, by};
use crate::{
    agent_log::{DELIVERED, append, line, refused},
    hung,
    support::{Exporter, Host, eventually, layouts::*},
};

const FILL: &str = "/etc/ilogtail/fill";
const REST: &str = "/etc/ilogtail/rest";
const LOONGCOLLECTOR: &str = "/usr/local/ilogtail/loongcollector_3.1.4";

fn on_a_small_disk() -> Host {
    let host = Host::with_logtail();
    host.sh("mount -t tmpfs -o size=2m tmpfs /etc/ilogtail");
    host
}

fn of_another_instance() -> Host {
    let host = Host::with_logtail();
    host.write("/var/lib/cloud/data/instance-id", "i-bp1bbbbbbbbbbbbbbbbb\n");
    let recorded = r#"{"instance-id" : "i-bp1aaaaaaaaaaaaaaaaa", "owner-account-id" : "1234567890123456"}"#;
    host.write("/etc/ilogtail/checkpoint/instance_identity", recorded);
    host
}

fn with_systemd() -> Host {
    let host = Host::with_logtail();
    host.create_dir("/run/systemd/system");
    host.create_dir("/etc/systemd/system");
    host.create_dir("/etc/rc3.d");
    host
}

fn changes_its_address(host: &Host, exporter: &Exporter<'_>) {
    let mut other = true;
    eventually("the address changes again and again", || {
        if exporter.scrape().value("logagent_problem", &[("cause", "ip_unstable")]).is_some() {
            return Ok(());
        }
        host.kill_all("ilogtail");
        host.start_logtail_at(if other { "10.9.0.5" } else { "172.16.2.200" });
        other = !other;
        exporter.until_evaluated();
        Err(format!("{:?}", exporter.scrape().verdict()))
    });
}

fn with_hung_logtail() -> Host {
    let host = Host::with_logtail();
    hung::make(&host);
    host
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = surroundings();
    cases.extend(told_by_the_log());
    cases
}

fn surroundings() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case::of(
            "worker_hung",
            "Logtail has written neither its state nor its log for minutes",
            with_hung_logtail,
        ),
        Case {
            provoke: |host, _| drop(host.sh(&format!("head -c 2000k /dev/zero >{FILL}"))),
            people: by("files are removed", |host| host.remove(FILL)),
            ..Case::of("disk_filling", "the disk of the identifiers fills", on_a_small_disk)
        },
        Case {
            provoke: |host, _| drop(host.sh(&format!("cat /dev/zero >{REST} 2>/dev/null || :"))),
            people: by("files are removed", |host| host.remove(REST)),
            ..Case::of("disk_full", "the disk of the identifiers is full", on_a_small_disk)
        },
        Case {
            not: &["ignore"],
            ..Case::of(
                "service_not_enabled",
                "Logtail was started by hand, and systemd has no unit for it",
                with_systemd,
            )
        },
        Case {
            ..Case::of("identity_cloned", "the host was made from the image of another", of_another_instance)
        },
        Case {
            provoke: |host, _| {
                host.edit(CONFIG, "\"mem_usage_limit\" : 384", "\"mem_usage_limit\" : 1");
                host.restart_logtail();
            },
            people: by("the limit is raised", |host| host.write(CONFIG, CONFIG_TEXT)),
            ..logtail("resource_limit", "the limit of memory is 1 MB")
        },
        Case {
            provoke: |host, exporter| {
                let script = "#!/bin/sh\n[ \"$1\" = status ] && grep -l '^loongcollector' /proc/[0-9]*/comm 2>/dev/null\n";
                host.write("/etc/init.d/loongcollectord", script);
                host.sh("chmod 755 /etc/init.d/loongcollectord");
                host.install_stand_in(LOONGCOLLECTOR);
                let environment =
                    [("STAND_IN_IP", "172.16.2.200"), ("STAND_IN_VERSION", "loongcollector_version=3.1.4")];
                host.start_agent(&[LOONGCOLLECTOR], &environment, 2);
                // The remedy names the service of the version that wrote the agent's record last.
                eventually("the record of LoongCollector is read", || {
                    let report = exporter.report().to_string();
                    if report.contains("3.1.4") { Ok(()) } else { Err(report) }
                });
            },
            people: by("one of them is removed", |host| {
                host.kill_all("ilogtail");
                host.remove(ILOGTAIL);
            }),
            not: &["ignore"],
            ..logtail("agents_coexist", "LoongCollector was installed next to Logtail")
        },
        Case {
            provoke: changes_its_address,
            lasts: Some("no: it stays active for an hour after the first change"),
            ..logtail("ip_unstable", "Logtail reports another address at each start")
        },
    ]
}

fn told_by_the_log() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| append(host, &refused(host, "Unauthorized")),
            people: by("the service accepts again", |host| {
                let accepted = "send data to sls succeeded, item address:0x7f00\trequest id:64E6";
                append(host, &line(host, "debug", accepted));
            }),
            ..logtail("server_rejects", "the service refuses what Logtail sends")
        },
        Case {
            provoke: |host, _| {
                let damaged =
                    "load check point file fail, file content is not valid json:/tmp/logtail_check_point";
                append(host, &line(host, "error", damaged));
            },
            people: by("Logtail writes new checkpoints", |host| {
                append(host, &line(host, "info", "load checkpoint, version:200\tfile check point:0"));
            }),
            ..logtail("checkpoint_damaged", "Logtail cannot read its checkpoints")
        },
        Case {
            provoke: |host, _| host.write(DELIVERED, "{\n   \"metrics\" : {}\n}\n"),
            people: by("a collection config is applied in the console", |host| {
                host.write(DELIVERED, "{\n   \"metrics\" : { \"##1.0##p$c\" : {} }\n}\n");
            }),
            ..logtail("no_collection_config", "the machine group has no collection config")
        },
    ]
}
