//! `make demo`: Logtail, the exporter, Prometheus with the rules, Alertmanager with the example's routes and a
//! receiver, on an isolated machine that can be broken on demand.
//!
//! * `up SOCKET`: creates the machine, and serves until it is stopped. Prometheus, Alertmanager and the exporter's page
//!   answer on
//!   the loopback interface of the real machine.
//! * `ask SOCKET break CAUSE`: provokes a cause, and follows it until the notification arrives. The machine stays
//!   broken.
//! * `ask SOCKET heal`: undoes it, and follows it until the alert is resolved.
//! * `ask SOCKET causes`: lists what can be broken.
//! * `ask SOCKET stop`: ends it.
//!
//! Not a test, but built as one: only tests get the path of the exporter's binary.

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
    Exporter, Host,
    breakages::{BREAKAGES, Breakage},
    eventually,
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
            eprintln!("usage: demo up SOCKET | demo ask SOCKET (break CAUSE | heal | causes | stop)");
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
            // The reader may have stopped; the host is healed anyway.
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
    let ports_of = [("Exporter", EXPORTER), ("Prometheus", PROMETHEUS), ("Alertmanager", ALERTMANAGER)];
    for (name, port) in ports_of {
        let network = Arc::clone(&network);
        println!("{name:13}http://127.0.0.1:{}/", forwarded(move || network.enter(), port));
    }
    let listener = UnixListener::bind(socket).unwrap();
    println!("ready");
    let mut broken: Option<&Breakage> = None;
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
            ["causes"] => {
                for Breakage { cause, what, .. } in BREAKAGES {
                    let _told = writeln!(out, "{cause:28}{what}");
                }
                let _told = writeln!(out, "done");
            }
            ["heal"] => {
                let Some(breakage) = broken.take() else {
                    let _told = writeln!(
                        out,
                        "Nothing is broken. Break something:  make demo-break CAUSE=worker_missing\ndone"
                    );
                    continue;
                };
                let answer = last(heal(&host, &paging, breakage, &mut out));
                let _told = writeln!(out, "{answer}");
            }
            ["break", cause] => {
                let Some(breakage) = BREAKAGES.iter().find(|breakage| breakage.cause == *cause) else {
                    let causes: Vec<&str> = BREAKAGES.iter().map(|breakage| breakage.cause).collect();
                    let _told = writeln!(out, "CAUSE is one of {}", causes.join(", "));
                    continue;
                };
                if let Some(Breakage { cause, .. }) = broken {
                    let _told = writeln!(out, "Still broken by {cause}. Heal it first:  make demo-heal");
                    continue;
                }
                // Restarts that healed the last fault must not count towards a crash loop with this one.
                drop(exporter.take());
                exporter = Some(host.exporter_of(EXPECT_ALL));
                paging.clear();
                broken = Some(breakage);
                let seen = exporter.as_ref().map_or(Ok(()), |exporter| {
                    break_it(&host, exporter, breakage, &mut out)?;
                    page(&paging, breakage, &mut out)
                });
                let answer = last(seen);
                let _told = writeln!(out, "{answer}");
            }
            ["status"] => drop(writeln!(out, "done")),
            _ => {}
        }
    }
    let _gone = std::fs::remove_file(socket);
    ExitCode::SUCCESS
}

/// The last line of an answer.
fn last(seen: Result<(), String>) -> String {
    seen.map_or_else(|error| format!("failed: {error}"), |()| "done".to_owned())
}

fn tell(out: &mut impl Write, text: &str) -> Result<(), String> {
    writeln!(out, "{text}").map_err(|error| error.to_string())
}

/// Breaks the machine, and waits until the exporter says so.
fn break_it(
    host: &Host,
    exporter: &Exporter<'_>,
    breakage: &Breakage,
    out: &mut impl Write,
) -> Result<(), String> {
    tell(out, &format!("Broken: {}.", breakage.what))?;
    (breakage.provoke)(host);
    tell(out, "Waiting for the exporter …")?;
    let cause = [("cause", breakage.cause)];
    eventually("the exporter reports the cause", || {
        exporter.scrape().value("logagent_problem", &cause).map(drop).ok_or_else(|| "not yet".to_owned())
    });
    let series = format!("logagent_problem{{cause=\"{}\"}} 1", breakage.cause);
    tell(out, &format!("The exporter shows {series}"))
}

/// Follows an active cause until its notification.
fn page(paging: &Paging, breakage: &Breakage, out: &mut impl Write) -> Result<(), String> {
    let alert = breakage.alert;
    tell(
        out,
        &format!(
            "Waiting for Prometheus, which scrapes and evaluates the rule {alert}, and for Alertmanager …"
        ),
    )?;
    let told = paging.until(breakage.cause, "firing")?;
    tell(out, &format!("\n{}\n", shown(&told)))?;
    tell(out, "It stays broken: look at the pages that `make demo` printed. Heal it:  make demo-heal")
}

/// Undoes the fault, and follows it until the resolution is notified.
fn heal(host: &Host, paging: &Paging, breakage: &Breakage, out: &mut impl Write) -> Result<(), String> {
    paging.clear();
    (breakage.undo)(host);
    tell(
        out,
        &format!("Undoing this: {}.\nWaiting for Alertmanager to say that it is resolved …", breakage.what),
    )?;
    let told = paging.until(breakage.cause, "resolved")?;
    tell(out, &format!("\n{}", shown(&told)))
}

/// A notification, formatted for people.
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

/// Forwards a port of the real machine's loopback interface to the same port in the network that `enter` takes a thread
/// into; returns the port.
fn forwarded(enter: impl Fn() + Clone + Send + 'static, port: u16) -> u16 {
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
    // Either side may close at any time.
    let _copied = std::io::copy(&mut from, &mut to);
    let _closed = to.shutdown(std::net::Shutdown::Write);
}
