//! The surroundings of an agent, for the rules of several prerequisites: what starts it, other agents, its
//! disks and limits, how it died, whose identity it has. All of it is supplementary.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::{
        advice,
        died_of::DiedOf,
        surroundings::{
            AGENTS_COEXIST, DISK_FILLING, DISK_FULL, IDENTITY_CLONED, IP_UNSTABLE, RESOURCE_LIMIT,
            SERVICE_NOT_ENABLED,
        },
    },
    evaluate::{
        context::Context,
        engine::{
            deaths::Ended,
            findings::{Finding, Findings},
        },
        roles,
        words::{amount, list},
    },
    model::{
        Cause, System, Text, Why,
        snapshot::{AgentFacts, DiskFact, End, Place, Process, ProcessState, Space},
    },
};

use super::services;

/// Init.
const INIT: u32 = 1;
/// A file system with less space left than one block counts as full.
const ONE_BLOCK: u64 = 4096;
/// Below this percentage, little space is left (contract: 5 %).
const LITTLE: u64 = 5;
/// From this percentage on, usage is close to the limit.
const CLOSE: u64 = 90;
/// More changes of the reported address within an hour than this are too many (contract: > 3).
const CHANGES: usize = 3;

/// `service_not_enabled`: it runs, started by init, and nothing would start it after a reboot.
pub(super) fn not_enabled(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let agent = context.agent;
    if context.settings.system == System::Windows {
        return services::not_enabled(context);
    }
    let Some(autostart) = agent.surroundings.autostart.as_result()? else { return Ok(None) };
    let installed = agent.installation.as_result()?.binary.is_some();
    if autostart.by.is_some() || !installed || !left_to_init(agent.processes.as_result()?) {
        return Ok(None);
    }
    let contained = *agent.invocation.in_container.as_result()?
        || context.derived.edition.as_result()?.label == "container";
    if contained {
        return Ok(None);
    }
    let version = context.derived.version.known().and_then(Option::as_deref);
    let service = context.profile.service(context.settings, version);
    let enable = match autostart.init {
        "systemd" => format!("sudo systemctl enable {service}"),
        "OpenRC" => format!("sudo rc-update add {service} default"),
        _ => format!("sudo chkconfig {service} on || sudo update-rc.d {service} defaults"),
    };
    let from = "units, runlevels, rc.local, cron, supervisors";
    let finding = Finding::of(&SERVICE_NOT_ENABLED).seen("init", autostart.init, from);
    Ok(Some(finding.seen("enable", enable, "service of this kind and version")))
}

/// True if the agent runs, and its starter is gone: a process whose parent is not init was started by that parent.
fn left_to_init(processes: &[Process]) -> bool {
    let alive = || processes.iter().filter(|process| process.state != ProcessState::Defunct);
    let mut topmost = alive().filter(|process| !alive().any(|other| other.pid == process.parent)).peekable();
    topmost.peek().is_some() && topmost.all(|process| process.parent == INIT)
}

/// `agents_coexist`: processes of another generation of the same vendor are running too, or another agent
/// that collects from the same host.
pub(super) fn coexisting(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let generations = generations(context);
    match generations {
        Ok(None) => collectors(context),
        found => found,
    }
}

/// More than one agent that collects from the host: its own and one of an orchestrator, or two of the latter.
fn collectors(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let own = context.agent;
    let collects = |agent: &AgentFacts| -> Result<bool, Why> {
        match agent.place {
            Place::Host => Ok(true),
            Place::Container(_) => Ok(agent.surroundings.host_mount.as_result()?.is_some()),
        }
    };
    let runs = |agent: &AgentFacts| roles::running(agent) == Some(true);
    if !runs(own) || !collects(own)? {
        return Ok(None);
    }
    let mut told = Vec::new();
    let (mut elsewhere, mut unread) = (false, Ok(None));
    for agent in context.snapshot.agents.iter().filter(|agent| agent.kind == own.kind) {
        let processes = match agent.processes.as_result() {
            Ok(processes) => processes,
            Err(why) => {
                unread = Err(why.clone());
                continue;
            }
        };
        if runs(agent) && collects(agent)? {
            elsewhere |= agent.place != own.place;
            let pids = processes.iter().map(|process| process.pid.to_string());
            told.push(format!("{} (pid {})", agent.name, list(pids)));
        }
    }
    if !elsewhere {
        return unread;
    }
    Ok(Some(Finding::of(&AGENTS_COEXIST).seen("generations", list(told), "/proc")))
}

