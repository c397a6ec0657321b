//! What the agent's own log says: that the service refuses it, why it died, and when it last received an answer;
//! nothing else in it counts.

use std::{
    fs::OpenOptions,
    io::{Seek as _, SeekFrom, Write as _},
};

use serde_json::Value;

use crate::support::{Exporter, Host, User, eventually};

pub(crate) const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";
pub(crate) const DELIVERED: &str = "/usr/local/ilogtail/user_log_config.json";

/// A line with the current time, in the zone of a container.
pub(crate) fn line(host: &Host, level: &str, fields: &str) -> String {
    let now = host.sh("date -u '+%Y-%m-%d %H:%M:%S'");
    format!(
        "[{}.000001]\t[{level}]\t[000011]\t/src/core/plugin/flusher/sls/FlusherSLS.cpp:878\t\t{fields}\n",
        now.trim()
    )
}

pub(crate) fn refused(host: &Host, code: &str) -> String {
    let fields = format!(
        "failed to send request:write unauthorized\toperation:retry later\tsuggestion:check access keys provided\t\
         item address:0x7f00\trequest id:64E5\tstatus code:401\terror code:{code}\terrMsg:denied\tconfig:c\tis profile data:false"
    );
    line(host, "warning", &fields)
}

pub(crate) fn append(host: &Host, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(host.at(LOG)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The evidence of a problem, by name, and its remedy.
fn problem(exporter: &Exporter<'_>, cause: &str) -> (Vec<(String, String)>, String) {
    let report = exporter.report();
    let problems = report["agents"][0]["prerequisites"].as_array().unwrap().iter();
    let mut problems = problems.flat_map(|prerequisite| prerequisite["problems"].as_array().unwrap());
    let found = problems.find(|problem| problem["cause"] == cause).unwrap_or_else(|| panic!("{report}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let evidence = found["evidence"].as_array().unwrap().iter();
    (evidence.map(|one| (text(&one["name"]), text(&one["value"]))).collect(), text(&found["remedy"]))
}

#[test]
fn what_the_service_refuses_is_told_in_its_own_words_until_it_accepts_again() {
    let host = Host::with_logtail();
    append(&host, &line(&host, "info", "Logtail started:initialization completed"));
    let exporter = host.exporter();
    exporter.shows(&[]);
    append(&host, &refused(&host, "Unauthorized"));
    exporter.shows(&["network failing server_rejects"]);
    let (evidence, remedy) = problem(&exporter, "server_rejects");
    assert!(evidence.contains(&("code".to_owned(), "Unauthorized".to_owned())), "{evidence:?}");
    assert!(remedy.contains(LOG), "{remedy}");
    append(&host, &line(&host, "debug", "send data to sls succeeded, item address:0x7f00\trequest id:64E6"));
    exporter.shows(&[]);
    let accepted =
        exporter.scrape().value("logagent_agent_last_send_timestamp_seconds", &[("agent", "logtail")]);
    assert!(accepted.is_some_and(|at| at > 1.7e9), "{accepted:?}");
    // Once more, across a rotation that comes right after it.
    append(&host, &refused(&host, "ProjectNotExist"));
    host.rename(LOG, "/usr/local/ilogtail/ilogtail.1.LOG");
    append(
        &host,
        &line(&host, "info", "config files scan done:got updates, begin to update pipelines\tadded:1"),
    );
    exporter.shows(&["network failing server_rejects"]);
    let updated = exporter
        .scrape()
        .value("logagent_agent_last_config_update_timestamp_seconds", &[("agent", "logtail")]);
    assert!(updated.is_some_and(|at| at > 1.7e9), "{updated:?}");
}

#[test]
fn nothing_else_in_the_log_counts() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    let silent = |what: &str| {
        exporter.until_evaluated();
        let verdict = exporter.scrape().verdict();
        assert!(verdict.is_empty(), "{what}: {verdict:?}");
    };
    append(&host, &line(&host, "error", "failed to open file:/var/log/\terror code:Unauthorized\tdev:1"));
    append(&host, &line(&host, "warning", "path:failed to send request:x\terror code:Unauthorized"));
    append(&host, "\terror code:Unauthorized\nfailed to send request:x\terror code:Unauthorized\n");
    silent("a file of such a name");
    let old = refused(&host, "Unauthorized").replacen("[20", "[19", 1);
    append(&host, &old);
    silent("a refusal of long ago");
    host.write(LOG, (0..=255_u8).cycle().take(1 << 20).collect::<Vec<_>>());
    silent("binary");
    let mut file = OpenOptions::new().write(true).open(host.at(LOG)).unwrap();
    file.set_len(2 << 30).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(line(&host, "info", "profiling:started").as_bytes()).unwrap();
    silent("2 GiB");
    host.rename(LOG, "/usr/local/ilogtail/ilogtail.1.LOG");
    silent("rotated");
    host.write(LOG, "");
    silent("empty");
    host.remove(LOG);
    host.create_dir(LOG);
    silent("a directory");
}

#[test]
fn a_log_that_is_written_all_the_time_wakes_nobody_and_is_read_in_part() {
    let host = Host::with_logtail();
    append(&host, "x\n");
    let exporter = host.exporter_with(User::Root, None, &["--evaluation.interval=1s"]);
    exporter.until_evaluated();
    let of_files = || exporter.scrape().value("logagent_evaluations_total", &[("trigger", "file")]);
    let before = of_files();
    let many = line(&host, "info", "profiling:started").repeat(10_000);
    eventually("a part of the log is passed over", || {
        append(&host, &many);
        let reached = exporter.scrape().value("logagent_limit_reached", &[("limit", "log")]);
        reached.map(drop).ok_or_else(|| "not yet".to_owned())
    });
    assert_eq!(of_files(), before, "writing woke the exporter");
    exporter.shows(&[]);
}

#[test]
fn its_own_last_words_say_why_it_died_and_what_to_do() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    append(
        &host,
        &line(
            &host,
            "error",
            "Resource used by program exceeds hard limit:prepare restart Logtail\tmem_rss:2100",
        ),
    );
    exporter.until_evaluated();
    host.kill_all("ilogtail");
    exporter.shows(&["processes failing not_running"]);
    let (evidence, remedy) = problem(&exporter, "not_running");
    assert!(
        evidence.iter().any(|(name, value)| name == "died_of" && value.contains("own limit")),
        "{evidence:?}"
    );
    assert!(remedy.contains("mem_usage_limit"), "{remedy}");
}

#[test]
fn without_a_collection_config_there_is_a_warning() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    host.write(DELIVERED, "{\n   \"metrics\" : {}\n}\n");
    exporter.shows(&["startup_parameters ok no_collection_config(w)"]);
    host.write(DELIVERED, "{\n   \"metrics\" : { \"##1.0##p$c\" : {} }\n}\n");
    exporter.shows(&[]);
    host.write(DELIVERED, "{}");
    exporter.shows(&["startup_parameters ok no_collection_config(w)"]);
    host.write("/etc/ilogtail/config/local/a.yaml", "enable: true\n");
    exporter.shows(&[]);
}

#[test]
fn loglistener_tells_what_the_service_answered() {
    let host = Host::with_loglistener();
    let exporter = host.exporter();
    exporter.shows(&[]);
    let now = host.sh("date -u '+%Y-%m-%d %H:%M:%S'");
    let answer = r#"{"Response":{"Error":{"Code":"AuthFailure.UnauthorizedOperation","Message":"m"},"RequestId":"1"}}"#;
    host.write("/usr/local/loglistener/log/loglistener.log", format!("[{}] [ERROR] {answer}\n", now.trim()));
    exporter.shows(&["network failing server_rejects"]);
    let (evidence, _) = problem(&exporter, "server_rejects");
    assert!(evidence.iter().any(|(_, value)| value == "AuthFailure.UnauthorizedOperation"), "{evidence:?}");
}
