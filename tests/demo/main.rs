//! `make demo`: Logtail, the exporter, Prometheus with the rules, Alertmanager with the example's routes and a receiver, on a
//! machine of their own that can be broken on demand.
//!
//! * `up SOCKET`: makes the machine, and serves until told to stop. Prometheus, Alertmanager and the exporter's page answer on
//!   the loopback interface of the real machine.
//! * `ask SOCKET break CAUSE`: provokes a cause, follows it until the page arrives, undoes it, and follows it to its end.
//! * `ask SOCKET stop`: ends it.
//!
//! Not a test, but built as one: only tests are told where the exporter's binary is.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed demonstration may panic"
)]
#![expect(clippy::float_cmp, reason = "0 and 1 are told as they are")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to whoever runs it")]

#[expect(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;

use std::{
    env,
    io::{BufRead as _, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
};

use serde_json::Value;
use support::{
    Host,
    breakages::{BREAKAGES, Breakage},
    layouts::EXPECT_ALL,
    paging::{ALERTMANAGER, PROMETHEUS, Paging},
};

const EXPORTER: u16 = 10077;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up", socket] => up(Path::new(socket)),
        ["ask", socket, request @ ..] => ask(Path::new(socket), &request.join(" ")),
        _ => {
            eprintln!("usage: demo up SOCKET | demo ask SOCKET (break CAUSE | stop)");
            ExitCode::from(2)
        }
    }
}

/// Sends a request, and prints the answer until its last line, which is `done` or `failed: …`.
fn ask(socket: &Path, request: &str) -> ExitCode {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        eprintln!("the demonstration does not run; start it with: make demo");
        return ExitCode::FAILURE;
    };
    writeln!(stream, "{request}").unwrap();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match line.as_str() {
            "done" => return ExitCode::SUCCESS,
            // The reader may have seen enough; the host is healed all the same.
            line => drop(writeln!(std::io::stdout(), "{line}")),
        }
    }
    eprintln!("it did not happen as expected");
    ExitCode::FAILURE
}

fn up(socket: &Path) -> ExitCode {
    let _stale = std::fs::remove_file(socket);
    let host = Host::with_logtail();
    let mut exporter = Some(host.exporter_of(EXPECT_ALL));
    let paging = host.paging();
    let network = Arc::new(host.network());
    let doors = [("Exporter", EXPORTER), ("Prometheus", PROMETHEUS), ("Alertmanager", ALERTMANAGER)];
    for (name, port) in doors {
        let network = Arc::clone(&network);
        println!("{name:13}http://127.0.0.1:{}/", door(move || network.enter(), port));
    }
    let listener = UnixListener::bind(socket).unwrap();
    println!("ready");
    for stream in listener.incoming().flatten() {
        let mut request = String::new();
        if BufReader::new(&stream).read_line(&mut request).is_err() {
            continue;
        }
        let mut out = &stream;
        match request.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["stop"] => {
                let _told = writeln!(out, "done");
                break;
            }
            ["break", cause] => {
                let Some(breakage) = BREAKAGES.iter().find(|breakage| breakage.cause == *cause) else {
                    let causes: Vec<&str> = BREAKAGES.iter().map(|breakage| breakage.cause).collect();
                    let _told = writeln!(out, "CAUSE is one of {}", causes.join(", "));
                    continue;
                };
                // Restarts that healed the last fault must not count towards a crash loop with this one.
                drop(exporter.take());
                exporter = Some(host.exporter_of(EXPECT_ALL));
                let last = follow(&host, &paging, breakage, &mut out)
                    .map_or_else(|error| format!("failed: {error}"), |()| "done".to_owned());
                let _told = writeln!(out, "{last}");
            }
            ["status"] => drop(writeln!(out, "done")),
            _ => {}
        }
    }
    let _gone = std::fs::remove_file(socket);
    ExitCode::SUCCESS
}

fn follow(host: &Host, paging: &Paging, breakage: &Breakage, out: &mut impl Write) -> Result<(), String> {
    let mut tell = |text: &str| writeln!(out, "{text}").map_err(|error| error.to_string());
    paging.clear();
    tell(&format!("Broken: {}.\n", breakage.what))?;
    (breakage.provoke)(host);
    let page = paging.until(breakage.cause, "firing");
    if let Ok(page) = &page {
        tell(&shown(page))?;
    }
    // Also if no page has come: the next one is to find a healthy machine.
    (breakage.undo)(host);
    page?;
    tell("\nUndone.\n")?;
    tell(&shown(&paging.until(breakage.cause, "resolved")?))
}

/// A notification as a person reads it.
fn shown(alert: &Value) -> String {
    let label = |name: &str| alert["labels"][name].as_str().unwrap_or("-");
    let told = |name: &str| alert["annotations"][name].as_str().unwrap_or("-");
    let status = alert["status"].as_str().unwrap_or("-").to_uppercase();
    let head = format!(
        "{status} {} ({}): {}\n  host   {}\n  agent  {}\n  cause  {}",
        label("alertname"),
        label("severity"),
        told("summary"),
        label("instance"),
        label("agent"),
        label("cause"),
    );
    if status == "RESOLVED" {
        return head;
    }
    let fix: Vec<String> = told("fix").lines().map(|line| format!("    {line}")).collect();
    format!("{head}\n  {}\n  fix\n{}\n  {}", told("description"), fix.join("\n"), told("runbook_url"))
}

/// Leads from a port of the real machine's loopback interface to the same of the network that `enter` takes a thread into; the
/// port.
fn door(enter: impl Fn() + Clone + Send + 'static, port: u16) -> u16 {
    // The usual port if it is free.
    let listener = TcpListener::bind(("127.0.0.1", port))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
        .unwrap_or_else(|error| panic!("no port on the loopback interface: {error}"));
    let at = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for outside in listener.incoming().flatten() {
            let enter = enter.clone();
            thread::spawn(move || {
                enter();
                let Ok(inside) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let (Ok(from), Ok(to)) = (outside.try_clone(), inside.try_clone()) else { return };
                thread::spawn(move || copy(from, to));
                copy(inside, outside);
            });
        }
    });
    at
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    // Either side may hang up at any time.
    let _copied = std::io::copy(&mut from, &mut to);
    let _closed = to.shutdown(std::net::Shutdown::Write);
}
