//! The exporter's own log, with any reader.

use std::{
    io::{PipeWriter, Read as _, Write as _, pipe},
    sync::mpsc,
};

use crate::support::{Host, User, eventually, layouts::*};

/// The default capacity of a pipe.
const PIPE: usize = 64 << 10;

/// A pipe that is completely full, and its other end.
fn full() -> (std::io::PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&vec![b'.'; PIPE]).unwrap();
    (reader, writer)
}

#[test]
fn a_reader_of_the_log_that_stalls_stops_nothing_and_hears_later_what_it_missed() {
    let host = Host::with_logtail();
    let (mut log, stderr) = full();
    let (_unread, stdout) = full();
    let mut exporter = host.exporter_logging_to(stdout, stderr, User::Root, Some(EXPECT_ALL), &[]);
    exporter.shows(&[]);
    let dropped = |exporter: &crate::support::Exporter<'_>| {
        exporter.scrape().value("logagent_log_lines_dropped_total", &[]).unwrap()
    };
    assert!(dropped(&exporter) < 1.0);
    // Each is a line: invalid requests are logged at this level.
    eventually("lines are dropped", || {
        for _ in 0..100 {
            let _refused = host.request(10077, "no request", "/", &[]);
        }
        let dropped = dropped(&exporter);
        if dropped > 0.0 { Ok(()) } else { Err(dropped.to_string()) }
    });
    exporter.until_evaluated();
    host.kill_all("ilogtail");
    exporter.until("a fault that shows", |seen| !seen.verdict().is_empty());

    let (told, heard) = mpsc::channel();
    let listener = std::thread::spawn(move || {
        let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
        while let Ok(length @ 1..) = log.read(&mut bytes) {
            all.extend_from_slice(&bytes[..length]);
            if String::from_utf8_lossy(&all).contains("log lines were dropped") {
                told.send(()).unwrap();
                return log;
            }
        }
        panic!("the log ended: {}", String::from_utf8_lossy(&all));
    });
    // Lines that come after the reader has resumed.
    eventually("the log says what was dropped", || {
        let _refused = host.request(10077, "no request", "/", &[]);
        heard.try_recv().map_err(|error| error.to_string())
    });
    drop(listener.join().unwrap());
    exporter.signal("TERM");
    assert_eq!(exporter.ends().0, Some(0));
}

#[test]
fn the_end_does_not_wait_for_a_reader_of_the_log_for_ever() {
    let host = Host::with_logtail();
    let (_unread, stderr) = full();
    let (_unread_either, stdout) = full();
    let mut exporter = host.exporter_logging_to(stdout, stderr, User::Root, Some(EXPECT_ALL), &[]);
    exporter.signal("TERM");
    assert_eq!(exporter.ends().0, Some(0));
}
