//! The HTTP server: serves what is published. No request reads the host, waits for an evaluation, or starts one.

mod connection;
mod deadline;
mod events;
mod host;
mod listen;
mod listener;
mod negotiation;
mod security;
mod transport;

use std::{fmt, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::{Body, Bytes},
    header::{
        ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
        HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
    http::request::Parts,
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::{
    negotiation::{Format, LastChoice},
    security::{Active, Admission},
};
use crate::{
    model::{report::Report, text::quoted},
    publish::{Published, Verdict, json, page, text},
};

pub use self::{
    deadline::Limits,
    host::AllowedHosts,
    listen::serve,
    listener::{Listener, bind, bind_unix, inherited},
    security::Security,
};

/// A request to load the config file again; the answer is the error's text, or success.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

const PLAIN: &str = "text/plain; charset=utf-8";

/// The largest request body that is read (and ignored).
const LARGEST_BODY: u64 = 64 * 1024;

/// What the server serves, and to whom.
pub struct Server {
    /// Where the metrics are; `/metrics` by default.
    pub telemetry_path: String,
    /// The age of the last evaluation from which `/-/healthy` answers 503: three intervals.
    pub max_age: Duration,
    /// The newest report.
    pub published: watch::Receiver<Arc<Published>>,
    /// The receiver of reload requests; `None`: reloads over HTTP are disabled.
    pub reload: Option<mpsc::Sender<ReloadRequest>>,
    /// TLS, passwords and headers.
    pub security: Security,
    /// The names that a browser may know this host by.
    pub allowed_hosts: AllowedHosts,
    /// The boot clock, as [`Published::evaluated_at`] counts.
    pub now: Box<dyn Fn() -> Duration + Send + Sync>,
    /// The limits for clients.
    pub limits: Limits,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("telemetry_path", &self.telemetry_path).finish_non_exhaustive()
    }
}

/// What the answers of all connections share.
struct Common {
    /// A permit for each stream of events.
    streams: Arc<Semaphore>,
    last_choice: LastChoice,
}

type Answer = Response<Either<Full<Bytes>, events::Stream>>;

impl Server {
    /// Answers one request; for a trusted client without authentication.
    async fn answer<B: Body + Unpin>(&self, request: Request<B>, trusted: bool, common: &Common) -> Answer {
        let (head, body) = request.into_parts();
        let active = self.security.current().await;
        let mut answer = match self.refusal(&head, &active, trusted).await {
            Some(refusal) => refusal,
            None if !drained(body).await => plain(StatusCode::PAYLOAD_TOO_LARGE, "request body too large\n"),
            None if trusted && head.uri.path() == "/-/check" => {
                self.check(head.uri.query().unwrap_or_default())
            }
            None => self.routed(&head, common).await,
        };
        active.set_headers(answer.headers_mut());
        answer
    }

    /// Why a request is rejected.
    async fn refusal(&self, head: &Parts, active: &Active, trusted: bool) -> Option<Answer> {
        if !host::is_single(head) {
            let mut answer = plain(StatusCode::BAD_REQUEST, "a request must have exactly one Host header\n");
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return Some(answer);
        }
        if trusted {
            return None;
        }
        if !self.security.is_within_rate(active) {
            return Some(plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n"));
        }
        match self.security.judge(active, &head.headers).await {
            Admission::Granted => {}
            Admission::Refused => {
                let mut answer = plain(StatusCode::UNAUTHORIZED, "Unauthorized\n");
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                return Some(answer);
            }
            Admission::Busy => {
                let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "too many passwords to check\n");
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
                return Some(answer);
            }
        }
        if host::is_from_browser(&head.headers) && !self.allowed_hosts.allow(head) {
            let text = "this host is not known by that name; allow it with --web.allowed-host\n";
            return Some(plain(StatusCode::MISDIRECTED_REQUEST, text));
        }
        None
    }

    /// The diagnosis as `check` prints it: for clients of the exporter's own socket.
    fn check(&self, query: &str) -> Answer {
        let value = |key: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, v)| v)
        };
        let language = negotiation::language(Some(query), &HeaderMap::new());
        let mut report = Report::clone(self.published.borrow().report());
        if let Some(name) = value("agent").map(decoded) {
            if !report.agents.iter().any(|agent| *agent.name == *name) {
                let names: Vec<&str> = report.agents.iter().map(|agent| &*agent.name).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let text = format!("no agent {} is watched, only {known}\n", quoted(&name));
                return plain(StatusCode::NOT_FOUND, text);
            }
            report.agents.retain(|agent| *agent.name == *name);
        }
        let mut out = String::new();
        if value("format") == Some("json") {
            out = format!("{:#}\n", json::document(&report, language));
        } else {
            let style = text::Style {
                language,
                colour: value("colour") == Some("1"),
                verbose: value("verbose") == Some("1"),
                columns: value("columns").and_then(|columns| columns.parse().ok()).unwrap_or(text::COLUMNS),
                source: Some(text::Source::RunningExporter),
            };
            let written = text::diagnosis(&report, style, &mut out);
            written.expect("writing to memory cannot fail");
        }
        let mut answer = plain(StatusCode::OK, out);
        let verdict = HeaderValue::from(u16::from(Verdict::of(&report).code()));
        answer.headers_mut().insert("logagent-verdict", verdict);
        answer
    }

    async fn routed(&self, head: &Parts, common: &Common) -> Answer {
        let path = head.uri.path();
        if path == "/-/reload" {
            return match head.method {
                Method::POST | Method::PUT => self.reload(head).await,
                _ => not_allowed("POST, PUT"),
            };
        }
        let language = || negotiation::language(head.uri.query(), &head.headers);
        let published = Arc::clone(&self.published.borrow());
        let route: &dyn Fn() -> Answer = match path {
            path if path == self.telemetry_path => {
                &|| metrics(&published, common.last_choice.of(&head.headers))
            }
            "/" => &|| html(published.page(language(), &self.telemetry_path)),
            "/api/v1/report" => &|| {
                let mut answer = answer(StatusCode::OK, "application/json", published.json(language()));
                answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Language"));
                answer
            },
            "/api/v1/events" => &|| self.events(head, &common.streams),
            "/-/healthy" => &|| self.healthy(&published),
            "/-/ready" => &|| ready(&published),
            _ => return plain(StatusCode::NOT_FOUND, "not found\n"),
        };
        match head.method {
            Method::GET | Method::HEAD => route(),
            _ => not_allowed("GET, HEAD"),
        }
    }

    fn events(&self, head: &Parts, streams: &Arc<Semaphore>) -> Answer {
        let Some(stream) = events::Stream::open(streams, &self.published) else {
            let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "too many event streams\n");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
            return answer;
        };
        let mut answer = answer(StatusCode::OK, "text/event-stream", Bytes::new());
        // A proxy that buffers the stream would delay it.
        answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        if head.version < Version::HTTP_2 {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        *answer.body_mut() = Either::Right(stream);
        answer
    }

    fn healthy(&self, published: &Published) -> Answer {
        let age = (self.now)().saturating_sub(published.evaluated_at());
        if age > self.max_age {
            plain(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the last evaluation is {} seconds old\n", age.as_secs()),
            )
        } else {
            plain(StatusCode::OK, "healthy\n")
        }
    }

    async fn reload(&self, head: &Parts) -> Answer {
        let Some(reload) = &self.reload else {
            return plain(StatusCode::FORBIDDEN, "Lifecycle API is not enabled.\n");
        };
        if host::is_cross_site(head) {
            return plain(StatusCode::FORBIDDEN, "a page of another site may not ask for a reload\n");
        }
        let (sender, receiver) = oneshot::channel();
        let asked = async {
            reload.send(sender).await.ok()?;
            receiver.await.ok()
        };
        match tokio::time::timeout(self.limits.answer, asked).await {
            Ok(Some(Ok(()))) => plain(StatusCode::OK, "reloaded\n"),
            Ok(Some(Err(error))) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
            Ok(None) => plain(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n"),
            Err(_elapsed) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the reload has not finished yet\n"),
        }
    }
}

