//! Root directories, processes and small profiles for this module's tests.

use std::{
    collections::BTreeSet,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, SystemTime},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;

use super::{
    blocking::BlockingReads,
    file::{By, Files},
    process::base_name,
};
use crate::{
    agents::{
        Commands, ConfigFiles, EditionFacts, Files as AgentFiles, Identification, IdentityLayout, Layout,
        LocalTime, Located, Operation, Place, Profile, Recognition, Service,
    },
    config::AgentSettings,
    model::{
        Prerequisite, Reading, Role,
        snapshot::{
            AddressRecord, Edition, Endpoint, ExpectedRole, Invocation, LoadedConfig, Parameter, Parameters,
            Rejection,
        },
    },
    sys::root::Root,
};

/// A directory that serves as a host's root.
pub(in crate::observe) struct Host(TempDir);

impl Host {
    pub(in crate::observe) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(in crate::observe) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(in crate::observe) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    pub(in crate::observe) fn dir(&self, path: &str) -> PathBuf {
        let path = self.at(path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub(in crate::observe) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(in crate::observe) fn link(&self, path: &str, target: &str) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// Runs `/bin/sleep` copied to `path`.
    pub(in crate::observe) fn run(&self, path: &str) -> Started {
        let program = self.program(path);
        Started::of(Command::new(program).arg("1000"))
    }

    /// Creates an executable at `path` that sleeps for a long time.
    pub(in crate::observe) fn program(&self, path: &str) -> PathBuf {
        let program = self.at(path);
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::fs::copy("/bin/sleep", &program).unwrap();
        program
    }

    /// Calls `look` with this directory as the root.
    pub(in crate::observe) fn look<T>(&self, look: impl FnOnce(Files<'_>) -> T) -> T {
        look_from(self.path(), look)
    }
}

pub(in crate::observe) fn look_from<T>(root: &Path, look: impl FnOnce(Files<'_>) -> T) -> T {
    let attempt = BlockingReads::default().attempt(BTreeSet::new(), false);
    look(Files { root: &Root::new(root), attempt: &attempt, by: By::Exporter, deputy: false })
}

/// Calls `act` as a user without privileges. The kernel has a separate identity for each thread.
pub(crate) fn as_nobody<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    use rustix::{fs::Gid, fs::Uid};
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let (user, group) = (Uid::from_raw(65534), Gid::from_raw(65534));
                set_thread_groups(&[]).unwrap();
                set_thread_res_gid(group, group, group).unwrap();
                set_thread_res_uid(user, user, user).unwrap();
            }
            act()
        });
        thread.join().unwrap()
    })
}

/// True if a process has its command line, or has already exited.
fn is_whole(pid: u32) -> bool {
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    !read("cmdline").is_empty() || String::from_utf8_lossy(&read("stat")).contains(") Z ")
}

/// A child process that does not outlive its test.
pub(in crate::observe) struct Started(Child);

impl Started {
    pub(in crate::observe) fn of(command: &mut Command) -> Self {
        loop {
            match command.spawn() {
                Ok(child) => {
                    // It runs the program, but may not have its command line yet.
                    while !is_whole(child.id()) {
                        std::thread::yield_now();
                    }
                    return Self(child);
                }
                // Another test's fork still holds the file, just written, open for writing, until its exec.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::yield_now();
                }
                Err(error) => panic!("{command:?}: {error}"),
            }
        }
    }

    pub(in crate::observe) fn named(program: &str, name: &str, argument: &str) -> Self {
        Self::of(Command::new(program).arg0(name).arg(argument))
    }

    pub(in crate::observe) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Stops it, and waits until it is.
    pub(in crate::observe) fn stop(&self) {
        self.signal(Signal::STOP, WaitIdOptions::STOPPED);
    }

    /// Kills it, and waits until it is a zombie.
    pub(in crate::observe) fn kill(&self) {
        self.signal(Signal::KILL, WaitIdOptions::EXITED);
    }

    fn signal(&self, signal: Signal, until: WaitIdOptions) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, signal).unwrap();
        waitid(WaitId::Pid(pid), until | WaitIdOptions::NOWAIT).unwrap();
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A kind like Logtail: a daemon and its worker, an identity directory.
pub(in crate::observe) struct Paired;
/// A kind like `LogListener`: roles by name, versioned directories.
pub(in crate::observe) struct Versioned;
/// A kind that is only configured.
pub(in crate::observe) struct Described;

