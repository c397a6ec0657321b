//! When each endpoint and time server is probed again, and its last result. Probes run concurrently with the
//! cycle, never in it.

mod news;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    num::NonZeroU16,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use crate::{
    agents::{self, MetadataService},
    evaluate,
    model::{
        Reading, Reason, Why,
        snapshot::{
            AgentFacts, ClockReference, ClockSource, Endpoint, Environment, Liveness, MetadataAccess, Probe,
            Snapshot,
        },
    },
    observe::{
        probe::{ClockSample, ContainerHandle, Prober},
        time,
    },
};

/// Concurrent probes: enough that a few hanging endpoints do not delay the others, few enough to avoid bursts.
const AT_ONCE: usize = 8;

/// Time servers and metadata services are asked this many times less often than endpoints, to limit their
/// load (every 5 minutes by default).
const SELDOM: u32 = 5;

/// The target of a probe: one agent's endpoint, a time server, a metadata service, or an agent's own liveness endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Endpoint { agent: Arc<str>, url: String, path: String },
    NtpServer(String),
    Metadata(&'static MetadataService),
    Liveness { agent: Arc<str>, port: NonZeroU16, path: &'static str },
}

/// The parameters for probing an endpoint.
#[derive(Clone, Copy)]
struct Work<'a> {
    endpoint: &'a Endpoint,
    /// The environment with the proxy settings to use.
    environment: &'a Reading<Environment>,
    /// Whether the exporter and the agent use the same network; `None`: the agent's place is not known.
    access: Option<&'a Reading<()>>,
    /// The container to probe from, if the agent has another network.
    handle: Option<&'a ContainerHandle>,
}

enum Answer {
    Endpoint(Box<Reading<Probe>>),
    Time(Result<ClockSample, Why>),
    Metadata(Reading<MetadataAccess>),
    Liveness(Reading<Liveness>),
}

impl Answer {
    fn metadata(&self) -> Option<Reading<MetadataAccess>> {
        if let Self::Metadata(access) = self { Some(access.clone()) } else { None }
    }

    fn liveness(&self) -> Option<Reading<Liveness>> {
        if let Self::Liveness(liveness) = self { Some(liveness.clone()) } else { None }
    }
}

/// The targets other than endpoints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OtherTargets<'a> {
    /// Time servers.
    pub(crate) ntp_servers: &'a [String],
    /// The metadata services of the agents' clouds.
    pub(crate) metadata: bool,
}

struct Entry {
    /// Distinguishes its result from a late one for an entry that it replaced.
    id: u64,
    /// The target; `None`: a time server.
    endpoint: Option<Endpoint>,
    due: Instant,
    running: bool,
    /// False for a probe that is still running but no longer wanted: if it is wanted again, it is not started
    /// a second time.
    wanted: bool,
    answer: Option<Answer>,
}

/// The schedule of all probes, and their last results.
pub(crate) struct Probes {
    prober: Prober,
    interval: Duration,
    entries: BTreeMap<Target, Entry>,
    running: JoinSet<(Target, u64, Answer)>,
    permits: Arc<Semaphore>,
    jitter: RandomState,
    asked: u64,
    started: u64,
    errors: Vec<(Option<Arc<str>>, &'static str)>,
}

impl Probes {
    pub(crate) fn new(prober: Prober, interval: Duration) -> Self {
        Self {
            prober,
            interval,
            entries: BTreeMap::new(),
            running: JoinSet::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            jitter: RandomState::new(),
            asked: 0,
            started: 0,
            errors: Vec::new(),
        }
    }

