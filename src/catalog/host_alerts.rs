//! Alerts about one host that are not for a single cause: the same in Prometheus' rules and in the alerts that the
//! exporter pushes.

use super::alert::AlertText;
use crate::model::{Language, Text};

const EXPORTER: &str = "logagent-exporter";
const HOST: &str = "logagent-host";

/// An agent keeps failing, but no cause is active long enough for its own alert.
pub const FAILING: AlertText = AlertText {
    name: "LogAgentFailing",
    summary: Text {
        en: "A log-collection agent keeps failing, but no cause stays active.",
        zh: "日志采集客户端持续异常，但没有稳定的单一原因。",
    },
    description: Text {
        en: "The agent {{ $labels.agent }} on {{ $labels.instance }}{in} has failed for 6 of the last 15 minutes. Its causes alternate, \
             come and go, or are newer than these rules: `logagent-exporter check` on the host, or http://{{ $labels.instance }}/",
        zh: "{in} {{ $labels.instance }} 上的客户端 {{ $labels.agent }} 在最近 15 分钟内有 6 分钟处于异常状态。原因交替出现、时有时无，\
             或比当前规则更新：在主机上执行 `logagent-exporter check`，或打开 http://{{ $labels.instance }}/",
    },
    fix: Text {
        en: "1. See on the host which causes are active now: `logagent-exporter check`. The host's dashboard shows which ones were active when.\n\
             2. Follow the runbook of the cause that is active most often. If it flaps, look at what is overloaded: endpoint, network, name server, memory.\n\
             3. If a cause is not among these rules, load the rules of the exporter's version.",
        zh: "1. 在主机上执行 `logagent-exporter check` 查看当前原因；在主机仪表盘上查看各原因的出现时间。\n\
             2. 按出现最多的原因的处理手册处理。如果时有时无，请检查过载之处：服务地址、网络、DNS 服务器、内存。\n\
             3. 如果某个原因不在规则中，请加载与 exporter 版本一致的规则。",
    },
    dashboard: HOST,
    variables: &["instance", "agent"],
};

/// A warning for a cause that is otherwise critical.
pub const WARNING: AlertText = AlertText {
    name: "LogAgentWarning",
    summary: Text {
        en: "A log-collection agent has a problem that needs attention.",
        zh: "日志采集客户端存在需要关注的问题。",
    },
    description: Text {
        en: "The agent {{ $labels.agent }} on {{ $labels.instance }}{in} has the problem {{ $labels.cause }}, as a warning. \
             Details: `logagent-exporter check` on the host, or http://{{ $labels.instance }}/",
        zh: "{in} {{ $labels.instance }} 上的客户端 {{ $labels.agent }} 存在问题 {{ $labels.cause }}（警告级别）。\
             具体证据和位置：在主机上执行 `logagent-exporter check`，或打开 http://{{ $labels.instance }}/",
    },
    fix: Text {
        en: "1. See on the host what was found and how to fix it: `logagent-exporter check`, or `logagent-exporter explain {{ $labels.cause }}`.\n\
             2. Verify: the cause is gone from `logagent-exporter check`.",
        zh: "1. 在主机上执行 `logagent-exporter check` 或 `logagent-exporter explain {{ $labels.cause }}`，查看问题和处理方法。\n\
             2. 确认：`logagent-exporter check` 中不再有该原因。",
    },
    dashboard: HOST,
    variables: &["instance", "agent"],
};

/// The exporter no longer evaluates.
pub const STALE: AlertText = AlertText {
    name: "LogAgentExporterStale",
    summary: Text {
        en: "An exporter answers, but no longer evaluates.",
        zh: "exporter 有应答，但不再评估。",
    },
    description: Text {
        en: "The exporter on {{ $labels.instance }}{in} has not evaluated for 10 minutes; its data about the agents there are stale.",
        zh: "{in} {{ $labels.instance }} 上的 exporter 已有 10 分钟没有评估，它给出的客户端状态已过时。",
    },
    fix: Text {
        en: "1. See what it waits for: `journalctl -u logagent-exporter -n 50`. A file system that hangs (NFS) is usual: `ps -eLo pid,stat,wchan:30,comm | grep logagent`\n\
             2. Restart it: `sudo systemctl restart logagent-exporter`",
        zh: "1. 查看它在等待什么：`journalctl -u logagent-exporter -n 50`。常见原因是文件系统（NFS）挂起：`ps -eLo pid,stat,wchan:30,comm | grep logagent`\n\
             2. 重启：`sudo systemctl restart logagent-exporter`",
    },
    dashboard: EXPORTER,
    variables: &["instance"],
};

/// The exporter runs with its former config.
pub const RELOAD_FAILED: AlertText = AlertText {
    name: "LogAgentExporterReloadFailed",
    summary: Text { en: "An exporter rejects its config file.", zh: "exporter 拒绝了配置文件。" },
    description: Text {
        en: "The exporter on {{ $labels.instance }}{in} still runs with its former config.",
        zh: "{in} {{ $labels.instance }} 上的 exporter 仍在使用之前的配置。",
    },
    fix: Text {
        en: "1. On the host, see what is wrong, with file and line: `logagent-exporter config check /etc/logagent-exporter/logagent-exporter.yml`\n\
             2. Correct the file and reload: `sudo systemctl reload logagent-exporter`",
        zh: "1. 在主机上查看错误所在的文件和行：`logagent-exporter config check /etc/logagent-exporter/logagent-exporter.yml`\n\
             2. 修正文件并重新加载：`sudo systemctl reload logagent-exporter`",
    },
    dashboard: EXPORTER,
    variables: &["instance"],
};

