//! Runbooks of `user_identifier` and `custom_identifier`.

use super::NOT_IN_GROUP;
use crate::model::{Runbook, Text};

const ACCOUNTS: Text = Text {
    en: "Each file name is one account whose projects may use this host. Nothing but digits may stand there, and the \
        main account of the project's owner must be among them.",
    zh: "每个文件名对应一个允许使用本机的账号。文件名只能是数字，并且必须包含 Project 所属的主账号 ID。",
};

const BYTES: Text = Text {
    en: "`$` marks the end of a line; `^M` is a carriage return, `^I` a tab, `M-oM-;M-?` a byte order mark. LogListener \
        keeps its labels in `group_label` of `/usr/local/loglistener/etc/loglistener.conf`.",
    zh: "`$` 表示行尾；`^M` 是回车符，`^I` 是制表符，`M-oM-;M-?` 是 BOM。LogListener 的标签在 \
        `/usr/local/loglistener/etc/loglistener.conf` 的 `group_label` 中。",
};

pub(in super::super) static USER_IDENTIFIER_MISSING: Runbook = Runbook {
    summary: Text { en: "A Logtail host has no user identifier.", zh: "Logtail 主机缺少用户标识。" },
    impact: NOT_IN_GROUP,
    sample: &[("expected", "1234567890123456"), ("found", "none")],
    session: "$ ls -A /etc/ilogtail/users\nls: cannot access '/etc/ilogtail/users': No such file or directory",
    reading: ACCOUNTS,
};

pub(in super::super) static USER_IDENTIFIER_MISMATCH: Runbook = Runbook {
    summary: Text {
        en: "A Logtail host's user identifiers are those of other accounts.",
        zh: "Logtail 主机的用户标识属于其他账号。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("expected", "1234567890123456"), ("found", "9876543210987654")],
    session: "$ ls -A /etc/ilogtail/users\n9876543210987654",
    reading: ACCOUNTS,
};

pub(in super::super) static USER_IDENTIFIER_MALFORMED: Runbook = Runbook {
    summary: Text {
        en: "A Logtail host has a file among its user identifiers that is none.",
        zh: "Logtail 主机的用户标识目录中有无效文件。",
    },
    impact: Text {
        en: "A warning means that a right identifier is there too, and nothing is lost. Otherwise the machine group has no \
            heartbeat of this host, and its logs are not collected.",
        zh: "级别为警告时，正确的标识同时存在，没有损失；否则机器组中没有本机心跳，日志不会被采集。",
    },
    sample: &[("malformed", "1234567890123456.txt"), ("expected", "1234567890123456")],
    session: "$ ls -A /etc/ilogtail/users\n1234567890123456.txt",
    reading: ACCOUNTS,
};

pub(in super::super) static CUSTOM_IDENTIFIER_MISSING: Runbook = Runbook {
    summary: Text {
        en: "A host lacks the identifier of its machine group.",
        zh: "主机未配置机器组的自定义标识。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\ncat: /etc/ilogtail/user_defined_id: No such file or directory",
    reading: BYTES,
};

pub(in super::super) static CUSTOM_IDENTIFIER_EMPTY: Runbook = Runbook {
    summary: Text {
        en: "A host's machine group identifier is empty.", zh: "主机的机器组自定义标识为空。"
    },
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\n$ stat -c %s /etc/ilogtail/user_defined_id\n0",
    reading: BYTES,
};

pub(in super::super) static CUSTOM_IDENTIFIER_MISMATCH: Runbook = Runbook {
    summary: Text {
        en: "A host's machine group identifier is not the group's.",
        zh: "主机的自定义标识与机器组不一致。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\""), ("found", "\"web-fleet\\r\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\nweb-fleet^M$",
    reading: BYTES,
};

pub(in super::super) static CUSTOM_IDENTIFIER_MALFORMED: Runbook = Runbook {
    summary: Text {
        en: "A host's machine group identifier contains invisible characters.",
        zh: "主机的自定义标识中含有不可见字符。",
    },
    impact: Text {
        en: "Most likely the machine group has no heartbeat of this host; the exporter was not told which identifier is right.",
        zh: "机器组中很可能没有本机心跳；exporter 未被告知正确的标识，因此无法确定。",
    },
    sample: &[("malformed", "\"web-fleet\\r\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\nweb-fleet^M$",
    reading: BYTES,
};
