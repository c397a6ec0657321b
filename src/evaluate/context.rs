//! What a rule may look at.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    agents::Profile,
    config::{AgentSettings, ClockSettings},
    model::{
        Reading, Reason,
        snapshot::{AgentFacts, ContainerName, EndpointFact, LogFacts, Place, PlaceFacts, Snapshot},
    },
};

use super::{
    derived::Derived,
    engine::history::{AgentHistory, ClockHistory},
};

/// What a rule sees: one agent's facts and what follows from them, the host's, what is expected, and what was before.
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

    /// Where a parameter stands: file and key, or the variable that sets it.
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
    fn log_file(&self) -> Option<&Path> {
        let loaded =
            self.agent.loaded_config.known().and_then(Option::as_ref).map(|loaded| loaded.path.as_path());
        self.log().map(|log| log.path.as_path()).or(loaded)
    }

    /// What the agent's own log tells, if there is one and it could be read.
    pub(super) fn log(&self) -> Option<&LogFacts> {
        self.agent.log.known()?.as_ref()
    }

    /// What is typed where the agent runs in a container: its own service is none of the host's.
    fn container_commands(&self) -> Vec<(&'static str, String)> {
        let commands = match (&self.agent.place, &self.place.container) {
            (Place::Host, _) => return Vec::new(),
            (Place::Container(_), Some(name)) => {
                let ContainerName { managed_by, container, pod, namespace } = name;
                match (pod, namespace) {
                    (Some(pod), Some(namespace)) => [
                        format!("{managed_by} -n {namespace} delete pod {pod}"),
                        format!("{managed_by} -n {namespace} get pod {pod}"),
                    ],
                    _ => {
                        [format!("sudo {managed_by} restart {container}"), format!("sudo {managed_by} ps -a")]
                    }
                }
            }
            (Place::Container(_), None) => ["docker restart CONTAINER", "docker ps -a"].map(str::to_owned),
        };
        let [restart, status] = commands;
        vec![("start_command", restart.clone()), ("restart_command", restart), ("status_command", status)]
    }

    /// Paths, commands and expectations of this installation, for the templates of the catalogue.
    pub(super) fn template_values(&self) -> Arc<BTreeMap<&'static str, String>> {
        let agent = self.agent;
        let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
        let expect = &self.settings.expect;
        let installation = agent.installation.known();
        let right =
            expect.region.as_deref().zip(expect.network).and_then(|(r, n)| self.profile.servers_for(r, n));
        let mut values: BTreeMap<&'static str, String> = self
            .profile
            .commands(self.settings, self.derived.version.known().and_then(Option::as_deref))
            .into_iter()
            .collect();
        let facts = [
            ("agent", Some(agent.name.to_string())),
            ("kind", Some(agent.kind.to_owned())),
            ("hostname", self.place.hostname.known().cloned()),
            ("install_dir", path(agent.install_dir.as_deref())),
            (
                "binary",
                path(installation.and_then(|i| {
                    i.binary.as_deref().or(i.looked_for.first().map(std::path::PathBuf::as_path))
                })),
            ),
            ("config_file", path(agent.config.as_ref().map(|config| config.path.as_path()))),
            ("record_file", path(agent.record.as_ref().map(|record| record.path.as_path()))),
            ("users_dir", path(agent.users.as_ref().map(|users| users.path.as_path()))),
            ("identifiers_file", path(agent.identifiers.as_ref().map(|file| file.path.as_path()))),
            ("hosts_file", path(Some(&self.place.hosts.path))),
            ("log_file", path(self.log_file())),
            ("expected_region", expect.region.clone()),
            ("expected_network", expect.network.map(|network| network.to_string())),
            ("account_id", expect.account_id.clone()),
            ("right_config_server", right.as_ref().map(|(config, _)| config.clone())),
            ("right_data_server", right.map(|(_, data)| data)),
        ];
        values.extend(self.container_commands());
        for (name, value) in facts {
            values.entry(name).or_insert_with(|| value.unwrap_or_else(|| "-".to_owned()));
        }
        for name in crate::catalog::CONTEXT {
            values.entry(name).or_insert_with(|| "-".to_owned());
        }
        Arc::new(values)
    }
}
