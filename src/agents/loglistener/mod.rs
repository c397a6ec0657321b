//! LogListener of Tencent Cloud CLS: the classic agent (before 3.4), the new architecture, and the container image.

mod classic;
mod credentials;
mod regions;
mod yaml;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Commands, HostClass, IdentityLayout, Layout, Place, Profile, Running,
    address::{EndpointList, Origin, ServerAddress, shell_word},
    arguments::{resolve, value_of},
};
use crate::model::{
    NetworkType, Prerequisite, Purpose, Role,
    authority::without_user_info,
    settings::AgentSettings,
    snapshot::{Edition, Endpoint, ExpectedAnswer, ExpectedRole, Parameter, Parameters, Rejection, Scheme},
};

/// Where the installer of the classic agent puts it.
const DEFAULT_DIR: &str = "/usr/local/loglistener";
/// Where the installer of the new architecture puts it.
const NEW_DIR: &str = "/opt/loglistener";
/// The vendor's document on installing the agent.
const INSTALL_DOCUMENT: &str = "https://cloud.tencent.com/document/product/614/17414";

/// The new architecture: one process, keys and groups out of the classic config.
const NEW_ARCHITECTURE: [u32; 3] = [3, 4, 0];
/// Since this release there may be two processes instead of three.
const DAEMON_MAY_BE_ABSENT: [u32; 3] = [2, 2, 8];
/// Up to this release there is no init script.
const LAST_WITHOUT_SERVICE: [u32; 3] = [2, 2, 4];

/// Tencent Cloud's LogListener.
#[derive(Debug)]
pub struct LogListener;

fn rejection(line: Option<u32>, reason: &str) -> Rejection {
    Rejection { line, reason: reason.to_owned() }
}

/// The text of a config; `Err` if it is empty or binary.
fn text(bytes: &[u8]) -> Result<String, Rejection> {
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

/// The server that a config names, unless it names none.
fn host_parameter(key: &str, host: &str) -> Option<Parameter> {
    (!host.is_empty()).then(|| Parameter { key: key.to_owned(), value: without_user_info(host) })
}

fn labels<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    parts.map(str::trim).filter(|label| !label.is_empty()).map(ToOwned::to_owned).collect()
}

fn port(written: &str) -> Option<u16> {
    written.parse().ok().filter(|&port| port != 0)
}

/// The first dotted number, as three numbers to compare.
fn release(version: &str) -> Option<[u32; 3]> {
    let number = dotted_number(version)?;
    let mut parts = number.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)])
}

fn dotted_number(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| word.split('.').count() > 1 && word.split('.').all(|part| !part.is_empty()))
}

fn install_dir(settings: &AgentSettings) -> PathBuf {
    settings.install_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DIR))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

impl Profile for LogListener {
    fn kind(&self) -> &'static str {
        "loglistener"
    }

    fn prerequisites(&self, edition: &Edition) -> Vec<Prerequisite> {
        let mut prerequisites = vec![
            Prerequisite::Installed,
            Prerequisite::Processes,
            Prerequisite::Ip,
            Prerequisite::StartupParameters,
            Prerequisite::Network,
            Prerequisite::Clock,
            Prerequisite::CustomIdentifier,
        ];
        if !edition.keyless {
            prerequisites.push(Prerequisite::Credentials);
        }
        prerequisites.push(Prerequisite::Restart);
        prerequisites
    }

    fn places(&self) -> &'static [Place] {
        &[
            Place::Directory(DEFAULT_DIR),
            Place::Suffixed { parent: "/usr/local", stem: "loglistener-", proof: None },
            Place::Directory(NEW_DIR),
        ]
    }

    fn recognise(&self, base_name: &str, _settings: &AgentSettings) -> Option<Option<Role>> {
        match base_name {
            "loglistener" => Some(Some(Role::MAIN)),
            "loglistenerm" => Some(Some(Role::DAEMON)),
            "loglisteneru" => Some(Some(Role::UPDATE)),
            _ => None,
        }
    }

    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        let dir = executable.parent().filter(|dir| dir.is_absolute())?;
        let dir = if dir.file_name().is_some_and(|name| name == "bin") { dir.parent()? } else { dir };
        Some(dir.to_owned())
    }

    fn default_install_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from(DEFAULT_DIR))
    }

    fn wants_variable(&self, name: &str) -> bool {
        super::is_proxy_or_zone(name)
    }

    fn layout(&self, settings: &AgentSettings, running: Running<'_>) -> Layout {
        let dir = install_dir(settings);
        let mut configs = vec![dir.join("etc/loglistener.conf"), dir.join("conf/loglistener.yaml")];
        if dir.starts_with("/opt") {
            configs.reverse();
        }
        let named = value_of(running.arguments, "conf").or_else(|| value_of(running.arguments, "c"));
        if let Some(path) = named {
            configs = vec![resolve(&dir, path)];
        }
        Layout {
            binary_dirs: vec![dir.join("bin"), dir.clone()],
            configs,
            version_file: Some(dir.join("version.txt")),
            ..Layout::default()
        }
    }

    fn identity_layout(
        &self,
        _settings: &AgentSettings,
        _running: Running<'_>,
        _parameters: Option<&Parameters>,
    ) -> IdentityLayout {
        IdentityLayout::default()
    }

    fn parse_parameters(&self, bytes: &[u8], path: &Path) -> Result<Parameters, Rejection> {
        if is_yaml(path) { yaml::parse(bytes) } else { classic::parse(bytes) }
    }

    fn parse_version(&self, bytes: &[u8]) -> Option<String> {
        dotted_number(&String::from_utf8_lossy(bytes))
            .filter(|number| number.len() <= 32)
            .map(ToOwned::to_owned)
    }

    fn edition(
        &self,
        _settings: &AgentSettings,
        version: Option<&str>,
        config: Option<&Path>,
        running: Running<'_>,
    ) -> Edition {
        let release = version.and_then(release);
        let one = |role| ExpectedRole { role, count: 1, only_if_ever_seen: false };
        let is_new =
            config.is_some_and(is_yaml) || release.is_some_and(|release| release >= NEW_ARCHITECTURE);
        // The image's entry point names its config so; no service script does.
        let in_container =
            running.in_container || running.arguments.get(1).is_some_and(|argument| argument == "-c");
        if is_new || in_container {
            let label = if is_new { "3.4+" } else { "container" };
            return Edition { label, community: false, keyless: true, roles: vec![one(Role::MAIN)] };
        }
        let daemon = ExpectedRole {
            only_if_ever_seen: release.is_some_and(|release| release >= DAEMON_MAY_BE_ABSENT),
            ..one(Role::DAEMON)
        };
        Edition {
            label: "commercial",
            community: false,
            keyless: false,
            roles: vec![one(Role::MAIN), daemon, one(Role::UPDATE)],
        }
    }

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

    fn knows_region(&self, region: &str) -> bool {
        regions::is_known(region)
    }

    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)> {
        let host = regions::server_for(region, network)?;
        Some((host.clone(), host))
    }

    fn clock_limit(&self) -> Duration {
        // The cloud's API rejects signatures beyond it (AuthFailure.SignatureExpire).
        Duration::from_mins(5)
    }

    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands {
        let dir = install_dir(settings);
        let has_no_service = version.and_then(release).is_some_and(|release| release <= LAST_WITHOUT_SERVICE);
        let [start, restart, status] = if has_no_service {
            let tools = shell_word(&dir.join("tools").display().to_string());
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
        ])
    }
}

#[cfg(test)]
mod tests;
