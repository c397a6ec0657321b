//! A token bucket over all requests.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::config::web::RateLimit;

/// The bucket; full at first.
#[derive(Debug, Default)]
pub(super) struct Bucket(Mutex<Option<Level>>);

#[derive(Debug)]
struct Level {
    limit: RateLimit,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Takes a token, if `limit` has left one.
    pub(super) fn take(&self, limit: Option<RateLimit>) -> bool {
        let Some(limit) = limit else { return true };
        let mut level = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, burst) = (Instant::now(), f64::from(limit.burst));
        let tokens = match &*level {
            Some(level) if level.limit == limit => {
                let earned = (now - level.at).as_secs_f64() / limit.interval.as_secs_f64();
                (level.tokens + earned).min(burst)
            }
            Some(_) | None => burst,
        };
        let granted = tokens >= 1.0;
        *level = Some(Level { limit, tokens: if granted { tokens - 1.0 } else { tokens }, at: now });
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_answered_and_then_one_request_for_each_interval() {
        let limit = Some(RateLimit { interval: Duration::from_secs(2), burst: 3 });
        let bucket = Bucket::default();
        let granted = |count: usize| (0..count).filter(|_| bucket.take(limit)).count();
        assert_eq!(granted(10), 3);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(granted(10), 2);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(granted(10), 3);
        assert!(bucket.take(None));
    }
}
