//! Cases of `startup_parameters` and `network`.

use std::time::Duration;

use crate::model::{
    NetworkType, Reading,
    snapshot::{Certificate, Failure, FailureKind, FileState, Parameters, Rejection, Scheme},
};

use super::{
    cases::{Case, case},
    scenario::{Scenario, answered, custom, loglistener, logtail, logtail_unexpected, now, parameter},
};

const HTTP: &str = "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com";
const HTTPS: &str = "https://logtail.cn-hangzhou-intranet.log.aliyuncs.com";
const CUSTOM: &str = "https://logs.example.com";
const ADMIN: &str = "http://ali-cn-hangzhou-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = files();
    cases.extend(servers());
    cases.extend(network());
    cases
}

fn state(state: Reading<FileState<Parameters>>) -> Scenario {
    logtail().with(|w| w.agent().config.as_mut().unwrap().state = state)
}

fn files() -> Vec<Case> {
    let missing = || state(Reading::Known(FileState::Missing));
    let rejected = logtail().with(|w| {
        if let Reading::Known(FileState::Present(file)) = &mut w.agent().config.as_mut().unwrap().state {
            file.content = Err(Rejection { line: Some(1), reason: "byte order mark".into() });
        }
    });
    vec![
        case("config_missing", missing(), missing().with(generated)),
        case(
            "config_missing",
            custom().with(|w| w.agent().files[0].state = Reading::Known(FileState::Missing)),
            custom(),
        ),
        case("config_unreadable", state(Reading::Known(FileState::NotAFile("directory"))), missing()),
        case("config_invalid", rejected, logtail()),
        case("config_server_missing", logtail().with(|w| w.parameters().config_servers.clear()), logtail()),
        case("data_server_missing", logtail().with(|w| w.parameters().data_servers.clear()), loglistener()),
    ]
}

fn config_server(scenario: Scenario, value: &str) -> Scenario {
    scenario.with(|w| {
        w.parameters().config_servers[0].value = value.into();
        w.derive_endpoints();
    })
}

fn data_server(scenario: Scenario, cluster: &str, endpoint: &str) -> Scenario {
    scenario.with(|w| {
        let entry = &mut w.parameters().data_servers[0];
        entry.region = Some(parameter("data_server_list[0].cluster", cluster));
        entry.endpoint.value = endpoint.into();
        w.derive_endpoints();
    })
}

/// As in the vendor's image: the path of an optional file gives region and network.
fn generated(scenario: &mut Scenario) {
    let path = "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json";
    let variable = ("ALIYUN_LOGTAIL_CONFIG".to_owned(), path.to_owned());
    scenario.agent().invocation.environment = Reading::Known([variable].into());
    scenario.agent().config.as_mut().unwrap().path = path.into();
}

fn community(scenario: Scenario) -> Scenario {
    scenario.with(|w| {
        w.record().version = Some("1.8.8 Community Edition".into());
        w.processes().truncate(1);
        w.derive_endpoints();
    })
}

/// The config as the third generation's installer writes it; an empty version counts as none.
fn third_generation(version: &str) -> Scenario {
    logtail().with(|w| {
        w.record().version = (!version.is_empty()).then(|| version.to_owned());
        w.parameters().config_servers[0].key = "config_servers[0]".into();
        let server = &mut w.parameters().data_servers[0];
        server.region = Some(parameter("data_servers[0].region", "cn-hangzhou"));
        server.endpoint.key = "data_servers[0].endpoint_list[0]".into();
        w.derive_endpoints();
    })
}

fn community_server(version: &str, server: &str) -> Scenario {
    community(logtail_unexpected()).with(|w| {
        w.record().version = Some(version.into());
        w.parameters().config_servers = vec![parameter("ilogtail_configserver_address[0]", server)];
        w.parameters().data_servers.clear();
        w.derive_endpoints();
    })
}

