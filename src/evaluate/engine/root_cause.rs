//! Which active cause explains which other: within one agent, with equal or higher severity. Nothing is
//! dropped, only marked. The work is linear in the findings.

use std::collections::{HashMap, HashSet};

use crate::{
    catalog::{
        clock::{CLOCK_OFFSET_HIGH, CLOCK_SKEWED, CLOCK_SKEWED_ADJUSTED, CLOCK_UNSYNCHRONIZED},
        custom_identifier::{CUSTOM_IDENTIFIER_MISMATCH, IDENTIFIER_UNEXPANDED},
        installed::{INSTALLATION_INCOMPLETE, NOT_INSTALLED},
        ip::{
            IP_DIFFERS_FROM_HOSTS_BINDING, IP_DIFFERS_FROM_WORKING_IP, IP_EMPTY, IP_LOOPBACK, IP_MISSING,
            IP_NOT_IN_GROUP, IP_NOT_ON_HOST, IP_WILL_CHANGE,
        },
        network::{CERTIFICATE_EXPIRING, DNS_FAILURE, RESOLVER_FAILURE},
        processes::{
            CRASH_LOOP, DAEMON_MISSING, NOT_RUNNING, PROCESS_DEFUNCT, PROCESS_STOPPED, WORKER_HUNG,
            WORKER_MISSING,
        },
        restart::RESTART_REQUIRED,
        services::{SERVICE_DISABLED, SERVICE_NOT_RUNNING},
        startup_parameters::{
            CONFIG_INVALID, CONFIG_MISSING, CONFIG_SERVER_MISSING, CONFIG_UNREADABLE, DATA_SERVER_MISSING,
        },
    },
    model::{Cause, Prerequisite, Severity},
};

use super::findings::Finding;

/// A root and the causes that it always explains (contract, "How verdicts are formed").
static EXPLAINS: &[(&Cause, &[&Cause])] = &[
    (&INSTALLATION_INCOMPLETE, &[&NOT_RUNNING, &DAEMON_MISSING, &WORKER_MISSING]),
    (&CONFIG_MISSING, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&CONFIG_UNREADABLE, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&CONFIG_INVALID, &[&CONFIG_SERVER_MISSING, &DATA_SERVER_MISSING]),
    (&RESOLVER_FAILURE, &[&DNS_FAILURE]),
    (&IP_MISSING, &[&IP_EMPTY, &IP_NOT_ON_HOST, &IP_NOT_IN_GROUP]),
    (&IP_DIFFERS_FROM_WORKING_IP, &[&RESTART_REQUIRED, &IP_NOT_IN_GROUP, &IP_NOT_ON_HOST, &IP_WILL_CHANGE]),
    (
        &IP_DIFFERS_FROM_HOSTS_BINDING,
        &[&RESTART_REQUIRED, &IP_NOT_IN_GROUP, &IP_NOT_ON_HOST, &IP_WILL_CHANGE],
    ),
    (&IP_LOOPBACK, &[&IP_NOT_IN_GROUP, &IP_NOT_ON_HOST]),
    (&SERVICE_DISABLED, &[&SERVICE_NOT_RUNNING, &NOT_RUNNING, &DAEMON_MISSING, &WORKER_MISSING]),
    (&SERVICE_NOT_RUNNING, &[&NOT_RUNNING, &DAEMON_MISSING, &WORKER_MISSING]),
    (&NOT_RUNNING, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&PROCESS_DEFUNCT, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&PROCESS_STOPPED, &[&DAEMON_MISSING, &WORKER_MISSING, &WORKER_HUNG]),
    (&CRASH_LOOP, &[&DAEMON_MISSING, &WORKER_MISSING]),
    (&IDENTIFIER_UNEXPANDED, &[&CUSTOM_IDENTIFIER_MISMATCH]),
    // Fixing the offset fixes the synchronization; the offset is what the service checks.
    (&CLOCK_SKEWED, &[&CLOCK_UNSYNCHRONIZED]),
    (&CLOCK_SKEWED_ADJUSTED, &[&CLOCK_UNSYNCHRONIZED]),
    (&CLOCK_OFFSET_HIGH, &[&CLOCK_UNSYNCHRONIZED]),
];

/// Roots without a config that could be judged: they explain every network cause, and a required restart.
static WHOLE_CONFIG: &[&Cause] = &[&CONFIG_MISSING, &CONFIG_UNREADABLE, &CONFIG_INVALID];

