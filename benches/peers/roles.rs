//! Other roles of this program on its machine: agents, a service that answers, a process that keeps a core busy.

use std::{
    io::{BufRead as _, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::UNIX_EPOCH,
};

use crate::clock::TrueTime;

/// Runs the role that the arguments name; false if they name none.
pub(crate) fn play(arguments: &[String]) -> bool {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let name = words.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    match (name, words.get(1..).unwrap_or_default()) {
        ("ilogtail", []) => daemon(),
        ("ilogtail" | "shipper", _) => loop {
            thread::park();
        },
        (_, ["--answer", address]) => answer(address),
        (_, ["--busy"]) => busy(),
        _ => return false,
    }
    true
}

/// Starts a worker for each line of its input, and reaps those that ended.
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

/// Answers every request by 200 as the log service does, with the time as it was when this began: steps of the clock are not
/// followed.
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
                    "HTTP/1.1 200 OK\r\ndate: {date}\r\nx-log-requestid: 5DD39230BE9910FC6CF17609\r\n\
                     content-length: 2\r\ncontent-type: text/plain\r\n\r\nok"
                );
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        });
    }
}

/// Keeps a core busy.
fn busy() {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
