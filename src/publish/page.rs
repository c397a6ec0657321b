//! `/`: the page for the person on call. Rendered on request and complete without scripts; its script keeps
//! it up to date and copies commands. Nothing is loaded from another origin, and no text from the host becomes markup.

mod agent;
mod facts;
mod finding;
mod markup;
mod overview;

use std::{
    fmt::{self, Write as _},
    sync::OnceLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::markup::{Escaped, Marked, ago, class, for_people};
use super::words::{self, Mark};
use crate::agents::none_found;
use crate::model::{
    Language, Status, Text,
    report::{AgentReport, NotBelievedGroup, Report},
    time::rfc3339_millis,
};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The maximum number of agents on the page, and of findings and endpoints of each; the JSON report has the others.
const MOST_AGENTS: usize = 32;
const MOST_FINDINGS: usize = 40;
const MOST_FACTS: usize = 100;

const TITLE: Text = Text { en: "heartbeat of log-collection agents", zh: "日志采集客户端心跳" };
const SKIP: Text = Text { en: "Skip to the diagnosis", zh: "跳到诊断内容" };
const METRICS: Text = Text { en: "Metrics", zh: "指标" };
const JSON: Text = Text { en: "JSON", zh: "JSON" };
const HEALTHY: Text = Text { en: "Healthy", zh: "存活检查" };
const READY: Text = Text { en: "Ready", zh: "就绪检查" };
const TAKEN: Text = Text { en: "Seen", zh: "检查于" };
const RELOAD_FAILED: Text = Text {
    en: "The last reload of the config file failed: the previous config stays in effect. The exporter's log says what is wrong, and so does `logagent-exporter config check FILE`.",
    zh: "最近一次重新加载配置文件失败，仍在使用之前的配置。原因见 exporter 的日志，或执行 `logagent-exporter config check FILE`。",
};
const CUT: Text = Text {
    en: "Not everything fits on this page; the JSON report has all.",
    zh: "本页未显示全部内容，完整内容见 JSON 报告。",
};

/// The Content-Security-Policy of the page: only its own style, script and server.
pub fn content_security_policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let hash = |text: &str| STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    })
}

/// True if the page shows only a part of the report.
pub fn is_cut(report: &Report) -> bool {
    let is_large = |agent: &AgentReport| {
        let findings: usize = agent.prerequisites.iter().map(|each| each.problems.len()).sum();
        findings > MOST_FINDINGS
            || agent.endpoints.len().max(agent.ips.len()).max(agent.files.len()) > MOST_FACTS
    };
    report.agents.len() > MOST_AGENTS || report.agents.iter().any(is_large)
}

/// The page in one language.
pub fn render(report: &Report, language: Language, telemetry_path: &str) -> String {
    let mut page = Page { out: String::with_capacity(32 * 1024), report, language };
    let _infallible = page.document(telemetry_path);
    page.out
}

struct Page<'a> {
    out: String,
    report: &'a Report,
    language: Language,
}

