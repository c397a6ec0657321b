//! Agents in containers: separate root directories, PID and network namespaces, with an exporter that has the
//! privileges of its unit.

use std::process::Child;

use crate::support::{Exporter, Host, Seen, User, layouts::*, pushing::address};

/// A secret that nothing in a container may make the exporter read.
const SECRET: &str = "s3cr3t-of-the-host";

/// A container that ends with its test.
pub(crate) struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts Logtail in a container whose root directory `prepare` completes; `namespaces` are its additional ones.
pub(crate) fn start(host: &Host, namespaces: &[&str], prepare: &str) -> Container {
    run(host, &[&["--pid", "--fork", "--kill-child"], namespaces].concat(), prepare)
}

/// The same in a container that shares the machine's processes.
pub(crate) fn start_beside(host: &Host, prepare: &str) -> Container {
    run(host, &[], prepare)
}

fn run(host: &Host, namespaces: &[&str], prepare: &str) -> Container {
    let (running, containers) = (host.pids("ilogtail").len(), host.pids("sleep").len());
    // As runtimes do it; with another network namespace by chroot alone, which must be detected as well.
    let pivot =
        if namespaces.contains(&"--net") { "" } else { "mkdir old && pivot_root . old && umount -l old &&" };
    // Some processes that were started from outside are about to end; the test does not wait for them.
    let last = if namespaces.is_empty() { "sleep 1000; :" } else { "exec sleep 1000" };
    let script = format!(
        "mkdir -p /opt/jail && mount -t tmpfs tmpfs /opt/jail && cd /opt/jail && mkdir usr proc etc dev tmp && \
         mount --rbind /dev dev && mount --rbind /usr usr && mount -t tmpfs tmpfs usr/local && mkdir -p usr/local/ilogtail etc/ilogtail && \
         for link in bin lib lib64; do ln -s usr/$link $link; done && cp /run/programs/stand-in .{ILOGTAIL} && \
         cat >.{CONFIG} <<'END'\n{CONFIG_TEXT}\nEND\n\
         echo web-pod >etc/hostname && echo '172.16.2.200 web-pod' >etc/hosts && {prepare} \
         mount -t proc proc proc && {pivot} exec chroot . /bin/sh -c '{ILOGTAIL}; {last}'"
    );
    let mut command = host.command("/", "unshare");
    command.arg("--mount").args(namespaces);
    command.args(["sh", "-ec", &script]).env("STAND_IN_IP", "172.16.2.200");
    let container = Container(command.spawn().unwrap());
    host.until_running("ilogtail", running + 2);
    host.until_running("sleep", containers + 1);
    container
}

pub(crate) fn agents(exporter: &Exporter<'_>) -> Vec<String> {
    let report = exporter.report();
    let agents = report["agents"].as_array().unwrap();
    agents.iter().map(|agent| agent["name"].as_str().unwrap().to_owned()).collect()
}

/// The state of a prerequisite of the only agent, and the reason if it is unknown.
pub(crate) fn prerequisite(exporter: &Exporter<'_>, id: &str) -> (String, String) {
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
}

#[test]
fn an_agent_with_another_root_is_judged_in_its_place_also_among_the_hosts_processes() {
    let host = Host::new();
    host.add_log_service();
    host.write("/etc/secret.json", SECRET);
    // The host has a file of this name, and the container its own.
    let _container = start_beside(&host, "echo web-fleet >etc/ilogtail/user_defined_id &&");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail-container"]);
    for id in ["installed", "processes", "ip", "startup_parameters", "network", "restart"] {
        assert_eq!(prerequisite(&exporter, id).0, "ok", "{id}: {}", prerequisite(&exporter, id).1);
    }
    kill_agents(&host);
    until_missed(&exporter, "logtail-container");
}

/// Waits until the agent is reported as not running. Nothing else can be read through it then.
fn until_missed(exporter: &Exporter<'_>, agent: &str) {
    exporter.until("that it does not run", |seen| {
        seen.value("logagent_problem", &[("agent", agent), ("cause", "not_running")]) == Some(1.0)
    });
    assert_eq!(agents(exporter), [agent]);
}

#[test]
fn what_config_says_of_an_agent_that_is_not_on_the_host_is_said_of_the_one_beside_it() {
    let host = Host::new();
    host.add_log_service();
    let identified = |text: &str| format!("echo {text} >etc/ilogtail/user_defined_id &&");
    let _container = start_beside(&host, &identified("another"));
    let config = "agents: [{name: shop, kind: logtail, expect: {machine_group_identifier: web-fleet}}]";
    let exporter = host.exporter_with(User::Unit, Some(config), &[]);
    exporter.shows(&["custom_identifier failing custom_identifier_mismatch"]);
    assert_eq!(agents(&exporter), ["shop"]);
}

