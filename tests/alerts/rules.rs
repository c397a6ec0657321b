//! Conventions that every alert follows, and that each has tests and a runbook.

use std::collections::{BTreeMap, BTreeSet};

use logagent_exporter::catalog::{
    self,
    alert::{DASHBOARD_BASE, RUNBOOK_BASE, alert_name},
    host_alerts::HOST_WATCHDOG,
};
use serde_json::Value;

use super::{BY_HAND, CAUSES, CAUSES_ZH, alerts_of, files, read, repository, rules_of, yaml};

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
}

fn name_of(alert: &Value) -> &str {
    alert["alert"].as_str().unwrap()
}

#[test]
fn every_cause_has_one_alert_with_its_labels() {
    let alerts = alerts_of(CAUSES);
    let told: Vec<[&str; 4]> = alerts
        .iter()
        .filter(|alert| alert["labels"]["cause"].is_string())
        .map(|alert| {
            let label = |name: &str| alert["labels"][name].as_str().unwrap();
            [name_of(alert), label("cause"), label("prerequisite"), label("severity")]
        })
        .collect();
    let names: Vec<String> = catalog::causes().map(alert_name).collect();
    let expected: Vec<[&str; 4]> = catalog::causes()
        .zip(&names)
        .map(|(cause, name)| [name.as_str(), cause.id, cause.prerequisite.as_str(), cause.severity.as_str()])
        .collect();
    assert_eq!(told, expected);
}

/// An inhibition of warnings by a critical alert of the same name, as in kube-prometheus-stack, matches none.
#[test]
fn no_name_has_two_alerts_or_two_severities() {
    let alerts = alerts_of(CAUSES);
    let names: BTreeSet<&str> = alerts.iter().map(name_of).collect();
    assert_eq!(names.len(), alerts.len());
    for alert in &alerts {
        let severity = alert["labels"]["severity"].as_str();
        assert!(
            matches!(severity, Some("critical" | "warning" | "none")),
            "{}: {severity:?}",
            name_of(alert)
        );
    }
}

/// They lose their state when Prometheus restarts, and start again after a failed scrape: state that must survive is
/// recorded instead.
#[test]
fn alerts_about_agents_wait_for_nothing_that_a_restart_forgets() {
    let file = yaml(CAUSES);
    let group = &file["groups"][0];
    assert_eq!(
        (group["name"].as_str(), group["interval"].as_str()),
        (Some("logagent-agents.alerts"), Some("15s"))
    );
    let alerts: Vec<&Value> =
        group["rules"].as_array().unwrap().iter().filter(|rule| rule["alert"].is_string()).collect();
    assert!(alerts.len() > catalog::causes().count(), "{}", alerts.len());
    for alert in alerts {
        assert!(alert["for"].is_null() && alert["keep_firing_for"].is_null(), "{}", name_of(alert));
    }
}

#[test]
fn alerts_keep_the_conventions() {
    for (path, end) in [(CAUSES, ".md"), (CAUSES_ZH, ".zh.md")] {
        for alert in alerts_of(path) {
            let name = name_of(&alert);
            assert!(name.starts_with("LogAgent"), "{name}");
            let annotation = |annotation: &str| {
                alert["annotations"][annotation]
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .unwrap_or_else(|| panic!("{name} has no {annotation}"))
            };
            for text in ["summary", "description", "fix", "runbook_url", "dashboard_url"].map(annotation) {
                // The alerts of two Prometheus servers are the same: nothing that differs between the servers is a
                // label.
                assert!(!text.contains("$value"), "{name}: {text}");
            }
            let summary = annotation("summary");
            assert!(!summary.contains("{{"), "{name}: a summary is the same for all: {summary}");
            assert!(summary.ends_with(['.', '。']), "{name}: {summary}");
            let dashboard = annotation("dashboard_url").strip_prefix(DASHBOARD_BASE);
            assert!(dashboard.is_some_and(|path| path.starts_with("/d/logagent-")), "{name}: {dashboard:?}");
            let runbook = annotation("runbook_url").strip_prefix(RUNBOOK_BASE).unwrap_or_default();
            assert!(
                runbook.ends_with(end) && (end == ".zh.md" || !runbook.ends_with(".zh.md")),
                "{name}: {runbook}"
            );
            assert!(
                repository(&format!("alerts/runbooks{runbook}")).is_file(),
                "{name} has no runbook {runbook}"
            );
        }
    }
}

