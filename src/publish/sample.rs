//! Hand-written reports for tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::model::{
    Cause, Prerequisite, Purpose, Reading, Reason, Role, Severity, Status, Text, Why,
    own::SelfFacts,
    report::{
        AgentReport, ClockReport, Evidence, ExporterReport, Limit, NotBelieved, NotBelievedGroup,
        NotEvaluated, PrerequisiteReport, Problem, Report, RoleReport, Transition, TransitionTo, Transitions,
    },
    snapshot::{
        Certificate, Endpoint, EndpointFact, ExpectedAnswer, Failure, FailureKind, KernelClock, Phases,
        Probe, Scheme,
    },
};

const NO_TEXT: Text = Text { en: "", zh: "" };

pub(crate) static NOT_IN_GROUP: Cause = Cause {
    id: "ip_not_in_group",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The reported IP {reported} is not in the machine group",
        zh: "上报的 IP {reported} 不在机器组中",
    },
    meaning: Text { en: "", zh: "" },
    remedy: Text {
        en: "Add {reported} to the machine group in the console,\nor correct {record} and restart:\n  {restart}",
        zh: "在控制台的机器组中添加 {reported}，\n或修正 {record} 后重启：\n  {restart}",
    },
    evidence: &["reported", "expected"],
    source: "https://example.com/ip",
    patience: Duration::ZERO,
    summary: NO_TEXT,
};

pub(crate) static CONFIG_INVALID: Cause = Cause {
    id: "config_invalid",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "The config does not parse", zh: "配置文件无法解析" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "Repair {path}", zh: "修复 {path}" },
    evidence: &["path"],
    source: "https://example.com/config",
    patience: Duration::ZERO,
    summary: NO_TEXT,
};

pub(crate) static RESTART_REQUIRED: Cause = Cause {
    id: "restart_required",
    prerequisite: Prerequisite::Restart,
    severity: Severity::Critical,
    title: Text { en: "The agent runs with an older config", zh: "客户端仍在使用旧配置" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "{restart}", zh: "{restart}" },
    evidence: &[],
    source: "https://example.com/restart",
    patience: Duration::ZERO,
    summary: NO_TEXT,
};

pub(crate) static DNS_FAILURE: Cause = Cause {
    id: "dns_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "{url} does not resolve", zh: "{url} 无法解析" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "Repair DNS", zh: "修复 DNS" },
    evidence: &["url"],
    source: "https://example.com/network",
    patience: Duration::ZERO,
    summary: NO_TEXT,
};

pub(crate) static CERTIFICATE_EXPIRING: Cause = Cause {
    id: "certificate_expiring",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text { en: "The certificate expires soon", zh: "证书即将过期" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "Renew it", zh: "更新证书" },
    evidence: &[],
    source: "https://example.com/certificate",
    patience: Duration::ZERO,
    summary: NO_TEXT,
};

/// 2026-07-01 08:00:00 UTC, plus this many seconds.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_892_800 + seconds)
}

pub(crate) const OWN: SelfFacts = SelfFacts {
    cpu_seconds: 1.25,
    resident_bytes: 4_194_304,
    virtual_bytes: 33_554_432,
    start_time_seconds: 1_782_892_800.0,
    open_fds: Some(12),
    max_fds: Some(1024),
    threads: Some(2),
};

pub(crate) fn problem(cause: &'static Cause) -> Problem {
    Problem {
        cause,
        subject: String::new(),
        severity: cause.severity,
        since: at(0),
        evidence: Vec::new(),
        first_step: None,
        where_to: None,
        context: Arc::new(BTreeMap::from([
            ("restart", "sudo /etc/init.d/ilogtaild restart".to_owned()),
            ("record", "/usr/local/ilogtail/app_info.json".to_owned()),
        ])),
        advice: None,
        explained_by: None,
        carried: false,
    }
}

