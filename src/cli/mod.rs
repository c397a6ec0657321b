//! What is typed and what is shown on the terminal.

pub mod explain;
pub mod flags;

pub use flags::{
    Command, Format, Invocation, ListenAddress, LogFormat, LogLevel, Options, Parsed, UsageError, parse,
};
