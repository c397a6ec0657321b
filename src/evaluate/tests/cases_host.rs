//! Cases of `ip`, `user_identifier`, `custom_identifier`, `credentials`.

use std::time::Duration;

use crate::model::{
    Reading,
    snapshot::{FileState, KeyState, MetadataAccess, Rejection},
};

use super::{
    cases::{Case, case},
    scenario::{
        Scenario, content, interface, judge, loglistener, loglistener_by_label, logtail, logtail_unexpected,
        parameter, unread,
    },
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ip();
    cases.extend(will_change());
    cases.extend(group_ip());
    cases.extend(user_identifier());
    cases.extend(metadata());
    cases.extend(custom_identifier());
    cases.extend(credentials());
    cases
}

fn reports(ip: &str) -> Scenario {
    logtail().with(|w| {
        w.record().ip = Some(ip.into());
        w.record().instance_ip = Some(ip.into());
    })
}

fn working_ip(scenario: Scenario, ip: &str) -> Scenario {
    scenario.with(|w| w.parameters().working_ip = Some(parameter("working_ip", ip)))
}

fn ip() -> Vec<Case> {
    let without_address = logtail().with(|w| w.interfaces().truncate(1));
    let second = |name: &'static str| {
        reports("10.1.1.1").with(|w| {
            w.settings.expect.machine_group_ips = vec!["10.1.1.1".into()];
            w.interfaces().push(interface(name, 3, "10.1.1.1"));
        })
    };
    let missing =
        logtail().with(|w| w.agent().record.as_mut().unwrap().state = Reading::Known(FileState::Missing));
    let broken = logtail().with(|w| {
        if let Reading::Known(FileState::Present(file)) = &mut w.agent().record.as_mut().unwrap().state {
            file.content = Err(Rejection { line: Some(3), reason: "unexpected end".into() });
        }
    });
    let written_after = |seconds: u64| {
        logtail().with(|w| {
            if let Reading::Known(FileState::Present(file)) = &mut w.agent().record.as_mut().unwrap().state {
                file.modified += Duration::from_secs(seconds);
            }
        })
    };
    vec![
        case("ip_missing", without_address.clone(), logtail()),
        case(
            "ip_missing",
            // A load balancer's address on the loopback interface is not used by the agent.
            without_address.with(|w| w.interfaces().push(interface("lo", 1, "203.0.113.10"))),
            logtail().with(|w| w.interfaces().push(interface("lo", 1, "203.0.113.10"))),
        ),
        case(
            "ip_differs_from_working_ip",
            working_ip_of_environment("0.16.24"),
            // A release that does not read it.
            working_ip_of_environment("0.16.23"),
        ),
        case("ip_empty", reports(""), logtail()),
        case("ip_loopback", reports("127.0.0.1"), reports("128.0.0.1")),
        case("ip_not_on_host", reports("172.16.2.201"), working_ip(reports("203.0.113.9"), "203.0.113.9")),
        case(
            "ip_not_in_group",
            reports("172.16.2.201"),
            logtail_unexpected().with(|w| w.record().ip = Some("172.16.2.201".into())),
        ),
        case(
            "ip_differs_from_working_ip",
            working_ip(logtail(), "10.0.0.9"),
            working_ip(logtail(), "172.16.2.200"),
        ),
        case(
            "ip_differs_from_working_ip",
            logtail().with(|w| {
                if let Reading::Known(all) = &mut w.agent().invocation.environment {
                    all.insert("ALIYUN_LOGTAIL_WORKING_IP".into(), "10.0.0.9".into());
                }
            }),
            // The file takes precedence over the environment.
            working_ip(logtail(), "172.16.2.200").with(|w| {
                if let Reading::Known(all) = &mut w.agent().invocation.environment {
                    all.insert("ALIYUN_LOGTAIL_WORKING_IP".into(), "10.0.0.9".into());
                }
            }),
        ),
        case(
            "ip_differs_from_hosts_binding",
            logtail().with(|w| w.bind("10.9.9.9")),
            logtail().with(|w| w.bind("127.0.1.1")),
        ),
        case("ip_on_virtual_interface", second("docker0"), second("ens5")),
        case("ip_not_first_interface", second("eth1"), second("eth1").with(|w| w.bind("10.1.1.1"))),
        case(
            "ip_not_first_interface",
            second("eth1"),
            second("eth1").with(|w| {
                w.snapshot.host.hostname_addresses = Reading::Known(vec!["10.1.1.1".parse().unwrap()]);
            }),
        ),
        case(
            "hosts_binding_not_on_host",
            reports("10.9.9.9").with(|w| w.bind("10.9.9.9")),
            logtail().with(|w| w.bind("172.16.2.200")),
        ),
        case("ip_record_missing", missing, broken.clone()),
        case("ip_record_invalid", broken, logtail()),
        case("ip_record_invalid", logtail().with(|w| w.record().ip = None), logtail()),
        case("ip_record_edited", written_after(61), written_after(60)),
        case("ip_record_edited", logtail().with(|w| w.record().ip = Some("172.16.2.9".into())), logtail()),
        case(
            "ip_record_edited",
            written_after(7200),
            // The agent's zone is not the host's.
            written_after(7200).with(|w| {
                let written = w.record().update_time_candidates[0] + Duration::from_secs(7200);
                w.record().update_time_candidates.push(written);
            }),
        ),
    ]
}

