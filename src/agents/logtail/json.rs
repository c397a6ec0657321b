//! JSON as the agent reads it: its own check (`IsValidJson`), then jsoncpp with default settings.
//!
//! Both are more tolerant than the standard (comments, trailing commas, text after the root) and stricter (no byte order
//! mark, no leading carriage return or comment). This module accepts and rejects the same.

use jsonc_parser::{CollectOptions, ParseOptions, errors::ParseError, parse_to_ast};
use serde_json::{Map, Value};

use crate::model::{authority::without_user_info, snapshot::Rejection};

/// jsoncpp's defaults.
const JSONCPP: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Replaces a secret in a canonical rendering.
const MASK: &str = "***";

/// The object in an agent's file.
pub(super) fn read_object(bytes: &[u8]) -> Result<Map<String, Value>, Rejection> {
    check_beginning(bytes)?;
    let text = String::from_utf8_lossy(bytes);
    let root = first_value(&text).map_err(|error| Rejection {
        line: u32::try_from(error.line_display()).ok(),
        reason: in_a_sentence(&error.kind().to_string()),
    })?;
    if !braces_balance(bytes) {
        return Err(reject(
            None,
            "the braces do not balance as the agent counts them (a brace or a double quote in a comment, or text after the end)",
        ));
    }
    match root {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(reject(Some(1), "not an object: no parameter can be read from it"))
        }
    }
}

/// The first value in `text`; jsoncpp ignores the rest.
pub(super) fn first_value(text: &str) -> Result<Value, ParseError> {
    let whole = text.as_bytes();
    let value = first_value_end(whole).and_then(|end| text.get(..end)).unwrap_or(text);
    let parsed = parse_to_ast(value, &CollectOptions::default(), &JSONCPP)?;
    Ok(parsed.value.map_or(Value::Null, Value::from))
}

fn reject(line: Option<u32>, reason: &str) -> Rejection {
    Rejection { line, reason: reason.to_owned() }
}

/// `IsValidJson`: only blanks, line feeds and tabs may precede the root.
fn check_beginning(bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(reject(Some(1), "begins with a UTF-8 byte order mark, which the agent rejects"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(reject(Some(1), crate::agents::windows::UTF_16));
    }
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(reject(line_at(bytes, at), "holds a NUL byte: binary content, not text"));
    }
    let Some(at) = bytes.iter().position(|b| !b" \n\t".contains(b)) else {
        return Err(reject(None, "is empty"));
    };
    match bytes.get(at) {
        Some(b'{' | b'[') => Ok(()),
        Some(b'\r') => Err(reject(
            line_at(bytes, at),
            "a carriage return precedes the opening brace, which the agent rejects",
        )),
        Some(_) | None => Err(reject(line_at(bytes, at), "does not begin with an opening brace")),
    }
}

/// The line, from 1, of the byte at `at`.
fn line_at(bytes: &[u8], at: usize) -> Option<u32> {
    let line_feeds = bytes.iter().take(at).filter(|&&b| b == b'\n').count();
    u32::try_from(line_feeds + 1).ok()
}

/// `IsValidJson`: counts braces outside of quotes, and does not recognize comments.
fn braces_balance(bytes: &[u8]) -> bool {
    let mut open = 0_usize;
    let mut quoted = false;
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => {
                rest.next();
            }
            b'{' if !quoted => open += 1,
            b'}' if !quoted => match open.checked_sub(1) {
                Some(fewer) => open = fewer,
                None => return false,
            },
            _ => {}
        }
    }
    open == 0
}

/// The index after the bracket that closes the first one; `None` if the text ends before.
fn first_value_end(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = text.iter().copied().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match (byte, bytes.peek().map(|&(_, next)| next)) {
            (b'"', _) => skip_string(&mut bytes)?,
            (b'/', Some(b'/')) => while bytes.next()?.1 != b'\n' {},
            (b'/', Some(b'*')) => skip_comment(&mut bytes)?,
            (b'{' | b'[', _) => depth += 1,
            (b'}' | b']', _) => depth = depth.checked_sub(1)?,
            _ => continue,
        }
        if depth == 0 && matches!(byte, b'}' | b']') {
            return Some(at + 1);
        }
    }
    None
}

/// Consumes the rest of a string after its opening quote, the closing one included; `None` if the text ends before.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) -> Option<()> {
    loop {
        match bytes.next()?.1 {
            b'"' => return Some(()),
            b'\\' => _ = bytes.next()?,
            _ => {}
        }
    }
}

/// Consumes the rest of a block comment after its slash, its end included; `None` if the text ends before.
fn skip_comment(bytes: &mut impl Iterator<Item = (usize, u8)>) -> Option<()> {
    bytes.next()?;
    let mut last = 0;
    loop {
        let (_, byte) = bytes.next()?;
        if last == b'*' && byte == b'/' {
            return Some(());
        }
        last = byte;
    }
}

