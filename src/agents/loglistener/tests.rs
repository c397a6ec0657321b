//! Tests of the profile as a whole.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Reason, System,
    snapshot::{Process, testing::process},
};

fn settings(dir: &str) -> AgentSettings {
    AgentSettings { install_dir: Some(PathBuf::from(dir)), ..AgentSettings::default() }
}

fn started_as(line: &str, in_container: bool) -> Invocation {
    Invocation {
        arguments: Reading::Known(line.split(' ').map(ToOwned::to_owned).collect()),
        in_container: Reading::Known(in_container),
        ..Invocation::default()
    }
}

fn parse_parameters(config: &str, path: &str) -> Parameters {
    let files =
        ConfigFiles { path: Path::new(path), bytes: config.as_bytes(), parts: &[], system: System::Linux };
    LogListener.parse_parameters(files).expect("accepted")
}

#[test]
fn names_tell_roles() {
    let recognise = |name: &str| LogListener.recognise(name, &AgentSettings::default());
    assert_eq!(recognise("loglistener"), Recognition::Role(Role::MAIN));
    assert_eq!(recognise("loglistenerm"), Recognition::Role(Role::DAEMON));
    assert_eq!(recognise("loglisteneru"), Recognition::Role(Role::UPDATE));
    assert_eq!(recognise("loglistener_mcd"), Recognition::Role(Role::MAIN));
    assert_eq!(recognise("loglistener_watchdog"), Recognition::Role(Role::DAEMON));
    assert_eq!(recognise("loglistener_dcc"), Recognition::Role(Role::UPDATE));
    for name in
        ["", "loglistenerd", "loglistener_", "loglistener.conf", "loglistener_operator", "bin/loglistener"]
    {
        assert_eq!(recognise(name), Recognition::Foreign, "{name}");
    }
    for (comm, is_own) in [("loglistenerm", true), ("loglistener_wat", true), ("loglistener_watch", false)] {
        assert_eq!(LogListener.recognises_comm(comm, &AgentSettings::default()), is_own, "{comm}");
    }
}

#[test]
fn the_first_generation_is_told_by_its_programs_its_config_or_its_version() {
    let settings = AgentSettings::default();
    let recognise = |name: &str| LogListener.recognise(name, &settings);
    for (name, role) in [
        ("loglistener_watchdog", Role::DAEMON),
        ("loglistener_mcd", Role::MAIN),
        ("loglistener_dcc", Role::UPDATE),
    ] {
        assert_eq!(recognise(name), Recognition::Role(role));
        let comm: String = name.chars().take(15).collect();
        assert!(LogListener.recognises_comm(&comm, &settings), "{comm}");
    }
    assert!(!LogListener.recognises_comm("loglistener_wa", &settings));
    let dcc = "/data/loglistener/etc/loglistener_dcc.conf";
    let classic = "/data/loglistener/etc/loglistener.conf";
    let running = |name| Reading::Known(vec![process(1, 1, name)]);
    for (version, config, processes, label, roles) in [
        (None, dcc, Reading::Known(vec![]), "1.x", 3),
        (Some("1.1.2"), classic, Reading::Known(vec![]), "1.x", 3),
        (None, classic, running("./loglistener_dcc"), "1.x", 3),
        (None, classic, running("bin/loglistener"), "", 3),
        (Some("2.1.1"), classic, running("bin/loglistener"), "", 3),
    ] {
        let facts = EditionFacts {
            settings: &settings,
            version: &Reading::Known(version.map(str::to_owned)),
            config: &Reading::Known(Some(config.into())),
            invocation: &started_as("./loglistener_mcd ../etc/loglistener_mcd.conf nofork", false),
            processes: &processes,
        };
        let edition = LogListener.edition(facts);
        let expected = LogListener.expected_roles(facts, &edition);
        let found = (edition.known().unwrap().label, expected.known().unwrap().len());
        assert_eq!(found, (label, roles), "{version:?} {config}");
    }
}

#[test]
fn of_a_config_of_the_first_generation_only_that_it_is_a_text_is_judged() {
    let parse = |bytes: &[u8]| {
        let path = Path::new("/data/loglistener/etc/loglistener_dcc.conf");
        LogListener.parse_parameters(ConfigFiles { path, bytes, parts: &[], system: System::Linux })
    };
    assert_eq!(parse(b"<whatever secret_key=x>\n"), Ok(Parameters::default()));
    assert!(parse(b"").is_err() && parse(b"a\0b").is_err());
}

