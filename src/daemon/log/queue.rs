//! Lines on their way to a reader that may be slow, or never read again (a full pipe, a journal that hangs):
//! a thread writes them, and lines that do not fit into its queue are dropped and counted.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// The maximum size of the queue, in bytes: a few hundred lines.
const MOST_BYTES: usize = 64 << 10;
/// The thread only copies bytes.
const STACK: usize = 64 << 10;

/// A queue of lines.
pub(super) struct Queue {
    lines: Mutex<Lines>,
    changed: Condvar,
    dropped: AtomicU64,
    /// The line that says how many were dropped.
    told: Box<dyn Fn(u64) -> String + Send + Sync>,
}

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Lines dropped since the last line that was taken.
    dropped: u64,
}

impl Queue {
    pub(super) fn new(told: impl Fn(u64) -> String + Send + Sync + 'static) -> Arc<Self> {
        let (lines, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self { lines, changed, dropped: AtomicU64::new(0), told: Box::new(told) })
    }

    /// Starts the thread that writes to `out`.
    pub(super) fn write_to(self: &Arc<Self>, mut out: impl Write + Send + 'static) -> io::Result<()> {
        let queue = Arc::clone(self);
        let thread = thread::Builder::new().name("log".to_owned()).stack_size(STACK);
        // It ends with the process.
        let _detached = thread.spawn(move || {
            loop {
                let lines = queue.next();
                if out.write_all(&lines).and_then(|()| out.flush()).is_err() {
                    // Standard error is closed: there is no reader.
                    queue.drop_lines(count(&lines));
                }
                queue.written();
            }
        })?;
        Ok(())
    }

    /// Appends a line, or drops it. Never blocks.
    pub(super) fn push(&self, line: &str) {
        let mut lines = self.lock();
        let told = if lines.dropped > 0 { (self.told)(lines.dropped) } else { String::new() };
        if lines.waiting.len() + told.len() + line.len() > MOST_BYTES {
            lines.dropped += 1;
            self.drop_lines(1);
            return;
        }
        lines.dropped = 0;
        lines.waiting.extend_from_slice(told.as_bytes());
        lines.waiting.extend_from_slice(line.as_bytes());
        drop(lines);
        self.changed.notify_all();
    }

    /// Waits until everything is written, for at most `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let busy = |lines: &mut Lines| lines.is_writing || !lines.waiting.is_empty();
        drop(self.changed.wait_timeout_while(self.lock(), patience, busy));
    }

    /// Lines that were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// All queued bytes, as soon as there are any.
    fn next(&self) -> Vec<u8> {
        let waiting = self.changed.wait_while(self.lock(), |lines| lines.waiting.is_empty());
        let mut lines = waiting.unwrap_or_else(PoisonError::into_inner);
        lines.is_writing = true;
        std::mem::take(&mut lines.waiting)
    }

    fn written(&self) {
        self.lock().is_writing = false;
        self.changed.notify_all();
    }

    fn drop_lines(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }

    /// A poisoned lock only means that another thread panicked; bytes cannot be half pushed.
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Passes on writes, each after it was permitted.
    struct Slow {
        allowed: mpsc::Receiver<()>,
        written: mpsc::Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.allowed.recv().map_err(io::Error::other)?;
            self.written.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue() -> (Arc<Queue>, mpsc::Sender<()>, mpsc::Receiver<String>) {
        let queue = Queue::new(|lines| format!("{lines} were dropped\n"));
        let (allow, allowed) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        queue.write_to(Slow { allowed, written }).unwrap();
        (queue, allow, lines)
    }

    #[test]
    fn a_reader_that_stalls_stops_nobody_and_is_told_later_what_it_has_missed() {
        let (queue, allow, lines) = queue();
        let line = format!("{}\n", "x".repeat(999));
        for _ in 0..1000 {
            queue.push(&line);
        }
        // The thread may hold as much again, in addition to the queue.
        let most = 2 * u64::try_from(MOST_BYTES / line.len()).unwrap();
        let dropped = queue.dropped();
        assert!((1000 - most..1000).contains(&dropped), "{dropped} of 1000 were dropped");
        queue.flush(Duration::from_millis(1));

        allow.send(()).unwrap();
        let first = lines.recv().unwrap();
        allow.send(()).unwrap();
        let mut all = first + &lines.recv_timeout(Duration::from_secs(20)).unwrap_or_default();
        queue.push("last\n");
        allow.send(()).unwrap();
        while !all.ends_with("last\n") {
            all += &lines.recv_timeout(Duration::from_secs(20)).unwrap();
            allow.send(()).unwrap();
        }
        let written = all.matches('x').count() / 999;
        assert_eq!(u64::try_from(written).unwrap() + dropped, 1000);
        assert!(all.ends_with(" were dropped\nlast\n"), "{}", &all[all.len() - 60..]);
        // Logged in two parts if the thread took the first lines only when some had been dropped.
        let told: u64 =
            all.lines().filter_map(|line| line.strip_suffix(" were dropped")?.parse::<u64>().ok()).sum();
        assert_eq!(told, dropped);
    }

    #[test]
    fn what_waits_is_written_before_the_end() {
        let (queue, allow, lines) = queue();
        allow.send(()).unwrap();
        allow.send(()).unwrap();
        queue.push("a\n");
        queue.push("b\n");
        queue.flush(Duration::from_secs(20));
        assert_eq!(lines.try_iter().collect::<String>(), "a\nb\n");
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn where_nobody_listens_lines_are_counted() {
        let (queue, allow, _) = queue();
        drop(allow);
        queue.push("a\n");
        queue.flush(Duration::from_secs(20));
        assert_eq!(queue.dropped(), 1);
    }
}