impl<'a> Page<'a> {
    fn say(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    /// The agents that are shown, each with its index in the report, so that anchors do not depend on other agents.
    fn worst_first(&self) -> Vec<(usize, &'a AgentReport)> {
        let rank = |agent: &AgentReport| match Mark::of_agent(agent) {
            Mark::Bad => 0,
            Mark::Unknown => 1,
            Mark::Warned => 2,
            Mark::Good => 3,
        };
        let report: &'a Report = self.report;
        let mut agents: Vec<(usize, &AgentReport)> = report.agents.iter().enumerate().collect();
        agents.sort_by_key(|(_, agent)| rank(agent));
        agents.truncate(MOST_AGENTS);
        agents
    }

    /// The worst status of all agents.
    fn mark(&self) -> Mark {
        if !self.report.complete {
            return Mark::Unknown;
        }
        match self.report.status() {
            None => Mark::Unknown,
            Some(status) => {
                let warned = self.report.agents.iter().any(|agent| Mark::of_agent(agent) == Mark::Warned);
                Mark::of(status, warned)
            }
        }
    }

    fn document(&mut self, telemetry_path: &str) -> fmt::Result {
        let tag = match self.language {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        };
        let host = if self.report.host.is_empty() { words::NAME } else { &self.report.host };
        let host = words::printable(host);
        let (mark, title) = (self.mark(), self.say(TITLE));
        let phrases = markup::phrases(self.language);
        write!(
            self.out,
            "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>\n\
             <link rel=\"icon\" href=\"data:image/svg+xml,{icon}\">\n\
             <title>{symbol} {host}{colon}{title} · {name} {version}</title>\n<style>{STYLE}</style>\n</head>\n<body{phrases}>\n",
            icon = markup::icon(mark),
            symbol = mark.symbol(),
            host = Escaped(&host),
            colon = self.say(words::COLON),
            name = words::NAME,
            version = words::VERSION,
        )?;
        self.header(&host, telemetry_path)?;
        self.out.write_str("<main id=\"diagnosis\">\n")?;
        self.banners()?;
        self.overview()?;
        let report = self.report;
        for (index, agent) in self.worst_first() {
            self.agent(index, agent)?;
        }
        if report.agents.is_empty() {
            self.empty()?;
        }
        self.clock()?;
        let (name, version, revision) = (words::NAME, words::VERSION, words::REVISION);
        write!(
            self.out,
            "</main>\n<footer><p>{name} {version} ({revision})</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }

    fn header(&mut self, host: &str, telemetry_path: &str) -> fmt::Result {
        let (query, other, other_tag, other_query) = match self.language {
            Language::English => ("", "中文", "zh-CN", "?lang=zh"),
            Language::Chinese => ("?lang=zh", "English", "en", "?lang=en"),
        };
        let (skip, metrics, json) = (self.say(SKIP), self.say(METRICS), self.say(JSON));
        let (healthy, ready, taken) = (self.say(HEALTHY), self.say(READY), self.say(TAKEN));
        let at = self.report.taken_at;
        writeln!(
            self.out,
            "<header>\n<a class=\"skip\" href=\"#diagnosis\">{skip}</a>\n\
             <h1>{host}</h1>\n<p class=\"as-of\">{name} {version} · {taken} <time class=\"taken\" datetime=\"{machine}\">{people}</time> \
             <span class=\"live\" role=\"status\"></span></p>\n<nav>\n\
             <a href=\"{path}\">{metrics}</a>\n<a href=\"api/v1/report{query}\">{json}</a>\n\
             <a href=\"-/healthy\">{healthy}</a>\n<a href=\"-/ready\">{ready}</a>\n\
             <a href=\"{other_query}\" hreflang=\"{other_tag}\" lang=\"{other_tag}\" data-focus=\"language\">{other}</a>\n</nav>\n</header>",
            host = Escaped(host),
            name = words::NAME,
            version = words::VERSION,
            path = Escaped(telemetry_path),
            machine = rfc3339_millis(at),
            people = for_people(at),
        )
    }

    /// Warnings that limit how far the rest of the page can be trusted.
    fn banners(&mut self) -> fmt::Result {
        if !self.report.complete {
            self.banner(Mark::Unknown, self.say(words::NOT_YET))?;
        }
        if !self.report.exporter.reload_successful {
            self.banner(Mark::Bad, self.say(RELOAD_FAILED))?;
        }
        if is_cut(self.report) {
            self.banner(Mark::Warned, self.say(CUT))?;
        }
        if !self.report.limits.is_empty() {
            let limits = self.report.limits.iter().map(|limit| limit.as_str()).collect::<Vec<_>>().join(", ");
            let line =
                words::LIMITS.fill(self.language, |name| (name == "limits").then_some(limits.as_str()));
            self.banner(Mark::Warned, &line)?;
        }
        let report = self.report;
        for NotBelievedGroup { kind, user, executable, pids } in
            report.not_believed.groups.iter().take(MOST_FACTS)
        {
            let (executable, user) = (words::printable(executable), user.to_string());
            let pids = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let line = words::NOT_BELIEVED.fill(self.language, |name| match name {
                "kind" => Some(kind),
                "user" => Some(&user),
                "executable" => Some(&executable),
                "pids" => Some(&pids),
                _ => None,
            });
            self.banner(Mark::Warned, &line)?;
        }
        Ok(())
    }

    fn banner(&mut self, mark: Mark, text: &str) -> fmt::Result {
        let class = class(mark);
        writeln!(
            self.out,
            "<p class=\"banner {class}\">{} <span>{}</span></p>",
            Marked(mark, self.language),
            Escaped(text)
        )
    }

    fn empty(&mut self) -> fmt::Result {
        let none = none_found(self.language);
        let (what, words) = (self.say(words::status(Status::Unknown)), Escaped(&none));
        writeln!(
            self.out,
            "<section class=\"agent\"><div class=\"verdict unknown\"><span class=\"mark\" aria-hidden=\"true\">?</span>\
             <div class=\"said\"><h2>{what}</h2><p>{words}</p></div></div></section>"
        )
    }

    /// A time, and how long it was before the page was rendered.
    fn since(&self, at: std::time::SystemTime) -> String {
        let (open, close) = match self.language {
            Language::English => (" (", ")"),
            Language::Chinese => ("（", "）"),
        };
        format!(
            "<span><time data-age datetime=\"{}\">{}</time>{open}<span class=\"age\">{}</span>{close}</span>",
            rfc3339_millis(at),
            for_people(at),
            ago(self.report.taken_at, at, self.language),
        )
    }
}

#[cfg(test)]
mod tests;
