//! A synthetic procfs for states that cannot be created, and real processes for the others.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, process::Command, time::SystemTime};

use proptest::prelude::*;

use super::{
    facts::{LONGEST_ARGUMENT, MOST_ARGUMENTS, split_arguments},
    *,
};
use crate::observe::host::testing::{Host, Started, as_nobody, look_from, some_time};

struct Agents;

impl Wanted for Agents {
    fn name(&self, base_name: &str) -> bool {
        base_name == "ilogtail" || base_name.starts_with("ilogtail_") || base_name == "a-very-long-agent-name"
    }
    fn comm(&self, comm: &str) -> bool {
        comm.len() >= COMM || self.name(comm)
    }
    fn counts(&self, _: &str, _: Option<&Path>, credentials: &Credentials) -> bool {
        credentials.user() == Some(0)
    }
    fn in_containers(&self, base_name: &str) -> bool {
        self.name(base_name)
    }
    fn variable(&self, _: &str, variable: &str) -> bool {
        variable == "working_ip"
    }
}

/// A procfs in a directory. Process 1 is always there.
struct Fake(Host);

impl Fake {
    fn new() -> Self {
        let fake = Self(Host::new());
        fake.process(1, "systemd", "S", Some("/usr/lib/systemd/systemd"));
        fake
    }

    /// If `executable` is `None`, the link cannot be read.
    fn process(&self, pid: u32, comm: &str, state: &str, executable: Option<&str>) {
        let fields = "0 0 0 0 -1 4194304 0 0 0 0 100 50 0 0 20 0 3 0 6000 0 2 0 0";
        self.0.file(&format!("/proc/{pid}/stat"), format!("{pid} ({comm}) {state} {fields}"));
        self.0.file(
            &format!("/proc/{pid}/status"),
            format!("Name:\t{comm}\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t{pid}\n"),
        );
        self.0.file(&format!("/proc/{pid}/environ"), "working_ip=10.0.0.7\0SECRET=x\0");
        self.0.file(&format!("/proc/{pid}/fd/0"), "");
        self.0.link(&format!("/proc/{pid}/root"), "/");
        match executable {
            Some(target) => self.0.link(&format!("/proc/{pid}/exe"), target),
            // Not a link: reading it as one fails, as it does for lack of privileges.
            None => drop(self.0.file(&format!("/proc/{pid}/exe"), "")),
        }
        self.arguments(pid, executable.unwrap_or(comm));
    }

    fn arguments(&self, pid: u32, arguments: &str) {
        self.0.file(&format!("/proc/{pid}/cmdline"), format!("{}\0", arguments.replace(' ', "\0")));
    }

    fn status(&self, pid: u32, status: &str) {
        self.0.file(&format!("/proc/{pid}/status"), status);
    }

    fn scan(&self) -> Vec<Candidate> {
        self.scanned().candidates
    }

    fn scanned(&self) -> Scan {
        match look_from(Path::new("/"), |files| {
            Procfs::new(self.0.at("/proc")).scan(&[], files, some_time(), &Agents)
        }) {
            Reading::Known(scan) => scan,
            Reading::Unknown(why) => panic!("{why}"),
        }
    }

    fn pids(&self) -> Vec<u32> {
        self.scan().iter().map(|candidate| candidate.process.pid).collect()
    }
}

#[test]
fn a_process_is_known_by_its_executable_and_nothing_else() {
    let fake = Fake::new();
    fake.process(10, "anything", "S", Some("/usr/local/ilogtail/ilogtail_0.14.2"));
    for (pid, executable, arguments) in [
        (20, "/usr/bin/tail", "tail -f ilogtail.LOG"),
        (21, "/usr/bin/vi", "vi ilogtail_config.json"),
        (22, "/bin/grep", "grep ilogtail"),
        (23, "/bin/bash", "bash /etc/init.d/ilogtaild start"),
        (24, "/bin/sh", "sh -c /usr/local/ilogtail/ilogtail"),
        (25, "/usr/bin/python3", "ilogtail"),
    ] {
        fake.process(pid, "ilogtail", "S", Some(executable));
        fake.arguments(pid, arguments);
    }
    let found = fake.scan();
    assert_eq!(found.len(), 1, "{found:?}");
    let process = &found[0].process;
    assert_eq!((process.pid, process.executable_name.as_str()), (10, "ilogtail_0.14.2"));
    assert_eq!(found[0].path, Some("/usr/local/ilogtail/ilogtail_0.14.2".into()));
    assert_eq!((process.threads, process.open_fds.known()), (3, Some(&1)));
    assert_eq!(process.cpu, Duration::from_millis(1500));
    assert_eq!(found[0].environment.known().unwrap().variables.len(), 1);
}

