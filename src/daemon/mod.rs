//! Wiring: the loop, its tasks, signals, reload and shutdown.
//!
//! Tasks and what each of them awaits: the loop: interval | event | probe answered | next probe due | reload
//! | signal; the server: connection | shutdown; probes: their endpoint, each under its deadline. Nothing else
//! runs.

mod cycle;
mod debounce;
mod descriptors;
mod journal;
pub mod log;
mod place;
mod probes;
mod reload;
mod supervisor;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior},
};
use tracing::{error, info, warn};

pub use cycle::{Cycle, CycleOptions, Trigger};
use debounce::Debouncer;
pub use place::require_host;

pub use crate::observe::probe::probe_task;
use reload::Reloads;
use supervisor::Supervisor;

use crate::{
    alerting::{Alerting, Clocks, Surroundings},
    config::{self, Settings},
    http::{self, AllowedHosts, Listener, ReloadRequest, Security, Server},
    model::{
        counters::Counters,
        report::{Limit, Report},
    },
    observe::{
        events::{Events, Source},
        own, time,
    },
    publish::{Published, page},
    sys::{
        self,
        signals::{self, Stop},
    },
};

/// An evaluation this many intervals old is stale, and `/-/healthy` fails.
const STALE_AFTER_INTERVALS: u32 = 3;

/// How long a reload waits for the config file: nothing is evaluated in the meantime.
const RELOAD_DEADLINE: Duration = Duration::from_secs(2);

/// How the daemon runs.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// Where and how often to look.
    pub cycle: CycleOptions,
    /// Time between evaluations.
    pub evaluation_interval: Duration,
    /// False: changes are found by polling only.
    pub events: bool,
    /// The config file, for reloads.
    pub config_file: Option<PathBuf>,
    /// Where the metrics are served.
    pub telemetry_path: String,
    /// Reloads may be requested over HTTP.
    pub lifecycle: bool,
    /// The label `instance` of pushed alerts, if the config sets none.
    pub instance: String,
}

/// Who may read what is published, and under which host names.
#[derive(Debug)]
pub struct Lock {
    /// TLS, passwords and headers.
    pub security: Security,
    /// The names under which a browser may address this host.
    pub allowed_hosts: AllowedHosts,
    /// What the server counts of itself.
    pub counters: Counters,
}

impl Lock {
    /// For an exporter without access control, the default.
    pub fn open() -> Self {
        Self {
            security: Security::open(),
            allowed_hosts: AllowedHosts::default(),
            counters: Counters::default(),
        }
    }
}

/// The dependencies of pushed alerts: the watched host's trust store, and the clocks of this process.
pub fn alert_surroundings(cycle: &CycleOptions, instance: &str, counters: Counters) -> Surroundings {
    Surroundings {
        rootfs: cycle.rootfs.clone(),
        instance: instance.to_owned(),
        whereabouts: whereabouts(),
        counters,
        clocks: Clocks { boot: || time::now().boot, wall: || time::now().wall },
    }
}

/// The exporter's node and pod, if the pod's definition sets them; these hold no secret.
fn whereabouts() -> Vec<(&'static str, String)> {
    let labels = [("node", sys::NODE_NAME), ("namespace", sys::POD_NAMESPACE), ("pod", sys::POD_NAME)];
    labels.into_iter().filter_map(|(label, name)| Some((label, sys::variable(name)?))).collect()
}

/// Loads the settings, or the defaults if there is no file, and logs the file's warnings.
pub async fn load_settings(file: Option<PathBuf>) -> Result<Settings, config::ConfigError> {
    let Some(file) = file else { return Ok(Settings::default()) };
    let path = file.clone();
    // Reading must not block the only thread: the file may be on a file system that hangs.
    let loaded = tokio::task::spawn_blocking(move || config::load(&path)).await;
    let (settings, warnings) =
        loaded.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    for warning in warnings {
        warn!(file = %file.display(), "{warning}");
    }
    Ok(settings)
}