fn working_ip_of_environment(version: &str) -> Scenario {
    logtail().with(|w| {
        w.record().version = Some(version.into());
        if let Reading::Known(all) = &mut w.agent().invocation.environment {
            all.insert("ALIYUN_LOGTAIL_WORKING_IP".into(), "10.0.0.9".into());
        }
    })
}

fn will_change() -> Vec<Case> {
    let moved = |seconds: u64| {
        let changed = logtail().with(|w| w.interfaces()[1].address = "172.16.2.201".parse().unwrap());
        vec![changed.clone(), changed.later(seconds)]
    };
    vec![Case { cause: "ip_will_change", fires: moved(60), silent: moved(59) }]
}

fn group_ip() -> Vec<Case> {
    let set = |ip: &str| loglistener().with(|w| w.parameters().group_ip = Some(parameter("group_ip", ip)));
    let expected = |ip: &str| loglistener().with(|w| w.settings.expect.server_group_ip = Some(ip.into()));
    let labelled = |scenario: Scenario| {
        scenario.with(|w| w.parameters().group_labels = Some(("group_label".into(), vec!["web".into()])))
    };
    let two_cards =
        |scenario: Scenario| scenario.with(|w| w.interfaces().push(interface("eth1", 3, "10.1.1.1")));
    vec![
        case("group_ip_mismatch", set("172.16.2.9"), loglistener()),
        case("group_ip_is_range", expected("172.16.2.0/24"), loglistener()),
        case("group_ip_is_range", expected("172.16.2.1-172.16.2.200"), expected("172.16.2.9")),
        case(
            "group_ip_not_private",
            set("203.0.113.9"),
            set("203.0.113.9")
                .with(|w| w.parameters().config_servers[0].value = "ap-guangzhou.cls.tencentcs.com".into()),
        ),
        case("group_label_conflict", labelled(loglistener()), loglistener_by_label()),
        case(
            "multiple_candidate_addresses",
            two_cards(loglistener()).with(|w| w.settings.expect.server_group_ip = None),
            two_cards(loglistener()),
        ),
        case(
            "multiple_candidate_addresses",
            two_cards(loglistener()).with(|w| w.settings.expect.server_group_ip = None),
            loglistener().with(|w| {
                w.settings.expect.server_group_ip = None;
                w.interfaces().push(interface("docker0", 3, "172.17.0.1"));
            }),
        ),
        case("ip_empty", set(" "), loglistener_by_label().with(|w| w.parameters().group_ip = None)),
        case(
            "ip_not_on_host",
            set("172.16.2.9"),
            set("172.16.2.9").with(|w| w.parameters().dynamic_ip = true),
        ),
        case("ip_loopback", set("127.0.0.1"), loglistener()),
    ]
}

