//! Streams of events: their contents, their number, and that scrapes do not wait for them.

use super::*;

/// A client of the stream.
struct Listener(TcpStream);

impl Listener {
    async fn connect(running: &Running) -> Self {
        let mut stream = TcpStream::connect(running.address).await.expect("connect");
        let ask = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
        stream.write_all(ask).await.expect("send");
        Self(stream)
    }

    /// Everything up to this suffix.
    async fn until(&mut self, end: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            said.push(timeout(PATIENCE, self.0.read_u8()).await.expect("in time").expect("open"));
        }
        String::from_utf8(said).expect("UTF-8")
    }
}

/// The event of a report taken this many seconds after the sample.
fn event(seconds: u64) -> String {
    format!("event: report\ndata: {}\n\n", crate::model::time::rfc3339_millis(sample::at(3_600 + seconds)))
}

#[tokio::test]
async fn a_new_report_is_told_at_once_and_the_present_one_first() {
    let running = start(Limits::default()).await;
    let mut listener = Listener::connect(&running).await;
    let head = listener.until(&event(0)).await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-type: text/event-stream\r\n"),
        "{head}"
    );
    running.publish.send_replace(published(Report { taken_at: sample::at(3_601), ..sample::failing() }));
    listener.until(&event(1)).await;
}

#[tokio::test]
async fn streams_hold_no_permit_of_scrapes() {
    let running = start(Limits { requests: 2, ..Limits::default() }).await;
    let mut listeners = Vec::new();
    for _ in 0..8 {
        let mut listener = Listener::connect(&running).await;
        listener.until(&event(0)).await;
        listeners.push(listener);
    }
    for _ in 0..4 {
        assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
    }
    running.publish.send_replace(published(Report { taken_at: sample::at(3_601), ..sample::failing() }));
    for listener in &mut listeners {
        listener.until(&event(1)).await;
    }
}

#[tokio::test]
async fn there_is_a_limit_of_streams_and_who_goes_makes_room() {
    let running = start(Limits::default()).await;
    let mut listeners = Vec::new();
    for _ in 0..crate::http::events::MOST_STREAMS {
        let mut listener = Listener::connect(&running).await;
        listener.until(&event(0)).await;
        listeners.push(listener);
    }
    let refused = get(&running, "GET", "/api/v1/events", "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("60")));
    assert_eq!(get(&running, "GET", "/metrics", "").await.status, 200);
    drop(listeners.pop());
    let room = async {
        loop {
            let mut listener = Listener::connect(&running).await;
            if listener.until("\r\n").await.contains("200 OK") {
                return listener;
            }
        }
    };
    let _listener = timeout(PATIENCE, room).await.expect("a place");
    assert_eq!(get(&running, "POST", "/api/v1/events", "").await.status, 405);
}

#[tokio::test]
async fn a_stream_is_given_up_for_a_new_client_where_there_is_no_room_for_both() {
    let running = start(Limits { connections: 1, ..Limits::default() }).await;
    let mut listener = Listener::connect(&running).await;
    listener.until(&event(0)).await;
    assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
    let mut rest = Vec::new();
    let _end_or_reset = timeout(PATIENCE, listener.0.read_to_end(&mut rest)).await.expect("an end");
}
