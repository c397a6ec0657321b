//! Asks the exporter that runs on this host, over its own socket: it knows its config, and the causes that
//! take time to detect.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::ListenAddress;
use crate::sys;

/// Answers are rendered ahead of requests; the deadline allows for a very busy host.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest wait for the first full cycle of an exporter that has just been started: enough for 64 endpoints that all
/// hang, as eight are probed at once, each for at most 5 seconds by default.
pub const LONGEST_WAIT: Duration = Duration::from_secs(40);

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
/// # Errors
/// The exporter cannot be asked: nobody listens, access is denied, or the socket's directory is not
/// trusted.
pub async fn local(socket: &Path, target: &str) -> io::Result<Answer> {
    within(async { exchange(sys::local::connect(socket).await?, target).await }).await
}

/// Waits until the first full cycle of the exporter that listens at `socket` is complete, at most [`LONGEST_WAIT`]; `waits`
/// is called if it is not complete yet. False if it is still not complete.
///
/// # Errors
/// The exporter cannot be asked, or has ended.
pub async fn first_cycle(socket: &Path, waits: impl FnOnce()) -> io::Result<bool> {
    until_ready(async || sys::local::connect(socket).await, waits).await
}

async fn until_ready<S: AsyncRead + AsyncWrite + Unpin>(
    connect: impl AsyncFn() -> io::Result<S>,
    waits: impl FnOnce(),
) -> io::Result<bool> {
    let is_ready = async || {
        within(async { exchange(connect().await?, "/-/ready").await }).await.map(|it| it.status != 503)
    };
    if is_ready().await? {
        return Ok(true);
    }
    waits();
    let ready = async {
        let mut stream = connect().await?;
        stream.write_all(request("/api/v1/events").as_bytes()).await?;
        let mut lines = BufReader::new(stream.take(LARGEST)).lines();
        while let Some(line) = lines.next_line().await? {
            // The stream begins with the current report, so that none is missed.
            if line.starts_with("event:") && is_ready().await? {
                return Ok(true);
            }
        }
        // The exporter has ended, or has too many streams.
        is_ready().await
    };
    timeout(LONGEST_WAIT, ready).await.unwrap_or(Ok(false))
}

/// How the exporter that listens at `socket` was started.
///
/// # Errors
/// Why this is not known.
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
    stream.write_all(request(target).as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(LARGEST).read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

/// With HTTP/1.0 the answer is not chunked, and ends with the connection.
fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.0\r\n\r\n")
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
    use std::{
        cell::Cell,
        sync::{Arc, Mutex},
    };

    use tokio::{
        io::{DuplexStream, duplex},
        time::{Instant, sleep},
    };

    use super::*;

    /// An exporter in memory: which requests it was sent, after how long it is ready, and how many reports it sends before
    /// it closes a stream.
    #[derive(Clone)]
    struct Exporter {
        started: Instant,
        ready_after: Duration,
        reports: u64,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Exporter {
        fn new(ready_after: u64, reports: u64) -> Self {
            let ready_after = Duration::from_secs(ready_after);
            Self { started: Instant::now(), ready_after, reports, asked: Arc::default() }
        }

        fn connect(&self) -> DuplexStream {
            let (near, far) = duplex(4096);
            tokio::spawn(self.clone().answer(far));
            near
        }

        /// A report each second.
        async fn answer(self, mut stream: DuplexStream) {
            let mut head = [0; 64];
            let length = stream.read(&mut head).await.unwrap();
            let target = String::from_utf8_lossy(&head[..length]).split(' ').nth(1).unwrap().to_owned();
            self.asked.lock().unwrap().push(target.clone());
            if target == "/-/ready" {
                let status = if self.started.elapsed() >= self.ready_after { 200 } else { 503 };
                stream.write_all(format!("HTTP/1.0 {status} X\r\n\r\n").as_bytes()).await.unwrap();
                return;
            }
            for _ in 0..self.reports {
                // The reader closes it after the report that it waits for.
                if stream.write_all(b"event: report\ndata: x\n\n").await.is_err() {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        }

        /// The result of waiting, whether the wait was announced, and the seconds that it took.
        async fn waited_for(&self) -> (io::Result<bool>, bool, u64) {
            let said = Cell::new(false);
            let outcome = until_ready(async || Ok(self.connect()), || said.set(true)).await;
            (outcome, said.get(), self.started.elapsed().as_secs())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_ready_is_asked_once_and_not_waited_for() {
        let exporter = Exporter::new(0, u64::MAX);
        let (outcome, said, after) = exporter.waited_for().await;
        assert_eq!((outcome.unwrap(), said, after), (true, false, 0));
        assert_eq!(*exporter.asked.lock().unwrap(), ["/-/ready"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_has_just_started_is_waited_for_and_asked_again_after_each_of_its_reports() {
        let exporter = Exporter::new(3, u64::MAX);
        let (outcome, said, after) = exporter.waited_for().await;
        assert_eq!((outcome.unwrap(), said, after), (true, true, 3));
        let questions = exporter.asked.lock().unwrap().iter().filter(|target| *target == "/-/ready").count();
        assert_eq!(questions, 5, "once before, and after the reports after 0 to 3 seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_has_a_deadline_and_ends_with_the_stream() {
        let (outcome, said, after) = Exporter::new(3600, u64::MAX).waited_for().await;
        assert_eq!((outcome.unwrap(), said, after), (false, true, 40));
        let (outcome, said, after) = Exporter::new(3600, 7).waited_for().await;
        assert_eq!((outcome.unwrap(), said, after), (false, true, 7));
    }

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
