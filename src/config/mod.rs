//! What the operator wants: the settings of the config file, and the problems of a file.

mod agent;
mod alerting;
mod document;
mod duration;
mod endpoint;
mod file;
mod hosts;
mod nearest;
mod outline;
mod problem;
mod section;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod url;
mod value;
mod variables;
pub mod web;
mod yaml;

pub use document::parse;
pub use duration::{parse_duration, parse_period};
pub use file::{STANDARD_INPUT, load, read};
pub use nearest::nearest;
pub use outline::outline;
pub use problem::{ConfigError, ConfigProblem};

pub use crate::model::settings::{
    AgentSettings, AlertingSettings, AlertmanagerSettings, ClockSettings, CustomProcess, Expectation,
    HostSettings, Settings, UserName,
};
