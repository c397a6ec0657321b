//! The catalogue on the terminal: the list of causes, those of a prerequisite, or one in full.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Format;
use crate::{
    catalog::{
        self, alert,
        remedy::{self, Reader},
    },
    config::nearest,
    model::{Cause, Language, Prerequisite, Severity, Text, phrase::phrase, text::quoted},
    publish::{
        text::{split_step, wrap},
        words::{Blanks, COLON, width},
    },
};

/// An id that the catalogue doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is neither a cause nor a prerequisite{}; explain without an argument lists them all", quoted(.id), suggestion(.nearest.as_ref()))]
pub struct UnknownEntry {
    /// What was asked for.
    pub id: String,
    /// The id that was probably meant.
    pub nearest: Option<&'static str>,
}

fn suggestion(nearest: Option<&&'static str>) -> String {
    nearest.map(|id| format!(" (did you mean {id}?)")).unwrap_or_default()
}

/// Why nothing, or not all, was explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is no such entry.
    #[error(transparent)]
    Unknown(#[from] UnknownEntry),
    /// The output is closed or full.
    #[error("writing the explanation")]
    Output(#[from] io::Error),
}

/// What was asked for.
enum Asked {
    One(&'static Cause),
    Of(Prerequisite),
    All,
}

/// The entry of this name: a cause, its alert, or a prerequisite, in any case and with blanks or hyphens for underscores.
fn asked(entry: Option<&str>) -> Result<Asked, UnknownEntry> {
    let Some(entry) = entry else { return Ok(Asked::All) };
    let id = entry.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let named =
        |cause: &&Cause| cause.id == id || alert::alert_name(cause).eq_ignore_ascii_case(entry.trim());
    if let Some(cause) = catalog::causes().find(named) {
        return Ok(Asked::One(cause));
    }
    if let Some(prerequisite) = Prerequisite::ALL.into_iter().find(|each| each.as_str() == id) {
        return Ok(Asked::Of(prerequisite));
    }
    let known = catalog::causes().map(|cause| cause.id).chain(Prerequisite::ALL.map(Prerequisite::as_str));
    Err(UnknownEntry { id: entry.to_owned(), nearest: nearest(&id, known) })
}

/// Writes one entry, the causes of one prerequisite, or, without a name, a table of all causes, grouped by
/// prerequisite.
///
/// # Errors
/// If there is no entry of this name, or the output cannot be written.
pub fn explain(
    entry: Option<&str>,
    language: Language,
    format: Format,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), ExplainError> {
    let asked = asked(entry)?;
    let mut page = Page { out, columns };
    match (asked, format) {
        (Asked::One(cause), Format::Text) => one(cause, language, &mut page)?,
        (Asked::One(cause), Format::Json) => write_json(&document(cause, language), out)?,
        (Asked::Of(prerequisite), Format::Text) => list(&[prerequisite], language, &mut page)?,
        (Asked::Of(prerequisite), Format::Json) => {
            let causes = catalog::causes().filter(|cause| cause.prerequisite == prerequisite);
            write_json(&causes.map(|cause| document(cause, language)).collect(), out)?;
        }
        (Asked::All, Format::Text) => list(&Prerequisite::ALL, language, &mut page)?,
        (Asked::All, Format::Json) => {
            write_json(&catalog::causes().map(|cause| document(cause, language)).collect(), out)?;
        }
    }
    Ok(out.flush()?)
}

/// The output, and the columns of a terminal; `None` elsewhere, where lines are not wrapped.
struct Page<'a> {
    out: &'a mut dyn Write,
    columns: Option<usize>,
}

impl Page<'_> {
    fn line(&mut self, line: &str) -> io::Result<()> {
        self.hanging("", line)
    }

    /// A line of which `text` is wrapped, indented to its beginning.
    fn hanging(&mut self, before: &str, text: &str) -> io::Result<()> {
        let Some(columns) = self.columns else { return writeln!(self.out, "{before}{text}") };
        let indent = width(before);
        for (index, piece) in wrap(text, columns.saturating_sub(indent)).iter().enumerate() {
            match index {
                0 => writeln!(self.out, "{before}{piece}")?,
                _ => writeln!(self.out, "{}{piece}", Blanks(indent))?,
            }
        }
        Ok(())
    }
}

