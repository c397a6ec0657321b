//! The catalogue as a document, in both languages: `docs/causes.md`.

use std::{borrow::Cow, fmt::Write as _};

use logagent_exporter::{
    catalog::{
        self,
        remedy::{self, Reader},
    },
    model::{Cause, Language, Severity, phrase::phrase},
};

const INTRODUCTION: &str = "\
<!-- Rendered from src/catalog. Edit there, then: make bless -->

# Causes · 原因手册

Every defect that the exporter can name. The id is the label `cause` of the metric `logagent_problem`, the argument of
`logagent-exporter explain`, and what `ignore` in the config silences. Names in braces stand for the evidence of a
finding; names in angle brackets are filled in by `logagent-exporter check`. A *critical* cause means that the heartbeat cannot
work; a *warning* needs attention, while the heartbeat works or is at risk.

本手册列出 exporter 能够识别的所有问题。原因 ID 即指标 `logagent_problem` 的 `cause` 标签、`logagent-exporter explain`
的参数，也是配置项 `ignore` 中填写的值。花括号中的名称代表发现问题时的证据，以及该机器上的路径和命令。*critical*
表示心跳无法正常工作；*warning* 表示心跳目前正常或不可靠，需要关注。
";

/// The whole catalogue as Markdown: contents by prerequisite, then each cause in English and Chinese. A cause's anchor is
/// its id.
pub(crate) fn causes_document() -> String {
    let mut out = String::from(INTRODUCTION);
    for (prerequisite, causes) in catalog::families() {
        let _infallible = writeln!(out, "\n**[{0}](#{0})**\n", prerequisite.as_str());
        for cause in causes {
            contents_line(&mut out, cause);
        }
    }
    for (prerequisite, causes) in catalog::families() {
        let _infallible = writeln!(out, "\n## {}", prerequisite.as_str());
        for cause in causes {
            chapter(&mut out, cause);
        }
    }
    out
}

fn contents_line(out: &mut String, cause: &Cause) {
    let mark = match cause.severity {
        Severity::Critical => "",
        Severity::Warning => " (warning)",
    };
    let _infallible = writeln!(out, "- [`{0}`](#{0}){mark}: {1}", cause.id, escaped(cause.title.en));
}

fn chapter(out: &mut String, cause: &Cause) {
    let evidence: Vec<String> = cause.evidence.iter().map(|name| format!("`{name}`")).collect();
    let _infallible = writeln!(out, "\n### {}\n\n*{}*", cause.id, cause.severity.as_str());
    for (language, fix, seen, source, comma) in [
        (Language::English, "Fix:", "Evidence: ", "Source: ", ", "),
        (Language::Chinese, "处理方法：", "证据：", "依据：", "、"),
    ] {
        let _infallible = writeln!(
            out,
            "\n**{}**\n\n{}\n\n{fix}\n\n{}\n\n{seen}{} · {source}{}",
            escaped(cause.title.in_language(language)),
            escaped(cause.meaning.in_language(language)),
            escaped(&remedy::readable(cause, language, Reader::Runbook)),
            evidence.join(comma),
            escaped(&phrase(cause.source, language)),
        );
    }
}

/// `text` with Markdown's special characters escaped, except within code spans.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    const MARKUP: [char; 5] = ['<', '>', '*', '[', ']'];
    if !text.contains(MARKUP) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut code = false;
    for c in text.chars() {
        code ^= c == '`';
        if !code && MARKUP.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_literal_outside_of_code_and_untouched_inside() {
        assert_eq!(escaped("a <b> `c <d>` *e* [f]"), "a \\<b\\> `c <d>` \\*e\\* \\[f\\]");
    }

    #[test]
    fn each_cause_has_a_chapter_and_a_line_in_the_contents_that_leads_there() {
        let document = causes_document();
        for cause in catalog::causes() {
            assert!(document.contains(&format!("\n### {}\n", cause.id)), "{}", cause.id);
            assert!(document.contains(&format!("\n- [`{0}`](#{0})", cause.id)), "{}", cause.id);
        }
    }
}
