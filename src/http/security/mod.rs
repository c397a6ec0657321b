//! How the server is locked: TLS, passwords, headers, the rate of requests, as `--web.config.file` says at this moment.
//!
//! The file and those that it names are looked at for every connection and request, on the blocking pool and under a deadline, and
//! read again when one has changed. What cannot be used leaves in force what was, and is said in the log and in a metric.

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

/// How long a look at the files may take: on a file system that hangs, what is known goes on to count.
const LOOK: Duration = Duration::from_millis(500);

/// The metric that says whether the file, as it is now, is in force.
const SUCCESSFUL: &str = "logagent_web_config_last_reload_successful";

/// What is in force.
pub(super) struct Active {
    /// TLS, unless plain HTTP is spoken.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Headers of every answer; without a value: left out.
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    users: Vec<User>,
    rate_limit: Option<RateLimit>,
}

/// What tells that a file changed.
type Stamp = Vec<Option<sys::file::Stamp>>;

/// The lock of the server.
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
    /// The files that were last looked at, and what they were then.
    files: Vec<PathBuf>,
    stamp: Stamp,
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security").finish_non_exhaustive()
    }
}

impl Security {
    /// Of a server that is open to all.
    pub fn open() -> Self {
        Self::with(None)
    }

    /// As `file` says. Blocks on the file system.
    ///
    /// # Errors
    /// Everything that is wrong with it, or the first thing that is wrong with what it names.
    pub fn load(file: PathBuf, counters: Counters) -> Result<Self, ConfigError> {
        let mut files = vec![file.clone()];
        let stamp_before = stamp(&files);
        let active = Arc::new(load(&file, None, &mut files)?);
        let mut stamp = stamp(&files);
        // Changed while it was read: read again at the next look.
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

    /// What is in force now.
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

    /// Looks at the files, and reads them if one has changed. Blocks on the file system.
    fn look(&self) -> Arc<Active> {
        let (files, known, before) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.files.clone(), state.stamp.clone(), Arc::clone(&state.active))
        };
        if stamp(&files) == known {
            return before;
        }
        let mut files = vec![self.file.clone()];
        // Before they are read: a change meanwhile is found by the next look.
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
                error!("web config: what was in force stays in force: {problems}");
                self.counters.set(SUCCESSFUL, &[], 0.0);
                before
            }
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { active: Arc::clone(&active), files, stamp };
        active
    }
}

/// Reads `file` and what it names; `files` gets the latter. `before` is what is in force.
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
    // A file that is being written is short for a moment; and what was locked is not to be opened by a slip.
    let opened = |what: &str| {
        failed(
            None,
            what.to_owned(),
            "was in force and is gone; to go without, restart the exporter".to_owned(),
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
