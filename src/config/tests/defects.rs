//! Files with one defect each, and the exact messages.

use super::{errors, settings};

/// One Logtail agent whose `expect` is `expect`.
fn expecting(expect: &str) -> String {
    format!("agents:\n- kind: logtail\n  expect:\n    {expect}\n")
}

fn assert_words(zoo: &[(&str, &str)]) {
    for (text, expected) in zoo {
        assert_eq!(&errors(text), expected, "{text}");
    }
}

#[test]
fn each_defect_of_the_document_has_its_words() {
    assert_words(&[
        ("a\n", "l.yml:1: is the string \"a\"; it must be a mapping (key: value)"),
        ("- a\n", "l.yml:1: is a list; it must be a mapping (key: value)"),
        (
            "agnets: []\n",
            "l.yml:1: agnets: is not a known key (did you mean \"agents\"?); use one of detect, agents, clock, cloud_metadata, alertmanagers, labels, alert_language, alert_links, hosts",
        ),
        (
            "x: 1\n",
            "l.yml:1: x: is not a known key; use one of detect, agents, clock, cloud_metadata, alertmanagers, labels, alert_language, alert_links, hosts",
        ),
        ("detect: yes\n", "l.yml:1: detect: is the string \"yes\"; it must be true or false"),
        ("detect: 1\n", "l.yml:1: detect: is the number 1; it must be true or false"),
        ("detect:\n", "l.yml:1: detect: is empty; it must be true or false"),
        ("detect: true\ndetect: false\n", "l.yml:2: detect: is set twice (first in line 1)"),
        (
            "detect: true\n---\ndetect: true\n",
            "l.yml:2: holds a second document (---); one file is one document",
        ),
        ("detect: !mine true\n", "l.yml:1: the tag \"!mine\" has no meaning here; leave it out"),
        ("? [a]\n: b\n", "l.yml:1: a list is used as a key; keys are plain words"),
        (
            "a: &x 1\n<<: *x\n",
            "l.yml:1: a: is not a known key; use one of detect, agents, clock, cloud_metadata, alertmanagers, labels, alert_language, alert_links, hosts\nl.yml:2: <<: merge keys are not supported; write the keys out, or use an alias for the whole value",
        ),
        (
            "detect: *nowhere\n",
            "l.yml:1: is not valid YAML: while parsing node, found unknown anchor (column 9)",
        ),
        ("agents: &a [*a]\n", "l.yml:1: an alias is inside the value that it refers to"),
        (
            "agents:\n\t- kind: logtail\n",
            "l.yml:2: is not valid YAML: tabs disallowed within this context (block indentation) (column 2); YAML is indented with spaces, never with tabs",
        ),
        (
            "agents: [\n",
            "l.yml:2: is not valid YAML: while parsing a node, did not find expected node content (column 1)",
        ),
        (
            "detect: true\n\nclock: \"x\u{0}y\"\n",
            "l.yml:3: holds the control character 0x00; is this a text file?",
        ),
    ]);
}

