//! The exporters that are compared, configured for the same work.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::client::{self, Target};

/// The port of the endpoint that `/probe` probes; any endpoint works.
const PROBED: &str = "http://127.1.0.1:18080/health";

/// Which exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The static release.
    Ours,
    /// The same, linked with the system's C library.
    Glibc,
    /// `node_exporter` with the clock and the network's collectors only.
    Node,
    /// `node_exporter` as the package configures it.
    WholeNode,
    Process,
    Blackbox,
}

/// The peers that together cover the same tasks as ours.
pub(crate) const PEERS: [Kind; 3] = [Kind::Node, Kind::Process, Kind::Blackbox];
/// All exporters that are compared one by one.
pub(crate) const ALL: [Kind; 6] =
    [Kind::Ours, Kind::Glibc, Kind::Node, Kind::WholeNode, Kind::Process, Kind::Blackbox];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "logagent-exporter",
            Self::Glibc => "logagent-exporter (glibc)",
            Self::Node => "node_exporter (clock, addresses)",
            Self::WholeNode => "node_exporter (as packaged)",
            Self::Process => "process-exporter",
            Self::Blackbox => "blackbox_exporter",
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::Glibc)
    }

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Ours => "/run/programs/logagent-exporter",
            Self::Glibc => "/run/programs/logagent-exporter-glibc",
            Self::Node | Self::WholeNode => "/run/programs/prometheus-node-exporter",
            Self::Process => "/run/programs/prometheus-process-exporter",
            Self::Blackbox => "/run/programs/prometheus-blackbox-exporter",
        }
    }

    fn arguments(self, port: u16) -> Vec<String> {
        let address = format!("--web.listen-address=127.0.0.1:{port}");
        let own: &[&str] = match self {
            Self::Ours | Self::Glibc => &["--config.file=/run/ours.yml", "--log.level=error"],
            Self::Node => &[
                "--collector.disable-defaults",
                "--collector.timex",
                "--collector.time",
                "--collector.netdev",
                "--collector.netdev.address-info",
                "--web.max-requests=0",
                "--log.level=error",
            ],
            Self::WholeNode => &["--web.max-requests=0", "--log.level=error"],
            Self::Process => &[
                "--config.path=/run/process.yml",
                "--threads=false",
                "--gather-smaps=false",
                "--children=false",
            ],
            Self::Blackbox => &["--config.file=/run/blackbox.yml", "--log.level=error"],
        };
        [address].into_iter().chain(own.iter().map(|argument| (*argument).to_owned())).collect()
    }

    fn target(self, port: u16) -> Target {
        let path = match self {
            Self::Blackbox => format!("/probe?module=http_2xx&target={PROBED}"),
            Self::Ours | Self::Glibc | Self::Node | Self::WholeNode | Self::Process => "/metrics".to_owned(),
        };
        Target { port, path }
    }
}

/// Writes the peers' configs: the same processes, and any HTTP answer.
pub(crate) fn configure_peers() {
    fs::write(
        "/run/process.yml",
        "process_names:\n  - name: \"{{.ExeBase}}\"\n    exe:\n    - /usr/local/ilogtail/ilogtail\n    \
         - /opt/shipper/bin/shipper\n",
    )
    .unwrap();
    fs::write(
        "/run/blackbox.yml",
        "modules:\n  http_2xx:\n    prober: http\n    timeout: 5s\n    http:\n      preferred_ip_protocol: ip4\n",
    )
    .unwrap();
}

/// A running exporter; it ends when dropped.
pub(crate) struct Exporter {
    pub(crate) kind: Kind,
    pub(crate) target: Target,
    /// From the start of the program to its first good scrape.
    pub(crate) started_in: Duration,
    child: Child,
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It is killed now, or has already exited.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Exporter {
    /// Starts it, and waits for the first good scrape: of ours, one after its first full cycle.
    pub(crate) fn start(kind: Kind, port: u16) -> Self {
        Self::start_with(kind, port, &[])
    }

    /// The same, with further flags.
    pub(crate) fn start_with(kind: Kind, port: u16, flags: &[String]) -> Self {
        let start = Instant::now();
        let child = Command::new(kind.program())
            .args(kind.arguments(port))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if kind.is_ours() { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run scripts/peers", kind.program()));
        let mut exporter = Self { kind, target: kind.target(port), started_in: Duration::ZERO, child };
        let ready = Target { port, path: "/-/ready".to_owned() };
        loop {
            let good = (!kind.is_ours() || client::text(&ready).is_ok())
                && client::text(&exporter.target).is_ok_and(|text| !text.is_empty());
            if good {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{} does not start", kind.name());
            if let Some(status) = exporter.child.try_wait().unwrap() {
                panic!("{} ended: {status}", kind.name());
            }
            thread::sleep(Duration::from_millis(1));
        }
        exporter.started_in = start.elapsed();
        exporter
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One scrape as text.
    pub(crate) fn text(&self) -> String {
        client::text(&self.target).unwrap()
    }
}

/// Ours with intervals that are `times` shorter than by default.
pub(crate) fn hastened(times: u32) -> Vec<String> {
    let milliseconds = |seconds: u32| seconds * 1000 / times;
    vec![
        format!("--evaluation.interval={}ms", milliseconds(15)),
        format!("--probe.interval={}ms", milliseconds(60)),
        format!("--probe.timeout={}ms", milliseconds(60).min(5000)),
    ]
}
