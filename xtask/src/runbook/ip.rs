//! Runbooks of `ip`.

use logagent_exporter::model::Text;

use super::{AT_NEXT_START, NOT_IN_GROUP, Runbook};

const RECORD: Text = Text {
    en: "`ip` in the record is what Logtail reports. It must be an address of this host (or the intended one behind NAT) \
        and a line of the machine group. LogListener reports `group_ip` of its config.",
    zh: "记录文件中的 `ip` 就是 Logtail 上报的地址，它必须属于本机（NAT 后为预期地址），并且在机器组中。LogListener \
        上报的是其配置中的 `group_ip`。",
};

/// A wrong setting can work by chance.
const DOUBTFUL: Text = Text {
    en: "None as long as the machine group contains the reported address. It can change at the agent's next start, and \
        then the group loses this host.",
    zh: "只要机器组中包含上报的地址，就没有影响；但客户端下次启动时地址可能改变，机器组会因此丢失本机。",
};

static IP_MISSING: Runbook = Runbook {
    cause: "ip_missing",
    impact: NOT_IN_GROUP,
    sample: &[("interfaces", "lo, eth0 (no IPv4)")],
    session: "$ ip -4 -br addr show\nlo               UNKNOWN        127.0.0.1/8\n$ hostname -I\n",
    reading: Text {
        en: "Only the loopback address is there.", zh: "只有回环地址，没有其他 IPv4 地址。"
    },
};

static IP_EMPTY: Runbook = Runbook {
    cause: "ip_empty",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "\"\"")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"\",\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

static IP_LOOPBACK: Runbook = Runbook {
    cause: "ip_loopback",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "127.0.0.1")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"127.0.0.1\",\n\
        $ getent ahostsv4 \"$(hostname)\" | head -n 1\n127.0.1.1       STREAM web-1",
    reading: RECORD,
};

static IP_NOT_ON_HOST: Runbook = Runbook {
    cause: "ip_not_on_host",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("host_addresses", "172.16.2.200")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

static IP_NOT_IN_GROUP: Runbook = Runbook {
    cause: "ip_not_in_group",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "172.16.2.201"), ("expected", "172.16.2.200")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"172.16.2.201\",\n\
        $ grep -n machine_group_ips /etc/logagent-exporter/logagent-exporter.yml\n11:      machine_group_ips: [172.16.2.200]",
    reading: RECORD,
};

static IP_DIFFERS_FROM_WORKING_IP: Runbook = Runbook {
    cause: "ip_differs_from_working_ip",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("working_ip", "172.16.2.200")],
    session: "$ grep '\"working_ip\"' /usr/local/ilogtail/ilogtail_config.json\n    \"working_ip\" : \"172.16.2.200\",\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",",
    reading: RECORD,
};

static IP_DIFFERS_FROM_HOSTS_BINDING: Runbook = Runbook {
    cause: "ip_differs_from_hosts_binding",
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("hosts_binding", "172.16.2.200")],
    session: "$ grep -w \"$(hostname)\" /etc/hosts\n172.16.2.200 web-1\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",",
    reading: RECORD,
};

static IP_ON_VIRTUAL_INTERFACE: Runbook = Runbook {
    cause: "ip_on_virtual_interface",
    impact: DOUBTFUL,
    sample: &[("reported", "172.17.0.1"), ("interface", "docker0")],
    session: "$ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20\n\
        docker0          UP             172.17.0.1/16\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"172.17.0.1\",",
    reading: RECORD,
};

static IP_NOT_FIRST_INTERFACE: Runbook = Runbook {
    cause: "ip_not_first_interface",
    impact: DOUBTFUL,
    sample: &[("reported", "192.168.5.7"), ("interface", "eth1"), ("first_interface", "eth0")],
    session: "$ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20\n\
        eth1             UP             192.168.5.7/24\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"192.168.5.7\",",
    reading: RECORD,
};

