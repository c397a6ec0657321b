//! Probes from where an agent in a container is: somebody goes there, probes, and tells what came of it.

use std::{fs::File, io, path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ProbeOptions, Prober};
use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{Endpoint, Environment, Probe},
    },
    sys,
};

/// Going there and back takes no longer, on top of the probe.
const JOURNEY: Duration = Duration::from_secs(2);

/// The way into a container: its network and its root directory, held open.
#[derive(Debug, Clone)]
pub struct Door {
    /// Its network namespace.
    pub network: Arc<File>,
    /// Its root directory.
    pub root: Arc<File>,
}

/// What is to be found out there.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    endpoint: Endpoint,
    environment: Reading<Environment>,
    timeout: Duration,
}

/// Probes an endpoint from behind this door, within the timeout and the time for the journey.
pub(super) async fn probe(
    door: &Door,
    (endpoint, environment): (&Endpoint, &Reading<Environment>),
    timeout: Duration,
) -> Reading<Probe> {
    let unread = |reason, detail: &str| {
        let detail = format!("probed from inside its container: {detail}");
        Reading::Unknown(Why::new(reason, endpoint.url.clone(), detail))
    };
    let Some(errands) = sys::errand::helper() else {
        return unread(Reason::Denied, "the exporter may not join its network");
    };
    let question = Question { endpoint: endpoint.clone(), environment: environment.clone(), timeout };
    let Ok(question) = serde_json::to_vec(&question) else {
        return unread(Reason::Failed, "no question can be formed");
    };
    let patience = timeout.saturating_add(JOURNEY);
    match errands.ask((&door.network, &door.root), &question, patience).await {
        Ok(answer) if answer.is_empty() => unread(Reason::Failed, "its network could not be joined"),
        Ok(answer) => serde_json::from_slice(&answer)
            .unwrap_or_else(|_| unread(Reason::Failed, "the answer is not readable")),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            unread(Reason::TimedOut, "no answer in time")
        }
        Err(error) => unread(Reason::Failed, &error.to_string()),
    }
}

/// The whole life of a process that was sent into a container.
///
/// # Errors
/// It could not get there, was asked nothing, or nobody waits any more.
pub fn errand() -> io::Result<()> {
    let mut asker = sys::errand::arrive()?;
    let Question { endpoint, environment, timeout } = serde_json::from_slice(&asker.question()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let prober = Prober::new(ProbeOptions { timeout, rootfs: PathBuf::from("/") });
    let answer = runtime.block_on(prober.probe(&endpoint, &environment));
    // A lookup that hangs must not keep the process from telling.
    runtime.shutdown_background();
    asker.tell(&serde_json::to_vec(&answer)?)
}
