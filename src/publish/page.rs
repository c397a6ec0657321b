//! `/`: a plain page that links everything and lists each agent's findings. No script, no resource of another origin.

use std::fmt::{self, Write as _};

use super::words::{self, Mark};
use crate::model::{
    Language, Text,
    report::{AgentReport, PrerequisiteReport, Problem, Report},
    time::{rfc3339, rfc3339_millis},
};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
nav a{margin-right:1rem}\
table{border-collapse:collapse}\
th,td{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:.2rem solid;padding-left:.8rem}\
article{margin:1rem 0 1rem 1rem}\
.good{color:light-dark(#116329,#57d364)}.bad{color:light-dark(#b3161d,#ff8e88)}\
.warned{color:light-dark(#7a4b00,#e3b341)}.unknown{color:light-dark(#6b3fb0,#c9a5ff)}";

const TITLE: Text = Text { en: "Heartbeat of log-collection agents", zh: "日志采集 Agent 心跳诊断" };
const METRICS: Text = Text { en: "Metrics", zh: "指标" };
const JSON: Text = Text { en: "Report (JSON)", zh: "报告（JSON）" };
const HEALTHY: Text = Text { en: "Healthy", zh: "存活检查" };
const READY: Text = Text { en: "Ready", zh: "就绪检查" };
const TAKEN: Text = Text { en: "As of", zh: "截至" };

/// The page in one language.
pub fn render(report: &Report, language: Language, telemetry_path: &str) -> String {
    let mut out = String::with_capacity(8 * 1024);
    let _infallible = page(&mut out, report, language, telemetry_path);
    out
}

fn page(out: &mut String, report: &Report, language: Language, telemetry_path: &str) -> fmt::Result {
    let (tag, query, other, other_tag, other_query) = match language {
        Language::English => ("en", "", "中文", "zh-CN", "?lang=zh"),
        Language::Chinese => ("zh-CN", "?lang=zh", "English", "en", "?lang=en"),
    };
    let say = |text: Text| text.in_language(language);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p>{name} {version} · {taken} <time datetime=\"{machine}\">{people}</time></p>\n</header>\n\
         <nav>\n<a href=\"{metrics_path}\">{metrics}</a>\n<a href=\"/api/v1/report{query}\">{json}</a>\n\
         <a href=\"/-/healthy\">{healthy}</a>\n<a href=\"/-/ready\">{ready}</a>\n\
         <a href=\"/{other_query}\" hreflang=\"{other_tag}\" lang=\"{other_tag}\">{other}</a>\n</nav>\n<main>\n",
        name = words::NAME,
        title = say(TITLE),
        version = words::VERSION,
        taken = say(TAKEN),
        machine = rfc3339_millis(report.taken_at),
        people = rfc3339(report.taken_at),
        metrics_path = Escaped(telemetry_path),
        metrics = say(METRICS),
        json = say(JSON),
        healthy = say(HEALTHY),
        ready = say(READY),
    )?;
    if !report.complete {
        writeln!(out, "<p>{}</p>", say(words::NOT_YET))?;
    }
    if report.agents.is_empty() {
        writeln!(out, "<p>{}</p>", say(words::NO_AGENT))?;
    }
    for each in &report.agents {
        agent(out, each, report, language)?;
    }
    clock(out, report, language)?;
    out.write_str("</main>\n</body>\n</html>\n")
}

fn agent(out: &mut String, agent: &AgentReport, report: &Report, language: Language) -> fmt::Result {
    writeln!(
        out,
        "<section>\n<h2>{} {}: {}</h2>\n<p>{}</p>\n<table>",
        Marked(Mark::of_agent(agent)),
        Escaped(&words::printable(&agent.name)),
        words::status(agent.status).in_language(language),
        Escaped(words::what_and_where(agent, language).trim()),
    )?;
    for each in &agent.prerequisites {
        prerequisite(out, each, agent, report, language)?;
    }
    out.write_str("</table>\n")?;
    for (root, consequences) in words::by_root(agent) {
        problem(out, root, &consequences, language)?;
    }
    out.write_str("</section>\n")
}

fn prerequisite(
    out: &mut String,
    prerequisite: &PrerequisiteReport,
    agent: &AgentReport,
    report: &Report,
    language: Language,
) -> fmt::Result {
    write!(
        out,
        "<tr><td>{}</td><th scope=\"row\">{}</th><td>",
        Marked(Mark::of_prerequisite(prerequisite)),
        words::prerequisite(prerequisite.id).in_language(language),
    )?;
    if prerequisite.problems.is_empty() && prerequisite.unknown.is_empty() {
        let summary = words::summary(agent, prerequisite.id, &report.clock, language);
        write!(out, "{}", Escaped(&summary))?;
    } else {
        let mut separator = "";
        for problem in &prerequisite.problems {
            write!(out, "{separator}<code>{}</code>", Escaped(problem.cause.id))?;
            separator = "<br>";
        }
        for why in &prerequisite.unknown {
            write!(out, "{separator}{}", Escaped(&words::printable(&why.to_string())))?;
            separator = "<br>";
        }
    }
    out.write_str("</td></tr>\n")
}

fn problem(
    out: &mut String,
    problem: &Problem,
    consequences: &[&Problem],
    language: Language,
) -> fmt::Result {
    let say = |text: Text| text.in_language(language);
    let title = words::lines(&problem.title(language)).collect::<Vec<_>>().join(" ");
    writeln!(
        out,
        "<article>\n<h3>{} {}</h3>\n<p><code>{}</code> · {} · {} <time datetime=\"{}\">{}</time>{}{}</p>",
        Marked(Mark::of_severity(problem.severity)),
        Escaped(&title),
        Escaped(problem.cause.id),
        say(words::severity(problem.severity)),
        say(words::SINCE),
        rfc3339_millis(problem.since),
        rfc3339(problem.since),
        if problem.carried { " · " } else { "" },
        if problem.carried { say(words::CARRIED) } else { "" },
    )?;
    if !problem.evidence.is_empty() {
        out.write_str("<table>\n")?;
        for evidence in &problem.evidence {
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td>{}</td></tr>",
                Escaped(evidence.name),
                Escaped(&words::printable(&evidence.value)),
                Escaped(&words::printable(&evidence.from)),
            )?;
        }
        out.write_str("</table>\n")?;
    }
    let remedy = words::lines(&problem.remedy(language)).collect::<Vec<_>>().join("\n");
    writeln!(out, "<p>{}</p>\n<pre>{}</pre>", say(words::FIX), Escaped(&remedy))?;
    if !consequences.is_empty() {
        writeln!(out, "<p>{}</p>\n<ul>", say(words::ALSO))?;
        for consequence in consequences {
            let title = words::lines(&consequence.title(language)).collect::<Vec<_>>().join(" ");
            writeln!(out, "<li>{} <code>{}</code></li>", Escaped(&title), Escaped(consequence.cause.id))?;
        }
        out.write_str("</ul>\n")?;
    }
    out.write_str("</article>\n")
}

fn clock(out: &mut String, report: &Report, language: Language) -> fmt::Result {
    writeln!(
        out,
        "<p>{} {}</p>",
        words::CLOCK.in_language(language),
        Escaped(&words::clock(&report.clock, language))
    )
}

/// Text that cannot leave its element or attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

struct Marked(Mark);

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.0 {
            Mark::Good => "good",
            Mark::Warned => "warned",
            Mark::Bad => "bad",
            Mark::Unknown => "unknown",
        };
        write!(f, "<span class=\"{class}\">{}</span>", self.0.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn pages_in_both_languages() {
        for (name, language) in [("page_en", Language::English), ("page_zh", Language::Chinese)] {
            let page = render(&sample::failing(), language, "/metrics");
            insta::assert_snapshot!(name, page.replace(words::VERSION, "0.0.0"));
        }
    }

    /// Tags in order, closed ones checked off; void elements apart.
    fn assert_well_formed(page: &str) {
        let mut open = Vec::new();
        for part in page.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("an open tag: {part}"));
            assert!(!text.contains('>'), "a bare > after {tag}");
            let name = tag.split_whitespace().next().expect("a name");
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "closed out of order");
            } else if !["!DOCTYPE", "meta", "br"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?} stay open");
    }

    #[test]
    fn nothing_foreign_becomes_markup() {
        for language in [Language::English, Language::Chinese] {
            for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile()] {
                let page = render(&report, language, "/met\"rics");
                assert_well_formed(&page);
                assert!(!page.contains("<script") && page.contains("href=\"/met&quot;rics\""));
                assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
            }
        }
        assert!(
            render(&sample::hostile(), Language::English, "/").contains("&lt;script&gt;alert(&#39;x&#39;)")
        );
    }

    #[test]
    fn no_agent_and_no_evaluation_are_said() {
        let report = Report { agents: Vec::new(), complete: false, ..sample::healthy() };
        let page = render(&report, Language::English, "/metrics");
        assert!(page.contains(words::NO_AGENT.en) && page.contains(words::NOT_YET.en), "{page}");
        assert_well_formed(&page);
    }
}
