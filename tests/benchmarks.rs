//! The figures in `docs/benchmarks.md` and `docs/fleet.md` are measured, not written: `make bench` and `make bench-fleet` make
//! the whole documents.

use std::{fs, path::Path};

const BENCHMARKS: &str = "docs/benchmarks.md";
const PROGRAM: &str = "benches/peers/report.rs";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).expect("the checkout holds the document and its program")
}

#[test]
fn the_document_bears_the_mark_of_the_program_that_made_it() {
    let program = read(PROGRAM);
    let mark = program.lines().find_map(|line| line.strip_prefix("pub(crate) const MARKER: &str = \""));
    let mark = mark.and_then(|rest| rest.strip_suffix("\";")).expect("the program has a mark");
    let document = read(BENCHMARKS);
    assert_eq!(document.lines().next(), Some(mark), "{BENCHMARKS} is made by `make bench`, never by hand");
}

#[test]
fn the_document_says_where_it_was_measured_and_which_goals_were_met() {
    let document = read(BENCHMARKS);
    for part in
        ["- Linux ", "- logagent-exporter: `", "- process-exporter: `", "## Goals", "## Resident memory"]
    {
        assert!(document.contains(part), "{BENCHMARKS} has no {part:?}");
    }
    let goals = document.lines().filter(|line| line.ends_with("| met |") || line.ends_with("| **missed** |"));
    assert!(goals.count() >= 10, "{BENCHMARKS} has too few goals");
}

#[test]
fn the_document_about_fleets_is_measured_with_both_sizes() {
    let program = read("benches/fleet/report.mjs");
    let mark = program.lines().find_map(|line| line.strip_prefix("const MARKER = '"));
    let mark = mark.and_then(|rest| rest.strip_suffix("';")).expect("the program has a mark");
    let document = read("docs/fleet.md");
    assert_eq!(
        document.lines().next(),
        Some(mark),
        "docs/fleet.md is made by `make bench-fleet`, never by hand"
    );
    for part in ["## Goals", "| 1,000 hosts | 10,000 hosts | growth |", "`logagent-fleet.rules`"] {
        assert!(document.contains(part), "docs/fleet.md has no {part:?}");
    }
}
