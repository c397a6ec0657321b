//! Several agents: one line with how many are not healthy, and a link to each.

use std::fmt::{self, Write as _};

use super::{
    Page,
    markup::{Escaped, Marked, class},
};
use crate::{
    model::Text,
    publish::words::{self, Mark},
};

const ALL_GOOD: Text = Text { en: "all {all} agents ok", zh: "{all} 个客户端全部正常" };
const SOME_BAD: Text =
    Text { en: "{number} of {all} agents failing", zh: "{all} 个客户端中 {number} 个异常" };
const SOME_UNKNOWN: Text =
    Text { en: "{number} of {all} agents unknown", zh: "{all} 个客户端中 {number} 个状态未知" };
const SOME_WARNED: Text =
    Text { en: "{number} of {all} agents with warnings", zh: "{all} 个客户端中 {number} 个有警告" };

impl Page<'_> {
    /// Empty for a single agent, which has its own verdict.
    pub(super) fn overview(&mut self) -> fmt::Result {
        let report = self.report;
        if report.agents.len() < 2 {
            return Ok(());
        }
        let mark = self.mark();
        let text = match mark {
            Mark::Good => ALL_GOOD,
            Mark::Bad => SOME_BAD,
            Mark::Unknown => SOME_UNKNOWN,
            Mark::Warned => SOME_WARNED,
        };
        let number = report.agents.iter().filter(|agent| Mark::of_agent(agent) == mark).count().to_string();
        let all = report.agents.len().to_string();
        let line = text.fill(self.language, |name| match name {
            "number" => Some(&number),
            "all" => Some(&all),
            _ => None,
        });
        writeln!(
            self.out,
            "<section class=\"overview\" aria-labelledby=\"overview\"><div class=\"verdict {}\"><span class=\"mark\" aria-hidden=\"true\">{}</span>\
             <div class=\"said\"><h2 id=\"overview\">{line}</h2></div></div>\n<ul class=\"tiles\">",
            class(mark),
            mark.symbol(),
        )?;
        for (index, agent) in self.worst_first() {
            let mark = Mark::of_agent(agent);
            writeln!(
                self.out,
                "<li><a class=\"tile {}\" href=\"#agent-{index}\" data-focus=\"tile-{index}\">{}<span>{}</span></a></li>",
                class(mark),
                Marked(mark, self.language),
                Escaped(&words::printable(&agent.name)),
            )?;
        }
        self.out.write_str("</ul></section>\n")
    }
}
