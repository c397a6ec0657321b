//! Enforces the structure of the source tree: which module may use which, what pure modules may not use, how a file
//! begins and ends.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests; a panic is the test's failure"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every module, with those that it may use: `main → cli → daemon → {observe | evaluate | publish | http} → catalog, config,
/// net → agents → model`. The three stages do not use each other; they share `model`.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["alerting", "cli", "daemon", "http", "publish", "config", "model", "sys"]),
    ("cli", &["alerting", "daemon", "publish", "catalog", "config", "model", "sys"]),
    ("daemon", &["observe", "evaluate", "publish", "alerting", "http", "config", "agents", "model", "sys"]),
    ("observe", &["net", "config", "agents", "model", "sys"]),
    ("evaluate", &["catalog", "config", "agents", "model"]),
    ("http", &["publish", "config", "net", "model", "sys"]),
    ("alerting", &["net", "catalog", "config", "model", "sys"]),
    ("net", &["model", "sys"]),
    ("publish", &["catalog", "net", "agents", "model"]),
    ("config", &["catalog", "agents", "model", "sys"]),
    ("catalog", &["agents", "model"]),
    ("agents", &["model"]),
    ("model", &[]),
    ("sys", &["model"]),
    ("fuzzing", &["agents", "config", "evaluate", "model", "net", "observe", "publish"]),
];

/// Modules without I/O, clock or surroundings, whose functions of the same input give the same output.
const PURE: &[&str] = &["evaluate", "agents", "model", "catalog"];

/// Names that pure modules may not use.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocketAddrs",
    "tokio",
];

/// Reads of clocks, however imported.
const NOW: &[&str] = &["SystemTime::now", "Instant"];

/// The files with `unsafe` code, one for each system: calls that have no safe wrapper.
const UNSAFE: &[&str] = &["sys/linux/c.rs", "sys/windows/c.rs"];

/// Directories of code for one system. Only these use what is specific to that system.
const SYSTEM: &[&str] = &["sys/linux/", "observe/linux/", "sys/windows/", "observe/windows/"];

/// The facades before them: the only files that ask which system they are compiled for.
const FACADES: &[&str] = &["sys/mod.rs", "observe/mod.rs"];

/// Names that are specific to one system.
const OF_ONE_SYSTEM: &[&str] = &[
    "rustix",
    "libc",
    "procfs",
    "std::os::",
    "tokio::signal::unix",
    "tokio::io::unix",
    "tokio::net::unix",
    "windows_sys",
    "windows_service",
    "sysinfo",
    "notify",
    "schannel",
    "tokio::signal::windows",
    "tokio::net::windows",
];

/// Conditional compilation for a system.
const ASKS: &[&str] =
    &["cfg(target", "cfg(unix", "cfg(windows", "cfg(not(", "cfg(any(", "cfg(all(", "cfg_attr(", "cfg!("];

/// A kind of agent for tests only, which is not part of the product.
const KIND_OF_TESTS: &str = "agents/new_kind.rs";

const MOST_LINES: usize = 500;

