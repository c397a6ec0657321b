//! How many file descriptors the process may have, and how many of them are for connections.

use tracing::debug;

use crate::sys::limits::{self, Limit};

/// Descriptors for everything except connections: 256 watched processes at most, 8 probes, and files that are
/// being read.
const RESERVED: u64 = 512;

/// Raises the limit of descriptors for this many connections, and returns how many are possible.
///
/// A soft limit of 1,024 is usual, and made for programs that call `select`, which cannot go beyond that; this one does not,
/// and starts no program that would inherit the limit. It is raised no further than is needed, so that it still bounds a leak.
pub(super) fn for_connections(wanted: usize) -> usize {
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let before = limits::descriptors();
    let after = raised(&before, needed);
    let holds = if after == before {
        before
    } else {
        match limits::set_descriptors(after) {
            Ok(()) => after,
            Err(error) => {
                debug!(%error, "cannot raise the limit on open files");
                before
            }
        }
    };
    affordable(holds.current, wanted)
}

/// The limit with the soft limit raised as far as needed and as the hard limit allows.
fn raised(limit: &Limit, needed: u64) -> Limit {
    let reachable = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let current = limit.current.map(|current| current.max(reachable));
    Limit { current, maximum: limit.maximum }
}

/// The number of connections for a soft limit; if it is very low, still a quarter of it.
fn affordable(soft: Option<u64>, wanted: usize) -> usize {
    let Some(soft) = soft else { return wanted };
    let left = soft.saturating_sub(RESERVED).max(soft / 4).max(1);
    usize::try_from(left).map_or(wanted, |left| left.min(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(current: Option<u64>, maximum: Option<u64>) -> Limit {
        Limit { current, maximum }
    }

    #[test]
    fn the_soft_limit_is_raised_as_far_as_is_needed_and_allowed_and_never_lowered() {
        for (before, after) in [
            ((Some(1024), Some(524_288)), Some(2560)),
            ((Some(1024), None), Some(2560)),
            ((Some(1024), Some(2000)), Some(2000)),
            ((Some(4096), Some(4096)), Some(4096)),
            ((None, None), None),
        ] {
            let raised = raised(&limit(before.0, before.1), 2560);
            assert_eq!((raised.current, raised.maximum), (after, before.1), "{before:?}");
        }
    }

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        for (soft, connections) in
            [(None, 2048), (Some(2560), 2048), (Some(1024), 512), (Some(256), 64), (Some(0), 1)]
        {
            assert_eq!(affordable(soft, 2048), connections, "{soft:?}");
        }
    }
}
