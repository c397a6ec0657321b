//! Conventions that every alert keeps, and that each has tests and a runbook.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use logagent_exporter::{
    catalog::{
        self,
        alert::{DASHBOARD_BASE, RUNBOOK_BASE, alert_name},
    },
    model::Prerequisite,
};
use serde_json::Value;

use super::{BY_HAND, CAUSES, CAUSES_ZH, alerts_of, files, key, read, repository, yaml};

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
}

fn all_alerts() -> Vec<Value> {
    [CAUSES, BY_HAND].iter().flat_map(|path| alerts_of(path)).collect()
}

fn key_of(alert: &Value) -> String {
    key(alert["alert"].as_str().unwrap(), &alert["labels"]["cause"])
}

#[test]
fn every_cause_has_one_alert() {
    let alerts: Vec<String> = alerts_of(CAUSES).iter().map(key_of).collect();
    let expected: Vec<String> =
        catalog::causes().map(|cause| format!("{}/{}", alert_name(cause.prerequisite), cause.id)).collect();
    assert_eq!(alerts, expected);
}

#[test]
fn alerts_keep_the_conventions() {
    for alert in [CAUSES, CAUSES_ZH, BY_HAND].iter().flat_map(|path| alerts_of(path)) {
        let name = key_of(&alert);
        assert!(name.starts_with("LogAgent"), "{name}");
        let severity = alert["labels"]["severity"].as_str();
        match name.as_str() {
            "LogAgentFleetCause" => assert_eq!(severity, None, "it is that of the cause"),
            "LogAgentUserIdentifier/user_identifier_malformed" => {
                assert_eq!(severity, Some("{{ $labels.severity }}"));
            }
            "LogAgentWatchdog" => assert_eq!(severity, Some("none")),
            _ => assert!(matches!(severity, Some("critical" | "warning")), "{name}: {severity:?}"),
        }
        let annotation = |annotation: &str| {
            alert["annotations"][annotation]
                .as_str()
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| panic!("{name} has no {annotation}"))
        };
        let summary = annotation("summary");
        assert!(!summary.contains("{{"), "{name}: a summary is the same for all: {summary}");
        assert!(summary.ends_with(['.', '。']), "{name}: {summary}");
        assert!(!annotation("description").is_empty() && !annotation("fix").is_empty(), "{name}");
        let dashboard = annotation("dashboard_url").strip_prefix(DASHBOARD_BASE);
        assert!(dashboard.is_some_and(|path| path.starts_with("/d/logagent-")), "{name}: {dashboard:?}");
        let runbook = annotation("runbook_url").strip_prefix(RUNBOOK_BASE).unwrap_or_default();
        assert!(
            repository(&format!("alerts/runbooks{runbook}")).is_file(),
            "{name} has no runbook {runbook}"
        );
    }
}

#[test]
fn both_languages_alert_alike() {
    let (english, chinese) = (alerts_of(CAUSES), alerts_of(CAUSES_ZH));
    assert_eq!(english.len(), chinese.len());
    for (english, chinese) in english.iter().zip(&chinese) {
        for field in ["alert", "expr", "for", "keep_firing_for", "labels"] {
            assert_eq!(english[field], chinese[field], "{}: {field}", key_of(english));
        }
        for annotation in ["summary", "description", "fix"] {
            let text = chinese["annotations"][annotation].as_str().unwrap();
            assert!(is_chinese(text), "{}: {annotation} is not Chinese: {text}", key_of(english));
        }
    }
}

#[test]
fn every_alert_has_tests_in_which_it_fires_and_is_silent() {
    // By name: which causes fire somewhere, and whether there is a moment at which nothing of the name fires.
    let mut fires: BTreeSet<String> = BTreeSet::new();
    let mut silent: BTreeSet<String> = BTreeSet::new();
    for file in files("alerts/tests", ".test.yml").iter().filter(|file| !file.contains("/zh/")) {
        for test in yaml(file)["tests"].as_array().unwrap() {
            for check in test["alert_rule_test"].as_array().into_iter().flatten() {
                let name = check["alertname"].as_str().unwrap();
                let expected = check["exp_alerts"].as_array().unwrap();
                if expected.is_empty() {
                    silent.insert(name.to_owned());
                }
                for alert in expected {
                    // A cause that comes with the series is not part of the alert's identity.
                    fires.insert(name.to_owned());
                    fires.insert(key(name, &alert["exp_labels"]["cause"]));
                }
            }
        }
    }
    for alert in all_alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(fires.contains(&key_of(&alert)), "{} has no test in which it fires", key_of(&alert));
        // The watchdog never is.
        assert!(
            silent.contains(name) || name == "LogAgentWatchdog",
            "{name} has no test in which it is silent"
        );
    }
}

