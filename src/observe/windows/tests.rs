//! Files, logs, notifications and services as Windows has them.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write as _,
    os::windows::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    model::{
        Reading, Reason,
        snapshot::{FileState, ServiceState},
    },
    observe::{
        events::{
            Changes, Events, Source, WatchPlan,
            watch_plan::{Planner, Question},
        },
        host::{
            blocking::{Attempt, BlockingReads},
            file::{By, Bytes, Files, Kind},
        },
    },
    sys::root::Root,
};

/// A separate directory, by its full path.
fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    (directory, path)
}

fn attempt() -> Attempt {
    BlockingReads::default().attempt(BTreeSet::new(), false)
}

fn look<T>(look: impl FnOnce(Files<'_>) -> T) -> T {
    let attempt = attempt();
    look(Files { root: &Root::new(Path::new("/")), attempt: &attempt, by: By::Exporter, deputy: false })
}

fn read(path: &Path) -> Reading<FileState<Bytes>> {
    look(|files| files.read(path))
}

fn content(path: &Path) -> Vec<u8> {
    match read(path) {
        Reading::Known(FileState::Present(file)) => file.content.unwrap().0,
        other => panic!("{}: {other:?}", path.display()),
    }
}

#[test]
fn files_are_read_by_either_separator_and_in_any_case() {
    let (_kept, dir) = directory();
    fs::create_dir(dir.join("LogtailData")).unwrap();
    fs::write(dir.join("LogtailData").join("user_defined_id"), "web\r\n").unwrap();
    assert_eq!(content(&dir.join(r"LogtailData\user_defined_id")), b"web\r\n");
    let slashes = dir.join("logtaildata/USER_DEFINED_ID").display().to_string().replace('\\', "/");
    assert_eq!(content(Path::new(&slashes)), b"web\r\n");
}

#[test]
fn what_is_not_there_a_directory_and_a_huge_file_are_told_apart() {
    let (_kept, dir) = directory();
    fs::write(dir.join("plain"), "").unwrap();
    for path in ["missing", r"missing\below", r"plain\below"] {
        assert_eq!(read(&dir.join(path)), Reading::Known(FileState::Missing), "{path}");
        assert_eq!(look(|files| files.look(&dir.join(path))), Reading::Known(None), "{path}");
    }
    assert_eq!(read(&dir), Reading::Known(FileState::NotAFile("directory")));
    let standing = look(|files| files.look(&dir)).known().unwrap().clone().unwrap();
    assert_eq!(standing.kind, Kind::Directory);
    fs::write(dir.join("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    assert_eq!(read(&dir.join("large")).why().map(|why| why.reason), Some(Reason::TooLarge));
    let list = |most| look(|files| files.list(&dir, most));
    assert_eq!(list(9), Reading::Known(Some(vec!["large".into(), "plain".into()])));
    assert_eq!(list(1).why().map(|why| why.reason), Some(Reason::TooLarge));
}

#[test]
fn a_file_that_somebody_keeps_for_himself_is_unknown_until_he_lets_go() {
    let (_kept, dir) = directory();
    let path = dir.join("app_info.json");
    fs::write(&path, "{}").unwrap();
    let alone = OpenOptions::new().read(true).share_mode(0).open(&path).unwrap();
    assert!(read(&path).why().is_some(), "{:?}", read(&path));
    drop(alone);
    assert_eq!(content(&path), b"{}");
}

#[test]
fn a_log_is_followed_over_its_rotation_and_nobody_is_kept_from_it() {
    let (_kept, dir) = directory();
    let log = dir.join("ilogtail.LOG");
    let mut cursor = None;
    let mut turn = || {
        let mut lines = Vec::new();
        let mut each = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let tail = look(|files| files.tail(&log, &mut cursor, &mut each));
        assert!(tail.known().is_some(), "{tail:?}");
        lines
    };
    let append = |text: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(&log).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append("one\ntw");
    assert_eq!(turn(), ["one"]);
    append("o\n");
    assert_eq!(turn(), ["two"]);
    append("three\n");
    fs::rename(&log, dir.join("ilogtail.LOG.1")).unwrap();
    append("four\n");
    assert_eq!(turn(), ["three", "four"]);
    fs::remove_file(&log).unwrap();
    assert_eq!(turn(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_is_seen_to_be_edited_replaced_and_removed() {
    let (_kept, dir) = directory();
    let path = dir.join("user_defined_id");
    fs::write(&path, "web\n").unwrap();
    let mut events = Events::open();
    let mut planner = Planner::new(PathBuf::from("/"));
    planner.add(&path, Question::Content, Changes::NONE);
    let plan = planner.into_plan();
    assert!(plan.directories.contains_key(&dir), "{plan:?}");
    events.watch(WatchPlan { processes: Some(BTreeSet::new()), ..plan }).await;
    events.take();
    assert!(events.sources().any(|(source, up)| source == Source::File && up));
    let replace = || {
        fs::write(dir.join("draft"), "c\n").unwrap();
        fs::rename(dir.join("draft"), &path).unwrap();
    };
    let acts: [&dyn Fn(); 3] =
        [&|| fs::write(&path, "b\n").unwrap(), &replace, &|| fs::remove_file(&path).unwrap()];
    for act in acts {
        act();
        let mut seen = Changes::NONE;
        let change = async {
            while !seen.has(Changes::FILE) {
                events.ready().await;
                seen |= events.take();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), change).await.expect("a change");
    }
}

#[test]
fn services_are_told_by_name_and_one_that_is_not_there_too() {
    let found = super::services::read(&attempt(), &["RpcSs", "LogtailNobodyHas"]);
    let [there, absent] = found.known().unwrap().as_slice() else { panic!("{found:?}") };
    assert_eq!((absent.name.as_str(), absent.registered), ("LogtailNobodyHas", None));
    assert_eq!(there.name, "RpcSs");
    assert!(matches!(
        there.registered.unwrap().state,
        ServiceState::Running | ServiceState::Stopped | ServiceState::Pending
    ));
}