#[test]
fn without_the_link_argv0_and_the_command_name_must_agree() {
    let fake = Fake::new();
    let processes = [
        (10, "ilogtail", "/usr/local/ilogtail/ilogtail -enable_host_id=true"),
        (11, "ilogtail", "ilogtail"),
        (12, "a-very-long-age", "/opt/a-very-long-agent-name"),
        (20, "ilogtail", "python3 /usr/bin/ilogtail"),
        (21, "ilogtaild", "/bin/bash /etc/init.d/ilogtaild"),
        (22, "tail", "ilogtail"),
        (23, "a-very-long-age", "/opt/a-very-long-age"),
        (25, "ilogtail", "/usr/local/ilogtail/ilogtail_0.14.2"),
        (24, "systemd-timesyn", "/lib/systemd/systemd-timesyncd"),
    ];
    for (pid, comm, arguments) in processes {
        fake.process(pid, comm, "S", None);
        fake.arguments(pid, arguments);
    }
    let found = fake.scan();
    let seen: Vec<_> = found.iter().map(|c| (c.process.pid, c.path.clone())).collect();
    let expected =
        [(10, Some("/usr/local/ilogtail/ilogtail")), (11, None), (12, Some("/opt/a-very-long-agent-name"))];
    assert_eq!(seen, expected.map(|(pid, path)| (pid, path.map(PathBuf::from))));
    assert!(found[0].process.executable.why().is_some(), "what could not be read is said");
}

#[test]
fn a_relative_command_line_is_meant_from_the_working_directory() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "S", None);
    fake.arguments(10, "./../ilogtail/ilogtail");
    fake.0.link("/proc/10/cwd", "/usr/local/bin");
    assert_eq!(fake.scan()[0].path, Some("/usr/local/ilogtail/ilogtail".into()));
}

#[test]
fn zombies_are_known_by_their_command_name_and_kernel_threads_are_none() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "Z", Some("/x"));
    std::fs::remove_file(fake.0.at("/proc/10/exe")).unwrap();
    fake.process(11, "ilogtail", "S", Some("/x"));
    std::fs::remove_file(fake.0.at("/proc/11/exe")).unwrap();
    fake.process(12, "ilogtail", "S", None);
    let stat = "12 (ilogtail) S 2 0 0 0 -1 2129984 0 0 0 0 0 6 0 0 20 0 1 0 50 0 0 0 0 0";
    fake.0.file("/proc/12/stat", stat);
    let found = fake.scan();
    assert_eq!(found.len(), 1, "{found:?}");
    let process = &found[0].process;
    assert_eq!((process.pid, process.state), (10, ProcessState::Defunct));
    assert_eq!(
        (&process.executable, &process.arguments),
        (&Reading::Known(None), &Reading::Known(Vec::new()))
    );
}

/// Its executable, root directory and place disappear one after the other while it is read.
#[test]
fn a_process_that_exits_meanwhile_is_of_no_place() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "Z", Some("/usr/local/ilogtail/ilogtail"));
    fake.process(11, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    std::fs::remove_file(fake.0.at("/proc/11/root")).unwrap();
    let found = look_from(Path::new("/"), |files| {
        let files = Files { deputy: true, ..files };
        Procfs::new(fake.0.at("/proc")).scan(&[], files, some_time(), &Agents)
    });
    let found = found.known().unwrap();
    let paths: Vec<_> = found.candidates.iter().map(|found| (found.process.pid, &found.path)).collect();
    assert_eq!(paths, [(10, &None)]);
}

