//! Agents in containers: each is one more place, whose files, names and addresses are its own.
//!
//! A container is looked at as long as a process of an agent runs in it: its root directory is reached through that process
//! alone. One that is gone is watched no longer; its orchestrator knows whether that was wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use super::{
    agent::{self, Turn},
    detect::{Memory, Profiles, Target, recognise},
    file::{By, Bytes, Extent, Files, parsed},
    hosts,
    process::{Candidate, Container},
    zone::Zones,
};
use crate::{
    agents::Profile,
    config::AgentSettings,
    model::{
        Reading, Reason, Why,
        snapshot::{AgentFacts, ContainerName, FileFact, FileState, HostsFile, Place, PlaceFacts},
    },
};

/// The most agents in containers that are watched; a node has one or two, and sidecars.
const MOST_CONTAINED: usize = 32;
/// The longest part of a name that becomes part of an agent's, in characters.
const LONGEST_NAME: usize = 64;
/// The most entries of a directory of container logs.
const MOST_LOGS: usize = 10_000;

/// What was found in containers.
#[derive(Default)]
pub(super) struct Contained {
    /// The agents, with settings as they are implied.
    pub(super) agents: Vec<(AgentSettings, AgentFacts)>,
    /// Where they are, by the agent's name.
    pub(super) places: BTreeMap<Arc<str>, PlaceFacts>,
    /// There are more than are watched.
    pub(super) cut: bool,
}

/// One agent in one container.
struct Group<'a> {
    profile: &'static dyn Profile,
    container: &'a Container,
    directory: PathBuf,
    candidates: Vec<Candidate>,
}

/// Looks at every agent that runs in a container. `taken`: names that are not free.
pub(super) fn observe(
    files: Files<'_>,
    profiles: Profiles,
    candidates: &[Candidate],
    host: &PlaceFacts,
    taken: &dyn Fn(&str) -> bool,
    turn: Turn,
    memory: &mut Memory,
) -> Contained {
    let mut found = Contained::default();
    let mut names = BTreeSet::new();
    for group in groups(profiles, candidates) {
        if found.agents.len() == MOST_CONTAINED {
            found.cut = true;
            break;
        }
        let inside = Files { root: &group.container.root, by: By::Root, deputy: true, ..files };
        let container = name_of(files, &group.container.control_groups);
        let free = |name: &str| !names.contains(name) && !taken(name);
        let name = agent_name(group.profile.kind(), container.as_ref(), &free);
        names.insert(name.clone());
        let settings = AgentSettings {
            name: name.clone(),
            kind: group.profile.kind(),
            install_dir: Some(group.directory),
            ..AgentSettings::default()
        };
        let target = Target { settings, profile: group.profile, canonical: None };
        let zones = Zones::of_host(inside);
        let (settings, mut facts) =
            agent::observe(inside, &target, Reading::Known(group.candidates), &zones, turn, memory);
        let name: Arc<str> = name.into();
        facts.place = Place::Container(Arc::clone(&name));
        found.places.insert(name, place(inside, group.container, container, host));
        found.agents.push((settings, facts));
    }
    found
}

/// The processes of each kind in each container, in the order of their first processes.
fn groups(profiles: Profiles, candidates: &[Candidate]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut all: Vec<&Candidate> = candidates.iter().collect();
    all.sort_by_key(|candidate| (candidate.process.start_ticks, candidate.process.pid));
    for candidate in all {
        let (Some(container), Some(path)) = (&candidate.container, &candidate.path) else { continue };
        for profile in profiles.iter().copied().filter(|profile| !profile.places().is_empty()) {
            let settings = AgentSettings { kind: profile.kind(), ..AgentSettings::default() };
            let recognition = recognise(profile, &settings, candidate);
            let Some(directory) = profile.install_dir_of(path).filter(|_| recognition.is_agent()) else {
                continue;
            };
            let mut candidate = candidate.clone();
            candidate.process.role_by_name = recognition.role();
            let known = groups.iter_mut().find(|group| {
                group.profile.kind() == profile.kind()
                    && group.container.identity == container.identity
                    && group.directory == directory
            });
            match known {
                Some(group) => group.candidates.push(candidate),
                None => groups.push(Group { profile, container, directory, candidates: vec![candidate] }),
            }
        }
    }
    groups
}

