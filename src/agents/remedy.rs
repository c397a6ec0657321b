//! Commands and settings for remedies.

use std::{collections::BTreeMap, path::Path};

use super::logtail::answer;
use crate::model::{
    Purpose, System,
    snapshot::{Endpoint, ExpectedAnswer, Parameters, Scheme},
    text::{powershell_word, shell_word},
};

/// Commands, settings and documents for the remedies, for one installation.
pub type Commands = BTreeMap<&'static str, String>;

/// The placeholder in a setting for an unknown address.
pub const SOME_ADDRESS: &str = "ADDRESS";

/// The values that an agent's config should have. `None`: not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The config file.
    pub config: Option<&'a Path>,
    /// What it says now.
    pub parameters: Option<&'a Parameters>,
    /// The address that should be reported.
    pub address: Option<&'a str>,
    /// The machine group's identifier, or its label.
    pub identifier: Option<&'a str>,
    /// The region of the servers.
    pub region: Option<&'a str>,
    /// The config server and the data server.
    pub servers: Option<&'a (String, String)>,
}

/// The settings of servers, with those of the public network.
pub fn public(settings: Commands) -> Commands {
    let renamed = |name| match name {
        "config_server_setting" => Some("public_server_setting"),
        "data_server_setting" => Some("public_data_server_setting"),
        _ => None,
    };
    settings.into_iter().filter_map(|(name, value)| Some((renamed(name)?, value))).collect()
}

/// Commands to test an endpoint from a shell: with full output (`probe_command`), with an exit code that shows whether
/// it gives the documented answer (`verify_command`), and for its certificate (`certificate_command`). `proxy`: the one
/// that the agent uses.
pub fn trials(endpoint: &Endpoint, proxy: Option<&str>, system: System) -> Commands {
    // In PowerShell `curl` without `.exe` is another command.
    let (word, curl): (fn(&str) -> String, _) = match system {
        System::Linux => (shell_word, "curl"),
        System::Windows => (powershell_word, "curl.exe"),
    };
    // A configured path may contain a secret, and is never shown; those of the log services are documented.
    let is_hidden = endpoint.purpose == Purpose::Custom && !matches!(endpoint.path.as_str(), "" | "/");
    let path = if is_hidden || endpoint.path == "/" { "" } else { endpoint.path.as_str() };
    let url = word(&format!("{}{path}", endpoint.url));
    // The user's shell does not have the agent's variables.
    let way = proxy.map_or_else(|| "--noproxy '*'".to_owned(), |proxy| format!("-x {}", word(proxy)));
    let (host, port) = (word(&endpoint.host), endpoint.port);
    let connect = match system {
        System::Linux => format!("timeout 10 bash -c '</dev/tcp/{host}/{port}' && echo connected"),
        System::Windows => format!("Test-NetConnection -ComputerName {host} -Port {port}"),
    };
    let verify = match (&endpoint.expected, system) {
        // Without the path the answer would be another: only the exporter, which knows the path, can check it.
        (ExpectedAnswer::StatusCodes(_), _) if is_hidden => "logagent-exporter check".to_owned(),
        (ExpectedAnswer::LogService, System::Linux) => {
            format!("{curl} -s -i -m 10 {way} {url} | grep -i -E '{}'", answer::SIGNS)
        }
        (ExpectedAnswer::LogService, System::Windows) => {
            format!("{curl} -s -i -m 10 {way} {url} | Select-String -Pattern '{}'", answer::SIGNS)
        }
        (ExpectedAnswer::Connected | ExpectedAnswer::StatusCodes(_), System::Windows) => {
            format!("{curl} -sS -I -m 10 {way} {url}")
        }
        (ExpectedAnswer::Connected, System::Linux) => format!("{curl} -sS -o /dev/null -m 10 {way} {url}"),
        (ExpectedAnswer::StatusCodes(_), System::Linux) => {
            format!("{curl} -sS -o /dev/null -m 10 -w '%{{http_code}}\\n' {way} {url}")
        }
    };
    let (probe, verify) = match endpoint.scheme {
        Scheme::Tcp => (connect.clone(), connect),
        Scheme::Http | Scheme::Https => (format!("{curl} -v -m 10 {way} {url}"), verify),
    };
    let certificate = match system {
        System::Linux => {
            let through = proxy
                .and_then(|proxy| proxy.split_once("://"))
                .map_or_else(String::new, |(_, proxy)| format!(" -proxy {}", shell_word(proxy)));
            format!(
                "openssl s_client{through} -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -subject -issuer -dates"
            )
        }
        System::Windows => format!("{curl} -v -k -I -m 10 {way} https://{}:{port}", endpoint.host),
    };
    Commands::from([
        ("host", endpoint.host.clone()),
        ("port", port.to_string()),
        ("probe_command", probe),
        ("verify_command", verify),
        ("certificate_command", certificate),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(scheme: Scheme, expected: ExpectedAnswer) -> Endpoint {
        Endpoint {
            purpose: Purpose::Custom,
            url: format!("{}://logs.example.com", scheme.as_str()),
            scheme,
            host: "logs.example.com".to_owned(),
            port: scheme.default_port(),
            path: "/a b".to_owned(),
            expected,
            from: String::new(),
            parameter: None,
        }
    }

    #[test]
    fn a_path_that_somebody_has_configured_is_shown_nowhere() {
        for system in [System::Linux, System::Windows] {
            for expected in [ExpectedAnswer::Connected, ExpectedAnswer::StatusCodes(vec![200])] {
                for scheme in [Scheme::Http, Scheme::Https] {
                    let path = "/hooks/CANARY?token=CANARY".to_owned();
                    let endpoint = Endpoint { path, ..endpoint(scheme, expected.clone()) };
                    let shown = format!("{:?}", trials(&endpoint, Some("http://10.0.0.9:3128"), system));
                    assert!(!shown.contains("CANARY"), "{shown}");
                }
            }
        }
    }

    #[test]
    fn trials_go_the_agents_way_and_are_quoted() {
        let direct =
            trials(&endpoint(Scheme::Http, ExpectedAnswer::StatusCodes(vec![200])), None, System::Linux);
        assert_eq!(direct["probe_command"], "curl -v -m 10 --noproxy '*' http://logs.example.com");
        assert_eq!(direct["verify_command"], "logagent-exporter check");
        let of_service = Endpoint {
            purpose: Purpose::Project,
            ..endpoint(Scheme::Http, ExpectedAnswer::StatusCodes(vec![200]))
        };
        let shown = trials(&of_service, None, System::Linux);
        assert_eq!(shown["probe_command"], "curl -v -m 10 --noproxy '*' 'http://logs.example.com/a b'");
        let proxied = trials(
            &endpoint(Scheme::Https, ExpectedAnswer::LogService),
            Some("http://10.0.0.9:3128"),
            System::Linux,
        );
        assert!(proxied["verify_command"].contains(" -x http://10.0.0.9:3128 "), "{proxied:?}");
        assert!(
            proxied["certificate_command"].starts_with("openssl s_client -proxy 10.0.0.9:3128 -connect ")
        );
        let bare = trials(&endpoint(Scheme::Tcp, ExpectedAnswer::Connected), None, System::Linux);
        assert_eq!(
            bare["verify_command"],
            "timeout 10 bash -c '</dev/tcp/logs.example.com/80' && echo connected"
        );
    }
}
