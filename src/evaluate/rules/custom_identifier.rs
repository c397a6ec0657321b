//! `custom_identifier`: the machine group's identifier is there, byte for byte.

use crate::{
    agents::Identifier,
    catalog::custom_identifier::{
        CUSTOM_IDENTIFIER_EMPTY, CUSTOM_IDENTIFIER_MALFORMED, CUSTOM_IDENTIFIER_MISMATCH,
        CUSTOM_IDENTIFIER_MISSING,
    },
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        words::list,
    },
    model::{
        Cause, Prerequisite, Reading, Why,
        report::NotEvaluated,
        snapshot::{FileFact, FileState},
        text::quoted,
    },
};

/// What differs between what should be there and what is.
const OF_EXPECTATION: [&Cause; 3] =
    [&CUSTOM_IDENTIFIER_MISSING, &CUSTOM_IDENTIFIER_EMPTY, &CUSTOM_IDENTIFIER_MISMATCH];

/// The rule: by the identifier file (Logtail) or by the labels of the config (LogListener).
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    match &context.agent.identifiers {
        Some(file) => by_file(context, file),
        None => by_labels(context),
    }
}

fn by_file(context: &Context<'_>, file: &FileFact<Vec<String>>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::CustomIdentifier);
    let Some(expected) = context.settings.expect.machine_group_identifier.as_deref() else {
        // Without an expectation only what no console could show is worth a word.
        let lines = match lines(file) {
            Ok(lines) => lines,
            Err(why) => return Outcome::Not(NotEvaluated::Undecided(why)),
        };
        let malformed: Vec<String> =
            lines.iter().filter(|id| is_malformed(id)).map(|id| quoted(id)).collect();
        if malformed.is_empty() {
            return Outcome::Not(NotEvaluated::NotExpected);
        }
        findings.clear(&OF_EXPECTATION);
        findings.judge(&CUSTOM_IDENTIFIER_MALFORMED, || {
            let path = file.path.display();
            Ok(Some(Finding::of(&CUSTOM_IDENTIFIER_MALFORMED).seen("malformed", list(malformed), path)))
        });
        return Outcome::Judged(findings);
    };
    findings.clear(&[&CUSTOM_IDENTIFIER_MALFORMED]);
    let defect = defect(context, file, expected);
    for cause in OF_EXPECTATION {
        findings.judge(cause, || Ok(defect.clone()?.filter(|finding| finding.cause == cause)));
    }
    Outcome::Judged(findings)
}

fn lines(file: &FileFact<Vec<String>>) -> Result<&[String], Why> {
    Ok(match file.state.as_result()? {
        FileState::Present(content) => content.content.as_deref().unwrap_or_default(),
        FileState::Missing | FileState::NotAFile(_) => &[],
    })
}

/// What differs from the expected identifier. It may be in the file or in the environment: one of them is enough.
fn defect(
    context: &Context<'_>,
    file: &FileFact<Vec<String>>,
    expected: &str,
) -> Result<Option<Finding>, Why> {
    let environment = context.agent.invocation.environment.as_ref();
    let of_environment = environment
        .map(|environment| context.profile.identifiers_of_environment(Identifier::Custom, environment));
    let of_file = lines(file);
    let in_file = of_file.as_ref().is_ok_and(|lines| lines.iter().any(|id| id == expected));
    let in_environment = of_environment.known().is_some_and(|ids| ids.iter().any(|(_, id)| id == expected));
    if in_file || in_environment {
        return Ok(None);
    }
    let (lines, variables) = (of_file?, of_environment.as_result()?);
    let found: Vec<String> =
        lines.iter().chain(variables.iter().map(|(_, id)| id)).map(|id| quoted(id)).collect();
    let path = file.path.display();
    let finding = |cause: &'static Cause| {
        let from = "config: expect.machine_group_identifier";
        Finding::of(cause).seen("expected", quoted(expected), from)
    };
    if !found.is_empty() {
        return Ok(Some(finding(&CUSTOM_IDENTIFIER_MISMATCH).seen("found", list(found), path)));
    }
    Ok(Some(match file.state.as_result()? {
        FileState::Missing => finding(&CUSTOM_IDENTIFIER_MISSING).seen("found", "no such file", path),
        FileState::NotAFile(what) => finding(&CUSTOM_IDENTIFIER_MISSING).seen("found", *what, path),
        FileState::Present(_) => finding(&CUSTOM_IDENTIFIER_EMPTY).seen("found", "no identifier in it", path),
    }))
}

fn by_labels(context: &Context<'_>) -> Outcome {
    let Some(expected) = context.settings.expect.server_group_label.as_deref() else {
        return Outcome::Not(NotEvaluated::NotExpected);
    };
    let parameters = match context.derived.parameters() {
        Reading::Known(Some(parameters)) => parameters,
        // A config that is missing or rejected is `startup_parameters`' to report.
        Reading::Known(None) => return Outcome::Not(NotEvaluated::NoConfig),
        Reading::Unknown(why) => {
            return Outcome::Judged(Findings::unread(Prerequisite::CustomIdentifier, &why));
        }
    };
    let from = "config: expect.server_group_label";
    let finding = |cause: &'static Cause| Finding::of(cause).seen("expected", quoted(expected), from);
    let defect = match &parameters.group_labels {
        None => {
            Some(finding(&CUSTOM_IDENTIFIER_MISSING).seen("found", "no group_label", context.config_path()))
        }
        Some((key, labels)) if labels.is_empty() => {
            Some(finding(&CUSTOM_IDENTIFIER_EMPTY).seen("found", quoted(""), context.parameter_place(key)))
        }
        Some((_, labels)) if labels.iter().any(|label| label == expected) => None,
        Some((key, labels)) => Some(finding(&CUSTOM_IDENTIFIER_MISMATCH).seen(
            "found",
            list(labels.iter().map(|label| quoted(label))),
            context.parameter_place(key),
        )),
    };
    let mut findings = Findings::of(Prerequisite::CustomIdentifier);
    findings.clear(&[&CUSTOM_IDENTIFIER_MALFORMED]);
    for cause in OF_EXPECTATION {
        findings.judge(cause, || Ok(defect.clone().filter(|finding| finding.cause == cause)));
    }
    Outcome::Judged(findings)
}

/// What the agent keeps but a console never shows: a carriage return, a tab, a byte order mark.
fn is_malformed(id: &str) -> bool {
    id.contains(['\r', '\t', '\u{feff}'])
}
