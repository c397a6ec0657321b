//! Access control: TLS, passwords, headers and the rate of requests, according to the current
//! `--web.config.file`.
//!
//! The file and those that it refers to are checked for every connection and request, on the blocking pool
//! and under a deadline, and read again when one has changed. If they are unusable, the previous settings
//! stay in effect, and the log and a metric report it.

mod password;
mod rate;
mod tls;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::ServerConfig;
use tokio::time::Instant;
use tracing::{error, info, warn};

use self::{password::Passwords, rate::Bucket};
use crate::{
    config::{
        self, ConfigError, ConfigProblem,
        web::{PemSource, RateLimit, User, WebConfig},
    },
    model::counters::Counters,
    net::single_flight::SingleFlight,
    sys,
};

pub(super) use self::password::Admission;

/// The deadline for checking the files: if their file system hangs, the known settings stay in effect.
const LOOK: Duration = Duration::from_millis(500);

/// The metric that says whether the file, as it is now, is in effect.
const SUCCESSFUL: &str = "logagent_web_config_last_reload_successful";

/// What is in force.
pub(super) struct Active {
    /// TLS; `None`: plain HTTP.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Headers of every answer; without a value: removed.
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    users: Vec<User>,
    rate_limit: Option<RateLimit>,
}

/// Identifies a version of a file.
type Stamp = Vec<Option<sys::file::Stamp>>;

/// The access control of the server.
pub struct Security {
    shared: Option<Arc<Shared>>,
    looks: SingleFlight<Arc<Active>>,
    passwords: Passwords,
    bucket: Bucket,
    open: Arc<Active>,
}

struct Shared {
    file: PathBuf,
    counters: Counters,
    state: Mutex<State>,
}

struct State {
    active: Arc<Active>,
    /// The files that were last checked, and their versions.
    files: Vec<PathBuf>,
    stamp: Stamp,
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security").finish_non_exhaustive()
    }
}

impl Security {
    /// For a server without access control.
    pub fn open() -> Self {
        Self::with(None)
    }

    /// As `file` says. Blocks on the file system.
    ///
    /// # Errors
    /// All problems of the file, or the first problem of the files that it refers to.
    pub fn load(file: PathBuf, counters: Counters) -> Result<Self, ConfigError> {
        let mut files = vec![file.clone()];
        let stamp_before = stamp(&files);
        let active = Arc::new(load(&file, None, &mut files)?);
        let mut stamp = stamp(&files);
        // Changed while it was read: read again at the next check.
        if let (Some(before), Some(first)) = (stamp_before.first(), stamp.first_mut())
            && before != first
        {
            *first = None;
        }
        info!(file = %file.display(), tls = active.tls.is_some(), users = active.users.len(), "web config loaded");
        counters.set(SUCCESSFUL, &[], 1.0);
        let state = Mutex::new(State { active, files, stamp });
        Ok(Self::with(Some(Arc::new(Shared { file, counters, state }))))
    }

    fn with(shared: Option<Arc<Shared>>) -> Self {
        let open = Active { tls: None, headers: Vec::new(), users: Vec::new(), rate_limit: None };
        Self {
            shared,
            looks: SingleFlight::new(),
            passwords: Passwords::new(),
            bucket: Bucket::default(),
            open: Arc::new(open),
        }
    }

    /// True if TLS was configured when last checked.
    pub fn speaks_tls(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.active().tls.is_some())
    }

    /// The settings in effect.
    pub(super) async fn current(&self) -> Arc<Active> {
        let Some(shared) = &self.shared else { return Arc::clone(&self.open) };
        let look = Arc::clone(shared);
        let looked = self.looks.join("", Instant::now() + LOOK, move || async move {
            let kept = Arc::clone(&look);
            tokio::task::spawn_blocking(move || look.look()).await.unwrap_or_else(|_| kept.active())
        });
        match looked.await {
            Some(active) => active,
            None => shared.active(),
        }
    }

    /// Whether one more request may be answered.
    pub(super) fn is_within_rate(&self, active: &Active) -> bool {
        self.bucket.take(active.rate_limit)
    }

    /// Whether the credentials in `headers` are right.
    pub(super) async fn judge(&self, active: &Active, headers: &HeaderMap) -> Admission {
        self.passwords.judge(&active.users, headers).await
    }
}

