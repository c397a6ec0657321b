//! Causes of the prerequisite `processes`.

use crate::model::{Cause, Prerequisite, Severity, Text};

/// TEXT
pub static NOT_RUNNING: Cause = Cause {
    id: "not_running",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["expected"],
    source: "",
};

/// TEXT
pub static DAEMON_MISSING: Cause = Cause {
    id: "daemon_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["running", "expected"],
    source: "",
};

/// TEXT
pub static WORKER_MISSING: Cause = Cause {
    id: "worker_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["running", "expected"],
    source: "",
};

/// TEXT
pub static UPDATE_PROCESS_MISSING: Cause = Cause {
    id: "update_process_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["running", "expected"],
    source: "",
};

/// TEXT
pub static MULTIPLE_INSTANCES: Cause = Cause {
    id: "multiple_instances",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["running", "expected"],
    source: "",
};

/// TEXT
pub static PROCESS_DEFUNCT: Cause = Cause {
    id: "process_defunct",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["pid", "role"],
    source: "",
};

/// TEXT
pub static PROCESS_STOPPED: Cause = Cause {
    id: "process_stopped",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["pid", "role"],
    source: "",
};

/// TEXT
pub static CRASH_LOOP: Cause = Cause {
    id: "crash_loop",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text { en: "", zh: "" },
    meaning: Text { en: "", zh: "" },
    remedy: Text { en: "", zh: "" },
    evidence: &["starts", "role"],
    source: "",
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &NOT_RUNNING,
    &DAEMON_MISSING,
    &WORKER_MISSING,
    &UPDATE_PROCESS_MISSING,
    &MULTIPLE_INSTANCES,
    &PROCESS_DEFUNCT,
    &PROCESS_STOPPED,
    &CRASH_LOOP,
];