    /// Starts every probe that is due, and drops those that are no longer wanted.
    pub(crate) fn start_due(
        &mut self,
        snapshot: &Snapshot,
        container_handles: &BTreeMap<Arc<str>, ContainerHandle>,
        besides: OtherTargets<'_>,
    ) {
        let mut wanted: Vec<(Target, Option<Work<'_>>)> = Vec::new();
        let agents = &snapshot.agents;
        let environments: Vec<_> = agents.iter().map(evaluate::proxies).collect();
        for (agent, environment) in agents.iter().zip(&environments) {
            let access = snapshot.place(&agent.place).map(|place| &place.network);
            for fact in &agent.endpoints {
                let handle = container_handles.get(&agent.name);
                let work =
                    Work { endpoint: &fact.endpoint, environment: environment.as_ref(), access, handle };
                wanted.push((target(agent, &fact.endpoint), Some(work)));
            }
        }
        let here = |agent: &&AgentFacts| {
            snapshot.place(&agent.place).is_some_and(|place| place.network.known().is_some())
        };
        wanted.extend(agents.iter().filter(here).filter_map(liveness_of).map(|target| (target, None)));
        wanted.extend(besides.ntp_servers.iter().map(|server| (Target::NtpServer(server.clone()), None)));
        if besides.metadata {
            let services = agents.iter().filter(here).filter_map(metadata_service);
            wanted.extend(services.map(|service| (Target::Metadata(service), None)));
        }
        self.start(wanted);
    }

    fn start(&mut self, wanted: Vec<(Target, Option<Work<'_>>)>) {
        let now = Instant::now();
        for entry in self.entries.values_mut() {
            entry.wanted = false;
        }
        for (target, endpoint) in wanted {
            let asked = endpoint.map(|work| work.endpoint);
            // With a new config the same name may mean another probe.
            if self.entries.get(&target).is_some_and(|entry| !is_same(entry.endpoint.as_ref(), asked)) {
                self.entries.remove(&target);
            }
            let entry = self.entries.entry(target.clone()).or_insert_with(|| {
                self.started = self.started.wrapping_add(1);
                let endpoint = asked.cloned();
                Entry { id: self.started, endpoint, due: now, running: false, wanted: true, answer: None }
            });
            entry.wanted = true;
            if entry.running || entry.due > now {
                continue;
            }
            entry.running = true;
            let id = entry.id;
            let prober = self.prober.clone();
            let permits = Arc::clone(&self.permits);
            let handle = endpoint.and_then(|work| work.handle.cloned());
            let work =
                endpoint.map(|work| (work.endpoint.clone(), work.environment.clone(), work.access.cloned()));
            self.running.spawn(async move {
                // The semaphore is never closed; an error here would only mean that the limit is not enforced.
                let _permit = permits.acquire_owned().await;
                let answer = match (&target, work) {
                    (Target::Endpoint { .. }, Some((_, _, Some(Reading::Unknown(why))))) => {
                        Answer::Endpoint(Box::new(Reading::Unknown(why)))
                    }
                    (Target::Endpoint { .. }, Some((endpoint, environment, Some(Reading::Known(()))))) => {
                        let probe = match &handle {
                            Some(handle) => prober.probe_from(handle, &endpoint, &environment).await,
                            None => prober.probe(&endpoint, &environment).await,
                        };
                        Answer::Endpoint(Box::new(probe))
                    }
                    (Target::NtpServer(server), _) => Answer::Time(prober.ntp(server).await),
                    (Target::Liveness { port, path, .. }, _) => {
                        Answer::Liveness(prober.liveness(*port, path).await)
                    }
                    (Target::Metadata(service), _) => Answer::Metadata(prober.metadata(service).await),
                    (Target::Endpoint { url, .. }, Some((_, _, None)) | None) => {
                        Answer::Endpoint(Box::new(Reading::Unknown(not_yet(url))))
                    }
                };
                (target, id, answer)
            });
        }
        self.entries.retain(|_, entry| entry.wanted || entry.running);
    }

    fn wanted(&self) -> impl Iterator<Item = (&Target, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.wanted)
    }

    /// Waits for the next result and keeps it; true if it is new. Never returns while no probe is running. Cancel-safe.
    pub(crate) async fn next_answer(&mut self) -> bool {
        match self.running.join_next().await {
            Some(Ok((target, id, answer))) => self.keep(&target, id, answer),
            // Every probe ends with a result.
            Some(Err(_)) => false,
            None => std::future::pending().await,
        }
    }

    /// Keeps every result that has already arrived.
    pub(crate) fn keep_ready(&mut self) {
        while let Some(done) = self.running.try_join_next() {
            if let Ok((target, id, answer)) = done {
                let _evaluated_now = self.keep(&target, id, answer);
            }
        }
    }

    /// True if any of them is new.
    fn keep(&mut self, target: &Target, id: u64, answer: Answer) -> bool {
        if self.entries.get(target).is_none_or(|entry| entry.id != id) {
            return false;
        }
        let every = match target {
            Target::Endpoint { .. } | Target::Liveness { .. } => self.interval,
            Target::NtpServer(_) | Target::Metadata(_) => self.interval.saturating_mul(SELDOM),
        };
        match (target, &answer) {
            (Target::Endpoint { agent, .. }, Answer::Endpoint(probe)) if probe.known().is_none() => {
                self.errors.push((Some(Arc::clone(agent)), "endpoint"));
            }
            (_, Answer::Time(Err(_))) => self.errors.push((None, "clock")),
            // On a machine without a metadata service nothing answers the request.
            (_, Answer::Endpoint(_) | Answer::Time(Ok(_)) | Answer::Metadata(_) | Answer::Liveness(_)) => {}
        }
        let due = Instant::now() + self.jittered(every);
        let Some(entry) = self.entries.get_mut(target) else { return false };
        let answer = still_silent(entry.answer.as_ref(), answer);
        let is_news = entry.wanted && answer.is_news_after(entry.answer.as_ref());
        (entry.due, entry.running, entry.answer) = (due, false, Some(answer));
        if !entry.wanted {
            self.entries.remove(target);
        }
        is_news
    }

    /// 90 to 110 % of `every`, so that hosts that were started together drift apart.
    fn jittered(&mut self, every: Duration) -> Duration {
        self.asked = self.asked.wrapping_add(1);
        let mut hasher = self.jitter.build_hasher();
        hasher.write_u64(self.asked);
        let per_mille = u32::try_from(hasher.finish() % 201).unwrap_or(100) + 900;
        every.saturating_mul(per_mille) / 1000
    }

    /// Observations that failed since the last call: the agent (`None`: the host), and the source.
    pub(crate) fn take_errors(&mut self) -> Vec<(Option<Arc<str>>, &'static str)> {
        std::mem::take(&mut self.errors)
    }

    /// True if every wanted endpoint and server has been asked at least once.
    pub(crate) fn complete(&self) -> bool {
        self.wanted().all(|(_, entry)| entry.answer.is_some())
    }

    /// How many endpoints and servers have not answered yet.
    pub(crate) fn outstanding(&self) -> usize {
        self.wanted().filter(|(_, entry)| entry.answer.is_none()).count()
    }

    /// When the next probe is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.wanted().filter(|(_, entry)| !entry.running).map(|(_, entry)| entry.due).min()
    }

