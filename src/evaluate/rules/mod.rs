//! The table of rules. A file for each prerequisite.

pub(super) mod clock;
mod credentials;
mod custom_identifier;
mod group_ip;
mod installed;
mod ip;
pub(super) mod network;
mod own_words;
mod processes;
mod restart;
mod server;
mod services;
mod startup_parameters;
mod surroundings;
mod user_identifier;

use crate::{
    catalog::{
        custom_identifier::IDENTIFIER_UNEXPANDED,
        installed::AGENT_VERSION_DEFECTIVE,
        network::SERVER_REJECTS,
        processes::{CHECKPOINT_DAMAGED, WORKER_HUNG},
        startup_parameters::NO_COLLECTION_CONFIG,
        surroundings::{
            AGENTS_COEXIST, DISK_FILLING, DISK_FULL, IDENTITY_CLONED, IP_UNSTABLE, RESOURCE_LIMIT,
            SERVICE_NOT_ENABLED,
        },
        user_identifier::METADATA_TOKEN_REQUIRED,
    },
    model::{Cause, Prerequisite},
};

use super::{context::Context, engine::findings::Outcome};

/// One rule: all checks of one prerequisite.
pub(super) struct Rule {
    pub(super) prerequisite: Prerequisite,
    pub(super) judge: fn(&Context<'_>) -> Outcome,
    /// Causes that rest on supplementary evidence (the agent's log, disks, the state of a service): without
    /// it they keep their state, and nothing becomes unknown.
    pub(super) supplementary: &'static [&'static Cause],
}

const fn rule(prerequisite: Prerequisite, judge: fn(&Context<'_>) -> Outcome) -> Rule {
    Rule { prerequisite, judge, supplementary: &[] }
}

const fn supplemented(
    prerequisite: Prerequisite,
    judge: fn(&Context<'_>) -> Outcome,
    supplementary: &'static [&'static Cause],
) -> Rule {
    Rule { prerequisite, judge, supplementary }
}

/// Every rule, in the order of the documents.
pub(super) static RULES: &[Rule] = &[
    supplemented(
        Prerequisite::Installed,
        installed::judge,
        &[&AGENT_VERSION_DEFECTIVE, &SERVICE_NOT_ENABLED, &AGENTS_COEXIST],
    ),
    supplemented(
        Prerequisite::Processes,
        processes::judge,
        &[&CHECKPOINT_DAMAGED, &WORKER_HUNG, &RESOURCE_LIMIT, &DISK_FULL, &DISK_FILLING],
    ),
    supplemented(Prerequisite::Ip, ip::judge, &[&IP_UNSTABLE, &IDENTITY_CLONED]),
    supplemented(Prerequisite::StartupParameters, startup_parameters::judge, &[&NO_COLLECTION_CONFIG]),
    supplemented(Prerequisite::Network, network::judge, &[&SERVER_REJECTS]),
    rule(Prerequisite::Clock, clock::judge),
    supplemented(Prerequisite::UserIdentifier, user_identifier::judge, &[&METADATA_TOKEN_REQUIRED]),
    supplemented(Prerequisite::CustomIdentifier, custom_identifier::judge, &[&IDENTIFIER_UNEXPANDED]),
    rule(Prerequisite::Credentials, credentials::judge),
    rule(Prerequisite::Restart, restart::judge),
];
