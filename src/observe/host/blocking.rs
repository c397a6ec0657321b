//! Blocking reads under a deadline: a hung file system costs one thread and makes one fact unknown.
//!
//! The work is plain sequential code on one blocking thread. Each read inside it goes through [`Attempt::guard`]. If
//! one does not return in time, that thread is abandoned and the work starts again on another, where the same read is
//! refused: reads that did not hang succeed, those that hung are `Unknown`. A read that has not returned is never
//! started a second time.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::{Reading, Reason, Why},
    observe::events::watch_plan::Question,
};

/// The maximum number of threads blocked by reads that do not return. Beyond it nothing is read until one returns: more
/// threads would not help on such a host.
const MOST_BLOCKED: usize = 16;

/// Remembers which reads have not returned.
#[derive(Debug, Default)]
pub struct BlockingReads {
    stuck: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// One run of the work.
#[derive(Debug)]
pub struct Attempt {
    stuck: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Reads that hung in an earlier run for the same result.
    timed_out: BTreeSet<PathBuf>,
    /// True if nothing may be read at all.
    refuses: bool,
    progress: Mutex<Progress>,
    asked: Mutex<BTreeSet<(PathBuf, Question)>>,
}

#[derive(Debug, Default)]
struct Progress {
    current: Option<(PathBuf, Instant)>,
    given_up: bool,
}

impl BlockingReads {
    /// Runs `work` on a blocking thread, and again without the reads that hang, until it completes.
    ///
    /// The first read that hangs is waited for until `deadline`, further ones in the same call for a fraction of it, so
    /// that the waits do not add up.
    pub async fn run<T, F>(&self, deadline: Duration, work: F) -> T
    where
        T: Send + 'static,
        F: Fn(&Attempt) -> T + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let started = Instant::now();
        let mut timed_out = BTreeSet::new();
        loop {
            if lock(&self.stuck).len() >= MOST_BLOCKED {
                return work(&self.attempt(timed_out, true));
            }
            let attempt = Arc::new(self.attempt(timed_out.clone(), false));
            let mut job = tokio::task::spawn_blocking({
                let (work, attempt) = (Arc::clone(&work), Arc::clone(&attempt));
                move || work(&attempt)
            });
            let patience = || if started.elapsed() <= deadline { deadline } else { deadline / 8 };
            let mut check = Instant::now() + patience();
            let hung = loop {
                match tokio::time::timeout_at(check, &mut job).await {
                    Ok(Ok(result)) => return result,
                    Ok(Err(error)) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        // The runtime is shutting down: the result will not be used.
                        Err(_cancelled) => return work(&self.attempt(timed_out, true)),
                    },
                    Err(_elapsed) => match attempt.give_up_if_hung(patience()) {
                        Ok(path) => break path,
                        Err(next_check) => check = next_check,
                    },
                }
            };
            timed_out.insert(hung);
        }
    }

    pub(in crate::observe) fn attempt(&self, timed_out: BTreeSet<PathBuf>, refuses: bool) -> Attempt {
        Attempt {
            stuck: Arc::clone(&self.stuck),
            timed_out,
            refuses,
            progress: Mutex::default(),
            asked: Mutex::default(),
        }
    }
}

impl Attempt {
    /// Performs one read, unless it (or one of a parent directory) is known to hang. `path` is the path on the
    /// exporter's own file system, and identifies the fact.
    pub fn guard<T>(&self, path: &Path, read: impl FnOnce() -> Reading<T>) -> Reading<T> {
        if let Some(why) = self.refusal(path) {
            return Reading::Unknown(why);
        }
        lock(&self.progress).current = Some((path.to_owned(), Instant::now()));
        let reading = read();
        let mut progress = lock(&self.progress);
        progress.current = None;
        if progress.given_up {
            lock(&self.stuck).remove(path);
        }
        reading
    }

    /// Records that a path (as the agent sees it) was used, so that its changes matter.
    pub fn note(&self, path: &Path, question: Question) {
        lock(&self.asked).insert((path.to_owned(), question));
    }

    /// Everything that was noted.
    pub fn asked(&self) -> BTreeSet<(PathBuf, Question)> {
        lock(&self.asked).clone()
    }

    fn refusal(&self, path: &Path) -> Option<Why> {
        let why = |reason, detail: &str| Some(Why::new(reason, path.display().to_string(), detail));
        if self.refuses {
            return why(
                Reason::StillBlocked,
                "too many earlier reads have not returned (a hung file system?)",
            );
        }
        if lock(&self.progress).given_up || path.ancestors().any(|above| self.timed_out.contains(above)) {
            return why(Reason::TimedOut, "no answer within the deadline (a hung file system?)");
        }
        let stuck = lock(&self.stuck);
        if !stuck.is_empty() && path.ancestors().any(|above| stuck.contains(above)) {
            return why(
                Reason::StillBlocked,
                "an earlier read has not returned (a hung file system?); it is read again once that one returns",
            );
        }
        None
    }

