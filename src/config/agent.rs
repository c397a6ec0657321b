//! The section `agents`: what each agent is, and what is expected of it.

use std::{collections::HashMap, path::Path};

use super::{
    AgentSettings, CustomProcess, Expectation, endpoint,
    problem::{Problems, did_you_mean, said},
    section::{Field, Section},
    value, variables,
};
use crate::{
    agents::{PROFILES, profile},
    model::NetworkType,
};

const CUSTOM: &str = "custom";

/// Digits of the id of a main account.
const ACCOUNT_DIGITS: usize = 16;

const AGENT_KEYS: [&str; 10] = [
    "name",
    "kind",
    "install_dir",
    "container",
    "run_as",
    "ignore",
    "expect",
    "processes",
    "files",
    "endpoints",
];

/// Keys that describe an agent that has no profile.
const CUSTOM_KEYS: [&str; 3] = ["processes", "files", "endpoints"];

/// The expectations that any kind can have, each key once.
fn expect_keys() -> Vec<&'static str> {
    let mut keys = Vec::new();
    for key in PROFILES.iter().flat_map(|profile| profile.expectations()) {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    keys
}

/// The kinds that can have this expectation.
fn kinds_with(key: &str) -> Vec<&'static str> {
    PROFILES
        .iter()
        .filter(|profile| profile.expectations().contains(&key))
        .map(|profile| profile.kind())
        .collect()
}

/// More processes of one role than this is a typing error.
const MOST_PROCESSES: u32 = 10_000;

/// Reads the list of agents.
pub(super) fn agents(field: &Field<'_>, file: &Path, problems: &mut Problems) -> Vec<AgentSettings> {
    let mut names = HashMap::new();
    let mut out = Vec::new();
    for (index, item) in field.mappings(problems).iter().enumerate() {
        if problems.is_full() {
            break;
        }
        let Some(section) = Section::open_for(item, &AGENT_KEYS, &useful_keys(item), problems) else {
            continue;
        };
        let settings = agent(&section, file, problems);
        let name = section.get("name");
        let line = name.as_ref().map_or(section.line, |name| name.line);
        if settings.name.is_empty() {
            continue;
        }
        if let Some((first, first_line)) = names.get(&settings.name) {
            let taken = format!(
                "{} is already the name of agents[{first}] (line {first_line})",
                said(&settings.name)
            );
            let message = match name {
                Some(_) => format!("{taken}; every agent needs a unique name"),
                None => format!("{taken}; without a name an agent is named after its kind, so give it one"),
            };
            problems.add(line, format!("{}.name", section.path), message);
        } else {
            names.insert(settings.name.clone(), (index, line));
        }
        out.push(settings);
    }
    out
}

