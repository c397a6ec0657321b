//! The meaning of lines in the agent's own log (agent source: `Logger.h`, `Sender.cpp`, `FlusherSLS.cpp`,
//! `Monitor.cpp`, `CheckPointManager.cpp` of 1.0 to 3.3).
//!
//! A line is `[time]` `[level]` `[thread]` `file:line` and fields `key:value`, with tabs between them. Only its first
//! field determines its meaning, and only the fields before any user's text are used. Values hold names of files,
//! projects and configs: their contents are never interpreted.

use crate::{
    agents::{LogLine, OwnLog},
    model::snapshot::{LogEvent, LoggedExit, Refusal, RefusalSubject},
};

/// The service's error codes (agent source, `SLSConstant.cpp`; the vendor's list of error codes). Codes for lost or
/// malformed requests are not listed: they say nothing about the agent's prerequisites.
const REFUSALS: [Refusal; 12] = [
    refusal("Unauthorized", RefusalSubject::Credentials),
    refusal("SignatureNotMatch", RefusalSubject::Credentials),
    refusal("InvalidAccessKeyId", RefusalSubject::Credentials),
    refusal("UserNotExist", RefusalSubject::Credentials),
    refusal("RequestTimeExpired", RefusalSubject::Clock),
    refusal("InvalidRequestTime", RefusalSubject::Clock),
    refusal("ProjectNotExist", RefusalSubject::Project),
    refusal("ProjectForbidden", RefusalSubject::Project),
    refusal("LogStoreNotExist", RefusalSubject::Target),
    refusal("WriteQuotaExceed", RefusalSubject::Quota),
    refusal("ShardWriteQuotaExceed", RefusalSubject::Quota),
    refusal("ExceedQuota", RefusalSubject::Quota),
];

const fn refusal(code: &'static str, subject: RefusalSubject) -> Refusal {
    Refusal { code, subject }
}

/// The first field of a failed request, in each generation.
const FAILED: [&str; 3] = ["failed to send request", "SendFail", "send data to SLS fail"];
/// What may be between it and the code: the vendor's words, and numbers.
const BEFORE_CODE: [&str; 8] = [
    "operation",
    "suggestion",
    "item address",
    "request id",
    "status code",
    "Operation",
    "Suggestion",
    "RequestId",
];
const STATUS_CODE: &str = "StatusCode";
const CODE: [&str; 2] = ["error code", "ErrorCode"];
/// True for the agent's self-monitoring data to the vendor's project, which do not concern the operator.
const OF_ITSELF: [&str; 2] = ["is profile data", "IsProfileData"];

/// What the line means.
pub(super) fn parse_line(log: OwnLog, line: &str) -> Option<LogLine<'_>> {
    if let Some(parsed) = Header::parse(line) {
        let event = match log {
            OwnLog::Main => parsed.event(),
            OwnLog::Status => None,
        };
        return Some(LogLine { written: Some(parsed.time), event, at: None });
    }
    match log {
        OwnLog::Main => None,
        OwnLog::Status => status_line(line),
    }
}

/// The status that agents before 3.0 write each minute: a JSON document over several lines.
fn status_line(line: &str) -> Option<LogLine<'_>> {
    let (key, value) = line.trim().trim_end_matches(',').split_once(" : ")?;
    if key != "\"config_update_last_time\"" {
        return None;
    }
    let at = value.strip_prefix('"')?.strip_suffix('"')?;
    // The epoch means that it has not happened yet.
    (!at.starts_with("1970-")).then_some(LogLine {
        written: None,
        event: Some(LogEvent::ConfigUpdated),
        at: Some(at),
    })
}

/// The parts of a line.
struct Header<'l> {
    time: &'l str,
    level: &'l str,
    fields: &'l str,
    separator: &'static str,
}

