//! Alerts about agents that are about no single cause: those of fleets, of the symptom, and of unknown causes.

use logagent_exporter::{
    catalog::{alert::AlertText, host_alerts},
    model::Text,
};

use crate::rules::Alert;

const LOOK: &str = "logagent-fleet";

/// In the group that records the state of agents, before the alerts of causes.
pub(crate) static AGENTS: &[Alert] = &[FLEET_CAUSE, FLEET_WARNING, FLEET_FAILING, FAILING, WARNING];

const FLEET_CAUSE: Alert = Alert {
    why: &[
        "Counts agents whose own alert would fire: a rollout in which no cause is active long enough does not count. Critical",
        "and warning have separate names: with an inhibition by name, one critical cause would silence all warnings.",
    ],
    expr: r#"cluster_cause:logagent_problem:fleet{severity="critical"}"#,
    wait: "",
    keep: "",
    labels: &[("severity", "critical")],
    text: AlertText {
        name: "LogAgentFleetCause",
        summary: Text {
            en: "Many log-collection agents of a cluster have the same problem.",
            zh: "集群中大量日志采集客户端出现同一问题。",
        },
        description: Text {
            en: "More than 5 % of the agents{in} have the problem {{ $labels.cause }}.",
            zh: "{in}超过 5% 的客户端存在问题 {{ $labels.cause }}。",
        },
        fix: Text {
            en: "1. Look for what the hosts share: the log service, a proxy, firewall or name server, and the last rollout of config or agent.\n\
                 2. Fix that, or roll it back. The runbook of {{ $labels.cause }} describes the problem on each host.",
            zh: "1. 查找这些主机的共同点：日志服务、代理、防火墙或 DNS 服务器，以及最近一次配置或客户端发布。\n\
                 2. 修复或回滚。{{ $labels.cause }} 的处理手册说明了每台主机上的问题。",
        },
        dashboard: LOOK,
        variables: &[],
    },
};

const FLEET_WARNING: Alert = Alert {
    why: &["The same for warnings."],
    expr: r#"cluster_cause:logagent_problem:fleet{severity="warning"}"#,
    wait: "",
    keep: "",
    labels: &[("severity", "warning")],
    text: AlertText {
        name: "LogAgentFleetWarning",
        summary: Text {
            en: "Many log-collection agents of a cluster have the same warning.",
            zh: "集群中大量日志采集客户端出现同一警告。",
        },
        description: Text {
            en: "More than 5 % of the agents{in} have the warning {{ $labels.cause }}.",
            zh: "{in}超过 5% 的客户端存在警告 {{ $labels.cause }}。",
        },
        fix: Text {
            en: "1. Look for what the hosts share: images, config management, a certificate, time servers, and their last change.\n\
                 2. Fix it there. The runbook of {{ $labels.cause }} describes the problem on each host.",
            zh: "1. 查找这些主机的共同点：镜像、配置管理、证书、时间服务器，以及最近一次变更。\n\
                 2. 在共同处修复。{{ $labels.cause }} 的处理手册说明了每台主机上的问题。",
        },
        dashboard: LOOK,
        variables: &[],
    },
};

const FLEET_FAILING: Alert = Alert {
    why: &["Many fail, and no cause of a fleet explains it."],
    expr: "cluster:logagent_status:fleet",
    wait: "",
    keep: "",
    labels: &[("severity", "critical")],
    text: AlertText {
        name: "LogAgentFleetFailing",
        summary: Text {
            en: "Many log-collection agents of a cluster fail, for various causes.",
            zh: "集群中大量日志采集客户端因各种原因异常。",
        },
        description: Text {
            en: "Many of the agents{in} fail, and no single cause stands out.",
            zh: "{in}大量客户端异常，没有单一的突出原因。",
        },
        fix: Text {
            en: "1. Open the fleet dashboard: which causes, kinds and versions, and since when?\n\
                 2. Compare with what changed then: images, config management, network, agent versions. Stop or undo it.",
            zh: "1. 打开集群仪表盘，查看是哪些原因、类型和版本，以及从何时开始。\n\
                 2. 与当时的变更对比：镜像、配置管理、网络、客户端版本；停止或回滚该变更。",
        },
        dashboard: LOOK,
        variables: &[],
    },
};

const FAILING: Alert = Alert {
    why: &[
        "The symptom, if no cause is active long enough for its alert, and the symptom is not that of a fleet.",
    ],
    expr: "agent:logagent_status:symptom unless on (cluster) cluster:logagent_status:fleet",
    wait: "",
    keep: "",
    labels: &[("severity", "critical")],
    text: host_alerts::FAILING,
};

const WARNING: Alert = Alert {
    why: &[
        "A warning without its own alert: a warning for a cause that is otherwise critical (a name has one severity),",
        "or a cause that is newer than these rules.",
    ],
    expr: r#"agent_cause:logagent_problem:single{severity="warning", cause!~"WARNINGS"}"#,
    wait: "",
    keep: "",
    labels: &[("severity", "warning")],
    text: host_alerts::WARNING,
};

/// In a separate group, each minute.
pub(crate) static ENDPOINT_DOWN: Alert = Alert {
    why: &[
        "Fewer than 10 % get through: down for all, except for agents that were not probed yet or use another route. At least 5 agents, and half",
        "of those that probed it within the hour: the few that can still be scraped are not the fleet. It says which address, and",
        "silences nothing: the hosts and the fleet also report their causes. The admin endpoint, which serves no heartbeat, is not counted.",
    ],
    expr: r"
cluster_region_url:logagent_endpoints_up:sum / cluster_region_url:logagent_endpoints:count < 0.1
and cluster_region_url:logagent_endpoints:count >= 5
and cluster_region_url:logagent_endpoints:count >= 0.5 * max_over_time(cluster_region_url:logagent_endpoints:count[1h])
",
    wait: "2m",
    keep: "10m",
    labels: &[("severity", "critical"), ("prerequisite", "network")],
    text: AlertText {
        name: "LogAgentFleetEndpointDown",
        summary: Text {
            en: "An endpoint of the log service is down for a whole cluster.",
            zh: "整个集群都无法访问日志服务的某个地址。",
        },
        description: Text {
            en: "Fewer than 10 % of the agents{in} that probe {{ $labels.url }} ({{ $labels.purpose }}) get its answer.",
            zh: "{in}探测 {{ $labels.url }}（{{ $labels.purpose }}）的客户端中，不到 10% 能得到应答。",
        },
        fix: Text {
            en: "1. Try it from one host: `curl -v -m 10 {{ $labels.url }}`, for a tcp:// address `telnet HOST PORT`.\n\
                 2. Compare with another cluster or network. If it fails there too, look at the vendor's status page and open a ticket with the vendor.\n\
                 3. If it fails only here, look at what the hosts share: proxy, firewall, NAT gateway, name servers, and their last change.",
            zh: "1. 在其中一台主机上尝试：`curl -v -m 10 {{ $labels.url }}`；tcp:// 地址使用 `telnet 主机 端口`。\n\
                 2. 与其他集群或网络对比。如果同样失败，请查看厂商的状态页并提交工单。\n\
                 3. 如果仅此处失败，请检查这些主机的共同点：代理、防火墙、NAT 网关、DNS 服务器，以及最近的变更。",
        },
        dashboard: LOOK,
        variables: &[],
    },
};
