//! Single flight: at most one job under way for each key.
//!
//! A hung resolver or file system cannot be interrupted: its thread stays blocked until the kernel returns.
//! Starting another job for the same thing would only block another thread, so further callers wait for the first one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

type Running<V> = Arc<Mutex<HashMap<String, watch::Receiver<Option<V>>>>>;

/// Jobs under way, by key.
#[derive(Debug)]
pub(crate) struct SingleFlight<V> {
    running: Running<V>,
}

impl<V: Clone + Send + Sync + 'static> SingleFlight<V> {
    pub(crate) fn new() -> Self {
        Self { running: Arc::default() }
    }

    /// The job's result, or `None` if it did not come before the deadline. `start` is called only if no job with this
    /// key is under way. A job outlives its waiters, so giving up is cheap and leaves nothing inconsistent.
    pub(crate) async fn join<F>(&self, key: &str, deadline: Instant, start: impl FnOnce() -> F) -> Option<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut result = self.started(key, start);
        timeout_at(deadline, result.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    fn started<F>(&self, key: &str, start: impl FnOnce() -> F) -> watch::Receiver<Option<V>>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = running.get(key) {
            return result.clone();
        }
        let (finished, result) = watch::channel(None);
        running.insert(key.to_owned(), result.clone());
        let slot = Slot { running: Arc::clone(&self.running), key: key.to_owned() };
        let job = start();
        tokio::spawn(async move {
            let _slot = slot;
            finished.send_replace(Some(job.await));
        });
        result
    }
}

/// Frees the key when the job ends for whatever reason.
struct Slot<V> {
    running: Running<V>,
    key: String,
}

impl<V> Drop for Slot<V> {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_hung_job_is_joined_and_not_started_again() {
        let jobs = SingleFlight::new();
        let (started, release) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let ask = |within: Duration| {
            let (started, release) = (Arc::clone(&started), Arc::clone(&release));
            jobs.join("name", Instant::now() + within, move || {
                started.fetch_add(1, Ordering::SeqCst);
                async move {
                    release.notified().await;
                    7
                }
            })
        };
        let (soon, patient) = (Duration::from_millis(20), Duration::from_mins(1));
        assert_eq!(ask(soon).await, None);
        assert_eq!(ask(soon).await, None);
        assert_eq!(started.load(Ordering::SeqCst), 1);
        release.notify_one();
        assert_eq!(ask(patient).await, Some(7));
        assert_eq!(started.load(Ordering::SeqCst), 1);
        tokio::task::yield_now().await;
        release.notify_one();
        assert_eq!(ask(patient).await, Some(7));
        assert_eq!(started.load(Ordering::SeqCst), 2, "a finished job's key is free again");
    }
}
