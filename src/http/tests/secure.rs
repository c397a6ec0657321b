//! Behind a web config: the measured behaviour of Go exporters with the exporter-toolkit, and where this
//! server differs.

use std::{fs, path::Path};

use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::{
    AlertDescription, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::model::counters::Counters;

/// `htpasswd -nbBC 5` of the passwords `old` and `new`, as written by the tool from Debian's apache2-utils.
const OLD: &str = "$2y$05$T8/OSMqlgAByGek.2aIYfu9NvxBvvN4jkD/5qxaBF07MpUyh5LecC";
const NEW: &str = "$2y$05$r7izjghRaN1igSozO4IwhegFXDrj1xXdYm/b0oURtQhm6ZgaZfKFu";

/// An authority, and a directory for its certificates.
struct Place {
    directory: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    authority: String,
    counters: Counters,
}

impl Place {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two with the same name would be treated as one.
        let directory = tempfile::tempdir().unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, directory.path().display().to_string());
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let place =
            Self { directory, issuer: Issuer::new(params, key), authority, counters: Counters::default() };
        place.write("ca.crt", &place.authority);
        place.issue("server", "localhost");
        place
    }

    /// A certificate and its key, in `NAME.crt` and `NAME.key`.
    fn issue(&self, file: &str, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("10.0.0.9".parse().unwrap()));
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{file}.crt"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        (vec![certificate.der().clone()], key)
    }

    fn at(&self, file: &str) -> std::path::PathBuf {
        self.directory.path().join(file)
    }

    /// Replaces a file as rotation does, in one step.
    fn write(&self, file: &str, content: &str) {
        fs::write(self.at("new"), content).unwrap();
        fs::rename(self.at("new"), self.at(file)).unwrap();
    }

    async fn serve(&self, config: &str) -> Running {
        self.write("web.yml", config);
        let security = Security::load(self.at("web.yml"), self.counters.clone()).unwrap();
        start_locked(Limits::default(), security).await
    }

    fn is_in_force(&self) -> bool {
        let counts = self.counters.counts();
        counts.get(&("logagent_web_config_last_reload_successful", Vec::new())) == Some(&1.0)
    }

    fn client(&self) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes()).unwrap()).unwrap();
        Client { roots, identity: None, versions: vec![&TLS13, &TLS12], alpn: &[b"http/1.1"] }
    }
}

struct Client {
    roots: RootCertStore,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    versions: Vec<&'static rustls::SupportedProtocolVersion>,
    alpn: &'static [&'static [u8]],
}

