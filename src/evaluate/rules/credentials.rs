//! `credentials`: an API key pair (of an account or collaborator, not a project key) is set. Only the state of each key is
//! known here, never a key.

use crate::{
    catalog::credentials::{CREDENTIALS_MALFORMED, CREDENTIALS_MISSING, CREDENTIALS_PLACEHOLDER},
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
    },
    model::{Prerequisite, Reading, report::NotEvaluated, snapshot::KeyState},
};

/// The rule; applies if the keys are in the config, or should be.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let keyless = context.derived.edition.as_ref().map(|edition| edition.keyless);
    let keys = match context.derived.parameters() {
        Reading::Known(parameters) => parameters.and_then(|parameters| parameters.credentials.as_ref()),
        Reading::Unknown(why) if keyless == Reading::Known(false) => {
            return Outcome::Judged(Findings::unread(Prerequisite::Credentials, &why));
        }
        Reading::Unknown(why) => return Outcome::Not(NotEvaluated::Undecided(why)),
    };
    let Some(keys) = keys else {
        // A config that is missing or rejected is reported by `startup_parameters`.
        let no_config = context.derived.parameters() == Reading::Known(None);
        return Outcome::Not(if no_config { NotEvaluated::NoConfig } else { NotEvaluated::NotInConfig });
    };
    let none_there = keys.iter().all(|(_, state)| *state == KeyState::Missing);
    match &keyless {
        Reading::Known(true) if none_there => return Outcome::Not(NotEvaluated::NotInConfig),
        Reading::Unknown(why) if none_there => return Outcome::Not(NotEvaluated::Undecided(why.clone())),
        Reading::Known(_) | Reading::Unknown(_) => {}
    }
    let mut findings = Findings::of(Prerequisite::Credentials);
    let defects = keys.iter().filter_map(|(key, state)| defect(context, key, state));
    findings.judge_together(
        &[&CREDENTIALS_MISSING, &CREDENTIALS_PLACEHOLDER, &CREDENTIALS_MALFORMED],
        Ok(defects),
    );
    Outcome::Judged(findings)
}

fn defect(context: &Context<'_>, key: &'static str, state: &KeyState) -> Option<Finding> {
    let about = |cause| Finding::of(cause).about(key).seen("key", key, context.config_path());
    match state {
        KeyState::Set => None,
        KeyState::Missing => Some(about(&CREDENTIALS_MISSING)),
        KeyState::Placeholder => Some(about(&CREDENTIALS_PLACEHOLDER)),
        KeyState::Malformed(defect) => Some(about(&CREDENTIALS_MALFORMED).seen("defect", *defect, key)),
    }
}