/// The parser's message as part of a sentence.
fn in_a_sentence(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// One rendering for all spellings of the same content: keys sorted, no blanks, secrets masked.
pub(super) fn canonical(object: &Map<String, Value>) -> String {
    sorted_object(object).to_string()
}

fn sorted_object(object: &Map<String, Value>) -> Value {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|&(key, _)| key);
    let masked = |key: &String, value| {
        if holds_secret(key) { Value::String(MASK.to_owned()) } else { sorted(value) }
    };
    Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), masked(key, value))).collect())
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => sorted_object(object),
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        Value::String(text) => Value::String(without_user_info(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// True for names of keys and variables with values that must not be kept.
pub(in crate::agents) fn holds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "key", "token", "passw", "credential"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line_and_reason(bytes: &[u8]) -> (Option<u32>, String) {
        let rejection = read_object(bytes).expect_err("rejected");
        (rejection.line, rejection.reason)
    }

    #[test]
    fn what_jsoncpp_tolerates_is_accepted() {
        for text in [
            "{}",
            " \n\t{ \"a\" : 1 }\n",
            "{\r\n\"a\": 1\r\n}\r\n",
            "{ // comment\n \"a\": /* {x} ] */ 1, }",
            "{\"a\": [1, 2,],}",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": 1} trailing words",
            "{\"a\": \"caf\u{e9}\"}",
            "{\"a\": \"two\nlines\"}",
        ] {
            assert!(read_object(text.as_bytes()).is_ok(), "{text:?}: {:?}", read_object(text.as_bytes()));
        }
        assert!(read_object(b"{\"a\": \"\xff\"}").is_ok());
    }

    #[test]
    fn what_the_agent_rejects_is_rejected_with_line_and_reason() {
        let table: [(&[u8], Option<u32>, &str); 17] = [
            (b"", None, "empty"),
            (b" \n\t\n", None, "empty"),
            (b"\xef\xbb\xbf{}", Some(1), "byte order mark"),
            (b"\xff\xfe{\0}\0", Some(1), "UTF-16"),
            (b"\r\n{}", Some(1), "carriage return"),
            (b"\n\r{}", Some(2), "carriage return"),
            (b"{\n\"a\0\"}", Some(2), "NUL"),
            (b"// c\n{}", Some(1), "opening brace"),
            (b"\x7fELF", Some(1), "opening brace"),
            (b"{\n  \"a\": 1\n", Some(1), "unterminated"),
            (b"{\n  \"a\": ", Some(2), "expected value"),
            (b"{\n  \"a\" 1 }", Some(2), "colon"),
            (b"{\"a\": 1 \"b\": 2}", Some(1), "comma"),
            (b"{'a': 1}", Some(1), "single-quoted"),
            (b"{a: 1}", Some(1), "string for object property"),
            (b"[{}]", Some(1), "not an object"),
            (b"{\"a\": 1} }", None, "braces"),
        ];
        for (bytes, line, part) in table {
            let (found, reason) = line_and_reason(bytes);
            let shown = String::from_utf8_lossy(bytes);
            assert!(reason.contains(part), "{shown:?}: {reason}");
            assert!(line.is_none() || found.is_some(), "{shown:?}: {found:?}");
            if !reason.contains("unterminated") && !reason.contains("expected value") {
                assert_eq!(found, line, "{shown:?}: {reason}");
            }
        }
        assert!(line_and_reason(b"{ // 5\" disk\n \"a\": 1 }").1.contains("double quote in a comment"));
        assert!(line_and_reason(b"{ // a }\n \"a\": 1 }").1.contains("brace"));
    }

    #[test]
    fn the_last_of_duplicate_keys_wins() {
        let object = read_object(br#"{"a": 1, "b": 0, "a": 2}"#).expect("accepted");
        assert_eq!(object.get("a"), Some(&Value::from(2)));
    }

    #[test]
    fn deep_nesting_is_rejected_and_not_followed() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(line_and_reason(deep.as_bytes()).1.contains("nesting"));
        let fine = format!("{{\"a\": {}{}}}", "[".repeat(400), "]".repeat(400));
        assert!(read_object(fine.as_bytes()).is_ok());
    }

    #[test]
    fn canonical_text_holds_no_secrets() {
        let text = br#"{"b": {"AccessKeySecret": "S3", "password": ["S3"]}, "a": "http://u:S3@proxy:1"}"#;
        let canonical = canonical(&read_object(text).expect("accepted"));
        assert_eq!(canonical, r#"{"a":"http://proxy:1","b":{"AccessKeySecret":"***","password":"***"}}"#);
    }

    #[test]
    fn reasons_quote_nothing_of_the_file() {
        for text in
            ["{\"secret\": S3CRET}", "{S3CRET: 1}", "{\"k\": \"S3CRET", "S3CRET", "{\"a\": 1} S3CRET }"]
        {
            assert!(!line_and_reason(text.as_bytes()).1.contains("S3CRET"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read = read_object(&bytes);
        }

        #[test]
        fn arbitrary_json_like_text_never_panics(text in r#"[{}\[\],:"/*\\ \r\nu0-9ae.-]{0,80}"#) {
            let _read = read_object(format!("{{{text}").as_bytes());
            let _end = first_value_end(text.as_bytes());
        }

        #[test]
        fn comments_and_blanks_do_not_change_the_canonical_text(
            numbers in proptest::collection::btree_map("[a-z]{1,8}", any::<i32>(), 0..6),
            blank in "[ \n\t]{0,3}",
            comment in "[a-z ]{0,8}",
        ) {
            let plain: Vec<_> = numbers.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let odd: Vec<_> =
                numbers.iter().rev().map(|(key, value)| format!("{blank}\"{key}\"{blank}: {value}{blank}")).collect();
            let plain = format!("{{{}}}", plain.join(","));
            let odd = format!("{blank}{{{blank}{}\n}}{blank}", odd.join(&format!(",//{comment}\n/*{comment}*/")));
            let (plain, odd) = (read_object(plain.as_bytes()), read_object(odd.as_bytes()));
            prop_assert_eq!(canonical(&plain.expect("plain")), canonical(&odd.expect("odd")));
        }
    }
}
