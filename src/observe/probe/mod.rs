//! Probes: each endpoint is asked as its agent would ask it, over a separate connection, within one deadline.
//!
//! A probe never fails and never judges more than "is this the documented answer?". Failures are part of the result:
//! resolve → connect → TLS → answer, with the first failure. Only if the exporter itself lacks resources, such as file
//! descriptors, is nothing known about the endpoint, and the probe is `Unknown`.

mod answer;
mod elsewhere;
mod metadata;
mod names;
mod sntp;

#[cfg(test)]
mod fault_server;
#[cfg(test)]
mod tests;

use std::{
    env,
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use hyper::{Method, StatusCode};
use rustls::crypto::{CryptoProvider, ring};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};

pub use self::{
    elsewhere::{ContainerHandle, probe_task},
    sntp::ClockSample,
};
use crate::{
    agents::MetadataService,
    model::{
        Purpose, Reading, Reason, Why, authority,
        snapshot::{
            Endpoint, Environment, ExpectedAnswer, Failure, FailureKind, Liveness, MetadataAccess, Probe,
            Scheme,
        },
    },
    net::{
        Clocks, Error, client, connect,
        proxy::{self, Proxy},
        resolve::Resolver,
        tls::{self, Terms},
        trust::{Locations, Trust},
    },
    observe::time,
    sys::root::Root,
};

/// The time limit of a TCP probe's extra request for the time.
const DATE_PATIENCE: Duration = Duration::from_secs(2);

/// How to probe.
#[derive(Debug, Clone)]
pub struct ProbeOptions {
    /// The deadline of the whole probe, from name resolution to the answer's last byte.
    pub timeout: Duration,
    /// Where the host's root directory is mounted: its certificate store and its sources of names are read there.
    pub rootfs: PathBuf,
}

/// Probes endpoints and time servers. Clones share one certificate store and one set of running lookups.
#[derive(Debug, Clone)]
pub struct Prober {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    timeout: Duration,
    resolver: Resolver,
    root: Root,
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

/// Judges an answer by every kind of expectation.
#[cfg(any(test, fuzzing))]
pub(crate) fn judged(answer: &client::Answer) {
    let expectations =
        [ExpectedAnswer::LogService, ExpectedAnswer::Connected, ExpectedAnswer::StatusCodes(vec![200])];
    for expected in expectations {
        let _judged = answer::judge(&expected, answer);
    }
    let _date = answer::date_reference(answer);
}

/// The clocks of this process.
const CLOCKS: Clocks = Clocks { boot: || time::now().boot, wall: || time::now().wall };

impl Prober {
    /// A prober that uses the certificate store of the system under `rootfs`. Reads `SSL_CERT_FILE` and `SSL_CERT_DIR`
    /// once.
    pub fn new(options: ProbeOptions) -> Self {
        let ProbeOptions { timeout, rootfs } = options;
        Self::of_root(timeout, Root::new(&rootfs), |variable| env::var_os(variable))
    }

    fn of_root(timeout: Duration, root: Root, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        Self {
            shared: Arc::new(Shared {
                timeout,
                resolver: Resolver::new(),
                trust: Trust::new(Locations::new(root.clone(), variable)),
                root,
                provider: Arc::new(ring::default_provider()),
            }),
        }
    }

    /// Probes one endpoint as the agent with this environment would reach it. Ends within the timeout; dropping it
    /// closes its connection. `Unknown` only if the exporter itself could not probe.
    pub async fn probe(&self, endpoint: &Endpoint, environment: &Reading<Environment>) -> Reading<Probe> {
        let mut probe = Probe::up();
        let deadline = Instant::now() + self.shared.timeout;
        let run = ProbeRun { shared: &self.shared, endpoint, deadline, probe: &mut probe };
        match run.run(environment).await {
            Ok(()) => Reading::Known(probe),
            Err(Error::Peer(failure)) => Reading::Known(Probe { outcome: Err(failure), date: None, ..probe }),
            Err(Error::Own(why)) => Reading::Unknown(why),
        }
    }

    /// The same from inside a container, through whose network and files the agent reaches it. May take a little
    /// longer.
    pub async fn probe_from(
        &self,
        handle: &ContainerHandle,
        endpoint: &Endpoint,
        environment: &Reading<Environment>,
    ) -> Reading<Probe> {
        elsewhere::probe(handle, (endpoint, environment), self.shared.timeout).await
    }

    /// Asks a metadata service once whether it requires a token; never through a proxy.
    pub async fn metadata(&self, service: &MetadataService) -> Reading<MetadataAccess> {
        metadata::ask(service, Instant::now() + self.shared.timeout).await
    }