#[test]
fn each_defect_of_an_agent_has_its_words() {
    assert_words(&[
        (
            "agents: {kind: logtail}\n",
            "l.yml:1: agents: is a mapping; it must be a list of mappings, each of which begins with a dash (- key: value)",
        ),
        (
            "agents:\n- logtail\n",
            "l.yml:2: agents[0]: is the string \"logtail\"; it must be a mapping (key: value)",
        ),
        (
            "agents:\n- name: x\n",
            "l.yml:2: agents[0].kind: is missing; use one of logtail, loglistener, custom",
        ),
        (
            "agents:\n- kind: logtial\n",
            "l.yml:2: agents[0].kind: \"logtial\" is not a kind of agent; use one of logtail, loglistener, custom (did you mean \"logtail\"?)",
        ),
        ("agents:\n- kind:\n", "l.yml:2: agents[0].kind: is empty; write a value or leave the key out"),
        (
            "agents:\n- kind: logtail\n  nmae: x\n",
            "l.yml:3: agents[0].nmae: is not a known key (did you mean \"name\"?); use one of name, kind, install_dir, container, run_as, ignore, expect",
        ),
        (
            "agents:\n- kind: logtail\n  name: 5\n",
            "l.yml:3: agents[0].name: is the number 5; it must be a string, so put it in quotes: \"5\"",
        ),
        (
            "agents:\n- kind: logtail\n  name: \"a\\n\"\n",
            "l.yml:3: agents[0].name: \"a\\n\" is not a name; use up to 100 printable characters, no blank at either end",
        ),
        (
            "agents:\n- kind: logtail\n  name: a\n- kind: custom\n  name: a\n  files: [/x]\n",
            "l.yml:5: agents[1].name: \"a\" is already the name of agents[0] (line 3); every agent needs a unique name",
        ),
        (
            "agents:\n- kind: logtail\n- kind: logtail\n",
            "l.yml:3: agents[1].name: \"logtail\" is already the name of agents[0] (line 2); without a name an agent is named after its kind, so give it one",
        ),
        (
            "agents:\n- kind: logtail\n  container: a/b/c\n",
            "l.yml:3: agents[0].container: \"a/b/c\" is not the name of a container; write name, or namespace/name of one in a pod",
        ),
        (
            "agents:\n- kind: custom\n  files: [/x]\n  container: a\n",
            "l.yml:4: agents[0].container: agents of kind custom are not looked for in containers",
        ),
        (
            "agents:\n- kind: logtail\n  install_dir: usr/local\n",
            "l.yml:3: agents[0].install_dir: \"usr/local\" is not an absolute path; begin it with /",
        ),
        (
            "agents:\n- kind: logtail\n  install_dir: \"/a\\0b\"\n",
            "l.yml:3: agents[0].install_dir: \"/a\\u{0}b\" cannot be a path",
        ),
        (
            "agents:\n- kind: logtail\n  ignore: multiple_instances\n",
            "l.yml:3: agents[0].ignore: is the string \"multiple_instances\"; it must be a list, as in [a, b]",
        ),
        (
            "agents:\n- kind: logtail\n  ignore: [multiple_instance]\n",
            "l.yml:3: agents[0].ignore[0]: \"multiple_instance\" is not the id of a cause (did you mean \"multiple_instances\"?); `logagent-exporter explain` lists them",
        ),
        (
            "agents:\n- kind: logtail\n  files: [/x]\n",
            "l.yml:3: agents[0].files: belongs to kind custom; this agent is of kind logtail",
        ),
    ]);
}