impl Active {
    /// Sets the configured headers of an answer.
    pub(super) fn set_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
    }
}

impl Shared {
    fn active(&self) -> Arc<Active> {
        Arc::clone(&self.state.lock().unwrap_or_else(PoisonError::into_inner).active)
    }

    /// Checks the files, and reads them if one has changed. Blocks on the file system.
    fn look(&self) -> Arc<Active> {
        let (files, known, before) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.files.clone(), state.stamp.clone(), Arc::clone(&state.active))
        };
        if stamp(&files) == known {
            return before;
        }
        let mut files = vec![self.file.clone()];
        // Taken before they are read: a change in the meantime is found by the next check.
        let first = stamp(&files);
        let loaded = load(&self.file, Some(&before), &mut files);
        let mut stamp = stamp(&files);
        stamp.splice(..first.len().min(stamp.len()), first);
        let active = match loaded {
            Ok(active) => {
                info!(file = %self.file.display(), "web config loaded again");
                self.counters.set(SUCCESSFUL, &[], 1.0);
                Arc::new(active)
            }
            Err(problems) => {
                error!("web config: the previous settings stay in effect: {problems}");
                self.counters.set(SUCCESSFUL, &[], 0.0);
                before
            }
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { active: Arc::clone(&active), files, stamp };
        active
    }
}

/// Reads `file` and the files that it refers to, which are added to `files`. `before` are the settings in effect.
fn load(file: &Path, before: Option<&Active>, files: &mut Vec<PathBuf>) -> Result<Active, ConfigError> {
    let failed = |line, key: String, message: String| ConfigError {
        file: file.to_owned(),
        problems: vec![ConfigProblem { line, key, message }],
    };
    let text = config::read(file).map_err(|why| failed(None, String::new(), why))?;
    let (config, warnings) = config::web::parse(&text, file)?;
    let named =
        config.tls.iter().flat_map(|tls| [Some(&tls.certificate), Some(&tls.key), tls.client_ca.as_ref()]);
    for pem in named.flatten() {
        if let PemSource::File(path) = &pem.source {
            files.push(path.clone());
        }
    }
    // A file that is being written is incomplete for a moment, and a mistake must not remove the protection.
    let opened = |what: &str| {
        failed(
            None,
            what.to_owned(),
            "was in effect and has been removed; restart the exporter to run without it".to_owned(),
        )
    };
    if config.tls.is_none() && before.is_some_and(|before| before.tls.is_some()) {
        return Err(opened("tls_server_config"));
    }
    if config.users.is_empty() && before.is_some_and(|before| !before.users.is_empty()) {
        return Err(opened("basic_auth_users"));
    }
    let tls = config
        .tls
        .as_ref()
        .map(|tls| tls::server(tls, config.http2))
        .transpose()
        .map_err(|unusable| failed(Some(unusable.line), unusable.key, unusable.message))?;
    for warning in warnings {
        warn!(file = %file.display(), "{warning}");
    }
    let WebConfig { headers, users, rate_limit, .. } = config;
    Ok(Active { tls, headers: headers.into_iter().filter_map(header).collect(), users, rate_limit })
}

fn header((name, value): (&'static str, String)) -> Option<(HeaderName, Option<HeaderValue>)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    if value.is_empty() {
        return Some((name, None));
    }
    Some((name, Some(HeaderValue::from_str(&value).ok()?)))
}

fn stamp(files: &[PathBuf]) -> Stamp {
    files.iter().map(|path| fs::metadata(path).ok().map(|found| sys::file::stamp(&found))).collect()
}
