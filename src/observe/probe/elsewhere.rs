//! Probes from inside a container: a process joins it, probes, and reports the result.

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

/// The time allowed for joining the container, in addition to the probe.
const JOIN_TIME: Duration = Duration::from_secs(2);

/// A container's network namespace and root directory, held open.
#[derive(Debug, Clone)]
pub struct ContainerHandle {
    /// Its network namespace.
    pub network: Arc<File>,
    /// Its root directory.
    pub root: Arc<File>,
}

/// The request for a probe from inside a container.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    endpoint: Endpoint,
    environment: Reading<Environment>,
    timeout: Duration,
}

/// Probes an endpoint from inside this container, within the timeout plus the time for joining it.
pub(super) async fn probe(
    handle: &ContainerHandle,
    (endpoint, environment): (&Endpoint, &Reading<Environment>),
    timeout: Duration,
) -> Reading<Probe> {
    let unread = |reason, detail: &str| {
        let detail = format!("probed from inside its container: {detail}");
        Reading::Unknown(Why::new(reason, endpoint.url.clone(), detail))
    };
    let Some(helper) = sys::helper::connection() else {
        return unread(Reason::Denied, "the exporter may not join its network");
    };
    let request = Request { endpoint: endpoint.clone(), environment: environment.clone(), timeout };
    let Ok(request) = serde_json::to_vec(&request) else {
        return unread(Reason::Failed, "the request could not be built");
    };
    let patience = timeout.saturating_add(JOIN_TIME);
    match helper.run((&handle.network, &handle.root), &request, patience).await {
        Ok(answer) if answer.is_empty() => unread(Reason::Failed, "its network could not be joined"),
        Ok(answer) => serde_json::from_slice(&answer)
            .unwrap_or_else(|_| unread(Reason::Failed, "the answer is not readable")),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            unread(Reason::TimedOut, "no answer in time")
        }
        Err(error) => unread(Reason::Failed, &error.to_string()),
    }
}

/// The main function of the process that probes from inside a container.
///
/// # Errors
/// If it could not join the container, got no request, or the caller is gone.
pub fn probe_task() -> io::Result<()> {
    let mut caller = sys::helper::join()?;
    let Request { endpoint, environment, timeout } = serde_json::from_slice(&caller.request()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let prober = Prober::new(ProbeOptions { timeout, rootfs: PathBuf::from("/") });
    let answer = runtime.block_on(prober.probe(&endpoint, &environment));
    // A lookup that hangs must not prevent the process from answering.
    runtime.shutdown_background();
    caller.answer(&serde_json::to_vec(&answer)?)
}
