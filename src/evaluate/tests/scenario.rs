//! Healthy hosts, as facts: each test changes one of them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    agents,
    config::{AgentSettings, ClockSettings},
    evaluate::{EngineState, endpoints, evaluate},
    model::{
        NetworkType, Reading, Reason, Role, Why,
        report::{AgentReport, Problem},
        snapshot::*,
    },
};

/// 2026-11-01 00:00:00 UTC, ten days after boot.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_793_491_200)
}

const UPTIME: Duration = Duration::from_secs(10 * 86_400);

#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) snapshot: Snapshot,
    pub(super) settings: AgentSettings,
    pub(super) clock: ClockSettings,
}

impl Scenario {
    pub(super) fn agent(&mut self) -> &mut AgentFacts {
        self.snapshot.agents.first_mut().unwrap()
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same host, later by this much on both clocks.
    pub(super) fn later(&self, seconds: u64) -> Self {
        let mut later = self.clone();
        later.snapshot.taken_at += Duration::from_secs(seconds);
        later.snapshot.uptime += Duration::from_secs(seconds);
        later
    }

    pub(super) fn processes(&mut self) -> &mut Vec<Process> {
        match &mut self.agent().processes {
            Reading::Known(processes) => processes,
            Reading::Unknown(_) => panic!("processes are known in this scenario"),
        }
    }

    pub(super) fn parameters(&mut self) -> &mut Parameters {
        content(&mut self.agent().config.as_mut().unwrap().state)
    }

    pub(super) fn record(&mut self) -> &mut AddressRecord {
        content(&mut self.agent().record.as_mut().unwrap().state)
    }

    pub(super) fn interfaces(&mut self) -> &mut Vec<InterfaceAddress> {
        match &mut self.snapshot.host.interfaces {
            Reading::Known(interfaces) => interfaces,
            Reading::Unknown(_) => panic!("interfaces are known in this scenario"),
        }
    }

    pub(super) fn bind(&mut self, address: &str) {
        let hosts = content(&mut self.snapshot.host.hosts.state);
        hosts.lines.push(HostsLine {
            line: 9,
            address: address.parse().unwrap(),
            names: vec!["web-1".into()],
        });
    }

    pub(super) fn endpoint(&mut self, url: &str) -> &mut EndpointFact {
        self.agent()
            .endpoints
            .iter_mut()
            .find(|fact| fact.endpoint.url == url)
            .expect("an endpoint of this scenario")
    }

    pub(super) fn fail(&mut self, url: &str, kind: FailureKind, address: &str) {
        let address: IpAddr = address.parse().unwrap();
        let fact = self.endpoint(url);
        let port = fact.endpoint.port;
        let mut probe = answered();
        probe.addresses = vec![address];
        probe.phases = Phases { resolve: Some(Duration::from_millis(2)), ..Phases::default() };
        probe.status_code = None;
        probe.date = None;
        probe.outcome =
            Err(Failure { kind, address: Some(SocketAddr::new(address, port)), detail: format!("{kind:?}") });
        fact.probe = Reading::Known(probe);
    }

    pub(super) fn fail_everything(&mut self, kind: FailureKind, address: &str) {
        let urls: Vec<String> = self.agent().endpoints.iter().map(|fact| fact.endpoint.url.clone()).collect();
        for url in urls {
            self.fail(&url, kind, address);
        }
    }

    pub(super) fn offset(&mut self, source: ClockSource, low: f64, high: f64) {
        self.snapshot.clock.references.retain(|reference| reference.source != source);
        self.snapshot.clock.references.push(ClockReference {
            source,
            from: source.as_str().into(),
            low,
            high,
        });
    }

    /// Endpoints as the parameters and expectations now imply, all answering.
    pub(super) fn derive_endpoints(&mut self) {
        let agent = self.snapshot.agents.first().unwrap();
        let endpoints = endpoints(&self.settings, &self.snapshot.host, agent);
        self.agent().endpoints = endpoints
            .known()
            .unwrap()
            .iter()
            .cloned()
            .map(|endpoint| EndpointFact { endpoint, probe: Reading::Known(answered()) })
            .collect();
    }
}

pub(super) fn content<T>(state: &mut Reading<FileState<T>>) -> &mut T {
    match state {
        Reading::Known(FileState::Present(file)) => file.content.as_mut().unwrap(),
        Reading::Known(_) | Reading::Unknown(_) => panic!("the file is there and sound in this scenario"),
    }
}

/// Evaluates one scenario with the engine state of earlier ones.
pub(super) fn turn(scenario: &Scenario, engine_state: &mut EngineState) -> AgentReport {
    let settings = std::slice::from_ref(&scenario.settings);
    let (agents, _) = evaluate(&scenario.snapshot, settings, &scenario.clock, engine_state);
    agents.into_iter().next().expect("one agent")
}

/// Evaluates the scenarios one after the other with one engine state, and returns the last report. Worlds on Linux are
/// compared with the same scenarios on Windows.
pub(super) fn judge(scenarios: &[Scenario]) -> AgentReport {
    let report = judge_as_they_are(scenarios);
    super::windows::assert_the_same_there(scenarios, &report);
    report
}

/// The same, each on its own system only.
pub(super) fn judge_as_they_are(scenarios: &[Scenario]) -> AgentReport {
    let mut engine_state = EngineState::default();
    scenarios.iter().map(|scenario| turn(scenario, &mut engine_state)).last().expect("a scenario")
}

/// Every active problem, explained ones included.
pub(super) fn problems(report: &AgentReport) -> Vec<&Problem> {
    report.prerequisites.iter().flat_map(|prerequisite| &prerequisite.problems).collect()
}

/// Ids of the unexplained problems, sorted and without duplicates.
pub(super) fn shown(report: &AgentReport) -> Vec<&'static str> {
    let mut ids: Vec<_> =
        problems(report).into_iter().filter(|p| p.explained_by.is_none()).map(|p| p.cause.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub(super) fn unread(fact: &str) -> Why {
    Why::new(Reason::Denied, fact, "permission denied")
}

pub(super) fn file<T>(path: &str, content: T) -> FileFact<T> {
    let modified = now() - Duration::from_secs(5 * 86_400);
    FileFact {
        path: path.into(),
        state: Reading::Known(FileState::Present(FileContent { modified, digest: 1, content: Ok(content) })),
    }
}

pub(super) fn parameter(key: &str, value: &str) -> Parameter {
    Parameter { key: key.into(), value: value.into() }
}

/// `age` in seconds.
pub(super) fn process(pid: u32, parent: u32, name: &str, age: u64) -> Process {
    Process {
        pid,
        parent,
        executable_name: name.into(),
        role_by_name: None,
        arguments: Reading::Known(vec![name.into()]),
        executable: Reading::Known(Some(Executable { path: PathBuf::from(name), deleted: false })),
        state: ProcessState::Alive,
        start_ticks: (UPTIME.as_secs() - age) * 100,
        started_at: now() - Duration::from_secs(age),
        cpu: Duration::from_secs(3),
        resident_bytes: 40 << 20,
        open_fds: Reading::Known(20),
        threads: 4,
    }
}

pub(super) fn named(role: Role, mut process: Process) -> Process {
    process.role_by_name = Some(role);
    process
}

pub(super) fn interface(name: &str, index: u32, address: &str) -> InterfaceAddress {
    InterfaceAddress { interface: name.into(), index, address: address.parse().unwrap() }
}

pub(super) fn answered() -> Probe {
    let quick = Some(Duration::from_millis(2));
    Probe {
        addresses: vec![IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))],
        phases: Phases { resolve: quick, connect: quick, tls: None, processing: quick },
        status_code: Some(405),
        ..Probe::up()
    }
}

