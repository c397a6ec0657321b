//! Tests of the profile as a whole.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

use super::*;
use crate::model::snapshot::Environment;

fn settings(dir: &str) -> AgentSettings {
    AgentSettings { install_dir: Some(PathBuf::from(dir)), ..AgentSettings::default() }
}

#[test]
fn executables_are_recognised_by_their_exact_names() {
    let recognise = |name: &str| Logtail.recognise(name, &AgentSettings::default());
    for name in [
        "ilogtail",
        "ilogtail_0.14.2",
        "ilogtail_1.0.28",
        "loongcollector",
        "loongcollector_3.0.12.0",
        "loongcollector_3.0.12-beta1",
    ] {
        assert_eq!(recognise(name), Recognition::Agent, "{name}");
    }
    for name in [
        "",
        "tail",
        "ilogtaild",
        "ilogtail.LOG",
        "ilogtail_",
        "ilogtail_config.json",
        "ilogtail_1.3.1.tar.gz",
        "ilogtail_1.3.1.bak",
        "ilogtail_1..3",
        "ilogtail-1.3",
        "Ilogtail",
        "loongcollectord",
        "/usr/local/ilogtail/ilogtail",
        "ilogtail_1.3.1-",
    ] {
        assert_eq!(recognise(name), Recognition::Foreign, "{name}");
    }
}

#[test]
fn a_cut_name_of_a_process_is_recognised() {
    let recognises = |comm: &str| Logtail.recognises_comm(comm, &AgentSettings::default());
    for name in [
        "ilogtail",
        "loongcollector",
        "ilogtail_0.16.48",
        "ilogtail_12.34.56",
        "loongcollector_3.1.4",
        "ilogtail_1.2345-b1",
    ] {
        let comm: String = name.chars().take(COMM_BYTES).collect();
        assert!(recognises(&comm), "{comm}");
    }
    for comm in
        ["ilogtaild", "ilogtail_", "loongcollecto", "loongcollectord", "ilogtail_config", "ilogtail_1."]
    {
        assert!(!recognises(comm), "{comm}");
    }
}

#[test]
fn variables_are_wanted_by_name_and_never_secrets() {
    for name in [
        "http_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "NO_PROXY",
        "TZ",
        "working_ip",
        "ALIYUN_LOGTAIL_WORKING_IP",
        "LOONG_WORKING_IP",
        "ALIYUN_LOGTAIL_USER_ID",
        "LOONG_USER_DEFINED_ID",
        "ALIYUN_LOGTAIL_CONFIG",
        "LOONG_CONFIG",
        "ALIYUN_LOGTAIL_SYS_CONF_DIR",
        "LOONG_ENABLE_LOG_TIME_AUTO_ADJUST",
        "LOONG_CONF_DIR",
        "LOONG_RUN_DIR",
        "LOONG_LOGS_DIR",
        "LOONG_DATA_DIR",
        "LOGTAIL_MODE",
        "bind_interface",
    ] {
        assert!(Logtail.wants_variable(name), "{name}");
    }
    for name in [
        "",
        "PATH",
        "WORKING_IP",
        "USER_ID",
        "CONFIG",
        "LOONG_",
        "LOONG_SECRET",
        "ALIYUN_LOGTAIL_ACCESS_KEY",
        "ACCESS_KEY_SECRET",
        "LOONG_working_ip",
        "TOKEN",
    ] {
        assert!(!Logtail.wants_variable(name), "{name}");
    }
}

