//! `restart`: the running processes have loaded what is on disk now.

use std::{path::Path, time::Duration};

use crate::{
    catalog::restart::{RESTART_REQUIRED, RESTART_REQUIRED_BINARY},
    model::{
        Reading, Reason, Why,
        snapshot::{AgentFacts, Installation, Process, ProcessState},
    },
};

use super::{
    check::Context,
    choice,
    findings::{Finding, Findings},
    history::{LoadedFile, Watched, watched},
    list, roles,
};

/// The address that the agent would choose must differ for this long: the agent re-evaluates it itself every 30 s, and
/// restarts (DESIGN contract: 60 s).
const ADDRESS_SETTLES: Duration = Duration::from_secs(60);

/// The rule; applies to agents that run.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let agent = context.agent;
    let mut findings = Findings::new();
    match roles::running(agent) {
        Some(true) => {}
        Some(false) => return None,
        None => {
            if let Some(why) = agent.processes.why() {
                findings.all_undecided(crate::catalog::restart::CAUSES, why);
            }
            return Some(findings);
        }
    }
    for file in watched(agent) {
        changed_file(context, &file, &mut findings);
    }
    changed_address(context, &mut findings);
    replaced_binary(agent, &mut findings);
    Some(findings)
}

/// What one file says of the process that loaded it.
enum Change {
    None,
    Edited(&'static str),
    Undecided(Why),
}

fn change(context: &Context<'_>, file: &Watched<'_>) -> Change {
    let agent = context.agent;
    let state = match &file.state {
        Reading::Known(state) => *state,
        Reading::Unknown(why) => return Change::Undecided(why.clone()),
    };
    let Some(loaded) = context.history.loaded.as_ref().and_then(|loaded| loaded.files.get(file.path)) else {
        return Change::None;
    };
    match (loaded, state) {
        (LoadedFile { digest, .. }, state) if *digest != state.map(|(_, digest)| digest) => {
            match (digest, state) {
                (None, _) => Change::Edited("created since the process loaded it"),
                // A file that is gone is `startup_parameters`' to report; the process still has what it loaded.
                (_, None) => Change::None,
                _ => Change::Edited("content changed since the process loaded it"),
            }
        }
        (LoadedFile { newer_than_process: true, .. }, Some((modified, _))) => {
            // After a step of the clock, times of files and processes are of two different clocks.
            if context
                .clock_history
                .last_step
                .is_some_and(|step| process_started_before(context, step.noticed))
            {
                let detail =
                    "the clock was stepped since the process started, so modification times prove nothing";
                return Change::Undecided(Why::new(
                    Reason::Contradictory,
                    file.path.display().to_string(),
                    detail,
                ));
            }
            let is_config = agent.config.as_ref().is_some_and(|config| config.path == file.path);
            match &agent.loaded_config {
                Reading::Unknown(why) if is_config => Change::Undecided(why.clone()),
                Reading::Known(Some(logged)) if is_config => {
                    let parameters = agent.parameters().and_then(|parameters| parameters.canonical.as_ref());
                    let proven = match (&logged.canonical, parameters) {
                        (Some(logged), Some(on_disk)) => logged == on_disk,
                        _ => logged.at.is_some_and(|at| at >= modified),
                    };
                    if proven { Change::None } else { Change::Edited("modified after the process started") }
                }
                Reading::Known(_) | Reading::Unknown(_) => {
                    Change::Edited("modified after the process started")
                }
            }
        }
        _ => Change::None,
    }
}

fn process_started_before(context: &Context<'_>, time: Duration) -> bool {
    let Some(process) = roles::collecting(context.agent, &context.history.known) else { return false };
    let age = context.snapshot.taken_at.duration_since(process.started_at).unwrap_or_default();
    context.snapshot.uptime.saturating_sub(age) < time
}

fn changed_file(context: &Context<'_>, file: &Watched<'_>, findings: &mut Findings) {
    match change(context, file) {
        Change::None => {}
        Change::Undecided(why) => findings.undecided(&RESTART_REQUIRED, &why),
        Change::Edited(how) => {
            let path = file.path.display().to_string();
            let from = match &file.state {
                Reading::Known(Some((modified, _))) => format!("{how}: {}", super::timestamp(*modified)),
                Reading::Known(None) | Reading::Unknown(_) => how.to_owned(),
            };
            let finding = by_process(context, Finding::of(&RESTART_REQUIRED).about(&path));
            findings.add(finding.seen("changed", &path, from));
        }
    }
}

fn changed_address(context: &Context<'_>, findings: &mut Findings) {
    let Some(since) = context.history.choice_differs_since else { return };
    if context.snapshot.uptime.saturating_sub(since) < ADDRESS_SETTLES {
        return;
    }
    let (address, from) = match choice::today(context.snapshot, context.agent) {
        Ok(Some(chosen)) => chosen,
        Ok(None) => return,
        Err(why) => return findings.undecided(&RESTART_REQUIRED, why),
    };
    let finding = by_process(context, Finding::of(&RESTART_REQUIRED).about("address"));
    findings.add(finding.seen("changed", format!("the address to report ({address})"), from));
}

fn replaced_binary(agent: &AgentFacts, findings: &mut Findings) {
    let (Reading::Known(processes), Some(installation)) = (&agent.processes, agent.installation.known())
    else {
        return;
    };
    let Some(binary) = &installation.binary else { return };
    let live = || processes.iter().filter(|process| process.state != ProcessState::Defunct);
    let replaced: Vec<_> = live()
        .filter(
            |process| matches!(&process.executable, Reading::Known(Some(executable)) if executable.deleted),
        )
        .collect();
    if !replaced.is_empty() {
        findings.add(
            Finding::of(&RESTART_REQUIRED_BINARY)
                .seen(
                    "process",
                    list(replaced.iter().map(|process| process.pid.to_string())),
                    "/proc/<pid>/exe: (deleted)",
                )
                .seen("binary", binary.display().to_string(), "file system"),
        );
        return;
    }
    let left_behind: Vec<_> =
        live().filter(|process| runs_what_the_link_led_to_before(process, installation)).collect();
    if let Some(leads_to) = installation.leads_to.as_ref().filter(|_| !left_behind.is_empty()) {
        let runs = left_behind.iter().filter_map(|process| process.executable.known()?.as_ref());
        findings.add(
            Finding::of(&RESTART_REQUIRED_BINARY)
                .seen(
                    "process",
                    list(left_behind.iter().map(|process| process.pid.to_string())),
                    format!("/proc/<pid>/exe: {}", list(runs.map(|e| e.path.display().to_string()))),
                )
                .seen("binary", binary.display().to_string(), format!("a link to {}", leads_to.display())),
        );
    } else if let Some(why) = live().find_map(|process| process.executable.why()) {
        findings.undecided(&RESTART_REQUIRED_BINARY, why);
    }
}

/// True for a process that was started by the link's name, and is another version in the directory that the link leads to.
/// A program of another stem (`ilogtail` beside `loongcollector`) is another program, not another version.
fn runs_what_the_link_led_to_before(process: &Process, installation: &Installation) -> bool {
    let (Some(link), Some(leads_to), Reading::Known(Some(executable)), Reading::Known(arguments)) =
        (&installation.binary, &installation.leads_to, &process.executable, &process.arguments)
    else {
        return false;
    };
    let stem = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        Some(name.split_once('_').map_or(name, |(stem, _version)| stem).to_owned())
    };
    let started_by_link =
        arguments.first().is_some_and(|program| Path::new(program).file_name() == link.file_name());
    started_by_link
        && executable.path != *leads_to
        && executable.path.parent() == leads_to.parent()
        && stem(&executable.path) == stem(leads_to)
}

/// The process that has not loaded it yet.
fn by_process(context: &Context<'_>, finding: Finding) -> Finding {
    let process = roles::collecting(context.agent, &context.history.known);
    let (pid, started) = process.map_or_else(Default::default, |process| {
        (process.pid.to_string(), format!("started {}", super::timestamp(process.started_at)))
    });
    finding.seen("process", pid, started)
}

/// True if the process has not loaded the config that is on disk, or that cannot be told.
pub(super) fn is_pending(context: &Context<'_>) -> bool {
    watched(context.agent).iter().any(|file| !matches!(change(context, file), Change::None))
}
