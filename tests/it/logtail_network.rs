//! The route to the log service, and its clock: each way in which they can be wrong, and corrected.

use crate::support::{Answer, Certificate, Host, fault, layouts::*};

#[test]
fn a_port_is_blocked() {
    let host = Host::with_logtail();
    let block = |host: &Host| host.block(DATA);
    fault(&host, None, block, &["network failing connection_timeout"], Host::unblock);
}

#[test]
fn only_https_is_blocked() {
    let host = Host::with_logtail();
    let block = |host: &Host| host.block(CONFIG_HTTPS);
    fault(&host, None, block, &["network failing https_unreachable"], Host::unblock);
}

#[test]
fn the_connection_is_refused() {
    let host = Host::with_logtail();
    let refuse = |host: &Host| host.refuse(DATA);
    let undo = |host: &Host| host.serve(DATA, Answer::LogService);
    fault(&host, None, refuse, &["network failing connection_refused"], undo);
}

#[test]
fn there_is_no_route() {
    let host = Host::with_logtail();
    let cut = |host: &Host| host.ip("route add unreachable 100.115.4.11");
    let undo = |host: &Host| host.ip("route del unreachable 100.115.4.11");
    fault(&host, None, cut, &["network failing network_unreachable"], undo);
}

#[test]
fn the_name_is_unknown() {
    let host = Host::with_logtail();
    let hosts = host.read("/etc/hosts");
    let forget = |host: &Host| host.edit("/etc/hosts", "100.115.4.11 ", "# 100.115.4.11 ");
    fault(&host, None, forget, &["network failing dns_failure"], |host| host.write("/etc/hosts", &hosts));
}

#[test]
fn the_name_server_says_nothing() {
    let host = Host::with_logtail();
    host.write("/etc/nsswitch.conf", "hosts: files dns\n");
    // An unused address: packets to it are lost.
    host.write("/etc/resolv.conf", "nameserver 203.0.113.53\n");
    let hosts = host.read("/etc/hosts");
    let mut exporter = host.exporter_of("agents: [{ kind: logtail }]");
    exporter.shows(&[]);
    host.edit("/etc/hosts", "100.115.4.11 ", "# 100.115.4.11 ");
    exporter.shows(&["network failing dns_failure"]);
    host.write("/etc/hosts", &hosts);
    exporter.shows(&[]);
    host.write("/etc/hosts", "");
    exporter.until("nothing resolves", |seen| seen.sum("logagent_endpoint_up") == 0.0);
    exporter.signal("TERM");
    let (code, took) = exporter.ends();
    assert_eq!(code, Some(0));
    assert!(took.as_secs_f64() < 1.0, "a resolver that hangs holds up the end: {took:?}");
}

#[test]
fn a_root_of_all_http_urls_explains_the_https_url() {
    let host = Host::with_logtail();
    let hosts = host.read("/etc/hosts");
    let forget = |host: &Host| host.edit("/etc/hosts", "100.115.4.10 ", "# 100.115.4.10 ");
    fault(&host, None, forget, &["network failing dns_failure"], |host| host.write("/etc/hosts", &hosts));
}

/// Replaces the data server's answer with this one.
#[track_caller]
fn data_server(answer: Answer, expected: &[&str]) {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.serve(DATA, Answer::LogService);
    fault(&host, None, |host| host.serve(DATA, answer), expected, undo);
}

#[test]
fn a_captive_portal_answers() {
    data_server(Answer::Portal, &["network failing unexpected_response"]);
}

#[test]
fn another_web_server_answers() {
    data_server(Answer::Status(404), &["network failing unexpected_response"]);
}

#[test]
fn the_server_is_silent() {
    data_server(Answer::Silence, &["network failing response_timeout"]);
}

#[test]
fn the_server_is_far_too_slow() {
    data_server(Answer::Drip, &["network failing response_timeout"]);
}

#[test]
fn the_connection_is_reset() {
    data_server(Answer::Reset, &["network failing unexpected_response"]);
}

/// Replaces the config server's certificate with this one.
#[track_caller]
fn certificate(certificate: Certificate, expected: &[&str]) {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.serve_config_https(Certificate::Good);
    fault(&host, None, |host| host.serve_config_https(certificate), expected, undo);
}

#[test]
fn the_certificate_is_self_signed() {
    certificate(Certificate::SelfSigned, &["network failing certificate_untrusted"]);
}

