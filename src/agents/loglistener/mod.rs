//! LogListener of Tencent Cloud CLS: the first agent (1.x), the classic one (before 3.4), the new architecture, and the container image.

mod classic;
mod credentials;
mod first;
mod own_log;
mod regions;
mod windows;
mod yaml;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Commands, ConfigFiles, EditionFacts, Files, HostClass, Identification, Layout, Located, LogLine,
    Operation, OwnLog, Place, Recognition, Service, Wanted,
    address::{EndpointList, Origin, ServerAddress},
    arguments::{resolve, value_of},
    outline,
    release::Release,
    remedy::SOME_ADDRESS,
};
use crate::model::{
    NetworkType, Prerequisite, Purpose, Reading, Role, System, Why,
    authority::without_user_info,
    settings::AgentSettings,
    snapshot::{
        Edition, Endpoint, ExpectedAnswer, ExpectedRole, Invocation, Parameter, Parameters, Rejection, Scheme,
    },
    text::shell_word,
};

/// Where the installer of the classic agent puts it.
const DEFAULT_DIR: &str = "/usr/local/loglistener";
/// Where the installer of the new architecture puts it.
const NEW_DIR: &str = "/opt/loglistener";
/// The vendor's document on installing the agent.
const INSTALL_DOCUMENT: &str = "https://cloud.tencent.com/document/product/614/17414";

/// The new architecture: one process, keys and groups no longer in the classic config.
const NEW_ARCHITECTURE: Release = Release::new(3, 4, 0);
/// Since this release there may be two processes instead of three.
const DAEMON_MAY_BE_ABSENT: Release = Release::new(2, 2, 8);
/// Up to this release there is no init script.
const LAST_WITHOUT_SERVICE: Release = Release::new(2, 2, 4);
/// Before this release the processes have other names, and the tools are in another directory.
const SECOND_GENERATION: Release = Release::new(2, 0, 0);

/// The edition of the first generation.
const FIRST: &str = "1.x";

/// Tencent Cloud's LogListener.
#[derive(Debug)]
pub struct LogListener;

fn rejection(line: Option<u32>, reason: &str) -> Rejection {
    Rejection { line, reason: reason.to_owned() }
}

/// The text of a config; `Err` if it is empty, binary or in a two-byte encoding.
fn text(bytes: &[u8]) -> Result<String, Rejection> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(rejection(Some(1), crate::agents::windows::UTF_16));
    }
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        let line_feeds = bytes.iter().take(at).filter(|&&b| b == b'\n').count();
        return Err(rejection(
            u32::try_from(line_feeds + 1).ok(),
            "holds a NUL byte: binary content, not text",
        ));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(rejection(None, "is empty"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// The server in a config, if any.
fn host_parameter(key: &str, host: &str) -> Option<Parameter> {
    (!host.is_empty()).then(|| Parameter { key: key.to_owned(), value: without_user_info(host) })
}

fn labels<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    parts.map(str::trim).filter(|label| !label.is_empty()).map(ToOwned::to_owned).collect()
}

fn port(written: &str) -> Option<u16> {
    written.parse().ok().filter(|&port| port != 0)
}

/// The first dotted number, to compare.
fn release(version: &str) -> Option<Release> {
    Release::parse(dotted_number(version)?)
}

fn dotted_number(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| word.split('.').count() > 1 && word.split('.').all(|part| !part.is_empty()))
}

fn default_dir(system: System) -> &'static str {
    match system {
        System::Linux => DEFAULT_DIR,
        System::Windows => windows::DEFAULT_DIR,
    }
}

fn install_dir(settings: &AgentSettings) -> PathBuf {
    settings.install_dir.clone().unwrap_or_else(|| PathBuf::from(default_dir(settings.system)))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The config on the command line.
fn named_config<'a>(invocation: &'a Invocation, dir: &Path) -> Result<Option<PathBuf>, &'a Why> {
    let arguments = invocation.arguments.as_result()?;
    let named = value_of(arguments, "conf").or_else(|| value_of(arguments, "c"));
    Ok(named.map(|path| resolve(dir, path)))
}

