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
        zh: "系统时间偏差超过上限 {limit}",
    },
    meaning: Text {
        en: "The service rejects requests whose time differs too much from its own, so heartbeat and logs \
            fail. Log times are wrong as well.",
        zh: "服务端会拒绝时间偏差过大的请求，因此心跳和日志上报都会失败，日志时间也是错误的。",
    },
    remedy: Text {
        en: "1. See whether a time service is running and what it follows: `timedatectl` or `chronyc tracking`\n\
            2. If none is running, start one: `sudo systemctl enable --now chronyd` (Debian, Ubuntu: `chrony`), \
            or `sudo timedatectl set-ntp true`. If it reaches no server, allow outgoing UDP port 123, or name a \
            server that can be reached: ntp.cloud.aliyuncs.com on Alibaba Cloud, time1.tencentyun.com on Tencent \
            Cloud.\n\
            3. Correct the time at once: `sudo chronyc makestep`. The jump can upset databases, schedulers and \
            other programs. In a container, do it on the host.\n\
            4. [logtail] If the time cannot be changed, set `\"enable_log_time_auto_adjust\" : true` (without \
            quotes around true) in {config_file}.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 查看时间同步服务是否运行以及同步源：`timedatectl` 或 `chronyc tracking`\n\
            2. 如果没有运行，请启动：`sudo systemctl enable --now chronyd`（Debian、Ubuntu 为 `chrony`），或 \
            `sudo timedatectl set-ntp true`。如果无法访问服务器，请放行出方向 UDP 123 端口，或改用可访问的服务器：\
            阿里云为 ntp.cloud.aliyuncs.com，腾讯云为 time1.tencentyun.com。\n\
            3. 立即校正时间：`sudo chronyc makestep`。时间跳变可能影响数据库、定时任务等程序。容器请在宿主机上操\
            作。\n\
            4. [logtail] 如果无法修改时间，请在 {config_file} 中设置 `\"enable_log_time_auto_adjust\" : true`（\
            `true` 不加引号）。\n\
            5. 重启客户端：{restart_command}\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
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
        en: "The system time is off by {offset}; the warning limit is {limit}",
        zh: "系统时间偏差超过警告阈值 {limit}",
    },
    meaning: Text {
        en: "The service still accepts this, but the clock is evidently not synchronized and may drift further until heartbeat and logs are rejected. Log times are wrong already.",
        zh: "服务端目前仍可接受，但时钟显然没有被正确同步，继续漂移会导致心跳和日志被拒绝。日志时间已不准\
            确。",
    },
    remedy: Text {
        en: "1. See whether a time service is running and what it follows: `timedatectl` or `chronyc tracking`\n\
            2. If none is running, start one: `sudo systemctl enable --now chronyd` (Debian, Ubuntu: `chrony`), \
            or `sudo timedatectl set-ntp true`. If it reaches no server, allow outgoing UDP port 123, or name a \
            server that can be reached: ntp.cloud.aliyuncs.com on Alibaba Cloud, time1.tencentyun.com on Tencent \
            Cloud.\n\
            3. Correct the time at once: `sudo chronyc makestep`. The jump can upset databases, schedulers and \
            other programs. In a container, do it on the host.\n\
            4. Verify: `chronyc tracking` or `timedatectl`",
        zh: "1. 查看时间同步服务是否运行以及同步源：`timedatectl` 或 `chronyc tracking`\n\
            2. 如果没有运行，请启动：`sudo systemctl enable --now chronyd`（Debian、Ubuntu 为 `chrony`），或 \
            `sudo timedatectl set-ntp true`。如果无法访问服务器，请放行出方向 UDP 123 端口，或改用可访问的服务器：\
            阿里云为 ntp.cloud.aliyuncs.com，腾讯云为 time1.tencentyun.com。\n\
            3. 立即校正时间：`sudo chronyc makestep`。时间跳变可能影响数据库、定时任务等程序。容器请在宿主机上操\
            作。\n\
            4. 确认：`chronyc tracking` 或 `timedatectl`",
    },
    evidence: &["offset", "limit"],
    source: sources::CLOCK,
    patience: patience::TICKET,
    summary: Text {
        en: "A host's clock is further off than it should be.", zh: "主机时钟偏差较大。"
    },
};

