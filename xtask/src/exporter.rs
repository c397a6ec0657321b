//! Alerts about exporters and their targets, and the watchdog.

use logagent_exporter::{
    catalog::{alert::AlertText, host_alerts},
    model::Text,
};

use crate::rules::Alert;

const EXPORTER: &str = "logagent-exporter";

/// The counts of these alerts, recorded in their own group.
pub(crate) const STATE: &str = r#"
      # Targets whose job's name identifies them as exporters, but which do not show the exporter's metrics.
      - record: target:logagent_exporter:silent
        expr: up{job=~".*logagent.*"} unless on (cluster, job, instance) logagent_exporter_build_info

      # The same if the job's name does not identify them: targets that showed the exporter's metrics and no longer do, and when
      # they last did or were listed. For a day after they left service discovery, as they may come back and not answer.
      - record: target:logagent_exporter:remembered
        expr: |
          (
            group by (cluster, job, instance) (
              last_over_time(logagent_exporter_build_info{job!~".*logagent.*"}[5m])
                or on (cluster, job, instance) target:logagent_exporter:lost{job!~".*logagent.*"}
            ) * time()
            or target:logagent_exporter:remembered >= time() - 86400
          )
            unless on (cluster, job, instance) logagent_exporter_build_info{job!~".*logagent.*"}

      # Targets that showed the exporter's metrics and no longer do, for as long as service discovery has them. By these, and by
      # `logagent` in the job's name, an exporter's target is recognized while it cannot be scraped. Not by a single earlier
      # time: every second scrape may fail, and always when this is evaluated.
      - record: target:logagent_exporter:lost
        expr: |
          target:logagent_exporter:silent and on (cluster, job, instance) (
            last_over_time(logagent_exporter_build_info{job=~".*logagent.*"}[5m])
              or on (cluster, job, instance) target:logagent_exporter:lost
          )
          or up{job!~".*logagent.*"} and on (cluster, job, instance) target:logagent_exporter:remembered

      # Targets that only the job's name identifies as exporters.
      - record: target:logagent_exporter:unshown
        expr: target:logagent_exporter:silent unless on (cluster, job, instance) target:logagent_exporter:lost

      # Targets that cannot be scraped, or are no longer the exporter.
      - record: target:logagent_exporter:down
        expr: target:logagent_exporter:lost * 0 or target:logagent_exporter:unshown == 0

      - record: cluster:logagent_exporters_up:sum
        expr: |
          sum by (cluster) (
            count by (cluster, version) (logagent_exporter_build_info)
              or count by (cluster) (target:logagent_exporter:unshown == 1)
          )
          or count by (cluster) (target:logagent_exporter:down) * 0
      - record: cluster:logagent_exporters:count
        expr: |
          cluster:logagent_exporters_up:sum
            + (count by (cluster) (target:logagent_exporter:down) or cluster:logagent_exporters_up:sum * 0)
      - record: cluster:logagent_exporters_up:ratio
        expr: cluster:logagent_exporters_up:sum / cluster:logagent_exporters:count
"#;

pub(crate) static ALERTS: &[Alert] = &[
    DOWN_ALL,
    MISSING,
    ABSENT,
    DOWN,
    NO_METRICS,
    RESTARTING,
    STALE,
    RELOAD,
    NOTIFICATIONS,
    ERRORS,
    UNKNOWN,
    NO_AGENTS,
    WATCHDOG,
];

