//! The exporter's own clocks: wrong, or ahead of the machine's, so that no test waits for minutes to pass.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use super::Host;

/// What is preloaded, and the file that it reads.
const LIBRARY: &str = "/run/clock.so";
const SHIFT: &str = "/run/clock-shift";

/// How far the exporter's clocks are from the machine's, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    /// Only the wall clock is off by this much.
    wall: i64,
    /// This much time has passed on every clock.
    passed: i64,
    /// The kernel says that its clock is synchronized (1), or that it is not (-1).
    synchronized: i64,
}

impl Shift {
    fn bytes(self) -> Vec<u8> {
        [self.wall, self.passed, self.synchronized].iter().flat_map(|field| field.to_ne_bytes()).collect()
    }

    fn of(bytes: &[u8]) -> Self {
        let mut fields = bytes.chunks_exact(8).map(|field| i64::from_ne_bytes(field.try_into().unwrap()));
        let mut next = || fields.next().unwrap();
        Self { wall: next(), passed: next(), synchronized: next() }
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
    /// From its next start on, the exporter's wall clock is off by this many seconds; its other clocks and other
    /// programs are not affected.
    pub(crate) fn set_exporters_clock(&self, seconds: i64) {
        self.shift_exporters_clocks(Shift { wall: seconds, ..Shift::default() });
    }

    /// From its next start on, time can pass for the exporter.
    pub(crate) fn make_time_pass(&self) {
        self.shift_exporters_clocks(Shift::default());
    }

    /// From its next evaluation on at the latest, this many more seconds have passed since its start for the exporter
    /// than for other programs. The services keep step.
    pub(crate) fn passed(&self, seconds: i64) {
        self.set_services_ahead(seconds);
        self.change_shift(|shift| shift.passed = seconds);
    }

    /// The exporter's wall clock jumps: it is off by this many seconds.
    pub(crate) fn step_exporters_clock(&self, seconds: i64) {
        self.change_shift(|shift| shift.wall = seconds);
    }

    /// The kernel's clock status as the exporter sees it.
    pub(crate) fn kernels_clock_is(&self, synchronized: bool) {
        self.change_shift(|shift| shift.synchronized = if synchronized { 1 } else { -1 });
    }

    fn change_shift(&self, change: impl FnOnce(&mut Shift)) {
        let mut shift = Shift::of(&fs::read(self.at(SHIFT)).unwrap());
        change(&mut shift);
        // In place: the exporter reads this file.
        let file = fs::OpenOptions::new().write(true).open(self.at(SHIFT)).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &shift.bytes(), 0).unwrap();
    }

    fn shift_exporters_clocks(&self, shift: Shift) {
        fs::copy(library(), self.at(LIBRARY)).unwrap();
        self.write(SHIFT, shift.bytes());
    }

    /// The environment variables that it needs.
    pub(super) fn clocks(&self) -> Vec<String> {
        let shifted = self.at(SHIFT).exists();
        let variables = [format!("LD_PRELOAD={LIBRARY}"), format!("CLOCK_SHIFT={SHIFT}")];
        variables.into_iter().filter(|_| shifted).collect()
    }
}
