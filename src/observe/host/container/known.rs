//! Known agents in containers: how one is recognized after a restart, and what is kept when it has ended.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Group,
    name::{container_id, pod_id, stem},
};
use crate::{
    agents::Profile,
    config::AgentSettings,
    model::{
        Reading, Reason, Why,
        snapshot::{
            AgentFacts, ContainerName, DirectoryFact, FileFact, Installation, Invocation, Place, PlaceFacts,
            Process, Surroundings,
        },
    },
    observe::host::process::{Container, FirstProcess},
};

/// If it is unknown whether an ended container will be restarted, its agent counts as not running for this long:
/// runtimes wait at most a few minutes between two starts.
const NOT_RUNNING_FOR: Duration = Duration::from_mins(5);
/// How long the name of an agent whose container was removed is reserved for its replacement.
const AWAITED_FOR: Duration = Duration::from_mins(10);

/// A known agent in a container.
#[derive(Debug, Clone)]
pub struct Known {
    /// The agent's name.
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) directory: PathBuf,
    identity: (u64, u64),
    pub(super) first: Option<FirstProcess>,
    pub(super) control_groups: String,
    pub(super) container: Option<ContainerName>,
    pub(super) presence: Presence,
    /// When (boot clock) the container was first seen without a process.
    ended: Option<Duration>,
}

/// The remaining state of a container.
#[derive(Debug, Clone)]
pub(super) enum Presence {
    /// The agent runs.
    Runs,
    /// Only other processes run.
    There(Box<Container>),
    /// It has ended, and it or its pod still exists.
    Stays,
    /// It has ended, and it is unknown whether it still exists.
    NotTold,
    /// It was removed.
    Gone,
}

/// A container with an agent, as currently seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenContainer<'a> {
    pub(super) kind: &'static str,
    pub(super) directory: &'a Path,
    pub(super) container: &'a Container,
    pub(super) name: Option<&'a ContainerName>,
}

impl<'a> SeenContainer<'a> {
    pub(super) fn of(group: &'a Group<'a>, name: Option<&'a ContainerName>) -> Self {
        Self { kind: group.profile.kind(), directory: &group.directory, container: group.container, name }
    }
}

impl Known {
    pub(super) fn new(name: String, seen: SeenContainer<'_>) -> Self {
        let mut known = Self {
            name,
            kind: seen.kind,
            directory: seen.directory.to_owned(),
            identity: seen.container.identity,
            first: None,
            control_groups: String::new(),
            container: None,
            presence: Presence::Runs,
            ended: None,
        };
        known.update(seen);
        known
    }

    /// Records that the agent now runs in this container.
    pub(super) fn update(&mut self, seen: SeenContainer<'_>) {
        let Container { identity, first, control_groups, .. } = seen.container;
        (self.identity, self.first) = (*identity, *first);
        self.control_groups.clone_from(control_groups);
        if let Some(name) = seen.name {
            self.container = Some(name.clone());
        }
        (self.presence, self.ended) = (Presence::Runs, None);
    }

    /// The agent's name.
    pub(in crate::observe::host) fn name(&self) -> &str {
        &self.name
    }

    fn is_of(&self, seen: SeenContainer<'_>) -> bool {
        self.kind == seen.kind && self.directory == seen.directory
    }

