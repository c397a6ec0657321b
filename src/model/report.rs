//! The results of one evaluation: immutable, complete, and rendered by every publisher.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Cause, Language, Prerequisite, Role, Severity, Status, Text, Why,
    counters::Counts,
    phrase::phrase,
    remedy,
    snapshot::{ContainerName, EndpointFact, KernelClock},
};

/// The verdicts of one evaluation, and the observations behind them.
#[derive(Debug, Clone)]
pub struct Report {
    /// Wall-clock time of the snapshot.
    pub taken_at: SystemTime,
    /// The host's name; empty if it could not be read.
    pub host: String,
    /// Watched agents.
    pub agents: Vec<AgentReport>,
    /// Processes with an agent's name that are not trusted.
    pub not_believed: NotBelieved,
    /// Bounds that were reached.
    pub limits: BTreeSet<Limit>,
    /// The host's clock.
    pub clock: ClockReport,
    /// The exporter's own counters.
    pub exporter: ExporterReport,
    /// True from the first full cycle on: `/-/ready`.
    pub complete: bool,
}

impl Report {
    /// The worst status of all agents; `None` without an agent.
    pub fn status(&self) -> Option<Status> {
        self.agents.iter().map(|agent| agent.status).max()
    }

    /// The report with no more than `most` problems: critical ones first, then warnings, then those that others
    /// explain. The verdicts still cover all of them.
    pub fn within(&self, most: usize) -> Cow<'_, Self> {
        if problems(&self.agents) <= most {
            return Cow::Borrowed(self);
        }
        let mut report = self.clone();
        let mut left = most;
        let mut kept = BTreeSet::new();
        let rank = |problem: &Problem| (problem.explained_by.is_some(), Reverse(problem.severity));
        let ranks: BTreeSet<_> = each_problem(&self.agents).map(rank).collect();
        for wanted in ranks {
            for (index, _) in
                each_problem(&self.agents).enumerate().filter(|(_, it)| rank(it) == wanted).take(left)
            {
                kept.insert(index);
            }
            left = most - kept.len();
        }
        let mut index = 0..;
        for prerequisite in report.agents.iter_mut().flat_map(|agent| &mut agent.prerequisites) {
            prerequisite.problems.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
        }
        Cow::Owned(report)
    }
}

/// The maximum number of problems in the JSON report. One takes a few kilobytes.
pub const MOST_REPORTED: usize = 1_000;
/// The maximum number of problems on the status page: more than anyone reads.
pub const MOST_ON_PAGE: usize = 200;

fn each_problem(agents: &[AgentReport]) -> impl Iterator<Item = &Problem> {
    agents.iter().flat_map(|agent| &agent.prerequisites).flat_map(|prerequisite| &prerequisite.problems)
}

fn problems(agents: &[AgentReport]) -> usize {
    each_problem(agents).count()
}

/// The bounds that these reports have reached, each by itself and all together.
pub fn limits_of(agents: &[AgentReport]) -> BTreeSet<Limit> {
    let mut limits: BTreeSet<Limit> = agents.iter().flat_map(|agent| &agent.limits).copied().collect();
    let problems = problems(agents);
    let bounds = [(MOST_REPORTED, Limit::Report), (MOST_ON_PAGE, Limit::Page)];
    limits.extend(bounds.iter().filter(|(most, _)| problems > *most).map(|(_, limit)| *limit));
    limits
}

/// Processes with an agent's name that are run by a user whose processes do not count: nothing in them is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotBelieved {
    /// How many, by the kind whose name they have.
    pub processes: BTreeMap<&'static str, u32>,
    /// The processes; not all of them if there are very many.
    pub groups: Vec<NotBelievedGroup>,
}

/// Processes of one user with one executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBelievedGroup {
    /// The kind whose name they have.
    pub kind: &'static str,
    /// The user that they run as.
    pub user: u32,
    /// Their executable, if readable, otherwise their name.
    pub executable: String,
    /// Their ids in ascending order; only the first ones if there are very many.
    pub pids: Vec<u32>,
}

/// A bound on what is read, kept or reported; the label `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Processes that count as an agent's, and groups of those that do not.
    Candidates,
    /// Arguments of processes, their number, length and total size.
    Arguments,
    /// Environments of processes: the number and length of variables, and their total size.
    Environment,
    /// Installations that are watched.
    Installations,
    /// Findings of one agent.
    Findings,
    /// Evidence of one finding.
    Evidence,
    /// New lines of an agent's own log.
    Log,
    /// Series of one metric and agent.
    Series,
    /// The JSON report.
    Report,
    /// The status page.
    Page,
}

impl Limit {
    /// The value of the label `limit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidates => "candidates",
            Self::Arguments => "arguments",
            Self::Environment => "environment",
            Self::Installations => "installations",
            Self::Findings => "findings",
            Self::Evidence => "evidence",
            Self::Log => "log",
            Self::Series => "series",
            Self::Report => "report",
            Self::Page => "page",
        }
    }
}

