//! How verdicts come about, whatever the rules say: findings that begin undecided, the memory of what stood, root causes.

pub(super) mod deaths;
pub(super) mod findings;
pub(super) mod history;
pub(super) mod ledger;
pub(super) mod root_cause;
pub(super) mod transitions;
pub(super) mod usage;
