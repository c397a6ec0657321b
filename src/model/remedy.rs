//! Remedies: numbered steps, some of which apply only to one kind of agent, or only if a value is known.
//!
//! A line of a remedy is `N. text`, or `N. [conditions] text`: the step applies if all conditions hold. A condition is
//! the name of a kind (`logtail`), of a system (`windows`), or of a value that is known (`log_file`); `!` negates it.
//! Steps are renumbered after those that do not apply have been left out. Text in backquotes is copied literally, so
//! values there are quoted for a shell.

use super::{
    Language, System, Text,
    phrase::phrase,
    powershell,
    text::{fill, powershell_word, shell_word},
};

/// A value that a host does not have, or that is not known.
pub const NOT_KNOWN: &str = "-";

/// One step of a remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The conditions, as written.
    conditions: &'static str,
    /// The instruction; may use placeholders.
    pub text: &'static str,
}

impl Step {
    fn parse(line: &'static str) -> Self {
        let numbered = line.split_once(". ").filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
        let text = numbered.map_or(line, |(_, text)| text);
        match text.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((conditions, text)) => Self { conditions, text },
            None => Self { conditions: "", text },
        }
    }

    /// Each condition, and whether it must hold.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let parse = |name: &'static str| name.strip_prefix('!').map_or((name, true), |name| (name, false));
        self.conditions.split_ascii_whitespace().map(parse)
    }

    /// True if all conditions hold.
    pub fn applies(&self, holds: impl Fn(&str) -> bool) -> bool {
        self.conditions().all(|(name, wanted)| holds(name) == wanted)
    }
}

/// The steps of a remedy.
pub fn steps(remedy: Text, language: Language) -> impl Iterator<Item = Step> {
    remedy.in_language(language).lines().map(Step::parse)
}

/// The remedy for one finding: the steps that apply, numbered, with their values.
pub fn filled<'a>(remedy: Text, language: Language, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let system =
        if value("system") == Some(System::Windows.as_str()) { System::Windows } else { System::Linux };
    let filled = |name: &str, place: Place| {
        let value = value(name)?;
        Some(match place {
            Place::Text if is_span(name) || is_command(value) => format!("`{value}`"),
            Place::Command if !is_span(name) => word(system, value),
            Place::Text => phrase(value, language).into_owned(),
            Place::Code | Place::Command => value.to_owned(),
        })
    };
    // A sentence instead of steps.
    if !remedy.in_language(language).starts_with("1. ") {
        return step_filled(remedy.in_language(language), system, filled);
    }
    let is_known = |name: &str| value(name).is_some_and(|value| !value.is_empty() && value != NOT_KNOWN);
    let holds = |name: &str| match name {
        "windows" => system == System::Windows,
        _ => value("kind") == Some(name) || is_known(name),
    };
    let applicable = steps(remedy, language).filter(|step| step.applies(holds));
    numbered(applicable.map(|step| step_filled(step.text, system, filled)))
}

/// A value as one shell word.
fn word(system: System, value: &str) -> String {
    match system {
        System::Linux => shell_word(value),
        System::Windows => powershell_word(value),
    }
}

/// Steps as a numbered list.
pub fn numbered(steps: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = steps.zip(1..).map(|(step, number)| format!("{number}. {step}")).collect();
    lines.join("\n")
}

/// The context of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In running text.
    Text,
    /// In backquotes, in a setting.
    Code,
    /// In backquotes otherwise: users may paste it into a shell.
    Command,
}

/// A step with its values, and with the commands of the system.
pub fn step_filled(text: &str, system: System, value: impl Fn(&str, Place) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        let place = match (index % 2 == 1, is_setting(part)) {
            (false, _) => Place::Text,
            (true, true) => Place::Code,
            (true, false) => Place::Command,
        };
        let typed = match (system, place) {
            (System::Windows, Place::Command) => powershell::translated(part).unwrap_or(part),
            (System::Windows | System::Linux, _) => part,
        };
        out.push_str(&fill(typed, |name| value(name, place)));
    }
    match system {
        System::Linux => out,
        System::Windows => each_once(&out),
    }
}

