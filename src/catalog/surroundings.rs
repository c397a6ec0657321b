//! Causes in the surroundings of an agent: disks, limits, what starts it, its neighbours, the identity of its machine.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// Nothing would start the agent after a reboot.
pub static SERVICE_NOT_ENABLED: Cause = Cause {
    id: "service_not_enabled",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Warning,
    title: Text {
        en: "The agent runs, and nothing starts it after a reboot ({init})",
        zh: "客户端正在运行，但重启机器后不会自动启动（{init}）",
    },
    meaning: Text {
        en: "The agent was started by hand, or its init script or unit was removed or disabled. The heartbeat stops at the next reboot, planned or not, when the reason is no longer obvious.",
        zh: "客户端可能是手动启动的，或其启动脚本、服务单元已被删除或禁用。下次重启机器（无论是否计划内）后，心跳将中断，\
            且届时不易查明原因。",
    },
    remedy: Text {
        en: "1. Enable its service: {enable}\n\
            2. If there is no such service, install the agent again with the same parameters, which creates it: \
            {install_document}\n\
            3. If something else starts it that the exporter does not know, add `ignore: [service_not_enabled]` to \
            {agent} in the exporter's config.\n\
            4. [windows] Verify its start type: {status_command}\n\
            5. [!windows] Verify that the service is enabled: `systemctl is-enabled ilogtaild loongcollectord loglistenerd`, or \
            without systemd `ls /etc/rc3.d`",
        zh: "1. 设置服务开机自启：{enable}\n\
            2. 如果不存在该服务，请使用相同参数重新安装客户端以创建服务：{install_document}\n\
            3. 如果由 exporter 无法识别的方式启动，请在 exporter 配置中为 {agent} 添加 `ignore: [service_not_enabled]`。\n\
            4. [windows] 确认服务的启动类型：{status_command}\n\
            5. [!windows] 确认服务已设为开机自启：`systemctl is-enabled ilogtaild loongcollectord loglistenerd`；没有 systemd 时\
            执行 `ls /etc/rc3.d`",
    },
    evidence: &["init", "enable"],
    source: sources::INSTALLED,
    patience: patience::TICKET,
    summary: Text {
        en: "Nothing starts a log-collection agent after a reboot of its host.",
        zh: "主机重启后日志采集客户端不会自动启动。",
    },
};

/// Two generations of one vendor's agent run side by side.
pub static AGENTS_COEXIST: Cause = Cause {
    id: "agents_coexist",
    prerequisite: Prerequisite::Installed,
    severity: Severity::Warning,
    title: Text {
        en: "More than one agent collects from this host: {generations}",
        zh: "有多个客户端在采集本机：{generations}",
    },
    meaning: Text {
        en: "They compete for the same sockets, locks, checkpoints and identity files. One of them fails to start, logs \
            are collected twice, or the heartbeat alternates between them.",
        zh: "两者会争用相同的套接字、锁、检查点和标识文件，可能导致其中一个无法启动、日志重复采集，或心跳时有时无。",
    },
    remedy: Text {
        en: "1. List the processes with their parents and start times: `ps -eo pid,ppid,lstart,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'`\n\
            2. Keep one of them, usually the newer, and make sure that it has the config and the identifiers of the \
            other.\n\
            3. Stop the other and uninstall it: {install_document}. If both are intended, add `ignore: \
            [agents_coexist]` to {agent} in the exporter's config.\n\
            4. Verify that one is left: {status_command}",
        zh: "1. 查看各进程的来源：`ps -eo pid,ppid,lstart,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'`\n\
            2. 保留其中一个（通常是较新的），并确认其配置和标识与另一个一致。\n\
            3. 停止并卸载另一个：{install_document}。如果确实需要同时运行，请在 exporter 配置中为 {agent} 添加 `ignore: \
            [agents_coexist]`。\n\
            4. 确认只剩一个：{status_command}",
    },
    evidence: &["generations"],
    source: sources::OWN_PROCESSES,
    patience: patience::SETUP,
    summary: Text {
        en: "Two generations of one log-collection agent run on a host.",
        zh: "主机上同时运行了两代日志采集客户端。",
    },
};

