//! Every flag: its name, its value, its default, and its help text.

/// One flag that takes a value.
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) help: &'static str,
    pub(super) default: Option<&'static str>,
    pub(super) repeatable: bool,
    /// True if it takes no value.
    pub(super) switch: bool,
}

const fn flag(
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Flag {
    Flag { name, value, help, default, repeatable: false, switch: false }
}

pub(super) const CONFIG_FILE: Flag =
    flag("config.file", "FILE", None, "Config file; without it, agents are detected");
const fn switch(name: &'static str, help: &'static str) -> Flag {
    Flag { switch: true, ..flag(name, "BOOL", None, help) }
}

pub(super) const LISTEN: Flag = Flag {
    repeatable: true,
    ..flag(
        "web.listen-address",
        "ADDRESS",
        Some(":10077"),
        "Address to listen on: :port (all interfaces), host:port, [ipv6]:port or unix:/path; repeatable",
    )
};
pub(super) const TELEMETRY_PATH: Flag =
    flag("web.telemetry-path", "PATH", Some("/metrics"), "Path of the metrics");
pub(super) const WEB_CONFIG: Flag = flag(
    "web.config.file",
    "FILE",
    None,
    "File with TLS, client certificates and basic authentication, in the format of Prometheus' exporters",
);
pub(super) const SYSTEMD_SOCKET: Flag =
    switch("web.systemd-socket", "Listen on the sockets of a systemd .socket unit instead of addresses");
pub(super) const LIFECYCLE: Flag = switch("web.enable-lifecycle", "Allow a reload by POST /-/reload");
pub(super) const ALLOWED_HOST: Flag = Flag {
    repeatable: true,
    ..flag(
        "web.allowed-host",
        "HOST",
        None,
        "Another host name that browsers may use for this host; addresses, localhost and the host name are always allowed; repeatable",
    )
};
pub(super) const ROOTFS: Flag =
    flag("path.rootfs", "DIR", Some("/"), "Where the watched host's root directory is mounted");
pub(super) const PROCFS: Flag =
    flag("path.procfs", "DIR", None, "Where the watched host's proc is mounted; without it, <rootfs>/proc");
pub(super) const EVALUATION_INTERVAL: Flag =
    flag("evaluation.interval", "DURATION", Some("15s"), "Time between evaluations");
pub(super) const PROBE_INTERVAL: Flag =
    flag("probe.interval", "DURATION", Some("60s"), "Time between probes of an endpoint, with jitter");
pub(super) const PROBE_TIMEOUT: Flag =
    flag("probe.timeout", "DURATION", Some("5s"), "Deadline of one probe, from name resolution to answer");
pub(super) const LOG_LEVEL: Flag =
    flag("log.level", "LEVEL", Some("info"), "Lowest level that is logged: debug, info, warn, error");
pub(super) const LOG_FORMAT: Flag =
    flag("log.format", "FORMAT", Some("logfmt"), "Format of the log: logfmt, json");
pub(super) const FORMAT: Flag = flag("format", "FORMAT", Some("text"), "Format of the output: text, json");
pub(super) const COLOR: Flag = flag("color", "WHEN", Some("auto"), "Colour: auto, always, never");
pub(super) const AGENT: Flag = flag("agent", "NAME", None, "Show only this agent");
pub(super) const LOCAL: Flag = switch("local", "Evaluate the host now, even if an exporter is running");
pub(super) const BUNDLE: Flag = flag(
    "bundle",
    "FILE",
    None,
    "Also write a support bundle, without secrets, to a new .tar.gz file; - for standard output",
);
pub(super) const QUIET: Flag = switch("quiet", "Print nothing; only set the exit code");
pub(super) const VERBOSE: Flag = switch("verbose", "Print all observations, and do not merge findings");
pub(super) const LANG: Flag = flag(
    "lang",
    "LANG",
    None,
    "Language: en, zh; without it that of LC_ALL, LC_MESSAGES or LANG, and en for JSON",
);

/// Flags of `check`; `explain` has two of them. They are also accepted before the command.
pub(super) const CHECK: [&Flag; 8] = [&FORMAT, &LANG, &COLOR, &AGENT, &LOCAL, &QUIET, &VERBOSE, &BUNDLE];

/// Flags of any command that have an effect on `check`.
pub(super) const OF_CHECK: [&Flag; 6] =
    [&CONFIG_FILE, &ROOTFS, &PROCFS, &PROBE_TIMEOUT, &LOG_LEVEL, &LOG_FORMAT];

/// Flags that a service on Windows can be installed with.
pub(super) const OF_SERVICE: [&Flag; 11] = [
    &CONFIG_FILE,
    &LISTEN,
    &TELEMETRY_PATH,
    &WEB_CONFIG,
    &LIFECYCLE,
    &ALLOWED_HOST,
    &EVALUATION_INTERVAL,
    &PROBE_INTERVAL,
    &PROBE_TIMEOUT,
    &LOG_LEVEL,
    &LOG_FORMAT,
];

/// Flags that are accepted before or after any command.
pub(super) const GLOBAL: [&Flag; 14] = [
    &CONFIG_FILE,
    &LISTEN,
    &TELEMETRY_PATH,
    &WEB_CONFIG,
    &SYSTEMD_SOCKET,
    &LIFECYCLE,
    &ALLOWED_HOST,
    &ROOTFS,
    &PROCFS,
    &EVALUATION_INTERVAL,
    &PROBE_INTERVAL,
    &PROBE_TIMEOUT,
    &LOG_LEVEL,
    &LOG_FORMAT,
];

pub(super) const EXAMPLES: &str = "Examples:
  logagent-exporter                          watch the agents found on this host
  logagent-exporter --config.file=FILE       also compare with what is expected
  logagent-exporter check                    the running exporter's diagnosis
  logagent-exporter explain ip_not_in_group  what a cause means, and its fix";

pub(super) const CHECK_EXAMPLES: &str = "Examples:
  logagent-exporter check                     ask the running exporter; without
                                              one, evaluate now
  logagent-exporter check --local             evaluate now
  logagent-exporter check --agent=logtail -v  one agent, with all observations
  logagent-exporter check --format=json | jq '.agents[].status'
  logagent-exporter check --bundle=FILE.tar.gz
                                              also write a support bundle;
                                              review it before sending it
  logagent-exporter check -q || echo $?       for scripts, Nagios and Icinga

Without --local, --config.file, --path.* and --probe.*, the running exporter is asked over its own socket; if it has just been started, check waits for its first evaluation. If none is running, /etc/logagent-exporter/logagent-exporter.yml is used if it exists, and so are the variables in /etc/default/logagent-exporter or /etc/sysconfig/logagent-exporter.";

pub(super) const EXPLAIN_EXAMPLES: &str = "Examples:
  logagent-exporter explain                       the list of causes
  logagent-exporter explain ip_not_in_group       what it means, and its fix
  logagent-exporter explain LogAgentIpNotInGroup  the same, by its alert's name
  logagent-exporter explain network               the causes of a prerequisite
  logagent-exporter explain --format=json | jq -r '.[].id'";

pub(super) const CONFIG_EXAMPLES: &str = "Examples:
  logagent-exporter config check /etc/logagent-exporter/logagent-exporter.yml
  ansible-playbook … | logagent-exporter config check -";

pub(super) const SERVICE_EXAMPLES: &str = "Examples:
  logagent-exporter service install
  logagent-exporter service install --web.listen-address=127.0.0.1:10077

Without --config.file the service reads C:\\ProgramData\\logagent-exporter\\logagent-exporter.yml.";
