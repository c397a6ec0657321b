//! Tells the binary what it was built from: revision, compiler and target, or `unknown` where that cannot be had.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    tell("LOGAGENT_REVISION", revision().as_deref());
    tell("LOGAGENT_RUSTC", answer(&rustc, &["-V"]).as_deref());
    tell("LOGAGENT_TARGET", env::var("TARGET").ok().as_deref());
}

fn tell(name: &str, value: Option<&str>) {
    println!("cargo::rustc-env={name}={}", value.unwrap_or("unknown"));
}

/// The commit that is checked out here. A source archive unpacked inside some other repository has none.
fn revision() -> Option<String> {
    let here = Path::new(&env::var("CARGO_MANIFEST_DIR").ok()?).canonicalize().ok()?;
    let top = Path::new(&answer("git", &["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    if here != top {
        return None;
    }
    // A commit moves HEAD's log whatever the branch is called, and works for linked worktrees too.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = answer("git", &["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    answer("git", &["rev-parse", "--short=12", "HEAD"])
}

/// The first line that a program prints, if it is there and succeeds.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}
