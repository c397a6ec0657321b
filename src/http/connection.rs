//! One connection and its requests, one after the other. While it is idle it holds no buffers, unless few are in use.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use http_body_util::Either;
use hyper::{
    body::Bytes,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::debug;

use super::{
    Answer, Common, Server,
    deadline::{Deadlines, Phase, Stage},
    events,
    negotiation::LastChoice,
    transport::{Socket, Stream},
};

/// The largest head of a request; a larger one, and one of more than 100 lines, is answered with 431.
const LARGEST_HEAD: usize = 16 * 1024;

/// The number of idle connections that keep their buffers, so that the scrapes of a few clients need not
/// allocate them again.
const WARM: usize = 32;

/// After a refusal, the rest of the request is read for this long and up to this size: closing at once would
/// reset the connection and discard the refusal.
const LINGER: Duration = Duration::from_secs(1);
const LARGEST_REST: u64 = 256 * 1024;

/// Concurrent requests on one HTTP/2 connection: a scraper and a browser send a handful. The size of their headers.
const MOST_STREAMS: u32 = 16;
const LARGEST_HEADERS: u32 = 16 * 1024;

/// The answer to plain HTTP on a TLS port, as in Go's server.
const PLAIN_HTTP: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 48\r\n\r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// A connection's permit, for as long as it needs one.
type Permit = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// State that all connections share.
pub(super) struct Shared {
    pub(super) server: Server,
    /// One for each running request, which has buffers.
    permits: Arc<Semaphore>,
    common: Common,
    /// Requests that wait for a permit.
    waiting: AtomicUsize,
    /// True while a connection should be evicted but none can be.
    pub(super) evicting: AtomicBool,
    /// A request waits for a permit, or a connection may be evicted.
    pub(super) changed: Notify,
    turns: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn new(server: Server) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(server.limits.requests)),
            common: Common {
                streams: Arc::new(Semaphore::new(events::MOST_STREAMS)),
                last_choice: LastChoice::default(),
            },
            server,
            waiting: AtomicUsize::new(0),
            evicting: AtomicBool::new(false),
            changed: Notify::new(),
            turns: Arc::default(),
        }
    }

    /// The stage of a new connection.
    pub(super) fn stage(&self) -> Stage {
        Stage::new(&self.turns)
    }

    /// True if a request waits for a permit.
    pub(super) fn lacks_permits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = Waiting::among(&self.waiting);
        self.changed.notify_one();
        // The semaphore is never closed.
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    fn is_crowded(&self) -> bool {
        self.permits.available_permits() + WARM < self.server.limits.requests
    }

    /// A connection has started to wait for its client.
    fn may_be_evicted(&self) {
        if self.evicting.load(Ordering::Relaxed) {
            self.changed.notify_one();
        }
    }
}

/// Counts a waiting request until it is dropped: its connection may be evicted in the meantime.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(
    socket: Socket,
    trusted: bool,
    stage: Stage,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<()>,
) {
    let mut stream = Deadlines::new(Stream::Plain(socket), stage.clone(), shared.server.limits);
    // The first byte decides whether it is TLS.
    let mut is_decided = trusted;
    loop {
        shared.may_be_evicted();
        let begun = async {
            let first = stream.readable().await?;
            Ok((first, shared.permit().await))
        };
        let begun: io::Result<_> = tokio::select! {
            begun = begun => begun,
            _ = stopped.changed() => return,
        };
        let (first, permit) = match begun {
            Ok((first, permit)) => (first, Permit::new(Mutex::new(permit))),
            Err(error) => {
                debug!(%error, "a connection ended between requests");
                return;
            }
        };
        let mut http2 = false;
        if !std::mem::replace(&mut is_decided, true)
            && let Some(tls) = &shared.server.security.current().await.tls
        {
            stage.securing();
            let Stream::Plain(socket) = stream.into_inner() else { return };
            let handshake = Box::pin(secured(socket, first, Arc::clone(tls), shared.server.limits.head));
            let secured = tokio::select! {
                secured = handshake => secured,
                _ = stopped.changed() => return,
            };
            let Some(secured) = secured else { return };
            http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
            stream = Deadlines::new(Stream::Tls(Box::new(secured)), stage.clone(), shared.server.limits);
        }
        if http2 {
            return Box::pin(serve_http2(stream, &permit, &stage, &shared, &mut stopped)).await;
        }
        match Box::pin(serve_requests(stream, trusted, &permit, &stage, &shared, &mut stopped)).await {
            Some(idle) => stream = idle,
            None => return,
        }
    }
}

