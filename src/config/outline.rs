//! The parts of the exporter's own files that may be shown to others: their keys, and the values of those
//! that hold no secret.

use crate::agents::outline::{lines, named, yaml};

/// Keys of the config file and of the web config whose values hold no secret. Only the origin of URLs is shown.
const SHOWN_KEYS: &[&str] = &[
    "account_id",
    "alert_language",
    "api_version",
    "ca_file",
    "cert_file",
    "cipher_suites",
    "client_allowed_sans",
    "client_auth_type",
    "client_ca_file",
    "cloud_metadata",
    "count",
    "credentials_file",
    "curve_preferences",
    "dashboard_base",
    "detect",
    "enable_http2",
    "executable",
    "expect_status",
    "external_url",
    "files",
    "follow_redirects",
    "http2",
    "ignore",
    "insecure_skip_verify",
    "install_dir",
    "key_file",
    "kind",
    "machine_group_identifier",
    "machine_group_ips",
    "max_offset",
    "max_version",
    "min_version",
    "name",
    "network",
    "ntp_servers",
    "password_file",
    "path_prefix",
    "prefer_server_cipher_suites",
    "projects",
    "proxy_url",
    "refresh_interval",
    "region",
    "role",
    "run_as",
    "runbook_base",
    "scheme",
    "server_group_ip",
    "server_group_label",
    "server_name",
    "targets",
    "timeout",
    "type",
    "url",
    "username_file",
    "warn_offset",
];

/// The keys of a config file or web config, with the values that may be shown.
pub fn outline(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    lines(&yaml(text), |keys| {
        let in_labels = matches!(keys, [section, _] if section == "labels");
        in_labels || named(keys, SHOWN_KEYS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_withheld_wherever_they_stand() {
        let config = "labels: {cluster: prod}\nagents:\n- kind: custom\n  endpoints: [{url: 'https://joe:CANARY@logs/CANARY'}]\n\
                      alertmanagers:\n- proxy_url: http://joe:CANARY@proxy:3128\n  basic_auth: {username: joe, password: CANARY}\n  \
                      authorization: {type: Bearer, credentials: CANARY}\n  static_configs: [{targets: ['am:9093']}]\n\
                      AccessKeySecret: CANARY\nhttp_headers: {X-Token: {values: [CANARY]}}\n";
        let shown = outline(config.as_bytes());
        assert!(!shown.contains("CANARY"), "{shown}");
        for line in [
            "labels.cluster = prod",
            "agents.endpoints.url = https://logs/(withheld)",
            "alertmanagers.proxy_url = http://proxy:3128",
            "alertmanagers.static_configs.targets = am:9093",
            "alertmanagers.basic_auth.username = (withheld)",
            "AccessKeySecret = (withheld)",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
        }
        let web = "basic_auth_users: {joe: $2y$05$CANARY}\ntls_server_config: {key: CANARY, cert_file: /etc/x.pem}\n";
        let shown = outline(web.as_bytes());
        assert!(
            !shown.contains("CANARY") && shown.contains("tls_server_config.cert_file = /etc/x.pem"),
            "{shown}"
        );
    }

    #[test]
    fn every_key_that_is_understood_is_told() {
        let config = include_str!("../../deploy/logagent-exporter.yml");
        assert!(outline(config.as_bytes()).lines().count() > 3);
    }
}
