//! Every address that the agent must reach, from its own config and the operator's expectation.

use std::path::Path;

use super::{config::is_community_server, regions};
use crate::{
    agents::address::{EndpointList, Origin, ServerAddress},
    model::{
        Purpose,
        settings::AgentSettings,
        snapshot::{Edition, Endpoint, ExpectedAnswer, Parameter, Parameters, Scheme},
    },
};

/// Config servers, data servers, expected projects, and the vendor's self-monitoring project. Malformed addresses are left
/// out: rules report them.
pub(super) fn endpoints(
    settings: &AgentSettings,
    edition: &Edition,
    parameters: &Parameters,
    config_file: &Path,
) -> Vec<Endpoint> {
    let mut list = EndpointList::default();
    let origin = |parameter: &Parameter| Origin {
        from: format!("{}: {}", config_file.display(), parameter.key),
        parameter: Some(parameter.key.clone()),
    };

    for server in &parameters.config_servers {
        add_config_server(&mut list, server, &origin(server));
    }
    let default_port = parameters.data_server_port.unwrap_or(if edition.community { 443 } else { 80 });
    let data_servers = || {
        parameters.data_servers.iter().filter_map(|server| {
            let address = ServerAddress::parse(&server.endpoint.value)?;
            let (scheme, port) = data_server_port(&address, default_port);
            Some((server, address, scheme, port))
        })
    };
    for (server, address, scheme, port) in data_servers() {
        let at = (scheme, address.host.as_str(), port);
        list.add(Purpose::DataServer, at, ExpectedAnswer::LogService, &origin(&server.endpoint));
    }

    // Projects and self-monitoring are hosts below the first data endpoint; the community edition has neither.
    let Some((server, address, scheme, port)) = data_servers().next().filter(|_| !edition.community) else {
        return list.into_endpoints();
    };
    // A value that is not just a label (`a/b`, `u@h`) would lead to another host.
    let below = |label: &str| {
        let host = format!("{label}.{}", address.host).to_ascii_lowercase();
        ServerAddress::parse(&host).filter(|parsed| parsed.host == host).map(|parsed| parsed.host)
    };
    for (index, project) in settings.expect.projects.iter().enumerate() {
        let Some(host) = below(project) else { continue };
        let origin = Origin {
            from: format!("expect.projects[{index}]"),
            parameter: Some(server.endpoint.key.clone()),
        };
        list.add(Purpose::Project, (scheme, &host, port), ExpectedAnswer::LogService, &origin);
    }
    if let Some(region) = region(settings, parameters)
        && let Some(host) = below(&format!("ali-{region}-sls-admin"))
    {
        let origin = origin(&server.endpoint);
        list.add(Purpose::Admin, (scheme, &host, port), ExpectedAnswer::LogService, &origin);
    }
    list.into_endpoints()
}

fn add_config_server(list: &mut EndpointList, server: &Parameter, origin: &Origin) {
    let Some(address) = ServerAddress::parse(&server.value) else { return };
    if is_community_server(&server.key) {
        let at = (Scheme::Tcp, address.host.as_str(), address.port.unwrap_or(80));
        return list.add(Purpose::ConfigServer, at, ExpectedAnswer::Connected, origin);
    }
    for (scheme, port) in config_server_ports(&address) {
        let at = (scheme, address.host.as_str(), port);
        list.add(Purpose::ConfigServer, at, ExpectedAnswer::LogService, origin);
    }
}

/// A config server must answer over HTTP and over HTTPS; one with an explicit port, only as configured.
fn config_server_ports(address: &ServerAddress) -> Vec<(Scheme, u16)> {
    match (address.scheme, address.port) {
        (Some(scheme), Some(port)) if port != scheme.default_port() => vec![(scheme, port)],
        (None, Some(443)) => vec![(Scheme::Https, 443)],
        (None, Some(port)) if port != 80 => vec![(Scheme::Http, port)],
        (Some(_) | None, Some(_) | None) => vec![(Scheme::Http, 80), (Scheme::Https, 443)],
    }
}

