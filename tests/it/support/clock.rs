//! The exporter's own clocks: wrong, or ahead of the machine's, so that no test waits for minutes to pass.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use super::Host;

/// What is preloaded, and the file that it looks at.
const LIBRARY: &str = "/run/clock.so";
const SHIFT: &str = "/run/clock-shift";

/// How far the exporter's clocks are from the machine's, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    /// The wall clock alone is off by so much.
    wall: i64,
    /// So much has passed on every clock.
    passed: i64,
}

impl Shift {
    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.wall.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.passed.to_ne_bytes());
        bytes
    }
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clock.so");
        let compiled = Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o"])
            .args([&library, Path::new(source)])
            .output()
            .expect("cc (package gcc) starts");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        library
    })
}

impl Host {
    /// From its next start on, the exporter's wall clock is off by so many seconds; its other clocks and whoever else runs are right.
    pub(crate) fn set_exporters_clock(&self, seconds: i64) {
        self.shift_exporters_clocks(Shift { wall: seconds, passed: 0 });
    }

    /// From its next start on, time can pass for the exporter.
    pub(crate) fn make_time_pass(&self) {
        self.shift_exporters_clocks(Shift::default());
    }

    /// So many seconds have passed for the exporter since its start that have not for others, now or from its next evaluation on.
    /// The services keep step.
    pub(crate) fn passed(&self, seconds: i64) {
        self.set_services_ahead(seconds);
        // In place: the exporter looks at this very file.
        let file = fs::OpenOptions::new().write(true).open(self.at(SHIFT)).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &Shift { wall: 0, passed: seconds }.bytes(), 0)
            .unwrap();
    }

    fn shift_exporters_clocks(&self, shift: Shift) {
        fs::copy(library(), self.at(LIBRARY)).unwrap();
        self.write(SHIFT, shift.bytes());
    }

    /// What the exporter's environment has to say for it.
    pub(super) fn clocks(&self) -> Vec<String> {
        let shifted = self.at(SHIFT).exists();
        let variables = [format!("LD_PRELOAD={LIBRARY}"), format!("CLOCK_SHIFT={SHIFT}")];
        variables.into_iter().filter(|_| shifted).collect()
    }
}
