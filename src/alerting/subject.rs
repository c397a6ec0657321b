//! The subject of an alert, and its rendering: name, labels, annotations, and the times of its rule.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::template::fill;
use crate::{
    catalog::{
        self,
        alert::{self, AlertText, Origin, alert_name, keep_firing},
        host_alerts,
    },
    model::{
        Cause, Severity, System,
        settings::{AlertLinks, AlertingSettings},
    },
    sys,
};

/// The subject of an alert. Two alerts with the same subject are the same alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The route to the receiver (the watchdog).
    Watchdog,
    /// A test alert.
    Test,
    /// The exporter's config.
    ReloadFailed,
    /// The exporter's loop.
    Stale,
    /// The host.
    NoAgents,
    /// An agent whose causes come and go.
    Failing(Arc<str>),
    /// An agent without facts that are needed.
    StatusUnknown(Arc<str>),
    /// Facts about an agent (about the host, if the name is empty) from one source.
    ObservationErrors(Arc<str>, &'static str),
    /// A cause of an agent, by its id.
    Cause(Arc<str>, &'static str),
    /// A cause that is otherwise critical, as a warning.
    Milder(Arc<str>, &'static str),
}

/// How long it must be active before it fires, and how long it fires after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) patience: Duration,
    pub(super) keep: Duration,
}

const fn times(patience: u64, keep: u64) -> Times {
    Times { patience: Duration::from_secs(patience), keep: Duration::from_secs(keep) }
}

impl Subject {
    /// As in the rules, for alerts that have a rule.
    pub(super) fn times(&self) -> Times {
        match self {
            Self::Watchdog | Self::Test => times(0, 0),
            // Two minutes without a success, and three minutes of waiting.
            Self::ReloadFailed => times(300, 0),
            Self::Stale | Self::Failing(_) => times(0, 300),
            // Five minutes in which there was none, and an hour.
            Self::NoAgents => times(3_900, 0),
            Self::StatusUnknown(_) => times(3_600, 300),
            Self::ObservationErrors(..) => times(1_800, 900),
            Self::Cause(_, id) => match catalog::find(id) {
                Some(cause) => Times { patience: cause.patience, keep: keep_firing(cause) },
                None => times(900, 960),
            },
            Self::Milder(..) => times(900, 960),
        }
    }

    /// The alert's own labels; empty ones do not count.
    pub(super) fn labels(&self, settings: &AlertingSettings) -> BTreeMap<String, String> {
        let mut labels = settings.labels.clone();
        let name = match self.cause() {
            Some(cause) => alert_name(cause),
            None => self.text().map_or_else(|| "LogAgentTest".to_owned(), |told| told.name.to_owned()),
        };
        let mut add = |label: &str, value: &str| {
            if !value.is_empty() {
                labels.insert(label.to_owned(), value.to_owned());
            }
        };
        add("alertname", &name);
        add("severity", self.severity());
        match self {
            Self::Watchdog | Self::Test | Self::ReloadFailed | Self::Stale | Self::NoAgents => {}
            Self::Failing(agent) | Self::StatusUnknown(agent) => add("agent", agent),
            Self::ObservationErrors(agent, source) => {
                add("agent", agent);
                add("source", source);
            }
            Self::Cause(agent, id) | Self::Milder(agent, id) => {
                add("agent", agent);
                add("cause", id);
                add("prerequisite", catalog::find(id).map_or("", |cause| cause.prerequisite.as_str()));
            }
        }
        labels
    }

    fn severity(&self) -> &'static str {
        match self {
            Self::Watchdog => "none",
            Self::Failing(_) => Severity::Critical.as_str(),
            Self::Cause(_, id) => catalog::find(id).map_or("warning", |cause| cause.severity.as_str()),
            Self::Test
            | Self::ReloadFailed
            | Self::Stale
            | Self::NoAgents
            | Self::StatusUnknown(_)
            | Self::ObservationErrors(..)
            | Self::Milder(..) => Severity::Warning.as_str(),
        }
    }

    /// The cause, if it has its own alert.
    fn cause(&self) -> Option<&'static Cause> {
        if let Self::Cause(_, id) = self { catalog::find(id) } else { None }
    }

    fn text(&self) -> Option<AlertText> {
        match self {
            Self::Watchdog => Some(host_alerts::HOST_WATCHDOG),
            Self::ReloadFailed => Some(host_alerts::RELOAD_FAILED),
            Self::Stale => Some(host_alerts::STALE),
            Self::NoAgents => Some(host_alerts::NO_AGENTS),
            Self::Failing(_) => Some(host_alerts::FAILING),
            Self::StatusUnknown(_) => Some(host_alerts::STATUS_UNKNOWN),
            Self::ObservationErrors(..) => Some(host_alerts::OBSERVATION_ERRORS),
            Self::Milder(..) => Some(host_alerts::WARNING),
            Self::Test | Self::Cause(..) => None,
        }
    }

    /// The alert's annotations, filled.
    pub(super) fn annotations(&self, settings: &AlertingSettings) -> BTreeMap<&'static str, String> {
        self.annotations_on(sys::SYSTEM, settings)
    }

    /// The annotations for a host with this operating system.
    pub(super) fn annotations_on(
        &self,
        system: System,
        settings: &AlertingSettings,
    ) -> BTreeMap<&'static str, String> {
        let origin = Origin::Exporter(system);
        let labels = self.labels(settings);
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let templates = match (self.cause(), self.text()) {
            (Some(cause), _) => alert::annotations(cause, settings.language, origin).to_vec(),
            (None, Some(text)) => text.annotations(settings.language, origin).to_vec(),
            (None, None) => host_alerts::test(settings.language).to_vec(),
        };
        // A test checks that every template can be filled; otherwise it would be sent unfilled.
        let filled = |template: String| fill(&template, &label).unwrap_or(template);
        let linked = |template: String| linked(template, &settings.links);
        templates.into_iter().map(|(name, template)| (name, filled(linked(template)))).collect()
    }
}

/// The template with its links replaced by those of the config.
fn linked(mut template: String, links: &AlertLinks) -> String {
    /// The link to the exporter's page in the templates.
    const PAGE: &str = "http://{{ $labels.instance }}/";
    let external = links.external_url.as_ref().map(|url| format!("{url}/"));
    let bases = [
        (alert::RUNBOOK_BASE, links.runbook_base.as_ref()),
        (alert::DASHBOARD_BASE, links.dashboard_base.as_ref()),
        (PAGE, external.as_ref()),
    ];
    for (usual, wanted) in bases.into_iter().filter_map(|(usual, wanted)| Some((usual, wanted?))) {
        template = template.replace(usual, wanted);
    }
    template
}

#[cfg(test)]
#[path = "tests/rules.rs"]
mod tests;
