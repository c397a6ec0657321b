//! What this program also plays on its machine: agents, a service that answers, a bare server.

use std::{
    convert::Infallible,
    fs,
    io::{BufRead as _, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::UNIX_EPOCH,
};

use http_body_util::Full;
use hyper::{Response, body::Bytes, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::clock::TrueTime;

/// Plays the part that the arguments name; false: none.
pub(crate) fn play(arguments: &[String]) -> bool {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let name = words.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    match (name, words.get(1..).unwrap_or_default()) {
        ("ilogtail", []) => daemon(),
        ("ilogtail" | "shipper", _) => loop {
            thread::park();
        },
        (_, ["--answer", address]) => answer(address),
        (_, ["--hyper", port, body, head]) => hyper(port, body, head),
        _ => return false,
    }
    true
}

/// Starts a worker for each line that it is given, and collects those that ended.
fn daemon() {
    for _order in std::io::stdin().lock().lines() {
        let worker =
            Command::new("/usr/local/ilogtail/ilogtail").arg("worker").stdin(Stdio::null()).spawn().unwrap();
        thread::spawn(move || {
            let mut worker = worker;
            worker.wait().unwrap();
        });
    }
}

/// Answers every request by 200, with the time as it was when this began: steps of the clock are not followed.
fn answer(address: &str) {
    let clock = TrueTime::is_now();
    let listener = TcpListener::bind(address).unwrap();
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        thread::spawn(move || {
            let mut request = [0; 4096];
            while stream.read(&mut request).is_ok_and(|length| length > 0) {
                let date = httpdate::fmt_http_date(UNIX_EPOCH + clock.now());
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"
                );
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        });
    }
}

/// The least that a server on hyper can be: answers every request with the bytes of a file.
fn hyper(port: &str, body: &str, content_type: &str) {
    let body = Bytes::from(fs::read(body).unwrap());
    let content_type = content_type.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (body, content_type) = (body.clone(), content_type.clone());
            let service = service_fn(move |_request| {
                let answer = Response::builder()
                    .header(header::CONTENT_TYPE, content_type.as_str())
                    .header(header::CONTENT_ENCODING, "gzip")
                    .body(Full::new(body.clone()))
                    .unwrap();
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}
