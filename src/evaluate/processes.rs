//! `processes`: exactly the expected processes, alive.

use crate::{
    catalog::processes::{
        CRASH_LOOP, DAEMON_MISSING, MULTIPLE_INSTANCES, NOT_RUNNING, PROCESS_DEFUNCT, PROCESS_STOPPED,
        UPDATE_PROCESS_MISSING, WORKER_MISSING,
    },
    model::{
        Cause, Reading, Role,
        snapshot::{Process, ProcessState},
    },
};

use super::{
    check::Context,
    findings::{Finding, Findings},
    history::CRASH_LOOP_STARTS,
    list, roles,
};

/// Init, or (0) a parent outside of this PID namespace.
const INIT: u32 = 1;

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let agent = context.agent;
    let mut findings = Findings::new();
    let processes = match &agent.processes {
        Reading::Known(processes) => processes,
        Reading::Unknown(why) => {
            findings.all_undecided(crate::catalog::processes::CAUSES, why);
            return Some(findings);
        }
    };
    let assigned = roles::assign(agent, processes, &context.history.known);
    let live = |role: &Role| {
        assigned.iter().filter(|(process, r)| r == role && process.state != ProcessState::Defunct).count()
    };
    // A zombie that only init has to reap is as good as gone: nothing waits for it, and a restart does not need it gone.
    let defunct: Vec<&(&Process, Role)> = assigned
        .iter()
        .filter(|(process, _)| process.state == ProcessState::Defunct && process.parent > INIT)
        .collect();
    let expected_text = list(
        agent
            .edition
            .roles
            .iter()
            .map(|role| format!("{} {}", roles::expected_count(role, agent, context.history), role.role)),
    );
    let running_text = describe(assigned.iter().filter(|(p, _)| p.state != ProcessState::Defunct));

    if roles::running(agent) == Some(false) {
        if defunct.is_empty() {
            findings.add(Finding::of(&NOT_RUNNING).seen(
                "expected",
                expected_text.clone(),
                "kind and version",
            ));
        }
        for entry in &defunct {
            findings.add(defunct_finding(entry));
        }
    } else {
        for expected in &agent.edition.roles {
            let count = u64::from(roles::expected_count(expected, agent, context.history));
            let found = u64::try_from(live(&expected.role)).unwrap_or(u64::MAX);
            if found < count {
                findings.add(
                    Finding::of(missing(&expected.role))
                        .about(expected.role.as_str())
                        .seen("running", &running_text, "/proc")
                        .seen("expected", &expected_text, "kind and version"),
                );
                for entry in defunct.iter().filter(|(_, role)| *role == expected.role) {
                    findings.add(defunct_finding(entry));
                }
            }
        }
        let surplus = agent.edition.roles.iter().any(|role| {
            let count =
                roles::expected_count(role, agent, context.history).max(u32::from(role.only_if_ever_seen));
            live(&role.role) > usize::try_from(count).unwrap_or(usize::MAX)
        });
        if surplus {
            findings.add(Finding::of(&MULTIPLE_INSTANCES).seen("running", &running_text, "/proc").seen(
                "expected",
                &expected_text,
                "kind and version",
            ));
        }
    }
    for (process, role) in &assigned {
        if process.state == ProcessState::Stopped {
            findings.add(
                Finding::of(&PROCESS_STOPPED)
                    .about(role.as_str())
                    .seen("pid", process.pid.to_string(), format!("/proc/{}/stat: state T", process.pid))
                    .seen("role", role.as_str(), &process.executable_name),
            );
        }
    }
    for expected in &agent.edition.roles {
        let times =
            |of: &std::collections::BTreeMap<Role, Vec<_>>| of.get(&expected.role).map_or(0, Vec::len);
        let starts = times(&context.history.starts);
        // Several instances started at once are not a loop: a loop also ends processes, at least all but the last.
        let exits = times(&context.history.exits);
        if starts >= CRASH_LOOP_STARTS && exits + 1 >= CRASH_LOOP_STARTS {
            findings.add(
                Finding::of(&CRASH_LOOP)
                    .about(expected.role.as_str())
                    .seen("starts", starts.to_string(), "observed within 5 minutes")
                    .seen("role", expected.role.as_str(), "/proc"),
            );
        }
    }
    Some(findings)
}

fn missing(role: &Role) -> &'static Cause {
    if *role == Role::DAEMON {
        &DAEMON_MISSING
    } else if *role == Role::UPDATE {
        &UPDATE_PROCESS_MISSING
    } else {
        &WORKER_MISSING
    }
}

fn defunct_finding((process, role): &(&Process, Role)) -> Finding {
    Finding::of(&PROCESS_DEFUNCT)
        .about(role.as_str())
        .seen(
            "pid",
            process.pid.to_string(),
            format!("/proc/{}/stat: state Z, parent {}", process.pid, process.parent),
        )
        .seen("role", role.as_str(), &process.executable_name)
}

fn describe<'a, 'p: 'a>(assigned: impl Iterator<Item = &'a (&'p Process, Role)>) -> String {
    let text = list(assigned.map(|(process, role)| format!("{role} {}", process.pid)));
    if text.is_empty() { "none".to_owned() } else { text }
}