pub(in crate::observe) static KINDS: &[&dyn Profile] = &[&Paired, &Versioned, &Described];

macro_rules! profile {
    ($kind:ident, $name:literal, { $($identification:item)* }, { $($files:item)* }) => {
        impl Identification for $kind {
            $($identification)*

            fn kind(&self) -> &'static str {
                $name
            }
            fn wants_variable(&self, name: &str) -> bool {
                ["working_ip", "http_proxy"].contains(&name)
            }
        }

        impl AgentFiles for $kind {
            $($files)*

            fn identity_layout(
                &self,
                _: &AgentSettings,
                _: &Invocation,
                parameters: Reading<Option<&Parameters>>,
            ) -> IdentityLayout {
                let parameters = match parameters {
                    Reading::Known(Some(parameters)) => parameters,
                    Reading::Known(None) => return IdentityLayout::default(),
                    Reading::Unknown(why) => {
                        let users = Located::by_layout(["/etc/ilogtail/users".into()]).unless(why);
                        return IdentityLayout { users, ..IdentityLayout::default() };
                    }
                };
                // Where identities are depends on the config, as with Logtail.
                let dir = parameters.working_ip.as_ref().map_or("/etc/ilogtail", |dir| dir.value.as_str());
                let below = |name: &str| Located::by_layout([Path::new(dir).join(name)]);
                IdentityLayout {
                    users: below("users"),
                    identifiers: below("user_defined_id"),
                    instance_identity: below("instance_identity"),
                }
            }
            fn config_parts(&self, _: &AgentSettings, _: &Invocation, path: &Path, _: &Parameters) -> Located {
                Located::by_layout(path.parent().map(|dir| dir.join("config.d")))
            }
            fn parse_parameters(&self, files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
                let reason = "not an object".to_owned();
                let rest = files.bytes.strip_prefix(b"{").ok_or(Rejection { line: Some(1), reason })?;
                let value = String::from_utf8_lossy(rest).into_owned();
                let working_ip =
                    if value.is_empty() { None } else { Some(Parameter { key: "dir".into(), value }) };
                let canonical = files.parts.iter().map(|(path, _)| path.display().to_string()).collect();
                Ok(Parameters { working_ip, canonical: Some(canonical), ..Parameters::default() })
            }
            fn implied_parameters(&self, path: &Path) -> Option<Parameters> {
                path.ends_with("generated.json").then(Parameters::default)
            }
            fn parse_record(&self, bytes: &[u8], local: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let update_time_candidates = local(&text);
                Ok(AddressRecord { update_time_candidates, version: Some("1.3.1".into()), ..Default::default() })
            }
            fn parse_identifiers(&self, bytes: &[u8], _: crate::model::System) -> Vec<String> {
                String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
            }
            fn parse_owner_account(&self, bytes: &[u8]) -> Option<String> {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            fn parse_version(&self, bytes: &[u8]) -> Option<String> {
                Some(String::from_utf8_lossy(bytes).trim().to_owned())
            }
            fn parse_loaded_config(&self, path: &Path, log: &[u8], _: LocalTime<'_>) -> Option<LoadedConfig> {
                let canonical = Some(log.len().to_string());
                Some(LoadedConfig { path: path.to_owned(), canonical, at: None })
            }
        }

        impl Service for $kind {
            fn endpoints(
                &self,
                _: &AgentSettings,
                _: &Edition,
                _: Option<&Parameters>,
                _: &Path,
            ) -> Vec<Endpoint> {
                Vec::new()
            }
        }

        impl Operation for $kind {
            fn applies(&self, _: Prerequisite, _: &Reading<Edition>) -> Reading<bool> {
                Reading::Known(false)
            }
            fn edition(&self, _: EditionFacts<'_>) -> Reading<Edition> {
                Reading::Known(Edition::default())
            }
            fn expected_roles(
                &self,
                _: EditionFacts<'_>,
                _: &Reading<Edition>,
            ) -> Reading<Vec<ExpectedRole>> {
                Reading::Known(Vec::new())
            }
            fn roles(&self, _: &AgentSettings) -> Vec<Role> {
                Vec::new()
            }
            fn commands(&self, _: &AgentSettings, _: Option<&str>) -> Commands {
                Commands::new()
            }
        }
    };
}