const DOWN_ALL: Alert = Alert {
    why: &[
        "If every tenth host is unwatched at once, there is one origin: a rollout of the exporter, a firewall, the scrape config. In a small",
        "cluster: most of it, and at least two. By the average over five minutes, because exporters that restart in a loop are sometimes up.",
    ],
    expr: r"
avg_over_time(cluster:logagent_exporters_up:ratio[5m]) < 0.9
  and avg_over_time(cluster:logagent_exporters:count[5m]) - avg_over_time(cluster:logagent_exporters_up:sum[5m]) >= 3
or avg_over_time(cluster:logagent_exporters_up:ratio[5m]) <= 0.6
  and avg_over_time(cluster:logagent_exporters:count[5m]) - avg_over_time(cluster:logagent_exporters_up:sum[5m]) >= 1.5
",
    wait: "4m",
    keep: "5m",
    labels: &[("severity", "critical")],
    text: AlertText {
        name: "LogAgentExportersDown",
        summary: Text {
            en: "Many exporters of a cluster cannot be scraped.",
            zh: "集群中大量 exporter 无法抓取。",
        },
        description: Text {
            en: "Many of the exporters{in} cannot be scraped, or only intermittently. The current state of the agents there is unknown.",
            zh: "{in}大量 exporter 无法抓取，或只能偶尔抓取，无法得知这些主机上客户端的最新状态。",
        },
        fix: Text {
            en: "1. See what Prometheus says on its page /targets: refused, timed out, or an HTTP status?\n\
                 2. Look for what changed: firewall (port 10077), TLS or passwords of the scrape config, a rollout of the exporter. Undo it.",
            zh: "1. 查看 Prometheus 的 /targets 页面：是拒绝连接、超时，还是某个 HTTP 状态码？\n\
                 2. 查找变更：防火墙（10077 端口）、抓取配置中的 TLS 或密码、exporter 的发布；撤销该变更。",
        },
        dashboard: EXPORTER,
        variables: &[],
    },
};

const MISSING: Alert = Alert {
    why: &[
        "Service discovery lists three tenths fewer exporters of a cluster than within the last hour, or none of a cluster of the",
        "last day: an outage that `up` does not show. A smaller difference is a fleet that shrinks.",
    ],
    expr: r"
max_over_time(cluster:logagent_exporters:count[1h]) - cluster:logagent_exporters:count >= 0.3 * max_over_time(cluster:logagent_exporters:count[1h])
  and max_over_time(cluster:logagent_exporters:count[1h]) - cluster:logagent_exporters:count >= 2
or max_over_time(cluster:logagent_exporters:count[1d])
  unless cluster:logagent_exporters:count
  unless on () absent(cluster:logagent_exporters:count)
",
    wait: "10m",
    keep: "5m",
    labels: &[("severity", "critical")],
    text: AlertText {
        name: "LogAgentExportersMissing",
        summary: Text {
            en: "Many exporters of a cluster have left service discovery.",
            zh: "集群中大量 exporter 从服务发现中消失。",
        },
        description: Text {
            en: "Prometheus no longer has many of the targets{in}, or none at all. The state of the agents there is unknown.",
            zh: "{in}大量（或全部）抓取目标已从 Prometheus 中消失，无法得知这些主机上客户端的状态。",
        },
        fix: Text {
            en: "1. See on Prometheus' page /service-discovery whether the hosts are still found, and whether relabelling drops them.\n\
                 2. Look for what changed: credentials of service discovery, labels, the list of targets. Undo it.\n\
                 3. If the hosts were removed on purpose, silence this alert for the cluster; it resolves by itself.",
            zh: "1. 查看 Prometheus 的 /service-discovery 页面：主机是否仍被发现，是否被 relabel 规则丢弃。\n\
                 2. 查找变更：服务发现的凭证、标签、目标列表；撤销该变更。\n\
                 3. 如果是有意下线这些主机，请对该集群静默此告警；它会自行恢复。",
        },
        dashboard: EXPORTER,
        variables: &[],
    },
};

