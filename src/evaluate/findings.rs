//! What a rule has to say: causes that stand, and causes that could not be judged. A cause it does not mention is clear.

use std::fmt::Display;

use crate::model::{Cause, Severity, Why, report::Evidence, text::visible};

/// A cause that stands, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The catalogue entry.
    pub(super) cause: &'static Cause,
    /// What it is about, where a cause can stand more than once; else empty.
    pub(super) subject: String,
    /// Severity here.
    pub(super) severity: Severity,
    /// What was compared.
    pub(super) evidence: Vec<Evidence>,
    /// Config keys that it is about, to tie a network cause to a fault of the very parameter it derives from.
    pub(super) keys: Vec<String>,
}

impl Finding {
    /// A finding at the cause's own severity, without evidence yet.
    pub(super) fn of(cause: &'static Cause) -> Self {
        Self {
            cause,
            subject: String::new(),
            severity: cause.severity,
            evidence: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Adds a value that was seen, and where.
    #[must_use]
    pub(super) fn seen(mut self, name: &'static str, value: impl AsRef<str>, from: impl Display) -> Self {
        self.evidence.push(Evidence {
            name,
            value: visible(value.as_ref()),
            from: visible(&from.to_string()),
        });
        self
    }

    /// Says what this one of several findings of the same cause is about.
    #[must_use]
    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Names the config keys it is about.
    #[must_use]
    pub(super) fn keys<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.keys.extend(keys.into_iter().map(str::to_owned));
        self
    }

    /// Lowers the severity, where the contract says so.
    #[must_use]
    pub(super) fn lowered_to_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// A cause that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undecided {
    /// The catalogue entry.
    pub(super) cause: &'static Cause,
    /// The one subject that could not be judged, or `None` for all of them.
    pub(super) subject: Option<String>,
    /// Why not.
    pub(super) why: Why,
}

/// The outcome of one rule on one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Causes that stand.
    pub(super) standing: Vec<Finding>,
    /// Causes that could not be judged.
    pub(super) undecided: Vec<Undecided>,
    /// Facts that were looked for in vain, although every cause could be judged without them.
    pub(super) unread: Vec<Why>,
}

impl Findings {
    /// Nothing stands, nothing is undecided.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// This stands.
    pub(super) fn add(&mut self, finding: Finding) {
        self.standing.push(finding);
    }

    /// This cause could not be judged at all.
    pub(super) fn undecided(&mut self, cause: &'static Cause, why: &Why) {
        self.undecided.push(Undecided { cause, subject: None, why: why.clone() });
    }

    /// None of these causes could be judged.
    pub(super) fn all_undecided(&mut self, causes: &[&'static Cause], why: &Why) {
        for cause in causes {
            self.undecided(cause, why);
        }
    }

    /// This could not be read, and was not needed after all.
    pub(super) fn unread(&mut self, why: &Why) {
        self.unread.push(why.clone());
    }

    /// True if this cause stands.
    pub(super) fn has(&self, cause: &'static Cause) -> bool {
        self.standing.iter().any(|finding| finding.cause == cause)
    }
}