#[test]
fn processes_of_other_pid_namespaces_are_left_out() {
    let fake = Fake::new();
    for pid in [10, 11, 12, 13] {
        fake.process(pid, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    }
    fake.0.file(
        "/proc/11/status",
        "Name:\tilogtail\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nNSpid:\t11\t1\n",
    );
    // As on kernels before 4.1.
    fake.0.link("/proc/1/ns/pid", "pid:[1]");
    fake.0.file("/proc/12/status", "Name:\tilogtail\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n");
    fake.0.link("/proc/12/ns/pid", "pid:[2]");
    fake.0.file("/proc/13/status", "Name:\tilogtail\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n");
    fake.0.link("/proc/13/ns/pid", "pid:[1]");
    assert_eq!(fake.pids(), [10, 13]);
}

#[test]
fn a_process_that_vanishes_meanwhile_is_gone_and_no_error() {
    for name in ["stat", "status", "cmdline", "environ", "fd"] {
        let fake = Fake::new();
        fake.process(10, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
        let path = fake.0.at(&format!("/proc/10/{name}"));
        let _removed = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        assert_eq!(fake.pids(), [0_u32; 0], "{name}");
    }
}

#[test]
fn what_hides_other_users_processes_makes_the_list_unknown() {
    let reason = |fake: &Fake| {
        let scan = |files: Files<'_>| Procfs::new(fake.0.at("/proc")).scan(&[], files, some_time(), &Agents);
        look_from(Path::new("/"), scan).why().map(|why| (why.reason, why.detail.contains("hidepid")))
    };
    let fake = Fake::new();
    assert_eq!(reason(&fake), None);
    fake.process(10, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    std::fs::remove_dir_all(fake.0.at("/proc/1")).unwrap();
    assert_eq!(reason(&fake), Some((Reason::Denied, true)));
    std::fs::remove_dir_all(fake.0.at("/proc/10")).unwrap();
    assert_eq!(reason(&fake), Some((Reason::Unsupported, false)));
    std::fs::remove_dir_all(fake.0.at("/proc")).unwrap();
    assert_eq!(reason(&fake), Some((Reason::NoSource, false)));
}

#[test]
fn an_exporter_that_sees_itself_alone_knows_nothing_of_the_host() {
    let fake = Fake::new();
    let scan = |fake: &Fake| {
        let scan = |files: Files<'_>| Procfs::new(fake.0.at("/proc")).scan(&[], files, some_time(), &Agents);
        look_from(Path::new("/"), scan).why().map(|why| why.detail.contains("separate PID namespace"))
    };
    assert_eq!(scan(&fake), None, "a single process that is another is one of the host's");
    fake.0.link("/proc/self", "1");
    assert_eq!(scan(&fake), Some(true));
    // The exporter's helper, and a health check.
    for pid in [7, 8] {
        fake.process(pid, "exe", "S", Some("/usr/lib/systemd/systemd"));
    }
    assert_eq!(scan(&fake), Some(true), "what runs the exporter's own program is nobody of the host");
    fake.process(10, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    assert_eq!(scan(&fake), None);
}

#[test]
fn a_command_line_of_any_size_and_bytes_is_bounded() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    fake.0.file("/proc/10/cmdline", [&b"\xff\xfe\0"[..], &vec![b'x'; 1 << 20], &[0; 4096]].concat());
    let found = fake.scan();
    let arguments = found[0].process.arguments.known().unwrap();
    assert_eq!(arguments[0], "\u{fffd}\u{fffd}");
    assert!(arguments.len() <= MOST_ARGUMENTS && arguments.iter().all(|a| a.len() <= LONGEST_ARGUMENT));
}

#[test]
fn what_all_processes_leave_in_memory_is_bounded_and_that_is_said() {
    let fake = Fake::new();
    let argument = [&vec![b'x'; LONGEST_ARGUMENT][..], b"\0"].concat().repeat(MOST_ARGUMENTS - 1);
    let variables = [&b"working_ip="[..], &vec![b'1'; 8 << 10], b"\0"].concat();
    for pid in 10..30 {
        fake.process(pid, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
        fake.0.file(&format!("/proc/{pid}/cmdline"), &argument);
        fake.0.file(&format!("/proc/{pid}/environ"), &variables);
    }
    let scan = fake.scanned();
    assert_eq!(scan.limits, BTreeSet::from([Limit::Arguments, Limit::Environment]));
    let kept: Vec<_> = scan.candidates.iter().filter_map(|found| found.process.arguments.known()).collect();
    assert!((3..=4).contains(&kept.len()), "{} of 20 command lines of 1 MiB", kept.len());
    assert_eq!(scan.candidates.len(), 20, "the processes are known all the same");
}

#[test]
fn no_more_processes_are_read_than_a_host_can_have_and_that_is_said() {
    let fake = Fake::new();
    let many = u32::try_from(MOST_CANDIDATES).unwrap() + 5;
    for pid in 10..10 + many {
        fake.process(pid, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    }
    let scan = fake.scanned();
    assert_eq!((scan.candidates.len(), scan.limits), (MOST_CANDIDATES, [Limit::Candidates].into()));
    assert_eq!(scan.ignored, [1]);
}

#[test]
fn of_who_does_not_count_nothing_is_read_but_who_it_is() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "S", Some("/home/alice/ilogtail"));
    fake.status(10, "Uid:\t1000\t1000\t0\t1000\nGid:\t1\t1\t1\t1\nGroups:\t\n");
    for secret in ["cmdline", "environ"] {
        std::fs::remove_file(fake.0.at(&format!("/proc/10/{secret}"))).unwrap();
    }
    let scan = fake.scanned();
    let untrusted = UntrustedProcess {
        pid: 10,
        name: "ilogtail".into(),
        user: 1000,
        executable: Some("/home/alice/ilogtail".into()),
    };
    assert_eq!((scan.candidates.len(), scan.untrusted), (0, vec![untrusted]));
    assert_eq!(scan.ignored, [1], "it may become somebody");
}

#[test]
fn where_it_is_not_told_as_whom_an_agent_runs_nothing_is_known() {
    let fake = Fake::new();
    fake.process(10, "ilogtail", "S", Some("/usr/local/ilogtail/ilogtail"));
    fake.status(10, "NSpid:\t10\n");
    let known = look_from(Path::new("/"), |files| {
        Procfs::new(fake.0.at("/proc")).scan(&[], files, some_time(), &Agents)
    });
    assert_eq!(known.why().map(|why| why.reason), Some(Reason::Unsupported));
}

#[test]
fn a_start_is_so_long_before_now_on_the_clock_that_counts_suspension() {
    let now = some_time();
    let hundred = rustix::param::clock_ticks_per_second() * 100;
    assert_eq!(started_at(hundred, now), now.wall + Duration::from_secs(100) - now.boot);
    let just_booted = Now { boot: Duration::from_secs(99), ..now };
    assert_eq!(started_at(hundred, just_booted), now.wall + Duration::from_secs(1));
    assert_eq!(started_at(u64::MAX, now).max(SystemTime::UNIX_EPOCH), started_at(u64::MAX, now));
}

/// The candidates of the real `/proc` that run below `host`.
fn real(host: &Host) -> Vec<Candidate> {
    host.look(|files| match Procfs::new("/proc".into()).scan(&[], files, some_time(), &Agents) {
        Reading::Known(scan) => scan.candidates,
        Reading::Unknown(why) => panic!("{why}"),
    })
}

fn find(found: Vec<Candidate>, started: &Started) -> Candidate {
    found.into_iter().find(|candidate| candidate.process.pid == started.pid()).expect("the process is found")
}

#[test]
fn real_processes_are_told_apart_alive_stopped_deleted_and_defunct() {
    let host = Host::new();
    let agent = host.run("/usr/local/ilogtail/ilogtail");
    // The kernel counts memory per processor, and sums it so approximately that a new process may have none.
    let mut looks = (0..1000).map(|_| find(real(&host), &agent));
    let alive = looks.find(|alive| alive.process.resident_bytes > 0).expect("it has memory");
    assert_eq!(alive.process.state, ProcessState::Alive);
    assert_eq!(alive.process.parent, std::process::id());
    let path = PathBuf::from("/usr/local/ilogtail/ilogtail");
    let executable = Executable { path: path.clone(), deleted: false };
    assert_eq!(alive.process.executable, Reading::Known(Some(executable)), "the root's prefix is taken off");
    assert_eq!(alive.path.as_deref(), Some(path.as_path()));
    assert_eq!(alive.process.arguments.known().unwrap()[1], "1000");
    assert_eq!(alive.process.threads, 1);
    assert!(*alive.process.open_fds.known().unwrap() >= 3);

    agent.stop();
    assert_eq!(find(real(&host), &agent).process.state, ProcessState::Stopped);

    std::fs::remove_file(host.at("/usr/local/ilogtail/ilogtail")).unwrap();
    let executable = Executable { path, deleted: true };
    assert_eq!(find(real(&host), &agent).process.executable, Reading::Known(Some(executable)));

    agent.kill();
    let zombie = find(real(&host), &agent);
    assert_eq!(zombie.process.state, ProcessState::Defunct);
    assert_eq!((zombie.process.executable, zombie.path), (Reading::Known(None), None));
}

#[test]
fn a_real_start_lies_between_the_moments_around_it() {
    let boot = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(time).unwrap()
    };
    let host = Host::new();
    let before = boot();
    let agent = host.run("/usr/local/ilogtail/ilogtail");
    let now = Now { boot: boot(), ..some_time() };
    let scan = host.look(|files| Procfs::new("/proc".into()).scan(&[], files, now, &Agents));
    let Reading::Known(scan) = scan else { panic!("{scan:?}") };
    let age = now.wall.duration_since(find(scan.candidates, &agent).process.started_at).unwrap();
    assert!(
        age + before <= now.boot + of_ticks(1),
        "{age:?} ago, after {before:?} and before {:?}",
        now.boot
    );
}

#[test]
fn a_file_that_is_really_called_deleted_is_not() {
    let host = Host::new();
    let agent = host.run("/opt/ilogtail_1 (deleted)");
    let found = find(real(&host), &agent);
    let executable = Executable { path: "/opt/ilogtail_1 (deleted)".into(), deleted: false };
    assert_eq!(found.process.executable, Reading::Known(Some(executable)));
}

#[test]
fn real_processes_that_only_mention_an_agent_are_none() {
    let host = Host::new();
    let log = host.file("/ilogtail.LOG", "");
    let decoys = [
        Started::named("/bin/sleep", "ilogtail", "1000"),
        Started::of(Command::new("tail").arg("-f").arg(log)),
        Started::of(
            Command::new("sh").args(["-c", "read ilogtail; : ilogtail"]).stdin(std::process::Stdio::piped()),
        ),
    ];
    let found = real(&host);
    for decoy in &decoys {
        assert!(!found.iter().any(|candidate| candidate.process.pid == decoy.pid()), "{found:?}");
    }
}

#[test]
fn an_unprivileged_exporter_finds_the_agent_and_says_what_it_cannot_read() {
    let host = Host::new();
    // Without privileges, not even the owner of a process may read it if its executable is unreadable.
    let program = host.program("/usr/local/ilogtail/ilogtail");
    std::fs::set_permissions(&program, Permissions::from_mode(0o111)).unwrap();
    let agent = Started::of(Command::new(&program).arg("1000"));
    let found = find(as_nobody(|| real(&host)), &agent);
    let reasons = [found.process.executable.why(), found.process.open_fds.why(), found.environment.why()];
    for why in reasons {
        let why = why.expect("not readable");
        assert_eq!(why.reason, Reason::Denied);
        assert!(why.detail.contains("CAP_SYS_PTRACE"), "{why}");
    }
    assert_eq!(found.process.state, ProcessState::Alive);
    assert_eq!(found.path, Some("/usr/local/ilogtail/ilogtail".into()));
}

proptest! {
    #[test]
    fn arbitrary_command_lines_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(split_arguments(&bytes).0.len() <= MOST_ARGUMENTS);
        base_name(Path::new(std::ffi::OsStr::from_bytes(&bytes)));
    }
}

#[test]
fn what_is_filtered_out_is_what_the_full_reading_leaves_out() {
    let fake = Fake::new();
    let long = format!("/{}/ilogtail", "d/".repeat(600));
    let targets = [
        Some("/usr/local/ilogtail/ilogtail"),
        Some("/usr/local/ilogtail/ilogtail (deleted)"),
        Some("/usr/local/ilogtail/ilogtail_0.14.2 (deleted)"),
        Some("/opt/ilogtail (deleted) (deleted)"),
        Some("/ilogtail/tail"),
        Some("/memfd:x (deleted)"),
        Some("/"),
        Some(long.as_str()),
        None,
    ];
    let mut pid = 100;
    for target in targets {
        for (comm, state) in
            [("ilogtail", "S"), ("ilogtail", "Z"), ("tail", "S"), ("tail", "Z"), ("a) (b", "S")]
        {
            fake.process(pid, comm, state, target);
            pid += 1;
        }
    }
    fake.process(pid, "tail", "S", None);
    fake.0.file(&format!("/proc/{pid}/stat"), "no stat at all");
    // A kernel thread with an agent's name.
    fake.0.file("/proc/90/stat", "90 (ilogtail) S 2 0 0 0 -1 2129984 0 0 0 0 0 6 0 0 20 0 1 0 50 0 0 0 0 0");
    let procfs = fake.0.at("/proc");
    let (all, filtered, full, whole) = look_from(Path::new("/"), |files| {
        let facts = Facts::new(&procfs, files.attempt);
        let reader = Reader {
            procfs: &procfs,
            files,
            now: some_time(),
            wanted: &Agents,
            facts,
            root: OnceCell::new(),
            sees_containers: false,
        };
        let Reading::Known(all) = reader.pids() else { panic!("a procfs") };
        let filtered = reader.filtered(all.clone());
        let kept = |pids: &[u32]| -> Vec<u32> {
            pids.iter().copied().filter(|pid| matches!(reader.look(*pid, 0), Ok(Some(_)))).collect()
        };
        let (full, whole) = (kept(&filtered), kept(&all));
        (all, filtered, full, whole)
    });
    assert_eq!(full, whole);
    assert!(whole.len() > 15 && filtered.len() < all.len() - 10, "{whole:?} of {filtered:?} of {all:?}");
    assert!(!filtered.contains(&1) && !filtered.contains(&90), "{filtered:?}");
}
