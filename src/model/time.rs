//! Times as people and programs write them: RFC 3339 in UTC.

use std::time::SystemTime;

use jiff::Timestamp;

/// To the millisecond, for programs. A time beyond the calendar is shown as the calendar's end.
pub fn rfc3339_millis(time: SystemTime) -> String {
    format!("{:.3}", timestamp(time))
}

/// To the second, for people.
pub fn rfc3339(time: SystemTime) -> String {
    format!("{:.0}", timestamp(time))
}

fn timestamp(time: SystemTime) -> Timestamp {
    let end = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::try_from(time).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_time_has_a_form() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_286_059_999);
        assert_eq!(rfc3339_millis(at), "2026-11-21T18:34:19.999Z");
        assert_eq!(rfc3339(at), "2026-11-21T18:34:19Z");
        // Not every system can represent such times.
        let far = Duration::from_secs(1 << 40);
        let shown =
            |at: Option<SystemTime>, expected: &str| assert!(at.is_none_or(|at| rfc3339(at) == expected));
        shown(SystemTime::UNIX_EPOCH.checked_add(far), "9999-12-30T22:00:00Z");
        shown(SystemTime::UNIX_EPOCH.checked_sub(far), "-009999-01-02T01:59:59Z");
    }
}
