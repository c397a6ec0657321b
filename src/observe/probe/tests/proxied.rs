//! Probes through the agent's proxy, as set in its environment.

use super::*;
use crate::model::{Reason, Why};

pub(super) fn through(proxy: SocketAddr) -> Reading<Environment> {
    environment(&[("ALL_PROXY", &format!("http://{proxy}"))])
}

async fn probe_as(endpoint: &Endpoint, environment: &Reading<Environment>) -> Probe {
    let root = tempfile::tempdir().unwrap();
    known(prober(PATIENT, root.path()).probe(endpoint, environment).await)
}

fn target(scheme: Scheme) -> Endpoint {
    let mut wanted = endpoint(scheme, "127.0.0.1:9".parse().unwrap());
    wanted.host = "logtail.cn-hangzhou.log.aliyuncs.com".to_owned();
    wanted.port = scheme.default_port();
    wanted
}

#[tokio::test]
async fn http_goes_to_the_proxy_in_absolute_form_and_tells_no_time() {
    let proxy = FaultServer::start(Fault::Answer(documented())).await;
    let probe = probe_as(&target(Scheme::Http), &through(proxy.address)).await;
    assert_eq!((&probe.outcome, probe.date), (&Ok(()), None));
    assert_eq!(probe.proxy, Some((format!("http://{}", proxy.address), "ALL_PROXY".to_owned())));
    assert_eq!(probe.addresses, [proxy.address.ip()]);
    let request = &proxy.requests()[0];
    assert!(
        request.starts_with("GET http://logtail.cn-hangzhou.log.aliyuncs.com/ HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.to_ascii_lowercase().contains("\r\nhost: logtail.cn-hangzhou.log.aliyuncs.com\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_is_the_obstacle() {
    for (scheme, status, said) in [
        (Scheme::Http, "407 Proxy Authentication Required\r\n", "never sends"),
        (Scheme::Https, "407 Proxy Authentication Required\r\n", "never sends"),
        (
            Scheme::Https,
            "403 Forbidden\r\n",
            "refuses to connect to logtail.cn-hangzhou.log.aliyuncs.com:443",
        ),
    ] {
        let proxy = FaultServer::start(Fault::Answer(response(status, ""))).await;
        let probe = probe_as(&target(scheme), &through(proxy.address)).await;
        let (kind, detail) = failed(&probe);
        assert!(kind == FailureKind::Proxy && detail.contains(said), "{kind:?} {detail}");
        assert!(detail.contains(&proxy.address.to_string()) && detail.contains("ALL_PROXY"), "{detail}");
        assert!(!proxy.requests()[0].to_ascii_lowercase().contains("authorization"));
    }
}

#[tokio::test]
async fn an_unreachable_proxy_is_named() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in [Scheme::Http, Scheme::Https] {
        let probe = probe_as(&target(scheme), &through(address)).await;
        let (kind, detail) = failed(&probe);
        assert_eq!(kind, FailureKind::Refused);
        assert!(detail.contains(&format!("proxy {address} (ALL_PROXY")), "{detail}");
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing_or_hangs_up_is_named() {
    for (timeout, fault, kind) in [
        (SHORT, Fault::Stall(Vec::new()), FailureKind::ResponseTimeout),
        (PATIENT, Fault::Close, FailureKind::UnexpectedResponse),
    ] {
        for scheme in [Scheme::Http, Scheme::Https] {
            let proxy = FaultServer::start(fault.clone()).await;
            let root = tempfile::tempdir().unwrap();
            let prober = prober(timeout, root.path());
            let probe = known(prober.probe(&target(scheme), &through(proxy.address)).await);
            let (found, detail) = failed(&probe);
            assert!(found == kind && detail.starts_with("proxy 127.0.0.1"), "{found:?} {detail}");
        }
    }
}

#[tokio::test]
async fn a_kind_of_proxy_that_only_the_probe_cannot_use_leaves_the_endpoint_unknown() {
    let root = tempfile::tempdir().unwrap();
    for proxy in ["socks5://127.0.0.1:1", "https://127.0.0.1:1"] {
        let variables = environment(&[("http_proxy", proxy)]);
        let probe = prober(PATIENT, root.path()).probe(&target(Scheme::Http), &variables).await;
        assert_eq!(probe.why().map(|why| why.reason), Some(Reason::Unsupported), "{proxy}");
    }
    let malformed = probe_as(&target(Scheme::Http), &environment(&[("http_proxy", "u:secret@:::")])).await;
    assert_eq!(failed(&malformed).0, FailureKind::Proxy, "the agent cannot use it either");
    assert_eq!(
        malformed.proxy,
        Some((":::".to_owned(), "http_proxy".to_owned())),
        "it is named as what fails"
    );
}

#[tokio::test]
async fn credentials_of_the_agent_are_not_sent_and_that_is_said() {
    let proxy = FaultServer::start(Fault::Answer(documented())).await;
    let variables = environment(&[("HTTP_PROXY", &format!("http://***@{}", proxy.address))]);
    let probe = probe_as(&target(Scheme::Http), &variables).await;
    assert_eq!(probe.outcome, Ok(()));
    assert!(probe.assumed.as_ref().unwrap().contains("HTTP_PROXY holds credentials"), "{probe:?}");
    assert!(!format!("{probe:?}{:?}", proxy.requests()).contains("***"));
}

#[tokio::test]
async fn whether_the_agents_credentials_are_accepted_is_not_known() {
    for scheme in [Scheme::Http, Scheme::Https] {
        let proxy =
            FaultServer::start(Fault::Answer(response("407 Proxy Authentication Required\r\n", ""))).await;
        let address = format!("http://***@{}", proxy.address);
        let variables = environment(&[("ALL_PROXY", &address)]);
        let root = tempfile::tempdir().unwrap();
        let reading = prober(PATIENT, root.path()).probe(&target(scheme), &variables).await;
        let why = reading.why().unwrap();
        assert!(why.reason == Reason::Denied && why.detail.contains("never sends"), "{why:?}");
    }
}

#[tokio::test]
async fn exempt_hosts_bare_connects_and_unread_environments_go_direct() {
    let server = FaultServer::start(Fault::Answer(documented())).await;
    let dead = ("all_proxy", "http://127.0.0.1:1");
    let exempt = environment(&[dead, ("NO_PROXY", "10.0.0.0/8,127.0.0.1")]);
    let probe = probe_as(&endpoint(Scheme::Http, server.address), &exempt).await;
    assert_eq!((&probe.outcome, &probe.proxy), (&Ok(()), &None));
    assert!(probe.date.is_some());

    let probe = probe_as(&endpoint(Scheme::Tcp, server.address), &environment(&[dead])).await;
    assert_eq!((&probe.outcome, &probe.proxy), (&Ok(()), &None));

    let unread = Reading::Unknown(Why::new(Reason::Denied, "pid 12: environ", "permission denied"));
    let probe = probe_as(&endpoint(Scheme::Http, server.address), &unread).await;
    assert_eq!(probe.outcome, Ok(()));
    assert_eq!(
        probe.assumed.as_deref(),
        Some(
            "environment of the agent could not be read (pid 12: environ: permission denied): probed without proxy"
        )
    );
}