#[test]
fn the_certificate_is_for_another_name() {
    certificate(Certificate::OtherName, &["network failing certificate_untrusted"]);
}

#[test]
fn the_certificate_has_expired() {
    certificate(Certificate::Expired, &["network failing certificate_expired"]);
}

#[test]
fn the_certificate_expires_soon() {
    certificate(Certificate::Expiring, &["network ok certificate_expiring(w)"]);
}

#[test]
fn plain_http_answers_where_tls_should() {
    let host = Host::with_logtail();
    let serve = |host: &Host| host.serve(CONFIG_HTTPS, Answer::LogService);
    let undo = |host: &Host| host.serve_config_https(Certificate::Good);
    fault(&host, None, serve, &["network failing tls_failure"], undo);
}

#[test]
fn the_trust_store_lacks_the_authority() {
    let host = Host::with_logtail();
    let path = "/etc/ssl/certs/ca-certificates.crt";
    let store = host.read(path);
    let clear = |host: &Host| host.write(path, "");
    fault(&host, None, clear, &["network failing certificate_untrusted"], |host| host.write(path, &store));
}

#[test]
fn the_admin_project_is_down() {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.serve(ADMIN, Answer::LogService);
    fault(&host, None, |host| host.refuse(ADMIN), &["network ok admin_endpoint_unreachable(w)"], undo);
}

#[test]
fn the_project_is_down() {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.serve(PROJECT, Answer::LogService);
    fault(
        &host,
        Some(EXPECT_ALL),
        |host| host.refuse(PROJECT),
        &["network failing connection_refused"],
        undo,
    );
}

#[test]
fn internal_endpoints_time_out_outside_of_the_cloud() {
    let host = Host::with_logtail();
    host.write("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
    host.write("/sys/class/dmi/id/product_name", "PowerEdge R740\n");
    let block = |host: &Host| host.ip("-n internet rule add pref 10 to 100.115.4.0/24 blackhole");
    let expected = ["clock unknown", "network failing intranet_endpoint_unreachable"];
    fault(&host, None, block, &expected, Host::unblock);
}

#[test]
fn the_clock_is_off_by_twenty_minutes() {
    let host = Host::with_logtail();
    let skew = |host: &Host| host.set_services_ahead(1200);
    fault(&host, None, skew, &["clock failing clock_skewed"], |host| host.set_services_ahead(0));
}

#[test]
fn the_clock_is_off_by_two_minutes() {
    let host = Host::with_logtail();
    let skew = |host: &Host| host.set_services_ahead(-120);
    fault(&host, None, skew, &["clock ok clock_offset_high(w)"], |host| host.set_services_ahead(0));
}

#[test]
fn the_clock_is_off_and_the_agent_allows_for_it() {
    let host = Host::with_logtail();
    host.add_parameter(r#""enable_log_time_auto_adjust" : true"#);
    host.restart_logtail();
    let skew = |host: &Host| host.set_services_ahead(1200);
    fault(&host, None, skew, &["clock ok clock_skewed_adjusted(w)"], |host| host.set_services_ahead(0));
}

#[test]
fn true_in_quotes_allows_for_nothing() {
    let host = Host::with_logtail();
    host.add_parameter(r#""enable_log_time_auto_adjust" : "true""#);
    host.restart_logtail();
    let skew = |host: &Host| host.set_services_ahead(1200);
    fault(&host, None, skew, &["clock failing clock_skewed"], |host| host.set_services_ahead(0));
}

#[test]
fn a_time_server_tells_the_offset() {
    let host = Host::with_logtail();
    host.add_site("203.0.113.123", &["ntp.example.com"]);
    let mut server = host.command("/", "ip");
    server.args(["netns", "exec", "internet", "stand-in", "sntp", "203.0.113.123:123", "-1200"]);
    let mut server = server.spawn().unwrap();
    // A contradiction prefers NTP.
    let exporter = host.exporter_of("clock: { ntp_servers: [ntp.example.com] }");
    exporter.shows(&["clock failing clock_skewed"]);
    let offset = exporter.scrape().value("logagent_clock_offset_seconds", &[("source", "ntp")]).unwrap();
    assert!((1195.0..1205.0).contains(&offset), "{offset}");
    server.kill().unwrap();
    server.wait().unwrap();
}