impl Client {
    fn with(self, identity: (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)) -> Self {
        Self { identity: Some(identity), ..self }
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let mut config = match &self.identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let socket = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), socket).await
    }

    /// The whole answer to a request, or the TLS alert instead of one.
    async fn get(&self, address: SocketAddr, path: &str, headers: &str) -> Result<String, AlertDescription> {
        let alert = |error: io::Error| match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::AlertReceived(alert)) => *alert,
            other => panic!("no alert: {error} {other:?}"),
        };
        let mut stream = self.connect(address).await.map_err(alert)?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.map_err(alert)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(alert)?;
        Ok(answer)
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn tls(more: &str) -> String {
    format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{more}")
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_so() {
    let place = Place::new();
    let running = place.serve(&tls("")).await;
    let answer = exchange(running.address, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
    assert!(answer.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{answer}");
}

#[tokio::test]
async fn without_credentials_every_path_answers_401_and_with_them_as_without_a_lock() {
    let place = Place::new();
    let running = place.serve(&format!("basic_auth_users: {{joe: {OLD}}}\n")).await;
    for path in ["/metrics", "/", "/-/healthy", "/-/ready", "/api/v1/report", "/nothing"] {
        let got = get(&running, "GET", path, "").await;
        assert_eq!(
            (got.status, got.text(), got.header("www-authenticate")),
            (401, "Unauthorized\n", Some("Basic"))
        );
        assert_eq!(got.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    }
    let refused = [
        basic("joe", "wrong"),
        basic("joe", ""),
        basic("jim", "old"),
        basic("", "old"),
        "Authorization: Basic ???\r\n".to_owned(),
        "Authorization: Basic am9l\r\n".to_owned(),
        "Authorization: Bearer x\r\n".to_owned(),
        "Authorization: Basic\r\n".to_owned(),
    ];
    for headers in &refused {
        for _again in 0..2 {
            assert_eq!(get(&running, "GET", "/metrics", headers).await.status, 401, "{headers}");
        }
    }
    let right = basic("joe", "old").replace("Basic", "bAsIc");
    for (method, path, status) in [
        ("GET", "/metrics", 200),
        ("GET", "/metrics", 200),
        ("POST", "/metrics", 405),
        ("GET", "/nothing", 404),
    ] {
        assert_eq!(get(&running, method, path, &right).await.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_changed_password_counts_from_the_next_request() {
    let place = Place::new();
    let running = place.serve(&format!("basic_auth_users: {{joe: {OLD}}}\n")).await;
    let statuses = async || {
        let old = get(&running, "GET", "/metrics", &basic("joe", "old")).await.status;
        (old, get(&running, "GET", "/metrics", &basic("joe", "new")).await.status)
    };
    assert_eq!(statuses().await, (200, 401));
    place.write("web.yml", &format!("basic_auth_users: {{joe: {NEW}}}\n"));
    assert_eq!(statuses().await, (401, 200));
    assert!(place.is_in_force());
}

#[tokio::test]
async fn what_cannot_be_used_leaves_in_force_what_was_and_heals() {
    let place = Place::new();
    let config = tls(&format!("basic_auth_users: {{joe: {OLD}}}\n"));
    let running = place.serve(&config).await;
    let client = place.client();
    let certificate = fs::read_to_string(place.at("server.crt")).unwrap();
    let open = "http_server_config: {http2: true}\n".to_owned();
    for (file, junk, healed) in [
        ("web.yml", "junk_key: 1\n".to_owned(), &config),
        ("web.yml", String::new(), &config),
        ("web.yml", open, &config),
        ("web.yml", tls(""), &config),
        ("server.crt", "junk".to_owned(), &certificate),
        ("server.crt", place.authority.clone(), &certificate),
    ] {
        place.write(file, &junk);
        for (credentials, expected) in [(basic("joe", "old"), "200"), (String::new(), "401")] {
            let answer = client.get(running.address, "/metrics", &credentials).await.unwrap();
            assert_eq!(status(&answer), expected, "{file}: {junk}");
        }
        assert!(!place.is_in_force(), "{file}: {junk}");
        place.write(file, healed);
        let answer = client.get(running.address, "/metrics", &basic("joe", "old")).await.unwrap();
        assert_eq!(status(&answer), "200");
        assert!(place.is_in_force(), "{file}");
    }
    fs::remove_file(place.at("web.yml")).unwrap();
    let answer = client.get(running.address, "/metrics", "").await.unwrap();
    assert_eq!((status(&answer), place.is_in_force()), ("401", false));
}

#[tokio::test]
async fn a_replaced_certificate_is_the_next_handshakes() {
    let place = Place::new();
    let running = place.serve(&tls("")).await;
    let served = async || {
        let stream = place.client().connect(running.address).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let (old, again) = (served().await, served().await);
    let (new, _) = place.issue("server", "localhost");
    assert_eq!(old, again);
    assert_eq!(served().await, new[0].to_vec());
    assert!(place.is_in_force());
}

#[tokio::test]
async fn http2_is_offered_unless_it_is_turned_off() {
    let place = Place::new();
    let both = Client { alpn: &[b"h2", b"http/1.1"], ..place.client() };
    let running = place.serve(&tls("")).await;
    let stream = both.connect(running.address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for (path, status) in [("/metrics", 200), ("/-/ready", 200), ("/nothing", 404), ("/metrics", 200)] {
        let request = Request::get(format!("https://localhost{path}")).body(Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
    drop(sender);
    connection.await.unwrap().unwrap();
    let running = place.serve(&tls("http_server_config: {http2: false}\n")).await;
    let stream = both.connect(running.address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn idle_http2_connections_give_their_buffers_to_who_asks() {
    let place = Place::new();
    place.write("web.yml", &tls(""));
    let security = Security::load(place.at("web.yml"), place.counters.clone()).unwrap();
    let limits = Limits { requests: 2, ..Limits::default() };
    let running = start_locked(limits, security).await;
    let client = Client { alpn: &[b"h2"], ..place.client() };
    let mut idle = Vec::new();
    for _ in 0..4 {
        let stream = client.connect(running.address).await.unwrap();
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://localhost/metrics").body(Empty::<Bytes>::new()).unwrap();
        let answer = timeout(PATIENCE, sender.send_request(request)).await.expect("a permit").unwrap();
        assert_eq!(answer.status(), 200);
        idle.push(sender);
    }
}

/// A `ClientHello` of this version with these cipher suites, and nothing else.
fn hello(version: [u8; 2], suites: &[u8]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend(u16::try_from(suites.len()).unwrap().to_be_bytes());
    body.extend(suites);
    // Signature algorithms and groups, without which no server would get as far as the suites.
    let extensions = [0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0];
    body.extend([1, 0]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(body.len() + 4).unwrap().to_be_bytes());
    record.extend([1, 0]);
    record.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    record.extend(body);
    record
}

#[tokio::test]
async fn old_versions_and_weak_suites_are_refused_by_an_alert() {
    let place = Place::new();
    let running = place.serve(&tls("")).await;
    let gcm = [0xc0, 0x2b];
    for (version, suites, alert) in [([3, 1], &gcm, 70), ([3, 2], &gcm, 70), ([3, 3], &[0xc0, 0x09], 40)] {
        let answer = exchange(running.address, &hello(version, suites)).await;
        assert_eq!(answer.get(..1).zip(answer.last()), Some((&[21][..], &alert)), "{version:?}: {answer:?}");
    }
    for version in [&TLS12, &TLS13] {
        let answer = Client { versions: vec![version], ..place.client() }
            .get(running.address, "/metrics", "")
            .await
            .unwrap();
        assert_eq!(status(&answer), "200");
    }
    let running = place.serve(&tls("  min_version: TLS13\n")).await;
    let old = Client { versions: vec![&TLS12], ..place.client() };
    assert_eq!(old.get(running.address, "/", "").await, Err(AlertDescription::ProtocolVersion));
    let running =
        place.serve(&tls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305]\n  curve_preferences: [CurveP384]\n")).await;
    let stream = place.client().connect(running.address).await.unwrap();
    let (_, session) = stream.get_ref();
    let suite = format!("{:?}", session.negotiated_cipher_suite().unwrap().suite());
    assert_eq!(suite, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    assert_eq!(format!("{:?}", session.negotiated_key_exchange_group().unwrap().name()), "secp384r1");
}

#[tokio::test]
async fn each_client_auth_type_lets_in_whom_it_says() {
    let place = Place::new();
    let known = || place.issue("client", "prometheus");
    let stranger = || Place::new().issue("client", "prometheus");
    let (missing, unknown) = (AlertDescription::CertificateRequired, AlertDescription::UnknownCA);
    for (auth, none, of_authority, of_stranger) in [
        ("NoClientCert", None, None, None),
        ("RequestClientCert", None, None, None),
        ("RequireAnyClientCert", Some(missing), None, None),
        ("VerifyClientCertIfGiven", None, None, Some(unknown)),
        ("RequireAndVerifyClientCert", Some(missing), None, Some(unknown)),
    ] {
        let authority = if auth == "NoClientCert" { "" } else { "  client_ca_file: ca.crt\n" };
        let running = place.serve(&tls(&format!("  client_auth_type: {auth}\n{authority}"))).await;
        for (client, alert) in [
            (place.client(), none),
            (place.client().with(known()), of_authority),
            (place.client().with(stranger()), of_stranger),
        ] {
            let answer = client.get(running.address, "/metrics", "").await;
            assert_eq!(
                answer.as_deref().map(status).map_err(|alert| *alert),
                alert.map_or(Ok("200"), Err),
                "{auth}"
            );
        }
    }
}

#[tokio::test]
async fn only_clients_with_an_allowed_name_get_in() {
    let place = Place::new();
    for (allowed, name, admitted) in [
        ("[prometheus]", "prometheus", true),
        ("[other, 10.0.0.9]", "prometheus", true),
        ("[other, 10.0.0.8]", "prometheus", false),
        ("[prometheus]", "prometheus.evil", false),
    ] {
        let more = format!(
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: {allowed}\n"
        );
        let running = place.serve(&tls(&more)).await;
        let answer =
            place.client().with(place.issue("client", name)).get(running.address, "/metrics", "").await;
        assert_eq!(answer.is_ok(), admitted, "{allowed} {name}: {answer:?}");
    }
}

#[tokio::test]
async fn configured_headers_are_on_every_answer() {
    let place = Place::new();
    let config = format!(
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Content-Security-Policy: default-src 'self'\n    X-Content-Type-Options: \n\
         basic_auth_users: {{joe: {OLD}}}\n"
    );
    let running = place.serve(&config).await;
    for headers in [basic("joe", "old"), String::new()] {
        let got = get(&running, "GET", "/", &headers).await;
        assert_eq!(got.header("x-frame-options"), Some("deny"));
        assert_eq!(got.header("content-security-policy"), Some("default-src 'self'"));
        assert_eq!(got.header("x-content-type-options"), None);
    }
}

#[tokio::test]
async fn requests_beyond_the_rate_are_told_so() {
    let place = Place::new();
    let running = place.serve("rate_limit: {interval: 24h, burst: 2}\n").await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&running, "GET", "/metrics", "").await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[tokio::test]
async fn an_empty_file_locks_nothing() {
    let place = Place::new();
    let running = place.serve("").await;
    assert_eq!(get(&running, "GET", "/metrics", "").await.status, 200);
}

#[test]
fn what_is_wrong_at_the_start_names_file_line_key_and_what_is_named() {
    let place = Place::new();
    let refusal = |config: &str| {
        place.write("web.yml", config);
        Security::load(place.at("web.yml"), Counters::default()).unwrap_err().to_string()
    };
    let starts = |line: &str| format!("{}:{line}", Path::new(&place.at("web.yml")).display());
    let said = refusal("tls_server_config:\n  cert_file: gone.crt\n  key_file: server.key\n");
    assert!(
        said.starts_with(&starts("2: tls_server_config.cert_file: ")) && said.contains("gone.crt"),
        "{said}"
    );
    place.write("junk", "junk");
    let said = refusal("tls_server_config:\n  cert_file: server.crt\n  key_file: junk\n");
    assert!(
        said.contains("3: tls_server_config.key_file: ") && said.contains("holds no private key"),
        "{said}"
    );
    place.issue("other", "other");
    let said = refusal("tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n");
    assert!(said.contains("other.key: is not the key of the certificate"), "{said}");
    let said = refusal(&tls("  client_auth_type: RequireAnyClientCert\n  client_ca_file: junk\n"));
    assert!(said.contains("holds no certificate of an authority"), "{said}");
}
