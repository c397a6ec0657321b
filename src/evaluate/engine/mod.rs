//! How verdicts are reached, independent of the rules: findings that start undecided, the memory of active
//! causes, root causes.

pub(super) mod deaths;
pub(super) mod engine_state;
pub(super) mod findings;
pub(super) mod history;
pub(super) mod root_cause;
pub(super) mod transitions;
pub(super) mod usage;
