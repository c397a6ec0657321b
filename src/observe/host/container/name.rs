//! The name of a container, from the files of its runtime and of the kubelet on the host.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    model::{
        Reading,
        snapshot::{ContainerName, FileState},
    },
    observe::host::file::{By, Files},
};

/// The maximum length of the name of a container or namespace that becomes part of an agent's, in characters.
const LONGEST_NAME: usize = 64;
/// The maximum length of a pod's name, which is that of a domain name.
const LONGEST_POD: usize = 253;
/// The maximum number of entries of a directory of container logs.
const MOST_LOGS: usize = 10_000;
/// The number of hexadecimal digits in a pod's id, in either notation.
const POD_DIGITS: usize = 32;

/// Where the kubelet links to the logs of all containers of the node's pods.
const LOGS: &str = "/var/log/containers";
/// Where docker keeps a directory for each container.
const OF_DOCKER: &str = "/var/lib/docker/containers";
/// Where podman has a directory of containers for each storage driver, of which it uses one. The second path has
/// containers that do not survive a reboot.
const OF_PODMAN: [&str; 2] = ["/var/lib/containers/storage", "/run/containers/storage"];
/// The suffix of such a directory's name: `overlay-containers`.
const DIRECTORY_OF_PODMAN: &str = "-containers";
/// The lists in it: of permanent containers, and of those removed when they end (`--rm`, Quadlet).
const LISTS_OF_PODMAN: [&str; 2] = ["containers.json", "volatile-containers.json"];
/// The maximum number of entries of a directory of podman; it has only a few.
const MOST_STORES: usize = 64;
/// Where control groups are mounted; version 1 has each hierarchy below its name.
const GROUPS: &str = "/sys/fs/cgroup";

/// The prefix of an agent's name.
pub(super) fn stem(kind: &str, container: Option<&ContainerName>) -> String {
    let parts: Vec<&str> = match container {
        Some(name) => {
            let own = Some(name.container.as_str()).filter(|own| !own.is_empty());
            name.namespace.as_deref().into_iter().chain(own).collect()
        }
        None => vec!["container"],
    };
    format!("{kind}-{}", parts.join("-"))
}

/// `logtail-kube-system-loongcollector-ds`: unchanged after a restart of the container, as it contains no ids.
pub(super) fn agent_name(
    kind: &str,
    container: Option<&ContainerName>,
    free: &dyn Fn(&str) -> bool,
) -> String {
    let stem = stem(kind, container);
    if free(&stem) {
        return stem;
    }
    let numbered = (2..=u32::MAX).map(|number| format!("{stem}-{number}"));
    numbered.into_iter().find(|name| free(name)).unwrap_or(stem)
}

/// The name of the container in its runtime's files on the host.
pub(super) fn name_of(files: Files<'_>, control_groups: &str) -> Option<ContainerName> {
    let id = container_id(control_groups)?;
    let files = Files { by: By::Root, ..files };
    of_kubelet(files, id).or_else(|| of_docker(files, id)).or_else(|| of_podman(files, id))
}

/// The id at the end of a control group's path: 64 hexadecimal digits, within the runtime's prefix and suffix.
pub(in crate::observe) fn container_id(control_groups: &str) -> Option<&str> {
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
    let names = files.list(Path::new(LOGS), MOST_LOGS);
    let ending = format!("-{id}.log");
    let of_id = |name: &PathBuf| {
        let mut parts = name.to_str()?.strip_suffix(&ending)?.split('_');
        let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
        named("kubectl", Some(container), Some(pod), Some(namespace))
    };
    names.known()?.as_ref()?.iter().find_map(of_id)
}

fn of_docker(files: Files<'_>, id: &str) -> Option<ContainerName> {
    let config = json(files, &Path::new(OF_DOCKER).join(id).join("config.v2.json"))?;
    named("docker", Some(config.get("Name")?.as_str()?.trim_start_matches('/')), None, None)
}

fn of_podman(files: Files<'_>, id: &str) -> Option<ContainerName> {
    let all = lists_of_podman(files);
    let mut containers = all.iter().filter_map(Value::as_array).flatten();
    let own = containers.find(|container| container.get("id").and_then(Value::as_str) == Some(id))?;
    named("podman", Some(own.get("names")?.get(0)?.as_str()?), None, None)
}

/// All lists of podman's containers.
fn lists_of_podman(files: Files<'_>) -> Vec<Value> {
    let mut lists = Vec::new();
    for storage in OF_PODMAN.map(Path::new) {
        let Reading::Known(Some(directories)) = files.list(storage, MOST_STORES) else { continue };
        let of_containers =
            |name: &&PathBuf| name.to_str().is_some_and(|name| name.ends_with(DIRECTORY_OF_PODMAN));
        for directory in directories.iter().filter(of_containers) {
            let paths = LISTS_OF_PODMAN.map(|name| storage.join(directory).join(name));
            lists.extend(paths.iter().filter_map(|path| json(files, path)));
        }
    }
    lists
}

/// The id of the pod in its control groups' path, as the kubelet writes it: `pod<id>`, or `…-pod<id>.slice` with `_`
/// for `-`.
pub(super) fn pod_id(control_groups: &str) -> Option<String> {
    control_groups.split(['/', ':', '\n']).rev().find_map(|part| {
        let (_, id) = part.trim_end_matches(".slice").rsplit_once("pod")?;
        let id = id.replace('_', "-");
        let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
        (digits == POD_DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')).then_some(id)
    })
}

/// Whether a container that has ended still exists and may be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existence {
    /// It does, or the pod in which it is recreated does.
    Stays,
    /// It was removed.
    Gone,
    /// Which of these is not known.
    NotTold,
}

