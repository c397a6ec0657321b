//! The findings of a rule for the causes of its prerequisite. Each cause starts undecided: a rule must raise
//! or clear it, and a cause that it forgets stays undecided. So nothing is reported as ok because it was not checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use crate::{
    catalog::{self, died_of::DiedOf},
    model::{
        Cause, Prerequisite, Reason, Severity, Text, Why,
        report::{Evidence, Limit, NotEvaluated},
        text::visible_or_cut,
    },
};

/// The most findings of one cause that are kept for an agent: more add no information, and a huge file must
/// not cause a flood.
pub(in crate::evaluate) const MOST_OF_A_CAUSE: usize = 32;

/// The most values of one finding's evidence; causes have one to four.
const MOST_EVIDENCE: usize = 16;

/// An active cause with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::evaluate) struct Finding {
    /// The catalogue entry.
    pub(in crate::evaluate) cause: &'static Cause,
    /// The subject, for causes that can be active more than once; otherwise empty.
    pub(in crate::evaluate) subject: String,
    /// Severity here.
    pub(in crate::evaluate) severity: Severity,
    /// What was compared.
    pub(in crate::evaluate) evidence: Vec<Evidence>,
    /// Replaces the remedy of the cause.
    pub(in crate::evaluate) advice: Option<Text>,
    /// The first step, if it depends on the evidence.
    pub(in crate::evaluate) first_step: Option<Text>,
    /// The key under which it is a root, independent of the cause: a parameter, a proxy, the loopback interface.
    pub(in crate::evaluate) explains: Vec<String>,
    /// The key of a root that would explain it.
    pub(in crate::evaluate) depends_on: Vec<String>,
    /// True if the evidence was truncated.
    pub(in crate::evaluate) cut: bool,
}

impl Finding {
    /// A finding at the cause's own severity, without evidence yet.
    pub(in crate::evaluate) fn of(cause: &'static Cause) -> Self {
        Self {
            cause,
            subject: String::new(),
            severity: cause.severity,
            evidence: Vec::new(),
            advice: None,
            first_step: None,
            explains: Vec::new(),
            depends_on: Vec::new(),
            cut: false,
        }
    }

    /// Adds an observed value and its source.
    #[must_use]
    pub(in crate::evaluate) fn seen(
        mut self,
        name: &'static str,
        value: impl AsRef<str>,
        from: impl Display,
    ) -> Self {
        let ((value, value_cut), (from, from_cut)) =
            (visible_or_cut(value.as_ref()), visible_or_cut(&from.to_string()));
        self.cut |= value_cut || from_cut;
        if self.evidence.len() < MOST_EVIDENCE {
            self.evidence.push(Evidence { name, value, from });
        } else {
            self.cut = true;
        }
        self
    }