#[test]
fn a_directory_that_a_container_has_its_agent_in_is_no_installation_of_the_hosts() {
    let host = Host::new();
    host.add_log_service();
    host.write(CONFIG, CONFIG_TEXT);
    let _container = start_beside(&host, &volume("/usr/local/ilogtail"));
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail-container"]);
    kill_agents(&host);
    until_missed(&exporter, "logtail-container");
}

/// Mounts a directory of the host where the agent is installed.
fn volume(path: &str) -> String {
    format!("mkdir -p {path} && cp -n .{LOGTAIL}/* {path}/; mount --bind {path} .{LOGTAIL} && ")
}

#[test]
fn in_its_pod_the_exporter_watches_the_agent_beside_it_and_pushes_with_the_pods_name() {
    let host = Host::new();
    host.add_log_service();
    let pushing = host.pushing(1, &[]);
    let _container = start_beside(&host, &volume("/opt/volume"));
    let config = format!(
        "agents: [{{kind: logtail, container: logtail, expect: {{region: cn-hangzhou, network: intranet}}}}]\n\
         alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}]\n",
        address(0)
    );
    let exporter = host.exporter_with(User::Sidecar, Some(&config), &[]);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail"]);
    let names = [("container", "logtail"), ("namespace", "shop"), ("pod", "web-0")];
    assert_eq!(exporter.scrape().value("logagent_agent_info", &names), Some(1.0));
    let watchdog = pushing.arriving.until("alertname", "LogAgentHostWatchdog", "firing").unwrap();
    for (label, value) in [("pod", "web-0"), ("namespace", "shop"), ("node", "node-1")] {
        assert_eq!(watchdog["labels"][label], value);
    }
    // The pod exists as long as the exporter, and so should the agent.
    host.kill_all("sleep");
    kill_agents(&host);
    until_missed(&exporter, "logtail");
    let remedy = remedy_of(&exporter, "not_running");
    assert!(remedy.contains("kubectl -n shop describe pod web-0"), "{remedy}");
    let _container = start_beside(&host, &volume("/opt/volume"));
    exporter.shows(&[]);
    let restarts = |seen: &Seen| seen.value("logagent_process_restarts_total", &[("role", "worker")]);
    assert_eq!(restarts(&exporter.scrape()), Some(1.0));
}

#[test]
fn in_a_pod_an_agent_that_has_not_started_yet_is_missed_and_not_looked_for_in_the_exporters_image() {
    let host = Host::new();
    host.add_log_service();
    host.write("/opt/volume/ilogtail_config.json", CONFIG_TEXT);
    let exporter = host.exporter_with(User::Sidecar, Some("agents: [{kind: logtail}]"), &[]);
    exporter.until("that it is missed", |seen| {
        seen.value("logagent_problem", &[("agent", "logtail"), ("cause", "not_running")]) == Some(1.0)
    });
    assert_eq!(prerequisite(&exporter, "installed").0, "unknown");
    let _container = start_beside(&host, "");
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail"]);
}

#[test]
fn in_a_pod_without_the_right_to_look_into_other_containers_it_says_what_to_grant() {
    let host = Host::new();
    host.add_log_service();
    // The separate control group of each container then decides.
    let node = Node::new(&host, "weak");
    let pod = node.pod("web-0", '6');
    let _container = pod.start_beside('a');
    host.write("/run/sidecar.group", pod.group_of('b'));
    let exporter = host.exporter_with(User::WeakSidecar, Some("agents: [{kind: logtail}]"), &[]);
    let (processes, why) = prerequisite(&exporter, "processes");
    assert!(processes == "unknown" && why.contains("grant CAP_SYS_PTRACE"), "{processes}: {why}");
    for id in ["installed", "startup_parameters"] {
        assert_ne!(prerequisite(&exporter, id).0, "failing", "{id}");
    }
}

