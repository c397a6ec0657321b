//! An agent that lives and does nothing.

use crate::support::{Host, layouts::*};

const STATE: &str = "/usr/local/ilogtail/snapshot/ilogtail_status.LOG";
const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";

/// Logtail has run since the machine's start, as far as the kernel tells: nobody waits for it to become old.
fn has_run_for_long(host: &Host) {
    // It was there before.
    host.sh(&format!("touch -d 2020-01-01 {CONFIG}"));
    for pid in host.pids("ilogtail") {
        host.sh(&format!(
            "sed -E 's/^(([^ ]+ ){{21}})[^ ]+/\\1100/' /proc/{pid}/stat >/run/stat-{pid}\nmount --bind /run/stat-{pid} /proc/{pid}/stat"
        ));
    }
}

/// What it writes was last written so many seconds ago.
fn written(host: &Host, state: u32, log: u32) {
    for (path, age) in [(STATE, state), (LOG, log)] {
        host.write(path, "");
        host.sh(&format!("touch -d '-{age} seconds' {path}"));
    }
}

/// Logtail that has stopped to write for long enough.
pub(crate) fn make(host: &Host) {
    let uptime = host.read("/proc/uptime");
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    assert!(uptime > 410.0, "this machine has been up for {uptime} s, and nothing on it is older than that");
    has_run_for_long(host);
    written(host, 400, 400);
}

#[test]
fn one_that_writes_neither_state_nor_log_hangs_until_it_is_restarted() {
    let host = Host::with_logtail();
    make(&host);
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&["processes failing worker_hung"]);
    host.restart_logtail();
    exporter.shows(&[]);
}

#[test]
fn a_quiet_log_alone_or_a_quiet_state_alone_is_none() {
    for (state, log) in [(30, 400), (400, 30)] {
        let host = Host::with_logtail();
        make(&host);
        written(&host, state, log);
        let exporter = host.exporter_of(EXPECT_ALL);
        exporter.shows(&[]);
        exporter.until_evaluated();
        exporter.shows(&[]);
    }
}

#[test]
fn what_an_earlier_process_wrote_says_nothing_of_this_one() {
    let host = Host::with_logtail();
    written(&host, 400, 400);
    host.exporter_of(EXPECT_ALL).shows(&[]);
}

#[test]
fn a_liveness_endpoint_is_asked_and_one_that_does_not_answer_for_a_moment_is_no_fault() {
    let host = Host::with_logtail();
    host.restart_logtail_with(&[
        ("STAND_IN_VERSION", "loongcollector_version=3.1.4"),
        ("HTTP_PROBE_PORT", "7953"),
    ]);
    make(&host);
    host.remove(STATE);
    // Connections are accepted by the kernel, and nobody answers.
    let silent = host.listen(7953);
    let flags = ["--probe.timeout=1s", "--probe.interval=1s"];
    let exporter = host.exporter_with(crate::support::User::Root, Some(EXPECT_ALL), &flags);
    let mut asked = silent.accept().unwrap().0;
    let mut head = [0; 23];
    std::io::Read::read_exact(&mut asked, &mut head).unwrap();
    assert_eq!(&head[..], b"GET /liveness HTTP/1.1\r");
    // It is asked again, and the first time had its verdict by then.
    let _again = silent.accept().unwrap();
    exporter.shows(&[]);
}