fn user_identifier() -> Vec<Case> {
    let users = |names: &[&str]| {
        logtail().with(|w| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            w.agent().users.as_mut().unwrap().names = Reading::Known(Some(names));
        })
    };
    // As in a container whose image does not have their directory.
    let told = |ids: &str| {
        logtail().with(|w| {
            w.agent().users.as_mut().unwrap().names = Reading::Known(None);
            if let Reading::Known(all) = &mut w.agent().invocation.environment {
                all.insert("ALIYUN_LOGTAIL_USER_ID".into(), ids.into());
            }
        })
    };
    vec![
        case("user_identifier_mismatch", told("9999999999999999"), told("9999999999999999,1234567890123456")),
        case("user_identifier_missing", told("$(ACCOUNT)"), told("9999999999999999")),
        case("user_identifier_missing", users(&[]), logtail()),
        case(
            "user_identifier_missing",
            users(&[]),
            users(&[]).with(|w| w.agent().owner_account = Reading::Known(Some("1234567890123456".into()))),
        ),
        case(
            "user_identifier_missing",
            users(&[]),
            users(&[]).with(|w| {
                if let Reading::Known(all) = &mut w.agent().invocation.environment {
                    all.insert("ALIYUN_LOGTAIL_USER_ID".into(), "1,1234567890123456".into());
                }
            }),
        ),
        case(
            "user_identifier_missing",
            users(&[]),
            users(&[]).with(|w| w.agent().owner_account = Reading::Unknown(unread("instance_identity"))),
        ),
        case(
            "user_identifier_mismatch",
            users(&["9999999999999999"]),
            users(&["9999999999999999", "1234567890123456"]),
        ),
        case("user_identifier_malformed", users(&["1234567890123456.txt"]), users(&["9999999999999999"])),
    ]
}

/// An agent of this version, without an account, on an instance whose metadata service accepts such requests.
fn asks(version: &str, access: MetadataAccess) -> Scenario {
    logtail().with(|w| {
        w.agent().users.as_mut().unwrap().names = Reading::Known(None);
        w.record().version = Some(version.to_owned());
        w.agent().metadata = Some(Reading::Known(access));
    })
}

fn metadata() -> Vec<Case> {
    let too_old = || asks("2.1.12", MetadataAccess::TokenOnly(403));
    let unexpected = |scenario: Scenario| scenario.with(|w| w.settings.expect.account_id = None);
    let silent = |scenario| case("metadata_token_required", too_old(), scenario);
    let with_file = |name: &str| {
        too_old()
            .with(|w| w.agent().users.as_mut().unwrap().names = Reading::Known(Some(vec![name.to_owned()])))
    };
    vec![
        silent(asks("2.1.13", MetadataAccess::TokenOnly(403))),
        silent(asks("2.1.12", MetadataAccess::Open)),
        silent(asks("2.1.12", MetadataAccess::Closed)),
        // It is not asked unless configured.
        silent(too_old().with(|w| w.agent().metadata = None)),
        silent(with_file("1234567890123456")),
        silent(too_old().with(|w| {
            if let Reading::Known(all) = &mut w.agent().invocation.environment {
                all.insert("ALIYUN_LOGTAIL_USER_ID".into(), "1234567890123456".into());
            }
        })),
        // It learned the account when it was installed.
        silent(too_old().with(|w| w.agent().owner_account = Reading::Known(Some("1234567890123456".into())))),
        silent(too_old().with(|w| w.record().version = None)),
        silent(too_old().with(|w| {
            w.record().version = Some("1.8.8 Community Edition".into());
            w.processes().truncate(1);
        })),
        case(
            "metadata_token_required",
            with_file("9999999999999999"),
            unexpected(with_file("9999999999999999")),
        ),
        case("metadata_token_required", unexpected(too_old()), unexpected(with_file("1234567890123456"))),
    ]
}

#[test]
fn what_the_metadata_service_does_not_answer_leaves_nothing_unknown() {
    let why = unread("http://100.100.100.200:80");
    let scenario = logtail().with(|w| w.agent().metadata = Some(Reading::Unknown(why)));
    let report = judge(&[scenario]);
    assert_eq!(report.status, crate::model::Status::Ok);
    assert!(report.prerequisites.iter().all(|prerequisite| prerequisite.unknown.is_empty()), "{report:?}");
}

fn identifiers(scenario: Scenario, ids: &[&str]) -> Scenario {
    scenario.with(|w| {
        *content(&mut w.agent().identifiers.as_mut().unwrap().state) =
            ids.iter().map(|&id| id.to_owned()).collect();
    })
}

