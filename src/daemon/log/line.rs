//! One line of the log, as logfmt or as JSON: the same keys in the same order, `time`, `level` and `msg`
//! first, as in Prometheus' exporters.

use std::{
    fmt::{Debug, Display, Write as _},
    time::SystemTime,
};

use tracing::{
    Event, Level,
    field::{Field, Visit},
};

use crate::model::time::rfc3339_millis;

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `key=value`.
    Logfmt,
    /// An object.
    Json,
}

/// The name that `tracing` gives to the message of an event.
const MESSAGE: &str = "message";

/// The level of a line in this format: it follows the time, whatever the message contains.
pub(super) fn level_of(line: &str) -> Option<Level> {
    let (_, rest) = line.split_once("level")?;
    let word: String =
        rest.chars().skip_while(|c| !c.is_ascii_alphabetic()).take_while(char::is_ascii_alphabetic).collect();
    word.parse().ok()
}

/// A line under construction.
#[derive(Debug)]
pub(super) struct Line {
    format: Format,
    text: String,
}

impl Line {
    /// A line with `message`.
    pub(super) fn new(format: Format, time: SystemTime, level: Level, message: &str) -> Self {
        let text = if format == Format::Json { "{" } else { "" };
        Self { format, text: text.to_owned() }
            .with("time", rfc3339_millis(time))
            .with("level", level)
            .with("msg", message)
    }

    /// The line of an event.
    pub(super) fn of(event: &Event<'_>, format: Format, time: SystemTime) -> Self {
        let mut message = Message::default();
        event.record(&mut message);
        let mut line = Self::new(format, time, *event.metadata().level(), &message.0);
        event.record(&mut line);
        line
    }

    /// The same for a text.
    pub(super) fn with(mut self, key: &str, value: impl Display) -> Self {
        self.text_of(key, &value.to_string());
        self
    }

    /// The whole line.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(if self.format == Format::Json { "}\n" } else { "\n" });
        self.text
    }

    fn key(&mut self, key: &str) {
        let is_first = matches!(self.text.as_str(), "" | "{");
        // Writing to a string does not fail.
        let _infallible = match self.format {
            Format::Logfmt => write!(self.text, "{}{key}=", if is_first { "" } else { " " }),
            Format::Json => write!(self.text, "{}\"{key}\":", if is_first { "" } else { "," }),
        };
    }

    fn text_of(&mut self, key: &str, value: &str) {
        self.key(key);
        let plain = |c: char| !matches!(c, ' ' | '=' | '"' | '\\') && !is_hidden(c);
        if self.format == Format::Logfmt && !value.is_empty() && value.chars().all(plain) {
            self.text.push_str(value);
        } else {
            quote(value, &mut self.text);
        }
    }

    fn number_of(&mut self, field: &Field, value: impl Display) {
        self.key(field.name());
        // Writing to a string does not fail.
        let _infallible = write!(self.text, "{value}");
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != MESSAGE {
            self.text_of(field.name(), &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != MESSAGE {
            self.text_of(field.name(), value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number_of(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number_of(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number_of(field, value);
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == MESSAGE {
            self.0 = format!("{value:?}");
        }
    }
}

/// A JSON string, which readers of logfmt accept too. Nothing in it can control a terminal or reorder a line.
fn quote(value: &str, out: &mut String) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a string does not fail. None of these is beyond U+FFFF.
            c if is_hidden(c) => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// True for control characters, and for characters that are invisible or change the direction of writing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use tracing::{
        Metadata, Subscriber, info,
        span::{Attributes, Id, Record},
        warn,
    };

    use super::*;

    /// Keeps the lines of events.
    struct Kept(Format, Arc<Mutex<String>>);

    impl Subscriber for Kept {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
            *self.1.lock().unwrap() += &Line::of(event, self.0, time).end();
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    fn lines(format: Format) -> String {
        let kept = Arc::new(Mutex::default());
        tracing::subscriber::with_default(Kept(format, Arc::clone(&kept)), || {
            warn!(agent = %"logtail", pid = 7_u32, gone = true, path = "/a b", "it is {}", "gone");
            info!(subject = "", odd = "\u{1b}[31m\"\u{202e}x\\\n", "two\nlines");
        });
        let lines = kept.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn both_formats_say_the_same_under_the_same_keys() {
        assert_eq!(
            lines(Format::Logfmt),
            concat!(
                "time=1970-01-01T00:00:01.500Z level=WARN msg=\"it is gone\" agent=logtail pid=7 gone=true path=\"/a b\"\n",
                "time=1970-01-01T00:00:01.500Z level=INFO msg=\"two\\nlines\" subject=\"\" odd=\"\\u001b[31m\\\"\\u202ex\\\\\\n\"\n",
            )
        );
        assert_eq!(
            lines(Format::Json),
            concat!(
                r#"{"time":"1970-01-01T00:00:01.500Z","level":"WARN","msg":"it is gone","agent":"logtail","pid":7,"gone":true,"path":"/a b"}"#,
                "\n",
                r#"{"time":"1970-01-01T00:00:01.500Z","level":"INFO","msg":"two\nlines","subject":"","odd":"\u001b[31m\"\u202ex\\\n"}"#,
                "\n",
            )
        );
        for line in lines(Format::Json).lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
