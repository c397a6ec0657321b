//! `clock`: system time is right. Judged with intervals: a reference says where the true offset lies, not what it is.

use std::time::Duration;

use crate::{
    catalog::clock::{
        CLOCK_OFFSET_HIGH, CLOCK_SKEWED, CLOCK_SKEWED_ADJUSTED, CLOCK_STEPPED, CLOCK_UNSYNCHRONIZED,
    },
    model::{
        Reading, Reason, Why,
        report::ClockReport,
        snapshot::{ClockFacts, ClockReference, ClockSource},
    },
};

use super::{
    check::Context,
    findings::{Finding, Findings},
    history::ClockHistory,
    list, restart,
};

/// How long an observed step stays a problem (DESIGN contract: 10 min).
const STEP_STANDS: Duration = Duration::from_secs(600);

/// Where the true offset (local minus reference, seconds) lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offset {
    pub(super) low: f64,
    pub(super) high: f64,
    /// The references that agree on it.
    pub(super) from: String,
}

impl Offset {
    fn beyond(&self, limit: Duration) -> bool {
        let limit = limit.as_secs_f64();
        self.low > limit || self.high < -limit
    }

    fn within(&self, limit: Duration) -> bool {
        let limit = limit.as_secs_f64();
        -limit <= self.low && self.high <= limit
    }

    fn describe(&self) -> String {
        let middle = f64::midpoint(self.low, self.high);
        let direction = if middle >= 0.0 { "ahead" } else { "behind" };
        format!("{} {direction} (±{:.2} s)", seconds(middle.abs()), (self.high - self.low) / 2.0)
    }
}

fn seconds(value: f64) -> String {
    if value < 120.0 {
        format!("{value:.2} s")
    } else {
        let whole = Duration::from_secs_f64(value.min(1e15)).as_secs();
        humantime::format_duration(Duration::from_secs(whole)).to_string()
    }
}

fn intersect<'a>(references: impl Iterator<Item = &'a ClockReference>) -> Option<(f64, f64, Vec<&'a str>)> {
    references.fold(None, |sum, reference| match sum {
        None => Some((reference.low, reference.high, vec![reference.from.as_str()])),
        Some((low, high, mut from)) => {
            from.push(reference.from.as_str());
            Some((low.max(reference.low), high.min(reference.high), from))
        }
    })
}

/// What all references together say. A contradiction prefers NTP; among the preferred ones it leaves the offset unknown.
pub(super) fn offset(clock: &ClockFacts) -> Reading<Offset> {
    let of =
        |source: ClockSource| clock.references.iter().filter(move |reference| reference.source == source);
    let consistent = |(low, high, from): (f64, f64, Vec<&str>)| {
        (low <= high).then(|| Offset { low, high, from: list(from) })
    };
    let Some(all) = intersect(clock.references.iter()) else {
        let detail = if clock.unanswered.is_empty() {
            "no endpoint has told its time, and no NTP server is configured".to_owned()
        } else {
            list(clock.unanswered.iter().map(|why| why.detail.as_str()))
        };
        return Reading::Unknown(Why::new(Reason::NoSource, "clock offset", detail));
    };
    let agreed = consistent(all).or_else(|| intersect(of(ClockSource::Ntp)).and_then(consistent));
    if let Some(offset) = agreed {
        Reading::Known(offset)
    } else {
        let ranges =
            list(clock.references.iter().map(|r| format!("{}: {:.1} to {:.1} s", r.from, r.low, r.high)));
        let detail = format!("the references contradict each other ({ranges})");
        Reading::Unknown(Why::new(Reason::Contradictory, "clock offset", detail))
    }
}

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let mut findings = Findings::new();
    let clock = &context.snapshot.clock;
    let offset = offset(clock);
    let limit = context.clock.max_offset.unwrap_or_else(|| context.profile.clock_limit());
    match &offset {
        Reading::Unknown(why) => {
            if !limit.is_zero() {
                findings.all_undecided(&[&CLOCK_SKEWED, &CLOCK_SKEWED_ADJUSTED], why);
            }
            findings.undecided(&CLOCK_OFFSET_HIGH, why);
        }
        Reading::Known(offset) => against_thresholds(context, offset, limit, &mut findings),
    }
    unsynchronized(context, &offset, &mut findings);
    if let Some(step) = context.clock_history.last_step
        && context.snapshot.uptime.saturating_sub(step.noticed) <= STEP_STANDS
    {
        let direction = if step.seconds >= 0.0 { "forward" } else { "back" };
        findings.add(Finding::of(&CLOCK_STEPPED).seen(
            "step",
            format!("{} {direction}", seconds(step.seconds.abs())),
            "the kernel's clocks",
        ));
    }
    Some(findings)
}

