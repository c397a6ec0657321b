//! Agents as their installers lay them out, with services that answer them.

use super::{Answer, Certificate, eventually, host::Host};

/// Where Logtail is installed.
pub(crate) const LOGTAIL: &str = "/usr/local/ilogtail";
/// Logtail's program.
pub(crate) const ILOGTAIL: &str = "/usr/local/ilogtail/ilogtail";
/// Logtail's config.
pub(crate) const CONFIG: &str = "/usr/local/ilogtail/ilogtail_config.json";
/// Logtail's address record.
pub(crate) const APP_INFO: &str = "/usr/local/ilogtail/app_info.json";
/// Directory of user identifiers.
pub(crate) const USERS: &str = "/etc/ilogtail/users";
/// File of custom identifiers.
pub(crate) const IDENTIFIERS: &str = "/etc/ilogtail/user_defined_id";

/// The config as the installer writes it for the internal network of Hangzhou.
pub(crate) const CONFIG_TEXT: &str = include_str!("ilogtail_config.json");

/// The address that the stand-in chooses.
const STAND_IN_IP: &str = "STAND_IN_IP";
/// The config server's name.
pub(crate) const CONFIG_SERVER: &str = "logtail.cn-hangzhou-intranet.log.aliyuncs.com";
/// Its addresses.
pub(crate) const CONFIG_HTTP: &str = "100.115.4.10:80";
pub(crate) const CONFIG_HTTPS: &str = "100.115.4.10:443";
/// The data server's address.
pub(crate) const DATA: &str = "100.115.4.11:80";
/// The project's address.
pub(crate) const PROJECT: &str = "100.115.4.12:80";
/// The admin project's address.
pub(crate) const ADMIN: &str = "100.115.4.13:80";

/// The metadata service's address.
pub(crate) const METADATA: &str = "100.100.100.200:80";

/// A config of the exporter with every expectation that a Logtail can have.
pub(crate) const EXPECT_ALL: &str = r#"
agents:
  - kind: logtail
    expect:
      region: cn-hangzhou
      network: intranet
      account_id: "1234567890123456"
      machine_group_ips: [172.16.2.200]
      machine_group_identifier: web-fleet
      projects: [my-project]
"#;

/// Where LogListener is installed.
pub(crate) const LOGLISTENER: &str = "/usr/local/loglistener";
/// LogListener's config.
pub(crate) const CONF: &str = "/usr/local/loglistener/etc/loglistener.conf";
/// LogListener's server.
pub(crate) const CLS: &str = "169.254.0.55:80";

/// The config as the installer fills it in. The keys have the form of real ones but are not real.
pub(crate) const CONF_TEXT: &str = "\
# loglistener.conf
proxy_host = ap-guangzhou.cls.tencentyun.com
secret_id = AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA
secret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA
encryption = false
group_ip = 172.16.2.200
group_label =
instance_id = loglistener-26bc356e-833f-d69d-0000-5254001a2b3c
memory_tight_mode = false
";

/// A config of the exporter with expectations of a LogListener in an IP group.
pub(crate) const EXPECT_CLS: &str = "
agents:
  - name: cls
    kind: loglistener
    expect: { region: ap-guangzhou, network: intranet, server_group_ip: 172.16.2.200 }
";

impl Host {
    /// A machine on which Logtail is healthy, also with every expectation of [`EXPECT_ALL`].
    pub(crate) fn with_logtail() -> Self {
        let host = Self::new();
        host.add_log_service();
        host.write(CONFIG, CONFIG_TEXT);
        host.write(&format!("{USERS}/1234567890123456"), "");
        host.write(IDENTIFIERS, "web-fleet\n");
        host.install_stand_in(ILOGTAIL);
        host.start_logtail();
        host
    }

    /// The log service of Hangzhou, as seen from its internal network.
    pub(crate) fn add_log_service(&self) {
        self.add_site("100.115.4.10", &[CONFIG_SERVER]);
        self.add_site("100.115.4.11", &["cn-hangzhou-intranet.log.aliyuncs.com"]);
        self.add_site("100.115.4.12", &["my-project.cn-hangzhou-intranet.log.aliyuncs.com"]);
        self.add_site("100.115.4.13", &["ali-cn-hangzhou-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com"]);
        for address in [CONFIG_HTTP, DATA, PROJECT, ADMIN] {
            self.serve(address, Answer::LogService);
        }
        self.serve_config_https(Certificate::Good);
    }

    /// The config server over HTTPS.
    pub(crate) fn serve_config_https(&self, certificate: Certificate) {
        self.serve_tls(CONFIG_HTTPS, certificate, &[CONFIG_SERVER], Answer::LogService);
    }

