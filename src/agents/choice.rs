//! How an agent chooses the address that it reports: the result of a kind's own algorithm, recomputed.

use std::net::Ipv4Addr;

use crate::model::{Reading, snapshot::Parameter};

/// The address that an agent would choose today, and what bears on the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The address that a setting prescribes verbatim, if one does.
    pub working_ip: Reading<Option<Parameter>>,
    /// The interface that a setting prescribes, if one does.
    pub bind_interface: Reading<Option<Parameter>>,
    /// The address that the hosts file binds the host name to; `None` if there is none, or one that the agent passes over.
    pub hosts_binding: Reading<Option<Binding>>,
    /// The address that the resolver gives for the host name, as the agent would take it.
    pub resolved_name: Reading<Option<Ipv4Addr>>,
    /// The outcome; `None` where the agent takes any address.
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
