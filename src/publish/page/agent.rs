//! One agent: the verdict in one line, its findings, a row for every prerequisite.

use std::fmt::{self, Write as _};

use super::{
    MOST_FINDINGS, Page,
    markup::{Escaped, Marked, class},
};
use crate::{
    model::{
        Prerequisite, Status, Text, Why,
        phrase::phrase,
        report::{AgentReport, PrerequisiteReport},
    },
    publish::{
        folded::folded,
        words::{self, Mark},
    },
};

const HOLDS: Text =
    Text { en: "every prerequisite of the heartbeat is met", zh: "心跳的各项前提条件均满足" };
const PREREQUISITES: Text = Text { en: "Prerequisites", zh: "前提条件" };
const UNREAD: Text = Text { en: "Could not be read", zh: "无法读取的内容" };

impl Page<'_> {
    pub(super) fn agent(&mut self, index: usize, agent: &AgentReport) -> fmt::Result {
        // If there are several, healthy ones stay collapsed, so that problems are easy to find.
        let is_folded = self.report.agents.len() > 1 && Mark::of_agent(agent) == Mark::Good;
        writeln!(self.out, "<section class=\"agent\" aria-labelledby=\"agent-{index}\">")?;
        if is_folded {
            writeln!(self.out, "<details data-key=\"agent-{index}\"><summary data-focus=\"agent-{index}\">")?;
        }
        self.verdict(index, agent)?;
        if is_folded {
            self.out.write_str("</summary>\n")?;
        }
        for finding in folded(agent, false).iter().take(MOST_FINDINGS) {
            self.finding(index, finding)?;
        }
        self.unread(agent)?;
        self.prerequisites(agent)?;
        self.endpoints(agent)?;
        self.out.write_str("<div class=\"grid\">\n")?;
        self.addresses(agent)?;
        self.processes(agent)?;
        self.files(index, agent)?;
        self.transitions(index, agent)?;
        self.out.write_str(if is_folded { "</div>\n</details></section>\n" } else { "</div>\n</section>\n" })
    }

    fn verdict(&mut self, index: usize, agent: &AgentReport) -> fmt::Result {
        let mark = Mark::of_agent(agent);
        let counts = words::counts(agent, self.language);
        let why = match (agent.status, counts.is_empty()) {
            (_, false) => counts,
            (Status::Ok, true) => self.say(HOLDS).to_owned(),
            (Status::Failing | Status::Unknown, true) => String::new(),
        };
        let what = words::what_and_where(agent, self.language);
        let dot = if why.is_empty() { "" } else { " · " };
        writeln!(
            self.out,
            "<div class=\"verdict {}{}\"><span class=\"mark\" aria-hidden=\"true\">{}</span><div class=\"said\">\
             <h2 id=\"agent-{index}\">{}{}{}</h2><p>{why}{dot}{}</p></div></div>",
            class(mark),
            if self.report.agents.len() > 1 { " one" } else { "" },
            mark.symbol(),
            Escaped(&words::printable(&agent.name)),
            self.say(words::COLON),
            self.say(words::status(agent.status)),
            Escaped(what.trim_start_matches([' ', '—'])),
        )
    }

    fn prerequisites(&mut self, agent: &AgentReport) -> fmt::Result {
        writeln!(
            self.out,
            "<h3>{}</h3>\n<div class=\"card\"><table class=\"rows\"><tbody>",
            self.say(PREREQUISITES)
        )?;
        for id in Prerequisite::ALL {
            if let Some(prerequisite) = agent.prerequisites.iter().find(|each| each.id == id) {
                self.row(prerequisite, agent)?;
            } else if let Some((_, reason)) = agent.not_evaluated.iter().find(|(each, _)| *each == id) {
                writeln!(
                    self.out,
                    "<tr class=\"skipped\"><td class=\"mark\"><span aria-hidden=\"true\">–</span></td><th scope=\"row\">{}</th><td>{}</td></tr>",
                    self.say(words::prerequisite(id)),
                    Escaped(&words::printable(&reason.reason(self.language))),
                )?;
            }
        }
        self.out.write_str("</tbody></table></div>\n")
    }

    fn row(&mut self, prerequisite: &PrerequisiteReport, agent: &AgentReport) -> fmt::Result {
        let phrase = words::row(prerequisite, agent, &self.report.clock, self.language);
        let since = prerequisite.problems.iter().map(|problem| problem.since).min();
        let since =
            since.map(|at| format!(" · {} {}", self.say(words::SINCE), self.since(at))).unwrap_or_default();
        writeln!(
            self.out,
            "<tr><td class=\"mark\">{}</td><th scope=\"row\">{}</th><td>{}{since}</td></tr>",
            Marked(Mark::of_prerequisite(prerequisite), self.language),
            self.say(words::prerequisite(prerequisite.id)),
            Escaped(&phrase),
        )
    }

    /// Each fact that could not be read, with the privileges to grant and the prerequisites that it affects.
    fn unread(&mut self, agent: &AgentReport) -> fmt::Result {
        let mut whys: Vec<(&Why, Vec<&str>)> = Vec::new();
        for prerequisite in &agent.prerequisites {
            let heading = self.say(words::prerequisite(prerequisite.id));
            for why in &prerequisite.unknown {
                match whys.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, headings)) if headings.contains(&heading) => {}
                    Some((_, headings)) => headings.push(heading),
                    None => whys.push((why, vec![heading])),
                }
            }
        }
        if whys.is_empty() {
            return Ok(());
        }
        writeln!(
            self.out,
            "<h3>{}</h3>\n<div class=\"card\"><table class=\"rows\"><tbody>",
            self.say(UNREAD)
        )?;
        let open = self.say(words::LEAVES_OPEN);
        for (why, headings) in whys.iter().take(MOST_FINDINGS) {
            writeln!(
                self.out,
                "<tr><td class=\"mark\">{}</td><th scope=\"row\"><code>{}</code></th><td>{}<br><span class=\"note\">{open} {}</span></td></tr>",
                Marked(Mark::Unknown, self.language),
                Escaped(&words::printable(&why.fact)),
                Escaped(&words::printable(&phrase(&why.detail, self.language))),
                headings.join(" · "),
            )?;
        }
        self.out.write_str("</tbody></table></div>\n")
    }
}
