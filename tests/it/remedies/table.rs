//! What the tests do not execute, with the reasons, and the document about what they do.

use std::fmt::Write as _;

use logagent_exporter::catalog;

use super::Case;

/// Causes whose state is not set up on a test machine.
pub(super) const NOT_MADE: &[(&str, &str)] = &[
    ("service_disabled", "only Windows has such services; the tests of the rules cover them"),
    ("service_not_running", "only Windows has such services; `make test-windows` sets up the state"),
];

/// Commands that are not executed, by a part of them.
pub(super) const NOT_TYPED: &[(&str, &str)] = &[
    ("apt-get", "changes the packages of the machine that the tests run on"),
    ("yum", "changes the packages of the machine that the tests run on"),
];

/// Why a command is not executed; `None` if it is.
pub(super) fn not_typed(command: &str) -> Option<&'static str> {
    NOT_TYPED.iter().find(|(part, _)| command.contains(part)).map(|(_, reason)| *reason)
}

const INTRODUCTION: &str = "\
<!-- Rendered from tests/it/remedies. Edit there, then: UPDATE=1 cargo test --test it remedies -->

# Remedies, as tested

`cargo test --test it remedies` makes each state below on a host of its own (namespaces, stand-in agents, real files, processes
and connections), waits until the exporter reports the cause, types `logagent-exporter check`, which must show the same cause, and does what the
remedy says: each command is typed into a root shell, each setting is edited into its file, and the test does by hand what the remedy leaves to people. Every command must exist and
run, the commands of the last step must succeed, and the cause must be gone afterwards. The commands of the cause's runbook are typed as well.

`sudo`, `systemctl`, `timedatectl`, `chronyc`, `ntpdate`, `journalctl`, `iptables`, `nft` and the agents' init scripts are stand-ins; all
other programs are the real ones. The host's clock, which no namespace has of its own, is shifted for the exporter alone, by a preloaded library that also
changes what the kernel says of it; `make test-faults` sets the real one.
";

/// The document.
pub(super) fn render(cases: &[Case]) -> String {
    let mut out = String::from(INTRODUCTION);
    out.push_str(
        "\n## Followed\n\n| cause | state | done by hand | until the cause is gone |\n|---|---|---|---|\n",
    );
    for cause in catalog::causes() {
        for case in cases.iter().filter(|case| case.cause == cause.id) {
            let by_hand = case.people.map_or("", |people| people.what);
            let gone = case.lasts.unwrap_or("yes");
            let _infallible = writeln!(out, "| `{}` | {} | {by_hand} | {gone} |", case.cause, case.state);
        }
    }
    out.push_str("\n## Not followed\n\n| cause | reason |\n|---|---|\n");
    for (cause, reason) in NOT_MADE {
        let _infallible = writeln!(out, "| `{cause}` | {reason} |");
    }
    out.push_str("\n## Not typed\n\n| command | reason |\n|---|---|\n");
    for (command, reason) in NOT_TYPED {
        let _infallible = writeln!(out, "| `{command}` | {reason} |");
    }
    out.push_str(
        "\n## Alternative settings\n\nA step with two alternative settings is executed with one of them; these are left out.\n\n\
         | cause | state | setting that is left out |\n|---|---|---|\n",
    );
    for case in cases {
        for setting in case.not {
            let _infallible = writeln!(out, "| `{}` | {} | `{setting}` |", case.cause, case.state);
        }
    }
    out
}
