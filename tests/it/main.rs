//! End-to-end tests: the real program, on separate machines with real processes, files, interfaces and servers.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![expect(clippy::float_cmp, reason = "the metrics compared here are whole numbers")]
#![expect(clippy::print_stdout, reason = "what a failed test has to say besides")]

mod agent_log;
mod asking;
mod budget;
mod bundle;
mod commands;
mod container_networks;
mod containers;
mod crowds;
mod custom;
mod events;
mod fleet;
mod golden;
mod hostile_files;
mod hung;
mod lifecycle;
mod log;
mod loglistener;
mod logtail_ip;
mod logtail_network;
mod logtail_parameters;
mod logtail_processes;
mod odd_hosts;
mod pages;
mod paging;
mod prometheus;
mod pushing;
mod remedies;
mod rotation;
mod scrapes;
mod storms;
mod support;
mod surroundings;
mod trust;
mod unprivileged;
mod versions;
