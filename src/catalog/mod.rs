//! The catalogue of causes: one entry for each defect, in every language. Everything that people read is rendered from
//! here.

pub mod advice;
pub mod alert;
mod choice;
pub mod clock;
mod collection;
pub mod credentials;
pub mod custom_identifier;
pub mod died_of;
mod group_ip;
pub mod host_alerts;
pub mod installed;
pub mod ip;
pub mod network;
mod patience;
pub mod processes;
mod refusal;
mod region;
pub mod remedy;
pub mod restart;
pub mod services;
mod sources;
pub mod startup_parameters;
pub mod surroundings;
pub mod user_identifier;
mod way;

use crate::model::{Cause, Prerequisite};

/// Every family of causes, in the order of the prerequisites.
static FAMILIES: &[(Prerequisite, &[&Cause])] = &[
    (Prerequisite::Installed, installed::CAUSES),
    (Prerequisite::Processes, processes::CAUSES),
    (Prerequisite::Ip, ip::CAUSES),
    (Prerequisite::StartupParameters, startup_parameters::CAUSES),
    (Prerequisite::Network, network::CAUSES),
    (Prerequisite::Clock, clock::CAUSES),
    (Prerequisite::UserIdentifier, user_identifier::CAUSES),
    (Prerequisite::CustomIdentifier, custom_identifier::CAUSES),
    (Prerequisite::Credentials, credentials::CAUSES),
    (Prerequisite::Restart, restart::CAUSES),
];

/// The placeholders that titles and remedies may use in addition to a cause's own evidence: facts of the agent that the
/// finding is about. One that does not apply to the agent is filled with `-`.
pub const CONTEXT: &[&str] = &[
    "agent",
    "kind",
    "system",
    "hostname",
    "install_dir",
    "binary",
    "config_file",
    "record_file",
    "users_dir",
    "identifiers_file",
    "hosts_file",
    "log_file",
    "start_command",
    "restart_command",
    "status_command",
    "enter_command",
    "inspect_command",
    "install_document",
    "expected_region",
    "expected_network",
    "account_id",
    "right_config_server",
    "right_data_server",
    "address",
    "group_address",
    "identifier",
    "address_setting",
    "identifier_setting",
    "no_identifier_setting",
    "config_server_setting",
    "data_server_setting",
    "public_server_setting",
    "public_data_server_setting",
    // Of the endpoint that a finding is about.
    "host",
    "port",
    "proxy_url",
    "expected_by",
    "probe_command",
    "verify_command",
    "certificate_command",
];

/// Every prerequisite with its causes, in the order of the vendors' documents.
pub fn families() -> impl Iterator<Item = (Prerequisite, &'static [&'static Cause])> {
    FAMILIES.iter().copied()
}

/// Every cause, in the order of the prerequisites.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    FAMILIES.iter().flat_map(|(_, causes)| causes.iter().copied())
}

