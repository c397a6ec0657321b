//! Causes of the prerequisite `network`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static DNS_FAILURE: Cause = Cause {
    id: "dns_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static CONNECTION_REFUSED: Cause = Cause {
    id: "connection_refused",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static CONNECTION_TIMEOUT: Cause = Cause {
    id: "connection_timeout",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static NETWORK_UNREACHABLE: Cause = Cause {
    id: "network_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static TLS_FAILURE: Cause = Cause {
    id: "tls_failure",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static CERTIFICATE_UNTRUSTED: Cause = Cause {
    id: "certificate_untrusted",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static CERTIFICATE_EXPIRED: Cause = Cause {
    id: "certificate_expired",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static CERTIFICATE_EXPIRING: Cause = Cause {
    id: "certificate_expiring",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "not_after"],
    source: "",
};

/// TEXT
pub static RESPONSE_TIMEOUT: Cause = Cause {
    id: "response_timeout",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static UNEXPECTED_RESPONSE: Cause = Cause {
    id: "unexpected_response",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static INTRANET_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "intranet_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static HTTPS_UNREACHABLE: Cause = Cause {
    id: "https_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// TEXT
pub static ADMIN_ENDPOINT_UNREACHABLE: Cause = Cause {
    id: "admin_endpoint_unreachable",
    prerequisite: Prerequisite::Network,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["url", "failure"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &DNS_FAILURE,
    &CONNECTION_REFUSED,
    &CONNECTION_TIMEOUT,
    &NETWORK_UNREACHABLE,
    &TLS_FAILURE,
    &CERTIFICATE_UNTRUSTED,
    &CERTIFICATE_EXPIRED,
    &CERTIFICATE_EXPIRING,
    &RESPONSE_TIMEOUT,
    &UNEXPECTED_RESPONSE,
    &INTRANET_ENDPOINT_UNREACHABLE,
    &HTTPS_UNREACHABLE,
    &ADMIN_ENDPOINT_UNREACHABLE,
];
