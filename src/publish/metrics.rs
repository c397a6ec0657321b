//! Every metric, once: name, type, help, labels, and where its samples come from.
//!
//! Rendered into the families of the `prometheus` crate, from which both text formats are encoded.

use std::{collections::BTreeSet, iter};

use prometheus::{
    Encoder as _, TextEncoder,
    proto::{Counter, Gauge, LabelPair, Metric as Sample, MetricFamily, MetricType},
};

use super::{samples, words};
use crate::model::{
    own::SelfFacts,
    report::{Limit, Report},
};

/// The longest label value, in characters: file contents must not become unbounded label values.
const LONGEST_LABEL: usize = 200;

/// The maximum number of endpoints, addresses or files of one agent that become series: an agent's config may hold
/// thousands, and the JSON report has them all.
const MOST_PER_AGENT: usize = 100;

/// The metric about bounds.
const LIMITS: &str = "logagent_limit_reached";

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only increases, and starts at zero with the exporter.
    Counter,
    /// May increase and decrease.
    Gauge,
}

/// The input for rendering metrics.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The report.
    pub report: &'a Report,
    /// The exporter's own process.
    pub own: Option<&'a SelfFacts>,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Name as in text 0.0.4 (counters end in `_total`).
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// One sentence for people.
    pub help: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
    samples: fn(View<'_>, &mut Samples),
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(View<'_>, &mut Samples),
) -> Metric {
    Metric { name, kind: Kind::Gauge, help, labels, samples }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(View<'_>, &mut Samples),
) -> Metric {
    Metric { name, kind: Kind::Counter, help, labels, samples }
}

const ROLE: &[&str] = &["agent", "role"];
const ALERTMANAGER: &[&str] = &["alertmanager"];
const ENDPOINT: &[&str] = &["agent", "purpose", "url"];

/// Every metric, in the order in which it is published.
#[rustfmt::skip] // one metric per line: a table
pub static METRICS: &[Metric] = &[
    gauge("logagent_exporter_build_info", &["version", "revision", "rustc", "target"], "What this exporter was built from; always 1.", samples::build_info),
    gauge("logagent_agents", &[], "Log-collection agents that are watched.", samples::agents),
    gauge("logagent_agent_info", &["agent", "kind", "version", "hostname", "instance_id", "container", "pod", "namespace"], "The watched agents; always 1. The last three labels are empty except for an agent in a container whose names are known.", samples::agent_info),
    gauge("logagent_status", &["agent", "status"], "Roll-up over the heartbeat's prerequisites: 1 for the current state, 0 for the others.", samples::status),
    gauge("logagent_prerequisite_status", &["agent", "prerequisite", "status"], "State of each prerequisite of the heartbeat that applies: 1 for the current state, 0 for the others.", samples::prerequisite_status),
    gauge("logagent_problem", &["agent", "prerequisite", "cause", "severity"], "1 for each cause that is active and not explained by another; absent once it is fixed.", samples::problem),
    gauge("logagent_problem_since_timestamp_seconds", &["agent", "prerequisite", "cause"], "When the cause was first seen, in seconds since the epoch.", samples::problem_since),
    counter("logagent_problem_transitions_total", &["agent", "prerequisite"], "Causes of the prerequisite that appeared, disappeared, changed their severity, or became a consequence of another.", samples::transitions),
    gauge("logagent_processes", ROLE, "Live processes of the agent by role; absent if processes could not be read.", samples::processes),
    gauge("logagent_processes_expected", ROLE, "Processes that the agent should have, by role.", samples::processes_expected),
    gauge("logagent_process_start_time_seconds", ROLE, "Start of the newest live process, in seconds since the epoch.", samples::process_start),
    counter("logagent_process_restarts_total", ROLE, "Restarts of the agent's processes that were observed.", samples::process_restarts),
    counter("logagent_process_cpu_seconds_total", ROLE, "CPU time of the agent's processes, in seconds.", samples::process_cpu),
    gauge("logagent_process_resident_memory_bytes", ROLE, "Resident memory of the agent's live processes, in bytes.", samples::process_memory),
    gauge("logagent_process_open_fds", ROLE, "Open file descriptors of the agent's live processes.", samples::process_fds),
    gauge("logagent_process_threads", ROLE, "Threads of the agent's live processes.", samples::process_threads),
    gauge("logagent_processes_not_believed", &["kind"], "Processes with an agent's name that do not count, as another user runs them; absent at 0.", samples::not_believed),
    gauge("logagent_ip_info", &["agent", "source", "ip"], "Addresses that matter to the heartbeat, by source; always 1.", samples::ip_info),
    gauge("logagent_endpoint_up", ENDPOINT, "1 if the endpoint gives the documented answer.", samples::endpoint_up),
    gauge("logagent_endpoint_phase_duration_seconds", &["agent", "purpose", "url", "phase"], "Duration of each phase of the last probe that was completed, in seconds.", samples::endpoint_phases),
    gauge("logagent_endpoint_http_status_code", ENDPOINT, "Status code of the last answer; 0 if none came.", samples::endpoint_status_code),
    gauge("logagent_endpoint_certificate_not_after_timestamp_seconds", ENDPOINT, "End of the server certificate's validity, in seconds since the epoch, also if it was not accepted.", samples::endpoint_certificate),
    gauge("logagent_clock_offset_seconds", &["source"], "Local clock minus reference, in seconds.", samples::clock_offset),
    gauge("logagent_clock_uncertainty_seconds", &["source"], "Half-width of the interval around the clock offset, in seconds.", samples::clock_uncertainty),
    gauge("logagent_clock_synchronized", &[], "1 if the kernel considers its clock synchronized.", samples::clock_synchronized),
    counter("logagent_clock_steps_total", &[], "Steps of the clock by more than one second that were observed.", samples::clock_steps),
    gauge("logagent_file_modified_timestamp_seconds", &["agent", "file"], "Modification time of the agent's files, in seconds since the epoch.", samples::file_modified),
    gauge("logagent_agent_last_config_update_timestamp_seconds", &["agent"], "When the agent last applied collection configs, in seconds since the epoch; absent if its log does not show it.", samples::config_updated),
    gauge("logagent_agent_last_send_timestamp_seconds", &["agent"], "When the service last accepted what the agent sent, in seconds since the epoch; absent if its log does not show it.", samples::sent),
    counter("logagent_evaluations_total", &["trigger"], "Evaluations by trigger.", samples::evaluations),
    gauge("logagent_last_evaluation_timestamp_seconds", &[], "When everything was last evaluated, in seconds since the epoch.", samples::last_evaluation),
    gauge("logagent_evaluation_duration_seconds", &[], "Duration of the last evaluation, in seconds.", samples::evaluation_duration),
    counter("logagent_observation_errors_total", &["agent", "source"], "Facts that could not be read, by source.", samples::observation_errors),
    gauge("logagent_event_source_up", &["source"], "1 if the kernel reports such changes, 0 if they are only found by polling.", samples::event_sources),
    gauge("logagent_config_last_reload_successful", &[], "1 if the last load of the config file succeeded.", samples::reload_successful),
    gauge("logagent_web_config_last_reload_successful", &[], "1 if the current --web.config.file, and the files that it refers to, are in effect; 0 if older ones are.", samples::counted),
    gauge("logagent_config_last_reload_success_timestamp_seconds", &[], "When the config was last loaded successfully, in seconds since the epoch.", samples::reload_success),
    gauge(LIMITS, &["limit"], "1 for each bound on what is read, kept or reported that was reached; absent otherwise.", samples::limits),
    counter("logagent_log_lines_dropped_total", &[], "Lines of the exporter's own log that were dropped, as they were not read in time.", samples::log_lines_dropped),
    counter("logagent_alertmanager_notifications_sent_total", ALERTMANAGER, "Alerts that the Alertmanager has accepted, each time they were sent.", samples::counted),
    counter("logagent_alertmanager_notifications_errors_total", ALERTMANAGER, "Alerts in requests to the Alertmanager that failed; they are sent again.", samples::counted),
    counter("logagent_alertmanager_notifications_dropped_total", ALERTMANAGER, "Alerts that the Alertmanager refused, and that are not sent for an hour.", samples::counted),
    gauge("logagent_alertmanager_last_success_timestamp_seconds", ALERTMANAGER, "When the Alertmanager last accepted alerts, in seconds since the epoch.", samples::counted),
    counter("process_cpu_seconds_total", &[], "CPU time of the exporter, in seconds.", samples::own_cpu),
    gauge("process_open_fds", &[], "Open file descriptors of the exporter.", samples::own_open_fds),
    gauge("process_max_fds", &[], "Limit of open file descriptors of the exporter.", samples::own_max_fds),
    gauge("process_resident_memory_bytes", &[], "Resident memory of the exporter, in bytes.", samples::own_resident),
    gauge("process_virtual_memory_bytes", &[], "Virtual memory of the exporter, in bytes.", samples::own_virtual),
    gauge("process_start_time_seconds", &[], "Start of the exporter, in seconds since the epoch.", samples::own_start),
    gauge("process_threads", &[], "Threads of the exporter.", samples::own_threads),
];

/// The samples of one metric, each label set once.
#[derive(Debug)]
pub struct Samples {
    name: &'static str,
    kind: Kind,
    names: &'static [&'static str],
    seen: BTreeSet<Vec<String>>,
    list: Vec<Sample>,
    /// True if items were left out because of the bound.
    cut: bool,
}

impl Samples {
    /// Name of the metric.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The items of one agent that become series.
    pub(super) fn within_bound<I>(&mut self, items: I) -> iter::Take<I::IntoIter>
    where
        I: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        let items = items.into_iter();
        self.cut |= items.len() > MOST_PER_AGENT;
        items.take(MOST_PER_AGENT)
    }

    /// Adds a sample; `values` are the label values in the order of the label names. A second one with equal labels
    /// would make the whole scrape invalid and is left out, as is a value that is not a number.
    pub(super) fn add(&mut self, values: &[&str], value: f64) {
        let values: Vec<String> = values.iter().map(|value| bounded(value)).collect();
        if !value.is_finite() || !self.seen.insert(values.clone()) {
            return;
        }
        let pairs = self.names.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(value);
            pair
        });
        let mut sample = Sample::from_label(pairs.collect());
        match self.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                sample.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                sample.set_gauge(gauge);
            }
        }
        self.list.push(sample);
    }
}

