//! The command line and its environment: what each flag means, and the errors in it.
//!
//! A flag takes precedence over its variable, a variable over the default. Everything that does not depend on
//! the host is checked here.

mod definition;
mod table;
mod words;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgMatches, error::ErrorKind};

pub use self::definition::definition;
use self::table::{
    AGENT, ALLOWED_HOST, BUNDLE, CHECK, COLOR, CONFIG_FILE, EVALUATION_INTERVAL, FORMAT, Flag, GLOBAL, LANG,
    LIFECYCLE, LISTEN, LOCAL, LOG_FORMAT, LOG_LEVEL, PROBE_INTERVAL, PROBE_TIMEOUT, PROCFS, QUIET, ROOTFS,
    SYSTEMD_SOCKET, TELEMETRY_PATH, VERBOSE, WEB_CONFIG,
};
use self::words::{color, format, language, log_format, log_level};
use super::invocation::{Command, Format, Invocation, ListenAddress, Options, Parsed, UsageError, View};
use crate::{
    config::parse_period,
    model::{Language, System, authority::Authority, text::quoted},
    publish::text::COLUMNS,
    sys::{self, ServiceRequest},
};

/// Paths that the server answers itself.
const TAKEN_PATHS: [&str; 7] =
    ["/", "/api/v1/events", "/api/v1/report", "/-/check", "/-/healthy", "/-/ready", "/-/reload"];

/// The longest path that the kernel accepts (`sun_path`).
const LONGEST_SOCKET_PATH: usize = 107;

/// A shorter interval is a typing error that would use a whole core; a probe cannot be shorter either.
const SHORTEST: Duration = Duration::from_millis(10);

/// A longer interval is no monitoring.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads arguments (the program's name first) and, for flags that are not given, the variables in `env`.
///
/// # Errors
/// The first error: an unknown flag or command, or an invalid value, with its flag or variable.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, UsageError> {
    parse_on(sys::SYSTEM, args, env)
}

fn parse_on(
    system: System,
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, UsageError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let exit_code = if asks_for_check(&args) { 3 } else { 2 };
    let matches = match definition(system).term_width(help_columns()).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayVersion => return Ok(Parsed::Print(version())),
        Err(error) => {
            let message = error.render().to_string();
            // Help that was not requested (`config` without a subcommand) is an error.
            let asked = error.kind() == ErrorKind::DisplayHelp;
            return if asked { Ok(Parsed::Print(message)) } else { Err(UsageError { message, exit_code }) };
        }
    };
    invocation(system, &matches, &env).map(|invocation| Parsed::Invocation(Box::new(invocation))).map_err(
        |message| UsageError {
            message: format!("error: {message}\n\nFor more information, try '--help'.\n"),
            exit_code,
        },
    )
}

/// The width of the help: that of the terminal, or the usual one without a terminal. Wider, sentences are hard to read.
fn help_columns() -> usize {
    sys::terminal_columns().unwrap_or(COLUMNS).clamp(40, 100)
}

/// `logagent-exporter, version …`, as Prometheus exporters answer `--version`.
pub fn version() -> String {
    format!(
        "logagent-exporter, version {} (revision: {}, target: {})\n",
        env!("CARGO_PKG_VERSION"),
        option_env!("LOGAGENT_REVISION").unwrap_or("unknown"),
        option_env!("LOGAGENT_TARGET").unwrap_or("unknown"),
    )
}

/// The variables that set flags of any command.
pub(super) fn variables() -> Vec<String> {
    GLOBAL.iter().map(|flag| flag.variable()).collect()
}

/// True if the command is `check`, as far as is known without parsing: its usage errors have their own exit code.
fn asks_for_check(args: &[OsString]) -> bool {
    let mut rest = args.iter().skip(1).map(|arg| arg.to_string_lossy());
    while let Some(arg) = rest.next() {
        let Some(name) = arg.strip_prefix("--") else {
            if arg.starts_with('-') {
                continue;
            }
            return arg == "check";
        };
        if GLOBAL.iter().chain(&CHECK).any(|flag| flag.name == name && !flag.switch) {
            let _value = rest.next();
        }
    }
    false
}

