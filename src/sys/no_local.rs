//! Local sockets (`AF_UNIX`), on systems where the exporter has none.

use std::{
    convert::Infallible,
    io, net,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::unsupported;

/// The directory in which the socket would be.
pub const DIRECTORY: &str = "/run/logagent-exporter";
/// The name that the socket would have.
pub const SOCKET: &str = "exporter.sock";

/// One connection.
#[derive(Debug)]
pub struct Stream(Infallible);

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

/// There is nothing to peek at.
pub fn poll_peek(stream: &Stream, _: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
    match stream.0 {}
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Infallible);

impl Listener {
    /// Listening is not possible.
    ///
    /// # Errors
    /// Always.
    pub fn bind(_: &Path) -> io::Result<Self> {
        Err(unsupported())
    }

    /// No connection arrives.
    pub fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self.0 {}
    }

    /// There is nothing to describe.
    pub fn describe(&self) -> String {
        match self.0 {}
    }
}

/// How the process at the other end was started.
///
/// # Errors
/// None.
pub fn started(stream: &Stream) -> io::Result<crate::sys::Started> {
    match stream.0 {}
}

/// No socket is passed by a service manager.
///
/// # Errors
/// None.
pub fn inherited() -> io::Result<(Vec<net::TcpListener>, Vec<Listener>)> {
    Ok((Vec::new(), Vec::new()))
}

/// Not known.
///
/// # Errors
/// Always.
pub fn is_private(_: &Path) -> io::Result<bool> {
    Err(unsupported())
}

/// Connecting is not possible.
///
/// # Errors
/// Always.
pub async fn connect(_: &Path) -> io::Result<Stream> {
    Err(unsupported())
}
