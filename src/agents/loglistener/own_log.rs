//! The meaning of lines in LogListener's own log. Its format is not published. Only the service's documented answer is
//! recognized: a line that consists of `[time] [level]` and the complete answer. A line with more content could quote a
//! name.

use serde::Deserialize;

use crate::{
    agents::LogLine,
    model::snapshot::{LogEvent, Refusal, RefusalSubject},
};

/// The service's error codes, of both its interfaces (vendor's lists of error codes).
const REFUSALS: [Refusal; 12] = [
    refusal("Unauthorized", RefusalSubject::Credentials),
    refusal("InvalidAuthorization", RefusalSubject::Credentials),
    refusal("MissingAuthorization", RefusalSubject::Credentials),
    refusal("AuthFailure.SecretIdNotFound", RefusalSubject::Credentials),
    refusal("AuthFailure.SignatureFailure", RefusalSubject::Credentials),
    refusal("AuthFailure.UnauthorizedOperation", RefusalSubject::Credentials),
    refusal("UnauthorizedOperation", RefusalSubject::Credentials),
    refusal("AuthFailure.SignatureExpire", RefusalSubject::Clock),
    refusal("TopicClosed", RefusalSubject::Target),
    refusal("TopicNotExist", RefusalSubject::Target),
    refusal("LogsetNotExist", RefusalSubject::Target),
    refusal("SpeedQuotaExceed", RefusalSubject::Quota),
];

const fn refusal(code: &'static str, subject: RefusalSubject) -> Refusal {
    Refusal { code, subject }
}

/// The answers of the two interfaces.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    errorcode: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, rename = "Response")]
    response: Option<Response<'a>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, rename = "Error")]
    error: Option<Failure<'a>>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(borrow, rename = "Code")]
    code: std::borrow::Cow<'a, str>,
}

/// What the line means.
pub(super) fn parse_line(line: &str) -> Option<LogLine<'_>> {
    let (time, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (level, rest) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
    let is_complaint = ["warn", "warning", "error"].iter().any(|word| level.eq_ignore_ascii_case(word));
    let event = if is_complaint { refused(rest.trim()) } else { None };
    Some(LogLine { written: Some(time), event, at: None })
}

fn refused(text: &str) -> Option<LogEvent> {
    if !text.starts_with('{') {
        return None;
    }
    let answer: Answer<'_> = serde_json::from_str(text).ok()?;
    let code = answer.errorcode.or_else(|| Some(answer.response?.error?.code))?;
    REFUSALS.iter().find(|refusal| refusal.code == code).copied().map(LogEvent::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Option<LogEvent> {
        parse_line(line)?.event
    }

    #[test]
    fn the_services_answer_is_read_where_it_stands_alone() {
        for (line, code) in [
            (
                r#"[2026-11-21 20:00:00] [ERROR] {"errorcode":"Unauthorized","errormessage":"x"}"#,
                "Unauthorized",
            ),
            (
                r#"[2026-11-21 20:00:00] [error] {"Response":{"Error":{"Code":"AuthFailure.UnauthorizedOperation","Message":"x"},"RequestId":"1"}}"#,
                "AuthFailure.UnauthorizedOperation",
            ),
        ] {
            let Some(LogEvent::Refused(refusal)) = event(line) else { panic!("{line}") };
            assert_eq!(refusal.code, code);
        }
    }

    #[test]
    fn what_may_be_a_name_is_not_read() {
        for line in [
            r#"[2026-11-21 20:00:00] [ERROR] open /var/log/{"errorcode":"Unauthorized","errormessage":"x"}"#,
            r#"[2026-11-21 20:00:00] [INFO] {"errorcode":"Unauthorized","errormessage":"x"}"#,
            r#"{"errorcode":"Unauthorized","errormessage":"x"}"#,
            r#"[2026-11-21 20:00:00] [ERROR] {"errorcode":"Other","errormessage":"x"}"#,
            r#"[2026-11-21 20:00:00] [ERROR] {"errorcode":["#,
        ] {
            assert_eq!(event(line), None, "{line}");
        }
    }
}
