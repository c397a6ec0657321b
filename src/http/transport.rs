//! The transport of a connection: a TCP or local socket, with or without TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::sys;

/// A socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Local(sys::local::Stream),
}

/// A socket, and the TLS session on it.
pub(super) enum Stream {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Socket {
    /// Ready once there is something to read, or the stream has ended; returns the first byte if there is
    /// one. Not by readiness, which tokio assumes for a new socket.
    pub(super) fn poll_peek(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
        match self {
            Self::Tcp(socket) => {
                let mut byte = [0];
                let mut buffer = ReadBuf::new(&mut byte);
                let read = ready!(socket.poll_peek(cx, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().first().copied().filter(|_| read > 0)))
            }
            Self::Local(socket) => sys::local::poll_peek(socket, cx),
        }
    }
}

impl Stream {
    /// The socket below.
    pub(super) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Forwards a method to the variant.
macro_rules! forward {
    ($type:ty, $($variant:path),+) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() { $($variant(inner) => Pin::new(inner).poll_read(cx, buffer)),+ }
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() { $($variant(inner) => Pin::new(inner).poll_write(cx, bytes)),+ }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($variant(inner) => Pin::new(inner).poll_flush(cx)),+ }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $($variant(inner) => Pin::new(inner).poll_shutdown(cx)),+ }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() { $($variant(inner) => Pin::new(inner).poll_write_vectored(cx, slices)),+ }
            }

            fn is_write_vectored(&self) -> bool {
                match self { $($variant(inner) => inner.is_write_vectored()),+ }
            }
        }
    };
}

forward!(Socket, Socket::Tcp, Socket::Local);
forward!(Stream, Stream::Plain, Stream::Tls);
