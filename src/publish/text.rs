//! The diagnosis as `check` prints it: prerequisite by prerequisite in the documents' order; cause, evidence, fix.

use std::fmt;

use super::words::{self, Mark};
use crate::model::{
    Language, Status,
    report::{AgentReport, NotBelieved, NotBelievedGroup, PrerequisiteReport, Problem, Report},
    time::rfc3339,
};

/// Columns of the longest heading of a prerequisite, and two.
const HEADING: usize = 20;

/// Writes the diagnosis. `colour` adds ANSI colours: only for a terminal.
///
/// # Errors
/// Only those of `out`.
pub fn diagnosis(report: &Report, language: Language, colour: bool, out: &mut dyn fmt::Write) -> fmt::Result {
    let mut writer = Writer { out, language, colour };
    if !report.complete {
        writeln!(writer.out, "{}\n", words::NOT_YET.in_language(language))?;
    }
    if report.agents.is_empty() {
        writeln!(writer.out, "{}\n", words::NO_AGENT.in_language(language))?;
    }
    for agent in &report.agents {
        writer.agent(agent, report)?;
    }
    writer.not_believed(&report.not_believed)?;
    let clock = words::clock(&report.clock, language);
    writeln!(writer.out, "{} {clock}", words::CLOCK.in_language(language))?;
    if !report.agents.is_empty() {
        writer.totals(report)?;
    }
    Ok(())
}

struct Writer<'a> {
    out: &'a mut dyn fmt::Write,
    language: Language,
    colour: bool,
}

