//! The servers of an agent's config: the form of their addresses, and the region and network that they imply.
//! The work is linear in the servers.

use std::collections::BTreeSet;

use crate::{
    agents::{HostClass, Profile, address::ServerAddress},
    catalog::startup_parameters::{
        NETWORK_TYPE_INCONSISTENT, NETWORK_TYPE_MISMATCH, REGION_INCONSISTENT, REGION_MISMATCH,
    },
    evaluate::{context::Context, engine::findings::Finding, words::list},
    model::{
        Cause, NetworkType,
        snapshot::{Parameter, Parameters},
    },
};

/// Links a parameter's fault to the network causes of its endpoint.
pub(super) fn tie(key: &str) -> String {
    format!("parameter {key}")
}

/// One server of the config, with its host name classified.
pub(super) struct Server<'a> {
    pub(super) parameter: &'a Parameter,
    pub(super) class: HostClass,
    /// The region in its host name.
    pub(super) region_of_host: Option<String>,
    /// The region name that the config gives it, if it is one.
    pub(super) named_region: Option<&'a Parameter>,
}

impl Server<'_> {
    /// The region by its host name, otherwise by the name in the config.
    fn region(&self) -> Option<String> {
        self.region_of_host.clone().or_else(|| self.named_region.map(|region| without_network(&region.value)))
    }
}

/// The servers of a config.
pub(super) struct Servers<'a> {
    pub(super) config: Vec<Server<'a>>,
    pub(super) data: Vec<Server<'a>>,
    /// Values that cannot be addresses, and why.
    pub(super) malformed: Vec<(&'a Parameter, &'static str)>,
}

impl<'a> Servers<'a> {
    pub(super) fn of(profile: &dyn Profile, parameters: &'a Parameters) -> Self {
        let mut malformed = Vec::new();
        let mut server =
            |parameter: &'a Parameter, region: Option<&'a Parameter>| match parse(&parameter.value) {
                Ok(parsed) => {
                    let class = profile.classify_host(&parsed.host);
                    let region_of_host = class.region.clone();
                    let named_region =
                        region.filter(|region| profile.knows_region(&without_network(&region.value)));
                    Some(Server { parameter, class, region_of_host, named_region })
                }
                Err(Defect::Placeholder) => None,
                Err(Defect::Malformed(reason)) => {
                    malformed.push((parameter, reason));
                    None
                }
            };
        let config = parameters.config_servers.iter().filter_map(|entry| server(entry, None)).collect();
        let data = parameters
            .data_servers
            .iter()
            .filter_map(|entry| server(&entry.endpoint, entry.region.as_ref()))
            .collect();
        Self { config, data, malformed }
    }

    /// Config servers, then data servers.
    pub(super) fn all(&self) -> impl Iterator<Item = &Server<'a>> {
        self.config.iter().chain(&self.data)
    }

    /// Data servers whose host name is of another region than the region name in the config.
    pub(super) fn contradicting_names(&self) -> impl Iterator<Item = (&'a Parameter, &Server<'a>)> {
        self.data.iter().filter_map(|server| {
            let (named, of_host) = (server.named_region?, server.region_of_host.as_ref()?);
            (without_network(&named.value) != *of_host).then_some((named, server))
        })
    }

    /// Groups of servers of which none is in the expected region.
    pub(super) fn outside_region(&self, context: &Context<'_>, expected: &str) -> Vec<Finding> {
        let outside = |servers: &&Vec<Server<'_>>| {
            let regions = regions(servers);
            !regions.is_empty() && !regions.iter().any(|region| region == expected)
        };
        [&self.config, &self.data]
            .into_iter()
            .filter(outside)
            .map(|servers| {
                let configured = list(regions(servers));
                mismatch(context, &REGION_MISMATCH, servers, &configured, (expected, "expect.region"))
            })
            .collect()
    }

    /// Config servers of one region and data servers of another. Which of the two is wrong cannot be told, so it explains no
    /// network cause.
    pub(super) fn regions_apart(&self, context: &Context<'_>) -> Option<Finding> {
        let (of_config, of_data) = (regions(&self.config), regions(&self.data));
        let apart = !of_config.is_empty() && !of_data.is_empty() && of_config.is_disjoint(&of_data);
        apart.then(|| {
            let (of_config, of_data) = (list(of_config), list(of_data));
            self.pair(context, &REGION_INCONSISTENT, &of_config, &of_data)
        })
    }

    fn networks(&self, parameters: &Parameters) -> (BTreeSet<NetworkType>, BTreeSet<NetworkType>) {
        match &parameters.implied {
            Some((_, network)) => ([*network].into(), [*network].into()),
            None => (networks(&self.config), networks(&self.data)),
        }
    }

    /// Groups of servers of which none is of the expected network.
    pub(super) fn outside_network(
        &self,
        context: &Context<'_>,
        parameters: &Parameters,
        expected: NetworkType,
    ) -> Vec<Finding> {
        let (of_config, of_data) = self.networks(parameters);
        // Acceleration is a matter of the data endpoint; its config server is the public one (document, step 3).
        let public_will_do = expected == NetworkType::Acceleration;
        let right_for_config =
            of_config.contains(&expected) || (public_will_do && of_config.contains(&NetworkType::Internet));
        let groups = [
            (&self.config, &of_config, right_for_config),
            (&self.data, &of_data, of_data.contains(&expected)),
        ];
        groups
            .into_iter()
            .filter(|(_, networks, right)| !networks.is_empty() && !right)
            .map(|(servers, networks, _)| {
                let expected = (expected.as_str(), "expect.network");
                mismatch(context, &NETWORK_TYPE_MISMATCH, servers, &names(networks), expected)
            })
            .collect()
    }

    /// Config servers of one network and data servers of another.
    pub(super) fn networks_apart(&self, context: &Context<'_>, parameters: &Parameters) -> Option<Finding> {
        let (of_config, of_data) = self.networks(parameters);
        let accelerated =
            of_config.contains(&NetworkType::Internet) && of_data.contains(&NetworkType::Acceleration);
        let apart = !of_config.is_empty() && !of_data.is_empty() && of_config.is_disjoint(&of_data);
        (apart && !accelerated)
            .then(|| self.pair(context, &NETWORK_TYPE_INCONSISTENT, &names(&of_config), &names(&of_data)))
    }

    fn pair(&self, context: &Context<'_>, cause: &'static Cause, config: &str, data: &str) -> Finding {
        let seen = |what: &str, servers: &[Server<'_>]| format!("{what} ({})", values(servers));
        Finding::of(cause)
            .seen("config_server", seen(config, &self.config), places(context, &self.config))
            .seen("data_server", seen(data, &self.data), places(context, &self.data))
    }
}

