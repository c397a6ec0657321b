//! What a command line means, once it is understood.

use std::{fmt, path::PathBuf, time::Duration};

use crate::{
    model::{Language, authority},
    sys::ServiceRequest,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Help or version: to print on standard output, and success.
    Print(String),
    /// A command to carry out.
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
        /// Looks itself, whether an exporter runs or not.
        local: bool,
    },
    /// Tell whether the running exporter is healthy.
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
        /// In which language it is said what they answer.
        language: Language,
    },
    /// Validate a config file.
    ConfigCheck {
        /// The file.
        file: PathBuf,
    },
    /// Have the system's service manager do something with the exporter's own service.
    Service(ServiceRequest),
}

impl Command {
    /// True for those that may read what only privileges open, and probe from inside a container's network.
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
    /// Nothing: the exit code says it.
    pub quiet: bool,
    /// All that was seen.
    pub verbose: bool,
    /// Of this agent alone.
    pub agent: Option<String>,
    /// Where what support needs is written.
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

/// Everything that flags and environment set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The config file; `None`: agents are detected.
    pub config_file: Option<PathBuf>,
    /// Where to listen; never empty, none twice.
    pub listen_addresses: Vec<ListenAddress>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// The file with TLS and passwords; `None`: plain HTTP for all.
    pub web_config: Option<PathBuf>,
    /// Sockets are handed over by systemd instead.
    pub systemd_socket: bool,
    /// A reload may be asked for by HTTP.
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

/// What was said cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong, and what is right; for standard error.
    pub message: String,
    /// The exit code: 3 for `check` (where 1 and 2 are diagnoses), else 2.
    pub exit_code: u8,
}