fn invocation(
    system: System,
    matches: &ArgMatches,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Invocation, String> {
    let mut levels = vec![matches];
    let mut names = Vec::new();
    while let Some((name, inner)) = levels.last().and_then(|matches| matches.subcommand()) {
        names.push(name);
        levels.push(inner);
    }
    let said = GivenArguments { levels: &levels, env };
    let options = options(system, &said)?;
    let positional =
        |name: &str| levels.last().and_then(|matches| matches.get_one::<OsString>(name)).cloned();
    said.is_for_its_command(&names)?;
    let command = match names.as_slice() {
        ["check"] => {
            let agent = said.value(&AGENT).map(|name| name.to_string_lossy().into_owned());
            let format = said.one(&FORMAT, format)?;
            let view = View {
                format,
                language: said.language(format)?,
                color: said.one(&COLOR, color)?,
                quiet: said.switch(&QUIET)?,
                verbose: said.switch(&VERBOSE)?,
                agent,
                bundle: said.path(&BUNDLE)?,
            };
            // Options that say where or how to look ask for a new evaluation.
            let places = [&CONFIG_FILE, &ROOTFS, &PROCFS, &PROBE_INTERVAL, &PROBE_TIMEOUT];
            let local = said.switch(&LOCAL)? || places.iter().any(|flag| said.is_given(flag));
            Command::Check { view, local }
        }
        ["healthcheck"] => Command::Healthcheck,
        ["explain"] => {
            let format = said.one(&FORMAT, format)?;
            let entry = positional("CAUSE").map(|id| id.to_string_lossy().into_owned());
            Command::Explain { entry, language: said.language(format)?, format }
        }
        ["alerts", "test"] => Command::AlertsTest { language: said.language(Format::Text)? },
        ["config", "check"] => {
            Command::ConfigCheck { file: positional("FILE").map(PathBuf::from).ok_or("FILE is missing")? }
        }
        ["service", "install"] => Command::Service(ServiceRequest::Install(said.again())),
        ["service", "uninstall"] => Command::Service(ServiceRequest::Uninstall),
        ["service", "start"] => Command::Service(ServiceRequest::Start),
        ["service", "stop"] => Command::Service(ServiceRequest::Stop),
        _ => Command::Run,
    };
    Ok(Invocation { command, options })
}

fn options(system: System, said: &GivenArguments<'_>) -> Result<Options, String> {
    for flag in [&ROOTFS, &PROCFS] {
        if system == System::Windows && said.is_given(flag) {
            return Err(format!("{}: Windows has one root, and no proc", said.origin(flag)));
        }
    }
    let options = Options {
        config_file: said.path(&CONFIG_FILE)?,
        listen_addresses: said.all(&LISTEN, listen_address)?,
        telemetry_path: said.one(&TELEMETRY_PATH, telemetry_path)?,
        web_config: said.path(&WEB_CONFIG)?,
        systemd_socket: said.switch(&SYSTEMD_SOCKET)?,
        lifecycle: said.switch(&LIFECYCLE)?,
        allowed_hosts: said.all(&ALLOWED_HOST, allowed_host)?,
        rootfs: said.path(&ROOTFS)?.unwrap_or_else(|| PathBuf::from("/")),
        procfs: said.path(&PROCFS)?,
        evaluation_interval: said.one(&EVALUATION_INTERVAL, period)?,
        probe_interval: said.one(&PROBE_INTERVAL, period)?,
        probe_timeout: said.one(&PROBE_TIMEOUT, period)?,
        log_level: said.one(&LOG_LEVEL, log_level)?,
        log_format: said.one(&LOG_FORMAT, log_format)?,
    };
    if options.probe_timeout > options.probe_interval {
        return Err(format!(
            "{} ({}) is longer than {} ({}): a probe would overlap the next",
            said.origin(&PROBE_TIMEOUT),
            humantime::format_duration(options.probe_timeout),
            said.origin(&PROBE_INTERVAL),
            humantime::format_duration(options.probe_interval),
        ));
    }
    Ok(options)
}

/// What was given on every level of the command line, and in the environment.
struct GivenArguments<'a> {
    levels: &'a [&'a ArgMatches],
    env: &'a dyn Fn(&str) -> Option<OsString>,
}