    /// Asks an agent in this network namespace whether it is alive. Its answer is not kept.
    pub async fn liveness(&self, port: NonZeroU16, path: &str) -> Reading<Liveness> {
        let endpoint = Endpoint {
            purpose: Purpose::Custom,
            url: format!("http://127.0.0.1:{port}"),
            scheme: Scheme::Http,
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: port.get(),
            path: path.to_owned(),
            expected: ExpectedAnswer::Connected,
            from: String::new(),
            parameter: None,
        };
        let asked = time::now().boot;
        self.probe(&endpoint, &Reading::Known(Environment::new())).await.map(|probe| match probe.outcome {
            Err(Failure { kind: FailureKind::ResponseTimeout, .. }) => Liveness::Silent(asked),
            Err(Failure {
                kind: FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable,
                ..
            }) => Liveness::Absent,
            Ok(()) | Err(_) => Liveness::Answers,
        })
    }

    /// Asks an NTP server (`host[:port]`) for the time, once.
    pub async fn ntp(&self, server: &str) -> Result<ClockSample, Why> {
        sntp::ask(&self.shared.resolver, server, Instant::now() + self.shared.timeout).await
    }
}

/// A running probe; its results so far are in `probe`.
struct ProbeRun<'a> {
    shared: &'a Shared,
    endpoint: &'a Endpoint,
    deadline: Instant,
    probe: &'a mut Probe,
}

