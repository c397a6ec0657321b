//! 3. Alerting without Prometheus. Alerts are pushed to Alertmanagers, with the names, labels, annotations
//!    and waiting times of the bundled rules.
//!
//! One task keeps the firing alerts (`states`) and finds the members; a task for each member sends to it
//! (`member`). Neither runs while no Alertmanager is configured.

mod member;
mod states;
mod subject;
mod template;
mod transport;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use tracing::{info, warn};

use self::{
    member::{Answer, DROPPED, ERRORS, Member, Post as _, SENT, SUCCESS, State},
    states::{Alert, AlertStates},
    subject::Subject,
    transport::{Network, Transport},
};
use crate::{
    config::targets::{self, Target},
    model::{
        counters::Counters,
        report::Report,
        settings::{AlertingSettings, AlertmanagerSettings},
    },
};

pub use crate::net::Clocks;

/// How often files of members are read again.
const DISCOVERY: Duration = Duration::from_mins(1);

/// The deadline for reading one of them, which may be on a file system that hangs.
const READ: Duration = Duration::from_secs(2);

/// How long a shutdown waits until the last alerts have been sent.
const DRAIN: Duration = Duration::from_secs(4);

/// The dependencies of alerts besides reports.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the host's root directory is mounted: the certificate store is read there.
    pub rootfs: PathBuf,
    /// The label `instance` of alerts, if the config sets none.
    pub instance: String,
    /// Labels for the location of the exporter, unless the config sets them.
    pub whereabouts: Vec<(&'static str, String)>,
    /// Counters of the members.
    pub counters: Counters,
    /// The clocks of this process.
    pub clocks: Clocks,
}

impl Surroundings {
    /// The settings, with the labels that are added to every alert.
    fn complete(&self, settings: &AlertingSettings) -> Arc<AlertingSettings> {
        let mut settings = settings.clone();
        settings.labels.entry("instance".to_owned()).or_insert_with(|| self.instance.clone());
        for (label, value) in &self.whereabouts {
            settings.labels.entry((*label).to_owned()).or_insert_with(|| value.clone());
        }
        Arc::new(settings)
    }
}

/// Messages to the task.
#[derive(Debug, Clone)]
struct Input {
    report: Option<Arc<Report>>,
    settings: Arc<AlertingSettings>,
    closing: bool,
}

/// The handle of the task.
#[derive(Debug)]
pub struct Alerting {
    surroundings: Surroundings,
    input: watch::Sender<Input>,
    task: JoinHandle<()>,
}

impl Alerting {
    /// Starts the task; must be called in a runtime.
    pub fn start(settings: &AlertingSettings, surroundings: Surroundings) -> Self {
        let settings = surroundings.complete(settings);
        let (input, received) = watch::channel(Input { report: None, settings, closing: false });
        let task = tokio::spawn(run(received, surroundings.clone()));
        Self { surroundings, input, task }
    }

    /// Takes a report in.
    pub fn see(&self, report: &Arc<Report>) {
        self.input.send_if_modified(|input| {
            input.report = Some(Arc::clone(report));
            !input.settings.alertmanagers.is_empty()
        });
    }

    /// Applies new settings.
    pub fn reload(&self, settings: &AlertingSettings) {
        let settings = self.surroundings.complete(settings);
        self.input.send_if_modified(|input| {
            let changed = input.settings != settings;
            input.settings = settings;
            changed
        });
    }

    /// Sends unsent changes once, and ends.
    pub async fn close(self) {
        self.input.send_modify(|input| input.closing = true);
        if timeout(DRAIN, self.task).await.is_err() {
            warn!("alerts: not every Alertmanager could be reached in time");
        }
    }
}

