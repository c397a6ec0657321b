//! Lines of the log as events of the system's own log, for a service without standard error.

use std::io::{self, Write};

use super::line::level_of;
use crate::sys::{EventLog, Importance};
use tracing::Level;

/// Writes each line as an event.
pub(super) struct Events(pub(super) EventLog);

impl Write for Events {
    /// The queue passes on whole lines.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(bytes).lines().filter(|line| !line.is_empty()) {
            self.0.tell(importance(line), line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn importance(line: &str) -> Importance {
    match level_of(line) {
        Some(Level::ERROR) => Importance::Error,
        Some(Level::WARN) => Importance::Warning,
        Some(_) | None => Importance::Information,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{super::line::Line, *};
    use crate::daemon::log::Format;

    #[test]
    fn a_line_is_as_important_as_its_level_whatever_it_says() {
        for format in [Format::Logfmt, Format::Json] {
            for (level, wanted) in [
                (Level::ERROR, Importance::Error),
                (Level::WARN, Importance::Warning),
                (Level::INFO, Importance::Information),
                (Level::DEBUG, Importance::Information),
            ] {
                let message = "level=error \"level\":\"ERROR\" level=ERROR";
                let line = Line::new(format, SystemTime::UNIX_EPOCH, level, message).end();
                assert_eq!(importance(&line), wanted, "{line}");
            }
        }
        assert_eq!(importance("no line of the log"), Importance::Information);
    }
}