#[test]
fn the_config_is_the_named_one_else_the_generations() {
    let configs = |dir: &str, line: &str| {
        let located = LogListener.layout(&settings(dir), &started_as(line, false)).config;
        located.candidates
    };
    assert_eq!(
        configs("/usr/local/loglistener", "bin/loglistener --conf=etc/loglistener.conf"),
        [PathBuf::from("/usr/local/loglistener/etc/loglistener.conf")]
    );
    assert_eq!(configs("/usr/local/loglistener", "loglistener -c /c.conf"), [PathBuf::from("/c.conf")]);
    assert_eq!(
        configs("/usr/local/loglistener", "bin/loglistenerm -d")[0],
        Path::new("/usr/local/loglistener/etc/loglistener.conf")
    );
    assert_eq!(configs("/opt/loglistener", "")[0], Path::new("/opt/loglistener/conf/loglistener.yaml"));
    assert_eq!(
        configs("/data/loglistener", "./loglistener_mcd ../etc/loglistener_mcd.conf nofork")[2],
        Path::new("/data/loglistener/etc/loglistener_dcc.conf")
    );
}

#[test]
fn the_first_dotted_number_is_the_version() {
    let table: [(&[u8], Option<&str>); 8] = [
        (b"2.8.3", Some("2.8.3")),
        (b"v2.3.0\n", Some("2.3.0")),
        (b"LogListener 2.5.0\nbuild 20230101", Some("2.5.0")),
        (b"release 7 of 2.2.4.", Some("2.2.4")),
        (b"20230101", None),
        (b"", None),
        (b"...", None),
        (b"\xff\0", None),
    ];
    for (bytes, expected) in table {
        assert_eq!(LogListener.parse_version(bytes).as_deref(), expected, "{bytes:?}");
    }
}

#[test]
fn editions_tell_roles_and_prerequisites() {
    let classic = "/usr/local/loglistener/etc/loglistener.conf";
    let yaml = "/opt/loglistener/conf/loglistener.yaml";
    let table = [
        (Some("2.2.4"), classic, "bin/loglistener --conf=etc/loglistener.conf", false, "", 3, false),
        (Some("2.2.8"), classic, "", false, "", 3, true),
        (Some("2.8.3"), classic, "", false, "", 3, true),
        (Some("2.10.0"), classic, "", false, "", 3, true),
        (None, classic, "", false, "", 3, false),
        (Some("3.4.0"), classic, "", false, "3.4+", 1, false),
        (Some("3.3.9"), classic, "", false, "", 3, true),
        (None, yaml, "", false, "3.4+", 1, false),
        (Some("2.8.3"), classic, "", true, "container", 1, false),
        (
            None,
            classic,
            "loglistener -c /usr/local/loglistener/etc/loglistener.conf",
            false,
            "container",
            1,
            false,
        ),
    ];
    for (version, config, line, in_container, label, roles, daemon_optional) in table {
        let facts = EditionFacts {
            settings: &AgentSettings::default(),
            version: &Reading::Known(version.map(str::to_owned)),
            config: &Reading::Known(Some(config.into())),
            invocation: &started_as(line, in_container),
            processes: &Reading::Known(Vec::new()),
        };
        let edition = LogListener.edition(facts);
        let expected = LogListener.expected_roles(facts, &edition);
        let (edition, expected) = (edition.known().cloned().unwrap(), expected.known().unwrap());
        let keyless = roles == 1;
        assert_eq!(
            (edition.label, expected.len(), edition.keyless),
            (label, roles, keyless),
            "{version:?} {line}"
        );
        assert_eq!(expected[0].role, Role::MAIN);
        let optional: Vec<_> =
            expected.iter().filter(|role| role.only_if_ever_seen).map(|r| &r.role).collect();
        assert_eq!(optional == [&Role::DAEMON], daemon_optional, "{version:?}");
    }
}

