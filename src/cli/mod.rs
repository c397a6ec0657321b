//! What is typed and what is shown on the terminal.

pub mod check;
pub mod explain;
pub mod flags;
pub mod invocation;

pub use flags::{definition, parse, version};
pub use invocation::{
    Command, Format, Invocation, ListenAddress, LogFormat, LogLevel, Options, Parsed, UsageError,
};
