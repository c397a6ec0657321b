//! The section `hosts`: what is expected on single hosts, if one file serves a whole fleet.

use std::net::IpAddr;

use super::{
    HostSettings, Settings, agent,
    problem::{Problems, did_you_mean},
    section::{Field, Section},
};
use crate::{agents::profile, model::text::quoted};

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
        if let Some(why) = never_applies(name, &out) {
            problems.warn(host.key_line, host.path.clone(), why);
        }
        out.push(HostSettings { host: name.to_owned(), expect });
    }
    out
}

/// Why no host can have an entry with this name, if `before` are the entries above it.
fn never_applies(name: &str, before: &[HostSettings]) -> Option<String> {
    if let Some(first) = before.iter().find(|entry| entry.host.eq_ignore_ascii_case(name)) {
        return Some(format!("never applies: {} above it is the same host", quoted(&first.host)));
    }
    // A host name has a letter in its last part.
    let is_like_address = name.contains('.') && name.chars().all(|c| c.is_ascii_digit() || c == '.');
    (is_like_address && name.parse::<IpAddr>().is_err())
        .then(|| "never applies: is neither an IPv4 address nor a host name".to_owned())
}