impl ProbeRun<'_> {
    async fn run(mut self, environment: &Reading<Environment>) -> Result<(), Error> {
        let proxy = self.proxy(environment)?;
        let Some(proxy) = proxy else {
            let stream = self.connect(&self.endpoint.host, self.endpoint.port).await?;
            let address = stream.peer_addr().ok();
            let target = if self.endpoint.path.is_empty() { "/" } else { self.endpoint.path.as_str() };
            return match self.endpoint.scheme {
                Scheme::Tcp => self.bare(stream).await,
                Scheme::Http => self.ask(stream, target, address, None).await,
                Scheme::Https => {
                    let stream = self.secure(stream, address).await?;
                    self.ask(stream, target, address, None).await
                }
            };
        };
        let stream = self.connect(&proxy.host, proxy.port).await.map_err(|error| blame(error, &proxy))?;
        let address = stream.peer_addr().ok();
        let path = if self.endpoint.path.is_empty() { "/" } else { self.endpoint.path.as_str() };
        match self.endpoint.scheme {
            Scheme::Https => {
                let target = authority::written(&self.endpoint.host, self.endpoint.port, None);
                let stream =
                    client::tunnel(stream, &target, self.deadline).await.map_err(|trouble| match trouble
                        .status
                    {
                        Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                            blame(unauthenticated(self.endpoint, &proxy, address), &proxy)
                        }
                        _ => blame(Error::peer(trouble.kind, address, trouble.detail), &proxy),
                    })?;
                let stream =
                    self.secure(stream, address).await.map_err(|error| blame_passage(error, &proxy))?;
                self.ask(stream, path, address, Some(&proxy)).await
            }
            Scheme::Http | Scheme::Tcp => {
                let target = format!("http://{}{path}", self.host_header());
                self.ask(stream, &target, address, Some(&proxy)).await
            }
        }
    }

    /// The agent's proxy for this endpoint, recorded in the probe.
    fn proxy(&mut self, environment: &Reading<Environment>) -> Result<Option<Proxy>, Error> {
        let environment = match environment {
            Reading::Known(environment) => environment,
            Reading::Unknown(why) => {
                if self.endpoint.scheme != Scheme::Tcp {
                    self.probe.assumed = Some(format!(
                        "environment of the agent could not be read ({why}): probed without proxy"
                    ));
                }
                return Ok(None);
            }
        };
        let proxy = proxy::choose(self.endpoint, environment).map_err(|unusable| self.unusable(unusable))?;
        if let Some(proxy) = &proxy {
            self.probe.proxy = Some((proxy.url(), proxy.variable.to_owned()));
            if proxy.credentials {
                self.probe.assumed =
                    Some(format!("{} holds credentials, which the probe does not send", proxy.variable));
            }
        }
        Ok(proxy)
    }

    /// A limitation of the probe says nothing about the agent.
    fn unusable(&mut self, proxy: proxy::Unusable) -> Error {
        if proxy.unsupported {
            Error::Own(Why::new(Reason::Unsupported, self.endpoint.url.clone(), proxy.detail))
        } else {
            self.probe.proxy = Some((proxy.shown, proxy.variable.to_owned()));
            Error::peer(FailureKind::Proxy, None, proxy.detail)
        }
    }

    async fn connect(&mut self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let began = Instant::now();
        let addresses = match self.shared.resolver.resolve(host, port, self.deadline).await {
            Err(error @ Error::Peer(_)) => {
                let unasked = names::unasked(&self.shared.root, host).await;
                return Err(unasked.map_or(error, Error::Own));
            }
            resolved => resolved?,
        };
        if let Some(detail) = names::unresolved(&self.shared.root, host).await {
            return Err(Error::peer(FailureKind::Resolve, None, detail));
        }
        self.probe.phases.resolve = Some(began.elapsed());
        self.probe.addresses = addresses.iter().map(SocketAddr::ip).collect();
        let began = Instant::now();
        let stream = connect::connect(&addresses, self.deadline).await?;
        self.probe.phases.connect = Some(began.elapsed());
        Ok(stream)
    }

    async fn secure(
        &mut self,
        stream: TcpStream,
        address: Option<SocketAddr>,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
        // Half of the remaining time: a store on a hung file system must not look like a hung server.
        let now = Instant::now();
        let patience = now + self.deadline.saturating_duration_since(now) / 2;
        let store = self.shared.trust.store(patience).await;
        let began = Instant::now();
        let host = self.endpoint.host.trim_matches(['[', ']']);
        let handshake = tls::handshake(
            stream,
            host,
            &store,
            &self.shared.provider,
            CLOCKS,
            self.deadline,
            &Terms::default(),
        )
        .await;
        self.probe.certificate = handshake.certificate;
        let stream = handshake.result.map_err(|(kind, detail)| match &store.unread {
            // The trusted authorities are not known: this one may be among them.
            Some(why) if kind == FailureKind::CertificateUntrusted => Error::Own(why.clone()),
            Some(_) | None => Error::peer(kind, address, detail),
        })?;
        self.probe.phases.tls = Some(began.elapsed());
        Ok(stream)
    }

    /// Sends the request and evaluates the answer.
    async fn ask<S>(
        &mut self,
        stream: S,
        target: &str,
        address: Option<SocketAddr>,
        proxy: Option<&Proxy>,
    ) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let blamed = |error| match proxy {
            Some(proxy) => blame(error, proxy),
            None => error,
        };
        let query = client::request(Method::GET, target, &self.host_header()).map_err(|error| {
            Error::Own(Why::new(
                Reason::Failed,
                self.endpoint.url.clone(),
                format!("no request can be formed: {error}"),
            ))
        })?;
        let began = Instant::now();
        let answer = client::exchange(stream, query, CLOCKS, self.deadline).await.map_err(|trouble| {
            self.probe.status_code = trouble.status.map(|status| status.as_u16());
            blamed(Error::peer(trouble.kind, address, trouble.detail))
        })?;
        self.probe.phases.processing = Some(began.elapsed());
        self.probe.status_code = Some(answer.status.as_u16());
        if let Some(proxy) = proxy
            && answer.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        {
            return Err(blame(unauthenticated(self.endpoint, proxy, address), proxy));
        }
        answer::judge(&self.endpoint.expected, &answer)
            .map_err(|detail| Error::peer(FailureKind::UnexpectedResponse, address, detail))
            .map_err(|error| match proxy {
                Some(proxy) => blame_passage(error, proxy),
                None => error,
            })?;
        if proxy.is_none() {
            self.probe.date = answer::date_reference(&answer);
        }
        Ok(())
    }

    /// An endpoint that accepts the connection is up. If the service speaks HTTP, the same connection may also yield
    /// the time.
    async fn bare(&mut self, stream: TcpStream) -> Result<(), Error> {
        // Port 443 would need TLS first, and the protocol of a custom agent's endpoint is not known.
        let speaks_http =
            self.endpoint.port != Scheme::Https.default_port() && self.endpoint.purpose != Purpose::Custom;
        if speaks_http
            && self.endpoint.expected == ExpectedAnswer::Connected
            && let Ok(query) = client::request(Method::HEAD, "/", &self.host_header())
        {
            let began = Instant::now();
            let deadline = self.deadline.min(began + DATE_PATIENCE);
            if let Ok(answer) = client::exchange(stream, query, CLOCKS, deadline).await {
                self.probe.phases.processing = Some(began.elapsed());
                self.probe.status_code = Some(answer.status.as_u16());
                self.probe.date = answer::date_reference(&answer);
            }
        }
        Ok(())
    }

    fn host_header(&self) -> String {
        // A TCP probe speaks plain HTTP if anything, with the same default port.
        authority::written(&self.endpoint.host, self.endpoint.port, Some(self.endpoint.scheme.default_port()))
    }
}

/// The proxy asks for credentials. An agent without credentials is rejected; one with credentials may be accepted,
/// which the exporter cannot find out, as it never sends any.
fn unauthenticated(endpoint: &Endpoint, proxy: &Proxy, address: Option<SocketAddr>) -> Error {
    if proxy.credentials {
        let detail = format!("{}: {}", proxy.described(), client::AUTHENTICATION);
        Error::Own(Why::new(Reason::Denied, endpoint.url.clone(), detail))
    } else {
        Error::peer(FailureKind::Proxy, address, client::AUTHENTICATION.to_owned())
    }
}

/// Attributes the failure to the proxy.
fn blame(error: Error, proxy: &Proxy) -> Error {
    error.at(&proxy.described())
}

/// Attributes the failure to the route behind the proxy or to the proxy; the two cannot be distinguished.
fn blame_passage(error: Error, proxy: &Proxy) -> Error {
    error.at(&format!("through {}", proxy.described()))
}
