//! The commands and their flags, as the parser, help, manual pages and completions have them.

use clap::{Arg, ArgAction, builder::OsStringValueParser};

use super::table::{
    CHECK, CHECK_EXAMPLES, CONFIG_EXAMPLES, CONFIG_FILE, EXAMPLES, EXPLAIN_EXAMPLES, FORMAT, Flag, GLOBAL,
    LANG, LISTEN, OF_CHECK, OF_SERVICE, QUIET, ROOTFS, SERVICE_EXAMPLES, VERBOSE,
};
use crate::model::System;

impl Flag {
    /// The environment variable of a flag: dots and dashes become underscores.
    pub(super) fn variable(&self) -> String {
        format!("LOGAGENT_EXPORTER_{}", self.name.to_ascii_uppercase().replace(['.', '-'], "_"))
    }

    fn arg(&self, visible: bool) -> Arg {
        if self.switch {
            return Arg::new(self.name)
                .long(self.name)
                .short(match self.name {
                    name if name == QUIET.name => Some('q'),
                    name if name == VERBOSE.name => Some('v'),
                    _ => None,
                })
                .help(format!("{} [env: {}]", self.help, self.variable()))
                .action(ArgAction::SetTrue)
                .hide(!visible);
        }
        let default = self.default.map(|default| format!("default: {default}; ")).unwrap_or_default();
        Arg::new(self.name)
            .long(self.name)
            .value_name(self.value)
            .help(format!("{} [{default}env: {}]", self.help, self.variable()))
            .value_parser(OsStringValueParser::new())
            .action(if self.repeatable { ArgAction::Append } else { ArgAction::Set })
            .hide(!visible)
    }
}

fn described(name: &'static str, about: &'static str) -> clap::Command {
    clap::Command::new(name).about(about)
}

/// Every command and flag on a system: for the parser, and for manual pages and completions.
pub fn definition(system: System) -> clap::Command {
    let root = described(
        "logagent-exporter",
        "Watches every prerequisite of a cloud log-collection agent's heartbeat, for Prometheus and for people",
    );
    let file = "The config file; - reads standard input";
    let config_check = common(described("check", "Validate a config file; exit 0 or 1"), &[])
        .arg(Arg::new("FILE").help(file).required(true).value_parser(OsStringValueParser::new()))
        .after_help(CONFIG_EXAMPLES);
    let definition = common(root.bin_name("logagent-exporter").after_help(EXAMPLES), &GLOBAL)
        // Flags of a command are also accepted before it.
        .args(CHECK.map(|flag| flag.arg(false)))
        .subcommand(common(described("run", "Run the exporter (the default)"), &GLOBAL))
        .subcommand(
            common(
                described(
                    "check",
                    "Print the diagnosis of this host; exit 0 ok, 1 warning, 2 failing, 3 unknown, no agent, usage or config error",
                ),
                &OF_CHECK,
            )
            .args(CHECK.map(|flag| flag.arg(true)))
            .after_help(CHECK_EXAMPLES),
        )
        .subcommand(
            common(described("healthcheck", "Ask the running exporter whether it is healthy; exit 0 or 1"), &[&LISTEN]),
        )
        .subcommand(
            common(described("explain", "Print the catalogue of causes, or one entry"), &[])
                .arg(
                    Arg::new("CAUSE")
                        .help("Id of a cause or prerequisite, or name of an alert, in any case")
                        .value_parser(OsStringValueParser::new()),
                )
                .args([&LANG, &FORMAT].map(|flag| flag.arg(true)))
                .after_help(EXPLAIN_EXAMPLES),
        )
        .subcommand(
            common(described("alerts", "Commands for pushed alerts"), &[]).subcommand_required(true).subcommand(
                common(
                    described(
                        "test",
                        "Send a test alert to each configured Alertmanager and print the answers; exit 0 if all accept it, else 1",
                    ),
                    &[&CONFIG_FILE, &LISTEN, &ROOTFS],
                )
                .arg(LANG.arg(true)),
            ),
        )
        .subcommand(
            common(described("config", "Commands for config files"), &[])
                .subcommand_required(true)
                .subcommand(config_check),
        );
    match system {
        System::Linux => definition,
        System::Windows => definition.subcommand(service()),
    }
}

/// What only Windows has: elsewhere packages install the service.
fn service() -> clap::Command {
    let install = "Install or upgrade the service with the flags given here, or those it has, and start it";
    common(described("service", "Manage the exporter's own service, as an administrator"), &[])
        .subcommand_required(true)
        .subcommand(common(described("install", install), &OF_SERVICE).after_help(SERVICE_EXAMPLES))
        .subcommand(common(described("uninstall", "Stop and remove the service; its config is kept"), &[]))
        .subcommand(common(described("start", "Start the service"), &[]))
        .subcommand(common(described("stop", "Stop the service"), &[]))
}

/// Flags are declared at each level instead of as clap's global ones, which would lose the outer values of a
/// list. Help shows only the flags that have an effect on that level.
fn common(command: clap::Command, visible: &[&Flag]) -> clap::Command {
    command
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('V')
                .help("Print the version")
                .action(ArgAction::Version),
        )
        .args(GLOBAL.map(|flag| flag.arg(visible.iter().any(|shown| shown.name == flag.name))))
}