impl<'l> Header<'l> {
    fn parse(line: &'l str) -> Option<Self> {
        let (time, rest) = bracketed(line)?;
        if time.as_bytes().get(4) != Some(&b'-') {
            return None;
        }
        // The oldest generation is also seen with blanks.
        let separator = if rest.starts_with('\t') { "\t" } else { "    " };
        let (level, rest) = bracketed(rest.trim_start())?;
        let (thread, rest) = bracketed(rest.trim_start())?;
        if thread.is_empty() || !thread.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (place, fields) = rest.trim_start().split_once(['\t', ' '])?;
        let (file, number) = place.trim_start_matches('[').trim_end_matches(']').rsplit_once(':')?;
        let is_place = !file.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_place.then(|| Self { time, level, fields: fields.trim_start(), separator })
    }

    fn fields(&self) -> impl Iterator<Item = (&'l str, &'l str)> {
        self.fields.split(self.separator).map(|field| field.split_once(':').unwrap_or((field, "")))
    }

    fn is_complaint(&self) -> bool {
        ["warn", "warning", "err", "error"].iter().any(|level| self.level.eq_ignore_ascii_case(level))
    }

    fn is_of_itself(&self) -> bool {
        self.fields().any(|(key, value)| OF_ITSELF.contains(&key) && value == "true")
    }

    fn event(&self) -> Option<LogEvent> {
        let (key, value) = self.fields().next()?;
        let words = |words| Some(LogEvent::LoggedExit(words));
        match key {
            key if FAILED.contains(&key) => self.refused(),
            "send data to SLS fail, error_code" if self.is_complaint() => of_table(value),
            "SendSucess" | "send data to sls succeeded, item address" if !self.is_of_itself() => {
                Some(LogEvent::Accepted)
            }
            "config files scan done" => value.starts_with("got updates").then_some(LogEvent::ConfigUpdated),
            "main thread" => (value == "start update config").then_some(LogEvent::ConfigUpdated),
            "working dir" | "change working dir" | "load logtail config file, path" => {
                Some(LogEvent::Started)
            }
            "Resource used by program exceeds upper limit"
            | "Resource used by program exceeds upper limit for some time"
            | "Resource used by program exceeds hard limit" => words(LoggedExit::LimitExceeded),
            "last config get time is too old" | "network is fail" => words(LoggedExit::ServiceLost),
            "last read event time is too old"
            | "last sender daemon run time is too old"
            | "last send time is too old" => words(LoggedExit::ThreadStuck),
            "last logtail crash stack" => words(LoggedExit::Crashed),
            "open plugin base dl error, Message" | "open adapter lib error, Message" => {
                words(LoggedExit::LibraryMissing)
            }
            "start config is not valid json" => words(LoggedExit::ConfigRejected),
            "error" if value.starts_with("host ip changed during running") => {
                words(LoggedExit::AddressChanged)
            }
            "load check point file fail, file content is not valid json" => Some(LogEvent::CheckpointDamaged),
            // The key before the status is a user's text.
            "error when access checkpoint database" => {
                let (_, status) = self.fields.rsplit_once(", status:")?;
                status.starts_with("Corruption").then_some(LogEvent::CheckpointDamaged)
            }
            "load checkpoint, version" => Some(LogEvent::CheckpointLoaded),
            _ => None,
        }
    }

    /// A request that failed: the code is in its place, after nothing but the vendor's own fields.
    fn refused(&self) -> Option<LogEvent> {
        if !self.is_complaint() || self.is_of_itself() {
            return None;
        }
        let before = |key: &str| BEFORE_CODE.contains(&key) || key == STATUS_CODE;
        let (key, code) = self.fields().skip(1).find(|(key, _)| !before(key))?;
        if CODE.contains(&key) { of_table(code) } else { None }
    }
}

fn of_table(code: &str) -> Option<LogEvent> {
    REFUSALS.iter().find(|refusal| refusal.code == code).copied().map(LogEvent::Refused)
}

