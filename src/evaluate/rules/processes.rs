//! `processes`: exactly the expected processes are alive.

use crate::{
    catalog::{
        processes::{
            CHECKPOINT_DAMAGED, CRASH_LOOP, DAEMON_MISSING, MULTIPLE_INSTANCES, NOT_RUNNING, PROCESS_DEFUNCT,
            PROCESS_STOPPED, UPDATE_PROCESS_MISSING, WORKER_HUNG, WORKER_MISSING,
        },
        services::{SERVICE_DISABLED, SERVICE_NOT_RUNNING},
    },
    evaluate::{
        context::Context,
        engine::{
            findings::{Finding, Findings, Outcome},
            history::CRASH_LOOP_RESTARTS,
        },
        roles::{self, Assigned},
        words::list,
    },
    model::{
        Cause, Prerequisite, Reading, Role, Why,
        snapshot::{ExpectedRole, ProcessState},
    },
};

use super::{own_words, services, surroundings};

/// Init, or (0) a parent outside of this PID namespace.
const INIT: u32 = 1;

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let processes = match &context.agent.processes {
        Reading::Known(processes) => processes,
        Reading::Unknown(why) => {
            let mut findings = Findings::unread(Prerequisite::Processes, why);
            surroundings::judge_disks(context, &mut findings);
            return Outcome::Judged(findings);
        }
    };
    let assigned = roles::assign(context.agent, context.derived, processes, &context.history.known);
    let view = View { context, assigned, running: roles::running(context.agent) == Some(true) };
    let mut findings = Findings::of(Prerequisite::Processes);
    findings.judge(&SERVICE_DISABLED, || services::disabled(context));
    findings.judge(&SERVICE_NOT_RUNNING, || services::not_running(context));
    findings.judge(&NOT_RUNNING, || Ok(view.not_running()));
    for cause in [&DAEMON_MISSING, &WORKER_MISSING, &UPDATE_PROCESS_MISSING] {
        findings.judge(cause, || view.missing(cause));
    }
    findings.judge(&MULTIPLE_INSTANCES, || view.surplus());
    findings.judge(&PROCESS_DEFUNCT, || view.defunct());
    findings.judge(&PROCESS_STOPPED, || Ok(view.stopped()));
    findings.judge(&CRASH_LOOP, || Ok(view.crash_loops()));
    findings.judge(&WORKER_HUNG, || own_words::worker_hung(context));
    findings.judge(&CHECKPOINT_DAMAGED, || own_words::checkpoint_damaged(context));
    surroundings::judge_limits(context, &mut findings);
    surroundings::judge_disks(context, &mut findings);
    Outcome::Judged(findings)
}

struct View<'a> {
    context: &'a Context<'a>,
    assigned: Vec<Assigned<'a>>,
    running: bool,
}

