//! logagent-exporter: arguments → command → exit code. Errors are turned into exit codes only here.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use logagent_exporter::{
    alerting,
    cli::{
        self, Color, Command, Invocation, ListenAddress, LogFormat, LogLevel, Options, Parsed, View, alerts,
        ask, bundle, check, explain, healthcheck, service,
    },
    config,
    daemon::{self, CycleOptions, DaemonOptions, Lock, log},
    http::{self, AllowedHosts, Listener, Security},
    model::{Language, authority, counters::Counters},
    publish::{text, words},
    sys::{self, helper::Role},
};
use tracing::{debug, error, info, level_filters::LevelFilter, warn};

/// Exit code of the plugin convention if nothing could be evaluated.
const UNKNOWN: u8 = 3;

fn main() -> ExitCode {
    sys::prepare_process();
    if let Some(role) = sys::helper::role() {
        return helper(role);
    }
    let parsed = cli::parse(std::env::args_os(), |name| std::env::var_os(name));
    let invocation = match parsed {
        Ok(Parsed::Print(text)) => return printed(io::stdout().write_all(text.as_bytes())),
        Ok(Parsed::Invocation(invocation)) => *invocation,
        Err(error) => {
            complain(format_args!("{}", error.message.trim_end()));
            return ExitCode::from(error.exit_code);
        }
    };
    let Invocation { command, options } = invocation;
    // Before these capabilities are given up: agents in containers may have separate networks.
    let helped = if command.looks_at_agents() { sys::helper::start() } else { Ok(()) };
    let confined = helped.and_then(|()| sys::confine());
    match command {
        Command::Run => {
            let well = sys::as_service(Box::new(move || run_logged(options, confined)));
            if well.unwrap_or_else(|work| work()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Command::Check { view, local } => {
            let (level, format) = log_settings(&options, true);
            log::to_stderr(level, format);
            in_runtime(run_check(options, &view, local)).map_or_else(
                |error| {
                    complain(format_args!("error: {error:#}"));
                    ExitCode::from(UNKNOWN)
                },
                ExitCode::from,
            )
        }
        Command::Healthcheck => {
            let asked = async {
                healthcheck::healthcheck(&socket(), &options.listen_addresses).await.context("not healthy")
            };
            in_runtime(asked).map_or_else(
                |error| {
                    complain(format_args!("error: {error:#}"));
                    ExitCode::FAILURE
                },
                |()| ExitCode::SUCCESS,
            )
        }
        Command::Explain { entry, language, format } => {
            let mut text = Vec::new();
            match explain::explain(entry.as_deref(), language, format, sys::terminal_columns(), &mut text) {
                Ok(()) => printed(io::stdout().write_all(&text)),
                Err(error) => {
                    complain(format_args!("error: {error}"));
                    ExitCode::FAILURE
                }
            }
        }
        Command::AlertsTest { language } => {
            let (level, format) = log_settings(&options, true);
            log::to_stderr(level, format);
            in_runtime(run_alerts_test(options, language)).map_or_else(
                |error| {
                    complain(format_args!("error: {error:#}"));
                    ExitCode::FAILURE
                },
                |all| if all { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            )
        }
        Command::Service(request) => match sys::manage_service(&request) {
            Ok(done) => printed(done.iter().try_for_each(|line| writeln!(io::stdout(), "{line}"))),
            Err(error) => {
                complain(format_args!("error: {error}"));
                ExitCode::FAILURE
            }
        },
        Command::ConfigCheck { file } => match config::load(&file) {
            Ok((_, warnings)) => {
                let file = if file == Path::new("-") { Path::new(config::STANDARD_INPUT) } else { &file };
                for warning in warnings {
                    complain(format_args!("warning: {}", warning.in_file(file)));
                }
                printed(writeln!(io::stdout(), "{}: ok", file.display()))
            }
            Err(error) => {
                complain(format_args!("{error}"));
                ExitCode::FAILURE
            }
        },
    }
}

/// The main function of the helper, or of a process that it has started in a container.
fn helper(role: Role) -> ExitCode {
    let done = match role {
        Role::Helper => sys::helper::serve(),
        Role::Task => daemon::probe_task(),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the exporter, with its log; true if it ended normally.
fn run_logged(options: Options, confined: io::Result<()>) -> bool {
    let (level, format) = log_settings(&options, false);
    let logged = log::to_stderr_unblocked(level, format).context("starting the thread that writes the log");
    if let Err(error) = confined {
        // If the service manager sets a filter too, it may refuse this call.
        info!(%error, "no system calls are given up by the exporter itself");
    }
    let ended = logged.and_then(|()| in_runtime(run(options)));
    if let Err(error) = &ended {
        // A line for each problem of a config file.
        format!("{error:#}").lines().for_each(|line| error!("{line}"));
    }
    log::flush();
    ended.is_ok()
}

/// One thread: the exporter mostly waits, and a second thread's stack would cost more memory than it saves time.
fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let outcome = runtime.block_on(work);
    // A read that hangs in the kernel must not keep the process from ending.
    runtime.shutdown_background();
    outcome
}

async fn run(options: Options) -> anyhow::Result<()> {
    info!(
        version = words::VERSION,
        revision = words::REVISION,
        target = words::TARGET,
        config_file = options.config_file.as_ref().map(|file| tracing::field::display(file.display())),
        "starting logagent-exporter"
    );
    daemon::require_host(&options.rootfs, options.procfs.as_deref())?;
    let settings = daemon::load_settings(options.config_file.clone()).await?;
    let counters = Counters::default();
    let security = security(options.web_config.clone(), counters.clone()).await?;
    let scheme = if security.speaks_tls() { "https" } else { "http" };
    let listeners = listeners(&options).await?;
    let mut urls = Vec::new();
    for listener in &listeners {
        let url = listener.address().map(|address| url(scheme, address, &options.telemetry_path));
        info!(address = listener.describe(), scheme, url, "listening");
        urls.extend(url);
    }
    let style = text::Style {
        colour: check::colour_wanted(Color::Auto),
        columns: check::columns(),
        ..text::Style::plain(Language::English)
    };
    let announce = move |report: &logagent_exporter::model::report::Report| {
        // For a person; anything that collects standard output also collects the log.
        if !io::stdout().is_terminal() {
            return;
        }
        let lines = urls.iter().map(|url| format!("Metrics are at {url}\n"));
        let mut out: String = lines.chain(["\n".to_owned()]).collect();
        let rendered = text::diagnosis(report, style, &mut out);
        // A closed standard output, or one that nobody reads, is no reason to stop.
        let print =
            move || rendered.map_err(io::Error::other).and_then(|()| io::stdout().write_all(out.as_bytes()));
        let _unseen = std::thread::Builder::new().name("announce".to_owned()).spawn(print);
    };
    let names = options.allowed_hosts.iter().cloned().chain(sys::hostname().ok());
    let lock = Lock { security, allowed_hosts: AllowedHosts::new(names), counters };
    let daemon_options = DaemonOptions {
        cycle: cycle_options(&options),
        evaluation_interval: options.evaluation_interval,
        events: true,
        lifecycle: options.lifecycle,
        instance: instance(&options),
        config_file: options.config_file,
        telemetry_path: options.telemetry_path,
    };
    daemon::run(listeners, lock, settings, daemon_options, announce).await
}

/// This host and the port of its metrics, as a scrape config would name them.
fn instance(options: &Options) -> String {
    let host = sys::hostname().unwrap_or_else(|_| "localhost".to_owned());
    let port = options.listen_addresses.iter().find_map(|address| match address {
        ListenAddress::Tcp { port, .. } => Some(*port),
        ListenAddress::Unix(_) => None,
    });
    port.map_or_else(|| host.clone(), |port| authority::written(&host, port, None))
}

/// Reads the web config, if there is one, off the main thread.
async fn security(file: Option<PathBuf>, counters: Counters) -> anyhow::Result<Security> {
    let Some(file) = file else { return Ok(Security::open()) };
    let loaded = tokio::task::spawn_blocking(move || Security::load(file, counters)).await;
    Ok(loaded.context("reading the web config")??)
}

async fn listeners(options: &Options) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    if options.systemd_socket {
        listeners.extend(http::inherited().context("--web.systemd-socket")?);
    } else {
        for address in &options.listen_addresses {
            let bound = match address {
                ListenAddress::Tcp { host, port } => http::bind(host.as_deref(), *port).await,
                ListenAddress::Unix(path) => http::bind_unix(path).map(|listener| vec![listener]),
            };
            listeners.extend(bound.map_err(|error| occupied(error, address))?);
        }
    }
    listeners.extend(own_socket());
    Ok(listeners)
}

/// Why an address cannot be listened on, and what to do about it.
fn occupied(error: io::Error, address: &ListenAddress) -> anyhow::Error {
    let who = match address {
        ListenAddress::Tcp { port, .. } => format!("`sudo ss -ltnp 'sport = :{port}'`"),
        ListenAddress::Unix(path) => format!("`sudo ss -lxp src {}`", path.display()),
    };
    let kind = error.kind();
    let next = if kind == io::ErrorKind::AddrInUse {
        format!(
            "another program listens there, possibly an exporter that is already running: {who} shows which; stop it, or listen elsewhere with --web.listen-address"
        )
    } else if kind == io::ErrorKind::AddrNotAvailable {
        "no interface of this host has that address (`ip addr` lists them); :PORT listens on all".to_owned()
    } else if kind == io::ErrorKind::PermissionDenied {
        "ports below 1024 require CAP_NET_BIND_SERVICE, Unix sockets a writable directory".to_owned()
    } else {
        return anyhow::Error::new(error).context(format!("listening on {address}"));
    };
    anyhow::anyhow!("listening on {address}: {error}: {next}")
}

fn url(scheme: &str, address: SocketAddr, path: &str) -> String {
    let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
    format!("{scheme}://{}{path}", authority::written(&host, address.port(), None))
}

/// The path of the exporter's own socket.
fn socket() -> PathBuf {
    ask::socket(std::env::var_os("RUNTIME_DIRECTORY"))
}

/// Listens on the exporter's own socket, if the service manager has created a directory for it that only the
/// exporter can write to.
fn own_socket() -> Option<Listener> {
    let path = socket();
    let directory = path.parent()?;
    match sys::local::is_private(directory) {
        Ok(true) => {}
        Ok(false) => {
            warn!(directory = %directory.display(), "the directory is writable by others: no socket for check and healthcheck");
            return None;
        }
        Err(error) => {
            debug!(directory = %directory.display(), %error, "no socket for check and healthcheck");
            return None;
        }
    }
    match http::bind_unix(&path) {
        Ok(listener) => Some(listener.trusted()),
        Err(error) => {
            warn!(path = %path.display(), %error, "no socket for check and healthcheck");
            None
        }
    }
}

/// True if every member accepted the alert.
async fn run_alerts_test(options: Options, language: Language) -> anyhow::Result<bool> {
    let file = options.config_file.clone().or_else(|| service::config_file(Path::new("/")));
    let settings = daemon::load_settings(file).await?;
    let surroundings =
        daemon::alert_surroundings(&cycle_options(&options), &instance(&options), Counters::default());
    let tested = alerting::test(&settings.alerting, &surroundings).await;
    let mut out = String::new();
    let all = alerts::tell(&tested, language, &mut out)?;
    io::stdout().write_all(out.as_bytes()).context("printing the answers")?;
    Ok(all)
}

async fn run_check(mut options: Options, view: &View, local: bool) -> anyhow::Result<u8> {
    if let Some(file) = &view.bundle {
        return bundle::check(options, (view, local), file, &socket(), cycle_options).await;
    }
    if !local {
        let answered = check::check_running(&socket(), view).await.context("asking the running exporter")?;
        if let Some(verdict) = answered {
            return Ok(verdict);
        }
        options.config_file = service::config_file(Path::new("/"));
        let with = match &options.config_file {
            Some(file) => format!("with {}", file.display()),
            None => "without a config file".to_owned(),
        };
        if !view.quiet {
            complain(format_args!(
                "note: no exporter could be asked on this host: this is a new evaluation, {with}"
            ));
        }
    }
    daemon::require_host(&options.rootfs, options.procfs.as_deref())?;
    let settings = daemon::load_settings(options.config_file.clone()).await?;
    let verdict =
        check::check(settings, cycle_options(&options), view).await.context("printing the diagnosis")?;
    Ok(verdict.code())
}

fn cycle_options(options: &Options) -> CycleOptions {
    CycleOptions {
        rootfs: options.rootfs.clone(),
        procfs: options.procfs.clone(),
        probe_interval: options.probe_interval,
        probe_timeout: options.probe_timeout,
    }
}

/// Which events are logged, and in which format; `quiet` leaves only warnings and errors, as a diagnosis needs no log.
fn log_settings(options: &Options, quiet: bool) -> (LevelFilter, log::Format) {
    let level = match options.log_level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info if quiet => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let format = match options.log_format {
        LogFormat::Logfmt => log::Format::Logfmt,
        LogFormat::Json => log::Format::Json,
    };
    (level, format)
}

/// Success, unless the reader of standard output has gone away.
fn printed(outcome: io::Result<()>) -> ExitCode {
    outcome.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn complain(message: std::fmt::Arguments<'_>) {
    log::print(format_args!("{message}\n"));
}