const ABSENT: Alert = Alert {
    why: &["A restart of Prometheus or of its service discovery takes less."],
    expr: "absent(cluster:logagent_exporters:count)",
    wait: "15m",
    keep: "",
    labels: &[("severity", "critical")],
    text: AlertText {
        name: "LogAgentExporterAbsent",
        summary: Text {
            en: "Prometheus has no exporter to scrape.",
            zh: "Prometheus 没有可抓取的 exporter。",
        },
        description: Text {
            en: "No target{in} shows the exporter's metrics, or has logagent in the name of its job, so no alert about any agent can fire.",
            zh: "{in}没有任何目标提供 exporter 的指标，也没有名称包含 `logagent` 的抓取任务，因此任何客户端告警都不会触发。",
        },
        fix: Text {
            en: "1. See whether Prometheus' page /targets lists the exporters; `promtool check config` checks the config.\n\
                 2. Check that service discovery finds the hosts (page /service-discovery), and the relabelling.",
            zh: "1. 查看 Prometheus 的 /targets 页面是否列出 exporter；`promtool check config` 可检查配置是否正确。\n\
                 2. 检查服务发现是否能找到主机（/service-discovery 页面），以及 relabel 规则。",
        },
        dashboard: EXPORTER,
        variables: &[],
    },
};

const DOWN: Alert = Alert {
    why: &[
        "A reboot or an upgrade of the host takes less. By the average, because a single successful scrape does not end an outage.",
        "Many at the same time are one alert.",
    ],
    expr: r#"
count_over_time(target:logagent_exporter:down[5m])
  > on (cluster) group_left () 0.5 * count_over_time(cluster:logagent_exporters:count[5m])
  unless on (cluster) ALERTS{alertname="LogAgentExportersDown", alertstate="firing"}
"#,
    wait: "10m",
    keep: "5m",
    labels: &[("severity", "warning")],
    text: AlertText {
        name: "LogAgentExporterDown",
        summary: Text { en: "An exporter cannot be scraped.", zh: "exporter 无法抓取。" },
        description: Text {
            en: "The exporter on {{ $labels.instance }}{in} cannot be scraped, or something else answers there. The current state of the agents on this host is unknown.",
            zh: "{in} {{ $labels.instance }} 上的 exporter 无法抓取，或应答的不再是 exporter，无法得知该主机上客户端的最新状态。",
        },
        fix: Text {
            en: "1. See whether the host is up, and whether the exporter runs: `systemctl status logagent-exporter`, `journalctl -u logagent-exporter -n 50`\n\
                 2. Start it: `sudo systemctl restart logagent-exporter`\n\
                 3. If it runs, try `curl http://{{ $labels.instance }}/metrics` from the Prometheus server: it shows whether a firewall, the address or the scheme of the scrape config is wrong.\n\
                 4. If the host was removed, remove the target.",
            zh: "1. 确认主机在线，并确认 exporter 是否运行：`systemctl status logagent-exporter`、`journalctl -u logagent-exporter -n 50`\n\
                 2. 启动：`sudo systemctl restart logagent-exporter`\n\
                 3. 如果已运行，在 Prometheus 服务器上执行 `curl http://{{ $labels.instance }}/metrics`，检查防火墙、地址和抓取配置中的协议。\n\
                 4. 如果主机已下线，请删除该抓取目标。",
        },
        dashboard: EXPORTER,
        variables: &["instance"],
    },
};

const NO_METRICS: Alert = Alert {
    why: &[
        "The target answers, but has never been the exporter: another service, a proxy, or relabelling that drops everything.",
    ],
    expr: "target:logagent_exporter:unshown == 1",
    wait: "10m",
    keep: "5m",
    labels: &[("severity", "warning")],
    text: AlertText {
        name: "LogAgentExporterNoMetrics",
        summary: Text {
            en: "A target of the exporters' job does not serve the exporter's metrics.",
            zh: "exporter 的抓取目标没有提供 exporter 的指标。",
        },
        description: Text {
            en: "Prometheus scrapes {{ $labels.instance }}{in}, but finds no logagent_ metrics there. The state of the agents on this host is unknown.",
            zh: "Prometheus 能抓取{in} {{ $labels.instance }}，但其中没有 `logagent_` 指标，无法得知该主机上客户端的状态。",
        },
        fix: Text {
            en: "1. See what answers: `curl -s http://{{ $labels.instance }}/metrics | head`\n\
                 2. Correct the port or path of the target, or `metric_relabel_configs`; if another process has taken the port, see `sudo ss -ltnp` on the host.",
            zh: "1. 查看应答内容：`curl -s http://{{ $labels.instance }}/metrics | head`\n\
                 2. 修正抓取目标的端口或路径，或 `metric_relabel_configs`；如果端口被其他进程占用，在主机上执行 `sudo ss -ltnp` 查看。",
        },
        dashboard: EXPORTER,
        variables: &["instance"],
    },
};