/// Truncated, and with non-printing characters made visible.
fn bounded(value: &str) -> String {
    let cut: String = value.chars().take(LONGEST_LABEL).collect();
    // Making characters visible lengthens the text.
    words::printable(&cut).chars().take(LONGEST_LABEL).collect()
}

/// The families that have samples, in the order of [`METRICS`].
pub fn families(view: View<'_>) -> Vec<MetricFamily> {
    let of = |metric: &'static Metric| {
        let mut samples = Samples {
            name: metric.name,
            kind: metric.kind,
            names: metric.labels,
            seen: BTreeSet::new(),
            list: Vec::new(),
            cut: false,
        };
        (metric.samples)(view, &mut samples);
        (metric, samples)
    };
    let mut all: Vec<_> = METRICS.iter().map(of).collect();
    if all.iter().any(|(_, samples)| samples.cut)
        && let Some((_, limits)) = all.iter_mut().find(|(metric, _)| metric.name == LIMITS)
    {
        limits.add(&[Limit::Series.as_str()], 1.0);
    }
    all.into_iter()
        .filter_map(|(metric, samples)| {
            if samples.list.is_empty() {
                return None;
            }
            let mut family = MetricFamily::default();
            family.set_name(metric.name.to_owned());
            family.set_help(metric.help.to_owned());
            family.set_field_type(match metric.kind {
                Kind::Counter => MetricType::COUNTER,
                Kind::Gauge => MetricType::GAUGE,
            });
            family.set_metric(samples.list);
            Some(family)
        })
        .collect()
}

/// Text format 0.0.4.
pub(super) fn text(families: &[MetricFamily]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * 1024);
    TextEncoder::new().encode(families, &mut out).expect("named, non-empty families into memory cannot fail");
    out
}

#[cfg(test)]
mod tests;
