//! The input of a rule.

use std::path::Path;

use crate::{
    agents::Profile,
    catalog::advice,
    config::{AgentSettings, ClockSettings},
    model::{
        Prerequisite, Reading, Reason, Text,
        snapshot::{AgentFacts, ContainerName, EndpointFact, LogFacts, Place, PlaceFacts, Snapshot},
    },
};

use super::{
    derived::Derived,
    engine::history::{AgentHistory, ClockHistory},
    roles,
};

/// The input of a rule: one agent's facts and what is derived from them, those of the host, the expectations,
/// and the history.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Where the agent runs.
    pub(super) place: &'a PlaceFacts,
    pub(super) agent: &'a AgentFacts,
    pub(super) derived: &'a Derived<'a>,
    pub(super) settings: &'a AgentSettings,
    pub(super) clock: &'a ClockSettings,
    pub(super) profile: &'static dyn Profile,
    pub(super) history: &'a AgentHistory,
    pub(super) clock_history: &'a ClockHistory,
}

impl Context<'_> {
    /// The config file's path, for people.
    pub(super) fn config_path(&self) -> String {
        self.agent.config.as_ref().map_or_else(String::new, |config| config.path.display().to_string())
    }

    /// The source of a parameter: file and key, or the variable that sets it.
    pub(super) fn parameter_place(&self, key: &str) -> String {
        let names_its_place = key.starts_with("environment ") || key.starts_with('/');
        if names_its_place { key.to_owned() } else { format!("{}: {key}", self.config_path()) }
    }

    /// True as long as an endpoint has not been probed yet.
    pub(super) fn probes_pending(&self) -> bool {
        let pending = |fact: &EndpointFact| matches!(&fact.probe, Reading::Unknown(why) if why.reason == Reason::NotYet);
        self.agent.endpoints.iter().any(pending)
    }

    /// The agent's own log.
    pub(super) fn log_file(&self) -> Option<&Path> {
        let loaded =
            self.agent.loaded_config.known().and_then(Option::as_ref).map(|loaded| loaded.path.as_path());
        self.log().map(|log| log.path.as_path()).or(loaded)
    }

    /// The contents of the agent's own log, if it exists and could be read.
    pub(super) fn log(&self) -> Option<&LogFacts> {
        self.agent.log.known()?.as_ref()
    }

    /// Where the steps of a remedy are executed, if not on the host; the clock is always the host's.
    pub(super) fn where_to(&self, prerequisite: Prerequisite) -> Option<Text> {
        let elsewhere = self.agent.place != Place::Host && prerequisite != Prerequisite::Clock;
        let there = if roles::running(self.agent) == Some(false) {
            advice::NOT_IN_ITS_CONTAINER
        } else {
            advice::IN_A_CONTAINER
        };
        elsewhere.then_some(there)
    }

    /// Commands for an agent in a container: its service is not one of the host.
    pub(super) fn container_commands(&self) -> Vec<(&'static str, String)> {
        let commands = match (&self.agent.place, &self.place.container) {
            (Place::Host, _) => return Vec::new(),
            (Place::Container(_), Some(name)) => of_container(name),
            (Place::Container(_), None) => of_runtime("docker", "CONTAINER"),
        };
        let [restart, status, enter, inspect] = commands;
        vec![
            ("start_command", restart.clone()),
            ("restart_command", restart),
            ("status_command", status),
            ("enter_command", enter),
            ("inspect_command", inspect),
        ]
    }
}

/// Restart, status, a shell in it, its output.
fn of_container(name: &ContainerName) -> [String; 4] {
    let ContainerName { managed_by, container, pod, namespace } = name;
    match (pod, namespace) {
        (Some(pod), Some(namespace)) => {
            let kubectl = format!("{managed_by} -n {namespace}");
            let which = if container.is_empty() { "" } else { " -c " };
            [
                format!("{kubectl} delete pod {pod}"),
                format!("{kubectl} get pod {pod}"),
                format!("{kubectl} exec -it {pod}{which}{container} -- sh"),
                format!("{kubectl} describe pod {pod}"),
            ]
        }
        (None, Some(namespace)) => {
            let all = format!("{managed_by} -n {namespace} get daemonsets,pods -o wide");
            [all.clone(), all.clone(), all.clone(), all]
        }
        (_, None) => of_runtime(managed_by, container),
    }
}

/// For a container without an orchestrator: restart, status, a shell in it, its output.
fn of_runtime(program: &str, container: &str) -> [String; 4] {
    [
        format!("sudo {program} restart {container}"),
        format!("sudo {program} ps -a"),
        format!("sudo {program} exec -it {container} sh"),
        format!("sudo {program} logs --tail 50 {container}"),
    ]
}
