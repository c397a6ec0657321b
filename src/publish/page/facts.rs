//! The observations: endpoints with their phases, addresses, processes, files, the clock, and transitions.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use super::{
    MOST_FACTS, Page,
    markup::{Escaped, Marked},
};
use crate::{
    model::{
        Text,
        phrase::{label, phrase},
        report::AgentReport,
        snapshot::{EndpointFact, Probe},
    },
    publish::words::{self, Mark},
};

const ENDPOINTS: Text = Text { en: "Endpoints", zh: "服务地址" };
const URL: Text = Text { en: "URL", zh: "地址" };
const ANSWER: Text = Text { en: "Answer", zh: "应答" };
/// The phases of a probe, in the order of [`words::phases`].
const PHASES: [Text; 4] = [
    Text { en: "Resolve", zh: "解析" },
    Text { en: "Connect", zh: "连接" },
    Text { en: "TLS", zh: "TLS" },
    Text { en: "Processing", zh: "处理" },
];
const ADDRESSES: Text = Text { en: "Addresses", zh: "地址" };
const CHOICE: Text = Text {
    en: "The agent reports the first of these that exists: {order}.",
    zh: "客户端上报以下来源中第一个存在的地址：{order}。",
};
const SAME: Text = Text { en: "the reported one", zh: "与上报的相同" };
const PROCESSES: Text = Text { en: "Processes", zh: "进程" };
const LIVE: Text =
    Text { en: "{live} of {expected} expected", zh: "预期 {expected} 个，实际 {live} 个" };
const FILES: Text = Text { en: "Files", zh: "文件" };
const CHANGED: Text = Text { en: "changed", zh: "修改于" };
const CHANGES: Text = Text { en: "Last changes", zh: "最近变化" };
const CLOCK: Text = Text { en: "Clock", zh: "系统时间" };

/// Address sources that are only compared with the reported address, never chosen.
const COMPARED: [&str; 3] = ["reported", "expected", "group_ip"];

