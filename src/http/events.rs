//! `/api/v1/events`: tells the page that there is a new report, by server-sent events. A stream holds no permit of requests,
//! and ends before a scrape has to wait for it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Interval, MissedTickBehavior, interval},
};

use super::deadline::Stage;
use crate::{model::time::rfc3339_millis, publish::Published};

/// Concurrent streams: more viewers of one host's page than this are a mistake.
pub(super) const MOST_STREAMS: usize = 64;

/// The interval of comment lines that keep the stream alive: proxies close silent connections, and a client
/// that has gone away is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it reconnects.
const HELLO: &str = "retry: 2000\n\n";

/// The body of an endless answer.
pub(super) struct Stream {
    news: Pin<Box<dyn Future<Output = Option<News>> + Send>>,
    first: Option<Bytes>,
    heartbeat: Interval,
    stage: Option<Stage>,
    _place: OwnedSemaphorePermit,
}

/// The current report, and the receiver for later ones.
type News = (Arc<Published>, watch::Receiver<Arc<Published>>);

impl Stream {
    /// A stream of reports, the current one first; `None` if there are too many streams.
    pub(super) fn open(places: &Arc<Semaphore>, published: &watch::Receiver<Arc<Published>>) -> Option<Self> {
        let place = Arc::clone(places).try_acquire_owned().ok()?;
        let mut published = published.clone();
        let now = Arc::clone(&published.borrow_and_update());
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        let first = Some(Bytes::from(format!("{HELLO}{}", event(&now))));
        Some(Self { news: Box::pin(next(published)), first, heartbeat, stage: None, _place: place })
    }

    /// The stage of the connection that it is sent on: each event renews its deadline.
    pub(super) fn on(&mut self, stage: Stage) {
        self.stage = Some(stage);
    }

    fn sends(&self, bytes: impl Into<Bytes>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(stage) = &self.stage {
            stage.streaming();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }
}

async fn next(mut published: watch::Receiver<Arc<Published>>) -> Option<News> {
    published.changed().await.ok()?;
    let now = Arc::clone(&published.borrow_and_update());
    Some((now, published))
}

fn event(published: &Published) -> String {
    format!("event: report\ndata: {}\n\n", rfc3339_millis(published.report().taken_at))
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return self.sends(first);
        }
        match self.news.as_mut().poll(cx) {
            Poll::Ready(Some((now, published))) => {
                self.news = Box::pin(next(published));
                return self.sends(event(&now));
            }
            // The loop has ended, and so does the stream.
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        match self.heartbeat.poll_tick(cx) {
            Poll::Ready(_) => self.sends(&b": \n\n"[..]),
            Poll::Pending => Poll::Pending,
        }
    }
}
