//! Whether an answer is the documented one, and the server's time in it.

use std::{
    fmt::Write as _,
    time::{Duration, UNIX_EPOCH},
};

use hyper::{
    HeaderMap,
    header::{self, HeaderValue},
};

use crate::{
    agents::logtail::answer as service,
    model::{
        authority::Authority,
        snapshot::{DateReference, ExpectedAnswer},
        text::quoted,
    },
    net::client::Answer,
};

/// A server with a time before 2020 has never had its clock set.
const EARLIEST_SENSIBLE: u64 = 1_577_836_800;

/// A server with a time after 2100 has a wrong clock, or does not count in seconds.
const LATEST_SENSIBLE: u64 = 4_102_444_800;

/// `Ok` if the answer is the expected one, otherwise a description of it.
pub(super) fn judge(expected: &ExpectedAnswer, answer: &Answer) -> Result<(), String> {
    let as_expected = match expected {
        ExpectedAnswer::LogService => {
            let request_id = answer.headers.get(service::REQUEST_ID).map(HeaderValue::as_bytes);
            service::is_of_the_service(request_id, &answer.body)
        }
        ExpectedAnswer::Connected => true,
        ExpectedAnswer::StatusCodes(codes) => codes.contains(&answer.status.as_u16()),
    };
    if as_expected { Ok(()) } else { Err(describe(expected, answer)) }
}

