//! The cost of a node with many containers, with and without agents.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    Effort,
    client::until,
    exporter::{Exporter, Kind, hastened},
    machine::config,
    numbers::{bytes, mebibytes, number},
    report::Report,
    surroundings::{EVALUATIONS, turns},
    usage::{Memory, cpu, memory},
};

/// How many containers the node has.
const COUNT: usize = 50;
/// The factor by which intervals are shorter than the defaults.
const TIMES: u32 = 60;

/// What runs in the containers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    Nothing,
    Others,
    Agents(usize),
}

impl Contents {
    const ALL: [Self; 4] = [Self::Nothing, Self::Others, Self::Agents(2), Self::Agents(30)];

    fn name(self) -> String {
        match self {
            Self::Nothing => "no container".to_owned(),
            Self::Others => format!("{COUNT} containers of other programs"),
            Self::Agents(count) => format!("{COUNT} containers, Logtail in {count} of them"),
        }
    }

    fn agents(self) -> usize {
        if let Self::Agents(count) = self { count } else { 0 }
    }

    fn start(self) -> Vec<Container> {
        if self == Self::Nothing {
            return Vec::new();
        }
        let containers: Vec<_> = (0..COUNT).map(|number| Container::start(number < self.agents())).collect();
        until(Duration::from_secs(30), Duration::from_millis(50), || containers.iter().all(Container::runs))
            .unwrap();
        containers
    }
}

/// A container with a separate root directory and processes; it ends when dropped.
struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Container {
    fn start(with_agent: bool) -> Self {
        // The agent's daemon starts a worker for each line of its input.
        let program = if with_agent {
            "(echo; exec sleep infinity) | /usr/local/ilogtail/ilogtail"
        } else {
            "sleep infinity; :"
        };
        let script = format!(
            "mkdir -p /run/container && mount -t tmpfs tmpfs /run/container && cd /run/container
             mkdir -p usr proc etc/ilogtail dev old && mount --rbind /dev dev && mount --rbind /usr usr && mount -t tmpfs tmpfs usr/local
             mkdir -p usr/local/ilogtail && touch usr/local/ilogtail/ilogtail
             mount --bind /run/programs/bench usr/local/ilogtail/ilogtail
             cp /usr/local/ilogtail/*.json usr/local/ilogtail && cp /etc/hosts etc
             for link in bin lib lib64; do ln -s usr/$link $link; done
             mount -t proc proc proc && pivot_root . old && umount -l old
             exec /bin/sh -c '{program}'"
        );
        let container = Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--propagation",
                "private",
                "sh",
                "-ec",
                &script,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("unshare (package util-linux)");
        Self(container)
    }

    /// True once its program does, which is below its first process.
    fn runs(&self) -> bool {
        let child = |pid: u32| {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
            children.split_whitespace().next()?.parse().ok()
        };
        let in_its_root = |pid: &u32| fs::metadata(format!("/proc/{pid}/root/run")).is_err();
        child(self.0.id()).filter(in_its_root).and_then(child).is_some()
    }
}

/// The cost of reading containers, and agents in them.
pub(crate) fn containers(effort: Effort, report: &mut Report) {
    report.section(
        "Containers on the node",
        &format!(
            "CPU seconds in an hour at the default interval of 15 s, measured at intervals {TIMES} times shorter, by evaluation. \
             Nothing is scraped. Each container has a root directory and processes of its own, and the host's network. Memory as above."
        ),
    );
    fs::write("/run/ours.yml", "detect: true\n").unwrap();
    let window = effort.span(6, 3);
    let measured: Vec<(Contents, f64, Memory)> = Contents::ALL
        .into_iter()
        .map(|contents| {
            let _containers = contents.start();
            let ours = Exporter::start_with(Kind::Ours, 9100, &hastened(TIMES));
            let watched = format!("\nlogagent_agents {}\n", contents.agents() + 1);
            let seen = || ours.text().contains(&watched);
            let all = until(Duration::from_secs(30), Duration::from_millis(50), seen);
            assert!(all.is_some(), "not{watched}of {}: {}", contents.name(), ours.text());
            thread::sleep(Duration::from_secs(1));
            let before = (cpu(ours.pid()), turns(&ours));
            thread::sleep(window);
            let after = (cpu(ours.pid()), turns(&ours));
            let cost = (after.0.saturating_sub(before.0)).as_secs_f64() / (after.1 - before.1) * EVALUATIONS;
            (contents, cost, memory(ours.pid()))
        })
        .collect();
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|(contents, cost, memory)| {
            let size =
                format!("{} ({})", mebibytes(bytes(memory.resident)), mebibytes(bytes(memory.anonymous)));
            vec![contents.name(), format!("{} s", number(*cost)), size]
        })
        .collect();
    report.table(&["node", "CPU/h", "memory"], &rows);
    let of = |wanted: Contents| measured.iter().find(|(contents, ..)| *contents == wanted).unwrap();
    let share = of(Contents::Others).1 / 3600.0 * 100.0;
    report.goal(
        &format!("idle CPU with {COUNT} containers of other programs"),
        "≤ 0.03 % of a core",
        &format!("{} %", number(share)),
        share <= 0.03,
    );
    config("/run/ours.yml", 1, 2);
}