#[test]
fn each_defect_of_clock_and_alerting_has_its_words() {
    assert_words(&[
        ("clock: 5\n", "l.yml:1: clock: is the number 5; it must be a mapping (key: value)"),
        ("clock: {max_offset: 15}\n", "l.yml:1: clock.max_offset: \"15\" has no unit; write 15s, 15m or 15h"),
        (
            "clock: {max_offset: -1m}\n",
            "l.yml:1: clock.max_offset: \"-1m\" is not a duration; write it like 15s, 1m30s or 0",
        ),
        (
            "clock: {warn_offset: [1m]}\n",
            "l.yml:1: clock.warn_offset: is a list; it must be a duration like 15s, 1m30s or 0",
        ),
        (
            "clock: {ntp_servers: ['http://x']}\n",
            "l.yml:1: clock.ntp_servers[0]: \"http://x\" is not a server: has a scheme, which is not wanted here; write host or host:port",
        ),
        (
            "clock: {ntp_servers: [a, a]}\n",
            "l.yml:1: clock.ntp_servers[1]: \"a\" is listed twice (first in line 1)",
        ),
        (
            "alertmanagers: {}\n",
            "l.yml:1: alertmanagers: is a mapping; it must be a list of mappings, each of which begins with a dash (- key: value)",
        ),
        (
            "alertmanagers: [{static_config: []}]\n",
            "l.yml:1: alertmanagers[0].static_config: is not a known key (did you mean \"static_configs\"?); the section has the shape of Prometheus' own alertmanagers\nl.yml:1: alertmanagers[0]: names no Alertmanager; write static_configs: [{targets: [\"host:9093\"]}]",
        ),
        (
            "alertmanagers: [{static_configs: [{targets: [a], labels: {}}], api_version: v1}]\n",
            "l.yml:1: alertmanagers[0].api_version: v1 was removed from Alertmanager in 0.27; use v2, or leave the key out\nl.yml:1: alertmanagers[0].static_configs[0].labels: would apply to the Alertmanager; put labels of alerts into the top-level section labels",
        ),
        (
            "alertmanagers:\n  - file_sd_configs: [{files: ['a*/x.yml', b.txt]}]\n    alert_relabel_configs: []\n    dns_sd_configs: []\n    follow_redirects: true\n",
            "l.yml:2: alertmanagers[0].file_sd_configs[0].files[0]: \"a*/x.yml\" is not a file of targets; it ends in .json, .yml or .yaml, and only its name may have a *\nl.yml:2: alertmanagers[0].file_sd_configs[0].files[1]: \"b.txt\" is not a file of targets; it ends in .json, .yml or .yaml, and only its name may have a *\nl.yml:3: alertmanagers[0].alert_relabel_configs: is not supported here; give alerts their labels in the top-level section labels\nl.yml:4: alertmanagers[0].dns_sd_configs: is not supported here; use static_configs or file_sd_configs\nl.yml:5: alertmanagers[0].follow_redirects: redirects are never followed; leave the key out, or write false",
        ),
        (
            "alertmanagers: [{static_configs: [], basic_auth: {username: 'a:b'}, authorization: {}, timeout: 2m, tls_config: {cert_file: c}}]\n",
            "l.yml:1: alertmanagers[0].timeout: \"2m\" is out of range; use 1ms to 1m\nl.yml:1: alertmanagers[0].authorization: is set together with basic_auth; use only one of them\nl.yml:1: alertmanagers[0].basic_auth.username: has a colon or a control character, which no user name of basic authentication can have\nl.yml:1: alertmanagers[0].basic_auth.password: is missing; write it, or password_file\nl.yml:1: alertmanagers[0].tls_config: has a certificate without its key, or a key without its certificate",
        ),
        (
            "alertmanagers:\n  - static_configs: [{targets: [a]}]\n    timeout: abc\n  - static_configs: [{targets: [a]}]\n    timeout: 0\n  - static_configs: [{targets: [a]}]\n    timeout: []\n",
            "l.yml:3: alertmanagers[0].timeout: \"abc\" is not a duration; write it like 15s or 1m30s\nl.yml:5: alertmanagers[1].timeout: \"0\" is out of range; use 1ms to 1m\nl.yml:7: alertmanagers[2].timeout: is a list; it must be a duration like 15s or 1m30s",
        ),
        (
            "alert_links: {runbook_base: 'ftp://x', dashboard_base: 'https://joe:x@g', external_url: 'http://a b'}\n",
            "l.yml:1: alert_links.runbook_base: is not the address of a page; write http://… or https://…\nl.yml:1: alert_links.dashboard_base: holds a user name or password, which all recipients of alerts would see\nl.yml:1: alert_links.external_url: is not a plain address of at most 200 characters; use letters, digits and -._~%/:",
        ),
        (
            "labels: {severity: x}\nalert_language: de\n",
            "l.yml:1: labels.severity: is a label that alerts already have; use another name\nl.yml:2: alert_language: \"de\" is not a language of the alerts; use en or zh",
        ),
        (
            "alertmanagers: [{static_configs: [{}]}]\n",
            "l.yml:1: alertmanagers[0].static_configs[0].targets: is missing; list them as host:port",
        ),
        (
            "labels: {a-b: x}\n",
            "l.yml:1: labels.a-b: is not a label name; use letters, digits and _, not a digit first, not __ first",
        ),
        (
            "labels: {a: 1}\n",
            "l.yml:1: labels.a: is the number 1; it must be a string, so put it in quotes: \"1\"",
        ),
    ]);
}

