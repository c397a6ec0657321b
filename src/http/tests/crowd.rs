//! More clients than connections allowed, and more requests than buffers.

use tokio::net::tcp::OwnedReadHalf;

use super::*;

const ASK: &[u8] = b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n";

/// A client that keeps its connection.
struct Kept(TcpStream);

impl Kept {
    async fn connect(running: &Running) -> Self {
        Self(TcpStream::connect(running.address).await.expect("the backlog takes it"))
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("send");
    }

    async fn takes_an_answer(&mut self) {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nready\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.expect("in time").expect("open");
            answer.push(byte);
        }
    }

    async fn asks(&mut self) {
        self.send(ASK).await;
        self.takes_an_answer().await;
    }

    async fn is_closed(&mut self) {
        let mut rest = Vec::new();
        let _end_or_reset = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("an end");
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn the_longest_idle_evict_to_a_new_client_and_no_other() {
    let running = start(Limits { connections: 2, ..Limits::default() }).await;
    let (mut first, mut second) = (Kept::connect(&running).await, Kept::connect(&running).await);
    first.asks().await;
    second.asks().await;
    first.asks().await;
    let mut third = Kept::connect(&running).await;
    third.asks().await;
    second.is_closed().await;
    first.asks().await;
    third.asks().await;
}

#[tokio::test]
async fn who_is_being_answered_keeps_its_place_and_a_new_client_waits_for_it() {
    let mut running = start(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = Kept::connect(&running).await;
    first.send(b"POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let reload = timeout(PATIENCE, running.reloads.recv()).await.expect("in time").expect("a reload");
    let second = get(&running, "GET", "/-/ready", "");
    tokio::pin!(second);
    assert!(timeout(Duration::from_millis(200), second.as_mut()).await.is_err(), "answered over the limit");
    reload.send(Ok(())).expect("somebody waits");
    let mut answer = [0; 15];
    timeout(PATIENCE, first.0.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(timeout(PATIENCE, second).await.expect("a place").status, 200);
}

#[tokio::test]
async fn half_open_requests_give_way_the_oldest_first() {
    let running = start(Limits { requests: 2, ..Limits::default() }).await;
    let mut half = Vec::new();
    for _ in 0..2 {
        let mut client = Kept::connect(&running).await;
        client.send(b"GET /-/ready HTTP/1.1\r\n").await;
        half.push(client);
        // In the order in which they are accepted, not in that of their arrival.
        assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
    }
    half[0].is_closed().await;
    half[1].send(b"Host: x\r\n\r\n").await;
    half[1].takes_an_answer().await;
}

#[tokio::test]
async fn silent_clients_hold_no_buffers() {
    let running = start(Limits { requests: 1, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(Kept::connect(&running).await);
        assert_eq!(get(&running, "GET", "/-/ready", "").await.status, 200);
    }
    // None of them was evicted for that.
    for mut client in silent {
        client.asks().await;
    }
}

#[tokio::test]
async fn readers_who_take_nothing_give_way() {
    let running = start(Limits { requests: 4, ..Limits::default() }).await;
    let mut stuck: Vec<(OwnedReadHalf, JoinHandle<()>)> = Vec::new();
    for _ in 0..8 {
        let (reader, mut writer) = TcpStream::connect(running.address).await.expect("connect").into_split();
        // Pages are requested until no more requests are accepted, because no answer is read.
        let asking = tokio::spawn(async move {
            while writer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok() {}
        });
        stuck.push((reader, asking));
    }
    for _ in 0..20 {
        assert_eq!(get(&running, "GET", "/metrics", "").await.status, 200);
    }
    for (_, asking) in stuck {
        asking.abort();
    }
}

#[tokio::test]
async fn in_a_crowd_every_client_is_answered_and_stays() {
    let running = start(Limits { requests: 40, ..Limits::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(Kept::connect(&running).await);
    }
    for _round in 0..3 {
        for client in &mut clients {
            client.send(ASK).await;
        }
        for client in &mut clients {
            client.takes_an_answer().await;
        }
    }
    // The part of the next request that arrived together with the previous one is not lost.
    let (half, rest) = ASK.split_at(10);
    for client in &mut clients {
        client.send(&[ASK, ASK, half].concat()).await;
        client.takes_an_answer().await;
        client.takes_an_answer().await;
        client.send(rest).await;
        client.takes_an_answer().await;
    }
}
