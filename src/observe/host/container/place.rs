//! The facts of a container's place: its names, addresses and network, and the handle for joining it.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{ContainerName, FileFact, FileState, HostsFile, PlaceFacts},
    },
    observe::{
        host::{
            HOSTS,
            file::{Bytes, Files, parsed},
            hosts,
            process::{Candidate, Container, FirstProcess},
        },
        probe::ContainerHandle,
    },
    sys,
};

/// The facts of a container. `network`: whether the exporter can probe as the agent in it would.
pub(super) fn place(
    files: Files<'_>,
    (container, network): (&Container, Reading<()>),
    name: Option<ContainerName>,
    host: &PlaceFacts,
) -> PlaceFacts {
    let hostname = hostname(files);
    let path = PathBuf::from(HOSTS);
    let hosts = FileFact { state: parsed(files.read(&path), |bytes| Ok(hosts::parse(bytes))), path };
    let shares = &container.shares_network;
    PlaceFacts {
        network,
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

/// The process through which a container is read.
pub(super) fn witness(container: &Container, candidates: &[Candidate]) -> Option<FirstProcess> {
    let own = candidates.first().map(|candidate| FirstProcess {
        pid: candidate.process.pid,
        start_ticks: candidate.process.start_ticks,
    });
    container.first.filter(|_| !container.shares_processes).or(own)
}

/// The handle to a container with another network, if the exporter may join it.
pub(super) fn handle(container: &Container) -> Option<ContainerHandle> {
    sys::helper::connection()?;
    Some(ContainerHandle { network: container.network.clone()?, root: container.root.held_directory()? })
}

/// Whether the exporter can probe as the agent in this container would.
pub(super) fn network_access(container: &Container, handle: Option<&ContainerHandle>) -> Reading<()> {
    container.shares_network.clone().and_then(|shares| {
        if shares || handle.is_some() {
            return Reading::Known(());
        }
        let fact = container.root.path().display().to_string();
        let detail = "the container has a network namespace of its own, and the exporter may not join it; grant \
                      CAP_SYS_ADMIN and CAP_SYS_CHROOT, give the container the host's network, or run an exporter \
                      in its pod";
        Reading::Unknown(Why::new(Reason::Denied, fact, detail))
    })
}

/// The name in the runtime's files.
fn hostname(files: Files<'_>) -> Reading<String> {
    let path = Path::new("/etc/hostname");
    files.read(path).and_then(|state| match state {
        FileState::Present(file) => {
            let name = file.content.ok().and_then(|Bytes(bytes)| {
                String::from_utf8_lossy(&bytes).lines().next().map(|line| line.trim().to_owned())
            });
            Reading::Known(name.unwrap_or_default())
        }
        FileState::Missing | FileState::NotAFile(_) => {
            let detail = "the container's runtime has not recorded it";
            Reading::Unknown(Why::new(Reason::Unsupported, path.display().to_string(), detail))
        }
    })
}

/// The addresses of its own name in the container's hosts file, which runtimes write. Its resolver is not asked.
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
