//! `installed`: is the agent installed?

use crate::{
    agents::release::{Defect, Release, When},
    catalog::{
        installed::{AGENT_VERSION_DEFECTIVE, INSTALLATION_INCOMPLETE, NOT_INSTALLED},
        surroundings::{AGENTS_COEXIST, SERVICE_NOT_ENABLED},
    },
    evaluate::{
        context::Context,
        engine::{
            findings::{Finding, Findings, Outcome},
            history::CRASH_LOOP_RESTARTS,
        },
        roles,
        words::list,
    },
    model::{NetworkType, Prerequisite, Reason, System, Why, snapshot::Installation},
};

use super::surroundings;

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::Installed);
    findings.judge_together(&[&NOT_INSTALLED, &INSTALLATION_INCOMPLETE], defect(context));
    findings.judge(&AGENT_VERSION_DEFECTIVE, || version_defective(context));
    findings.judge(&SERVICE_NOT_ENABLED, || surroundings::not_enabled(context));
    findings.judge(&AGENTS_COEXIST, || surroundings::coexisting(context));
    Outcome::Judged(findings)
}

/// Known defects of this version that matter on this host.
fn version_defective(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    // Releases for Windows have a separate numbering, and the vendors document no defects of them.
    if context.settings.system == System::Windows {
        return Ok(None);
    }
    let Some(version) = context.derived.version.as_result()? else { return Ok(None) };
    let mut found: Vec<&Defect> = Vec::new();
    for defect in context.profile.defects(version) {
        if matters(context, defect.when)? {
            found.push(defect);
        }
    }
    let Some(mended) = found.iter().map(|defect| defect.mended).max() else { return Ok(None) };
    let finding = Finding::of(&AGENT_VERSION_DEFECTIVE).seen("version", version, "the agent's own record");
    let source = list(found.iter().map(|defect| defect.source));
    Ok(Some(finding.seen("defect", list(found.iter().map(|defect| defect.what)), source).seen(
        "mended",
        Release::to_string(&mended),
        "the vendor's release notes",
    )))
}

fn matters(context: &Context<'_>, when: When) -> Result<bool, Why> {
    Ok(match when {
        When::Always => true,
        When::Crashing => {
            context.history.recent_restarts.values().any(|times| times.len() >= CRASH_LOOP_RESTARTS)
        }
        When::Accelerated => context.derived.parameters().as_result()?.is_some_and(|parameters| {
            let accelerated =
                |host: &str| context.profile.classify_host(host).network == Some(NetworkType::Acceleration);
            parameters.data_servers.iter().any(|server| accelerated(&server.endpoint.value))
        }),
    })
}

/// The defect of the installation, if any.
fn defect(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let installation = context.agent.installation.as_result()?;
    if installation.binary.is_some() {
        return Ok(None);
    }
    let looked_for = list(installation.looked_for.iter().map(|path| path.display().to_string()));
    // Running processes are evidence of the installation and show where it is.
    let Some(running) = roles::running(context.agent) else {
        return traced(installation, &looked_for, false)
            .transpose()
            .unwrap_or_else(|| Err(unread_processes(context)))
            .map(Some);
    };
    if installation.location_unknown && running {
        return Ok(None);
    }
    let missing = || Finding::of(&NOT_INSTALLED).seen("looked_for", &looked_for, "file system");
    Ok(Some(traced(installation, &looked_for, running)?.unwrap_or_else(missing)))
}

fn unread_processes(context: &Context<'_>) -> Why {
    context
        .agent
        .processes
        .why()
        .cloned()
        .unwrap_or_else(|| Why::new(Reason::NotYet, "/proc", "processes were not read"))
}

/// `installation_incomplete`, if anything except the executable exists.
fn traced(installation: &Installation, looked_for: &str, running: bool) -> Result<Option<Finding>, Why> {
    let mut traces: Vec<String> = installation.traces.iter().map(|path| path.display().to_string()).collect();
    if installation.location_unknown && !traces.is_empty() {
        let detail = "the executable was not found in the usual directories and never seen running; \
                      configure install_dir or an absolute executable";
        return Err(Why::new(Reason::NoSource, looked_for, detail));
    }
    if running {
        traces.push("running processes".to_owned());
    }
    Ok((!traces.is_empty()).then(|| {
        Finding::of(&INSTALLATION_INCOMPLETE).seen("missing", looked_for, "file system").seen(
            "found",
            list(traces),
            "file system, /proc",
        )
    }))
}
