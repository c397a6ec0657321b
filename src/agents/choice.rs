//! How an agent chooses the address that it reports: the result of a kind's own algorithm, recomputed.

use std::net::Ipv4Addr;

use crate::model::{Reading, snapshot::Parameter};

/// The address that an agent would choose today, and the inputs of the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The address prescribed by a setting, if any.
    pub working_ip: Reading<Option<Parameter>>,
    /// The interface prescribed by a setting, if any.
    pub bind_interface: Reading<Option<Parameter>>,
    /// The address that the hosts file binds the host name to; `None` if there is none, or only one that the agent
    /// ignores.
    pub hosts_binding: Reading<Option<Binding>>,
    /// The address that the resolver gives for the host name, as the agent would use it.
    pub resolved_name: Reading<Option<Ipv4Addr>>,
    /// The outcome; `None` if the agent accepts any address.
    pub chosen: Reading<Option<Chosen>>,
}

/// The outcome of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The address.
    pub address: String,
    /// What decided: a setting, a line of the hosts file, an interface.
    pub from: String,
}

/// The address that the hosts file binds the host name to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The address.
    pub address: Ipv4Addr,
    /// The line, from 1.
    pub line: u32,
    /// True if an interface has the address.
    pub on_host: bool,
}
