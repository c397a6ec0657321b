//! Checks the statements of SECURITY.md and the support matrix: bounds as in the code, and existing tests.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{between, code, read, repository};

/// Files of the product below `src/`, without their tests.
fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !["tests.rs", "testing.rs"].contains(&name)
        {
            out.push(path);
        }
    }
}

/// The value of a constant: `512`, `10_000`, `4 << 10`, `64 * 1024`.
fn number(expression: &str) -> u64 {
    let plain = |digits: &str| digits.trim().replace('_', "").parse::<u64>().unwrap();
    if let Some((value, shift)) = expression.split_once("<<") {
        return plain(value) << plain(shift);
    }
    expression.split('*').map(plain).product()
}

/// Each bound of the code, by file and name. Those of the operator's own files and flags (`config`, `cli`) do not bound
/// what others can do.
fn bounds() -> Vec<(String, String, u64)> {
    // Formats of a value, and buffers for an answer of the system, are not bounds.
    const NO_BOUNDS: [(&str, &str); 3] = [
        ("model/authority.rs", "LONGEST_PORT"),
        ("agents/loglistener/credentials.rs", "LONGEST"),
        ("sys/windows/c.rs", "LONGEST"),
    ];
    let (root, mut files, mut found) = (repository("src"), Vec::new(), Vec::new());
    sources(&root, &mut files);
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("config/") || name.starts_with("cli/") {
            continue;
        }
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some((constant, rest)) =
                line.split_once("const ").and_then(|(_, rest)| rest.split_once(": "))
            else {
                continue;
            };
            let Some((kind, value)) = rest.split_once(" = ") else { continue };
            let is_bound = ["MOST", "LARGEST", "LONGEST"].iter().any(|word| constant.starts_with(word));
            if is_bound && kind.starts_with('u') && !NO_BOUNDS.contains(&(name.as_str(), constant)) {
                found.push((name.clone(), constant.to_owned(), number(value.trim_end_matches(';'))));
            }
        }
    }
    found
}

/// True if the cell says this number, as bytes or with separators.
fn says(cell: &str, value: u64) -> bool {
    let digits = value.to_string();
    let thousands = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|chunk| std::str::from_utf8(chunk).unwrap())
        .collect::<Vec<_>>()
        .join(",");
    let mut forms = vec![thousands];
    for (shift, unit) in [(10, "KiB"), (20, "MiB")] {
        if value.trailing_zeros() >= shift {
            forms.push(format!("{} {unit}", value >> shift));
        }
    }
    let words = format!(" {} ", cell.replace(';', " ").replace(", ", " "));
    forms.iter().any(|form| words.contains(&format!(" {form} ")))
}

#[test]
fn the_table_of_bounds_has_each_bound_of_the_code_with_its_figure() {
    let text = read("SECURITY.md");
    let table = between(&text, "## Bounds\n", "\n<!--");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what |"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let (mut told, mut limits) = (BTreeSet::new(), BTreeSet::new());
    let code = bounds();
    for cells in &rows {
        limits.extend(cells[3].split('`').skip(1).step_by(2));
        let mut file = "";
        for word in cells[4].split('`').skip(1).step_by(2) {
            if word.contains('/') {
                file = word;
                continue;
            }
            let (_, _, value) = code
                .iter()
                .find(|(of, name, _)| of == file && name == word)
                .unwrap_or_else(|| panic!("{file} has no {word}"));
            assert!(says(cells[1], *value), "{file} {word} is {value}, and SECURITY.md says {}", cells[1]);
            told.insert((file.to_owned(), word.to_owned()));
        }
    }
    let real: BTreeSet<_> = code.into_iter().map(|(file, name, _)| (file, name)).collect();
    let differing: Vec<_> = told.symmetric_difference(&real).collect();
    assert!(differing.is_empty(), "without a row, or without code: {differing:?}");
    let report = read("src/model/report.rs");
    let names = between(&report, "impl Limit {", "\n}");
    let labels: BTreeSet<_> = names.split('"').skip(1).step_by(2).collect();
    assert_eq!(limits, labels, "the label `limit`");
}

#[test]
fn tests_that_the_security_policy_names_exist() {
    let text = read("SECURITY.md");
    let mut tests = String::new();
    for dir in ["tests/it", "tests/installs"] {
        for entry in fs::read_dir(repository(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
                tests.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut named = 0;
    for word in code(&text) {
        let is_path = (word.starts_with("src/") || word.starts_with("tests/")) && !word.contains(' ');
        let is_test = word.matches('_').count() >= 4 && !word.contains(['/', '{', ' ', '=']);
        if is_path {
            assert!(repository(word).exists(), "there is no {word}");
        } else if is_test && word == word.to_lowercase() {
            let there = tests.contains(&format!("fn {word}(")) || tests.contains(&format!("def {word}("));
            assert!(there, "there is no test {word}");
            named += 1;
        }
    }
    assert!(named >= 10, "only {named} tests are named");
}

#[test]
fn tests_that_the_table_of_artefacts_names_exist() {
    let text = read("docs/support.md");
    let table = between(&text, "| artefact |", "\n\n");
    let rows: Vec<_> = table.lines().skip(2).collect();
    assert!(rows.len() >= 6, "{rows:?}");
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut source = None;
        for word in cell.split('`').skip(1).step_by(2) {
            let Some((class, test)) = word.split_once('.') else {
                source = Some(read(&format!("tests/installs/{word}.py")));
                continue;
            };
            let source = source.as_ref().unwrap();
            assert!(source.contains(&format!("class {class}(")), "there is no class {class}");
            assert!(source.contains(&format!("def {test}(")), "{class} has no {test}");
        }
        assert!(source.is_some(), "{row} names no test");
    }
}
