//! The contract of the command line.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

use proptest::prelude::*;

use super::*;
use crate::cli::{Color, LogFormat, LogLevel};

type Env<'a> = &'a [(&'a str, &'a str)];

fn parsed(line: &str, env: Env<'_>) -> Result<Parsed, UsageError> {
    let args = std::iter::once("logagent-exporter").chain(line.split_whitespace()).map(OsString::from);
    parse_on(System::Linux, args, |name| {
        env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    })
}

fn invoked(line: &str, env: Env<'_>) -> Invocation {
    match parsed(line, env) {
        Ok(Parsed::Invocation(invocation)) => *invocation,
        other => panic!("{line}: {other:?}"),
    }
}

fn printed(line: &str) -> String {
    match parsed(line, &[]) {
        Ok(Parsed::Print(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

/// The first line of the output, and the exit code.
fn refused(line: &str, env: Env<'_>) -> (String, u8) {
    let error = parsed(line, env).expect_err(line);
    (error.message.lines().next().unwrap_or_default().to_owned(), error.exit_code)
}

#[test]
fn without_flags_the_defaults_of_the_contract_hold() {
    let Invocation { command, options } = invoked("", &[]);
    assert_eq!(command, Command::Run);
    assert_eq!(
        options,
        Options {
            config_file: None,
            listen_addresses: vec![ListenAddress::Tcp { host: None, port: 10077 }],
            telemetry_path: "/metrics".into(),
            web_config: None,
            systemd_socket: false,
            lifecycle: false,
            allowed_hosts: Vec::new(),
            rootfs: "/".into(),
            procfs: None,
            evaluation_interval: Duration::from_secs(15),
            probe_interval: Duration::from_mins(1),
            probe_timeout: Duration::from_secs(5),
            log_level: LogLevel::Info,
            log_format: LogFormat::Logfmt,
        }
    );
    assert_eq!(invoked("run", &[]).command, Command::Run);
}

#[test]
fn commands_are_told_apart() {
    let english = Language::English;
    let plain = View {
        format: Format::Text,
        language: english,
        color: Color::Auto,
        quiet: false,
        verbose: false,
        agent: None,
        bundle: None,
    };
    assert_eq!(invoked("check", &[]).command, Command::Check { view: plain.clone(), local: false });
    assert_eq!(
        invoked("check --format=json --lang zh --color=never --agent cls -qv --local", &[]).command,
        Command::Check {
            view: View {
                format: Format::Json,
                language: Language::Chinese,
                color: Color::Never,
                quiet: true,
                verbose: true,
                agent: Some("cls".to_owned()),
                bundle: None,
            },
            local: true,
        }
    );
    for line in [
        "check --config.file=a",
        "--path.rootfs=/host check",
        "check --path.procfs=/p",
        "check --probe.timeout=1s",
    ] {
        assert_eq!(invoked(line, &[]).command, Command::Check { view: plain.clone(), local: true }, "{line}");
    }
    assert_eq!(
        invoked("check --log.level=debug", &[("LOGAGENT_EXPORTER_WEB_LISTEN_ADDRESS", ":1")]).command,
        Command::Check { view: plain, local: false }
    );
    assert_eq!(invoked("healthcheck", &[]).command, Command::Healthcheck);
    assert_eq!(
        invoked("explain", &[]).command,
        Command::Explain { entry: None, language: english, format: Format::Text }
    );
    assert_eq!(
        invoked("explain ip_empty --lang=zh --format=json", &[]).command,
        Command::Explain {
            entry: Some("ip_empty".into()),
            language: Language::Chinese,
            format: Format::Json
        }
    );
    assert_eq!(invoked("config check a.yml", &[]).command, Command::ConfigCheck { file: "a.yml".into() });
}

#[test]
fn flags_stand_before_or_after_the_command() {
    for line in ["--path.rootfs /host --log.level=warn check", "check --path.rootfs=/host --log.level warn"] {
        let invocation = invoked(line, &[]);
        assert_eq!(invocation.options.rootfs, PathBuf::from("/host"), "{line}");
        assert_eq!(invocation.options.log_level, LogLevel::Warn, "{line}");
    }
    let listen =
        invoked("--web.listen-address :1 run --web.listen-address=[::1]:2 --web.listen-address h:0", &[]);
    let shown: Vec<String> = listen.options.listen_addresses.iter().map(ToString::to_string).collect();
    assert_eq!(shown, [":1", "[::1]:2", "h:0"]);
    assert_eq!(
        listen.options.listen_addresses[1],
        ListenAddress::Tcp { host: Some("::1".to_owned()), port: 2 }
    );
    assert_eq!(invoked("--log.level=warn run --log.level=debug", &[]).options.log_level, LogLevel::Debug);
}

#[test]
fn the_environment_fills_in_and_flags_win() {
    let env: Env<'_> = &[
        ("LOGAGENT_EXPORTER_WEB_LISTEN_ADDRESS", "127.0.0.1:1, :2"),
        ("LOGAGENT_EXPORTER_EVALUATION_INTERVAL", "1m"),
        ("LOGAGENT_EXPORTER_CONFIG_FILE", ""),
        ("LOGAGENT_EXPORTER_LANG", "zh"),
        ("LOGAGENT_EXPORTER_PORT", "tcp://10.96.0.1:10077"),
    ];
    let options = invoked("", env).options;
    assert_eq!(options.listen_addresses.len(), 2);
    assert_eq!(options.evaluation_interval, Duration::from_mins(1));
    assert_eq!(options.config_file, None, "an empty variable sets nothing");
    assert_eq!(
        invoked("explain", env).command,
        Command::Explain { entry: None, language: Language::Chinese, format: Format::Text }
    );
    let options = invoked("--web.listen-address=:3 --evaluation.interval=2s", env).options;
    assert_eq!(options.listen_addresses, [ListenAddress::Tcp { host: None, port: 3 }]);
    assert_eq!(options.evaluation_interval, Duration::from_secs(2));
}

#[test]
fn each_wrong_value_names_its_flag_or_variable() {
    let zoo: &[(&str, &str)] = &[
        ("--evaluation.interval=0", "error: --evaluation.interval: \"0\" is out of range; use 10ms to 24h"),
        (
            "--evaluation.interval=25h",
            "error: --evaluation.interval: \"25h\" is out of range; use 10ms to 24h",
        ),
        (
            "--evaluation.interval=15",
            "error: --evaluation.interval: \"15\" has no unit; write 15s, 15m or 15h",
        ),
        ("--probe.timeout=9ms", "error: --probe.timeout: \"9ms\" is out of range; use 10ms to 24h"),
        (
            "--probe.timeout=61s",
            "error: --probe.timeout (1m 1s) is longer than --probe.interval (1m): a probe would overlap the next",
        ),
        (
            "--web.telemetry-path=metrics",
            "error: --web.telemetry-path: \"metrics\" is not a path; begin it with / and use letters, digits and -._~/",
        ),
        (
            "--web.telemetry-path=/m?x",
            "error: --web.telemetry-path: \"/m?x\" is not a path; begin it with / and use letters, digits and -._~/",
        ),
        (
            "--web.telemetry-path=/-/ready",
            "error: --web.telemetry-path: \"/-/ready\" is taken; /, /api/v1/events, /api/v1/report, /-/check, /-/healthy, /-/ready, /-/reload are other pages",
        ),
        (
            "--web.listen-address=10077",
            "error: --web.listen-address: \"10077\" is not an address to listen on: it has no port; write :10077 or host:10077",
        ),
        (
            "--web.listen-address=:65536",
            "error: --web.listen-address: \":65536\" is not an address to listen on: the port is not a number from 0 to 65535",
        ),
        (
            "--web.listen-address=:+1",
            "error: --web.listen-address: \":+1\" is not an address to listen on: the port is not a number from 0 to 65535",
        ),
        (
            "--web.listen-address=::1:80",
            "error: --web.listen-address: \"::1:80\" is not an address to listen on: an IPv6 address needs brackets: [::1] or [::1]:443",
        ),
        (
            "--web.listen-address=a:1:2",
            "error: --web.listen-address: \"a:1:2\" is not an address to listen on: it has two ports",
        ),
        (
            "--web.listen-address=:1 --web.listen-address=:1",
            "error: --web.listen-address: \":1\" is given twice",
        ),
        ("--log.level=trace", "error: --log.level: \"trace\" is not one of debug, info, warn, error"),
        ("--log.format=text", "error: --log.format: \"text\" is not one of logfmt, json"),
        ("--path.rootfs=", "error: --path.rootfs: the path is empty"),
        ("explain --lang=de", "error: --lang: \"de\" is not one of en, zh"),
        ("--log.levle=info", "error: unexpected argument '--log.levle' found"),
        ("chekc", "error: unrecognized subcommand 'chekc'"),
        ("--format=json", "error: --format belongs to check; write: logagent-exporter check --format=json"),
        ("--agent=\u{1b}[1m", "error: --agent belongs to check; write: logagent-exporter check --agent=NAME"),
        ("run --local", "error: unexpected argument '--local' found"),
        ("-v healthcheck", "error: --verbose belongs to check; write: logagent-exporter check --verbose"),
        ("config check", "error: the following required arguments were not provided:"),
    ];
    for (line, expected) in zoo {
        assert_eq!(refused(line, &[]), ((*expected).to_owned(), 2), "{line}");
    }
    assert_eq!(
        refused("", &[("LOGAGENT_EXPORTER_PROBE_TIMEOUT", "soon")]).0,
        "error: LOGAGENT_EXPORTER_PROBE_TIMEOUT: \"soon\" is not a duration; write it like 15s or 1m30s"
    );
    assert_eq!(
        refused("", &[("LOGAGENT_EXPORTER_WEB_LISTEN_ADDRESS", ":1,")]).0,
        "error: LOGAGENT_EXPORTER_WEB_LISTEN_ADDRESS: \"\" is not an address to listen on: it has no port; write :10077 or host:10077"
    );
}

#[test]
fn switches_stand_alone_and_their_variables_are_true_or_false() {
    let options = invoked("--web.systemd-socket run --web.enable-lifecycle", &[]).options;
    assert!(options.systemd_socket && options.lifecycle);
    for (value, on) in [("true", true), ("1", true), ("False", false), ("0", false), ("", false)] {
        let options = invoked("", &[("LOGAGENT_EXPORTER_WEB_ENABLE_LIFECYCLE", value)]).options;
        assert_eq!(options.lifecycle, on, "{value}");
    }
    let (message, _) = refused("", &[("LOGAGENT_EXPORTER_WEB_ENABLE_LIFECYCLE", "on")]);
    assert_eq!(message, "error: LOGAGENT_EXPORTER_WEB_ENABLE_LIFECYCLE: \"on\" is not one of true, false");
    assert_eq!(refused("--web.enable-lifecycle check --bogus", &[]).1, 3, "the switch takes no value");
}

#[test]
fn sockets_and_further_names_are_understood() {
    let options =
        invoked("--web.listen-address unix:/run/x/web.sock --web.allowed-host Web-1.example", &[]).options;
    assert_eq!(options.listen_addresses, [ListenAddress::Unix("/run/x/web.sock".into())]);
    assert_eq!(options.listen_addresses[0].to_string(), "unix:/run/x/web.sock");
    assert_eq!(options.allowed_hosts, ["web-1.example"]);
    let listed = invoked("", &[("LOGAGENT_EXPORTER_WEB_ALLOWED_HOST", "a, b")]).options;
    assert_eq!(listed.allowed_hosts, ["a", "b"]);
    let long = format!("--web.listen-address=unix:/{}", "x".repeat(107));
    for (line, said) in [
        ("--web.listen-address=unix:web.sock", "absolute and at most 107 bytes"),
        ("--web.listen-address=unix:/run/", "absolute and at most 107 bytes"),
        (long.as_str(), "absolute and at most 107 bytes"),
        ("--web.allowed-host=h:80", "\"h:80\" has a port; write the name alone"),
        ("--web.allowed-host=http://h", "\"http://h\" is not a host name: has a scheme"),
    ] {
        assert!(refused(line, &[]).0.contains(said), "{line}: {}", refused(line, &[]).0);
    }
}

#[test]
fn flags_of_check_stand_before_it_too() {
    assert_eq!(
        invoked("--format=json -v check", &[]).command,
        invoked("check -v --format=json", &[]).command
    );
    assert_eq!(refused("--agent x check --bogus", &[]).1, 3, "the command is found behind them");
}

#[test]
fn people_are_spoken_to_in_the_language_of_their_environment() {
    use Language::{Chinese, English};
    let language = |line: &str, env: Env<'_>| match invoked(line, env).command {
        Command::Check { view, .. } => view.language,
        Command::Explain { language, .. } | Command::AlertsTest { language } => language,
        other @ (Command::Run | Command::Healthcheck | Command::ConfigCheck { .. } | Command::Service(_)) => {
            panic!("{other:?}")
        }
    };
    for (env, expected) in [
        (&[("LANG", "zh_CN.UTF-8")][..], Chinese),
        (&[("LANG", "zh_CN.utf8"), ("LC_MESSAGES", "en_US.UTF-8")], English),
        (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_TW.UTF-8")], Chinese),
        (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")], Chinese),
        (&[("LANG", "zh_CN.GBK")], English),
        (&[("LANG", "C.UTF-8")], English),
        (&[("LANG", "zh_CN.UTF-8"), ("LOGAGENT_EXPORTER_LANG", "en")], English),
    ] {
        assert_eq!(language("check", env), expected, "{env:?}");
        assert_eq!(language("explain", env), expected, "{env:?}");
        assert_eq!(language("alerts test", env), expected, "{env:?}");
        assert_eq!(language("alerts test --lang=zh", env), Chinese, "{env:?}");
        assert_eq!(language("check --format=json", env), English, "{env:?}");
        assert_eq!(language("check --format=json --lang=zh", env), Chinese, "{env:?}");
    }
}

#[test]
fn usage_errors_of_check_exit_as_unknown_and_others_as_usage() {
    for line in
        ["check --bogus", "check --format=xml", "--log.level info check --lang=de", "--log.level=loud check"]
    {
        assert_eq!(refused(line, &[]).1, 3, "{line}");
    }
    for line in ["--bogus", "run check", "--log.level check", "config check", "config", "explain check x"] {
        assert_eq!(refused(line, &[]).1, 2, "{line}");
    }
    assert_eq!(refused("check", &[("LOGAGENT_EXPORTER_LOG_LEVEL", "loud")]).1, 3);
}

#[test]
fn help_and_version_are_printed() {
    for line in ["--version", "-V", "check --version", "check -V", "config --version"] {
        let version = printed(line);
        assert!(
            version.starts_with(concat!("logagent-exporter, version ", env!("CARGO_PKG_VERSION"), " (")),
            "{version}"
        );
    }
    let help = printed("--help");
    for flag in GLOBAL {
        assert!(
            help.contains(&format!("--{}", flag.name)) && help.contains(&flag.variable()),
            "{}",
            flag.name
        );
    }
    for command in ["run", "check", "explain", "healthcheck", "config"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
    assert!(printed("check -h").contains("--format ") && printed("check -h").contains("Examples:"));
    assert!(!printed("explain -h").contains("--probe.timeout"), "flags without effect are not shown");
    for nothing in ["--web.", "--evaluation.interval", "--probe.interval"] {
        assert!(!printed("check -h").contains(nothing), "{nothing} means nothing to check");
    }
    for command in ["", "check", "explain", "config check"] {
        assert!(printed(&format!("{command} --help")).contains("Examples:"), "{command}");
    }
}

/// The help of a command and of all those below it, with the words that ask for it.
fn helps(command: &clap::Command, words: &[&str]) -> Vec<(String, String)> {
    let line = [&["logagent-exporter"], words, &["--help"]].concat();
    let help = definition(System::Windows).term_width(COLUMNS).try_get_matches_from(&line).unwrap_err();
    let below = command
        .get_subcommands()
        .flat_map(|command| helps(command, &[words, &[command.get_name()]].concat()));
    std::iter::once((line.join(" "), help.render().to_string())).chain(below).collect()
}

#[test]
fn help_of_every_command_fits_a_terminal_of_80_columns() {
    let helps = helps(&definition(System::Windows), &[]);
    assert!(helps.len() > 12, "{}", helps.len());
    for (line, help) in helps {
        for line_of_help in help.lines() {
            assert!(line_of_help.chars().count() <= COLUMNS, "{line}: {line_of_help}");
        }
    }
}

proptest! {
    #[test]
    fn no_arguments_panic(args in prop::collection::vec("(--)?(check|config|web.listen-address|probe.timeout|format|lang|\\PC{0,6})(=\\PC{0,8})?", 0..6)) {
        let env = |name: &str| name.contains("LISTEN").then(|| OsString::from(args.concat()));
        let _any = parse(args.iter().map(OsString::from), env);
    }
}

/// The result of a command line on Windows.
fn on_windows(line: &str) -> Result<Command, String> {
    let args = std::iter::once("logagent-exporter").chain(line.split_whitespace()).map(OsString::from);
    match parse_on(System::Windows, args, |_| None) {
        Ok(Parsed::Invocation(invocation)) => Ok(invocation.command),
        Ok(Parsed::Print(text)) => Err(text),
        Err(error) => Err(error.message),
    }
}

#[test]
fn the_service_is_installed_with_the_flags_that_were_given_and_with_whole_paths() {
    let flags = |line: &str| match on_windows(line) {
        Ok(Command::Service(ServiceRequest::Install(flags))) => flags,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(flags("service install"), Vec::<OsString>::new());
    assert_eq!(
        flags(
            "--log.level warn service install --web.listen-address :1 --web.listen-address=:2 --web.enable-lifecycle"
        ),
        ["--web.listen-address=:1", "--web.listen-address=:2", "--web.enable-lifecycle", "--log.level=warn"]
    );
    let [config] = flags("service install --config.file=a.yml").try_into().unwrap();
    let path = config.to_str().unwrap().strip_prefix("--config.file=").unwrap().to_owned();
    assert!(std::path::Path::new(&path).is_absolute() && path.ends_with("a.yml"), "{path}");
    for (line, request) in [
        ("service uninstall", ServiceRequest::Uninstall),
        ("service start", ServiceRequest::Start),
        ("service stop", ServiceRequest::Stop),
    ] {
        assert_eq!(on_windows(line), Ok(Command::Service(request)), "{line}");
    }
    // Errors are reported before anything is installed.
    assert!(on_windows("service install --web.listen-address=x").unwrap_err().contains("it has no port"));
    assert!(on_windows("service").unwrap_err().contains("install"));
    // Elsewhere packages do it.
    assert_eq!(refused("service install", &[]).1, 2);
}
