//! Remedies in texts that are not about a single host: `{placeholders}` become commands or `<names>`, and steps for one
//! kind of agent say so.

use crate::{
    agents::{
        self,
        remedy::{Commands, Wanted},
    },
    model::{
        Cause, Language, Prerequisite, System, Text,
        phrase::phrase,
        remedy::{Step, is_span, numbered, step_filled, steps},
        settings::AgentSettings,
    },
};

/// What replaces a placeholder that only a finding can fill.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// For an alert: the agent's name is a label.
    Alert,
    /// For a runbook, or the catalogue of causes.
    Runbook,
}

/// Pairs of conditions without a usual case: a text that is not about a single host has the steps for both.
const EITHER: &[&str] = &["expected_by", "touched", "encoding", "died_of"];

/// A product, its kind, and a version that distinguishes it from others of that kind.
struct Product {
    kind: &'static str,
    version: Option<&'static str>,
    name: Text,
}

const PRODUCTS: &[Product] = &[
    Product { kind: "logtail", version: None, name: Text { en: "Logtail", zh: "Logtail" } },
    Product {
        kind: "logtail",
        version: Some("3.0.0"),
        name: Text { en: "LoongCollector", zh: "LoongCollector" },
    },
    Product { kind: "loglistener", version: None, name: Text { en: "LogListener", zh: "LogListener" } },
    Product { kind: "custom", version: None, name: Text { en: "custom agent", zh: "自定义客户端" } },
];

/// The agents that a cause is about, by the documents that it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Agents {
    /// Logtail and LoongCollector.
    pub logtail: bool,
    /// LogListener.
    pub loglistener: bool,
    /// Those that config describes.
    pub custom: bool,
}

impl Agents {
    /// The agents of this cause.
    pub fn of(cause: &Cause) -> Self {
        let custom = matches!(
            cause.prerequisite,
            Prerequisite::Installed | Prerequisite::Processes | Prerequisite::Network | Prerequisite::Restart
        ) || cause.id.starts_with("config_") && !cause.id.contains("server");
        let logtail = cause.source.contains("Alibaba") || cause.source.contains("LoongCollector");
        let loglistener = cause.source.contains("Tencent");
        // A rule of the exporter's own applies to all.
        if logtail || loglistener {
            Self { logtail, loglistener, custom: custom && logtail }
        } else {
            Self { logtail: true, loglistener: true, custom }
        }
    }

    fn has(self, kind: &str) -> bool {
        match kind {
            "logtail" => self.logtail,
            "loglistener" => self.loglistener,
            _ => self.custom,
        }
    }
}

/// The remedy, readable without a finding, with the commands of Linux.
pub fn readable(cause: &Cause, language: Language, reader: Reader) -> String {
    let system = if WINDOWS_ALONE.contains(&cause.id) { System::Windows } else { System::Linux };
    readable_on(cause, language, reader, system)
}

/// Causes that nothing on Windows can raise: there are no zombies, stopped processes, control groups, further
/// generations or editions, and releases have other version numbers.
pub const LINUX_ALONE: &[&str] = &[
    "process_defunct",
    "process_stopped",
    "resource_limit",
    "update_process_missing",
    "agents_coexist",
    "community_edition",
    "agent_version_defective",
];

/// Causes that occur only on Windows.
pub const WINDOWS_ALONE: &[&str] = &["service_not_running", "service_disabled"];

/// The same, with the commands of a system.
pub fn readable_on(cause: &Cause, language: Language, reader: Reader, system: System) -> String {
    let about = Agents::of(cause);
    numbered(steps(cause.remedy, language).filter_map(|step| {
        let (kinds, restricted) = kinds(&step, system)?;
        let kinds: Vec<&str> = kinds.into_iter().filter(|kind| about.has(kind)).collect();
        if kinds.is_empty() {
            return None;
        }
        // Most causes are about both vendors' agents.
        let both = kinds.contains(&"logtail") && kinds.contains(&"loglistener");
        let text =
            step_filled(step.text, system, |name, _| Some(words(&kinds, name, (language, system), reader)));
        Some(if restricted && kinds.len() < count(about) && !both {
            format!("{}{text}", prefix(&kinds, language))
        } else {
            text
        })
    }))
}

/// The commands for Windows, if they differ and the cause can occur there.
pub fn for_windows(cause: &Cause, language: Language, reader: Reader) -> Option<String> {
    let windows = readable_on(cause, language, reader, System::Windows);
    let differs = windows != readable(cause, language, reader);
    (differs && !LINUX_ALONE.contains(&cause.id)).then_some(windows)
}

fn count(agents: Agents) -> usize {
    [agents.logtail, agents.loglistener, agents.custom].into_iter().filter(|about| *about).count()
}

/// The kinds that a step is for, and whether it is for these only. `None`: the step is for hosts that lack what most have.
fn kinds(step: &Step, system: System) -> Option<(Vec<&'static str>, bool)> {
    let mut kinds: Vec<&'static str> = agents::PROFILES.iter().map(|profile| profile.kind()).collect();
    let mut restricted = false;
    for (name, wanted) in step.conditions() {
        if agents::profile(name).is_some() {
            kinds.retain(|kind| (*kind == name) == wanted);
            restricted = true;
        } else if name == "windows" {
            if wanted != (system == System::Windows) {
                return None;
            }
        } else if !wanted && !EITHER.contains(&name) {
            return None;
        }
    }
    Some((kinds, restricted))
}

