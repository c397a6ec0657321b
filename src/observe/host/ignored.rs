//! Processes that need not be read again: those that were not an agent's in two readings.
//!
//! A process changes its name by executing another program, usually soon after its start. The execution of an agent's
//! program causes an event; for programs in unknown places, every fourth reading reads all processes.

use super::process::Scan;

/// The number of consecutive readings that may skip processes.
const MOST_IN_A_ROW: u8 = 3;

/// The ids of processes that are not an agent's, in ascending order.
#[derive(Debug, Clone, Default)]
pub(super) struct IgnoredPids {
    /// Read by the last regular reading.
    fresh: Vec<u32>,
    /// Read by two consecutive regular readings: they have had time to execute their final program.
    settled: Vec<u32>,
    passed_over: u8,
}

impl IgnoredPids {
    /// The processes that a regular reading may skip.
    pub(super) fn of_regular(&self, executions_are_told: bool) -> &[u32] {
        if executions_are_told && self.passed_over < MOST_IN_A_ROW { &self.settled } else { &[] }
    }

    /// The processes that a reading triggered by an event may skip: an exit changes no other process's name, and an
    /// agent's program is usually executed by a new process.
    pub(super) fn of_event(&self) -> &[u32] {
        &self.settled
    }

    /// The state after a regular reading that skipped some.
    pub(super) fn after_regular(&self, passed: &[u32], scan: &Scan) -> Self {
        let again = |pid: &&u32| holds(&self.fresh, **pid) || holds(&self.settled, **pid);
        let mut settled: Vec<u32> = scan.ignored.iter().filter(again).copied().collect();
        settled.extend(passed.iter().filter(|pid| holds(&scan.listed, **pid)));
        settled.sort_unstable();
        let passed_over = if passed.is_empty() { 0 } else { self.passed_over + 1 };
        Self { fresh: scan.ignored.clone(), settled, passed_over }
    }

    /// The state after a reading triggered by an event. It confirms no process, as it may follow the previous reading
    /// immediately.
    pub(super) fn after_event(mut self, passed: &[u32], scan: &Scan) -> Self {
        self.settled.retain(|pid| {
            if holds(passed, *pid) { holds(&scan.listed, *pid) } else { holds(&scan.ignored, *pid) }
        });
        self
    }
}

fn holds(sorted: &[u32], pid: u32) -> bool {
    sorted.binary_search(&pid).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(listed: &[u32], ignored: &[u32]) -> Scan {
        Scan { ignored: ignored.to_vec(), listed: listed.to_vec(), ..Scan::default() }
    }

    /// Regular readings of processes that are all ignored; the ones that each skips.
    fn readings(of: &mut IgnoredPids, listings: &[&[u32]]) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        for listed in listings {
            let passed = of.of_regular(true).to_vec();
            let looked_at: Vec<u32> = listed.iter().copied().filter(|pid| !passed.contains(pid)).collect();
            *of = of.after_regular(&passed, &scan(listed, &looked_at));
            all.push(passed);
        }
        all
    }

    #[test]
    fn who_was_ignored_twice_is_passed_over_until_all_are_looked_at_again() {
        let mut ignored = IgnoredPids::default();
        let passed = readings(&mut ignored, &[&[1, 2][..]; 8]);
        let settled = vec![1, 2];
        let none = Vec::new();
        let thrice = [settled.clone(), settled.clone(), settled.clone()];
        assert_eq!(passed[..2], [none.clone(), none.clone()]);
        assert_eq!(passed[2..5], thrice);
        assert_eq!(passed[5..], [none, settled.clone(), settled]);
    }

    #[test]
    fn newcomers_are_looked_at_twice_and_reused_ids_anew() {
        let mut ignored = IgnoredPids::default();
        let passed = readings(&mut ignored, &[&[1, 2], &[1, 2], &[1, 2, 3], &[1, 3], &[1, 2, 3]]);
        assert_eq!(passed[2..], [vec![1, 2], vec![1, 2], vec![1, 3]]);
    }

    #[test]
    fn where_executions_are_not_told_nobody_is_passed_over() {
        let mut ignored = IgnoredPids::default();
        readings(&mut ignored, &[&[1, 2][..]; 2]);
        assert_eq!(ignored.of_regular(true), [1, 2]);
        assert_eq!(ignored.of_regular(false), [0_u32; 0]);
    }

    #[test]
    fn an_event_settles_nobody_and_unsettles_whom_it_finds_to_be_somebody_or_gone() {
        let mut ignored = IgnoredPids::default();
        readings(&mut ignored, &[&[1, 2, 3][..]; 2]);
        let after_exit = ignored.clone().after_event(&[1, 2, 3], &scan(&[1, 2, 9], &[9]));
        assert_eq!(after_exit.of_event(), [1, 2]);
        // Process 2 has executed an agent's program.
        let after_start = after_exit.after_event(&[], &scan(&[1, 2, 9], &[1, 9]));
        assert_eq!(after_start.of_event(), [1]);
    }
}
