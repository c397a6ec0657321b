//! One request to one Alertmanager: name, proxy, TLS, credentials. Secrets are read at each use, so that they can be rotated.

use std::{
    fmt::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Method, Request,
    body::Bytes,
    header::{self, HeaderValue},
};
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::time::Instant;

use super::member::{Answer, Post};
use crate::{
    config,
    model::{
        authority,
        settings::{AlertmanagerSettings, HttpCredentials, Secret},
        snapshot::Scheme,
        text::visible,
    },
    net::{
        Clocks, Error, client, connect,
        resolve::Resolver,
        tls::{self, Terms},
        trust::{Locations, Store, Trust},
    },
    sys::root::Root,
};

/// The maximum length of an Alertmanager's error message, in characters.
const LONGEST_DETAIL: usize = 200;

/// What all members share.
pub(super) struct Network {
    resolver: Resolver,
    trust: Trust,
    provider: Arc<CryptoProvider>,
    clocks: Clocks,
}

impl Network {
    /// Trusts the certificate store of the system under `rootfs`.
    pub(super) fn new(rootfs: &Path, clocks: Clocks) -> Self {
        Self {
            resolver: Resolver::new(),
            trust: Trust::new(Locations::new(Root::new(rootfs), |variable| std::env::var_os(variable))),
            provider: Arc::new(ring::default_provider()),
            clocks,
        }
    }
}

/// The connection settings of one member.
#[derive(Clone)]
pub(super) struct Transport {
    network: Arc<Network>,
    settings: Arc<AlertmanagerSettings>,
    host: String,
    port: u16,
}

/// Secrets and other values that may change, as read for one request.
struct Secrets {
    authorization: Option<HeaderValue>,
    store: Option<Store>,
    terms: Terms,
}

impl Transport {
    pub(super) fn new(
        network: Arc<Network>,
        settings: Arc<AlertmanagerSettings>,
        (host, port): (String, Option<u16>),
    ) -> Self {
        let port = port.unwrap_or(settings.scheme.default_port());
        Self { network, settings, host, port }
    }

    /// Its URL, as Prometheus writes it.
    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", self.settings.scheme.as_str(), self.authority(), self.path())
    }

    /// How it is reached.
    pub(super) fn settings(&self) -> &Arc<AlertmanagerSettings> {
        &self.settings
    }

    fn authority(&self) -> String {
        authority::written(&self.host, self.port, None)
    }

    fn path(&self) -> String {
        format!("{}/api/v2/alerts", self.settings.path_prefix)
    }

    /// The Alertmanager's `resolve_timeout`: after how long it resolves an alert that is not sent again; `None`: not stated.
    pub(super) async fn resolve_timeout(&self) -> Option<Duration> {
        let path = format!("{}/api/v2/status", self.settings.path_prefix);
        let answer = self.exchange(Method::GET, &path, Vec::new()).await.ok()?;
        resolve_timeout(&String::from_utf8_lossy(&answer.body)).filter(|_| answer.status.is_success())
    }

    async fn exchange(&self, method: Method, path: &str, body: Vec<u8>) -> Result<client::Answer, String> {
        let deadline = Instant::now() + self.settings.timeout;
        let settings = Arc::clone(&self.settings);
        let read = tokio::task::spawn_blocking(move || secrets(&settings));
        let secrets = tokio::time::timeout_at(deadline, read)
            .await
            .map_err(|_elapsed| "the files of the credentials could not be read in time".to_owned())?
            .map_err(|_gone| "reading the files of the credentials was cut short".to_owned())??;
        let (host, port) = match &self.settings.proxy {
            Some((host, port)) => (host.as_str(), *port),
            None => (self.host.as_str(), self.port),
        };
        let addresses = self.network.resolver.resolve(host, port, deadline).await.map_err(|e| said(&e))?;
        let stream = connect::connect(&addresses, deadline).await.map_err(|error| said(&error))?;
        let authority = authority::written(&self.host, self.port, Some(self.settings.scheme.default_port()));
        let absolute = self.settings.proxy.is_some() && self.settings.scheme == Scheme::Http;
        let target = if absolute { format!("http://{authority}{path}") } else { path.to_owned() };
        let request = request(method, (&target, &authority), secrets.authorization.clone(), body)
            .map_err(|error| format!("no request can be formed: {error}"))?;
        let clocks = self.network.clocks;
        let answered = match self.settings.scheme {
            Scheme::Http | Scheme::Tcp => client::exchange(stream, request, clocks, deadline).await,
            Scheme::Https => {
                let stream = match &self.settings.proxy {
                    Some(_) => client::tunnel(stream, &self.authority(), deadline)
                        .await
                        .map_err(|trouble| format!("proxy: {}", trouble.detail))?,
                    None => stream,
                };
                let stream = self.secure(stream, secrets, deadline).await?;
                client::exchange(stream, request, clocks, deadline).await
            }
        };
        answered.map_err(|trouble| trouble.detail)
    }

    async fn secure(
        &self,
        stream: tokio::net::TcpStream,
        secrets: Secrets,
        deadline: Instant,
    ) -> Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>, String> {
        let store = match secrets.store {
            Some(store) => Arc::new(store),
            None => self.network.trust.store(deadline).await,
        };
        let name = self.settings.tls.server_name.as_deref().unwrap_or(&self.host);
        let (provider, clocks) = (&self.network.provider, self.network.clocks);
        let shaken = tls::handshake(stream, name, &store, provider, clocks, deadline, &secrets.terms).await;
        shaken.result.map_err(|(_, detail)| detail)
    }
}