fn host() -> PlaceFacts {
    PlaceFacts {
        network: Reading::Known(()),
        hostname: Reading::Known("web-1".into()),
        interfaces: Reading::Known(vec![
            interface("lo", 1, "127.0.0.1"),
            interface("eth0", 2, "172.16.2.200"),
        ]),
        hosts: file(
            "/etc/hosts",
            HostsFile {
                lines: vec![HostsLine {
                    line: 1,
                    address: "127.0.0.1".parse().unwrap(),
                    names: vec!["localhost".into()],
                }],
                rest: Reading::Known(()),
            },
        ),
        hostname_addresses: Reading::Known(vec![]),
        product: Reading::Known("QEMU".into()),
        container: None,
    }
}

fn clock_facts() -> ClockFacts {
    ClockFacts {
        references: vec![ClockReference {
            source: ClockSource::HttpDate,
            from: "http://a".into(),
            low: -0.5,
            high: 0.5,
        }],
        unanswered: vec![],
        kernel: Reading::Known(KernelClock { synchronized: true, offset: 0.0, estimated_error: 0.01 }),
        wall_minus_boot: 1e9,
    }
}

fn scenario(settings: AgentSettings, facts: impl FnOnce(&mut AgentFacts)) -> Scenario {
    assert!(agents::profile(settings.kind).is_some());
    let mut agent = AgentFacts {
        name: Arc::from(settings.name.as_str()),
        kind: settings.kind,
        place: Place::Host,
        install_dir: settings.install_dir.clone(),
        installation: Reading::Known(Installation {
            leads_to: None,
            binary: Some("/opt/binary".into()),
            looked_for: vec!["/opt/binary".into()],
            traces: vec!["/opt".into()],
            location_unknown: false,
        }),
        processes: Reading::Known(vec![]),
        invocation: Invocation::default(),
        version_file: None,
        config: None,
        record: None,
        users: None,
        owner_account: Reading::Known(None),
        metadata: None,
        liveness: None,
        identifiers: None,
        loaded_config: Reading::Known(None),
        log: Reading::Known(None),
        collection: Reading::Known(None),
        files: vec![],
        surroundings: Surroundings::default(),
        endpoints: vec![],
    };
    facts(&mut agent);
    let snapshot = Snapshot {
        taken_at: now(),
        uptime: UPTIME,
        host: host(),
        containers: std::collections::BTreeMap::new(),
        clock: clock_facts(),
        agents: vec![agent],
        deaths: vec![],
    };
    let mut scenario = Scenario { snapshot, settings, clock: ClockSettings::default() };
    scenario.derive_endpoints();
    scenario
}

