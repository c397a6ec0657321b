//! Alerts, their tests, runbooks and routes: by the tools of Prometheus, against the exporter's own output, and in a running
//! Alertmanager.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod inhibition;
mod names;
mod promql;
mod rules;
mod tools;
mod yaml;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file with one document.
fn yaml(path: &str) -> Value {
    yaml::parsed(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of rules, in both languages where there are two.
const CAUSES: &str = "alerts/logagent-causes.rules.yml";
const CAUSES_ZH: &str = "alerts/zh/logagent-causes.rules.yml";
const BY_HAND: &str = "alerts/logagent.rules.yml";
const ALERTMANAGER: &str = "alerts/alertmanager.example.yml";

/// The rules of a file.
fn rules_of(path: &str) -> Vec<Value> {
    let file = yaml(path);
    let groups = file["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// The alerts of a file.
fn alerts_of(path: &str) -> Vec<Value> {
    rules_of(path).into_iter().filter(|rule| rule["alert"].is_string()).collect()
}

/// The files below `directory` with this suffix.
fn files(directory: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(repository(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{directory}/{}", entry.file_name().display());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path, end));
        } else if path.ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}