#[test]
fn each_defect_of_an_expectation_has_its_words() {
    let zoo = [
        (
            "regoin: cn-hangzhou",
            "regoin: is not a known key (did you mean \"region\"?); use one of region, network, account_id, machine_group_ips, machine_group_identifier, projects",
        ),
        (
            "region: hangzhou",
            "region: \"hangzhou\" is not a region; write its id, like cn-hangzhou or ap-guangzhou",
        ),
        (
            "region: CN-hangzhou",
            "region: \"CN-hangzhou\" is not a region; write its id, like cn-hangzhou or ap-guangzhou",
        ),
        (
            "network: intarnet",
            "network: \"intarnet\" is not a network type; use one of intranet, internet, acceleration (did you mean \"intranet\"?)",
        ),
        (
            "account_id: 1234567890123456.0",
            "account_id: \"1234567890123456.0\" is not an account id; it is digits only, like \"1234567890123456\"",
        ),
        (
            "account_id: 1.2e15",
            "account_id: \"1.2e15\" is not an account id; it is digits only, like \"1234567890123456\"",
        ),
        (
            "account_id: ''",
            "account_id: \"\" is not an account id; it is digits only, like \"1234567890123456\"",
        ),
        ("account_id: [1]", "account_id: is a list; it must be a string"),
        (
            "machine_group_ips: [10.0.0.0/24]",
            "machine_group_ips[0]: \"10.0.0.0/24\" is not an IPv4 address, like 172.16.2.200",
        ),
        (
            "machine_group_ips: ['::1']",
            "machine_group_ips[0]: \"::1\" is not an IPv4 address, like 172.16.2.200",
        ),
        (
            "machine_group_identifier: ''",
            "machine_group_identifier: is empty; write a value or leave the key out",
        ),
        (
            "machine_group_identifier: 007",
            "machine_group_identifier: is the number 007; it must be a string, so put it in quotes: \"007\"",
        ),
        (
            "projects: [My]",
            "projects[0]: \"My\" is not a project's name; it has 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end",
        ),
        (
            "server_group_ip: 10.0.0.7",
            "server_group_ip: belongs to kind loglistener; this agent is of kind logtail: use one of region, network, account_id, machine_group_ips, machine_group_identifier, projects",
        ),
    ];
    for (expect, expected) in zoo {
        assert_eq!(errors(expecting(expect)), format!("l.yml:4: agents[0].expect.{expected}"), "{expect}");
    }
    assert_eq!(
        errors("agents: [{kind: loglistener, expect: {network: acceleration}}]"),
        "l.yml:1: agents[0].expect.network: \"acceleration\" is not a network type; use one of intranet, internet"
    );
    assert_eq!(
        errors("agents: [{kind: custom, files: [/x], expect: {region: cn-x}}]"),
        "l.yml:1: agents[0].expect.region: belongs to kinds logtail and loglistener; this agent is of kind custom: a custom agent is described by processes, files, endpoints"
    );
}

#[test]
fn an_executable_has_no_arguments() {
    for executable in ["fluent-bit -c /etc/fluent-bit.conf", "/opt/x/bin/x /etc/x.yml"] {
        let said = errors(format!("agents: [{{kind: custom, processes: [{{executable: '{executable}'}}]}}]"));
        assert!(said.contains("is not an executable") && said.contains("without arguments"), "{said}");
    }
    let _loads = settings("agents: [{kind: custom, processes: [{executable: 'Log Agent'}]}]");
}