/// `logtail-kube-system-loongcollector-ds`: the same after a restart of the container, as it says nothing of ids.
fn agent_name(kind: &str, container: Option<&ContainerName>, free: &dyn Fn(&str) -> bool) -> String {
    let parts: Vec<&str> = match container {
        Some(name) => name.namespace.iter().map(String::as_str).chain([name.container.as_str()]).collect(),
        None => vec!["container"],
    };
    let stem = format!("{kind}-{}", parts.join("-"));
    if free(&stem) {
        return stem;
    }
    let numbered = (2..=u32::MAX).map(|number| format!("{stem}-{number}"));
    numbered.into_iter().find(|name| free(name)).unwrap_or(stem)
}

fn place(
    files: Files<'_>,
    container: &Container,
    name: Option<ContainerName>,
    host: &PlaceFacts,
) -> PlaceFacts {
    let hostname = hostname(files);
    let path = PathBuf::from(super::HOSTS);
    let hosts =
        FileFact { state: parsed(files.read(&path, Extent::Whole), |bytes| Ok(hosts::parse(bytes))), path };
    let shares = &container.shares_network;
    PlaceFacts {
        network: shares
            .clone()
            .and_then(|shares| if shares { Reading::Known(()) } else { another_network(container) }),
        hostname_addresses: bound_addresses(hostname.known().map_or("", String::as_str), &hosts),
        hostname,
        interfaces: match shares {
            Reading::Known(true) => host.interfaces.clone(),
            Reading::Known(false) | Reading::Unknown(_) => container.interfaces.clone(),
        },
        hosts,
        product: host.product.clone(),
        container: name,
    }
}

fn another_network(container: &Container) -> Reading<()> {
    let fact = container.root.path().display().to_string();
    let detail = "the container has a network namespace of its own, and the exporter does not join it; give the \
                  container the host's network, or run an exporter in its pod";
    Reading::Unknown(Why::new(Reason::Denied, fact, detail))
}

/// The name that the runtime has written.
fn hostname(files: Files<'_>) -> Reading<String> {
    let path = Path::new("/etc/hostname");
    files.read(path, Extent::Whole).and_then(|state| match state {
        FileState::Present(file) => {
            let name = file.content.ok().and_then(|Bytes(bytes)| {
                String::from_utf8_lossy(&bytes).lines().next().map(|line| line.trim().to_owned())
            });
            Reading::Known(name.unwrap_or_default())
        }
        FileState::Missing | FileState::NotAFile(_) => {
            let detail = "the container's runtime has not written it";
            Reading::Unknown(Why::new(Reason::Unsupported, path.display().to_string(), detail))
        }
    })
}

/// The addresses that the container's hosts file gives its own name, as runtimes bind it. Its resolver is not asked.
fn bound_addresses(hostname: &str, hosts: &FileFact<HostsFile>) -> Reading<Vec<Ipv4Addr>> {
    let bound: Vec<Ipv4Addr> = hosts
        .content()
        .into_iter()
        .flat_map(|hosts| &hosts.lines)
        .filter(|line| line.names.iter().any(|name| name.eq_ignore_ascii_case(hostname)))
        .filter_map(|line| match line.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
        .collect();
    if bound.is_empty() {
        let detail = "its hosts file does not bind it, and the container's resolver is not asked";
        return Reading::Unknown(Why::new(Reason::Unsupported, "the container's host name", detail));
    }
    Reading::Known(bound)
}

/// What the container is called, as its runtime has written down on the host.
fn name_of(files: Files<'_>, control_groups: &str) -> Option<ContainerName> {
    let id = container_id(control_groups)?;
    let files = Files { by: By::Root, ..files };
    of_kubelet(files, id).or_else(|| of_docker(files, id)).or_else(|| of_podman(files, id))
}

/// The id at the end of a control group's path: 64 hexadecimal digits, between whatever the runtime puts around them.
fn container_id(control_groups: &str) -> Option<&str> {
    control_groups.lines().find_map(|line| {
        let path = line.splitn(3, ':').nth(2)?;
        path.rsplit('/')
            .find_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| is_id(word)))
    })
}

