//! Endpoints and their probes.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::model::{Purpose, Reading, Reason, Why};

/// One address that an agent must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The label `purpose`.
    pub purpose: Purpose,
    /// The label `url`: `scheme://host[:port]`, lower case, no path, no user info.
    pub url: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// Request target for HTTP (`/`, or the configured one).
    pub path: String,
    /// What counts as up.
    pub expected: ExpectedAnswer,
    /// The source of the address: file and key, or `expect.projects[0]`.
    pub from: String,
    /// The startup parameter that it is derived from, to tie a network cause to a parameter's fault.
    pub parameter: Option<String>,
}

/// The protocol of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// A bare connect.
    Tcp,
}

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }

    /// The port of a URL without one.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http | Self::Tcp => 80,
            Self::Https => 443,
        }
    }
}

/// The answer that counts as up, according to the documents (or the config).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpectedAnswer {
    /// The documented `OLSInvalidMethod` body, or a non-empty `x-log-requestid` header (Alibaba Cloud SLS).
    LogService,
    /// Up once connected (Tencent's document: `telnet`).
    Connected,
    /// One of these status codes.
    StatusCodes(Vec<u16>),
}

/// An endpoint and its last probe.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointFact {
    /// What was asked.
    pub endpoint: Endpoint,
    /// What came back.
    pub probe: Reading<Probe>,
}

impl EndpointFact {
    /// An endpoint that has not been probed yet.
    pub fn not_yet(endpoint: Endpoint) -> Self {
        let probe = Reading::Unknown(Why::new(Reason::NotYet, endpoint.url.clone(), "not probed yet"));
        Self { endpoint, probe }
    }
}

/// The answer of an agent's liveness endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It answers, whatever the answer is.
    Answers,
    /// It accepts connections but has not answered since this time on the boot clock.
    Silent(Duration),
    /// Nothing listens there: the part of the agent that would answer is not loaded.
    Absent,
}

/// Which requests the cloud's metadata service accepts from this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataAccess {
    /// Also those without a token.
    Open,
    /// Only those with a token; this is the status of its answer to one without.
    TokenOnly(u16),
    /// None: it issues no token either, or is not a metadata service.
    Closed,
}

/// The phases and the outcome of one probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The proxy that was used (`http://host:port`), and the variable that sets it.
    pub proxy: Option<(String, String)>,
    /// An assumption about the agent's route, because a fact, such as its environment, is unknown.
    pub assumed: Option<String>,
    /// Resolved addresses, in the order tried.
    pub addresses: Vec<IpAddr>,
    /// Durations of the phases that were completed.
    pub phases: Phases,
    /// Status code, if there was an answer.
    pub status_code: Option<u16>,
    /// The server's certificate, even if it was not accepted.
    pub certificate: Option<Certificate>,
    /// Up, or what went wrong first.
    pub outcome: Result<(), Failure>,
    /// The answer's `Date`, if it may be used as a time reference.
    pub date: Option<DateReference>,
}

impl Probe {
    /// An empty probe of an endpoint that is up.
    pub fn up() -> Self {
        Self {
            proxy: None,
            assumed: None,
            addresses: Vec::new(),
            phases: Phases::default(),
            status_code: None,
            certificate: None,
            outcome: Ok(()),
            date: None,
        }
    }
}

/// How long each phase took; `None`: not reached or not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phases {
    /// Name resolution.
    pub resolve: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From sending the request to having read the answer.
    pub processing: Option<Duration>,
}

/// Validity of a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Not valid before.
    pub not_before: SystemTime,
    /// Not valid after.
    pub not_after: SystemTime,
}

/// The first thing that went wrong in a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class, which a rule turns into a cause.
    pub kind: FailureKind,
    /// The address where it went wrong, if there is one.
    pub address: Option<SocketAddr>,
    /// A human-readable description of what happened.
    pub detail: String,
}

/// Classes of probe failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureKind {
    /// The resolver says that the name does not resolve.
    Resolve,
    /// No resolver answers.
    NoResolver,
    /// Connection refused.
    Refused,
    /// No answer to the connect.
    ConnectTimeout,
    /// No route to host or network.
    Unreachable,
    /// The TLS handshake failed (not because of the certificate).
    Tls,
    /// The certificate is not from a trusted authority, or is for another name.
    CertificateUntrusted,
    /// The certificate is expired (or not yet valid) by the local clock.
    CertificateExpired,
    /// Connected, but no complete answer in time.
    ResponseTimeout,
    /// An answer, but not the documented one; or the connection was closed instead.
    UnexpectedResponse,
    /// The agent's proxy has failed (its address is unusable, or it refuses to connect).
    Proxy,
}

/// A server's time, tied to the boot clock so that later steps of the local clock do not affect it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DateReference {
    /// The earliest that (server wall clock − boot clock) can be, in seconds.
    pub low: f64,
    /// The latest that (server wall clock − boot clock) can be, in seconds.
    pub high: f64,
    /// When it was taken, on the boot clock.
    pub taken: Duration,
}
