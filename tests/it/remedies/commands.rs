//! The commands and settings of a remedy, and a machine on which they can be executed.

use logagent_exporter::model::remedy::is_command;
use serde_json::Value;

use crate::support::{
    Host,
    layouts::{CONF, CONFIG},
};

const EXPORTER_CONFIG: &str = "/etc/logagent-exporter.yml";
/// Exists while no time service keeps the clock synchronized; the stand-ins for one remove it.
pub(super) const UNSYNCHRONIZED: &str = "/run/unsynchronized";
/// Where the packages install the same.
const PACKAGED_CONFIG: &str = "/etc/logagent-exporter/logagent-exporter.yml";

/// Stand-ins for the programs and init scripts of a complete machine.
const STAND_INS: &[(&str, &str)] = &[
    ("/run/programs/sudo", "#!/bin/sh\nexec \"$@\"\n"),
    ("/run/programs/systemctl", include_str!("systemctl.sh")),
    (
        "/run/programs/timedatectl",
        "#!/bin/sh\ncase $1 in set-ntp) rm -f /run/unsynchronized ;; esac\n[ -e /run/unsynchronized ] && said=no\necho \"System clock synchronized: ${said:-yes}\"\n",
    ),
    (
        "/run/programs/chronyc",
        "#!/bin/sh\ncase $1 in makestep) >/run/stepped ;; tracking) echo 'Leap status : Normal' ;; *) exit 2 ;; esac\n",
    ),
    ("/run/programs/ntpdate", "#!/bin/sh\necho 'step time server'\n"),
    ("/run/programs/journalctl", "#!/bin/sh\necho '-- No entries --'\n"),
    ("/run/programs/iptables", "#!/bin/sh\necho '-P OUTPUT ACCEPT'\n"),
    ("/run/programs/nft", "#!/bin/sh\n[ \"$*\" = 'list ruleset' ]\n"),
    ("/etc/init.d/ilogtaild", include_str!("ilogtaild.sh")),
    ("/etc/init.d/loglistenerd", include_str!("loglistenerd.sh")),
];

/// Puts the stand-ins on a machine, and the directory of the exporter's socket.
pub(super) fn provide(host: &Host) {
    for (path, script) in STAND_INS {
        host.write(path, script);
        host.sh(&format!("chmod 755 {path}"));
    }
    host.sh("mkdir -p /run/logagent-exporter && chmod 700 /run/logagent-exporter");
    host.create_dir("/etc/logagent-exporter");
    host.link(PACKAGED_CONFIG, EXPORTER_CONFIG);
}

/// A command of a step.
pub(super) struct Typed(pub(super) String);

impl Typed {
    /// True if the agent must be healthy by now.
    pub(super) fn starts_the_agent(&self) -> bool {
        let agents = self.0.contains("/etc/init.d/") || self.0.contains("systemctl");
        agents && (self.0.contains(" start") || self.0.contains(" restart"))
    }
}

fn spans(step: &str) -> impl Iterator<Item = String> + '_ {
    step.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The commands of a step.
pub(super) fn of_step(step: &str) -> Vec<Typed> {
    spans(step).filter(|span| is_command(span)).map(Typed).collect()
}

/// The settings of a step: lines of the agent's config, or of the exporter's.
pub(super) fn settings(step: &str) -> Vec<String> {
    let is_setting =
        |span: &String| !is_command(span) && [" : ", " =", ": "].iter().any(|sign| span.contains(sign));
    spans(step).filter(is_setting).collect()
}

/// Runs a command as root's shell does; its exit status.
pub(super) fn run(host: &Host, command: &str) -> i32 {
    let unsynchronized = host.at(UNSYNCHRONIZED).exists();
    let output = host.command("/", "sh").args(["-c", command]).output().unwrap();
    if host.at("/run/stepped").exists() {
        host.remove("/run/stepped");
        host.set_services_ahead(0);
    }
    if unsynchronized && !host.at(UNSYNCHRONIZED).exists() {
        host.kernels_clock_is(true);
    }
    output.status.code().unwrap_or(-1)
}

/// True for the exit statuses of a shell for a command that was not found or could not be run.
pub(super) fn is_no_command(code: i32) -> bool {
    matches!(code, 126 | 127 | -1)
}

/// `Ok` if a verifying command succeeds.
pub(super) fn verifies(host: &Host, command: &str, cause: &str) -> Result<(), String> {
    let output = host.command("/", "sh").args(["-c", command]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_diagnosis = command.starts_with("logagent-exporter check");
    let well = if is_diagnosis { !said.contains(cause) } else { output.status.success() };
    // A cause with `lasts` clears by itself.
    let lasts = super::all_cases().iter().any(|case| case.cause == cause && case.lasts.is_some());
    if well || (lasts && is_diagnosis) {
        Ok(())
    } else {
        Err(format!("{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

/// A command of a runbook's sample, with the process ids of this machine.
pub(super) fn on_this_host(host: &Host, command: &str) -> String {
    let pids = host.pids("ilogtail");
    let pid = pids.last().copied().unwrap_or(1).to_string();
    ["4711", "4712", "4713"].iter().fold(command.to_owned(), |command, sample| command.replace(sample, &pid))
}

/// Applies a setting of a remedy, like a person with an editor.
pub(super) fn set(host: &Host, setting: &str) {
    let is_filled_in = !setting.contains("REGION") && !setting.contains("ADDRESS") && !setting.contains('<');
    assert!(is_filled_in, "{setting} is known, and not filled in");
    if let Some((key, value)) = setting.strip_prefix('"').and_then(|rest| rest.split_once("\" : ")) {
        let mut config: Value = serde_json::from_str(&host.read(CONFIG)).unwrap();
        config[key] = serde_json::from_str(value).unwrap_or_else(|error| panic!("{setting}: {error}"));
        host.write(CONFIG, serde_json::to_string_pretty(&config).unwrap());
    } else if let Some((key, _)) = setting.split_once(" =") {
        let text = host.read(CONF);
        let is_key = |line: &str| line.split('=').next().is_some_and(|name| name.trim() == key);
        let mut lines: Vec<&str> = text.lines().filter(|line| !is_key(line)).collect();
        lines.push(setting);
        host.write(CONF, lines.join("\n") + "\n");
    } else if let Some((key, value)) = setting.split_once(": ") {
        let text = host.read(EXPORTER_CONFIG);
        let changed = match text.split_once(&format!("{key}: ")) {
            Some((before, rest)) => {
                let end = rest.find([',', '}', '\n']).unwrap();
                format!("{before}{setting}{}", &rest[end..])
            }
            None if key == "ignore" => text.replace(", expect:", &format!(", {key}: {value}, expect:")),
            None => text.replace("expect: {", &format!("expect: {{ {setting},")),
        };
        assert_ne!(text, changed, "{setting} is nowhere to be set in {text}");
        host.write(EXPORTER_CONFIG, changed);
    } else {
        panic!("{setting} is no setting that is known");
    }
}