/// A file system that the agent writes to is full.
pub static DISK_FULL: Cause = Cause {
    id: "disk_full",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The file system of {directory} is full: {left}",
        zh: "{directory} 所在的文件系统已满：{left}",
    },
    meaning: Text {
        en: "The agent can write neither its checkpoints nor its records and logs. It does not start, hangs, or loses \
            its position, and Logtail before 2.1.10 does not recover by itself once there is room again.",
        zh: "客户端无法写入检查点、记录文件和日志，可能无法启动、卡住或丢失采集位置。2.1.10 之前的 Logtail 在空间恢复后也不会\
            自行恢复。",
    },
    remedy: Text {
        en: "1. See what takes the space, and the inodes: `df -h {directory}`, `df -i {directory}`, `sudo du -xh \
            --max-depth=2 {directory} | sort -h | tail`\n\
            2. Make room, or enlarge the file system. Deleted files that a process still holds open: `sudo lsof +L1`\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that there is room: `df -h {directory}`",
        zh: "1. 查看空间和 inode 的占用：`df -h {directory}`、`df -i {directory}`、`sudo du -xh --max-depth=2 {directory} \
            | sort -h | tail`\n\
            2. 清理空间或扩容文件系统。查看已删除但仍被进程占用的文件：`sudo lsof +L1`\n\
            3. 重启客户端：{restart_command}\n\
            4. 确认空间已恢复：`df -h {directory}`",
    },
    evidence: &["directory", "left"],
    source: sources::DISK,
    patience: patience::PROCESS,
    summary: Text {
        en: "A file system that a log-collection agent writes to is full.",
        zh: "日志采集客户端写入的文件系统已满。",
    },
};

/// A file system that the agent writes to is nearly full.
pub static DISK_FILLING: Cause = Cause {
    id: "disk_filling",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text {
        en: "The file system of {directory} is nearly full: {left}",
        zh: "{directory} 所在的文件系统即将写满：{left}",
    },
    meaning: Text {
        en: "Once it is full, the agent can write neither checkpoints nor records, and stops working.",
        zh: "一旦写满，客户端将无法写入检查点和记录文件并停止工作。",
    },
    remedy: Text {
        en: "1. See what takes the space, and the inodes: `df -h {directory}`, `df -i {directory}`, `sudo du -xh \
            --max-depth=2 {directory} | sort -h | tail`\n\
            2. Make room, or enlarge the file system.\n\
            3. Verify that there is room: `df -h {directory}`",
        zh: "1. 查看空间和 inode 的占用：`df -h {directory}`、`df -i {directory}`、`sudo du -xh --max-depth=2 {directory} \
            | sort -h | tail`\n\
            2. 清理空间或扩容文件系统。\n\
            3. 确认空间充足：`df -h {directory}`",
    },
    evidence: &["directory", "left"],
    source: sources::DISK,
    patience: patience::TICKET,
    summary: Text {
        en: "A file system that a log-collection agent writes to is nearly full.",
        zh: "日志采集客户端写入的文件系统即将写满。",
    },
};

/// The agent is about to reach a limit at which it restarts, or is killed.
pub static RESOURCE_LIMIT: Cause = Cause {
    id: "resource_limit",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text {
        en: "The agent uses {used} of {resource}, its limit is {limit}",
        zh: "客户端的 {resource} 已使用 {used}，上限为 {limit}",
    },
    meaning: Text {
        en: "Beyond the limit of its own config the agent restarts itself; beyond that of its control group the kernel \
            kills it. Each time the heartbeat is interrupted, and logs are read again or not at all.",
        zh: "超过自身配置的上限时客户端会自行重启；超过控制组的上限时会被内核终止。每次都会中断心跳，日志会被重复采集或漏采。",
    },
    remedy: Text {
        en: "1. See what it collects: many files, large single lines and costly processing take memory and CPU. Collect \
            less, or split it over several hosts.\n\
            2. If the host has room, raise the limit of {resource} ({where}).\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify what it uses: `ps -eo pid,rss,pcpu,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'`",
        zh: "1. 检查采集内容：文件过多、单行过大或处理规则复杂都会占用内存和 CPU。请减少采集量，或分散到多台机器。\n\
            2. 如果机器资源充足，请提高 {resource} 的上限（{where}）。\n\
            3. 重启客户端：{restart_command}\n\
            4. 确认资源占用：`ps -eo pid,rss,pcpu,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'`",
    },
    evidence: &["resource", "used", "limit", "where"],
    source: sources::LIMITS,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent is close to its memory or CPU limit.",
        zh: "日志采集客户端接近内存或 CPU 上限。",
    },
};