impl GivenArguments<'_> {
    /// Values on the command line, in order.
    fn on_command_line(&self, flag: &Flag) -> Vec<OsString> {
        let mut out = Vec::new();
        for &matches in self.levels {
            out.extend(
                matches.try_get_many::<OsString>(flag.name).ok().flatten().into_iter().flatten().cloned(),
            );
        }
        out
    }

    /// The flags of the command line, written so that a service can be started with them in any directory.
    fn again(&self) -> Vec<OsString> {
        let mut out = Vec::new();
        for flag in GLOBAL {
            if self.is_switched_on(flag) {
                out.push(OsString::from(format!("--{}", flag.name)));
            }
            for value in self.on_command_line(flag) {
                let is_path = [CONFIG_FILE.name, WEB_CONFIG.name].contains(&flag.name);
                let whole = is_path.then(|| std::path::absolute(&value).ok()).flatten();
                let mut written = OsString::from(format!("--{}=", flag.name));
                written.push(whole.map_or(value, PathBuf::into_os_string));
                out.push(written);
            }
        }
        out
    }

    /// The variable's value. An empty value counts as none: templates leave one when nothing is set.
    fn in_environment(&self, flag: &Flag) -> Option<OsString> {
        (self.env)(&flag.variable()).filter(|value| !value.is_empty())
    }

    /// How the value was given, for messages.
    fn origin(&self, flag: &Flag) -> String {
        if self.on_command_line(flag).is_empty() && self.in_environment(flag).is_some() {
            flag.variable()
        } else {
            format!("--{}", flag.name)
        }
    }

    /// The effective value: the last flag, otherwise the variable, otherwise the default.
    fn value(&self, flag: &Flag) -> Option<OsString> {
        self.on_command_line(flag)
            .pop()
            .or_else(|| self.in_environment(flag))
            .or_else(|| flag.default.map(OsString::from))
    }

    /// The language: the one requested, otherwise for people that of their environment.
    fn language(&self, format: Format) -> Result<Language, String> {
        match self.value(&LANG) {
            Some(said) => self.checked(&LANG, &said, language),
            None if format == Format::Text => Ok(self.locale()),
            None => Ok(Language::English),
        }
    }

    /// The language of the environment, by the rules of POSIX. Only in UTF-8: another character set would not
    /// be readable.
    fn locale(&self) -> Language {
        let set = |name: &&str| (self.env)(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        let (place, charset) = locale.split_once('.').unwrap_or((&locale, "utf-8"));
        let readable = charset.starts_with("utf-8") || charset.starts_with("utf8");
        if place.starts_with("zh") && readable { Language::Chinese } else { Language::English }
    }

    /// A flag of `check` was given with another command, where it would have no effect.
    fn is_for_its_command(&self, names: &[&str]) -> Result<(), String> {
        let own: &[&Flag] = match names {
            ["check"] => &CHECK,
            ["explain"] => &[&LANG, &FORMAT],
            ["alerts", "test"] => &[&LANG],
            _ => &[],
        };
        let stray = CHECK.iter().find(|flag| {
            let named = !self.on_command_line(flag).is_empty() || self.is_switched_on(flag);
            named && !own.iter().any(|own| own.name == flag.name)
        });
        match stray {
            None => Ok(()),
            Some(flag) => {
                let said = self.on_command_line(flag).pop().unwrap_or_default();
                let said = said.to_string_lossy();
                let is_word =
                    !said.is_empty() && said.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
                let value = match (flag.switch, is_word) {
                    (true, _) => String::new(),
                    (false, true) => format!("={said}"),
                    (false, false) => format!("={}", flag.value),
                };
                Err(format!("--{0} belongs to check; write: logagent-exporter check --{0}{value}", flag.name))
            }
        }
    }

    fn is_switched_on(&self, flag: &Flag) -> bool {
        let named =
            |matches: &&ArgMatches| matches.try_get_one::<bool>(flag.name).ok().flatten() == Some(&true);
        flag.switch && self.levels.iter().any(named)
    }

    /// True if the flag or its variable is set.
    fn is_given(&self, flag: &Flag) -> bool {
        !self.on_command_line(flag).is_empty() || self.in_environment(flag).is_some()
    }

    /// Whether a switch is on: named on the command line, or true in the environment.
    fn switch(&self, flag: &Flag) -> Result<bool, String> {
        if self.is_switched_on(flag) {
            return Ok(true);
        }
        let Some(value) = self.in_environment(flag) else { return Ok(false) };
        match value.to_string_lossy().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(true),
            "false" | "0" | "no" => Ok(false),
            other => Err(format!("{}: {} is not one of true, false", flag.variable(), quoted(other))),
        }
    }

    fn path(&self, flag: &Flag) -> Result<Option<PathBuf>, String> {
        match self.value(flag) {
            Some(path) if path.is_empty() => Err(format!("{}: the path is empty", self.origin(flag))),
            path => Ok(path.map(PathBuf::from)),
        }
    }

    fn one<T>(&self, flag: &Flag, check: fn(&str) -> Result<T, String>) -> Result<T, String> {
        self.checked(flag, &self.value(flag).unwrap_or_default(), check)
    }

    fn all<T: PartialEq>(&self, flag: &Flag, check: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut values = self.on_command_line(flag);
        if values.is_empty() {
            let list = self.in_environment(flag).or_else(|| flag.default.map(OsString::from));
            let Some(list) = list else { return Ok(Vec::new()) };
            values = list.to_string_lossy().split(',').map(|item| OsString::from(item.trim())).collect();
        }
        let mut out = Vec::new();
        for value in values {
            let meaning = self.checked(flag, &value, check)?;
            if out.contains(&meaning) {
                return Err(format!(
                    "{}: {} is given twice",
                    self.origin(flag),
                    quoted(&value.to_string_lossy())
                ));
            }
            out.push(meaning);
        }
        Ok(out)
    }

    fn checked<T>(
        &self,
        flag: &Flag,
        value: &OsString,
        check: fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let origin = self.origin(flag);
        let text = value.to_str().ok_or_else(|| format!("{origin}: the value is not UTF-8"))?;
        check(text).map_err(|why| format!("{origin}: {why}"))
    }
}

