//! Both text formats, read back by a strict parser.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    super::{openmetrics, sample, words},
    *,
};
use crate::model::{
    Purpose, Severity,
    snapshot::{Phases, Scheme},
};

type Labels = BTreeMap<String, String>;

/// One family as a strict parser reads it.
#[derive(Debug, PartialEq)]
struct Family {
    name: String,
    kind: String,
    help: String,
    unit: Option<String>,
    samples: Vec<(String, Labels, f64)>,
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.push(match characters.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                other => panic!("escape {other:?} in {text}"),
            }),
            c => out.push(c),
        }
    }
    out
}

fn labels(mut text: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"").expect("a label");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "label name {name}");
        let mut escaped = false;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            })
            .expect("a closing quote")
            .0;
        assert!(labels.insert(name.to_owned(), unescape(&rest[..end])).is_none(), "{name} twice");
        match rest[end + 1..].split_at(1) {
            (",", rest) => text = rest,
            ("}", rest) => return (labels, rest),
            other => panic!("after a label: {other:?}"),
        }
    }
}

/// Families in order; metadata first, each once, samples contiguous, no series twice.
fn parse(text: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let mut series = BTreeSet::new();
    for line in text.split_terminator('\n') {
        if let Some(metadata) = line.strip_prefix("# ") {
            if metadata == "EOF" {
                continue;
            }
            let (word, rest) = metadata.split_once(' ').expect("a word");
            let (name, value) = rest.split_once(' ').expect("a name");
            if families.last().is_none_or(|family| family.name != name) {
                assert!(families.iter().all(|family| family.name != name), "{name} comes twice");
                families.push(Family {
                    name: name.to_owned(),
                    kind: String::new(),
                    help: String::new(),
                    unit: None,
                    samples: Vec::new(),
                });
            }
            let family = families.last_mut().expect("just pushed");
            assert!(family.samples.is_empty(), "{word} of {name} after samples");
            match word {
                "TYPE" if family.kind.is_empty() => value.clone_into(&mut family.kind),
                "HELP" if family.help.is_empty() => family.help = unescape(value),
                "UNIT" if family.unit.is_none() => family.unit = Some(value.to_owned()),
                _ => panic!("{line}"),
            }
            continue;
        }
        let end = line.find(['{', ' ']).expect("a name");
        let (name, rest) = line.split_at(end);
        let (labels, rest) = rest.strip_prefix('{').map_or_else(|| (Labels::new(), rest), labels);
        let value: f64 = rest.trim_start().parse().expect("a number");
        let family = families.last_mut().expect("metadata before samples");
        assert!(series.insert((name.to_owned(), format!("{labels:?}"))), "{line} twice");
        assert!(name.starts_with(&family.name), "{name} among {}", family.name);
        family.samples.push((name.to_owned(), labels, value));
    }
    families
}

fn rendered(report: &Report) -> (String, String) {
    let families = families(View { report, own: Some(&sample::OWN) });
    let text = String::from_utf8(text(&families)).expect("UTF-8");
    (text, openmetrics::encode(&families))
}

fn value(report: &Report, name: &str, wanted: &[(&str, &str)]) -> Option<f64> {
    let samples = parse(&rendered(report).0).into_iter().flat_map(|family| family.samples);
    let mut matching = samples.filter(|(found, labels, _)| {
        found == name && wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|v| v == value))
    });
    let found = matching.next().map(|(_, _, value)| value);
    assert!(matching.next().is_none(), "{name} {wanted:?} is more than one series");
    found
}

fn series(report: &Report) -> usize {
    rendered(report).0.lines().filter(|line| !line.starts_with('#')).count()
}

