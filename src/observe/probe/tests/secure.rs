//! TLS against real servers, with authorities that a temporary root directory trusts or does not.

use std::{fs, os::unix::fs::symlink};

use rustls::ServerConfig;

use super::{
    super::fault_server::{Authority, self_signed_server},
    proxied::through,
    *,
};

/// A root directory that trusts this authority.
fn trusting(authority: &Authority) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    trust_in(root.path(), &authority.pem);
    root
}

fn trust_in(root: &Path, pem: &str) {
    let certs = root.join("etc/ssl/certs");
    fs::create_dir_all(&certs).unwrap();
    fs::write(certs.join("new"), pem).unwrap();
    fs::rename(certs.join("new"), certs.join("ca-certificates.crt")).unwrap();
}

async fn https(root: &Path, tls: Arc<ServerConfig>, host: &str) -> Probe {
    let server = FaultServer::start_tls(tls, Fault::Answer(documented())).await;
    let mut wanted = endpoint(Scheme::Https, server.address);
    wanted.host = host.to_owned();
    known(prober(PATIENT, root).probe(&wanted, &environment(&[])).await)
}

fn year(time: std::time::SystemTime) -> String {
    humantime::format_rfc3339(time).to_string()[..4].to_owned()
}

#[tokio::test]
async fn https_is_up_with_an_authority_that_the_system_trusts() {
    let authority = Authority::new();
    let root = trusting(&authority);
    for host in ["localhost", "127.0.0.1"] {
        let probe = https(root.path(), authority.server(host, (2020, 2090)), host).await;
        assert_eq!(probe.outcome, Ok(()));
        assert!(probe.phases.tls.is_some() && probe.date.is_some());
        assert_eq!(probe.certificate.map(|certificate| year(certificate.not_after)), Some("2090".to_owned()));
    }
}

#[tokio::test]
async fn links_of_the_store_resolve_inside_the_root_directory() {
    let authority = Authority::new();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/ssl")).unwrap();
    fs::create_dir_all(root.path().join("usr/share")).unwrap();
    symlink("/usr/share", root.path().join("etc/ssl/certs")).unwrap();
    symlink("../../../../../usr/share/bundle", root.path().join("usr/share/ca-certificates.crt")).unwrap();
    fs::write(root.path().join("usr/share/bundle"), &authority.pem).unwrap();
    let probe = https(root.path(), authority.server("localhost", (2020, 2090)), "localhost").await;
    assert_eq!(probe.outcome, Ok(()));
}

#[tokio::test]
async fn a_handshake_that_is_too_large_is_called_so() {
    let authority = Authority::new();
    let root = trusting(&authority);
    let probe = https(root.path(), authority.server_with_a_giant_chain("localhost"), "localhost").await;
    let failure = probe.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(
        failure.detail.contains("larger than") && !failure.detail.contains("not TLS"),
        "{}",
        failure.detail
    );
}

#[tokio::test]
async fn certificate_faults_are_told_apart_and_the_certificate_is_reported_all_the_same() {
    let authority = Authority::new();
    let root = trusting(&authority);
    for (tls, kind, said, not_after) in [
        (
            self_signed_server("localhost", (2020, 2090)).0,
            FailureKind::CertificateUntrusted,
            "self-signed",
            "2090",
        ),
        (
            Authority::named("another authority").server("localhost", (2020, 2090)),
            FailureKind::CertificateUntrusted,
            "not from an authority",
            "2090",
        ),
        (
            authority.server("other.example", (2020, 2090)),
            FailureKind::CertificateUntrusted,
            "other.example",
            "2090",
        ),
        (
            authority.server("localhost", (2001, 2003)),
            FailureKind::CertificateExpired,
            "until 2003-01-01",
            "2003",
        ),
        (
            authority.server("localhost", (2080, 2090)),
            FailureKind::CertificateExpired,
            "from 2080-01-01",
            "2090",
        ),
    ] {
        let probe = https(root.path(), tls, "localhost").await;
        let (found, detail) = failed(&probe);
        assert!(found == kind && detail.contains(said), "{found:?} {detail}");
        assert_eq!(
            probe.certificate.map(|certificate| year(certificate.not_after)),
            Some(not_after.to_owned()),
            "{said}"
        );
        assert_eq!((probe.phases.tls, probe.status_code, probe.date), (None, None, None));
    }
}

