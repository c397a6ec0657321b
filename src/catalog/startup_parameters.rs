//! Causes of the prerequisite `startup_parameters`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static CONFIG_MISSING: Cause = Cause {
    id: "config_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config"],
    source: "",
};

/// TEXT
pub static CONFIG_UNREADABLE: Cause = Cause {
    id: "config_unreadable",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config"],
    source: "",
};

/// TEXT
pub static CONFIG_INVALID: Cause = Cause {
    id: "config_invalid",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config"],
    source: "",
};

/// TEXT
pub static CONFIG_SERVER_MISSING: Cause = Cause {
    id: "config_server_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config"],
    source: "",
};

/// TEXT
pub static DATA_SERVER_MISSING: Cause = Cause {
    id: "data_server_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config"],
    source: "",
};

/// TEXT
pub static PLACEHOLDER_LEFT: Cause = Cause {
    id: "placeholder_left",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["value"],
    source: "",
};

/// TEXT
pub static REGION_MISMATCH: Cause = Cause {
    id: "region_mismatch",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["configured", "expected"],
    source: "",
};

/// TEXT
pub static REGION_INCONSISTENT: Cause = Cause {
    id: "region_inconsistent",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config_server", "data_server"],
    source: "",
};

/// TEXT
pub static NETWORK_TYPE_MISMATCH: Cause = Cause {
    id: "network_type_mismatch",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["configured", "expected"],
    source: "",
};

/// TEXT
pub static NETWORK_TYPE_INCONSISTENT: Cause = Cause {
    id: "network_type_inconsistent",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["config_server", "data_server"],
    source: "",
};

/// TEXT
pub static ENDPOINT_MALFORMED: Cause = Cause {
    id: "endpoint_malformed",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["value"],
    source: "",
};

/// TEXT
pub static REGION_UNKNOWN: Cause = Cause {
    id: "region_unknown",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["region"],
    source: "",
};

/// TEXT
pub static DOMAIN_DEPRECATED: Cause = Cause {
    id: "domain_deprecated",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["server"],
    source: "",
};

/// TEXT
pub static COMMUNITY_EDITION: Cause = Cause {
    id: "community_edition",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["version"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &CONFIG_MISSING,
    &CONFIG_UNREADABLE,
    &CONFIG_INVALID,
    &CONFIG_SERVER_MISSING,
    &DATA_SERVER_MISSING,
    &PLACEHOLDER_LEFT,
    &REGION_MISMATCH,
    &REGION_INCONSISTENT,
    &NETWORK_TYPE_MISMATCH,
    &NETWORK_TYPE_INCONSISTENT,
    &ENDPOINT_MALFORMED,
    &REGION_UNKNOWN,
    &DOMAIN_DEPRECATED,
    &COMMUNITY_EDITION,
];
