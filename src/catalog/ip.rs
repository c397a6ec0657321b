//! Causes of the prerequisite `ip`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static IP_MISSING: Cause = Cause {
    id: "ip_missing",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["interfaces"],
    source: "",
};

/// TEXT
pub static IP_EMPTY: Cause = Cause {
    id: "ip_empty",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported"],
    source: "",
};

/// TEXT
pub static IP_LOOPBACK: Cause = Cause {
    id: "ip_loopback",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported"],
    source: "",
};

/// TEXT
pub static IP_NOT_ON_HOST: Cause = Cause {
    id: "ip_not_on_host",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "host_addresses"],
    source: "",
};

/// TEXT
pub static IP_NOT_IN_GROUP: Cause = Cause {
    id: "ip_not_in_group",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "expected"],
    source: "",
};

/// TEXT
pub static IP_DIFFERS_FROM_WORKING_IP: Cause = Cause {
    id: "ip_differs_from_working_ip",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "working_ip"],
    source: "",
};

/// TEXT
pub static IP_DIFFERS_FROM_HOSTS_BINDING: Cause = Cause {
    id: "ip_differs_from_hosts_binding",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "hosts_binding"],
    source: "",
};

/// TEXT
pub static IP_ON_VIRTUAL_INTERFACE: Cause = Cause {
    id: "ip_on_virtual_interface",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "interface"],
    source: "",
};

/// TEXT
pub static IP_NOT_FIRST_INTERFACE: Cause = Cause {
    id: "ip_not_first_interface",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["reported", "interface", "first_interface"],
    source: "",
};

/// TEXT
pub static HOSTS_BINDING_NOT_ON_HOST: Cause = Cause {
    id: "hosts_binding_not_on_host",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["hosts_binding", "host_addresses"],
    source: "",
};

/// TEXT
pub static IP_RECORD_MISSING: Cause = Cause {
    id: "ip_record_missing",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["record"],
    source: "",
};

/// TEXT
pub static IP_RECORD_INVALID: Cause = Cause {
    id: "ip_record_invalid",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["record"],
    source: "",
};

/// TEXT
pub static IP_RECORD_EDITED: Cause = Cause {
    id: "ip_record_edited",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["recorded", "expected"],
    source: "",
};

/// TEXT
pub static GROUP_IP_MISMATCH: Cause = Cause {
    id: "group_ip_mismatch",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["group_ip", "expected"],
    source: "",
};

/// TEXT
pub static GROUP_IP_IS_RANGE: Cause = Cause {
    id: "group_ip_is_range",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected"],
    source: "",
};

/// TEXT
pub static GROUP_IP_NOT_PRIVATE: Cause = Cause {
    id: "group_ip_not_private",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["group_ip", "server"],
    source: "",
};

/// TEXT
pub static GROUP_LABEL_CONFLICT: Cause = Cause {
    id: "group_label_conflict",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["group_label", "expected"],
    source: "",
};

/// TEXT
pub static MULTIPLE_CANDIDATE_ADDRESSES: Cause = Cause {
    id: "multiple_candidate_addresses",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["group_ip", "candidates"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &IP_MISSING,
    &IP_EMPTY,
    &IP_LOOPBACK,
    &IP_NOT_ON_HOST,
    &IP_NOT_IN_GROUP,
    &IP_DIFFERS_FROM_WORKING_IP,
    &IP_DIFFERS_FROM_HOSTS_BINDING,
    &IP_ON_VIRTUAL_INTERFACE,
    &IP_NOT_FIRST_INTERFACE,
    &HOSTS_BINDING_NOT_ON_HOST,
    &IP_RECORD_MISSING,
    &IP_RECORD_INVALID,
    &IP_RECORD_EDITED,
    &GROUP_IP_MISMATCH,
    &GROUP_IP_IS_RANGE,
    &GROUP_IP_NOT_PRIVATE,
    &GROUP_LABEL_CONFLICT,
    &MULTIPLE_CANDIDATE_ADDRESSES,
];
