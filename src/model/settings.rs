//! The operator's settings, from the config or filled in by detection.

mod alerting;

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf, time::Duration};

pub use alerting::{
    AlertLinks, AlertingSettings, AlertmanagerSettings, HttpCredentials, Secret, TlsClientSettings,
};

use super::{NetworkType, System, snapshot::Endpoint};

/// The settings in effect. Without a config file: [`Settings::default`], which detects agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Watch detected agents in addition to `agents`.
    pub detect: bool,
    /// Agents described in the config, with unique names.
    pub agents: Vec<AgentSettings>,
    /// Clock thresholds and references.
    pub clock: ClockSettings,
    /// Check whether the cloud's metadata service requires a token.
    pub cloud_metadata: bool,
    /// What is expected on individual hosts, in the order of the file.
    pub hosts: Vec<HostSettings>,
    /// Where alerts are pushed to.
    pub alerting: AlertingSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            detect: true,
            agents: Vec::new(),
            clock: ClockSettings::default(),
            cloud_metadata: false,
            hosts: Vec::new(),
            alerting: AlertingSettings::default(),
        }
    }
}

impl Settings {
    /// The first entry that matches a host of this name and these addresses. A name without a domain matches the host
    /// of that name in any domain.
    pub fn host(&self, name: Option<&str>, addresses: &[IpAddr]) -> Option<&HostSettings> {
        let is_name = |entry: &str| {
            name.is_some_and(|name| {
                let short = name.split('.').next().unwrap_or_default();
                entry.eq_ignore_ascii_case(name) || entry.eq_ignore_ascii_case(short)
            })
        };
        let is_address =
            |entry: &str| entry.parse().is_ok_and(|address: IpAddr| addresses.contains(&address));
        self.hosts.iter().find(|entry| is_name(&entry.host) || is_address(&entry.host))
    }
}

/// What is expected on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// Its name or one of its addresses.
    pub host: String,
    /// Expectations by the name of the agent; each key that is set replaces the agent's own.
    pub expect: Vec<(String, Expectation)>,
}

/// One agent of the config file, or a detected one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentSettings {
    /// The label `agent`.
    pub name: String,
    /// `logtail`, `loglistener`, `custom`; the name of a profile.
    pub kind: &'static str,
    /// The system of the place that it runs in; filled in by detection.
    pub system: System,
    /// Installation directory; `None`: the kind's default.
    pub install_dir: Option<PathBuf>,
    /// The container that it should run in; `None`: it runs on the host.
    pub container: Option<ContainerSelector>,
    /// Users whose processes count, in addition to root and the owner of its installation.
    pub run_as: Vec<UserName>,
    /// Ids of causes that are intended on this host.
    pub ignore: BTreeSet<&'static str>,
    /// What is expected of it.
    pub expect: Expectation,
    /// Processes of a custom agent.
    pub processes: Vec<CustomProcess>,
    /// Files of a custom agent: a restart is required after they change.
    pub files: Vec<PathBuf>,
    /// Endpoints of a custom agent (`purpose` is `custom`).
    pub endpoints: Vec<Endpoint>,
}

/// A container, by the names that do not change when it is recreated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSelector {
    /// The namespace of its pod; `None`: any, or no pod at all.
    pub namespace: Option<String>,
    /// Its own name.
    pub container: String,
}

impl AgentSettings {
    /// Settings of an agent of this kind, without anything else.
    pub fn of(kind: &'static str, system: System) -> Self {
        Self { kind, system, ..Self::default() }
    }
}

/// A user of the watched host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserName {
    /// By number.
    Id(u32),
    /// By the name in `/etc/passwd`.
    Name(String),
}

/// The expectations in the config. `None` and empty: no expectation, and no rule that needs one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectation {
    /// Region of the project, or of the CLS topic: `cn-hangzhou`, `ap-guangzhou`.
    pub region: Option<String>,
    /// Network type.
    pub network: Option<NetworkType>,
    /// Main account of the project's owner (Logtail).
    pub account_id: Option<String>,
    /// The machine group's IP list (Logtail).
    pub machine_group_ips: Vec<String>,
    /// The machine group's custom identifier (Logtail).
    pub machine_group_identifier: Option<String>,
    /// Projects whose endpoints must be reachable (Logtail).
    pub projects: Vec<String>,
    /// The machine group's IP as entered in the console (`LogListener`).
    pub server_group_ip: Option<String>,
    /// The machine group's label (`LogListener`).
    pub server_group_label: Option<String>,
}

impl Expectation {
    /// Overwrites every key that `other` sets.
    pub fn override_by(&mut self, other: &Self) {
        let Self {
            region,
            network,
            account_id,
            machine_group_ips,
            machine_group_identifier,
            projects,
            server_group_ip,
            server_group_label,
        } = other;
        let or = |own: &mut Option<String>, other: &Option<String>| {
            if other.is_some() {
                own.clone_from(other);
            }
        };
        or(&mut self.region, region);
        or(&mut self.account_id, account_id);
        or(&mut self.machine_group_identifier, machine_group_identifier);
        or(&mut self.server_group_ip, server_group_ip);
        or(&mut self.server_group_label, server_group_label);
        self.network = network.or(self.network);
        for (own, other) in [(&mut self.machine_group_ips, machine_group_ips), (&mut self.projects, projects)]
        {
            if !other.is_empty() {
                own.clone_from(other);
            }
        }
    }
}

/// One expected kind of process of a custom agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProcess {
    /// The label `role`.
    pub role: String,
    /// Base name of the executable, or its absolute path.
    pub executable: String,
    /// Expected number; at least 1.
    pub count: u32,
}

/// Clock thresholds and references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockSettings {
    /// `clock_skewed` beyond this. `None`: the limit of the agent's service; `Some(0)`: off.
    pub max_offset: Option<Duration>,
    /// `clock_offset_high` beyond this; 0: off.
    pub warn_offset: Duration,
    /// NTP servers to ask (`host` or `host:port`).
    pub ntp_servers: Vec<String>,
}

impl Default for ClockSettings {
    fn default() -> Self {
        Self { max_offset: None, warn_offset: Duration::from_mins(1), ntp_servers: Vec::new() }
    }
}