#[test]
fn an_agent_that_is_gone_from_its_container_does_not_run_and_is_judged_by_its_files_still() {
    let host = Host::new();
    host.add_log_service();
    let _container = start(&host, &[], "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    kill_agents(&host);
    exporter.shows(&["processes failing not_running"]);
    for id in ["installed", "startup_parameters", "network"] {
        assert_eq!(prerequisite(&exporter, id).0, "ok", "{id}: {}", prerequisite(&exporter, id).1);
    }
    // The container ends with its first process: nothing shows whether it will be restarted.
    host.kill_all("sleep");
    exporter
        .until("that its files are not to be seen", |_| prerequisite(&exporter, "installed").0 == "unknown");
    assert_eq!(prerequisite(&exporter, "processes").0, "failing");
    let _container = start(&host, &[], "");
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["logtail-container"]);
    let restarts = |seen: &Seen| seen.value("logagent_process_restarts_total", &[("role", "worker")]);
    assert_eq!(restarts(&exporter.scrape()), Some(1.0));
}

/// No process reaps them in their container: they stay as zombies.
fn kill_agents(host: &Host) {
    for pid in host.pids("ilogtail") {
        host.sh(&format!("kill -9 {pid}"));
    }
}

fn remedy_of(exporter: &Exporter<'_>, cause: &str) -> String {
    let report = exporter.report();
    let prerequisites = report["agents"][0]["prerequisites"].as_array().unwrap();
    let mut problems = prerequisites.iter().flat_map(|each| each["problems"].as_array().unwrap());
    problems.find(|problem| problem["cause"] == cause).unwrap()["remedy"].as_str().unwrap().to_owned()
}

/// A node as the kubelet lays it out: separate control groups, and links to the logs of containers.
pub(crate) struct Node<'a> {
    host: &'a Host,
    groups: String,
}

impl<'a> Node<'a> {
    /// `name` distinguishes it from those of other tests: control groups are the machine's.
    pub(crate) fn new(host: &'a Host, name: &str) -> Self {
        host.sh("mkdir -p /sys/fs/cgroup/memory
                 mkdir -p /var/log/containers
                 mount -t cgroup -o memory memory /sys/fs/cgroup/memory 2>/dev/null || mount -t cgroup2 cgroup /sys/fs/cgroup");
        let mount = if host.at("/sys/fs/cgroup/memory/cgroup.procs").exists() { "/memory" } else { "" };
        let groups = format!("/sys/fs/cgroup{mount}/kubepods-{}-{name}", std::process::id());
        host.sh(&format!("mkdir {groups}"));
        Self { host, groups }
    }

    pub(crate) fn pod(&self, name: &'static str, uid: char) -> Pod<'_> {
        let group = format!("{}/pod{}", self.groups, uid.to_string().repeat(32));
        self.host.sh(&format!("mkdir {group}"));
        Pod { host: self.host, group, name }
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        let _ended = self.host.command("/", "rmdir").arg(&self.groups).status();
    }
}

/// A pod on it.
pub(crate) struct Pod<'a> {
    host: &'a Host,
    group: String,
    name: &'static str,
}

impl Pod<'_> {
    /// A container in it, whose id is made of this digit.
    pub(crate) fn start(&self, id: char) -> Container {
        self.start_with(id, "")
    }

    /// The same, whose root directory `prepare` completes.
    fn start_with(&self, id: char, prepare: &str) -> Container {
        let group = self.group_of(id);
        let (name, id) = (self.name, id.to_string().repeat(64));
        self.host.write(&format!("/var/log/containers/{name}_kube-system_loongcollector-{id}.log"), "");
        start(self.host, &[], &format!("echo $$ >{group}/cgroup.procs && {prepare}"))
    }

    /// One that shares the machine's processes.
    fn start_beside(&self, id: char) -> Container {
        start_beside(self.host, &format!("echo $$ >{}/cgroup.procs &&", self.group_of(id)))
    }

    /// The control group of a container.
    fn group_of(&self, id: char) -> String {
        let group = format!("{}/{}", self.group, id.to_string().repeat(64));
        self.host.sh(&format!("mkdir {group}"));
        group
    }

