//! Which standing cause explains which other: within one agent, at equal or higher severity. Nothing is dropped, only marked.

use crate::{
    catalog::{
        clock::{CLOCK_OFFSET_HIGH, CLOCK_SKEWED, CLOCK_SKEWED_ADJUSTED, CLOCK_UNSYNCHRONIZED},
        installed::NOT_INSTALLED,
        ip::{
            IP_DIFFERS_FROM_HOSTS_BINDING, IP_DIFFERS_FROM_WORKING_IP, IP_EMPTY, IP_LOOPBACK, IP_MISSING,
            IP_NOT_IN_GROUP, IP_NOT_ON_HOST,
        },
        processes::{
            CRASH_LOOP, DAEMON_MISSING, NOT_RUNNING, PROCESS_DEFUNCT, PROCESS_STOPPED, WORKER_MISSING,
        },
        restart::RESTART_REQUIRED,
        startup_parameters::{
            CONFIG_INVALID, CONFIG_MISSING, CONFIG_SERVER_MISSING, CONFIG_UNREADABLE, DATA_SERVER_MISSING,
        },
    },
    model::{Cause, Prerequisite, Severity},
};

use super::{findings::Finding, network};

/// A root and what it explains (DESIGN contract, "How verdicts are formed").
static EXPLAINS: &[(&Cause, &[&Cause])] = &[
    (&CONFIG_MISSING, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&CONFIG_UNREADABLE, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&CONFIG_INVALID, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&IP_MISSING, &[&IP_EMPTY]),
    (&IP_DIFFERS_FROM_WORKING_IP, &[&RESTART_REQUIRED, &IP_NOT_IN_GROUP, &IP_NOT_ON_HOST]),
    (&IP_DIFFERS_FROM_HOSTS_BINDING, &[&RESTART_REQUIRED, &IP_NOT_IN_GROUP, &IP_NOT_ON_HOST]),
    (&IP_LOOPBACK, &[&IP_NOT_IN_GROUP, &IP_NOT_ON_HOST]),
    (&NOT_RUNNING, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&PROCESS_DEFUNCT, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&PROCESS_STOPPED, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&CRASH_LOOP, &[&DAEMON_MISSING, &WORKER_MISSING]),
    // Who mends the offset mends the synchronization; the offset is what the service sees.
    (&CLOCK_SKEWED, &[&CLOCK_UNSYNCHRONIZED]),
    (&CLOCK_SKEWED_ADJUSTED, &[&CLOCK_UNSYNCHRONIZED]),
    (&CLOCK_OFFSET_HIGH, &[&CLOCK_UNSYNCHRONIZED]),
];

/// The cause that explains `finding`, among everything that stands for the same agent. `by_clock` tells of a finding that
/// the skewed clock alone brings about.
pub(super) fn of(
    finding: &Finding,
    standing: &[Finding],
    by_clock: impl Fn(&Finding) -> bool,
) -> Option<&'static Cause> {
    standing
        .iter()
        .filter(|root| root.severity >= finding.severity)
        .filter(|root| root.cause != finding.cause || root.subject != finding.subject)
        .find(|root| explains(root, finding, &by_clock))
        .map(|root| root.cause)
}

fn explains(root: &Finding, finding: &Finding, by_clock: &impl Fn(&Finding) -> bool) -> bool {
    if root.cause == &NOT_INSTALLED {
        return finding.cause != &NOT_INSTALLED;
    }
    if EXPLAINS
        .iter()
        .any(|(cause, consequences)| *cause == root.cause && consequences.contains(&finding.cause))
    {
        return true;
    }
    let of_parameters =
        root.cause.prerequisite == Prerequisite::StartupParameters && root.severity == Severity::Critical;
    if of_parameters && finding.cause == &RESTART_REQUIRED {
        return true;
    }
    let whole_config = [&CONFIG_MISSING, &CONFIG_UNREADABLE, &CONFIG_INVALID].contains(&root.cause);
    let same_endpoint = root.keys.iter().any(|key| finding.keys.contains(key));
    if of_parameters
        && network::explained_by_parameters(finding.cause, finding.severity)
        && (whole_config || same_endpoint)
    {
        return true;
    }
    if root.cause == &CLOCK_SKEWED && network::depends_on_clock(finding.cause) && by_clock(finding) {
        return true;
    }
    https_repeats_http(root, finding)
}

/// A cause on a host's http URL explains the same on its https URL.
fn https_repeats_http(root: &Finding, finding: &Finding) -> bool {
    root.cause == finding.cause
        && root.cause.prerequisite == Prerequisite::Network
        && match (root.subject.strip_prefix("http://"), finding.subject.strip_prefix("https://")) {
            (Some(plain), Some(tls)) => host(plain) == host(tls),
            _ => false,
        }
}

/// The host of an authority without user information: up to the port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}
