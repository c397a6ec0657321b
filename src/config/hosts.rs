//! The section `hosts`: what is expected on single hosts, if one file serves a whole fleet.

use super::{
    HostSettings, Settings, agent,
    problem::{Problems, did_you_mean},
    section::{Field, Section},
};
use crate::agents::profile;

/// Reads the section; `settings` are those of the rest of the file.
pub(super) fn hosts(field: &Field<'_>, settings: &Settings, problems: &mut Problems) -> Vec<HostSettings> {
    let Some(section) = Section::open_any(field, problems) else { return Vec::new() };
    let mut out = Vec::new();
    for (name, host) in section.fields() {
        if problems.is_full() {
            break;
        }
        if name.trim() != name || name.is_empty() || name.contains(char::is_control) {
            let message = "is neither the name of a host nor one of its addresses";
            problems.add(host.key_line, host.path.clone(), message);
            continue;
        }
        let Some(agents) = Section::open_any(&host, problems) else { continue };
        let mut expect = Vec::new();
        for (agent, field) in agents.fields() {
            let described = settings.agents.iter().find(|each| each.name == agent);
            if described.is_none() && !settings.detect {
                let names = settings.agents.iter().map(|each| each.name.as_str());
                let near = did_you_mean(agent, names.clone());
                let known = names.collect::<Vec<_>>().join(", ");
                let message = format!("is not the name of an agent{near}; use one of {known}");
                problems.add(field.key_line, field.path.clone(), message);
                continue;
            }
            let kind = match (described, profile(agent)) {
                (Some(settings), _) => Some(settings.kind),
                (None, Some(profile)) => Some(profile.kind()),
                (None, None) => None,
            };
            expect.push((agent.to_owned(), agent::expectation(&field, kind, problems)));
        }
        out.push(HostSettings { host: name.to_owned(), expect });
    }
    out
}
