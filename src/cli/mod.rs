//! The command line and its output on the terminal.

pub mod alerts;
pub mod ask;
pub mod bundle;
pub mod check;
pub mod explain;
pub mod flags;
pub mod healthcheck;
pub mod invocation;
pub mod service;

pub use flags::{definition, parse, version};
pub use invocation::{
    Color, Command, Format, Invocation, ListenAddress, LogFormat, LogLevel, Options, Parsed, UsageError, View,
};