/// The host's information about an ended container with these control groups and this name.
pub(super) fn existence(
    files: Files<'_>,
    control_groups: &str,
    container: Option<&ContainerName>,
) -> Existence {
    let (Some(id), Some(name)) = (container_id(control_groups), container) else { return Existence::NotTold };
    let own = files;
    let files = Files { by: By::Root, ..files };
    let stays = match name.managed_by {
        // On the exporter's own behalf: the path of a control group comes from the kernel, not from an agent.
        "kubectl" => pod_group_stands(own, control_groups).or_else(|| pod_has_logs(files, name)),
        "docker" => stands(files, OF_DOCKER, id),
        _ => listed_by_podman(files, id),
    };
    match stays {
        Some(true) => Existence::Stays,
        Some(false) => Existence::Gone,
        None => Existence::NotTold,
    }
}

fn pod_has_logs(files: Files<'_>, name: &ContainerName) -> Option<bool> {
    let names = files.list(Path::new(LOGS), MOST_LOGS);
    let beginning = format!("{}_{}_", name.pod.as_ref()?, name.namespace.as_ref()?);
    let of_pod = |log: &PathBuf| log.to_str().is_some_and(|log| log.starts_with(&beginning));
    Some(names.known()?.as_ref()?.iter().any(of_pod))
}

/// Whether the control group of the pod exists; `None`: none of its hierarchies is visible. A running pod has one; a
/// completed pod has none, and is not restarted.
fn pod_group_stands(files: Files<'_>, control_groups: &str) -> Option<bool> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let parent = Path::new(path).parent().filter(|parent| pod_id(&parent.to_string_lossy()).is_some())?;
        let parent = parent.strip_prefix("/").ok()?;
        let inside = parent.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let mount = Path::new(GROUPS).join(controllers.trim_start_matches("name="));
        let top = parent.components().next()?;
        if !inside || !files.is_directory(&mount.join(top)) {
            return None;
        }
        Some(files.look(&mount.join(parent)).known()?.is_some())
    };
    control_groups.lines().filter_map(of_line).reduce(|one, other| one || other)
}

fn stands(files: Files<'_>, parent: &str, id: &str) -> Option<bool> {
    let all = files.look(Path::new(parent));
    all.known()?.as_ref()?;
    Some(files.look(&Path::new(parent).join(id)).known()?.is_some())
}

fn listed_by_podman(files: Files<'_>, id: &str) -> Option<bool> {
    let all = lists_of_podman(files);
    let mut containers = all.iter().filter_map(Value::as_array).flatten();
    let listed = containers.any(|each| each.get("id").and_then(Value::as_str) == Some(id));
    (!all.is_empty()).then_some(listed)
}

/// A runtime's file, of which only the name is kept.
fn json(files: Files<'_>, path: &Path) -> Option<Value> {
    let state = files.read(path);
    let Reading::Known(FileState::Present(file)) = state else { return None };
    serde_json::from_slice(&file.content.ok()?.0).ok()
}

/// Names as Kubernetes and the runtimes allow them; others are rejected. The container's own name may be omitted.
pub(in crate::observe::host) fn named(
    managed_by: &'static str,
    container: Option<&str>,
    pod: Option<&str>,
    namespace: Option<&str>,
) -> Option<ContainerName> {
    let plain = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.chars().all(plain)
    };
    let cut = |name: &str| name.chars().take(LONGEST_NAME).collect::<String>();
    let all = [container, pod, namespace].into_iter().flatten().all(plain);
    all.then(|| ContainerName {
        managed_by,
        container: container.map(cut).unwrap_or_default(),
        pod: pod.map(|pod| pod.chars().take(LONGEST_POD).collect()),
        namespace: namespace.map(cut),
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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
    fn the_pods_id_is_found_in_either_notation() {
        let id = "0aa3f1c2-9b1e-4d5a-8c7d-1234567890ab";
        let slice = id.replace('-', "_");
        for groups in [
            format!(
                "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{slice}.slice/cri-containerd-{ID}.scope"
            ),
            format!("3:cpu:/\n1:name=systemd:/kubepods/burstable/pod{id}/{ID}"),
            format!(
                "0::/system.slice/containerd.service/kubepods-besteffort-pod{slice}.slice:cri-containerd:{ID}"
            ),
        ] {
            assert_eq!(pod_id(&groups).as_deref(), Some(id), "{groups}");
        }
        assert_eq!(pod_id("0::/machine.slice/libpod-podman.scope"), None);
    }

    #[test]
    fn an_agents_name_says_nothing_that_a_restart_changes_and_is_its_own() {
        let name =
            named("kubectl", Some("loongcollector"), Some("loongcollector-ds-x7k2p"), Some("kube-system"));
        let of = |name: Option<&ContainerName>, taken: &[&str]| {
            agent_name("logtail", name, &|name| !taken.contains(&name))
        };
        assert_eq!(of(name.as_ref(), &[]), "logtail-kube-system-loongcollector");
        assert_eq!(
            of(name.as_ref(), &["logtail-kube-system-loongcollector"]),
            "logtail-kube-system-loongcollector-2"
        );
        assert_eq!(of(None, &["logtail"]), "logtail-container");
        let untold = named("kubectl", None, Some("web-0"), Some("shop"));
        assert_eq!(of(untold.as_ref(), &[]), "logtail-shop");
        assert_eq!(
            named("docker", Some("a;b"), None, None),
            None,
            "names of others are not believed to be names"
        );
        assert_eq!(named("kubectl", Some("a"), Some("x\ny"), None), None);
    }
}