fn against_thresholds(context: &Context<'_>, offset: &Offset, limit: Duration, findings: &mut Findings) {
    let warn = context.clock.warn_offset;
    let finding = |cause, limit: Duration| {
        Finding::of(cause).seen("offset", offset.describe(), &offset.from).seen(
            "limit",
            humantime::format_duration(limit).to_string(),
            limit_from(context),
        )
    };
    if !limit.is_zero() && offset.beyond(limit) {
        match adjusts(context) {
            Ok(true) => findings.add(finding(&CLOCK_SKEWED_ADJUSTED, limit)),
            Ok(false) => findings.add(finding(&CLOCK_SKEWED, limit)),
            Err(why) => findings.all_undecided(&[&CLOCK_SKEWED, &CLOCK_SKEWED_ADJUSTED], &why),
        }
    } else if !warn.is_zero() && offset.beyond(warn) {
        findings.add(finding(&CLOCK_OFFSET_HIGH, warn));
    }
}

fn limit_from(context: &Context<'_>) -> String {
    match context.clock.max_offset {
        Some(_) => "config: clock.max_offset, clock.warn_offset".to_owned(),
        None => format!("what the service of {} rejects; config: clock.warn_offset", context.agent.kind),
    }
}

/// True if the running process corrects for a wrong clock: the key is JSON `true`, and the process has loaded it.
fn adjusts(context: &Context<'_>) -> Result<bool, Why> {
    let Some(config) = &context.agent.config else { return Ok(false) };
    if let Some(why) = config.state.why() {
        return Err(why.clone());
    }
    let of_environment = [
        "LOONG_ENABLE_LOG_TIME_AUTO_ADJUST",
        "ALIYUN_LOGTAIL_ENABLE_LOG_TIME_AUTO_ADJUST",
        "enable_log_time_auto_adjust",
    ]
    .into_iter()
    .any(|name| context.agent.environment.known().and_then(|all| all.get(name)).is_some_and(|v| v == "true"));
    if of_environment {
        return Ok(true);
    }
    let of_file = context.agent.parameters().is_some_and(|parameters| parameters.log_time_auto_adjust);
    Ok(of_file && !restart::is_pending(context))
}

fn unsynchronized(context: &Context<'_>, offset: &Reading<Offset>, findings: &mut Findings) {
    let kernel = match &context.snapshot.clock.kernel {
        Reading::Known(kernel) => kernel,
        Reading::Unknown(why) => return findings.undecided(&CLOCK_UNSYNCHRONIZED, why),
    };
    if kernel.synchronized {
        return;
    }
    match offset {
        Reading::Known(offset) if shows_synchrony(offset, context.clock.warn_offset) => {}
        // Before the first probes have answered, the kernel's word alone is no news.
        Reading::Unknown(why) if context.probes_pending() => findings.undecided(&CLOCK_UNSYNCHRONIZED, why),
        Reading::Known(_) | Reading::Unknown(_) => findings.add(Finding::of(&CLOCK_UNSYNCHRONIZED).seen(
            "kernel",
            "not synchronized (STA_UNSYNC)",
            "adjtimex",
        )),
    }
}

/// True if a source shows the offset within the threshold; where there is none, any offset is one that is fine.
fn shows_synchrony(offset: &Offset, warn: Duration) -> bool {
    warn.is_zero() || offset.within(warn)
}

/// The host's clock for the report.
pub(super) fn report(clock: &ClockFacts, history: &ClockHistory) -> ClockReport {
    let mut offsets = Vec::new();
    for source in [ClockSource::Ntp, ClockSource::HttpDate] {
        let references = clock.references.iter().filter(|reference| reference.source == source);
        let best = intersect(references.clone())
            .filter(|(low, high, _)| low <= high)
            .map(|(low, high, _)| (low, high));
        // Where references of one source contradict each other, the narrowest is shown rather than a made-up mean.
        let shown = best.or_else(|| {
            references.map(|r| (r.low, r.high)).min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))
        });
        if let Some((low, high)) = shown {
            offsets.push((source.as_str(), f64::midpoint(low, high), Some((high - low) / 2.0)));
        }
    }
    let kernel = clock.kernel.known().copied();
    if let Some(kernel) = kernel {
        offsets.push(("kernel", kernel.offset, None));
    }
    ClockReport { offsets, kernel, steps: history.steps }
}