profile!(
    Paired,
    "paired",
    {
        fn places(&self, _: crate::model::System) -> &'static [Place] {
            const {
                &[
                    Place::Directory("/usr/local/ilogtail"),
                    Place::Directory("/opt/elsewhere/ilogtail"),
                    Place::Suffixed { parent: "/usr/local", stem: "ilogtail", proof: Some("/etc/ilogtail") },
                ]
            }
        }
        fn recognise(&self, name: &str, _: &AgentSettings) -> Recognition {
            if name == "ilogtail" || name.starts_with("ilogtail_") {
                Recognition::Agent
            } else {
                Recognition::Foreign
            }
        }
        fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
            executable.parent().map(Path::to_owned)
        }
        fn default_install_dir(&self, _: crate::model::System) -> Option<PathBuf> {
            Some("/usr/local/ilogtail".into())
        }
    },
    {
        fn layout(&self, settings: &AgentSettings, invocation: &Invocation) -> Layout {
            let dir = settings.install_dir.clone().unwrap();
            let config = match invocation.variable("working_ip") {
                Ok(named) => {
                    Located::by_layout(named.map(PathBuf::from).into_iter().chain([dir.join("config.json")]))
                }
                Err(why) => Located::by_layout([dir.join("config.json")]).unless(why.clone()),
            };
            Layout {
                binary_dirs: vec![dir.clone()],
                config,
                record: Located::by_layout([dir.join("app_info.json")]),
                version_file: Some(dir.join("version.txt")),
                log: Located::by_layout([dir.join("a.LOG"), dir.join("b.LOG")]),
                ..Layout::default()
            }
        }
    }
);

profile!(
    Versioned,
    "versioned",
    {
        fn places(&self, _: crate::model::System) -> &'static [Place] {
            const {
                &[
                    Place::Directory("/usr/local/loglistener"),
                    Place::Suffixed { parent: "/usr/local", stem: "loglistener", proof: None },
                ]
            }
        }
        fn recognise(&self, name: &str, _: &AgentSettings) -> Recognition {
            match name {
                "loglistener" => Recognition::Role(Role::MAIN),
                "loglistenerm" => Recognition::Role(Role::DAEMON),
                _ => Recognition::Foreign,
            }
        }
        fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
            executable.parent()?.parent().map(Path::to_owned)
        }
        fn default_install_dir(&self, _: crate::model::System) -> Option<PathBuf> {
            Some("/usr/local/loglistener".into())
        }
    },
    {
        fn layout(&self, settings: &AgentSettings, _: &Invocation) -> Layout {
            Layout {
                binary_dirs: vec![settings.install_dir.clone().unwrap().join("bin")],
                ..Layout::default()
            }
        }
    }
);

profile!(
    Described,
    "described",
    {
        fn places(&self, _: crate::model::System) -> &'static [Place] {
            &[]
        }
        fn recognise(&self, name: &str, settings: &AgentSettings) -> Recognition {
            let process = settings.processes.iter().find(|p| Path::new(&p.executable).ends_with(name));
            process.map_or(Recognition::Foreign, |process| Recognition::Role(Role::named(&process.role)))
        }
        fn recognises_comm(&self, comm: &str, settings: &AgentSettings) -> bool {
            let mut names = settings.processes.iter().map(|p| base_name(Path::new(&p.executable)));
            names.any(|name| name == comm || name.get(..15) == Some(comm))
        }
        fn install_dir_of(&self, _: &Path) -> Option<PathBuf> {
            None
        }
        fn default_install_dir(&self, _: crate::model::System) -> Option<PathBuf> {
            None
        }
    },
    {
        fn layout(&self, settings: &AgentSettings, _: &Invocation) -> Layout {
            Layout { files: settings.files.clone(), ..Layout::default() }
        }
    }
);

/// A moment for tests in which clocks do not matter.
pub(in crate::observe) fn some_time() -> crate::observe::time::Now {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    crate::observe::time::Now { wall, boot: Duration::from_secs(10_000_000) }
}
