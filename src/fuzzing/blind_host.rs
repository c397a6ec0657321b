//! Unknown neither raises nor clears, tested where facts are read: each file, link, directory and process of
//! a host is in turn made unreadable, replaced by something unreadable, and removed.
//!
//! The entries are found by walking through the host, so a file that the exporter reads in future is covered
//! once a host here has it.

mod hosts;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{PermissionsExt as _, lchown, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use super::Host;
use crate::{
    config,
    model::{
        Prerequisite, Reading, Status,
        report::{AgentReport, Report},
        snapshot::{InterfaceAddress, PlaceFacts, Probe},
    },
    observe::{
        host::{HostOptions, testing::as_nobody},
        time::{self, Now},
    },
};
use hosts::cases;

/// A user whose links are never followed.
const OTHER_USER: u32 = 4711;

/// The contents of a host: files with their content; links begin with `->`.
type Entries = Vec<(String, String)>;

/// A host, and its changes before it is blinded.
struct Case {
    name: &'static str,
    config: &'static str,
    entries: Entries,
    /// What is written after the first turn.
    edits: Entries,
}

/// A host on disk, observed by an unprivileged user.
struct Stage {
    root: TempDir,
    host: Host,
}

impl Stage {
    /// The host of this case, evaluated twice if something is edited in between, otherwise once; and the last report.
    fn of(case: &Case) -> (Self, Report) {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (path, content) in &case.entries {
            put(root.path(), path, content);
        }
        let mut stage = Self { host: new_host(case, root.path()), root };
        let mut report = stage.turn();
        if !case.edits.is_empty() {
            for (path, content) in &case.edits {
                put(stage.root.path(), path, content);
            }
            report = stage.turn();
        }
        (stage, report)
    }

    fn turn(&mut self) -> Report {
        as_nobody(|| self.host.turn(now(), set_addresses, answered).0)
    }

    /// Everything below the root, directories before what is in them.
    fn entries(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.root.path().to_owned()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    open.push(entry.path());
                }
                found.push(entry.path());
            }
        }
        found.sort();
        found
    }
}

fn new_host(case: &Case, root: &Path) -> Host {
    let options = HostOptions {
        rootfs: root.to_owned(),
        procfs: Some(root.join("proc")),
        // Nothing here hangs; the deadline allows for a loaded machine.
        file_deadline: Duration::from_mins(1),
    };
    let (settings, _) = config::parse(case.config.as_bytes(), Path::new("/x.yml")).unwrap();
    // Its privileges are determined once.
    as_nobody(|| Host::new(options, settings))
}

fn put(root: &Path, path: &str, content: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match content.strip_prefix("->") {
        Some("/") => symlink(root, path).unwrap(),
        // The links in procfs have the path as the process sees it.
        Some(target) => symlink(target, path).unwrap(),
        None => fs::write(&path, content).unwrap(),
    }
}

/// Ten days after boot, a day after the processes' start.
fn now() -> Now {
    Now { boot: Duration::from_hours(240), ..time::now() }
}

fn set_addresses(host: &mut PlaceFacts) {
    host.hostname = Reading::Known("web-1".to_owned());
    host.interfaces = Reading::Known(vec![InterfaceAddress {
        interface: "eth0".to_owned(),
        index: 2,
        address: [172, 16, 2, 200].into(),
    }]);
    host.hostname_addresses = Reading::Known(vec![[172, 16, 2, 200].into()]);
}

fn answered() -> Reading<Probe> {
    Reading::Known(Probe { status_code: Some(200), ..Probe::up() })
}

/// A way to make something unreadable, undone on drop.
enum Obstruction {
    Mode(PathBuf, u32),
    Owner(PathBuf),
    Replaced { at: PathBuf, kept: PathBuf },
}

impl Obstruction {
    /// No permission to read or enter it, or a link that is not followed.
    fn denied(at: &Path) -> Self {
        let metadata = fs::symlink_metadata(at).unwrap();
        if metadata.is_symlink() {
            lchown(at, Some(OTHER_USER), None).unwrap();
            return Self::Owner(at.to_owned());
        }
        fs::set_permissions(at, fs::Permissions::from_mode(0o000)).unwrap();
        Self::Mode(at.to_owned(), metadata.permissions().mode())
    }

    /// A FIFO without a writer in its place.
    fn pipe(at: &Path, aside: &Path) -> Self {
        let gone = Self::gone(at, aside);
        mkfifoat(CWD, at, Mode::RUSR | Mode::WUSR).unwrap();
        gone
    }

    fn gone(at: &Path, aside: &Path) -> Self {
        let kept = aside.join("kept");
        fs::rename(at, &kept).unwrap();
        Self::Replaced { at: at.to_owned(), kept }
    }
}

impl Drop for Obstruction {
    fn drop(&mut self) {
        match self {
            Self::Mode(at, mode) => fs::set_permissions(at, fs::Permissions::from_mode(*mode)).unwrap(),
            Self::Owner(at) => lchown(at, Some(0), None).unwrap(),
            Self::Replaced { at, kept } => {
                let _is_gone = fs::remove_file(&*at);
                fs::rename(kept, at).unwrap();
            }
        }
    }
}

