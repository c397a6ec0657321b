//! Notifications for the service manager: that the exporter is ready, its status, that its loop is alive,
//! that it is stopping.
//!
//! Nothing is sent without `NOTIFY_SOCKET`, and nothing here blocks: a manager that does not read must not
//! stop the only thread.

use std::{env, ffi::OsString, time::Duration};

use tokio::time::Instant;
use tracing::warn;

use crate::{
    model::{Status, report::Report},
    sys::ServiceManager,
};

/// The service manager, if there is one, and when the next notification is due.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    socket: Option<ServiceManager>,
    /// A quarter of the watchdog's timeout.
    rhythm: Option<Duration>,
    told: Option<Instant>,
    status: String,
}

impl Supervisor {
    /// From the environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub(super) fn from_environment() -> Self {
        Self::told_by(|variable| env::var_os(variable))
    }

    fn told_by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let Some(name) = variable("NOTIFY_SOCKET") else { return Self::default() };
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| ours).map(Duration::from_micros);
        match ServiceManager::at(&name) {
            Ok(socket) => Self {
                socket: Some(socket),
                rhythm: watchdog.map(|patience| patience / 4),
                ..Self::default()
            },
            Err(error) => {
                warn!(socket = %name.display(), "the service manager cannot be notified: {error}");
                Self::default()
            }
        }
    }

    /// The service is ready.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// The service is stopping on request.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Shows the report's verdict in `systemctl status`.
    pub(super) fn shows(&mut self, report: &Report) {
        if self.socket.is_none() {
            return;
        }
        let status = in_one_line(report);
        if status != self.status {
            self.send(&format!("STATUS={status}"));
            self.status = status;
        }
    }

    /// The loop is alive. Not sent in every cycle: a storm of events must not become a storm of messages.
    pub(super) fn alive(&mut self, now: Instant) {
        let Some(rhythm) = self.rhythm else { return };
        if self.told.is_none_or(|told| now.duration_since(told) >= rhythm) {
            self.send("WATCHDOG=1");
            self.told = Some(now);
        }
    }

    /// The latest time for the next cycle, if there is a watchdog.
    pub(super) fn due(&self) -> Option<Instant> {
        // Half the watchdog's timeout: a single delayed cycle does not end the service.
        Some(self.told? + self.rhythm? * 2)
    }

    fn send(&self, message: &str) {
        if let Some(socket) = &self.socket {
            // The manager is gone or does not read: its watchdog acts on its own.
            let _unheard = socket.send(message.as_bytes());
        }
    }
}

/// `2 agents: 1 ok, 1 failing, 0 unknown`.
fn in_one_line(report: &Report) -> String {
    if !report.complete {
        return "running the first evaluation".to_owned();
    }
    let count = |status| report.agents.iter().filter(|agent| agent.status == status).count();
    let (ok, failing, unknown) = (count(Status::Ok), count(Status::Failing), count(Status::Unknown));
    match report.agents.len() {
        0 => "no agent found".to_owned(),
        1 => format!("1 agent: {ok} ok, {failing} failing, {unknown} unknown"),
        agents => format!("{agents} agents: {ok} ok, {failing} failing, {unknown} unknown"),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// A manager that listens, and a supervisor set up for it with these additional variables.
    fn managed(variables: &[(&str, &str)]) -> (tempfile::TempDir, UnixDatagram, Supervisor) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let supervisor = Supervisor::told_by(|name| match name {
            "NOTIFY_SOCKET" => Some(path.clone().into_os_string()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)),
        });
        (dir, manager, supervisor)
    }

    fn heard(manager: &UnixDatagram) -> Vec<String> {
        let mut buffer = [0; 512];
        std::iter::from_fn(|| manager.recv(&mut buffer).ok().map(|len| buffer[..len].to_vec()))
            .map(|message| String::from_utf8(message).unwrap())
            .collect()
    }

    #[test]
    fn without_a_manager_nothing_is_told_and_nothing_wakes() {
        let mut supervisor = Supervisor::told_by(|_| None);
        supervisor.ready();
        supervisor.alive(Instant::now());
        assert_eq!(supervisor.due(), None);
    }

    #[test]
    fn a_watchdog_hears_of_the_loop_four_times_in_its_patience_at_most_and_twice_at_least() {
        let (_dir, manager, mut supervisor) = managed(&[("WATCHDOG_USEC", "60000000")]);
        let start = Instant::now();
        for second in 0..60 {
            supervisor.alive(start + Duration::from_secs(second));
        }
        assert_eq!(heard(&manager), ["WATCHDOG=1"; 4]);
        assert_eq!(supervisor.due(), Some(start + Duration::from_secs(45 + 30)));
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let (_dir, manager, mut supervisor) =
            managed(&[("WATCHDOG_USEC", "60000000"), ("WATCHDOG_PID", "1")]);
        supervisor.alive(Instant::now());
        assert_eq!((heard(&manager), supervisor.due()), (Vec::new(), None));
    }

    #[test]
    fn the_status_is_told_when_it_changes() {
        let (_dir, manager, mut supervisor) = managed(&[]);
        let mut report = Report {
            host: String::new(),
            taken_at: std::time::SystemTime::UNIX_EPOCH,
            agents: Vec::new(),
            not_believed: crate::model::report::NotBelieved::default(),
            limits: std::collections::BTreeSet::new(),
            clock: crate::model::report::ClockReport::default(),
            exporter: crate::model::report::ExporterReport::default(),
            complete: false,
        };
        supervisor.shows(&report);
        report.complete = true;
        supervisor.shows(&report);
        supervisor.shows(&report);
        assert_eq!(heard(&manager), ["STATUS=running the first evaluation", "STATUS=no agent found"]);
    }

    #[test]
    fn a_manager_that_does_not_read_holds_up_nothing() {
        let (_dir, manager, supervisor) = managed(&[]);
        for _ in 0..10_000 {
            supervisor.ready();
        }
        assert!(heard(&manager).len() < 10_000, "what was not read was dropped");
    }
}