/// True for the new architecture: by its config, or by its version.
fn is_new(facts: EditionFacts<'_>) -> Result<bool, Why> {
    let by_config = facts.config.as_result().map(|path| path.as_deref().is_some_and(is_yaml));
    let by_version = facts
        .version
        .as_result()
        .map(|version| version.as_deref().and_then(release).is_some_and(|found| found >= NEW_ARCHITECTURE));
    match (by_config, by_version) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
        (Ok(false), Ok(false)) => Ok(false),
    }
}

/// The image's entry point names its config with `-c`; no service script does.
fn in_container(facts: EditionFacts<'_>) -> Result<bool, Why> {
    let alone = facts.processes.known().is_none_or(|processes| {
        processes.iter().all(|process| process.role_by_name.as_ref() == Some(&Role::MAIN))
    });
    if !alone {
        return Ok(false);
    }
    let arguments = facts.invocation.arguments.as_result()?;
    Ok(arguments.get(1).is_some_and(|argument| argument == "-c")
        || *facts.invocation.in_container.as_result()?)
}

fn edition(facts: EditionFacts<'_>) -> Result<Edition, Why> {
    if first::is(facts) {
        return Ok(Edition { label: FIRST, community: false, keyless: true });
    }
    let is_new = is_new(facts)?;
    let keyless = is_new || in_container(facts)?;
    let label = match (is_new, keyless) {
        (true, _) => "3.4+",
        (false, true) => "container",
        // These versions have no other.
        (false, false) => "",
    };
    Ok(Edition { label, community: false, keyless })
}

fn expected_roles(facts: EditionFacts<'_>, edition: &Reading<Edition>) -> Result<Vec<ExpectedRole>, Why> {
    let one = |role| ExpectedRole { role, count: 1, only_if_ever_seen: false };
    if facts.settings.system == System::Windows {
        return Ok(vec![one(Role::MAIN)]);
    }
    match edition.as_result()? {
        Edition { label: FIRST, .. } => {
            return Ok(vec![one(Role::MAIN), one(Role::DAEMON), one(Role::UPDATE)]);
        }
        // Otherwise a config without keys means one process.
        Edition { keyless: true, .. } => return Ok(vec![one(Role::MAIN)]),
        Edition { .. } => {}
    }
    let release = facts.version.as_result()?.as_deref().and_then(release);
    let daemon = ExpectedRole {
        only_if_ever_seen: release.is_some_and(|release| release >= DAEMON_MAY_BE_ABSENT),
        ..one(Role::DAEMON)
    };
    Ok(vec![one(Role::MAIN), daemon, one(Role::UPDATE)])
}

impl Identification for LogListener {
    fn kind(&self) -> &'static str {
        "loglistener"
    }

    fn products(&self) -> &'static [&'static str] {
        &["LogListener"]
    }

    fn places(&self, system: System) -> &'static [Place] {
        if system == System::Windows {
            return windows::PLACES;
        }
        &[
            Place::Directory(DEFAULT_DIR),
            Place::Suffixed { parent: "/usr/local", stem: "loglistener-", proof: None },
            Place::Directory(NEW_DIR),
        ]
    }

    fn recognise(&self, base_name: &str, settings: &AgentSettings) -> Recognition {
        if settings.system == System::Windows {
            return windows::recognise(base_name);
        }
        match base_name {
            "loglistener" => Recognition::Role(Role::MAIN),
            "loglistenerm" => Recognition::Role(Role::DAEMON),
            "loglisteneru" => Recognition::Role(Role::UPDATE),
            _ => first::recognise(base_name),
        }
    }

    fn recognises_comm(&self, comm: &str, settings: &AgentSettings) -> bool {
        self.recognise(comm, settings).is_agent()
            || (settings.system != System::Windows && first::recognises_comm(comm))
    }

    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        if let Some(dir) = windows::install_dir_of(executable) {
            return Some(dir);
        }
        let dir = executable.parent().filter(|dir| dir.is_absolute())?;
        let dir = if dir.file_name().is_some_and(|name| name == "bin") { dir.parent()? } else { dir };
        Some(dir.to_owned())
    }

    fn default_install_dir(&self, system: System) -> Option<PathBuf> {
        Some(PathBuf::from(default_dir(system)))
    }

    fn service_words(&self, _settings: &AgentSettings) -> Vec<String> {
        vec!["loglistener".to_owned()]
    }

    fn services(&self, settings: &AgentSettings) -> &'static [&'static str] {
        if settings.system == System::Windows { windows::SERVICES } else { &[] }
    }

    fn wants_variable(&self, name: &str) -> bool {
        super::is_proxy_or_zone(name)
    }
}

