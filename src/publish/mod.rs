//! 3. Publish. Renders one immutable report in every format; independent of rules and of the operating system.

pub mod folded;
pub mod json;
pub mod metrics;
pub mod openmetrics;
pub mod page;
pub mod published;
mod samples;
pub mod text;
mod verdict;
pub mod words;

#[cfg(test)]
pub(crate) mod sample;

pub use published::Published;
pub use verdict::Verdict;