fn listen_address(text: &str) -> Result<ListenAddress, String> {
    let refused = |why: &str| format!("{} is not an address to listen on: {why}", quoted(text));
    if let Some(path) = text.strip_prefix("unix:") {
        let fits = path.starts_with('/') && !path.ends_with('/') && path.len() <= LONGEST_SOCKET_PATH;
        let why = "the path of a socket is absolute and at most 107 bytes long; write unix:/run/…/web.sock";
        return if fits { Ok(ListenAddress::Unix(PathBuf::from(path))) } else { Err(refused(why)) };
    }
    let (host, port) =
        text.rsplit_once(':').ok_or_else(|| refused("it has no port; write :10077 or host:10077"))?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = match port.parse() {
        Ok(port) if digits => port,
        Ok(_) | Err(_) => return Err(refused("the port is not a number from 0 to 65535")),
    };
    if host.is_empty() {
        return Ok(ListenAddress::Tcp { host: None, port });
    }
    match Authority::parse(host) {
        Ok(Authority { host, port: None }) => Ok(ListenAddress::Tcp { host: Some(host), port }),
        Ok(Authority { port: Some(_), .. }) => Err(refused("it has two ports")),
        Err(why) => Err(refused(&why)),
    }
}

fn allowed_host(text: &str) -> Result<String, String> {
    match Authority::parse(text) {
        Ok(Authority { host, port: None }) => Ok(host),
        Ok(_) => Err(format!("{} has a port; write the name alone", quoted(text))),
        Err(why) => Err(format!("{} is not a host name: {why}", quoted(text))),
    }
}

fn telemetry_path(text: &str) -> Result<String, String> {
    if TAKEN_PATHS.contains(&text) {
        return Err(format!("{} is taken; {} are other pages", quoted(text), TAKEN_PATHS.join(", ")));
    }
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
    if text.starts_with('/') && plain {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not a path; begin it with / and use letters, digits and -._~/", quoted(text)))
}

fn period(text: &str) -> Result<Duration, String> {
    let period = parse_period(text)?;
    if (SHORTEST..=LONGEST).contains(&period) {
        return Ok(period);
    }
    Err(format!("{} is out of range; use 10ms to 24h", quoted(text)))
}

#[cfg(test)]
mod tests;
