//! A real Prometheus scrapes the exporter in both formats, and answers queries about it.

use std::{
    io::{Read as _, Write as _},
    process::Stdio,
};

use serde_json::Value;

use crate::support::{Exporter, Host, eventually, layouts::*};

const CONFIG_YML: &str = "
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: open
    static_configs: [{ targets: ['127.0.0.1:10077'] }]
  - job_name: text
    static_configs: [{ targets: ['127.0.0.1:10078'] }]
";

/// The labels of each series in Prometheus' answer to a query, and its value.
pub(crate) fn query(host: &Host, query: &str) -> Result<Vec<(Value, String)>, String> {
    let encoded: Vec<String> = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    let answer = host.request(9090, "GET", &format!("/api/v1/query?query={encoded}"), &[])?;
    let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let series = answer["data"]["result"].as_array().ok_or_else(|| answer.to_string())?;
    Ok(series
        .iter()
        .map(|each| (each["metric"].clone(), each["value"][1].as_str().unwrap_or_default().to_owned()))
        .collect())
}

/// Waits until the query is answered by this many series of value 1.
#[track_caller]
pub(crate) fn answers(host: &Host, asked: &str, count: usize) {
    eventually(asked, || {
        let series = query(host, asked)?;
        let ones = series.iter().filter(|(_, value)| value == "1").count();
        if ones == count && series.len() == count { Ok(()) } else { Err(format!("{series:?}")) }
    });
}

/// This version of Prometheus always requests OpenMetrics first: through this proxy it gets the text format.
fn serve_text(host: &Host) {
    let listener = host.listen(10078);
    let namespace = host.network();
    std::thread::spawn(move || {
        namespace.enter();
        // Ends with the test's process.
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _length = stream.read(&mut request).unwrap();
            if let Ok(answer) =
                namespace.request(10077, "GET", "/metrics", &["accept: text/plain;version=0.0.4"])
            {
                let (form, length) = (&answer.headers["content-type"], answer.body.len());
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {form}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                // Prometheus may have given up.
                let _sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body));
            }
        }
    });
}

#[test]
fn prometheus_answers_promql_about_what_it_scrapes() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    serve_text(&host);
    host.write("/etc/prometheus.yml", CONFIG_YML);
    let mut prometheus = host.command("/run", "/run/prometheus/prometheus");
    let mut prometheus = prometheus
        .args([
            "--config.file=/etc/prometheus.yml",
            "--storage.tsdb.path=/run/tsdb",
            "--web.listen-address=127.0.0.1:9090",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    answers(&host, "up", 2);
    answers(&host, "logagent_agents", 2);
    answers(&host, "logagent_status{status=\"ok\"} == 1", 2);
    answers(&host, "count by (job) (logagent_problem) == 1", 0);

    host.signal("KILL", host.worker());
    answers(
        &host,
        "logagent_problem{cause=\"worker_missing\",prerequisite=\"processes\",severity=\"critical\"}",
        2,
    );
    answers(&host, "logagent_status{status=\"failing\"} == 1", 2);
    answers(&host, "logagent_processes{role=\"daemon\"} == logagent_processes_expected", 2);
    answers(
        &host,
        "time() - logagent_problem_since_timestamp_seconds{cause=\"worker_missing\"} < bool 60",
        2,
    );

    host.restart_logtail();
    // A series that is gone is stale at once: no need to wait five minutes.
    answers(&host, "logagent_problem", 0);
    answers(&host, "logagent_prerequisite_status{prerequisite=\"processes\",status=\"ok\"}", 2);
    answers(&host, "min by (job) (logagent_endpoint_up)", 2);

    drop(exporter);
    host.kill_all("prometheus");
    prometheus.wait().unwrap();
}

/// promtool's findings about the metrics; empty if there are none.
fn promtool(host: &Host, exporter: &Exporter<'_>) -> String {
    host.write("/run/metrics.txt", exporter.get("/metrics"));
    host.sh("/run/prometheus/promtool check metrics </run/metrics.txt 2>&1 || echo failed")
}

#[test]
fn promtool_finds_nothing_to_say() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    assert_eq!(promtool(&host, &exporter), "");
    host.signal("KILL", host.worker());
    host.refuse(DATA);
    host.write(IDENTIFIERS, "web-fleet\r\n");
    exporter.shows(&[
        "custom_identifier failing custom_identifier_mismatch",
        "network failing connection_refused",
        "processes failing worker_missing",
    ]);
    assert_eq!(promtool(&host, &exporter), "");
}