/// Two Linux commands may have the same Windows equivalent: adjacent duplicates are removed.
fn each_once(step: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (index, part) in step.split('`').enumerate() {
        let is_code = index % 2 == 1;
        if let [.., before, joint] = parts.as_slice()
            && is_code
            && *before == part
            && [" or ", " and ", ", ", "、", " 或 ", " 和 "].contains(joint)
        {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("`")
}

/// True for the name of a value that is a whole command or setting, and is always in backquotes.
pub fn is_span(name: &str) -> bool {
    name.ends_with("_command") || name.ends_with("_setting")
}

/// Programs that a remedy may use; each may be preceded by `sudo`.
const PROGRAMS: &[&str] = &[
    "apt-get",
    "cat",
    "chkconfig",
    "chmod",
    "chown",
    "chronyc",
    "cp",
    "curl",
    "date",
    "df",
    "dmesg",
    "du",
    "for",
    "getent",
    "grep",
    "head",
    "hostname",
    "ip",
    "iptables",
    "journalctl",
    "kill",
    "last",
    "ldd",
    "ln",
    "logagent-exporter",
    "ls",
    "lsof",
    "mkdir",
    "mv",
    "nft",
    "ntpdate",
    "openssl",
    "printf",
    "ps",
    "python3",
    "rc-update",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "stat",
    "systemctl",
    "systemd-cgtop",
    "tail",
    "tee",
    "timedatectl",
    "timeout",
    "touch",
    "tracepath",
    "yum",
];

/// True for a line of a file: `key = value`, `"key" : value`, `key: value`.
pub fn is_setting(code: &str) -> bool {
    !is_command(code) && (code.starts_with('"') || [" =", ": "].iter().any(|sign| code.contains(sign)))
}

/// True for a shell command; a setting, a key or a value is not one.
pub fn is_command(code: &str) -> bool {
    if powershell::is_command(code) {
        return true;
    }
    let mut words = code.split_ascii_whitespace().skip_while(|word| *word == "sudo");
    let Some(program) = words.next() else { return false };
    let has_arguments = words.next().is_some() || code.starts_with("sudo ");
    let known = PROGRAMS.contains(&program) || program.starts_with("/etc/init.d/");
    known && (has_arguments || ["timedatectl", "dmesg"].contains(&program))
        || is_span(code.trim_matches(['{', '}'])) && code.ends_with("_command}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMEDY: Text = Text {
        en: "1. Look: `ls -l {file}`\n2. [logtail] Set {address_setting} in {file}.\n2. [loglistener] Restart.\n\
             3. [!log_file] Verify: {status_command}\n3. [log_file] Read {log_file}.",
        zh: "1. 查看：`ls -l {file}`",
    };

    fn value(name: &str) -> Option<&'static str> {
        match name {
            "kind" => Some("logtail"),
            "file" => Some("/opt/a b/c"),
            "address_setting" => Some(r#""working_ip" : "10.0.0.7""#),
            "status_command" => Some("sudo systemctl status x"),
            "log_file" => Some(NOT_KNOWN),
            _ => None,
        }
    }

    #[test]
    fn steps_that_do_not_apply_are_left_out_and_the_rest_numbered_and_quoted() {
        assert_eq!(
            filled(REMEDY, Language::English, value),
            "1. Look: `ls -l '/opt/a b/c'`\n2. Set `\"working_ip\" : \"10.0.0.7\"` in /opt/a b/c.\n\
             3. Verify: `sudo systemctl status x`"
        );
        let elsewhere = |name: &str| if name == "kind" { Some("loglistener") } else { value(name) };
        assert!(filled(REMEDY, Language::English, elsewhere).contains("\n2. Restart.\n"));
    }

    #[test]
    fn in_commands_a_value_is_one_word_and_elsewhere_it_is_as_it_is() {
        let text = Text {
            en: "1. In {dir}: `sudo mv {dir} {dir}.old`, then {start_command} or `{start_command}`\n\
                 2. Set `\"ip\" : \"{dir}\"` or `group_ip = {dir}`: `ls {other}` `{dir}`",
            zh: "",
        };
        let filled = filled(text, Language::English, |name| match name {
            "dir" => Some("/opt/a;id;'b"),
            "start_command" => Some("sudo '/a b' start"),
            _ => None,
        });
        assert_eq!(
            filled,
            r#"1. In /opt/a;id;'b: `sudo mv '/opt/a;id;'\''b' '/opt/a;id;'\''b'.old`, then `sudo '/a b' start` or `sudo '/a b' start`
2. Set `"ip" : "/opt/a;id;'b"` or `group_ip = /opt/a;id;'b`: `ls {other}` `'/opt/a;id;'\''b'`"#
        );
    }

    #[test]
    fn commands_are_told_from_settings_and_words() {
        for command in
            ["ls -l x", "sudo kill -CONT 7", "timedatectl", "/etc/init.d/ilogtaild status", "{probe_command}"]
        {
            assert!(is_command(command), "{command}");
        }
        for other in
            ["group_ip = 10.0.0.7", "\"working_ip\" : \"x\"", "date", "kill", "^M", "ignore: [ip_empty]", ""]
        {
            assert!(!is_command(other), "{other}");
        }
    }
}