/// Keys of the agent's config whose values are not secrets.
const SHOWN_KEYS: &[&str] = &[
    "agent_ip",
    "agent_labels",
    "checkpoint_cache_file",
    "cpu_limit",
    "domain",
    "endpoint",
    "group_ip",
    "group_label",
    "host",
    "instance_id",
    "max_dir",
    "max_file",
    "max_read_size",
    "max_send_retry_times",
    "memory_limit",
    "port",
    "proxy_host",
    "proxy_port",
    "timeout",
];

impl Files for LogListener {
    fn outline(&self, path: &Path, bytes: &[u8]) -> Option<String> {
        let text = text(bytes).ok()?;
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
        let leaves = if is_yaml { outline::yaml(&text) } else { outline::key_value(&text) };
        Some(outline::lines(&leaves, |keys| outline::named(keys, SHOWN_KEYS)))
    }

    fn layout(&self, settings: &AgentSettings, invocation: &Invocation) -> Layout {
        let dir = install_dir(settings);
        let mut configs = vec![
            dir.join("etc/loglistener.conf"),
            dir.join("conf/loglistener.yaml"),
            dir.join(first::CONFIG),
        ];
        if dir.starts_with("/opt") {
            configs.swap(0, 1);
        }
        Layout {
            binary_dirs: vec![dir.join("bin"), dir.clone()],
            config: match named_config(invocation, &dir) {
                Ok(Some(path)) => Located::named(path),
                Ok(None) => Located::by_layout(configs),
                Err(why) => Located::by_layout(configs).unless(why.clone()),
            },
            version_file: Some(dir.join("version.txt")),
            own_log: Located::by_layout([dir.join("log/loglistener.log")]),
            ..Layout::default()
        }
    }

    fn parse_parameters(&self, files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
        match files.path {
            path if is_yaml(path) => yaml::parse(files.bytes),
            path if first::is_config(path) => first::parse(files.bytes),
            _ => classic::parse(files.bytes),
        }
    }

    fn parse_log_line<'l>(&self, _log: OwnLog, line: &'l str) -> Option<LogLine<'l>> {
        own_log::parse_line(line)
    }

    fn parse_version(&self, bytes: &[u8]) -> Option<String> {
        dotted_number(&String::from_utf8_lossy(bytes))
            .filter(|number| number.len() <= 32)
            .map(ToOwned::to_owned)
    }
}

impl Service for LogListener {
    fn endpoints(
        &self,
        settings: &AgentSettings,
        edition: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint> {
        let mut list = EndpointList::default();
        for (server, configured) in parameters
            .into_iter()
            .flat_map(|p| p.config_servers.iter().map(|server| (server, p.data_server_port)))
        {
            let Some(address) = ServerAddress::parse(&server.value) else { continue };
            let port = address
                .port
                .or(configured)
                .unwrap_or_else(|| address.scheme.unwrap_or(Scheme::Tcp).default_port());
            let origin = Origin {
                from: format!("{}: {}", config_file.display(), server.key),
                parameter: Some(server.key.clone()),
            };
            let at = (Scheme::Tcp, address.host.as_str(), port);
            list.add(Purpose::ConfigServer, at, ExpectedAnswer::Connected, &origin);
        }
        // Since 3.4 the file need not name the server: it follows from region and network.
        let expected = settings.expect.region.as_deref().zip(settings.expect.network);
        if let (Some(parameters), Some((region, network)), true) = (parameters, expected, edition.keyless)
            && parameters.config_servers.is_empty()
            && let Some(host) = regions::server_for(region, network)
        {
            let port = parameters.data_server_port.unwrap_or_else(|| Scheme::Tcp.default_port());
            let origin = Origin { from: "config: expect.region, expect.network".to_owned(), parameter: None };
            list.add(Purpose::ConfigServer, (Scheme::Tcp, &host, port), ExpectedAnswer::Connected, &origin);
        }
        list.into_endpoints()
    }

    fn classify_host(&self, host: &str) -> HostClass {
        regions::classify(host)
    }

    fn regions(&self) -> &'static [&'static str] {
        regions::REGIONS
    }

    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)> {
        let host = regions::server_for(region, network)?;
        Some((host.clone(), host))
    }

    fn clock_limit(&self) -> Duration {
        // The cloud's API rejects signatures beyond it (AuthFailure.SignatureExpire).
        Duration::from_mins(5)
    }

    fn is_instance(&self, product: &str) -> bool {
        product.contains("Tencent Cloud")
    }

    fn expectations(&self) -> &'static [&'static str] {
        &["region", "network", "server_group_ip", "server_group_label"]
    }

    fn networks(&self) -> &'static [NetworkType] {
        // The service has no transfer acceleration.
        &[NetworkType::Intranet, NetworkType::Internet]
    }
}

