//! The socket of a service manager that wants notifications from its service.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

/// A service manager, as `NOTIFY_SOCKET` names it.
#[derive(Debug)]
pub struct ServiceManager(UnixDatagram);

impl ServiceManager {
    /// The one that listens at a path, or at an abstract name (`@name`).
    ///
    /// # Errors
    /// The kernel's error.
    pub fn at(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Sends a message. Never waits.
    ///
    /// # Errors
    /// The kernel's error, also if nothing listens.
    pub fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.0.send(message)
    }
}