/// The reported address changes all the time.
pub static IP_UNSTABLE: Cause = Cause {
    id: "ip_unstable",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The address that the agent reports changed {changes} times within an hour: {addresses}",
        zh: "客户端上报的 IP 在一小时内变化了 {changes} 次：{addresses}",
    },
    meaning: Text {
        en: "With each change the agent restarts, and an IP-based machine group loses the host and finds it \
            again. Virtual interfaces that come and go, or a host name that resolves to several addresses, are the \
            usual reasons.",
        zh: "每次变化都会导致客户端重启，IP 地址型机器组会反复丢失该机器。常见原因是虚拟网卡不断增减，或主机名解析到多个\
            地址。",
    },
    remedy: Text {
        en: "1. See the interfaces, and what the host name resolves to: `ip -4 addr show`, `getent ahostsv4 $(hostname)`\n\
            2. Tell the agent which address to report: set {address_setting} in {config_file}, and restart it: \
            {restart_command}\n\
            3. Put that address into the machine group in the console, or use a custom identifier, which does not depend on addresses.\n\
            4. Verify that the reported address stays: `grep '\"ip\"' {record_file}`",
        zh: "1. 查看网卡以及主机名的解析结果：`ip -4 addr show`、`getent ahostsv4 $(hostname)`\n\
            2. 指定上报的地址：在 {config_file} 中设置 {address_setting}，并重启客户端：{restart_command}\n\
            3. 在控制台将该地址加入机器组；或改用自定义标识型机器组，不受 IP 变化影响。\n\
            4. 确认上报的 IP 保持不变：`grep '\"ip\"' {record_file}`",
    },
    evidence: &["changes", "addresses"],
    source: sources::IP_SOURCE,
    patience: patience::NONE,
    summary: Text {
        en: "The IP address that a log-collection agent reports keeps changing.",
        zh: "日志采集客户端上报的 IP 不断变化。",
    },
};

/// The agent has the identity of another machine.
pub static IDENTITY_CLONED: Cause = Cause {
    id: "identity_cloned",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The agent identifies this host as {recorded}, but this is the instance {own}",
        zh: "客户端将本机识别为另一台实例 {recorded}，本机实际为 {own}",
    },
    meaning: Text {
        en: "The identity was recorded on the machine from which this host's image was made. All hosts of that image report \
            the same identity, so that the service may treat them as one, and their heartbeats replace each other.",
        zh: "该身份是在制作镜像的机器上记录的。使用该镜像的主机都会上报相同的身份，服务端可能将其视为同一台机器，心跳互相覆盖。",
    },
    remedy: Text {
        en: "1. Stop the agent, remove what it recorded, and start it again, so that it requests its identity again: \
            `sudo rm {identity_file}`, then {restart_command}\n\
            2. Remove the same file from the image before it is used again, and stop the agent before an image is made.\n\
            3. Verify that the file names this instance: `sudo cat {identity_file}`",
        zh: "1. 停止客户端，删除已记录的身份后重新启动，使其重新获取：`sudo rm {identity_file}`，然后执行 {restart_command}\n\
            2. 在镜像中同样删除该文件；制作镜像前应先停止客户端。\n\
            3. 确认文件中为本机的实例 ID：`sudo cat {identity_file}`",
    },
    evidence: &["recorded", "own", "identity_file"],
    source: sources::CLONED,
    patience: patience::SETUP,
    summary: Text {
        en: "A log-collection agent has the identity of another machine.",
        zh: "日志采集客户端使用了另一台机器的身份。",
    },
};