/// Scheme and port of a data server: its own, otherwise those implied by `data_server_port`.
fn data_server_port(address: &ServerAddress, default_port: u16) -> (Scheme, u16) {
    match (address.scheme, address.port) {
        (Some(scheme), port) => (scheme, port.unwrap_or_else(|| scheme.default_port())),
        (None, port) => {
            let port = port.unwrap_or(default_port);
            (if port == 443 { Scheme::Https } else { Scheme::Http }, port)
        }
    }
}

/// The region of the admin project: the expected one, otherwise the data server's, otherwise the config server's.
fn region(settings: &AgentSettings, parameters: &Parameters) -> Option<String> {
    settings
        .expect
        .region
        .clone()
        .or_else(|| {
            parameters.data_servers.iter().find_map(|server| Some(server.region.as_ref()?.value.clone()))
        })
        .or_else(|| {
            parameters.config_servers.iter().find_map(|server| regions::classify(&server.value).region)
        })
        .filter(|region| regions::has_form(region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agents::ConfigFiles,
        model::{System, settings::Expectation},
    };

    fn parsed(config: &str) -> Parameters {
        let files = ConfigFiles {
            path: Path::new("/c.json"),
            bytes: config.as_bytes(),
            parts: &[],
            system: System::Linux,
        };
        super::super::config::parse(files).expect("accepted")
    }

    fn urls(settings: &AgentSettings, edition: &Edition, config: &str) -> Vec<(Purpose, String)> {
        let parameters = parsed(config);
        endpoints(settings, edition, &parameters, Path::new("/c.json"))
            .into_iter()
            .map(|endpoint| (endpoint.purpose, endpoint.url))
            .collect()
    }

    fn expecting(region: Option<&str>, projects: &[&str]) -> AgentSettings {
        let expect = Expectation {
            region: region.map(ToOwned::to_owned),
            projects: projects.iter().map(|&project| project.to_owned()).collect(),
            ..Expectation::default()
        };
        AgentSettings { expect, ..AgentSettings::default() }
    }

    fn only(purpose: Purpose, found: &[(Purpose, String)]) -> Vec<&str> {
        found.iter().filter(|(p, _)| *p == purpose).map(|(_, url)| url.as_str()).collect()
    }

    const FORM_1: &str = r#"{"config_server_address" : "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com",
        "data_server_list" : [{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou-intranet.log.aliyuncs.com"}]}"#;

    #[test]
    fn the_documents_urls_follow_from_config_and_expectation() {
        let found = urls(&expecting(None, &["my-project", "p2"]), &Edition::default(), FORM_1);
        let expected = [
            (Purpose::ConfigServer, "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"),
            (Purpose::ConfigServer, "https://logtail.cn-hangzhou-intranet.log.aliyuncs.com"),
            (Purpose::DataServer, "http://cn-hangzhou-intranet.log.aliyuncs.com"),
            (Purpose::Project, "http://my-project.cn-hangzhou-intranet.log.aliyuncs.com"),
            (Purpose::Project, "http://p2.cn-hangzhou-intranet.log.aliyuncs.com"),
            (Purpose::Admin, "http://ali-cn-hangzhou-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com"),
        ];
        assert_eq!(found, expected.map(|(purpose, url)| (purpose, url.to_owned())));
    }

    #[test]
    fn each_endpoint_tells_where_it_comes_from() {
        let parameters = parsed(FORM_1);
        let settings = expecting(None, &["p"]);
        let found = endpoints(&settings, &Edition::default(), &parameters, Path::new("/c.json"));
        let origins: Vec<_> = found.iter().map(|e| (e.from.as_str(), e.parameter.as_deref())).collect();
        assert_eq!(
            origins,
            [
                ("/c.json: config_server_address", Some("config_server_address")),
                ("/c.json: config_server_address", Some("config_server_address")),
                ("/c.json: data_server_list[0].endpoint", Some("data_server_list[0].endpoint")),
                ("expect.projects[0]", Some("data_server_list[0].endpoint")),
                ("/c.json: data_server_list[0].endpoint", Some("data_server_list[0].endpoint")),
            ]
        );
        assert!(found.iter().all(|e| e.expected == ExpectedAnswer::LogService && e.path == "/"));
    }

    #[test]
    fn schemes_and_ports_are_as_configured() {
        let config_server = |address: &str| {
            let config = format!(r#"{{"config_server_address": "{address}"}}"#);
            urls(&AgentSettings::default(), &Edition::default(), &config)
                .into_iter()
                .map(|(_, url)| url)
                .collect::<Vec<_>>()
        };
        assert_eq!(config_server("h.example"), ["http://h.example", "https://h.example"]);
        assert_eq!(config_server("https://H.example/"), ["http://h.example", "https://h.example"]);
        assert_eq!(config_server("http://h.example:80"), ["http://h.example", "https://h.example"]);
        assert_eq!(config_server("http://h.example:8080"), ["http://h.example:8080"]);
        assert_eq!(config_server("https://h.example:8443"), ["https://h.example:8443"]);
        assert_eq!(config_server("h.example:8080"), ["http://h.example:8080"]);
        assert_eq!(config_server("h.example:443"), ["https://h.example"]);

        let data_server = |endpoint: &str, port: &str| {
            let config = format!(
                r#"{{"data_servers": [{{"endpoint_list": ["{endpoint}"]}}], "data_server_port": {port}}}"#
            );
            let found = urls(&expecting(None, &["p"]), &Edition::default(), &config);
            (only(Purpose::DataServer, &found).concat(), only(Purpose::Project, &found).concat())
        };
        let pair = |data: &str, project: &str| (data.to_owned(), project.to_owned());
        assert_eq!(data_server("d.example", "null"), pair("http://d.example", "http://p.d.example"));
        assert_eq!(data_server("d.example", "443"), pair("https://d.example", "https://p.d.example"));
        assert_eq!(
            data_server("d.example", "8080"),
            pair("http://d.example:8080", "http://p.d.example:8080")
        );
        assert_eq!(
            data_server("https://d.example", "8080"),
            pair("https://d.example", "https://p.d.example")
        );
        assert_eq!(data_server("d.example:81", "443"), pair("http://d.example:81", "http://p.d.example:81"));
        assert_eq!(data_server("10.0.0.1", "80"), pair("http://10.0.0.1", ""));
    }

    #[test]
    fn the_admin_projects_region_is_the_operators_else_the_configs() {
        let admin = |settings: &AgentSettings, config: &str| {
            only(Purpose::Admin, &urls(settings, &Edition::default(), config)).concat()
        };
        assert_eq!(
            admin(&expecting(Some("cn-beijing"), &[]), FORM_1),
            "http://ali-cn-beijing-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com"
        );
        let acceleration = r#"{"config_server_address" : "http://logtail.cn-hangzhou.log.aliyuncs.com", "data_server_list" : [{"endpoint" : "log-global.aliyuncs.com"}]}"#;
        assert_eq!(
            admin(&AgentSettings::default(), acceleration),
            "http://ali-cn-hangzhou-sls-admin.log-global.aliyuncs.com"
        );
        let private = r#"{"config_server_address" : "http://logs.example.com", "data_server_list" : [{"endpoint" : "d.example.com"}]}"#;
        assert_eq!(admin(&AgentSettings::default(), private), "");
    }

    #[test]
    fn malformed_addresses_and_templates_are_not_probed() {
        let config = r#"{"config_server_address" : "http://logtail.<region>.log.aliyuncs.com", "config_servers": ["a b"],
            "data_server_list" : [{"cluster": "<region>", "endpoint" : "<region>.log.aliyuncs.com"}, {"endpoint": "d.example"}]}"#;
        let found = urls(
            &expecting(None, &["bad project", "evil.example/p", "u@p", "ok"]),
            &Edition::default(),
            config,
        );
        let found: Vec<_> = found.into_iter().map(|(_, url)| url).collect();
        assert_eq!(found, ["http://d.example", "http://ok.d.example"]);
    }

    #[test]
    fn the_community_edition_must_reach_its_own_servers_only() {
        let edition = Edition { community: true, ..Edition::default() };
        let config = r#"{"config_server_list": [{"cluster":"community","endpoint_list":["127.0.0.1:8899", "Http://h.example"]}],
            "data_server_list" : [{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou.log.aliyuncs.com"}]}"#;
        let found: Vec<_> =
            urls(&expecting(None, &["p"]), &edition, config).into_iter().map(|(_, url)| url).collect();
        assert_eq!(
            found,
            ["tcp://127.0.0.1:8899", "tcp://h.example:80", "https://cn-hangzhou.log.aliyuncs.com"]
        );
    }
}