#[test]
fn editions_tell_roles_and_prerequisites() {
    let environment = Environment::new();
    let container = Environment::from([(
        "ALIYUN_LOGTAIL_CONFIG".to_owned(),
        "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json".to_owned(),
    )]);
    let table = [
        ("/usr/local/ilogtail", Some("1.3.1"), None, "", &environment, false, "commercial", false, 2),
        ("/usr/local/ilogtail", Some("3.1.4"), None, "", &environment, false, "commercial", false, 2),
        ("/usr/local/ilogtail", None, None, "", &environment, false, "commercial", false, 2),
        (
            "/usr/local/ilogtail",
            Some("1.8.8 Community Edition"),
            None,
            "",
            &environment,
            false,
            "community",
            true,
            1,
        ),
        ("/opt/loongcollector", None, None, "", &environment, false, "community", true, 1),
        ("/opt/loongcollector", Some("3.1.4"), None, "", &environment, false, "commercial", false, 2),
        (
            "/opt/loongcollector",
            None,
            Some("/opt/loongcollector/ilogtail_config.json"),
            "",
            &environment,
            false,
            "commercial",
            false,
            2,
        ),
        (
            "/opt/loongcollector",
            None,
            None,
            "l -enable_host_id=true",
            &environment,
            false,
            "commercial",
            false,
            2,
        ),
        ("/usr/local/loongcollector", None, None, "", &container, true, "container", false, 2),
        (
            "/usr/local/ilogtail",
            None,
            None,
            "i -ilogtail_daemon_flag=false",
            &environment,
            false,
            "commercial",
            false,
            1,
        ),
        (
            "/usr/local/ilogtail",
            None,
            None,
            "i --ilogtail_daemon_flag=false",
            &environment,
            true,
            "container",
            false,
            1,
        ),
    ];
    for (dir, version, config, line, environment, in_container, label, community, roles) in table {
        let arguments: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        let invocation = Invocation {
            arguments: Reading::Known(arguments),
            environment: Reading::Known(environment.clone()),
            in_container: Reading::Known(in_container),
        };
        let facts = EditionFacts {
            settings: &settings(dir),
            version: &Reading::Known(version.map(str::to_owned)),
            config: &Reading::Known(config.map(PathBuf::from)),
            invocation: &invocation,
            processes: &Reading::Known(Vec::new()),
        };
        let edition = Logtail.edition(facts);
        let roles_expected = Logtail.expected_roles(facts, &edition);
        let (edition, expected) = (edition.known().cloned().unwrap(), roles_expected.known().unwrap());
        assert_eq!(
            (edition.label, edition.community, expected.len(), edition.keyless),
            (label, community, roles, false),
            "{dir} {version:?} {config:?} {line}"
        );
        assert_eq!(expected.last().map(|role| role.role.clone()), Some(Role::WORKER));
        // An agent that is run without its daemon on purpose still has a heartbeat.
        let edition = Reading::Known(edition);
        let applies = |prerequisite| Logtail.applies(prerequisite, &edition) == Reading::Known(true);
        let applicable = Prerequisite::ALL.into_iter().filter(|prerequisite| applies(*prerequisite)).count();
        assert_eq!(applicable, if community { 5 } else { 9 });
    }
}

#[test]
fn an_unread_version_leaves_the_edition_undecided_unless_a_daemon_runs() {
    let why = Why::new(crate::model::Reason::Denied, "app_info.json", "permission denied");
    let process = |pid, parent| crate::model::snapshot::testing::process(pid, parent, "ilogtail");
    let roles = |processes: Vec<Process>| {
        let facts = EditionFacts {
            settings: &settings("/usr/local/ilogtail"),
            version: &Reading::Unknown(why.clone()),
            config: &Reading::Known(None),
            invocation: &Invocation::default(),
            processes: &Reading::Known(processes),
        };
        Logtail.expected_roles(facts, &Logtail.edition(facts))
    };
    assert_eq!(roles(vec![process(1, 0)]).why(), Some(&why));
    assert_eq!(roles(Vec::new()).why(), Some(&why));
    assert_eq!(roles(vec![process(10, 1), process(11, 10)]).known().map(Vec::len), Some(2));
    let applies = |prerequisite| Logtail.applies(prerequisite, &Reading::Unknown(why.clone()));
    assert_eq!(applies(Prerequisite::Clock).why(), Some(&why));
    assert_eq!(applies(Prerequisite::Processes), Reading::Known(true));
}

#[test]
fn commands_are_those_of_the_generation_and_instance() {
    let restart = |dir: &str, version| {
        Logtail.commands(&settings(dir), version).remove("restart_command").expect("a command")
    };
    assert_eq!(restart("/usr/local/ilogtail", Some("1.3.1")), "sudo /etc/init.d/ilogtaild restart");
    assert_eq!(restart("/usr/local/ilogtail", None), "sudo /etc/init.d/ilogtaild restart");
    assert_eq!(restart("/usr/local/ilogtail", Some("3.1.4")), "sudo /etc/init.d/loongcollectord restart");
    assert_eq!(restart("/usr/local/ilogtail-2", Some("1.3.1")), "sudo /etc/init.d/ilogtaild-2 restart");
    assert_eq!(restart("/usr/local/ilogtail$(x)", None), "sudo '/etc/init.d/ilogtaild$(x)' restart");
    assert_eq!(
        restart("/opt/loongcollector", Some("3.3.2 Community Edition")),
        "sudo systemctl restart loongcollectord"
    );
    assert_eq!(restart("/var/ilogtail", Some("1.8.8 Community Edition")), "sudo systemctl restart ilogtaild");
    let commands = Logtail.commands(&settings("/usr/local/ilogtail"), None);
    assert_eq!(
        commands.into_keys().collect::<Vec<_>>(),
        ["install_document", "restart_command", "start_command", "status_command"]
    );
}
