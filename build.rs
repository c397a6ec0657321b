//! Tells the binary what it was built from: revision, compiler and target, or `unknown` where that cannot be had. Tells the
//! linker in which order functions lie in a release.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    tell("LOGAGENT_REVISION", revision().as_deref());
    tell("LOGAGENT_RUSTC", answer(&rustc, &["-V"]).as_deref());
    tell("LOGAGENT_TARGET", env::var("TARGET").ok().as_deref());
    println!("cargo::rerun-if-changed={LINK_ORDER}");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release")
        && let Some(argument) = link_order(&rustc)
    {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

/// The functions that a running exporter uses, in the order of their first use (`make link-order`). What is used lies together
/// then, and a fifth less of the program is in memory. Names that no longer exist are ignored.
const LINK_ORDER: &str = "link-order.txt";

/// The linker's argument for that, if this linker knows it (lld does) and links for the machine that the order is of.
fn link_order(rustc: &str) -> Option<String> {
    let file = Path::new(&env::var("CARGO_MANIFEST_DIR").ok()?).join(LINK_ORDER);
    let argument = format!("-Wl,--no-warn-symbol-ordering,--symbol-ordering-file={}", file.to_str()?);
    let out = PathBuf::from(env::var("OUT_DIR").ok()?);
    let program = out.join("links.rs");
    std::fs::write(&program, "fn main() {}").ok()?;
    let mut attempt = Command::new(rustc);
    attempt.arg(&program).arg("--out-dir").arg(&out).args(["--target", &env::var("TARGET").ok()?]);
    attempt.args(["-C", &format!("link-arg={argument}")]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        attempt.args(["-C", &format!("linker={linker}")]);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    attempt.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    let linked = attempt.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    linked.is_ok_and(|status| status.success()).then_some(argument)
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
