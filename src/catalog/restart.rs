//! Causes of the prerequisite `restart`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static RESTART_REQUIRED: Cause = Cause {
    id: "restart_required",
    prerequisite: Prerequisite::Restart,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["process", "changed"],
    source: "",
};

/// TEXT
pub static RESTART_REQUIRED_BINARY: Cause = Cause {
    id: "restart_required_binary",
    prerequisite: Prerequisite::Restart,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["process", "binary"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[&RESTART_REQUIRED, &RESTART_REQUIRED_BINARY];