fn without_build(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("logagent_exporter_build_info{"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn series_that_are_left_out_are_told_of() {
    let limits = |addresses: usize| {
        let mut report = sample::healthy();
        report.agents[0].ips = (0..addresses).map(|n| ("expected", format!("10.0.0.{n}"))).collect();
        let families = families(View { report: &report, own: None });
        let of = |name: &str| {
            let family = families.iter().find(|family| family.name() == name);
            family.map_or(&[][..], |family| family.get_metric()).to_vec()
        };
        let limits: Vec<String> =
            of(LIMITS).iter().map(|sample| sample.get_label()[0].value().to_owned()).collect();
        (of("logagent_ip_info").len(), limits)
    };
    assert_eq!(limits(MOST_PER_AGENT), (MOST_PER_AGENT, vec![]));
    assert_eq!(limits(MOST_PER_AGENT + 1), (MOST_PER_AGENT, vec!["series".to_owned()]));
}

#[test]
fn every_metric_of_a_healthy_agent() {
    let (text, openmetrics) = rendered(&sample::healthy());
    insta::assert_snapshot!("text", without_build(&text));
    insta::assert_snapshot!("openmetrics", without_build(&openmetrics));
}

#[test]
fn the_number_of_series_keeps_within_the_budget() {
    let five = sample::healthy();
    assert!(series(&five) <= 140, "{} series for 5 URLs", series(&five));
    let mut ten = sample::healthy();
    for n in 0..5 {
        ten.agents[0].endpoints.push(sample::endpoint(
            Purpose::Project,
            Scheme::Http,
            &format!("p{n}.example"),
        ));
    }
    assert!(series(&ten) <= 180, "{} series for 10 URLs", series(&ten));
}

#[test]
fn openmetrics_is_as_its_specification_says() {
    for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile()] {
        let (text, openmetrics) = rendered(&report);
        assert!(openmetrics.ends_with("\n# EOF\n") && openmetrics.matches("# EOF").count() == 1);
        let families = parse(&openmetrics);
        for family in &families {
            assert!(!family.help.is_empty() && !family.samples.is_empty(), "{family:?}");
            assert!(family.unit.as_ref().is_none_or(|unit| family.name.ends_with(&format!("_{unit}"))));
            for (name, _, value) in &family.samples {
                assert!(value.is_finite(), "{family:?}");
                match family.kind.as_str() {
                    "counter" => {
                        assert_eq!(*name, format!("{}_total", family.name));
                        assert!(*value >= 0.0);
                    }
                    "gauge" => assert_eq!(*name, family.name),
                    other => panic!("type {other}"),
                }
            }
        }
        // The same samples as in the other format.
        let samples =
            |families: Vec<Family>| families.into_iter().flat_map(|f| f.samples).collect::<Vec<_>>();
        assert_eq!(samples(families), samples(parse(&text)));
    }
}

#[test]
fn the_table_keeps_the_rules_of_naming() {
    let mut names = BTreeSet::new();
    for metric in METRICS {
        assert!(names.insert(metric.name), "{} twice", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        assert!(metric.name.starts_with("logagent_") || metric.name.starts_with("process_"));
        assert!(metric.help.ends_with('.'), "{}", metric.name);
    }
    // Every sample has a value for each label, in every report.
    for report in [sample::failing(), sample::unknown(), sample::hostile()] {
        for family in families(View { report: &report, own: Some(&sample::OWN) }) {
            let metric = METRICS.iter().find(|metric| metric.name == family.name()).expect("in the table");
            for sample in family.get_metric() {
                let names: Vec<&str> = sample.get_label().iter().map(LabelPair::name).collect();
                assert_eq!(names, metric.labels, "{}", metric.name);
            }
        }
    }
}

#[test]
fn a_cause_of_several_subjects_is_one_series_with_the_oldest_time() {
    let mut report = sample::failing();
    let dns = [("prerequisite", "network"), ("cause", "dns_failure")];
    assert_eq!(value(&report, "logagent_problem", &dns), Some(1.0));
    assert_eq!(
        value(&report, "logagent_problem", &[("cause", "dns_failure"), ("severity", "critical")]),
        Some(1.0)
    );
    assert_eq!(value(&report, "logagent_problem_since_timestamp_seconds", &dns), Some(1_782_893_700.0));
    // The severity is the highest of them, in any order.
    let network = |report: &mut Report| {
        report.agents[0].prerequisites.iter().position(|p| p.problems.len() == 3).expect("three")
    };
    let index = network(&mut report);
    for which in [0, 1] {
        report.agents[0].prerequisites[index].problems[which].severity = Severity::Warning;
        report.agents[0].prerequisites[index].problems[1 - which].severity = Severity::Critical;
        assert_eq!(
            value(&report, "logagent_problem", &[("cause", "dns_failure"), ("severity", "critical")]),
            Some(1.0)
        );
    }
    // It is explained only if all of them are.
    report.agents[0].prerequisites[index].problems[0].explained_by = Some(&sample::CONFIG_INVALID);
    assert_eq!(value(&report, "logagent_problem", &dns), Some(1.0));
    report.agents[0].prerequisites[index].problems[1].explained_by = Some(&sample::CONFIG_INVALID);
    assert_eq!(value(&report, "logagent_problem", &dns), None);
}

#[test]
fn what_another_cause_explains_is_no_series() {
    let report = sample::failing();
    assert_eq!(value(&report, "logagent_problem", &[("cause", "ip_not_in_group")]), Some(1.0));
    assert_eq!(value(&report, "logagent_problem", &[("cause", "restart_required")]), None);
    let restart = [("prerequisite", "restart"), ("status", "failing")];
    assert_eq!(value(&report, "logagent_prerequisite_status", &restart), Some(1.0));
}

#[test]
fn unknown_is_absent_and_none_is_zero() {
    let worker = [("role", "worker")];
    let mut report = sample::unknown();
    assert_eq!(value(&report, "logagent_processes", &worker), None);
    assert_eq!(value(&report, "logagent_processes_expected", &worker), Some(1.0));
    assert_eq!(value(&report, "logagent_clock_synchronized", &[]), None);
    let text = rendered(&report).0;
    assert!(!text.contains("logagent_endpoint_") && !text.contains("logagent_clock_offset"), "{text}");
    for role in &mut report.agents[0].roles {
        role.live = Some(0);
    }
    assert_eq!(value(&report, "logagent_processes", &worker), Some(0.0));
    assert_eq!(value(&report, "logagent_process_start_time_seconds", &worker), None);
}

#[test]
fn an_endpoint_without_an_answer_has_status_zero_and_no_durations() {
    let report = sample::failing();
    let data = [("purpose", "data_server")];
    assert_eq!(value(&report, "logagent_endpoint_up", &data), Some(0.0));
    assert_eq!(value(&report, "logagent_endpoint_http_status_code", &data), Some(0.0));
    assert_eq!(value(&report, "logagent_endpoint_phase_duration_seconds", &data), None);
    let https = [("url", "https://logtail.cn-hangzhou-intranet.log.aliyuncs.com")];
    assert_eq!(
        value(&report, "logagent_endpoint_certificate_not_after_timestamp_seconds", &https),
        Some(1_790_668_800.0)
    );
}

#[test]
fn a_bare_connect_has_neither_status_code_nor_certificate() {
    let mut report = sample::healthy();
    report.agents[0].endpoints =
        vec![sample::endpoint(Purpose::DataServer, Scheme::Tcp, "ap-guangzhou.cls.tencentyun.com")];
    // The request for the time may have set one, which says nothing about the endpoint.
    sample::probe(&mut report.agents[0].endpoints[0]).status_code = Some(400);
    assert_eq!(value(&report, "logagent_endpoint_up", &[]), Some(1.0));
    assert_eq!(value(&report, "logagent_endpoint_http_status_code", &[]), None);
    assert_eq!(value(&report, "logagent_endpoint_certificate_not_after_timestamp_seconds", &[]), None);
}

#[test]
fn endpoints_that_differ_in_their_path_only_show_the_failing_one() {
    for failing in [0, 1] {
        let mut report = sample::healthy();
        let endpoint = sample::endpoint(Purpose::Custom, Scheme::Http, "logs.example.com");
        report.agents[0].endpoints = vec![endpoint.clone(), endpoint];
        let probe = sample::probe(&mut report.agents[0].endpoints[failing]);
        probe.outcome = Err(crate::model::snapshot::Failure {
            kind: crate::model::snapshot::FailureKind::UnexpectedResponse,
            address: None,
            detail: String::new(),
        });
        probe.status_code = Some(502);
        probe.phases = Phases::default();
        assert_eq!(value(&report, "logagent_endpoint_up", &[]), Some(0.0));
        assert_eq!(value(&report, "logagent_endpoint_http_status_code", &[]), Some(502.0));
        assert_eq!(value(&report, "logagent_endpoint_phase_duration_seconds", &[]), None);
    }
}

#[test]
fn foreign_values_stay_values_and_are_bounded() {
    let report = sample::hostile();
    let families = parse(&rendered(&report).0);
    for family in &families {
        for (_, labels, _) in &family.samples {
            assert!(labels.values().all(|value| value.chars().count() <= 200), "{labels:?}");
        }
        assert!(family.samples.len() <= 200, "{} of {}", family.samples.len(), family.name);
    }
    let evil = words::printable(&report.agents[0].name);
    for (_, labels, _) in families.iter().flat_map(|family| &family.samples) {
        assert!(
            labels.values().all(|value| value.chars().all(crate::model::text::is_printable)),
            "{labels:?}"
        );
    }
    assert_eq!(value(&report, "logagent_file_modified_timestamp_seconds", &[("file", &evil)]), Some(-5.0));
}

#[test]
fn no_agent_and_no_facts_about_ourselves_are_fine() {
    let report = Report { agents: Vec::new(), ..sample::healthy() };
    assert_eq!(value(&report, "logagent_agents", &[]), Some(0.0));
    let text = text(&families(View { report: &report, own: None }));
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(!text.contains("process_open_fds") && !text.contains("logagent_status"), "{text}");
}

#[test]
fn the_binary_knows_its_compiler_and_target() {
    assert!(
        words::RUSTC.starts_with("rustc ") && words::TARGET.contains('-'),
        "{} {}",
        words::RUSTC,
        words::TARGET
    );
    let report = sample::healthy();
    assert_eq!(value(&report, "logagent_exporter_build_info", &[("version", words::VERSION)]), Some(1.0));
}

proptest! {
    #[test]
    fn any_label_value_is_read_back_as_it_was_made_visible(values in proptest::collection::vec(any::<String>(), 3)) {
        let mut report = sample::healthy();
        for (file, value) in report.agents[0].files.iter_mut().zip(&values) {
            file.0.clone_from(value);
        }
        let (text, openmetrics) = rendered(&report);
        for text in [text, openmetrics] {
            let families = parse(&text);
            let family =
                families.iter().find(|f| f.name == "logagent_file_modified_timestamp_seconds").expect("files");
            for value in &values {
                let shown: String = words::printable(value).chars().take(200).collect();
                prop_assert!(family.samples.iter().any(|(_, labels, _)| labels["file"] == shown));
            }
        }
    }
}
