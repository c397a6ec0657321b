//! Runbooks of `user_identifier` and `custom_identifier`.

use logagent_exporter::model::Text;

use super::{NOT_IN_GROUP, Runbook};

const ACCOUNTS: Text = Text {
    en: "Each file name is one account whose projects may use this host. The names must consist of digits only, and the \
        main account of the project's owner must be among them.",
    zh: "每个文件名对应一个允许使用本机的账号。文件名只能是数字，并且必须包含 Project 所属的主账号 ID。",
};

const BYTES: Text = Text {
    en: "`$` marks the end of a line; `^M` is a carriage return, `^I` a tab, `M-oM-;M-?` a byte order mark. LogListener \
        keeps its labels in `group_label` of `/usr/local/loglistener/etc/loglistener.conf`.",
    zh: "`$` 表示行尾；`^M` 是回车符，`^I` 是制表符，`M-oM-;M-?` 是 BOM。LogListener 的标签在 \
        `/usr/local/loglistener/etc/loglistener.conf` 的 `group_label` 中。",
};

static USER_IDENTIFIER_MISSING: Runbook = Runbook {
    cause: "user_identifier_missing",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "1234567890123456"), ("found", "none")],
    session: "$ ls -A /etc/ilogtail/users\nls: cannot access '/etc/ilogtail/users': No such file or directory",
    reading: ACCOUNTS,
};

static USER_IDENTIFIER_MISMATCH: Runbook = Runbook {
    cause: "user_identifier_mismatch",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "1234567890123456"), ("found", "9876543210987654")],
    session: "$ ls -A /etc/ilogtail/users\n9876543210987654",
    reading: ACCOUNTS,
};

static USER_IDENTIFIER_MALFORMED: Runbook = Runbook {
    cause: "user_identifier_malformed",
    impact: Text {
        en: "A warning means that a right identifier is there too, and nothing is lost. Otherwise the machine group has no heartbeat from this host, and its logs are not collected.",
        zh: "级别为警告时，正确的标识同时存在，没有损失；否则机器组中没有本机心跳，日志不会被采集。",
    },
    sample: &[("malformed", "1234567890123456.txt"), ("expected", "1234567890123456")],
    session: "$ ls -A /etc/ilogtail/users\n1234567890123456.txt",
    reading: ACCOUNTS,
};

static METADATA_TOKEN_REQUIRED: Runbook = Runbook {
    cause: "metadata_token_required",
    impact: Text {
        en: "If the project is of the account that owns the instance, its machine group has no heartbeat from this host, although \
            everything else is right; a project of another account needs a user identifier in any case.",
        zh: "如果 Project 属于实例所属账号，即使其他条件都满足，机器组中也没有本机心跳；如果属于其他账号，则无论如何都需要用户标识。",
    },
    sample: &[("version", "2.0.8"), ("answer", "HTTP 403")],
    session: "$ curl -sS -o /dev/null -m 5 -w '%{http_code}\\n' http://100.100.100.200/latest/meta-data/instance-id\n403",
    reading: Text {
        en: "403 is the answer to a request without a token where the instance is in security hardening mode; 200 means that \
            none is needed.",
        zh: "实例处于加固模式时，不带凭证的请求返回 403；返回 200 表示不需要凭证。",
    },
};

static CUSTOM_IDENTIFIER_MISSING: Runbook = Runbook {
    cause: "custom_identifier_missing",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\ncat: /etc/ilogtail/user_defined_id: No such file or directory",
    reading: BYTES,
};

static CUSTOM_IDENTIFIER_EMPTY: Runbook = Runbook {
    cause: "custom_identifier_empty",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\n$ stat -c %s /etc/ilogtail/user_defined_id\n0",
    reading: BYTES,
};

static CUSTOM_IDENTIFIER_MISMATCH: Runbook = Runbook {
    cause: "custom_identifier_mismatch",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "\"web-fleet\""), ("found", "\"web-fleet\\r\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\nweb-fleet^M$",
    reading: BYTES,
};

static CUSTOM_IDENTIFIER_MALFORMED: Runbook = Runbook {
    cause: "custom_identifier_malformed",
    impact: Text {
        en: "Most likely the machine group has no heartbeat from this host; the exporter's config has no expected identifier.",
        zh: "机器组中很可能没有本机心跳；exporter 的配置中没有预期的标识，因此无法确定。",
    },
    sample: &[("malformed", "\"web-fleet\\r\"")],
    session: "$ cat -A /etc/ilogtail/user_defined_id\nweb-fleet^M$",
    reading: BYTES,
};

static IDENTIFIER_UNEXPANDED: Runbook = Runbook {
    cause: "identifier_unexpanded",
    impact: NOT_IN_GROUP,
    sample: &[("found", "\"$(MACHINE_GROUP)\""), ("where", "environment ALIYUN_LOGTAIL_USER_DEFINED_ID")],
    session: "$ sudo cat /proc/$(pgrep -o ilogtail)/environ | tr '\\0' '\\n' | grep USER_DEFINED_ID\n\
        ALIYUN_LOGTAIL_USER_DEFINED_ID=$(MACHINE_GROUP)\n\
        $ cat -A /etc/ilogtail/user_defined_id\nweb-fleet$",
    reading: Text {
        en: "Kubernetes leaves `$(NAME)` as it is if NAME is not defined before it in the same container. The agent reports it literally.",
        zh: "如果同一容器中此前没有定义 `NAME`，Kubernetes 会原样保留 `$(NAME)`。客户端上报的就是此处的内容。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &USER_IDENTIFIER_MISSING,
    &USER_IDENTIFIER_MISMATCH,
    &USER_IDENTIFIER_MALFORMED,
    &METADATA_TOKEN_REQUIRED,
    &CUSTOM_IDENTIFIER_MISSING,
    &CUSTOM_IDENTIFIER_EMPTY,
    &CUSTOM_IDENTIFIER_MISMATCH,
    &CUSTOM_IDENTIFIER_MALFORMED,
    &IDENTIFIER_UNEXPANDED,
];
