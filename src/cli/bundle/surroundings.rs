//! The exporter itself: the answers of the running one, how it was started, its files, and the system.

use std::{collections::BTreeSet, ffi::OsString, fmt::Write as _, io, path::Path};

use super::whole;
use crate::{
    cli::{Format, Options, Parsed, View, ask, check, flags},
    config,
    model::{Language, authority::without_user_info, report::Report, text::visible},
    sys::Started,
};

/// Environment variables of other programs that affect the exporter; they hold no secret except user info,
/// which is removed.
const SHOWN_VARIABLES: [&str; 16] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "INVOCATION_ID",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "NO_PROXY",
    "RUNTIME_DIRECTORY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The answers of a running exporter.
pub(super) struct Running {
    /// In the requested format.
    pub(super) said: String,
    /// The full diagnosis, for people.
    pub(super) diagnosis: String,
    /// The same as a document.
    pub(super) report: String,
    /// Its metrics.
    pub(super) metrics: String,
    /// The exit code.
    pub(super) verdict: u8,
    /// How it was started.
    pub(super) started: Result<Started, String>,
    /// The options it runs with; `None`: not known.
    pub(super) options: Option<Options>,
}

impl Running {
    /// Asks the exporter that listens at `socket`; `None` if there is none.
    ///
    /// # Errors
    /// The request that failed.
    pub(super) async fn ask(socket: &Path, view: &View) -> io::Result<Option<Self>> {
        check::first_cycle(socket, view).await;
        let Some((said, verdict)) = check::running(socket, view).await? else { return Ok(None) };
        let text = async |view: View| -> io::Result<String> {
            Ok(check::running(socket, &view).await?.map(|(text, _)| text).unwrap_or_default())
        };
        let diagnosis = text(whole(view, Format::Text)).await?;
        let report = text(View { language: Language::English, ..whole(view, Format::Json) }).await?;
        let started = ask::started(socket).await.map_err(|error| error.to_string());
        let options = started.as_ref().ok().and_then(options);
        let path = options.as_ref().map_or("/metrics", |options| options.telemetry_path.as_str());
        let metrics = match ask::local(socket, path).await {
            Ok(answer) if answer.status == 200 => answer.text,
            Ok(answer) => format!("(status {})\n", answer.status),
            Err(error) => format!("({error})\n"),
        };
        Ok(Some(Self { said, diagnosis, report, metrics, verdict, started, options }))
    }
}

/// The options that a process with these arguments and variables runs with.
fn options(started: &Started) -> Option<Options> {
    let variable = |name: &str| {
        let mut all = started.environment.iter().filter_map(|pair| pair.split_once('='));
        all.find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    };
    match flags::parse(started.arguments.iter().map(OsString::from), variable) {
        Ok(Parsed::Invocation(invocation)) => Some(invocation.options),
        Ok(Parsed::Print(_)) | Err(_) => None,
    }
}

/// How the running exporter was started, or the parts of this command's environment that affect it.
pub(super) fn environment(started: Option<&Result<Started, String>>) -> String {
    let mut out = String::new();
    let own = || Started {
        arguments: Vec::new(),
        environment: std::env::vars_os()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect(),
    };
    match started {
        Some(Ok(started)) => shown(started, &mut out),
        Some(Err(why)) => out = format!("(the running exporter's cannot be read: {why})\n"),
        None => {
            out.push_str("(no exporter was asked; these are the variables of the command that wrote this)\n");
            shown(&own(), &mut out);
        }
    }
    out
}

fn shown(started: &Started, out: &mut String) {
    // The running exporter has accepted these arguments, and no flag takes a secret.
    for argument in &started.arguments {
        let _infallible = writeln!(out, "argument {}", visible(&without_user_info(argument)));
    }
    let flags = flags::variables();
    let pairs: BTreeSet<_> = started.environment.iter().filter_map(|pair| pair.split_once('=')).collect();
    for (name, value) in pairs {
        let is_shown = SHOWN_VARIABLES.contains(&name) || flags.iter().any(|flag| flag == name);
        let value = if is_shown { visible(&without_user_info(value)) } else { "(withheld)".to_owned() };
        let _infallible = writeln!(out, "{}={value}", visible(name));
    }
}

/// One of the exporter's own files, without its secrets.
pub(super) fn own_file(path: &Path) -> String {
    let text = match config::read(path) {
        Ok(text) => config::outline(&text),
        Err(why) => format!("({why})\n"),
    };
    format!("{}\n{text}", visible(&path.display().to_string()))
}

/// The versions of everything that has one.
pub(super) fn versions(report: &Report, rootfs: &Path) -> String {
    let mut out = flags::version();
    let read = |path: &Path| config::read(path).map(|text| String::from_utf8_lossy(&text).into_owned());
    let kernel = read(Path::new("/proc/sys/kernel/osrelease")).unwrap_or_else(|why| format!("({why})"));
    let _infallible = writeln!(out, "kernel {}", visible(kernel.trim()));
    let release = read(&rootfs.join("etc/os-release")).unwrap_or_default();
    for line in release.lines().filter(|line| line.starts_with("PRETTY_NAME=")) {
        let _infallible = writeln!(out, "system {}", visible(line));
    }
    for agent in &report.agents {
        let (name, kind) = (visible(&agent.name), agent.kind);
        let _infallible = writeln!(out, "agent {name} {kind} {} {}", agent.edition, visible(&agent.version));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_environment_only_what_holds_no_secret_is_shown() {
        let pairs = [
            "LOGAGENT_EXPORTER_LOG_LEVEL=debug",
            "LOGAGENT_EXPORTER_OTHER=CANARY",
            "AccessKeySecret=CANARY",
            "http_proxy=http://joe:CANARY@proxy:3128",
            "odd\n=CANARY",
        ];
        let started = Started {
            arguments: ["logagent-exporter", "--config.file=/etc/a.yml"].map(str::to_owned).to_vec(),
            environment: pairs.map(str::to_owned).to_vec(),
        };
        let shown = environment(Some(&Ok(started.clone())));
        assert!(!shown.contains("CANARY"), "{shown}");
        for line in [
            "argument --config.file=/etc/a.yml",
            "LOGAGENT_EXPORTER_LOG_LEVEL=debug",
            "AccessKeySecret=(withheld)",
            "http_proxy=http://proxy:3128",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
        }
        let options = options(&started).unwrap();
        assert_eq!(options.config_file.as_deref(), Some(Path::new("/etc/a.yml")));
        assert!(environment(Some(&Err("denied".to_owned()))).contains("denied"));
    }
}