fn is_id(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `/var/log/containers/<pod>_<namespace>_<container>-<id>.log`.
fn of_kubelet(files: Files<'_>, id: &str) -> Option<ContainerName> {
    let names = files.list(Path::new("/var/log/containers"), MOST_LOGS);
    let ending = format!("-{id}.log");
    let of_id = |name: &PathBuf| {
        let mut parts = name.to_str()?.strip_suffix(&ending)?.split('_');
        let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
        named("kubectl", container, Some(pod), Some(namespace))
    };
    names.known()?.as_ref()?.iter().find_map(of_id)
}

fn of_docker(files: Files<'_>, id: &str) -> Option<ContainerName> {
    let config = json(files, &format!("/var/lib/docker/containers/{id}/config.v2.json"))?;
    named("docker", config.get("Name")?.as_str()?.trim_start_matches('/'), None, None)
}

fn of_podman(files: Files<'_>, id: &str) -> Option<ContainerName> {
    let all = json(files, "/var/lib/containers/storage/overlay-containers/containers.json")?;
    let of_id = |container: &&Value| container.get("id").and_then(Value::as_str) == Some(id);
    named("podman", all.as_array()?.iter().find(of_id)?.get("names")?.get(0)?.as_str()?, None, None)
}

/// A file of a runtime, of which no more than the name is kept.
fn json(files: Files<'_>, path: &str) -> Option<Value> {
    let state = files.read(Path::new(path), Extent::Whole);
    let Reading::Known(FileState::Present(file)) = state else { return None };
    serde_json::from_slice(&file.content.ok()?.0).ok()
}

/// Names as Kubernetes and the runtimes allow them; any other is none.
fn named(
    managed_by: &'static str,
    container: &str,
    pod: Option<&str>,
    namespace: Option<&str>,
) -> Option<ContainerName> {
    let plain = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.chars().all(plain)
    };
    let cut = |name: &str| name.chars().take(LONGEST_NAME).collect::<String>();
    let all = [Some(container), pod, namespace].into_iter().flatten().all(plain);
    all.then(|| ContainerName {
        managed_by,
        container: cut(container),
        pod: pod.map(ToOwned::to_owned),
        namespace: namespace.map(cut),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::host::testing::Host;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn the_id_is_found_in_every_runtimes_control_groups() {
        for path in [
            "0::/system.slice/docker-ID.scope",
            "12:memory:/docker/ID\n11:cpu:/docker/ID",
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-ID.scope",
            "0::/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:ID",
            "0::/kubepods.slice/crio-ID.scope",
            "0::/machine.slice/libpod-ID.scope/container",
            "1:name=systemd:/kubepods/burstable/pod0aa3f1/ID",
        ] {
            assert_eq!(container_id(&path.replace("ID", ID)), Some(ID), "{path}");
        }
        for path in
            ["", "0::/", "0::/system.slice/ilogtaild.service", "0::/docker/0123", "12:memory:/x/../.."]
        {
            assert_eq!(container_id(path), None, "{path}");
        }
    }

    #[test]
    fn names_are_those_that_the_runtime_has_written() {
        let name = |host: &Host| {
            host.look(|files| name_of(files, &format!("0::/docker/{ID}")))
                .map(|name| (name.container, name.pod, name.namespace))
        };
        let host = Host::new();
        assert_eq!(name(&host), None);
        let list = format!(r#"[{{"id": "x", "names": ["y"]}}, {{"id": "{ID}", "names": ["of-podman"]}}]"#);
        host.file("/var/lib/containers/storage/overlay-containers/containers.json", list);
        assert_eq!(name(&host), Some(("of-podman".to_owned(), None, None)));
        let config = r#"{"Name": "/of-docker", "Config": {"Env": ["secret=x"]}}"#;
        host.file(&format!("/var/lib/docker/containers/{ID}/config.v2.json"), config);
        assert_eq!(name(&host), Some(("of-docker".to_owned(), None, None)));
        host.file(
            &format!("/var/log/containers/loongcollector-ds-x7k2p_kube-system_loongcollector-{ID}.log"),
            "",
        );
        let expected = ("loongcollector", Some("loongcollector-ds-x7k2p"), Some("kube-system"));
        let expected = (expected.0.to_owned(), expected.1.map(str::to_owned), expected.2.map(str::to_owned));
        assert_eq!(name(&host), Some(expected));
    }

    #[test]
    fn an_agents_name_says_nothing_that_a_restart_changes_and_is_its_own() {
        let name = named("kubectl", "loongcollector", Some("loongcollector-ds-x7k2p"), Some("kube-system"));
        let of = |name: Option<&ContainerName>, taken: &[&str]| {
            agent_name("logtail", name, &|name| !taken.contains(&name))
        };
        assert_eq!(of(name.as_ref(), &[]), "logtail-kube-system-loongcollector");
        assert_eq!(
            of(name.as_ref(), &["logtail-kube-system-loongcollector"]),
            "logtail-kube-system-loongcollector-2"
        );
        assert_eq!(of(None, &["logtail"]), "logtail-container");
        assert_eq!(named("docker", "a;b", None, None), None, "names of others are not believed to be names");
        assert_eq!(named("kubectl", "a", Some("x\ny"), None), None);
    }
}
