//! The host's clock as text.

use super::{NO_REFERENCE, SYNCHRONIZED, UNSYNCHRONIZED};
use crate::model::{Language, report::ClockReport};

/// The host's clock in one line.
pub fn clock(clock: &ClockReport, language: Language) -> String {
    let [comma, semicolon] = match language {
        Language::English => [", ", "; "],
        Language::Chinese => ["，", "；"],
    };
    let offsets = clock.offsets.iter().map(|reference| offset(reference, language));
    let mut out = offsets.collect::<Vec<_>>().join(comma);
    if out.is_empty() {
        out.push_str(NO_REFERENCE.in_language(language));
    }
    if let Some(kernel) = clock.kernel {
        out.push_str(semicolon);
        out.push_str((if kernel.synchronized { SYNCHRONIZED } else { UNSYNCHRONIZED }).in_language(language));
    }
    out
}

/// A clock offset with its uncertainty and source.
pub(super) fn offset(
    (source, offset, half_width): &(&'static str, f64, Option<f64>),
    language: Language,
) -> String {
    let offset = match half_width {
        Some(half_width) => format!("{offset:+.3} s ± {half_width:.3} s"),
        None => format!("{offset:+.6} s"),
    };
    match language {
        Language::English => format!("{offset} ({source})"),
        Language::Chinese => format!("{offset}（{source}）"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::KernelClock;

    #[test]
    fn each_language_has_its_own_punctuation() {
        let report = ClockReport {
            offsets: vec![("http_date", 0.25, Some(0.5)), ("kernel", 0.0, None)],
            kernel: Some(KernelClock { synchronized: true, offset: 0.0, estimated_error: 0.0 }),
            ..ClockReport::default()
        };
        let said = |language| clock(&report, language);
        assert_eq!(
            said(Language::English),
            "+0.250 s ± 0.500 s (http_date), +0.000000 s (kernel); kernel says synchronized"
        );
        assert_eq!(
            said(Language::Chinese),
            "+0.250 s ± 0.500 s（http_date），+0.000000 s（kernel）；内核显示已同步"
        );
    }
}
