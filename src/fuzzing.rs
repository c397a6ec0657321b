//! The fuzz targets: each parser, and a whole evaluation. `fuzz/` runs them, and the tests below replay the
//! corpus that it found (`fuzz/corpus/`). Not part of the program.

#![expect(clippy::missing_panics_doc, reason = "a fuzz target panics where an invariant is violated")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use hyper::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Runtime,
    time::Instant,
};

use crate::{
    agents::{ConfigFiles, OwnLog, PROFILES, Profile},
    config,
    evaluate::{self, EngineState},
    model::{
        Language, Reading, Reason, System, Why,
        authority::Authority,
        report::{ExporterReport, Report},
        snapshot::{
            ClockFacts, DateReference, Endpoint, EndpointFact, Environment, Failure, FailureKind, Invocation,
            LogFacts, Moment, PlaceFacts, Probe, Snapshot,
        },
    },
    net::{Clocks, client, proxy, tls},
    observe::{
        events::WatchPlan,
        host::{HostOptions, HostReader, environ, hosts},
        probe, time,
    },
    publish::{Published, text},
    sys::testing,
};

#[cfg(test)]
#[cfg(target_os = "linux")]
mod blind_host;

/// Takes bytes, and an empty directory to work in; panics if an invariant is violated.
pub type Target = fn(&[u8], &Path);

/// Each with its name, which is that of its fuzz target and of its directory in the corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("agent_files", agent_files),
    ("exporter_config", exporter_config),
    ("host_files", host_files),
    ("own_log", own_log),
    ("http_answer", http_answer),
    ("certificate", certificate),
    ("turn", turn),
];

/// Every parser of every kind of agent, over the same file.
pub fn agent_files(bytes: &[u8], _: &Path) {
    let local_time = |text: &str| {
        let seconds: u64 = text.bytes().map(u64::from).sum();
        vec![UNIX_EPOCH + Duration::from_secs(seconds)]
    };
    for profile in PROFILES {
        for path in
            ["/usr/local/agent/agent.json", "/etc/agent.yaml", "/etc/ilogtail/conf/cn-hangzhou/x.json"]
        {
            let path = Path::new(path);
            let parts = [(path.with_file_name("part.json"), bytes.to_vec())];
            let read = |system| profile.parse_parameters(ConfigFiles { path, bytes, parts: &parts, system });
            let _on_windows = read(System::Windows);
            let parameters = read(System::Linux);
            let _config = profile.parse_loaded_config(path, bytes, &local_time);
            if let Ok(parameters) = parameters {
                let list = format!("{parameters:?}");
                assert!(list.len() <= 4096 + 128 * bytes.len(), "{} bytes of {}", list.len(), bytes.len());
            }
            let outline = profile.outline(path, bytes).unwrap_or_default();
            assert!(outline.len() <= 4096 + 64 * bytes.len(), "{} bytes of {}", outline.len(), bytes.len());
        }
        let _collection = profile.parse_collection(bytes);
        let _instance = profile.parse_instance(bytes);
        let _record = profile.parse_record(bytes, &local_time);
        for system in [System::Linux, System::Windows] {
            let _identifiers = profile.parse_identifiers(bytes, system);
        }
        let _account = profile.parse_owner_account(bytes);
        let _version = profile.parse_version(bytes);
        let text = String::from_utf8_lossy(bytes);
        let _class = profile.classify_host(&text);
        let _known = profile.knows_region(&text);
        let environment: Environment =
            text.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        let arguments: Vec<String> = text.split('\0').map(str::to_owned).collect();
        let invocation = Invocation {
            environment: Reading::Known(environment),
            arguments: Reading::Known(arguments),
            in_container: Reading::Known(bytes.len() % 2 == 1),
        };
        let _layout = profile.layout(&config::AgentSettings::default(), &invocation);
    }
}

