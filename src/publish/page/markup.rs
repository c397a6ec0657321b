//! Text as markup: escaped, with its commands marked.

use std::{
    fmt::{self, Write as _},
    time::{Duration, SystemTime},
};

use super::super::words::{self, Mark};
use crate::model::{Language, Status, Text, time::rfc3339};

const SECONDS: Text = Text { en: "# s ago", zh: "# 秒前" };
const MINUTES: Text = Text { en: "# min ago", zh: "# 分钟前" };
const HOURS: Text = Text { en: "# h ago", zh: "# 小时前" };
const DAYS: Text = Text { en: "# d ago", zh: "# 天前" };
pub(super) const COPY: Text = Text { en: "Copy", zh: "复制" };
const COPIED: Text = Text { en: "Copied", zh: "已复制" };
const LIVE: Text = Text { en: "live", zh: "实时更新" };
const POLLED: Text = Text { en: "refreshed every 15 s", zh: "每 15 秒刷新" };
const LOST: Text = Text { en: "connection lost, trying again", zh: "连接已断开，正在重试" };

/// The attributes with the script's texts.
pub(super) fn phrases(language: Language) -> String {
    let words = [
        ("seconds", SECONDS),
        ("minutes", MINUTES),
        ("hours", HOURS),
        ("days", DAYS),
        ("copy", COPY),
        ("copied", COPIED),
        ("live", LIVE),
        ("polled", POLLED),
        ("lost", LOST),
    ];
    let mut out = String::new();
    for (name, text) in words {
        let _infallible = write!(out, " data-{name}=\"{}\"", Escaped(text.in_language(language)));
    }
    out
}

/// The time since a moment, as of `now`.
pub(super) fn ago(now: SystemTime, at: SystemTime, language: Language) -> String {
    let passed = now.duration_since(at).unwrap_or(Duration::ZERO).as_secs();
    let (number, text) = match passed {
        0..60 => (passed, SECONDS),
        60..3600 => (passed / 60, MINUTES),
        3600..86400 => (passed / 3600, HOURS),
        _ => (passed / 86400, DAYS),
    };
    text.in_language(language).replace('#', &number.to_string())
}

/// A time to the second, without the `T` and `Z` of RFC 3339.
pub(super) fn for_people(at: SystemTime) -> String {
    rfc3339(at).replace('T', " ").replace('Z', " UTC")
}

/// A disc in the colour of the status, as the path of a data URL.
pub(super) fn icon(mark: Mark) -> String {
    let colour = match mark {
        Mark::Good => "1a7f37",
        Mark::Warned => "bf8700",
        Mark::Bad => "cf222e",
        Mark::Unknown => "8250df",
    };
    format!(
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{colour}'/%3E%3C/svg%3E"
    )
}

/// The class of a mark.
pub(super) fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "good",
        Mark::Warned => "warned",
        Mark::Bad => "bad",
        Mark::Unknown => "unknown",
    }
}

/// Text escaped so that it cannot end its element or attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A mark that screen readers read as its label.
pub(super) struct Marked(pub(super) Mark, pub(super) Language);

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.0 {
            Mark::Good => words::status(Status::Ok),
            Mark::Warned => words::severity(crate::model::Severity::Warning),
            Mark::Bad => words::status(Status::Failing),
            Mark::Unknown => words::status(Status::Unknown),
        };
        let (class, symbol, word) = (class(self.0), self.0.symbol(), word.in_language(self.1));
        write!(f, "<span class=\"mark {class}\" role=\"img\" aria-label=\"{word}\">{symbol}</span>")
    }
}

/// A sentence with its commands as code: text in backticks, and from `sudo` to the end of the clause.
pub(super) fn with_commands(line: &str, language: Language) -> String {
    let mut out = String::new();
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 1 {
            code(&mut out, part, language);
            continue;
        }
        let mut rest = part;
        while let Some((before, from)) = rest.split_once("sudo ") {
            let end = from.find([',', ';', '，', '；', '。', ')', '）']).unwrap_or(from.len());
            let (command, after) = from.split_at_checked(end).unwrap_or((from, ""));
            let full_stop = if command.ends_with('.') { "." } else { "" };
            let _infallible = write!(out, "{}", Escaped(before));
            code(&mut out, &format!("sudo {}", command.trim_end_matches('.').trim_end()), language);
            out.push_str(full_stop);
            rest = after;
        }
        let _infallible = write!(out, "{}", Escaped(rest));
    }
    out
}

fn code(out: &mut String, text: &str, language: Language) {
    let shown = Escaped(text);
    // A single word is a name, not a command.
    if !text.trim().contains(' ') {
        let _infallible = write!(out, "<code>{shown}</code>");
        return;
    }
    let copy = COPY.in_language(language);
    let _infallible = write!(
        out,
        "<span class=\"command\"><code>{shown}</code>\
         <button type=\"button\" hidden data-copy data-focus=\"{shown}\" aria-label=\"{copy}: {shown}\">{copy}</button></span>"
    );
}
