//! Requests to load the config again: by SIGHUP and by HTTP, at most one a second, shared by all requests
//! that arrive in the meantime.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{http::ReloadRequest, sys::signals};

/// The minimum time between two reloads.
const SPACING: Duration = Duration::from_secs(1);

/// The request, and who waits for its result.
pub(super) struct Reloads {
    hangup: signals::Reload,
    requests: mpsc::Receiver<ReloadRequest>,
    wanted: bool,
    waiting: Vec<ReloadRequest>,
    earliest: Instant,
}

impl Reloads {
    pub(super) fn new(hangup: signals::Reload, requests: mpsc::Receiver<ReloadRequest>) -> Self {
        Self { hangup, requests, wanted: false, waiting: Vec::new(), earliest: Instant::now() }
    }

    /// Waits for a request to load the config again. Cancel-safe.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::select! {
                // Requests that have arrived by now share this reload.
                biased;
                Some(request) = self.requests.recv() => {
                    self.waiting.push(request);
                    self.wanted = true;
                }
                () = self.hangup.asked() => self.wanted = true,
                () = sleep_until(self.earliest), if self.wanted => return,
            }
        }
    }

    /// Answers everybody who waits.
    pub(super) fn done(&mut self, outcome: &Result<(), String>) {
        self.wanted = false;
        self.earliest = Instant::now() + SPACING;
        for request in self.waiting.drain(..) {
            // The requester may be gone by now.
            let _gone = request.send(outcome.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asks_at_once_shares_a_reload_and_the_next_is_a_second_later() {
        let (sender, requests) = mpsc::channel(8);
        let mut reloads = Reloads::new(signals::Reload::listen().expect("a signal"), requests);
        let began = Instant::now();
        let ask = || {
            let (asker, answer) = oneshot::channel();
            sender.try_send(asker).expect("room");
            answer
        };
        let first = [ask(), ask(), ask()];
        reloads.next().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        reloads.done(&Err("no".to_owned()));
        for answer in first {
            assert_eq!(answer.await.expect("an answer"), Err("no".to_owned()));
        }
        let second = [ask(), ask()];
        reloads.next().await;
        assert_eq!(began.elapsed(), SPACING);
        reloads.done(&Ok(()));
        for answer in second {
            assert_eq!(answer.await.expect("an answer"), Ok(()));
        }
    }
}