const RESTARTING: Alert = Alert {
    why: &[
        "Three starts within 15 minutes are not an upgrade. After each start, everything is observed for the first time again.",
    ],
    expr: r#"
changes(process_start_time_seconds{job=~".*logagent.*"}[15m]) >= 3
  unless on (cluster, job, instance) target:logagent_exporter:unshown
or changes(process_start_time_seconds{job!~".*logagent.*"}[15m]) >= 3
  and on (cluster, job, instance) last_over_time(logagent_exporter_build_info{job!~".*logagent.*"}[5m])
"#,
    wait: "",
    keep: "10m",
    labels: &[("severity", "warning")],
    text: AlertText {
        name: "LogAgentExporterRestarting",
        summary: Text { en: "An exporter restarts repeatedly.", zh: "exporter 反复重启。" },
        description: Text {
            en: "The exporter on {{ $labels.instance }}{in} has started at least three times within 15 minutes.",
            zh: "{in} {{ $labels.instance }} 上的 exporter 在 15 分钟内至少启动了三次。",
        },
        fix: Text {
            en: "1. See why it ends: `journalctl -u logagent-exporter -n 100`, and `sudo dmesg -T | grep -i 'killed process'` for lack of memory.\n\
                 2. Fix that (memory limit, config, a watchdog that kills it), or roll back its last upgrade.",
            zh: "1. 查看退出原因：`journalctl -u logagent-exporter -n 100`；是否因内存不足被终止：`sudo dmesg -T | grep -i 'killed process'`。\n\
                 2. 修复（内存限制、配置、误杀它的看门狗），或回滚最近一次升级。",
        },
        dashboard: EXPORTER,
        variables: &["instance"],
    },
};

const STALE: Alert = Alert {
    why: &[
        "Not by comparing with time(): the timestamp is the host's, whose clock may be the problem. Evaluations are 15 s",
        "apart by default, so that ten minutes miss forty. A target that has just appeared has one value: the rule waits for another.",
    ],
    expr: "changes(logagent_last_evaluation_timestamp_seconds[8m]) == 0",
    wait: "2m",
    keep: "5m",
    labels: &[("severity", "warning")],
    text: host_alerts::STALE,
};

const RELOAD: Alert = Alert {
    why: &[
        "The person who edits the file should see and correct the error within five minutes: two without a success, and three more.",
    ],
    expr: "max_over_time(logagent_config_last_reload_successful[2m]) == 0",
    wait: "3m",
    keep: "",
    labels: &[("severity", "warning")],
    text: host_alerts::RELOAD_FAILED,
};

