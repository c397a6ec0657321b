//! Snapshots for tests: a process, and every reading that a snapshot holds.
//!
//! Each structure is destructured without `..`: a new field does not compile until it is listed here, nor a new type
//! until it lists its readings. So the tests that blind all readings miss none.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::*;
use crate::model::{NetworkType, Purpose, Why};

/// A live process.
pub fn process(pid: u32, parent: u32, name: &str) -> Process {
    Process {
        pid,
        parent,
        executable_name: name.to_owned(),
        role_by_name: None,
        arguments: Reading::Known(vec![name.to_owned()]),
        executable: Reading::Known(Some(Executable { path: PathBuf::from(name), deleted: false })),
        state: ProcessState::Alive,
        start_ticks: u64::from(pid),
        started_at: SystemTime::UNIX_EPOCH,
        cpu: Duration::ZERO,
        resident_bytes: 0,
        open_fds: Reading::Known(0),
        threads: 1,
    }
}

/// A reading of any type.
pub trait Blindable {
    /// True if the fact was read.
    fn is_known(&self) -> bool;
    /// Makes it unread.
    fn blind(&mut self, why: Why);
}

impl<T> Blindable for Reading<T> {
    fn is_known(&self) -> bool {
        self.known().is_some()
    }

    fn blind(&mut self, why: Why) {
        *self = Reading::Unknown(why);
    }
}

/// The fields and indices that lead to a reading.
pub type Path = Vec<std::borrow::Cow<'static, str>>;

/// Called with each reading and its location.
pub type Visitor<'v> = dyn FnMut(&Path, &mut dyn Blindable) + 'v;

/// Everything in a value that could not have been read.
pub trait Readings {
    /// Visits each reading, outer ones before those inside them.
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>);
}

impl<T: Readings> Readings for Reading<T> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        visitor(path, self);
        if let Reading::Known(value) = self {
            value.visit(path, visitor);
        }
    }
}

impl<T: Readings> Readings for Vec<T> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        for (index, item) in self.iter_mut().enumerate() {
            path.push(index.to_string().into());
            item.visit(path, visitor);
            path.pop();
        }
    }
}

impl<T: Readings> Readings for BTreeMap<Arc<str>, T> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        for (name, item) in self {
            path.push(name.to_string().into());
            item.visit(path, visitor);
            path.pop();
        }
    }
}

impl<T: Readings> Readings for Option<T> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        if let Some(value) = self {
            value.visit(path, visitor);
        }
    }
}

impl<T: Readings, E> Readings for Result<T, E> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        if let Ok(value) = self {
            value.visit(path, visitor);
        }
    }
}

impl<A: Readings, B: Readings> Readings for (A, B) {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        self.0.visit(path, visitor);
        self.1.visit(path, visitor);
    }
}

impl<T: Readings> Readings for FileState<T> {
    fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
        match self {
            FileState::Missing | FileState::NotAFile(_) => {}
            FileState::Present(FileContent { modified: _, digest: _, content }) => {
                content.visit(path, visitor);
            }
        }
    }
}

macro_rules! plain {
    ($($type:ty),* $(,)?) => {
        $(impl Readings for $type {
            fn visit(&mut self, _: &mut Path, _: &mut Visitor<'_>) {}
        })*
    };
}

plain!(
    (),
    bool,
    u16,
    u32,
    u64,
    f64,
    String,
    &'static str,
    Arc<str>,
    PathBuf,
    IpAddr,
    Ipv4Addr,
    SocketAddr,
    SystemTime,
    Duration,
    BTreeMap<String, String>,
    NetworkType,
    ContainerName,
    Place,
    Purpose,
    Role,
    Why,
    ClockReference,
    KernelClock,
    InterfaceAddress,
    HostsLine,
    Installation,
    Endpoint,
    DateReference,
    Certificate,
    Failure,
    Liveness,
    MetadataAccess,
    Phases,
    ProcessState,
    Executable,
    KeyState,
    LoadedConfig,
    LogFacts,
    Collection,
    AddressRecord,
    Parameter,
    DataServer,
    Parameters,
    Autostart,
    ServiceFact,
    Space,
    ControlGroup,
    Death,
);

macro_rules! structure {
    ($type:ident $(<$parameter:ident>)? { $($field:ident),* $(,)? }) => {
        impl$(<$parameter: Readings>)? Readings for $type$(<$parameter>)? {
            fn visit(&mut self, path: &mut Path, visitor: &mut Visitor<'_>) {
                let Self { $($field),* } = self;
                $(
                    path.push(stringify!($field).into());
                    $field.visit(path, visitor);
                    path.pop();
                )*
            }
        }
    };
}

structure!(Snapshot { taken_at, uptime, host, containers, clock, agents, deaths });
structure!(Surroundings { autostart, disks, group, host_mount, services, instance, recorded_instance });
structure!(DiskFact { directory, space });
structure!(ClockFacts { references, unanswered, kernel, wall_minus_boot });
structure!(PlaceFacts { network, hostname, interfaces, hosts, hostname_addresses, product, container });
structure!(HostsFile { lines, rest });
structure!(FileFact<T> { path, state });
structure!(DirectoryFact { path, names, modified });
structure!(Invocation { arguments, environment, in_container });
structure!(EndpointFact { endpoint, probe });
structure!(Probe { proxy, assumed, addresses, phases, status_code, certificate, outcome, date });
structure!(Process {
    pid,
    parent,
    executable_name,
    role_by_name,
    arguments,
    executable,
    state,
    start_ticks,
    started_at,
    cpu,
    resident_bytes,
    open_fds,
    threads,
});
structure!(AgentFacts {
    name,
    kind,
    place,
    install_dir,
    installation,
    processes,
    invocation,
    version_file,
    config,
    record,
    users,
    owner_account,
    metadata,
    liveness,
    identifiers,
    loaded_config,
    log,
    collection,
    files,
    surroundings,
    endpoints,
});
