//! The exporter's own process: the standard `process_*` facts.

use super::system;
pub use crate::model::own::SelfFacts;

/// Reads the resource usage of this process; `None` if the system does not provide even memory and CPU time.
pub fn read() -> Option<SelfFacts> {
    system::own::read()
}
