//! One cycle of the pipeline: observe → evaluate → report. Owns all state that lives from one cycle to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use tracing::debug;

use crate::{
    config::{AgentSettings, HostSettings, Settings},
    evaluate::{EngineState, endpoints, evaluate},
    model::{
        Reading, Reason, Status, Why,
        report::{AgentReport, ExporterReport, Limit, NotBelieved, Report, limits_of},
        snapshot::{AgentFacts, ClockFacts, Copied, Death, EndpointFact, PlaceFacts, Snapshot},
    },
    observe::{
        events::{Changes, WatchPlan},
        host::{HostOptions, HostReader, HostReading, address},
        probe::{ContainerHandle, ProbeOptions, Prober},
        time,
    },
};

use super::probes::{OtherTargets, Probes};

/// What triggered the cycle; the label `trigger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The evaluation interval has passed.
    Timer,
    /// Probes have answered.
    Probe,
    /// New settings.
    Reload,
    /// Something has changed.
    Event(Changes),
}

impl Trigger {
    fn as_str(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Probe => "probe",
            Self::Reload => "reload",
            Self::Event(changes) => changes.as_str(),
        }
    }
}

/// How long one file may take before it is skipped in this cycle.
const FILE_DEADLINE: Duration = Duration::from_secs(2);

/// The maximum number of process deaths that are remembered.
const MOST_DEATHS: usize = 64;

/// The host's facts, and those of containers by name.
type Places = (PlaceFacts, BTreeMap<Arc<str>, PlaceFacts>);

/// Where and how often to look.
#[derive(Debug, Clone)]
pub struct CycleOptions {
    /// Where the host's root directory is mounted.
    pub rootfs: PathBuf,
    /// Where the host's procfs is mounted, if not below `rootfs`.
    pub procfs: Option<PathBuf>,
    /// How often each endpoint is probed.
    pub probe_interval: Duration,
    /// One deadline for a whole probe.
    pub probe_timeout: Duration,
}

/// The pipeline and its memory.
pub struct Cycle {
    settings: Settings,
    reader: HostReader,
    probes: Probes,
    engine_state: EngineState,
    exporter: ExporterReport,
    probe_interval: Duration,
    /// The host name is resolved as often as endpoints are probed, not in every cycle: it may cost a DNS query.
    resolve_due: Option<Instant>,
    facts: Option<(Snapshot, Vec<AgentSettings>)>,
    complete: bool,
    /// Ways into containers.
    container_handles: BTreeMap<Arc<str>, ContainerHandle>,
    not_believed: NotBelieved,
    limits: BTreeSet<Limit>,
    looked_at: Option<WatchPlan>,
    /// The entry of the section `hosts` that was last in effect.
    host: Option<String>,
    deaths: Vec<Death>,
}

impl Cycle {
    /// A cycle that has not observed anything yet.
    pub fn new(settings: Settings, options: CycleOptions) -> Self {
        let CycleOptions { rootfs, procfs, probe_interval, probe_timeout } = options;
        let prober = Prober::new(ProbeOptions { timeout: probe_timeout, rootfs: rootfs.clone() });
        Self {
            settings,
            reader: HostReader::new(HostOptions { rootfs, procfs, file_deadline: FILE_DEADLINE }),
            probes: Probes::new(prober, probe_interval),
            engine_state: EngineState::default(),
            exporter: ExporterReport {
                reload_successful: true,
                reload_success_at: Some(time::now().wall),
                ..ExporterReport::default()
            },
            probe_interval,
            resolve_due: None,
            facts: None,
            complete: false,
            container_handles: BTreeMap::new(),
            not_believed: NotBelieved::default(),
            limits: BTreeSet::new(),
            looked_at: None,
            host: None,
            deaths: Vec::new(),
        }
    }

    /// Adds how processes have ended.
    pub fn died(&mut self, deaths: Vec<Death>) {
        if deaths.is_empty() {
            return;
        }
        self.deaths.extend(deaths);
        let old = self.deaths.len().saturating_sub(MOST_DEATHS);
        self.deaths.drain(..old);
        if let Some((snapshot, _)) = &mut self.facts {
            snapshot.deaths.clone_from(&self.deaths);
        }
    }