    /// True for the same container.
    pub(super) fn is_same(&self, seen: SeenContainer<'_>) -> bool {
        let same = match (container_id(&self.control_groups), container_id(&seen.container.control_groups)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => self.first == seen.container.first,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.is_of(seen) && same && self.has_root(seen.container)
    }

    /// True if this container has the root directory that was last seen.
    pub(super) fn has_root(&self, container: &Container) -> bool {
        self.identity == container.identity
    }

    /// True for its replacement: in the same pod, or with the same name.
    pub(super) fn is_made_anew_as(&self, seen: SeenContainer<'_>) -> bool {
        let pods = (pod_id(&self.control_groups), pod_id(&seen.container.control_groups));
        let same_pod = matches!(&pods, (Some(one), Some(other)) if one == other);
        let same = match (&self.container, seen.name) {
            (Some(own), Some(name)) if same_pod => own.container == name.container,
            (Some(own), Some(name)) => own == name,
            _ => {
                same_pod || container_id(&self.control_groups) == container_id(&seen.container.control_groups)
            }
        };
        self.is_of(seen) && same && !matches!(self.presence, Presence::There(_))
    }

    /// True if `seen` may take over its name: both would get the same one, and this container is not known to still
    /// exist.
    pub(super) fn is_succeeded_by(&self, seen: SeenContainer<'_>) -> bool {
        let left = matches!(self.presence, Presence::Gone | Presence::NotTold);
        left && self.is_of(seen) && stem(self.kind, self.container.as_ref()) == stem(seen.kind, seen.name)
    }

    /// Records its remaining state.
    pub(super) fn found(&mut self, presence: Presence, now: Duration) {
        match presence {
            Presence::Runs | Presence::There(_) => self.ended = None,
            Presence::Stays | Presence::NotTold | Presence::Gone => {
                self.ended.get_or_insert(now);
            }
        }
        self.presence = presence;
    }

    /// True if the agent is expected to run; if it does not, it is reported as not running.
    pub(super) fn should_run(&self, now: Duration) -> bool {
        match self.presence {
            Presence::Runs | Presence::There(_) | Presence::Stays => true,
            Presence::NotTold => self.ended_within(NOT_RUNNING_FOR, now),
            Presence::Gone => false,
        }
    }

    /// True if its name is reserved for a replacement.
    pub(super) fn is_awaited(&self, now: Duration) -> bool {
        self.should_run(now) || self.ended_within(AWAITED_FOR, now)
    }

    fn ended_within(&self, time: Duration, now: Duration) -> bool {
        self.ended.is_none_or(|ended| now.saturating_sub(ended) < time)
    }

    /// True if any process of its container was running when last seen.
    pub(in crate::observe::host) fn runs(&self) -> bool {
        self.ended.is_none()
    }
}

/// The facts of an agent whose container cannot be read.
pub(super) fn unread(
    (settings, profile): (&AgentSettings, &'static dyn Profile),
    processes: Reading<Vec<Process>>,
    invocation: Invocation,
    why: &Why,
) -> AgentFacts {
    let layout = profile.layout(settings, &invocation);
    let path = layout.config.first();
    let identity = profile.identity_layout(settings, &invocation, Reading::Unknown(why.clone()));
    let directory = |path: &Path| DirectoryFact {
        path: path.to_owned(),
        names: Reading::Unknown(why.clone()),
        modified: None,
    };
    AgentFacts {
        name: settings.name.as_str().into(),
        kind: profile.kind(),
        place: Place::Container(settings.name.as_str().into()),
        install_dir: settings.install_dir.clone(),
        installation: Reading::<Installation>::Unknown(why.clone()),
        processes,
        version_file: layout.version_file.map(|path| unread_file(path, why)),
        config: path.map(|path| unread_file(path.to_owned(), why)),
        record: layout.record.first().map(|path| unread_file(path.to_owned(), why)),
        users: identity.users.first().map(directory),
        owner_account: Reading::Unknown(why.clone()),
        metadata: None,
        liveness: None,
        identifiers: identity.identifiers.first().map(|path| unread_file(path.to_owned(), why)),
        loaded_config: Reading::Unknown(why.clone()),
        collection: Reading::Unknown(why.clone()),
        log: Reading::Unknown(why.clone()),
        files: Vec::new(),
        surroundings: Surroundings::default(),
        endpoints: Vec::new(),
        invocation,
    }
}

fn unread_file<T>(path: PathBuf, why: &Why) -> FileFact<T> {
    FileFact { path, state: Reading::Unknown(why.clone()) }
}

/// The facts of a container that cannot be read.
pub(super) fn unread_place(container: Option<ContainerName>, host: &PlaceFacts, why: &Why) -> PlaceFacts {
    PlaceFacts {
        network: Reading::Unknown(why.clone()),
        hostname: Reading::Unknown(why.clone()),
        interfaces: Reading::Unknown(why.clone()),
        hosts: unread_file(PathBuf::from(crate::observe::host::HOSTS), why),
        hostname_addresses: Reading::Unknown(why.clone()),
        product: host.product.clone(),
        container,
    }
}

/// Why nothing is known about a container in which nothing runs.
pub(super) fn not_running(name: &str) -> Why {
    let detail = "no process runs in its container, and its files can only be read through a process";
    Why::new(Reason::Unsupported, format!("the container of {name}"), detail)
}
