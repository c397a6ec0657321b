//! Evidence from the agent's own log and from files that it writes periodically: supplementary, so it can
//! raise a cause, and its absence means nothing.

use std::time::{Duration, SystemTime};

use crate::{
    catalog::{
        died_of::{self, DiedOf},
        network::SERVER_REJECTS,
        processes::{CHECKPOINT_DAMAGED, WORKER_HUNG},
        startup_parameters::NO_COLLECTION_CONFIG,
    },
    evaluate::{context::Context, engine::findings::Finding, roles, rules::clock::offset},
    model::{
        Reading, Reason, Why,
        snapshot::{Liveness, LogFacts, LoggedExit, Moment, RefusalSubject, Refused},
        time::rfc3339,
    },
};

/// A refusal that has not recurred for so long is over (contract: 10 min). The agent logs each at most every
/// 10 minutes.
const RECURS_WITHIN: Duration = Duration::from_mins(10);
/// A running agent rewrites damaged checkpoints every 15 to 16 minutes.
const WRITTEN_ANEW_WITHIN: Duration = Duration::from_mins(20);
/// Last messages this old belong to another death: a crash loop spans five minutes.
const OF_THIS_DEATH: Duration = Duration::from_mins(10);
/// How often an agent before 3.0 writes its state.
const STATE_RHYTHM: Duration = Duration::from_mins(1);
/// How late a sign of life may be (contract: 5 min).
const STALE: Duration = Duration::from_mins(5);

fn log<'a>(context: &Context<'a>) -> Result<Option<&'a LogFacts>, Why> {
    Ok(context.agent.log.as_result()?.as_ref())
}

/// True if it is at most this long ago, on the clock that is not affected by steps.
fn within(context: &Context<'_>, at: Moment, window: Duration) -> bool {
    at.boot.is_some_and(|boot| context.snapshot.uptime.saturating_sub(boot) <= window)
}