    /// The agent's container ends.
    fn stop(&self) {
        self.host.kill_all("sleep");
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        let (group, name) = (&self.group, self.name);
        let script = format!(
            "rm -f /var/log/containers/{name}_*
             while [ -e {group} ]; do
                 kill -9 $(cat {group}/*/cgroup.procs) 2>/dev/null
                 find {group} -depth -type d -exec rmdir {{}} + 2>/dev/null
             done"
        );
        let _ended = self.host.command("/", "timeout").args(["20", "sh", "-c", &script]).status();
    }
}

#[test]
fn an_agent_in_a_pod_is_the_same_in_its_next_container_and_in_the_next_pod() {
    let name = "logtail-kube-system-loongcollector";
    let host = Host::new();
    host.add_log_service();
    let node = Node::new(&host, "restarts");
    let pod = node.pod("loongcollector-ds-x7k2p", '1');
    let _container = pod.start('a');
    let exporter = exporter(&host);
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), [name]);
    let names =
        [("container", "loongcollector"), ("namespace", "kube-system"), ("pod", "loongcollector-ds-x7k2p")];
    assert_eq!(exporter.scrape().value("logagent_agent_info", &names), Some(1.0));
    let of_json = &exporter.report()["agents"][0]["container"];
    assert_eq!((&of_json["pod"], &of_json["name"]), (&names[2].1.into(), &names[0].1.into()));
    let restarts =
        |seen: &Seen| seen.value("logagent_process_restarts_total", &[("agent", name), ("role", "worker")]);
    // While the pod exists, its container should run; its restarts are counted.
    for (id, count) in [('b', 1.0), ('c', 2.0), ('d', 3.0)] {
        pod.stop();
        exporter.until("that it does not run", |seen| {
            seen.value("logagent_problem", &[("agent", name), ("cause", "not_running")]) == Some(1.0)
        });
        let remedy = remedy_of(&exporter, "not_running");
        let inspect = "kubectl -n kube-system describe pod loongcollector-ds-x7k2p";
        assert!(remedy.contains(inspect) && !remedy.contains("systemctl"), "{remedy}");
        let _next = pod.start(id);
        exporter.until("that it runs", |seen| {
            let missed = seen.value("logagent_problem", &[("agent", name), ("cause", "not_running")]);
            // A daemon alone runs, too, but its worker has not started again yet.
            missed.is_none() && restarts(seen) == Some(count)
        });
    }
    exporter.shows(&["installed ok agent_version_defective(w)", "processes failing crash_loop"]);
    // A pod that was deleted is not a fault, and the next one is the same agent.
    drop(pod);
    exporter.until("that it is watched no longer", |seen| seen.value("logagent_agents", &[]) == Some(0.0));
    let next = node.pod("loongcollector-ds-9qd4m", '2');
    let _container = next.start('e');
    exporter.until("the same agent", |seen| restarts(seen) == Some(4.0));
    assert_eq!(agents(&exporter), [name]);
}

#[test]
fn an_agent_that_config_expects_in_a_container_is_missed_until_it_is_there_and_after_it_was() {
    let host = Host::new();
    host.add_log_service();
    let config = "agents: [{name: node-agent, kind: logtail, container: kube-system/loongcollector}]";
    let exporter = host.exporter_with(User::Unit, Some(config), &[]);
    let missed = |seen: &Seen| {
        seen.value("logagent_problem", &[("agent", "node-agent"), ("cause", "not_running")]) == Some(1.0)
    };
    exporter.until("that it is missed", missed);
    let node = Node::new(&host, "expected");
    let pod = node.pod("loongcollector-ds-x7k2p", '3');
    let _container = pod.start('a');
    exporter.shows(&[]);
    assert_eq!(agents(&exporter), ["node-agent"]);
    drop(pod);
    exporter.until("that it is missed", missed);
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
fn agents_that_collect_the_same_host_coexist_whether_on_it_or_in_daemonsets_and_sidecars_do_not() {
    let coexist = |exporter: &Exporter<'_>, agent: &str| {
        exporter.scrape().value("logagent_problem", &[("agent", agent), ("cause", "agents_coexist")])
            == Some(1.0)
    };
    let of_daemonset = "mkdir -p logtail_host/etc &&";
    let host = Host::with_logtail();
    let node = Node::new(&host, "coexist");
    let (old, new) = (node.pod("logtail-ds-4kx8p", '4'), node.pod("loongcollector-ds-x7k2p", '5'));
    let _sidecar = start(&host, &[], "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    let _old = old.start_with('a', of_daemonset);
    let name = "logtail-kube-system-loongcollector";
    exporter.until("host and DaemonSet", |_| coexist(&exporter, "logtail") && coexist(&exporter, name));
    kill_agents_of_host(&host);
    exporter.until("the host's is gone", |_| !coexist(&exporter, name));
    let _new = new.start_with('b', of_daemonset);
    let other = "logtail-kube-system-loongcollector-2";
    exporter.until("both DaemonSets", |_| coexist(&exporter, name) && coexist(&exporter, other));
    assert!(!coexist(&exporter, "logtail-container"), "a sidecar collects its pod alone");
}

/// Processes that were not started by a container.
fn kill_agents_of_host(host: &Host) {
    let (daemon, worker) = (host.daemon(), host.worker());
    host.sh(&format!("kill -9 {daemon} {worker}"));
}

#[test]
fn no_link_in_a_container_leads_out_of_it_and_nothing_in_it_is_waited_for() {
    for (what, prepare) in [
        ("absolute", format!("ln -sf /etc/secret.json .{CONFIG} &&")),
        ("upwards", format!("ln -sf ../../../../../../../etc/secret.json .{CONFIG} &&")),
        ("by /proc", format!("ln -sf /proc/1/root/etc/secret.json .{CONFIG} &&")),
        ("by its own /proc", format!("ln -sf /proc/self/root/etc/secret.json .{CONFIG} &&")),
        (
            "by the host's /proc",
            format!(
                "mkdir -p srv && mount --bind /proc srv && ln -sf /srv/1/root/etc/secret.json .{CONFIG} &&"
            ),
        ),
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
fn a_file_system_of_a_container_that_never_answers_makes_its_own_files_unknown_and_nothing_else() {
    for (path, kind) in [(CONFIG, "100000"), ("/etc/ilogtail", "40000")] {
        let host = Host::with_logtail();
        // Its server has the descriptor, and reads nothing from it.
        let mount = format!(
            "exec 7<>/dev/fuse && mount -i -t fuse \
             -o fd=7,rootmode={kind},user_id=0,group_id=0,allow_other silent .{path} &&"
        );
        let _container = start(&host, &[], &mount);
        let exporter = exporter(&host);
        let unknown = |agent: &str| {
            let state = [("agent", agent), ("prerequisite", "startup_parameters"), ("status", "unknown")];
            exporter.scrape().value("logagent_prerequisite_status", &state)
        };
        exporter.until("both are judged", |_| unknown("logtail-container") == Some(1.0));
        let why = exporter.report()["agents"][1].to_string();
        assert!(why.contains("timed_out") || why.contains("still_blocked"), "{path}: {why}");
        assert_eq!(unknown("logtail"), Some(0.0), "{path}");
        // Changes to other agents are not detected late either.
        kill_agents_of_host(&host);
        exporter.until("that the host's is gone", |seen| {
            seen.value("logagent_problem", &[("agent", "logtail"), ("cause", "not_running")]) == Some(1.0)
        });
    }
}

#[test]
fn a_file_system_that_is_kept_from_others_is_told_as_such_and_no_capability_is_asked_for() {
    let host = Host::with_logtail();
    // Its server has the descriptor; the user that mounted it may read it.
    let mount = "exec 7<>/dev/fuse && mount -i -t fuse -o fd=7,rootmode=100000,user_id=991,group_id=991 kept";
    let _container = start(&host, &[], &format!("{mount} .{CONFIG} &&"));
    host.sh(&format!("{mount} {CONFIG} && {{ sleep 1000 </dev/null >/dev/null 2>&1 & }}"));
    let exporter = exporter(&host);
    for agent in ["logtail", "logtail-container"] {
        let state = [("agent", agent), ("prerequisite", "startup_parameters"), ("status", "unknown")];
        exporter.until("that its config is not known", |seen| {
            seen.value("logagent_prerequisite_status", &state) == Some(1.0)
        });
    }
    let report = exporter.report();
    for agent in report["agents"].as_array().unwrap() {
        let prerequisites = agent["prerequisites"].as_array().unwrap();
        let found = prerequisites.iter().find(|each| each["id"] == "startup_parameters").unwrap();
        let why = found["unknown"].to_string();
        assert!(why.contains("allow_other") && !why.contains("CAP_"), "{}: {why}", agent["name"]);
    }
}

#[test]
fn a_process_that_has_the_id_of_one_that_is_gone_is_not_taken_for_it() {
    let host = Host::new();
    host.add_log_service();
    let _container = start(&host, &[], "");
    let exporter = exporter(&host);
    exporter.shows(&[]);
    let gone = [host.pids("sleep")[0], host.pids("ilogtail")[0]];
    host.kill_all("sleep");
    // The container's first process and the agent's, by their ids, are the host's now.
    for pid in gone {
        host.sh(&format!(
            "while [ \"$(cat /run/got 2>/dev/null)\" != {pid} ]; do
                 echo {} >/proc/sys/kernel/ns_last_pid
                 sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/run/got
             done",
            pid - 1
        ));
        assert!(host.pids("sleep").contains(&pid));
    }
    until_missed(&exporter, "logtail-container");
    exporter
        .until("that its files are not to be seen", |_| prerequisite(&exporter, "installed").0 == "unknown");
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
