//! 1. Look. The only stage that touches the operating system (`host`) or the network (`probe`). It never judges.

pub mod events;
pub mod host;
pub mod own;
pub mod probe;
pub mod root;
pub mod time;
