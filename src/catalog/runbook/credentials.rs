//! Runbooks of `credentials`.

use crate::model::{Runbook, Text};

const REJECTED: Text = Text {
    en: "CLS rejects every request: the server group shows this host as abnormal, and no logs arrive.",
    zh: "CLS 会拒绝所有请求：机器组中本机显示异常，日志无法上传。",
};

const KEYS: Text = Text {
    en: "The values are masked here: 36 characters that begin with `AKID`, and a key of 32 characters, are usual. Do not \
        paste keys into tickets.",
    zh: "此处已对密钥做掩码：通常 `secret_id` 为 36 个字符、以 `AKID` 开头，`secret_key` 为 32 个字符。请勿将密钥粘贴到工单中。",
};

pub(in super::super) static CREDENTIALS_MISSING: Runbook = Runbook {
    summary: Text { en: "LogListener's API key is not set.", zh: "LogListener 未设置 API 密钥。" },
    impact: REJECTED,
    sample: &[("key", "secret_key")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = AKID…\nsecret_key = …",
    reading: KEYS,
};

pub(in super::super) static CREDENTIALS_MALFORMED: Runbook = Runbook {
    summary: Text {
        en: "LogListener's API key does not have the form of one.",
        zh: "LogListener 的 API 密钥格式不正确。",
    },
    impact: REJECTED,
    sample: &[("key", "secret_id"), ("defect", "does not begin with AKID")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = \"AKI…\nsecret_key = gu5t…",
    reading: KEYS,
};

pub(in super::super) static CREDENTIALS_PLACEHOLDER: Runbook = Runbook {
    summary: Text {
        en: "LogListener's API key is still a template's placeholder.",
        zh: "LogListener 的 API 密钥仍是模板中的占位符。",
    },
    impact: REJECTED,
    sample: &[("key", "secret_id")],
    session: "$ sudo sed -nE 's/^(secret_(id|key)) *= *(.{0,4}).*/\\1 = \\3…/p' /usr/local/loglistener/etc/loglistener.conf\n\
        secret_id = <you…\nsecret_key = <you…",
    reading: KEYS,
};
