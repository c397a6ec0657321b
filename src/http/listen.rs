//! Listeners and their acceptor: connections are bounded in number, and drained at shutdown.

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    net::Ipv6Addr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, Id, JoinSet},
    time::{Instant, sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    Server,
    connection::{self, Shared},
    deadline::{Phase, Stage},
};
use crate::sys;

/// How long accepting rests after an error that will not be gone at once (no descriptors left): first and at most.
const FIRST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// How long that is not said again: it may come and go with every connection.
const WARN_AGAIN: Duration = Duration::from_mins(1);

/// Listens on every address of `host`; without a host on all addresses of both families, or of IPv4 where IPv6 is off.
///
/// # Errors
/// The first address that cannot be listened on, unless it is one of several and this host has none of its family.
pub async fn bind(host: Option<&str>, port: u16) -> io::Result<Vec<TcpListener>> {
    let Some(host) = host else { return bind_all(port).await };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut listeners = Vec::new();
    let mut absent = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if is_absent_family(&error) => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    match absent {
        Some(error) if listeners.is_empty() => Err(error),
        Some(_) | None => Ok(listeners),
    }
}

async fn bind_all(port: u16) -> io::Result<Vec<TcpListener>> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => {
            let port = listener.local_addr()?.port();
            let mut listeners = vec![listener];
            // Taken if the first one is dual-stack, as is usual; free under net.ipv6.bindv6only=1.
            if let Ok(listener) = TcpListener::bind(("0.0.0.0", port)).await {
                listeners.push(listener);
            }
            Ok(listeners)
        }
        Err(error) if is_absent_family(&error) => Ok(vec![TcpListener::bind(("0.0.0.0", port)).await?]),
        Err(error) => Err(error),
    }
}

fn is_absent_family(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || sys::error::is_absent_family(error)
}

/// Serves until `shutdown` is ready; then stops listening, lets running answers end, and returns within
/// [`Limits::drain`](super::Limits::drain).
pub async fn serve(listeners: Vec<TcpListener>, server: Server, shutdown: impl Future<Output = ()>) {
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

/// Accepts connections, and evicts one where there is no room for another.
struct Acceptor {
    shared: Arc<Shared>,
    stopped: watch::Receiver<()>,
    connections: JoinSet<()>,
    /// Those that were not evicted.
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
    async fn run(&mut self, listeners: &[TcpListener]) {
        let shared = Arc::clone(&self.shared);
        let mut pending = None;
        let mut rest = None;
        let mut warned = None;
        let mut first = 0;
        loop {
            let is_full = self.connections.len() >= shared.server.limits.connections;
            if !is_full && let Some(stream) = pending.take() {
                self.admit(prepared(stream));
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

    fn admit(&mut self, stream: TcpStream) {
        let stage = self.shared.stage();
        let serving =
            connection::serve(stream, stage.clone(), Arc::clone(&self.shared), self.stopped.clone());
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
        // An idle connection loses the least; then one that has been sending a head, or not taking an answer.
        let _evicted = pending && (self.evict(&[Phase::Idle, Phase::Fresh]) || self.evict(&[Phase::Head]))
            || lacks_permits && self.evict(&[Phase::Head, Phase::Write]);
    }

    /// Ends the connection that has been at one of these stages for the longest time; false if none is.
    fn evict(&mut self, stages: &[Phase]) -> bool {
        let waiting = self.open.iter().filter_map(|(id, (stage, _))| {
            let (at, since) = stage.get();
            stages.contains(&at).then_some((since, *id))
        });
        let Some((_, id)) = waiting.min_by_key(|(since, _)| *since) else { return false };
        // It counts until it is gone, but must not be chosen again.
        if let Some((_, task)) = self.open.remove(&id) {
            task.abort();
        }
        true
    }
}

/// The next client of any listener; they take turns.
async fn accept(listeners: &[TcpListener], first: &mut usize) -> io::Result<TcpStream> {
    poll_fn(|cx| {
        for _ in listeners {
            *first = (*first + 1) % listeners.len();
            if let Some(Poll::Ready(accepted)) =
                listeners.get(*first).map(|listener| listener.poll_accept(cx))
            {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

/// How long to rest after an error of accept, given the rest before; `None` if only that one connection is lost.
fn rest_after(error: &io::Error, previous: Option<Duration>) -> Option<Duration> {
    // The client was faster away than we were there.
    let lost = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
    let rest = || previous.map_or(FIRST_REST, |previous| (previous * 2).min(LONGEST_REST));
    (!lost.contains(&error.kind())).then(rest)
}

fn prepared(stream: TcpStream) -> TcpStream {
    // An answer in two segments must not wait for the acknowledgement of the first. It works without, only slower.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot set TCP_NODELAY");
    }
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

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
