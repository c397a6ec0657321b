//! The exporter's own process: the standard `process_*` facts.

use super::system;
pub use crate::model::own::SelfFacts;

/// Reads what this process uses; `None` where the system does not tell even memory and CPU time.
pub fn read() -> Option<SelfFacts> {
    system::own::read()
}
