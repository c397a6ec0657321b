//! `make test-bounds`: reaches each bound of SECURITY.md, expects it to be reported, and measures the cost of an
//! evaluation.
//! `BOUNDS_WRITE=1` writes the figures into SECURITY.md. `EXPORTER` is the program that is measured, otherwise the one
//! of tests.
//!
//! Not a test, but built as one: it needs root, a minute, and an otherwise idle machine for meaningful figures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bound that is not kept may panic; it measures time"
)]

#[expect(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;

mod states;

use std::{
    collections::BTreeSet, env, fmt::Write as _, fs, path::Path, process::Command, thread, time::Duration,
};

use states::{STATES, State};
use support::{Exporter, Host, PORT, Seen, User};

/// The figures are written between these lines.
const DOCUMENT: &str = "SECURITY.md";
const BEGIN: &str = "<!-- Written by `BOUNDS_WRITE=1 make test-bounds`. -->\n";
const END: &str = "<!-- end of what is measured -->\n";
/// Its CPU time is measured over waits of this length, until this many evaluations have run.
const UNDISTURBED: Duration = Duration::from_secs(2);
const EVALUATIONS: f64 = 5.0;
/// Three quarters of its unit's limit (`MemoryMax=`), in KiB.
const MOST_RESIDENT: u64 = 48 << 10;

/// What a state costs.
struct Cost {
    /// Processor time of an evaluation, in milliseconds.
    evaluation: f64,
    /// The peak resident memory, in KiB.
    resident: u64,
    series: usize,
    /// Bytes of the JSON report and of the page.
    report: usize,
    page: usize,
}

fn main() {
    let only = env::var("BOUNDS_ONLY").unwrap_or_default();
    let mut table =
        "| state | `limit` | CPU time of an evaluation | most memory | series | report | page |\n\
                     |---|---|---|---|---|---|---|\n"
            .to_owned();
    for state in STATES.iter().filter(|state| state.what.contains(&only)) {
        let cost = cost(state);
        let limits: Vec<_> = state.limits.iter().map(|limit| format!("`{limit}`")).collect();
        let row = format!(
            "| {} | {} | {:.1} ms | {:.1} MiB | {} | {} kB | {} kB |",
            state.what,
            limits.join(", "),
            cost.evaluation,
            f64::from(u32::try_from(cost.resident).unwrap()) / 1024.0,
            cost.series,
            cost.report / 1000,
            cost.page / 1000,
        );
        println!("{row}");
        // Writing to a string does not fail.
        let _infallible = writeln!(table, "{row}");
    }
    if env::var_os("BOUNDS_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        fs::write(&path, format!("{before}{BEGIN}{}\n\n{table}{END}{after}", measured())).unwrap();
    }
}

/// The date and the program of the measurement.
fn measured() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().next().unwrap_or_default().to_owned()
    };
    let version = said(Host::executable().to_str().unwrap(), &["--version"]);
    format!(
        "Measured on {} with `{version}`, Linux {}:",
        said("date", &["--utc", "+%F"]),
        said("uname", &["-r"])
    )
}

/// Sets up the state, and measures the exporter in it.
fn cost(state: &State) -> Cost {
    let host = (state.host)();
    (state.make)(&host);
    let config = (state.config)();
    let exporter = host.exporter_with(
        User::Unit,
        config.as_deref(),
        &["--evaluation.interval=100ms", "--probe.interval=1h"],
    );
    let _during = (state.during)(&host);
    let seen = exporter
        .until("the bound shows", |seen| shown(seen).is_superset(&state.limits.iter().copied().collect()));
    exporter.until_evaluated();
    let before = (processor_time(&host, &exporter), evaluations(&exporter.scrape()));
    let (used, turns) = loop {
        thread::sleep(UNDISTURBED);
        let used = processor_time(&host, &exporter) - before.0;
        let turns = evaluations(&exporter.scrape()) - before.1;
        if turns >= EVALUATIONS {
            break (used, turns);
        }
    };
    let [report, page] = ["/api/v1/report", "/"].map(|path| exporter.get(path).len());
    let resident = resident(&host, &exporter);
    assert!(resident < MOST_RESIDENT, "{}: {resident} KiB", state.what);
    Cost { evaluation: used / turns, resident, series: seen.samples.len(), report, page }
}

/// The bounds that a scrape shows as reached.
fn shown(seen: &Seen) -> BTreeSet<&str> {
    seen.of("logagent_limit_reached").map(|sample| sample.label("limit")).collect()
}

fn evaluations(seen: &Seen) -> f64 {
    seen.sum("logagent_evaluations_total")
}

/// Processor time of all its threads so far, in milliseconds.
fn processor_time(host: &Host, exporter: &Exporter<'_>) -> f64 {
    let spent = host.sh(&format!("cat /proc/{}/task/*/schedstat", exporter.pid));
    let nanoseconds = spent.lines().map(|line| line.split(' ').next().unwrap().parse::<f64>().unwrap());
    nanoseconds.sum::<f64>() / 1e6
}

/// Its peak resident memory, in KiB.
fn resident(host: &Host, exporter: &Exporter<'_>) -> u64 {
    let status = host.read(&format!("/proc/{}/status", exporter.pid));
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