impl View<'_> {
    fn alive(&self) -> impl Iterator<Item = &Assigned<'_>> {
        self.assigned.iter().filter(|found| found.process.state != ProcessState::Defunct)
    }

    /// A zombie whose parent is init does not count: nothing waits for it, and it does not prevent a restart.
    fn zombies(&self) -> impl Iterator<Item = &Assigned<'_>> {
        self.assigned
            .iter()
            .filter(|found| found.process.state == ProcessState::Defunct && found.process.parent > INIT)
    }

    fn roles(&self) -> Result<&[ExpectedRole], Why> {
        Ok(self.context.derived.roles.as_result()?)
    }

    fn expected(&self, role: &ExpectedRole) -> Result<usize, Why> {
        let count = roles::expected_count(role, self.roles()?, self.context.history);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Live processes of a role. Undecided if the role of one of them is.
    fn live(&self, role: &Role) -> Result<usize, Why> {
        match self.alive().find(|found| found.role.is_none()) {
            Some(undecided) => Err(self.undecided_role(undecided)),
            None => Ok(self.alive().filter(|found| found.role.as_ref() == Some(role)).count()),
        }
    }

    fn undecided_role(&self, found: &Assigned<'_>) -> Why {
        let agent = self.context.agent;
        let unread = self
            .context
            .derived
            .roles
            .why()
            .or_else(|| agent.record.as_ref().and_then(|record| record.state.why()));
        unread.cloned().unwrap_or_else(|| {
            let fact = format!("pid {}", found.process.pid);
            Why::new(crate::model::Reason::NoSource, fact, "its role cannot be determined")
        })
    }

    fn expected_text(&self) -> Result<String, Why> {
        let counts: Result<Vec<String>, Why> =
            self.roles()?.iter().map(|role| Ok(format!("{} {}", self.expected(role)?, role.role))).collect();
        Ok(list(counts?))
    }

    fn running_text(&self) -> String {
        let named = |found: &Assigned<'_>| match &found.role {
            Some(role) => format!("{role} {}", found.process.pid),
            None => format!("{} {}", found.process.executable_name, found.process.pid),
        };
        let text = list(self.alive().map(named));
        if text.is_empty() { "none".to_owned() } else { text }
    }

    fn not_running(&self) -> Option<Finding> {
        if self.running || self.zombies().next().is_some() {
            return None;
        }
        let expected = self.expected_text().unwrap_or_else(|_| "at least one".to_owned());
        let finding = Finding::of(&NOT_RUNNING).seen("expected", expected, "kind and version");
        let finding = self.with_unreaped(self.with_death(finding, false), None);
        Some(finding.explains(["loopback".to_owned()]))
    }

    fn missing(&self, cause: &'static Cause) -> Result<Vec<Finding>, Why> {
        if !self.running {
            return Ok(Vec::new());
        }
        let mut findings = Vec::new();
        for expected in self.roles()?.iter().filter(|expected| missing(&expected.role) == cause) {
            if self.live(&expected.role)? < self.expected(expected)? {
                let finding = Finding::of(cause)
                    .about(expected.role.as_str())
                    .seen("running", self.running_text(), "/proc")
                    .seen("expected", self.expected_text()?, "kind and version");
                let finding = self.with_death_of(&expected.role, finding);
                findings.push(self.with_unreaped(finding, Some(&expected.role)));
            }
        }
        Ok(findings)
    }

    fn surplus(&self) -> Result<Option<Finding>, Why> {
        if !self.running {
            return Ok(None);
        }
        for role in self.roles()? {
            let allowed = self.expected(role)?.max(usize::from(role.only_if_ever_seen));
            if self.live(&role.role)? > allowed {
                let finding = Finding::of(&MULTIPLE_INSTANCES).seen("running", self.running_text(), "/proc");
                return Ok(Some(finding.seen("expected", self.expected_text()?, "kind and version")));
            }
        }
        Ok(None)
    }

    /// Zombies in place of a process that should live; if all processes are there, they only wait for their parent.
    fn defunct(&self) -> Result<Vec<Finding>, Why> {
        let mut findings = Vec::new();
        for zombie in self.zombies() {
            let missed = match &zombie.role {
                _ if !self.running => true,
                None => return Err(self.undecided_role(zombie)),
                Some(role) => match self.roles()?.iter().find(|expected| expected.role == *role) {
                    Some(expected) => self.live(role)? < self.expected(expected)?,
                    None => false,
                },
            };
            if missed {
                let process = zombie.process;
                let from = format!("/proc/{}/stat: state Z, parent {}", process.pid, process.parent);
                findings.push(about(Finding::of(&PROCESS_DEFUNCT), zombie, from));
            }
        }
        Ok(findings)
    }

    /// Adds the zombie of this role that process 1 has not reaped: `ps` still lists it.
    fn with_unreaped(&self, finding: Finding, role: Option<&Role>) -> Finding {
        let is_left = |found: &&Assigned<'_>| {
            let process = found.process;
            process.state == ProcessState::Defunct
                && process.parent <= INIT
                && (role.is_none() || found.role.is_none() || found.role.as_ref() == role)
        };
        self.assigned.iter().filter(is_left).take(1).fold(finding, |finding, zombie| {
            let process = zombie.process;
            let from = format!("/proc/{}/stat: state Z, parent {}", process.pid, process.parent);
            finding.seen("not_reaped", process.pid.to_string(), from)
        })
    }

    fn stopped(&self) -> Vec<Finding> {
        let stopped = |found: &&Assigned<'_>| found.process.state == ProcessState::Stopped;
        let finding = |found: &Assigned<'_>| {
            let from = format!("/proc/{}/stat: state T", found.process.pid);
            about(Finding::of(&PROCESS_STOPPED), found, from)
        };
        self.assigned.iter().filter(stopped).map(finding).collect()
    }

    /// Adds why the agent died.
    fn with_death(&self, finding: Finding, loops: bool) -> Finding {
        let words = own_words::died_of(self.context, loops);
        surroundings::with_death(finding, self.context.history.deaths.last(), words)
    }

    /// Adds why the process in this role died while others live. The log is the collecting process'.
    fn with_death_of(&self, role: &Role, finding: Finding) -> Finding {
        let collects = missing(role) == &WORKER_MISSING;
        let words = if collects { own_words::died_of(self.context, false) } else { None };
        surroundings::with_death(finding, self.context.history.deaths.last_of(role), words)
    }

    fn crash_loops(&self) -> Vec<Finding> {
        let restarts = self.context.history.recent_restarts.iter();
        restarts
            .filter(|(_, times)| times.len() >= CRASH_LOOP_RESTARTS)
            .map(|(role, times)| {
                let finding = Finding::of(&CRASH_LOOP)
                    .about(role.as_str())
                    .seen("restarts", times.len().to_string(), "observed within 5 minutes")
                    .seen("role", role.as_str(), "/proc");
                self.with_death(finding, true)
            })
            .collect()
    }
}

fn about(finding: Finding, found: &Assigned<'_>, from: String) -> Finding {
    let process = found.process;
    let role = found.role.as_ref().map_or(process.executable_name.as_str(), Role::as_str);
    finding.about(role).seen("pid", process.pid.to_string(), from).seen(
        "role",
        role,
        &process.executable_name,
    )
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
