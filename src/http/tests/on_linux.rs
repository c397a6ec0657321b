//! The server over a socket in the file system.

use super::*;

#[tokio::test]
async fn a_unix_socket_serves_and_takes_the_place_of_one_that_nobody_listens_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("web.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that is left behind"));
    let running = start(Limits::default()).await;
    let server = Server {
        telemetry_path: "/metrics".to_owned(),
        max_age: Duration::from_secs(45),
        published: running.publish.subscribe(),
        reload: None,
        security: Security::open(),
        allowed_hosts: AllowedHosts::default(),
        now: Box::new(|| Duration::ZERO),
        limits: Limits::default(),
    };
    let listener = bind_unix(&path).expect("the place is free").trusted();
    assert_eq!(bind_unix(&path).expect_err("somebody listens").kind(), io::ErrorKind::AddrInUse);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(vec![listener], server, async { drop(stopped.await) }));
    let mut stream = tokio::net::UnixStream::connect(&path).await.expect("a connection");
    // Twice on one connection, as a scraper does.
    for _ in 0..2 {
        stream.write_all(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        let mut answer = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = [0; 4096];
        let _rest = timeout(PATIENCE, stream.read(&mut rest)).await.expect("in time").expect("the rest");
    }
    let asked = async |target: &str| {
        let mut stream = tokio::net::UnixStream::connect(&path).await.expect("a connection");
        stream.write_all(format!("GET {target} HTTP/1.0\r\n\r\n").as_bytes()).await.expect("sent");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
        answer
    };
    let diagnosis = asked("/-/check?lang=zh&colour=1").await;
    assert!(diagnosis.contains("logagent-verdict: 2\r\n") && diagnosis.contains("\x1b["), "{diagnosis}");
    let json = asked("/-/check?format=json&agent=%6cogtail").await;
    assert!(json.contains("\"schema_version\": 1,"), "{json}");
    let unknown = asked("/-/check?agent=%0ax").await;
    assert!(
        unknown.starts_with("HTTP/1.0 404 ") && unknown.contains("no agent \"\\nx\" is watched"),
        "{unknown}"
    );
    assert_eq!(get(&running, "GET", "/-/check", "").await.status, 404, "only who may open the socket");
    drop(stop);
    serving.await.expect("served");
    assert!(!path.exists(), "the socket's file is gone with it");
}