fn generations(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let own = context.agent;
    let mut generations: BTreeMap<&'static str, BTreeSet<u32>> = BTreeMap::new();
    // An agent in a container has separate sockets, locks and files.
    let of_kind =
        context.snapshot.agents.iter().filter(|agent| agent.kind == own.kind && agent.place == own.place);
    let mut unread = None;
    for agent in of_kind {
        let processes = match agent.processes.as_result() {
            Ok(processes) => processes,
            Err(why) => {
                unread = Some(why.clone());
                continue;
            }
        };
        for process in processes.iter().filter(|process| process.state != ProcessState::Defunct) {
            let name = process.executable_name.rsplit('/').next().unwrap_or_default();
            if let Some(generation) = context.profile.generation(name) {
                generations.entry(generation).or_default().insert(process.pid);
            }
        }
    }
    let runs = roles::running(own) == Some(true);
    if generations.len() < 2 || !runs {
        return unread.map_or(Ok(None), Err);
    }
    let told = generations.iter().map(|(generation, pids)| {
        format!("{generation} (pid {})", list(pids.iter().map(ToString::to_string)))
    });
    Ok(Some(Finding::of(&AGENTS_COEXIST).seen("generations", list(told), "/proc")))
}

/// `disk_full` and `disk_filling`.
pub(super) fn judge_disks(context: &Context<'_>, findings: &mut Findings) {
    let disks = &context.agent.surroundings.disks;
    let full = disks.iter().map(|disk| (subject(disk), disk_is(&DISK_FULL, disk, is_full)));
    findings.judge_each(&DISK_FULL, full);
    let filling = disks.iter().map(|disk| (subject(disk), disk_is(&DISK_FILLING, disk, is_filling)));
    findings.judge_each(&DISK_FILLING, filling);
}

fn subject(disk: &DiskFact) -> String {
    disk.directory.display().to_string()
}

fn disk_is(cause: &'static Cause, disk: &DiskFact, is_it: fn(Space) -> bool) -> Result<Option<Finding>, Why> {
    let space = *disk.space.as_result()?;
    let of_bytes = Space { inodes: 0, ..space };
    let left = if is_it(of_bytes) {
        format!("{} of {}", amount(space.bytes_left), amount(space.bytes))
    } else {
        format!("{} of {} inodes", space.inodes_left, space.inodes)
    };
    let finding = Finding::of(cause).seen("directory", subject(disk), "file system");
    Ok(is_it(space).then(|| finding.seen("left", left, "statvfs")))
}

fn is_full(space: Space) -> bool {
    space.bytes_left < ONE_BLOCK || (space.inodes > 0 && space.inodes_left == 0)
}

fn is_filling(space: Space) -> bool {
    let little = |left: u64, all: u64| u128::from(left) * 100 < u128::from(all) * u128::from(LITTLE);
    !is_full(space)
        && (little(space.bytes_left, space.bytes)
            || (space.inodes > 0 && little(space.inodes_left, space.inodes)))
}

/// `resource_limit`: close to where the agent restarts itself, or the kernel kills it.
pub(super) fn judge_limits(context: &Context<'_>, findings: &mut Findings) {
    findings.judge_each(
        &RESOURCE_LIMIT,
        [
            ("own memory".to_owned(), own_memory(context)),
            ("group memory".to_owned(), group_memory(context)),
            ("own cpu".to_owned(), own_cpu(context)),
        ],
    );
}

fn is_close(used: u64, limit: u64) -> bool {
    u128::from(used) * 100 >= u128::from(limit) * u128::from(CLOSE)
}

fn near(resource: &str, used: &str, limit: &str, place: &str) -> Finding {
    Finding::of(&RESOURCE_LIMIT)
        .seen("resource", resource, "resources")
        .seen("used", used, "/proc")
        .seen("limit", limit, place)
        .seen("where", place, "configuration")
}

fn own_memory(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let Some(process) = collecting(context)? else { return Ok(None) };
    let limits = context.profile.limits(context.derived.parameters(), &context.agent.invocation);
    let Some((limit, key)) = &limits.as_result()?.memory else { return Ok(None) };
    let used = process.resident_bytes;
    Ok(is_close(used, *limit).then(|| {
        near("memory", &amount(used), &amount(*limit), &context.parameter_place(key)).about("own memory")
    }))
}

fn group_memory(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    if collecting(context)?.is_none() {
        return Ok(None);
    }
    let Some(group) = context.agent.surroundings.group.as_result()? else { return Ok(None) };
    let Some(limit) = group.memory_limit else { return Ok(None) };
    let place = format!("control group {}", group.path.display());
    Ok(is_close(group.memory_used, limit)
        .then(|| near("memory", &amount(group.memory_used), &amount(limit), &place).about("group memory")))
}

