//! Connections to others: names, addresses, proxies, TLS, one HTTP request. A leaf: probes and senders share it.
//!
//! This module does not read clocks or the watched host's files itself: the caller provides both. It does not
//! decide what a failure means.

pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod proxy;
pub(crate) mod resolve;
pub(crate) mod single_flight;
pub(crate) mod tls;
pub(crate) mod trust;

use std::{
    io,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use crate::model::{
    Reason, Why,
    snapshot::{Failure, FailureKind},
};

/// The reason why a connection ended, or was not established.
#[derive(Debug)]
pub(crate) enum Error {
    /// A fact about the peer, or about the route to it.
    Peer(Failure),
    /// A lack of resources of the exporter itself, which says nothing about the peer.
    Own(Why),
}

impl Error {
    pub(crate) fn peer(kind: FailureKind, address: Option<SocketAddr>, detail: String) -> Self {
        Self::Peer(Failure { kind, address, detail })
    }

    pub(crate) fn own(doing: String, error: &io::Error) -> Self {
        Self::Own(Why::new(
            Reason::Failed,
            doing,
            format!("the exporter is short of file descriptors or memory ({error}); raise its limits"),
        ))
    }

    /// The same, prefixed with `place`.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Peer(failure) => {
                Self::Peer(Failure { detail: format!("{place}: {}", failure.detail), ..failure })
            }
            Self::Own(why) => Self::Own(why),
        }
    }
}

/// The clocks that an exchange is timed by.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// Time since boot, suspend included.
    pub boot: fn() -> Duration,
    /// The wall clock, which decides whether a certificate has expired here.
    pub wall: fn() -> SystemTime,
}
