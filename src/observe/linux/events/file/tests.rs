//! A file system that hangs.

use std::sync::{Mutex, mpsc::Receiver};

use super::*;
use crate::observe::events::Names;

/// The first request to `hung` hangs until the sender is dropped.
static RELEASE: Mutex<Option<Receiver<()>>> = Mutex::new(None);

fn hanging(inotify: &OwnedFd, wish: &PlannedWatch) -> Outcome {
    if wish.path.ends_with("hung")
        && let Some(release) = RELEASE.lock().unwrap().take()
    {
        let _closed = release.recv();
    }
    place(inotify, wish)
}

#[tokio::test]
async fn a_file_system_that_hangs_costs_only_its_own_watches_is_told_by_source_and_is_asked_again() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().canonicalize().unwrap().join(name);
    for directory in ["a", "z"] {
        std::fs::create_dir(at(directory)).unwrap();
    }
    for executable in ["hung", "program"] {
        std::fs::write(at(executable), "").unwrap();
    }
    let plan = || WatchPlan {
        directories: [at("a"), at("z")].map(|path| (path, Names::default())).into(),
        executables: [at("hung"), at("program")].into(),
        processes: None,
    };
    let sources = |watched: &Watched| watched.missing.iter().map(|(source, _)| *source).collect::<Vec<_>>();
    let mut watches = Watches::placing_by(hanging).unwrap();
    let (hold, release) = std::sync::mpsc::channel();
    *RELEASE.lock().unwrap() = Some(release);
    let watched = watches.watch(plan()).await;
    assert_eq!(sources(&watched), [Source::ProcessStart]);
    let placed: Vec<&PathBuf> = watches.placed.keys().collect();
    assert_eq!(placed, [&at("a"), &at("program"), &at("z")]);

    // It is not asked a second time while it has not answered.
    let watched = watches.watch(plan()).await;
    assert_eq!(sources(&watched), [Source::ProcessStart]);
    assert_eq!(watches.hung.len(), 1);

    drop(hold);
    while !watches.watch(plan()).await.missing.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(watches.placed.len(), 4);
}
