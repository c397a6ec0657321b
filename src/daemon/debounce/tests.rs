//! With events in memory and paused time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
};

use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::*;

/// Events made by a test.
#[derive(Debug, Default, Clone)]
struct Kernel(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    files: AtomicBool,
    others: AtomicU8,
    noise: AtomicBool,
    taken: AtomicUsize,
    notify: Notify,
}

const EXIT: u8 = 1;
const START: u8 = 2;

impl Kernel {
    fn file_changes(&self) {
        self.0.files.store(true, Ordering::SeqCst);
        self.0.notify.notify_one();
    }

    fn process(&self, what: u8) {
        self.0.others.fetch_or(what, Ordering::SeqCst);
        self.0.notify.notify_one();
    }

    /// An event that does not matter.
    fn noise(&self) {
        self.0.noise.store(true, Ordering::SeqCst);
        self.0.notify.notify_one();
    }

    fn holds(&self) -> bool {
        let queue = &self.0;
        queue.files.load(Ordering::SeqCst)
            || queue.noise.load(Ordering::SeqCst)
            || queue.others.load(Ordering::SeqCst) != 0
    }
}

impl Source for Kernel {
    async fn ready(&mut self) {
        while !self.holds() {
            self.0.notify.notified().await;
        }
    }

    fn take(&mut self) -> Changes {
        self.0.taken.fetch_add(1, Ordering::SeqCst);
        self.0.noise.store(false, Ordering::SeqCst);
        let mut changes = Changes::NONE;
        if self.0.files.swap(false, Ordering::SeqCst) {
            changes |= Changes::FILE;
        }
        let others = self.0.others.swap(0, Ordering::SeqCst);
        if others & EXIT != 0 {
            changes |= Changes::EXIT;
        }
        if others & START != 0 {
            changes |= Changes::START;
        }
        changes
    }
}

/// Evaluates all events within `period`, taking `took` each time; returns when each evaluation began.
async fn evaluations(
    debouncer: &mut Debouncer<Kernel>,
    period: Duration,
    took: Duration,
) -> Vec<(Duration, Changes)> {
    let began = Instant::now();
    let mut all = Vec::new();
    while let Ok(changes) =
        timeout((began + period).saturating_duration_since(Instant::now()), debouncer.next()).await
    {
        all.push((began.elapsed(), changes));
        sleep(took).await;
        debouncer.evaluated(took);
    }
    all
}

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn two_hundred_files_in_a_row_are_a_handful_of_evaluations() {
    for pause in [MS / 10, MS, 2 * MS] {
        let kernel = Kernel::default();
        let mut debouncer = Debouncer::new(kernel.clone());
        let upgrade = tokio::spawn(async move {
            for _ in 0..200 {
                kernel.file_changes();
                sleep(pause).await;
            }
        });
        let all = evaluations(&mut debouncer, 1000 * MS, MS).await;
        upgrade.await.unwrap();
        assert!((1..=9).contains(&all.len()), "{pause:?}: {all:?}");
    }
}

/// Each fault is provoked once the previous one is visible, which is the fastest possible sequence.
#[tokio::test(start_paused = true)]
async fn faults_that_follow_each_other_are_each_seen_within_milliseconds() {
    for what in [0, EXIT, START] {
        for (took, pause) in [(MS, MS), (3 * MS, Duration::ZERO), (3 * MS, 30 * MS), (6 * MS, MS)] {
            let kernel = Kernel::default();
            let mut debouncer = Debouncer::new(kernel.clone());
            for _ in 0..200 {
                let provoked = Instant::now();
                if what == 0 {
                    kernel.file_changes();
                } else {
                    kernel.process(what);
                }
                // The time until an evaluation began after the event was taken; evaluations for earlier
                // faults may come before.
                while {
                    debouncer.next().await;
                    sleep(took).await;
                    debouncer.evaluated(took);
                    kernel.holds() || debouncer.burst.is_some()
                } {}
                assert!(provoked.elapsed() <= 45 * MS, "{:?}, {what} {took:?} {pause:?}", provoked.elapsed());
                let _later = timeout(pause, evaluations(&mut debouncer, pause, took)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_change_is_looked_at_within_milliseconds_and_once() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    kernel.file_changes();
    let all = evaluations(&mut debouncer, 10_000 * MS, MS).await;
    assert!(matches!(all.as_slice(), [(at, Changes::FILE)] if *at <= 10 * MS), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_storm_is_bounded_in_number_and_in_share_of_time_and_its_end_is_seen() {
    for took in [MS, 30 * MS] {
        let kernel = Kernel::default();
        let mut debouncer = Debouncer::new(kernel.clone());
        let storm = tokio::spawn({
            let kernel = kernel.clone();
            async move {
                for _ in 0..10_000 {
                    kernel.file_changes();
                    sleep(MS).await;
                }
            }
        });
        let all = evaluations(&mut debouncer, 20_000 * MS, took).await;
        storm.await.unwrap();
        let count = u32::try_from(all.len()).unwrap();
        assert!(count <= 110, "{count} in 10 s");
        assert!(took * count <= 2100 * MS, "{count} evaluations of {took:?} are over a fifth of 10 s");
        assert!(all.last().unwrap().0 >= 9_998 * MS, "nothing was looked at after the last event: {all:?}");
        assert!(!kernel.holds());
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_held_back_next_to_nothing_is_taken() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    let storm = tokio::spawn({
        let kernel = kernel.clone();
        async move {
            loop {
                kernel.file_changes();
                sleep(MS).await;
            }
        }
    });
    let all = evaluations(&mut debouncer, 10_000 * MS, 30 * MS).await;
    storm.abort();
    assert!(kernel.0.taken.load(Ordering::SeqCst) <= 2 * all.len() + 2);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_matter_leads_to_nothing() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    kernel.noise();
    assert_eq!(evaluations(&mut debouncer, 1000 * MS, MS).await, []);
    assert_eq!(kernel.0.taken.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_is_looked_at_again_until_it_is_whole() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    kernel.process(START);
    let all = evaluations(&mut debouncer, 10_000 * MS, Duration::ZERO).await;
    let times: Vec<_> = all.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(all.len(), 1 + AFTER_START.len(), "{times:?}");
    assert!(times.iter().all(|at| *at <= 40), "{times:?}");
    let changes: Vec<_> = all.iter().map(|(_, changes)| *changes).collect();
    assert_eq!(changes, [Changes::START, Changes::SETUP, Changes::START]);
}

#[tokio::test(start_paused = true)]
async fn after_an_exit_the_successor_is_waited_for() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    kernel.process(EXIT);
    let all = evaluations(&mut debouncer, 10_000 * MS, MS).await;
    let times: Vec<_> = all.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(all.len(), 1 + AFTER_EXIT.len(), "{times:?}");
    assert!(times.last().is_some_and(|at| *at > 1000), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_loses_nothing() {
    let kernel = Kernel::default();
    let mut debouncer = Debouncer::new(kernel.clone());
    kernel.file_changes();
    for _ in 0..20 {
        if let Ok(changes) = timeout(MS, debouncer.next()).await {
            assert_eq!(changes, Changes::FILE);
            return;
        }
    }
    panic!("the event was lost");
}