pub(crate) fn evidence(name: &'static str, value: &str, from: &str) -> Evidence {
    Evidence { name, value: value.to_owned(), from: from.to_owned() }
}

fn role(role: Role) -> RoleReport {
    RoleReport {
        role,
        live: Some(1),
        expected: Some(1),
        restarts: 0,
        newest_start: Some(at(0)),
        cpu: Some(Duration::from_millis(1_500)),
        resident_bytes: Some(20_971_520),
        open_fds: Some(40),
        threads: Some(10),
    }
}

pub(crate) fn endpoint(purpose: Purpose, scheme: Scheme, host: &str) -> EndpointFact {
    let tls = scheme == Scheme::Https;
    let http = scheme != Scheme::Tcp;
    EndpointFact {
        endpoint: Endpoint {
            purpose,
            url: format!("{}://{host}", scheme.as_str()),
            scheme,
            host: host.to_owned(),
            port: scheme.default_port(),
            path: "/".to_owned(),
            expected: if http { ExpectedAnswer::LogService } else { ExpectedAnswer::Connected },
            from: "ilogtail_config.json: config_server_address".to_owned(),
            parameter: None,
        },
        probe: Reading::Known(Probe {
            addresses: vec![IpAddr::from([100, 100, 0, 1])],
            phases: Phases {
                resolve: Some(Duration::from_millis(2)),
                connect: Some(Duration::from_millis(3)),
                tls: tls.then(|| Duration::from_millis(8)),
                processing: http.then(|| Duration::from_millis(5)),
            },
            status_code: http.then_some(405),
            certificate: tls.then(|| Certificate { not_before: at(0), not_after: at(86_400 * 90) }),
            ..Probe::up()
        }),
    }
}

pub(crate) fn probe(fact: &mut EndpointFact) -> &mut Probe {
    match &mut fact.probe {
        Reading::Known(probe) => probe,
        Reading::Unknown(why) => panic!("not probed: {why}"),
    }
}

fn fails(fact: &mut EndpointFact, kind: FailureKind) {
    let probe = probe(fact);
    probe.phases = Phases::default();
    probe.status_code = None;
    probe.addresses.clear();
    probe.outcome = Err(Failure { kind, address: None, detail: "no such name".to_owned() });
}

