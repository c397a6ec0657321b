//! A separate machine for a test: namespaces of mounts, network, host name and processes, and a simulated internet behind
//! it.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{fd::AsFd as _, unix::fs::symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{
    Answer, Certificate,
    authority::Authority,
    eventually,
    http::{self, Connection, Response},
    service::Service,
};

/// Where programs are looked for on the machine; the exporter and the stand-in are in the first place.
const PATH: &str = "/run/programs:/usr/sbin:/usr/bin:/sbin:/bin";

/// The host name.
pub(crate) const HOST_NAME: &str = "web-1";

/// A process of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Its name in the kernel, at most 15 bytes.
    pub(crate) name: String,
    pub(crate) state: char,
}

/// The machine; it ends with everything on it when dropped.
pub(crate) struct Host {
    unshare: Child,
    init: u32,
    /// The machine's root directory, as this process sees it.
    root: PathBuf,
    pub(super) authority: Authority,
    pub(super) service: Service,
}

impl Drop for Host {
    fn drop(&mut self) {
        // Its first process is killed with it, and everything else with that.
        let _gone = self.unshare.kill();
        let _gone = self.unshare.wait();
    }
}

/// The stand-in for agents, which Cargo builds beside the exporter.
fn stand_in() -> PathBuf {
    let path = Path::new(BUILT).with_file_name("examples").join("stand-in");
    assert!(path.exists(), "{}: not built; run `cargo build --example stand-in`", path.display());
    path
}

/// Where `make test-deps` unpacks the program of a package.
fn unpacked(program: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".cache").join(program);
    assert!(path.join(program).exists(), "{}: no {program}; run `make test-deps`", path.display());
    path
}

/// Beside what Cargo builds for tests.
const BUILT: &str = env!("CARGO_BIN_EXE_logagent-exporter");

impl Host {
    /// The exporter that is tested, or another one that is measured.
    pub(crate) fn executable() -> PathBuf {
        env::var_os("EXPORTER").map_or_else(|| PathBuf::from(BUILT), PathBuf::from)
    }

