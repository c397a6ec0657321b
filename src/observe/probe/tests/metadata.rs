//! Metadata services.

use super::*;
use crate::{
    agents::{self, MetadataService},
    model::snapshot::MetadataAccess,
};

const TOKEN_ONLY: Fault = Fault::Metadata { refusal: "403 Forbidden", token: "200 OK" };

async fn asked(fault: Fault) -> (Reading<MetadataAccess>, Vec<String>) {
    let server = FaultServer::start(fault).await;
    let own = agents::profile("logtail").unwrap().metadata().unwrap();
    let service = MetadataService { address: server.address, ..*own };
    let root = tempfile::tempdir().unwrap();
    let access = prober(PATIENT, root.path()).metadata(&service).await;
    (access, server.requests())
}

#[tokio::test]
async fn one_that_takes_tokens_only_refuses_what_has_none_and_gives_one() {
    let (access, requests) = asked(TOKEN_ONLY).await;
    assert_eq!(access, Reading::Known(MetadataAccess::TokenOnly(403)));
    let [plain, token] = requests.as_slice() else { panic!("two requests: {requests:?}") };
    assert!(plain.starts_with("GET /latest/dynamic/instance-identity/document HTTP/1.1\r\n"), "{plain}");
    assert!(!plain.to_ascii_lowercase().contains("token"), "{plain}");
    assert!(token.starts_with("PUT /latest/api/token HTTP/1.1\r\n"), "{token}");
}

#[tokio::test]
async fn one_that_answers_without_a_token_is_not_asked_for_one() {
    let open = Fault::Metadata { refusal: "200 OK", token: "200 OK" };
    let (access, requests) = asked(open).await;
    assert_eq!((access, requests.len()), (Reading::Known(MetadataAccess::Open), 1));
}

#[tokio::test]
async fn one_that_refuses_everything_says_nothing_of_tokens() {
    for (refusal, token) in [("403 Forbidden", "403 Forbidden"), ("404 Not Found", "200 OK")] {
        let (access, _) = asked(Fault::Metadata { refusal, token }).await;
        assert_eq!(access, Reading::Known(MetadataAccess::Closed), "{refusal}, {token}");
    }
}

#[tokio::test]
async fn where_nothing_answers_nothing_is_known() {
    let (access, _) = asked(Fault::Close).await;
    assert!(access.why().is_some());
}

#[tokio::test]
async fn an_agent_lives_if_it_answers_whatever_and_is_silent_if_it_only_lets_connect() {
    use crate::model::snapshot::Liveness;
    let root = tempfile::tempdir().unwrap();
    let ask = async |fault, timeout| {
        let server = FaultServer::start(fault).await;
        let port = NonZeroU16::new(server.address.port()).unwrap();
        prober(timeout, root.path()).liveness(port, "/liveness").await.known().copied().unwrap()
    };
    for answer in ["200 OK\r\n", "404 Not Found\r\n"] {
        let answers = Fault::Answer(response(answer, "probe called"));
        assert_eq!(ask(answers, PATIENT).await, Liveness::Answers, "{answer}");
    }
    assert!(matches!(ask(Fault::Stall(Vec::new()), SHORT).await, Liveness::Silent(_)));
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = NonZeroU16::new(nobody.local_addr().unwrap().port()).unwrap();
    let absent = prober(PATIENT, root.path()).liveness(port, "/liveness").await;
    assert_eq!(absent, Reading::Known(Liveness::Absent));
}
