//! Causes of the prerequisite `custom_identifier`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static CUSTOM_IDENTIFIER_MISSING: Cause = Cause {
    id: "custom_identifier_missing",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected"],
    source: "",
};

/// TEXT
pub static CUSTOM_IDENTIFIER_EMPTY: Cause = Cause {
    id: "custom_identifier_empty",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected"],
    source: "",
};

/// TEXT
pub static CUSTOM_IDENTIFIER_MISMATCH: Cause = Cause {
    id: "custom_identifier_mismatch",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected", "found"],
    source: "",
};

/// TEXT
pub static CUSTOM_IDENTIFIER_MALFORMED: Cause = Cause {
    id: "custom_identifier_malformed",
    prerequisite: Prerequisite::CustomIdentifier,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["malformed"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &CUSTOM_IDENTIFIER_MISSING,
    &CUSTOM_IDENTIFIER_EMPTY,
    &CUSTOM_IDENTIFIER_MISMATCH,
    &CUSTOM_IDENTIFIER_MALFORMED,
];
