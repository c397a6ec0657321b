//! Causes of the prerequisite `clock`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The whole interval of the offset is beyond what the service accepts, or `max_offset`.
pub static CLOCK_SKEWED: Cause = Cause {
    id: "clock_skewed",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Critical,
    title: Text {
        en: "The system time is off by {offset}; the limit is {limit}",
        zh: "系统时间偏差 {offset}，超过上限 {limit}",
    },
    meaning: Text {
        en: "The service rejects requests whose time differs too much from its own, so heartbeat and logs \
            fail. Log times are wrong as well.",
        zh: "服务端会拒绝时间偏差过大的请求，因此心跳和日志上报都会失败，日志时间也是错误的。",
    },
    remedy: Text {
        en: "1. Compare `date -u` with the actual time, and see whether a time service runs: \
            `timedatectl` or `chronyc tracking`\n\
            2. Correct the time: `sudo chronyc makestep` with chrony, else `sudo timedatectl set-ntp \
            true`; without any time service `sudo date -u -s 'YYYY-MM-DD HH:MM:SS'`. The jump can upset \
            databases, schedulers and other programs. In a container, do it on the host.\n\
            3. If the time of a Logtail host cannot be changed, add `\"enable_log_time_auto_adjust\" : \
            true` (no quotes around true) to {config_file}.\n\
            4. Restart the agent: {restart_command}\n\
            5. Verify with `date -u`, and the heartbeat in the console after about two minutes.",
        zh: "1. 用 `date -u` 与实际时间对比，并查看时间同步服务是否运行：`timedatectl` 或 `chronyc \
            tracking`\n\
            2. 校正时间：使用 chrony 时执行 `sudo chronyc makestep`，否则执行 `sudo timedatectl set-ntp \
            true`；没有时间同步服务时执行 `sudo date -u -s 'YYYY-MM-DD HH:MM:SS'`。时间跳变可能影响数据\
            库、定时任务等程序。容器请在宿主机上操作。\n\
            3. 如果 Logtail 所在机器无法修改时间，请在 {config_file} 中添加 \
            `\"enable_log_time_auto_adjust\" : true`（true 不加引号）。\n\
            4. 重启客户端：{restart_command}\n\
            5. 用 `date -u` 确认，约两分钟后在控制台查看心跳状态。",
    },
    evidence: &["offset", "limit"],
    source: sources::CLOCK,
    patience: patience::PROBES,
    summary: Text {
        en: "A host's clock is too far off for the log service to accept its requests.",
        zh: "主机时钟偏差过大，日志服务会拒绝其请求。",
    },
};

/// The whole interval of the offset is beyond `warn_offset`, and still accepted by the service.
pub static CLOCK_OFFSET_HIGH: Cause = Cause {
    id: "clock_offset_high",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text {
        en: "The system time is off by {offset}; more than {limit} deserves attention",
        zh: "系统时间偏差 {offset}，超过提醒阈值 {limit}",
    },
    meaning: Text {
        en: "The service still accepts this, but the clock is evidently not kept right and may drift on \
            until heartbeat and logs are rejected. Log times are wrong already.",
        zh: "服务端目前仍可接受，但时钟显然没有被正确同步，继续漂移会导致心跳和日志被拒绝。日志时间已不准\
            确。",
    },
    remedy: Text {
        en: "1. See whether a time service runs and what it follows: `timedatectl`, `chronyc tracking`, \
            `chronyc sources`\n\
            2. Start one if none runs: `sudo systemctl enable --now chronyd` (Debian, Ubuntu: `chrony`), \
            or `sudo timedatectl set-ntp true`. If it runs but reaches no server, allow outgoing UDP port \
            123 or name a server that can be reached (on Alibaba Cloud ntp.cloud.aliyuncs.com, on Tencent \
            Cloud time1.tencentyun.com).\n\
            3. To correct the time at once: `sudo chronyc makestep`. The jump can upset databases, \
            schedulers and other programs.\n\
            4. Verify with `chronyc tracking` or `timedatectl`.",
        zh: "1. 查看时间同步服务是否运行以及同步源：`timedatectl`、`chronyc tracking`、`chronyc sources`\n\
            2. 如果没有运行，请启动：`sudo systemctl enable --now chronyd`（Debian、Ubuntu 为 `chrony`），\
            或 `sudo timedatectl set-ntp true`。如果已运行但无法访问服务器，请放行出方向 UDP 123 端口，或\
            改用可访问的服务器（阿里云为 ntp.cloud.aliyuncs.com，腾讯云为 time1.tencentyun.com）。\n\
            3. 如需立即校正：`sudo chronyc makestep`。时间跳变可能影响数据库、定时任务等程序。\n\
            4. 用 `chronyc tracking` 或 `timedatectl` 确认。",
    },
    evidence: &["offset", "limit"],
    source: sources::CLOCK,
    patience: patience::TICKET,
    summary: Text {
        en: "A host's clock is off by more than deserves trust.", zh: "主机时钟偏差较大。"
    },
};

