//! Whether a probe's result is worth an evaluation. A result that differs only in its duration is published
//! with the next evaluation.

use super::Answer;
use crate::model::{
    Reading,
    snapshot::{DateReference, Phases, Probe},
};

impl Answer {
    /// True if a rule could decide differently than with the previous result.
    pub(super) fn is_news_after(&self, before: Option<&Self>) -> bool {
        match (before, self) {
            (Some(Self::Endpoint(before)), Self::Endpoint(after)) => match (&**before, &**after) {
                (Reading::Known(before), Reading::Known(after)) => !says_the_same(before, after),
                (before, after) => before.why() != after.why(),
            },
            (Some(Self::Time(before)), Self::Time(after)) => match (before, after) {
                (Ok(before), Ok(after)) => !agree(&before.reference, &after.reference),
                (before, after) => before.as_ref().err() != after.as_ref().err(),
            },
            (Some(Self::Metadata(before)), Self::Metadata(after)) => before != after,
            (Some(Self::Liveness(before)), Self::Liveness(after)) => before != after,
            (_, Self::Endpoint(_) | Self::Time(_) | Self::Metadata(_) | Self::Liveness(_)) => true,
        }
    }
}

fn says_the_same(before: &Probe, after: &Probe) -> bool {
    let timeless = |probe: &Probe| {
        let mut addresses = probe.addresses.clone();
        // Name servers rotate them.
        addresses.sort_unstable();
        Probe { addresses, phases: Phases::default(), date: None, ..probe.clone() }
    };
    let dates_agree = match (&before.date, &after.date) {
        (Some(before), Some(after)) => agree(before, after),
        (before, after) => before.is_none() && after.is_none(),
    };
    dates_agree && timeless(before) == timeless(after)
}

/// True if both can come from one clock.
fn agree(before: &DateReference, after: &DateReference) -> bool {
    before.low <= after.high && after.low <= before.high
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::{
            Reason, Why,
            snapshot::{Failure, FailureKind, Liveness},
        },
        observe::probe::ClockSample,
    };

    fn endpoint(probe: Probe) -> Answer {
        Answer::Endpoint(Box::new(Reading::Known(probe)))
    }

    fn date(low: f64) -> DateReference {
        DateReference { low, high: low + 1.0, taken: Duration::from_secs(5) }
    }

    fn up() -> Probe {
        let addresses = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        Probe { addresses, status_code: Some(200), date: Some(date(100.0)), ..Probe::up() }
    }

    #[test]
    fn what_only_took_another_time_or_another_order_is_no_news() {
        let phases = Phases { connect: Some(Duration::from_millis(7)), ..Phases::default() };
        let addresses = up().addresses.into_iter().rev().collect();
        let again = Probe { phases, addresses, date: Some(date(100.7)), ..up() };
        assert!(!endpoint(again).is_news_after(Some(&endpoint(up()))));
    }

    #[test]
    fn what_a_rule_can_see_is_news() {
        let failure = Failure { kind: FailureKind::Refused, address: None, detail: "refused".to_owned() };
        let others = [
            Probe { outcome: Err(failure), ..up() },
            Probe { status_code: Some(403), ..up() },
            Probe { addresses: Vec::new(), ..up() },
            Probe { date: None, ..up() },
            // Its clock, or the local one, was set.
            Probe { date: Some(date(102.5)), ..up() },
            Probe { date: Some(date(97.5)), ..up() },
            Probe { proxy: Some(("http://p:1".to_owned(), "http_proxy".to_owned())), ..up() },
        ];
        for other in others {
            assert!(endpoint(other.clone()).is_news_after(Some(&endpoint(up()))), "{other:?}");
            assert!(endpoint(up()).is_news_after(Some(&endpoint(other.clone()))), "{other:?}");
        }
        assert!(endpoint(up()).is_news_after(None));
    }

    #[test]
    fn so_are_others_reasons_and_clocks() {
        let why = |detail: &str| Why::new(Reason::Failed, "x", detail);
        let unknown = |detail| Answer::Endpoint(Box::new(Reading::Unknown(why(detail))));
        assert!(unknown("a").is_news_after(Some(&unknown("b"))));
        assert!(!unknown("a").is_news_after(Some(&unknown("a"))));
        assert!(endpoint(up()).is_news_after(Some(&unknown("a"))));
        let server =
            |low| Answer::Time(Ok(ClockSample { server: "a".to_owned(), reference: date(low), stratum: 1 }));
        let silent = |detail| Answer::Time(Err(why(detail)));
        assert!(!server(1.0).is_news_after(Some(&server(1.5))));
        assert!(server(1.0).is_news_after(Some(&server(2.5))));
        assert!(server(1.0).is_news_after(Some(&silent("a"))));
        assert!(!silent("a").is_news_after(Some(&silent("a"))));
        let liveness = |liveness| Answer::Liveness(Reading::Known(liveness));
        assert!(liveness(Liveness::Absent).is_news_after(Some(&liveness(Liveness::Answers))));
        assert!(!liveness(Liveness::Answers).is_news_after(Some(&liveness(Liveness::Answers))));
    }
}