type Standing = BTreeSet<(String, &'static str, String)>;

fn standing(report: &Report) -> Standing {
    let of_agent = |agent: &AgentReport| -> Vec<_> {
        let name = agent.name.to_string();
        let problems = agent.prerequisites.iter().flat_map(|prerequisite| &prerequisite.problems);
        problems.map(|problem| (name.clone(), problem.cause.id, problem.subject.clone())).collect()
    };
    report.agents.iter().flat_map(of_agent).collect()
}

fn statuses(report: &Report) -> Vec<(String, Prerequisite, Status)> {
    let of_agent = |agent: &AgentReport| -> Vec<_> {
        agent.prerequisites.iter().map(|found| (agent.name.to_string(), found.id, found.status)).collect()
    };
    report.agents.iter().flat_map(of_agent).collect()
}

/// What does not appear in the [`Report`] of a host that was read in full.
fn at_first_sight(what: &str, seen: &Report, unseen: &Report) {
    let (all, some) = (standing(seen), standing(unseen));
    let raised: Vec<_> = some.difference(&all).collect();
    assert!(raised.is_empty(), "{what}, at first sight: raised {raised:?}");
    let known = statuses(seen);
    for (agent, id, status) in statuses(unseen) {
        let same = known.iter().find(|(name, of, _)| *name == agent && *of == id);
        let kept = status == Status::Unknown || same.is_some_and(|(_, _, before)| *before == status);
        assert!(kept, "{what}, at first sight: {agent} {id:?} {status:?}, not {same:?}");
    }
}

fn once_seen(what: &str, seen: &Report, unseen: &Report) {
    let (before, after) = (standing(seen), standing(unseen));
    let raised: Vec<_> = after.difference(&before).collect();
    let cleared: Vec<_> = before.difference(&after).collect();
    assert!(raised.is_empty() && cleared.is_empty(), "{what}: raised {raised:?}, cleared {cleared:?}");
    let (before, after) = (statuses(seen), statuses(unseen));
    for (agent, id, status) in &before {
        let now = after.iter().find(|(name, of, _)| name == agent && of == id).map(|(_, _, now)| *now);
        let kept = now == Some(*status) || (*status, now) == (Status::Ok, Some(Status::Unknown));
        assert!(kept, "{what}: {agent} {id:?} was {status:?}, and is {now:?}");
    }
}

#[test]
fn what_cannot_be_read_of_a_host_neither_raises_nor_clears() {
    let mut blindings = 0;
    for case in cases() {
        let (mut stage, seen) = Stage::of(&case);
        let aside = tempfile::tempdir_in("/tmp").unwrap();
        for at in stage.entries() {
            let below = at.strip_prefix(stage.root.path()).unwrap().display().to_string();
            // Executables are not read.
            let is_file = fs::symlink_metadata(&at).unwrap().is_file() && fs::read(&at).unwrap() != b"ELF";
            for as_pipe in [false, true] {
                if as_pipe && !is_file {
                    continue;
                }
                let what = format!("{}: {below} {}", case.name, if as_pipe { "a pipe" } else { "denied" });
                let obstruction =
                    if as_pipe { Obstruction::pipe(&at, aside.path()) } else { Obstruction::denied(&at) };
                blindings += 1;
                if case.edits.is_empty() {
                    let mut anew = new_host(&case, stage.root.path());
                    let unseen = as_nobody(|| anew.turn(now(), set_addresses, answered).0);
                    at_first_sight(&what, &seen, &unseen);
                }
                once_seen(&what, &seen, &stage.turn());
                drop(obstruction);
                let again = stage.turn();
                assert_eq!(standing(&seen), standing(&again), "{what}, read again");
                assert_eq!(statuses(&seen), statuses(&again), "{what}, read again");
            }
        }
    }
    assert!(blindings > 1000, "{blindings} blindings");
}

/// A removed file is a fact, and may raise a cause. Nothing else is affected: every prerequisite is judged or
/// has a reason why not, and the state is as before when the file is back.
#[test]
fn what_vanishes_from_a_host_spoils_nothing_and_may_come_back() {
    let mut vanished = 0;
    for case in cases().into_iter().filter(|case| case.edits.is_empty()) {
        let (mut stage, seen) = Stage::of(&case);
        let aside = tempfile::tempdir().unwrap();
        for at in stage.entries() {
            let below = at.strip_prefix(stage.root.path()).unwrap().display().to_string();
            // A process that disappears and returns has been restarted; one without its directory is not in this root.
            let of_processes = below.starts_with("proc") || (below.starts_with("usr") && at.is_dir());
            if of_processes {
                continue;
            }
            let what = format!("{}: {below} gone", case.name);
            let gone = Obstruction::gone(&at, aside.path());
            vanished += 1;
            let without = stage.turn();
            for agent in &without.agents {
                let told = agent.prerequisites.iter().map(|judged| judged.id);
                let told: BTreeSet<_> = told.chain(agent.not_evaluated.iter().map(|(id, _)| *id)).collect();
                assert_eq!(told.len(), Prerequisite::ALL.len(), "{what}: {told:?}");
            }
            drop(gone);
            let again = stage.turn();
            assert_eq!(standing(&seen), standing(&again), "{what}, and back");
        }
    }
    assert!(vanished > 100, "{vanished} taken away");
}