/// The clock is skewed, and `enable_log_time_auto_adjust` makes up for it.
pub static CLOCK_SKEWED_ADJUSTED: Cause = Cause {
    id: "clock_skewed_adjusted",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text {
        en: "The system time is off by {offset} (limit {limit}); Logtail adjusts for it",
        zh: "系统时间偏差 {offset}（上限 {limit}），Logtail 正在自动调整",
    },
    meaning: Text {
        en: "With enable_log_time_auto_adjust the agent learns the difference from the service and goes \
            on working, after a first rejection now and then. Everything else on this host still has the \
            wrong time.",
        zh: "开启 enable_log_time_auto_adjust 后，客户端会从服务端获知时间差并继续工作，偶尔首次请求会被拒\
            绝。但本机其他程序的时间仍是错误的。",
    },
    remedy: Text {
        en: "1. Correct the time if you can: `sudo chronyc makestep` with chrony, else `sudo timedatectl \
            set-ntp true`. The jump can upset databases, schedulers and other programs. In a container, \
            do it on the host.\n\
            2. Restart the agent after the jump: {restart_command}\n\
            3. If the time has to stay as it is, add `ignore: [clock_skewed_adjusted]` to the agent \
            {agent} in the exporter's config.",
        zh: "1. 如果条件允许，请校正时间：使用 chrony 时执行 `sudo chronyc makestep`，否则执行 `sudo \
            timedatectl set-ntp true`。时间跳变可能影响数据库、定时任务等程序。容器请在宿主机上操作。\n\
            2. 时间跳变后重启客户端：{restart_command}\n\
            3. 如果时间必须保持现状，请在 exporter 配置中为 {agent} 添加 `ignore: \
            [clock_skewed_adjusted]`。",
    },
    evidence: &["offset", "limit"],
    source: sources::SLS_5,
    patience: patience::TICKET,
    summary: Text {
        en: "A host's clock is far off, and Logtail adjusts for it.",
        zh: "主机时钟偏差过大，Logtail 正在自动校正。",
    },
};

/// The kernel says that its clock is not synchronized, and no source shows that it is right.
pub static CLOCK_UNSYNCHRONIZED: Cause = Cause {
    id: "clock_unsynchronized",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text {
        en: "The kernel says that its clock is not synchronized ({kernel})",
        zh: "内核报告时钟未同步（{kernel}）",
    },
    meaning: Text {
        en: "Nothing keeps the time right. The clock drifts until the service rejects heartbeat and logs.",
        zh: "没有任何服务在校准时间。时钟会持续漂移，直到服务端拒绝心跳和日志。",
    },
    remedy: Text {
        en: "1. See whether a time service runs: `timedatectl` or `chronyc tracking`\n\
            2. Start one: `sudo systemctl enable --now chronyd` (Debian, Ubuntu: `chrony`), or `sudo \
            timedatectl set-ntp true`. In a container, do it on the host.\n\
            3. If it runs but reaches no server, allow outgoing UDP port 123 or name a server that can be \
            reached (on Alibaba Cloud ntp.cloud.aliyuncs.com, on Tencent Cloud time1.tencentyun.com).\n\
            4. Verify after some minutes that `timedatectl` says that the clock is synchronized.",
        zh: "1. 查看时间同步服务是否运行：`timedatectl` 或 `chronyc tracking`\n\
            2. 启动时间同步服务：`sudo systemctl enable --now chronyd`（Debian、Ubuntu 为 `chrony`），或 \
            `sudo timedatectl set-ntp true`。容器请在宿主机上操作。\n\
            3. 如果已运行但无法访问服务器，请放行出方向 UDP 123 端口，或改用可访问的服务器（阿里云为 \
            ntp.cloud.aliyuncs.com，腾讯云为 time1.tencentyun.com）。\n\
            4. 几分钟后确认 `timedatectl` 显示时钟已同步。",
    },
    evidence: &["kernel"],
    source: sources::OWN_CLOCK,
    patience: patience::TICKET,
    summary: Text {
        en: "Nothing keeps a host's clock right.", zh: "主机时钟没有任何时间源校准。"
    },
};

/// The system time jumped by more than a second within the last ten minutes.
pub static CLOCK_STEPPED: Cause = Cause {
    id: "clock_stepped",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "The system time jumped by {step}", zh: "系统时间跳变了 {step}" },
    meaning: Text {
        en: "Logs around the jump carry wrong times, and an agent that was started before it can stall or \
            mistake its timers. Until it is over, file times do not prove what the agent has loaded.",
        zh: "跳变前后的日志时间不准确，跳变前启动的客户端可能卡住或计时出错。在此期间，也无法根据文件时间\
            判断客户端加载了什么配置。",
    },
    remedy: Text {
        en: "1. Find out what set the time: `sudo journalctl --since '15 min ago' -u chronyd -u chrony -u \
            ntpd -u systemd-timesyncd`. A person, a resumed or migrated virtual machine, or two time \
            services that fight each other are usual.\n\
            2. Leave one time service running (`timedatectl`, `chronyc tracking`).\n\
            3. If heartbeat or collection stalls, restart the agent: {restart_command}\n\
            4. Wait: this warning goes by itself ten minutes after the last jump.",
        zh: "1. 查明是谁修改了时间：`sudo journalctl --since '15 min ago' -u chronyd -u chrony -u ntpd -u \
            systemd-timesyncd`。常见原因是人工修改、虚拟机恢复或迁移，或两个时间同步服务互相冲突。\n\
            2. 只保留一个时间同步服务（`timedatectl`、`chronyc tracking`）。\n\
            3. 如果心跳或采集停滞，请重启客户端：{restart_command}\n\
            4. 等待即可：最后一次跳变十分钟后，该告警会自动消失。",
    },
    evidence: &["step"],
    source: sources::OWN_CLOCK,
    patience: patience::NONE,
    summary: Text { en: "A host's clock jumped.", zh: "主机时钟发生跳变。" },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] =
    &[&CLOCK_SKEWED, &CLOCK_OFFSET_HIGH, &CLOCK_SKEWED_ADJUSTED, &CLOCK_UNSYNCHRONIZED, &CLOCK_STEPPED];