/// A member and its task.
struct Running {
    settings: Arc<AlertmanagerSettings>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(mut input: watch::Receiver<Input>, surroundings: Surroundings) {
    loop {
        let wanted = |input: &Input| input.closing || !input.settings.alertmanagers.is_empty();
        let closing = input.wait_for(wanted).await.map_or(true, |input| input.closing);
        if closing || push(&mut input, &surroundings).await.is_none() {
            return;
        }
    }
}

/// Pushes until no Alertmanager is configured; `None`: the exporter shuts down.
async fn push(input: &mut watch::Receiver<Input>, surroundings: &Surroundings) -> Option<()> {
    let network = Arc::new(Network::new(&surroundings.rootfs, surroundings.clocks));
    let mut states = AlertStates::new(Instant::now());
    let mut now = input.borrow_and_update().clone();
    let state = State { alerts: BTreeMap::new(), settings: Arc::clone(&now.settings), closing: false };
    let (sender, state) = watch::channel(Arc::new(state));
    let mut directory = Directory::default();
    let mut members: BTreeMap<Arc<str>, Running> = BTreeMap::new();
    let mut discovery = Instant::now();
    loop {
        if now.closing || now.settings.alertmanagers.is_empty() {
            break;
        }
        let moment = Instant::now();
        match now.report.take() {
            Some(report) => states.observe(&report, moment),
            None => states.advance(moment),
        }
        tell(&sender, states.alerts(), &now.settings);
        if discovery <= moment {
            let wanted = directory.members(&now.settings.alertmanagers, &network).await;
            follow(&mut members, wanted, &state, surroundings);
            discovery = Instant::now() + DISCOVERY;
        }
        let next = states.next_change(moment).map_or(discovery, |change| change.min(discovery));
        tokio::select! {
            changed = input.changed() => {
                if changed.is_err() {
                    return None;
                }
                let before = now.settings;
                now = input.borrow_and_update().clone();
                if now.settings != before {
                    discovery = Instant::now();
                }
            }
            () = sleep_until(next) => {}
        }
    }
    if !now.closing {
        follow(&mut members, BTreeMap::new(), &state, surroundings);
        return Some(());
    }
    sender.send_modify(|state| *state = Arc::new(State { closing: true, ..(**state).clone() }));
    for running in members.values_mut() {
        // Each limits its last request itself.
        let _ended = (&mut running.task).await;
    }
    None
}

/// Sends the state to the members, if it is new.
fn tell(
    sender: &watch::Sender<Arc<State>>,
    alerts: BTreeMap<Subject, Alert>,
    settings: &Arc<AlertingSettings>,
) {
    sender.send_if_modified(|state| {
        if state.alerts == alerts && state.settings == *settings {
            return false;
        }
        *state = Arc::new(State { alerts, settings: Arc::clone(settings), closing: false });
        true
    });
}

/// Starts the members that are new, and stops those that are no longer configured.
fn follow(
    members: &mut BTreeMap<Arc<str>, Running>,
    wanted: BTreeMap<Arc<str>, Transport>,
    state: &watch::Receiver<Arc<State>>,
    surroundings: &Surroundings,
) {
    members.retain(|url, running| {
        let stays = wanted.get(url).is_some_and(|transport| *transport.settings() == running.settings);
        if !stays && !wanted.contains_key(url) {
            info!(alertmanager = &**url, "alerts are no longer pushed to this Alertmanager");
            for metric in [SENT, ERRORS, DROPPED, SUCCESS] {
                surroundings.counters.remove(metric, &[url]);
            }
        }
        stays
    });
    for (url, transport) in wanted {
        if members.contains_key(&url) {
            continue;
        }
        info!(alertmanager = &*url, "alerts are pushed to this Alertmanager");
        let settings = Arc::clone(transport.settings());
        let (counters, wall) = (surroundings.counters.clone(), surroundings.clocks.wall);
        let member = Member::new(transport, Arc::clone(&url), counters, wall);
        let task = tokio::spawn(member.run(state.clone()));
        members.insert(url, Running { settings, task });
    }
}

/// The members, including those from files. A file that cannot be read changes no member.
#[derive(Debug, Default)]
struct Directory {
    known: BTreeMap<PathBuf, Vec<Target>>,
    complained: BTreeSet<PathBuf>,
}

impl Directory {
    async fn members(
        &mut self,
        groups: &[AlertmanagerSettings],
        network: &Arc<Network>,
    ) -> BTreeMap<Arc<str>, Transport> {
        let mut out = BTreeMap::new();
        let named: BTreeSet<&PathBuf> = groups.iter().flat_map(|group| &group.target_files).collect();
        self.known.retain(|path, _| named.contains(path));
        for path in named {
            self.read(path).await;
        }
        for group in groups {
            let settings = Arc::new(group.clone());
            let found = group.target_files.iter().filter_map(|path| self.known.get(path)).flatten();
            for target in group.targets.iter().chain(found) {
                let transport = Transport::new(Arc::clone(network), Arc::clone(&settings), target.clone());
                out.entry(Arc::from(transport.url())).or_insert(transport);
            }
        }
        out
    }

    async fn read(&mut self, path: &Path) {
        let pattern = path.to_owned();
        let read = tokio::task::spawn_blocking(move || targets::targets(&pattern));
        let why = match timeout(READ, read).await {
            Ok(Ok(Ok(targets))) => {
                self.known.insert(path.to_owned(), targets);
                self.complained.remove(path);
                return;
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) | Err(_) => format!("{}: reading it did not end in time", path.display()),
        };
        if self.complained.insert(path.to_owned()) {
            warn!("alertmanagers: the known members are kept: {why}");
        }
    }
}

/// The answer of one member to a test alert.
#[derive(Debug)]
pub struct Tested {
    /// The member's address.
    pub url: String,
    /// The status of its answer, and its message if it refused; or why the alert could not be sent.
    pub outcome: Result<(), String>,
    /// Its `resolve_timeout`, if it is so short that one late request resolves alerts that still fire.
    pub forgets_after: Option<Duration>,
}

/// Alerts are sent again each minute; a member that resolves an alert after fewer than two failed requests is reported.
const SHORTEST_MEMORY: Duration = Duration::from_mins(3);

/// Sends a test alert to every member, and returns the answer of each.
pub async fn test(settings: &AlertingSettings, surroundings: &Surroundings) -> Vec<Tested> {
    let network = Arc::new(Network::new(&surroundings.rootfs, surroundings.clocks));
    let settings = surroundings.complete(settings);
    let members = Directory::default().members(&settings.alertmanagers, &network).await;
    let mut out = Vec::new();
    for (url, mut transport) in members {
        let outcome = match transport.post(member::test_alert(&settings)).await {
            Ok(Answer { status: 200..=299, .. }) => Ok(()),
            Ok(Answer { status, detail, .. }) => Err(format!("status {status}: {detail}")),
            Err(why) => Err(why),
        };
        let forgets_after = match outcome {
            Ok(()) => transport.resolve_timeout().await.filter(|timeout| *timeout < SHORTEST_MEMORY),
            Err(_) => None,
        };
        out.push(Tested { url: url.to_string(), outcome, forgets_after });
    }
    out
}
