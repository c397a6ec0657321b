//! What a version of an agent can and cannot do, and identifiers that were not expanded.

use crate::support::{Answer, Host, User, fault_at_start, layouts::*};

/// Logtail of this version, restarted with these additional variables.
fn of_version(version: &str, environment: &[(&str, &str)]) -> Host {
    let host = Host::with_logtail();
    restart(&host, version, environment);
    host
}

fn restart(host: &Host, version: &str, environment: &[(&str, &str)]) {
    let version = format!("logtail_version={version}");
    let all: Vec<_> = [("STAND_IN_VERSION", version.as_str())].iter().chain(environment).copied().collect();
    host.restart_logtail_with(&all);
}

#[test]
fn a_config_of_the_third_generation_with_an_agent_before_it() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    let third = r#"{"primary_region" : "cn-hangzhou",
        "config_servers" : ["http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"],
        "data_servers" : [{"region" : "cn-hangzhou", "endpoint_list": ["cn-hangzhou-intranet.log.aliyuncs.com"]}]}"#;
    host.write(CONFIG, third);
    restart(&host, "2.1.13", &[]);
    let upgrade = |host: &Host| restart(host, "3.0.0", &[]);
    fault_at_start(&host, None, &["startup_parameters failing config_format_unsupported"], upgrade);
}

#[test]
fn a_version_that_chooses_wrong_addresses() {
    let host = of_version("1.3.0", &[]);
    let upgrade = |host: &Host| restart(host, "1.3.1", &[]);
    fault_at_start(&host, Some(EXPECT_ALL), &["installed ok agent_version_defective(w)"], upgrade);
}

#[test]
fn a_clock_that_this_version_does_not_allow_for() {
    let host = Host::with_logtail();
    host.add_parameter(r#""enable_log_time_auto_adjust" : true"#);
    restart(&host, "1.0.20", &[]);
    host.set_services_ahead(1200);
    let exporter = host.exporter();
    exporter.shows(&["clock failing clock_skewed"]);
    restart(&host, "1.0.21", &[]);
    exporter.shows(&["clock ok clock_skewed_adjusted(w)"]);
}

#[test]
fn a_proxy_that_this_version_passes_over() {
    // Nothing listens there, and the agent never asks.
    let proxy = [("http_proxy", "http://172.16.2.1:3128"), ("https_proxy", "http://172.16.2.1:3128")];
    let host = of_version("1.5.0", &proxy);
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    restart(&host, "1.5.1", &proxy);
    exporter
        .until("the proxy is asked", |seen| seen.verdict().iter().any(|of| of.contains("proxy_unreachable")));
}

#[test]
fn an_identifier_that_kubernetes_left_as_it_was() {
    let variable = |value| [("ALIYUN_LOGTAIL_USER_DEFINED_ID", value)];
    let host = of_version("1.8.8", &variable("$(ALICLOUD_LOG_DEFAULT_MACHINE_GROUP),"));
    host.remove(IDENTIFIERS);
    let resolve = |host: &Host| restart(host, "1.8.8", &variable("web-fleet,"));
    fault_at_start(&host, Some(EXPECT_ALL), &["custom_identifier failing identifier_unexpanded"], resolve);
    host.write(IDENTIFIERS, "[\"web-fleet\"]\n");
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &[]);
    exporter.shows(&["custom_identifier ok identifier_unexpanded(w)"]);
    host.write(IDENTIFIERS, "web-fleet\n");
    exporter.shows(&[]);
}

#[test]
fn without_an_expectation_a_template_is_a_warning() {
    let host = Host::with_logtail();
    host.write(IDENTIFIERS, "${MACHINE_GROUP}\n");
    let undo = |host: &Host| host.write(IDENTIFIERS, "web-fleet\n");
    fault_at_start(&host, None, &["custom_identifier ok identifier_unexpanded(w)"], undo);
}

/// Logtail of this version on an instance whose account is not stored on the host, with this metadata service.
pub(crate) fn without_account(version: &str, answer: Answer) -> Host {
    let host = of_version(version, &[]);
    host.remove(USERS);
    host.add_site(METADATA.split(':').next().unwrap(), &["metadata.example.com"]);
    host.serve(METADATA, answer);
    host
}

const ASKING: &str = "cloud_metadata: true\n";

#[test]
fn a_metadata_service_that_this_version_cannot_ask() {
    let host = without_account("2.1.12", Answer::TokenOnly);
    let exporter = host.exporter_of(ASKING);
    exporter.shows(&["user_identifier ok metadata_token_required(w)"]);
    let told = exporter.report().to_string();
    assert!(told.contains("HTTP 403") && !told.contains("secret"), "{told}");
    host.write(&format!("{USERS}/1234567890123456"), "");
    exporter.shows(&[]);
    host.remove(USERS);
    exporter.shows(&["user_identifier ok metadata_token_required(w)"]);
    restart(&host, "2.1.13", &[]);
    exporter.shows(&[]);
}

#[test]
fn a_metadata_service_is_not_asked_unless_config_says_so() {
    let host = without_account("2.1.12", Answer::TokenOnly);
    for config in ["detect: true\n", "cloud_metadata: false\n"] {
        let exporter = host.exporter_of(config);
        exporter.shows(&[]);
        exporter.until_evaluated();
    }
    assert_eq!(host.accepted(METADATA), 0);
}

#[test]
fn a_metadata_service_that_asks_for_no_token_or_is_none() {
    for answer in [Answer::Status(200), Answer::Status(403), Answer::Status(404), Answer::Reset] {
        let host = without_account("2.1.12", answer);
        let exporter = host.exporter_of(ASKING);
        exporter.shows(&[]);
        assert!(host.accepted(METADATA) > 0, "{answer:?}");
    }
    let host = without_account("2.1.12", Answer::TokenOnly);
    host.refuse(METADATA);
    host.exporter_of(ASKING).shows(&[]);
}