#[test]
fn both_languages_alert_alike() {
    let (english, chinese) = (rules_of(CAUSES), rules_of(CAUSES_ZH));
    assert_eq!(english.len(), chinese.len());
    for (english, chinese) in english.iter().zip(&chinese) {
        for field in ["alert", "record", "expr", "for", "keep_firing_for", "labels"] {
            assert_eq!(english[field], chinese[field], "{english}: {field}");
        }
        if english["alert"].is_string() {
            for annotation in ["summary", "description", "fix"] {
                let text = chinese["annotations"][annotation].as_str().unwrap();
                assert!(is_chinese(text), "{}: {annotation} is not Chinese: {text}", name_of(english));
                let text = english["annotations"][annotation].as_str().unwrap();
                assert!(!is_chinese(text), "{}: {annotation} is Chinese: {text}", name_of(english));
            }
        }
    }
}

#[test]
fn every_alert_has_tests_in_which_it_fires_and_is_silent() {
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
                    assert!(alert["exp_annotations"].is_object(), "{file}: {name} fires without its words");
                    fires.insert(name.to_owned());
                }
            }
        }
    }
    for alert in alerts_of(CAUSES) {
        let name = name_of(&alert);
        assert!(fires.contains(name), "{name} has no test in which it fires");
        // The watchdog never is.
        assert!(
            silent.contains(name) || name == "LogAgentWatchdog",
            "{name} has no test in which it is silent"
        );
    }
}

/// A job may have any name. The job of exporters usually contains `logagent`, which identifies targets that never
/// answered; jobs with such a name and others are read separately.
#[test]
fn rules_name_no_job() {
    for rule in [CAUSES, BY_HAND].iter().flat_map(|path| rules_of(path)) {
        let expr = rule["expr"].as_str().unwrap();
        let expr = expr.replace(r#"{job=~".*logagent.*"}"#, "").replace(r#"{job!~".*logagent.*"}"#, "");
        let selects = ["job=", "job!="].iter().any(|selector| expr.contains(selector));
        assert!(!selects, "{expr}");
    }
}

#[test]
fn each_earlier_defect_has_a_test_of_the_name_that_the_table_has() {
    let readme = read("alerts/tests/README.md");
    let (_, tables) = readme.split_once("## Earlier defects").unwrap();
    let sources: String = files("alerts/tests", ".test.yml")
        .iter()
        .filter(|file| !file.contains("/zh/"))
        .chain(&files("tests/alerts", ".rs"))
        .map(|file| read(file))
        .collect();
    let mut named = 0;
    for row in tables.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| test |")) {
        let (_, tests) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let tests = tests.split_once(" (").map_or(tests, |(test, _)| test);
        for test in tests.split('`').skip(1).step_by(2) {
            let there =
                sources.contains(&format!("- name: '{test}'\n")) || sources.contains(&format!("fn {test}()"));
            assert!(there, "no test has the name {test}");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}

#[test]
fn every_runbook_belongs_to_an_alert_and_is_complete_in_both_languages() {
    const SECTIONS: [[&str; 6]; 2] = [
        ["Meaning", "Impact", "Diagnosis", "Fix", "Verification", "Source"],
        ["含义", "影响", "诊断", "处理方法", "验证", "依据"],
    ];
    let mut wanted = BTreeMap::new();
    for alert in [CAUSES, CAUSES_ZH].iter().flat_map(|path| alerts_of(path)) {
        let url = alert["annotations"]["runbook_url"].as_str().unwrap();
        let path = format!("alerts/runbooks{}", url.strip_prefix(RUNBOOK_BASE).unwrap());
        let language = usize::from(path.ends_with(".zh.md"));
        wanted.insert(path, language);
    }
    // The alert of the push, which no rule has.
    let host = format!("alerts/runbooks/exporter/{}", HOST_WATCHDOG.name);
    wanted.extend([(format!("{host}.md"), 0), (format!("{host}.zh.md"), 1)]);
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
    for (path, end) in [(CAUSES, ".md"), (CAUSES_ZH, ".zh.md")] {
        for alert in alerts_of(path).iter().filter(|alert| alert["labels"]["cause"].is_null()) {
            let name = name_of(alert);
            let text = read(&format!("alerts/runbooks/exporter/{name}{end}"));
            let summary = alert["annotations"]["summary"].as_str().unwrap();
            assert!(text.starts_with(&format!("# {name}\n\n**{summary}**")), "{name}: {summary}");
            let severity = format!("`{}`", alert["labels"]["severity"].as_str().unwrap());
            assert!(name == "LogAgentWatchdog" || text.contains(&severity), "{name}{end}: {severity}");
            let steps = |text: &str| {
                text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count()
            };
            let fix = alert["annotations"]["fix"].as_str().unwrap();
            assert_eq!(steps(fix), steps(&text), "{name}{end}: steps of the fix");
        }
    }
}
