//! Runbooks of the causes in the surroundings of an agent.

use logagent_exporter::model::Text;

use super::{AT_NEXT_START, NO_HEARTBEAT, NOT_IN_GROUP, Runbook};

static SERVICE_NOT_ENABLED: Runbook = Runbook {
    cause: "service_not_enabled",
    impact: AT_NEXT_START,
    sample: &[("init", "systemd"), ("enable", "sudo systemctl enable ilogtaild")],
    session: "$ systemctl is-enabled ilogtaild\ndisabled\n\
        $ ls /etc/rc3.d | grep -i logtail\n\
        $ sudo grep -rn logtail /etc/rc.local /etc/cron* /var/spool/cron",
    reading: Text {
        en: "The unit is disabled (or does not exist), no runlevel has a link to it, and neither rc.local nor cron starts the \
            agent.",
        zh: "服务单元未启用（或不存在），各运行级别中没有对应链接，rc.local 和 cron 也不会启动客户端。",
    },
};

static SERVICE_DISABLED: Runbook = Runbook {
    cause: "service_disabled",
    impact: NO_HEARTBEAT,
    sample: &[("service", "LogtailDaemon"), ("start_type", "Disabled")],
    session: "$ Get-Service LogtailDaemon | Select-Object Status, StartType\n\nStatus  StartType\n------  ---------\n\
        Stopped  Disabled",
    reading: Text {
        en: "The service is stopped and its start type is Disabled: neither a person nor a reboot can start it.",
        zh: "服务已停止，且启动类型为禁用（`Disabled`）：无论手动还是重启机器都无法启动。",
    },
};

static SERVICE_NOT_RUNNING: Runbook = Runbook {
    cause: "service_not_running",
    impact: NO_HEARTBEAT,
    sample: &[("service", "LogtailDaemon"), ("state", "Stopped")],
    session: "$ Get-Service LogtailDaemon\n\nStatus   Name               DisplayName\n------   ----               -----------\n\
        Stopped  LogtailDaemon      LogtailDaemon",
    reading: Text {
        en: "The service is there and stopped. The log of the Service Control Manager shows when, and whether a user did it.",
        zh: "服务存在但已停止。服务控制管理器（`Service Control Manager`）的日志记录了停止时间以及是否为人为操作。",
    },
};

static AGENTS_COEXIST: Runbook = Runbook {
    cause: "agents_coexist",
    impact: Text {
        en: "One of the two may not start, logs may be collected twice, and the heartbeat alternates between them.",
        zh: "其中一个可能无法启动，日志可能被重复采集，心跳时有时无。",
    },
    sample: &[("generations", "Logtail (pid 812, 815), LoongCollector (pid 4711, 4713)")],
    session: "$ ps -eo pid,ppid,lstart,args | grep -E '[i]logtail|[l]oongcollector'\n  \
        812       1 Mon Jun  1 07:00:00 2026 /usr/local/ilogtail/ilogtail\n \
        4711       1 Wed Jul  1 08:00:01 2026 /opt/loongcollector/loongcollector",
    reading: Text {
        en: "Programs of both generations run. The preinstalled one of a cloud image is easily overlooked.",
        zh: "两代程序都在运行。云镜像中预装的客户端容易被忽略。",
    },
};

static DISK_FULL: Runbook = Runbook {
    cause: "disk_full",
    impact: NO_HEARTBEAT,
    sample: &[("directory", "/usr/local/ilogtail"), ("left", "0 B of 39.2 GiB")],
    session: "$ df -h /usr/local/ilogtail\n\
        Filesystem      Size  Used Avail Use% Mounted on\n\
        /dev/vda1        40G   40G     0 100% /\n\
        $ df -i /usr/local/ilogtail\n\
        Filesystem      Inodes  IUsed   IFree IUse% Mounted on\n\
        /dev/vda1      2621440 181000 2440440    7% /",
    reading: Text {
        en: "`Avail` (or `IFree`) is 0. A file system can run out of inodes while it has free space.",
        zh: "`Avail`（或 `IFree`）为 0。即使还有空间，inode 用尽同样会写入失败。",
    },
};