/// One agent's verdicts.
#[derive(Debug, Clone)]
pub struct AgentReport {
    /// The label `agent`.
    pub name: Arc<str>,
    /// The label `kind`.
    pub kind: &'static str,
    /// Human-readable name of the variant.
    pub edition: &'static str,
    /// Agent version, empty if unknown.
    pub version: String,
    /// Host name as the agent recorded it, otherwise the host's.
    pub hostname: String,
    /// The agent's own instance id, empty if unknown.
    pub instance_id: String,
    /// Installation directory.
    pub install_dir: Option<PathBuf>,
    /// The container that it runs in, if its name is known.
    pub container: Option<ContainerName>,
    /// Roll-up over prerequisites.
    pub status: Status,
    /// Prerequisites that apply, in the documents' order.
    pub prerequisites: Vec<PrerequisiteReport>,
    /// The other prerequisites, and why they are not evaluated.
    pub not_evaluated: Vec<(Prerequisite, NotEvaluated)>,
    /// Processes by role; every role of the agent is included, filled or not. Counts of live processes are `None` if
    /// processes could not be read.
    pub roles: Vec<RoleReport>,
    /// Addresses by source (`reported`, `working_ip`, …).
    pub ips: Vec<(&'static str, String)>,
    /// Endpoints and their last probes.
    pub endpoints: Vec<EndpointFact>,
    /// Watched files' modification times by the label `file`.
    pub files: Vec<(String, SystemTime)>,
    /// Bounds that were reached for this agent.
    pub limits: BTreeSet<Limit>,
    /// When the agent last loaded collection configs, if its log shows it.
    pub config_updated: Option<SystemTime>,
    /// When the service last accepted what the agent sent, if its log shows it.
    pub sent: Option<SystemTime>,
    /// The transitions of its problems.
    pub transitions: Transitions,
}

/// The transitions of one agent's problems, since the first complete evaluation. Problems that were active then are not
/// transitions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transitions {
    /// The last ones, oldest first.
    pub recent: Arc<[Transition]>,
    /// All of them, by prerequisite; prerequisites that once applied remain.
    pub totals: BTreeMap<Prerequisite, u64>,
}

/// A cause started or stopped being reported, or is reported otherwise: as a failure, a warning, or a consequence of another. A cause with several subjects counts once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// The time of the snapshot.
    pub at: SystemTime,
    /// The prerequisite that the cause breaks.
    pub prerequisite: Prerequisite,
    /// The cause.
    pub cause: &'static Cause,
    /// Its new state.
    pub to: TransitionTo,
}

/// The transition of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransitionTo {
    /// It is active, and the prerequisite fails.
    Failing,
    /// It is active as a warning.
    Warning,
    /// It is still active, and another one explains it.
    Explained,
    /// It is gone.
    Ok,
}

impl TransitionTo {
    /// The value in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Warning => "warning",
            Self::Explained => "explained",
            Self::Ok => "ok",
        }
    }
}

/// Why a prerequisite has no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEvaluated {
    /// It is not a prerequisite of this kind of agent.
    Kind,
    /// This edition of the agent does not use it.
    Edition,
    /// There is no running process to check.
    NoProcess,
    /// There is no expectation to compare with.
    NotExpected,
    /// There is no config to check; `startup_parameters` reports it.
    NoConfig,
    /// The config has no such keys, and needs none.
    NotInConfig,
    /// There is no endpoint to reach.
    NoEndpoint,
    /// It is unknown whether it applies.
    Undecided(Why),
}

impl NotEvaluated {
    /// The human-readable reason.
    pub fn reason(&self, language: Language) -> String {
        let text = match self {
            Self::Kind => Text {
                en: "not a prerequisite of this kind of agent",
                zh: "此类客户端无此前提条件",
            },
            Self::Edition => {
                Text { en: "not used by this edition of the agent", zh: "该版本的客户端不需要" }
            }
            Self::NoProcess => {
                Text { en: "skipped: no process runs", zh: "已跳过：没有运行中的进程" }
            }
            Self::NotExpected => Text { en: "not expected", zh: "未设置预期" },
            Self::NoConfig => {
                Text { en: "skipped: no valid config", zh: "已跳过：没有有效的配置" }
            }
            Self::NotInConfig => Text { en: "not in this config", zh: "不在该配置中" },
            Self::NoEndpoint => Text { en: "no endpoint", zh: "没有需要访问的地址" },
            Self::Undecided(why) => return phrase(&why.to_string(), language).into_owned(),
        };
        text.in_language(language).to_owned()
    }
}

