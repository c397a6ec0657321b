//! Counters and gauges that a publisher or the server keeps about itself, independent of reports.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Values by metric and label values, in the order of the metric's label names.
pub type Counts = BTreeMap<(&'static str, Vec<String>), f64>;

/// A handle to counters that its clones share. The metric's name, type and help are in the table of metrics.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Mutex<Counts>>);

impl Counters {
    /// Adds `by` to a counter.
    pub fn add(&self, metric: &'static str, labels: &[&str], by: f64) {
        *self.lock().entry(key(metric, labels)).or_default() += by;
    }

    /// Sets a gauge.
    pub fn set(&self, metric: &'static str, labels: &[&str], value: f64) {
        self.lock().insert(key(metric, labels), value);
    }

    /// Removes a value whose subject no longer exists.
    pub fn remove(&self, metric: &'static str, labels: &[&str]) {
        self.lock().remove(&key(metric, labels));
    }

    /// All values as they are now.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(metric: &'static str, labels: &[&str]) -> (&'static str, Vec<String>) {
    (metric, labels.iter().map(|label| (*label).to_owned()).collect())
}