/// The causes of one prerequisite.
pub fn family(prerequisite: Prerequisite) -> &'static [&'static Cause] {
    let family = FAMILIES.iter().find(|(of, _)| *of == prerequisite);
    family.map_or(&[], |(_, causes)| causes)
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    causes().find(|cause| cause.id == id)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        path::{Path, PathBuf},
    };

    use super::*;
    use crate::model::{Language, Text};

    fn texts(cause: &'static Cause) -> [(&'static str, Text); 3] {
        [("title", cause.title), ("meaning", cause.meaning), ("remedy", cause.remedy)]
    }

    fn repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    /// The set of placeholders matters, not how often each is used.
    fn names(text: Text, language: Language) -> BTreeSet<&'static str> {
        text.placeholders(language).into_iter().collect()
    }

    fn is_chinese(c: char) -> bool {
        matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
    }

    #[test]
    fn ids_are_unique_and_snake_case() {
        let mut seen = BTreeSet::new();
        for cause in causes() {
            assert!(seen.insert(cause.id), "{} is there twice", cause.id);
            let words_are_plain = cause
                .id
                .split('_')
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
            assert!(words_are_plain, "{} is not snake_case", cause.id);
            assert_eq!(find(cause.id), Some(cause));
        }
        assert_eq!(find("no_such_cause"), None);
    }

    #[test]
    fn in_every_command_of_a_remedy_a_value_is_one_word_of_the_shell() {
        let evil = "/opt/a;touch 'pwned';$(id)";
        let mut commands = 0;
        for cause in causes() {
            for language in [Language::English, Language::Chinese] {
                let template = cause.remedy.in_language(language);
                assert!(template.split('`').count() % 2 == 1, "{}: a backtick without another", cause.id);
                let prose: Vec<_> = template.split('`').step_by(2).collect();
                assert!(!prose.concat().contains("sudo "), "{}: a command without backticks", cause.id);
                let filled = crate::model::remedy::filled(cause.remedy, language, |_| Some(evil));
                let evil_word = crate::model::text::shell_word(evil);
                for command in filled.split("`sudo ").skip(1).filter_map(|rest| rest.split('`').next()) {
                    assert!(!command.replace(&evil_word, "").contains("/opt/a"), "{}: {command}", cause.id);
                    commands += usize::from(command.contains(&evil_word));
                }
            }
        }
        assert!(commands > 10, "only {commands} commands name a path");
    }

    #[test]
    fn every_prerequisite_has_its_own_causes_in_the_documents_order() {
        let order: Vec<Prerequisite> = FAMILIES.iter().map(|(prerequisite, _)| *prerequisite).collect();
        assert_eq!(order, Prerequisite::ALL);
        for (prerequisite, family) in FAMILIES {
            assert!(!family.is_empty(), "{prerequisite:?} has no causes");
            for cause in *family {
                assert_eq!(cause.prerequisite, *prerequisite, "{}", cause.id);
            }
        }
    }

    #[test]
    fn every_text_is_there_in_its_own_language_and_without_stray_blanks() {
        for cause in causes() {
            assert!(!cause.source.trim().is_empty(), "{} has no source", cause.id);
            for (field, text) in texts(cause) {
                let place = format!("{} of {}", field, cause.id);
                assert!(text.zh.chars().any(is_chinese), "zh {place} is not Chinese");
                assert!(!text.en.chars().any(is_chinese), "en {place} is not English");
                for words in [text.en, text.zh] {
                    assert!(!words.is_empty(), "{place} is empty");
                    assert!(words.lines().all(|line| line == line.trim()), "{place} has stray blanks");
                    assert!(!words.contains("  "), "{place} has two blanks in a row");
                    assert_eq!(words.matches('`').count() % 2, 0, "{place} has an open code span");
                }
            }
        }
    }

    #[test]
    fn placeholders_are_those_of_evidence_and_context_and_the_same_in_both_languages() {
        for cause in causes() {
            for (field, text) in texts(cause) {
                let english = names(text, Language::English);
                let chinese = names(text, Language::Chinese);
                // Messages of the system in English are evidence, and not part of a Chinese title.
                let is_same = if field == "title" { chinese.is_subset(&english) } else { chinese == english };
                assert!(is_same, "{} of {}: {english:?}, {chinese:?}", field, cause.id);
                for name in english {
                    assert_ne!(field, "meaning", "{}: nothing fills a meaning", cause.id);
                    let known = cause.evidence.contains(&name) || CONTEXT.contains(&name);
                    assert!(known, "{}: nothing fills {name} in its {field}", cause.id);
                }
            }
        }
    }

    #[test]
    fn evidence_is_told_in_words_and_never_shadows_the_context() {
        for cause in causes() {
            assert!(!cause.evidence.is_empty(), "{} has no evidence", cause.id);
            let told: BTreeSet<&str> = names(cause.title, Language::English)
                .into_iter()
                .chain(names(cause.remedy, Language::English))
                .collect();
            for name in cause.evidence {
                // Messages of the system and long lists appear only once: as evidence.
                let is_quoted = ["failure", "found", "names"].contains(name);
                assert!(
                    told.contains(name) || is_quoted,
                    "{}: {name} is in neither title nor remedy",
                    cause.id
                );
                // A finding's evidence takes precedence over the context, so one name must not mean two things.
                // `binary` means the same.
                assert!(!CONTEXT.contains(name) || *name == "binary", "{}: {name} is context", cause.id);
            }
        }
    }

    #[test]
    fn titles_are_one_short_line_without_a_full_stop() {
        for cause in causes() {
            assert!(cause.title.en.chars().count() <= 90, "{}: the title is too long", cause.id);
            for title in [cause.title.en, cause.title.zh] {
                assert!(!title.contains(['\n', '`']), "{}: {title}", cause.id);
                assert!(!title.ends_with(['.', '。']), "{}: {title}", cause.id);
            }
        }
    }

    #[test]
    fn remedies_are_numbered_steps_alike_in_both_languages() {
        for cause in causes() {
            assert_eq!(cause.remedy.en.lines().count(), cause.remedy.zh.lines().count(), "{}", cause.id);
            for remedy in [cause.remedy.en, cause.remedy.zh] {
                for (line, number) in remedy.lines().zip(1..) {
                    let step = line.strip_prefix(&format!("{number}. "));
                    assert!(step.is_some(), "{}: {line}", cause.id);
                    let step = step.map(|step| {
                        let conditions = step.strip_prefix('[').and_then(|rest| rest.split_once("] "));
                        conditions.map_or(step, |(_, text)| text)
                    });
                    let first = step.and_then(|step| step.chars().next());
                    assert!(
                        first.is_some_and(|c| c.is_ascii_uppercase() || is_chinese(c)),
                        "{}: {line}",
                        cause.id
                    );
                }
            }
        }
    }

    #[test]
    fn conditions_of_steps_are_kinds_and_values_and_the_same_in_both_languages() {
        use crate::{agents, model::remedy::steps};
        for cause in causes() {
            let of = |language| -> Vec<Vec<_>> {
                steps(cause.remedy, language).map(|step| step.conditions().collect()).collect()
            };
            let english = of(Language::English);
            assert_eq!(english, of(Language::Chinese), "{}", cause.id);
            for (name, _) in english.iter().flatten() {
                let is_value = CONTEXT.contains(name)
                    || cause.evidence.contains(name)
                    || ["touched", "encoding", "windows", "died_of"].contains(name);
                assert!(agents::profile(name).is_some() || is_value, "{}: {name}", cause.id);
            }
        }
    }

    #[test]
    fn what_stands_in_backquotes_is_a_command_or_a_setting_or_one_word() {
        use crate::model::remedy::is_command;
        for cause in causes() {
            for text in [cause.remedy.en, cause.remedy.zh] {
                for span in text.split('`').skip(1).step_by(2) {
                    let is_setting = [" : ", " = ", ": "].iter().any(|sign| span.contains(sign));
                    // Lines of an agent's log are quoted there.
                    let is_quoted = cause.id == "crash_loop" && !span.starts_with("sudo");
                    assert!(
                        is_command(span) || is_setting || is_quoted || !span.contains(' '),
                        "{}: {span:?} is neither a command that is known nor a setting",
                        cause.id
                    );
                }
            }
        }
    }

    #[test]
    fn no_cause_ever_vanished() {
        let path = repository("tests/golden/causes.txt");
        let listed = std::fs::read_to_string(&path).unwrap_or_default();
        let known: BTreeSet<&str> = causes().map(|cause| cause.id).collect();
        for id in listed.lines() {
            assert!(known.contains(id), "{id} is in {} and no longer in the catalogue", path.display());
        }
        let old: BTreeSet<&str> = listed.lines().collect();
        let new: Vec<&str> = causes().map(|cause| cause.id).filter(|id| !old.contains(id)).collect();
        if std::env::var_os("UPDATE").is_some() {
            let appended: String =
                listed.lines().chain(new.iter().copied()).flat_map(|id| [id, "\n"]).collect();
            std::fs::write(&path, appended).unwrap();
        } else {
            assert!(new.is_empty(), "append to {} (UPDATE=1 does): {new:?}", path.display());
        }
    }

    #[test]
    fn summaries_are_sentences_without_a_template() {
        for cause in causes() {
            let text = cause.summary;
            assert!(text.zh.chars().any(is_chinese) && text.zh.ends_with('。'), "{}: {}", cause.id, text.zh);
            assert!(!text.en.chars().any(is_chinese) && text.en.ends_with('.'), "{}: {}", cause.id, text.en);
            assert!(!text.en.contains(['{', '\n']) && !text.zh.contains(['{', '\n']), "{}", cause.id);
            assert!(!text.en.contains("  ") && !text.zh.contains("  "), "{}", cause.id);
        }
    }

    #[test]
    fn summaries_tell_causes_apart() {
        let summaries: BTreeSet<&str> = causes().map(|cause| cause.summary.en).collect();
        assert_eq!(summaries.len(), causes().count());
    }
}
