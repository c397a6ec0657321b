//! `restart`: the running processes have loaded what is on disk now.

use std::path::Path;

use crate::{
    catalog::restart::{RESTART_REQUIRED, RESTART_REQUIRED_BINARY},
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        loaded::{Change, ONLY_NEWER, Watched, change, watched},
        roles,
        words::list,
    },
    model::{
        Prerequisite, Reading, Why,
        report::NotEvaluated,
        snapshot::{AgentFacts, Installation, Process, ProcessState},
        time::rfc3339,
    },
};

/// The rule; applies to running agents.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let agent = context.agent;
    let processes = match &agent.processes {
        Reading::Known(processes) => processes,
        Reading::Unknown(why) => return Outcome::Not(NotEvaluated::Undecided(why.clone())),
    };
    if roles::running(agent) != Some(true) {
        return Outcome::Not(NotEvaluated::NoProcess);
    }
    let mut findings = Findings::of(Prerequisite::Restart);
    let files = watched(agent);
    let verdicts = files.iter().map(|file| (file.path.display().to_string(), changed(context, file)));
    findings.judge_each(&RESTART_REQUIRED, verdicts);
    // A config that cannot be read may have been replaced.
    if let Some(why) = agent.config.as_ref().and_then(|config| config.state.why()) {
        findings.leave_open(&RESTART_REQUIRED, why);
    }
    findings.judge(&RESTART_REQUIRED_BINARY, || replaced_binary(agent, processes));
    Outcome::Judged(findings)
}

fn changed(context: &Context<'_>, file: &Watched<'_>) -> Result<Option<Finding>, Why> {
    let Change::Edited(how) = change(context, file)? else { return Ok(None) };
    let from = match &file.state {
        Reading::Known(Some((modified, _))) => format!("{how}: {}", rfc3339(*modified)),
        Reading::Known(None) | Reading::Unknown(_) => how.to_owned(),
    };
    let process = roles::collecting(context.agent, &context.history.known);
    let (pid, started) = process.map_or_else(Default::default, |process| {
        (process.pid.to_string(), format!("started {}", rfc3339(process.started_at)))
    });
    let finding = Finding::of(&RESTART_REQUIRED).seen("process", pid, started);
    let finding = finding.seen("changed", file.path.display().to_string(), from);
    Ok(Some(match &file.state {
        Reading::Known(Some((modified, _))) if how == ONLY_NEWER => {
            finding.seen("touched", rfc3339(*modified), file.path.display().to_string())
        }
        Reading::Known(_) | Reading::Unknown(_) => finding,
    }))
}

fn replaced_binary(agent: &AgentFacts, processes: &[Process]) -> Result<Option<Finding>, Why> {
    let installation = agent.installation.as_result()?;
    let Some(binary) = &installation.binary else { return Ok(None) };
    let live = || processes.iter().filter(|process| process.state != ProcessState::Defunct);
    let pids = |processes: &[&Process]| list(processes.iter().map(|process| process.pid.to_string()));
    let deleted = |process: &&Process| matches!(&process.executable, Reading::Known(Some(executable)) if executable.deleted);
    let replaced: Vec<_> = live().filter(deleted).collect();
    let binary = binary.display().to_string();
    if !replaced.is_empty() {
        let from = "/proc/<pid>/exe: (deleted)";
        let finding = Finding::of(&RESTART_REQUIRED_BINARY).seen("process", pids(&replaced), from);
        return Ok(Some(finding.seen("binary", binary, "file system")));
    }
    let mut left_behind = Vec::new();
    for process in live() {
        process.executable.as_result()?;
        if runs_what_the_link_led_to_before(process, installation)? {
            left_behind.push(process);
        }
    }
    let Some(leads_to) = installation.leads_to.as_ref().filter(|_| !left_behind.is_empty()) else {
        return Ok(None);
    };
    let runs = left_behind.iter().filter_map(|process| process.executable.known()?.as_ref());
    let from = format!("/proc/<pid>/exe: {}", list(runs.map(|e| e.path.display().to_string())));
    let finding = Finding::of(&RESTART_REQUIRED_BINARY).seen("process", pids(&left_behind), from);
    Ok(Some(finding.seen("binary", binary, format!("a link to {}", leads_to.display()))))
}

/// True for a process that was started through the link, if the link now leads to another version.
/// A program with another base name (`ilogtail` beside `loongcollector`) is another program, not another version.
fn runs_what_the_link_led_to_before(process: &Process, installation: &Installation) -> Result<bool, Why> {
    let (Some(link), Some(leads_to)) = (&installation.binary, &installation.leads_to) else {
        return Ok(false);
    };
    let Some(executable) = process.executable.as_result()? else { return Ok(false) };
    let arguments = process.arguments.as_result()?;
    let stem = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        Some(name.split_once('_').map_or(name, |(stem, _version)| stem).to_owned())
    };
    let started_by_link =
        arguments.first().is_some_and(|program| Path::new(program).file_name() == link.file_name());
    Ok(started_by_link
        && executable.path != *leads_to
        && executable.path.parent() == leads_to.parent()
        && stem(&executable.path) == stem(leads_to))
}
