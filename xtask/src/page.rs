//! A cause's runbook as Markdown, in one language.

use std::fmt::Write as _;

use logagent_exporter::{
    catalog::{
        alert::{alert_name, keep_firing, runbook_file},
        remedy::{self, Reader},
    },
    model::{
        Cause, Language, Severity, Text,
        phrase::{label, phrase},
        text,
    },
    publish::words,
};

use crate::{document::escaped, legend::legend, rules::duration, runbook::runbook};

struct Words {
    about: &'static str,
    meaning: &'static str,
    impact: &'static str,
    diagnosis: &'static str,
    on_host: &'static str,
    closer: &'static str,
    fix: &'static str,
    on_windows: &'static str,
    names: &'static str,
    verification: &'static str,
    verified: &'static str,
    source: &'static str,
    check: &'static str,
    since: &'static str,
}

const ENGLISH: Words = Words {
    about: "Alert {alert}, severity {severity}, prerequisite {prerequisite}. Sent after {patience}; ends {keep} after the cause.",
    meaning: "Meaning",
    impact: "Impact",
    diagnosis: "Diagnosis",
    on_host: "On the host (or on the exporter's page, `http://HOST:10077/`):",
    closer: "To see it without the exporter:",
    fix: "Fix",
    on_windows: "On Windows, in PowerShell as an administrator:",
    names: "`logagent-exporter check` on the host fills in the values in angle brackets:",
    verification: "Verification",
    verified: "The diagnosis and, after the next scrape, the metrics no longer contain the cause (nothing is printed):",
    source: "Source",
    check: "logagent-exporter check",
    since: "since",
};

const CHINESE: Words = Words {
    about: "告警 {alert}，级别 {severity}，前提条件 {prerequisite}。持续 {patience} 后发送，原因消除 {keep} 后恢复。",
    meaning: "含义",
    impact: "影响",
    diagnosis: "诊断",
    on_host: "在主机上执行（或打开 exporter 的页面 `http://主机:10077/`）：",
    closer: "不使用 exporter 时的查看方法：",
    fix: "处理方法",
    on_windows: "在 Windows 上，以管理员身份在 PowerShell 中执行：",
    names: "在主机上执行 `logagent-exporter check`，可得到尖括号中的实际值：",
    verification: "验证",
    verified: "诊断结果中不再有该原因；下一次抓取后，指标中也不再有（没有输出）：",
    source: "依据",
    check: "logagent-exporter check --lang=zh",
    since: "始于",
};

/// The runbook. Sections are those of the `prometheus-operator` runbooks, and where the rule comes from.
pub(crate) fn page(cause: &'static Cause, language: Language) -> String {
    let (words, twin, other) = match language {
        Language::English => (&ENGLISH, "中文", Language::Chinese),
        Language::Chinese => (&CHINESE, "English", Language::English),
    };
    let told = |text: Text| escaped(text.in_language(language)).into_owned();
    let about = words
        .about
        .replace("{alert}", &format!("`{}`", alert_name(cause)))
        .replace("{severity}", &format!("`{}`", cause.severity.as_str()))
        .replace("{prerequisite}", &format!("`{}`", cause.prerequisite.as_str()))
        .replace("{patience}", &duration(cause.patience))
        .replace("{keep}", &duration(keep_firing(cause)));
    let mut out = String::from("<!-- Rendered from src/catalog. Edit there, then: make bless -->\n\n");
    let _infallible = write!(
        out,
        "# {id}\n\n**{summary}**\n\n{about}{gap}[{twin}]({file})\n\n## {}\n\n{}\n\n## {}\n\n{}\n\n## {}\n\n",
        words.meaning,
        told(cause.meaning),
        words.impact,
        told(runbook(cause).impact),
        words.diagnosis,
        id = cause.id,
        summary = told(cause.summary),
        gap = Text { en: " ", zh: "" }.in_language(language),
        file = runbook_file(cause, other),
    );
    let _infallible = write!(
        out,
        "{}\n\n```console\n$ {}\n{}```\n\n{}\n\n```console\n{}\n```\n\n{}\n\n",
        words.on_host,
        words.check,
        diagnosis(cause, language, words.since),
        words.closer,
        runbook(cause).session.trim_end(),
        told(runbook(cause).reading),
    );
    let remedy = remedy::readable(cause, language, Reader::Runbook);
    let _infallible = write!(out, "## {}\n\n{}\n\n", words.fix, escaped(&remedy));
    if let Some(windows) = remedy::for_windows(cause, language, Reader::Runbook) {
        let _infallible = write!(out, "{}\n\n{}\n\n", words.on_windows, escaped(&windows));
    }
    let names = legend(cause, language);
    let colon = Text { en: ": ", zh: "：" }.in_language(language);
    if !names.is_empty() {
        let _infallible = writeln!(out, "{}\n", words.names);
        for (name, meaning) in names {
            let _infallible = writeln!(out, "- `<{name}>`{colon}{}", escaped(&meaning));
        }
        out.push('\n');
    }
    let _infallible = write!(
        out,
        "## {}\n\n{}\n\n```console\n$ curl -s http://localhost:10077/metrics | grep 'cause=\"{}\"'\n```\n\n## {}\n\n{}\n",
        words.verification,
        words.verified,
        cause.id,
        words.source,
        escaped(&phrase(cause.source, language)),
    );
    out
}

/// The cause as `check` prints it, with the values of the sample.
fn diagnosis(cause: &Cause, language: Language, since: &str) -> String {
    let sample = |name: &str| {
        runbook(cause).sample.iter().find(|(known, _)| *known == name).map_or("logtail", |(_, value)| value)
    };
    let (mark, severity) = match (cause.severity, language) {
        (Severity::Critical, Language::English) => ('✗', "critical"),
        (Severity::Critical, Language::Chinese) => ('✗', "严重"),
        (Severity::Warning, Language::English) => ('!', "warning"),
        (Severity::Warning, Language::Chinese) => ('!', "警告"),
    };
    let title = text::fill(cause.title.in_language(language), |name| {
        Some(phrase(sample(name), language).into_owned())
    });
    let mut out =
        format!("      {mark} {title}\n        {} · {severity} · {} 2026-07-01T08:00:00Z\n", cause.id, since);
    let labels = || cause.evidence.iter().map(|name| label(name, language));
    let width = labels().map(words::width).max().unwrap_or_default();
    for (name, label) in cause.evidence.iter().zip(labels()) {
        let padding = words::padding(label, width);
        let _infallible = writeln!(out, "        {label}{padding}  {}", phrase(sample(name), language));
    }
    out
}