/// The exporter's config, its web config, files of targets, and the formats of values in them.
pub fn exporter_config(bytes: &[u8], _: &Path) {
    let path = Path::new("/etc/exporter.yml");
    let parsed = [
        config::parse(bytes, path).map(drop),
        config::web::parse(bytes, path).map(drop),
        config::targets::parse(bytes, path).map(drop),
    ];
    let told = parsed.into_iter().filter_map(Result::err).map(|error| error.to_string());
    for told in told.chain([config::outline(bytes)]) {
        assert!(told.len() <= (4 << 10) + 64 * bytes.len(), "{} bytes of {}", told.len(), bytes.len());
    }
    let text = String::from_utf8_lossy(bytes);
    let _duration = config::parse_duration(&text);
    let _url = config::url::parse_url(&text);
    let _strict = Authority::parse(&text);
    let _lenient = Authority::parse_lenient(&text);
}

/// The hosts file, an environment, and the proxy that it may name.
pub fn host_files(bytes: &[u8], _: &Path) {
    let _lines = hosts::parse(bytes);
    let kept = environ::parse(bytes, |_| true);
    for host in ["logs.example.com", "10.0.0.1", "::1"] {
        let _proxy = proxy::choose(&endpoint(host), &kept.variables);
    }
}

/// An agent's own log: a line yields no more than its length allows, and only values of closed sets.
pub fn own_log(bytes: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(bytes);
    let mut facts = LogFacts::default();
    let at = Moment { wall: UNIX_EPOCH, boot: None };
    for profile in PROFILES {
        for line in text.split('\n') {
            for log in [OwnLog::Main, OwnLog::Status] {
                if let Some(event) = profile.parse_log_line(log, line).and_then(|parsed| parsed.event) {
                    facts.add(event, 1, at);
                }
            }
        }
    }
    assert!(facts.refused.len() <= 32 && format!("{facts:?}").len() <= 16 << 10, "{facts:?}");
}

/// A server's answer, and whether it is the expected one.
pub fn http_answer(bytes: &[u8], _: &Path) {
    let clocks = Clocks { boot: || Duration::from_secs(1), wall: || UNIX_EPOCH };
    let answer = runtime().block_on(async {
        let (near, mut far) = tokio::io::duplex(bytes.len() + 4096);
        let query = client::request(Method::GET, "/", "logs.example.com").ok()?;
        let deadline = Instant::now() + Duration::from_secs(60);
        let serve = async move {
            // Bytes that arrive before the request are not treated as its answer.
            let mut request = [0; 1024];
            let _length = far.read(&mut request).await;
            let _answered = far.write_all(bytes).await;
            let _closed = far.shutdown().await;
        };
        let (answer, ()) = tokio::join!(client::exchange(near, query, clocks, deadline), serve);
        answer.ok()
    });
    if let Some(answer) = answer {
        probe::judged(&answer);
    }
}

/// A server's certificate.
pub fn certificate(bytes: &[u8], _: &Path) {
    let _dates = tls::dates(bytes);
}

/// A host with arbitrary files and processes, through a whole evaluation.
pub fn turn(bytes: &[u8], root: &Path) {
    let mut rest = bytes;
    while let Some((file, more)) = next_file(rest) {
        put(root, &file);
        rest = more;
    }
    let settings = fs::read(root.join("exporter.yml")).ok();
    let settings = settings.and_then(|text| config::parse(&text, Path::new("/exporter.yml")).ok());
    let settings = settings.map(|(settings, _)| settings).unwrap_or_default();
    let options = HostOptions {
        rootfs: root.to_owned(),
        procfs: Some(root.join("proc")),
        file_deadline: Duration::from_secs(60),
    };
    let mut host = Host::new(options, settings);
    for _ in 0..2 {
        let mut answers = bytes.iter().copied();
        let (report, looked_at) =
            host.turn(time::now(), |_| (), || answers.next().map_or_else(unread, probed));
        let watches = looked_at.directories.len() + looked_at.executables.len();
        assert!(watches <= 256 + bytes.len(), "{watches} places of {} bytes", bytes.len());
        told(report, bytes.len());
    }
}

/// A host that is evaluated repeatedly as by the daemon, except that nothing is really probed.
pub(crate) struct Host {
    runtime: Runtime,
    reader: HostReader,
    settings: config::Settings,
    engine_state: EngineState,
    /// The endpoints last known for each agent: an unread config hides none of them.
    endpoints: BTreeMap<Arc<str>, Vec<Endpoint>>,
}

impl Host {
    pub(crate) fn new(options: HostOptions, settings: config::Settings) -> Self {
        Self::with_profiles(options, settings, PROFILES)
    }

