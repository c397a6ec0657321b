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

/// Every cause, in the order of the prerequisites.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    FAMILIES.iter().copied().flatten().copied()
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    causes().find(|cause| cause.id == id)
}
