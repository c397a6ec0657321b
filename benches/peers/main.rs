//! `make bench`: this exporter and the exporters in common use, side by side in one run, on a separate machine
//! (namespaces). Writes `docs/benchmarks.md` and `benches/peers/goals.md`. `BENCH_QUICK=1` makes it short,
//! `BENCH_ONLY=push,log` measures these parts alone, both without writing anything, and `BENCH_CLOCK=0` leaves the
//! clock alone, which is otherwise set 2 s forward and back ten times, and right in the end.
//!
//! It needs root (or the capabilities `SYS_ADMIN`, `NET_ADMIN`, `SYS_PTRACE`, `SYS_TIME`), util-linux, iproute2, and
//! the peers in `.cache/peers` (`scripts/peers`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, speaks to the terminal, and cannot go on where something fails"
)]

mod client;
mod clock;
mod containers;
mod evaluations;
mod exporter;
mod faults;
mod listing;
mod machine;
mod numbers;
mod report;
mod roles;
mod scrapes;
mod surroundings;
mod usage;
mod work;

use std::{
    env, fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use exporter::Kind;
use machine::{Logtail, Sleepers, said};
use report::Report;

/// The paths of the document and of the goals.
const DOCUMENT: &str = "docs/benchmarks.md";
const GOALS: &str = "benches/peers/goals.md";

/// The subjects of measurements, and where the results are written.
struct Bench {
    effort: Effort,
    logtail: Logtail,
    sleepers: Sleepers,
    report: Report,
}

impl Bench {
    /// The sleeping processes of a typical host.
    fn usual(&mut self) -> usize {
        let processes = self.effort.of(500, 100);
        self.sleepers.set(processes);
        processes
    }
}

/// A part, by the name that `BENCH_ONLY` has for it.
type Part = (&'static str, fn(&mut Bench));

/// The measurements, in order.
const PARTS: [Part; 10] = [
    ("start_up", |it| scrapes::start_up(it.effort, &mut it.report)),
    ("memory", |it| scrapes::resident(it.effort, &mut it.report)),
    ("push", |it| surroundings::push(it.effort, &mut it.report)),
    ("log", |it| surroundings::log(it.effort, &mut it.report)),
    ("containers", |it| containers::containers(it.effort, &mut it.report)),
    ("growth", |it| evaluations::growth(it.effort, &mut it.report)),
    ("throughput", |it| scrapes::throughput(it.effort, &mut it.report)),
    ("latency", |it| scrapes::latency(it.usual(), it.effort, &mut it.report)),
    ("faults", |it| {
        faults::faults(it.usual(), it.effort, &mut it.logtail, &mut it.report);
        faults::under_load(it.effort, &mut it.sleepers, &mut it.logtail, &mut it.report);
    }),
    ("work", |it| {
        work::processes(it.effort, &mut it.sleepers, &mut it.report);
        work::curves(it.effort, &mut it.report);
    }),
];

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    quick: bool,
    steps_clock: bool,
}

impl Effort {
    fn of(self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Seconds.
    fn span(self, full: u64, quick: u64) -> Duration {
        Duration::from_secs(if self.quick { quick } else { full })
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if roles::play(&arguments) {
        return;
    }
    // `cargo test --all-targets` runs this too: only to check that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    if env::var_os("BENCH_INSIDE").is_none() {
        let written = String::from_utf8(machine::enter()).unwrap();
        println!("{written}");
        if env::var_os("BENCH_QUICK").is_some() || env::var_os("BENCH_ONLY").is_some() {
            println!("Not all was measured: {DOCUMENT} and {GOALS} are left as they are.");
        } else {
            let goals = written.find(report::GOALS_MARKER).unwrap();
            for (path, text) in [(DOCUMENT, &written[..goals]), (GOALS, &written[goals..])] {
                fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), text).unwrap();
            }
        }
        return;
    }
    let effort = Effort {
        quick: env::var_os("BENCH_QUICK").is_some(),
        steps_clock: env::var("BENCH_CLOCK").as_deref() != Ok("0"),
    };
    io::stdout().write_all(measure(effort).as_bytes()).unwrap();
}

/// Measures everything: the document, and the goals after it.
fn measure(effort: Effort) -> String {
    let start = Instant::now();
    let load_before = load();
    let only = env::var("BENCH_ONLY").ok();
    let names = PARTS.map(|(name, _)| name);
    if let Some(part) = only.iter().flat_map(|parts| parts.split(',')).find(|part| !names.contains(part)) {
        panic!("BENCH_ONLY={part}: there are {names:?}");
    }
    let logtail = Logtail::install();
    machine::config("/run/ours.yml", 1, 2);
    exporter::configure_peers();
    let mut bench = Bench { effort, logtail, sleepers: Sleepers::default(), report: Report::default() };
    for (name, measure) in PARTS {
        if only.as_deref().is_none_or(|parts| parts.split(',').any(|part| part == name)) {
            measure(&mut bench);
        }
    }
    let machine = surroundings(start.elapsed(), &load_before);
    bench.report.document(&machine) + &bench.report.goals(&machine)
}

/// The machine, the versions, and its load.
fn surroundings(took: Duration, load_before: &str) -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map_or(line.clone(), |(_, value)| value.trim().to_owned())
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let version = |kind: Kind| format!("- {}: `{}`", kind.name(), said(kind.program(), &["--version"]));
    let versions: Vec<String> =
        [Kind::Ours, Kind::Glibc, Kind::WholeNode, Kind::Process, Kind::Blackbox].map(version).into();
    format!(
        "- {}; {processors} × {}, {}\n- Linux {} ({})\n{}\n- took {} min; load average {load_before} before, {} after: on a machine \
         that is busy with other work, tail latencies (p99) reflect that work more than the exporters",
        said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal"),
        said("uname", &["-r"]),
        said("uname", &["-m"]),
        versions.join("\n"),
        took.as_secs().div_ceil(60),
        load(),
    )
}

/// The load averages.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
