//! Runbooks of `installed` and `processes`.

use logagent_exporter::model::Text;

use super::{AT_NEXT_START, NO_HEARTBEAT, Runbook};

const STATES: Text = Text {
    en: "The third column is the state (`S` sleeps, `T` is stopped, `Z` is defunct); LogListener's processes are \
        `loglistener`, `loglistenerm` and `loglisteneru`. Compare the list with what is expected.",
    zh: "第三列是进程状态（`S` 睡眠，`T` 被暂停，`Z` 僵尸）；LogListener 的进程为 `loglistener`、`loglistenerm` \
        和 `loglisteneru`。请与应有的进程对照。",
};

static NOT_INSTALLED: Runbook = Runbook {
    cause: "not_installed",
    impact: NO_HEARTBEAT,
    sample: &[("looked_for", "/usr/local/ilogtail")],
    session: "$ ls -d /usr/local/ilogtail /etc/ilogtail /usr/local/loglistener\n\
        ls: cannot access '/usr/local/ilogtail': No such file or directory\n\
        ls: cannot access '/etc/ilogtail': No such file or directory\n\
        ls: cannot access '/usr/local/loglistener': No such file or directory",
    reading: Text {
        en: "None of the directories exists: the agent was never installed, was removed, or is somewhere else.",
        zh: "这些目录都不存在：客户端从未安装、已被卸载，或安装在其他位置。",
    },
};

static INSTALLATION_INCOMPLETE: Runbook = Runbook {
    cause: "installation_incomplete",
    impact: AT_NEXT_START,
    sample: &[
        ("missing", "/usr/local/ilogtail/ilogtail"),
        ("found", "/usr/local/ilogtail/ilogtail_config.json"),
    ],
    session: "$ ls /usr/local/ilogtail\napp_info.json  ilogtail_config.json  ilogtail.LOG",
    reading: Text {
        en: "Config and logs exist, but the executable `ilogtail` (or `ilogtail_<version>`, `loglistener`) does not.",
        zh: "配置和日志都在，但没有可执行文件 `ilogtail`（或 `ilogtail_<版本>`、`loglistener`）。",
    },
};

static AGENT_VERSION_DEFECTIVE: Runbook = Runbook {
    cause: "agent_version_defective",
    impact: Text {
        en: "The heartbeat can stop at any time, or has stopped already; a restart helps only for a while.",
        zh: "取决于缺陷本身：心跳随时可能中断，或已经中断且只能短暂恢复。",
    },
    sample: &[
        ("version", "1.3.0"),
        ("defect", "it can choose a wrong IP address, and restart again and again because of it"),
        ("mended", "1.3.1"),
    ],
    session: "$ grep version /usr/local/ilogtail/app_info.json\n\t\"logtail_version\" : \"1.3.0\",",
    reading: Text {
        en: "The running version is older than the one that fixes the defect.",
        zh: "运行中的版本低于修复该缺陷的版本。",
    },
};

static NOT_RUNNING: Runbook = Runbook {
    cause: "not_running",
    impact: NO_HEARTBEAT,
    sample: &[("expected", "daemon 1, worker 1")],
    session: "$ ps -eo pid,ppid,stat,lstart,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'\n\
        $ sudo /etc/init.d/ilogtaild status\nilogtail is stopped",
    reading: Text {
        en: "No process is listed. The end of the agent's log and `sudo dmesg -T` show whether it was stopped or killed.",
        zh: "没有任何进程。查看客户端日志末尾和 `sudo dmesg -T`，可判断它是被停止还是被终止。",
    },
};

static DAEMON_MISSING: Runbook = Runbook {
    cause: "daemon_missing",
    impact: AT_NEXT_START,
    sample: &[("running", "worker 1"), ("expected", "daemon 1, worker 1")],
    session: "$ ps -eo pid,ppid,stat,lstart,args | grep '[i]logtail'\n \
        4713       1 Sl   Wed Jul  1 08:00:02 2026 /usr/local/ilogtail/ilogtail",
    reading: STATES,
};

static WORKER_MISSING: Runbook = Runbook {
    cause: "worker_missing",
    impact: NO_HEARTBEAT,
    sample: &[("running", "daemon 1"), ("expected", "daemon 1, worker 1")],
    session: "$ ps -eo pid,ppid,stat,lstart,args | grep '[i]logtail'\n \
        4711       1 Ss   Wed Jul  1 08:00:01 2026 /usr/local/ilogtail/ilogtail",
    reading: STATES,
};

static UPDATE_PROCESS_MISSING: Runbook = Runbook {
    cause: "update_process_missing",
    impact: Text {
        en: "None for heartbeat and logs; LogListener stays at its version.",
        zh: "不影响心跳和日志；LogListener 无法自动更新版本。",
    },
    sample: &[("running", "daemon 1, main 1"), ("expected", "daemon 1, main 1, update 1")],
    session: "$ ps -eo pid,ppid,stat,args | grep '[l]oglistener'\n  \
        901       1 Ss   bin/loglistenerm -d\n  \
        903     901 Sl   bin/loglistener --conf=etc/loglistener.conf",
    reading: STATES,
};