    /// Looks, judges and reports.
    pub async fn turn(&mut self, trigger: Trigger) -> Report {
        let started = Instant::now();
        match trigger {
            Trigger::Probe if self.facts.is_some() => {}
            // A step changes the meaning of every time, and after a suspend anything may be different.
            Trigger::Event(changes) if !changes.has(Changes::CLOCK) && self.facts.is_some() => {
                self.read_changes(changes).await;
            }
            Trigger::Timer | Trigger::Probe | Trigger::Reload | Trigger::Event(_) => self.read_host().await,
        }
        self.probes.keep_ready();
        let errors = self.probes.take_errors();
        self.count_errors(errors);
        let report = self.judge();
        *self.exporter.evaluations.entry(trigger.as_str()).or_default() += 1;
        self.exporter.evaluation_duration = started.elapsed();
        debug!(
            trigger = trigger.as_str(),
            agents = report.agents.len(),
            endpoints = report.agents.iter().map(|agent| agent.endpoints.len()).sum::<usize>(),
            probes_under_way = self.probes.outstanding(),
            duration = ?self.exporter.evaluation_duration,
            "evaluated"
        );
        Report { exporter: self.exporter.clone(), ..report }
    }

    /// Evaluates once, waits until every endpoint has answered or its deadline has passed, and returns the
    /// report that `check` shows.
    /// `progress` is called with the number of endpoints that have not answered yet.
    pub async fn once(&mut self, mut progress: impl FnMut(usize)) -> Report {
        self.read_host().await;
        while !self.is_answered() {
            progress(self.probes.outstanding());
            let _counted_above = self.probe_answered().await;
        }
        self.turn(Trigger::Probe).await
    }

    /// The parts of the agents' files that may be shown, as they are read from now on.
    pub fn copies(&mut self) -> &[Copied] {
        self.reader.copies()
    }

    /// Waits for the result of a probe or of the lookup of the host name; true if it is new. Never returns
    /// while none is running. Cancel-safe.
    pub async fn probe_answered(&mut self) -> bool {
        tokio::select! {
            is_news = self.probes.next_answer() => is_news,
            () = self.reader.hostname_resolved() => true,
        }
    }

    /// True if no pending request can still return its first result.
    fn is_answered(&self) -> bool {
        self.probes.complete() && self.reader.resolver_has_answered()
    }

    /// When the next probe is due; `None` if all are running.
    pub fn next_probe_due(&self) -> Option<Instant> {
        self.probes.next_due()
    }

    /// Starts the probes that are due, for the current facts.
    pub fn start_due_probes(&mut self) {
        if let Some((snapshot, _)) = &self.facts {
            let Settings { clock, cloud_metadata, .. } = &self.settings;
            let besides = OtherTargets { ntp_servers: &clock.ntp_servers, metadata: *cloud_metadata };
            self.probes.start_due(snapshot, &self.container_handles, besides);
        }
    }

    /// Applies new settings. Agents that both configs describe as the same installation keep their history.
    pub fn reload(&mut self, settings: Settings) {
        let named = |settings: &Settings, name: &str| {
            settings.agents.iter().find(|agent| agent.name == name).cloned()
        };
        let old = &self.settings;
        self.engine_state.retain(|name| match (named(old, name), named(&settings, name)) {
            (Some(before), Some(after)) => is_same_installation(&before, &after),
            (None, Some(_)) => true,
            (Some(_) | None, None) => settings.detect,
        });
        self.reader.reload(|name| match (named(old, name), named(&settings, name)) {
            (Some(before), Some(after)) => is_same_installation(&before, &after),
            (Some(_) | None, None) | (None, Some(_)) => false,
        });
        self.settings = settings;
        self.resolve_due = None;
        self.exporter.reload_successful = true;
        self.exporter.reload_success_at = Some(time::now().wall);
    }

    /// Remembers that a reload failed; the old settings stay in effect.
    pub fn reload_failed(&mut self) {
        self.exporter.reload_successful = false;
    }