/// Facts repeatedly cannot be read.
pub const OBSERVATION_ERRORS: AlertText = AlertText {
    name: "LogAgentExporterObservationErrors",
    summary: Text {
        en: "An exporter cannot read what it needs.", zh: "exporter 无法读取所需的信息。"
    },
    description: Text {
        en: "The exporter on {{ $labels.instance }}{in} cannot read facts of the agent {{ $labels.agent }} ({{ $labels.source }}), so what depends on them is unknown.",
        zh: "{in} {{ $labels.instance }} 上的 exporter 无法读取客户端 {{ $labels.agent }} 的信息（{{ $labels.source }}），相关状态为未知。",
    },
    fix: Text {
        en: "1. On the host, see what cannot be read, and what to grant: `logagent-exporter check`\n\
             2. Grant it, or repair the file system, and restart: `sudo systemctl restart logagent-exporter`",
        zh: "1. 在主机上查看无法读取的内容和需要授予的权限：`logagent-exporter check`\n\
             2. 授予权限或修复文件系统，然后重启：`sudo systemctl restart logagent-exporter`",
    },
    dashboard: EXPORTER,
    variables: &["instance"],
};

/// The status of an agent has been unknown for a long time.
pub const STATUS_UNKNOWN: AlertText = AlertText {
    name: "LogAgentStatusUnknown",
    summary: Text {
        en: "The status of a log-collection agent is unknown.",
        zh: "无法判断日志采集客户端是否正常。",
    },
    description: Text {
        en: "The status of the agent {{ $labels.agent }} on {{ $labels.instance }}{in} has been unknown for an hour: a needed fact cannot be read.",
        zh: "{in} {{ $labels.instance }} 上客户端 {{ $labels.agent }} 的状态已有一小时为未知：缺少所需的信息。",
    },
    fix: Text {
        en: "1. On the host, see which fact, and what to grant: `logagent-exporter check`\n\
             2. Grant it, and restart: `sudo systemctl restart logagent-exporter`",
        zh: "1. 在主机上查看缺少的信息和需要授予的权限：`logagent-exporter check`\n\
             2. 授予权限，然后重启：`sudo systemctl restart logagent-exporter`",
    },
    dashboard: HOST,
    variables: &["instance", "agent"],
};

/// There is nothing to watch.
pub const NO_AGENTS: AlertText = AlertText {
    name: "LogAgentNoAgents",
    summary: Text {
        en: "An exporter has found no log-collection agent.",
        zh: "exporter 没有发现任何日志采集客户端。",
    },
    description: Text {
        en: "The exporter on {{ $labels.instance }}{in} watches nothing.",
        zh: "{in} {{ $labels.instance }} 上的 exporter 没有监控任何客户端。",
    },
    fix: Text {
        en: "1. If this host should have an agent, install it; the exporter finds it by itself.\n\
             2. If the agent is in an unusual place, name its `install_dir` under `agents` in /etc/logagent-exporter/logagent-exporter.yml and reload: `sudo systemctl reload logagent-exporter`\n\
             3. If this host needs no agent, remove the exporter and its target.",
        zh: "1. 如果该主机应有客户端，请安装；exporter 会自动发现。\n\
             2. 如果客户端安装在非默认位置，请在 /etc/logagent-exporter/logagent-exporter.yml 的 `agents` 中填写 `install_dir`，并重新加载：`sudo systemctl reload logagent-exporter`\n\
             3. 如果该主机不需要客户端，请删除 exporter 及其抓取目标。",
    },
    dashboard: HOST,
    variables: &["instance"],
};

/// Always fires, as long as the exporter on this host pushes alerts.
pub const HOST_WATCHDOG: AlertText = AlertText {
    name: "LogAgentHostWatchdog",
    summary: Text {
        en: "Alerting works, from this host to the receiver.",
        zh: "告警链路正常：从该主机到接收方。",
    },
    description: Text {
        en: "The exporter on {{ $labels.instance }}{in} always fires this alert. If it stops arriving, no other alert of this host arrives either.",
        zh: "{in} {{ $labels.instance }} 上的 exporter 会一直触发该告警。如果不再收到它，该主机的其他告警也无法送达。",
    },
    fix: Text {
        en: "Nothing is wrong while this alert arrives. Route it, grouped by instance, to a receiver that alerts if it stops; then see whether the host \
             and the exporter run: `systemctl status logagent-exporter`",
        zh: "能收到该告警即一切正常。请按 `instance` 分组，将它路由到一个在中断时会告警的接收方；中断时检查主机和 exporter 是否运行：\
             `systemctl status logagent-exporter`",
    },
    dashboard: HOST,
    variables: &["instance"],
};

/// All of them.
pub const ALL: [AlertText; 8] =
    [FAILING, WARNING, STALE, RELOAD_FAILED, OBSERVATION_ERRORS, STATUS_UNKNOWN, NO_AGENTS, HOST_WATCHDOG];

/// The annotations of the alert that `logagent-exporter alerts test` sends.
pub fn test(language: Language) -> [(&'static str, String); 2] {
    const SUMMARY: Text = Text { en: "This is a test.", zh: "这是一条测试告警。" };
    const DESCRIPTION: Text = Text {
        en: "`logagent-exporter alerts test` was run on {{ $labels.instance }}. Nothing is wrong, and it resolves by itself.",
        zh: "在 {{ $labels.instance }} 上执行了 `logagent-exporter alerts test`。没有任何异常，该告警会自行恢复。",
    };
    let told = |text: Text| text.in_language(language).to_owned();
    [("summary", told(SUMMARY)), ("description", told(DESCRIPTION))]
}
