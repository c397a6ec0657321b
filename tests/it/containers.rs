//! Agents in containers: root directories, PID and network namespaces of their own, before an exporter with the rights of its unit.

use std::process::Child;

use crate::support::{Exporter, Host, Seen, User, layouts::*};

/// What nobody outside a container may make the exporter read.
const SECRET: &str = "s3cr3t-of-the-host";

/// A container that ends with its test.
struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts Logtail in a container whose root directory `prepare` completes; `namespaces` are those that it has besides.
fn start(host: &Host, namespaces: &[&str], prepare: &str) -> Container {
    let running = host.pids("ilogtail").len();
    // As runtimes do it; with another network namespace by chroot alone, which is to be seen alike.
    let pivot = if namespaces.is_empty() { "mkdir old && pivot_root . old && umount -l old &&" } else { "" };
    let script = format!(
        "mkdir -p /opt/jail && mount -t tmpfs tmpfs /opt/jail && cd /opt/jail && mkdir usr proc etc dev tmp && \
         mount --rbind /dev dev && mount --rbind /usr usr && mount -t tmpfs tmpfs usr/local && mkdir -p usr/local/ilogtail etc/ilogtail && \
         for link in bin lib lib64; do ln -s usr/$link $link; done && cp /run/programs/stand-in .{ILOGTAIL} && \
         cat >.{CONFIG} <<'END'\n{CONFIG_TEXT}\nEND\n\
         echo web-pod >etc/hostname && echo '172.16.2.200 web-pod' >etc/hosts && {prepare} \
         mount -t proc proc proc && {pivot} exec chroot . /bin/sh -c '{ILOGTAIL}; exec sleep 1000'"
    );
    let mut command = host.command("/", "unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child"]).args(namespaces);
    command.args(["sh", "-ec", &script]).env("STAND_IN_IP", "172.16.2.200");
    let container = Container(command.spawn().unwrap());
    host.until_running("ilogtail", running + 2);
    container
}

fn agents(exporter: &Exporter<'_>) -> Vec<String> {
    let report = exporter.report();
    let agents = report["agents"].as_array().unwrap();
    agents.iter().map(|agent| agent["name"].as_str().unwrap().to_owned()).collect()
}

/// The state of a prerequisite of the only agent, and why it is unknown, if so.
fn prerequisite(exporter: &Exporter<'_>, id: &str) -> (String, String) {
    let report = exporter.report();
    let prerequisites = report["agents"][0]["prerequisites"].as_array().unwrap();
    let found = prerequisites.iter().find(|each| each["id"] == id).unwrap();
    (found["status"].as_str().unwrap().to_owned(), found["unknown"].to_string())
}

fn exporter(host: &Host) -> Exporter<'_> {
    host.exporter_with(User::Unit, None, &[])
}

#[test]
fn an_agent_in_a_container_is_healthy_by_its_own_files_and_the_hosts_network() {
    let host = Host::new();
    host.add_log_service();
    let _container = start(&host, &[], "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail-container"]);
    for id in ["installed", "processes", "ip", "startup_parameters", "network", "restart"] {
        assert_eq!(prerequisite(&exporter, id).0, "ok", "{id}: {}", prerequisite(&exporter, id).1);
    }
    // With its first process the container ends.
    host.kill_all("sleep");
    exporter.until("that it is watched no longer", |seen| seen.value("logagent_agents", &[]) == Some(0.0));
}

#[test]
fn a_containers_own_network_is_seen_and_not_guessed_from_the_hosts() {
    let host = Host::new();
    host.add_log_service();
    let network = "ip link set lo up && ip link add eth0 type veth peer name peer0 && \
                   ip address add 172.16.2.200/24 dev eth0 && ip link set eth0 up && ip link set peer0 up &&";
    host.change_address();
    let _container = start(&host, &["--net"], network);
    let exporter = exporter(&host);
    let (network, why) = prerequisite(&exporter, "network");
    assert!(network == "unknown" && why.contains("network namespace of its own"), "{network}: {why}");
    assert_eq!(prerequisite(&exporter, "ip").0, "ok", "{}", prerequisite(&exporter, "ip").1);
    exporter.shows(&["clock unknown", "network unknown"]);
}

#[test]
fn a_container_counts_neither_as_the_hosts_agent_nor_as_a_second_instance() {
    let host = Host::with_logtail();
    let (daemon, worker) = (host.daemon(), host.worker());
    let _container = start(&host, &[], "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail", "logtail-container"]);
    let of_host = |seen: &Seen, name: &str| {
        seen.value("logagent_problem", &[("agent", name), ("cause", "not_running")]) == Some(1.0)
    };
    host.sh(&format!("kill -9 {daemon} {worker}"));
    exporter.until("that the host's is gone", |seen| of_host(seen, "logtail"));
    assert!(!of_host(&exporter.scrape(), "logtail-container"));
}

#[test]
fn no_link_in_a_container_leads_out_of_it_and_nothing_in_it_is_waited_for() {
    for (what, prepare) in [
        ("absolute", format!("ln -sf /etc/secret.json .{CONFIG} &&")),
        ("upwards", format!("ln -sf ../../../../../../../etc/secret.json .{CONFIG} &&")),
        ("by /proc", format!("ln -sf /proc/1/root/etc/secret.json .{CONFIG} &&")),
        ("a FIFO", format!("rm .{CONFIG} && mkfifo .{CONFIG} &&")),
    ] {
        let host = Host::new();
        host.write("/etc/secret.json", format!("{{\"config_server_address\": \"http://{SECRET}\t\"}}"));
        let _container = start(&host, &[], &prepare);
        let exporter = exporter(&host);
        assert_eq!(agents(&exporter), ["logtail-container"], "{what}");
        assert_ne!(prerequisite(&exporter, "startup_parameters").0, "ok", "{what}");
        assert!(!exporter.report().to_string().contains(SECRET), "{what}");
    }
}

#[test]
fn a_container_of_a_user_is_nobodys_agent() {
    let host = Host::with_logtail();
    let jail = "mkdir -p /opt/alice/root/usr/local/ilogtail && cp /run/programs/stand-in /opt/alice/root/usr/local/ilogtail/ilogtail";
    host.sh(&format!("mkdir -p /opt/alice && {jail} && chown -R 1000:1000 /opt/alice"));
    let inside = "mount --rbind /usr /opt/alice/root/usr; cd /opt/alice && cp /run/programs/stand-in ilogtail; ./ilogtail; exec sleep 1000";
    let mut command = host.command("/", "setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all"]);
    command.args(["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]);
    let _container = Container(command.args(["sh", "-c", inside]).spawn().unwrap());
    host.until_running("ilogtail", 4);
    let exporter = exporter(&host);
    assert_eq!(agents(&exporter), ["logtail"]);
    exporter.shows(&[]);
}
