//! Causes of the prerequisite `installed`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static NOT_INSTALLED: Cause = Cause {
    id: "not_installed",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["looked_for"],
    source: "",
};

/// TEXT
pub static INSTALLATION_INCOMPLETE: Cause = Cause {
    id: "installation_incomplete",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["missing", "found"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[&NOT_INSTALLED, &INSTALLATION_INCOMPLETE];
