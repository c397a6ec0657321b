//! Where alerts are pushed to, and as whose.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use crate::model::{Language, snapshot::Scheme};

/// How alerts are pushed. Without an Alertmanager none are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertingSettings {
    /// Groups of Alertmanagers, each with its own way in.
    pub alertmanagers: Vec<AlertmanagerSettings>,
    /// Labels of every alert.
    pub labels: BTreeMap<String, String>,
    /// The language of the annotations.
    pub language: Language,
    /// Where the links of alerts lead.
    pub links: AlertLinks,
}

/// Where the links of alerts lead; each without a slash at its end. `None`: as in the bundled rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertLinks {
    /// The directory of the runbooks.
    pub runbook_base: Option<String>,
    /// Grafana.
    pub dashboard_base: Option<String>,
    /// This exporter's own page, as those who are told can open it.
    pub external_url: Option<String>,
}

/// Alertmanagers that are reached in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerSettings {
    /// Members that are always there: host (IPv6 without brackets) and, where one is given, port.
    pub targets: Vec<(String, Option<u16>)>,
    /// Files that name further members. The last part of a path may have one `*`.
    pub target_files: Vec<PathBuf>,
    /// `Http` or `Https`.
    pub scheme: Scheme,
    /// What stands before `/api/v2/alerts`: empty, or with a slash at its beginning and none at its end.
    pub path_prefix: String,
    /// For the whole of a request.
    pub timeout: Duration,
    /// What is sent in `Authorization`.
    pub credentials: Option<HttpCredentials>,
    /// Who is trusted, and as whom we come.
    pub tls: TlsClientSettings,
    /// An HTTP proxy: host and port.
    pub proxy: Option<(String, u16)>,
}

/// What is sent in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpCredentials {
    /// A user and a password.
    Basic {
        /// Who.
        username: String,
        /// With which password.
        password: Secret,
    },
    /// Anything else, mostly a bearer's token.
    Other {
        /// The word before it: `Bearer`.
        scheme: String,
        /// What is to be kept secret.
        credentials: Secret,
    },
}

/// A secret, or where it is. Its `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// In the config itself.
    Inline(String),
    /// In a file of its own, read at each use; blanks around it do not count.
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
    /// Our certificate and its key in PEM.
    pub identity: Option<(Secret, Secret)>,
    /// The name that the server's certificate must be for; `None`: the host's.
    pub server_name: Option<String>,
    /// Any certificate will do.
    pub insecure: bool,
}