    /// Abandons this run if its current read is older than `patience`, and returns that read; otherwise returns when to
    /// check again.
    fn give_up_if_hung(&self, patience: Duration) -> Result<PathBuf, Instant> {
        let mut progress = lock(&self.progress);
        match &progress.current {
            Some((path, since)) if since.elapsed() >= patience => {
                let path = path.clone();
                progress.given_up = true;
                lock(&self.stuck).insert(path.clone());
                Ok(path)
            }
            Some((_, since)) => Err(*since + patience),
            // Between two reads, or not started yet for lack of a thread.
            None => Err(Instant::now() + patience / 4),
        }
    }
}

/// A poisoned lock only means that a read panicked; sets of paths cannot be left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const DEADLINE: Duration = Duration::from_millis(50);

    /// Work on three paths, of which `/hung` blocks until the sender is dropped.
    fn work(
        release: mpsc::Receiver<()>,
    ) -> impl Fn(&Attempt) -> Vec<Result<u8, Reason>> + Send + Sync + 'static {
        let release = Mutex::new(release);
        move |attempt| {
            ["/before", "/hung/file", "/after"]
                .into_iter()
                .map(|path| {
                    attempt
                        .guard(Path::new(path), || {
                            if path.starts_with("/hung") {
                                let _closed = lock(&release).recv();
                            }
                            Reading::Known(1)
                        })
                        .as_result()
                        .copied()
                        .map_err(|why| why.reason)
                })
                .collect()
        }
    }

    fn released() -> mpsc::Receiver<()> {
        mpsc::channel().1
    }

    #[tokio::test]
    async fn a_read_that_hangs_makes_only_itself_unknown_and_is_not_started_twice() {
        let reads = BlockingReads::default();
        let (hold, release) = mpsc::channel();
        let first = reads.run(DEADLINE, work(release)).await;
        assert_eq!(first, [Ok(1), Err(Reason::TimedOut), Ok(1)]);

        // A second start of the hung read would block this call's thread, and time out again.
        let second = reads.run(DEADLINE, work(released())).await;
        assert_eq!(second, [Ok(1), Err(Reason::StillBlocked), Ok(1)]);

        drop(hold);
        while !lock(&reads.stuck).is_empty() {
            tokio::task::yield_now().await;
        }
        let third = reads.run(DEADLINE, work(released())).await;
        assert_eq!(third, [Ok(1), Ok(1), Ok(1)]);
    }

    #[tokio::test]
    async fn only_the_first_of_many_hung_reads_is_waited_for_in_full() {
        let reads = BlockingReads::default();
        let (hold, release) = mpsc::channel::<()>();
        let release = Mutex::new(release);
        // With the full wait, four reads would take four deadlines; the others take an eighth of one.
        let deadline = Duration::from_secs(1);
        let started = Instant::now();
        let read = reads
            .run(deadline, move |attempt| {
                let hang = |path: &str| {
                    attempt.guard(Path::new(path), || {
                        let _closed = lock(&release).recv();
                        Reading::Known(())
                    })
                };
                ["/a", "/b", "/c", "/d"].map(|path| hang(path).why().map(|why| why.reason))
            })
            .await;
        let waited = started.elapsed();
        drop(hold);
        assert_eq!(read, [Some(Reason::TimedOut); 4]);
        assert!(waited < deadline * 3, "{waited:?}");
    }

    #[tokio::test]
    async fn what_is_below_a_hung_directory_is_not_tried() {
        let reads = BlockingReads::default();
        lock(&reads.stuck).insert("/mnt".into());
        let reading = reads
            .run(DEADLINE, |attempt| {
                (
                    attempt.guard(Path::new("/mnt/a/b"), || Reading::Known(())),
                    attempt.guard(Path::new("/mnt2"), || Reading::Known(())),
                )
            })
            .await;
        assert_eq!(reading.0.why().map(|why| why.reason), Some(Reason::StillBlocked));
        assert_eq!(reading.1, Reading::Known(()));
    }

    #[tokio::test]
    async fn many_hung_reads_do_not_take_more_and_more_threads() {
        let reads = BlockingReads::default();
        lock(&reads.stuck).extend((0..MOST_BLOCKED).map(|i| PathBuf::from(format!("/hung{i}"))));
        let reading = reads
            .run(DEADLINE, |attempt| attempt.guard::<()>(Path::new("/x"), || panic!("must not be read")))
            .await;
        assert_eq!(reading.why().map(|why| why.reason), Some(Reason::StillBlocked));
    }
}
