//! `user_identifier` and `custom_identifier`: the account's file is there; the machine group's identifier is there, byte
//! for byte.

use crate::{
    catalog::{
        custom_identifier::{
            CUSTOM_IDENTIFIER_EMPTY, CUSTOM_IDENTIFIER_MALFORMED, CUSTOM_IDENTIFIER_MISMATCH,
            CUSTOM_IDENTIFIER_MISSING,
        },
        user_identifier::{USER_IDENTIFIER_MALFORMED, USER_IDENTIFIER_MISMATCH, USER_IDENTIFIER_MISSING},
    },
    model::{
        Cause, Reading, Why,
        snapshot::{FileFact, FileState},
        text::quoted,
    },
};

use super::{
    check::Context,
    findings::{Finding, Findings},
    list,
};

/// `user_identifier`; applies where an account is expected.
pub(super) fn user(context: &Context<'_>) -> Option<Findings> {
    let expected = context.settings.expect.account_id.as_deref()?;
    let users = context.agent.users.as_ref()?;
    let mut findings = Findings::new();
    let directory = users.path.display().to_string();
    // A host of that very account needs no file: the service knows its owner.
    if let Reading::Known(Some(owner)) = &context.agent.owner_account
        && owner == expected
    {
        return Some(findings);
    }
    let of_environment = variables(context, &["ALIYUN_LOGTAIL_USER_ID", "LOONG_USER_ID"])
        .map(|found| found.iter().any(|(_, id)| id == expected));
    let names: &[String] = match &users.names {
        Reading::Known(names) => names.as_deref().unwrap_or_default(),
        Reading::Unknown(why) => {
            if of_environment != Ok(true) {
                findings.all_undecided(crate::catalog::user_identifier::CAUSES, why);
            }
            return Some(findings);
        }
    };
    let right = names.iter().any(|name| name == expected) || of_environment == Ok(true);
    let malformed: Vec<String> =
        names.iter().filter(|name| !is_account(name)).map(|name| quoted(name)).collect();
    if right {
        if !malformed.is_empty() {
            findings.add(malformed_user(&directory, expected, &malformed).lowered_to_warning());
        }
        return Some(findings);
    }
    // An account that could not be read may be the very one, and then no file is needed.
    if let Some(why) = of_environment.err().or(context.agent.owner_account.why()) {
        findings.all_undecided(
            &[&USER_IDENTIFIER_MISSING, &USER_IDENTIFIER_MISMATCH, &USER_IDENTIFIER_MALFORMED],
            why,
        );
        return Some(findings);
    }
    let meant = names.iter().any(|name| name != expected && name.contains(expected));
    let others = names.iter().any(|name| is_account(name));
    let found =
        if names.is_empty() { "nothing".to_owned() } else { list(names.iter().map(|name| quoted(name))) };
    if !malformed.is_empty() && (meant || !others) {
        findings.add(malformed_user(&directory, expected, &malformed));
    } else {
        let cause: &'static Cause = if others { &USER_IDENTIFIER_MISMATCH } else { &USER_IDENTIFIER_MISSING };
        findings.add(
            Finding::of(cause)
                .seen("expected", expected, "config: expect.account_id")
                .seen("found", found, &directory),
        );
    }
    Some(findings)
}

fn malformed_user(directory: &str, expected: &str, malformed: &[String]) -> Finding {
    Finding::of(&USER_IDENTIFIER_MALFORMED).seen("expected", expected, "config: expect.account_id").seen(
        "malformed",
        list(malformed),
        directory,
    )
}