/// Makes the TLS handshake; `first` is the client's first byte. Nothing if that failed.
async fn secured(
    mut socket: Socket,
    first: Option<u8>,
    tls: Arc<ServerConfig>,
    deadline: Duration,
) -> Option<TlsStream<Socket>> {
    // A handshake begins with 22, a request with a letter.
    if first.is_some_and(|byte| byte.is_ascii_alphabetic()) {
        let answered = timeout(LINGER, socket.write_all(PLAIN_HTTP)).await;
        debug!(?answered, "plain HTTP on a TLS port");
        linger(socket).await;
        return None;
    }
    match timeout(deadline, TlsAcceptor::from(tls).accept(socket)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_elapsed) => {
            debug!("a TLS handshake took too long");
            None
        }
    }
}

/// Whether the answer is endless: then its connection releases the permit that scrapes may wait for.
fn begins_stream(answer: &mut Answer, stage: &Stage, permit: &Permit) -> bool {
    let Either::Right(stream) = answer.body_mut() else { return false };
    stream.on(stage.clone());
    stage.streaming();
    drop(permit.lock().unwrap_or_else(PoisonError::into_inner).take());
    true
}

/// Answers requests until none is pending and buffers are scarce, then returns the stream; otherwise `None` at its end.
async fn serve_requests(
    stream: Deadlines<Stream>,
    trusted: bool,
    permit: &Permit,
    stage: &Stage,
    shared: &Arc<Shared>,
    stopped: &mut watch::Receiver<()>,
) -> Option<Deadlines<Stream>> {
    let service = service_fn(|request| {
        let (shared, stage, permit) = (Arc::clone(shared), stage.clone(), Arc::clone(permit));
        let mut answering = Box::pin(async move {
            stage.answering();
            let mut answer = shared.server.answer(request, trusted, &shared.common).await;
            if !begins_stream(&mut answer, &stage, &permit) {
                stage.answered();
            }
            answer
        });
        // hyper prepares to read the next request before it polls this future. If the head of this one is gone by
        // then, its buffer is used again, instead of a new one.
        let mut at_once = Some(answering.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        poll_fn(move |cx| match at_once.take() {
            Some(Poll::Ready(answer)) => Poll::Ready(Ok::<_, Infallible>(answer)),
            Some(Poll::Pending) | None => answering.as_mut().poll(cx).map(Ok),
        })
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .header_read_timeout(None) // `Deadlines` stands in for it
        .serve_connection(TokioIo::new(stream), service);
    let ends_or_idles = poll_fn(|cx| match connection.poll_without_shutdown(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending if stage.at() == Phase::Idle && shared.is_crowded() => Poll::Ready(None),
        Poll::Pending => {
            shared.may_be_evicted();
            Poll::Pending
        }
    });
    let ended = tokio::select! {
        ended = ends_or_idles => ended,
        _ = stopped.changed() => {
            Pin::new(&mut connection).graceful_shutdown();
            Some(poll_fn(|cx| connection.poll_without_shutdown(cx)).await)
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    match ended {
        None => {
            // Copied, as even an empty remainder would keep the whole buffer alive.
            stream.unread(Bytes::copy_from_slice(&parts.read_buf));
            return Some(stream);
        }
        Some(Ok(())) => match stream.into_inner() {
            Stream::Plain(_) => {}
            // Signals the end of the answer to the client.
            Stream::Tls(mut stream) => drop(timeout(LINGER, stream.shutdown()).await),
        },
        Some(Err(error)) => {
            debug!(%error, "a connection ended early");
            if error.is_parse() {
                linger(stream.into_inner()).await;
            }
        }
    }
    None
}

/// Answers requests until the connection's end, several at a time.
async fn serve_http2(
    stream: Deadlines<Stream>,
    permit: &Permit,
    stage: &Stage,
    shared: &Arc<Shared>,
    stopped: &mut watch::Receiver<()>,
) {
    let under_way = Arc::new(AtomicUsize::new(0));
    let service = service_fn(|request| {
        let (shared, stage, under_way) = (Arc::clone(shared), stage.clone(), Arc::clone(&under_way));
        let permit = Arc::clone(permit);
        async move {
            under_way.fetch_add(1, Ordering::Relaxed);
            stage.answering();
            let mut answer = shared.server.answer(request, false, &shared.common).await;
            let _streams = begins_stream(&mut answer, &stage, &permit);
            if under_way.fetch_sub(1, Ordering::Relaxed) == 1 {
                stage.holding();
                shared.may_be_evicted();
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(LARGEST_HEADERS)
            .max_send_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
}

/// Reads the rest of the request, so that the client can read the answer.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut pin!(stream.take(LARGEST_REST)), &mut tokio::io::sink()).await
    };
    // Whatever the result, the connection ends here.
    let _end = timeout(LINGER, rest).await;
}