    /// The same, with these kinds of agents.
    pub(crate) fn with_profiles(
        options: HostOptions,
        settings: config::Settings,
        profiles: &'static [&'static dyn Profile],
    ) -> Self {
        let reader = HostReader::with_profiles(options, profiles);
        let (engine_state, endpoints) = (EngineState::default(), BTreeMap::new());
        Self { runtime: runtime(), reader, settings, engine_state, endpoints }
    }

    /// One cycle at `now`. `set` may set facts of the host itself, `answer` is what each endpoint answers.
    pub(crate) fn turn(
        &mut self,
        now: time::Now,
        set: impl FnOnce(&mut PlaceFacts),
        mut answer: impl FnMut() -> Reading<Probe>,
    ) -> (Report, WatchPlan) {
        let mut reading = self.runtime.block_on(self.reader.read(&self.settings, now, false));
        set(&mut reading.host);
        let (watched, mut agents): (Vec<_>, Vec<_>) = reading.agents.into_iter().unzip();
        for (settings, agent) in watched.iter().zip(&mut agents) {
            if let Reading::Known(named) = evaluate::endpoints(settings, &reading.host, agent) {
                self.endpoints.insert(Arc::clone(&agent.name), named);
            }
            let named = self.endpoints.get(&agent.name).into_iter().flatten().cloned();
            agent.endpoints = named.map(|endpoint| EndpointFact { endpoint, probe: answer() }).collect();
        }
        let clock = ClockFacts {
            references: Vec::new(),
            unanswered: Vec::new(),
            kernel: Reading::Unknown(why()),
            wall_minus_boot: now.wall_minus_boot(),
        };
        let snapshot = Snapshot {
            taken_at: now.wall,
            uptime: now.boot,
            host: reading.host,
            containers: reading.containers,
            clock,
            agents,
            deaths: Vec::new(),
        };
        let (agents, clock) =
            evaluate::evaluate(&snapshot, &watched, &self.settings.clock, &mut self.engine_state);
        let exporter = ExporterReport::default();
        let (limits, not_believed) = (reading.limits, reading.not_believed);
        let report = Report {
            taken_at: now.wall,
            agents,
            clock,
            exporter,
            complete: true,
            host: String::new(),
            limits,
            not_believed,
        };
        (report, reading.looked_at)
    }
}

/// Renders the report in every format; the size of each is bounded by its input.
fn told(report: Report, input: usize) {
    let agents = report.agents.len();
    let most = (64 << 10) * (1 + agents) + 256 * input;
    let published = Published::new(Arc::new(report), None, Duration::from_secs(1));
    for language in [Language::English, Language::Chinese] {
        let mut diagnosis = String::new();
        text::diagnosis(
            published.report(),
            text::Style { colour: true, ..text::Style::plain(language) },
            &mut diagnosis,
        )
        .expect("a string takes all");
        let json = published.json(language);
        serde_json::from_slice::<serde_json::Value>(&json).expect("the report is JSON");
        for form in [diagnosis.len(), json.len(), published.page(language, "/metrics").len()] {
            assert!(form <= most, "{form} bytes of {input}, {agents} agents");
        }
    }
    assert!(published.text(false).len() <= most && published.openmetrics(false).len() <= most);
}

/// The directories of an evaluation's files.
const PLACES: &[&str] = &[
    "exporter.yml",
    "etc/hosts",
    "etc/localtime",
    "etc/ilogtail",
    "etc/ilogtail/user_defined_id",
    "etc/ilogtail/users/1234567890123456",
    "usr/local/ilogtail/ilogtail",
    "usr/local/ilogtail/ilogtail_config.json",
    "usr/local/ilogtail/app_info.json",
    "usr/local/ilogtail/ilogtail.LOG",
    "usr/local/ilogtail/conf/x.json",
    "usr/local/loglistener/bin/loglistener",
    "usr/local/loglistener/etc/loglistener.conf",
    "usr/local/loglistener/conf/loglistener.yaml",
    "usr/local/loglistener/version.txt",
    "proc/self/status",
    "proc/100/stat",
    "proc/100/status",
    "proc/100/cmdline",
    "proc/100/environ",
    "proc/100/exe",
    "proc/101/stat",
    "proc/101/status",
    "proc/101/cmdline",
    "proc/101/environ",
    "proc/101/exe",
];

