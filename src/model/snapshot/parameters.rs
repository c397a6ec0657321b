//! The contents of an agent's files: startup parameters and records.

use std::{path::PathBuf, time::SystemTime};

use crate::model::NetworkType;

/// One value of a config, and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Key path as a person would write it: `data_server_list[0].endpoint`, `environment ALIYUN_LOGTAIL_WORKING_IP`, or
    /// `/etc/ilogtail/config.d/a.json: working_ip` if a file other than the config sets it.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Startup parameters, in one form for all kinds and generations. Secrets are checked when they are read, and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// Config servers (Logtail), or `proxy_host` (LogListener), host names or URLs as written.
    pub config_servers: Vec<Parameter>,
    /// Data servers with the region (`cluster`) that the config gives them.
    pub data_servers: Vec<DataServer>,
    /// `working_ip` of the file (not of the environment). A blank one is a value: it hides the environment's.
    pub working_ip: Option<Parameter>,
    /// `bind_interface` of the file.
    pub bind_interface: Option<Parameter>,
    /// `enable_log_time_auto_adjust`, if it is a JSON boolean.
    pub log_time_auto_adjust: Option<bool>,
    /// `mem_usage_limit` (Logtail): its key, and bytes.
    pub memory_limit: Option<(String, u64)>,
    /// `cpu_usage_limit` (Logtail): its key, and thousandths of a processor.
    pub cpu_limit: Option<(String, u64)>,
    /// `data_server_port`, if set (`port` of LogListener).
    pub data_server_port: Option<u16>,
    /// `logtail_sys_conf_dir` (Logtail): where the identity files are.
    pub sys_conf_dir: Option<String>,
    /// `include_config_path` (Logtail): the location of the files that are merged over the config.
    pub include_dir: Option<String>,
    /// `group_ip` (LogListener; `agent_ip` since 3.4). `None`: the key does not exist.
    pub group_ip: Option<Parameter>,
    /// `group_label` split at commas, blanks trimmed (`agent_labels` since 3.4). `None`: the key is not there.
    pub group_labels: Option<(String, Vec<String>)>,
    /// `dynamic_ip` (LogListener ≥ 3.4).
    pub dynamic_ip: bool,
    /// `instance_id` as configured (LogListener).
    pub instance_id: Option<String>,
    /// State of the API key pair; `None` if keys are not in this file.
    pub credentials: Option<Vec<(&'static str, KeyState)>>,
    /// Region and network that the path of a generated config implies (container images).
    pub implied: Option<(String, NetworkType)>,
    /// Canonical rendering of the whole content, to compare with what the agent logs as loaded. Holds no secrets
    /// (Logtail only).
    pub canonical: Option<String>,
}

/// One data server entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataServer {
    /// `cluster` or `region`, if given.
    pub region: Option<Parameter>,
    /// Host name (or URL) as written.
    pub endpoint: Parameter,
}

/// What is known about one secret, without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Absent or empty.
    Missing,
    /// A placeholder from a document or template.
    Placeholder,
    /// Does not have the form of an API key; says what is wrong without quoting it.
    Malformed(&'static str),
    /// Looks like a key.
    Set,
}

/// The agent's own record of the address it reports (`app_info.json`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRecord {
    /// `ip`; `None` if the key does not exist.
    pub ip: Option<String>,
    /// `hostname`.
    pub hostname: Option<String>,
    /// `instance_id`: `<UUID>_<ip at start>_<start, epoch seconds>`.
    pub instance_id: Option<String>,
    /// Address inside `instance_id`.
    pub instance_ip: Option<String>,
    /// Start inside `instance_id`.
    pub instance_epoch: Option<u64>,
    /// `logtail_version`, `loongcollector_version` or `ilogtail_version`.
    pub version: Option<String>,
    /// `update_time` as written (local time, no zone).
    pub update_time: Option<String>,
    /// `update_time` in each zone that the agent may have written it in (the host's, UTC).
    pub update_time_candidates: Vec<SystemTime>,
}

/// The collection configs that an agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The file with those that were delivered to it.
    pub path: PathBuf,
    /// Their number, including those next to it.
    pub configs: usize,
}

/// What the agent's log says about the config that it loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedConfig {
    /// The log file.
    pub path: PathBuf,
    /// Canonical rendering of the logged content, if it could be parsed.
    pub canonical: Option<String>,
    /// The line's time, if it could be read in the host's zone.
    pub at: Option<SystemTime>,
}
