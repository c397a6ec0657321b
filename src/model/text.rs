//! Bilingual sentences with `{placeholders}`, and the escaping of untrusted text in them.

use std::fmt::Write as _;

/// A language of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese (简体中文).
    Chinese,
}

/// One sentence, or a few, in every language. If a language is added here, the compiler lists each missing sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The sentence in `language`, placeholders unfilled.
    pub fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        }
    }

    /// The sentence with each `{name}` replaced by the result of `value`; an unknown name is kept as written.
    pub fn fill<'a>(&self, language: Language, value: impl Fn(&str) -> Option<&'a str>) -> String {
        fill(self.in_language(language), |name| value(name).map(str::to_owned))
    }

    /// The names of all placeholders in `language`.
    pub fn placeholders(&self, language: Language) -> Vec<&'static str> {
        let mut names = Vec::new();
        let mut rest = self.in_language(language);
        while let Some((_, after)) = rest.split_once('{') {
            match after.split_once('}') {
                Some((name, tail)) if is_placeholder(name) => {
                    names.push(name);
                    rest = tail;
                }
                Some(_) | None => rest = after,
            }
        }
        names
    }
}

/// `template` with each `{name}` replaced by the result of `value`; an unknown name is kept as written.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_placeholder(name) => {
                out.push_str(&value(name).unwrap_or_else(|| format!("{{{name}}}")));
                rest = tail;
            }
            Some(_) | None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `word` as one word of a shell, quoted if necessary: for every command that is displayed.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `word` as one word of `PowerShell`.
pub fn powershell_word(word: &str) -> String {
    // Paths are quoted: they may be used where words are expressions.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        word.to_owned()
    } else {
        // Typographic quotes end a string there too.
        let doubled =
            |c: char| if matches!(c, '\'' | '\u{2018}'..='\u{201b}') { vec![c, c] } else { vec![c] };
        format!("'{}'", word.chars().flat_map(doubled).collect::<String>())
    }
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The longest value that evidence quotes, in characters; a page should stay readable whatever a file holds.
const LONGEST_VALUE: usize = 200;

/// `value` with everything non-printing made visible (`\r`, `\t`, `\u{feff}`), truncated to 200 characters.
pub fn visible(value: &str) -> String {
    visible_or_cut(value).0
}

/// The same, and whether it was cut.
pub fn visible_or_cut(value: &str) -> (String, bool) {
    if value.len() <= LONGEST_VALUE && is_plain(value) {
        return (value.to_owned(), false);
    }
    let mut out = String::new();
    for (count, c) in value.chars().enumerate() {
        if count == LONGEST_VALUE {
            out.push('…');
            return (out, true);
        }
        match c {
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if !is_printable(c) => {
                let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    (out, false)
}

/// `value` as [`visible`] shows it, in double quotes: for values whose exact bytes matter.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", visible(value))
}

/// True if it is printable ASCII, as nearly all values are.
pub fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// True if a terminal or a page shows the character as it is, and it does not change how others are shown.
pub fn is_printable(c: char) -> bool {
    !c.is_control() && !is_invisible(c)
}

/// Format characters (zero width, direction overrides, BOM) that would hide or reorder what a person reads.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay_visible() {
        let text = Text { en: "ip {reported} is not {expected}; {not a name} {", zh: "" };
        let filled = text.fill(Language::English, |name| (name == "reported").then_some("10.0.0.1"));
        assert_eq!(filled, "ip 10.0.0.1 is not {expected}; {not a name} {");
        assert_eq!(text.placeholders(Language::English), ["reported", "expected"]);
    }

    #[test]
    fn shell_words_are_quoted_when_they_are_not_plain() {
        assert_eq!(shell_word("/usr/local/ilogtail-2"), "/usr/local/ilogtail-2");
        assert_eq!(shell_word("http://10.0.0.1:80/a,b%20@c"), "http://10.0.0.1:80/a,b%20@c");
        assert_eq!(shell_word("/opt/a b'; rm"), r"'/opt/a b'\''; rm'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn words_of_powershell_are_quoted_when_they_are_not_plain() {
        assert_eq!(powershell_word("LogtailDaemon"), "LogtailDaemon");
        assert_eq!(powershell_word(r"C:\Program Files (x86)\a"), r"'C:\Program Files (x86)\a'");
        assert_eq!(powershell_word("a'; rm $(b)\u{2019}"), "'a''; rm $(b)\u{2019}\u{2019}'");
        assert_eq!(powershell_word("-Force"), "'-Force'");
        assert_eq!(powershell_word(""), "''");
    }

    #[test]
    fn non_printing_characters_are_shown_and_long_values_cut() {
        assert_eq!(quoted("web\r"), "\"web\\r\"");
        assert_eq!(visible("\u{feff}a\tb\u{1b}[31m"), "\\u{feff}a\\tb\\u{1b}[31m");
        assert_eq!(visible(&"x".repeat(1000)).chars().count(), 201);
    }
}