/// A query parameter, percent-decoded.
fn decoded(written: &str) -> String {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let encoded = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = encoded.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
        bytes.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads the body, so that the answer is not lost in a connection reset; false if it is too large.
async fn drained<B: Body + Unpin>(mut body: B) -> bool {
    if body.size_hint().lower() > LARGEST_BODY {
        return false;
    }
    let mut left = LARGEST_BODY;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return true };
        let size = frame.data_ref().map_or(0, hyper::body::Buf::remaining);
        match u64::try_from(size).ok().and_then(|size| left.checked_sub(size)) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    true
}

fn metrics(published: &Published, (format, gzip): (Format, bool)) -> Answer {
    let body = match format {
        Format::Text => published.text(gzip),
        Format::OpenMetrics => published.openmetrics(gzip),
    };
    let mut answer = answer(StatusCode::OK, format.content_type(), body);
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if gzip {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

fn html(body: Bytes) -> Answer {
    let mut answer = answer(StatusCode::OK, "text/html; charset=utf-8", body);
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::content_security_policy()));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

fn ready(published: &Published) -> Answer {
    if published.report().complete {
        plain(StatusCode::OK, "ready\n")
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, "the first evaluation is still running\n")
    }
}

fn not_allowed(allowed: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    answer(status, PLAIN, text.into())
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests;
