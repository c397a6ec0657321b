//! Where the server listens: TCP, Unix sockets, and sockets passed by systemd.

use std::{
    io,
    net::{Ipv6Addr, SocketAddr},
    path::Path,
    task::{Context, Poll},
};

use tokio::net::TcpListener;
use tracing::debug;

use super::transport::Socket;
use crate::sys;

/// One socket that is listened on.
#[derive(Debug)]
pub struct Listener {
    socket: Listening,
    trusted: bool,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Local(sys::local::Listener),
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket: Listening::Tcp(socket), trusted: false }
    }
}

impl From<sys::local::Listener> for Listener {
    fn from(socket: sys::local::Listener) -> Self {
        Self { socket: Listening::Local(socket), trusted: false }
    }
}

impl Listener {
    /// The address, if it is a TCP socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Listening::Tcp(socket) => socket.local_addr().ok(),
            Listening::Local(_) => None,
        }
    }

    /// The same, without TLS or password: clients that can open its file are trusted.
    #[must_use]
    pub fn trusted(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// For people and logs.
    pub fn describe(&self) -> String {
        match &self.socket {
            Listening::Tcp(socket) => {
                socket.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
            }
            Listening::Local(socket) => socket.describe(),
        }
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        match &self.socket {
            Listening::Tcp(socket) => socket.poll_accept(cx).map_ok(|(stream, _)| {
                // An answer in two segments must not wait for the acknowledgement of the first. A failure
                // only makes it slower.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "cannot set TCP_NODELAY");
                }
                Socket::Tcp(stream)
            }),
            Listening::Local(socket) => socket.poll_accept(cx).map_ok(Socket::Local),
        }
    }
}

/// Listens on every address of `host`; without a host on all addresses of both families, or of IPv4 where IPv6 is off.
///
/// # Errors
/// The first address that cannot be listened on, unless it is one of several and this host has none of its family.
pub async fn bind(host: Option<&str>, port: u16) -> io::Result<Vec<Listener>> {
    let Some(host) = host else { return bind_all(port).await };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut listeners = Vec::new();
    let mut absent = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener.into()),
            Err(error) if is_absent_family(&error) => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    match absent {
        Some(error) if listeners.is_empty() => Err(error),
        Some(_) | None => Ok(listeners),
    }
}

async fn bind_all(port: u16) -> io::Result<Vec<Listener>> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => {
            let port = listener.local_addr()?.port();
            let mut listeners = vec![listener.into()];
            // In use if the first one is dual-stack, as is usual; free under net.ipv6.bindv6only=1.
            if let Ok(listener) = TcpListener::bind(("0.0.0.0", port)).await {
                listeners.push(listener.into());
            }
            Ok(listeners)
        }
        Err(error) if is_absent_family(&error) => {
            Ok(vec![TcpListener::bind(("0.0.0.0", port)).await?.into()])
        }
        Err(error) => Err(error),
    }
}

fn is_absent_family(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || sys::error::is_absent_family(error)
}

/// Listens on a Unix socket at `path`, for its owner and group. A socket that nobody listens on any more is replaced.
///
/// # Errors
/// Why it cannot: somebody listens, or something else is there.
pub fn bind_unix(path: &Path) -> io::Result<Listener> {
    sys::local::Listener::bind(path).map(Listener::from)
}

/// The sockets passed by systemd (`LISTEN_FDS`).
///
/// # Errors
/// If there are none, or one is neither a TCP nor a Unix stream socket.
pub fn inherited() -> io::Result<Vec<Listener>> {
    let (tcp, local) = sys::local::inherited()?;
    let mut listeners: Vec<_> = local.into_iter().map(Listener::from).collect();
    for socket in tcp {
        listeners.push(TcpListener::from_std(socket)?.into());
    }
    if listeners.is_empty() {
        return Err(io::Error::other(
            "systemd handed over no socket; start the exporter by its .socket unit",
        ));
    }
    Ok(listeners)
}
