//! The diagnosis as `check` prints it: for each agent a verdict in one line, the problems and their fixes,
//! the facts that could not be read, and a row for every prerequisite in the documents' order.

mod detail;
mod wrap;

use std::fmt;

pub use self::wrap::{split_step, wrap};
use super::{
    folded::{Folded, folded},
    words::{self, Mark},
};
use crate::{
    agents::none_found,
    model::{
        Language, Prerequisite, Status, Why,
        phrase::{label, phrase},
        report::{
            AgentReport, NotBelieved, NotBelievedGroup, NotEvaluated, PrerequisiteReport, Problem, Report,
        },
        time::rfc3339,
    },
};

/// Width of the longest name of a prerequisite, plus two.
const HEADING: usize = 20;

/// The default number of columns.
pub const COLUMNS: usize = 80;

/// On fewer columns nothing fits; on more, sentences are hard to read.
const COLUMNS_USED: std::ops::RangeInclusive<usize> = 40..=120;

/// How the diagnosis is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Its language.
    pub language: Language,
    /// With ANSI colours, which are for terminals only.
    pub colour: bool,
    /// Shows all observations, and does not merge findings.
    pub verbose: bool,
    /// Columns of the terminal; lines are wrapped to fit.
    pub columns: usize,
    /// Where the report comes from; `None` if the reader knows, as when the exporter itself prints it.
    pub source: Option<Source>,
}

/// Where a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The running exporter.
    RunningExporter,
    /// A new evaluation, without the history of the running exporter.
    NewEvaluation,
}

impl Style {
    /// Short, without colour, for 80 columns.
    pub fn plain(language: Language) -> Self {
        Self { language, colour: false, verbose: false, columns: COLUMNS, source: None }
    }
}

/// Writes the diagnosis.
///
/// # Errors
/// Only those of `out`.
pub fn diagnosis(report: &Report, style: Style, out: &mut dyn fmt::Write) -> fmt::Result {
    let columns = style.columns.clamp(*COLUMNS_USED.start(), *COLUMNS_USED.end());
    let mut writer = Writer { out, style, language: style.language, columns };
    if !report.complete {
        writer.paragraph(words::NOT_YET.in_language(style.language))?;
    }
    if report.agents.is_empty() {
        writer.paragraph(&none_found(style.language))?;
    }
    for agent in &report.agents {
        writer.agent(agent, report)?;
    }
    writer.not_believed(&report.not_believed)?;
    writer.limits(report)?;
    if style.verbose || report.agents.is_empty() {
        let clock = words::clock(&report.clock, style.language);
        let [name, colon] = [words::CLOCK, words::COLON].map(|text| text.in_language(style.language));
        writeln!(writer.out, "{name}{colon}{clock}")?;
    }
    if report.agents.len() > 1 {
        writer.totals(report)?;
    }
    if let Some(source) = style.source {
        let said = match source {
            Source::RunningExporter => words::ASKED,
            Source::NewEvaluation => words::EVALUATED_ANEW,
        };
        let at = rfc3339(report.taken_at);
        let line = said.fill(style.language, |name| (name == "at").then_some(at.as_str()));
        writer.hanging(&line, 0, Some(DIM))?;
    }
    Ok(())
}

struct Writer<'a> {
    out: &'a mut dyn fmt::Write,
    style: Style,
    language: Language,
    columns: usize,
}

