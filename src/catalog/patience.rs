//! How long a cause must be active before it alerts: long enough for what recovers by itself, and not longer.

use std::time::Duration;

/// The rule itself looks back over minutes, so no further wait is needed.
pub(super) const NONE: Duration = Duration::ZERO;

/// An editor or a deployment writes several files one after the other, and is done within this.
pub(super) const EDIT: Duration = Duration::from_mins(1);

/// A restart takes seconds and an upgrade about a minute; the agent's own daemon starts a dead worker within seconds.
pub(super) const PROCESS: Duration = Duration::from_mins(2);

/// Endpoints and time sources are probed each minute: two probes must agree, so that one lost packet does not page
/// anyone.
pub(super) const PROBES: Duration = Duration::from_mins(2);

/// A lease is renewed, or an interface comes back, within this; the agent writes its record soon after its start.
pub(super) const ADDRESS: Duration = Duration::from_mins(2);

/// A rollout writes the config first, and restarts in batches afterwards.
pub(super) const ROLLOUT: Duration = Duration::from_mins(5);

/// A replaced key or a recreated project takes effect within this.
pub(super) const REFUSALS: Duration = Duration::from_mins(5);

/// Everything still works, so no one is paged: a ticket is only for problems that persist.
pub(super) const TICKET: Duration = Duration::from_mins(15);

/// A new host has its exporter before its agent, or the other way round: images and config management are done within this.
pub(super) const SETUP: Duration = Duration::from_mins(10);
