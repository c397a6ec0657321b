//! Every command of every remedy and runbook, executed on a host in the state that it is about: `check` shows the cause, each
//! command exists and runs, the last step verifies, and afterwards the cause is gone. Those that cannot be executed are in a table with the reason:
//! `docs/remedies.md`.

mod cases;
mod cases_config;
mod cases_network;
mod cases_surroundings;
mod commands;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Mutex,
    time::Duration,
};

use logagent_exporter::{catalog, model::remedy::is_command};
use serde_json::Value;

use crate::support::{Exporter, Host, User, eventually, eventually_after};
use commands::{Typed, settings};

/// A state of a host, and the manual steps of its remedy.
pub(crate) struct Case {
    /// Its cause.
    pub(crate) cause: &'static str,
    /// The description of the state, for the table.
    pub(crate) state: &'static str,
    /// A healthy machine.
    pub(crate) host: fn() -> Host,
    /// The exporter's config.
    pub(crate) config: Option<&'static str>,
    /// Sets up the state while the exporter is running.
    pub(crate) provoke: fn(&Host, &Exporter<'_>),
    /// The manual steps of a remedy: an edit in words, the cloud's console, the other end of a connection.
    pub(crate) people: Option<People>,
    /// Alternatives that are not followed here: parts of settings, each next to one that is.
    pub(crate) not: &'static [&'static str],
    /// Why the test cannot wait until the cause is gone.
    pub(crate) lasts: Option<&'static str>,
    /// How long the state must last before the cause is active.
    pub(crate) stands_after: Duration,
}

/// A manual step, described, and how it is done here.
#[derive(Clone, Copy)]
pub(crate) struct People {
    pub(crate) what: &'static str,
    does: fn(&Host),
}

/// Users do this.
pub(crate) const fn by(what: &'static str, does: fn(&Host)) -> Option<People> {
    Some(People { what, does })
}

impl Case {
    /// A state in which the remedy's commands and settings are enough.
    pub(crate) const fn of(cause: &'static str, state: &'static str, host: fn() -> Host) -> Self {
        Self {
            cause,
            state,
            host,
            config: None,
            provoke: |_, _| {},
            people: None,
            not: &[],
            lasts: None,
            stands_after: Duration::ZERO,
        }
    }
}

fn all_cases() -> Vec<Case> {
    let mut all = cases::cases();
    all.extend(cases_config::cases());
    all.extend(cases_network::cases());
    all.extend(cases_surroundings::cases());
    all
}

/// The active problem of this cause in a report, unless another one explains it.
fn problem(report: &Value, cause: &str) -> Option<Value> {
    let agents = report["agents"].as_array()?.iter();
    let prerequisites = agents.flat_map(|agent| agent["prerequisites"].as_array().into_iter().flatten());
    let mut problems = prerequisites.flat_map(|one| one["problems"].as_array().into_iter().flatten());
    problems.find(|problem| problem["cause"] == cause && problem["explained_by"].is_null()).cloned()
}

/// Commands that were not executed, by cause.
type Skipped = BTreeMap<&'static str, BTreeSet<String>>;

/// Follows the remedy of a case.
fn follow(case: &Case, skipped: &Mutex<Skipped>) {
    let cause = case.cause;
    let host = (case.host)();
    commands::provide(&host);
    let exporter = host.exporter_with(User::Root, case.config, &[]);
    (case.provoke)(&host, &exporter);
    let found = eventually_after(case.stands_after, &format!("{cause} stands"), || {
        problem(&exporter.report(), cause).ok_or_else(|| format!("{:?}", exporter.scrape().verdict()))
    });
    eventually(&format!("{cause}: check shows it"), || check_shows(&host, cause));
    assert!(
        !host.sh(&verification(cause)).trim().is_empty(),
        "{cause}: the runbook's verification shows nothing while it stands"
    );
    for command in runbook_commands(cause) {
        let code = commands::run(&host, &commands::on_this_host(&host, &command));
        assert!(!commands::is_no_command(code), "{cause}: {command} of the runbook: exit status {code}");
    }

    let remedy = found["remedy"].as_str().unwrap().to_owned();
    let steps: Vec<&str> = remedy.lines().collect();
    let mut unused: BTreeSet<&str> = case.not.iter().copied().collect();
    let mut people_did = false;
    for (number, step) in steps.iter().enumerate() {
        let is_last = number + 1 == steps.len();
        let typed = commands::of_step(step);
        if !people_did && (is_last || typed.iter().any(Typed::starts_the_agent)) {
            if let Some(people) = case.people {
                (people.does)(&host);
            }
            people_did = true;
        }
        for setting in settings(step) {
            match case.not.iter().find(|part| setting.contains(**part)) {
                Some(part) => drop(unused.remove(part)),
                None => commands::set(&host, &setting),
            }
        }
        for Typed(command) in &typed {
            if let Some(reason) = table::not_typed(command) {
                skipped.lock().unwrap().entry(cause).or_default().insert(reason.to_owned());
                continue;
            }
            let code = commands::run(&host, command);
            assert!(!commands::is_no_command(code), "{cause}: {command}: exit status {code}");
            if is_last {
                eventually(&format!("{cause}: {command} verifies"), || {
                    commands::verifies(&host, command, cause)
                });
            }
        }
        assert!(!is_last || !typed.is_empty(), "{cause}: nothing verifies in the last step: {step}");
    }
    assert!(unused.is_empty(), "{cause}: no setting has {unused:?}: {remedy}");
    if case.lasts.is_none() {
        // While an agent restarts, its causes are not reported; those that are active afterwards are reported again.
        eventually(&format!("{cause} is gone after {remedy}"), || {
            let told = problem(&exporter.report(), cause).map(|problem| problem.to_string());
            let verified = host.sh(&verification(cause)).trim().to_owned();
            if told.is_none() && verified.is_empty() { Ok(()) } else { Err(told.unwrap_or(verified)) }
        });
    }
}