/// Runs until SIGTERM or SIGINT. `announce` is called with the first complete report.
///
/// # Errors
/// If signals cannot be listened to, or if a task ends unexpectedly.
pub async fn run(
    listeners: Vec<Listener>,
    lock: Lock,
    settings: Settings,
    options: DaemonOptions,
    announce: impl FnOnce(&Report),
) -> anyhow::Result<()> {
    let mut asked_to_stop = Stop::listen().context("listening for SIGTERM and SIGINT")?;
    let asked_to_reload = signals::Reload::listen().context("listening for SIGHUP")?;

    // Shutdown is immediate even while a cycle or a reload waits for a file system that hangs.
    let stop = asked_to_stop.asked();
    tokio::pin!(stop);

    let counters = lock.counters;
    let alerting = Alerting::start(
        &settings.alerting,
        alert_surroundings(&options.cycle, &options.instance, counters.clone()),
    );
    let mut cycle = Cycle::new(settings, options.cycle.clone());
    let mut journal = journal::Journal::default();
    let mut debouncer = Debouncer::new(if options.events { Events::open() } else { Events::closed() });
    let first = tokio::select! {
        () = &mut stop => return Ok(()),
        report = turn(&mut cycle, Trigger::Timer, debouncer.source()) => report,
    };
    let mut supervisor = Supervisor::from_environment();
    supervisor.shows(&first);
    let mut announce = Some(announce);
    let (publisher, published) = watch::channel(publish(first, None, &counters, &mut journal, &mut announce));
    alerting.see(published.borrow().report());

    let (reload_sender, requests) = mpsc::channel::<ReloadRequest>(8);
    let mut reloads = Reloads::new(asked_to_reload, requests);
    let (shutdown, stopped) = oneshot::channel::<()>();
    let limits = http::Limits::default();
    let server = Server {
        telemetry_path: options.telemetry_path.clone(),
        max_age: options.evaluation_interval * STALE_AFTER_INTERVALS,
        published,
        reload: options.lifecycle.then_some(reload_sender),
        security: lock.security,
        allowed_hosts: lock.allowed_hosts,
        now: Box::new(|| time::now().boot),
        limits: http::Limits { connections: descriptors::for_connections(limits.connections), ..limits },
    };
    let serving = http::serve(listeners, server, async {
        // An error means that the loop is gone; the server must still shut down.
        let _gone = stopped.await;
    });
    let mut serving = tokio::spawn(serving);
    supervisor.ready();

    let mut interval = tokio::time::interval(options.evaluation_interval);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval.tick().await;
    let mut starting = true;
    loop {
        supervisor.alive(Instant::now());
        let probe_due =
            cycle.next_probe_due().unwrap_or_else(|| Instant::now() + options.evaluation_interval);
        let due = supervisor.due().map_or(probe_due, |due| due.min(probe_due));
        let trigger = tokio::select! {
            () = &mut stop => break,
            ended = &mut serving => {
                ended.context("the HTTP server")?;
                anyhow::bail!("the HTTP server stopped unexpectedly");
            }
            () = reloads.next() => Trigger::Reload,
            _ = interval.tick() => Trigger::Timer,
            is_news = cycle.probe_answered() => {
                if !is_news {
                    continue;
                }
                Trigger::Probe
            }
            changes = debouncer.next() => Trigger::Event(changes),
            () = tokio::time::sleep_until(due) => {
                cycle.start_due_probes();
                continue;
            }
        };
        let used = time::cpu_time();
        let turn = async {
            let mut outcome = Ok(());
            if trigger == Trigger::Reload {
                outcome = reload(&mut cycle, &alerting, options.config_file.clone()).await;
            }
            (turn(&mut cycle, trigger, debouncer.source()).await, outcome)
        };
        let (report, outcome) = tokio::select! {
            () = &mut stop => break,
            done = turn => done,
        };
        supervisor.shows(&report);
        let before = Arc::clone(&publisher.borrow());
        publisher.send_replace(publish(report, Some(&before), &counters, &mut journal, &mut announce));
        alerting.see(publisher.borrow().report());
        if let Trigger::Event(_) = trigger {
            debouncer.evaluated(time::cpu_time().saturating_sub(used));
        }
        if trigger == Trigger::Reload {
            reloads.done(&outcome);
        }
        after_start(&mut starting, publisher.borrow().report());
    }
    info!("shutting down");
    supervisor.stopping();
    alerting.close().await;
    let _server_gone = shutdown.send(());
    serving.await.context("the HTTP server")
}

/// Releases what only the start executes, after the first complete report.
fn after_start(starting: &mut bool, report: &Report) {
    if *starting && report.complete {
        *starting = false;
        sys::release_program();
    }
}

/// One cycle, after which events are watched for what it read.
async fn turn(cycle: &mut Cycle, trigger: Trigger, events: &mut Events) -> Report {
    cycle.died(events.deaths());
    let mut report = cycle.turn(trigger).await;
    if let Some(targets) = cycle.looked_at() {
        events.watch(targets).await;
        cycle.executions_are_told(events.works(Source::ProcessStart));
    }
    report.exporter.event_sources =
        events.sources().map(|(source, works)| (source.as_str(), works)).collect();
    report.exporter.log_lines_dropped = log::lines_dropped();
    report
}

async fn reload(cycle: &mut Cycle, alerting: &Alerting, file: Option<PathBuf>) -> Result<(), String> {
    let loaded = match tokio::time::timeout(RELOAD_DEADLINE, load_settings(file)).await {
        Ok(loaded) => loaded.map_err(|problem| problem.to_string()),
        Err(_elapsed) => Err(format!(
            "the config file could not be read within {} (a hung file system?)",
            humantime::format_duration(RELOAD_DEADLINE)
        )),
    };
    match loaded {
        Ok(settings) => {
            alerting.reload(&settings.alerting);
            cycle.reload(settings);
            info!("config reloaded");
            Ok(())
        }
        Err(problem) => {
            cycle.reload_failed();
            error!("reload failed, the old config stays in effect: {problem}");
            Err(problem)
        }
    }
}

fn publish(
    mut report: Report,
    before: Option<&Published>,
    counters: &Counters,
    journal: &mut journal::Journal,
    announce: &mut Option<impl FnOnce(&Report)>,
) -> Arc<Published> {
    report.exporter.counts = counters.counts();
    if page::is_cut(&report) {
        report.limits.insert(Limit::Page);
    }
    if report.complete {
        journal.record(&report);
        if let Some(announce) = announce.take() {
            announce(&report);
        }
    }
    let published = Published::new(Arc::new(report), own::read(), time::now().boot);
    Arc::new(match before {
        Some(before) => published.after(before),
        None => published,
    })
}
