//! Renders the catalogue of causes: `docs/causes.md`, alert rules, their unit tests, runbooks.
//!
//! `cargo run -p xtask` writes the files that differ; the test below fails while there are any.
//! `cargo run -p xtask -- assets DIR` writes manual pages and completions, which only packages have; `cargo run -p
//! xtask -- licenses TARGET` prints the licenses of the linked crates.
#![expect(clippy::print_stdout, reason = "reports what it has written, or prints what is requested")]

mod assets;
mod document;
mod exporter;
mod fleet;
mod legend;
mod licenses;
mod page;
mod rule_tests;
mod rules;
mod runbook;
mod state;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use logagent_exporter::{
    catalog::{self, alert::runbook_file},
    model::Language,
};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => bless(),
        ["assets", directory] => assets::write(Path::new(directory)),
        ["licenses", target] => licenses::licenses(target).map(|text| print!("{text}")),
        other => Err(io::Error::other(format!(
            "expected no argument, `assets DIR` or `licenses TARGET`, not {other:?}"
        ))),
    }
}

/// Writes the committed files that differ.
fn bless() -> io::Result<()> {
    for (name, rendered) in rendered_files() {
        let path = repository(&name);
        if fs::read_to_string(&path).ok().as_ref() != Some(&rendered) {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, &rendered)?;
            println!("{name}");
        }
    }
    Ok(())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Everything that is rendered, by its path in the repository.
fn rendered_files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("docs/causes.md".to_owned(), document::causes_document()),
        ("alerts/logagent-causes.rules.yml".to_owned(), rules::rules(Language::English)),
        ("alerts/zh/logagent-causes.rules.yml".to_owned(), rules::rules(Language::Chinese)),
        (
            "alerts/tests/logagent-causes.test.yml".to_owned(),
            rule_tests::rule_tests(Language::English, "../logagent-causes.rules.yml"),
        ),
        (
            "alerts/tests/zh/logagent-causes.test.yml".to_owned(),
            rule_tests::rule_tests(Language::Chinese, "../../zh/logagent-causes.rules.yml"),
        ),
    ]);
    for cause in catalog::causes() {
        for language in [Language::English, Language::Chinese] {
            let path = format!("alerts/runbooks/{}", runbook_file(cause, language));
            files.insert(path, page::page(cause, language));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn is_chinese(c: char) -> bool {
        matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
    }

    #[test]
    fn committed_files_are_the_rendered_ones() {
        if std::env::var_os("UPDATE").is_some() {
            bless().unwrap();
        }
        for (name, rendered) in rendered_files() {
            let committed = fs::read_to_string(repository(&name)).unwrap_or_default();
            let differing =
                committed.lines().zip(rendered.lines()).find(|(committed, rendered)| committed != rendered);
            assert!(
                committed == rendered,
                "{name} is not what the catalogue renders (`make bless` rewrites it); first difference: {differing:?}"
            );
        }
    }

    #[test]
    fn no_runbook_is_without_its_cause() {
        let rendered = rendered_files();
        for entry in fs::read_dir(repository("alerts/runbooks")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let name = format!("alerts/runbooks/{}", entry.file_name().display());
                assert!(rendered.contains_key(&name), "{name} belongs to no cause");
            }
        }
    }
}
