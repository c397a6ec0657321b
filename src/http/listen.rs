//! The acceptor: connections are bounded in number, and drained at shutdown.

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{AbortHandle, Id, JoinSet},
    time::{Instant, sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    Server,
    connection::{self, Shared},
    deadline::{Phase, Stage},
    listener::Listener,
    transport::Socket,
};

/// How long accepting pauses after an error that is not transient (no descriptors left): at first and at most.
const FIRST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// How long that is not logged again: it may recur with every connection.
const WARN_AGAIN: Duration = Duration::from_mins(1);

/// Serves until `shutdown` is ready; then stops listening, lets running requests finish, and returns within
/// [`Limits::drain`](super::Limits::drain).
pub async fn serve(listeners: Vec<Listener>, server: Server, shutdown: impl Future<Output = ()>) {
    let drain = server.limits.drain;
    let (stop, stopped) = watch::channel(());
    let mut acceptor = Acceptor::new(server, stopped);
    {
        let mut shutdown = pin!(shutdown);
        let mut running = pin!(acceptor.run(&listeners));
        tokio::select! {
            () = &mut shutdown => {}
            () = &mut running => {}
        }
    }
    drop(listeners);
    drop(stop);
    let ended = async { while acceptor.connections.join_next().await.is_some() {} };
    if timeout(drain, ended).await.is_err() {
        debug!("connections were still open at shutdown");
    }
}

/// Accepts connections, and evicts one if the maximum is reached.
struct Acceptor {
    shared: Arc<Shared>,
    stopped: watch::Receiver<()>,
    connections: JoinSet<()>,
    /// Connections that were not evicted.
    open: HashMap<Id, (Stage, AbortHandle)>,
}

impl Acceptor {
    fn new(server: Server, stopped: watch::Receiver<()>) -> Self {
        Self {
            shared: Arc::new(Shared::new(server)),
            stopped,
            connections: JoinSet::new(),
            open: HashMap::new(),
        }
    }

    /// Accepts connections. Never returns.
    async fn run(&mut self, listeners: &[Listener]) {
        let shared = Arc::clone(&self.shared);
        let mut pending = None;
        let mut rest = None;
        let mut warned = None;
        let mut first = 0;
        loop {
            let is_full = self.connections.len() >= shared.server.limits.connections;
            if !is_full && let Some(stream) = pending.take() {
                self.admit(stream);
            }
            self.evict_if_needed(pending.is_some());
            let accepted = tokio::select! {
                accepted = accept(listeners, &mut first), if pending.is_none() => accepted,
                Some(ended) = self.connections.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    self.open.remove(&id);
                    continue;
                }
                () = shared.changed.notified() => continue,
            };
            match accepted {
                Ok(stream) => {
                    rest = None;
                    pending = Some(stream);
                }
                Err(error) => {
                    let Some(pause) = rest_after(&error, rest) else { continue };
                    if warned.is_none_or(|at: Instant| at.elapsed() > WARN_AGAIN) {
                        warn!(%error, "cannot accept connections for now");
                        warned = Some(Instant::now());
                    }
                    rest = Some(pause);
                    sleep(pause).await;
                }
            }
        }
    }

    fn admit(&mut self, (socket, trusted): (Socket, bool)) {
        let stage = self.shared.stage();
        let serving =
            connection::serve(socket, trusted, stage.clone(), Arc::clone(&self.shared), self.stopped.clone());
        let task = self.connections.spawn(serving);
        self.open.insert(task.id(), (stage, task));
    }

    /// Evicts a connection if one waits to be served, or a request for a permit, unless an eviction is under way.
    fn evict_if_needed(&mut self, pending: bool) {
        let lacks_permits = self.shared.lacks_permits();
        self.shared.evicting.store(pending || lacks_permits, Ordering::Relaxed);
        if self.open.len() < self.connections.len() {
            return;
        }
        // Idle connections are evicted first; then one that has been sending a head, or not reading an answer.
        let _evicted = pending
            && (self.evict(&[Phase::Idle, Phase::Held, Phase::Fresh, Phase::Streaming])
                || self.evict(&[Phase::Head]))
            || lacks_permits && (self.evict(&[Phase::Held]) || self.evict(&[Phase::Head, Phase::Write]));
    }

    /// Ends the connection that has been at one of these stages for the longest time; false if none is.
    fn evict(&mut self, stages: &[Phase]) -> bool {
        let waiting = self.open.iter().filter_map(|(id, (stage, _))| {
            let (at, since) = stage.get();
            stages.contains(&at).then_some((since, *id))
        });
        let Some((_, id)) = waiting.min_by_key(|(since, _)| *since) else { return false };
        // It counts until it is closed, but must not be chosen again.
        if let Some((_, task)) = self.open.remove(&id) {
            task.abort();
        }
        true
    }
}

/// The next client of any listener, in turn.
async fn accept(listeners: &[Listener], first: &mut usize) -> io::Result<(Socket, bool)> {
    poll_fn(|cx| {
        for _ in listeners {
            *first = (*first + 1) % listeners.len();
            if let Some(listener) = listeners.get(*first)
                && let Poll::Ready(accepted) = listener.poll_accept(cx)
            {
                return Poll::Ready(accepted.map(|socket| (socket, listener.is_trusted())));
            }
        }
        Poll::Pending
    })
    .await
}

/// The pause after an error of accept, given the previous pause; `None` if only that one connection is lost.
fn rest_after(error: &io::Error, previous: Option<Duration>) -> Option<Duration> {
    // The client closed the connection before it was accepted.
    let lost = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
    let rest = || previous.map_or(FIRST_REST, |previous| (previous * 2).min(LONGEST_REST));
    (!lost.contains(&error.kind())).then(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys;

    #[test]
    fn without_descriptors_accepting_rests_longer_and_longer_up_to_a_second() {
        let full = sys::error::out_of_descriptors();
        let mut rest = None;
        let mut rests = Vec::new();
        for _ in 0..8 {
            rest = rest_after(&full, rest);
            rests.push(rest.map(|rest| rest.as_millis()));
        }
        assert_eq!(rests, [20, 40, 80, 160, 320, 640, 1000, 1000].map(Some));
        assert_eq!(rest_after(&io::ErrorKind::ConnectionAborted.into(), None), None);
    }
}