#[test]
fn an_unread_fact_leaves_undecided_what_hangs_on_it() {
    let why = Why::new(Reason::Denied, "fact", "permission denied");
    let version = || Reading::Unknown(why.clone());
    let three = || {
        let named = |role, pid| Process { role_by_name: Some(role), ..process(pid, 1, "loglistener") };
        Reading::Known(vec![named(Role::MAIN, 1), named(Role::DAEMON, 2), named(Role::UPDATE, 3)])
    };
    let edition = |version: Reading<Option<String>>, invocation: Invocation, processes, config: &str| {
        let facts = EditionFacts {
            settings: &AgentSettings::default(),
            version: &version,
            config: &Reading::Known(Some(config.into())),
            invocation: &invocation,
            processes: &processes,
        };
        let edition = LogListener.edition(facts);
        (LogListener.expected_roles(facts, &edition), edition)
    };
    let classic = "/usr/local/loglistener/etc/loglistener.conf";
    let yaml = "/opt/loglistener/conf/loglistener.yaml";
    let known = || Invocation::default();
    let hidden = || Invocation { in_container: Reading::Unknown(why.clone()), ..Invocation::default() };
    let none = || Reading::Known(None);
    assert_eq!(edition(version(), known(), three(), classic).0.why(), Some(&why));
    assert_eq!(edition(version(), known(), three(), yaml).1.known().map(|e| e.label), Some("3.4+"));
    assert_eq!(edition(none(), hidden(), Reading::Known(vec![]), classic).1.why(), Some(&why));
    assert_eq!(edition(none(), hidden(), three(), classic).0.known().map(Vec::len), Some(3));
}

#[test]
fn the_server_is_probed_by_a_bare_connect() {
    let url = |config: &str, path: &str| {
        let parameters = parse_parameters(config, path);
        let found = LogListener.endpoints(
            &AgentSettings::default(),
            &Edition::default(),
            Some(&parameters),
            Path::new("/c"),
        );
        assert!(found.len() <= 1);
        found.into_iter().next().map(|endpoint| {
            assert_eq!(
                (endpoint.scheme, endpoint.expected, endpoint.purpose),
                (Scheme::Tcp, ExpectedAnswer::Connected, Purpose::ConfigServer)
            );
            (endpoint.url, endpoint.from)
        })
    };
    let found = |url: &str, key: &str| Some((url.to_owned(), format!("/c: {key}")));
    let conf = "/c.conf";
    let (host, https) = ("ap-guangzhou.cls.tencentyun.com", "tcp://ap-guangzhou.cls.tencentyun.com:443");
    assert_eq!(url(&format!("proxy_host = {host}"), conf), found(&format!("tcp://{host}:80"), "proxy_host"));
    assert_eq!(url(&format!("proxy_host = {host}:443"), conf), found(https, "proxy_host"));
    assert_eq!(url(&format!("proxy_host = https://{host}"), conf), found(https, "proxy_host"));
    assert_eq!(url(&format!("a:\n  host: {host}\n  port: 443\n"), "/c.yaml"), found(https, "a.host"));
    assert_eq!(url("proxy_host = <region>.cls.tencentyun.com", conf), None);
    assert_eq!(url("proxy_host =", conf), None);
    assert_eq!(
        LogListener.endpoints(&AgentSettings::default(), &Edition::default(), None, Path::new("/c")),
        []
    );
}

proptest! {
    #[test]
    fn arbitrary_version_files_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[0-9. v]{0,30}") {
        let _version = LogListener.parse_version(&bytes);
        let _release = release(&text);
    }
}

#[test]
fn the_server_that_a_new_config_does_not_name_follows_from_what_is_expected() {
    let mut settings = settings("/opt/loglistener");
    let urls = |settings: &AgentSettings, keyless: bool, port: Option<u16>| -> Vec<String> {
        let parameters = Parameters { data_server_port: port, ..Parameters::default() };
        let edition = Edition { keyless, ..Edition::default() };
        let found = LogListener.endpoints(settings, &edition, Some(&parameters), Path::new("/c"));
        found.into_iter().map(|endpoint| endpoint.url).collect()
    };
    assert_eq!(urls(&settings, true, None), Vec::<String>::new());
    settings.expect.region = Some("ap-guangzhou".into());
    settings.expect.network = Some(NetworkType::Intranet);
    assert_eq!(urls(&settings, true, None), ["tcp://ap-guangzhou.cls.tencentyun.com:80"]);
    assert_eq!(urls(&settings, true, Some(443)), ["tcp://ap-guangzhou.cls.tencentyun.com:443"]);
    assert_eq!(urls(&settings, false, None), Vec::<String>::new(), "an older config has to name it");
}
