//! The page as markup: well-formed, self-contained, and bounded.

use super::{super::sample, *};
use crate::model::report::{Report, Transitions};

#[test]
fn pages_in_both_languages() {
    for (name, language) in [("page_en", Language::English), ("page_zh", Language::Chinese)] {
        let page = render(&sample::failing(), language, "/metrics");
        let page = page.replace(STYLE, "…").replace(SCRIPT, "…");
        let page = page.replace(words::VERSION, "0.0.0").replace(words::REVISION, "0123456789ab");
        insta::assert_snapshot!(name, page);
    }
}

/// Asserts that tags are closed in order; void elements excepted.
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("an open tag: {part}"));
        assert!(!text.contains('>'), "a bare > after {tag}");
        let name = tag.split_whitespace().next().expect("a name");
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of order");
        } else if !["!DOCTYPE", "meta", "link", "br"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
}

/// The page without its own style and script.
fn markup_of(report: &Report, language: Language) -> String {
    render(report, language, "/met\"rics").replace(STYLE, "").replace(SCRIPT, "")
}

#[test]
fn nothing_foreign_becomes_markup() {
    for language in [Language::English, Language::Chinese] {
        for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile()] {
            let page = markup_of(&report, language);
            assert_well_formed(&page);
            assert_eq!(page.matches("<script").count(), 1, "its own");
            assert!(page.contains("href=\"/met&quot;rics\""));
            assert!(!page.contains(|c: char| c.is_control() && c != '\n') && !page.contains(" style="));
        }
    }
    assert!(markup_of(&sample::hostile(), Language::English).contains("&lt;script&gt;alert(&#39;x&#39;)"));
}

#[test]
fn no_agent_no_evaluation_and_a_failed_reload_are_said() {
    let mut report = Report { agents: Vec::new(), complete: false, ..sample::healthy() };
    report.exporter.reload_successful = false;
    let page = markup_of(&report, Language::English);
    assert!(page.contains("Looked for Logtail, iLogtail, LoongCollector, LogListener"), "{page}");
    for said in [words::NOT_YET, RELOAD_FAILED] {
        assert!(page.contains(&Escaped(said.en).to_string()), "{}", said.en);
    }
    assert_well_formed(&page);
}

#[test]
fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
    let policy = content_security_policy();
    assert_eq!(policy.matches("sha256-").count(), 2, "{policy}");
    assert!(!policy.contains("unsafe") && policy.starts_with("default-src 'none'"), "{policy}");
}

#[test]
fn what_is_not_shown_is_said_and_the_page_stays_small() {
    let mut report = sample::hostile();
    assert!(is_cut(&report), "ten thousand addresses");
    let agent = report.agents[0].clone();
    report.agents = vec![agent; 500];
    let page = markup_of(&report, Language::English);
    assert!(page.contains(CUT.en));
    assert!(page.len() < 16 * 1024 * 1024, "{} bytes", page.len());
    assert_eq!(page.matches("<section class=\"agent\"").count(), MOST_AGENTS);
    assert!(!is_cut(&sample::failing()));
}

#[test]
fn of_several_agents_the_worst_come_first_and_those_that_are_well_are_folded() {
    let mut report = sample::failing();
    let [mut good, bad] = [sample::healthy().agents[0].clone(), report.agents[0].clone()];
    good.name = "well".into();
    report.agents = vec![good, bad];
    let page = markup_of(&report, Language::English);
    assert_well_formed(&page);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(at("1 of 2 agents failing") < at("href=\"#agent-1\""), "the names below the verdict");
    assert!(at("href=\"#agent-1\"") < at("href=\"#agent-0\"") && at("id=\"agent-1\"") < at("id=\"agent-0\""));
    assert_eq!(page.matches("<details data-key=\"agent-").count(), 1);
    at("<details data-key=\"agent-0\">");
    report.agents.remove(1);
    let alone = markup_of(&report, Language::English);
    assert!(
        !alone.contains("overview") && !alone.contains("data-key=\"agent-"),
        "one agent is its own overview"
    );
    report.agents.push(report.agents[0].clone());
    assert!(markup_of(&report, Language::Chinese).contains("2 个客户端全部正常"));
}

#[test]
fn every_part_is_there() {
    let report = sample::failing();
    let page = markup_of(&report, Language::English);
    for part in [
        "<title>✗ web-1: ",
        "<h2 id=\"agent-0\">logtail: failing</h2>",
        "3 critical, 1 warning, 1 consequence",
        "<dt>reported</dt><dd class=\"value\">10.0.0.9</dd>",
        "<code>sudo /etc/init.d/ilogtaild restart</code><button",
        "Consequences (1)",
        "alerts/runbooks/ip_not_in_group.md",
        "href=\"https://example.com/ip\"",
        "<td class=\"number\" data-phase=\"Resolve\">2.0 ms</td>",
        "not a prerequisite of this kind of agent",
        "Last changes",
        "1 h ago",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut quiet = report;
    quiet.agents[0].transitions = Transitions::default();
    assert!(!markup_of(&quiet, Language::English).contains("Last changes"));
}
