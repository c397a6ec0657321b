//! A real Prometheus scrapes over mutual TLS with a password, while authority, certificate and password are rotated.

use std::process::Stdio;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::{
    prometheus::{answers, query},
    support::{Host, User, eventually, layouts::*},
};

/// The number of times that the certificate and the password change.
const ROTATIONS: usize = 3;

/// Scrapes after each change before the next one.
const SCRAPES: f64 = 3.0;

/// The hashes of `password-0`, `password-1` …, as `htpasswd -nbBC 5` writes them.
pub(crate) const HASHES: [&str; ROTATIONS + 1] = [
    "$2y$05$wuJ.uRH6PVgDoy9tsTZVBugQjl0Jif5fa894A8n8OkSHQMaFpfiDy",
    "$2y$05$iq2RPmiy9R4G8woxOQx4ieignw7NPO4f8qgSDb/9VAGR0GU.EBxA2",
    "$2y$05$W0Of/ofuFWcdqjOd1y/.BuMtBVGSTvRc.NTJf.RfTLQbwjPBHFv/q",
    "$2y$05$TM9R2dNHaaMW/ZxQMgtfeO0U3KUS50imzvVrikERaRF9wggZ3TUCW",
];

/// An authority, in PEM, and the key that it signs with.
fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (parameters.self_signed(&key).unwrap().pem(), Issuer::new(parameters, key))
}

/// Replaces the certificate and the key, one after the other, by those for `name`, as tools do.
fn issue(host: &Host, issuer: &Issuer<'static, KeyPair>, file: &str, name: &str) {
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = parameters.signed_by(&key, issuer).unwrap();
    for (suffix, content) in [("crt", certificate.pem()), ("key", key.serialize_pem())] {
        replace(host, &format!("/etc/web/{file}.{suffix}"), &content);
    }
}

fn replace(host: &Host, path: &str, content: &str) {
    host.write(&format!("{path}.new"), content);
    host.rename(&format!("{path}.new"), path);
}

fn web(host: &Host, generations: &[usize]) {
    let users: Vec<String> = generations.iter().map(|&g| format!("  user-{g}: {}\n", HASHES[g])).collect();
    let users = users.concat();
    let text = format!(
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  \
         client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\nbasic_auth_users:\n{users}"
    );
    replace(host, "/etc/web/web.yml", &text);
}

fn prometheus_config(host: &Host, generation: usize) {
    let text = format!(
        "
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: locked
    scheme: https
    basic_auth: {{ username: user-{generation}, password: password-{generation} }}
    tls_config:
      ca_file: /etc/web/servers.pem
      cert_file: /etc/web/client.crt
      key_file: /etc/web/client.key
      server_name: exporter.example
    static_configs: [{{ targets: ['127.0.0.1:10077'], labels: {{ generation: '{generation}' }} }}]
"
    );
    replace(host, "/etc/prometheus.yml", &text);
}

/// Waits until this many more scrapes of this generation have succeeded.
fn scraped(host: &Host, generation: usize) {
    let asked = format!("sum(sum_over_time(up{{generation=\"{generation}\"}}[10m]))");
    eventually(&asked, || {
        let series = query(host, &asked)?;
        let count = series.first().and_then(|(_, value)| value.parse::<f64>().ok());
        if count.is_some_and(|count| count >= SCRAPES) { Ok(()) } else { Err(format!("{series:?}")) }
    });
}

#[test]
fn no_scrape_fails_while_authority_certificate_and_password_are_rotated() {
    let host = Host::with_logtail();
    host.create_dir("/etc/web");
    let (clients, issuer_of_clients) = authority("clients");
    host.write("/etc/web/clients.pem", &clients);
    issue(&host, &issuer_of_clients, "client", "prometheus.example");
    let (mut servers, issuer) = authority("servers 0");
    host.write("/etc/web/servers.pem", &servers);
    issue(&host, &issuer, "server", "exporter.example");
    web(&host, &[0]);
    let exporter =
        host.exporter_starting(User::Root, Some(EXPECT_ALL), &["--web.config.file=/etc/web/web.yml"]);
    prometheus_config(&host, 0);
    let mut prometheus = host.command("/run", "/run/prometheus/prometheus");
    let mut prometheus = prometheus
        .args(["--config.file=/etc/prometheus.yml", "--storage.tsdb.path=/run/tsdb"])
        .arg("--web.listen-address=127.0.0.1:9090")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    scraped(&host, 0);
    let reload = || host.signal("HUP", host.pids("prometheus")[0]);
    for generation in 1..=ROTATIONS {
        // Prometheus trusts both authorities before the exporter changes, and only the new one afterwards, which shows
        // that the new certificate is served.
        let (pem, issuer) = authority(&format!("servers {generation}"));
        replace(&host, "/etc/web/servers.pem", &format!("{servers}{pem}"));
        reload();
        web(&host, &[generation - 1, generation]);
        issue(&host, &issuer, "server", "exporter.example");
        replace(&host, "/etc/web/servers.pem", &pem);
        prometheus_config(&host, generation);
        reload();
        scraped(&host, generation);
        web(&host, &[generation]);
        servers = pem;
    }
    answers(&host, "logagent_web_config_last_reload_successful", 1);
    answers(&host, "count(count by (generation) (count_over_time(up[10m]))) == bool 4", 1);
    let failed = query(&host, "sum(count_over_time(up[10m])) - sum(sum_over_time(up[10m]))").unwrap();
    assert_eq!(
        failed.first().map(|(_, value)| value.as_str()),
        Some("0"),
        "failed scrapes: {failed:?}\n{}",
        exporter.log()
    );
    drop(exporter);
    host.kill_all("prometheus");
    prometheus.wait().unwrap();
}
