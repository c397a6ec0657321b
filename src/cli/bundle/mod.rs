//! `check --bundle`: everything that support needs, in one file that the user reviews before sending it.
//!
//! It contains the results of a new evaluation, those of the running exporter, and the files of agents and
//! exporter without their secrets. Only values of keys that are known to hold no secret are shown; all others
//! are withheld.

mod archive;
mod surroundings;

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context as _;

use self::{
    archive::{Destination, Members},
    surroundings::{Running, environment, own_file, versions},
};
use super::{Format, Options, View, check as plain, service};
use crate::{
    config,
    daemon::{self, Cycle, CycleOptions},
    model::{Language, Text, snapshot::Copied, time::rfc3339},
    publish::{Published, Verdict, json, text},
};

const DIAGNOSIS: Text =
    Text { en: "the diagnosis, as check prints it", zh: "诊断结果，与 `check` 的输出相同" };
const REPORT: Text = Text {
    en: "the report: evidence, addresses, endpoints with phases, clock, transitions",
    zh: "报告：依据、地址、各探测目标的分阶段耗时、时钟、状态变化",
};
const METRICS: Text = Text { en: "the metrics", zh: "指标" };
const CONFIG: Text = Text {
    en: "the exporter's config: keys, and values that hold no secret",
    zh: "导出器的配置：键，以及不含密钥的值",
};
const WEB_CONFIG: Text =
    Text { en: "the exporter's web config, likewise", zh: "导出器的 Web 配置，同上" };
const ENVIRONMENT: Text = Text {
    en: "how the exporter was started: flags, and the names of its variables",
    zh: "导出器的启动方式：参数，以及环境变量的名称",
};
const VERSIONS: Text =
    Text { en: "versions of exporter, system and agents", zh: "导出器、系统和客户端的版本" };
const AGENT_FILE: Text = Text {
    en: "of an agent: keys, and values that hold no secret",
    zh: "客户端的文件：键，以及不含密钥的值",
};
const LISTED: Text = Text {
    en: "The bundle {file} holds these files. Look through them before you send it: {command}",
    zh: "诊断包 {file} 包含以下文件。发送之前请逐一查看：{command}",
};

/// Written below a config that the exporter refuses.
const REFUSED: &str = "(the exporter refuses this file; logagent-exporter config check FILE says why)\n";

/// Evaluates, prints the diagnosis, and writes the bundle. The exit code is that of the diagnosis.
///
/// # Errors
/// If the file exists or cannot be written, or if the host cannot be observed.
pub async fn check(
    options: Options,
    (view, local): (&View, bool),
    file: &Path,
    socket: &Path,
    cycle_options: fn(&Options) -> CycleOptions,
) -> anyhow::Result<u8> {
    let shown = file.display();
    let mut destination = Destination::open(file).with_context(|| format!("creating the bundle {shown}"))?;
    let running = if local { None } else { Running::ask(socket, view).await? };
    let options = match &running {
        Some(running) => running.options.clone().unwrap_or(options),
        None if local => options,
        None => Options { config_file: service::config_file(Path::new("/")), ..options },
    };
    daemon::require_host(&options.rootfs, options.procfs.as_deref())?;
    let (settings, refused) = match daemon::load_settings(options.config_file.clone()).await {
        Ok(settings) => (settings, false),
        // Support may need to see a config that the exporter rejects. The error message may quote its contents.
        Err(_) => (config::Settings::default(), true),
    };
    let mut cycle = Cycle::new(settings.clone(), cycle_options(&options));
    // From here on log lines are kept.
    let _none_yet = cycle.copies();
    let mut report = cycle.once(|_| {}).await;
    if let Some(name) = &view.agent {
        plain::only(&mut report, name)?;
    }
    let own = plain::rendered(&report, view)?;
    let verdict = running.as_ref().map_or_else(|| Verdict::of(&report).code(), |running| running.verdict);
    if !destination.is_standard() {
        plain::print(running.as_ref().map_or(own.as_str(), |running| &running.said), view)?;
    }
    let directory = format!("logagent-bundle-{}", report.host);
    let taken_at = report.taken_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();

    let mut members = Members::default();
    members.add("versions.txt", VERSIONS, versions(&report, &options.rootfs));
    let mut diagnosis = String::new();
    text::diagnosis(
        &report,
        text::Style {
            verbose: true,
            source: Some(text::Source::NewEvaluation),
            ..text::Style::plain(view.language)
        },
        &mut diagnosis,
    )
    .map_err(io::Error::other)?;
    members.add("now/diagnosis.txt", DIAGNOSIS, diagnosis);
    members.add("now/report.json", REPORT, format!("{:#}\n", json::document(&report, Language::English)));
    if let Some(running) = &running {
        members.add("running/diagnosis.txt", DIAGNOSIS, running.diagnosis.clone());
        members.add("running/report.json", REPORT, running.report.clone());
        members.add("running/metrics.txt", METRICS, running.metrics.clone());
    }
    let started = running.as_ref().map(|running| &running.started);
    members.add("exporter/environment.txt", ENVIRONMENT, environment(started));
    if let Some(path) = &options.config_file {
        let refused = if refused { REFUSED } else { "" };
        members.add("exporter/config.txt", CONFIG, own_file(path) + refused);
    }
    if let Some(path) = &options.web_config {
        members.add("exporter/web-config.txt", WEB_CONFIG, own_file(path));
    }
    let wanted = |copied: &&Copied| view.agent.as_ref().is_none_or(|name| *name == copied.agent);
    for Copied { agent, path, text } in cycle.copies().iter().filter(wanted) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        members.add(
            &format!("agents/{agent}/{name}.txt"),
            AGENT_FILE,
            format!("{}\n{text}", crate::model::text::visible(&path.display().to_string())),
        );
    }
    let published = Published::new(Arc::new(report), None, Duration::ZERO);
    members.add("now/metrics.txt", METRICS, String::from_utf8_lossy(&published.text(false)).into_owned());
    let endpoints = settings.agents.iter().flat_map(|agent| &agent.endpoints);
    let origins: Vec<_> = endpoints.map(|endpoint| endpoint.url.as_str()).collect();
    members.withhold_paths(&origins);
    destination
        .write(&members, &format!("{directory}-{}", rfc3339(published.report().taken_at)), taken_at)
        .with_context(|| format!("writing the bundle {shown}"))?;
    if !view.quiet {
        tell(&members, file, view.language);
    }
    Ok(verdict)
}

/// Lists the contents of the bundle on standard error.
fn tell(members: &Members, file: &Path, language: Language) {
    let file = if file == Path::new("-") { PathBuf::from("FILE") } else { file.to_owned() };
    let word = crate::model::text::shell_word(&file.display().to_string());
    let command = format!("tar -xzOf {word} | less");
    let values = |name: &str| match name {
        "file" => Some(word.as_str()),
        "command" => Some(command.as_str()),
        _ => None,
    };
    let mut out = LISTED.fill(language, values);
    out.push('\n');
    for member in members.all() {
        let (size, what) = (member.text.len(), member.what.in_language(language));
        let _infallible = writeln!(out, "{size:>9}  {:<44} {what}", member.name);
    }
    daemon::log::print(format_args!("{out}"));
}

/// The view in which the running exporter is asked for all that it knows.
fn whole(view: &View, format: Format) -> View {
    View { format, verbose: true, color: super::Color::Never, quiet: false, bundle: None, ..view.clone() }
}
