//! `installed`: is the agent there?

use crate::{
    catalog::installed::{INSTALLATION_INCOMPLETE, NOT_INSTALLED},
    model::{Reading, Reason, Why},
};

use super::{
    check::Context,
    findings::{Finding, Findings},
    list, roles,
};

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let mut findings = Findings::new();
    let installation = match &context.agent.installation {
        Reading::Known(installation) => installation,
        Reading::Unknown(why) => {
            findings.all_undecided(&[&NOT_INSTALLED, &INSTALLATION_INCOMPLETE], why);
            return Some(findings);
        }
    };
    let running = roles::running(context.agent);
    if installation.binary.is_some() || (installation.location_unknown && running == Some(true)) {
        return Some(findings);
    }
    let looked_for = list(installation.looked_for.iter().map(|path| path.display().to_string()));
    if installation.location_unknown && !installation.traces.is_empty() {
        let detail = "the executable was not found in the usual directories and never seen running; \
                      configure install_dir or an absolute executable";
        let why = Why::new(Reason::NoSource, looked_for, detail);
        findings.all_undecided(&[&NOT_INSTALLED, &INSTALLATION_INCOMPLETE], &why);
        return Some(findings);
    }
    let mut traces: Vec<String> = installation.traces.iter().map(|path| path.display().to_string()).collect();
    if running == Some(true) {
        traces.push("running processes".to_owned());
    }
    if !traces.is_empty() {
        findings.add(Finding::of(&INSTALLATION_INCOMPLETE).seen("missing", looked_for, "file system").seen(
            "found",
            list(traces),
            "file system, /proc",
        ));
    } else if let (None, Some(why)) = (running, context.agent.processes.why()) {
        findings.undecided(&NOT_INSTALLED, why);
    } else {
        findings.add(Finding::of(&NOT_INSTALLED).seen("looked_for", looked_for, "file system"));
    }
    Some(findings)
}
