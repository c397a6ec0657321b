//! A scraper: one kept connection, and the headers that Prometheus sends.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

/// As Prometheus 3 asks.
const PROMETHEUS: &str = "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\naccept-encoding: gzip\r\n\
    user-agent: Prometheus/3.14.0\r\nx-prometheus-scrape-timeout-seconds: 10\r\n";
/// For people and for `contains`.
const PLAIN: &str = "accept: text/plain\r\n";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The requested format of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As Prometheus asks: compressed.
    Prometheus,
    /// Text.
    Plain,
}

/// Where metrics are served.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) port: u16,
    pub(crate) path: String,
}

/// A kept connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(target: &Target, form: Form) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", target.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let headers = match form {
            Form::Prometheus => PROMETHEUS,
            Form::Plain => PLAIN,
        };
        let request = format!("GET {} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n", target.path);
        let stream = BufReader::with_capacity(64 << 10, stream);
        Ok(Self { stream, request: request.into_bytes(), body: Vec::new() })
    }

    /// Sends a request without waiting for the answer.
    pub(crate) fn ask(&mut self) -> io::Result<()> {
        self.stream.get_mut().write_all(&self.request)
    }

    /// One scrape: status and body.
    pub(crate) fn scrape(&mut self) -> io::Result<(u16, &[u8])> {
        self.ask()?;
        self.answer()
    }

    /// True if the answer has begun to arrive.
    pub(crate) fn answered(&mut self) -> bool {
        let stream = self.stream.get_mut();
        let looked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
        looked.is_ok_and(|length| length > 0)
    }

    /// The answer to the request.
    pub(crate) fn answer(&mut self) -> io::Result<(u16, &[u8])> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no HTTP: {line:?}")))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.ends_with("chunked");
        }
        self.body.clear();
        if chunked {
            loop {
                line.clear();
                self.stream.read_line(&mut line)?;
                let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                (&mut self.stream).take(size).read_to_end(&mut self.body)?;
                line.clear();
                self.stream.read_line(&mut line)?;
                if size == 0 {
                    break;
                }
            }
        } else {
            (&mut self.stream).take(length).read_to_end(&mut self.body)?;
        }
        Ok((status, &self.body))
    }
}

/// One scrape as text, over a separate connection.
pub(crate) fn text(target: &Target) -> io::Result<String> {
    let mut client = Client::connect(target, Form::Plain)?;
    let (status, body) = client.scrape()?;
    if status != 200 {
        return Err(io::Error::other(format!("{}: status {status}", target.path)));
    }
    Ok(String::from_utf8_lossy(body).into_owned())
}

/// Tries every `step` until `good`, for at most `patience`; the time that it took.
pub(crate) fn until(patience: Duration, step: Duration, mut good: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    while !good() {
        if start.elapsed() > patience {
            return None;
        }
        thread::sleep(step);
    }
    Some(start.elapsed())
}

/// The latencies of all scrapes that `clients` connections make in `window`, at least one each.
pub(crate) fn load(target: &Target, clients: usize, window: Duration) -> Vec<Duration> {
    let end = Instant::now() + window;
    let scraping = || {
        let mut client = Client::connect(target, Form::Prometheus).unwrap();
        let mut latencies = Vec::new();
        loop {
            let start = Instant::now();
            let (status, _) = client.scrape().unwrap();
            latencies.push(start.elapsed());
            assert_eq!(status, 200, "{target:?}");
            if Instant::now() > end {
                return latencies;
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(scraping)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}