/// A commercial Logtail on an ECS instance in Hangzhou, as the installer leaves it, with everything expected.
pub(super) fn logtail() -> Scenario {
    let mut settings = AgentSettings {
        name: "logtail".into(),
        kind: "logtail",
        install_dir: Some("/usr/local/ilogtail".into()),
        ..AgentSettings::default()
    };
    settings.expect.region = Some("cn-hangzhou".into());
    settings.expect.network = Some(NetworkType::Intranet);
    settings.expect.account_id = Some("1234567890123456".into());
    settings.expect.machine_group_ips = vec!["172.16.2.200".into()];
    settings.expect.machine_group_identifier = Some("web-fleet".into());
    settings.expect.projects = vec!["my-project".into()];
    scenario(settings, |agent| {
        let start = now() - Duration::from_secs(86_400);
        agent.processes = Reading::Known(vec![
            process(12, 1, "/usr/local/ilogtail/ilogtail", 86_400),
            process(14, 12, "/usr/local/ilogtail/ilogtail", 86_400),
        ]);
        agent.config = Some(file(
            "/usr/local/ilogtail/ilogtail_config.json",
            Parameters {
                config_servers: vec![parameter(
                    "config_server_address",
                    "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com",
                )],
                data_servers: vec![DataServer {
                    region: Some(parameter("data_server_list[0].cluster", "cn-hangzhou")),
                    endpoint: parameter(
                        "data_server_list[0].endpoint",
                        "cn-hangzhou-intranet.log.aliyuncs.com",
                    ),
                }],
                canonical: Some("{}".into()),
                ..Parameters::default()
            },
        ));
        let mut record = file(
            "/usr/local/ilogtail/app_info.json",
            AddressRecord {
                ip: Some("172.16.2.200".into()),
                hostname: Some("web-1".into()),
                instance_id: Some("E9633380_172.16.2.200_1793404800".into()),
                instance_ip: Some("172.16.2.200".into()),
                instance_epoch: Some(1_793_404_800),
                version: Some("1.3.1".into()),
                update_time: Some("2026-10-31 00:00:00".into()),
                update_time_candidates: vec![start],
            },
        );
        if let Reading::Known(FileState::Present(content)) = &mut record.state {
            content.modified = start;
        }
        agent.record = Some(record);
        agent.users = Some(DirectoryFact {
            path: "/etc/ilogtail/users".into(),
            names: Reading::Known(Some(vec!["1234567890123456".into(), "9999999999999999".into()])),
            modified: Some(start),
        });
        agent.identifiers =
            Some(file("/etc/ilogtail/user_defined_id", vec!["other".into(), "web-fleet".into()]));
    })
}

