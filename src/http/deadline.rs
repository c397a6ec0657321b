//! Deadlines of a connection, so that slow, silent and dead clients are disconnected.
//!
//! hyper's own header timeout also runs between requests and would cut Prometheus' idle connection before each scrape.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::transport::Stream;

/// Limits for clients: number and deadlines.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once. For a further one the connection that has been idle longest is evicted; if none
    /// is idle, it waits in the kernel's backlog. An idle one costs its socket and about a kilobyte.
    pub connections: usize,
    /// Concurrent requests, each with its buffers. For a further one, the connection is evicted that has been
    /// sending a head, or not reading an answer, for the longest time.
    pub requests: usize,
    /// From the connection, or the first byte of a further request, to the end of its head.
    pub head: Duration,
    /// From the end of the head to the answer (a reload, or the rest of a body that is ignored).
    pub answer: Duration,
    /// From the start of the answer until all of it has been read.
    pub write: Duration,
    /// Between requests: longer than any usual scrape interval.
    pub idle: Duration,
    /// From shutdown to the end of the last answer.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            requests: 256,
            head: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            write: Duration::from_secs(30),
            idle: Duration::from_secs(150),
            drain: Duration::from_millis(500),
        }
    }
}

/// The stage of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has been received from the client yet.
    Fresh,
    /// A part of a request's head has been received.
    Head,
    /// The head is complete.
    Answer,
    /// The answer is being sent.
    Write,
    /// The answer has been read, and no further request has begun.
    Idle,
    /// The same, on a connection that keeps its buffers.
    Held,
    /// An endless answer is being sent.
    Streaming,
}

const ALL: [Phase; 7] =
    [Phase::Fresh, Phase::Head, Phase::Answer, Phase::Write, Phase::Idle, Phase::Held, Phase::Streaming];

/// The stage of a connection; shared between its stream, its requests, and the acceptor, which chooses the
/// connection to evict.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// The stage's index, and above it the turn at which it was entered.
    now: Arc<AtomicU64>,
    /// Counts the stages that all connections have entered, so that waiting times can be compared.
    turns: Arc<AtomicU64>,
}

/// Bits for the index of a stage.
const INDEX: u32 = 3;

impl Stage {
    /// Of a new connection. Connections that are compared share `turns`.
    pub(super) fn new(turns: &Arc<AtomicU64>) -> Self {
        let stage = Self { now: Arc::default(), turns: Arc::clone(turns) };
        stage.set(Phase::Fresh);
        stage
    }

    /// The request's head is complete.
    pub(super) fn answering(&self) {
        self.set(Phase::Answer);
    }

    /// A TLS handshake has begun.
    pub(super) fn securing(&self) {
        self.set(Phase::Head);
    }

    /// No request is running, and the connection keeps its buffers.
    pub(super) fn holding(&self) {
        self.set(Phase::Held);
    }

    /// A part of an endless answer is sent.
    pub(super) fn streaming(&self) {
        self.set(Phase::Streaming);
    }

    /// The answer is ready to be written.
    pub(super) fn answered(&self) {
        self.set(Phase::Write);
    }

    /// The stage, and the turn in which it was entered.
    pub(super) fn get(&self) -> (Phase, u64) {
        let now = self.now.load(Ordering::Relaxed);
        let at = ALL.into_iter().find(|at| at.index() == now & ((1 << INDEX) - 1));
        (at.unwrap_or(Phase::Fresh), now >> INDEX)
    }

    /// What it is at.
    pub(super) fn at(&self) -> Phase {
        self.get().0
    }

    fn set(&self, at: Phase) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        self.now.store((turn << INDEX) | at.index(), Ordering::Relaxed);
    }
}

impl Phase {
    fn index(self) -> u64 {
        match self {
            Self::Fresh => 0,
            Self::Head => 1,
            Self::Answer => 2,
            Self::Write => 3,
            Self::Idle => 4,
            Self::Held => 5,
            Self::Streaming => 6,
        }
    }
}

/// A stream that fails once its connection has been at one stage for too long.
pub(super) struct Deadlines<S> {
    inner: S,
    stage: Stage,
    limits: Limits,
    /// The stage, and its turn, that `deadline` is for.
    armed: (Phase, u64),
    deadline: Instant,
    /// Wakes the connection; set only when it has to wait, as most requests arrive whole.
    timer: Pin<Box<Sleep>>,
    /// The part of the next request that was read already.
    begun: Bytes,
}

