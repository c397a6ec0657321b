//! `user_identifier`: the account's file exists.

use crate::{
    agents::{Identifier, release::Feature},
    catalog::user_identifier::{
        METADATA_TOKEN_REQUIRED, USER_IDENTIFIER_MALFORMED, USER_IDENTIFIER_MISMATCH, USER_IDENTIFIER_MISSING,
    },
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        words::list,
    },
    model::{
        Cause, Prerequisite, Why,
        report::NotEvaluated,
        snapshot::{DirectoryFact, MetadataAccess},
        text::quoted,
    },
};

const EXPECTED_FROM: &str = "config: expect.account_id";

/// The rule; applies if an account is expected, or if the metadata service, from which the agent learns the
/// account, is asked.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let expected = context.settings.expect.account_id.as_deref();
    let Some(users) =
        context.agent.users.as_ref().filter(|_| expected.is_some() || context.agent.metadata.is_some())
    else {
        return Outcome::Not(NotEvaluated::NotExpected);
    };
    let mut findings = Findings::of(Prerequisite::UserIdentifier);
    let of_files = [&USER_IDENTIFIER_MISSING, &USER_IDENTIFIER_MISMATCH, &USER_IDENTIFIER_MALFORMED];
    match expected {
        Some(expected) => findings.judge_together(&of_files, defect(context, users, expected)),
        None => findings.clear(&of_files),
    }
    findings.judge(&METADATA_TOKEN_REQUIRED, || token_required(context, users, expected));
    Outcome::Judged(findings)
}

/// The agent cannot ask for the account of its instance, and finds it nowhere else on the host.
fn token_required(
    context: &Context<'_>,
    users: &DirectoryFact,
    expected: Option<&str>,
) -> Result<Option<Finding>, Why> {
    let agent = context.agent;
    let Some(access) = &agent.metadata else { return Ok(None) };
    let MetadataAccess::TokenOnly(status) = access.as_result()? else { return Ok(None) };
    let version = &context.derived.version;
    if *context.profile.supports(Feature::MetadataToken, version).as_result()? {
        return Ok(None);
    }
    let is_meant = |id: &str| expected.map_or_else(|| is_account(id), |expected| id == expected);
    let of_environment = context
        .profile
        .identifiers_of_environment(Identifier::User, agent.invocation.environment.as_result()?);
    let names = users.names.as_result()?.as_deref().unwrap_or_default();
    let told = names.iter().any(|name| is_meant(name)) || of_environment.iter().any(|(_, id)| is_meant(id));
    // Once learned, the account is stored. Another account needs a user identifier in any mode.
    if told || agent.owner_account.as_result()?.is_some() {
        return Ok(None);
    }
    let from = agent.record.as_ref().map(|record| record.path.display().to_string()).unwrap_or_default();
    let version = version.known().and_then(Option::as_deref).unwrap_or_default();
    let finding = Finding::of(&METADATA_TOKEN_REQUIRED).seen("version", version, from);
    Ok(Some(finding.seen("answer", format!("HTTP {status}"), "metadata service, asked without a token")))
}

/// The problem with the account, if any. File, environment or the instance's owner: one of them is enough.
fn defect(context: &Context<'_>, users: &DirectoryFact, expected: &str) -> Result<Option<Finding>, Why> {
    let agent = context.agent;
    // A host of that very account needs no file: the service knows the instance's owner.
    if agent.owner_account.known().and_then(Option::as_deref) == Some(expected) {
        return Ok(None);
    }
    let environment = agent.invocation.environment.as_ref();
    let of_environment = environment
        .map(|environment| context.profile.identifiers_of_environment(Identifier::User, environment));
    let in_environment = of_environment.known().is_some_and(|ids| ids.iter().any(|(_, id)| id == expected));
    let names = match users.names.as_result() {
        Ok(names) => names.as_deref().unwrap_or_default(),
        Err(_) if in_environment => return Ok(None),
        Err(why) => return Err(why.clone()),
    };
    let directory = users.path.display().to_string();
    let malformed: Vec<String> =
        names.iter().filter(|name| !is_account(name)).map(|name| quoted(name)).collect();
    if in_environment || names.iter().any(|name| name == expected) {
        let beside = (!malformed.is_empty()).then(|| of_malformed(&directory, expected, &malformed));
        return Ok(beside.map(Finding::lowered_to_warning));
    }
    // An account that could not be read may be the expected one, and then no file is needed.
    let of_environment = of_environment.as_result()?;
    agent.owner_account.as_result()?;
    let meant = names.iter().any(|name| name != expected && name.contains(expected));
    let all = || names.iter().chain(of_environment.iter().map(|(_, id)| id));
    let others = all().any(|id| is_account(id));
    if !malformed.is_empty() && (meant || !others) {
        return Ok(Some(of_malformed(&directory, expected, &malformed)));
    }
    let found = match all().next() {
        None => "nothing".to_owned(),
        Some(_) => list(all().map(|id| quoted(id))),
    };
    let mut places = vec![directory];
    places.extend(of_environment.iter().map(|(name, _)| format!("environment {name}")));
    places.dedup();
    let cause: &'static Cause = if others { &USER_IDENTIFIER_MISMATCH } else { &USER_IDENTIFIER_MISSING };
    let finding = Finding::of(cause).seen("expected", expected, EXPECTED_FROM);
    Ok(Some(finding.seen("found", found, list(places))))
}

fn of_malformed(directory: &str, expected: &str, malformed: &[String]) -> Finding {
    let finding = Finding::of(&USER_IDENTIFIER_MALFORMED).seen("expected", expected, EXPECTED_FROM);
    finding.seen("malformed", list(malformed), directory)
}

/// A main account's id is digits only; the agent treats the whole name of every entry as one.
fn is_account(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}