impl Writer<'_> {
    fn paragraph(&mut self, text: &str) -> fmt::Result {
        for line in wrap(text, self.columns) {
            writeln!(self.out, "{line}")?;
        }
        self.out.write_char('\n')
    }

    /// A sentence with a hanging indent.
    fn hanging(&mut self, text: &str, column: usize, colour: Option<&str>) -> fmt::Result {
        for (index, line) in wrap(text, self.columns.saturating_sub(column)).iter().enumerate() {
            if index > 0 {
                write!(self.out, "\n{}", words::Blanks(column))?;
            }
            match colour {
                Some(code) => self.ansi(code, line)?,
                None => self.out.write_str(line)?,
            }
        }
        self.out.write_char('\n')
    }

    /// Processes that have an agent's name but are not trusted.
    fn not_believed(&mut self, seen: &NotBelieved) -> fmt::Result {
        for NotBelievedGroup { kind, user, executable, pids } in &seen.groups {
            let (executable, user) = (words::printable(executable), user.to_string());
            let pids = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let line = words::NOT_BELIEVED.fill(self.language, |name| match name {
                "kind" => Some(kind),
                "user" => Some(&user),
                "executable" => Some(&executable),
                "pids" => Some(&pids),
                _ => None,
            });
            self.mark(Mark::Warned)?;
            self.out.write_char(' ')?;
            self.hanging(&line, 2, None)?;
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    /// Bounds that were reached: something is not shown.
    fn limits(&mut self, report: &Report) -> fmt::Result {
        if report.limits.is_empty() {
            return Ok(());
        }
        let limits = report.limits.iter().map(|limit| limit.as_str()).collect::<Vec<_>>().join(", ");
        let line = words::LIMITS.fill(self.language, |name| (name == "limits").then_some(limits.as_str()));
        self.mark(Mark::Warned)?;
        self.out.write_char(' ')?;
        self.hanging(&line, 2, None)?;
        self.out.write_char('\n')
    }

    fn agent(&mut self, agent: &AgentReport, report: &Report) -> fmt::Result {
        let mark = Mark::of_agent(agent);
        self.mark(mark)?;
        self.bold(&format!(" {}", words::printable(&agent.name)))?;
        let colon = words::COLON.in_language(self.language);
        write!(self.out, "{}{colon}", words::what(agent, self.language))?;
        self.coloured(mark, words::status(agent.status).in_language(self.language))?;
        let counts = words::counts(agent, self.language);
        if !counts.is_empty() {
            write!(self.out, " · {counts}")?;
        }
        self.out.write_str("\n\n")?;
        let findings = folded(agent, self.style.verbose);
        let mut last_remedy = String::new();
        for finding in &findings {
            let remedy = finding.first.remedy(self.language);
            let same = remedy == last_remedy;
            self.problem(finding, if same { None } else { Some(&remedy) })?;
            last_remedy = remedy;
        }
        self.unread(agent)?;
        for id in Prerequisite::ALL {
            if let Some(prerequisite) = agent.prerequisites.iter().find(|each| each.id == id) {
                self.row(prerequisite, agent, report)?;
            } else if let Some((_, reason)) = agent.not_evaluated.iter().find(|(each, _)| *each == id) {
                self.row_without_verdict(id, reason)?;
            }
        }
        self.out.write_char('\n')?;
        if self.style.verbose { self.observed(agent) } else { Ok(()) }
    }

    /// Each fact that could not be read, with the prerequisites that it affects.
    fn unread(&mut self, agent: &AgentReport) -> fmt::Result {
        let mut whys: Vec<(&Why, Vec<&str>)> = Vec::new();
        for prerequisite in &agent.prerequisites {
            let heading = words::prerequisite(prerequisite.id).in_language(self.language);
            for why in &prerequisite.unknown {
                match whys.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, headings)) if headings.contains(&heading) => {}
                    Some((_, headings)) => headings.push(heading),
                    None => whys.push((why, vec![heading])),
                }
            }
        }
        for (why, headings) in &whys {
            self.mark(Mark::Unknown)?;
            self.out.write_char(' ')?;
            self.hanging(&words::printable(&phrase(&why.to_string(), self.language)), 2, None)?;
            let open = words::LEAVES_OPEN.in_language(self.language);
            let (gap, comma) = if self.language == Language::Chinese { ("", "、") } else { (" ", ", ") };
            self.out.write_str("  ")?;
            self.hanging(&format!("{open}{gap}{}", headings.join(comma)), 2, Some(DIM))?;
        }
        if whys.is_empty() { Ok(()) } else { self.out.write_char('\n') }
    }

    fn row_without_verdict(&mut self, id: Prerequisite, reason: &NotEvaluated) -> fmt::Result {
        let heading = words::prerequisite(id).in_language(self.language);
        let reason = words::printable(&reason.reason(self.language));
        self.out.write_str("  ")?;
        self.dim(&format!("– {heading}{}", words::padding(heading, HEADING)))?;
        self.hanging(&reason, HEADING + 4, Some(DIM))
    }

    fn row(
        &mut self,
        prerequisite: &PrerequisiteReport,
        agent: &AgentReport,
        report: &Report,
    ) -> fmt::Result {
        let heading = words::prerequisite(prerequisite.id).in_language(self.language);
        self.out.write_str("  ")?;
        self.mark(Mark::of_prerequisite(prerequisite))?;
        write!(self.out, " {heading}{}", words::padding(heading, HEADING))?;
        let phrase = words::row(prerequisite, agent, &report.clock, self.language);
        self.hanging(&phrase, HEADING + 4, None)
    }

    fn problem(&mut self, finding: &Folded<'_>, remedy: Option<&str>) -> fmt::Result {
        let (language, problem) = (self.language, finding.first);
        self.mark(Mark::of_severity(problem.severity))?;
        self.out.write_char(' ')?;
        let title = words::lines(&problem.title(language)).collect::<Vec<_>>().join(" ");
        self.hanging(&title, 2, Some(BOLD))?;
        writeln!(
            self.out,
            "  {} · {} · {} {}",
            problem.cause.id,
            words::severity(problem.severity).in_language(language),
            words::SINCE.in_language(language),
            rfc3339(finding.since())
        )?;
        if problem.carried {
            self.out.write_str("  ")?;
            self.hanging(words::CARRIED.in_language(language), 2, None)?;
        }
        self.evidence(problem)?;
        if !finding.others.is_empty() {
            self.others(finding)?;
        }
        self.fix(remedy.unwrap_or(words::AS_ABOVE.in_language(language)))?;
        if !finding.consequences.is_empty() {
            writeln!(self.out, "  {}", words::ALSO.in_language(language))?;
        }
        for consequence in &finding.consequences {
            let title = words::lines(&consequence.title(language)).collect::<Vec<_>>().join(" ");
            self.out.write_str("    - ")?;
            self.hanging(&format!("{title} ({})", consequence.cause.id), 6, None)?;
            if self.style.verbose {
                self.evidence_at(consequence, 6)?;
            }
        }
        self.out.write_char('\n')
    }

    /// Further subjects of the same finding.
    fn others(&mut self, finding: &Folded<'_>) -> fmt::Result {
        writeln!(self.out, "  {}", words::THE_SAME_OF.in_language(self.language))?;
        for other in &finding.others {
            writeln!(self.out, "    - {}", words::printable(&other.subject))?;
        }
        Ok(())
    }

    fn fix(&mut self, remedy: &str) -> fmt::Result {
        let label = words::FIX.in_language(self.language);
        // A full-width colon brings its own gap.
        let gap = usize::from(self.language != Language::Chinese);
        let column = 2 + words::width(label) + gap;
        for (index, line) in words::lines(remedy).enumerate() {
            self.out.write_str("  ")?;
            if index == 0 {
                self.coloured(Mark::Good, label)?;
            } else {
                write!(self.out, "{}", words::Blanks(words::width(label)))?;
            }
            write!(self.out, "{}", words::Blanks(gap))?;
            let (number, step) = split_step(&line);
            self.out.write_str(number)?;
            self.hanging(step, column + number.len(), None)?;
        }
        Ok(())
    }

    fn evidence(&mut self, problem: &Problem) -> fmt::Result {
        self.evidence_at(problem, 2)
    }

    fn evidence_at(&mut self, problem: &Problem, column: usize) -> fmt::Result {
        let language = self.language;
        let name_width =
            problem.evidence.iter().map(|e| words::width(label(e.name, language))).max().unwrap_or(0);
        let values: Vec<String> =
            problem.evidence.iter().map(|e| words::printable(&phrase(&e.value, language))).collect();
        // One very long value must not push every other line's source off the screen.
        let value_width =
            values.iter().map(|value| words::width(value)).filter(|w| *w <= 40).max().unwrap_or(0);
        let begin = column + name_width + 2;
        for (evidence, value) in problem.evidence.iter().zip(&values) {
            let name = label(evidence.name, language);
            write!(self.out, "{}{name}{}  ", words::Blanks(column), words::padding(name, name_width))?;
            let from = words::printable(&phrase(&evidence.from, language));
            if from.is_empty() {
                self.hanging(value, begin, None)?;
                continue;
            }
            let from = format!("{} {from}", words::FROM.in_language(self.language));
            let padded = words::width(value).max(value_width) + 2;
            if begin + padded + words::width(&from) <= self.columns {
                write!(self.out, "{value}{}  ", words::padding(value, value_width))?;
                self.hanging(&from, begin + padded, Some(DIM))?;
            } else {
                self.hanging(value, begin, None)?;
                write!(self.out, "{}", words::Blanks(begin))?;
                self.hanging(&from, begin, Some(DIM))?;
            }
        }
        Ok(())
    }

    fn totals(&mut self, report: &Report) -> fmt::Result {
        let agents = |status| report.agents.iter().filter(|agent| agent.status == status).count();
        let [ok, failing, unknown] = Status::ALL.map(agents);
        let all = report.agents.len();
        match self.language {
            Language::English => {
                writeln!(self.out, "{all} agents: {ok} ok, {failing} failing, {unknown} unknown")
            }
            Language::Chinese => {
                writeln!(self.out, "共 {all} 个客户端：正常 {ok}，异常 {failing}，未知 {unknown}")
            }
        }
    }

    fn mark(&mut self, mark: Mark) -> fmt::Result {
        self.coloured(mark, mark.symbol().encode_utf8(&mut [0; 4]))
    }

    fn coloured(&mut self, mark: Mark, text: &str) -> fmt::Result {
        let code = match mark {
            Mark::Good => "32",
            Mark::Warned => "33",
            Mark::Bad => "31",
            Mark::Unknown => "35",
        };
        self.ansi(code, text)
    }

    fn bold(&mut self, text: &str) -> fmt::Result {
        self.ansi(BOLD, text)
    }

    fn dim(&mut self, text: &str) -> fmt::Result {
        self.ansi(DIM, text)
    }

    fn ansi(&mut self, code: &str, text: &str) -> fmt::Result {
        if self.style.colour {
            write!(self.out, "\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            self.out.write_str(text)
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";

#[cfg(test)]
mod tests;
