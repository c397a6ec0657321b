//! `clock`: the system time is right. Judged with intervals: a reference gives bounds of the true offset, not
//! its value.

use std::time::Duration;

use crate::{
    catalog::clock::{
        CLOCK_OFFSET_HIGH, CLOCK_SKEWED, CLOCK_SKEWED_ADJUSTED, CLOCK_STEPPED, CLOCK_UNSYNCHRONIZED,
    },
    evaluate::{
        context::Context,
        engine::{
            findings::{Finding, Findings, Outcome},
            history::ClockHistory,
        },
        loaded,
        words::list,
    },
    model::{
        Cause, Prerequisite, Reading, Reason, Why,
        report::ClockReport,
        snapshot::{ClockFacts, ClockReference, ClockSource},
    },
};

/// How long an observed step remains a problem (contract: 10 min).
const STEP_STANDS: Duration = Duration::from_secs(600);

/// The interval of the true offset (local minus reference, in seconds).
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct Offset {
    pub(in crate::evaluate) low: f64,
    pub(in crate::evaluate) high: f64,
    /// The references that agree on it.
    pub(in crate::evaluate) from: String,
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

    pub(in crate::evaluate) fn describe(&self) -> String {
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

/// The result of all references together. If references contradict each other, NTP takes precedence; if NTP
/// servers contradict each other, the offset is unknown.
pub(in crate::evaluate) fn offset(clock: &ClockFacts) -> Reading<Offset> {
    let of =
        |source: ClockSource| clock.references.iter().filter(move |reference| reference.source == source);
    let consistent = |(low, high, from): (f64, f64, Vec<&str>)| {
        (low <= high).then(|| Offset { low, high, from: list(from) })
    };
    let Some(all) = intersect(clock.references.iter()) else {
        let detail = if clock.unanswered.is_empty() {
            "no endpoint has returned its time, and no NTP server is configured".to_owned()
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
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::Clock);
    let offset = settled(context);
    findings.judge(&CLOCK_SKEWED, || skewed(context, &offset, false));
    findings.judge(&CLOCK_SKEWED_ADJUSTED, || skewed(context, &offset, true));
    findings.judge(&CLOCK_OFFSET_HIGH, || offset_high(context, &offset));
    findings.judge(&CLOCK_UNSYNCHRONIZED, || unsynchronized(context, &offset));
    findings.judge(&CLOCK_STEPPED, || Ok(stepped(context)));
    Outcome::Judged(findings)
}

/// The offset after every source has been asked: the first answer may be contradicted by all others. If NTP
/// has answered, which they cannot overrule, the others are not waited for.
fn settled(context: &Context<'_>) -> Reading<Offset> {
    let clock = &context.snapshot.clock;
    let has_ntp = clock.references.iter().any(|reference| reference.source == ClockSource::Ntp);
    if !has_ntp && !clock.references.is_empty() && context.probes_pending() {
        let detail = "not every endpoint has been asked for its time yet";
        return Reading::Unknown(Why::new(Reason::NotYet, "clock offset", detail));
    }
    offset(clock)
}

fn limit(context: &Context<'_>) -> Duration {
    context.clock.max_offset.unwrap_or_else(|| context.profile.clock_limit())
}

/// `from`: the source of the limit.
fn beyond(cause: &'static Cause, offset: &Offset, limit: Duration, from: &str) -> Finding {
    let limit = humantime::format_duration(limit).to_string();
    Finding::of(cause).seen("offset", offset.describe(), &offset.from).seen("limit", limit, from)
}

/// `clock_skewed`, or `clock_skewed_adjusted` if the agent corrects for it.
fn skewed(context: &Context<'_>, offset: &Reading<Offset>, adjusted: bool) -> Result<Option<Finding>, Why> {
    let limit = limit(context);
    if limit.is_zero() {
        return Ok(None);
    }
    let offset = offset.as_result()?;
    if !offset.beyond(limit) || adjusts(context)? != adjusted {
        return Ok(None);
    }
    let cause: &'static Cause = if adjusted { &CLOCK_SKEWED_ADJUSTED } else { &CLOCK_SKEWED };
    let finding = beyond(cause, offset, limit, &limit_from(context));
    Ok(Some(finding.explains([super::own_words::CLOCK.to_owned()])))
}

fn offset_high(context: &Context<'_>, offset: &Reading<Offset>) -> Result<Option<Finding>, Why> {
    let (limit, warn) = (limit(context), context.clock.warn_offset);
    if warn.is_zero() {
        return Ok(None);
    }
    let offset = offset.as_result()?;
    let skewed = !limit.is_zero() && offset.beyond(limit);
    Ok((!skewed && offset.beyond(warn))
        .then(|| beyond(&CLOCK_OFFSET_HIGH, offset, warn, "clock.warn_offset")))
}

fn limit_from(context: &Context<'_>) -> String {
    match context.clock.max_offset {
        Some(_) => "clock.max_offset".to_owned(),
        None => format!("limit of the service of {}", context.agent.kind),
    }
}

/// True if the running process corrects for a wrong clock, and has loaded the setting for this.
fn adjusts(context: &Context<'_>) -> Result<bool, Why> {
    let setting = context.profile.adjusts_time(
        context.derived.parameters(),
        &context.agent.invocation,
        &context.derived.version,
    );
    match setting.as_result()? {
        Some(setting) if setting.on => Ok(!setting.in_file || !loaded::is_pending(context)?),
        Some(_) | None => Ok(false),
    }
}

fn unsynchronized(context: &Context<'_>, offset: &Reading<Offset>) -> Result<Option<Finding>, Why> {
    if context.snapshot.clock.kernel.as_result()?.synchronized {
        return Ok(None);
    }
    match offset {
        Reading::Known(offset) if shows_synchrony(offset, context.clock.warn_offset) => return Ok(None),
        // Before the first probes have answered, the kernel's status is not enough.
        Reading::Unknown(why) if context.probes_pending() => return Err(why.clone()),
        Reading::Known(_) | Reading::Unknown(_) => {}
    }
    let kernel = "STA_UNSYNC";
    Ok(Some(Finding::of(&CLOCK_UNSYNCHRONIZED).seen("kernel", kernel, "adjtimex")))
}

/// True if a source shows that the offset is within the threshold, or if there is no threshold.
fn shows_synchrony(offset: &Offset, warn: Duration) -> bool {
    warn.is_zero() || offset.within(warn)
}

fn stepped(context: &Context<'_>) -> Option<Finding> {
    let step = context.clock_history.last_step?;
    let direction = if step.seconds >= 0.0 { "forward" } else { "back" };
    let recent = context.snapshot.uptime.saturating_sub(step.noticed) <= STEP_STANDS;
    recent.then(|| {
        let by = format!("{} {direction}", seconds(step.seconds.abs()));
        Finding::of(&CLOCK_STEPPED).seen("step", by, "the kernel's clocks")
    })
}

/// The host's clock for the report.
pub(in crate::evaluate) fn report(clock: &ClockFacts, history: &ClockHistory) -> ClockReport {
    let mut offsets = Vec::new();
    for source in [ClockSource::Ntp, ClockSource::HttpDate] {
        let references = clock.references.iter().filter(|reference| reference.source == source);
        let best = intersect(references.clone())
            .filter(|(low, high, _)| low <= high)
            .map(|(low, high, _)| (low, high));
        // If references of one source contradict each other, the narrowest is shown instead of an artificial mean.
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
