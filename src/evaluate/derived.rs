//! What is derived from an agent's facts before any rule runs: version, variant, parameters in effect,
//! address, endpoints. What is derived from an unread fact is unknown too.

use std::{borrow::Cow, path::PathBuf};

use crate::{
    agents::{self, Choice, EditionFacts, Profile, is_proxy, release::Feature},
    config::AgentSettings,
    model::{
        Reading, Reason, Why,
        snapshot::{
            AgentFacts, Edition, Endpoint, Environment, ExpectedRole, FileState, Parameters, PlaceFacts,
        },
    },
};

/// The values derived from the facts of one agent.
pub(super) struct Derived<'a> {
    /// The agent's version; `Known(None)`: its files do not contain one.
    pub(super) version: Reading<Option<String>>,
    /// The variant, which decides prerequisites and roles.
    pub(super) edition: Reading<Edition>,
    /// The processes that are expected.
    pub(super) roles: Reading<Vec<ExpectedRole>>,
    /// The parameters in effect: those of the file, or those implied by its path. `Known(None)`: missing, or
    /// rejected by the agent.
    pub(super) parameters: Reading<Option<Cow<'a, Parameters>>>,
    /// True if the agent works without a config file.
    pub(super) config_optional: Reading<bool>,
    /// The address that the agent would select; `None` for kinds that do not select one.
    pub(super) choice: Option<Choice>,
}

impl<'a> Derived<'a> {
    pub(super) fn of(
        profile: &dyn Profile,
        settings: &AgentSettings,
        place: &PlaceFacts,
        agent: &'a AgentFacts,
    ) -> Self {
        let layout = profile.layout(settings, &agent.invocation);
        let version = version(agent);
        let config: Reading<Option<PathBuf>> = match layout.config.undecided {
            Some(why) => Reading::Unknown(why),
            None => Reading::Known(agent.config.as_ref().map(|config| config.path.clone())),
        };
        let facts = EditionFacts {
            settings,
            version: &version,
            config: &config,
            invocation: &agent.invocation,
            processes: &agent.processes,
        };
        let edition = profile.edition(facts);
        let roles = profile.expected_roles(facts, &edition);
        let parameters = parameters(profile, agent);
        let implied = matches!(&parameters, Reading::Known(Some(Cow::Owned(_))));
        let config_optional = if implied { Reading::Known(true) } else { layout.config_optional };
        let choice = profile.choice(place, as_deref(&parameters), &agent.invocation, &version);
        Self { version, edition, roles, parameters, config_optional, choice }
    }

    /// The parameters in effect, borrowed.
    pub(super) fn parameters(&self) -> Reading<Option<&Parameters>> {
        as_deref(&self.parameters)
    }
}

fn as_deref<'p>(parameters: &'p Reading<Option<Cow<'_, Parameters>>>) -> Reading<Option<&'p Parameters>> {
    parameters.as_ref().map(Option::as_deref)
}

/// From the record, otherwise from the version file.
fn version(agent: &AgentFacts) -> Reading<Option<String>> {
    let found = || -> Result<Option<String>, Why> {
        if let Some(record) = &agent.record
            && let FileState::Present(file) = record.state.as_result()?
        {
            let content = file.content.as_ref().map_err(|rejection| {
                Why::new(Reason::Failed, record.path.display().to_string(), rejection.reason.clone())
            })?;
            if content.version.is_some() {
                return Ok(content.version.clone());
            }
        }
        let Some(file) = &agent.version_file else { return Ok(None) };
        Ok(match file.state.as_result()? {
            FileState::Present(file) => file.content.as_ref().ok().cloned().flatten(),
            FileState::Missing | FileState::NotAFile(_) => None,
        })
    };
    found().into()
}

fn parameters<'a>(profile: &dyn Profile, agent: &'a AgentFacts) -> Reading<Option<Cow<'a, Parameters>>> {
    let Some(config) = &agent.config else { return Reading::Known(None) };
    config.state.as_ref().map(|state| match state {
        FileState::Present(file) => file.content.as_ref().ok().map(Cow::Borrowed),
        FileState::Missing => profile.implied_parameters(&config.path).map(Cow::Owned),
        FileState::NotAFile(_) => None,
    })
}

/// The environment with the agent's proxies: empty for versions that are too old to use any.
pub fn proxies(agent: &AgentFacts) -> Cow<'_, Reading<Environment>> {
    let environment = &agent.invocation.environment;
    let names_one = environment.known().is_some_and(|all| all.keys().any(|name| is_proxy(name)));
    let Some(profile) = agents::profile(agent.kind).filter(|_| names_one || environment.why().is_some())
    else {
        return Cow::Borrowed(environment);
    };
    match profile.supports(Feature::ProxyEnvironment, &version(agent)) {
        Reading::Known(false) => Cow::Owned(Reading::Known(Environment::new())),
        Reading::Unknown(why) if names_one => Cow::Owned(Reading::Unknown(why)),
        Reading::Known(true) | Reading::Unknown(_) => Cow::Borrowed(environment),
    }
}

/// Every endpoint that the agent must reach.
pub fn endpoints(settings: &AgentSettings, place: &PlaceFacts, agent: &AgentFacts) -> Reading<Vec<Endpoint>> {
    let Some(profile) = agents::profile(agent.kind) else { return Reading::Known(Vec::new()) };
    let derived = Derived::of(profile, settings, place, agent);
    endpoints_of(profile, settings, agent, &derived)
}

pub(super) fn endpoints_of(
    profile: &dyn Profile,
    settings: &AgentSettings,
    agent: &AgentFacts,
    derived: &Derived<'_>,
) -> Reading<Vec<Endpoint>> {
    let path = agent.config.as_ref().map(|config| config.path.clone()).unwrap_or_default();
    derived.parameters().and_then(|parameters| {
        derived.edition.as_ref().map(|edition| profile.endpoints(settings, edition, parameters, &path))
    })
}
