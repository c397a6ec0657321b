//! States of `startup_parameters`, `user_identifier` and `custom_identifier`.

use super::{Case, by};
use crate::{
    support::{Answer, Host, layouts::*},
    versions::without_account,
};

const EXPECT_LABEL: &str = "agents: [{ name: cls, kind: loglistener, expect: { server_group_label: web } }]";

/// Logtail has loaded a config in which `from` is `to`.
fn edited(host: &Host, from: &str, to: &str) {
    host.edit(CONFIG, from, to);
    host.sh("/etc/init.d/ilogtaild restart");
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = configs();
    cases.extend(versions());
    cases.extend(servers());
    cases.extend(identifiers());
    cases
}

fn configs() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| host.remove(CONFIG),
            people: by("the config is restored", |host| host.write(CONFIG, CONFIG_TEXT)),
            ..logtail("config_missing", "the config was removed")
        },
        Case {
            provoke: |host, _| {
                host.remove(CONFIG);
                host.create_dir(CONFIG);
            },
            people: by("the config is restored", |host| host.write(CONFIG, CONFIG_TEXT)),
            ..logtail("config_unreadable", "a directory is in place of the config")
        },
        Case {
            provoke: |host, _| host.write(CONFIG, [b"\xef\xbb\xbf", CONFIG_TEXT.as_bytes()].concat()),
            ..logtail("config_invalid", "the config begins with a byte order mark")
        },
        Case {
            config: Some("agents: [{ kind: logtail, expect: { region: cn-hangzhou } }]"),
            provoke: |host, _| {
                host.restart_logtail_with(&[("STAND_IN_VERSION", "logtail_version=1.8.8 Community Edition")]);
            },
            ..logtail("community_edition", "the community edition runs where a machine group is expected")
        },
    ]
}

/// Logtail of this version is restarted.
fn of_version(host: &Host, version: &str) {
    host.restart_logtail_with(&[("STAND_IN_VERSION", &format!("logtail_version={version}"))]);
}

/// A config that only releases since 3.0 can read.
const THIRD_GENERATION: &str = r#"{"primary_region" : "cn-hangzhou",
    "config_servers" : ["http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"],
    "data_servers" : [{"region" : "cn-hangzhou", "endpoint_list": ["cn-hangzhou-intranet.log.aliyuncs.com"]}]}"#;

fn versions() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| of_version(host, "1.3.0"),
            people: by("a newer version is installed", |host| of_version(host, "1.3.1")),
            ..logtail("agent_version_defective", "a version runs that chooses wrong addresses")
        },
        Case {
            provoke: |host, _| {
                host.write(CONFIG, THIRD_GENERATION);
                of_version(host, "2.1.13");
            },
            people: by("the config of its own generation is restored", |host| {
                host.write(CONFIG, CONFIG_TEXT);
            }),
            ..logtail(
                "config_format_unsupported",
                "a release before 3.0 has a config of the third generation",
            )
        },
        Case {
            config: Some(
                "cloud_metadata: true\nagents: [{ kind: logtail, expect: { account_id: '1234567890123456' } }]",
            ),
            ..Case::of(
                "metadata_token_required",
                "the metadata service requires a token, and the agent's version sends none",
                || without_account("2.1.12", Answer::TokenOnly),
            )
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| host.write(IDENTIFIERS, "$(FLEET)\n"),
            people: by("the identifier is written out", |host| host.write(IDENTIFIERS, "web-fleet\n")),
            ..logtail("identifier_unexpanded", "the identifier is a variable that was not resolved")
        },
    ]
}