impl Post for Transport {
    async fn post(&mut self, body: Vec<u8>) -> Result<Answer, String> {
        self.exchange(Method::POST, &self.path(), body).await.map(|answered| answer(&answered))
    }
}

fn said(error: &Error) -> String {
    match error {
        Error::Peer(failure) => failure.detail.clone(),
        Error::Own(why) => why.to_string(),
    }
}

fn request(
    method: Method,
    (target, host): (&str, &str),
    authorization: Option<HeaderValue>,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, client::USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Full::new(Bytes::from(body)))
}

fn answer(answer: &client::Answer) -> Answer {
    let date = answer.headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let text = String::from_utf8_lossy(&answer.body);
    let mut detail: String = visible(text.trim()).chars().take(LONGEST_DETAIL).collect();
    if detail.is_empty() {
        let _infallible = write!(detail, "{}", answer.status.canonical_reason().unwrap_or("no reason given"));
    }
    Answer {
        status: answer.status.as_u16(),
        date: date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).filter(is_sensible),
        detail,
    }
}

/// Finds the value in the config that is part of a status, which may be truncated: a long one is not read to its end.
fn resolve_timeout(status: &str) -> Option<Duration> {
    let (_, after) = status.split_once("resolve_timeout: ")?;
    let end = after.find(|c: char| !c.is_ascii_alphanumeric())?;
    config::parse_duration(after.get(..end)?).ok()
}

/// A clock that was never set is of no use.
fn is_sensible(date: &SystemTime) -> bool {
    const YEAR_2020: Duration = Duration::from_secs(1_577_836_800);
    date.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since >= YEAR_2020)
}

/// Reads the values that are in files. Blocks.
fn secrets(settings: &AlertmanagerSettings) -> Result<Secrets, String> {
    let authorization = match &settings.credentials {
        None => None,
        Some(HttpCredentials::Basic { username, password }) => {
            let pair = format!("{username}:{}", text(password)?);
            Some(header_value(&format!("Basic {}", STANDARD.encode(pair)))?)
        }
        Some(HttpCredentials::Other { scheme, credentials }) => {
            Some(header_value(&format!("{scheme} {}", text(credentials)?))?)
        }
    };
    let tls = &settings.tls;
    let store = tls.authorities.as_ref().map(authorities).transpose()?;
    let identity = match &tls.identity {
        Some((certificate, key)) => Some((chain(certificate)?, private_key(key)?)),
        None => None,
    };
    Ok(Secrets { authorization, store, terms: Terms { identity, insecure: tls.insecure } })
}

fn header_value(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "the credentials hold characters that a header cannot have".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn bytes(secret: &Secret) -> Result<Vec<u8>, String> {
    match secret {
        Secret::Inline(text) => Ok(text.clone().into_bytes()),
        Secret::File(path) => config::read(path).map_err(|why| format!("{}: {why}", path.display())),
    }
}

fn text(secret: &Secret) -> Result<String, String> {
    let text =
        String::from_utf8(bytes(secret)?).map_err(|_| "the credentials are not UTF-8 text".to_owned())?;
    Ok(text.trim().to_owned())
}

fn authorities(pem: &Secret) -> Result<Store, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes(pem)?).flatten());
    if added == 0 {
        return Err("tls_config.ca_file holds no certificate of an authority in PEM".to_owned());
    }
    Ok(Store { roots: Arc::new(roots), empty: None, unread: None })
}

fn chain(pem: &Secret) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes(pem)?).flatten().collect();
    if chain.is_empty() {
        return Err("tls_config.cert_file holds no certificate in PEM".to_owned());
    }
    Ok(chain)
}

fn private_key(pem: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&bytes(pem)?)
        .map_err(|_| "tls_config.key_file holds no private key in PEM (or an encrypted one)".to_owned())
}

#[cfg(test)]
#[path = "tests/transport.rs"]
mod tests;
