//! The log services: servers on the internet of a test's machine, which answer as documented or misbehave as
//! configured.

use std::{
    collections::HashMap,
    net::SocketAddr,
    os::fd::AsFd as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::{Duration, Instant, SystemTime},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::oneshot,
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// What a server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The documented answer of the log service to a request without a signature.
    LogService,
    /// A page of a captive portal.
    Portal,
    /// An empty answer with this status.
    Status(u16),
    /// Nothing, ever; the connection stays open.
    Silence,
    /// The documented answer, one byte in 100 ms.
    Drip,
    /// A reset of the connection.
    Reset,
    /// A metadata service that requires a token: it issues one on request, and refuses all requests without one.
    TokenOnly,
}

/// All servers of one machine's internet.
pub(super) struct Service {
    runtime: Handle,
    /// Ends the thread of the servers when dropped.
    _end: oneshot::Sender<()>,
    servers: Mutex<HashMap<SocketAddr, AbortHandle>>,
    /// How many connections each server has accepted.
    accepted: Arc<Mutex<HashMap<SocketAddr, usize>>>,
    clock: Arc<Clock>,
}

/// The service's clock: the right time, also while this machine's clock is set to another.
struct Clock {
    started: (SystemTime, Instant),
    /// How far it is ahead of the right time, in seconds.
    ahead: AtomicI64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a server tells the real time, or is wrong on purpose")]
    fn start() -> Self {
        Self { started: (SystemTime::now(), Instant::now()), ahead: AtomicI64::default() }
    }

    /// Now, as in a `Date` header.
    fn date(&self) -> String {
        let (started, instant) = self.started;
        let ahead = self.ahead.load(Ordering::SeqCst);
        let ahead_by = Duration::from_secs(ahead.unsigned_abs());
        let now = started + instant.elapsed();
        httpdate::fmt_http_date(if ahead < 0 { now - ahead_by } else { now + ahead_by })
    }
}

impl Service {
    /// A thread in the network namespace at `namespace`.
    pub(super) fn start(namespace: &Path) -> Self {
        let namespace = std::fs::File::open(namespace).unwrap();
        let (end, ended) = oneshot::channel();
        let (started, runtime) = mpsc::channel();
        std::thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            started.send(runtime.handle().clone()).unwrap();
            // An error means that the sender was dropped, which is the end as well.
            let _ended = runtime.block_on(ended);
        });
        Self {
            runtime: runtime.recv().unwrap(),
            _end: end,
            servers: Mutex::default(),
            accepted: Arc::default(),
            clock: Arc::new(Clock::start()),
        }
    }

    /// Serves this answer at `address` from now on. Returns when connections are accepted.
    pub(super) fn serve(&self, address: &str, tls: Option<Arc<ServerConfig>>, answer: Answer) {
        let address: SocketAddr = address.parse().unwrap();
        self.close(address);
        let listener = super::eventually("the server starts", || {
            let (bound, outcome) = mpsc::channel();
            self.runtime.spawn(async move { bound.send(TcpListener::bind(address).await) });
            // A process that another test's thread starts holds the old socket until it becomes its program.
            outcome.recv().unwrap().map_err(|error| format!("{address}: {error}"))
        });
        let (clock, accepted) = (Arc::clone(&self.clock), Arc::clone(&self.accepted));
        let task = self.runtime.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                *accepted.lock().unwrap().entry(address).or_default() += 1;
                let (tls, clock) = (tls.clone(), Arc::clone(&clock));
                connections.spawn(converse(stream, tls, answer, clock));
            }
        });
        self.servers.lock().unwrap().insert(address, task.abort_handle());
    }

    /// How many connections have been accepted at `address`.
    pub(super) fn accepted(&self, address: &str) -> usize {
        self.accepted.lock().unwrap().get(&address.parse().unwrap()).copied().unwrap_or_default()
    }

    /// Ends the server at `address`: connections are refused, and open ones closed.
    pub(super) fn close(&self, address: SocketAddr) {
        let Some(server) = self.servers.lock().unwrap().remove(&address) else { return };
        server.abort();
        super::eventually("the server ends", || {
            if server.is_finished() { Ok(()) } else { Err(address.to_string()) }
        });
    }

    /// Sets the service's clock ahead of the right time by this many seconds (behind it, if negative).
    pub(super) fn set_clock_ahead(&self, seconds: i64) {
        self.clock.ahead.store(seconds, Ordering::SeqCst);
    }
}

async fn converse(stream: TcpStream, tls: Option<Arc<ServerConfig>>, answer: Answer, clock: Arc<Clock>) {
    match tls {
        Some(tls) => {
            // The other side may refuse the certificate.
            if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                speak(stream, answer, &clock).await;
            }
        }
        None if answer == Answer::Reset => stream.set_zero_linger().unwrap(),
        None => speak(stream, answer, &clock).await,
    }
}

async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, clock: &Clock) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < 8192 => head.push(byte),
            Ok(_) | Err(_) => return,
        }
    }
    let date = clock.date();
    let log_service = || {
        let body = r#"{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5DD39230BE9910FC6CF17609"}}"#;
        let length = body.len();
        format!(
            "HTTP/1.1 405 Method Not Allowed\r\nserver: nginx\r\ndate: {date}\r\ncontent-type: application/json\r\n\
             x-log-requestid: 5DD39230BE9910FC6CF17609\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    // Writes may fail: the other side may close the connection.
    match answer {
        Answer::LogService => drop(stream.write_all(log_service().as_bytes()).await),
        Answer::Portal => {
            let body = "<html><title>Please log in to the guest network</title></html>";
            let length = body.len();
            let text = format!(
                "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            drop(stream.write_all(text.as_bytes()).await);
        }
        Answer::Status(status) => {
            let text = format!(
                "HTTP/1.1 {status} Whatever\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            drop(stream.write_all(text.as_bytes()).await);
        }
        Answer::TokenOnly => {
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let is_for_token = head.starts_with("put /latest/api/token ")
                && head.contains("\r\nx-aliyun-ecs-metadata-token-ttl-seconds:");
            let has_token = head.contains("\r\nx-aliyun-ecs-metadata-token:");
            let status = if is_for_token || has_token { "200 OK" } else { "403 Forbidden" };
            let text = format!("HTTP/1.1 {status}\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret");
            drop(stream.write_all(text.as_bytes()).await);
        }
        Answer::Silence => std::future::pending().await,
        Answer::Drip => {
            for byte in log_service().bytes() {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Answer::Reset => return,
    }
    drop(stream.shutdown().await);
}
