//! Medians, percentiles, ratios, and how they are written.

use std::time::Duration;

/// The value below which `part` of all values are.
pub(crate) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among a few thousand values"
    )]
    let rank = (last as f64 * part).round() as usize;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// Seconds.
pub(crate) fn seconds(durations: &[Duration]) -> Vec<f64> {
    durations.iter().map(Duration::as_secs_f64).collect()
}

/// A count as a number to calculate with.
pub(crate) fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Bytes as a number to calculate with.
pub(crate) fn bytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap()) * 1024.0
}

/// `1.23`, three significant digits.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        _ if !value.is_finite() => "–".to_owned(),
        0.0 => "0".to_owned(),
        m if m >= 100.0 => format!("{value:.0}"),
        m if m >= 10.0 => format!("{value:.1}"),
        m if m >= 1.0 => format!("{value:.2}"),
        m if m >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// Seconds, in a suitable unit.
pub(crate) fn time(seconds: f64) -> String {
    match seconds.abs() {
        _ if !seconds.is_finite() => "–".to_owned(),
        s if s >= 1.0 => format!("{} s", number(seconds)),
        s if s >= 0.001 => format!("{} ms", number(seconds * 1e3)),
        _ => format!("{} µs", number(seconds * 1e6)),
    }
}

/// Bytes as MiB.
pub(crate) fn mebibytes(value: f64) -> String {
    format!("{} MiB", number(value / 1024.0 / 1024.0))
}