impl Operation for LogListener {
    fn applies(&self, prerequisite: Prerequisite, _edition: &Reading<Edition>) -> Reading<bool> {
        // `credentials` applies if there are keys, or should be, which its rule decides.
        Reading::Known(prerequisite != Prerequisite::UserIdentifier)
    }

    fn edition(&self, facts: EditionFacts<'_>) -> Reading<Edition> {
        edition(facts).into()
    }

    fn expected_roles(
        &self,
        facts: EditionFacts<'_>,
        edition: &Reading<Edition>,
    ) -> Reading<Vec<ExpectedRole>> {
        expected_roles(facts, edition).into()
    }

    fn roles(&self, _settings: &AgentSettings) -> Vec<Role> {
        vec![Role::MAIN, Role::DAEMON, Role::UPDATE]
    }

    fn service(&self, settings: &AgentSettings, _version: Option<&str>) -> String {
        if settings.system == System::Windows {
            return windows::SERVICE.to_owned();
        }
        "loglistenerd".to_owned()
    }

    fn settings(&self, wanted: &Wanted<'_>) -> Commands {
        let is_yaml = wanted.config.is_some_and(|path| path.extension().is_some_and(|end| end == "yaml"));
        let address = wanted.address.unwrap_or(SOME_ADDRESS);
        let of_first = wanted.config.filter(|path| first::is_config(path));
        // Its version is not recorded anywhere; its config shows the generation, and so its scripts.
        let mut settings =
            of_first.and_then(|path| path.parent()?.parent()).map(first::commands).unwrap_or_default();
        if is_yaml {
            settings.insert("address_setting", format!("agent_ip: {address}"));
            settings.insert("no_identifier_setting", "agent_labels: []".to_owned());
            settings
                .insert("identifier_setting", format!("agent_labels: [{}]", wanted.identifier.unwrap_or("")));
        } else {
            settings.insert("address_setting", format!("group_ip = {address}"));
            settings.insert("no_identifier_setting", "group_label =".to_owned());
            settings
                .insert("identifier_setting", format!("group_label = {}", wanted.identifier.unwrap_or("")));
        }
        if let Some((host, _)) = wanted.servers {
            let setting = if is_yaml { format!("host: {host}") } else { format!("proxy_host = {host}") };
            settings.insert("config_server_setting", setting);
        }
        settings
    }

    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands {
        let dir = install_dir(settings);
        if settings.system == System::Windows {
            let mut commands =
                super::windows::commands(windows::SERVICES, windows::INSTALL_DOCUMENT.to_owned());
            commands.insert("log_file", dir.join("log").display().to_string());
            return commands;
        }
        let release = version.and_then(release);
        let has_no_service = release.is_some_and(|release| release <= LAST_WITHOUT_SERVICE);
        let [start, restart, status] = if has_no_service {
            let is_first = release.is_some_and(|release| release < SECOND_GENERATION);
            let tools = if is_first { "tools/op" } else { "tools" };
            let tools = shell_word(&dir.join(tools).display().to_string());
            [
                format!("cd {tools} && sudo ./start.sh"),
                format!("cd {tools} && sudo ./stop.sh; sudo ./start.sh"),
                format!("cd {tools} && sudo ./p.sh"),
            ]
        } else {
            ["start", "restart", "status"].map(|action| format!("sudo /etc/init.d/loglistenerd {action}"))
        };
        Commands::from([
            ("start_command", start),
            ("restart_command", restart),
            ("status_command", status),
            ("install_document", INSTALL_DOCUMENT.to_owned()),
            ("log_file", dir.join("log").display().to_string()),
        ])
    }
}

#[cfg(test)]
mod tests;