static MULTIPLE_INSTANCES: Runbook = Runbook {
    cause: "multiple_instances",
    impact: Text {
        en: "Logs can be collected twice (and are charged twice), and checkpoints can be overwritten, which repeats \
            or skips logs after a restart.",
        zh: "日志可能重复采集（并重复计费）；检查点可能被互相覆盖，重启后出现重复或遗漏。",
    },
    sample: &[("running", "daemon 2, worker 2"), ("expected", "daemon 1, worker 1")],
    session: "$ ps -eo pid,ppid,lstart,args | grep '[i]logtail'\n \
        4711       1 Wed Jul  1 08:00:01 2026 /usr/local/ilogtail/ilogtail\n \
        4713    4711 Wed Jul  1 08:00:02 2026 /usr/local/ilogtail/ilogtail\n \
        9120       1 Wed Jul  1 09:30:40 2026 /opt/ilogtail/ilogtail\n \
        9122    9120 Wed Jul  1 09:30:41 2026 /opt/ilogtail/ilogtail",
    reading: Text {
        en: "Two pairs of parent and child: two instances. `sudo readlink /proc/PID/exe` shows the installation of each.",
        zh: "有两对父子进程，即两个实例。`sudo readlink /proc/PID/exe` 可查看各自的安装位置。",
    },
};

static PROCESS_DEFUNCT: Runbook = Runbook {
    cause: "process_defunct",
    impact: NO_HEARTBEAT,
    sample: &[("pid", "4713"), ("role", "worker")],
    session: "$ ps -o pid,ppid,stat,args -p 4713\n    PID    PPID STAT COMMAND\n   \
        4713    4711 Z    [ilogtail] <defunct>",
    reading: STATES,
};

static PROCESS_STOPPED: Runbook = Runbook {
    cause: "process_stopped",
    impact: NO_HEARTBEAT,
    sample: &[("pid", "4713"), ("role", "worker")],
    session: "$ ps -o pid,stat,args -p 4713\n    PID STAT COMMAND\n   4713 Tl   /usr/local/ilogtail/ilogtail",
    reading: STATES,
};

static CRASH_LOOP: Runbook = Runbook {
    cause: "crash_loop",
    impact: Text {
        en: "Heartbeat and collection work intermittently at best. Each start reads on from the last checkpoint, so \
            some logs can be sent twice.",
        zh: "心跳和采集时断时续；每次启动都从上一检查点继续，部分日志可能重复上传。",
    },
    sample: &[("restarts", "4"), ("role", "worker")],
    session: "$ ps -o pid,etimes,args -C ilogtail\n    PID ELAPSED COMMAND\n   4711   86400 /usr/local/ilogtail/ilogtail\n   \
        9377       8 /usr/local/ilogtail/ilogtail\n\
        $ sudo tail -n 200 /usr/local/ilogtail/ilogtail.LOG | grep -E 'exceeds|crash|changed during running'\n\
        [2026-07-01 08:04:51.113221] [error] LogtailMonitor.cpp:211  resource used by program exceeds upper limit",
    reading: Text {
        en: "One process is repeatedly only seconds old. The log names the reason; an entry `killed process` in \
            `sudo dmesg -T` shows that memory ran out.",
        zh: "其中一个进程总是只运行了几秒。原因见日志；如果是内存不足，`sudo dmesg -T` 中有 `killed process`。",
    },
};

static WORKER_HUNG: Runbook = Runbook {
    cause: "worker_hung",
    impact: NO_HEARTBEAT,
    sample: &[("pid", "4713"), ("sign", "no state written"), ("state_age", "17 min"), ("log_age", "16 min")],
    session: "$ date; ls -l --time-style=full-iso /usr/local/ilogtail/snapshot/ilogtail_status.LOG\n\
        Wed Jul  1 09:17:40 UTC 2026\n\
        -rw-r----- 1 root root 81920 2026-07-01 09:00:12.113221000 +0000 /usr/local/ilogtail/snapshot/ilogtail_status.LOG\n\
        $ ps -o pid,stat,wchan:20,args -p 4713\n    PID STAT WCHAN                COMMAND\n   \
        4713 Sl   futex_wait_queue     /usr/local/ilogtail/ilogtail",
    reading: Text {
        en: "The state is written each minute; here it is 17 minutes old. `futex` is a lock; a name of a file system \
            (`nfs`, `fuse`) is one that does not answer.",
        zh: "状态文件应每分钟更新，此处已 17 分钟未更新。`futex` 表示卡在锁上；如果是文件系统的名称（`nfs`、`fuse`），\
            则是该文件系统无响应。",
    },
};

static CHECKPOINT_DAMAGED: Runbook = Runbook {
    cause: "checkpoint_damaged",
    impact: Text {
        en: "Logs that were written since the last good checkpoint are collected twice or not at all. Logtail before \
            0.13.7 does not start.",
        zh: "上一个完好检查点之后写入的日志可能重复采集或遗漏。0.13.7 之前的 Logtail 无法启动。",
    },
    sample: &[("at", "2026-07-01T08:00:02Z")],
    session: "$ grep -iE 'check ?point' /usr/local/ilogtail/ilogtail.LOG | tail -n 1\n\
        [2026-07-01 08:00:02.113221]\t[error]\t[000011]\t/src/core/checkpoint/CheckPointManager.cpp:138\t\tload check point file \
        fail, file content is not valid json:/tmp/logtail_check_point",
    reading: Text {
        en: "The file at the end of the line could not be parsed.", zh: "行尾的文件无法解析。"
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &NOT_INSTALLED,
    &INSTALLATION_INCOMPLETE,
    &AGENT_VERSION_DEFECTIVE,
    &NOT_RUNNING,
    &DAEMON_MISSING,
    &WORKER_MISSING,
    &UPDATE_PROCESS_MISSING,
    &MULTIPLE_INSTANCES,
    &PROCESS_DEFUNCT,
    &PROCESS_STOPPED,
    &CRASH_LOOP,
    &WORKER_HUNG,
    &CHECKPOINT_DAMAGED,
];