#[test]
fn every_runbook_belongs_to_an_alert_and_is_complete_in_both_languages() {
    const SECTIONS: [[&str; 6]; 2] = [
        ["Meaning", "Impact", "Diagnosis", "Fix", "Verification", "Source"],
        ["含义", "影响", "诊断", "处理方法", "验证", "依据"],
    ];
    let mut wanted = BTreeMap::new();
    for alert in all_alerts() {
        let url = alert["annotations"]["runbook_url"].as_str().unwrap();
        let path = format!("alerts/runbooks{}", url.strip_prefix(RUNBOOK_BASE).unwrap());
        wanted.insert(path.replace(".md", ".zh.md"), 1);
        wanted.insert(path, 0);
    }
    let there: BTreeSet<String> = files("alerts/runbooks", "").into_iter().collect();
    assert_eq!(there, wanted.keys().cloned().collect());
    for (path, language) in wanted {
        let text = read(&path);
        let sections: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, SECTIONS[language], "{path}");
        assert_eq!(text.matches("```").count() % 2, 0, "{path}: an open block");
        let prose =
            text.split("## ").skip(1).all(|section| section.lines().skip(1).any(|line| !line.is_empty()));
        assert!(prose, "{path}: an empty section");
        let chinese = text.lines().filter(|line| is_chinese(line) && !line.contains(".md)")).count();
        assert!(
            if language == 1 { chinese >= 8 } else { chinese <= 1 },
            "{path}: {chinese} lines are Chinese"
        );
    }
}

#[test]
fn hand_written_runbooks_say_what_the_rules_say() {
    for alert in alerts_of(BY_HAND) {
        let name = alert["alert"].as_str().unwrap();
        let text = read(&format!("alerts/runbooks/exporter/{name}.md"));
        assert!(
            text.starts_with(&format!(
                "# {name}\n\n**{}**",
                alert["annotations"]["summary"].as_str().unwrap()
            )),
            "{name}"
        );
        if name != "LogAgentWatchdog" {
            let told = |field: &str| alert[field].as_str().unwrap_or("0s").to_owned();
            let sent =
                format!("Sent after {}; ends {} after the cause.", told("for"), told("keep_firing_for"));
            assert!(text.contains(&sent), "{name}: {sent}");
            let twin = read(&format!("alerts/runbooks/exporter/{name}.zh.md"));
            let sent = format!("持续 {} 后发送，原因消除 {} 后恢复。", told("for"), told("keep_firing_for"));
            assert!(twin.contains(&sent), "{name}: {sent}");
        }
        let steps =
            |text: &str| text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
        let fix = alert["annotations"]["fix"].as_str().unwrap();
        let twin = read(&format!("alerts/runbooks/exporter/{name}.zh.md"));
        assert_eq!((steps(fix), steps(fix)), (steps(&text), steps(&twin)), "{name}: steps of the fix");
    }
}

#[test]
fn the_fleet_silences_hosts_of_every_prerequisite() {
    let text = read(super::ALERTMANAGER);
    let (_, list) = text.split_once("LogAgent(").unwrap();
    let (list, _) = list.split_once(')').unwrap();
    let expected: Vec<String> = Prerequisite::ALL
        .iter()
        .map(|prerequisite| alert_name(*prerequisite).trim_start_matches("LogAgent").to_owned())
        .collect();
    assert_eq!(list.split('|').collect::<Vec<_>>(), expected);
}

#[test]
fn no_rule_waits_less_for_a_fleet_than_for_its_hosts() {
    let seconds = |text: &str| -> u64 {
        let (number, unit) = text.split_at(text.len() - 1);
        number.parse::<u64>().unwrap() * if unit == "m" { 60 } else { 1 }
    };
    let fleet = alerts_of(BY_HAND).into_iter().find(|alert| alert["alert"] == "LogAgentFleetCause").unwrap();
    let fleet = seconds(fleet["for"].as_str().unwrap());
    for alert in alerts_of(CAUSES) {
        // One without `for` is sent after Alertmanager's group_wait, which is as long.
        let host = alert["for"].as_str().map_or(60, seconds);
        assert!(fleet <= host, "{}", key_of(&alert));
    }
    assert!(fs::read_to_string(repository(super::ALERTMANAGER)).unwrap().contains("group_wait: 1m"));
}
