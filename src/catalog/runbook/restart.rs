//! Runbooks of `restart`.

use super::AT_NEXT_START;
use crate::model::{Runbook, Text};

pub(in super::super) static RESTART_REQUIRED: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent runs with an older config or address.",
        zh: "日志采集客户端仍在使用旧的配置或 IP，需要重启。",
    },
    impact: Text {
        en: "The change has no effect yet. If it was made to mend the heartbeat, the heartbeat stays broken.",
        zh: "修改尚未生效。如果修改是为了修复心跳，心跳仍会异常。",
    },
    sample: &[("process", "worker (pid 4713)"), ("changed", "/usr/local/ilogtail/ilogtail_config.json")],
    session: "$ ls -l --time-style=full-iso /usr/local/ilogtail/ilogtail_config.json\n\
        -rw-r--r-- 1 root root 1284 2026-07-01 09:12:40.118 +0800 /usr/local/ilogtail/ilogtail_config.json\n\
        $ ps -o lstart= -p 4713\nWed Jul  1 08:00:02 2026",
    reading: Text {
        en: "The file is newer than the process.", zh: "文件的修改时间晚于进程的启动时间。"
    },
};

pub(in super::super) static RESTART_REQUIRED_BINARY: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent still runs an executable that was replaced.",
        zh: "日志采集客户端仍在运行已被替换的旧程序。",
    },
    impact: AT_NEXT_START,
    sample: &[("process", "worker (pid 4713)"), ("binary", "/usr/local/ilogtail/ilogtail")],
    session: "$ sudo readlink /proc/4713/exe\n/usr/local/ilogtail/ilogtail (deleted)",
    reading: Text {
        en: "`(deleted)`: the file that the process was started from is no longer the one on disk.",
        zh: "`(deleted)` 表示进程启动时的文件已不是磁盘上的文件。",
    },
};