    /// Puts the last answers into the facts.
    pub(crate) fn fill(&self, agents: &mut [AgentFacts]) {
        for agent in agents {
            agent.liveness = liveness_of(agent)
                .and_then(|target| self.answer(&target, "liveness endpoint", Answer::liveness));
            agent.metadata = metadata_service(agent).and_then(|service| {
                self.answer(&Target::Metadata(service), service.document, Answer::metadata)
            });
            for index in 0..agent.endpoints.len() {
                let Some(endpoint) = agent.endpoints.get(index).map(|fact| fact.endpoint.clone()) else {
                    continue;
                };
                let answer =
                    self.entries.get(&target(agent, &endpoint)).and_then(|entry| entry.answer.as_ref());
                let probe = match answer {
                    Some(Answer::Endpoint(probe)) => Reading::clone(probe),
                    Some(Answer::Time(_) | Answer::Metadata(_) | Answer::Liveness(_)) | None => {
                        Reading::Unknown(not_yet(&endpoint.url))
                    }
                };
                if let Some(fact) = agent.endpoints.get_mut(index) {
                    fact.probe = probe;
                }
            }
        }
    }

    /// The metadata answer of `target`, as of `taken`; `None`: it is not asked.
    fn answer<T>(
        &self,
        target: &Target,
        name: &str,
        taken: impl FnOnce(&Answer) -> Option<Reading<T>>,
    ) -> Option<Reading<T>> {
        let entry = self.entries.get(target).filter(|entry| entry.wanted)?;
        Some(entry.answer.as_ref().and_then(taken).unwrap_or_else(|| Reading::Unknown(not_yet(name))))
    }