fn write_json(document: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{document:#}")
}

/// A cause as JSON; with the placeholders in its texts.
fn document(cause: &Cause, language: Language) -> Value {
    json!({
        "id": cause.id,
        "prerequisite": cause.prerequisite.as_str(),
        "severity": cause.severity.as_str(),
        "alert": alert::alert_name(cause),
        "title": cause.title.in_language(language),
        "meaning": cause.meaning.in_language(language),
        "remedy": remedy::readable(cause, language, Reader::Runbook),
        "evidence": cause.evidence,
        "source": cause.source,
        "runbook_url": format!("{}/{}", alert::RUNBOOK_BASE, alert::runbook_file(cause, language)),
    })
}

fn list(prerequisites: &[Prerequisite], language: Language, page: &mut Page<'_>) -> io::Result<()> {
    let widest = catalog::causes().map(|cause| cause.id.len()).max().unwrap_or_default();
    let mut first = true;
    for prerequisite in prerequisites.iter().copied() {
        let mut causes = catalog::causes().filter(|cause| cause.prerequisite == prerequisite).peekable();
        if causes.peek().is_none() {
            continue;
        }
        if !std::mem::take(&mut first) {
            page.line("")?;
        }
        page.line(prerequisite.as_str())?;
        for cause in causes {
            let severity = severity(cause.severity, language);
            page.hanging(&format!("  {:widest$}  {severity}  ", cause.id), &one_line(cause.title, language))?;
        }
    }
    Ok(())
}

fn one(cause: &Cause, language: Language, page: &mut Page<'_>) -> io::Result<()> {
    let words = words(language);
    let severity = severity(cause.severity, language);
    let colon = COLON.in_language(language);
    page.line(&format!("{}{colon}{}", cause.id, one_line(cause.title, language)))?;
    // Two columns, which always fit.
    writeln!(
        page.out,
        "{}{colon}{}   {}{colon}{}",
        words.prerequisite,
        cause.prerequisite.as_str(),
        words.severity,
        severity.trim_end()
    )?;
    let remedy = remedy::readable(cause, language, Reader::Runbook);
    for (heading, text) in [(words.meaning, shown(cause.meaning, language)), (words.remedy, remedy)] {
        page.line("")?;
        page.line(heading)?;
        for line in text.lines() {
            let (number, step) = split_step(line.trim_end());
            page.hanging(&format!("  {number}"), step)?;
        }
    }
    if !cause.evidence.is_empty() {
        page.line("")?;
        page.line(&format!("{}{colon}{}", words.evidence, cause.evidence.join(", ")))?;
    }
    page.line(&format!("{}{colon}{}", words.source, phrase(cause.source, language)))
}

/// The words around an entry.
struct Words {
    prerequisite: &'static str,
    severity: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    evidence: &'static str,
    source: &'static str,
}

fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            prerequisite: "Prerequisite",
            severity: "Severity",
            meaning: "Meaning",
            remedy: "Remedy",
            evidence: "Evidence",
            source: "Source",
        },
        Language::Chinese => Words {
            prerequisite: "前提条件",
            severity: "严重程度",
            meaning: "含义",
            remedy: "处理方法",
            evidence: "证据",
            source: "依据",
        },
    }
}

/// The severity, padded to one width on a terminal.
fn severity(severity: Severity, language: Language) -> &'static str {
    match (severity, language) {
        (Severity::Critical, Language::English) => "critical",
        (Severity::Warning, Language::English) => "warning ",
        (Severity::Critical, Language::Chinese) => "严重",
        (Severity::Warning, Language::Chinese) => "警告",
    }
}

/// The text with its placeholders as people write them: `<reported>`.
fn shown(text: Text, language: Language) -> String {
    let mut out = text.in_language(language).to_owned();
    for name in text.placeholders(language) {
        out = out.replace(&format!("{{{name}}}"), &format!("<{name}>"));
    }
    out
}

