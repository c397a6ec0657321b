//! Tells the binary what it was built from: revision, compiler and target, or `unknown` if not available. Packs
//! the relocations of a static release.

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
    if env::var("PROFILE").is_ok_and(|profile| profile == "release")
        && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "musl")
        && env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|machine| machine == env::consts::ARCH)
        && packs_relocations(&rustc) == Some(true)
    {
        println!("cargo::rustc-link-arg-bins={PACKED_RELOCATIONS}");
    }
}

/// A position-independent program contains a list of addresses to relocate at startup; packed, it takes a hundredth of
/// the space, on disk and in memory.
const PACKED_RELOCATIONS: &str = "-Wl,-z,pack-relative-relocs";

/// True if this linker packs them, and this C library (musl 1.2.4) unpacks them: a program is linked so, and run.
fn packs_relocations(rustc: &str) -> Option<bool> {
    let out = PathBuf::from(env::var("OUT_DIR").ok()?);
    let (source, program) = (out.join("packed.rs"), out.join("packed"));
    std::fs::write(&source, "fn main() { assert_eq!(std::env::args().count(), 1); }").ok()?;
    let mut attempt = Command::new(rustc);
    attempt.arg(&source).arg("-o").arg(&program).args(["--target", &env::var("TARGET").ok()?]);
    attempt.args(["-C", &format!("link-arg={PACKED_RELOCATIONS}")]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        attempt.args(["-C", &format!("linker={linker}")]);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    attempt.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    Some(succeeds(&mut attempt) && succeeds(&mut Command::new(program)))
}

fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
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

/// The first line that a program prints, if it exists and succeeds.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}