/// One Logtail agent with five URLs, with every optional series, and no problem.
pub(crate) fn healthy() -> Report {
    let host = "logtail.cn-hangzhou-intranet.log.aliyuncs.com";
    let data = "cn-hangzhou-intranet.log.aliyuncs.com";
    let prerequisites = Prerequisite::ALL.into_iter().filter(|id| *id != Prerequisite::Credentials);
    let transitions =
        Transitions { recent: Arc::default(), totals: prerequisites.clone().map(|id| (id, 0)).collect() };
    let agent = AgentReport {
        name: "logtail".into(),
        kind: "logtail",
        edition: "commercial",
        version: "1.8.7".to_owned(),
        hostname: "web-1".to_owned(),
        instance_id: "1B2C3D4E_172.16.2.200_1782892800".to_owned(),
        install_dir: Some(PathBuf::from("/usr/local/ilogtail")),
        container: None,
        status: Status::Ok,
        prerequisites: prerequisites
            .map(|id| PrerequisiteReport {
                id,
                status: Status::Ok,
                unknown: Vec::new(),
                problems: Vec::new(),
            })
            .collect(),
        roles: vec![role(Role::DAEMON), role(Role::WORKER)],
        ips: ["reported", "working_ip", "hosts_binding", "first_interface", "expected"]
            .map(|source| (source, "172.16.2.200".to_owned()))
            .to_vec(),
        endpoints: vec![
            endpoint(Purpose::ConfigServer, Scheme::Http, host),
            endpoint(Purpose::ConfigServer, Scheme::Https, host),
            endpoint(Purpose::DataServer, Scheme::Http, data),
            endpoint(Purpose::Project, Scheme::Http, &format!("my-project.{data}")),
            endpoint(Purpose::Admin, Scheme::Http, &format!("ali-cn-hangzhou-sls-admin.{data}")),
        ],
        limits: BTreeSet::new(),
        config_updated: Some(at(0)),
        sent: Some(at(3_540)),
        transitions,
        not_evaluated: vec![(Prerequisite::Credentials, NotEvaluated::Kind)],
        files: ["config", "app_info", "user_identifiers", "user_defined_id"]
            .map(|file| (file.to_owned(), at(0)))
            .to_vec(),
    };
    Report {
        taken_at: at(3_600),
        host: "web-1".to_owned(),
        agents: vec![agent],
        not_believed: NotBelieved::default(),
        limits: BTreeSet::new(),
        clock: ClockReport {
            offsets: vec![
                ("ntp", 0.0012, Some(0.004)),
                ("http_date", 0.02, Some(0.51)),
                ("kernel", 0.000_012, None),
            ],
            kernel: Some(KernelClock { synchronized: true, offset: 0.000_012, estimated_error: 0.001 }),
            steps: 0,
        },
        exporter: ExporterReport {
            event_sources: BTreeMap::from([("process_exit", true), ("file", false)]),
            evaluations: BTreeMap::from([("timer", 240), ("file", 3)]),
            evaluation_duration: Duration::from_micros(1_234),
            observation_errors: BTreeMap::new(),
            log_lines_dropped: 0,
            reload_successful: true,
            reload_success_at: Some(at(0)),
            counts: BTreeMap::from([(("logagent_web_config_last_reload_successful", Vec::new()), 1.0)]),
        },
        complete: true,
    }
}

fn prerequisite(report: &mut Report, id: Prerequisite) -> &mut PrerequisiteReport {
    report.agents[0].prerequisites.iter_mut().find(|p| p.id == id).expect("it applies")
}

/// The same with a wrong IP that explains a required restart, two endpoints without an address, and a certificate that
/// expires soon.
pub(crate) fn failing() -> Report {
    let mut report = healthy();
    report.agents[0].status = Status::Failing;
    let ip = prerequisite(&mut report, Prerequisite::Ip);
    ip.status = Status::Failing;
    ip.problems.push(Problem {
        evidence: vec![
            evidence("reported", "10.0.0.9", "/usr/local/ilogtail/app_info.json: ip"),
            evidence("expected", "172.16.2.200", "logagent-exporter.yml: expect.machine_group_ips"),
        ],
        ..problem(&NOT_IN_GROUP)
    });
    let restart = prerequisite(&mut report, Prerequisite::Restart);
    restart.status = Status::Failing;
    restart.problems.push(Problem { explained_by: Some(&NOT_IN_GROUP), ..problem(&RESTART_REQUIRED) });
    let urls: Vec<String> =
        report.agents[0].endpoints[2..4].iter().map(|fact| fact.endpoint.url.clone()).collect();
    for fact in &mut report.agents[0].endpoints[2..4] {
        fails(fact, FailureKind::Resolve);
    }
    let network = prerequisite(&mut report, Prerequisite::Network);
    network.status = Status::Failing;
    for (index, url) in urls.iter().enumerate() {
        network.problems.push(Problem {
            subject: url.clone(),
            since: at(if index == 0 { 1_800 } else { 900 }),
            evidence: vec![evidence("url", url, "ilogtail_config.json: data_server_list[0].endpoint")],
            carried: index == 1,
            ..problem(&DNS_FAILURE)
        });
    }
    network.problems.push(problem(&CERTIFICATE_EXPIRING));
    let transitions = [
        (900, &DNS_FAILURE, TransitionTo::Failing),
        (1_200, &RESTART_REQUIRED, TransitionTo::Warning),
        (1_215, &RESTART_REQUIRED, TransitionTo::Explained),
        (1_800, &CONFIG_INVALID, TransitionTo::Ok),
    ];
    let transition = |(seconds, cause, to): (u64, &'static Cause, TransitionTo)| Transition {
        at: at(seconds),
        prerequisite: cause.prerequisite,
        cause,
        to,
    };
    let history = &mut report.agents[0].transitions;
    history.recent = transitions.map(transition).into();
    for transition in history.recent.iter() {
        *history.totals.entry(transition.prerequisite).or_default() += 1;
    }
    report.exporter.observation_errors.insert(("logtail".into(), "endpoint"), 4);
    report
}