/// The command that the page of the cause gives shows the cause, as the running exporter knows it.
fn check_shows(host: &Host, cause: &str) -> Result<(), String> {
    let output = host.command("/", "logagent-exporter").arg("check").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    let shown = said.contains(&format!("\n  {cause} · ")) && complaints.is_empty();
    if shown && matches!(output.status.code(), Some(1..=3)) { Ok(()) } else { Err(said + &complaints) }
}

/// The runbook's last command, which shows nothing once the cause is gone.
fn verification(cause: &str) -> String {
    let commands = commands_of(&runbook(cause));
    let verification = commands.into_iter().last().unwrap();
    assert!(verification.contains("/metrics"), "{cause}: {verification}");
    // grep's exit status says whether there was a match.
    format!("{verification} || :")
}

fn runbook(cause: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("alerts/runbooks/{cause}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The commands in the console blocks of a document.
fn commands_of(document: &str) -> Vec<String> {
    let blocks = document.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

/// The commands of a runbook besides its verification.
fn runbook_commands(cause: &str) -> Vec<String> {
    let mut commands = commands_of(&runbook(cause));
    commands.pop();
    commands
}

/// Follows the remedies of every `parts`-th case, so that several tests share the work.
fn follow_part(part: usize) {
    const PARTS: usize = 8;
    let skipped = Mutex::default();
    let only = std::env::var("REMEDY").ok();
    for (_, case) in all_cases().iter().enumerate().filter(|(index, _)| index % PARTS == part) {
        if only.as_deref().is_none_or(|only| only.split(',').any(|cause| cause == case.cause)) {
            println!("{}: {}", case.cause, case.state);
            follow(case, &skipped);
        }
    }
}

#[test]
fn remedies_mend_what_they_are_for_first_part() {
    follow_part(0);
}

#[test]
fn remedies_mend_what_they_are_for_second_part() {
    follow_part(1);
}

#[test]
fn remedies_mend_what_they_are_for_third_part() {
    follow_part(2);
}

#[test]
fn remedies_mend_what_they_are_for_fourth_part() {
    follow_part(3);
}

#[test]
fn remedies_mend_what_they_are_for_fifth_part() {
    follow_part(4);
}

#[test]
fn remedies_mend_what_they_are_for_sixth_part() {
    follow_part(5);
}

#[test]
fn remedies_mend_what_they_are_for_seventh_part() {
    follow_part(6);
}

#[test]
fn remedies_mend_what_they_are_for_eighth_part() {
    follow_part(7);
}

#[test]
fn every_cause_has_its_remedy_followed_or_is_in_the_table_with_its_reason() {
    let followed: BTreeSet<&str> = all_cases().iter().map(|case| case.cause).collect();
    let told: BTreeSet<&str> = table::NOT_MADE.iter().map(|(cause, _)| *cause).collect();
    let known: BTreeSet<&str> = catalog::causes().map(|cause| cause.id).collect();
    assert!(followed.is_disjoint(&told), "followed, and said not to be: {:?}", followed.intersection(&told));
    let stale: Vec<_> = told.difference(&known).collect();
    assert!(stale.is_empty(), "in the table, and no cause: {stale:?}");
    let missing: Vec<_> = known.iter().filter(|id| !followed.contains(*id) && !told.contains(*id)).collect();
    assert!(
        missing.is_empty(),
        "neither followed (tests/it/remedies/cases*.rs) nor in the table: {missing:?}"
    );
}

#[test]
fn commands_that_are_not_typed_are_still_in_a_remedy() {
    for (part, reason) in table::NOT_TYPED {
        let is_used = catalog::causes().any(|cause| {
            cause.remedy.en.split('`').skip(1).step_by(2).any(|span| is_command(span) && span.contains(part))
        });
        assert!(is_used, "{part} ({reason}) is in no remedy");
    }
}

#[test]
fn the_table_is_as_the_tests_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/remedies.md");
    let rendered = table::render(&all_cases());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == rendered, "docs/remedies.md is not as the tests are; UPDATE=1 writes it");
}
