//! One finding: the observed values side by side, the steps of the fix, and the consequences.

use std::fmt::{self, Write as _};

use super::{
    Page,
    markup::{Escaped, Marked, class, with_commands},
};
use crate::{
    catalog::alert,
    model::{
        Text,
        phrase::{label, phrase},
        report::Problem,
    },
    publish::{
        folded::Folded,
        words::{self, Mark},
    },
};

const FIX: Text = Text { en: "Fix", zh: "修复" };
const CONSEQUENCES: Text = Text { en: "Consequences ({number})", zh: "由此导致的问题（{number}）" };
const RUNBOOK: Text = Text { en: "Runbook", zh: "处理手册" };
const DOCUMENT: Text = Text { en: "Vendor's document", zh: "厂商文档" };

impl Page<'_> {
    pub(super) fn finding(&mut self, agent: usize, finding: &Folded<'_>) -> fmt::Result {
        let problem = finding.first;
        let mark = Mark::of_severity(problem.severity);
        writeln!(
            self.out,
            "<article class=\"finding {}\">\n<h3>{}{}</h3>\n<p class=\"meta\"><span class=\"chip\">{}</span> {} · {} {}{}</p>",
            class(mark),
            Marked(mark, self.language),
            Escaped(&title(problem, self.language)),
            Escaped(problem.cause.id),
            self.say(words::severity(problem.severity)),
            self.say(words::SINCE),
            self.since(finding.since()),
            if problem.carried { format!(" · {}", self.say(words::CARRIED)) } else { String::new() },
        )?;
        self.evidence(problem)?;
        if !finding.others.is_empty() {
            writeln!(
                self.out,
                "<p class=\"note\">{}</p>\n<ul class=\"others\">",
                self.say(words::THE_SAME_OF)
            )?;
            for other in &finding.others {
                writeln!(self.out, "<li><code>{}</code></li>", Escaped(&words::printable(&other.subject)))?;
            }
            self.out.write_str("</ul>\n")?;
        }
        self.fix(problem)?;
        self.consequences(agent, finding)?;
        let runbook =
            format!("{}/{}", alert::RUNBOOK_BASE, alert::runbook_file(problem.cause, self.language));
        writeln!(
            self.out,
            "<p class=\"meta links\"><a href=\"{}\" rel=\"noreferrer\">{}</a> · {}{}{}</p>\n</article>",
            Escaped(&runbook),
            self.say(RUNBOOK),
            self.say(DOCUMENT),
            self.say(words::COLON),
            linked(&phrase(problem.cause.source, self.language)),
        )
    }

    fn evidence(&mut self, problem: &Problem) -> fmt::Result {
        if problem.evidence.is_empty() {
            return Ok(());
        }
        self.out.write_str("<dl class=\"evidence\">\n")?;
        for evidence in &problem.evidence {
            write!(
                self.out,
                "<div><dt>{}</dt><dd class=\"value\">{}</dd>",
                Escaped(label(evidence.name, self.language)),
                Escaped(&words::printable(&phrase(&evidence.value, self.language))),
            )?;
            if !evidence.from.is_empty() {
                let from = self.say(words::FROM);
                write!(
                    self.out,
                    "<dd class=\"from\">{from} {}</dd>",
                    Escaped(&words::printable(&phrase(&evidence.from, self.language)))
                )?;
            }
            self.out.write_str("</div>\n")?;
        }
        self.out.write_str("</dl>\n")
    }

    fn fix(&mut self, problem: &Problem) -> fmt::Result {
        let remedy = problem.remedy(self.language);
        let lines: Vec<String> = words::lines(&remedy).collect();
        let steps = lines.iter().any(|line| step(line).is_some());
        writeln!(self.out, "<h4>{}</h4>", self.say(FIX))?;
        let element = if steps { "ol" } else { "ul" };
        write!(self.out, "<{element} class=\"fix{}\">", if steps { "" } else { " plain" })?;
        let mut open = false;
        for line in &lines {
            let (begins, text) = match step(line) {
                Some(text) => (true, text),
                None => (!open, line.trim()),
            };
            if begins {
                self.out.write_str(if open { "</li>\n<li>" } else { "\n<li>" })?;
                open = true;
            } else {
                self.out.write_str("<br>")?;
            }
            self.out.write_str(&with_commands(text, self.language))?;
        }
        writeln!(self.out, "{}</{element}>", if open { "</li>\n" } else { "" })
    }

    fn consequences(&mut self, agent: usize, finding: &Folded<'_>) -> fmt::Result {
        if finding.consequences.is_empty() {
            return Ok(());
        }
        let (number, id) = (finding.consequences.len().to_string(), finding.first.cause.id);
        let heading = CONSEQUENCES.fill(self.language, |name| (name == "number").then_some(number.as_str()));
        writeln!(
            self.out,
            "<details data-key=\"also-{agent}-{id}\"><summary data-focus=\"also-{agent}-{id}\">{heading}</summary>\n<ul>",
        )?;
        for consequence in &finding.consequences {
            writeln!(
                self.out,
                "<li>{} <span class=\"chip\">{}</span></li>",
                Escaped(&title(consequence, self.language)),
                Escaped(consequence.cause.id)
            )?;
        }
        self.out.write_str("</ul></details>\n")
    }
}

fn title(problem: &Problem, language: crate::model::Language) -> String {
    words::lines(&problem.title(language)).collect::<Vec<_>>().join(" ")
}

/// The text of a numbered step.
fn step(line: &str) -> Option<&str> {
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// The name of a document, with its address as a link if it has one.
fn linked(source: &str) -> String {
    let link = |word: &str| {
        let address = word.trim_end_matches([',', ';', ')']);
        let rest = word.strip_prefix(address).unwrap_or_default();
        format!("<a href=\"{0}\" rel=\"noreferrer\">{0}</a>{1}", Escaped(address), Escaped(rest))
    };
    let words = source
        .split(' ')
        .map(|word| if word.starts_with("https://") { link(word) } else { Escaped(word).to_string() });
    words.collect::<Vec<_>>().join(" ")
}