impl Page<'_> {
    pub(super) fn endpoints(&mut self, agent: &AgentReport) -> fmt::Result {
        if agent.endpoints.is_empty() {
            return Ok(());
        }
        write!(
            self.out,
            "<h3>{}</h3>\n<div class=\"card\"><table class=\"endpoints\"><thead><tr><td></td><th scope=\"col\">{}</th><th scope=\"col\">{}</th>",
            self.say(ENDPOINTS),
            self.say(URL),
            self.say(ANSWER),
        )?;
        for phase in PHASES {
            write!(self.out, "<th scope=\"col\" class=\"number\">{}</th>", self.say(phase))?;
        }
        self.out.write_str("</tr></thead><tbody>\n")?;
        for fact in agent.endpoints.iter().take(MOST_FACTS) {
            self.endpoint(fact)?;
        }
        self.out.write_str("</tbody></table></div>\n")
    }

    fn endpoint(&mut self, fact: &EndpointFact) -> fmt::Result {
        let probe = fact.probe.known();
        let (mark, answer) = match fact.probe.as_result() {
            Ok(Probe { outcome: Ok(()), status_code, .. }) => {
                (Mark::Good, status_code.map_or(Cow::Borrowed("✓"), |code| format!("HTTP {code}").into()))
            }
            Ok(Probe { outcome: Err(failure), .. }) => (Mark::Bad, phrase(&failure.detail, self.language)),
            Err(why) => (Mark::Unknown, phrase(&why.detail, self.language)),
        };
        let proxy = probe.and_then(|probe| probe.proxy.as_ref());
        let proxy = proxy.map(|(proxy, from)| format!(" ({from}={proxy})")).unwrap_or_default();
        write!(
            self.out,
            "<tr><td class=\"mark\">{}</td><th scope=\"row\"><code>{}</code> <span class=\"purpose\">{}</span></th><td class=\"answer\">{}{}</td>",
            Marked(mark, self.language),
            Escaped(&words::printable(&fact.endpoint.url)),
            fact.endpoint.purpose.as_str(),
            Escaped(&words::printable(&answer)),
            Escaped(&words::printable(&proxy)),
        )?;
        let phases = words::phases(&probe.map(|probe| probe.phases).unwrap_or_default());
        for ((_, took), name) in phases.into_iter().zip(PHASES) {
            let (name, took) = (self.say(name), took.map_or_else(|| "–".to_owned(), words::milliseconds));
            write!(self.out, "<td class=\"number\" data-phase=\"{name}\">{took}</td>")?;
        }
        self.out.write_str("</tr>\n")
    }

    /// Addresses by source, and how the reported one was chosen.
    pub(super) fn addresses(&mut self, agent: &AgentReport) -> fmt::Result {
        if agent.ips.is_empty() {
            return Ok(());
        }
        self.card(ADDRESSES)?;
        let reported = agent.ips.iter().find(|(source, _)| *source == "reported").map(|(_, ip)| ip);
        for (source, ip) in agent.ips.iter().take(MOST_FACTS) {
            let same = Some(ip) == reported && *source != "reported";
            let same = if same {
                format!(" <span class=\"note\">= {}</span>", self.say(SAME))
            } else {
                String::new()
            };
            let ip = words::printable(ip);
            writeln!(
                self.out,
                "<tr><th scope=\"row\">{}</th><td><code>{}</code>{same}</td></tr>",
                label(source, self.language),
                Escaped(&ip)
            )?;
        }
        self.out.write_str("</tbody></table>\n")?;
        let mut order: Vec<&str> = agent.ips.iter().map(|(source, _)| *source).collect();
        order.retain(|source| !COMPARED.contains(source));
        order.dedup();
        if reported.is_some() && !order.is_empty() {
            let order = order
                .iter()
                .take(MOST_FACTS)
                .map(|source| label(source, self.language))
                .collect::<Vec<_>>()
                .join(" → ");
            let line = CHOICE.fill(self.language, |name| (name == "order").then_some(order.as_str()));
            writeln!(self.out, "<p class=\"note\">{}</p>", Escaped(&line))?;
        }
        self.out.write_str("</div>\n")
    }

    pub(super) fn processes(&mut self, agent: &AgentReport) -> fmt::Result {
        if agent.roles.is_empty() {
            return Ok(());
        }
        self.card(PROCESSES)?;
        for role in agent.roles.iter().take(MOST_FACTS) {
            let or_unknown =
                |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
            let (live, expected) = (or_unknown(role.live), or_unknown(role.expected));
            let text = LIVE.fill(self.language, |name| match name {
                "live" => Some(&live),
                "expected" => Some(&expected),
                _ => None,
            });
            let since =
                role.newest_start.map(|at| format!(" · {} {}", self.say(words::SINCE), self.since(at)));
            let role = words::printable(role.role.as_str());
            writeln!(
                self.out,
                "<tr><th scope=\"row\">{}</th><td>{text}{}</td></tr>",
                Escaped(&role),
                since.unwrap_or_default()
            )?;
        }
        self.out.write_str("</tbody></table></div>\n")
    }

    pub(super) fn files(&mut self, index: usize, agent: &AgentReport) -> fmt::Result {
        if agent.files.is_empty() {
            return Ok(());
        }
        self.folded(&format!("files-{index}"), FILES)?;
        self.out.write_str("<table><tbody>\n")?;
        for (file, modified) in agent.files.iter().take(MOST_FACTS) {
            let file = words::printable(file);
            let (changed, since) = (self.say(CHANGED), self.since(*modified));
            writeln!(
                self.out,
                "<tr><th scope=\"row\">{}</th><td>{changed} {since}</td></tr>",
                Escaped(&file)
            )?;
        }
        self.out.write_str("</tbody></table></details>\n")
    }

    pub(super) fn transitions(&mut self, index: usize, agent: &AgentReport) -> fmt::Result {
        if agent.transitions.recent.is_empty() {
            return Ok(());
        }
        self.folded(&format!("changes-{index}"), CHANGES)?;
        self.out.write_str("<ul class=\"changes\">\n")?;
        for change in agent.transitions.recent.iter().rev().take(MOST_FACTS) {
            let (to, since) = (self.say(words::transition(change.to)), self.since(change.at));
            writeln!(
                self.out,
                "<li><span class=\"chip\">{}</span> {to} <span class=\"note\">{since}</span></li>",
                Escaped(change.cause.id)
            )?;
        }
        self.out.write_str("</ul></details>\n")
    }

    pub(super) fn clock(&mut self) -> fmt::Result {
        let line = words::clock(&self.report.clock, self.language);
        let heading = self.say(CLOCK);
        writeln!(
            self.out,
            "<section class=\"card\"><h3>{heading}</h3><p class=\"note\">{}</p></section>",
            Escaped(&line)
        )
    }

    fn card(&mut self, heading: Text) -> fmt::Result {
        writeln!(self.out, "<div class=\"card\"><h3>{}</h3><table><tbody>", self.say(heading))
    }

    fn folded(&mut self, key: &str, heading: Text) -> fmt::Result {
        let heading = self.say(heading);
        writeln!(
            self.out,
            "<details class=\"card\" data-key=\"{key}\"><summary data-focus=\"{key}\">{heading}</summary>"
        )
    }
}