/// The service refuses the agent's requests, with the service's error code.
pub(super) fn server_rejects(context: &Context<'_>) -> Result<Vec<Finding>, Why> {
    let Some(log) = log(context)? else { return Ok(Vec::new()) };
    let recurs = |(_, refused): &(&&'static str, &Refused)| within(context, refused.last, RECURS_WITHIN);
    Ok(log
        .refused
        .iter()
        .filter(recurs)
        .map(|(code, refused)| refusal(context, log, code, refused))
        .collect())
}

fn refusal(context: &Context<'_>, log: &LogFacts, code: &'static str, refused: &Refused) -> Finding {
    let (concerns, tie) = match refused.subject {
        RefusalSubject::Credentials => ("credentials", None),
        RefusalSubject::Clock => ("system time", Some(CLOCK.to_owned())),
        RefusalSubject::Project => ("project", None),
        RefusalSubject::Target => ("where the logs of a collection config go", None),
        RefusalSubject::Quota => ("quota", None),
    };
    let from = log.path.display();
    let mut finding = Finding::of(&SERVER_REJECTS)
        .about(code)
        .depends_on(tie)
        .seen("code", code, &from)
        .seen("concerns", concerns, "the service's list of error codes")
        .seen("last", rfc3339(refused.last.wall), &from)
        .seen(
            "count",
            refused.count.to_string(),
            "since a request was last accepted, as far as the log was read",
        );
    if refused.subject == RefusalSubject::Clock
        && let Reading::Known(offset) = offset(&context.snapshot.clock)
    {
        finding = finding.seen("offset", offset.describe(), &offset.from);
    }
    // An exceeded quota or a collection config without a target does not stop the heartbeat.
    let works_doubtfully = matches!(refused.subject, RefusalSubject::Quota | RefusalSubject::Target);
    if works_doubtfully { finding.lowered_to_warning() } else { finding }
}

/// What `clock_skewed` explains.
pub(super) const CLOCK: &str = "clock";

/// The worker is alive but does nothing: the file that it writes each minute is stale, or it does not answer
/// liveness requests, and its log is silent too.
pub(super) fn worker_hung(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    if roles::running(context.agent) != Some(true) {
        return Ok(None);
    }
    let Some(log) = log(context)? else { return Ok(None) };
    let Some(process) = roles::collecting(context.agent, &context.history.known) else { return Ok(None) };
    // A file that was written by another process says nothing about this one.
    let age_of = |modified: SystemTime| {
        let of_this_process = modified >= process.started_at;
        of_this_process.then(|| context.snapshot.taken_at.duration_since(modified).unwrap_or_default())
    };
    let Some(quiet) = log.modified.and_then(age_of).filter(|quiet| *quiet > STALE) else { return Ok(None) };
    let state = log.state_modified.and_then(age_of).filter(|state| *state > STATE_RHYTHM + STALE);
    let (age, sign, from) = match state {
        Some(state) => (state, "no state written", "the log of its state, which it writes each minute"),
        None => match silence(context)?.filter(|silence| *silence > STALE) {
            Some(silence) => (silence, "no answer from its liveness endpoint", "liveness endpoint"),
            None => return Ok(None),
        },
    };
    let stepped_since = context
        .clock_history
        .last_step
        .is_some_and(|step| context.snapshot.uptime.saturating_sub(step.noticed) <= age.max(quiet));
    if stepped_since {
        let detail = "the clock was stepped since, so modification times prove nothing";
        return Err(Why::new(Reason::Contradictory, log.path.display().to_string(), detail));
    }
    let finding = Finding::of(&WORKER_HUNG)
        .seen("sign", sign, from)
        .seen("state_age", minutes(age), from)
        .seen("log_age", minutes(quiet), log.path.display())
        .seen("pid", process.pid.to_string(), "/proc");
    Ok(Some(finding))
}

/// How long the agent has not answered liveness requests.
fn silence(context: &Context<'_>) -> Result<Option<Duration>, Why> {
    let Some(liveness) = &context.agent.liveness else { return Ok(None) };
    Ok(match liveness.as_result()? {
        Liveness::Silent(since) => Some(context.snapshot.uptime.saturating_sub(*since)),
        Liveness::Answers | Liveness::Absent => None,
    })
}

fn minutes(age: Duration) -> String {
    format!("{} min", age.as_secs() / 60)
}

/// The agent logged that it could not use its checkpoints, and has not rewritten them since.
pub(super) fn checkpoint_damaged(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let Some(log) = log(context)? else { return Ok(None) };
    let Some(damaged) = log.checkpoint_damaged else { return Ok(None) };
    let written_anew =
        roles::running(context.agent) == Some(true) && !within(context, damaged, WRITTEN_ANEW_WITHIN);
    let finding = Finding::of(&CHECKPOINT_DAMAGED).seen("at", rfc3339(damaged.wall), log.path.display());
    Ok((!written_anew).then_some(finding))
}

/// Nothing is collected, so the agent asks the service rarely.
pub(super) fn no_collection_config(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    if context.derived.edition.as_result()?.community {
        return Ok(None);
    }
    let Some(collection) = context.agent.collection.as_result()? else { return Ok(None) };
    if collection.configs > 0 {
        return Ok(None);
    }
    Ok(Some(Finding::of(&NO_COLLECTION_CONFIG).seen("configs", "0", collection.path.display())))
}

/// Why the agent died, by the last messages in its log. `loops`: it restarts repeatedly, and may have restarted since.
pub(super) fn died_of(context: &Context<'_>, loops: bool) -> Option<(&'static DiedOf, String)> {
    let log = context.log()?;
    let (words, at) = log.logged_exit?;
    let of_this_death = if loops { within(context, at, OF_THIS_DEATH) } else { log.started_since.is_none() };
    let reason = match words {
        LoggedExit::LimitExceeded => &died_of::LIMIT_EXCEEDED,
        LoggedExit::ServiceLost => &died_of::SERVICE_LOST,
        LoggedExit::ThreadStuck => &died_of::THREAD_STUCK,
        LoggedExit::Crashed => &died_of::CRASHED,
        LoggedExit::LibraryMissing => &died_of::LIBRARY_MISSING,
        LoggedExit::ConfigRejected => &died_of::CONFIG_REJECTED,
        LoggedExit::AddressChanged => &died_of::ADDRESS_CHANGED,
    };
    of_this_death.then(|| (reason, format!("{}, {}", log.path.display(), rfc3339(at.wall))))
}
