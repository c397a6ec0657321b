//! Ways to find a few processes among many: our own reading, the `procfs` crate, and sysinfo's narrowest refresh.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use logagent_exporter::{
    observe::{
        host::{
            blocking::BlockingReads,
            file::{By, Files},
            process::{Procfs, Wanted},
        },
        time::now,
        trust::Credentials,
    },
    sys::root::Root,
};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::{
    Effort,
    numbers::{count, median, number, seconds, time},
    report::Report,
};

struct Agents;

impl Wanted for Agents {
    fn name(&self, base_name: &str) -> bool {
        base_name == "ilogtail" || base_name == "shipper"
    }
    fn comm(&self, comm: &str) -> bool {
        self.name(comm)
    }
    fn counts(&self, _: &str, _: Option<&Path>, _: &Credentials) -> bool {
        true
    }
    fn in_containers(&self, base_name: &str) -> bool {
        self.name(base_name)
    }
    fn variable(&self, _base_name: &str, variable: &str) -> bool {
        variable == "working_ip"
    }
}

/// The time of each way, for each number of processes.
#[derive(Default)]
pub(crate) struct Listing(Vec<Vec<String>>);

impl Listing {
    /// Measures each way, with this many sleeping processes on the machine.
    pub(crate) fn measure(&mut self, processes: usize, effort: Effort) {
        let ways = measure(effort.of(20, 5));
        let base = median(&ways[0].1);
        for (name, times) in &ways {
            let median = median(times);
            self.0.push(vec![
                processes.to_string(),
                (*name).to_owned(),
                time(median),
                format!("{} µs", number(median / count(processes) * 1e6)),
                number(median / base),
            ]);
        }
    }

    /// Reports it.
    pub(crate) fn report(&self, report: &mut Report) {
        report.section(
            "Reading processes",
            "Finding the agents' processes among the sleeping ones, in this process, in turns; medians. Each way finds the same \
             ones by the base name of the executable. Ours also reads everything that is published about them. `procfs`: `all_processes`, then \
             `exe`. sysinfo: a `System` that is kept, refreshed with nothing but the executable (`UpdateKind::Always`, as a process may \
             execute another program), without tasks, ended ones removed.",
        );
        report.table(&["processes", "", "time", "per process", "× ours"], &self.0);
    }
}

fn measure(rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reads = BlockingReads::default();
    let mut system = System::new().unwrap();
    let mut ways = [
        ("this exporter's own reading", Vec::new()),
        ("`procfs` crate", Vec::new()),
        ("sysinfo", Vec::new()),
    ];
    for round in 0..=rounds {
        let found = [
            timed(|| {
                let deadline = Duration::from_secs(60);
                runtime.block_on(reads.run(deadline, |attempt| {
                    let root = Root::new(Path::new("/"));
                    let files = Files { root: &root, attempt, by: By::Exporter, deputy: true };
                    let found = Procfs::new(PathBuf::from("/proc")).scan(&[], files, now(), &Agents);
                    found.known().map(|scan| scan.candidates.len()).unwrap()
                }))
            }),
            timed(by_procfs),
            timed(|| by_sysinfo(&mut system)),
        ];
        assert!(found.iter().all(|(_, number)| *number == found[0].1), "{found:?}");
        // The first warms up.
        if round > 0 {
            for ((_, times), (time, _)) in ways.iter_mut().zip(found) {
                times.push(time);
            }
        }
    }
    ways.into_iter().map(|(name, times)| (name, seconds(&times))).collect()
}

fn timed(find: impl FnOnce() -> usize) -> (Duration, usize) {
    let start = Instant::now();
    let found = find();
    (start.elapsed(), found)
}

fn is_wanted(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| Agents.name(name))
}

fn by_procfs() -> usize {
    let all = procfs::process::all_processes().unwrap();
    all.filter_map(Result::ok).filter(|process| process.exe().is_ok_and(|path| is_wanted(&path))).count()
}

fn by_sysinfo(system: &mut System) -> usize {
    let narrowest = ProcessRefreshKind::nothing().without_tasks().with_exe(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, narrowest);
    system.processes().values().filter(|process| process.exe().is_some_and(is_wanted)).count()
}