    /// Every available time reference, as offsets of the wall clock at this moment; and the servers that gave none.
    pub(crate) fn references(&self, wall_minus_boot: f64) -> (Vec<ClockReference>, Vec<Why>) {
        let mut references = Vec::new();
        let mut unanswered = Vec::new();
        for (target, entry) in self.wanted() {
            match (&entry.answer, target) {
                (Some(Answer::Endpoint(answer)), Target::Endpoint { url, .. }) => {
                    if let Some(date) = answer.known().and_then(|probe| probe.date.as_ref()) {
                        let source = ClockSource::HttpDate;
                        references.push(time::clock_reference(source, url.clone(), date, wall_minus_boot));
                    }
                }
                (Some(Answer::Time(Ok(sample))), _) => {
                    references.push(sample.clock_reference(wall_minus_boot));
                }
                (Some(Answer::Time(Err(why))), _) => unanswered.push(why.clone()),
                (
                    Some(Answer::Endpoint(_)),
                    Target::NtpServer(_) | Target::Metadata(_) | Target::Liveness { .. },
                )
                | (Some(Answer::Metadata(_) | Answer::Liveness(_)) | None, _) => {}
            }
        }
        (references, unanswered)
    }
}

/// The agent's liveness endpoint, if its environment names one.
fn liveness_of(agent: &AgentFacts) -> Option<Target> {
    let environment = agent.invocation.environment.known()?;
    let (port, path) = agents::profile(agent.kind)?.liveness(environment)?;
    Some(Target::Liveness { agent: Arc::clone(&agent.name), port, path })
}

/// The result; if it did not answer before either, the silence began then.
fn still_silent(before: Option<&Answer>, answer: Answer) -> Answer {
    match (before, &answer) {
        (
            Some(Answer::Liveness(Reading::Known(since @ Liveness::Silent(_)))),
            Answer::Liveness(Reading::Known(Liveness::Silent(_))),
        ) => Answer::Liveness(Reading::Known(*since)),
        (_, Answer::Endpoint(_) | Answer::Time(_) | Answer::Metadata(_) | Answer::Liveness(_)) => answer,
    }
}

fn metadata_service(agent: &AgentFacts) -> Option<&'static MetadataService> {
    agents::profile(agent.kind)?.metadata()
}

fn target(agent: &AgentFacts, endpoint: &Endpoint) -> Target {
    Target::Endpoint {
        agent: Arc::clone(&agent.name),
        url: endpoint.url.clone(),
        path: endpoint.path.clone(),
    }
}

/// True if both make the same request, wherever they are configured.
fn is_same(before: Option<&Endpoint>, after: Option<&Endpoint>) -> bool {
    let question = |endpoint: &Endpoint| {
        let Endpoint { purpose, scheme, host, port, path, expected, .. } = endpoint.clone();
        (purpose, scheme, host, port, path, expected)
    };
    before.map(question) == after.map(question)
}

