//! Listeners and connections: bounded in number, each with its deadlines, drained at shutdown.

use std::{io, net::Ipv6Addr, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    Server,
    guard::{Guarded, Stage},
};

/// The largest head of a request, and the most header lines in it; more is answered by 431.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

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
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// Serves until `shutdown` is ready; then stops listening, lets running answers end, and returns within
/// [`Limits::drain`](super::Limits::drain).
pub async fn serve(listeners: Vec<TcpListener>, server: Server, shutdown: impl Future<Output = ()>) {
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(server.limits.connections));
    let (stop, stopped) = watch::channel(());
    let mut acceptors = JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Arc::clone(&server), Arc::clone(&places), stopped.clone()));
    }
    shutdown.await;
    drop(stop);
    let ended = async { while acceptors.join_next().await.is_some() {} };
    if timeout(server.limits.drain, ended).await.is_err() {
        debug!("connections were still open at shutdown");
    }
}

async fn accept(
    listener: TcpListener,
    server: Arc<Server>,
    places: Arc<Semaphore>,
    mut stopped: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    let mut rest = None;
    let mut warned = None;
    loop {
        // A place first: clients over the limit wait in the backlog and cost nothing here.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stopped.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                rest = None;
                let (server, stopped) = (Arc::clone(&server), stopped.clone());
                connections.spawn(async move {
                    serve_connection(prepared(stream), server, stopped).await;
                    drop(place);
                });
            }
            Err(error) => {
                let Some(pause) = rest_after(&error, rest) else { continue };
                if warned.is_none_or(|at: Instant| at.elapsed() > WARN_AGAIN) {
                    warn!(%error, "cannot accept connections for now");
                    warned = Some(Instant::now());
                }
                rest = Some(pause);
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = stopped.changed() => break,
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
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

async fn serve_connection<S>(stream: S, server: Arc<Server>, mut stopped: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stage = Stage::default();
    let stream = Guarded::new(stream, stage.clone(), server.limits);
    let service = service_fn(move |request| {
        let (server, stage) = (Arc::clone(&server), stage.clone());
        async move {
            stage.answering();
            let answer = server.answer(request).await;
            stage.answered();
            answer
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .header_read_timeout(None) // the guard's deadlines stand in for it
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_descriptors_accepting_rests_longer_and_longer_up_to_a_second() {
        let full = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
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