const NOTIFICATIONS: Alert = Alert {
    why: &[
        "For hosts that push alerts themselves but are also scraped. They send each minute: ten without a success, and an alert",
        "that is refused. By increases, not by the time of the last success, which is in the host's clock.",
    ],
    expr: r"
increase(logagent_alertmanager_notifications_errors_total[10m]) > 0
  unless increase(logagent_alertmanager_notifications_sent_total[10m]) > 0
or increase(logagent_alertmanager_notifications_dropped_total[2h]) > 0
",
    wait: "5m",
    keep: "5m",
    labels: &[("severity", "warning")],
    text: AlertText {
        name: "LogAgentExporterNotificationsFailing",
        summary: Text {
            en: "An exporter cannot push its alerts to an Alertmanager.",
            zh: "exporter 无法将告警推送到 Alertmanager。",
        },
        description: Text {
            en: "The exporter on {{ $labels.instance }}{in} pushes alerts itself, and {{ $labels.alertmanager }} does not accept them, or not all of them.",
            zh: "{in} {{ $labels.instance }} 上的 exporter 自行推送告警，但 {{ $labels.alertmanager }} 没有接收，或没有全部接收。",
        },
        fix: Text {
            en: "1. On the host, see what it answers: `sudo logagent-exporter alerts test`, and `journalctl -u logagent-exporter | grep alertmanager`\n\
                 2. Correct address, TLS or password under `alertmanagers` in /etc/logagent-exporter/logagent-exporter.yml, or the firewall, and reload: `sudo systemctl reload logagent-exporter`",
            zh: "1. 在主机上查看对方的应答：`sudo logagent-exporter alerts test`，以及 `journalctl -u logagent-exporter | grep alertmanager`\n\
                 2. 修正 /etc/logagent-exporter/logagent-exporter.yml 中 `alertmanagers` 的地址、TLS 或密码，或修正防火墙，然后重新加载：`sudo systemctl reload logagent-exporter`",
        },
        dashboard: EXPORTER,
        variables: &["instance"],
    },
};

const ERRORS: Alert = Alert {
    why: &[
        "One in six evaluations (15 s apart) cannot read something: more than a file that is being replaced, or a temporary slowdown. It does",
        "not endanger the heartbeat; what is temporary passes within half an hour. The metric resets with the exporter; one restart",
        "should not close the ticket.",
    ],
    expr: "increase(logagent_observation_errors_total[15m]) > 10",
    wait: "30m",
    keep: "15m",
    labels: &[("severity", "warning")],
    text: host_alerts::OBSERVATION_ERRORS,
};

const UNKNOWN: Alert = Alert {
    why: &[
        "Unknown is the normal state for some seconds after a start. What lasts an hour does not resolve by itself. Facts that cannot be read",
        "have a separate alert.",
    ],
    expr: r#"
max without (job, status) (last_over_time(agent_status:logagent_status:not_ok{status="unknown"}[3m]))
  unless on (cluster, instance, agent) ALERTS{alertname="LogAgentExporterObservationErrors", alertstate="firing"}
"#,
    wait: "1h",
    keep: "5m",
    labels: &[("severity", "warning")],
    text: host_alerts::STATUS_UNKNOWN,
};

const NO_AGENTS: Alert = Alert {
    why: &["A host that is being set up gets its agent within an hour."],
    expr: "max without (job) (max_over_time(logagent_agents[5m])) == 0",
    wait: "1h",
    keep: "",
    labels: &[("severity", "warning")],
    text: host_alerts::NO_AGENTS,
};

const WATCHDOG: Alert = Alert {
    why: &[
        "Always fires. Its receiver alerts when it no longer arrives: then Prometheus, Alertmanager or the connection is broken.",
    ],
    expr: "vector(1)",
    wait: "",
    keep: "",
    labels: &[("severity", "none")],
    text: AlertText {
        name: "LogAgentWatchdog",
        summary: Text {
            en: "Alerting works, from Prometheus to the receiver.",
            zh: "告警链路正常：从 Prometheus 到接收方。",
        },
        description: Text {
            en: "This alert always fires. If it stops arriving, no other alert arrives either.",
            zh: "该告警始终处于触发状态。如果不再收到它，其他告警也无法送达。",
        },
        fix: Text {
            en: "Nothing is wrong while this alert arrives. Route it to a receiver that alerts if it stops.",
            zh: "能收到该告警即一切正常。请将它路由到一个在中断时会告警的接收方。",
        },
        dashboard: EXPORTER,
        variables: &[],
    },
};