/// The active findings, indexed by what they can be roots of.
pub(in crate::evaluate) struct Roots {
    standing: HashMap<&'static str, (&'static Cause, Severity)>,
    /// What critical findings explain in addition to the table.
    ties: HashMap<String, &'static Cause>,
    /// Hosts whose http URL has a cause.
    plain_http: HashSet<(&'static str, String)>,
}

impl Roots {
    /// The roots among all active findings of one agent.
    pub(in crate::evaluate) fn of<'a>(standing: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut roots = Self { standing: HashMap::new(), ties: HashMap::new(), plain_http: HashSet::new() };
        for finding in standing {
            let known = roots.standing.entry(finding.cause.id).or_insert((finding.cause, finding.severity));
            known.1 = known.1.max(finding.severity);
            if finding.severity == Severity::Critical {
                for tie in &finding.explains {
                    roots.ties.entry(tie.clone()).or_insert(finding.cause);
                }
            }
            if let Some(authority) = finding.subject.strip_prefix("http://") {
                roots.plain_http.insert((finding.cause.id, host(authority).to_owned()));
            }
        }
        roots
    }

    fn stands(&self, cause: &'static Cause, severity: Severity) -> bool {
        self.standing.get(cause.id).is_some_and(|(_, standing)| *standing >= severity)
    }

    /// The cause that explains `finding`. `by_clock`: the finding is caused only by the skewed clock.
    pub(in crate::evaluate) fn root_of(
        &self,
        finding: &Finding,
        by_clock: impl FnOnce(&Finding) -> bool,
    ) -> Option<&'static Cause> {
        if finding.cause != &NOT_INSTALLED && self.stands(&NOT_INSTALLED, finding.severity) {
            return Some(&NOT_INSTALLED);
        }
        let of_table = EXPLAINS.iter().find(|(root, consequences)| {
            consequences.contains(&finding.cause) && self.stands(root, finding.severity)
        });
        if let Some((root, _)) = of_table {
            return Some(root);
        }
        self.of_config(finding)
            .or_else(|| self.of_tie(finding))
            .or_else(|| self.of_clock(finding, by_clock))
            .or_else(|| self.of_plain_http(finding))
    }

    fn of_config(&self, finding: &Finding) -> Option<&'static Cause> {
        let explained = is_consequence_of_parameters(finding.cause) || finding.cause == &RESTART_REQUIRED;
        if !explained {
            return None;
        }
        let whole = WHOLE_CONFIG.iter().copied().find(|root| self.stands(root, finding.severity));
        if whole.is_some() || finding.cause != &RESTART_REQUIRED {
            return whole;
        }
        // Problems of the parameters have to be fixed before the restart.
        let of_parameters = |(root, severity): &&(&'static Cause, Severity)| {
            root.prerequisite == Prerequisite::StartupParameters && *severity == Severity::Critical
        };
        let mut found: Vec<_> = self.standing.values().filter(of_parameters).map(|(root, _)| *root).collect();
        found.sort_by_key(|root| root.id);
        found.into_iter().next()
    }

    fn of_tie(&self, finding: &Finding) -> Option<&'static Cause> {
        finding.depends_on.iter().find_map(|tie| self.ties.get(tie)).copied()
    }

    fn of_clock(&self, finding: &Finding, by_clock: impl FnOnce(&Finding) -> bool) -> Option<&'static Cause> {
        use crate::catalog::network::{CERTIFICATE_EXPIRED, CERTIFICATE_UNTRUSTED};
        let depends = finding.cause == &CERTIFICATE_EXPIRED || finding.cause == &CERTIFICATE_UNTRUSTED;
        (depends && self.stands(&CLOCK_SKEWED, finding.severity) && by_clock(finding))
            .then_some(&CLOCK_SKEWED)
    }

    /// A cause on a host's http URL explains the same on its https URL.
    fn of_plain_http(&self, finding: &Finding) -> Option<&'static Cause> {
        let authority = finding.subject.strip_prefix("https://")?;
        let of_network = finding.cause.prerequisite == Prerequisite::Network;
        let repeated = self.plain_http.contains(&(finding.cause.id, host(authority).to_owned()));
        (of_network && repeated).then_some(finding.cause)
    }
}

/// Network causes that a missing config explains. A certificate that is about to expire is never a consequence.
fn is_consequence_of_parameters(cause: &'static Cause) -> bool {
    cause.prerequisite == Prerequisite::Network
        && cause != &CERTIFICATE_EXPIRING
        && cause != &RESOLVER_FAILURE
}

/// The host of an authority without user information: up to the port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}