    /// Adds why the agent died, if known; that changes the remedy.
    #[must_use]
    pub(in crate::evaluate) fn died_of(self, reason: Option<(&'static DiedOf, String)>) -> Self {
        let Some((reason, from)) = reason else { return self };
        Self { advice: Some(reason.remedy), ..self.seen("died_of", reason.value, from) }
    }

    /// Sets the first step, if it depends on the evidence.
    #[must_use]
    pub(in crate::evaluate) fn beginning_with(mut self, step: Text) -> Self {
        self.first_step = Some(step);
        self
    }

    /// Sets the subject of one of several findings of the same cause.
    #[must_use]
    pub(in crate::evaluate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets the key that findings of other causes may depend on.
    #[must_use]
    pub(in crate::evaluate) fn explains(mut self, ties: impl IntoIterator<Item = String>) -> Self {
        self.explains.extend(ties);
        self
    }

    /// Sets the key of a finding that may be the root of this one.
    #[must_use]
    pub(in crate::evaluate) fn depends_on(mut self, ties: impl IntoIterator<Item = String>) -> Self {
        self.depends_on.extend(ties);
        self
    }

    /// Lowers the severity, if the contract says so.
    #[must_use]
    pub(in crate::evaluate) fn lowered_to_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// The ruling on one cause.
#[derive(Debug, Clone)]
pub(in crate::evaluate) struct Ruling {
    /// The catalogue entry.
    pub(in crate::evaluate) cause: &'static Cause,
    /// What stands.
    pub(in crate::evaluate) standing: Vec<Finding>,
    /// Subjects that could not be judged.
    pub(in crate::evaluate) undecided: BTreeMap<String, Why>,
    /// Why nothing is known of any other subject; `None`: they are clear.
    pub(in crate::evaluate) rest: Option<Why>,
    /// Bounds that were reached.
    pub(in crate::evaluate) limits: BTreeSet<Limit>,
}

impl Ruling {
    fn undecided(cause: &'static Cause) -> Self {
        let why = Why::new(Reason::NotYet, cause.id, "no rule has evaluated it");
        Self {
            cause,
            standing: Vec::new(),
            undecided: BTreeMap::new(),
            rest: Some(why),
            limits: BTreeSet::new(),
        }
    }

    /// True if the previous state of this subject can be neither confirmed nor denied.
    pub(in crate::evaluate) fn leaves_open(&self, subject: &str) -> bool {
        self.rest.is_some() || self.undecided.contains_key(subject)
    }

    /// Why the cause is not decided, in whole or in part.
    pub(in crate::evaluate) fn open(&self) -> impl Iterator<Item = &Why> {
        self.undecided.values().chain(&self.rest)
    }

    fn raise(&mut self, finding: Finding) {
        if self.standing.len() < MOST_OF_A_CAUSE {
            self.limits.extend(finding.cut.then_some(Limit::Evidence));
            self.standing.push(finding);
        } else {
            self.limits.insert(Limit::Findings);
        }
    }
}

/// The rulings on every cause of one prerequisite.
#[derive(Debug)]
pub(in crate::evaluate) struct Findings(BTreeMap<&'static str, Ruling>);

impl Findings {
    /// Every cause of the prerequisite, undecided.
    pub(in crate::evaluate) fn of(prerequisite: Prerequisite) -> Self {
        Self(catalog::family(prerequisite).iter().map(|cause| (cause.id, Ruling::undecided(cause))).collect())
    }

    /// No cause of the prerequisite could be judged.
    pub(in crate::evaluate) fn unread(prerequisite: Prerequisite, why: &Why) -> Self {
        let mut findings = Self::of(prerequisite);
        for ruling in findings.0.values_mut() {
            ruling.rest = Some(why.clone());
        }
        findings
    }

    /// Judges a cause: its findings, or why they are unknown.
    pub(in crate::evaluate) fn judge<I: IntoIterator<Item = Finding>>(
        &mut self,
        cause: &'static Cause,
        verdict: impl FnOnce() -> Result<I, Why>,
    ) {
        let Some(ruling) = self.0.get_mut(cause.id) else { return };
        match verdict() {
            Ok(standing) => {
                standing.into_iter().for_each(|finding| ruling.raise(finding));
                ruling.rest = None;
            }
            Err(why) => ruling.rest = Some(why),
        }
    }

    /// Judges several causes at once: those with findings in `verdict` are raised, the others in `causes` are
    /// cleared; or all are unknown.
    pub(in crate::evaluate) fn judge_together<I: IntoIterator<Item = Finding>>(
        &mut self,
        causes: &[&'static Cause],
        verdict: Result<I, Why>,
    ) {
        let mut standing: Result<Vec<Finding>, Why> = verdict.map(|found| found.into_iter().collect());
        for cause in causes {
            self.judge(cause, || match &mut standing {
                Ok(standing) => {
                    Ok(standing.extract_if(.., |finding| finding.cause == *cause).collect::<Vec<_>>())
                }
                Err(why) => Err(why.clone()),
            });
        }
        debug_assert!(
            standing.map_or(true, |left| left.is_empty()),
            "a finding of a cause that is not judged here"
        );
    }

    /// Judges a cause subject by subject; all other subjects are clear.
    pub(in crate::evaluate) fn judge_each(
        &mut self,
        cause: &'static Cause,
        verdicts: impl IntoIterator<Item = (String, Result<Option<Finding>, Why>)>,
    ) {
        let Some(ruling) = self.0.get_mut(cause.id) else { return };
        for (subject, verdict) in verdicts {
            match verdict {
                Ok(finding) => finding.into_iter().for_each(|finding| ruling.raise(finding.about(&subject))),
                Err(why) => {
                    ruling.undecided.insert(subject, why);
                }
            }
        }
        ruling.rest = None;
    }

    /// Clears these causes.
    pub(in crate::evaluate) fn clear(&mut self, causes: &[&'static Cause]) {
        for cause in causes {
            self.judge(cause, || Ok(None));
        }
    }

    /// Not all subjects of this cause could be checked.
    pub(in crate::evaluate) fn leave_open(&mut self, cause: &'static Cause, why: &Why) {
        if let Some(ruling) = self.0.get_mut(cause.id) {
            ruling.rest = Some(why.clone());
        }
    }

    /// True if this cause is active.
    pub(in crate::evaluate) fn has(&self, cause: &'static Cause) -> bool {
        self.0.get(cause.id).is_some_and(|ruling| !ruling.standing.is_empty())
    }

    /// The rulings, in the order of the causes' ids.
    pub(in crate::evaluate) fn into_rulings(self) -> impl Iterator<Item = Ruling> {
        self.0.into_values()
    }
}

/// The result of a rule for a prerequisite.
pub(in crate::evaluate) enum Outcome {
    /// It applies, with these rulings.
    Judged(Findings),
    /// It does not apply; or, if that is unknown, the previous state is kept.
    Not(NotEvaluated),
    /// It normally applies, and no cause could be judged. The previous state is kept; the first time it is unknown.
    Unread(Why),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::restart::{RESTART_REQUIRED, RESTART_REQUIRED_BINARY};

    fn why(fact: &str) -> Why {
        Why::new(Reason::Denied, fact, "permission denied")
    }

    fn ruling(findings: Findings, cause: &'static Cause) -> Ruling {
        findings.into_rulings().find(|ruling| ruling.cause == cause).expect("a ruling on each cause")
    }

    #[test]
    fn what_no_rule_has_judged_is_undecided() {
        let mut findings = Findings::of(Prerequisite::Restart);
        findings.judge(&RESTART_REQUIRED, || Ok(None));
        let forgotten = ruling(findings, &RESTART_REQUIRED_BINARY);
        assert!(forgotten.leaves_open(""));
        assert_eq!(forgotten.open().count(), 1);
    }

    #[test]
    fn a_judged_cause_is_clear_but_for_what_stands_or_could_not_be_judged() {
        let mut findings = Findings::of(Prerequisite::Restart);
        let subjects = [
            ("a".to_owned(), Ok(Some(Finding::of(&RESTART_REQUIRED)))),
            ("b".to_owned(), Err(why("b"))),
            ("c".to_owned(), Ok(None)),
        ];
        findings.judge_each(&RESTART_REQUIRED, subjects);
        assert!(findings.has(&RESTART_REQUIRED));
        let ruling = ruling(findings, &RESTART_REQUIRED);
        assert_eq!(ruling.standing[0].subject, "a");
        assert!(ruling.leaves_open("b") && !ruling.leaves_open("c"));
    }

    #[test]
    fn causes_judged_together_stand_are_clear_or_undecided_each() {
        let both: [&'static Cause; 2] = [&RESTART_REQUIRED, &RESTART_REQUIRED_BINARY];
        let judged = |verdict: Result<Option<Finding>, Why>| {
            let mut findings = Findings::of(Prerequisite::Restart);
            findings.judge_together(&both, verdict);
            let ruling_of = |ruling: Ruling| {
                both.contains(&ruling.cause).then(|| (ruling.standing.len(), ruling.leaves_open("")))
            };
            findings.into_rulings().filter_map(ruling_of).collect::<Vec<_>>()
        };
        assert_eq!(judged(Ok(Some(Finding::of(&RESTART_REQUIRED)))), [(1, false), (0, false)]);
        assert_eq!(judged(Ok(None)), [(0, false), (0, false)]);
        assert_eq!(judged(Err(why("a"))), [(0, true), (0, true)]);
    }

    #[test]
    fn findings_of_a_cause_are_bounded() {
        let mut findings = Findings::of(Prerequisite::Restart);
        findings.judge(&RESTART_REQUIRED, || Ok((0..1000).map(|_| Finding::of(&RESTART_REQUIRED))));
        let ruling = ruling(findings, &RESTART_REQUIRED);
        assert_eq!((ruling.standing.len(), ruling.limits), (MOST_OF_A_CAUSE, [Limit::Findings].into()));
    }

    #[test]
    fn the_evidence_of_a_finding_is_bounded_in_number_and_length() {
        let limits = |finding: Finding| {
            let mut findings = Findings::of(Prerequisite::Restart);
            findings.judge(&RESTART_REQUIRED, || Ok([finding]));
            ruling(findings, &RESTART_REQUIRED).limits
        };
        let of = || Finding::of(&RESTART_REQUIRED);
        assert_eq!(limits(of().seen("a", "x".repeat(200), "f")), BTreeSet::new());
        assert_eq!(limits(of().seen("a", "x".repeat(201), "f")), [Limit::Evidence].into());
        assert_eq!(limits(of().seen("a", "x", "f".repeat(201))), [Limit::Evidence].into());
        let many = (0..20).fold(of(), |finding, _| finding.seen("a", "x", "f"));
        assert_eq!((many.evidence.len(), limits(many)), (MOST_EVIDENCE, [Limit::Evidence].into()));
    }
}
