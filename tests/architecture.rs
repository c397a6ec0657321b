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
    ("fuzzing", &["agents", "config", "evaluate", "model", "net", "observe", "publish", "sys"]),
];

/// Modules without I/O, clock or environment: their output depends only on their input.
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

/// The facades in front of them: the only files that ask which system they are compiled for.
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

/// The attribute of tests that only Linux can run; it is used nowhere else. Only they use features of Linux.
const TESTS_OF_LINUX: &str = "#[cfg(test)]\n#[cfg(target_os = \"linux\")]\n";

/// How code depends on the system of the host that it observes, or that the exporter was built for.
const DEPENDS: &[&str] = &["System::Linux", "System::Windows", "SYSTEM"];

/// Where it may do so without an entry in the list: the facade, the profiles, the definition of the vocabulary, and
/// input for parsers.
const MAY_DEPEND: &[&str] =
    &["sys/", "observe/linux/", "observe/windows/", "agents/", "model/system.rs", "fuzzing"];

/// A kind of agent only for tests; not part of the product.
const KIND_OF_TESTS: [&str; 2] = ["agents/new_kind.rs", "agents/new_kind/on_linux.rs"];

const MOST_LINES: usize = 500;

#[test]
fn the_source_tree_keeps_its_shape() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&src);
    assert!(files.len() > 80, "only {} files found below {}", files.len(), src.display());
    let mut found = Vec::new();
    let sources: Vec<(String, String)> = files.into_iter().map(|file| named(&src, &file)).collect();
    let of_linux: Vec<String> =
        sources.iter().flat_map(|(name, source)| modules_of_linux(name, source)).collect();
    for (name, source) in &sources {
        found.extend(violations(name, source, &of_linux));
    }
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("xtask/src")) {
        found.extend(form(&file.display().to_string(), &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The first cells of a section's table, in rows whose second cell is not empty.
fn told_in_section(document: &str, heading: &str) -> Vec<String> {
    let section = document.split(&format!("## {heading}\n")).nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(file, says)| {
        assert!(says.len() > 10, "{file}: {says:?} says nothing");
        file.to_owned()
    })
    .collect()
}

#[test]
fn what_depends_on_the_system_outside_the_seam_and_what_is_tested_on_linux_alone_is_what_the_document_says() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<_> = rust_files(&src).into_iter().map(|file| named(&src, &file)).collect();
    sources.sort();
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/windows.md")).unwrap();
    let depend: Vec<String> = sources
        .iter()
        .filter(|(name, source)| depends_on_the_system(name, source))
        .map(|(name, _)| format!("src/{name}"))
        .collect();
    assert_eq!(told_in_section(&document, "What depends on the system"), depend, "the document on the left");
    let of_linux: Vec<String> = sources
        .iter()
        .filter(|(_, source)| source.contains(TESTS_OF_LINUX))
        .map(|(name, _)| format!("src/{name}"))
        .collect();
    assert_eq!(told_in_section(&document, "Tests for Linux only"), of_linux, "the document on the left");
    for (file, source, depends) in [
        ("evaluate/rules/a.rs", "//! A.\nif system == System::Windows {}", true),
        ("daemon/a.rs", "//! A.\nuse crate::sys::SYSTEM;", true),
        ("daemon/a.rs", "//! A.\nuse crate::model::System; // SYSTEM", false),
        ("daemon/a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n    System::Linux\n}\n", false),
        ("agents/logtail/a.rs", "//! A.\nif system == System::Windows {}", false),
    ] {
        assert_eq!(depends_on_the_system(file, source), depends, "{file}: {source}");
    }
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
        (
            "observe/a/tests.rs",
            "//! A.\nuse std::os::unix::fs::symlink;",
            "observe/a/tests.rs names std::os::unix::fs::symlink",
        ),
        (
            "observe/a.rs",
            "//! A.\n#[cfg(test)]\nmod tests {\n    use rustix::fs::open;\n}\n",
            "names rustix::fs::open",
        ),
        ("observe/a.rs", "//! A.\n#[cfg(test)]\n#[cfg(target_os = \"linux\")]\nfn f() {}", "asks cfg(target"),
        ("observe/a.rs", "use std::fs;", "does not begin with //!"),
        ("observe/a.rs", long.as_str(), "501 lines"),
    ] {
        let said = violations(file, source, &[]).join("\n");
        assert!(said.contains(complaint), "{file}: {source:?} gives {said:?}, not {complaint:?}");
    }
    let fine = "//! A.\nuse crate::{agents::address, model::Text};\nuse std::{net::IpAddr, time::SystemTime}; // std::fs";
    assert_eq!(violations("agents/a.rs", fine, &[]), Vec::<String>::new());
    let tests = "//! A.\nuse crate::model::Text;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    assert_eq!(violations("evaluate/a.rs", tests, &[]), Vec::<String>::new(), "tests may read files");
    let declared = format!(
        "//! A.\n{TESTS_OF_LINUX}pub(crate) mod b;\n\n{TESTS_OF_LINUX}mod tests {{\n    use libc::c_int;\n}}\n"
    );
    assert_eq!(violations("observe/a.rs", &declared, &[]), Vec::<String>::new());
    let of_linux = modules_of_linux("observe/a.rs", &declared);
    assert_eq!(of_linux, ["observe/a/b"]);
    for file in ["observe/a/b.rs", "observe/a/b/c.rs"] {
        assert_eq!(violations(file, "//! A.\nuse rustix::fs::open;", &of_linux), Vec::<String>::new());
    }
    assert_eq!(modules_of_linux("observe/mod.rs", &declared), ["observe/b"]);
}

