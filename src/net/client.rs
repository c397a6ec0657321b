//! One HTTP/1.1 request on one connection made for it. The client never sends a second request or follows
//! redirects, and a GET never has credentials.

use std::{convert::Infallible, error::Error as _, io, pin::pin, time::Duration};

use http_body_util::{BodyExt as _, Empty};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{Clocks, tls::tls_error};
use crate::model::snapshot::FailureKind;

/// Lets servers' logs distinguish probes from agents.
pub(crate) const USER_AGENT: &str = concat!("logagent-exporter/", env!("CARGO_PKG_VERSION"));

/// The documented answers have a few hundred bytes; longer ones are judged by their beginning.
const MOST_BODY: usize = 64 * 1024;

/// The maximum size of an answer's head, in bytes.
const MOST_HEAD: usize = 64 * 1024;

/// An answer's head and the part of its body that was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Boot clock before the request was sent, and after the head was received.
    pub(crate) sent: Duration,
    pub(crate) received: Duration,
}

/// A request without a body, as made by [`request`].
pub(crate) type Query = Request<Empty<Bytes>>;

/// What went wrong, and how much of an answer had been received by then.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) kind: FailureKind,
    pub(crate) detail: String,
    pub(crate) status: Option<StatusCode>,
}

/// A request for `target` (origin form, absolute form, or an authority for CONNECT) with `host` as its `Host`.
pub(crate) fn request(method: Method, target: &str, host: &str) -> Result<Query, hyper::http::Error> {
    Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
}

/// Sends the request and reads the answer, up to the cap on its body.
pub(crate) async fn exchange<S, B>(
    stream: S,
    query: Request<B>,
    clocks: Clocks,
    deadline: Instant,
) -> Result<Answer, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + 'static,
{
    let mut status = None;
    let run = async {
        let (mut sender, connection) = client().handshake(TokioIo::new(stream)).await?;
        let mut connection = pin!(connection);
        let sent = (clocks.boot)();
        let dialogue = async {
            let response = sender.send_request(query).await?;
            let received = (clocks.boot)();
            status = Some(response.status());
            read(response, sent, received).await
        };
        let mut dialogue = pin!(dialogue);
        tokio::select! {
            biased;
            answer = &mut dialogue => answer,
            // When the connection ends, the waiting exchange gets the rest of the answer, or the error.
            _ended = &mut connection => dialogue.await,
        }
    };
    match timeout_at(deadline, run).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let (kind, detail) = classify(&error, status);
            Err(SendError { kind, detail, status })
        }
        Err(_) => {
            let detail = match status {
                Some(status) => {
                    format!("connected, but the answer (status {status}) was not complete in time")
                }
                None => "connected, but no answer arrived in time".to_owned(),
            };
            Err(SendError { kind: FailureKind::ResponseTimeout, detail, status })
        }
    }
}

async fn read(
    response: Response<Incoming>,
    sent: Duration,
    received: Duration,
) -> Result<Answer, hyper::Error> {
    let (head, mut incoming) = response.into_parts();
    let open_ended = !head.headers.contains_key(header::CONTENT_LENGTH)
        && !head.headers.contains_key(header::TRANSFER_ENCODING);
    let mut body = Vec::new();
    while body.len() < MOST_BODY {
        match incoming.frame().await {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    body.extend(data.iter().take(MOST_BODY.saturating_sub(body.len())));
                }
            }
            // Many servers end a TLS connection without close_notify when they mark the end of an answer only
            // by closing.
            Some(Err(error)) if open_ended && ended_abruptly(&error) => break,
            Some(Err(error)) => return Err(error),
            None => break,
        }
    }
    Ok(Answer { status: head.status, headers: head.headers, body, sent, received })
}

/// Opens a tunnel to `target` (`host:port`) through the proxy at the other end of `stream`.
pub(crate) async fn tunnel(
    stream: TcpStream,
    target: &str,
    deadline: Instant,
) -> Result<TcpStream, SendError> {
    let trouble = |kind, detail: String, status| SendError { kind, detail, status };
    let query = request(Method::CONNECT, target, target)
        .map_err(|error| trouble(FailureKind::Proxy, format!("no CONNECT can be formed: {error}"), None))?;
    let run = async {
        let (mut sender, connection) = client().handshake(TokioIo::new(stream)).await?;
        let mut connection = pin!(connection.with_upgrades());
        let dialogue = async {
            let mut response = sender.send_request(query).await?;
            let status = response.status();
            if !status.is_success() {
                return Ok((status, None));
            }
            Ok((status, Some(hyper::upgrade::on(&mut response).await?)))
        };
        let mut dialogue = pin!(dialogue);
        tokio::select! {
            biased;
            answer = &mut dialogue => answer,
            _ended = &mut connection => dialogue.await,
        }
    };
    match timeout_at(deadline, run).await {
        Ok(Ok((_, Some(upgraded)))) => match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io.into_inner()),
            Ok(_) | Err(_) => Err(trouble(
                FailureKind::Proxy,
                "the other end of the tunnel sent data first, which no TLS server does".to_owned(),
                None,
            )),
        },
        Ok(Ok((StatusCode::PROXY_AUTHENTICATION_REQUIRED, None))) => Err(trouble(
            FailureKind::Proxy,
            AUTHENTICATION.to_owned(),
            Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED),
        )),
        Ok(Ok((status, None))) => Err(trouble(
            FailureKind::Proxy,
            format!("it refuses to connect to {target}: status {status}"),
            Some(status),
        )),
        Ok(Err(error)) => {
            let (kind, detail) = classify(&error, None);
            Err(trouble(kind, detail, None))
        }
        Err(_) => Err(trouble(
            FailureKind::ResponseTimeout,
            format!("connected, but no answer to CONNECT {target} arrived in time"),
            None,
        )),
    }
}

/// The message if a proxy answers 407.
pub(crate) const AUTHENTICATION: &str = "it asks for credentials (status 407), and the exporter never sends any; \
    whether the agent's are accepted is not known";

fn client() -> http1::Builder {
    let mut client = http1::Builder::new();
    client.max_buf_size(MOST_HEAD);
    client
}

fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref() {
            return Some(io);
        }
        source = cause.source();
    }
    None
}

fn ended_abruptly(error: &hyper::Error) -> bool {
    io_cause(error).is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof)
}

fn classify(error: &hyper::Error, status: Option<StatusCode>) -> (FailureKind, String) {
    let when = match status {
        Some(status) => format!("in the middle of its answer (status {status})"),
        None => "without an answer".to_owned(),
    };
    let cause = io_cause(error);
    if let Some(tls) = cause.and_then(tls_error) {
        return (FailureKind::Tls, format!("TLS broke off {when}: {tls}"));
    }
    let detail = if error.is_parse_too_large() {
        "the answer's head is larger than any server's should be".to_owned()
    } else if error.is_parse() {
        format!("the answer is not HTTP ({error})")
    } else {
        match cause.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                format!("the connection was reset {when}")
            }
            Some(io::ErrorKind::UnexpectedEof) | None => format!("the connection was closed {when}"),
            Some(_) => format!("the connection broke {when} ({error})"),
        }
    };
    (FailureKind::UnexpectedResponse, detail)
}
