//! Logtail's processes: each way in which they can be wrong, and right again.

use crate::support::{Host, layouts::*};

#[test]
fn a_healthy_logtail_is_silent() {
    let host = Host::with_logtail();
    host.exporter().shows(&[]);
}

#[test]
fn a_healthy_logtail_meets_every_expectation() {
    let host = Host::with_logtail();
    host.exporter_of(EXPECT_ALL).shows(&[]);
}