/// A file's name below `src`, and what is in it.
fn named(src: &Path, file: &Path) -> (String, String) {
    let name = file.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
    (name, fs::read_to_string(file).unwrap())
}

/// Modules in separate files with tests for Linux only, and their submodules: their paths without `.rs`.
fn modules_of_linux(file: &str, source: &str) -> Vec<String> {
    let directory = file
        .strip_suffix("mod.rs")
        .map_or_else(|| format!("{}/", file.strip_suffix(".rs").unwrap_or(file)), ToOwned::to_owned);
    let declared = source.split(TESTS_OF_LINUX).skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("pub(crate) ").unwrap_or(rest);
        rest.lines().next()?.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(|name| format!("{directory}{name}")).collect()
}

/// The source without comments.
fn without_comments(source: &str) -> String {
    source.lines().flat_map(|line| [line.split("//").next().unwrap_or_default(), "\n"]).collect()
}

/// Its parts: product code, tests at its end, Linux tests at its end.
fn parts(code: &str) -> (&str, &str) {
    let of_linux = format!("{TESTS_OF_LINUX}mod tests {{");
    let code = code.split(&of_linux).next().unwrap_or_default();
    code.split_once("#[cfg(test)]\nmod tests {").unwrap_or((code, ""))
}

/// True if the file decides anything by the system, which needs an entry in the list.
fn depends_on_the_system(file: &str, source: &str) -> bool {
    let may = MAY_DEPEND.iter().any(|may| file.starts_with(may)) || file.contains("/tests");
    let code = without_comments(source);
    let words = |code: &str| code.replace(|c: char| !c.is_alphanumeric() && !"_:".contains(c), " ");
    let product = words(parts(&code).0);
    let mut names = product.split_whitespace();
    !may && names
        .any(|name| DEPENDS.iter().any(|depends| name == *depends || name.ends_with(&format!("::{depends}"))))
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

/// What is wrong with one file of `src/`; `of_linux` are modules with tests for Linux only.
fn violations(file: &str, source: &str, of_linux: &[String]) -> Vec<String> {
    let mut out = form(file, source);
    if KIND_OF_TESTS.contains(&file) {
        return out;
    }
    let code = without_comments(source);
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
    // As many `super` as the file's depth lead to the crate's root. In a module of tests at the end of the file, one
    // more is needed.
    let (product, tests) = parts(&code);
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
    let is_below = |module: &String| {
        file.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    if !of_linux.iter().any(is_below) {
        out.extend(names_the_system(file, &format!("{product}{tests}")));
    }
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

/// Names of one system, or conditions on it, in a file that must not have them.
fn names_the_system(file: &str, code: &str) -> Vec<String> {
    if SYSTEM.iter().any(|system| file.starts_with(system)) {
        return Vec::new();
    }
    let roots = OF_ONE_SYSTEM.iter().map(|path| path.split("::").next().unwrap_or_default());
    let mut roots: Vec<&str> = roots.collect();
    roots.sort_unstable();
    roots.dedup();
    let named = roots.into_iter().flat_map(|root| paths(code, root));
    let mut out: Vec<String> = named
        .filter(|path| OF_ONE_SYSTEM.iter().any(|system| path.starts_with(system)))
        .map(|path| format!("{file} names {path}, which only one system has"))
        .collect();
    if !FACADES.contains(&file) {
        // Fuzz targets are not part of the product, and tests for Linux only are split off where they begin.
        let declared = ["mod ", "pub(crate) mod "].iter().fold(code.to_owned(), |code, declared| {
            code.replace(&format!("{TESTS_OF_LINUX}{declared}"), declared)
        });
        let code = declared.replace("#[cfg(any(test, fuzzing))]", "");
        let asked = ASKS.iter().filter(|asks| code.contains(**asks));
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
