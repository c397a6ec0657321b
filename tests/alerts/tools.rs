//! Runs promtool and amtool.

use std::process::Command;

use super::{ALERTMANAGER, BY_HAND, CAUSES, CAUSES_ZH, files, repository};

/// A program that `make test-deps` unpacks.
pub(crate) fn tool(package: &str, name: &str) -> Command {
    let path = repository(".cache").join(package).join(name);
    assert!(path.exists(), "{}: not there; run `make test-deps`", path.display());
    Command::new(path)
}

#[track_caller]
fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn rules_are_valid_and_unique() {
    for path in [CAUSES, CAUSES_ZH, BY_HAND] {
        passes(
            tool("prometheus", "promtool")
                .args(["check", "rules", "--lint=all", "--lint-fatal"])
                .arg(repository(path)),
        );
    }
}

#[test]
fn unit_tests_pass() {
    let tests = files("alerts/tests", ".test.yml");
    assert!(tests.len() >= 3, "{tests:?}");
    passes(
        tool("prometheus", "promtool")
            .args(["test", "rules"])
            .args(tests.iter().map(|test| repository(test))),
    );
}

#[test]
fn the_example_of_alertmanager_is_valid() {
    passes(tool("prometheus-alertmanager", "amtool").arg("check-config").arg(repository(ALERTMANAGER)));
}
