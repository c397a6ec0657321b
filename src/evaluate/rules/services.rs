//! Services by name, as reported by the service manager (Windows). Supplementary: if they cannot be read,
//! nothing becomes unknown.

use crate::{
    catalog::{
        services::{SERVICE_DISABLED, SERVICE_NOT_RUNNING},
        surroundings::SERVICE_NOT_ENABLED,
    },
    evaluate::{context::Context, engine::findings::Finding, words::list},
    model::{
        Role, Why,
        snapshot::{ProcessState, Registered, ServiceFact, ServiceStart, ServiceState},
        text::powershell_word,
    },
};

/// Where it is told.
const MANAGER: &str = "service manager";

/// The services that this agent needs. If none of them is registered, none counts: the agent is not
/// installed, or is started by other means.
fn needed<'a>(context: &Context<'a>) -> Result<Vec<&'a ServiceFact>, Why> {
    let facts = context.agent.surroundings.services.as_result()?;
    let registered: Vec<&str> =
        facts.iter().filter(|fact| fact.registered.is_some()).map(|fact| fact.name.as_str()).collect();
    if registered.is_empty() {
        return Ok(Vec::new());
    }
    let version = context.derived.version.as_result()?.as_deref();
    let needed = context.profile.needed_services(version, &registered);
    let is_needed = |fact: &&ServiceFact| needed.is_none_or(|needed| needed.contains(&fact.name.as_str()));
    Ok(facts.iter().filter(is_needed).collect())
}

/// True if a process of each role is alive: something other than the stopped service has started it, and it works.
fn runs_without(context: &Context<'_>) -> Result<bool, Why> {
    let processes = context.agent.processes.as_result()?;
    let roles = context.derived.roles.as_result()?;
    let alive = |role: &Role| {
        processes.iter().any(|process| {
            process.state != ProcessState::Defunct && process.role_by_name.as_ref() == Some(role)
        })
    };
    Ok(roles.iter().all(|expected| alive(&expected.role)))
}

fn is_down(registered: Registered) -> bool {
    matches!(registered.state, ServiceState::Stopped | ServiceState::Paused)
}

/// `service_not_running`: it is stopped, or one of the two does not exist. A disabled one is another cause.
pub(super) fn not_running(context: &Context<'_>) -> Result<Vec<Finding>, Why> {
    let finding = |fact: &&ServiceFact| {
        let state = match fact.registered {
            None => "not installed",
            Some(Registered { start: ServiceStart::Disabled, .. }) => return None,
            Some(registered) if is_down(registered) => registered.state.as_str(),
            Some(_) => return None,
        };
        let finding = Finding::of(&SERVICE_NOT_RUNNING).about(&fact.name);
        Some(finding.seen("service", &fact.name, MANAGER).seen("state", state, MANAGER))
    };
    if runs_without(context)? {
        return Ok(Vec::new());
    }
    Ok(needed(context)?.iter().filter_map(finding).collect())
}

/// `service_disabled`: it is stopped and cannot be started.
pub(super) fn disabled(context: &Context<'_>) -> Result<Vec<Finding>, Why> {
    let finding = |fact: &&ServiceFact| {
        let registered = fact.registered.filter(|registered| is_down(*registered))?;
        (registered.start == ServiceStart::Disabled).then(|| {
            let finding = Finding::of(&SERVICE_DISABLED).about(&fact.name);
            let start = registered.start.as_str();
            finding.seen("service", &fact.name, MANAGER).seen("start_type", start, MANAGER)
        })
    };
    if runs_without(context)? {
        return Ok(Vec::new());
    }
    Ok(needed(context)?.iter().filter_map(finding).collect())
}

/// `service_not_enabled`: it runs, and does not start automatically after a reboot.
pub(super) fn not_enabled(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let needed = needed(context)?;
    let by_hand: Vec<(&str, ServiceStart)> = needed
        .iter()
        .filter_map(|fact| {
            Some((fact.name.as_str(), fact.registered.filter(|found| !is_down(*found))?.start))
        })
        .filter(|(_, start)| *start != ServiceStart::Automatic)
        .collect();
    if by_hand.is_empty() {
        return Ok(None);
    }
    let told = by_hand.iter().map(|(name, start)| format!("{name}: start type {}", start.as_str()));
    let enable = by_hand
        .iter()
        .map(|(name, _)| format!("Set-Service {} -StartupType Automatic", powershell_word(name)));
    let finding = Finding::of(&SERVICE_NOT_ENABLED).seen("init", list(told), MANAGER);
    Ok(Some(finding.seen(
        "enable",
        enable.collect::<Vec<_>>().join("; "),
        "services of this kind and version",
    )))
}
