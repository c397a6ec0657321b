//! Real sockets on loopback: every way in which an endpoint can fail, and the few in which it is up.

mod metadata;
mod proxied;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod secure;
mod time_servers;

use std::{net::IpAddr, path::Path};

use tokio::net::{TcpSocket, TcpStream};

use super::{
    fault_server::{Fault, FaultServer},
    *,
};

const DOCUMENTED: &str = r#"{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5DD39230BE9910FC6CF17609"}}"#;

const DATE: &str = "Date: Sat, 21 Nov 2026 08:00:00 GMT\r\n";

/// The timeout if an answer is expected: long enough for a loaded machine.
const PATIENT: Duration = Duration::from_secs(20);

/// The timeout if something arrives first, and then nothing.
const UNHURRIED: Duration = Duration::from_secs(2);

/// The timeout if nothing will arrive.
const SHORT: Duration = Duration::from_millis(300);

fn response(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn documented() -> Vec<u8> {
    response(&format!("405 Method Not Allowed\r\n{DATE}"), DOCUMENTED)
}

fn prober(timeout: Duration, root: &Path) -> Prober {
    Prober::of_root(timeout, Root::new(root), |_| None)
}

fn endpoint(scheme: Scheme, address: SocketAddr) -> Endpoint {
    Endpoint {
        purpose: Purpose::DataServer,
        url: format!("{}://{address}", scheme.as_str()),
        scheme,
        host: address.ip().to_string(),
        port: address.port(),
        path: "/".to_owned(),
        expected: if scheme == Scheme::Tcp { ExpectedAnswer::Connected } else { ExpectedAnswer::LogService },
        from: "test".to_owned(),
        parameter: None,
    }
}

fn environment(variables: &[(&str, &str)]) -> Reading<Environment> {
    Reading::Known(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

async fn probe_with(timeout: Duration, endpoint: &Endpoint) -> Probe {
    let root = tempfile::tempdir().unwrap();
    known(prober(timeout, root.path()).probe(endpoint, &environment(&[])).await)
}

fn known(probe: Reading<Probe>) -> Probe {
    match probe {
        Reading::Known(probe) => probe,
        Reading::Unknown(why) => panic!("the exporter could not probe: {why}"),
    }
}

fn failed(probe: &Probe) -> (FailureKind, &str) {
    match &probe.outcome {
        Err(failure) => (failure.kind, failure.detail.as_str()),
        Ok(()) => panic!("up: {probe:?}"),
    }
}

async fn http_failure(timeout: Duration, fault: Fault) -> (FailureKind, String) {
    let server = FaultServer::start(fault).await;
    let probe = probe_with(timeout, &endpoint(Scheme::Http, server.address)).await;
    let (kind, detail) = failed(&probe);
    (kind, detail.to_owned())
}

#[tokio::test]
async fn the_documented_answer_is_up_and_tells_phases_status_and_time() {
    let server = FaultServer::start(Fault::Answer(documented())).await;
    let probe = probe_with(PATIENT, &endpoint(Scheme::Http, server.address)).await;
    assert_eq!(probe.outcome, Ok(()));
    assert_eq!(probe.status_code, Some(405));
    assert_eq!(probe.addresses, [server.address.ip()]);
    assert!(
        probe.phases.resolve.is_some() && probe.phases.connect.is_some() && probe.phases.processing.is_some()
    );
    assert_eq!((probe.phases.tls, probe.certificate, probe.proxy, probe.assumed), (None, None, None, None));
    let date = probe.date.unwrap();
    assert!(date.high - date.low >= 1.0, "{date:?}");
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("one request: {requests:?}") };
    let request = request.to_ascii_lowercase();
    assert!(request.starts_with("get / http/1.1\r\n"), "{request}");
    for header in [
        format!("\r\nhost: {}\r\n", server.address),
        format!("\r\nuser-agent: logagent-exporter/{}\r\n", env!("CARGO_PKG_VERSION")),
        "\r\nconnection: close\r\n".to_owned(),
    ] {
        assert!(request.contains(&header), "{request}");
    }
    assert!(!request.contains("authorization"), "{request}");
}

#[tokio::test]
async fn a_request_id_is_enough_and_a_cached_answer_tells_no_time() {
    let head = format!("200 OK\r\n{DATE}Age: 3\r\nx-log-requestid: 5DD39230\r\n");
    let server = FaultServer::start(Fault::Answer(response(&head, ""))).await;
    let probe = probe_with(PATIENT, &endpoint(Scheme::Http, server.address)).await;
    assert_eq!((probe.outcome, probe.date), (Ok(()), None));
}

#[tokio::test]
async fn another_answer_is_unexpected_and_told() {
    let portal =
        response(&format!("200 OK\r\n{DATE}Content-Type: text/html\r\n"), "<html>Please log in</html>");
    let (kind, detail) = http_failure(PATIENT, Fault::Answer(portal)).await;
    assert_eq!(kind, FailureKind::UnexpectedResponse);
    assert!(!detail.contains("log in") && detail.contains("captive portal"), "{detail}");

    let wrong = response("404 Not Found\r\n", r#"{"errorCode":"ProjectNotExist","errorMessage":"x"}"#);
    let (kind, detail) = http_failure(PATIENT, Fault::Answer(wrong)).await;
    assert!(kind == FailureKind::UnexpectedResponse && detail.contains("ProjectNotExist"), "{detail}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = FaultServer::start(Fault::Answer(documented())).await;
    let head = format!("302 Found\r\nLocation: http://{}/\r\n", target.address);
    let server = FaultServer::start(Fault::Answer(response(&head, ""))).await;
    let probe = probe_with(PATIENT, &endpoint(Scheme::Http, server.address)).await;
    let (kind, detail) = failed(&probe);
    assert!(kind == FailureKind::UnexpectedResponse && detail.contains("redirecting to"), "{detail}");
    assert_eq!((probe.status_code, probe.date), (Some(302), None));
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn a_custom_endpoint_is_up_by_status_code() {
    let server = FaultServer::start(Fault::Answer(response("204 No Content\r\n", ""))).await;
    let mut wanted = endpoint(Scheme::Http, server.address);
    wanted.path = "/health?deep=1".to_owned();
    wanted.expected = ExpectedAnswer::StatusCodes(vec![200, 204]);
    assert_eq!(probe_with(PATIENT, &wanted).await.outcome, Ok(()));
    assert!(server.requests()[0].starts_with("GET /health?deep=1 HTTP/1.1"), "{:?}", server.requests());
    wanted.expected = ExpectedAnswer::StatusCodes(vec![200]);
    assert_eq!(failed(&probe_with(PATIENT, &wanted).await).0, FailureKind::UnexpectedResponse);
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in [Scheme::Http, Scheme::Https, Scheme::Tcp] {
        let probe = probe_with(PATIENT, &endpoint(scheme, address)).await;
        let (kind, detail) = failed(&probe);
        assert!(kind == FailureKind::Refused && detail.contains(&address.to_string()), "{detail}");
        assert_eq!(probe.outcome.as_ref().unwrap_err().address, Some(address));
        assert!(probe.phases.resolve.is_some() && probe.phases.connect.is_none());
    }
}

#[tokio::test]
async fn a_connect_that_nobody_answers_times_out() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // The kernel drops handshakes while the queue of a server that does not accept is full.
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    let probe = probe_with(SHORT, &endpoint(Scheme::Tcp, address)).await;
    assert_eq!(failed(&probe).0, FailureKind::ConnectTimeout);
}

#[tokio::test]
async fn silence_and_slow_drip_are_timeouts_of_the_response() {
    let (kind, detail) = http_failure(SHORT, Fault::Stall(Vec::new())).await;
    assert!(kind == FailureKind::ResponseTimeout && detail.contains("no answer arrived"), "{detail}");
    assert_eq!(http_failure(SHORT, Fault::Drip(documented())).await.0, FailureKind::ResponseTimeout);

    let server =
        FaultServer::start(Fault::Stall(b"HTTP/1.1 405 X\r\nContent-Length: 99\r\n\r\n{".to_vec())).await;
    let probe = probe_with(UNHURRIED, &endpoint(Scheme::Http, server.address)).await;
    assert_eq!(failed(&probe).0, FailureKind::ResponseTimeout);
    assert_eq!((probe.status_code, probe.phases.processing), (Some(405), None));
}

#[tokio::test]
async fn a_close_instead_of_an_answer_is_unexpected() {
    let (kind, detail) = http_failure(PATIENT, Fault::Close).await;
    assert_eq!(kind, FailureKind::UnexpectedResponse, "{detail}");
    let (kind, detail) = http_failure(PATIENT, Fault::Answer(Vec::new())).await;
    assert!(
        kind == FailureKind::UnexpectedResponse && detail.contains("closed without an answer"),
        "{detail}"
    );
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec();
    let (kind, detail) = http_failure(PATIENT, Fault::Answer(cut)).await;
    assert!(kind == FailureKind::UnexpectedResponse && detail.contains("in the middle"), "{detail}");
}

#[tokio::test]
async fn a_reset_instead_of_an_answer_is_unexpected() {
    let (kind, detail) = http_failure(PATIENT, Fault::Reset).await;
    assert!(
        kind == FailureKind::UnexpectedResponse && detail.contains("reset without an answer"),
        "{detail}"
    );
}

#[tokio::test]
async fn garbage_and_huge_heads_are_unexpected() {
    let garbage: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let (kind, detail) = http_failure(PATIENT, Fault::Stall(garbage)).await;
    assert!(kind == FailureKind::UnexpectedResponse && detail.contains("not HTTP"), "{detail}");
    let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    head.resize(1 << 20, b'x');
    let (kind, detail) = http_failure(PATIENT, Fault::Stall(head)).await;
    assert!(kind == FailureKind::UnexpectedResponse && detail.contains("head is larger"), "{detail}");
}

#[tokio::test]
async fn a_huge_body_is_judged_by_its_start() {
    let mut huge = b"HTTP/1.1 200 OK\r\nx-log-requestid: 1\r\nContent-Length: 1073741824\r\n\r\n".to_vec();
    huge.resize(1 << 20, b'x');
    let server = FaultServer::start(Fault::Stall(huge.clone())).await;
    assert_eq!(probe_with(PATIENT, &endpoint(Scheme::Http, server.address)).await.outcome, Ok(()));
    let without_id = String::from_utf8(huge).unwrap().replace("x-log-requestid", "x-something-else");
    let (kind, _) = http_failure(PATIENT, Fault::Stall(without_id.into_bytes())).await;
    assert_eq!(kind, FailureKind::UnexpectedResponse);
}

#[tokio::test]
async fn ipv6_literals_work_with_and_without_brackets() {
    let localhost: IpAddr = "::1".parse().unwrap();
    let server = FaultServer::start_on(localhost, None, Fault::Answer(documented())).await;
    for host in ["::1", "[::1]"] {
        let mut wanted = endpoint(Scheme::Http, server.address);
        wanted.host = host.to_owned();
        assert_eq!(probe_with(PATIENT, &wanted).await.outcome, Ok(()));
    }
    assert!(server.requests()[0].contains(&format!("[::1]:{}", server.address.port())));
}

#[tokio::test]
async fn a_name_is_up_if_any_of_its_addresses_connects() {
    let server = FaultServer::start(Fault::Answer(documented())).await;
    let mut wanted = endpoint(Scheme::Http, server.address);
    wanted.host = "localhost".to_owned();
    let probe = probe_with(PATIENT, &wanted).await;
    assert_eq!(probe.outcome, Ok(()));
    assert!(probe.addresses.contains(&server.address.ip()), "{:?}", probe.addresses);

    let addresses = ["[::1]:1".parse().unwrap(), server.address];
    assert!(connect::connect(&addresses, Instant::now() + PATIENT).await.is_ok());
}

#[tokio::test]
async fn if_no_address_connects_each_is_named_and_the_refusal_tells_most() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing = socket.local_addr().unwrap();
    // Link-local without an interface: the kernel refuses before any packet leaves.
    let nowhere: SocketAddr = "[fe80::1]:9".parse().unwrap();
    let Err(Error::Peer(failure)) = connect::connect(&[nowhere, refusing], Instant::now() + PATIENT).await
    else {
        panic!("nothing listens there");
    };
    assert_eq!((failure.kind, failure.address), (FailureKind::Refused, Some(refusing)));
    assert!(
        failure.detail.contains("[fe80::1]:9: ") && failure.detail.contains(&refusing.to_string()),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_name_without_address_is_a_resolve_failure() {
    let mut wanted = endpoint(Scheme::Http, "127.0.0.1:80".parse().unwrap());
    wanted.host = "name.invalid".to_owned();
    let probe = probe_with(SHORT, &wanted).await;
    let (kind, detail) = failed(&probe);
    assert!(kind == FailureKind::Resolve && detail.contains("name.invalid"), "{detail}");
    assert_eq!(probe.phases, Probe::up().phases);
}

#[tokio::test]
async fn a_bare_connect_is_up_whatever_comes_and_asks_for_the_time() {
    let dated = response(&format!("400 Bad Request\r\n{DATE}"), "");
    for (fault, dated) in [
        (Fault::Answer(dated), true),
        (Fault::Answer(b"\x00\x01garbage".to_vec()), false),
        (Fault::Stall(Vec::new()), false),
        (Fault::Close, false),
        (Fault::Reset, false),
    ] {
        let server = FaultServer::start(fault.clone()).await;
        let probe = probe_with(PATIENT, &endpoint(Scheme::Tcp, server.address)).await;
        assert_eq!((probe.outcome, probe.date.is_some()), (Ok(()), dated), "{fault:?}");
        if dated {
            assert!(server.requests()[0].starts_with("HEAD / HTTP/1.1\r\n"), "{:?}", server.requests());
        }
    }
}

#[tokio::test]
async fn a_custom_agents_bare_connect_sends_nothing() {
    let server = FaultServer::start(Fault::Answer(documented())).await;
    let mut wanted = endpoint(Scheme::Tcp, server.address);
    wanted.purpose = Purpose::Custom;
    let probe = probe_with(PATIENT, &wanted).await;
    assert_eq!((probe.outcome, probe.status_code, probe.date), (Ok(()), None, None));
}

#[tokio::test]
async fn a_request_that_cannot_be_formed_says_nothing_of_the_endpoint() {
    let server = FaultServer::start(Fault::Answer(documented())).await;
    let mut wanted = endpoint(Scheme::Http, server.address);
    wanted.path = "/a b".to_owned();
    let root = tempfile::tempdir().unwrap();
    let why = prober(PATIENT, root.path()).probe(&wanted, &environment(&[])).await;
    assert_eq!(why.why().map(|why| why.reason), Some(Reason::Failed));
}

#[tokio::test]
async fn probes_run_as_tasks_of_their_own_and_one_hung_server_delays_no_other() {
    let hung = FaultServer::start(Fault::Stall(Vec::new())).await;
    let fine = FaultServer::start(Fault::Answer(documented())).await;
    let root = tempfile::tempdir().unwrap();
    let prober = prober(PATIENT, root.path());
    let run = |address| {
        let (prober, wanted) = (prober.clone(), endpoint(Scheme::Http, address));
        tokio::spawn(async move { known(prober.probe(&wanted, &environment(&[])).await).outcome })
    };
    let (waiting, answered) = (run(hung.address), run(fine.address));
    assert_eq!(answered.await.unwrap(), Ok(()));
    assert!(!waiting.is_finished());
    waiting.abort();
}
