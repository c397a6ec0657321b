//! The diagnosis on the terminal.

use super::{super::sample, *};
use crate::model::{Reason, report::ClockReport};

fn written(report: &Report, style: Style) -> String {
    let mut out = String::new();
    diagnosis(report, style, &mut out).expect("a string takes anything");
    out
}

fn printed(report: &Report, language: Language, colour: bool) -> String {
    written(report, Style { colour, ..Style::plain(language) })
}

#[test]
fn diagnoses_in_both_languages() {
    for (name, report) in
        [("healthy", sample::healthy()), ("failing", sample::failing()), ("unknown", sample::unknown())]
    {
        insta::assert_snapshot!(format!("{name}_en"), printed(&report, Language::English, false));
        insta::assert_snapshot!(format!("{name}_zh"), printed(&report, Language::Chinese, false));
    }
    let source = Some(Source::RunningExporter);
    let verbose = Style { verbose: true, columns: 100, source, ..Style::plain(Language::English) };
    insta::assert_snapshot!("verbose_en", written(&sample::failing(), verbose));
}

#[test]
fn the_last_line_says_whether_the_running_exporter_was_asked() {
    let last = |language, source, columns| {
        let style = Style { columns, source, ..Style::plain(language) };
        let text = written(&sample::healthy(), style);
        text.trim_end().rsplit("\n\n").next().unwrap_or_default().to_owned()
    };
    let (asked, anew) = (Some(Source::RunningExporter), Some(Source::NewEvaluation));
    for (language, source, said) in [
        (Language::English, asked, "as the running exporter saw it at 2026-07-01T09:00:00Z"),
        (
            Language::English,
            anew,
            "a new evaluation at 2026-07-01T09:00:00Z, not what a running exporter has found",
        ),
        (Language::Chinese, asked, "以上为正在运行的 logagent-exporter 于 2026-07-01T09:00:00Z 的检查结果"),
        (
            Language::Chinese,
            anew,
            "以上为本命令于 2026-07-01T09:00:00Z 重新检查的结果，并非正在运行的 logagent-exporter 的检查结果",
        ),
    ] {
        assert_eq!(last(language, source, 120), said);
        let narrow = last(language, source, 40);
        assert!(narrow.lines().all(|line| words::width(line) <= 40), "{narrow}");
    }
    let unsaid = last(Language::English, None, 80);
    assert!(!unsaid.contains("exporter") && !unsaid.contains("evaluation"), "{unsaid}");
}

#[test]
fn no_agent_says_what_was_looked_for() {
    let report = Report { agents: Vec::new(), clock: ClockReport::default(), ..sample::healthy() };
    let english = printed(&report, Language::English, false);
    assert!(english.starts_with("No log-collection agent found. Looked for Logtail"), "{english}");
    assert!(printed(&report, Language::Chinese, false).starts_with("未发现"));
}

#[test]
fn colour_only_if_asked_and_never_from_outside() {
    for language in [Language::English, Language::Chinese] {
        for report in [sample::healthy(), sample::failing(), sample::unknown(), sample::hostile()] {
            let plain = printed(&report, language, false);
            let foreign = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!plain.contains(foreign), "{plain}");
            let coloured = printed(&report, language, true);
            assert!(coloured.contains("\u{1b}[3"));
            let codes = ["1", "2", "31", "32", "33", "35", "0"].map(|code| format!("\u{1b}[{code}m"));
            let bare = codes.iter().fold(coloured, |text, code| text.replace(code, ""));
            assert_eq!(bare, plain);
        }
    }
}

#[test]
fn a_consequence_is_told_once_under_its_root() {
    let text = printed(&sample::failing(), Language::English, false);
    assert_eq!(text.matches("The agent runs with an older config").count(), 1, "{text}");
    let (root, rest) = text.split_once("also, because of this:\n").expect("a consequence");
    assert!(root.contains("ip_not_in_group") && rest.trim_start().starts_with("- The agent runs"), "{text}");
    assert!(text.contains("follows from ip_not_in_group"), "{text}");
}

#[test]
fn a_consequence_without_its_root_stands_for_itself_and_circles_end() {
    let mut report = sample::failing();
    let prerequisites = &mut report.agents[0].prerequisites;
    prerequisites.retain(|p| p.id != Prerequisite::Ip);
    let text = printed(&report, Language::English, false);
    assert!(text.contains("restart_required · critical"), "{text}");
    let mut report = sample::failing();
    for problem in report.agents[0].prerequisites.iter_mut().flat_map(|p| &mut p.problems) {
        problem.explained_by = Some(problem.cause);
    }
    assert!(printed(&report, Language::English, false).contains("ip_not_in_group · critical"));
}

#[test]
fn every_prerequisite_has_a_row_in_the_documents_order() {
    let mut report = sample::failing();
    let agent = &mut report.agents[0];
    agent
        .prerequisites
        .retain(|each| !matches!(each.id, Prerequisite::Restart | Prerequisite::UserIdentifier));
    agent.not_evaluated = vec![
        (Prerequisite::Restart, NotEvaluated::NoProcess),
        (Prerequisite::Credentials, NotEvaluated::Kind),
        (Prerequisite::UserIdentifier, NotEvaluated::NotExpected),
    ];
    for language in [Language::English, Language::Chinese] {
        let text = printed(&report, language, false);
        let places = Prerequisite::ALL.map(|id| {
            let heading = words::prerequisite(id).in_language(language);
            let row = |line: &str| {
                line.starts_with("  ") && line.get(6..).is_some_and(|rest| rest.starts_with(heading))
            };
            text.lines().position(row).unwrap_or_else(|| panic!("{heading}: {text}"))
        });
        assert!(places.is_sorted(), "{text}");
    }
    let text = printed(&report, Language::English, false);
    assert!(text.contains("– Restart             skipped: no process runs"), "{text}");
    assert!(text.contains("– User identifier     not expected"), "{text}");
}

#[test]
fn lines_fit_the_terminal_but_for_what_is_copied() {
    for columns in [40, 80, 120] {
        for report in [sample::healthy(), sample::failing(), sample::unknown()] {
            for language in [Language::English, Language::Chinese] {
                let text = written(&report, Style { columns, ..Style::plain(language) });
                for line in text.lines().skip(1).filter(|line| words::width(line) > columns) {
                    let word = line.split_whitespace().map(words::width).max().unwrap_or(0);
                    assert!(
                        word + HEADING + 6 > columns || line.contains("sudo") || line.contains(" · "),
                        "{columns}: {line}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_could_not_be_read_is_said_once_with_all_that_it_leaves_open() {
    let mut report = sample::healthy();
    let why = Why::new(Reason::Denied, "pid 7: environ", "permission denied; grant CAP_SYS_PTRACE");
    for prerequisite in &mut report.agents[0].prerequisites[2..5] {
        prerequisite.status = Status::Unknown;
        prerequisite.unknown = vec![why.clone()];
    }
    let text = printed(&report, Language::English, false);
    assert_eq!(text.matches("grant CAP_SYS_PTRACE").count(), 1, "{text}");
    assert!(text.contains("not fully evaluated: IP address, Startup parameters, Network"), "{text}");
}
