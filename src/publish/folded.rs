//! An agent's findings as people read them: critical ones first, and the same finding about several endpoints
//! only once.

use std::time::SystemTime;

use super::words::by_root;
use crate::model::{
    Severity,
    report::{AgentReport, Problem},
};

/// A finding, the same finding about other subjects, and the consequences of all of them.
#[derive(Debug)]
pub struct Folded<'a> {
    /// The finding.
    pub first: &'a Problem,
    /// The same finding about other subjects.
    pub others: Vec<&'a Problem>,
    /// The findings that it explains.
    pub consequences: Vec<&'a Problem>,
}

impl Folded<'_> {
    /// When the first of them was first seen.
    pub fn since(&self) -> SystemTime {
        self.others.iter().map(|problem| problem.since).fold(self.first.since, SystemTime::min)
    }
}

/// The findings of an agent; with `apart` they are not merged.
pub fn folded(agent: &AgentReport, apart: bool) -> Vec<Folded<'_>> {
    let mut out: Vec<Folded<'_>> = Vec::new();
    for (root, consequences) in by_root(agent) {
        match out.iter_mut().find(|folded| !apart && is_same(folded.first, root)) {
            Some(folded) => {
                folded.others.push(root);
                folded.consequences.extend(consequences);
            }
            None => out.push(Folded { first: root, others: Vec::new(), consequences }),
        }
    }
    out.sort_by_key(|folded| folded.first.severity != Severity::Critical);
    out
}

/// True if only the subject differs.
fn is_same(one: &Problem, other: &Problem) -> bool {
    !one.subject.is_empty()
        && one.cause.id == other.cause.id
        && one.severity == other.severity
        && one.carried == other.carried
        && skeleton(one) == skeleton(other)
}

/// The evidence without the parts about the subject. The sources of the values differ between endpoints of one config.
fn skeleton(problem: &Problem) -> Vec<(&'static str, String)> {
    let subject = problem.subject.as_str();
    let host = subject.split_once("://").map_or(subject, |(_, authority)| authority);
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let without = |value: &str| {
        if host.is_empty() { value.to_owned() } else { value.replace(subject, "").replace(host, "") }
    };
    problem.evidence.iter().map(|evidence| (evidence.name, without(&evidence.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};
    use crate::model::report::Evidence;

    fn of(first: &str, second: &str) -> AgentReport {
        let mut report = sample::healthy();
        let problem = |url: &str, failure: &str, since| Problem {
            subject: url.to_owned(),
            since: sample::at(since),
            evidence: vec![
                sample::evidence("url", url, "config"),
                Evidence { name: "failure", value: failure.to_owned(), from: url.to_owned() },
            ],
            ..sample::problem(&sample::DNS_FAILURE)
        };
        let mut agent = report.agents.remove(0);
        agent.prerequisites[4].problems = vec![
            problem("http://a.example.com:80", first, 7),
            sample::problem(&sample::CERTIFICATE_EXPIRING),
            problem("http://b.example.com:80", second, 5),
        ];
        agent
    }

    #[test]
    fn the_same_failure_of_two_endpoints_is_one_finding_since_the_first() {
        let agent = of("a.example.com does not resolve", "b.example.com does not resolve");
        let found = folded(&agent, false);
        assert_eq!(
            found.iter().map(|f| f.first.cause.id).collect::<Vec<_>>(),
            ["dns_failure", "certificate_expiring"]
        );
        assert_eq!(found[0].others[0].subject, "http://b.example.com:80");
        assert_eq!(found[0].since(), sample::at(5));
        assert_eq!(folded(&agent, true).len(), 3);
    }

    #[test]
    fn different_failures_stay_apart() {
        let agent = of("a.example.com does not resolve", "the server for b.example.com fails");
        assert_eq!(folded(&agent, false).len(), 3);
    }
}