fn not_yet(url: &str) -> Why {
    Why::new(Reason::NotYet, url, "not probed yet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::snapshot::{DateReference, ExpectedAnswer, Scheme},
        observe::probe::ProbeOptions,
    };

    #[tokio::test]
    async fn an_answer_is_kept_while_its_question_is_the_same_and_a_late_one_of_another_dropped() {
        let options = ProbeOptions { timeout: Duration::from_secs(1), rootfs: "/nowhere".into() };
        let mut probes = Probes::new(Prober::new(options), Duration::from_secs(60));
        let ask = |from: &str, codes: &[u16]| Endpoint {
            purpose: crate::model::Purpose::Custom,
            url: "http://127.0.0.1:1".to_owned(),
            scheme: Scheme::Http,
            host: "127.0.0.1".to_owned(),
            port: 1,
            path: "/".to_owned(),
            expected: ExpectedAnswer::StatusCodes(codes.to_vec()),
            from: from.to_owned(),
            parameter: None,
        };
        let target = Target::Endpoint { agent: Arc::from("a"), url: String::new(), path: String::new() };
        let environment = Reading::Known(Environment::default());
        let start = |probes: &mut Probes, endpoint: &Endpoint| {
            let work =
                Work { endpoint, environment: &environment, access: Some(&Reading::Known(())), handle: None };
            probes.start(vec![(target.clone(), Some(work))]);
            probes.entries.get(&target).expect("it is wanted").id
        };
        let id = start(&mut probes, &ask("line 1", &[200]));
        assert!(probes.next_answer().await, "the first answer is news");
        assert!(probes.complete());
        assert_eq!(start(&mut probes, &ask("line 2", &[200])), id);
        assert!(probes.complete(), "written elsewhere, it is the same question");
        assert_ne!(start(&mut probes, &ask("line 2", &[204])), id);
        assert!(!probes.complete());
        assert!(!probes.keep(&target, id, Answer::Endpoint(Box::new(Reading::Unknown(not_yet("x"))))));
        assert!(!probes.complete(), "the late answer is to another question");
        probes.next_answer().await;
        assert!(probes.complete());
    }

    #[test]
    fn who_does_not_answer_is_silent_since_the_first_time() {
        let says = |liveness| Answer::Liveness(Reading::Known(liveness));
        let silent = |seconds| Liveness::Silent(Duration::from_secs(seconds));
        let told = |before: Option<Liveness>, now| {
            let before = before.map(says);
            match still_silent(before.as_ref(), says(now)) {
                Answer::Liveness(Reading::Known(liveness)) => liveness,
                Answer::Liveness(_) | Answer::Endpoint(_) | Answer::Time(_) | Answer::Metadata(_) => {
                    panic!("another answer")
                }
            }
        };
        assert_eq!(told(None, silent(5)), silent(5));
        assert_eq!(told(Some(silent(5)), silent(65)), silent(5));
        assert_eq!(told(Some(silent(5)), Liveness::Answers), Liveness::Answers);
        assert_eq!(told(Some(Liveness::Answers), silent(65)), silent(65));
        assert_eq!(told(Some(Liveness::Absent), silent(65)), silent(65));
    }

    #[tokio::test]
    async fn a_step_of_the_clock_moves_every_offset_at_once_without_a_probe() {
        let options = ProbeOptions { timeout: Duration::from_secs(1), rootfs: "/nowhere".into() };
        let mut probes = Probes::new(Prober::new(options), Duration::from_secs(60));
        let reference = DateReference { low: 1000.0, high: 1001.0, taken: Duration::ZERO };
        let probe = Probe { status_code: Some(200), date: Some(reference), ..Probe::up() };
        let url = "http://a".to_owned();
        let endpoint = Target::Endpoint { agent: Arc::from("a"), url, path: "/".to_owned() };
        let server = Target::NtpServer("b".to_owned());
        let sample = ClockSample { server: "b".to_owned(), reference, stratum: 1 };
        for (target, answer) in [
            (endpoint, Answer::Endpoint(Box::new(Reading::Known(probe)))),
            (server, Answer::Time(Ok(sample))),
        ] {
            let entry = Entry {
                id: 0,
                endpoint: None,
                due: Instant::now(),
                running: true,
                wanted: true,
                answer: Some(answer),
            };
            probes.entries.insert(target, entry);
        }
        let offsets = |wall_minus_boot: f64| {
            let (references, _) = probes.references(wall_minus_boot);
            references.iter().map(|clock| (clock.low, clock.high)).collect::<Vec<_>>()
        };
        assert_eq!(offsets(1000.5), [(-0.5, 0.5); 2]);
        assert_eq!(offsets(1002.5), [(1.5, 2.5); 2]);
        assert_eq!(offsets(998.5), [(-2.5, -1.5); 2]);
    }
}
