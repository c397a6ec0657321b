//! A loopback server that misbehaves as configured, and records its requests.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// The server's behaviour for a connection.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Reads the request, writes these bytes and closes.
    Answer(Vec<u8>),
    /// Reads the request, writes these bytes and keeps the connection open silently.
    Stall(Vec<u8>),
    /// Reads the request and writes these bytes one by one, far too slowly.
    Drip(Vec<u8>),
    /// Writes these bytes as soon as anything arrives, and closes.
    Greet(Vec<u8>),
    /// Reads the request and resets the connection.
    Reset,
    /// Closes at once.
    Close,
    /// A metadata service: a token for PUT requests with a lifetime of one second, this status for all others.
    Metadata { refusal: &'static str, token: &'static str },
    /// Reads a CONNECT, accepts it, and forwards to this address.
    Tunnel(SocketAddr),
}

/// A running server; it ends when dropped.
pub(super) struct FaultServer {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FaultServer {
    pub(super) async fn start(fault: Fault) -> Self {
        Self::start_on(IpAddr::V4(Ipv4Addr::LOCALHOST), None, fault).await
    }

    pub(super) async fn start_tls(tls: Arc<ServerConfig>, fault: Fault) -> Self {
        Self::start_on(IpAddr::V4(Ipv4Addr::LOCALHOST), Some(tls), fault).await
    }

    pub(super) async fn start_on(ip: IpAddr, tls: Option<Arc<ServerConfig>>, fault: Fault) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, fault, noted) = (tls.clone(), fault.clone(), Arc::clone(&noted));
                connections.spawn(async move {
                    match tls {
                        None => plain(stream, fault, &noted).await,
                        Some(config) => {
                            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                                converse(stream, fault, &noted).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests, task }
    }

    /// The heads of all requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn plain(mut stream: TcpStream, fault: Fault, noted: &Mutex<Vec<String>>) {
    match fault {
        Fault::Reset => {
            read_head(&mut stream, noted).await;
            stream.set_zero_linger().unwrap();
        }
        Fault::Tunnel(target) => {
            read_head(&mut stream, noted).await;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(target).await.unwrap();
            // Returns when either side closes.
            let _ended = copy_bidirectional(&mut stream, &mut onward).await;
        }
        Fault::Answer(_)
        | Fault::Stall(_)
        | Fault::Drip(_)
        | Fault::Greet(_)
        | Fault::Metadata { .. }
        | Fault::Close => {
            converse(stream, fault, noted).await;
        }
    }
}

/// Writes may fail: the prober may close the connection.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    fault: Fault,
    noted: &Mutex<Vec<String>>,
) {
    match &fault {
        Fault::Close => return,
        Fault::Greet(bytes) => {
            let _first = stream.read(&mut [0; 4096]).await;
            let _written = stream.write_all(bytes).await;
            let _closed = stream.shutdown().await;
            return;
        }
        Fault::Answer(_)
        | Fault::Stall(_)
        | Fault::Drip(_)
        | Fault::Metadata { .. }
        | Fault::Reset
        | Fault::Tunnel(_) => {}
    }
    let head = read_head(&mut stream, noted).await.to_ascii_lowercase();
    match fault {
        Fault::Metadata { refusal, token } => {
            let is_for_token = head.starts_with("put /latest/api/token ")
                && head.contains("\r\nx-aliyun-ecs-metadata-token-ttl-seconds: 1\r\n");
            let status = if is_for_token { token } else { refusal };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret");
            if stream.write_all(answer.as_bytes()).await.is_ok() {
                let _closed = stream.shutdown().await;
            }
        }
        Fault::Answer(bytes) => {
            if stream.write_all(&bytes).await.is_ok() {
                let _closed = stream.shutdown().await;
            }
        }
        Fault::Stall(bytes) => {
            let _written = stream.write_all(&bytes).await;
            let _flushed = stream.flush().await;
            std::future::pending::<()>().await;
        }
        Fault::Drip(bytes) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Fault::Greet(_) | Fault::Reset | Fault::Close | Fault::Tunnel(_) => {}
    }
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, noted: &Mutex<Vec<String>>) -> String {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    noted.lock().unwrap().push(head.clone());
    head
}

/// A certificate authority made for the test.
pub(super) struct Authority {
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        Self::named("an authority of the test")
    }

    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A server with a certificate for `name`, valid from one year to the other.
    pub(super) fn server(&self, name: &str, years: (i32, i32)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = leaf(name, years);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }

    /// A server whose handshake is larger than any client accepts: its chain has hundreds of certificates.
    pub(super) fn server_with_a_giant_chain(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(name, (2020, 2090)).signed_by(&key, &self.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone(); 300], private(&key))
            .unwrap();
        Arc::new(config)
    }

    /// A server that requires client certificates issued by this authority.
    pub(super) fn server_for_known_clients(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(name, (2020, 2090)).signed_by(&key, &self.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], private(&key))
            .unwrap();
        Arc::new(config)
    }
}

/// A server with a self-signed certificate that is an authority's (as made by `openssl req -x509`), and the
/// certificate.
pub(super) fn self_signed_server(name: &str, years: (i32, i32)) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = leaf(name, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (config(certificate.der().clone(), &key), certificate.pem())
}

fn leaf(name: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private(key))
        .unwrap();
    Arc::new(config)
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}