/// The same without any expectation.
pub(super) fn logtail_unexpected() -> Scenario {
    logtail().with(|w| {
        w.settings.expect = crate::config::Expectation::default();
        w.derive_endpoints();
    })
}

/// A LogListener 2.8 with three processes in an IP group.
pub(super) fn loglistener() -> Scenario {
    let mut settings = AgentSettings {
        name: "cls".into(),
        kind: "loglistener",
        install_dir: Some("/usr/local/loglistener".into()),
        ..AgentSettings::default()
    };
    settings.expect.region = Some("ap-guangzhou".into());
    settings.expect.network = Some(NetworkType::Intranet);
    settings.expect.server_group_ip = Some("172.16.2.200".into());
    scenario(settings, |agent| {
        agent.processes = Reading::Known(vec![
            named(Role::DAEMON, process(20, 1, "bin/loglistenerm", 86_400)),
            named(Role::MAIN, process(21, 1, "bin/loglistener", 86_400)),
            named(Role::UPDATE, process(22, 1, "bin/loglisteneru", 86_400)),
        ]);
        agent.config = Some(file(
            "/usr/local/loglistener/etc/loglistener.conf",
            Parameters {
                config_servers: vec![parameter("proxy_host", "ap-guangzhou.cls.tencentyun.com")],
                group_ip: Some(parameter("group_ip", "172.16.2.200")),
                group_labels: Some(("group_label".into(), vec![])),
                credentials: Some(vec![("secret_id", KeyState::Set), ("secret_key", KeyState::Set)]),
                ..Parameters::default()
            },
        ));
    })
}

/// The same in a label group.
pub(super) fn loglistener_by_label() -> Scenario {
    loglistener().with(|w| {
        w.settings.expect.server_group_ip = None;
        w.settings.expect.server_group_label = Some("web".into());
        w.parameters().group_labels = Some(("group_label".into(), vec!["db".into(), "web".into()]));
    })
}

/// A custom agent with one process, one file and one endpoint.
pub(super) fn custom() -> Scenario {
    let settings = AgentSettings {
        name: "fluent-bit".into(),
        kind: "custom",
        processes: vec![crate::config::CustomProcess {
            role: "worker".into(),
            executable: "fluent-bit".into(),
            count: 1,
        }],
        files: vec!["/etc/fluent-bit/fluent-bit.conf".into()],
        endpoints: vec![Endpoint {
            purpose: crate::model::Purpose::Custom,
            url: "https://logs.example.com".into(),
            scheme: Scheme::Https,
            host: "logs.example.com".into(),
            port: 443,
            path: "/health".into(),
            expected: ExpectedAnswer::StatusCodes(vec![200]),
            from: "config: agents[0].endpoints[0].url".into(),
            parameter: None,
        }],
        ..AgentSettings::default()
    };
    scenario(settings, |agent| {
        agent.processes =
            Reading::Known(vec![named(Role::named("worker"), process(30, 1, "fluent-bit", 86_400))]);
        agent.files = vec![file("/etc/fluent-bit/fluent-bit.conf", ())];
    })
}
