//! The exporter, run as a daemon on a test's machine, or once for a diagnosis.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Response, Seen, eventually, host::Host};

/// The machine has a separate network, so the port is free.
pub(crate) const PORT: u16 = 10077;

/// Intervals and deadlines for tests: what takes a minute elsewhere takes a second.
const HASTE: [(&str, &str); 3] =
    [("--evaluation.interval", "100ms"), ("--probe.interval", "800ms"), ("--probe.timeout", "800ms")];

const CONFIG: &str = "/etc/logagent-exporter.yml";
const LOG: &str = "/run/exporter.log";
const PID: &str = "/run/exporter.pid";
/// The limit of open files, if set; otherwise the default.
const DESCRIPTORS: &str = "/run/descriptors";

/// To read files of other users.
const POWERS: &str = "-all,+dac_read_search,+sys_ptrace";

/// Makes a root directory for the exporter, like an image with only the program, into which a volume of the pod and its
/// hosts file are mounted, and runs a command in it.
const SIDECAR: &str = "
if [ -e /run/sidecar.group ]; then echo $$ >\"$(cat /run/sidecar.group)\"/cgroup.procs; fi
mkdir -p /run/sidecar && mount -t tmpfs tmpfs /run/sidecar && cd /run/sidecar && mkdir usr proc etc dev run run/programs old
mount --rbind /usr usr && mount -t tmpfs tmpfs usr/local && mount --rbind /dev dev && mount --rbind /run/programs run/programs
for link in bin lib lib64; do ln -s usr/$link $link; done
cp -a /etc/ld.so* /etc/passwd /etc/group /etc/nsswitch.conf /etc/ssl etc && cp /etc/hosts etc
if [ -e /etc/logagent-exporter.yml ]; then cp /etc/logagent-exporter.yml etc; fi
if [ -e /opt/volume ]; then mkdir -p usr/local/ilogtail && mount --bind /opt/volume usr/local/ilogtail; fi
mount --rbind /proc proc && pivot_root . old && umount -l old
exec \"$@\"";

/// [`HASTE`], except for the given flags.
fn haste(flags: &[&str]) -> Vec<String> {
    let said = |name: &str| flags.iter().any(|flag| flag.starts_with(name));
    HASTE.iter().filter(|(name, _)| !said(name)).map(|(name, value)| format!("{name}={value}")).collect()
}

/// The user and privileges of a program on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Root,
    /// Not root, and without any capability.
    Nobody,
    /// As the unit runs it: not root, with the capabilities to read files of other users.
    Unit,
    /// In a container of a pod whose containers share their processes: root, with these capabilities.
    Sidecar,
    /// The same without any.
    WeakSidecar,
}

/// What `check` said.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Checked {
    /// The output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running exporter; it ends when dropped.
pub(crate) struct Exporter<'h> {
    host: &'h Host,
    child: Child,
    /// Its process id on the machine.
    pub(crate) pid: u32,
}

impl Drop for Exporter<'_> {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.host.sh(&format!("kill -9 {}", self.pid));
            self.goes_on();
        }
        let _status = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.host.at(LOG)).unwrap_or_default();
            println!("exporter's log:\n{log}");
        }
    }
}