/// The part in brackets at the beginning, and the rest.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines as each generation writes them.
    const V3: &str = "[2026-11-21 20:00:00.000001]\t[warning]\t[000011]\t/src/core/plugin/flusher/sls/FlusherSLS.cpp:878\t\t\
        failed to send request:write unauthorized\toperation:retry later\tsuggestion:check access keys provided\t\
        item address:0x7f00\trequest id:64E5\tstatus code:401\terror code:Unauthorized\terrMsg:denied by sts or ram\t\
        config:c\tregion:cn-hangzhou\tproject:p\tlogstore:l\ttry cnt:3\tis profile data:false\tresponse:";
    const V2: &str = "[2026-11-21 20:00:00.000001]\t[warning]\t[026705]\t/workspace/ilogtail/core/sender/Sender.cpp:388\t\t\
        SendFail:other error\tOperation:discard data\tSuggestion:no suggestion\tRequestId:64E5\tStatusCode:401\t\
        ErrorCode:SignatureNotMatch\tErrorMessage:x\tProject:p\tIsProfileData:false";
    const V1: &str = "[2026-11-21 20:00:00.000001]\t[error]\t[000011]\t/src/core/sender/Sender.cpp:320\t\t\
        send data to SLS fail:discard data\tStatusCode:400\tRequestId:64E5\tErrorCode:RequestTimeExpired\tErrorMessage:x";
    const V0: &str = "[2018-02-06 08:13:35.721864]    [ERROR]    [8]    [build/release64/sls/ilogtail/Sender.cpp:104]    \
        send data to SLS fail, error_code:ProjectNotExist    error_message:x";

    fn event(line: &str) -> Option<LogEvent> {
        parse_line(OwnLog::Main, line)?.event
    }

    fn code(line: &str) -> Option<&'static str> {
        if let LogEvent::Refused(refusal) = event(line)? { Some(refusal.code) } else { None }
    }

    fn said(fields: &str) -> Option<LogEvent> {
        event(&format!("[2026-11-21 20:00:00.000001]\t[error]\t[000011]\t/src/core/a.cpp:1\t\t{fields}"))
    }

    #[test]
    fn each_generation_says_what_the_service_refused() {
        for (line, refused) in [
            (V3, "Unauthorized"),
            (V2, "SignatureNotMatch"),
            (V1, "RequestTimeExpired"),
            (V0, "ProjectNotExist"),
        ] {
            assert_eq!(code(line), Some(refused), "{line}");
            assert!(parse_line(OwnLog::Main, line).unwrap().written.unwrap().starts_with("20"));
        }
    }

    #[test]
    fn what_stands_in_a_value_means_nothing() {
        for line in [
            // A collected file with such a name, logged with the fields that follow.
            "[2026-11-21 20:00:00.1]\t[warning]\t[11]\t/src/core/reader/LogFileReader.cpp:12\t\tfailed to open file:/var/log/\terror code:Unauthorized",
            "[2026-11-21 20:00:00.1]\t[warning]\t[11]\t/src/core/reader/LogFileReader.cpp:12\t\tfile:/var/log/x\tfailed to send request:x\terror code:Unauthorized",
            "[2026-11-21 20:00:00.1]\t[warning]\t[11]\t/src/core/reader/LogFileReader.cpp:12\t\tfile:failed to send request:x\terror code:Unauthorized",
            // Another field is in place of the code.
            "[2026-11-21 20:00:00.1]\t[warning]\t[11]\t/src/F.cpp:12\t\tfailed to send request:x\tconfig:c\terror code:Unauthorized",
            "\terror code:Unauthorized",
            "failed to send request:x\terror code:Unauthorized",
            "[x]\t[warning]\t[11]\t/src/F.cpp:12\t\tfailed to send request:x\terror code:Unauthorized",
            "[2026-11-21 20:00:00.1]\t[warning]\t[x]\t/src/F.cpp:12\t\tfailed to send request:x\terror code:Unauthorized",
            "[2026-11-21 20:00:00.1]\t[warning]\t[11]\tno place\t\tfailed to send request:x\terror code:Unauthorized",
        ] {
            assert_eq!(event(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_no_complaint_of_the_service_about_the_host_is_no_refusal() {
        for (from, to) in [
            ("[warning]", "[info]"),
            ("error code:Unauthorized", "error code:RequestError"),
            ("error code:Unauthorized", "error code:Unauthorized2"),
            ("is profile data:false", "is profile data:true"),
        ] {
            assert_eq!(event(&V3.replace(from, to)), None, "{to}");
        }
    }

    #[test]
    fn the_other_lines_that_count_are_told_by_their_first_field() {
        let words = LogEvent::LoggedExit;
        for (fields, meant) in [
            ("SendSucess:OK\tRequestId:1", LogEvent::Accepted),
            ("send data to sls succeeded, item address:0x1\trequest id:1", LogEvent::Accepted),
            (
                "config files scan done:got updates, begin to update pipelines\tadded:1",
                LogEvent::ConfigUpdated,
            ),
            ("main thread:start update config", LogEvent::ConfigUpdated),
            ("change working dir:/usr/local/ilogtail/1.3.0", LogEvent::Started),
            (
                "Resource used by program exceeds upper limit for some time:prepare restart Logtail\tcpu_usage:2",
                words(LoggedExit::LimitExceeded),
            ),
            (
                "Resource used by program exceeds hard limit:prepare restart Logtail",
                words(LoggedExit::LimitExceeded),
            ),
            (
                "last config get time is too old:1793491200\tprepare force exit:",
                words(LoggedExit::ServiceLost),
            ),
            ("last read event time is too old:1\tprepare force exit:", words(LoggedExit::ThreadStuck)),
            ("last logtail crash stack:0x1", words(LoggedExit::Crashed)),
            ("open plugin base dl error, Message:libPluginBase.so", words(LoggedExit::LibraryMissing)),
            ("start config is not valid json:/x", words(LoggedExit::ConfigRejected)),
            (
                "error:host ip changed during running, prepare to restart Logtail\toriginal ip:1",
                words(LoggedExit::AddressChanged),
            ),
            (
                "load check point file fail, file content is not valid json:/tmp/x",
                LogEvent::CheckpointDamaged,
            ),
            (
                "error when access checkpoint database:op:read, key:k, status:Corruption: bad",
                LogEvent::CheckpointDamaged,
            ),
            ("load checkpoint, version:200\tfile check point:1", LogEvent::CheckpointLoaded),
        ] {
            assert_eq!(said(fields), Some(meant), "{fields}");
        }
        for fields in [
            "config files scan done:no pipeline update",
            "no check point file to load:/tmp/x",
            "error when access checkpoint database:op:read, key:, status:Corruption, status:IO error: lock",
            "error:last config get time is too old",
            "SendSucess:OK\tIsProfileData:true",
            "",
        ] {
            assert_eq!(said(fields), None, "{fields}");
        }
    }

    #[test]
    fn the_status_tells_when_configs_were_last_updated() {
        let line = "\t\"config_update_last_time\" : \"2026-11-21 19:58:00\",";
        let parsed = parse_line(OwnLog::Status, line).unwrap();
        assert_eq!((parsed.event, parsed.at), (Some(LogEvent::ConfigUpdated), Some("2026-11-21 19:58:00")));
        assert!(parse_line(OwnLog::Main, line).is_none());
        assert!(parse_line(OwnLog::Status, &line.replace("2026", "1970")).is_none());
        assert_eq!(parse_line(OwnLog::Status, V3).unwrap().event, None);
    }

    proptest! {
        #[test]
        fn arbitrary_lines_never_panic(line in "\\PC*", tabs in "[\\[\\]:\\t \\PC]{0,80}") {
            for log in [OwnLog::Main, OwnLog::Status] {
                let _line = parse_line(log, &line);
                let _line = parse_line(log, &format!("[2026-{tabs}"));
            }
        }

        #[test]
        fn no_name_of_a_file_is_a_refusal(name in "[\\t :a-zA-Z]{0,60}") {
            let line = format!(
                "[2026-11-21 20:00:00.1]\t[warning]\t[11]\t/src/R.cpp:1\t\topen file:{name}\terror code:Unauthorized"
            );
            prop_assert_eq!(event(&line), None);
        }
    }
}
