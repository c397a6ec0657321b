//! Against the real kernel.

use std::{path::Path, process::Command, time::Duration};

use super::{trail::Question, *};

/// Takes until everything of `wanted` has come; far more time than is needed, so that a loaded machine fails no test.
async fn until(events: &mut Events, wanted: Changes) -> Changes {
    let mut seen = Changes::NONE;
    let all = async {
        while !seen.has(wanted) {
            events.ready().await;
            seen |= events.take();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap_or_else(|_| panic!("no {wanted:?}"));
    seen
}

/// Watches what these questions ask of paths below `root`, and takes what that reports of itself.
async fn watching(root: &Path, questions: &[(&str, Question)]) -> Events {
    let mut events = Events::open();
    watch(&mut events, root, questions).await;
    events
}

async fn watch(events: &mut Events, root: &Path, questions: &[(&str, Question)]) {
    for _ in 0..20 {
        let mut trails = Trails::new(root.canonicalize().unwrap());
        for (path, question) in questions {
            trails.add(Path::new(path), *question, Changes::NONE);
        }
        events.watch(WatchTargets { processes: Some(BTreeSet::new()), ..trails.into_targets() }).await;
        if events.take().is_none() {
            return;
        }
    }
    panic!("the watches never settle");
}

use trail::Trails;

fn is_up(events: &Events, source: Source) -> bool {
    events.sources().any(|(each, up)| each == source && up)
}

#[tokio::test]
async fn a_file_is_seen_to_be_edited_replaced_removed_and_made_again_with_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    std::fs::create_dir_all(at("a/b")).unwrap();
    std::fs::write(at("a/b/file"), "1").unwrap();
    let questions = [("/a/b/file", Question::Content)];
    let mut events = watching(root.path(), &questions).await;

    std::fs::write(at("a/b/file"), "2").unwrap();
    until(&mut events, Changes::FILE).await;
    std::fs::write(at("a/b/draft"), "3").unwrap();
    std::fs::rename(at("a/b/draft"), at("a/b/file")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::remove_dir_all(at("a")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::create_dir(at("a")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::create_dir(at("a/b")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::write(at("a/b/file"), "4").unwrap();
    until(&mut events, Changes::FILE).await;
    std::fs::rename(at("a"), at("moved")).unwrap();
    std::fs::create_dir_all(at("a/b")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::write(at("a/b/file"), "5").unwrap();
    until(&mut events, Changes::FILE).await;
    assert!(is_up(&events, Source::File));
}

#[tokio::test]
async fn the_swapped_link_of_a_config_map_is_seen() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, at(path)).unwrap();
    for version in ["conf/..1", "conf/..2"] {
        std::fs::create_dir_all(at(version)).unwrap();
        std::fs::write(at(version).join("agent.json"), version).unwrap();
    }
    link("..1", "conf/..data");
    link("..data/agent.json", "conf/agent.json");
    let questions = [("/conf/agent.json", Question::Content)];
    let mut events = watching(root.path(), &questions).await;

    link("..2", "conf/..tmp");
    std::fs::rename(at("conf/..tmp"), at("conf/..data")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::write(at("conf/..2/agent.json"), "edited").unwrap();
    until(&mut events, Changes::FILE).await;
}

#[tokio::test]
async fn neighbours_and_growing_logs_are_not_told_but_new_entries_of_a_listed_directory_are() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    std::fs::create_dir_all(at("d/users")).unwrap();
    std::fs::write(at("d/log"), "").unwrap();
    let mut events =
        watching(root.path(), &[("/d/log", Question::Standing), ("/d/users", Question::Entries)]).await;
    std::fs::write(at("d/other"), "").unwrap();
    std::fs::write(at("d/log"), "more").unwrap();
    std::fs::write(at("d/users/1"), "").unwrap();
    let mut trails = Trails::new(root.path().canonicalize().unwrap());
    trails.add(Path::new("/d/log"), Question::Standing, Changes::NONE);
    until(&mut events, Changes::FILE).await;
    events.watch(trails.into_targets()).await;
    events.take();
    std::fs::write(at("d/users/2"), "").unwrap();
    std::fs::write(at("d/other"), "more").unwrap();
    std::fs::write(at("d/log"), "more").unwrap();
    // What has happened is in the queue by now: the kernel puts it there before the writer goes on.
    assert_eq!(events.take(), Changes::NONE);
}

#[tokio::test]
async fn starts_and_exits_are_seen() {
    let root = tempfile::tempdir().unwrap();
    let program = root.path().join("agent");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut trails = Trails::new(root.path().canonicalize().unwrap());
    trails.add_executable(Path::new("/agent"));
    let mut targets = WatchTargets { processes: Some(BTreeSet::new()), ..trails.into_targets() };
    let mut events = Events::open();
    events.watch(targets.clone()).await;
    events.take();

    let mut child = loop {
        // Another test's fork may still hold the file open for writing, until its exec.
        match Command::new(&program).arg("1000").spawn() {
            Ok(child) => break child,
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    until(&mut events, Changes::START).await;
    targets.processes = Some(BTreeSet::from([child.id()]));
    events.watch(targets.clone()).await;
    assert!(!events.take().has(Changes::EXIT));
    child.kill().unwrap();
    // A zombie is an exit, too: nobody has waited for it yet.
    until(&mut events, Changes::EXIT).await;
    child.wait().unwrap();
    events.watch(targets).await;
    assert!(events.take().has(Changes::EXIT), "one that is gone before it is watched has exited");
    assert!(is_up(&events, Source::ProcessExit) && is_up(&events, Source::ProcessStart));
}

#[tokio::test]
async fn process_ids_of_another_namespace_are_not_watched() {
    let mut events = Events::open();
    events.watch(WatchTargets::default()).await;
    assert!(!is_up(&events, Source::ProcessExit));
    assert!(is_up(&events, Source::File));
}

#[tokio::test]
async fn setting_the_clock_is_seen() {
    use rustix::time::{ClockId, clock_gettime, clock_settime};
    let mut events = Events::open();
    assert!(is_up(&events, Source::Clock));
    for _ in 0..2 {
        // To what it is: nobody else notices.
        if clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)).is_err() {
            // Without CAP_SYS_TIME only the source itself can be tested.
            return;
        }
        until(&mut events, Changes::CLOCK).await;
    }
}

#[tokio::test]
async fn without_events_nothing_is_ever_ready() {
    let mut events = Events::closed();
    events.watch(WatchTargets::default()).await;
    assert!(events.sources().all(|(_, up)| !up));
    assert!(tokio::time::timeout(Duration::from_millis(1), events.ready()).await.is_err());
}
