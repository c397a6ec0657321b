//! Durations as people write them in config and flags.

use std::time::Duration;

use crate::model::text::quoted;

/// No setting needs more; it also keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// What to write instead.
const EXAMPLE: &str = "is not a duration; write it like 15s, 1m30s or 0";

/// The same for durations that must not be 0.
const PERIOD: &str = "is not a duration; write it like 15s or 1m30s";

/// Maximum number of digits: the parser adds up in 64 bits, so larger numbers are rejected before it sees them.
const MOST_DIGITS: usize = 10;

/// The longest text that is parsed.
const LONGEST_TEXT: usize = 64;

/// Reads a duration as Prometheus and humantime write it: `15s`, `1m30s`, `250ms`, `0`.
///
/// At most 366 days. Months (`M`) are refused: they are one typing error away from minutes.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let refused = |why: &str| Err(format!("{} {why}", quoted(text)));
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.len() > LONGEST_TEXT || text.trim() != text || !text.is_ascii() || has_odd_number(text) {
        return refused(EXAMPLE);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Err(format!("{} has no unit; write {text}s, {text}m or {text}h", quoted(text)));
    }
    if text.contains('M') || text.contains("mon") {
        return refused("counts in months; write minutes as m (15m), longer times in days (30d)");
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration > LONGEST => refused("is longer than a year"),
        Ok(duration) => Ok(duration),
        Err(_) => refused(EXAMPLE),
    }
}

/// Reads a duration for which 0 makes no sense: 0 is accepted, but not suggested.
pub fn parse_period(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|why| why.replace(EXAMPLE, PERIOD))
}

/// True if a number has too many digits, or blanks inside (`1 5m` would be read as 15 minutes).
fn has_odd_number(text: &str) -> bool {
    let mut digits = 0_usize;
    let mut blank_after_digit = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            if blank_after_digit {
                return true;
            }
            digits += 1;
            if digits > MOST_DIGITS {
                return true;
            }
        } else if c.is_whitespace() {
            blank_after_digit = digits > 0;
        } else if c != '.' {
            digits = 0;
            blank_after_digit = false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_and_humantime_write_them() {
        for (text, seconds) in [
            ("15s", 15),
            ("1m30s", 90),
            ("1m 30s", 90),
            ("15 min", 900),
            ("0", 0),
            ("0s", 0),
            ("2h", 7200),
            ("1d", 86400),
            ("366d", 31_622_400),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_no_duration_says_what_would_be() {
        let shape = "is not a duration; write it like 15s, 1m30s or 0";
        for text in ["", " 15s", "-5m", "abc", "5x", "1 5m", "99999999999s", "1.", "s", "15s\n", "１5s"] {
            assert_eq!(parse_duration(text), Err(format!("{} {shape}", quoted(text))), "{text:?}");
        }
        assert_eq!(parse_duration("15"), Err("\"15\" has no unit; write 15s, 15m or 15h".to_owned()));
        assert_eq!(parse_duration("367d"), Err("\"367d\" is longer than a year".to_owned()));
        assert!(parse_duration("5M").unwrap_err().contains("counts in months"));
        assert!(parse_duration("2months").unwrap_err().contains("counts in months"));
        // Its sum overflows inside humantime 2.x, which would panic.
        assert!(parse_duration("18446744073709551615s 1000ms").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,70}", units in "([0-9]{1,22}(ns|us|ms|s|m|h|d|w|y| ){1,3}){1,6}") {
            let _any = parse_duration(&text);
            let _any = parse_duration(&units);
        }
    }
}
