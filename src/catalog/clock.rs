//! Causes of the prerequisite `clock`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static CLOCK_SKEWED: Cause = Cause {
    id: "clock_skewed",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["offset", "limit"],
    source: "",
};

/// TEXT
pub static CLOCK_OFFSET_HIGH: Cause = Cause {
    id: "clock_offset_high",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["offset", "limit"],
    source: "",
};

/// TEXT
pub static CLOCK_SKEWED_ADJUSTED: Cause = Cause {
    id: "clock_skewed_adjusted",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["offset", "limit"],
    source: "",
};

/// TEXT
pub static CLOCK_UNSYNCHRONIZED: Cause = Cause {
    id: "clock_unsynchronized",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["kernel"],
    source: "",
};

/// TEXT
pub static CLOCK_STEPPED: Cause = Cause {
    id: "clock_stepped",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["step"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] =
    &[&CLOCK_SKEWED, &CLOCK_OFFSET_HIGH, &CLOCK_SKEWED_ADJUSTED, &CLOCK_UNSYNCHRONIZED, &CLOCK_STEPPED];
