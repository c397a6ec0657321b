//! `credentials`: an API key pair (of an account or collaborator, not a project key) is set. Only the state of each key is
//! known here, never a key.

use crate::{
    catalog::credentials::{CAUSES, CREDENTIALS_MALFORMED, CREDENTIALS_MISSING, CREDENTIALS_PLACEHOLDER},
    model::snapshot::KeyState,
};

use super::{
    check::Context,
    findings::{Finding, Findings},
    startup_parameters,
};

/// The rule; applies where the keys are in the config.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let mut findings = Findings::new();
    if let Some(why) = startup_parameters::unread(context) {
        findings.all_undecided(CAUSES, why);
        return Some(findings);
    }
    // A config that is missing or rejected is `startup_parameters`' to report.
    let keys = context.agent.parameters()?.credentials.as_ref()?;
    for (key, state) in keys {
        let about = |cause| Finding::of(cause).about(*key).seen("key", *key, context.config_path());
        match state {
            KeyState::Set => {}
            KeyState::Missing => findings.add(about(&CREDENTIALS_MISSING)),
            KeyState::Placeholder => findings.add(about(&CREDENTIALS_PLACEHOLDER)),
            KeyState::Malformed(defect) => {
                findings.add(about(&CREDENTIALS_MALFORMED).seen("defect", *defect, *key));
            }
        }
    }
    Some(findings)
}
