//! Files that grow, are rotated, truncated, replaced, huge, binary, or not regular files.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
};

use super::*;
use crate::{model::Reason, observe::host::testing::Host};

const LOG: &str = "/var/agent.LOG";

struct Log {
    host: Host,
    cursor: Option<Cursor>,
}

impl Log {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let host = Host::new();
        host.file(LOG, content);
        Self { host, cursor: None }
    }

    fn append(&self, content: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.host.at(LOG)).unwrap();
        file.write_all(content.as_ref()).unwrap();
    }

    /// One cycle: the new lines, and how much was skipped.
    fn turn(&mut self) -> (Vec<String>, u64) {
        let mut lines = Vec::new();
        let mut each = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let tail = self.host.look(|files| files.tail(Path::new(LOG), &mut self.cursor, &mut each));
        let skipped = tail.known().unwrap().as_ref().map_or(0, |tail| tail.skipped);
        (lines, skipped)
    }
}

#[test]
fn each_line_is_read_once_and_only_when_it_is_whole() {
    let mut log = Log::new("one\ntwo\nthr");
    assert_eq!(log.turn(), (vec!["one".into(), "two".into()], 0));
    assert_eq!(log.turn().0, Vec::<String>::new());
    log.append("ee\nfour\n");
    assert_eq!(log.turn().0, ["three", "four"]);
    log.append("\n");
    assert_eq!(log.turn().0, [""]);
}

#[test]
fn a_rotated_log_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    for rotated in ["/var/agent.LOG.1", "/var/agent.1.LOG"] {
        let mut log = Log::new("one\n");
        log.turn();
        log.append("two\n");
        fs::rename(log.host.at(LOG), log.host.at(rotated)).unwrap();
        log.append("three\n");
        assert_eq!(log.turn(), (vec!["two".into(), "three".into()], 0), "{rotated}");
    }
    // A log that was rotated to any other name is not searched for.
    let mut log = Log::new("one\n");
    log.turn();
    log.append("two\n");
    fs::rename(log.host.at(LOG), log.host.at("/var/old.gz")).unwrap();
    log.append("three\n");
    assert_eq!(log.turn().0, ["three"]);
}

#[test]
fn a_truncated_log_is_read_from_its_beginning() {
    let mut log = Log::new("one\ntwo\n");
    log.turn();
    log.host.file(LOG, "new\n");
    assert_eq!(log.turn().0, ["new"]);
    // Truncated, and grown beyond where the reading stopped: no line starts in the middle.
    log.host.file(LOG, "a line that is longer\nwhole\n");
    assert_eq!(log.turn().0, ["whole"]);
}

#[test]
fn a_log_that_vanishes_and_comes_back_is_read_on() {
    let mut log = Log::new("one\n");
    log.turn();
    fs::remove_file(log.host.at(LOG)).unwrap();
    let none = log.host.look(|files| files.tail(Path::new(LOG), &mut log.cursor, &mut |_| panic!("no line")));
    assert_eq!(none, Reading::Known(None));
    log.append("two\n");
    assert_eq!(log.turn().0, ["two"]);
}

#[test]
fn of_a_huge_log_the_end_is_read_and_what_is_passed_over_is_counted() {
    let mut log = Log::new("");
    // Sparse: 2 GiB of nothing, as a hole.
    let file = OpenOptions::new().write(true).open(log.host.at(LOG)).unwrap();
    file.set_len(2 << 30).unwrap();
    log.append("\nthe end\n");
    assert_eq!(log.turn(), (vec!["the end".into()], 0), "at first sight nothing is missed");
    let line = [b'x'; 999].into_iter().chain([b'\n']).collect::<Vec<u8>>();
    log.append(line.repeat(1000));
    let (lines, skipped) = log.turn();
    assert_eq!(skipped, 1_000_000 - MOST);
    assert_eq!(lines.len(), usize::try_from(MOST).unwrap() / 1000);
    assert!(lines.iter().all(|line| line.len() == 999), "no line begins in the middle");
    assert_eq!(log.turn(), (vec![], 0));
}

#[test]
fn a_line_without_an_end_is_passed_over_and_the_next_is_read() {
    let mut log = Log::new(vec![b'x'; 3 * LONGEST_LINE]);
    assert_eq!(log.turn().0, Vec::<String>::new());
    log.append("the rest\nnext\n");
    assert_eq!(log.turn().0, ["next"]);
    log.append([0, 255, b'\n', 1]);
    assert_eq!(log.turn().0, ["\0\u{fffd}"]);
}

#[test]
fn what_is_no_file_is_told_and_not_opened() {
    let mut log = Log::new("one\n");
    log.turn();
    fs::remove_file(log.host.at(LOG)).unwrap();
    let at = log.host.at(LOG);
    rustix::fs::mknodat(rustix::fs::CWD, &at, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let read =
        |log: &mut Log| log.host.look(|files| files.tail(Path::new(LOG), &mut log.cursor, &mut |_| ()));
    assert_eq!(read(&mut log).why().map(|why| why.reason), Some(Reason::NotARegularFile));
    fs::remove_file(&at).unwrap();
    fs::create_dir(&at).unwrap();
    assert_eq!(read(&mut log), Reading::Known(None));
}