    /// Sets whether the execution of an agent's program triggers a cycle.
    pub fn executions_are_told(&mut self, told: bool) {
        self.reader.executions_are_told(told);
    }

    /// What the last cycle read, if it read files or processes: changes of these trigger the next cycle.
    pub fn looked_at(&mut self) -> Option<WatchPlan> {
        self.looked_at.take()
    }

    async fn read_changes(&mut self, changes: Changes) {
        // The matching entry of the section `hosts` may depend on an address.
        let processes = Changes::EXIT | Changes::START | Changes::SETUP;
        let only_addresses =
            !changes.has(processes | Changes::FILE | Changes::HOSTS) && self.settings.hosts.is_empty();
        if only_addresses {
            let interfaces = self.reader.read_interfaces().await;
            if let Some((snapshot, _)) = &mut self.facts {
                snapshot.host.hostname = address::hostname();
                snapshot.host.interfaces = interfaces;
            }
            return;
        }
        let now = time::now();
        let resolve = changes.has(Changes::HOSTS);
        let reading = self.reader.read_changes(&self.settings, now, changes, resolve).await;
        let (places, agents, watched) = self.take_in(reading);
        if let Some((snapshot, settings)) = &mut self.facts {
            (snapshot.host, snapshot.containers) = places;
            snapshot.agents = agents;
            *settings = watched;
        }
        self.start_due_probes();
    }

    async fn read_host(&mut self) {
        let resolve = self.resolve_due.is_none_or(|due| due <= Instant::now());
        if resolve {
            self.resolve_due = Some(Instant::now() + self.probe_interval);
        }
        let now = time::now();
        let mut reading = self.reader.read(&self.settings, now, resolve).await;
        self.count_errors(std::mem::take(&mut reading.errors));
        let kernel = time::kernel_clock();
        if kernel.known().is_none() {
            self.count_errors([(None, "clock")]);
        }
        let ((host, containers), agents, watched) = self.take_in(reading);
        let snapshot = Snapshot {
            taken_at: now.wall,
            uptime: now.boot,
            host,
            containers,
            clock: ClockFacts {
                references: Vec::new(),
                unanswered: Vec::new(),
                kernel,
                wall_minus_boot: now.wall_minus_boot(),
            },
            agents,
            deaths: self.deaths.clone(),
        };
        self.facts = Some((snapshot, watched));
        self.start_due_probes();
    }

    /// Keeps the watch list of the reading; returns the places, their agents, and the settings of these agents.
    fn take_in(&mut self, reading: HostReading) -> (Places, Vec<AgentFacts>, Vec<AgentSettings>) {
        self.looked_at = Some(reading.looked_at);
        self.container_handles = reading.container_handles;
        self.not_believed = reading.not_believed;
        self.limits = reading.limits;
        let (mut watched, mut agents): (Vec<_>, Vec<_>) = reading.agents.into_iter().unzip();
        self.expect_of_host(&reading.host, &mut watched);
        for (agent, settings) in agents.iter_mut().zip(&watched) {
            let place = agent.place.of(&reading.host, &reading.containers);
            agent.endpoints = place.map(|place| self.endpoints(settings, place, agent)).unwrap_or_default();
        }
        // Nothing is kept of agents that are no longer watched, however often they come and go.
        let is_watched = |name: &str| {
            agents.iter().any(|agent| &*agent.name == name) || reading.awaited.iter().any(|it| &**it == name)
        };
        self.engine_state.retain(is_watched);
        self.exporter.observation_errors.retain(|(agent, _), _| agent.is_empty() || is_watched(agent));
        ((reading.host, reading.containers), agents, watched)
    }

