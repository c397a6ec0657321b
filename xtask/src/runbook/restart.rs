//! Runbooks of `restart`.

use logagent_exporter::model::Text;

use super::{AT_NEXT_START, Runbook};

static RESTART_REQUIRED: Runbook = Runbook {
    cause: "restart_required",
    impact: Text {
        en: "The change has no effect yet. If it was made to restore the heartbeat, there is still none.",
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

static RESTART_REQUIRED_BINARY: Runbook = Runbook {
    cause: "restart_required_binary",
    impact: AT_NEXT_START,
    sample: &[("process", "worker (pid 4713)"), ("binary", "/usr/local/ilogtail/ilogtail")],
    session: "$ sudo readlink /proc/4713/exe\n/usr/local/ilogtail/ilogtail (deleted)",
    reading: Text {
        en: "`(deleted)`: the file that the process was started from is no longer the one on disk.",
        zh: "`(deleted)` 表示进程启动时的文件已不是磁盘上的文件。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[&RESTART_REQUIRED, &RESTART_REQUIRED_BINARY];