fn prefix(kinds: &[&str], language: Language) -> String {
    let names: Vec<&str> = PRODUCTS
        .iter()
        .filter(|product| product.version.is_none() && kinds.contains(&product.kind))
        .map(|product| product.name.in_language(language))
        .collect();
    let mut prefix = names.join(Text { en: ", ", zh: "、" }.in_language(language));
    prefix.push_str(Text { en: ": ", zh: "：" }.in_language(language));
    // A sentence begins.
    match prefix.strip_prefix('c') {
        Some(rest) => format!("C{rest}"),
        None => prefix,
    }
}

fn words(kinds: &[&str], name: &str, (language, system): (Language, System), reader: Reader) -> String {
    if name == "agent" && matches!(reader, Reader::Alert) {
        return "{{ $labels.agent }}".to_owned();
    }
    if !is_span(name) && name != "install_document" {
        return format!("<{name}>");
    }
    let mut told: Vec<(String, &str)> = Vec::new();
    for product in PRODUCTS.iter().filter(|product| kinds.contains(&product.kind)) {
        if let Some(value) =
            samples(product, system).get(name).filter(|value| told.iter().all(|(known, _)| known != *value))
        {
            told.push((phrase(value, language).into_owned(), product.name.in_language(language)));
        }
    }
    list(name, told, language)
}

/// Values with the product that each is for, unless that is obvious.
fn list(name: &str, told: Vec<(String, &str)>, language: Language) -> String {
    let several = told.len() > 1;
    let (open, close) = if language == Language::Chinese { ("（", "）") } else { (" (", ")") };
    let values = told.into_iter().map(|(value, product)| {
        let value = if is_span(name) { format!("`{value}`") } else { value };
        if several { format!("{value}{open}{product}{close}") } else { value }
    });
    values.collect::<Vec<_>>().join(Text { en: ", ", zh: "、" }.in_language(language))
}

/// The values for a product's remedies, with `<names>` for those that only a host can provide.
fn samples(product: &Product, system: System) -> Commands {
    let Some(profile) = agents::profile(product.kind) else { return Commands::new() };
    let settings =
        AgentSettings { name: "<agent>".to_owned(), kind: product.kind, system, ..AgentSettings::default() };
    let mut samples = profile.commands(&settings, product.version);
    let of = |config: &str, data: &str| {
        profile.settings(&Wanted {
            address: Some("<address>"),
            identifier: Some("<identifier>"),
            region: Some("<expected_region>"),
            servers: Some(&(config.to_owned(), data.to_owned())),
            ..Wanted::default()
        })
    };
    let public = of("<public_config_server>", "<public_data_server>");
    samples.extend(of("<right_config_server>", "<right_data_server>"));
    samples.extend(agents::remedy::public(public));
    let (curl, certificate) = match system {
        System::Linux => (
            "curl",
            "openssl s_client -connect <host>:<port> -servername <host> </dev/null | openssl x509 -noout -subject -issuer -dates",
        ),
        System::Windows => ("curl.exe", "curl.exe -v -k -I -m 10 https://<host>:<port>"),
    };
    samples.extend([
        ("probe_command", format!("{curl} -v -m 10 <url>")),
        ("verify_command", format!("{curl} -sS -i -m 10 <url>")),
        ("certificate_command", certificate.to_owned()),
    ]);
    // `<agent>` is a placeholder, and not to be quoted for a shell.
    samples.into_iter().map(|(name, value)| (name, value.replace("'<agent>'", "<agent>"))).collect()
}

/// The names in angle brackets that are left in a cause's remedy.
pub fn in_brackets(cause: &Cause, language: Language, reader: Reader) -> Vec<String> {
    let remedy = readable(cause, language, reader);
    let mut names: Vec<String> = Vec::new();
    for part in remedy.split('<').skip(1) {
        let Some((name, _)) = part.split_once('>') else { continue };
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if is_name && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn no_placeholder_is_left() {
        for cause in catalog::causes() {
            for language in [Language::English, Language::Chinese] {
                for reader in [Reader::Alert, Reader::Runbook] {
                    let remedy = readable(cause, language, reader).replace("{{ $labels.agent }}", "agent");
                    assert!(!remedy.contains("{{"), "{}: {remedy}", cause.id);
                    for name in cause.remedy.placeholders(language) {
                        assert!(!remedy.contains(&format!("{{{name}}}")), "{}: {remedy}", cause.id);
                    }
                }
            }
        }
    }

    #[test]
    fn commands_are_those_of_the_agents_that_the_cause_is_about() {
        let told = |id| readable(catalog::find(id).unwrap(), Language::English, Reader::Alert);
        assert!(
            told("ip_record_missing").contains("ilogtaild restart")
                && !told("ip_record_missing").contains("loglistenerd")
        );
        assert!(
            told("group_ip_mismatch").contains("loglistenerd restart")
                && !told("group_ip_mismatch").contains("ilogtaild")
        );
        assert!(
            told("crash_loop").contains("ilogtaild restart")
                && told("crash_loop").contains("loglistenerd restart")
        );
    }
}