fn servers() -> Vec<Case> {
    let shanghai = "http://logtail.cn-shanghai-intranet.log.aliyuncs.com";
    let public = "http://logtail.cn-hangzhou.log.aliyuncs.com";
    let any = logtail_unexpected;
    let expecting = |network: NetworkType| logtail().with(|w| w.settings.expect.network = Some(network));
    vec![
        case(
            "placeholder_left",
            config_server(logtail(), "http://logtail.<config_region>.log.aliyuncs.com"),
            logtail(),
        ),
        case("region_mismatch", config_server(logtail(), shanghai), config_server(any(), shanghai)),
        case(
            "region_mismatch",
            loglistener()
                .with(|w| w.parameters().config_servers[0].value = "ap-beijing.cls.tencentyun.com".into()),
            loglistener(),
        ),
        case(
            "region_mismatch",
            data_server(logtail(), "cn-shanghai", "cn-hangzhou-intranet.log.aliyuncs.com"),
            data_server(logtail(), "cn-hangzhou-intranet", "cn-hangzhou-intranet.log.aliyuncs.com"),
        ),
        case("region_inconsistent", config_server(any(), shanghai), any()),
        case(
            "region_inconsistent",
            data_server(any(), "cn-shanghai", "cn-hangzhou-intranet.log.aliyuncs.com"),
            any(),
        ),
        case("network_type_mismatch", config_server(logtail(), public), config_server(any(), public)),
        case(
            "network_type_mismatch",
            expecting(NetworkType::Acceleration),
            data_server(
                config_server(expecting(NetworkType::Acceleration), public),
                "cn-hangzhou",
                "log-global.aliyuncs.com",
            ),
        ),
        case(
            "network_type_inconsistent",
            config_server(any(), public),
            data_server(config_server(any(), public), "cn-hangzhou", "log-global.aliyuncs.com"),
        ),
        case("endpoint_malformed", config_server(logtail(), "http://logtail cn"), logtail()),
        case(
            "region_unknown",
            config_server(any(), "http://logtail.cn-hangzhou-b.log.aliyuncs.com"),
            // A private domain has no region.
            config_server(any(), "http://logtail.example.internal"),
        ),
        case(
            "domain_deprecated",
            config_server(any(), "http://cn-hangzhou-intranet.sls.aliyuncs.com"),
            any(),
        ),
        case(
            "domain_deprecated",
            loglistener()
                .with(|w| w.parameters().config_servers[0].value = "ap-guangzhou.cls.myqcloud.com".into()),
            loglistener(),
        ),
        case("config_format_unsupported", third_generation("2.1.13"), third_generation("3.0.0")),
        case(
            "config_format_unsupported",
            third_generation("1.8.8"),
            // The old keys are present as well.
            third_generation("1.8.8").with(|w| {
                let address = "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com";
                w.parameters().config_servers.push(parameter("config_server_address", address));
                let mut server = w.parameters().data_servers[0].clone();
                server.endpoint.key = "data_server_list[0].endpoint".into();
                w.parameters().data_servers.push(server);
            }),
        ),
        case("config_format_unsupported", third_generation("1.8.8"), third_generation("")),
        case(
            "config_format_unsupported",
            community_server("1.7.9 Community Edition", "config.example.com:8899"),
            community_server("1.7.9 Community Edition", "10.0.0.9:8899"),
        ),
        case(
            "config_format_unsupported",
            community_server("1.7.9 Community Edition", "config.example.com:8899"),
            community_server("1.8.0 Community Edition", "config.example.com:8899"),
        ),
        case(
            "community_edition",
            community(logtail()),
            community(any()).with(|w| {
                w.parameters().config_servers.clear();
                w.parameters().data_servers.clear();
            }),
        ),
    ]
}

fn failing(url: &str, kind: FailureKind, address: &str) -> Scenario {
    logtail().with(|w| w.fail(url, kind, address))
}

/// An HTTP endpoint in addition to the HTTPS one, on the same host.
fn custom_with_http() -> Scenario {
    custom().with(|w| {
        let mut plain = w.agent().endpoints[0].clone();
        plain.endpoint.url = "http://logs.example.com".into();
        plain.endpoint.scheme = Scheme::Http;
        w.agent().endpoints.push(plain);
    })
}

/// The HTTPS endpoint's probe fails this way, after its certificate was received.
fn refused_answer(scenario: &mut Scenario, kind: FailureKind) {
    if let Reading::Known(probe) = &mut scenario.endpoint(HTTPS).probe {
        probe.outcome = Err(Failure { kind, address: None, detail: "failed".into() });
    }
}

