//! The exporter's own log: which events it takes, and where they go. A slow reader, or none at all, blocks nothing.

mod events;
mod line;
mod queue;

use std::{
    fmt::Arguments,
    io::{self, Write as _},
    panic,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};

pub use self::line::Format;
use self::{events::Events, line::Line, queue::Queue};
use crate::{observe::time, sys::EventLog};

/// Only the exporter's events: those of libraries would show what they send and receive.
const TARGET: &str = env!("CARGO_CRATE_NAME");

/// How long the shutdown waits for a reader that does not read.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Where a daemon's log goes; not set if the program only runs a command.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Logs to standard error, synchronously: for commands.
pub fn to_stderr(level: LevelFilter, format: Format) {
    install(Log { level, format, queue: None });
}

/// Logs to standard error from a separate thread, or to the system's log for a service without standard
/// error: for the daemon. Lines that cannot be written in time are dropped and counted. Panics are logged the same way.
///
/// # Errors
/// If the thread cannot be started.
pub fn to_stderr_unblocked(level: LevelFilter, format: Format) -> io::Result<()> {
    let queue = Queue::new(move |lines| {
        let line =
            Line::new(format, time::now().wall, Level::WARN, "log lines were dropped, as they were not read");
        line.with("lines", lines).end()
    });
    match EventLog::of_service() {
        Some(log) => queue.write_to(Events(log))?,
        None => queue.write_to(io::stderr())?,
    }
    if QUEUE.set(Arc::clone(&queue)).is_ok() {
        panic::set_hook(Box::new(move |panic| {
            let line = Line::new(format, time::now().wall, Level::ERROR, &panic.to_string());
            print(format_args!("{}", line.end()));
        }));
        install(Log { level, format, queue: Some(queue) });
    }
    Ok(())
}

/// Log lines that could not be written in time.
pub fn lines_dropped() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.dropped())
}

/// Prints text to standard error, after everything that was logged, and waits for a limited time until it is written.
pub fn print(text: Arguments<'_>) {
    match QUEUE.get() {
        Some(queue) => {
            queue.push(&text.to_string());
            queue.flush(FLUSH_TIME);
        }
        None => {
            // If standard error is closed, the text is lost.
            let _unheard = io::stderr().write_fmt(text);
        }
    }
}

/// Waits for a limited time until everything that was logged is written.
pub fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FLUSH_TIME);
    }
}

fn install(log: Log) {
    // It is the only one, except in tests, which share a process.
    let _installed = tracing::subscriber::set_global_default(log);
}

/// Takes events; there are no spans.
struct Log {
    level: LevelFilter,
    format: Format,
    queue: Option<Arc<Queue>>,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let of_ours = metadata.target().split("::").next() == Some(TARGET);
        of_ours && metadata.is_event() && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let line = Line::of(event, self.format, time::now().wall).end();
        match &self.queue {
            Some(queue) => queue.push(&line),
            None => {
                // As in [`print`].
                let _unheard = io::stderr().write_all(line.as_bytes());
            }
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
