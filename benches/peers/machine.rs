//! The benchmark's own machine: namespaces, agents, endpoints that answer, sleepers; and the programs on it.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};

use crate::client::until;

/// Where Logtail is installed.
const LOGTAIL: &str = "/usr/local/ilogtail";
/// Logtail's config.
pub(crate) const CONFIG: &str = "/usr/local/ilogtail/ilogtail_config.json";
/// Logtail's own log.
pub(crate) const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";
/// The hosts file.
pub(crate) const HOSTS: &str = "/etc/hosts";
/// The address that Logtail reports.
pub(crate) const ADDRESS: &str = "172.16.2.200";
/// Where endpoints are answered.
const SERVICE: &str = "100.115.4.10";
/// The port of the endpoints that config describes, at addresses of loopback.
const ENDPOINT_PORT: u16 = 18080;

/// The contents of the hosts file besides bindings of the host's own name.
pub(crate) const HOSTS_TEXT: &str = "127.0.0.1 localhost\n\
    100.115.4.10 logtail.cn-hangzhou-intranet.log.aliyuncs.com cn-hangzhou-intranet.log.aliyuncs.com \
    ali-cn-hangzhou-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com logs.example.com\n";

/// Logtail's config as its installer writes it.
pub(crate) const CONFIG_TEXT: &str = include_str!("../../tests/it/support/ilogtail_config.json");

/// Runs this program again on a machine of its own; what it writes to standard output is the document.
pub(crate) fn enter() -> Vec<u8> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The release that `make bench` builds, otherwise the program that Cargo built for this run.
    let exporter = env::var_os("BENCH_EXPORTER").unwrap_or(env!("CARGO_BIN_EXE_logagent-exporter").into());
    let mut inside = Command::new("unshare")
        .args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child"])
        .args(["/bin/sh", "-c", include_str!("machine.sh")])
        .env("BENCH_INSIDE", "1")
        .env("SELF", env::current_exe().unwrap())
        .env("GLIBC", env::var_os("BENCH_EXPORTER_GLIBC").unwrap_or_else(|| exporter.clone()))
        .env("BARE", env::var_os("BENCH_BARE_SERVER").expect("BENCH_BARE_SERVER: run `make bench`"))
        .env("EXPORTER", exporter)
        .env("PEERS", here.join(".cache/peers/root/usr/bin"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare (package util-linux) starts");
    let mut document = Vec::new();
    inside.stdout.take().unwrap().read_to_end(&mut document).unwrap();
    let status = inside.wait().unwrap();
    assert!(status.success(), "the benchmark failed (it takes root, util-linux and iproute2): {status}");
    document
}

/// A Logtail daemon that starts its worker on request, so that starts can be timed.
pub(crate) struct Logtail {
    daemon: Child,
    orders: ChildStdin,
    /// They end with the machine.
    _others: Vec<Child>,
}

impl Logtail {
    /// Installs Logtail and the custom agent with its endpoints, and starts both.
    pub(crate) fn install() -> Self {
        fs::create_dir_all(LOGTAIL).unwrap();
        fs::create_dir_all("/opt/shipper/bin").unwrap();
        fs::create_dir_all("/etc/ilogtail/users").unwrap();
        for program in ["/usr/local/ilogtail/ilogtail", "/opt/shipper/bin/shipper"] {
            fs::copy("/run/programs/bench", program).unwrap();
        }
        fs::write(HOSTS, HOSTS_TEXT).unwrap();
        fs::write("/etc/ilogtail/user_defined_id", "web-fleet").unwrap();
        write_record(ADDRESS);
        fs::write(CONFIG, CONFIG_TEXT).unwrap();
        let log = "[2022-12-27 05:38:33.414421]\t[info]\t[11024]\tan ordinary line of the agent's log\n"
            .repeat(10_000);
        fs::write(LOG, log).unwrap();
        let services = vec![
            spawn("/run/programs/bench", &["--answer", &format!("{SERVICE}:80")]),
            spawn("/run/programs/bench", &["--answer", &format!("0.0.0.0:{ENDPOINT_PORT}")]),
            spawn("/opt/shipper/bin/shipper", &[]),
        ];
        let mut daemon = Command::new("/usr/local/ilogtail/ilogtail")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let orders = daemon.stdin.take().unwrap();
        let mut logtail = Self { daemon, orders, _others: services };
        logtail.start_worker();
        until(Duration::from_secs(5), Duration::from_millis(1), || logtail.worker().is_some()).unwrap();
        logtail
    }

    /// Lets the daemon start a worker.
    pub(crate) fn start_worker(&mut self) {
        self.orders.write_all(b"\n").unwrap();
    }

    /// The worker's process id, if it runs.
    pub(crate) fn worker(&self) -> Option<u32> {
        let pid = self.daemon.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().next()?.parse().ok()
    }

    /// Kills the worker.
    pub(crate) fn kill_worker(&self) {
        let pid = rustix::process::Pid::from_raw(self.worker().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

/// The record of the address that Logtail chose.
fn write_record(address: &str) {
    let record = format!(
        "{{\n\t\"UUID\" : \"\",\n\t\"hostname\" : \"web-1\",\n\
         \t\"instance_id\" : \"E9633380-85C2-11ED-9BAD-00163E1AA597_{address}_1672119513\",\n\t\"ip\" : \"{address}\",\n\
         \t\"logtail_version\" : \"1.3.1\",\n\t\"os\" : \"Linux\",\n\t\"update_time\" : \"2022-12-27 05:38:33\"\n}}\n"
    );
    fs::write(Path::new(LOGTAIL).join("app_info.json"), record).unwrap();
}

/// A config of the exporter: Logtail, and a custom agent with this many endpoints, or this many such agents.
pub(crate) fn config(path: &str, agents: usize, endpoints: usize) {
    let mut text = format!(
        "agents:\n  - kind: logtail\n    install_dir: {LOGTAIL}\n    expect:\n      region: cn-hangzhou\n      \
         network: intranet\n      machine_group_ips: [{ADDRESS}]\n"
    );
    for agent in 0..agents {
        let _infallible = write!(
            text,
            "  - name: shipper{agent}\n    kind: custom\n    \
             processes: [{{ role: worker, executable: /opt/shipper/bin/shipper }}]\n    endpoints:\n"
        );
        for endpoint in 1..=endpoints {
            let _infallible = writeln!(
                text,
                "      - {{ url: \"http://127.1.{agent}.{endpoint}:{ENDPOINT_PORT}/health\", expect_status: [200] }}"
            );
        }
    }
    fs::write(path, text).unwrap();
}

/// Starts a program that runs until the machine ends.
pub(crate) fn spawn(program: &str, arguments: &[&str]) -> Child {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Idle processes that the exporters have to skip.
#[derive(Default)]
pub(crate) struct Sleepers(Vec<Child>);

impl Sleepers {
    /// Starts or ends processes until there are exactly this many.
    pub(crate) fn set(&mut self, count: usize) {
        while self.0.len() > count {
            let mut child = self.0.pop().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        }
        while self.0.len() < count {
            let sleeper = Command::new("/bin/sleep")
                .arg("infinity")
                .env_clear()
                .stdin(Stdio::null())
                .spawn()
                .expect("a process for each sleeper");
            self.0.push(sleeper);
        }
        // The after-effects of starting so many processes must not be measured.
        thread::sleep(Duration::from_millis(300));
    }
}

/// Runs `ip`.
pub(crate) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("ip (package iproute2)");
    assert!(status.success(), "ip {arguments}: {status}");
}

/// What a program prints, in one line; empty if it cannot be run.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
}