    /// A machine with a network, a trust store, and nothing to watch.
    pub(crate) fn new() -> Self {
        let mut unshare = Command::new("unshare")
            .args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child"])
            .args(["/bin/sh", "-c", include_str!("host.sh")])
            .env_clear()
            .envs([("PATH", PATH), ("HOST_NAME", HOST_NAME)])
            .env("EXPORTER", Self::executable())
            .env("STAND_IN", stand_in())
            .env("PROMETHEUS", unpacked("prometheus"))
            .env("ALERTMANAGER", unpacked("prometheus-alertmanager"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("unshare (package util-linux) starts");
        let mut ready = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        if ready != "ready\n" {
            let mut complaint = String::new();
            let _rest = unshare.stderr.take().unwrap().read_to_string(&mut complaint);
            panic!(
                "no machine for the test could be made (it takes root, or CAP_SYS_ADMIN and CAP_NET_ADMIN, and the packages \
                 util-linux and iproute2): {complaint}"
            );
        }
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let init = fs::read_to_string(&children).unwrap().trim().parse().unwrap();
        let root = PathBuf::from(format!("/proc/{init}/root"));
        let service = Service::start(&root.join("run/netns/internet"));
        let host = Self { unshare, init, root, authority: Authority::new(), service };
        host.write("/etc/ssl/certs/ca-certificates.crt", host.authority.pem());
        host
    }

    /// Where the machine's `path` is for this process.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The same for a path that is created: only in a directory that no other machine of a test has.
    fn own(&self, path: &str) -> PathBuf {
        const OWN: [&str; 6] = ["/etc/", "/opt/", "/run/", "/sys/", "/usr/local/", "/var/"];
        assert!(OWN.iter().any(|own| path.starts_with(own)), "{path}: all machines share this directory");
        self.at(path)
    }

    /// Writes a file, with its directories.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.own(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Changes a file's text.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}: {text}");
        self.write(path, text.replace(from, to));
    }

    /// Removes a file, a link, or a directory with all that is in it.
    pub(crate) fn remove(&self, path: &str) {
        let at = self.at(path);
        let is_directory =
            fs::symlink_metadata(&at).unwrap_or_else(|error| panic!("{path}: {error}")).is_dir();
        if is_directory { fs::remove_dir_all(at) } else { fs::remove_file(at) }.unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    /// Makes `path` a symbolic link.
    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.own(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// Puts the stand-in for agents at `path`, replacing any existing file.
    pub(crate) fn install_stand_in(&self, path: &str) {
        // Not by this process: a child that another test's thread starts meanwhile inherits the open file, and a file
        // that is open for writing cannot be executed.
        self.sh(&format!(
            "mkdir -p $(dirname {path}) && cp /run/programs/stand-in {path}.new && mv {path}.new {path}"
        ));
    }

    /// A command on the machine, by root in `directory`, with an empty environment.
    pub(crate) fn command(&self, directory: &str, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init.to_string(), "--mount", "--net", "--uts", "--ipc", "--pid"])
            .args(["/bin/sh", "-c", r#"cd "$0" && exec "$@""#, directory, program])
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::null());
        command
    }

    /// Runs a shell script on the machine; it must succeed.
    pub(crate) fn sh(&self, script: &str) -> String {
        let output = self.command("/", "sh").args(["-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a program that leaves processes behind, or ends by itself.
    pub(crate) fn start<'a>(
        &self,
        command: &[&str],
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        self.start_in("/", command, environment);
    }

    /// The same, in a directory.
    pub(crate) fn start_in<'a>(
        &self,
        directory: &str,
        command: &[&str],
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let Output { status, stderr, .. } =
            self.command(directory, command[0]).args(&command[1..]).envs(environment).output().unwrap();
        assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str, pid: u32) {
        self.sh(&format!("kill -{signal} {pid}"));
    }

    /// Changes the network: a command of `ip`.
    pub(crate) fn ip(&self, command: &str) {
        self.sh(&format!("ip {command}"));
    }

    /// Adds an interface with an address.
    pub(crate) fn add_interface(&self, name: &str, address: &str) {
        self.sh(&format!(
            "ip link add {name} type veth peer name p-{name} netns internet\nip address add {address} dev {name}\nip link set {name} up"
        ));
    }

    /// Drops packets to this address and port, like a silent firewall.
    pub(crate) fn block(&self, address: &str) {
        let (to, port) = address.split_once(':').unwrap();
        self.ip(&format!("-n internet rule add pref 10 to {to} ipproto 6 dport {port} blackhole"));
    }

    /// Lets it pass again.
    pub(crate) fn unblock(&self) {
        self.ip("-n internet rule del pref 10");
    }

    /// Adds an address to the internet, to which `names` resolve from now on, and on which nothing listens.
    pub(crate) fn add_site(&self, address: &str, names: &[&str]) {
        self.ip(&format!("-n internet address add {address}/32 dev lo"));
        let hosts = self.at("/etc/hosts");
        let lines = fs::read_to_string(&hosts).unwrap_or_else(|_| "127.0.0.1 localhost\n".to_owned());
        fs::write(hosts, format!("{lines}{address} {}\n", names.join(" "))).unwrap();
    }

    /// Answers HTTP at an address and port.
    pub(crate) fn serve(&self, address: &str, answer: Answer) {
        self.service.serve(address, None, answer);
    }

    /// Answers HTTPS at an address and port.
    pub(crate) fn serve_tls(&self, address: &str, certificate: Certificate, names: &[&str], answer: Answer) {
        self.service.serve(address, Some(self.authority.server(certificate, names)), answer);
    }

    /// How many connections the server at an address and port has accepted.
    pub(crate) fn accepted(&self, address: &str) -> usize {
        self.service.accepted(address)
    }

    /// Nothing listens there from now on.
    pub(crate) fn refuse(&self, address: &str) {
        self.service.close(address.parse().unwrap());
    }

    /// Sets the clock of all services ahead of the machine's.
    pub(crate) fn set_services_ahead(&self, seconds: i64) {
        self.service.set_clock_ahead(seconds);
    }

    /// Every process in the machine's namespace.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let mut processes = Vec::new();
        for entry in fs::read_dir(self.at("/proc")).unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // It may have exited by now.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { continue };
            let mut rest = stat[close + 1..].split_whitespace();
            let (Some(state), Some(parent)) = (rest.next(), rest.next()) else { continue };
            processes.push(Process {
                pid,
                parent: parent.parse().unwrap(),
                name: stat[open + 1..close].to_owned(),
                state: state.chars().next().unwrap(),
            });
        }
        processes.sort_by_key(|process| process.pid);
        processes
    }

    /// The processes of this name.
    pub(crate) fn named(&self, name: &str) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| process.name == name);
        processes
    }

    /// The ids of the processes of this name.
    pub(crate) fn pids(&self, name: &str) -> Vec<u32> {
        self.named(name).into_iter().map(|process| process.pid).collect()
    }

    /// Waits until exactly this many live processes have this name, besides one that was started from outside and is
    /// about to exit.
    pub(crate) fn until_running(&self, name: &str, count: usize) -> Vec<Process> {
        eventually(&format!("{count} processes {name}"), || {
            let mut found = self.named(name);
            found.retain(|process| process.state != 'Z' && process.parent != 0);
            if found.len() == count { Ok(found) } else { Err(format!("{found:?}")) }
        })
    }

    /// Kills every process of this name, and waits until they are gone.
    pub(crate) fn kill_all(&self, name: &str) {
        for process in self.named(name) {
            // Children may have exited with their parents.
            let _status = self
                .command("/", "sh")
                .args(["-c", &format!("kill -9 {} 2>/dev/null", process.pid)])
                .status();
        }
        eventually(&format!("{name} ends"), || match self.named(name).as_slice() {
            [] => Ok(()),
            left => Err(format!("{left:?}")),
        });
    }

    /// The machine's network, for threads that enter it.
    pub(crate) fn network(&self) -> Network {
        Network(fs::File::open(format!("/proc/{}/ns/net", self.init)).unwrap())
    }

    /// One HTTP request to a server on the machine.
    pub(crate) fn request(
        &self,
        port: u16,
        method: &str,
        path: &str,
        headers: &[&str],
    ) -> Result<Response, String> {
        self.network().visit(|network| network.request(port, method, path, headers))
    }

    /// Connects to a server on the machine.
    pub(crate) fn connect(&self, port: u16) -> TcpStream {
        self.network().visit(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
    }

    /// Whether something listens there.
    pub(crate) fn connects(&self, port: u16) -> std::io::Result<()> {
        self.network().visit(|_| TcpStream::connect(("127.0.0.1", port)).map(drop))
    }

    /// Writes a certificate for `name`, of the authority that the machine trusts, and its key.
    pub(crate) fn certify(&self, certificate: &str, key: &str, name: &str) {
        let [pem, of_it] = self.authority.issue(name);
        self.write(certificate, pem);
        self.write(key, of_it);
    }

    /// Connects this many times to a server on the machine.
    pub(crate) fn connections(&self, port: u16, count: usize) -> Vec<Connection> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.network().visit(|_| (0..count).map(|_| Connection::open(address).unwrap()).collect())
    }

    /// Listens on a port of the machine's loopback interface.
    pub(crate) fn listen(&self, port: u16) -> TcpListener {
        self.network().visit(|_| TcpListener::bind(("127.0.0.1", port)).unwrap())
    }

    /// Creates the directory `path` and its parents.
    pub(crate) fn create_dir(&self, path: &str) {
        fs::create_dir_all(self.own(path)).unwrap();
    }
}

/// The network of a machine.
pub(crate) struct Network(fs::File);

impl Network {
    /// Moves the calling thread into it permanently.
    pub(crate) fn enter(&self) {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }

    /// Runs this in it.
    fn visit<T: Send>(&self, errand: impl FnOnce(&Self) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                self.enter();
                errand(self)
            });
            visitor.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// One HTTP request to a server on the machine; the calling thread must have entered.
    #[expect(clippy::unused_self, reason = "a reminder of where the thread must be")]
    pub(crate) fn request(
        &self,
        port: u16,
        method: &str,
        path: &str,
        headers: &[&str],
    ) -> Result<Response, String> {
        http::request(SocketAddr::from(([127, 0, 0, 1], port)), method, path, headers)
            .map_err(|error| format!("{method} {path}: {error}"))
    }
}

/// The base name of a program.
pub(super) fn base_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(OsStr::to_str).unwrap()
}
