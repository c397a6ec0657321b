//! Findings in Chinese: every text that a rule writes has a translation.

use super::{all_cases, judge, problems};
use crate::model::{
    Language,
    phrase::{label, phrase},
    report::AgentReport,
};

/// Values that are names in both languages: settings, roles, products, states.
const NAMES: &[&str] =
    &["acceleration", "credentials", "internet", "intranet", "ntp", "adjtimex", "statvfs", "systemd", "web"];

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
}

/// True if the text has two consecutive English words, or is an English word; commands are excepted.
fn is_english(value: &str) -> bool {
    if value.starts_with("sudo ") || value.starts_with("http") {
        return false;
    }
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = value.split([' ', ',', ';', '(', ')', '、', '；', '：']).collect();
    let alone = is_word(value) && !NAMES.contains(&value);
    alone || words.windows(2).any(|pair| pair.iter().all(|word| is_word(word)))
}

fn untranslated(report: &AgentReport) -> Vec<String> {
    let mut found = Vec::new();
    for problem in problems(report) {
        for evidence in &problem.evidence {
            let is_setting = ["group_ip", "group_label", "working_ip"].contains(&evidence.name);
            if !is_setting && !label(evidence.name, Language::Chinese).contains(is_chinese) {
                found.push(format!("{}: the label {}", problem.cause.id, evidence.name));
            }
            for part in [&evidence.value, &evidence.from] {
                let told = phrase(part, Language::Chinese);
                if is_english(&told) && !["role", "server", "group_label"].contains(&evidence.name) {
                    found.push(format!("{}: {}: {told}", problem.cause.id, evidence.name));
                }
            }
        }
    }
    let unread = report.prerequisites.iter().flat_map(|prerequisite| &prerequisite.unknown);
    found.extend(
        unread
            .map(|why| phrase(&why.to_string(), Language::Chinese).into_owned())
            .filter(|told| is_english(told)),
    );
    found
}

#[test]
fn what_a_rule_writes_has_its_translation() {
    let mut found: Vec<String> =
        all_cases().iter().flat_map(|case| untranslated(&judge(&case.fires))).collect();
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(is_english("no such file") && is_english("nothing") && is_english("a, connection refused"));
    assert!(!is_english("/etc/hosts") && !is_english("eth0 172.16.2.200") && !is_english("文件不存在"));
}

#[test]
fn a_title_says_a_thing_once() {
    for case in all_cases() {
        for problem in problems(&judge(&case.fires)) {
            for language in [Language::English, Language::Chinese] {
                let title = problem.title(language);
                let ends = |c: char| ":.，：；、（）,".contains(c);
                // A list in brackets may contain names.
                let outside =
                    |part: &str| part.split_once([')', '）']).map_or(part, |(_, rest)| rest).to_owned();
                let parts = title.split(['(', '（']).enumerate();
                let bare: String = parts
                    .map(|(index, part)| if index == 0 { part.to_owned() } else { outside(part) })
                    .collect();
                let words: Vec<&str> =
                    bare.split([' ', '，', '：', '；']).map(|word| word.trim_matches(ends)).collect();
                for (index, word) in words.iter().enumerate() {
                    let again = words.iter().skip(index + 1).any(|other| other == word);
                    assert!(
                        word.len() < 12 || !again,
                        "{}: {word} is there twice: {title}",
                        problem.cause.id
                    );
                }
            }
        }
    }
}