#[tokio::test]
async fn an_empty_store_trusts_nobody_and_says_so() {
    let (authority, root) = (Authority::new(), tempfile::tempdir().unwrap());
    let probe = https(root.path(), authority.server("localhost", (2020, 2090)), "localhost").await;
    let (kind, detail) = failed(&probe);
    assert_eq!(kind, FailureKind::CertificateUntrusted);
    assert!(detail.contains("store of the system is empty") && detail.contains("/etc/ssl/certs"), "{detail}");
    assert!(probe.certificate.is_some());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_says_nothing_of_the_certificate() {
    let (authority, root) = (Authority::new(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(root.path().join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    let server =
        FaultServer::start_tls(authority.server("127.0.0.1", (2020, 2090)), Fault::Answer(documented()))
            .await;
    let (prober, wanted) = (prober(PATIENT, root.path()), endpoint(Scheme::Https, server.address));
    let Reading::Unknown(why) = prober.probe(&wanted, &environment(&[])).await else {
        panic!("judged without knowing whom the system trusts");
    };
    assert_eq!(why.to_string(), "/etc/ssl/certs/ca-certificates.crt: not a regular file");
}

#[tokio::test]
async fn a_changed_store_counts_at_the_next_probe() {
    let (first, second) = (Authority::new(), Authority::new());
    let root = trusting(&first);
    let server =
        FaultServer::start_tls(second.server("127.0.0.1", (2020, 2090)), Fault::Answer(documented())).await;
    let (prober, wanted) = (prober(PATIENT, root.path()), endpoint(Scheme::Https, server.address));
    let probe = known(prober.probe(&wanted, &environment(&[])).await);
    assert_eq!(failed(&probe).0, FailureKind::CertificateUntrusted);
    trust_in(root.path(), &second.pem);
    assert_eq!(known(prober.probe(&wanted, &environment(&[])).await).outcome, Ok(()));
}

#[tokio::test]
async fn what_is_not_tls_on_a_tls_port_is_a_tls_failure() {
    for (timeout, fault, said) in [
        (PATIENT, Fault::Greet(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "not TLS"),
        (PATIENT, Fault::Close, "cut off"),
        (SHORT, Fault::Stall(Vec::new()), "in time"),
    ] {
        let server = FaultServer::start(fault).await;
        let probe = probe_with(timeout, &endpoint(Scheme::Https, server.address)).await;
        let (kind, detail) = failed(&probe);
        assert!(kind == FailureKind::Tls && detail.contains(said), "{kind:?} {detail}");
        assert_eq!((probe.certificate.clone(), probe.phases.tls), (None, None));
    }
}

#[tokio::test]
async fn silence_after_the_handshake_is_a_timeout_of_the_response() {
    let authority = Authority::new();
    let root = trusting(&authority);
    let tls = authority.server("127.0.0.1", (2020, 2090));
    let server = FaultServer::start_tls(tls, Fault::Stall(Vec::new())).await;
    let prober = prober(UNHURRIED, root.path());
    let probe = known(prober.probe(&endpoint(Scheme::Https, server.address), &environment(&[])).await);
    assert_eq!(failed(&probe).0, FailureKind::ResponseTimeout);
    assert!(probe.phases.tls.is_some());
}

#[tokio::test]
async fn a_self_signed_certificate_that_stands_in_the_store_is_judged_by_name_and_date() {
    for (name, years, expected) in [
        ("localhost", (2020, 2090), None),
        ("other.example", (2020, 2090), Some(FailureKind::CertificateUntrusted)),
        ("localhost", (2001, 2003), Some(FailureKind::CertificateExpired)),
        ("localhost", (2080, 2090), Some(FailureKind::CertificateExpired)),
    ] {
        let (tls, pem) = self_signed_server(name, years);
        let root = tempfile::tempdir().unwrap();
        trust_in(root.path(), &pem);
        let probe = https(root.path(), tls, "localhost").await;
        assert_eq!(probe.outcome.err().map(|failure| failure.kind), expected, "{name} {years:?}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_a_tls_failure() {
    let authority = Authority::new();
    let root = trusting(&authority);
    let tls = authority.server_for_known_clients("localhost");
    let probe = https(root.path(), tls, "localhost").await;
    // In TLS 1.3 the refusal comes only after the client has finished its handshake.
    let (kind, detail) = failed(&probe);
    assert!(kind == FailureKind::Tls && detail.contains("CertificateRequired"), "{kind:?} {detail}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_is_verified_end_to_end() {
    let authority = Authority::new();
    let root = trusting(&authority);
    let tls = authority.server("localhost", (2020, 2090));
    let server = FaultServer::start_tls(tls, Fault::Answer(documented())).await;
    let proxy = FaultServer::start(Fault::Tunnel(server.address)).await;
    let mut wanted = endpoint(Scheme::Https, server.address);
    wanted.host = "localhost".to_owned();
    let probe = known(prober(PATIENT, root.path()).probe(&wanted, &through(proxy.address)).await);
    assert_eq!((&probe.outcome, probe.date), (&Ok(()), None));
    assert!(probe.certificate.is_some() && probe.phases.tls.is_some());
    let connect = format!("CONNECT localhost:{} HTTP/1.1\r\n", server.address.port());
    assert!(proxy.requests()[0].starts_with(&connect), "{:?}", proxy.requests());
}
