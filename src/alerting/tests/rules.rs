//! Pushed alerts equal those of the bundled rules: names, labels, annotations and times.

use std::{fs, path::Path};

use saphyr::{LoadableYamlNode as _, Yaml};

use super::*;
use crate::model::{Language, System};

/// The rule of an alert, in one language: with the comment before it.
fn rules(language: Language) -> BTreeMap<String, (String, Yaml<'static>)> {
    let file = match language {
        Language::English => "alerts/logagent-causes.rules.yml",
        Language::Chinese => "alerts/zh/logagent-causes.rules.yml",
    };
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut out = BTreeMap::new();
    let mut comment = String::new();
    for block in text.split("\n      - ").skip(1) {
        let (body, after) = block.split_once("\n      # ").unwrap_or((block, ""));
        let body = body.split("\n  # --").next().unwrap();
        if let Some(name) = body.strip_prefix("alert: ").and_then(|rest| rest.lines().next()) {
            let rule = format!("- {}", body.replace("\n      ", "\n"));
            let rule: String = rule.trim_end().to_owned();
            let document = Yaml::load_from_str(Box::leak(rule.into_boxed_str())).unwrap().remove(0);
            out.insert(name.to_owned(), (comment.clone(), document));
        }
        after.clone_into(&mut comment);
    }
    out
}

fn of<'y>(rule: &'y Yaml<'static>, section: &str) -> BTreeMap<String, String> {
    let entries = rule.as_sequence().unwrap()[0].as_mapping_get(section).and_then(Yaml::as_mapping);
    let text = |yaml: &'y Yaml<'static>| yaml.as_str().unwrap().to_owned();
    entries.unwrap().iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn minutes(text: &str) -> Duration {
    crate::config::parse_duration(text).unwrap()
}

fn subjects() -> Vec<Subject> {
    let agent = || Arc::from("logtail");
    let mut out: Vec<Subject> = catalog::causes().map(|cause| Subject::Cause(agent(), cause.id)).collect();
    out.extend([
        Subject::ReloadFailed,
        Subject::Stale,
        Subject::NoAgents,
        Subject::Failing(agent()),
        Subject::StatusUnknown(agent()),
        Subject::ObservationErrors(agent(), "file"),
        Subject::Milder(agent(), "user_identifier_malformed"),
    ]);
    out
}

#[test]
fn what_is_pushed_is_what_the_rules_tell() {
    for language in [Language::English, Language::Chinese] {
        let rules = rules(language);
        let own = [("instance", "web-1:10077"), ("cluster", "prod")];
        let settings = AlertingSettings {
            labels: own.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            language,
            ..AlertingSettings::default()
        };
        for subject in subjects() {
            let labels = subject.labels(&settings);
            let (_, rule) =
                rules.get(&labels["alertname"]).unwrap_or_else(|| panic!("no rule for {subject:?}"));
            for (name, value) in of(rule, "labels") {
                assert_eq!(labels[&name], value, "{subject:?}: {name}");
            }
            // Labels that a rule does not set come from the series: exactly these.
            let written = of(rule, "labels");
            for name in labels.keys().filter(|name| !written.contains_key(*name) && *name != "alertname") {
                let series = ["instance", "cluster", "agent", "cause", "prerequisite", "severity", "source"];
                assert!(series.contains(&name.as_str()), "{subject:?}: {name}");
            }
            let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
            for system in [System::Linux, System::Windows] {
                let told: BTreeMap<String, String> = of(rule, "annotations")
                    .into_iter()
                    .map(|(name, text)| (name, fill(&answered(&text, system), &label).unwrap()))
                    .collect();
                let pushed: BTreeMap<String, String> = subject
                    .annotations_on(system, &settings)
                    .into_iter()
                    .map(|(name, text)| (name.to_owned(), text))
                    .collect();
                assert_eq!(pushed, told, "{subject:?}");
            }
        }
    }
}

/// The template with Prometheus' result for the operating system of the host.
fn answered(template: &str, system: System) -> String {
    let Some((before, rest)) = template.split_once("{{ if query ") else { return template.to_owned() };
    // A hyphen removes the line break on its side.
    let rest = rest.replace(" -}}\n", " }}").replace("\n{{- ", "{{ ");
    let (_, branches) = rest.split_once(" }}").unwrap();
    let (branches, after) = branches.split_once("{{ end }}").unwrap();
    let (windows, linux) = branches.split_once("{{ else }}").unwrap_or((branches, ""));
    format!("{before}{}{after}", if system == System::Windows { windows } else { linux })
}

#[test]
fn it_is_pushed_after_as_long_as_by_the_rules_and_ends_as_late() {
    let rules = rules(Language::English);
    let settings = AlertingSettings::default();
    let mut causes = 0;
    for subject in subjects() {
        let name = subject.labels(&settings).remove("alertname").unwrap();
        let (comment, rule) = &rules[&name];
        let Times { patience, keep } = subject.times();
        let field = |name: &str| {
            let value = rule.as_sequence().unwrap()[0].as_mapping_get(name).and_then(Yaml::as_str);
            value.map(minutes).unwrap_or_default()
        };
        match &subject {
            Subject::Cause(..) => {
                let mut lines = comment.lines().map(|line| line.trim().trim_start_matches("# "));
                let said = lines.find_map(|line| line.strip_prefix("After ")).unwrap();
                let (after, ends) = said.split_once("; ends ").unwrap();
                let ends = ends.split(' ').next().unwrap();
                assert_eq!((patience, keep), (minutes(after), minutes(ends)), "{name}");
                causes += 1;
            }
            // Their times are part of their expressions; the others are compared as written.
            Subject::ReloadFailed | Subject::NoAgents => {
                assert!(patience > field("for") && keep == field("keep_firing_for"));
            }
            Subject::StatusUnknown(_) | Subject::ObservationErrors(..) => {
                assert_eq!((patience, keep), (field("for"), field("keep_firing_for")), "{name}");
            }
            Subject::Stale => assert_eq!(keep, field("keep_firing_for")),
            Subject::Failing(_) | Subject::Milder(..) | Subject::Watchdog | Subject::Test => {}
        }
    }
    assert!(causes > 50, "only {causes} causes");
}

#[test]
fn links_lead_where_config_says() {
    let links = AlertLinks {
        runbook_base: Some("https://wiki.example.com/runbooks".to_owned()),
        dashboard_base: Some("https://grafana.internal".to_owned()),
        external_url: Some("https://hosts.example.com/web-1".to_owned()),
    };
    let usual = AlertingSettings::default();
    let settings = AlertingSettings { links, ..AlertingSettings::default() };
    for subject in subjects() {
        let (before, annotations) = (subject.annotations(&usual), subject.annotations(&settings));
        let of = |name: &str| annotations.get(name).cloned().unwrap_or_default();
        for (name, text) in &annotations {
            for left in [alert::RUNBOOK_BASE, alert::DASHBOARD_BASE, "http:///"] {
                assert!(!text.contains(left), "{name}: {text}");
            }
            let was = before.get(name).cloned().unwrap_or_default();
            assert_eq!(text.contains("https://hosts.example.com/web-1/"), was.contains("http:///"), "{text}");
        }
        if before.contains_key("runbook_url") {
            assert!(of("runbook_url").starts_with("https://wiki.example.com/runbooks/"), "{annotations:?}");
            assert!(
                of("dashboard_url").starts_with("https://grafana.internal/d/logagent-"),
                "{annotations:?}"
            );
        }
    }
}
