//! The part that only `check -v` prints: everything that was observed about an agent.

use std::fmt;

use super::{DIM, Writer, words};
use crate::model::{
    Language, Text,
    phrase::{label, phrase},
    report::AgentReport,
    snapshot::EndpointFact,
    time::rfc3339,
};

const PROCESSES: Text = Text { en: "processes", zh: "进程" };
const ADDRESSES: Text = Text { en: "addresses", zh: "地址" };
const ENDPOINTS: Text = Text { en: "endpoints", zh: "服务地址" };
const CHANGES: Text = Text { en: "last changes", zh: "最近变化" };
const FILES: Text = Text { en: "files", zh: "文件" };

/// Width of a name; the value of a longer one goes on the next line.
const NAME: usize = 20;

impl Writer<'_> {
    /// Processes, addresses, endpoints and files.
    pub(super) fn observed(&mut self, agent: &AgentReport) -> fmt::Result {
        let or_unknown = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let roles = agent.roles.iter().map(|role| {
            let (live, expected) = (or_unknown(role.live), or_unknown(role.expected));
            let started = role
                .newest_start
                .map(|at| format!(", {} {}", words::SINCE.in_language(self.language), rfc3339(at)));
            (role.role.to_string(), format!("{live}/{expected}{}", started.unwrap_or_default()))
        });
        let roles: Vec<_> = roles.collect();
        self.table(PROCESSES, &roles)?;
        let ips = agent.ips.iter().map(|(source, ip)| (label(source, self.language).to_owned(), ip.clone()));
        let ips: Vec<_> = ips.collect();
        self.table(ADDRESSES, &ips)?;
        let endpoints =
            agent.endpoints.iter().map(|fact| (fact.endpoint.url.clone(), probed(fact, self.language)));
        let endpoints: Vec<_> = endpoints.collect();
        self.table(ENDPOINTS, &endpoints)?;
        let files = agent.files.iter().map(|(file, modified)| (file.clone(), rfc3339(*modified)));
        let files: Vec<_> = files.collect();
        self.table(FILES, &files)?;
        let changes = agent.transitions.recent.iter().rev().map(|change| {
            let to = words::transition(change.to).in_language(self.language);
            (rfc3339(change.at), format!("{} · {to}", change.cause.id))
        });
        let changes: Vec<_> = changes.collect();
        self.table(CHANGES, &changes)
    }

    fn table(&mut self, heading: Text, rows: &[(String, String)]) -> fmt::Result {
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  {}", heading.in_language(self.language))?;
        for (name, value) in rows {
            let name = words::printable(name);
            let value = words::printable(value);
            if words::width(&name) > NAME {
                write!(self.out, "    {name}\n      ")?;
                self.hanging(&value, 6, Some(DIM))?;
            } else {
                write!(self.out, "    {name}{}  ", words::padding(&name, NAME))?;
                self.hanging(&value, 4 + NAME + 2, None)?;
            }
        }
        self.out.write_char('\n')
    }
}

/// The result of a probe, and the duration of each phase.
fn probed(fact: &EndpointFact, language: Language) -> String {
    let probe = match fact.probe.as_result() {
        Ok(probe) => probe,
        Err(why) => return phrase(&why.to_string(), language).into_owned(),
    };
    let mut parts = vec![fact.endpoint.purpose.as_str().to_owned()];
    match &probe.outcome {
        Ok(()) => parts.extend(probe.status_code.map(|code| format!("HTTP {code}"))),
        Err(failure) => parts.push(phrase(&failure.detail, language).into_owned()),
    }
    if let Some((proxy, variable)) = &probe.proxy {
        parts.push(format!("{variable}={proxy}"));
    }
    let phases = words::phases(&probe.phases).into_iter();
    let phases: Vec<_> =
        phases.filter_map(|(name, took)| Some(format!("{name} {}", words::milliseconds(took?)))).collect();
    parts.push(phases.join(", "));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}
