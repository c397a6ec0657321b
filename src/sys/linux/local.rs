//! Local sockets (`AF_UNIX`), and sockets passed by the service manager.

use std::{
    fs,
    io::{self, Read as _},
    net,
    os::{
        fd::AsFd as _,
        unix::{
            fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
            net as unix,
        },
    },
    path::{Path, PathBuf},
    task::{Context, Poll, ready},
};

use listenfd::ListenFd;
use rustix::net::{RecvFlags, recv, sockopt::socket_peercred};
use tokio::{io::Interest, net::UnixListener};

use crate::sys::Started;

/// The maximum size of the arguments or the environment of a service, in bytes.
const LARGEST_WORDS: u64 = 1 << 20;

/// Where the service manager creates a directory for the exporter's socket.
pub const DIRECTORY: &str = "/run/logagent-exporter";
/// The socket's name in it.
pub const SOCKET: &str = "exporter.sock";

/// One connection.
pub type Stream = tokio::net::UnixStream;

/// Ready once there is something to read, or the stream has ended; returns the first byte if there is one,
/// without consuming it.
pub fn poll_peek(stream: &Stream, cx: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let peek = || {
            let mut byte = [0];
            let (read, _) = recv(stream.as_fd(), &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
            let [byte] = byte;
            Ok((read > 0).then_some(byte))
        };
        match stream.try_io(Interest::READABLE, peek) {
            // Not ready after all: tokio assumes that a new socket is.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            peeked => return Poll::Ready(peeked),
        }
    }
}

/// A listening socket; its file is removed on drop.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    file: Option<PathBuf>,
}

impl Listener {
    /// Listens at `path`, for its owner and group. A socket that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// The kernel's error, also if another process listens there, or if something other than a socket exists there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if is_socket && unix::UnixStream::connect(path).is_err_and(refused) {
            fs::remove_file(path)?;
        }
        let socket = UnixListener::bind(path)?;
        let listener = Self { socket, file: Some(path.to_owned()) };
        fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        Ok(listener)
    }

    /// The next connection.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        self.socket.poll_accept(cx).map_ok(|(stream, _)| stream)
    }

    /// `unix:` and its path.
    pub fn describe(&self) -> String {
        let address = self.socket.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        format!("unix:{}", path.unwrap_or(Path::new("?")).display())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // If it is left behind, the next start replaces it.
            let _left = fs::remove_file(file);
        }
    }
}

/// The sockets passed by the service manager (`LISTEN_FDS`).
///
/// # Errors
/// If one is neither a TCP nor a Unix stream socket.
pub fn inherited() -> io::Result<(Vec<net::TcpListener>, Vec<Listener>)> {
    let mut handed = ListenFd::from_env();
    let (mut tcp, mut local) = (Vec::new(), Vec::new());
    for index in 0..handed.len() {
        match handed.take_tcp_listener(index) {
            Ok(Some(socket)) => {
                socket.set_nonblocking(true)?;
                tcp.push(socket);
            }
            Ok(None) => {}
            Err(_) => {
                let Some(socket) = handed.take_unix_listener(index)? else { continue };
                socket.set_nonblocking(true)?;
                local.push(Listener { socket: UnixListener::from_std(socket)?, file: None });
            }
        }
    }
    Ok((tcp, local))
}

/// True if only its owner and root can create entries in `directory`.
///
/// # Errors
/// The kernel's error.
pub fn is_private(directory: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(directory)?;
    Ok(found.is_dir() && found.mode() & 0o022 == 0)
}

/// Connects to the socket at `path`, if its directory is owned by root or by the listening user.
///
/// # Errors
/// The kernel's error; `PermissionDenied` if the directory cannot be trusted.
pub async fn connect(path: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(path).await?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let owner = fs::symlink_metadata(directory)?.uid();
    let peer = socket_peercred(stream.as_fd())?.uid.as_raw();
    if is_private(directory)? && (owner == 0 || owner == peer) {
        Ok(stream)
    } else {
        let message = format!("{} does not belong to the exporter alone", directory.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    }
}

/// How the process at the other end was started: its arguments, and its environment as `NAME=value`.
///
/// # Errors
/// The kernel's error: only its user and root may read its environment.
pub fn started(stream: &Stream) -> io::Result<Started> {
    let pid = socket_peercred(stream.as_fd())?.pid.as_raw_pid();
    let words = |file: &str| -> io::Result<Vec<String>> {
        let mut bytes = Vec::new();
        fs::File::open(format!("/proc/{pid}/{file}"))?.take(LARGEST_WORDS).read_to_end(&mut bytes)?;
        let words = bytes.split(|&byte| byte == 0).filter(|word| !word.is_empty());
        Ok(words.map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    };
    Ok(Started { arguments: words("cmdline")?, environment: words("environ")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_in_a_directory_that_others_can_write_to_is_not_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exporter.sock");
        let _listener = Listener::bind(&path).unwrap();
        connect(&path).await.unwrap();
        for mode in [0o720, 0o702, 0o777] {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(connect(&path).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{mode:o}");
        }
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        connect(&path).await.unwrap();
    }
}
