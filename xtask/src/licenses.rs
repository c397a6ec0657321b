//! The licenses of the crates that are linked into the program, with their texts: they must be distributed with the
//! binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// How files with a license's text begin, in lower case.
const NAMES: [&str; 4] = ["license", "licence", "copying", "notice"];

/// Everything that is linked for this target, one crate after the other.
pub(crate) fn licenses(target: &str) -> io::Result<String> {
    let linked = linked(target)?;
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version=1"])?)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .ok_or_else(|| io::Error::other("cargo names no packages"))?;
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut text = String::from("The crates that are linked into logagent-exporter, and their licenses.\n");
    for package in packages {
        let field = |name: &str| package.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, version) = (field("name"), field("version"));
        if !linked.contains(&format!("{name} v{version}")) || name == "logagent-exporter" {
            continue;
        }
        let heading = format!("{name} {version}: {}", field("license"));
        text.extend(["\n\n", &heading, "\n", &"=".repeat(heading.len()), "\n"]);
        let directory = Path::new(field("manifest_path")).parent().unwrap_or(Path::new("/"));
        let texts = texts(directory)?;
        if texts.is_empty() {
            text.extend(["\nIts package does not contain the text. Source: ", field("repository"), "\n"]);
        }
        for of in texts {
            match seen.get(of.trim()) {
                Some(first) => text.extend(["\nThe text that also came with ", first, ".\n"]),
                None => text.extend(["\n", of.trim_end(), "\n"]),
            }
            seen.entry(of.trim().to_owned()).or_insert_with(|| format!("{name} {version}"));
        }
    }
    Ok(text)
}

/// `name vversion` of each crate that the program links; build dependencies and macros are excluded.
fn linked(target: &str) -> io::Result<BTreeSet<String>> {
    let arguments =
        ["tree", "--locked", "--package=logagent-exporter", "--edges=normal,no-proc-macro", "--prefix=none"];
    let tree = cargo(&[&arguments[..], &["--format={p}", "--target", target]].concat())?;
    let word = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(tree.lines().filter(|line| !line.contains("(proc-macro)")).map(word).collect())
}

/// The texts in a crate's directory, in the order of their file names, without duplicates.
fn texts(directory: &Path) -> io::Result<Vec<String>> {
    let mut files: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut texts = Vec::new();
    for file in files {
        let name = file.file_name().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|known| name.starts_with(known)) && file.file_type()?.is_file() {
            let text = fs::read_to_string(file.path())?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    Ok(texts)
}

fn cargo(arguments: &[&str]) -> io::Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("cargo {arguments:?}: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linked_crate_is_named_with_a_license_and_none_that_only_builds() {
        let text = licenses("x86_64-unknown-linux-musl").unwrap();
        for crate_name in ["tokio 1.", "ring 0.", "rustls 0.", "saphyr-parser 0."] {
            assert!(text.lines().any(|line| line.starts_with(crate_name)), "{crate_name}");
        }
        for crate_name in ["clap_derive ", "proptest ", "clap_mangen ", "syn "] {
            assert!(!text.lines().any(|line| line.starts_with(crate_name)), "{crate_name}");
        }
        assert!(text.matches("Permission is hereby granted").count() > 10);
    }
}