fn servers() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| edited(host, "config_server_address", "config_server_adress"),
            ..logtail("config_server_missing", "the key of the config server is misspelled")
        },
        Case {
            provoke: |host, _| edited(host, "data_server_list", "data_server_lst"),
            ..logtail("data_server_missing", "the key of the data servers is misspelled")
        },
        Case {
            provoke: |host, _| edited(host, "logtail.cn-hangzhou-intranet", "logtail.${your_region_name}"),
            ..logtail("placeholder_left", "the config server is a template's placeholder")
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| edited(host, "cn-hangzhou", "cn-beijing"),
            ..logtail("region_mismatch", "the config is for another region than expected")
        },
        Case {
            config: Some(EXPECT_CLS),
            provoke: |host, _| {
                host.edit(CONF, "ap-guangzhou", "ap-beijing");
                host.sh("/etc/init.d/loglistenerd restart");
            },
            ..Case::of(
                "region_mismatch",
                "the config of LogListener is for another region",
                Host::with_loglistener,
            )
        },
        Case {
            provoke: |host, _| edited(host, "logtail.cn-hangzhou", "logtail.cn-beijing"),
            ..logtail("region_inconsistent", "the config server is of another region than the data server")
        },
        Case {
            config: Some(EXPECT_ALL),
            provoke: |host, _| edited(host, "-intranet", ""),
            ..logtail("network_type_mismatch", "the config is for another network than expected")
        },
        Case {
            provoke: |host, _| edited(host, "\"cn-hangzhou-intranet.log", "\"cn-hangzhou.log"),
            ..logtail(
                "network_type_inconsistent",
                "the data server is for another network than the config server",
            )
        },
        Case {
            provoke: |host, _| edited(host, "http://logtail", "htp://logtail"),
            ..logtail("endpoint_malformed", "the scheme of the config server is misspelled")
        },
        Case {
            config: Some("agents: [{ kind: logtail, expect: { network: intranet } }]"),
            provoke: |host, _| edited(host, "cn-hangzhou", "cn-hangzou"),
            people: by("the name of the region is corrected", |host| host.write(CONFIG, CONFIG_TEXT)),
            not: &["ignore"],
            ..logtail("region_unknown", "the region is misspelled")
        },
        Case {
            provoke: |host, _| {
                edited(
                    host,
                    "logtail.cn-hangzhou-intranet.log.aliyuncs",
                    "cn-hangzhou-intranet.sls.aliyuncs",
                );
            },
            ..logtail("domain_deprecated", "the config server is under a retired domain")
        },
    ]
}

fn identifiers() -> Vec<Case> {
    let logtail =
        |cause, state| Case { config: Some(EXPECT_ALL), ..Case::of(cause, state, Host::with_logtail) };
    let listener =
        |cause, state| Case { config: Some(EXPECT_LABEL), ..Case::of(cause, state, Host::with_loglistener) };
    vec![
        Case {
            provoke: |host, _| host.remove(USERS),
            ..logtail("user_identifier_missing", "there are no user identifiers")
        },
        Case {
            provoke: |host, _| {
                host.rename(&format!("{USERS}/1234567890123456"), &format!("{USERS}/6543210987654321"));
            },
            ..logtail("user_identifier_mismatch", "the user identifier is of another account")
        },
        Case {
            provoke: |host, _| {
                host.rename(&format!("{USERS}/1234567890123456"), &format!("{USERS}/1234567890123456.txt"));
            },
            people: by("the file with the suffix is removed", |host| {
                host.remove(&format!("{USERS}/1234567890123456.txt"));
            }),
            ..logtail("user_identifier_malformed", "the user identifier has a suffix")
        },
        Case {
            provoke: |host, _| host.remove(IDENTIFIERS),
            ..logtail("custom_identifier_missing", "the file of identifiers was removed")
        },
        Case {
            provoke: |host, _| host.write(IDENTIFIERS, ""),
            ..logtail("custom_identifier_empty", "the file of identifiers is empty")
        },
        listener("custom_identifier_empty", "`group_label` is empty"),
        Case {
            provoke: |host, _| host.write(IDENTIFIERS, "web-fleet\r\n"),
            ..logtail("custom_identifier_mismatch", "the identifier ends with a carriage return")
        },
        Case {
            provoke: |host, _| host.write(IDENTIFIERS, "other-fleet"),
            ..logtail(
                "custom_identifier_mismatch",
                "the file has another identifier, and no newline at its end",
            )
        },
        Case {
            provoke: |host, _| {
                host.edit(CONF, "group_label =", "group_label = db");
                host.sh("/etc/init.d/loglistenerd restart");
            },
            ..listener("custom_identifier_mismatch", "`group_label` is another one")
        },
        Case {
            config: None,
            provoke: |host, _| host.write(IDENTIFIERS, "web-fleet\r\n"),
            ..logtail(
                "custom_identifier_malformed",
                "the identifier ends with a carriage return, and none is expected",
            )
        },
    ]
}
