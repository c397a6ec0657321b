//! Asks the exporter that runs on this host, over its own socket: it knows its config, and the causes that
//! take time to detect.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::ListenAddress;
use crate::sys;

/// Answers are rendered ahead of requests; the deadline allows for a very busy host.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than the largest report.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The exit code that goes with a diagnosis.
    pub verdict: Option<u8>,
    /// The body.
    pub text: String,
}

/// The path of the socket; `runtime_directory` is what `RUNTIME_DIRECTORY` holds.
pub fn socket(runtime_directory: Option<OsString>) -> PathBuf {
    let first = runtime_directory.and_then(|list| std::env::split_paths(&list).next());
    first
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| sys::local::DIRECTORY.into())
        .join(sys::local::SOCKET)
}

/// Asks the exporter that listens at `socket`.
///
/// # Errors The exporter cannot be asked: nobody listens, access is denied, or the socket's directory is not
/// trusted.
pub async fn local(socket: &Path, target: &str) -> io::Result<Answer> {
    within(async { exchange(sys::local::connect(socket).await?, target).await }).await
}

/// How the exporter that listens at `socket` was started.
///
/// # Errors Why this is not known.
pub async fn started(socket: &Path) -> io::Result<sys::Started> {
    sys::local::started(&sys::local::connect(socket).await?)
}

/// Asks the exporter that listens at `address`, without TLS and password.
///
/// # Errors
/// Why it cannot be asked.
pub async fn listening(address: &ListenAddress, target: &str) -> io::Result<Answer> {
    within(async {
        match address {
            ListenAddress::Tcp { host, port } => {
                let host = host.as_deref().filter(|host| !matches!(*host, "0.0.0.0" | "::"));
                exchange(TcpStream::connect((host.unwrap_or("localhost"), *port)).await?, target).await
            }
            ListenAddress::Unix(path) => exchange(sys::local::connect(path).await?, target).await,
        }
    })
    .await
}

async fn within(asked: impl Future<Output = io::Result<Answer>>) -> io::Result<Answer> {
    timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, target: &str) -> io::Result<Answer> {
    // With HTTP/1.0 the answer is not chunked, and ends with the connection.
    stream.write_all(format!("GET {target} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(LARGEST).read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let verdict = headers.find(|(name, _)| name.eq_ignore_ascii_case("logagent-verdict"));
    let verdict = verdict.and_then(|(_, code)| code.trim().parse().ok());
    Some(Answer { status, verdict, text: body.to_owned() })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart_and_nonsense_is_none() {
        let answer = parse("HTTP/1.0 200 OK\r\nLogagent-Verdict: 2\r\n\r\nall\r\n\r\nof it").unwrap();
        assert_eq!(answer, Answer { status: 200, verdict: Some(2), text: "all\r\n\r\nof it".to_owned() });
        assert_eq!(parse("HTTP/1.1 404 Not Found\r\n\r\n").unwrap().verdict, None);
        for nonsense in ["", "SSH-2.0\r\n\r\n", "HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n"] {
            assert_eq!(parse(nonsense), None);
        }
    }
}
