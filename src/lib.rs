//! logagent-exporter: facts in, verdicts out.
//!
//! ```text
//!  observe ──Snapshot──▶ evaluate ──Report──▶ publish
//!     ▲                     │                    │
//!     └── daemon::cycle: the loop, and the only memory over time
//! ```
//!
//! Modules in pipeline order; dependencies between them point one way only (enforced by
//! `tests/architecture.rs`).

pub mod model;

pub mod agents;
pub mod config;
mod net;

pub mod catalog;
pub mod evaluate;
pub mod observe;
pub mod publish;

pub mod alerting;

pub mod http;

pub mod cli;
pub mod daemon;

pub mod sys;

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
