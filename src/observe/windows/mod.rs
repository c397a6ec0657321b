//! Windows: processes from the system's table, services from their manager, changes of files from directory notifications.

pub(super) mod events;
pub(super) mod own;
pub(super) mod process;
pub(super) mod services;
#[cfg(test)]
mod tests;
#[path = "../untold.rs"]
mod untold;
