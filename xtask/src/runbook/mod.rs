//! The parts of runbooks that are not in the catalogue.

mod clock;
mod credentials;
mod group_ip;
mod identifiers;
mod ip;
mod network;
mod processes;
mod restart;
mod startup_parameters;
mod surroundings;

use logagent_exporter::model::{Cause, Text};

/// The text about a cause that is only in its runbook.
#[derive(Debug)]
pub(crate) struct Runbook {
    /// The id of the cause.
    cause: &'static str,
    /// The impact while it is active.
    pub(crate) impact: Text,
    /// A plausible value for each name of the evidence, for the sample of a diagnosis.
    pub(crate) sample: &'static [(&'static str, &'static str)],
    /// Commands that show the defect, each after `$ `, with their output while it is active.
    pub(crate) session: &'static str,
    /// How to read that.
    pub(crate) reading: Text,
}

/// Every runbook.
fn runbooks() -> impl Iterator<Item = &'static Runbook> {
    [
        clock::RUNBOOKS,
        credentials::RUNBOOKS,
        group_ip::RUNBOOKS,
        identifiers::RUNBOOKS,
        ip::RUNBOOKS,
        network::RUNBOOKS,
        processes::RUNBOOKS,
        restart::RUNBOOKS,
        startup_parameters::RUNBOOKS,
        surroundings::RUNBOOKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The runbook of this cause.
///
/// # Panics
///
/// Panics if there is none: the generator cannot continue without it.
#[expect(clippy::panic, reason = "a new cause needs a runbook")]
pub(crate) fn runbook(cause: &Cause) -> &'static Runbook {
    runbooks()
        .find(|runbook| runbook.cause == cause.id)
        .unwrap_or_else(|| panic!("{} has no runbook: add one in xtask/src/runbook", cause.id))
}

/// Nothing works.
const NO_HEARTBEAT: Text = Text {
    en: "The machine group shows this host without heartbeat within about two minutes, and none of its logs is \
        collected. Logs that are rotated away in the meantime are lost.",
    zh: "约两分钟内机器组中本机心跳显示异常，日志不会被采集。在此期间被轮转删除的日志将永久丢失。",
};

/// The service cannot tell that this host belongs to the group.
const NOT_IN_GROUP: Text = Text {
    en: "The machine group does not recognize this host: its heartbeat is missing there, and the host gets no \
        collection config of that group. Logs that only that group collects stay uncollected.",
    zh: "机器组无法识别本机：组内没有本机心跳，本机也获取不到该机器组的采集配置，仅由该机器组采集的日志不会被采集。",
};

/// Everything works until the next start.
const AT_NEXT_START: Text = Text {
    en: "Nothing is lost while the process keeps running. After its next start (crash, upgrade, reboot) the \
        heartbeat can be gone.",
    zh: "当前进程运行期间没有损失；但进程下次启动（崩溃、升级、重启机器）后，心跳可能中断。",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use logagent_exporter::catalog;

    use super::*;
    use crate::tests::is_chinese;

    #[test]
    fn every_runbook_is_that_of_a_cause_and_there_is_one_of_each() {
        let mut seen = BTreeSet::new();
        for runbook in runbooks() {
            assert!(seen.insert(runbook.cause), "{} is there twice", runbook.cause);
        }
        assert_eq!(seen, catalog::causes().map(|cause| cause.id).collect());
    }

    #[test]
    fn runbooks_are_written_in_both_languages_with_a_sample_of_all_evidence() {
        for cause in catalog::causes() {
            let runbook = runbook(cause);
            for (field, text) in [("impact", runbook.impact), ("reading", runbook.reading)] {
                let place = format!("{} of {}", field, cause.id);
                assert!(text.zh.chars().any(is_chinese), "zh {place} is not Chinese");
                assert!(!text.en.is_empty() && !text.en.chars().any(is_chinese), "en {place} is not English");
                assert!(text.en.ends_with('.') && text.zh.ends_with('。'), "{place} is no sentence");
                assert!(
                    !text.en.contains("  ") && !text.zh.contains("  "),
                    "{place} has two blanks in a row"
                );
            }
            let mut sample: Vec<&str> = runbook.sample.iter().map(|(name, _)| *name).collect();
            let mut evidence = cause.evidence.to_vec();
            sample.sort_unstable();
            evidence.sort_unstable();
            assert_eq!(sample, evidence, "the sample of {}", cause.id);
            assert!(runbook.session.starts_with("$ "), "{}: a session starts with a command", cause.id);
        }
    }
}