static HOSTS_BINDING_NOT_ON_HOST: Runbook = Runbook {
    cause: "hosts_binding_not_on_host",
    impact: AT_NEXT_START,
    sample: &[("hosts_binding", "10.0.0.9"), ("host_addresses", "172.16.2.200")],
    session: "$ grep -w \"$(hostname)\" /etc/hosts\n10.0.0.9 web-1\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

static IP_RECORD_MISSING: Runbook = Runbook {
    cause: "ip_record_missing",
    impact: Text {
        en: "The reported address is unknown. If the agent failed before it chose one, there is no heartbeat.",
        zh: "无法得知上报的 IP。如果客户端尚未走到选择 IP 这一步，则没有心跳。",
    },
    sample: &[("record", "/usr/local/ilogtail/app_info.json")],
    session: "$ ls -l /usr/local/ilogtail/app_info.json\n\
        ls: cannot access '/usr/local/ilogtail/app_info.json': No such file or directory\n\
        $ df -h /usr/local/ilogtail | tail -n 1\n/dev/vda1        40G   40G     0 100% /",
    reading: Text {
        en: "A full disk (100 %) or a directory that the agent cannot write to is the usual reason.",
        zh: "常见原因是磁盘写满（100%）或客户端对目录没有写权限。",
    },
};

static IP_RECORD_INVALID: Runbook = Runbook {
    cause: "ip_record_invalid",
    impact: Text {
        en: "The reported address is unknown, so it is unknown whether the machine group matches this host.",
        zh: "无法得知上报的 IP，因此无法判断机器组能否匹配本机。",
    },
    sample: &[("record", "/usr/local/ilogtail/app_info.json"), ("defect", "empty file")],
    session: "$ cat /usr/local/ilogtail/app_info.json\n$ df -h /usr/local/ilogtail | tail -n 1\n\
        /dev/vda1        40G   40G     0 100% /",
    reading: Text {
        en: "The file is empty or not the JSON that the agent writes; a full disk (100 %) is the usual reason.",
        zh: "文件为空，或不是客户端写入的 JSON；常见原因是磁盘写满（100%）。",
    },
};

static IP_RECORD_EDITED: Runbook = Runbook {
    cause: "ip_record_edited",
    impact: Text {
        en: "The agent still reports the old address. If the edit was made to restore the heartbeat, there is still none.",
        zh: "客户端仍上报旧地址。如果修改是为了修复心跳，心跳仍会异常。",
    },
    sample: &[("recorded", "172.16.2.200"), ("expected", "10.0.0.9")],
    session: "$ grep -E '\"(ip|instance_id|update_time)\"' /usr/local/ilogtail/app_info.json\n   \
        \"instance_id\" : \"E9633380-85C2-11ED-9BAD-00163E1AA597_10.0.0.9_1782892802\",\n   \
        \"ip\" : \"172.16.2.200\",\n   \"update_time\" : \"2026-07-01 08:00:02\"",
    reading: Text {
        en: "The address within `instance_id` is the one that the agent chose; `ip` was `10.0.0.9` too when it wrote the file.",
        zh: "`instance_id` 中的地址才是客户端选择的地址；客户端写入文件时，`ip` 也是 `10.0.0.9`。",
    },
};

static IP_WILL_CHANGE: Runbook = Runbook {
    cause: "ip_will_change",
    impact: DOUBTFUL,
    sample: &[("reported", "172.16.2.200"), ("next", "172.16.2.201")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"172.16.2.200\",\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.201/20",
    reading: Text {
        en: "The agent reports the address that it chose at its start; the host has another one now.",
        zh: "客户端上报的是启动时选择的地址，而本机现在的地址已不同。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &IP_MISSING,
    &IP_EMPTY,
    &IP_LOOPBACK,
    &IP_NOT_ON_HOST,
    &IP_NOT_IN_GROUP,
    &IP_DIFFERS_FROM_WORKING_IP,
    &IP_DIFFERS_FROM_HOSTS_BINDING,
    &IP_ON_VIRTUAL_INTERFACE,
    &IP_NOT_FIRST_INTERFACE,
    &HOSTS_BINDING_NOT_ON_HOST,
    &IP_RECORD_MISSING,
    &IP_RECORD_INVALID,
    &IP_RECORD_EDITED,
    &IP_WILL_CHANGE,
];