fn of_environment(scenario: Scenario, ids: &str) -> Scenario {
    scenario.with(|w| {
        if let Reading::Known(all) = &mut w.agent().invocation.environment {
            all.insert("ALIYUN_LOGTAIL_USER_DEFINED_ID".into(), ids.into());
        }
    })
}

fn custom_identifier() -> Vec<Case> {
    let missing = || {
        logtail().with(|w| w.agent().identifiers.as_mut().unwrap().state = Reading::Known(FileState::Missing))
    };
    let labels = |labels: &[&str]| {
        loglistener_by_label().with(|w| {
            w.parameters().group_labels =
                Some(("group_label".into(), labels.iter().map(|&l| l.to_owned()).collect()));
        })
    };
    vec![
        case(
            "custom_identifier_missing",
            missing(),
            missing().with(|w| {
                if let Reading::Known(all) = &mut w.agent().invocation.environment {
                    all.insert("ALIYUN_LOGTAIL_USER_DEFINED_ID".into(), "web-fleet".into());
                }
            }),
        ),
        case(
            "custom_identifier_missing",
            loglistener_by_label().with(|w| w.parameters().group_labels = None),
            labels(&[]),
        ),
        case("custom_identifier_empty", identifiers(logtail(), &[]), missing()),
        case("custom_identifier_empty", labels(&[]), labels(&["web"])),
        case(
            "custom_identifier_mismatch",
            identifiers(logtail(), &["web-fleet\r"]),
            identifiers(logtail(), &["a", "web-fleet"]),
        ),
        case("custom_identifier_mismatch", labels(&["db"]), labels(&["db", "web"])),
        case(
            "custom_identifier_mismatch",
            identifiers(logtail(), &["a", "web-fleet"]).with(|w| w.record().version = Some("0.11.9".into())),
            identifiers(logtail(), &["web-fleet"]).with(|w| w.record().version = Some("0.11.9".into())),
        ),
        case(
            "identifier_unexpanded",
            identifiers(logtail(), &["$(MACHINE_GROUP)"]),
            // Whatever it looks like, it is what the group has.
            identifiers(logtail(), &["$(MACHINE_GROUP)"])
                .with(|w| w.settings.expect.machine_group_identifier = Some("$(MACHINE_GROUP)".into())),
        ),
        case(
            "identifier_unexpanded",
            identifiers(logtail_unexpected(), &["web,"]),
            identifiers(logtail_unexpected(), &["web, and more", "it's", "web[1]", "a$b", "{web}"]),
        ),
        case(
            "identifier_unexpanded",
            of_environment(logtail(), "$(ALICLOUD_LOG_DEFAULT_MACHINE_GROUP),"),
            // As in the vendor's chart without a further group.
            of_environment(logtail(), "k8s-group-c1,"),
        ),
        case("identifier_unexpanded", labels(&["\"web\""]), labels(&["web"])),
        case(
            "identifier_unexpanded",
            labels(&["${GROUP}"]).with(|w| w.settings.expect.server_group_label = None),
            labels(&["db"]).with(|w| w.settings.expect.server_group_label = None),
        ),
        case(
            "custom_identifier_malformed",
            identifiers(logtail_unexpected(), &["web\r"]),
            identifiers(logtail_unexpected(), &["web fleet"]),
        ),
        // Files as PowerShell 5.1 writes them, and in a code page; text in other languages is valid UTF-8.
        case(
            "custom_identifier_malformed",
            identifiers(logtail_unexpected(), &["\u{fffd}\u{fffd}w\0e\0b\0"]),
            identifiers(logtail_unexpected(), &["杭州"]),
        ),
        case(
            "custom_identifier_malformed",
            identifiers(logtail_unexpected(), &["\u{fffd}\u{fffd}"]),
            identifiers(logtail_unexpected(), &["web"]),
        ),
    ]
}

fn credentials() -> Vec<Case> {
    let key = |state: KeyState| {
        loglistener().with(|w| {
            w.parameters().credentials = Some(vec![("secret_id", KeyState::Set), ("secret_key", state)]);
        })
    };
    vec![
        case("credentials_missing", key(KeyState::Missing), key(KeyState::Placeholder)),
        case("credentials_placeholder", key(KeyState::Placeholder), key(KeyState::Set)),
        case("credentials_malformed", key(KeyState::Malformed("contains blanks")), key(KeyState::Set)),
    ]
}
