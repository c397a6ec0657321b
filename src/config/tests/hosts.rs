//! One file for a fleet: `hosts` and `${NAME}`; and values that are valid but probably unintended.

use super::{errors, settings};
use crate::model::settings::Expectation;

const FLEET: &str = "
agents:
- kind: logtail
  expect: { region: cn-hangzhou, account_id: '1234567890123456', machine_group_ips: [10.0.0.1] }
hosts:
  web-1: { logtail: { machine_group_ips: [172.16.2.201] } }
  172.16.2.202: { logtail: { region: '${REGION}', machine_group_ips: ['${POD_IP}'] } }
";

#[test]
fn the_first_entry_that_names_the_host_overrides_single_keys() {
    let (settings, warnings) = settings(FLEET);
    assert!(warnings.is_empty(), "{warnings:?}");
    let on = |name: Option<&str>, address: &str| {
        let mut expect: Expectation = settings.agents[0].expect.clone();
        for (agent, other) in
            settings.host(name, &[address.parse().unwrap()]).iter().flat_map(|host| &host.expect)
        {
            assert_eq!(agent, "logtail");
            expect.override_by(other);
        }
        assert_eq!(expect.account_id.as_deref(), Some("1234567890123456"), "what is not named stays");
        (expect.region.unwrap(), expect.machine_group_ips.join(","))
    };
    let (common, first) =
        (("cn-hangzhou".into(), "10.0.0.1".into()), ("cn-hangzhou".into(), "172.16.2.201".into()));
    assert_eq!(on(Some("web-2"), "10.9.9.9"), common);
    assert_eq!(on(None, "10.9.9.9"), common);
    for name in ["web-1", "WEB-1", "web-1.example.com"] {
        assert_eq!(on(Some(name), "172.16.2.202"), first, "{name}");
    }
    assert_eq!(on(Some("web-10"), "172.16.2.202"), ("cn-beijing".into(), "10.0.0.7".into()));
}

#[test]
fn what_is_wrong_with_hosts_is_said_with_its_place() {
    for (text, expected) in [
        ("hosts: []", "l.yml:1: hosts: is a list; it must be a mapping (key: value)"),
        (
            "agents: [{kind: logtail}]\nhosts: {web-1: {logtial: {}}}",
            "l.yml:2: hosts.web-1.logtial: is not the name of an agent (did you mean \"logtail\"?); use one of logtail",
        ),
        (
            "hosts: {web-1: {logtail: {regoin: x}}}",
            "l.yml:1: hosts.web-1.logtail.regoin: is not a known key (did you mean \"region\"?); use one of region, network, account_id, machine_group_ips, machine_group_identifier, projects",
        ),
        (
            "hosts: {web-1: {logtail: {server_group_ip: 10.0.0.1}}}",
            "l.yml:1: hosts.web-1.logtail.server_group_ip: belongs to kind loglistener; this agent is of kind logtail: use one of region, network, account_id, machine_group_ips, machine_group_identifier, projects",
        ),
        (
            "hosts: {' ': {logtail: {}}}",
            "l.yml:1: hosts. : is neither the name of a host nor one of its addresses",
        ),
    ] {
        assert_eq!(errors(text), expected, "{text}");
    }
}

#[test]
fn variables_are_replaced_in_what_is_expected_and_only_there() {
    let (settings, _) = settings(
        "agents:\n- kind: logtail\n  name: '${REGION}'\n  expect:\n    region: ${REGION}\n    account_id: ${ACCOUNT}\n    \
         machine_group_identifier: 'a-${REGION}-${POD_IP}-$${REGION}-$(X)-$Y'\n    machine_group_ips: ['${POD_IP}']\n",
    );
    let agent = &settings.agents[0];
    assert_eq!(agent.name, "${REGION}");
    assert_eq!(agent.expect.region.as_deref(), Some("cn-beijing"));
    assert_eq!(agent.expect.account_id.as_deref(), Some("1234567890123456"));
    assert_eq!(agent.expect.machine_group_ips, ["10.0.0.7"]);
    assert_eq!(
        agent.expect.machine_group_identifier.as_deref(),
        Some("a-cn-beijing-10.0.0.7-${REGION}-$(X)-$Y")
    );
}

#[test]
fn a_variable_that_is_not_there_is_an_error_with_line_and_key() {
    let said = |identifier: &str| {
        errors(format!("agents:\n- kind: logtail\n  expect:\n    machine_group_identifier: {identifier}\n"))
    };
    let place = "l.yml:4: agents[0].expect.machine_group_identifier: ";
    assert_eq!(said("${GONE}"), format!("{place}the variable GONE is not set in the exporter's environment"));
    assert_eq!(said("${EMPTY}"), format!("{place}is empty; write a value or leave the key out"));
    for odd in ["${", "${1x}", "a${b c}"] {
        assert_eq!(
            said(odd),
            format!(
                "{place}\"{odd}\" holds ${{ without a variable; write ${{NAME}}, or $${{ for the characters themselves"
            ),
        );
    }
}

#[test]
fn what_can_never_hold_is_a_warning_with_its_place() {
    let of =
        |kind: &str, expect: &str| settings(&format!("agents:\n- kind: {kind}\n  expect:\n    {expect}\n")).1;
    for (kind, expect, expected) in [
        (
            "logtail",
            "region: cn-hangzhuo",
            "l.yml:4: agents[0].expect.region: \"cn-hangzhuo\" is not a region that this version knows (did you mean \"cn-hangzhou\"?)",
        ),
        (
            "logtail",
            "account_id: 123456789012345",
            "l.yml:4: agents[0].expect.account_id: \"123456789012345\" has 15 digits; the id of a main account has 16 (not that of a RAM user)",
        ),
        (
            "logtail",
            "machine_group_ips: []",
            "l.yml:4: agents[0].expect.machine_group_ips: is empty, so that nothing is expected; fill it or leave the key out",
        ),
        (
            "loglistener",
            "{server_group_ip: 10.0.0.7, server_group_label: web}",
            "l.yml:4: agents[0].expect.server_group_label: is set together with server_group_ip; a machine group uses IPs or a label, so one of them never matches",
        ),
    ] {
        assert_eq!(of(kind, expect), [expected], "{expect}");
    }
    assert!(of("logtail", "{machine_group_ips: [10.0.0.7], machine_group_identifier: web}").is_empty());
}

#[test]
fn an_entry_that_no_host_can_have_is_a_warning() {
    let warnings = |names: &str| settings(&format!("hosts: {names}\n")).1;
    assert_eq!(
        warnings("{10.0.0.300: {}, web-1: {}, WEB-1: {}}"),
        [
            "l.yml:1: hosts.10.0.0.300: never applies: is neither an IPv4 address nor a host name",
            "l.yml:1: hosts.WEB-1: never applies: \"web-1\" above it is the same host",
        ]
    );
    assert!(
        warnings("{10.0.0.30: {}, 'fe80::1': {}, web-1: {}, web-1.example.com: {}, '4711': {}}").is_empty()
    );
}