/// One prerequisite's verdict.
#[derive(Debug, Clone)]
pub struct PrerequisiteReport {
    /// The prerequisite.
    pub id: Prerequisite,
    /// Its state.
    pub status: Status,
    /// A fact that could not be read. Makes the status unknown only if a critical cause could not be judged without it.
    pub unknown: Vec<Why>,
    /// Active causes, explained ones included.
    pub problems: Vec<Problem>,
}

/// One active cause.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The catalogue entry.
    pub cause: &'static Cause,
    /// Its subject, for causes that can be active more than once (an endpoint's URL); otherwise empty.
    pub subject: String,
    /// Severity of this finding.
    pub severity: Severity,
    /// When it was first seen.
    pub since: SystemTime,
    /// The observed values, and their sources.
    pub evidence: Vec<Evidence>,
    /// The first step of the remedy, if it depends on the evidence.
    pub first_step: Option<Text>,
    /// Where the steps are executed, if not on the host: stated before the first step.
    pub where_to: Option<Text>,
    /// Facts of this host for the templates: paths and commands.
    pub context: Arc<BTreeMap<&'static str, String>>,
    /// Replaces the remedy of the cause, if more is known.
    pub advice: Option<Text>,
    /// The cause that explains this one, if any: then it is neither in a metric nor alerted on.
    pub explained_by: Option<&'static Cause>,
    /// True if it could not be checked in this cycle and keeps its last state.
    pub carried: bool,
}

impl Problem {
    /// The value of `{name}` in this problem's texts: evidence first, then the host's paths and commands.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.evidence
            .iter()
            .find(|evidence| evidence.name == name)
            .map(|evidence| evidence.value.as_str())
            .or_else(|| self.context.get(name).map(String::as_str))
    }

    /// The title, with its placeholders filled.
    pub fn title(&self, language: Language) -> String {
        let title = self.cause.title.in_language(language);
        super::text::fill(title, |name| Some(phrase(self.value(name)?, language).into_owned()))
    }

    /// The remedy: the steps that apply to this agent, with values.
    pub fn remedy(&self, language: Language) -> String {
        let usual =
            remedy::filled(self.advice.unwrap_or(self.cause.remedy), language, |name| self.value(name));
        let first = [self.where_to, self.first_step].into_iter().flatten();
        let first: Vec<String> =
            first.map(|step| remedy::filled(step, language, |name| self.value(name))).collect();
        if first.is_empty() {
            return usual;
        }
        let steps = usual.lines().map(|line| line.split_once(". ").map_or(line, |(_number, step)| step));
        remedy::numbered(first.into_iter().chain(steps.map(str::to_owned)))
    }
}

/// One compared value, and its source. Values are bounded, printable, and never secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The name of the value: `reported`, `expected`, `pid`.
    pub name: &'static str,
    /// The value, made visible.
    pub value: String,
    /// File and key, interface, process, or config key.
    pub from: String,
}

/// Processes of one role.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleReport {
    /// The label `role`.
    pub role: Role,
    /// Live processes; `None` if processes could not be read.
    pub live: Option<u32>,
    /// Expected processes; `None` while not known.
    pub expected: Option<u32>,
    /// Restarts observed since the exporter started.
    pub restarts: u64,
    /// Start of the newest live process.
    pub newest_start: Option<SystemTime>,
    /// Sum of CPU time of live and ended processes.
    pub cpu: Option<Duration>,
    /// Sum of resident memory.
    pub resident_bytes: Option<u64>,
    /// Sum of open descriptors; `None` if unreadable.
    pub open_fds: Option<u64>,
    /// Sum of threads.
    pub threads: Option<u64>,
}

/// The host's clock.
#[derive(Debug, Clone, Default)]
pub struct ClockReport {
    /// (source, offset, half-width) in seconds, one for each source that has a reference; `kernel` has no half-width.
    pub offsets: Vec<(&'static str, f64, Option<f64>)>,
    /// The kernel's state, if it could be read.
    pub kernel: Option<KernelClock>,
    /// Steps of over one second observed.
    pub steps: u64,
}

/// The exporter's own counters.
#[derive(Debug, Clone, Default)]
pub struct ExporterReport {
    /// Sources of events, and whether each works; empty if there is no loop that uses them.
    pub event_sources: BTreeMap<&'static str, bool>,
    /// Evaluations by trigger.
    pub evaluations: BTreeMap<&'static str, u64>,
    /// Duration of the last evaluation.
    pub evaluation_duration: Duration,
    /// Observation errors by agent and source.
    pub observation_errors: BTreeMap<(Arc<str>, &'static str), u64>,
    /// Lines of the exporter's own log that could not be written in time.
    pub log_lines_dropped: u64,
    /// True if the last reload succeeded, or if none was tried.
    pub reload_successful: bool,
    /// When the config was last loaded successfully.
    pub reload_success_at: Option<SystemTime>,
    /// Self metrics of publishers and the server.
    pub counts: Counts,
}