static DISK_FILLING: Runbook = Runbook {
    cause: "disk_filling",
    impact: AT_NEXT_START,
    sample: &[("directory", "/usr/local/ilogtail"), ("left", "1.1 GiB of 39.2 GiB")],
    session: "$ df -h /usr/local/ilogtail\n\
        Filesystem      Size  Used Avail Use% Mounted on\n\
        /dev/vda1        40G   39G  1.2G  98% /",
    reading: Text {
        en: "Less than 5 % is left, of bytes or of inodes (`df -i`).",
        zh: "空间或 inode（`df -i`）剩余不足 5%。",
    },
};

static RESOURCE_LIMIT: Runbook = Runbook {
    cause: "resource_limit",
    impact: Text {
        en: "Nothing yet. Beyond the limit the agent restarts or is killed, and with each restart the heartbeat pauses.",
        zh: "暂无影响。超过上限后客户端会重启或被终止，每次重启都会中断心跳。",
    },
    sample: &[
        ("resource", "memory"),
        ("used", "371.2 MiB"),
        ("limit", "384.0 MiB"),
        ("where", "/usr/local/ilogtail/ilogtail_config.json: mem_usage_limit"),
    ],
    session: "$ ps -eo pid,rss,pcpu,args | grep '[i]logtail'\n \
        4711   9100  0.1 /usr/local/ilogtail/ilogtail\n \
        4713 380100 12.0 /usr/local/ilogtail/ilogtail\n\
        $ grep usage_limit /usr/local/ilogtail/ilogtail_config.json\n    \"mem_usage_limit\" : 384,",
    reading: Text {
        en: "The second column is the memory in KiB, the limit is in MiB. The limit of a control group is in `memory.max` (`memory.limit_in_bytes`) of its directory.",
        zh: "第二列为内存占用（KiB），上限的单位是 MiB。控制组的上限见其目录下的 `memory.max`（`memory.limit_in_bytes`）。",
    },
};

static IP_UNSTABLE: Runbook = Runbook {
    cause: "ip_unstable",
    impact: NOT_IN_GROUP,
    sample: &[("changes", "5"), ("addresses", "172.16.2.200, 172.17.0.1")],
    session: "$ grep 'host ip changed' /usr/local/ilogtail/ilogtail.LOG | tail -2\n\
        [2026-07-01 08:04:20.301154] [error] Monitor.cpp:411  host ip changed during running, prepare to restart Logtail  \
        original ip:172.16.2.200  current ip:172.17.0.1\n\
        [2026-07-01 08:09:51.113221] [error] Monitor.cpp:411  host ip changed during running, prepare to restart Logtail  \
        original ip:172.17.0.1  current ip:172.16.2.200",
    reading: Text {
        en: "The address alternates, and the agent restarts each time.",
        zh: "IP 反复变化，每次变化客户端都会重启。",
    },
};

static IDENTITY_CLONED: Runbook = Runbook {
    cause: "identity_cloned",
    impact: Text {
        en: "Several hosts share one identity: the machine group shows one of them, and the others seem to have no heartbeat.",
        zh: "多台主机共用一个身份：机器组中只显示其中一台，其余主机看似没有心跳。",
    },
    sample: &[
        ("recorded", "i-bp1aaaaaaaaaaaaaaaaa"),
        ("own", "i-bp1bbbbbbbbbbbbbbbbb"),
        ("identity_file", "/etc/ilogtail/checkpoint/instance_identity"),
    ],
    session: "$ sudo cat /var/lib/cloud/data/instance-id\ni-bp1bbbbbbbbbbbbbbbbb\n\
        $ sudo grep -o '\"instance-id\" *: *\"[^\"]*\"' /etc/ilogtail/checkpoint/instance_identity\n\
        \"instance-id\" : \"i-bp1aaaaaaaaaaaaaaaaa\"",
    reading: Text {
        en: "The first is this instance, the second the one that the agent was installed on when the image was made.",
        zh: "前者是本机实例，后者是制作镜像时安装客户端的实例。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &SERVICE_NOT_ENABLED,
    &SERVICE_DISABLED,
    &SERVICE_NOT_RUNNING,
    &AGENTS_COEXIST,
    &DISK_FULL,
    &DISK_FILLING,
    &RESOURCE_LIMIT,
    &IP_UNSTABLE,
    &IDENTITY_CLONED,
];
