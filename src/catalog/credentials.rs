//! Causes of the prerequisite `credentials`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static CREDENTIALS_MISSING: Cause = Cause {
    id: "credentials_missing",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["key"],
    source: "",
};

/// TEXT
pub static CREDENTIALS_MALFORMED: Cause = Cause {
    id: "credentials_malformed",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["key", "defect"],
    source: "",
};

/// TEXT
pub static CREDENTIALS_PLACEHOLDER: Cause = Cause {
    id: "credentials_placeholder",
    prerequisite: Prerequisite::Credentials,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["key"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[&CREDENTIALS_MISSING, &CREDENTIALS_MALFORMED, &CREDENTIALS_PLACEHOLDER];