/// A file of an evaluation.
struct FileOf<'a> {
    name: &'static str,
    kind: u8,
    content: &'a [u8],
}

/// One byte for path and type, two for the length, the content; and the rest of the input.
fn next_file(bytes: &[u8]) -> Option<(FileOf<'_>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<3>()?;
    let [place, low, high] = *head;
    let places = u8::try_from(PLACES.len()).ok()?;
    let name = PLACES.get(usize::from(place % places))?;
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (content, rest) = rest.split_at(length);
    Some((FileOf { name, kind: place / places % 4, content }, rest))
}

/// Creates a file, a link or a directory there, if possible.
fn put(root: &Path, FileOf { name, kind, content }: &FileOf<'_>) {
    let path = root.join(name);
    let _exists = path.parent().map(fs::create_dir_all);
    let is_link = *kind == 2 || name.ends_with("/exe");
    let _as_far_as_can_be = if is_link {
        // It stays inside the root, whatever it contains: everything is read through the root.
        let target = PathBuf::from(String::from_utf8_lossy(content).replace('\0', "/"));
        testing::link(&root.join(target.strip_prefix("/").unwrap_or(&target)), &path)
    } else if *kind == 3 {
        fs::create_dir_all(&path)
    } else {
        fs::write(&path, content)
    };
}

fn why() -> Why {
    Why::new(Reason::NotYet, "fuzzing", "not asked")
}

fn unread<T>() -> Reading<T> {
    Reading::Unknown(why())
}

/// A probe with the result that the byte selects.
fn probed(byte: u8) -> Reading<Probe> {
    const KINDS: [FailureKind; 10] = [
        FailureKind::Resolve,
        FailureKind::Refused,
        FailureKind::ConnectTimeout,
        FailureKind::Unreachable,
        FailureKind::Tls,
        FailureKind::CertificateUntrusted,
        FailureKind::CertificateExpired,
        FailureKind::ResponseTimeout,
        FailureKind::UnexpectedResponse,
        FailureKind::Proxy,
    ];
    let failure = KINDS.get(usize::from(byte % 16)).map(|kind| Failure {
        kind: *kind,
        address: None,
        detail: format!("\u{1b}{byte}"),
    });
    if byte == 255 {
        return unread();
    }
    Reading::Known(Probe {
        proxy: (byte & 16 != 0).then(|| ("http://proxy:3128".to_owned(), "http_proxy".to_owned())),
        status_code: failure.is_none().then_some(200),
        outcome: failure.map_or(Ok(()), Err),
        date: (byte & 32 != 0).then(|| DateReference {
            low: f64::from(byte),
            high: f64::from(byte) + 1.0,
            taken: Duration::ZERO,
        }),
        ..Probe::up()
    })
}

fn endpoint(host: &str) -> Endpoint {
    let text = format!(
        "agents: [{{ name: a, kind: custom, processes: [{{ role: r, executable: x }}], endpoints: [{{ url: 'http://{host}/' }}] }}]"
    );
    let text = text.replace("http://::1", "http://[::1]");
    let (settings, _) = config::parse(text.as_bytes(), Path::new("/x.yml")).expect("a good config");
    settings.agents.into_iter().flat_map(|agent| agent.endpoints).next().expect("an endpoint")
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far more CPU time than the largest input needs: only an infinite loop reaches it.
    const HANGS: Duration = Duration::from_secs(20);

    #[test]
    fn the_kept_corpus_breaks_no_promise() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS {
            let files: Vec<_> =
                fs::read_dir(corpus.join(name)).unwrap().map(|file| file.unwrap().path()).collect();
            assert!(files.len() >= 10, "{name}: a corpus of {}", files.len());
            for file in files {
                let bytes = fs::read(&file).unwrap();
                let scratch = tempfile::tempdir().unwrap();
                let before = testing::thread_time();
                target(&bytes, scratch.path());
                assert!(testing::thread_time().saturating_sub(before) < HANGS, "{}", file.display());
            }
        }
    }

    /// Each fuzz target is one line, and there is one for each of [`TARGETS`].
    #[test]
    fn there_is_a_fuzz_target_for_each() {
        let manifest =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml")).unwrap();
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