fn regions(servers: &[Server<'_>]) -> BTreeSet<String> {
    servers.iter().filter_map(Server::region).collect()
}

fn networks(servers: &[Server<'_>]) -> BTreeSet<NetworkType> {
    servers.iter().filter_map(|server| server.class.network).collect()
}

fn names(networks: &BTreeSet<NetworkType>) -> String {
    list(networks.iter().map(|network| network.as_str()))
}

fn values(servers: &[Server<'_>]) -> String {
    list(servers.iter().map(|server| server.parameter.value.as_str()))
}

fn places(context: &Context<'_>, servers: &[Server<'_>]) -> String {
    list(servers.iter().map(|server| context.parameter_place(&server.parameter.key)))
}

fn mismatch(
    context: &Context<'_>,
    cause: &'static Cause,
    servers: &[Server<'_>],
    configured: &str,
    (expected, expected_key): (&str, &str),
) -> Finding {
    Finding::of(cause)
        .about(list(servers.iter().map(|server| server.parameter.key.as_str())))
        .explains(servers.iter().map(|server| tie(&server.parameter.key)))
        .seen("configured", format!("{configured} ({})", values(servers)), places(context, servers))
        .seen("expected", expected, format!("config: {expected_key}"))
}

/// The defect of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Defect {
    /// A placeholder of a document or template.
    Placeholder,
    /// Cannot be an address.
    Malformed(&'static str),
}

/// True for placeholders of documents and templates: `<region>`, `${REGION}`, `{{ region }}`, `%REGION%`,
/// `your-region`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let between = |open: &str, close: &str| {
        lower.split_once(open).is_some_and(|(_, rest)| rest.find(close).is_some_and(|end| end > 0))
    };
    let stand_ins =
        ["your-region", "your_region", "yourregion", "your-project", "your-endpoint", "xxxx", "****"];
    between("<", ">")
        || between("${", "}")
        || between("{{", "}}")
        || between("%", "%")
        || (lower.starts_with('$') && lower.len() > 1)
        || stand_ins.iter().any(|stand_in| lower.contains(stand_in))
}

/// The address in `value`: `[scheme://]host[:port]`.
pub(super) fn parse(value: &str) -> Result<ServerAddress, Defect> {
    if is_placeholder(value) {
        return Err(Defect::Placeholder);
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Defect::Malformed("it contains blanks or control characters"));
    }
    ServerAddress::parse(value).ok_or(Defect::Malformed("it is not of the form [http[s]://]host[:port]"))
}

/// A region without the suffix that names a network: `cn-hangzhou-intranet` and `cn_hangzhou` are `cn-hangzhou`.
pub(super) fn without_network(region: &str) -> String {
    let region = region.trim().to_ascii_lowercase().replace('_', "-");
    let suffixes = ["-intranet", "-internal", "-internet", "-vpc", "-share", "-inner", "-acceleration"];
    suffixes
        .iter()
        .find_map(|suffix| region.strip_suffix(suffix))
        .map_or_else(|| region.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> Option<String> {
        parse(value).ok().map(|address| address.host)
    }

    #[test]
    fn addresses_that_the_agents_take() {
        assert_eq!(
            host("http://logtail.cn-hangzhou.log.aliyuncs.com"),
            Some("logtail.cn-hangzhou.log.aliyuncs.com".into())
        );
        assert_eq!(host("CN-Hangzhou.log.aliyuncs.com:443"), Some("cn-hangzhou.log.aliyuncs.com".into()));
        assert_eq!(host("https://[fd00::1]:8080/"), Some("fd00::1".into()));
        assert_eq!(host("10.0.0.1"), Some("10.0.0.1".into()));
    }

    #[test]
    fn placeholders_are_told_from_malformed_addresses() {
        for value in [
            "http://logtail.<config_region>.log.aliyuncs.com",
            "${REGION}.log.aliyuncs.com",
            "your-region.x",
            "{{ r }}.x",
        ] {
            assert_eq!(parse(value), Err(Defect::Placeholder), "{value}");
        }
        for value in ["http://", "ftp://host", "a b", "host:99999", "host:0", "-bad.com", "a..b", "", "[::1"]
        {
            assert!(matches!(parse(value), Err(Defect::Malformed(_))), "{value}");
        }
    }

    #[test]
    fn network_suffixes_are_not_part_of_a_region() {
        assert_eq!(without_network("cn_shanghai_vpc"), "cn-shanghai");
        assert_eq!(without_network("cn-hangzhou-finance"), "cn-hangzhou-finance");
    }
}
