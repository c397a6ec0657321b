//! The book of causes: one entry for each defect, in every language. Everything that people read is rendered from here.

pub mod clock;
pub mod credentials;
pub mod custom_identifier;
pub mod installed;
pub mod ip;
pub mod network;
pub mod processes;
pub mod restart;
pub mod startup_parameters;
pub mod user_identifier;

use crate::model::Cause;

/// Every family of causes, in the order of the prerequisites.
static FAMILIES: &[&[&Cause]] = &[
    installed::CAUSES,
    processes::CAUSES,
    ip::CAUSES,
    startup_parameters::CAUSES,
    network::CAUSES,
    clock::CAUSES,
    user_identifier::CAUSES,
    custom_identifier::CAUSES,
    credentials::CAUSES,
    restart::CAUSES,
];

/// Names that every agent's context gives to the templates, besides a finding's evidence.
pub const CONTEXT: &[&str] = &[
    "agent",
    "kind",
    "hostname",
    "install_dir",
    "binary",
    "config_file",
    "record_file",
    "users_dir",
    "identifiers_file",
    "hosts_file",
    "log_file",
    "start_command",
    "restart_command",
    "status_command",
    "install_document",
    "expected_region",
    "expected_network",
    "account_id",
    "right_config_server",
    "right_data_server",
];

/// Every cause, in the order of the prerequisites.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    FAMILIES.iter().copied().flatten().copied()
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    causes().find(|cause| cause.id == id)
}