impl Writer<'_> {
    /// Who passes itself off as an agent.
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
            writeln!(self.out, "! {line}\n")?;
        }
        Ok(())
    }

    fn agent(&mut self, agent: &AgentReport, report: &Report) -> fmt::Result {
        let mark = Mark::of_agent(agent);
        self.mark(mark)?;
        self.bold(&format!(" {}", words::printable(&agent.name)))?;
        write!(self.out, "{}: ", words::what_and_where(agent, self.language))?;
        self.coloured(mark, words::status(agent.status).in_language(self.language))?;
        self.out.write_str("\n\n")?;
        let by_root = words::by_root(agent);
        for prerequisite in &agent.prerequisites {
            self.prerequisite(prerequisite, agent, report, &by_root)?;
        }
        self.out.write_char('\n')
    }

    fn prerequisite(
        &mut self,
        prerequisite: &PrerequisiteReport,
        agent: &AgentReport,
        report: &Report,
        by_root: &[(&Problem, Vec<&Problem>)],
    ) -> fmt::Result {
        let heading = words::prerequisite(prerequisite.id).in_language(self.language);
        self.out.write_str("  ")?;
        self.mark(Mark::of_prerequisite(prerequisite))?;
        write!(self.out, " {heading}{}", words::padding(heading, HEADING))?;
        let roots: Vec<_> = by_root
            .iter()
            .filter(|(root, _)| prerequisite.problems.iter().any(|problem| std::ptr::eq(problem, *root)))
            .collect();
        self.phrase(prerequisite, agent, report, by_root, roots.len())?;
        let mut last_remedy = String::new();
        for (root, consequences) in &roots {
            let remedy = root.remedy(self.language);
            self.problem(root, if remedy == last_remedy { None } else { Some(&remedy) }, consequences)?;
            last_remedy = remedy;
        }
        if !roots.is_empty() {
            self.out.write_char('\n')?;
        }
        for why in &prerequisite.unknown {
            writeln!(self.out, "      ? {}", words::printable(&why.to_string()))?;
        }
        Ok(())
    }

    /// The rest of a prerequisite's line.
    fn phrase(
        &mut self,
        prerequisite: &PrerequisiteReport,
        agent: &AgentReport,
        report: &Report,
        by_root: &[(&Problem, Vec<&Problem>)],
        roots: usize,
    ) -> fmt::Result {
        if roots == 0 && !prerequisite.problems.is_empty() {
            let mut causes: Vec<&str> = by_root
                .iter()
                .filter(|(_, consequences)| {
                    consequences.iter().any(|c| prerequisite.problems.iter().any(|p| std::ptr::eq(p, *c)))
                })
                .map(|(root, _)| root.cause.id)
                .collect();
            causes.dedup();
            let follows = words::FOLLOWS.in_language(self.language);
            return writeln!(self.out, "{follows} {}", causes.join(", "));
        }
        match prerequisite.status {
            Status::Unknown => {
                writeln!(self.out, "{}", words::status(Status::Unknown).in_language(self.language))
            }
            Status::Ok if roots == 0 => {
                writeln!(self.out, "{}", words::summary(agent, prerequisite.id, &report.clock, self.language))
            }
            Status::Ok => writeln!(self.out, "{}", words::status(Status::Ok).in_language(self.language)),
            Status::Failing => {
                let endpoints = (prerequisite.id == crate::model::Prerequisite::Network)
                    .then(|| words::endpoints(agent, self.language))
                    .flatten();
                match endpoints {
                    Some(endpoints) => writeln!(self.out, "{endpoints}"),
                    None => {
                        writeln!(self.out, "{}", words::status(Status::Failing).in_language(self.language))
                    }
                }
            }
        }
    }

    fn problem(&mut self, problem: &Problem, remedy: Option<&str>, consequences: &[&Problem]) -> fmt::Result {
        let language = self.language;
        let mark = Mark::of_severity(problem.severity);
        self.out.write_str("\n      ")?;
        self.mark(mark)?;
        self.out.write_char(' ')?;
        for (index, line) in words::lines(&problem.title(language)).enumerate() {
            if index > 0 {
                self.out.write_str("\n        ")?;
            }
            self.bold(&line)?;
        }
        writeln!(
            self.out,
            "\n        {} · {} · {} {}",
            problem.cause.id,
            words::severity(problem.severity).in_language(language),
            words::SINCE.in_language(language),
            rfc3339(problem.since)
        )?;
        if problem.carried {
            writeln!(self.out, "        {}", words::CARRIED.in_language(language))?;
        }
        self.evidence(problem)?;
        let fix = words::FIX.in_language(language);
        for (index, line) in words::lines(remedy.unwrap_or(words::AS_ABOVE.in_language(language))).enumerate()
        {
            self.out.write_str("        ")?;
            if index == 0 {
                self.coloured(Mark::Good, fix)?;
            } else {
                write!(self.out, "{}", words::Blanks(words::width(fix)))?;
            }
            writeln!(self.out, " {line}")?;
        }
        if !consequences.is_empty() {
            writeln!(self.out, "        {}", words::ALSO.in_language(language))?;
        }
        for consequence in consequences {
            let title = words::lines(&consequence.title(language)).collect::<Vec<_>>().join(" ");
            writeln!(self.out, "          - {title} ({})", consequence.cause.id)?;
        }
        Ok(())
    }

    fn evidence(&mut self, problem: &Problem) -> fmt::Result {
        let name_width = problem.evidence.iter().map(|e| words::width(e.name)).max().unwrap_or(0);
        let values: Vec<String> = problem.evidence.iter().map(|e| words::printable(&e.value)).collect();
        // One very long value must not push every other line's source off the screen.
        let value_width =
            values.iter().map(|value| words::width(value)).filter(|w| *w <= 40).max().unwrap_or(0);
        for (evidence, value) in problem.evidence.iter().zip(&values) {
            write!(
                self.out,
                "        {}{}  {value}",
                evidence.name,
                words::padding(evidence.name, name_width)
            )?;
            if !evidence.from.is_empty() {
                let from = words::printable(&evidence.from);
                write!(
                    self.out,
                    "{}  {} {from}",
                    words::padding(value, value_width),
                    words::FROM.in_language(self.language)
                )?;
            }
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    fn totals(&mut self, report: &Report) -> fmt::Result {
        let agents = |status| report.agents.iter().filter(|agent| agent.status == status).count();
        let problems = || report.agents.iter().flat_map(words::by_root);
        let of = |severity| problems().filter(|(root, _)| root.severity == severity).count();
        let explained: usize = problems().map(|(_, consequences)| consequences.len()).sum();
        let (critical, warnings) =
            (of(crate::model::Severity::Critical), of(crate::model::Severity::Warning));
        let [ok, failing, unknown] = Status::ALL.map(agents);
        let all = report.agents.len();
        match self.language {
            Language::English => writeln!(
                self.out,
                "{all} {}: {ok} ok, {failing} failing, {unknown} unknown · {critical} critical, {warnings} {}{}",
                plural(all, "agent", "agents"),
                plural(warnings, "warning", "warnings"),
                if explained > 0 {
                    format!(", {explained} {} of these", plural(explained, "consequence", "consequences"))
                } else {
                    String::new()
                },
            ),
            Language::Chinese => writeln!(
                self.out,
                "共 {all} 个 Agent：正常 {ok}，异常 {failing}，未知 {unknown} · 严重 {critical} 项，警告 {warnings} 项{}",
                if explained > 0 { format!("，由此导致 {explained} 项") } else { String::new() },
            ),
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
        self.ansi("1", text)
    }

    fn ansi(&mut self, code: &str, text: &str) -> fmt::Result {
        if self.colour { write!(self.out, "\u{1b}[{code}m{text}\u{1b}[0m") } else { self.out.write_str(text) }
    }
}

fn plural(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};
    use crate::model::report::ClockReport;

    fn printed(report: &Report, language: Language, colour: bool) -> String {
        let mut out = String::new();
        diagnosis(report, language, colour, &mut out).expect("a string takes anything");
        out
    }

    #[test]
    fn diagnoses_in_both_languages() {
        for (name, report) in
            [("healthy", sample::healthy()), ("failing", sample::failing()), ("unknown", sample::unknown())]
        {
            insta::assert_snapshot!(format!("{name}_en"), printed(&report, Language::English, false));
            insta::assert_snapshot!(format!("{name}_zh"), printed(&report, Language::Chinese, false));
        }
    }

    #[test]
    fn no_agent_says_what_was_looked_for() {
        let report = Report { agents: Vec::new(), clock: ClockReport::default(), ..sample::healthy() };
        let english = printed(&report, Language::English, false);
        assert!(english.starts_with("No log-collection agent found. Looked for Logtail"), "{english}");
        assert!(printed(&report, Language::Chinese, false).starts_with("未发现"));
    }

    #[test]
    fn colour_only_if_asked_and_never_from_outside() {
        for language in [Language::English, Language::Chinese] {
            for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile()] {
                let plain = printed(&report, language, false);
                let foreign = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
                assert!(!plain.contains(foreign), "{plain}");
                let coloured = printed(&report, language, true);
                assert!(coloured.contains("\u{1b}[3"));
                let codes =
                    ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[35m", "\u{1b}[0m"];
                let bare = codes.into_iter().fold(coloured, |text, code| text.replace(code, ""));
                assert_eq!(bare, plain);
            }
        }
    }

    #[test]
    fn a_consequence_is_told_once_under_its_root() {
        let text = printed(&sample::failing(), Language::English, false);
        assert_eq!(text.matches("The agent runs with an older config").count(), 1, "{text}");
        let (root, rest) = text.split_once("also, because of this:\n").expect("a consequence");
        assert!(
            root.contains("ip_not_in_group") && rest.trim_start().starts_with("- The agent runs"),
            "{text}"
        );
        assert!(text.contains("follows from ip_not_in_group"), "{text}");
    }

    #[test]
    fn a_consequence_without_its_root_stands_for_itself_and_circles_end() {
        let mut report = sample::failing();
        let prerequisites = &mut report.agents[0].prerequisites;
        prerequisites.retain(|p| p.id != crate::model::Prerequisite::Ip);
        let text = printed(&report, Language::English, false);
        assert!(text.contains("restart_required · critical"), "{text}");
        let mut report = sample::failing();
        for problem in report.agents[0].prerequisites.iter_mut().flat_map(|p| &mut p.problems) {
            problem.explained_by = Some(problem.cause);
        }
        assert!(printed(&report, Language::English, false).contains("ip_not_in_group · critical"));
    }
}
