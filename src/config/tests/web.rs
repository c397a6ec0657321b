//! Files of `--web.config.file`: those that users have are valid, and every defect has its message.

use super::*;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

fn read(text: &str) -> Result<(WebConfig, Vec<String>), String> {
    let said = |warnings: Vec<crate::config::ConfigProblem>| {
        warnings.iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect()
    };
    let read = parse(text.as_bytes(), Path::new("/etc/x/web.yml")).map_err(|error| error.to_string());
    read.map(|(config, warnings)| (config, said(warnings)))
}

#[test]
fn every_key_of_the_toolkit_is_understood() {
    let text = format!(
        "tls_server_config:
  cert_file: server.crt
  key_file: /etc/y/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, CurveP521]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
    Content-Security-Policy: ''
basic_auth_users:
  prometheus: {HASH}
  '12': {HASH}
rate_limit:
  interval: 1s
  burst: 20
"
    );
    let (config, warnings) = read(&text).unwrap();
    let tls = config.tls.unwrap();
    let files = format!("{:?} {:?} {:?}", tls.certificate, tls.key, tls.client_ca.unwrap());
    assert_eq!(files.replace('\\', "/"), "/etc/x/server.crt /etc/y/server.key /etc/x/ca.crt");
    assert_eq!((tls.client_auth, tls.tls12, tls.tls13), (ClientAuth::RequireAndVerify, true, true));
    assert_eq!(tls.allowed_sans, ["prometheus.example", "10.0.0.1"]);
    assert_eq!(
        (tls.cipher_suites, tls.curves),
        (vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], vec!["CurveP256"])
    );
    assert!(!tls.prefer_server_order && !config.http2);
    assert_eq!(config.headers.len(), 3);
    assert_eq!(config.users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["prometheus", "12"]);
    assert_eq!(config.rate_limit, Some(RateLimit { interval: Duration::from_secs(1), burst: 20 }));
    assert_eq!(
        warnings,
        [
            "tls_server_config.cipher_suites: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: not part of this server, left out",
            "tls_server_config.curve_preferences: CurveP521: not part of this server, left out",
        ]
    );
}

#[test]
fn what_is_empty_is_as_if_it_were_not_there() {
    for text in [
        "",
        "# nothing\n",
        "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\nrate_limit:\n",
        "tls_server_config: {cert_file: '', key_file: '', client_ca_file: ''}\n",
        "tls_server_config: {min_version: TLS12}\nrate_limit: {interval: 0}\n",
    ] {
        assert_eq!(read(text), Ok((WebConfig::default(), Vec::new())), "{text}");
    }
    let inline = "tls_server_config:\n  cert: |\n    -----BEGIN CERTIFICATE-----\n  key: s3cret\n";
    let (config, _) = read(inline).unwrap();
    let tls = config.tls.unwrap();
    assert!(matches!(tls.certificate.source, PemSource::Inline(_)));
    assert!(!format!("{tls:?}").contains("s3cret"));
    let (config, warnings) =
        read("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10, max_version: TLS12}")
            .unwrap();
    let tls = config.tls.unwrap();
    assert_eq!((tls.tls12, tls.tls13, warnings.len()), (true, false, 1));
}

#[test]
fn every_defect_has_its_words() {
    for (text, said) in [
        ("junk_key: 1\n", "/etc/x/web.yml:1: junk_key: is not a known key; use one of tls_server_config,"),
        (
            "tls_server_config:\n  cert_file: a\n",
            "/etc/x/web.yml:2: tls_server_config.key_file: is missing; write key_file, or key with the PEM text itself",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, min_version: TLS14}\n",
            ":1: tls_server_config.min_version: \"TLS14\" is not a TLS version; use one of TLS10, TLS11, TLS12, TLS13",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, max_version: TLS11}\n",
            "max_version: is not supported by this server; use TLS12 or TLS13",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}\n",
            "max_version: is below min_version",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [NOPE]}\n",
            "cipher_suites[0]: \"NOPE\" is unknown; use some of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}\n",
            "cipher_suites: TLS_RSA_WITH_AES_128_CBC_SHA: not part of this server; use some of",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n",
            "client_ca_file: names authorities of clients, but client_auth_type asks for none",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}\n",
            "client_auth_type: needs the authorities of clients; write client_ca_file",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: Verify}\n",
            "\"Verify\" is not a client_auth_type",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [x]}\n",
            "client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert",
        ),
        (
            "http_server_config: {headers: {X-Other: y}}\n",
            "headers.X-Other: is not a header that can be set; use one of Content-Security-Policy,",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: y}}\n",
            "headers.X-Frame-Options: \"y\" is not one of deny, sameorigin",
        ),
        (
            "basic_auth_users: {joe: s3cret}\n",
            "basic_auth_users.joe: is not a bcrypt hash; make one with: htpasswd -nBC 10",
        ),
        ("rate_limit: {interval: 1s}\n", "rate_limit.burst: must be at least 1"),
        ("http_server_config: {http2: 1}\n", "http2: is the number 1; it must be true or false"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(said) && !error.contains("s3cret"), "{text}: {error}");
    }
    let both = read("junk: 1\nbasic_auth_users: {joe: x}\n").unwrap_err();
    assert_eq!(both.lines().count(), 2, "all at once: {both}");
}
