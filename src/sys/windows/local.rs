//! The exporter's own named pipe, instead of a local socket: the service listens there, and administrators query it.
//!
//! By default only administrators and the service's account may write to it. The service manager is asked which process
//! listens, as any user could have created a pipe of that name before.

use std::{
    io, net,
    path::Path,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions},
};

use super::{c, installation, service, unsupported};
use crate::sys::Started;

/// Where pipes are.
pub const DIRECTORY: &str = r"\\.\pipe";
/// The name of the exporter's own pipe.
pub const SOCKET: &str = "logagent-exporter";

/// One connection.
#[derive(Debug)]
pub struct Stream {
    end: End,
    /// The byte that was peeked at but not read yet.
    peeked: Mutex<Option<u8>>,
}

#[derive(Debug)]
enum End {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
}

impl Stream {
    fn new(end: End) -> Self {
        Self { end, peeked: Mutex::default() }
    }

    fn peeked(&self) -> MutexGuard<'_, Option<u8>> {
        self.peeked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True if the other end is gone, which counts as end-of-file.
fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() > 0
            && let Some(byte) = this.peeked().take()
        {
            buffer.put_slice(&[byte]);
            return Poll::Ready(Ok(()));
        }
        let read = match &mut this.end {
            End::Server(pipe) => Pin::new(pipe).poll_read(cx, buffer),
            End::Client(pipe) => Pin::new(pipe).poll_read(cx, buffer),
        };
        read.map(|read| read.or_else(|error| if is_end(&error) { Ok(()) } else { Err(error) }))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().end {
            End::Server(pipe) => Pin::new(pipe).poll_write(cx, bytes),
            End::Client(pipe) => Pin::new(pipe).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().end {
            End::Server(pipe) => Pin::new(pipe).poll_flush(cx),
            End::Client(pipe) => Pin::new(pipe).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Ready once there is something to read, or the end; returns the first byte, if any, without consuming it.
pub fn poll_peek(stream: &Stream, cx: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
    let mut peeked = stream.peeked();
    if peeked.is_some() {
        return Poll::Ready(Ok(*peeked));
    }
    loop {
        let mut byte = [0];
        let read = match &stream.end {
            End::Server(pipe) => {
                ready!(pipe.poll_read_ready(cx))?;
                pipe.try_read(&mut byte)
            }
            End::Client(pipe) => {
                ready!(pipe.poll_read_ready(cx))?;
                pipe.try_read(&mut byte)
            }
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if is_end(&error) => return Poll::Ready(Ok(None)),
            Err(error) => return Poll::Ready(Err(error)),
            Ok(read) => {
                let [byte] = byte;
                *peeked = (read > 0).then_some(byte);
                return Poll::Ready(Ok(*peeked));
            }
        }
    }
}

type Waiting = Pin<Box<dyn Future<Output = io::Result<NamedPipeServer>> + Send>>;

/// The listening pipe.
pub struct Listener(Mutex<Option<Waiting>>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

/// Waits for a client at one instance of the pipe.
fn waiting(pipe: NamedPipeServer) -> Waiting {
    Box::pin(async move { pipe.connect().await.map(|()| pipe) })
}

fn name() -> String {
    format!(r"{DIRECTORY}\{SOCKET}")
}

/// Another instance of the pipe; the first one is refused if another process has one. Clients on other hosts are
/// rejected.
fn open(is_first: bool) -> io::Result<NamedPipeServer> {
    ServerOptions::new().first_pipe_instance(is_first).reject_remote_clients(true).create(name())
}

impl Listener {
    /// Listens on the exporter's own pipe; there are no others.
    ///
    /// # Errors
    /// `Unsupported` for any other path; the system's error, also if another process has the pipe.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if path != Path::new(&name()) {
            let message = "there are no Unix sockets on Windows; listen on an address";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        Ok(Self(Mutex::new(Some(waiting(open(true)?)))))
    }

    /// The next connection.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let mut end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = match end.take() {
            Some(current) => current,
            None => waiting(open(false)?),
        };
        match current.as_mut().poll(cx) {
            Poll::Pending => {
                *end = Some(current);
                Poll::Pending
            }
            Poll::Ready(connected) => {
                // Before this one is served, so that there is always an end to connect to.
                *end = open(false).ok().map(waiting);
                Poll::Ready(connected.map(|pipe| Stream::new(End::Server(pipe))))
            }
        }
    }

    /// The pipe's name.
    pub fn describe(&self) -> String {
        name()
    }
}

/// No socket is passed by a service manager.
///
/// # Errors
/// None.
pub fn inherited() -> io::Result<(Vec<net::TcpListener>, Vec<Listener>)> {
    Ok((Vec::new(), Vec::new()))
}

/// True for the service: the pipe belongs to it alone.
///
/// # Errors
/// If this process is not a service.
pub fn is_private(_: &Path) -> io::Result<bool> {
    if service::is_one() { Ok(true) } else { Err(unsupported()) }
}

/// Connects to the service's pipe.
///
/// # Errors
/// The system's error; `PermissionDenied` if the listener is not the service.
pub async fn connect(_: &Path) -> io::Result<Stream> {
    let client = ClientOptions::new().open(name())?;
    if installation::process_id()? == Some(c::pipe_server(&client)?) {
        Ok(Stream::new(End::Client(client)))
    } else {
        let message = "the process that listens there is not the service";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    }
}

/// How the process at the other end was started: its arguments, and its environment as `NAME=value`.
///
/// # Errors
/// The system's error.
pub fn started(stream: &Stream) -> io::Result<Started> {
    let End::Client(client) = &stream.end else { return Err(unsupported()) };
    let pid = Pid::from_u32(c::pipe_server(client)?);
    let mut system = System::new().map_err(io::Error::other)?;
    let kind = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always).with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    let process = system.process(pid).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let words =
        |words: &[std::ffi::OsString]| words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Ok(Started { arguments: words(process.cmd()), environment: words(process.environ()) })
}
