//! The files of container runtimes below a root directory.

use super::{tests::ID, *};
use crate::observe::host::testing::Host;

#[test]
fn names_are_those_that_the_runtime_has_written() {
    let name = |host: &Host| {
        host.look(|files| name_of(files, &format!("0::/docker/{ID}")))
            .map(|name| (name.container, name.pod, name.namespace))
    };
    let host = Host::new();
    assert_eq!(name(&host), None);
    for path in [
        "/run/containers/storage/overlay-containers/volatile-containers.json",
        "/var/lib/containers/storage/overlay-containers/volatile-containers.json",
        "/var/lib/containers/storage/vfs-containers/containers.json",
        "/var/lib/containers/storage/overlay-containers/containers.json",
    ] {
        let list = format!(r#"[{{"id": "x", "names": ["y"]}}, {{"id": "{ID}", "names": ["of-podman"]}}]"#);
        host.file(path, list);
        assert_eq!(name(&host), Some(("of-podman".to_owned(), None, None)), "{path}");
        host.file(path, "[]");
        assert_eq!(name(&host), None, "{path}");
    }
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
fn a_container_is_there_as_long_as_its_runtime_says_so() {
    let uid = "1".repeat(32);
    let of = |host: &Host, groups: &str, managed_by: &'static str| {
        let pod = (managed_by == "kubectl").then_some(("p", "n"));
        let name = named(managed_by, Some("c"), pod.map(|it| it.0), pod.map(|it| it.1));
        host.look(|files| existence(files, groups, name.as_ref()))
    };
    let docker = format!("0::/docker/{ID}");
    let host = Host::new();
    assert_eq!(of(&host, &docker, "docker"), Existence::NotTold);
    assert_eq!(of(&host, "0::/", "docker"), Existence::NotTold);
    host.file(&format!("{OF_DOCKER}/{ID}/config.v2.json"), "{}");
    assert_eq!(of(&host, &docker, "docker"), Existence::Stays);
    assert_eq!(of(&host, &docker.replace("0123", "3210"), "docker"), Existence::Gone);
    assert_eq!(of(&host, &docker, "podman"), Existence::NotTold);
    let list = "/var/lib/containers/storage/overlay-containers/containers.json";
    host.file(list, format!(r#"[{{"id": "{ID}"}}]"#));
    assert_eq!(of(&host, &docker, "podman"), Existence::Stays);
    host.file(list, "[]");
    assert_eq!(of(&host, &docker, "podman"), Existence::Gone);
    for (groups, mount) in [
        (format!("0::/kubepods/pod{uid}/{ID}"), ""),
        (format!("4:memory:/kubepods/pod{uid}/{ID}\n1:pids:/"), "/memory"),
    ] {
        let host = Host::new();
        assert_eq!(of(&host, &groups, "kubectl"), Existence::NotTold);
        host.file(&format!("{LOGS}/q_n_other-{ID}.log"), "");
        assert_eq!(of(&host, &groups, "kubectl"), Existence::Gone);
        host.file(&format!("{LOGS}/p_n_other-{ID}.log"), "");
        assert_eq!(of(&host, &groups, "kubectl"), Existence::Stays);
        host.file(&format!("{GROUPS}{mount}/kubepods/cgroup.procs"), "");
        assert_eq!(of(&host, &groups, "kubectl"), Existence::Gone, "one that has completed keeps its logs");
        host.file(&format!("{GROUPS}{mount}/kubepods/pod{uid}/cgroup.procs"), "");
        assert_eq!(of(&host, &groups, "kubectl"), Existence::Stays);
    }
}
