//! Connections to others: names, addresses, proxies, TLS, one HTTP request. A leaf: probes and senders share it.
//!
//! It reads neither clocks nor the watched host's files by itself: who uses it hands it both. It decides nothing of what a
//! failure means.

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

/// What ended a connection, or kept it from coming about.
#[derive(Debug)]
pub(crate) enum Error {
    /// A fact of the peer, or of the way to it.
    Peer(Failure),
    /// The exporter's own shortage, which says nothing of the peer.
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

    /// The same, with `place` before what went wrong there.
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
