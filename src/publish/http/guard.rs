//! Deadlines of a connection, so that slow, silent and dead clients give their place back.
//!
//! hyper's own header timeout also runs between requests and would cut Prometheus' idle connection before each scrape.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// How many clients, how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; further ones wait in the kernel's backlog.
    pub connections: usize,
    /// From the connection, or the first byte of a further request, to the end of its head.
    pub head: Duration,
    /// From the end of the head to the answer (a reload, or the rest of a body that is ignored).
    pub answer: Duration,
    /// From the first full send buffer to the whole answer taken.
    pub write: Duration,
    /// Between requests: longer than any usual scrape interval.
    pub idle: Duration,
    /// From shutdown to the end of the last answer.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            write: Duration::from_secs(30),
            idle: Duration::from_secs(150),
            drain: Duration::from_millis(500),
        }
    }
}

const HEAD: u8 = 0;
const ANSWER: u8 = 1;
const IDLE: u8 = 2;
const WRITE: u8 = 3;

/// What a connection is at; shared between its stream and its requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage(Arc<AtomicU8>);

impl Stage {
    /// The request's head is complete.
    pub(super) fn answering(&self) {
        self.0.store(ANSWER, Ordering::Relaxed);
    }

    /// The answer is ready to be written.
    pub(super) fn answered(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }
}

/// A stream that fails once its connection is at one stage for too long.
pub(super) struct Guarded<S> {
    inner: S,
    stage: Stage,
    limits: Limits,
    /// The stage that `deadline` is for.
    armed: u8,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Guarded<S> {
    pub(super) fn new(inner: S, stage: Stage, limits: Limits) -> Self {
        let deadline = Box::pin(sleep_until(Instant::now() + limits.head));
        Self { inner, stage, limits, armed: HEAD, deadline }
    }

    fn enter(&mut self, stage: u8) {
        self.stage.set(stage);
        self.arm(stage);
    }

    fn arm(&mut self, stage: u8) {
        self.armed = stage;
        let limit = match stage {
            HEAD => self.limits.head,
            ANSWER => self.limits.answer,
            WRITE => self.limits.write,
            _ => self.limits.idle,
        };
        self.deadline.as_mut().reset(Instant::now() + limit);
    }

    /// Pending, or the error if it has been so for too long.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let stage = self.stage.get();
        if stage != self.armed {
            self.arm(stage);
        }
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn wait_to_write<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.stage.get() == IDLE {
            self.enter(WRITE);
        }
        self.wait(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before && this.stage.get() == IDLE {
                    this.enter(HEAD);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.wait(cx),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write(cx, bytes) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => this.wait_to_write(cx),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_flush(cx) {
            Poll::Ready(result) => {
                // hyper flushes when it has nothing left to write.
                if this.stage.get() == WRITE {
                    this.enter(IDLE);
                }
                Poll::Ready(result)
            }
            Poll::Pending => this.wait_to_write(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_shutdown(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => this.wait_to_write(cx),
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
            Poll::Pending => this.wait_to_write(cx),
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

    fn guarded() -> (Guarded<DuplexStream>, Stage, DuplexStream) {
        let (near, far) = duplex(16);
        let stage = Stage::default();
        (Guarded::new(near, stage.clone(), Limits::default()), stage, far)
    }

    #[tokio::test(start_paused = true)]
    async fn a_dripped_head_is_cut_at_its_deadline_whatever_its_pace() {
        let (mut stream, _, mut far) = guarded();
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
        let (mut stream, stage, mut far) = guarded();
        stage.answered();
        let start = Instant::now();
        let (read, ()) = tokio::join!(stream.read_u8(), async {
            tokio::time::sleep(Duration::from_mins(2)).await;
            far.write_all(b"G").await.expect("the stream is open");
        });
        assert_eq!(read.expect("a scrape every two minutes keeps its connection"), b'G');
        // The head of the next request has its own, shorter deadline.
        let error = stream.read_u8().await.expect_err("silence");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 130));
        stage.answered();
        stream.read_u8().await.expect_err("silence");
        assert_eq!(start.elapsed().as_secs(), 280);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_cut() {
        let (mut stream, stage, _far) = guarded();
        stage.answered();
        let start = Instant::now();
        let error = stream.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }
}
