//! A minimal server on hyper: answers every request with the bytes of a file. Built like a release, it is the baseline
//! for the exporter's throughput.
//!
//! `bare-server PORT FILE CONTENT_TYPE`

#![expect(clippy::unwrap_used, reason = "a part of a benchmark, which cannot go on where something fails")]

use std::{convert::Infallible, env, fs};

use http_body_util::Full;
use hyper::{Response, body::Bytes, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

fn main() {
    let mut arguments = env::args().skip(1);
    // As an example it may be run without arguments.
    let (Some(port), Some(body), Some(content_type)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return;
    };
    let body = Bytes::from(fs::read(body).unwrap());
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
