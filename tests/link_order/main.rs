//! `make link-order`: prints the names of all functions that a running exporter uses, in the order of their first use.
//!
//! What is used then lies together in the program, so that less of it is in memory. Not a test, but built as one: it needs the
//! tests' machine. `LINK_ORDER_EXPORTER` is the exporter, with its symbols.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "a tool for whoever maintains the exporter"
)]

#[expect(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;

use std::{env, path::Path, process::Command};

use support::{Host, Seen, eventually, layouts::*};

const PORT: u16 = 10077;
const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0";

fn main() {
    let program = env::var("LINK_ORDER_EXPORTER").expect("LINK_ORDER_EXPORTER");
    assert!(Path::new(&program).is_absolute(), "LINK_ORDER_EXPORTER is absolute");
    let host = Host::with_logtail();
    let names =
        Command::new("nm").args(["--defined-only", &program]).output().expect("nm (package binutils)");
    host.write("/run/names", names.stdout);
    host.write("/run/first_runs.py", include_str!("first_runs.py"));
    host.write("/etc/logagent-exporter.yml", EXPECT_ALL);
    let mut exporter = host
        .command("/", "python3")
        .args(["/run/first_runs.py", "/run/names", "/run/order", &program])
        .args(["--config.file=/etc/logagent-exporter.yml", "--evaluation.interval=1s"])
        .args(["--probe.interval=2s", "--probe.timeout=1s"])
        .stdout(std::io::stderr())
        .spawn()
        .expect("python3 starts");
    work(&host);
    let running = host.named("logagent-export");
    host.signal("TERM", running.first().expect("the exporter runs").pid);
    assert!(exporter.wait().unwrap().success(), "the exporter failed");
    print!("{}", host.read("/run/order"));
}

/// What an exporter does all day, and what it is there for.
fn work(host: &Host) {
    for _ in 0..3 {
        evaluated_again(host);
        host.kill_all("ilogtail");
        evaluated_again(host);
        host.start_logtail();
        let good = host.read(CONFIG);
        host.write(CONFIG, "{");
        evaluated_again(host);
        host.write(CONFIG, good);
        host.ip("address del 172.16.2.200/24 dev eth0");
        evaluated_again(host);
        host.ip("address add 172.16.2.200/24 dev eth0");
        evaluated_again(host);
    }
}

/// Waits for three more evaluations by the timer, which has the probes' answers meanwhile.
fn evaluated_again(host: &Host) {
    let mut first = None;
    eventually("three more evaluations", || {
        for headers in
            [&[][..], &["Accept-Encoding: gzip"], &[OPENMETRICS], &[OPENMETRICS, "Accept-Encoding: gzip"]]
        {
            host.request(PORT, "GET", "/metrics", headers)?;
        }
        let seen = Seen::parse(host.request(PORT, "GET", "/metrics", &[])?.text());
        let done = seen.value("logagent_evaluations_total", &[("trigger", "timer")]).unwrap_or(0.0);
        if done >= *first.get_or_insert(done) + 3.0 { Ok(()) } else { Err(format!("{done}")) }
    });
}
