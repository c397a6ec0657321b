//! The catalogue on the terminal: the list of causes, or all that is known of one.

use std::io::{self, Write};

use crate::{
    catalog,
    config::nearest,
    model::{Cause, Language, Prerequisite, Severity, Text, text::quoted},
};

/// An id that the catalogue doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not the id of a cause{}; without an id, explain lists them all", quoted(.id), suggestion(.nearest.as_ref()))]
pub struct UnknownCause {
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
    Unknown(#[from] UnknownCause),
    /// The output is closed or full.
    #[error("writing the explanation")]
    Output(#[from] io::Error),
}

/// Writes one entry, or without an id a table of all, grouped by prerequisite.
///
/// # Errors
/// If there is no entry of this id, or the output cannot be written.
pub fn explain(cause: Option<&str>, language: Language, out: &mut dyn Write) -> Result<(), ExplainError> {
    let Some(id) = cause else {
        list(language, out)?;
        return Ok(out.flush()?);
    };
    let cause = catalog::find(id).ok_or_else(|| UnknownCause {
        id: id.to_owned(),
        nearest: nearest(id, catalog::causes().map(|cause| cause.id)),
    })?;
    entry(cause, language, out)?;
    Ok(out.flush()?)
}

fn list(language: Language, out: &mut dyn Write) -> io::Result<()> {
    let widest = catalog::causes().map(|cause| cause.id.len()).max().unwrap_or_default();
    let mut first = true;
    for prerequisite in Prerequisite::ALL {
        let mut causes = catalog::causes().filter(|cause| cause.prerequisite == prerequisite).peekable();
        if causes.peek().is_none() {
            continue;
        }
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        writeln!(out, "{}", prerequisite.as_str())?;
        for cause in causes {
            let severity = severity(cause.severity, language);
            let title = one_line(cause.title, language);
            writeln!(out, "  {:widest$}  {severity}  {title}", cause.id)?;
        }
    }
    Ok(())
}

fn entry(cause: &Cause, language: Language, out: &mut dyn Write) -> io::Result<()> {
    let words = words(language);
    let severity = severity(cause.severity, language);
    writeln!(out, "{}: {}", cause.id, one_line(cause.title, language))?;
    writeln!(
        out,
        "{}: {}   {}: {}",
        words.prerequisite,
        cause.prerequisite.as_str(),
        words.severity,
        severity.trim_end()
    )?;
    for (heading, text) in [(words.meaning, cause.meaning), (words.remedy, cause.remedy)] {
        writeln!(out, "\n{heading}")?;
        for line in shown(text, language).lines() {
            writeln!(out, "  {}", line.trim_end())?;
        }
    }
    if !cause.evidence.is_empty() {
        writeln!(out, "\n{}: {}", words.evidence, cause.evidence.join(", "))?;
    }
    writeln!(out, "{}: {}", words.source, cause.source)
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

/// The severity, all of one width on a terminal.
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
        explain(cause, language, &mut out)?;
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
            remedy: Text { en: "Set {ip} in {file}", zh: "修改 {file}" },
            evidence: &["ip", "file"],
            source: "Some document",
            patience: std::time::Duration::ZERO,
            summary: catalog::ip::IP_EMPTY.summary,
        };
        let entry_in = |language| {
            let mut out = Vec::new();
            entry(&CAUSE, language, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            entry_in(Language::English),
            "ip_wrong: Reports <ip>\nPrerequisite: ip   Severity: critical\n\nMeaning\n  One.\n  Two <ip>, not {this one}.\n\n\
             Remedy\n  Set <ip> in <file>\n\nEvidence: ip, file\nSource: Some document\n"
        );
        assert_eq!(
            entry_in(Language::Chinese),
            "ip_wrong: 上报 <ip>\n前提条件: ip   严重程度: 严重\n\n含义\n  一。\n\n处理方法\n  修改 <file>\n\n证据: ip, file\n依据: Some document\n"
        );
    }

    #[test]
    fn every_cause_can_be_explained() {
        for cause in catalog::causes() {
            assert!(
                explained(Some(cause.id), Language::Chinese).unwrap().starts_with(&format!("{}: ", cause.id))
            );
        }
    }

    #[test]
    fn an_unknown_id_suggests_the_nearest() {
        let error = explained(Some("clock_skwed"), Language::English).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"clock_skwed\" is not the id of a cause (did you mean clock_skewed?); without an id, explain lists them all"
        );
        let error = explained(Some("\u{1b}[31m"), Language::English).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"\\u{1b}[31m\" is not the id of a cause; without an id, explain lists them all"
        );
    }

    #[test]
    fn a_closed_output_is_an_error_and_no_panic() {
        let full: &mut [u8] = &mut [0; 10];
        let mut out = io::Cursor::new(full);
        assert!(matches!(explain(None, Language::English, &mut out), Err(ExplainError::Output(_))));
    }
}
