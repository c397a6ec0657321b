//! Against the real kernel.

use std::{path::Path, process::Command, time::Duration};

use super::{
    watch_plan::{Planner, Question},
    *,
};

/// Takes events until all of `wanted` have arrived; the deadline is generous for loaded machines.
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

/// Watches these paths below `root`, and takes the events that this itself causes.
async fn watching(root: &Path, questions: &[(&str, Question)]) -> Events {
    let mut events = Events::open();
    watch(&mut events, root, questions).await;
    events
}

async fn watch(events: &mut Events, root: &Path, questions: &[(&str, Question)]) {
    for _ in 0..20 {
        let mut planner = Planner::new(root.canonicalize().unwrap());
        for (path, question) in questions {
            planner.add(Path::new(path), *question, Changes::NONE);
        }
        events.watch(WatchPlan { processes: Some(BTreeSet::new()), ..planner.into_plan() }).await;
        if events.take().is_none() {
            return;
        }
    }
    panic!("the watches never settle");
}

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
async fn a_file_where_a_directory_is_expected_is_seen_to_become_one() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    std::fs::write(at("agent"), "").unwrap();
    let questions = [("/agent/conf", Question::Content), ("/agent", Question::Entries)];
    let mut events = watching(root.path(), &questions).await;
    assert!(is_up(&events, Source::File));
    std::fs::remove_file(at("agent")).unwrap();
    std::fs::create_dir(at("agent")).unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    std::fs::write(at("agent/conf"), "").unwrap();
    until(&mut events, Changes::FILE).await;
}

/// A watch that is not available is reported once, whatever the plan.
#[tokio::test]
async fn a_watch_that_cannot_be_had_is_no_news_again_and_again_and_its_source_is_down_as_long_as_that_is_so()
{
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    std::fs::write(root.join("file"), "").unwrap();
    let plan = |names: &[&str]| WatchPlan {
        directories: names.iter().map(|name| (root.join(name), Names::default())).collect(),
        processes: Some(BTreeSet::new()),
        ..WatchPlan::default()
    };
    let mut events = Events::open();
    for names in [&["", "file"][..], &["", "missing"]] {
        events.watch(plan(names)).await;
        assert_eq!(events.take(), Changes::FILE, "{names:?}");
        events.watch(plan(names)).await;
        assert_eq!(events.take(), Changes::NONE, "{names:?}");
        assert!(!is_up(&events, Source::File), "{names:?}");
        events.watch(plan(&[""])).await;
        assert!(is_up(&events, Source::File), "{names:?}");
    }
}

#[tokio::test]
async fn what_happened_while_the_queue_overflowed_is_found() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    std::fs::create_dir_all(at("a")).unwrap();
    std::fs::write(at("a/file"), "").unwrap();
    std::fs::write(at("noise"), "").unwrap();
    std::fs::write(at("more"), "").unwrap();
    let questions =
        [("/a/file", Question::Content), ("/noise", Question::Content), ("/more", Question::Content)];
    let mut events = watching(root.path(), &questions).await;
    let longest: usize =
        std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    // Alternating, because the kernel merges consecutive equal events.
    for _ in 0..longest {
        std::fs::write(at("noise"), "").unwrap();
        std::fs::write(at("more"), "").unwrap();
    }
    std::fs::rename(at("a"), at("moved")).unwrap();
    std::fs::create_dir(at("a")).unwrap();
    std::fs::write(at("a/file"), "").unwrap();
    until(&mut events, Changes::FILE).await;
    watch(&mut events, root.path(), &questions).await;
    assert!(is_up(&events, Source::File));
    std::fs::write(at("a/file"), "edited").unwrap();
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
    let mut planner = Planner::new(root.path().canonicalize().unwrap());
    planner.add(Path::new("/d/log"), Question::Standing, Changes::NONE);
    until(&mut events, Changes::FILE).await;
    events.watch(planner.into_plan()).await;
    events.take();
    std::fs::write(at("d/users/2"), "").unwrap();
    std::fs::write(at("d/other"), "more").unwrap();
    std::fs::write(at("d/log"), "more").unwrap();
    // The events are in the queue by now: the kernel queues them before the writer continues.
    assert_eq!(events.take(), Changes::NONE);
}

#[tokio::test]
async fn starts_and_exits_are_seen() {
    let root = tempfile::tempdir().unwrap();
    let program = root.path().join("agent");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut planner = Planner::new(root.path().canonicalize().unwrap());
    planner.add_executable(Path::new("/agent"));
    let mut plan = WatchPlan { processes: Some(BTreeSet::new()), ..planner.into_plan() };
    let mut events = Events::open();
    events.watch(plan.clone()).await;
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
    plan.processes = Some(BTreeSet::from([child.id()]));
    events.watch(plan.clone()).await;
    assert!(!events.take().has(Changes::EXIT));
    child.kill().unwrap();
    // A zombie has exited, although it has not been reaped yet.
    until(&mut events, Changes::EXIT).await;
    child.wait().unwrap();
    events.watch(plan).await;
    assert!(events.take().has(Changes::EXIT), "one that is gone before it is watched has exited");
    assert!(is_up(&events, Source::ProcessExit) && is_up(&events, Source::ProcessStart));
}

#[tokio::test]
async fn process_ids_of_another_namespace_are_not_watched() {
    let mut events = Events::open();
    events.watch(WatchPlan::default()).await;
    assert!(!is_up(&events, Source::ProcessExit));
    assert!(is_up(&events, Source::File));
    // As after a restart of the exporter's container in the host's PID namespace.
    events.watch(WatchPlan { processes: Some(BTreeSet::new()), ..WatchPlan::default() }).await;
    assert!(is_up(&events, Source::ProcessExit));
}

#[tokio::test]
async fn more_processes_than_are_held_are_not_passed_over_in_silence() {
    let all: BTreeSet<u32> = (1..=1000).filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    let mut exits = Exits::holding_at_most(1);
    assert!(exits.watch(&all).1.is_err());
    assert!(exits.watch(&BTreeSet::from([1])).1.is_ok());
}

#[tokio::test]
async fn how_one_ended_is_told_also_where_a_reading_found_it_gone_before_its_end_was_heard_of() {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = child.id();
    let own = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
    let mut exits = Exits::holding_at_most(1);
    assert!(exits.watch(&BTreeSet::from([pid])).1.is_ok());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(exits.watch(&BTreeSet::new()).1.is_ok());
    // Before Linux 6.15 the kernel does not report this.
    let told = crate::sys::end_of(std::os::fd::AsFd::as_fd(&own));
    let expected: Vec<_> = told.map(|end| Death { pid, end }).into_iter().collect();
    assert_eq!(exits.deaths(), expected);
}

#[tokio::test]
async fn setting_the_clock_is_seen() {
    use rustix::time::{ClockId, clock_gettime, clock_settime};
    let mut events = Events::open();
    assert!(is_up(&events, Source::Clock));
    for _ in 0..2 {
        // To its current time, so that nothing else is affected.
        if clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)).is_err() {
            // Without CAP_SYS_TIME only the opening of the source can be tested.
            return;
        }
        until(&mut events, Changes::CLOCK).await;
    }
}

#[tokio::test]
async fn without_events_nothing_is_ever_ready() {
    let mut events = Events::closed();
    events.watch(WatchPlan::default()).await;
    assert!(events.sources().all(|(_, up)| !up));
    assert!(tokio::time::timeout(Duration::from_millis(1), events.ready()).await.is_err());
}
