//! Where alerts are pushed to, and with which labels.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use crate::model::{Language, snapshot::Scheme};

/// How alerts are pushed. Without an Alertmanager, none are pushed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertingSettings {
    /// Groups of Alertmanagers, each with its own connection settings.
    pub alertmanagers: Vec<AlertmanagerSettings>,
    /// Labels of every alert.
    pub labels: BTreeMap<String, String>,
    /// The language of the annotations.
    pub language: Language,
    /// The bases of the links in alerts.
    pub links: AlertLinks,
}

/// The bases of the links in alerts, each without a trailing slash. `None`: as in the bundled rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertLinks {
    /// The directory of the runbooks.
    pub runbook_base: Option<String>,
    /// Grafana.
    pub dashboard_base: Option<String>,
    /// This exporter's own page, as recipients of alerts can open it.
    pub external_url: Option<String>,
}

/// Alertmanagers that are reached in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerSettings {
    /// Static members: host (IPv6 without brackets) and port, if given.
    pub targets: Vec<(String, Option<u16>)>,
    /// Files with further members. The last part of a path may have one `*`.
    pub target_files: Vec<PathBuf>,
    /// `Http` or `Https`.
    pub scheme: Scheme,
    /// The prefix of `/api/v2/alerts`: empty, or with a leading and without a trailing slash.
    pub path_prefix: String,
    /// The deadline of a whole request.
    pub timeout: Duration,
    /// The value of `Authorization`.
    pub credentials: Option<HttpCredentials>,
    /// The trusted authorities, and the client certificate.
    pub tls: TlsClientSettings,
    /// An HTTP proxy: host and port.
    pub proxy: Option<(String, u16)>,
}

/// What is sent in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpCredentials {
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Anything else, mostly a bearer token.
    Other {
        /// Its scheme, such as `Bearer`.
        scheme: String,
        /// The credentials.
        credentials: Secret,
    },
}

/// A secret, or where it is. Its `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// In the config itself.
    Inline(String),
    /// In a separate file, read at each use; surrounding blanks are ignored.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("***"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The client's side of TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsClientSettings {
    /// Authorities in PEM; `None`: those of the system.
    pub authorities: Option<Secret>,
    /// The client certificate and its key in PEM.
    pub identity: Option<(Secret, Secret)>,
    /// The name that the server's certificate must be for; `None`: the host's.
    pub server_name: Option<String>,
    /// True if any server certificate is accepted.
    pub insecure: bool,
}
