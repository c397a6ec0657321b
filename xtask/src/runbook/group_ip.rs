//! Runbooks of the causes of `ip` specific to LogListener.

use logagent_exporter::model::Text;

use super::{NOT_IN_GROUP, Runbook};

const GROUP: Text = Text {
    en: "`group_ip` must equal one line of the server group in the CLS console, and `group_label` must be empty unless the group is label-based (3.4 and later: `agent_ip`, `agent_labels` in `conf/loglistener.yaml`).",
    zh: "`group_ip` 必须与 CLS 控制台机器组中的某一行完全相同；除非机器组使用标签，否则 `group_label` 必须为空\
        （3.4 及以上版本为 `conf/loglistener.yaml` 中的 `agent_ip`、`agent_labels`）。",
};

static GROUP_IP_MISMATCH: Runbook = Runbook {
    cause: "group_ip_mismatch",
    impact: NOT_IN_GROUP,
    sample: &[("group_ip", "10.0.0.9"), ("expected", "10.0.0.7")],
    session: "$ grep -E '^group_(ip|label)' /usr/local/loglistener/etc/loglistener.conf\ngroup_ip = 10.0.0.9\ngroup_label =\n\
        $ ip -4 -br addr show scope global\neth0             UP             10.0.0.7/24",
    reading: GROUP,
};

static GROUP_IP_IS_RANGE: Runbook = Runbook {
    cause: "group_ip_is_range",
    impact: NOT_IN_GROUP,
    sample: &[("expected", "10.0.0.0/24")],
    session: "$ grep -n server_group_ip /etc/logagent-exporter/logagent-exporter.yml\n9:      server_group_ip: 10.0.0.0/24",
    reading: GROUP,
};

static GROUP_IP_NOT_PRIVATE: Runbook = Runbook {
    cause: "group_ip_not_private",
    impact: Text {
        en: "None if the server group contains exactly this address; otherwise the group has no heartbeat from this host.",
        zh: "如果机器组中正是该地址则没有影响；否则机器组中没有本机心跳。",
    },
    sample: &[("group_ip", "203.0.113.7"), ("server", "ap-guangzhou.cls.tencentyun.com")],
    session: "$ grep -E '^(group_ip|proxy_host)' /usr/local/loglistener/etc/loglistener.conf\ngroup_ip = 203.0.113.7\n\
        proxy_host = ap-guangzhou.cls.tencentyun.com",
    reading: GROUP,
};

static GROUP_LABEL_CONFLICT: Runbook = Runbook {
    cause: "group_label_conflict",
    impact: NOT_IN_GROUP,
    sample: &[("group_label", "\"web\""), ("expected", "10.0.0.7")],
    session: "$ grep -E '^group_(ip|label)' /usr/local/loglistener/etc/loglistener.conf\ngroup_ip = 10.0.0.7\ngroup_label = web",
    reading: GROUP,
};

static MULTIPLE_CANDIDATE_ADDRESSES: Runbook = Runbook {
    cause: "multiple_candidate_addresses",
    impact: Text {
        en: "None if the chosen address is the one in the server group; otherwise the group has no heartbeat from this host.",
        zh: "如果所选地址就是机器组中的地址则没有影响；否则机器组中没有本机心跳。",
    },
    sample: &[("group_ip", "192.168.5.7"), ("candidates", "10.0.0.7, 192.168.5.7")],
    session: "$ ip -4 -br addr show scope global\neth0             UP             10.0.0.7/24\n\
        eth1             UP             192.168.5.7/24\n\
        $ grep '^group_ip' /usr/local/loglistener/etc/loglistener.conf\ngroup_ip = 192.168.5.7",
    reading: GROUP,
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &GROUP_IP_MISMATCH,
    &GROUP_IP_IS_RANGE,
    &GROUP_IP_NOT_PRIVATE,
    &GROUP_LABEL_CONFLICT,
    &MULTIPLE_CANDIDATE_ADDRESSES,
];