    /// Expectations for this host replace those for all hosts. If the addresses are unknown, it stays as it was.
    fn expect_of_host(&mut self, host: &PlaceFacts, watched: &mut [AgentSettings]) {
        let name = host.hostname.known().map(String::as_str);
        let addresses = host.interfaces.known();
        let addresses: Option<Vec<_>> =
            addresses.map(|interfaces| interfaces.iter().map(|each| each.address).collect());
        let found = self.settings.host(name, addresses.as_deref().unwrap_or_default());
        let found = match (found, &addresses) {
            (None, None) => {
                let same = |each: &&HostSettings| self.host.as_ref() == Some(&each.host);
                self.settings.hosts.iter().find(same)
            }
            (found, _) => found,
        };
        for (agent, expect) in found.iter().flat_map(|entry| &entry.expect) {
            for settings in watched.iter_mut().filter(|settings| settings.name == *agent) {
                settings.expect.override_by(expect);
            }
        }
        self.host = found.map(|entry| entry.host.clone());
    }

    /// The endpoints to probe. A config that has become unreadable hides nothing else: the endpoints of its
    /// last version stay.
    fn endpoints(
        &self,
        settings: &AgentSettings,
        place: &PlaceFacts,
        agent: &AgentFacts,
    ) -> Vec<EndpointFact> {
        match endpoints(settings, place, agent) {
            Reading::Known(endpoints) => endpoints.into_iter().map(EndpointFact::not_yet).collect(),
            Reading::Unknown(_) => {
                let before = self.facts.iter().flat_map(|(before, _)| &before.agents);
                let same = before.into_iter().find(|before| before.name == agent.name);
                same.map(|before| before.endpoints.clone()).unwrap_or_default()
            }
        }
    }

    /// The host's own errors have an empty label `agent`.
    fn count_errors(&mut self, errors: impl IntoIterator<Item = (Option<Arc<str>>, &'static str)>) {
        for (agent, source) in errors {
            let agent = agent.unwrap_or_else(|| Arc::from(""));
            *self.exporter.observation_errors.entry((agent, source)).or_default() += 1;
        }
    }

    fn judge(&mut self) -> Report {
        let is_answered = self.is_answered();
        let Some((snapshot, watched)) = &mut self.facts else { return nothing(time::now().wall) };
        let now = time::now();
        snapshot.taken_at = now.wall;
        snapshot.uptime = now.boot;
        snapshot.clock.wall_minus_boot = now.wall_minus_boot();
        snapshot.host.hostname_addresses = self.reader.hostname_addresses();
        self.probes.fill(&mut snapshot.agents);
        (snapshot.clock.references, snapshot.clock.unanswered) =
            self.probes.references(now.wall_minus_boot());
        self.complete = self.complete || is_answered;
        let (mut agents, clock) = evaluate(snapshot, watched, &self.settings.clock, &mut self.engine_state);
        if self.complete {
            self.engine_state.record_transitions(snapshot.taken_at, &mut agents);
        } else {
            agents = agents.into_iter().map(undecided).collect();
        }
        let limits = self.limits.iter().copied().chain(limits_of(&agents)).collect();
        Report {
            taken_at: snapshot.taken_at,
            host: snapshot.host.hostname.known().cloned().unwrap_or_default(),
            agents,
            not_believed: self.not_believed.clone(),
            limits,
            clock,
            exporter: ExporterReport::default(),
            complete: self.complete,
        }
    }
}

/// True if both entries of the config watch the same agent.
fn is_same_installation(before: &AgentSettings, after: &AgentSettings) -> bool {
    (before.kind, &before.install_dir, &before.container, &before.processes)
        == (after.kind, &after.install_dir, &after.container, &after.processes)
}

/// Until the first full cycle is complete, no state is claimed.
fn undecided(mut agent: AgentReport) -> AgentReport {
    agent.status = Status::Unknown;
    for prerequisite in &mut agent.prerequisites {
        prerequisite.status = Status::Unknown;
        prerequisite.problems.clear();
        prerequisite.unknown = vec![Why::new(
            Reason::NotYet,
            prerequisite.id.as_str(),
            "the first full cycle is not complete yet",
        )];
    }
    agent
}

fn nothing(taken_at: SystemTime) -> Report {
    Report {
        taken_at,
        host: String::new(),
        agents: Vec::new(),
        not_believed: NotBelieved::default(),
        limits: BTreeSet::new(),
        clock: crate::model::report::ClockReport::default(),
        exporter: ExporterReport::default(),
        complete: false,
    }
}
