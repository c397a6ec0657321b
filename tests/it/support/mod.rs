//! A separate machine for each test, with agents, the exporter and services on it.

mod authority;
pub(crate) mod breakages;
mod clock;
mod exporter;
mod host;
mod http;
pub(crate) mod layouts;
pub(crate) mod paging;
pub(crate) mod pushing;
mod seen;
mod service;
mod webhook;

use std::time::{Duration, Instant};

pub(crate) use authority::Certificate;
pub(crate) use exporter::{Exporter, PORT, User, fault, fault_at_start};
pub(crate) use host::Host;
pub(crate) use http::{Connection, Response};
pub(crate) use seen::{Sample, Seen};
pub(crate) use service::Answer;

/// The deadline for every condition: far longer than needed, so that no test fails on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Repeats until there is a result; panics with the last error at the deadline.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Result<T, String>) -> T {
    eventually_after(Duration::ZERO, what, ask)
}

/// The same for a condition that cannot hold before `patience` has passed.
#[track_caller]
pub(crate) fn eventually_after<T>(
    patience: Duration,
    what: &str,
    mut ask: impl FnMut() -> Result<T, String>,
) -> T {
    #[expect(clippy::disallowed_methods, reason = "real processes run on real time")]
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(complaint) if started.elapsed() > patience + DEADLINE => panic!("{what}: {complaint}"),
            Err(_) => {}
        }
        #[expect(clippy::disallowed_methods, reason = "between two questions, not instead of one")]
        std::thread::sleep(Duration::from_millis(15));
    }
}
