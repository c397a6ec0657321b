//! Runbooks of `credentials`.

use logagent_exporter::model::Text;

use super::Runbook;

const REJECTED: Text = Text {
    en: "CLS rejects every request: the server group shows this host as abnormal, and no logs arrive.",
    zh: "CLS 会拒绝所有请求：机器组中本机显示异常，日志无法上传。",
};

const KEYS: Text = Text {
    en: "The values are masked here: 36 characters that begin with `AKID`, and a key of 32 characters, are usual. Do not \
        paste keys into tickets.",
    zh: "此处已对密钥做掩码：通常 `secret_id` 为 36 个字符、以 `AKID` 开头，`secret_key` 为 32 个字符。请勿将密钥粘贴到工单中。",
};

static CREDENTIALS_MISSING: Runbook = Runbook {
    cause: "credentials_missing",
    impact: REJECTED,
    sample: &[("key", "secret_key")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = AKID…\nsecret_key = …",
    reading: KEYS,
};

static CREDENTIALS_MALFORMED: Runbook = Runbook {
    cause: "credentials_malformed",
    impact: REJECTED,
    sample: &[("key", "secret_id"), ("defect", "does not begin with AKID")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = \"AKI…\nsecret_key = gu5t…",
    reading: KEYS,
};

static CREDENTIALS_PLACEHOLDER: Runbook = Runbook {
    cause: "credentials_placeholder",
    impact: REJECTED,
    sample: &[("key", "secret_id")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = <you…\nsecret_key = <you…",
    reading: KEYS,
};

pub(super) static RUNBOOKS: &[&Runbook] =
    &[&CREDENTIALS_MISSING, &CREDENTIALS_MALFORMED, &CREDENTIALS_PLACEHOLDER];
