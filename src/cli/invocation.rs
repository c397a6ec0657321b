//! The meaning of a parsed command line.

use std::{fmt, path::PathBuf, time::Duration};

use crate::{
    model::{Language, authority},
    sys::ServiceRequest,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Help or version: printed on standard output, with exit code 0.
    Print(String),
    /// A command to run.
    Invocation(Box<Invocation>),
}

/// A command and the options it runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// How.
    pub options: Options,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run the exporter.
    Run,
    /// Evaluate once and print the diagnosis.
    Check {
        /// What to print, and how.
        view: View,
        /// Evaluates the host itself, even if an exporter is running.
        local: bool,
    },
    /// Check whether the running exporter is healthy.
    Healthcheck,
    /// Print the catalogue, or one entry.
    Explain {
        /// The id of a cause or of a prerequisite.
        entry: Option<String>,
        /// In which language.
        language: Language,
        /// In which form.
        format: Format,
    },
    /// Send a test alert to each Alertmanager.
    AlertsTest {
        /// The language of the output.
        language: Language,
    },
    /// Validate a config file.
    ConfigCheck {
        /// The file.
        file: PathBuf,
    },
    /// Control the exporter's own service through the system's service manager.
    Service(ServiceRequest),
}

impl Command {
    /// True for commands that may read with privileges, and probe from inside a container's network.
    pub fn looks_at_agents(&self) -> bool {
        match self {
            Self::Run | Self::Check { .. } => true,
            Self::Healthcheck
            | Self::Explain { .. }
            | Self::AlertsTest { .. }
            | Self::ConfigCheck { .. }
            | Self::Service(_) => false,
        }
    }
}

/// What `check` prints, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// In which form.
    pub format: Format,
    /// In which language.
    pub language: Language,
    /// In colour.
    pub color: Color,
    /// Nothing: only the exit code.
    pub quiet: bool,
    /// All that was seen.
    pub verbose: bool,
    /// Show only this agent.
    pub agent: Option<String>,
    /// Where the support bundle is written.
    pub bundle: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// For a person at a terminal.
    Auto,
    /// Also into a pipe.
    Always,
    /// Not at all.
    Never,
}

/// How `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// The document of `/api/v1/report`.
    Json,
}

/// The least important event that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What changes.
    Info,
    /// What needs attention.
    Warn,
    /// What failed.
    Error,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value`.
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// All settings from flags and environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The config file; `None`: agents are detected.
    pub config_file: Option<PathBuf>,
    /// Where to listen; never empty, without duplicates.
    pub listen_addresses: Vec<ListenAddress>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// The file with TLS and passwords; `None`: plain HTTP for all.
    pub web_config: Option<PathBuf>,
    /// Use sockets passed by systemd instead.
    pub systemd_socket: bool,
    /// Reloads may be requested over HTTP.
    pub lifecycle: bool,
    /// Further names that browsers may know this host by.
    pub allowed_hosts: Vec<String>,
    /// Where the watched host's files are.
    pub rootfs: PathBuf,
    /// Where the watched host's proc is; `None`: in the rootfs.
    pub procfs: Option<PathBuf>,
    /// Time between evaluations.
    pub evaluation_interval: Duration,
    /// Time between probes of one endpoint, before jitter.
    pub probe_interval: Duration,
    /// The deadline of one probe over all its phases.
    pub probe_timeout: Duration,
    /// What is logged.
    pub log_level: LogLevel,
    /// How it is logged.
    pub log_format: LogFormat,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// TCP.
    Tcp {
        /// Host name or address, IPv6 without brackets; `None`: all interfaces, both families.
        host: Option<String>,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// A Unix socket at this path.
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => {
                write!(f, "{}:{port}", host.as_deref().map(authority::bracketed).unwrap_or_default())
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The command line cannot be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong and what would be right; for standard error.
    pub message: String,
    /// The exit code: 3 for `check` (where 1 and 2 are diagnoses), else 2.
    pub exit_code: u8,
}
