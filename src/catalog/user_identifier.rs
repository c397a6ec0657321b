//! Causes of the prerequisite `user_identifier`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static USER_IDENTIFIER_MISSING: Cause = Cause {
    id: "user_identifier_missing",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected", "found"],
    source: "",
};

/// TEXT
pub static USER_IDENTIFIER_MISMATCH: Cause = Cause {
    id: "user_identifier_mismatch",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected", "found"],
    source: "",
};

/// TEXT
pub static USER_IDENTIFIER_MALFORMED: Cause = Cause {
    id: "user_identifier_malformed",
    prerequisite: Prerequisite::UserIdentifier,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected", "malformed"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] =
    &[&USER_IDENTIFIER_MISSING, &USER_IDENTIFIER_MISMATCH, &USER_IDENTIFIER_MALFORMED];