/// The keys that are valid for an agent of its kind, as far as that is known.
fn useful_keys(item: &Field<'_>) -> Vec<&'static str> {
    let unheard = &mut Problems::default();
    let kind = Section::open_any(item, unheard).and_then(|section| section.get("kind")?.as_written());
    let described = kind.is_some_and(|kind| kind != CUSTOM && profile(kind).is_some());
    AGENT_KEYS.into_iter().filter(|key| !described || !CUSTOM_KEYS.contains(key)).collect()
}

fn agent(section: &Section<'_>, file: &Path, problems: &mut Problems) -> AgentSettings {
    let kind = kind(section, problems);
    let name = match section.get("name") {
        Some(name) => name.parsed(value::agent_name, problems).unwrap_or_default(),
        None => kind.unwrap_or_default().to_owned(),
    };
    let mut settings = AgentSettings { name, kind: kind.unwrap_or_default(), ..AgentSettings::default() };
    settings.install_dir =
        section.get("install_dir").and_then(|field| field.parsed(value::absolute_path, problems));
    if let Some(field) = section.get("container") {
        settings.container = field.parsed(value::container, problems);
        if kind == Some(CUSTOM) {
            let message = "agents of kind custom are not looked for in containers";
            problems.add(field.key_line, field.path, message);
        }
    }
    if let Some(field) = section.get("run_as") {
        settings.run_as = field.as_written_each(value::user, problems);
    }
    if let Some(field) = section.get("ignore") {
        settings.ignore = field.texts(value::cause_id, problems).into_iter().collect();
    }
    if let Some(field) = section.get("expect") {
        settings.expect = expectation(&field, kind, problems);
    }
    for key in CUSTOM_KEYS {
        if let (Some(field), Some(kind)) = (section.get(key), kind)
            && kind != CUSTOM
        {
            let message = format!("belongs to kind {CUSTOM}; this agent is of kind {kind}");
            problems.add(field.key_line, field.path, message);
        }
    }
    if let Some(field) = section.get("processes") {
        settings.processes = processes(&field, problems);
    }
    if let Some(field) = section.get("files") {
        settings.files = field.texts(value::absolute_path, problems);
    }
    if let Some(field) = section.get("endpoints") {
        settings.endpoints = endpoint::endpoints(&field, file, problems);
    }
    if kind == Some(CUSTOM) && CUSTOM_KEYS.iter().all(|key| section.get(key).is_none()) {
        let message =
            format!("a {CUSTOM} agent without processes, files and endpoints: nothing of it is watched");
        problems.warn(section.line, section.path.clone(), message);
    }
    settings
}

fn kind(section: &Section<'_>, problems: &mut Problems) -> Option<&'static str> {
    let kinds: Vec<&'static str> = PROFILES.iter().map(|profile| profile.kind()).collect();
    let allowed = kinds.join(", ");
    let Some(field) = section.get("kind") else {
        let message = format!("is missing; use one of {allowed}");
        problems.add(section.line, format!("{}.kind", section.path), message);
        return None;
    };
    let text = field.text(problems)?;
    let found = kinds.iter().copied().find(|kind| *kind == text);
    if found.is_none() {
        let near = did_you_mean(text, kinds.iter().copied());
        field.problem(format!("{} is not a kind of agent; use one of {allowed}{near}", said(text)), problems);
    }
    found
}

/// Reads the expectations of an agent; without a kind, those valid for any kind.
pub(super) fn expectation(field: &Field<'_>, kind: Option<&str>, problems: &mut Problems) -> Expectation {
    let expanded = variables::expanded(field, problems);
    let field = &Field { node: &expanded, ..field.clone() };
    let keys = expect_keys();
    let useful = match kind.and_then(profile) {
        Some(profile) if !profile.expectations().is_empty() => profile.expectations().to_vec(),
        Some(_) | None => keys.clone(),
    };
    let Some(section) = Section::open_for(field, &keys, &useful, problems) else {
        return Expectation::default();
    };
    if let Some(kind) = kind {
        for key in &keys {
            let kinds = kinds_with(key);
            if let Some(field) = section.get(key)
                && !kinds.contains(&kind)
            {
                problems.add(field.key_line, field.path, foreign_key(kind, &kinds));
            }
        }
    }
    let text = |key: &str, check: fn(&str) -> Result<String, String>, problems: &mut Problems| {
        section.get(key).and_then(|field| field.parsed(check, problems))
    };
    let list = |key: &str, check: fn(&str) -> Result<String, String>, problems: &mut Problems| {
        let Some(field) = section.get(key) else { return Vec::new() };
        if field.is_empty_list() {
            let message = "is empty, so that nothing is expected; fill it or leave the key out";
            problems.warn(field.line, field.path.clone(), message);
        }
        field.texts(check, problems)
    };
    // The value as entered in the console, byte for byte.
    let as_entered = |key: &str, problems: &mut Problems| {
        section.get(key).and_then(|field| field.text(problems)).map(str::to_owned)
    };
    doubtful(&section, kind, problems);
    Expectation {
        region: text("region", value::region, problems),
        network: section.get("network").and_then(|field| network(&field, kind, problems)),
        account_id: section.get("account_id").and_then(|field| account_id(&field, problems)),
        machine_group_ips: list("machine_group_ips", value::ipv4, problems),
        machine_group_identifier: as_entered("machine_group_identifier", problems),
        projects: list("projects", value::project, problems),
        server_group_ip: text("server_group_ip", value::group_address, problems),
        server_group_label: as_entered("server_group_label", problems),
    }
}

/// Warns about values that are valid but probably unintended.
fn doubtful(section: &Section<'_>, kind: Option<&str>, problems: &mut Problems) {
    if let (Some(field), Some(profile)) = (section.get("region"), kind.and_then(profile))
        && let Some(region) = field.as_written()
        && value::region(region).is_ok()
        && !profile.knows_region(region)
    {
        let near = did_you_mean(region, profile.regions().iter().copied());
        let message = format!("{} is not a region that this version knows{near}", said(region));
        problems.warn(field.line, field.path, message);
    }
    if let Some(field) = section.get("account_id")
        && let Some(id) = field.as_written()
        && value::account_id(id).is_ok()
        && id.len() != ACCOUNT_DIGITS
    {
        let digits = id.len();
        let message = format!(
            "{} has {digits} digits; the id of a main account has {ACCOUNT_DIGITS} (not that of a RAM user)",
            said(id)
        );
        problems.warn(field.line, field.path, message);
    }
    if let Some(field) = section.get("machine_group_identifier")
        && let Some(identifier) = field.as_written()
        && (identifier.contains('\n') || identifier.trim_matches(' ') != identifier)
    {
        let message = format!(
            "{} is never reported by an agent: it uses each line as an identifier, without blanks at its ends",
            said(identifier)
        );
        problems.warn(field.line, field.path, message);
    }
    if let (Some(_), Some(label)) = (section.get("server_group_ip"), section.get("server_group_label")) {
        let message = "is set together with server_group_ip; a machine group uses IPs or a label, so one of them never matches";
        problems.warn(label.key_line, label.path, message);
    }
}

/// Why a key of `expect` is not valid for this kind.
fn foreign_key(kind: &str, kinds: &[&str]) -> String {
    let own = profile(kind).map_or(&[][..], |profile| profile.expectations());
    let instead = if own.is_empty() {
        format!("a {kind} agent is described by {}", CUSTOM_KEYS.join(", "))
    } else {
        format!("use one of {}", own.join(", "))
    };
    let noun = if kinds.len() == 1 { "kind" } else { "kinds" };
    format!("belongs to {noun} {}; this agent is of kind {kind}: {instead}", kinds.join(" and "))
}

fn network(field: &Field<'_>, kind: Option<&str>, problems: &mut Problems) -> Option<NetworkType> {
    let text = field.text(problems)?;
    let allowed = kind.and_then(profile).map_or(&NetworkType::ALL[..], |profile| profile.networks());
    let found = allowed.iter().copied().find(|network| network.as_str() == text);
    if found.is_none() {
        let words: Vec<&str> = allowed.iter().map(|network| network.as_str()).collect();
        let near = did_you_mean(text, words.iter().copied());
        field.problem(
            format!("{} is not a network type; use one of {}{near}", said(text), words.join(", ")),
            problems,
        );
    }
    found
}

/// Digits in quotes or not: the text is kept as written, so no digit is lost.
fn account_id(field: &Field<'_>, problems: &mut Problems) -> Option<String> {
    match field.as_written() {
        Some(text) => field.noted(value::account_id(text), problems),
        None => field.parsed(value::account_id, problems),
    }
}

fn processes(field: &Field<'_>, problems: &mut Problems) -> Vec<CustomProcess> {
    let mut roles = HashMap::new();
    let mut out = Vec::new();
    for item in field.mappings(problems) {
        let Some(section) = Section::open(&item, &["role", "executable", "count"], problems) else {
            continue;
        };
        let role_field = section.get("role");
        let role_line = role_field.as_ref().map_or(section.line, |field| field.line);
        let role = match role_field {
            Some(field) => field.parsed(value::role, problems),
            None => Some("worker".to_owned()),
        };
        if let Some(role) = &role {
            if let Some(first) = roles.get(role) {
                let message = format!(
                    "{} is already a role in line {first}; use count for several of one role",
                    said(role)
                );
                problems.add(role_line, format!("{}.role", section.path), message);
            } else {
                roles.insert(role.clone(), role_line);
            }
        }
        let executable = section.get("executable");
        if executable.is_none() {
            let message = "is missing; write the base name of the program, or its absolute path";
            problems.add(section.line, format!("{}.executable", section.path), message);
        }
        let executable = executable.and_then(|field| field.parsed(value::executable, problems));
        let count = section.get("count").map_or(Some(1), |field| field.integer(1..=MOST_PROCESSES, problems));
        if let (Some(role), Some(executable), Some(count)) = (role, executable, count) {
            out.push(CustomProcess { role, executable, count });
        }
    }
    out
}