/// Processes and the record of addresses could not be read; nothing was probed yet; the clock has no reference.
pub(crate) fn unknown() -> Report {
    let mut report = healthy();
    let agent = &mut report.agents[0];
    agent.status = Status::Unknown;
    agent.install_dir = None;
    agent.version.clear();
    for role in &mut agent.roles {
        *role = RoleReport {
            role: role.role.clone(),
            live: None,
            expected: Some(1),
            restarts: 0,
            newest_start: None,
            cpu: None,
            resident_bytes: None,
            open_fds: None,
            threads: None,
        };
    }
    for fact in &mut agent.endpoints {
        fact.probe = Reading::Unknown(Why::new(Reason::NotYet, fact.endpoint.url.clone(), "not probed yet"));
    }
    agent.ips.clear();
    agent.files.clear();
    report.clock = ClockReport::default();
    for (id, reason, fact, detail) in [
        (
            Prerequisite::Processes,
            Reason::Denied,
            "/proc",
            "permission denied; run as root or grant CAP_SYS_PTRACE",
        ),
        (Prerequisite::Network, Reason::NotYet, "endpoints", "not probed yet"),
        (Prerequisite::Clock, Reason::NoSource, "clock", "no time source answers; set clock.ntp_servers"),
    ] {
        let prerequisite = prerequisite(&mut report, id);
        prerequisite.status = Status::Unknown;
        prerequisite.unknown.push(Why::new(reason, fact, detail));
    }
    report
}

/// Texts as hostile files and processes could make them.
pub(crate) fn hostile() -> Report {
    let evil = "a\"b\\c\nd\u{1b}[31m<script>alert('x')</script>&\u{202e}\u{0}{le=\"1\"}";
    let mut report = failing();
    let agent = &mut report.agents[0];
    agent.name = evil.into();
    agent.version = "x".repeat(10_000);
    agent.hostname = "文".repeat(10_000);
    agent.instance_id = evil.to_owned();
    agent.install_dir = Some(PathBuf::from(format!("/opt/{evil}")));
    agent.files.push((evil.to_owned(), SystemTime::UNIX_EPOCH - Duration::from_secs(5)));
    agent.files.push((evil.to_owned(), at(0)));
    agent.ips = (0..10_000).map(|n| ("reported", format!("{n}"))).collect();
    let again = agent.endpoints[0].clone();
    agent.endpoints.push(again);
    for prerequisite in &mut agent.prerequisites {
        prerequisite.unknown.push(Why::new(Reason::Failed, evil, evil));
        for problem in &mut prerequisite.problems {
            problem.subject = evil.to_owned();
            for evidence in &mut problem.evidence {
                evidence.value = evil.to_owned();
                evidence.from = evil.to_owned();
            }
            problem.context = Arc::new(BTreeMap::from([("restart", evil.to_owned())]));
        }
    }
    let group = NotBelievedGroup { kind: "logtail", user: 1000, executable: evil.to_owned(), pids: vec![7] };
    report.not_believed = NotBelieved { processes: BTreeMap::from([("logtail", 1)]), groups: vec![group] };
    report.host = evil.to_owned();
    report.limits = BTreeSet::from([Limit::Arguments]);
    report.clock.offsets.insert(0, ("http_date", f64::NAN, Some(f64::INFINITY)));
    report
}
