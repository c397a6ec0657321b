//! An agent that is alive but does nothing.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::support::{Exporter, Host, User, layouts::*};

const STATE: &str = "/usr/local/ilogtail/snapshot/ilogtail_status.LOG";
const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";

/// What it writes was last written this many seconds before now, which is 400 seconds after it was started.
fn written(host: &Host, state: u32, log: u32) {
    for (path, age) in [(STATE, state), (LOG, log)] {
        host.write(path, "");
        host.sh(&format!("touch -d '+{} seconds' {path}", 400 - age));
    }
}

/// Logtail that has not written for long enough.
pub(crate) fn make(host: &Host) {
    // It was there before.
    host.sh(&format!("touch -d 2020-01-01 {CONFIG}"));
    written(host, 400, 400);
    host.make_time_pass();
    host.passed(400);
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
    make(&host);
    host.restart_logtail();
    host.exporter_of(EXPECT_ALL).shows(&[]);
}

/// LoongCollector 3 that has just started, and stops writing about itself; `endpoint` is the state of its liveness
/// endpoint.
fn loongcollector(host: &Host) {
    host.restart_logtail_with(&[
        ("STAND_IN_VERSION", "loongcollector_version=3.1.4"),
        ("HTTP_PROBE_PORT", "7953"),
    ]);
    // Only what was written since the process was started counts.
    host.sh(&format!("touch -d 2020-01-01 {CONFIG}"));
    host.write(LOG, "");
    host.make_time_pass();
}

fn exporter(host: &Host) -> Exporter<'_> {
    host.exporter_with(User::Root, Some(EXPECT_ALL), &["--probe.timeout=1s", "--probe.interval=1s"])
}

/// The agent's liveness endpoint.
struct Liveness {
    listener: Arc<TcpListener>,
    answers: Arc<AtomicBool>,
    asked: mpsc::Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Liveness {
    fn of(host: &Host, answers: bool) -> Self {
        let listener = Arc::new(host.listen(7953));
        let answers = Arc::new(AtomicBool::new(answers));
        let (told, asked) = mpsc::channel();
        let (accepting, answering) = (Arc::clone(&listener), Arc::clone(&answers));
        let thread = thread::spawn(move || {
            let mut unanswered = Vec::new();
            while let Ok((mut stream, _)) = accepting.accept() {
                let mut head = [0; 23];
                // The client may have given up.
                if stream.read_exact(&mut head).is_err() {
                    continue;
                }
                if answering.load(Ordering::SeqCst) {
                    drop(
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
                    );
                } else {
                    unanswered.push(stream);
                }
                drop(told.send(String::from_utf8_lossy(&head).into_owned()));
            }
        });
        Self { listener, answers, asked, thread: Some(thread) }
    }

    /// It was asked twice more, so the exporter has the result of the first request.
    fn until_judged(&self) {
        while self.asked.try_recv().is_ok() {}
        for _ in 0..2 {
            let asked = self.asked.recv_timeout(Duration::from_secs(30)).expect("it is asked");
            assert_eq!(asked, "GET /liveness HTTP/1.1\r");
        }
    }
}

impl Drop for Liveness {
    fn drop(&mut self) {
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn one_whose_liveness_endpoint_is_silent_for_five_minutes_hangs_until_it_answers() {
    let host = Host::with_logtail();
    loongcollector(&host);
    let liveness = Liveness::of(&host, false);
    let exporter = exporter(&host);
    liveness.until_judged();
    // It has only just started.
    exporter.shows(&[]);
    host.passed(270);
    exporter.shows(&[]);
    host.passed(330);
    exporter.shows(&["processes failing worker_hung"]);
    let problem = &exporter.report()["agents"][0]["prerequisites"][1]["problems"][0];
    assert_eq!(problem["evidence"][0]["value"], "no answer from its liveness endpoint", "{problem}");
    // A log that continues shows that it works.
    host.sh(&format!("touch -d '+330 seconds' {LOG}"));
    exporter.shows(&[]);
    host.write(LOG, "");
    exporter.shows(&["processes failing worker_hung"]);
    liveness.answers.store(true, Ordering::SeqCst);
    exporter.shows(&[]);
}

#[test]
fn one_that_hangs_by_its_liveness_endpoint_is_told_until_it_is_restarted() {
    let host = Host::with_logtail();
    loongcollector(&host);
    let liveness = Liveness::of(&host, false);
    let exporter = exporter(&host);
    liveness.until_judged();
    host.passed(330);
    exporter.shows(&["processes failing worker_hung"]);
    // What the previous process wrote says nothing about this one.
    host.restart_logtail_with(&[
        ("STAND_IN_VERSION", "loongcollector_version=3.1.4"),
        ("HTTP_PROBE_PORT", "7953"),
    ]);
    exporter.shows(&[]);
    liveness.until_judged();
    exporter.shows(&[]);
}

#[test]
fn one_whose_liveness_endpoint_answers_lives_however_quiet_its_log() {
    let host = Host::with_logtail();
    loongcollector(&host);
    let liveness = Liveness::of(&host, true);
    let exporter = exporter(&host);
    liveness.until_judged();
    for minutes in [6, 60] {
        host.passed(60 * minutes);
        liveness.until_judged();
        exporter.shows(&[]);
    }
    // An agent without such an endpoint is not judged by it.
    drop(liveness);
    host.passed(60 * 120);
    exporter.until_evaluated();
    exporter.shows(&[]);
}