impl<S> Deadlines<S> {
    pub(super) fn new(inner: S, stage: Stage, limits: Limits) -> Self {
        let deadline = Instant::now() + limits.head;
        let (armed, timer) = (stage.get(), Box::pin(sleep_until(deadline)));
        Self { inner, stage, limits, armed, deadline, timer, begun: Bytes::new() }
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }

    /// Gives back the part of the next request that was read.
    pub(super) fn unread(&mut self, begun: Bytes) {
        self.begun = begun;
    }

    fn arm(&mut self) {
        let (before, now) = (self.armed.0, self.stage.get());
        self.armed = now;
        let limit = match now.0 {
            // From the connection to the end of the head is one deadline.
            Phase::Head if before == Phase::Fresh => return,
            Phase::Fresh | Phase::Head => self.limits.head,
            Phase::Answer => self.limits.answer,
            Phase::Write => self.limits.write,
            Phase::Idle | Phase::Held | Phase::Streaming => self.limits.idle,
        };
        self.deadline = Instant::now() + limit;
    }

    /// `Pending`, or an error if it has been pending for too long.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.stage.get() != self.armed {
            self.arm();
        }
        if self.timer.deadline() != self.deadline {
            self.timer.as_mut().reset(self.deadline);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn has_read(&mut self) {
        if matches!(self.stage.at(), Phase::Fresh | Phase::Idle) {
            self.stage.set(Phase::Head);
            self.arm();
        }
    }
}

impl Deadlines<Stream> {
    /// Waits until there is something to read (a request, or the end), and returns its first byte if it is still in the socket.
    pub(super) async fn readable(&mut self) -> io::Result<Option<u8>> {
        poll_fn(|cx| {
            if !self.begun.is_empty() {
                return Poll::Ready(Ok(None));
            }
            match self.inner.socket().poll_peek(cx) {
                Poll::Ready(peeked) => Poll::Ready(peeked),
                Poll::Pending => self.wait(cx),
            }
        })
        .await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlines<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if !this.begun.is_empty() {
            let length = this.begun.len().min(buffer.remaining());
            buffer.put_slice(&this.begun.copy_to_bytes(length));
            this.has_read();
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut this.inner).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before {
                    this.has_read();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // hyper looks for the next request before it writes: the write waits, if need be.
            Poll::Pending if this.stage.at() == Phase::Write => Poll::Pending,
            Poll::Pending => this.wait(cx),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadlines<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write(cx, bytes) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => this.wait(cx),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_flush(cx) {
            Poll::Ready(result) => {
                // hyper flushes when it has nothing left to write.
                if this.stage.at() == Phase::Write {
                    this.stage.set(Phase::Idle);
                }
                Poll::Ready(result)
            }
            Poll::Pending => this.wait(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_shutdown(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => this.wait(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write_vectored(cx, slices) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => this.wait(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn with_deadlines() -> (Deadlines<DuplexStream>, Stage, DuplexStream) {
        let (near, far) = duplex(16);
        let stage = Stage::new(&Arc::default());
        (Deadlines::new(near, stage.clone(), Limits::default()), stage, far)
    }

    #[tokio::test(start_paused = true)]
    async fn a_dripped_head_is_cut_at_its_deadline_whatever_its_pace() {
        let (mut stream, _, mut far) = with_deadlines();
        let start = Instant::now();
        let drip = tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        });
        let mut taken = 0;
        let error = loop {
            match stream.read_u8().await {
                Ok(_) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), taken, start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 4, 10));
        drop(stream);
        drip.await.expect("the drip ends with the stream");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_outlives_a_scrape_interval_and_no_more() {
        let (mut stream, stage, mut far) = with_deadlines();
        stage.set(Phase::Idle);
        let start = Instant::now();
        let (read, ()) = tokio::join!(stream.read_u8(), async {
            tokio::time::sleep(Duration::from_mins(2)).await;
            far.write_all(b"G").await.expect("the stream is open");
        });
        assert_eq!(read.expect("a scrape every two minutes keeps its connection"), b'G');
        // The head of the next request has its own, shorter deadline.
        let error = stream.read_u8().await.expect_err("silence");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 130));
        stage.set(Phase::Idle);
        stream.read_u8().await.expect_err("silence");
        assert_eq!(start.elapsed().as_secs(), 280);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_cut() {
        let (mut stream, stage, _far) = with_deadlines();
        stage.answered();
        let start = Instant::now();
        let error = stream.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }
}