impl Host {
    /// Runs the exporter until the first full cycle is complete; agents are detected.
    pub(crate) fn exporter(&self) -> Exporter<'_> {
        self.exporter_with(User::Root, None, &[])
    }

    /// The same, with a config file.
    pub(crate) fn exporter_of(&self, config: &str) -> Exporter<'_> {
        self.exporter_with(User::Root, Some(config), &[])
    }

    /// The same, by another user, or with further flags.
    pub(crate) fn exporter_with(&self, user: User, config: Option<&str>, flags: &[&str]) -> Exporter<'_> {
        let mut exporter = self.exporter_starting(user, config, flags);
        eventually("the exporter is ready", || {
            exporter.assert_running();
            match self.request(PORT, "GET", "/-/ready", &[])? {
                Response { status: 200, .. } => Ok(()),
                other => Err(other.text().to_owned()),
            }
        });
        exporter
    }

    /// The same, but only waits until it answers.
    pub(crate) fn exporter_starting(&self, user: User, config: Option<&str>, flags: &[&str]) -> Exporter<'_> {
        let log = File::create(self.at(LOG)).unwrap();
        self.exporter_logging_to(log.try_clone().unwrap(), log, user, config, flags)
    }

    /// The same with these as standard output and standard error.
    pub(crate) fn exporter_logging_to(
        &self,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
        user: User,
        config: Option<&str>,
        flags: &[&str],
    ) -> Exporter<'_> {
        let mut command = self.program(user, config);
        let child = command
            .args(haste(flags))
            .args(["--log.level=debug", "--web.enable-lifecycle"])
            .args(flags)
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut exporter = Exporter { host: self, child, pid: 0 };
        eventually("the exporter answers", || {
            exporter.assert_running();
            self.request(PORT, "GET", "/-/ready", &[])
        });
        exporter.pid = self.read(PID).trim().parse().unwrap();
        exporter
    }

    /// The diagnosis of `check` with these arguments.
    pub(crate) fn check(&self, arguments: &[&str]) -> Checked {
        self.check_with(User::Root, None, arguments)
    }

    /// The same, by another user, or with a config file.
    pub(crate) fn check_with(&self, user: User, config: Option<&str>, arguments: &[&str]) -> Checked {
        let output =
            self.program(user, config).arg("check").args(haste(arguments)).args(arguments).output().unwrap();
        Checked {
            code: output.status.code().expect("no signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn program(&self, user: User, config: Option<&str>) -> Command {
        // The shell becomes the exporter, so that its process id is the exporter's.
        let mut command = self.command("/", "sh");
        let files = fs::read_to_string(self.at(DESCRIPTORS))
            .map_or("-Sn 1024".to_owned(), |most| format!("-n {most}"));
        command.args(["-c", &format!(r#"echo $$ >{PID}; ulimit {files}; exec "$@""#), "sh"]);
        if let User::Sidecar | User::WeakSidecar = user {
            let capabilities = if user == User::Sidecar { POWERS } else { "-all" };
            command.args(["unshare", "--mount", "--propagation", "private", "sh", "-ec", SIDECAR, "sh"]);
            command.args(["setpriv", "--no-new-privs", &format!("--bounding-set={capabilities}")]);
            command.args(["env", "POD_NAME=web-0", "POD_NAMESPACE=shop", "NODE_NAME=node-1"]);
        }
        if user == User::Nobody {
            command.args(["setpriv", "--reuid=990", "--regid=990", "--clear-groups"]);
            command.args(["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]);
        }
        if user == User::Unit {
            command.args(["setpriv", "--reuid=990", "--regid=990", "--clear-groups", "--no-new-privs"]);
            for set in ["bounding-set", "inh-caps", "ambient-caps"] {
                command.arg(format!("--{set}={POWERS}"));
            }
        }
        let clocks = self.clocks();
        if !clocks.is_empty() {
            command.arg("env").args(clocks);
        }
        command.arg("logagent-exporter");
        if let Some(config) = config {
            self.write(CONFIG, config);
            command.arg(format!("--config.file={CONFIG}"));
        }
        command
    }
}

impl Exporter<'_> {
    fn assert_running(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("the exporter ended, {status}: {}", self.log());
        }
    }

    /// One request.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[&str]) -> Response {
        self.host.request(PORT, method, path, headers).unwrap()
    }

    /// The body of a page, which must be there.
    pub(crate) fn get(&self, path: &str) -> String {
        let response = self.request("GET", path, &[]);
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        response.text().to_owned()
    }

    /// Keeps the body of a page in a file below `target/tmp`, for tests that are not written in Rust.
    pub(crate) fn keep(&self, path: &str, file: &str) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.get(path)).unwrap();
    }

    /// The current scrape.
    pub(crate) fn scrape(&self) -> Seen {
        Seen::parse(&self.get("/metrics"))
    }

    /// The report now.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.get("/api/v1/report")).unwrap()
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        self.host.read(LOG)
    }

    /// Waits until exactly these prerequisites are not simply ok (see [`Seen::verdict`]), and stay so for two more
    /// evaluations.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &[&str]) {
        let what = format!("the exporter shows {expected:?}");
        let mut since = None;
        eventually(&what, || {
            let seen = self.scrape();
            let verdict = seen.verdict();
            if verdict != expected {
                since = None;
                return Err(format!("{verdict:?}"));
            }
            let evaluations = seen.sum("logagent_evaluations_total");
            if evaluations >= *since.get_or_insert(evaluations) + 2.0 {
                Ok(())
            } else {
                Err("not for long".to_owned())
            }
        });
    }

    /// Waits for a condition of a scrape.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, condition: impl Fn(&Seen) -> bool) -> Seen {
        eventually(what, || {
            let seen = self.scrape();
            if condition(&seen) { Ok(seen) } else { Err(format!("{:?}", seen.verdict())) }
        })
    }

    /// Waits until everything was read and evaluated again.
    pub(crate) fn until_evaluated(&self) {
        let timer = |seen: &Seen| {
            seen.value("logagent_evaluations_total", &[("trigger", "timer")]).unwrap_or_default()
        };
        let at = |seen: &Seen| seen.value("logagent_last_evaluation_timestamp_seconds", &[]).unwrap();
        let before = self.scrape();
        self.until("two more evaluations", |seen| {
            timer(seen) >= timer(&before) + 2.0 && at(seen) > at(&before)
        });
    }

    /// Sends the exporter a signal.
    pub(crate) fn signal(&self, signal: &str) {
        self.host.signal(signal, self.pid);
    }

    /// Continues it after SIGSTOP, which also stops the process that waits for it outside of the machine.
    pub(crate) fn goes_on(&self) {
        // Either may be gone.
        let resume = format!("kill -CONT {} 2>/dev/null", self.pid);
        let _status = self.host.command("/", "sh").args(["-c", &resume]).status();
        let outside = rustix::process::Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        let _gone = rustix::process::kill_process(outside, rustix::process::Signal::CONT);
    }

    /// Waits until it exits; returns its exit code, and how long that took.
    pub(crate) fn ends(&mut self) -> (Option<i32>, Duration) {
        #[expect(clippy::disallowed_methods, reason = "a real process ends in real time")]
        let started = Instant::now();
        let code = eventually("the exporter ends", || match self.child.try_wait().unwrap() {
            Some(status) => Ok(status.code()),
            None => Err("still running".to_owned()),
        });
        (code, started.elapsed())
    }
}

/// Expects this [`Seen::verdict`] for a fault that exists when the exporter starts, undoes it, and expects no finding.
#[track_caller]
pub(crate) fn fault_at_start(host: &Host, config: Option<&str>, expected: &[&str], undo: impl FnOnce(&Host)) {
    let exporter = host.exporter_with(User::Root, config, &[]);
    exporter.shows(expected);
    undo(host);
    exporter.shows(&[]);
}

/// Provokes a fault on a healthy machine, expects exactly this [`Seen::verdict`], undoes it, and expects no finding.
#[track_caller]
pub(crate) fn fault(
    host: &Host,
    config: Option<&str>,
    provoke: impl FnOnce(&Host),
    expected: &[&str],
    undo: impl FnOnce(&Host),
) {
    let exporter = host.exporter_with(User::Root, config, &[]);
    exporter.shows(&[]);
    provoke(host);
    exporter.shows(expected);
    undo(host);
    exporter.shows(&[]);
}
