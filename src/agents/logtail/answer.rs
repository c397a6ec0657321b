//! How Simple Log Service answers a request without a signature: the documented error, and the headers of every answer.

use serde::Deserialize;

/// The header that the service puts on every answer; Logtail's own test for it.
pub const REQUEST_ID: &str = "x-log-requestid";

/// The service's clock in epoch seconds; Logtail prefers it over `Date`.
pub const LOG_TIME: &str = "x-log-time";

/// The error code that the document shows for a request such as `curl` sends.
const DOCUMENTED_CODE: &str = "OLSInvalidMethod";

/// A pattern for `grep -i -E` that an answer of the service matches.
pub const SIGNS: &str = "^x-log-requestid|OLSInvalidMethod";

/// What is missing in an answer that is not the service's, for people.
pub const NOT_THE_SERVICE: &str =
    "not the log service's answer (no x-log-requestid header, no OLSInvalidMethod)";

/// The documented envelope `{"Error":{"Code":"OLSInvalidMethod","Message":…,"RequestId":…}}`.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Error")]
    error: ServiceError,
}

#[derive(Deserialize)]
struct ServiceError {
    #[serde(rename = "Code", default)]
    code: String,
}

/// The other form of an error: `{"errorCode":…,"errorMessage":…}`.
#[derive(Deserialize)]
struct Flat {
    #[serde(rename = "errorCode")]
    code: String,
}

/// True if an answer with this [`REQUEST_ID`] and body is the service's.
pub fn is_of_the_service(request_id: Option<&[u8]>, body: &[u8]) -> bool {
    request_id.is_some_and(|id| !id.trim_ascii().is_empty()) || is_documented(body)
}

fn is_documented(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice::<Envelope>(body).is_ok_and(|Envelope { error }| error.code == DOCUMENTED_CODE)
}

/// The code in an error of the service, in either of its forms: one word of letters.
pub fn error_code(body: &[u8]) -> Option<String> {
    let code = serde_json::from_slice::<Envelope>(body)
        .map(|Envelope { error }| error.code)
        .or_else(|_| serde_json::from_slice::<Flat>(body).map(|flat| flat.code))
        .ok()?;
    let is_code = (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = r#"{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5DD39230BE9910FC6CF17609"}}"#;

    #[test]
    fn the_documented_answer_is_the_services() {
        assert!(is_of_the_service(None, DOCUMENTED.as_bytes()));
        assert!(is_of_the_service(None, format!("\u{feff} \r\n{DOCUMENTED}\n").as_bytes()));
        assert!(is_of_the_service(None, br#"{"Error": {"Code": "OLSInvalidMethod"}, "more": []}"#));
        assert!(is_of_the_service(Some(b"5DD39230"), b"<html>"));
    }

    #[test]
    fn near_misses_are_not() {
        assert!(!is_of_the_service(Some(b" "), b""));
        for body in [
            r#"{"errorCode":"ProjectNotExist","errorMessage":"x"}"#,
            r#"{"Error":{"Code":"SLSUnauthorized","RequestId":"5DD39230"}}"#,
            r#"{"Error":{"Code":7}}"#,
            r#"{"Error":"OLSInvalidMethod"}"#,
            "<html>OLSInvalidMethod</html>",
            &DOCUMENTED[..40],
        ] {
            assert!(!is_of_the_service(None, body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn an_error_code_is_one_word_of_letters() {
        assert_eq!(error_code(br#"{"errorCode":"ProjectNotExist"}"#).as_deref(), Some("ProjectNotExist"));
        for odd in [r#"{"Error":{"Code":"s3cret word"}}"#, r#"{"errorCode":"s3-cret"}"#, r#"{"errorCode":7}"#]
        {
            assert_eq!(error_code(odd.as_bytes()), None, "{odd}");
        }
    }
}
