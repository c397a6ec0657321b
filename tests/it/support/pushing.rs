//! The path from an exporter that pushes to a person: Alertmanagers with the routes of the example, and a receiver.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
};

use super::{
    eventually,
    host::Host,
    paging::{Arriving, RECEIVER, RUN_ALERTMANAGER, shortened},
};

/// Alertmanagers of one cluster, and the received notifications.
pub(crate) struct Pushing<'h> {
    host: &'h Host,
    members: Vec<Option<Child>>,
    flags: Vec<String>,
    pub(crate) arriving: Arriving,
}

impl Drop for Pushing<'_> {
    fn drop(&mut self) {
        for member in self.members.iter_mut().flatten() {
            let _gone = member.kill();
            let _gone = member.wait();
        }
    }
}

/// The port of a member.
pub(crate) fn port(member: usize) -> u16 {
    9093 + 10 * u16::try_from(member).unwrap()
}

/// The address of a member.
pub(crate) fn address(member: usize) -> String {
    format!("127.0.0.1:{}", port(member))
}

impl Host {
    /// Starts a cluster of this many members, with further flags. What takes minutes in the example takes a second
    /// here; everything else is as in the example.
    pub(crate) fn pushing(&self, members: usize, flags: &[&str]) -> Pushing<'_> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alertmanager/alertmanager.yml");
        let mut routes = fs::read_to_string(path).unwrap();
        for (field, duration) in [("group_wait", "0s"), ("group_interval", "1s")] {
            routes = shortened(&routes, field, duration);
        }
        for receiver in ["watchdog", "pager", "tickets"] {
            let to = format!("http://127.0.0.1:{RECEIVER}/{receiver}");
            routes = routes.replace(&format!("http://{receiver}.example.com/logagent"), &to);
        }
        self.write("/etc/alertmanager/alertmanager.yml", routes);
        let arriving = self.receive();
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut pushing =
            Pushing { host: self, members: (0..members).map(|_| None).collect(), flags, arriving };
        for member in 0..members {
            pushing.start(member);
        }
        pushing
    }
}

impl Pushing<'_> {
    /// Starts a member, and waits until it answers.
    pub(crate) fn start(&mut self, member: usize) {
        let mut script = RUN_ALERTMANAGER.replace("/run/alerts", &format!("/run/alerts{member}"));
        if self.members.len() > 1 {
            let gossip = |member: usize| format!("127.0.0.1:{}", port(member) + 1);
            script.push_str(&gossip(member));
            for other in (0..self.members.len()).filter(|other| *other != member) {
                script.push_str(" --cluster.peer=");
                script.push_str(&gossip(other));
            }
            script.push_str(
                " --cluster.peer-timeout=1s --cluster.gossip-interval=50ms --cluster.pushpull-interval=1s",
            );
        }
        for flag in &self.flags {
            script.push(' ');
            script.push_str(flag);
        }
        let mut command = self.host.command("/run", "unshare");
        command.args(["--mount", "sh", "-euc", &script, &port(member).to_string()]);
        let log = fs::File::create(self.host.at(&format!("/run/alertmanager{member}.log"))).unwrap();
        self.members[member] =
            Some(command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null()).spawn().unwrap());
        eventually("an Alertmanager answers", || {
            self.host.connects(port(member)).map_err(|error| error.to_string())
        });
    }

    /// Ends a member as a service manager does, and waits until it is gone.
    pub(crate) fn stop(&mut self, member: usize) {
        let Some(mut child) = self.members[member].take() else { return };
        // The child has only entered the machine and waits: the member is a process there.
        let address = format!("--web.listen-address={}", address(member));
        let all = r#"for process in $(grep -lx prometheus-aler /proc/[0-9]*/comm); do
                       if tr '\0' '\n' <${process%comm}cmdline | grep -qxe "$0"; then echo $process; fi
                     done"#;
        let found = self.host.command("/", "sh").args(["-c", all, &address]).output().unwrap();
        let pids = String::from_utf8(found.stdout).unwrap();
        let pid =
            pids.trim().strip_prefix("/proc/").and_then(|path| path.strip_suffix("/comm")?.parse().ok());
        self.host.signal("TERM", pid.unwrap_or_else(|| panic!("{address}: {pids:?}")));
        let _status = child.wait().unwrap();
        assert!(self.host.connects(port(member)).is_err(), "the member has ended");
    }

    /// Runs amtool against a member; what it prints.
    pub(crate) fn amtool(&self, member: usize, arguments: &str) -> String {
        let url = format!("http://{}", address(member));
        self.host.sh(&format!("/run/alertmanager/amtool --alertmanager.url={url} {arguments}"))
    }

    /// Waits until the member knows an alert of this name, silenced or not.
    pub(crate) fn knows(&self, member: usize, alert: &str) {
        eventually("the Alertmanager knows the alert", || {
            let known = self.amtool(member, "alert query --active --silenced --inhibited");
            if known.contains(alert) { Ok(()) } else { Err(known) }
        });
    }
}