#[test]
fn the_source_tree_keeps_its_shape() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&src);
    assert!(files.len() > 80, "only {} files found below {}", files.len(), src.display());
    let mut found = Vec::new();
    for file in files {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        found.extend(violations(&name, &fs::read_to_string(&file).unwrap()));
    }
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("xtask/src")) {
        found.extend(form(&file.display().to_string(), &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_rule_of_the_shape_can_be_broken() {
    let long = format!("//! Long.\n{}", "\n".repeat(MOST_LINES));
    for (file, source, complaint) in [
        ("publish/a.rs", "//! A.\nuse crate::evaluate::ip;", "publish may not use crate::evaluate::ip"),
        (
            "publish/a.rs",
            "//! A.\nfn f() { crate::observe::time::now(); }",
            "publish may not use crate::observe",
        ),
        (
            "observe/a.rs",
            "//! A.\nuse crate::{model::Text, evaluate::{a, b}};",
            "observe may not use crate::evaluate::a",
        ),
        (
            "model/a.rs",
            "//! A.\nuse super::super::config::Settings;",
            "model may not use crate::config::Settings",
        ),
        ("agents/a.rs", "//! A.\nuse crate::config::Settings;", "agents may not use crate::config::Settings"),
        ("lib.rs", "//! A.\nuse crate::model::Text;", "lib.rs is in no module of ARROWS"),
        ("evaluate/a.rs", "//! A.\nuse std::{collections::BTreeSet, fs, mem};", "evaluate is pure: std::fs"),
        (
            "evaluate/a.rs",
            "//! A.\nuse std::net::{IpAddr, TcpStream};",
            "evaluate is pure: std::net::TcpStream",
        ),
        ("agents/a.rs", "//! A.\nlet now = SystemTime::now();", "agents is pure: SystemTime::now"),
        ("model/a.rs", "//! A.\nuse tokio::time::sleep;", "model is pure: tokio::time::sleep"),
        ("model/a.rs", "//! A.\nuse std::time::{Duration, Instant};", "model is pure: std::time::Instant"),
        ("observe/a.rs", "//! A.\nlet x = unsafe { f() };", "unsafe"),
        ("observe/a.rs", "//! A.\nuse rustix::fs::open;", "observe/a.rs names rustix::fs::open"),
        (
            "publish/a.rs",
            "//! A.\nuse std::{io, os::fd::OwnedFd};",
            "publish/a.rs names std::os::fd::OwnedFd",
        ),
        (
            "daemon/a.rs",
            "//! A.\nuse windows_service::service::Service;",
            "names windows_service::service::Service",
        ),
        ("daemon/a.rs", "//! A.\nuse tokio::{signal::unix::signal};", "names tokio::signal::unix::signal"),
        ("observe/a.rs", "//! A.\n#[cfg(target_os = \"linux\")]\nfn f() {}", "asks cfg(target"),
        ("observe/a.rs", "use std::fs;", "does not begin with //!"),
        ("observe/a.rs", long.as_str(), "501 lines"),
    ] {
        let said = violations(file, source).join("\n");
        assert!(said.contains(complaint), "{file}: {source:?} gives {said:?}, not {complaint:?}");
    }
    let fine = "//! A.\nuse crate::{agents::address, model::Text};\nuse std::{net::IpAddr, time::SystemTime}; // std::fs";
    assert_eq!(violations("agents/a.rs", fine), Vec::<String>::new());
    let tests = "//! A.\nuse crate::model::Text;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    assert_eq!(violations("evaluate/a.rs", tests), Vec::<String>::new(), "tests may read files");
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
    out.sort();
    out
}

/// Problems of the format of any file.
fn form(file: &str, source: &str) -> Vec<String> {
    let mut out = Vec::new();
    if !source.starts_with("//! ") {
        out.push(format!("{file} does not begin with //!, the sentence that says what it decides"));
    }
    let lines = source.lines().count();
    if lines > MOST_LINES {
        out.push(format!("{file} has {lines} lines"));
    }
    out
}

/// Problems of a file in `src/`.
fn violations(file: &str, source: &str) -> Vec<String> {
    let mut out = form(file, source);
    if file == KIND_OF_TESTS {
        return out;
    }
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).fold(
        String::new(),
        |mut code, line| {
            code.push_str(line);
            code.push('\n');
            code
        },
    );
    let is_unsafe = ["{", "fn", "impl", "extern"].iter().any(|then| code.contains(&format!("unsafe {then}")));
    if is_unsafe && !UNSAFE.contains(&file) {
        out.push(format!("{file} has unsafe code; {UNSAFE:?} alone may"));
    }
    let module = file.split(['/', '.']).next().unwrap_or_default();
    if file == "lib.rs" && !code.contains("crate::") {
        return out;
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        out.push(format!("{file} is in no module of ARROWS"));
        return out;
    };
    // As many `super` as the file is deep are the crate's root. In a test module at the file's end they are one less.
    let (product, tests) = code.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&code, ""));
    let depth = file.split('/').filter(|part| *part != "mod.rs").count();
    let product = product.replace(&"super::".repeat(depth), "crate::");
    let used = [(product.as_str(), "crate"), (product.as_str(), "logagent_exporter"), (tests, "crate")];
    for path in used.into_iter().flat_map(|(code, root)| paths(code, root)) {
        let used = path.split("::").nth(1).unwrap_or_default();
        let known = ARROWS.iter().any(|(name, _)| *name == used);
        if known && used != module && !allowed.contains(&used) {
            out.push(format!("{file}: {module} may not use {path}"));
        }
    }
    out.extend(names_the_system(file, product.as_str()));
    // Tests may read golden files, and are not part of the product.
    if PURE.contains(&module) && !file.contains("/tests") {
        for path in paths(&product, "std").into_iter().chain(paths(&product, "tokio")) {
            if IMPURE.iter().any(|impure| path.starts_with(impure)) || path.ends_with("::Instant") {
                out.push(format!("{file}: {module} is pure: {path}"));
            }
        }
        for now in NOW.iter().filter(|now| product.contains(**now)) {
            out.push(format!("{file}: {module} is pure: {now}"));
        }
    }
    out
}

/// System-specific names and conditional compilation in a file that should not have them. Tests are not part of the
/// product.
fn names_the_system(file: &str, product: &str) -> Vec<String> {
    let is_test = file.contains("/tests") || file.ends_with("/testing.rs") || file.starts_with("fuzzing");
    if is_test || SYSTEM.iter().any(|system| file.starts_with(system)) {
        return Vec::new();
    }
    let roots = OF_ONE_SYSTEM.iter().map(|path| path.split("::").next().unwrap_or_default());
    let mut roots: Vec<&str> = roots.collect();
    roots.sort_unstable();
    roots.dedup();
    let named = roots.into_iter().flat_map(|root| paths(product, root));
    let mut out: Vec<String> = named
        .filter(|path| OF_ONE_SYSTEM.iter().any(|system| path.starts_with(system)))
        .map(|path| format!("{file} names {path}, which only one system has"))
        .collect();
    if !FACADES.contains(&file) {
        // Fuzz targets are not part of the product either.
        let product = product.replace("#[cfg(any(test, fuzzing))]", "");
        let asked = ASKS.iter().filter(|asks| product.contains(**asks));
        out.extend(asked.map(|asks| format!("{file} asks {asks}…); the facades alone do: {FACADES:?}")));
    }
    out
}

/// Every path in `code` that begins with `root::`, with groups expanded: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(code: &str, root: &str) -> Vec<String> {
    let start = format!("{root}::");
    let mut out = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
            let mut rest = code.get(at..).expect("match_indices gives boundaries");
            expand(&mut rest, "", &mut out);
        }
    }
    out
}

/// Takes one path or group off `rest`.
fn expand(rest: &mut &str, prefix: &str, out: &mut Vec<String>) {
    *rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        *rest = group;
        while !rest.is_empty() {
            expand(rest, prefix, out);
            *rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                *rest = after;
                return;
            }
            let Some(after) = rest.strip_prefix(',') else { return };
            *rest = after.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                *rest = after;
                return;
            }
        }
        return;
    }
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(rest.len());
    let (name, after) = rest.split_at(length);
    *rest = after;
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    if let Some(after) = rest.strip_prefix("::") {
        *rest = after;
        expand(rest, &path, out);
        return;
    }
    if let Some(after) = rest.strip_prefix(" as ") {
        *rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    }
    out.push(path);
}
