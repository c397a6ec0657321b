//! Line wrapping for terminals. A command is never wrapped, so that it can be copied.

use super::super::words::width;

/// Characters that never begin a line.
const CLOSING: &str = "，。；：！？、）》」』”’…％";
/// Characters that never end a line.
const OPENING: &str = "（《「『“‘";

/// The line in pieces of at most `columns`, except for parts that cannot be wrapped.
pub fn wrap(line: &str, columns: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut current = String::new();
    for Unit { text, blank_before } in units(line) {
        let gap = if blank_before && !current.is_empty() { " " } else { "" };
        if !current.is_empty() && width(&current) + gap.len() + width(&text) > columns {
            out.push(std::mem::replace(&mut current, text));
        } else {
            current.push_str(gap);
            current.push_str(&text);
        }
    }
    out.push(current);
    out
}

/// The indentation and number of a line of a remedy, and the text of its step, below which it is wrapped.
pub fn split_step(line: &str) -> (&str, &str) {
    let inner = line.trim_start();
    let number = inner.find(". ").filter(|at| inner.bytes().take(*at).all(|b| b.is_ascii_digit()));
    let indent = line.len() - inner.len() + number.map_or(0, |at| at + 2);
    line.split_at_checked(indent).unwrap_or(("", line))
}

/// A unit that is not wrapped, and whether a blank precedes it.
#[derive(Debug, Default)]
struct Unit {
    text: String,
    blank_before: bool,
}

fn units(line: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut unit = Unit::default();
    let mut in_code = false;
    for c in line.chars() {
        if c == '`' {
            in_code = !in_code;
        }
        let wide = width(c.encode_utf8(&mut [0; 4])) == 2 || CLOSING.contains(c) || OPENING.contains(c);
        let command = in_code || is_command(&unit.text);
        if c == ' ' && !command {
            finish(&mut unit, &mut units);
            unit.blank_before = true;
        } else if wide && !in_code {
            let opened = unit.text.ends_with(|last| OPENING.contains(last));
            if !CLOSING.contains(c) && !opened {
                finish(&mut unit, &mut units);
            } else if CLOSING.contains(c) && unit.text.is_empty() && !unit.blank_before {
                unit = units.pop().unwrap_or_default();
            }
            unit.text.push(c);
            if !OPENING.contains(c) {
                finish(&mut unit, &mut units);
            }
        } else {
            unit.text.push(c);
        }
    }
    finish(&mut unit, &mut units);
    units
}

/// True if the following text belongs to a command that has begun, up to the sentence's end.
fn is_command(text: &str) -> bool {
    text.starts_with("sudo") && !text.ends_with([',', ';', ')', '.'])
}

fn finish(unit: &mut Unit, units: &mut Vec<Unit>) {
    let done = std::mem::take(unit);
    if done.text.is_empty() {
        unit.blank_before = done.blank_before;
    } else {
        units.push(done);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_kept_whole_and_so_are_commands() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("incomprehensible", 7), ["incomprehensible"]);
        assert_eq!(
            wrap("Verify with `ps -o pid,stat -p 7`, then wait", 16),
            ["Verify with", "`ps -o pid,stat -p 7`,", "then wait"]
        );
        assert_eq!(
            wrap("Restart: sudo /etc/init.d/ilogtaild restart", 20),
            ["Restart:", "sudo /etc/init.d/ilogtaild restart"]
        );
        assert_eq!(wrap("a sudo x y, and z", 10), ["a", "sudo x y,", "and z"]);
    }

    #[test]
    fn chinese_is_broken_anywhere_but_around_its_punctuation() {
        assert_eq!(wrap("上报的地址，不在机器组中", 10), ["上报的地", "址，不在机", "器组中"]);
        assert_eq!(wrap("重启（然后检查）", 6), ["重启", "（然后", "检查）"]);
        assert_eq!(wrap("上报的 IP 10.0.0.9 不在", 11), ["上报的 IP", "10.0.0.9 不", "在"]);
    }

    #[test]
    fn a_step_is_split_after_its_number() {
        assert_eq!(split_step("  12. Start it"), ("  12. ", "Start it"));
        assert_eq!(split_step("   and wait. Then"), ("   ", "and wait. Then"));
        assert_eq!(split_step(""), ("", ""));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long_that_could_be_broken(
            line in "([a-z]{1,8}|[，。（）]|[上报地址]{1,5}| ){0,40}",
            columns in 12..60usize,
        ) {
            let lines = wrap(&line, columns);
            let without_blanks = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_blanks(&lines.concat()), without_blanks(&line));
            for line in &lines {
                prop_assert!(width(line) <= columns || units(line).len() == 1, "{:?}", line);
            }
        }
    }
}