/// All probes go through a proxy, the connection to which may fail.
fn through_proxy(scenario: &mut Scenario, outcome: Result<(), FailureKind>) {
    for fact in &mut scenario.agent().endpoints {
        let mut probe = answered();
        probe.proxy = Some(("http://10.0.0.9:3128".into(), "http_proxy".into()));
        if let Err(kind) = outcome {
            probe.phases.connect = None;
            probe.outcome = Err(Failure { kind, address: None, detail: "refused".into() });
        }
        fact.probe = Reading::Known(probe);
    }
}

fn network() -> Vec<Case> {
    let outside = "203.0.113.7";
    let both = |kind: FailureKind| logtail().with(|w| w.fail_everything(kind, outside));
    let ends_in = |days: u64| {
        logtail().with(|w| {
            let fact = w.endpoint(HTTPS);
            let mut probe = answered();
            probe.certificate = Some(Certificate {
                not_before: now() - Duration::from_secs(86_400),
                not_after: now() + Duration::from_secs(days * 86_400),
            });
            fact.probe = Reading::Known(probe);
        })
    };
    vec![
        case(
            "dns_failure",
            failing(HTTP, FailureKind::Resolve, outside),
            failing(HTTP, FailureKind::Refused, outside),
        ),
        // An answer that one name does not exist proves that the resolver answers.
        case(
            "resolver_failure",
            both(FailureKind::NoResolver),
            both(FailureKind::NoResolver).with(|w| w.fail(HTTP, FailureKind::Resolve, outside)),
        ),
        case(
            "proxy_unreachable",
            logtail().with(|w| through_proxy(w, Err(FailureKind::Refused))),
            logtail().with(|w| through_proxy(w, Ok(()))),
        ),
        // A proxy with a malformed setting, which cannot be connected to.
        case(
            "proxy_unreachable",
            logtail().with(|w| through_proxy(w, Err(FailureKind::Proxy))),
            logtail().with(|w| through_proxy(w, Ok(()))),
        ),
        case("connection_refused", both(FailureKind::Refused), failing(HTTPS, FailureKind::Refused, outside)),
        case(
            "connection_timeout",
            both(FailureKind::ConnectTimeout),
            failing(ADMIN, FailureKind::ConnectTimeout, outside),
        ),
        case("network_unreachable", both(FailureKind::Unreachable), logtail()),
        case("tls_failure", failing(HTTPS, FailureKind::Tls, outside), logtail()),
        case("certificate_untrusted", failing(HTTPS, FailureKind::CertificateUntrusted, outside), logtail()),
        case("certificate_expired", failing(HTTPS, FailureKind::CertificateExpired, outside), logtail()),
        case("certificate_expiring", ends_in(13), ends_in(15)),
        case("response_timeout", failing(HTTP, FailureKind::ResponseTimeout, outside), logtail()),
        case("unexpected_response", failing(HTTP, FailureKind::UnexpectedResponse, outside), logtail()),
        case("unexpected_response", failing(HTTP, FailureKind::Proxy, outside), logtail()),
        case(
            "intranet_endpoint_unreachable",
            logtail().with(|w| w.fail_everything(FailureKind::ConnectTimeout, "100.115.4.9")),
            logtail().with(|w| {
                w.fail_everything(FailureKind::ConnectTimeout, "100.115.4.9");
                w.snapshot.host.product = Reading::Known("Alibaba Cloud ECS".into());
            }),
        ),
        case(
            "intranet_endpoint_unreachable",
            logtail().with(|w| w.fail_everything(FailureKind::Unreachable, "100.115.4.9")),
            // One blocked port on a host that reaches the others means a firewall.
            failing(HTTP, FailureKind::ConnectTimeout, "100.115.4.9"),
        ),
        case(
            "https_unreachable",
            failing(HTTPS, FailureKind::ConnectTimeout, outside),
            both(FailureKind::ConnectTimeout),
        ),
        case(
            "connection_refused",
            custom_with_http().with(|w| w.fail(CUSTOM, FailureKind::Refused, outside)),
            failing(HTTPS, FailureKind::Refused, outside),
        ),
        case(
            "certificate_expiring",
            ends_in(13).with(|w| refused_answer(w, FailureKind::UnexpectedResponse)),
            ends_in(13).with(|w| refused_answer(w, FailureKind::CertificateUntrusted)),
        ),
        case(
            "admin_endpoint_unreachable",
            failing(ADMIN, FailureKind::Resolve, outside),
            failing(HTTP, FailureKind::Resolve, outside),
        ),
    ]
}