fn one_line(text: Text, language: Language) -> String {
    shown(text, language).lines().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(cause: Option<&str>, language: Language) -> Result<String, ExplainError> {
        let mut out = Vec::new();
        explain(cause, language, Format::Text, None, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_list_has_every_cause_once_under_its_prerequisite() {
        for language in [Language::English, Language::Chinese] {
            let list = explained(None, language).unwrap();
            let mut heading = "";
            let mut ids = Vec::new();
            for line in list.lines().filter(|line| !line.is_empty()) {
                if line.starts_with(' ') {
                    ids.push((heading, line.split_whitespace().next().unwrap_or_default()));
                } else {
                    heading = line;
                }
            }
            let book: Vec<_> =
                catalog::causes().map(|cause| (cause.prerequisite.as_str(), cause.id)).collect();
            assert_eq!(ids, book);
        }
    }

    #[test]
    fn an_entry_has_everything_with_placeholders_made_readable() {
        static CAUSE: Cause = Cause {
            id: "ip_wrong",
            prerequisite: Prerequisite::Ip,
            severity: Severity::Critical,
            title: Text { en: "Reports {ip}", zh: "上报 {ip}" },
            meaning: Text { en: "One.\nTwo {ip}, not {this one}.", zh: "一。" },
            remedy: Text { en: "1. Set {ip} in {file}", zh: "1. 修改 {file}" },
            evidence: &["ip", "file"],
            source: "Some document",
            patience: std::time::Duration::ZERO,
            summary: catalog::ip::IP_EMPTY.summary,
        };
        let entry_in = |language| {
            let mut out = Vec::new();
            one(&CAUSE, language, &mut Page { out: &mut out, columns: None }).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            entry_in(Language::English),
            "ip_wrong: Reports <ip>\nPrerequisite: ip   Severity: critical\n\nMeaning\n  One.\n  Two <ip>, not {this one}.\n\n\
             Remedy\n  1. Set <ip> in <file>\n\nEvidence: ip, file\nSource: Some document\n"
        );
        assert_eq!(
            entry_in(Language::Chinese),
            "ip_wrong：上报 <ip>\n前提条件：ip   严重程度：严重\n\n含义\n  一。\n\n处理方法\n  1. 修改 <file>\n\n证据：ip, file\n依据：Some document\n"
        );
    }

    #[test]
    fn every_cause_can_be_explained() {
        for cause in catalog::causes() {
            assert!(
                explained(Some(cause.id), Language::Chinese).unwrap().starts_with(&format!("{}：", cause.id))
            );
        }
    }

    #[test]
    fn alerts_and_prerequisites_are_entries_too_in_any_case() {
        let cause = explained(Some("ip_not_in_group"), Language::English).unwrap();
        for name in ["IP_NOT_IN_GROUP", "ip-not-in-group", " Ip not in group", "LogAgentIpNotInGroup"] {
            assert_eq!(explained(Some(name), Language::English).unwrap(), cause, "{name}");
        }
        let network = explained(Some("Network"), Language::English).unwrap();
        assert!(network.starts_with("network\n  ") && network.contains("dns_failure"), "{network}");
        assert!(!network.contains("clock_skewed"), "{network}");
    }

    #[test]
    fn the_catalogue_in_json_has_every_cause() {
        let json = |entry| {
            let mut out = Vec::new();
            explain(entry, Language::English, Format::Json, None, &mut out).unwrap();
            serde_json::from_slice::<Value>(&out).unwrap()
        };
        let ids: Vec<Value> =
            json(None).as_array().unwrap().iter().map(|cause| cause["id"].clone()).collect();
        assert_eq!(ids, catalog::causes().map(|cause| Value::from(cause.id)).collect::<Vec<_>>());
        assert_eq!(json(Some("dns_failure"))["alert"], "LogAgentDnsFailure");
        assert!(json(Some("clock")).as_array().unwrap().iter().all(|cause| cause["prerequisite"] == "clock"));
    }

    #[test]
    fn on_a_terminal_everything_fits_and_nothing_is_lost() {
        for language in [Language::English, Language::Chinese] {
            for entry in catalog::causes().map(|cause| Some(cause.id)).chain([None]) {
                let mut out = Vec::new();
                explain(entry, language, Format::Text, Some(80), &mut out).unwrap();
                let text = String::from_utf8(out).unwrap();
                for line in text.lines().filter(|line| width(line) > 80) {
                    let text = line.trim_start();
                    let text = text.split_once(". ").map_or(text, |(_, step)| step);
                    assert!(text.starts_with('`') || !text.contains(' '), "not a command: {line}");
                }
                let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                assert_eq!(letters(&text), letters(&explained(entry, language).unwrap()));
            }
        }
    }

    #[test]
    fn an_unknown_id_suggests_the_nearest() {
        let error = explained(Some("clock_skwed"), Language::English).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"clock_skwed\" is neither a cause nor a prerequisite (did you mean clock_skewed?); explain without an argument lists them all"
        );
        let error = explained(Some("\u{1b}[31m"), Language::English).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"\\u{1b}[31m\" is neither a cause nor a prerequisite; explain without an argument lists them all"
        );
    }

    #[test]
    fn a_closed_output_is_an_error_and_no_panic() {
        let full: &mut [u8] = &mut [0; 10];
        let mut out = io::Cursor::new(full);
        assert!(matches!(
            explain(None, Language::English, Format::Text, None, &mut out),
            Err(ExplainError::Output(_))
        ));
    }
}