/// The clock is skewed, and `enable_log_time_auto_adjust` compensates for it.
pub static CLOCK_SKEWED_ADJUSTED: Cause = Cause {
    id: "clock_skewed_adjusted",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text {
        en: "The system time is off by {offset} (limit {limit}); Logtail adjusts for it",
        zh: "系统时间偏差超过上限 {limit}，Logtail 正在自动校正",
    },
    meaning: Text {
        en: "With enable_log_time_auto_adjust the agent learns the difference from the service and keeps working, with an occasional rejection at first. Everything else on this host still has the \
            wrong time.",
        zh: "开启 enable_log_time_auto_adjust 后，客户端会从服务端获知时间差并继续工作，偶尔首次请求会被拒\
            绝。但本机其他程序的时间仍是错误的。",
    },
    remedy: Text {
        en: "1. Correct the time at once: `sudo chronyc makestep`. The jump can upset databases, schedulers and \
            other programs. In a container, do it on the host.\n\
            2. Restart the agent after the jump: {restart_command}\n\
            3. If the time has to stay as it is, set `ignore: [clock_skewed_adjusted]` for the agent {agent} in \
            the exporter's config, and reload the exporter: `sudo systemctl reload logagent-exporter`\n\
            4. Verify that `logagent-exporter check` no longer reports it.",
        zh: "1. 立即校正时间：`sudo chronyc makestep`。时间跳变可能影响数据库、定时任务等程序。容器请在宿主机上操\
            作。\n\
            2. 时间跳变后重启客户端：{restart_command}\n\
            3. 如果时间必须保持现状，请在 exporter 配置中为 {agent} 设置 `ignore: [clock_skewed_adjusted]`，并重\
            新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。",
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
        en: "The kernel reports that its clock is not synchronized ({kernel})",
        zh: "内核报告时钟未同步",
    },
    meaning: Text {
        en: "Nothing keeps the clock synchronized. The clock drifts until the service rejects heartbeat and logs.",
        zh: "没有任何服务在校准时间。时钟会持续漂移，直到服务端拒绝心跳和日志。",
    },
    remedy: Text {
        en: "1. See whether a time service is running and what it follows: `timedatectl` or `chronyc tracking`\n\
            2. If none is running, start one: `sudo systemctl enable --now chronyd` (Debian, Ubuntu: `chrony`), \
            or `sudo timedatectl set-ntp true`. If it reaches no server, allow outgoing UDP port 123, or name a \
            server that can be reached: ntp.cloud.aliyuncs.com on Alibaba Cloud, time1.tencentyun.com on Tencent \
            Cloud.\n\
            3. Verify after some minutes that the clock is synchronized: `timedatectl`",
        zh: "1. 查看时间同步服务是否运行以及同步源：`timedatectl` 或 `chronyc tracking`\n\
            2. 如果没有运行，请启动：`sudo systemctl enable --now chronyd`（Debian、Ubuntu 为 `chrony`），或 \
            `sudo timedatectl set-ntp true`。如果无法访问服务器，请放行出方向 UDP 123 端口，或改用可访问的服务器：\
            阿里云为 ntp.cloud.aliyuncs.com，腾讯云为 time1.tencentyun.com。\n\
            3. 几分钟后确认时钟已同步：`timedatectl`",
    },
    evidence: &["kernel"],
    source: sources::OWN_CLOCK,
    patience: patience::TICKET,
    summary: Text { en: "A host's clock is not synchronized.", zh: "主机时钟未同步。" },
};

/// The system time jumped by more than a second within the last ten minutes.
pub static CLOCK_STEPPED: Cause = Cause {
    id: "clock_stepped",
    prerequisite: Prerequisite::Clock,
    severity: Severity::Warning,
    title: Text { en: "The system time jumped by {step}", zh: "系统时间跳变了 {step}" },
    meaning: Text {
        en: "Logs around the jump carry wrong times, and an agent that was started before it can stall. While this cause is active, file times do not prove what the agent has loaded.",
        zh: "跳变前后的日志时间不准确，跳变前启动的客户端可能卡住或计时出错。在此期间，也无法根据文件时间\
            判断客户端加载了什么配置。",
    },
    remedy: Text {
        en: "1. See what set the time: `sudo journalctl --since '15 min ago' -u chronyd -u chrony -u ntpd -u \
            systemd-timesyncd`. A person, a resumed or migrated virtual machine, or two competing time services \
            are the usual reasons.\n\
            2. Leave one time service running: `timedatectl` or `chronyc tracking`\n\
            3. If heartbeat or collection stalls, restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it, ten minutes after the last jump.",
        zh: "1. 查明是谁修改了时间：`sudo journalctl --since '15 min ago' -u chronyd -u chrony -u ntpd -u \
            systemd-timesyncd`。常见原因是人工修改、虚拟机恢复或迁移，或两个时间同步服务互相冲突。\n\
            2. 只保留一个时间同步服务：`timedatectl` 或 `chronyc tracking`\n\
            3. 如果心跳或采集停滞，请重启客户端：{restart_command}\n\
            4. 最后一次跳变十分钟后，执行 `logagent-exporter check`，确认问题已消失。",
    },
    evidence: &["step"],
    source: sources::OWN_CLOCK,
    patience: patience::NONE,
    summary: Text { en: "A host's clock jumped.", zh: "主机时钟发生跳变。" },
};

/// All of them, in the documented order.
pub static CAUSES: &[&Cause] =
    &[&CLOCK_SKEWED, &CLOCK_OFFSET_HIGH, &CLOCK_SKEWED_ADJUSTED, &CLOCK_UNSYNCHRONIZED, &CLOCK_STEPPED];
