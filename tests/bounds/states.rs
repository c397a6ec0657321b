//! The states in which bounds are reached.

use std::{any::Any, fmt::Write as _};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    PORT,
    support::{Host, layouts::*},
};

/// A state of a host.
pub(crate) struct State {
    /// The description in the document.
    pub(crate) what: &'static str,
    /// The bounds that it reaches.
    pub(crate) limits: &'static [&'static str],
    /// The config of the exporter, if any.
    pub(crate) config: fn() -> Option<String>,
    pub(crate) host: fn() -> Host,
    pub(crate) make: fn(&Host),
    /// The activity during the measurement.
    pub(crate) during: fn(&Host) -> Box<dyn Any>,
}

const fn state(what: &'static str, limits: &'static [&'static str], make: fn(&Host)) -> State {
    State { what, limits, config: || None, host: Host::with_logtail, make, during: |_| Box::new(()) }
}

/// All of them; the first is for comparison.
pub(crate) const STATES: &[State] = &[
    state("a healthy Logtail, and nothing else", &[], |_| ()),
    State {
        host: Host::with_loglistener,
        ..state("600 processes of an agent", &["candidates"], |host| crowd(host, "", ""))
    },
    State {
        host: Host::with_loglistener,
        ..state(
            "the same, each with 255 kB of arguments and 12 kB of variables that are read",
            &["candidates", "arguments", "environment"],
            long_crowd,
        )
    },
    state("40 × 40 copies of a user's, not trusted", &["candidates"], not_believed),
    state("an agent's config of 1 MiB: 60,000 malformed servers", &["findings", "evidence"], malformed),
    state("the same, one byte too long to be read", &[], |host| {
        malformed(host);
        host.sh(&format!("truncate --size=1048577 {CONFIG}"));
    }),
    State { during: logging, ..state("an agent's log that grows by 20 MB a second", &["log"], |_| ()) },
    state("a directory of 10,001 entries where installations are looked for", &[], |host| {
        host.sh("cd /usr/local && seq -f ilogtail-%.0f 10001 | xargs mkdir");
    }),
    state(
        "40 installations, each with 400 malformed servers",
        &["installations", "findings", "report", "page"],
        installations,
    ),
    State { during: containers, ..state("40 agents in containers", &["installations"], |_| ()) },
    state("100 endpoints of one agent", &[], endpoints),
    State {
        config: files,
        ..state("a custom agent of 200 files, in the exporter's config", &["series"], |host| {
            host.sh("cd /etc/ilogtail && touch $(seq 0 199)");
        })
    },
    State { during: connections, ..state("2,100 silent connections", &[], |_| ()) },
];

/// Starts 600 LogListener processes with these arguments, after this script.
fn crowd(host: &Host, before: &str, arguments: &str) {
    host.sh(&format!(
        "cd {LOGLISTENER}; {before} for i in $(seq 600); do bin/loglistener --conf=etc/loglistener.conf {arguments}; done"
    ));
    host.until_running("loglistener", 601);
}

fn long_crowd(host: &Host) {
    let before = "a=$(head -c 1000 /dev/zero | tr '\\0' x); set --; for i in $(seq 255); do set -- \"$@\" $a; done; \
                  b=$a$a$a$a; export http_proxy=$b https_proxy=$b no_proxy=$b;";
    crowd(host, before, "\"$@\"");
}

fn not_believed(host: &Host) {
    host.install_stand_in("/opt/alice/ilogtail");
    host.sh("chown -R 1000:1000 /opt/alice; chmod 755 /opt/alice/ilogtail");
    let script = "cd /opt/alice; for i in $(seq 40); do mkdir $i; ln ilogtail $i/; \
                  for j in $(seq 40); do $i/ilogtail -ilogtail_daemon_flag=false; done; done";
    host.start(
        &[
            "setpriv",
            "--reuid=1000",
            "--regid=1000",
            "--clear-groups",
            "--inh-caps=-all",
            "sh",
            "-ec",
            script,
        ],
        [],
    );
    host.until_running("ilogtail", 1602);
}

/// A config with this many invalid servers, one of which is too long to be quoted in full.
fn of_malformed_servers(number: usize) -> String {
    let mut text = format!("{{\"config_servers\": [\"!{}\"", "x".repeat(300));
    for entry in 0..number {
        // Writing to a string does not fail.
        let _infallible = write!(text, ", \"!{entry}{}\"", "y".repeat(7));
    }
    text + "]}"
}

fn malformed(host: &Host) {
    let text = of_malformed_servers(60_000);
    assert!((900_000..1 << 20).contains(&text.len()), "{} bytes", text.len());
    host.write(CONFIG, text);
}

fn installations(host: &Host) {
    host.write("/run/malformed.json", of_malformed_servers(400));
    host.sh(
        "cd /usr/local; for i in $(seq 40); do mkdir ilogtail-$i; ln ilogtail/ilogtail ilogtail-$i/; \
         cp /run/malformed.json ilogtail-$i/ilogtail_config.json; ilogtail-$i/ilogtail -ilogtail_daemon_flag=false; done",
    );
    host.until_running("ilogtail", 42);
}

fn endpoints(host: &Host) {
    let servers: Vec<_> =
        (0..100).map(|number| format!("{{\"endpoint\": \"http://127.0.0.1:{}\"}}", 2000 + number)).collect();
    host.write(
        CONFIG,
        format!(
            "{{\"config_server_address\": \"http://127.0.0.1:1999\", \"data_server_list\": [{}]}}",
            servers.join(", ")
        ),
    );
}

/// A config of many files.
fn files() -> Option<String> {
    let paths: Vec<_> = (0..200).map(|number| format!("/etc/ilogtail/{number}")).collect();
    Some(format!("agents: [{{kind: custom, name: one, files: [{}]}}]", paths.join(", ")))
}

/// Ends with the measurement.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The machine and everything on it end next.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn logging(host: &Host) -> Box<dyn Any> {
    let line = "[2026-11-21 10:00:00.000000]\\t[info]\\t[7]\\tsend data to server, project:my-project\\tlogstore:web\\tbytes:4711";
    let script = format!(
        "yes \"$(printf '{line}')\" | head -c 1000000 >/run/lines; while cat /run/lines >>{LOGTAIL}/ilogtail.LOG; do sleep 0.05; done"
    );
    Box::new(Running(host.command("/", "sh").args(["-c", &script]).spawn().unwrap()))
}

/// Each with a separate root directory, as runtimes set it up.
fn containers(host: &Host) -> Box<dyn Any> {
    let script = format!(
        "mkdir -p /opt/jail && mount -t tmpfs tmpfs /opt/jail && cd /opt/jail && mkdir usr proc etc dev old && \
         mount --rbind /dev dev && mount --rbind /usr usr && mount -t tmpfs tmpfs usr/local && mkdir usr/local/ilogtail && \
         for link in bin lib lib64; do ln -s usr/$link $link; done && \
         touch .{ILOGTAIL} && mount --bind /run/programs/stand-in .{ILOGTAIL} && echo '{{}}' >.{CONFIG} && \
         mount -t proc proc proc && pivot_root . old && umount -l old && \
         exec chroot . /bin/sh -c '{ILOGTAIL} -ilogtail_daemon_flag=false; exec sleep 1000'"
    );
    let start = |_| {
        let mut command = host.command("/", "unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", &script]);
        Running(command.spawn().unwrap())
    };
    let all: Vec<_> = (0..40).map(start).collect();
    host.until_running("ilogtail", 42);
    Box::new(all)
}

fn connections(host: &Host) -> Box<dyn Any> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    Box::new(host.connections(PORT, 2100))
}