/// The target host of a redirect. Its path and query may contain a session token.
fn redirected_to(location: &str) -> Option<String> {
    let (_scheme, rest) = location.split_once("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Authority::parse(authority).ok().map(|authority| authority.host)
}

/// Describes the unexpected answer. A body is never repeated: otherwise anyone who can set an endpoint could read an
/// internal server's answers.
fn describe(expected: &ExpectedAnswer, answer: &Answer) -> String {
    let mut said = format!("answered with status {}", answer.status);
    let header = |name| answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    if let Some(content_type) = header(header::CONTENT_TYPE) {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        said.push_str(", content type ");
        said.push_str(&quoted(essence));
    }
    if let Some(host) = header(header::LOCATION).as_deref().and_then(redirected_to) {
        said.push_str(", redirecting to ");
        said.push_str(&quoted(&host));
    }
    if answer.body.is_empty() {
        said.push_str(", without a body");
    } else if let Some(code) = service::error_code(&answer.body) {
        said.push_str(", error code ");
        said.push_str(&code);
    } else {
        let _infallible = write!(said, ", a body of {} bytes", answer.body.len());
    }
    match expected {
        ExpectedAnswer::LogService => {
            said.push_str("; ");
            said.push_str(service::NOT_THE_SERVICE);
            if answer.body.trim_ascii_start().starts_with(b"<") {
                said.push_str(": a captive portal, a proxy or another web server answers in its place");
            }
        }
        ExpectedAnswer::StatusCodes(codes) => {
            let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
            said.push_str("; expected status ");
            said.push_str(&codes.join(", "));
        }
        ExpectedAnswer::Connected => {}
    }
    said
}

/// The server's time, if the answer contains its own: an answer from a cache (`Age`) is old.
pub(super) fn date_reference(answer: &Answer) -> Option<DateReference> {
    if answer.headers.contains_key(header::AGE) {
        return None;
    }
    let told = log_time(&answer.headers).or_else(|| http_date(&answer.headers))?;
    // At some time between request and answer, the server's clock was between `told` and a second later.
    let told = Duration::from_secs(told).as_secs_f64();
    Some(DateReference {
        low: told - answer.received.as_secs_f64(),
        high: told + 1.0 - answer.sent.as_secs_f64(),
        taken: answer.received,
    })
}

fn log_time(headers: &HeaderMap) -> Option<u64> {
    sensible(headers.get(service::LOG_TIME)?.to_str().ok()?.trim().parse().ok()?)
}

fn http_date(headers: &HeaderMap) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?.trim()).ok()?;
    sensible(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

fn sensible(epoch_seconds: u64) -> Option<u64> {
    (EARLIEST_SENSIBLE..LATEST_SENSIBLE).contains(&epoch_seconds).then_some(epoch_seconds)
}

#[cfg(test)]
mod tests {
    use hyper::{StatusCode, header::HeaderName};
    use proptest::prelude::*;

    use super::*;
    use crate::agents::logtail::answer::{LOG_TIME, REQUEST_ID};

    const DOCUMENTED: &str = r#"{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5DD39230BE9910FC6CF17609"}}"#;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
                .collect(),
            body: body.to_vec(),
            sent: Duration::from_secs(10),
            received: Duration::from_millis(10_250),
        }
    }

    fn is_up(status: u16, headers: &[(&'static str, &str)], body: &str) -> bool {
        judge(&ExpectedAnswer::LogService, &answer(status, headers, body.as_bytes())).is_ok()
    }

    #[test]
    fn the_documented_answer_is_up_whatever_its_status() {
        assert!(is_up(405, &[], DOCUMENTED));
        assert!(is_up(502, &[(REQUEST_ID, "5DD39230")], "<html>"));
        assert!(!is_up(200, &[(REQUEST_ID, " ")], "<html>OLSInvalidMethod</html>"));
    }

    #[test]
    fn the_detail_names_status_type_and_body_and_hides_tokens() {
        let portal = answer(
            302,
            &[("content-type", "text/html"), ("location", "http://u:secret@portal/login?session=secret")],
            b"<html>\x1b[31mlog in</html>\r\n",
        );
        let said = judge(&ExpectedAnswer::LogService, &portal).unwrap_err();
        assert!(said.contains("status 302 Found") && said.contains("\"text/html\""), "{said}");
        assert!(said.contains("redirecting to \"portal\"") && !said.contains("secret"), "{said}");
        assert!(!said.contains("log in") && said.contains("captive portal"), "{said}");
        let said = judge(&ExpectedAnswer::StatusCodes(vec![200, 204]), &answer(500, &[], b"")).unwrap_err();
        assert!(said.contains("status 500") && said.contains("expected status 200, 204"), "{said}");
    }

    #[test]
    fn nothing_that_a_server_wrote_is_repeated_but_an_error_code_of_the_log_service() {
        let internal = answer(
            200,
            &[("content-type", "text/plain; token=s3cret"), ("location", "/s3cret")],
            b"AccessKeySecret=s3cret",
        );
        let said = judge(&ExpectedAnswer::LogService, &internal).unwrap_err();
        assert!(!said.contains("s3cret") && !said.contains("AccessKey"), "{said}");
        assert!(said.contains("\"text/plain\"") && said.contains("a body of 22 bytes"), "{said}");
        let refused = r#"{"errorCode":"ProjectNotExist","errorMessage":"s3cret"}"#;
        let said = judge(&ExpectedAnswer::LogService, &answer(404, &[], refused.as_bytes())).unwrap_err();
        assert!(said.contains("error code ProjectNotExist") && !said.contains("s3cret"), "{said}");
        for odd in [r#"{"Error":{"Code":"s3cret word"}}"#, r#"{"errorCode":"s3-cret"}"#, r#"{"errorCode":7}"#]
        {
            let said = judge(&ExpectedAnswer::LogService, &answer(404, &[], odd.as_bytes())).unwrap_err();
            assert!(!said.contains("s3") && !said.contains("error code"), "{said}");
        }
    }

    #[test]
    fn a_status_code_is_up_only_if_it_is_listed() {
        let expected = ExpectedAnswer::StatusCodes(vec![200, 204]);
        assert_eq!(judge(&expected, &answer(204, &[], b"")), Ok(()));
        assert!(judge(&expected, &answer(301, &[], b"")).is_err());
    }

    #[test]
    fn a_date_is_an_interval_of_one_second_and_the_round_trip() {
        let date = ("date", "Sat, 21 Nov 2026 08:00:00 GMT");
        let told = 1_795_248_000.0;
        let reference = date_reference(&answer(200, &[date], b"")).unwrap();
        assert!((reference.low - (told - 10.25)).abs() < 1e-6, "{reference:?}");
        assert!((reference.high - (told + 1.0 - 10.0)).abs() < 1e-6, "{reference:?}");
        assert_eq!(reference.taken, Duration::from_millis(10_250));
    }

    #[test]
    fn the_services_own_time_wins_over_date_and_nonsense_is_ignored() {
        let date = ("date", "Sat, 21 Nov 2026 08:00:00 GMT");
        let low = |headers: &[(&'static str, &str)]| {
            date_reference(&answer(200, headers, b"")).map(|reference| (reference.low + 10.25).round())
        };
        assert_eq!(low(&[date, (LOG_TIME, "1795248100")]), Some(1_795_248_100.0));
        for nonsense in ["", "x", "-5", "12", "1795248100000", "1e9"] {
            assert_eq!(low(&[date, (LOG_TIME, nonsense)]), Some(1_795_248_000.0), "{nonsense:?}");
        }
        assert_eq!(low(&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")]), None);
        assert_eq!(low(&[("date", "yesterday")]), None);
        assert_eq!(low(&[]), None);
    }

    #[test]
    fn a_cached_answer_tells_no_time() {
        let headers = [("date", "Sat, 21 Nov 2026 08:00:00 GMT"), ("age", "0")];
        assert_eq!(date_reference(&answer(200, &headers, b"")), None);
    }

    proptest! {
        #[test]
        fn no_answer_panics(
            status in 100u16..1000,
            value in proptest::collection::vec(any::<u8>(), 0..80),
            body in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            let mut answer = answer(status, &[], &body);
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                for name in [REQUEST_ID, LOG_TIME, "date", "content-type", "location"] {
                    answer.headers.insert(HeaderName::from_static(name), value.clone());
                }
            }
            let _any = judge(&ExpectedAnswer::LogService, &answer);
            let _any = judge(&ExpectedAnswer::StatusCodes(Vec::new()), &answer);
            let _any = date_reference(&answer);
        }

        #[test]
        fn no_date_panics(date in "[ -~]{0,40}") {
            let _any = date_reference(&answer(200, &[("date", &date), (LOG_TIME, &date)], b""));
        }
    }
}
