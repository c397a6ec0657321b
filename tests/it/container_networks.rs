//! Agents in containers with separate networks, with an exporter that may join these: it finds the facts of the
//! container.

use crate::{
    containers::{Container, agents, prerequisite, start},
    support::{Exporter, Host, User, eventually},
};

/// The container's address.
const OWN: &str = "172.16.3.2";

/// Starts Logtail in a container with its own address behind the same internet as the host; `prepare` completes its files.
fn start_apart(host: &Host, prepare: &str) -> Container {
    let network = format!(
        "ip link set lo up && ip link add eth0 type veth peer name pod0 netns internet && \
         ip address add {OWN}/24 dev eth0 && ip link set eth0 up && \
         ip -n internet address add 172.16.3.1/24 dev pod0 && ip -n internet link set pod0 up && \
         ip route add default via 172.16.3.1 && export STAND_IN_IP={OWN} && \
         cp -a /etc/ssl /etc/nsswitch.conf /etc/ld.so* etc && cp /etc/hosts etc/ && \
         echo '{OWN} web-pod' >>etc/hosts && {prepare}"
    );
    start(host, &["--net"], &network)
}

/// An exporter with every capability.
fn exporter(host: &Host) -> Exporter<'_> {
    host.exporter_with(User::Root, None, &[])
}

/// The kernel's facts about the processes that were started in the container.
fn envoys(host: &Host) -> Vec<String> {
    let status = |pid: u32| std::fs::read_to_string(host.at(&format!("/proc/{pid}/status"))).ok();
    host.named("exe").iter().filter_map(|process| status(process.pid)).collect()
}

#[test]
fn endpoints_are_probed_in_the_containers_network_and_by_its_names() {
    let host = Host::new();
    host.add_log_service();
    let _container = start_apart(&host, "");
    // The host itself no longer has a network or name resolution.
    host.write("/etc/hosts", "127.0.0.1 localhost\n");
    host.ip("link set eth0 down");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail-container"]);
    for id in ["ip", "network", "clock"] {
        assert_eq!(prerequisite(&exporter, id).0, "ok", "{id}: {}", prerequisite(&exporter, id).1);
    }
}

#[test]
fn what_the_container_alone_cannot_reach_or_resolve_is_found() {
    let host = Host::new();
    host.add_log_service();
    let _container = start_apart(&host, "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    host.ip("-n internet rule add pref 9 from 172.16.3.2 to 100.115.4.10 blackhole");
    let failing = |id: &str| {
        let report = exporter.report();
        let all = report["agents"][0]["prerequisites"].as_array().unwrap().clone();
        let network = all.into_iter().find(|each| each["id"] == "network").unwrap();
        network["problems"].as_array().unwrap().iter().any(|problem| problem["cause"] == id)
    };
    exporter.until("that its way is blocked", |_| failing("connection_timeout"));
    host.ip("-n internet rule del pref 9");
    exporter.shows(&[]);
}

#[test]
fn a_container_without_names_fails_by_itself() {
    let host = Host::new();
    host.add_log_service();
    let _container = start_apart(&host, &format!("echo '{OWN} web-pod' >etc/hosts &&"));
    let exporter = exporter(&host);
    exporter.until("that no name resolves there", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("network failing"))
    });
    let (network, why) = prerequisite(&exporter, "network");
    assert_eq!(network, "failing", "{why}");
}

#[test]
fn names_that_only_the_agent_may_read_are_unknown() {
    for kept in ["chmod 700 .", "chmod 600 etc/hosts"] {
        let host = Host::new();
        host.add_log_service();
        let _container = start_apart(&host, &format!("{kept} &&"));
        let exporter = exporter(&host);
        exporter.until(&format!("that the network is judged after {kept}"), |_| {
            let (network, why) = prerequisite(&exporter, "network");
            assert_ne!(network, "failing", "{kept}: {why}");
            network == "unknown" && why.contains("/etc/hosts") && why.contains("permission denied")
        });
    }
}

#[test]
fn whoever_is_sent_there_has_no_rights_and_is_ended_with_what_hangs() {
    let host = Host::new();
    host.add_log_service();
    let _container = start_apart(&host, "rm etc/hosts && mkfifo etc/hosts &&");
    let mut exporter = exporter(&host);
    let status = eventually("somebody is sent", || {
        let all = envoys(&host);
        all.into_iter().find(|status| status.contains("Seccomp:\t2")).ok_or("nobody".to_owned())
    });
    for line in [
        "Uid:\t65534\t65534",
        "Gid:\t65534",
        "CapEff:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    exporter.until("that no name resolves", |seen| {
        seen.verdict().iter().any(|line| line.starts_with("network failing"))
    });
    // No process is left behind, whatever hangs there; nor is the helper once the exporter has exited.
    exporter.signal("TERM");
    exporter.ends();
    eventually("they end", || {
        let left = [host.named("exe"), host.named("logagent-helper")].concat();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
}

#[test]
fn without_the_right_to_join_it_the_network_is_unknown_and_nobody_is_sent() {
    let host = Host::new();
    host.add_log_service();
    let _container = start_apart(&host, "");
    let exporter = host.exporter_with(User::Unit, None, &[]);
    let (network, why) = prerequisite(&exporter, "network");
    assert!(
        network == "unknown" && why.contains("grant CAP_SYS_ADMIN and CAP_SYS_CHROOT"),
        "{network}: {why}"
    );
    assert!(host.named("logagent-helper").is_empty());
}