    /// Replaces the machine's address by 172.16.2.201.
    pub(crate) fn change_address(&self) {
        self.ip("address add 172.16.2.201/23 dev eth0");
        self.ip("address del 172.16.2.200/24 dev eth0");
        self.ip("route replace default via 172.16.2.1");
    }

    /// Adds a line to Logtail's config.
    pub(crate) fn add_parameter(&self, line: &str) {
        self.edit(CONFIG, "{\n    \"config", &format!("{{\n    {line},\n    \"config"));
    }

    /// Starts Logtail, and waits until it runs.
    pub(crate) fn start_logtail(&self) {
        self.start_logtail_at("172.16.2.200");
    }

    /// Starts Logtail, which chooses this address.
    pub(crate) fn start_logtail_at(&self, ip: &str) {
        self.start_agent(&[ILOGTAIL], &[(STAND_IN_IP, ip)], 2);
    }

    /// Starts an agent that leaves this many processes behind, the last of which writes its record.
    pub(crate) fn start_agent(&self, command: &[&str], environment: &[(&str, &str)], processes: usize) {
        let record = format!("{}/app_info.json", command[0].rsplit_once('/').unwrap().0);
        if self.at(&record).exists() {
            self.remove(&record);
        }
        let name: String = super::host::base_name(command[0]).chars().take(15).collect();
        let others = self.named(&name).len();
        self.start(command, environment.iter().copied());
        self.until_running(&name, others + processes);
        if environment.iter().any(|(name, _)| *name == STAND_IN_IP) {
            eventually("the record is written", || {
                if self.at(&record).exists() { Ok(()) } else { Err(record.clone()) }
            });
        }
    }

    /// Logtail's daemon.
    pub(crate) fn daemon(&self) -> u32 {
        let found = self.named("ilogtail");
        found.iter().find(|process| process.parent == 1).expect("a daemon").pid
    }

    /// Logtail's worker.
    pub(crate) fn worker(&self) -> u32 {
        let (daemon, found) = (self.daemon(), self.named("ilogtail"));
        found.iter().find(|process| process.parent == daemon).expect("a worker").pid
    }

    /// Stops Logtail and starts it again.
    pub(crate) fn restart_logtail(&self) {
        self.restart_logtail_with(&[]);
    }

    /// Stops Logtail and starts it again with these variables, which may replace the address that it chooses.
    pub(crate) fn restart_logtail_with(&self, environment: &[(&str, &str)]) {
        self.kill_all("ilogtail");
        let all: Vec<_> = [(STAND_IN_IP, "172.16.2.200")].iter().chain(environment).copied().collect();
        self.start_agent(&[ILOGTAIL], &all, 2);
    }

    /// A machine on which LogListener is healthy, with three processes.
    pub(crate) fn with_loglistener() -> Self {
        let host = Self::new();
        host.add_site("169.254.0.55", &["ap-guangzhou.cls.tencentyun.com"]);
        host.serve(CLS, Answer::Status(404));
        host.write(CONF, CONF_TEXT);
        for name in ["loglistener", "loglistenerm", "loglisteneru"] {
            host.install_stand_in(&format!("{LOGLISTENER}/bin/{name}"));
            host.start_loglistener(name);
        }
        host
    }

    /// Starts one of LogListener's processes as its scripts do.
    pub(crate) fn start_loglistener(&self, name: &str) {
        let program = format!("bin/{name}");
        let command: &[&str] = match name {
            "loglistenerm" => &[&program, "-d"],
            "loglisteneru" => &[&program, "-u", "--conf=etc/loglistener.conf"],
            _ => &[&program, "--conf=etc/loglistener.conf"],
        };
        self.start_in(LOGLISTENER, command, []);
        self.until_running(name, 1);
    }
}

impl Host {
    /// Restarts Logtail as a user that has no privileges.
    pub(crate) fn run_logtail_as_nobody(&self) {
        self.kill_all("ilogtail");
        self.remove(APP_INFO);
        self.sh(&format!("chown -R 990:990 {LOGTAIL}"));
        self.start(
            &["setpriv", "--reuid=990", "--regid=990", "--clear-groups", ILOGTAIL],
            [("STAND_IN_IP", "172.16.2.200")],
        );
        self.until_running("ilogtail", 2);
        eventually("the record is written", || {
            if self.at(APP_INFO).exists() { Ok(()) } else { Err("not yet".to_owned()) }
        });
    }
}

impl Host {
    /// The time of Logtail's start according to its record.
    pub(crate) fn instance_epoch(&self) -> String {
        let record: serde_json::Value = serde_json::from_str(&self.read(APP_INFO)).unwrap();
        record["instance_id"].as_str().unwrap().rsplit_once('_').unwrap().1.to_owned()
    }
}