fn own_cpu(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    if collecting(context)?.is_none() {
        return Ok(None);
    }
    let limits = context.profile.limits(context.derived.parameters(), &context.agent.invocation);
    let Some((limit, key)) = &limits.as_result()?.cpu else { return Ok(None) };
    let Some(used) = context.history.cpu.sustained() else { return Ok(None) };
    let cores = |thousandths: u64| format!("{}.{:02} cores", thousandths / 1000, thousandths % 1000 / 10);
    Ok(is_close(used, *limit)
        .then(|| near("CPU", &cores(used), &cores(*limit), &context.parameter_place(key)).about("own cpu")))
}

fn collecting<'a>(context: &Context<'a>) -> Result<Option<&'a Process>, Why> {
    context.agent.processes.as_result()?;
    Ok(roles::collecting(context.agent, &context.history.known))
}

/// Adds to a finding how a process ended, and the steps that follow from it. Only the kernel knows that it was killed for lack of memory;
/// otherwise the agent's own log is more informative.
pub(super) fn with_death(
    finding: Finding,
    ended: Option<&Ended>,
    logged_exit: Option<(&'static DiedOf, String)>,
) -> Finding {
    let for_memory = ended.is_some_and(|ended| ended.out_of_memory.is_some());
    if logged_exit.is_some() && !for_memory {
        return finding.died_of(logged_exit);
    }
    let Some(ended) = ended else { return finding };
    let Some(words) = words_of(ended) else { return finding };
    let mut from = format!("the kernel: {} {}", ended.role, ended.pid);
    if let Some(group) = &ended.out_of_memory {
        from = format!("{from}; {}", group.display());
    }
    let finding = finding.seen("died_of", words, from);
    match advice_of(ended) {
        Some(advice) => finding.beginning_with(advice),
        None => finding,
    }
}

/// Names of the signals that end programs, as Linux numbers them everywhere that agents run.
const SIGNALS: [(u8, &str); 12] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (15, "SIGTERM"),
    (31, "SIGSYS"),
];

fn words_of(ended: &Ended) -> Option<String> {
    let told = match ended.end {
        Some(End::Exited(code)) => Some(format!("exit code {code}")),
        Some(End::Signalled(signal)) => Some(match SIGNALS.iter().find(|(number, _)| *number == signal) {
            Some((_, name)) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        }),
        None => None,
    };
    match (&ended.out_of_memory, told) {
        (Some(_), Some(told)) => Some(format!("out of memory, {told}")),
        (Some(_), None) => Some("out of memory".to_owned()),
        (None, told) => told,
    }
}

/// Exit codes of the shell and the loader: a library or a symbol was not found.
const NOT_LOADED: u8 = 127;

fn advice_of(ended: &Ended) -> Option<Text> {
    if ended.out_of_memory.is_some() {
        return Some(advice::OUT_OF_MEMORY);
    }
    match ended.end? {
        End::Signalled(4) => Some(advice::ILLEGAL_INSTRUCTION),
        End::Signalled(6 | 7 | 8 | 11) => Some(advice::CRASHED),
        End::Signalled(9) => Some(advice::KILLED),
        End::Exited(NOT_LOADED) => Some(advice::NOT_LOADED),
        End::Signalled(_) | End::Exited(_) => None,
    }
}

/// `ip_unstable`.
pub(super) fn unstable(context: &Context<'_>) -> Option<Finding> {
    let changes = &context.history.address_changes;
    (changes.len() > CHANGES).then(|| {
        let addresses: BTreeSet<&str> = changes.iter().map(|(_, address)| address.as_str()).collect();
        let from = "the agent's own record, observed";
        let finding = Finding::of(&IP_UNSTABLE).seen("changes", changes.len().to_string(), from);
        finding.seen("addresses", list(addresses), from)
    })
}

/// `identity_cloned`: the instance that the agent has recorded is not this one, with both ids in the same
/// format.
pub(super) fn cloned(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let surroundings = &context.agent.surroundings;
    let (own, recorded) = (&surroundings.instance, &surroundings.recorded_instance);
    let Some((recorded, path)) = recorded.as_result()? else { return Ok(None) };
    let Some(own) = own.as_result()? else { return Ok(None) };
    if own == recorded || !is_instance(own) || !is_instance(recorded) {
        return Ok(None);
    }
    let path = path.display().to_string();
    let finding = Finding::of(&IDENTITY_CLONED).seen("recorded", recorded, &path);
    let finding = finding.seen("own", own, "/var/lib/cloud/data/instance-id");
    Ok(Some(finding.seen("identity_file", &path, "file system")))
}

/// The id of a cloud's instance: `i-bp67acfmxazb4p`.
fn is_instance(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("i-") else { return false };
    rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