#[test]
fn each_defect_of_a_custom_agent_has_its_words() {
    let zoo = [
        (
            "processes: [{role: a}]",
            "processes[0].executable: is missing; write the base name of the program, or its absolute path",
        ),
        (
            "processes: [{role: 'a b', executable: x}]",
            "processes[0].role: \"a b\" is not a role; use letters, digits, _ and -, a letter or _ first",
        ),
        (
            "processes: [{executable: bin/x}]",
            "processes[0].executable: \"bin/x\" is not an executable; write its base name (fluent-bit) or absolute path, without arguments",
        ),
        (
            "processes: [{executable: x, count: 0}]",
            "processes[0].count: is the number 0; it must be a whole number from 1 to 10000",
        ),
        (
            "processes: [{executable: x, count: '1'}]",
            "processes[0].count: is the string \"1\"; it must be a whole number from 1 to 10000",
        ),
        (
            "processes: [{executable: x}, {executable: y}]",
            "processes[1].role: \"worker\" is already a role in line 3; use count for several of one role",
        ),
        ("files: [x]", "files[0]: \"x\" is not an absolute path; begin it with /"),
        ("files: [/x, /x]", "files[1]: \"/x\" is listed twice (first in line 3)"),
        ("endpoints: [{}]", "endpoints[0].url: is missing; write it like https://logs.example.com/health"),
        (
            "endpoints: ['http://h']",
            "endpoints[0]: is the string \"http://h\"; it must be a mapping (key: value)",
        ),
        (
            "endpoints: [{url: 'udp://h:1'}]",
            "endpoints[0].url: the scheme \"udp\" is not one of http, https, tcp",
        ),
        (
            "endpoints: [{url: 'http://h/#a'}]",
            "endpoints[0].url: has a fragment (#…), which is never sent; leave it out",
        ),
        (
            "endpoints: [{url: 'http://h/a'}, {url: 'http://h:80/b'}]",
            "endpoints[1].url: \"http://h\" is already listed in line 3; one endpoint for each scheme, host and port",
        ),
        (
            "endpoints: [{url: 'http://h', expect_status: 200}]",
            "endpoints[0].expect_status: is the number 200; it must be a list, as in [a, b]",
        ),
        (
            "endpoints: [{url: 'http://h', expect_status: []}]",
            "endpoints[0].expect_status: is empty; list the status codes that mean up, or leave it out for 200 to 399",
        ),
        (
            "endpoints: [{url: 'http://h', expect_status: [99]}]",
            "endpoints[0].expect_status[0]: is the number 99; it must be a whole number from 100 to 599",
        ),
        (
            "endpoints: [{url: 'tcp://h:1', expect_status: [200]}]",
            "endpoints[0].expect_status: belongs to http and https; a tcp endpoint is up once it is connected",
        ),
    ];
    for (text, expected) in zoo {
        let text = format!("agents:\n- kind: custom\n  {text}\n");
        assert_eq!(errors(&text), format!("l.yml:3: agents[0].{expected}"), "{text}");
    }
    let (_, warnings) = settings("agents: [{kind: custom}]");
    assert_eq!(
        warnings,
        [
            "l.yml:1: agents[0]: a custom agent without processes, files and endpoints: nothing of it is watched"
        ]
    );
}

#[test]
fn a_value_that_no_host_can_have_is_told_when_the_file_is_read() {
    assert_words(&[
        (
            "agents: [{kind: loglistener, expect: {server_group_ip: hello}}]\n",
            "l.yml:1: agents[0].expect.server_group_ip: \"hello\" is not an IPv4 address, like 10.0.0.7",
        ),
        (
            "agents: [{kind: loglistener, expect: {server_group_ip: 10.0.0.300}}]\n",
            "l.yml:1: agents[0].expect.server_group_ip: \"10.0.0.300\" is not an IPv4 address, like 10.0.0.7",
        ),
        (
            "agents: [{kind: logtail, run_as: [-1]}]\n",
            "l.yml:1: agents[0].run_as[0]: \"-1\" is not the name of a user",
        ),
    ]);
    for range in [
        "10.0.0.0/24",
        "10.0.0.1-10.0.0.9",
        "10.0.0.1, 10.0.0.2",
        "10.0.0.*",
        "10.0.0.1 10.0.0.2",
        "10.0.0.1-9",
    ] {
        let text = format!("agents: [{{kind: loglistener, expect: {{server_group_ip: '{range}'}}}}]");
        assert_eq!(settings(&text).1, [""; 0], "a range is for the rules to find");
    }
    let (_, warnings) = settings(&expecting("machine_group_identifier: \"web\\n\""));
    assert_eq!(
        warnings,
        [
            "l.yml:4: agents[0].expect.machine_group_identifier: \"web\\n\" is never reported by an agent: it uses each line as an identifier, without blanks at its ends"
        ]
    );
}

#[test]
fn of_a_variable_that_is_not_set_nothing_else_is_said() {
    let unset = expecting("region: \"${LOGAGENT_NO_SUCH_VARIABLE}\"");
    assert_eq!(
        errors(&unset),
        "l.yml:4: agents[0].expect.region: the variable LOGAGENT_NO_SUCH_VARIABLE is not set in the exporter's environment"
    );
    let unclosed = expecting("region: \"${LOGAGENT\"");
    assert_eq!(errors(&unclosed).lines().count(), 1, "{}", errors(&unclosed));
}