/// A main account's id is digits only; the agent takes every entry's whole name for one.
fn is_account(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

/// Comma lists of the process' environment: (variable, value), or why it is unread.
fn variables<'a>(
    context: &Context<'a>,
    names: &[&'static str],
) -> Result<Vec<(&'static str, String)>, &'a Why> {
    let environment = context.agent.environment.as_result()?;
    Ok(names
        .iter()
        .filter_map(|name| environment.get(*name).map(|value| (*name, value)))
        .flat_map(|(name, value)| value.split(',').map(move |id| (name, id.trim().to_owned())))
        .filter(|(_, id)| !id.is_empty())
        .collect())
}

/// `custom_identifier`: by the identifier file (Logtail) or by the labels of the config (LogListener).
pub(super) fn custom(context: &Context<'_>) -> Option<Findings> {
    match &context.agent.identifiers {
        Some(file) => by_file(context, file),
        None => by_labels(context),
    }
}

fn by_file(context: &Context<'_>, file: &FileFact<Vec<String>>) -> Option<Findings> {
    let expected = context.settings.expect.machine_group_identifier.as_deref();
    let path = file.path.display().to_string();
    let mut findings = Findings::new();
    let environment = variables(context, &["ALIYUN_LOGTAIL_USER_DEFINED_ID", "LOONG_USER_DEFINED_ID"]);
    let of_environment =
        environment.as_ref().is_ok_and(|all| all.iter().any(|(_, id)| Some(id.as_str()) == expected));
    let lines: &[String] = match &file.state {
        Reading::Known(FileState::Present(content)) => content.content.as_deref().unwrap_or_default(),
        Reading::Known(FileState::Missing | FileState::NotAFile(_)) => &[],
        Reading::Unknown(why) => {
            if !of_environment && (expected.is_some() || !matches!(file.state, Reading::Known(_))) {
                findings.all_undecided(crate::catalog::custom_identifier::CAUSES, why);
            }
            return expected.is_some().then_some(findings);
        }
    };
    let Some(expected) = expected else {
        let malformed: Vec<String> =
            lines.iter().filter(|id| is_malformed(id)).map(|id| quoted(id)).collect();
        if malformed.is_empty() {
            return None;
        }
        findings.add(Finding::of(&CUSTOM_IDENTIFIER_MALFORMED).seen("malformed", list(malformed), path));
        return Some(findings);
    };
    if of_environment || lines.iter().any(|id| id == expected) {
        return Some(findings);
    }
    let other_variables = match environment {
        Ok(all) => all,
        Err(why) => {
            findings.all_undecided(
                &[&CUSTOM_IDENTIFIER_MISSING, &CUSTOM_IDENTIFIER_EMPTY, &CUSTOM_IDENTIFIER_MISMATCH],
                why,
            );
            return Some(findings);
        }
    };
    let found: Vec<String> =
        lines.iter().chain(other_variables.iter().map(|(_, id)| id)).map(|id| quoted(id)).collect();
    let from = "config: expect.machine_group_identifier";
    findings.add(if found.is_empty() {
        let (cause, what): (&'static Cause, _) = match &file.state {
            Reading::Known(FileState::Missing) => (&CUSTOM_IDENTIFIER_MISSING, "no such file"),
            Reading::Known(FileState::NotAFile(what)) => (&CUSTOM_IDENTIFIER_MISSING, *what),
            Reading::Known(FileState::Present(_)) | Reading::Unknown(_) => {
                (&CUSTOM_IDENTIFIER_EMPTY, "no identifier in it")
            }
        };
        Finding::of(cause).seen("expected", quoted(expected), from).seen("found", what, path)
    } else {
        Finding::of(&CUSTOM_IDENTIFIER_MISMATCH).seen("expected", quoted(expected), from).seen(
            "found",
            list(found),
            path,
        )
    });
    Some(findings)
}

fn by_labels(context: &Context<'_>) -> Option<Findings> {
    let expected = context.settings.expect.server_group_label.as_deref()?;
    let config = context.agent.config.as_ref()?;
    let mut findings = Findings::new();
    if let Reading::Unknown(why) = &config.state {
        findings.all_undecided(crate::catalog::custom_identifier::CAUSES, why);
        return Some(findings);
    }
    // A config that is missing or rejected is `startup_parameters`' to report.
    let parameters = config.content()?;
    let from = "config: expect.server_group_label";
    let finding = |cause: &'static Cause| Finding::of(cause).seen("expected", quoted(expected), from);
    match &parameters.group_labels {
        None => findings.add(finding(&CUSTOM_IDENTIFIER_MISSING).seen(
            "found",
            "no group_label",
            context.config_path(),
        )),
        Some((key, labels)) if labels.is_empty() => {
            findings.add(finding(&CUSTOM_IDENTIFIER_EMPTY).seen(
                "found",
                quoted(""),
                context.parameter_place(key),
            ));
        }
        Some((_, labels)) if labels.iter().any(|label| label == expected) => {}
        Some((key, labels)) => findings.add(finding(&CUSTOM_IDENTIFIER_MISMATCH).seen(
            "found",
            list(labels.iter().map(|label| quoted(label))),
            context.parameter_place(key),
        )),
    }
    Some(findings)
}

/// What the agent keeps but a console never shows: a carriage return, a tab, a byte order mark.
fn is_malformed(id: &str) -> bool {
    id.contains(['\r', '\t', '\u{feff}'])
}
