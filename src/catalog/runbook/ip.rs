//! Runbooks of `ip`.

use super::{AT_NEXT_START, NOT_IN_GROUP};
use crate::model::{Runbook, Text};

const RECORD: Text = Text {
    en: "`ip` in the record is what Logtail reports. It must be an address of this host (or the intended one behind NAT) \
        and a line of the machine group. LogListener reports `group_ip` of its config.",
    zh: "记录文件中的 `ip` 就是 Logtail 上报的地址，它必须属于本机（NAT 后为预期地址），并且在机器组中。LogListener \
        上报的是其配置中的 `group_ip`。",
};

/// What is wrong now can be right by chance.
const DOUBTFUL: Text = Text {
    en: "None as long as the machine group contains the reported address. It can change at the agent's next start, and \
        then the group loses this host.",
    zh: "只要机器组中包含上报的地址，就没有影响；但客户端下次启动时地址可能改变，机器组会因此丢失本机。",
};

pub(in super::super) static IP_MISSING: Runbook = Runbook {
    summary: Text { en: "A host has no usable IPv4 address.", zh: "主机没有可用的 IPv4 地址。" },
    impact: NOT_IN_GROUP,
    sample: &[("interfaces", "lo, eth0 (no IPv4)")],
    session: "$ ip -4 -br addr show\nlo               UNKNOWN        127.0.0.1/8\n$ hostname -I\n",
    reading: Text {
        en: "Only the loopback address is there.", zh: "只有回环地址，没有其他 IPv4 地址。"
    },
};

pub(in super::super) static IP_EMPTY: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent reports an empty IP address.",
        zh: "日志采集客户端上报的 IP 为空。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "\"\"")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"\",\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

pub(in super::super) static IP_LOOPBACK: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent reports a loopback address.",
        zh: "日志采集客户端上报的是回环地址。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "127.0.0.1")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"127.0.0.1\",\n\
        $ getent ahostsv4 \"$(hostname)\" | head -n 1\n127.0.1.1       STREAM web-1",
    reading: RECORD,
};

pub(in super::super) static IP_NOT_ON_HOST: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent reports an address that its host does not have.",
        zh: "日志采集客户端上报的 IP 不属于本机。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("host_addresses", "172.16.2.200")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

pub(in super::super) static IP_NOT_IN_GROUP: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent reports an address that is not in its machine group.",
        zh: "日志采集客户端上报的 IP 不在机器组中。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "172.16.2.201"), ("expected", "172.16.2.200")],
    session: "$ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"172.16.2.201\",\n\
        $ grep -n machine_group_ips /etc/logagent-exporter.yml\n11:      machine_group_ips: [172.16.2.200]",
    reading: RECORD,
};

pub(in super::super) static IP_DIFFERS_FROM_WORKING_IP: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent does not report the working_ip of its config.",
        zh: "日志采集客户端上报的 IP 与 working_ip 不一致。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("working_ip", "172.16.2.200")],
    session: "$ grep '\"working_ip\"' /usr/local/ilogtail/ilogtail_config.json\n    \"working_ip\" : \"172.16.2.200\",\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",",
    reading: RECORD,
};

pub(in super::super) static IP_DIFFERS_FROM_HOSTS_BINDING: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent does not report the address in the hosts file.",
        zh: "日志采集客户端上报的 IP 与 hosts 文件中的绑定不一致。",
    },
    impact: NOT_IN_GROUP,
    sample: &[("reported", "10.0.0.9"), ("hosts_binding", "172.16.2.200")],
    session: "$ grep -w \"$(hostname)\" /etc/hosts\n172.16.2.200 web-1\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"10.0.0.9\",",
    reading: RECORD,
};

pub(in super::super) static IP_ON_VIRTUAL_INTERFACE: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent reports the address of a virtual interface.",
        zh: "日志采集客户端上报的是虚拟网卡的 IP。",
    },
    impact: DOUBTFUL,
    sample: &[("reported", "172.17.0.1"), ("interface", "docker0")],
    session: "$ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20\n\
        docker0          UP             172.17.0.1/16\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"172.17.0.1\",",
    reading: RECORD,
};

pub(in super::super) static IP_NOT_FIRST_INTERFACE: Runbook = Runbook {
    summary: Text {
        en: "A log-collection agent does not report the first interface's address.",
        zh: "日志采集客户端上报的不是第一块网卡的 IP。",
    },
    impact: DOUBTFUL,
    sample: &[("reported", "192.168.5.7"), ("interface", "eth1"), ("first_interface", "eth0")],
    session: "$ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20\n\
        eth1             UP             192.168.5.7/24\n\
        $ grep '\"ip\"' /usr/local/ilogtail/app_info.json\n   \"ip\" : \"192.168.5.7\",",
    reading: RECORD,
};

pub(in super::super) static HOSTS_BINDING_NOT_ON_HOST: Runbook = Runbook {
    summary: Text {
        en: "The hosts file binds a host's name to an address that it does not have.",
        zh: "hosts 文件将主机名绑定到了不属于本机的地址。",
    },
    impact: AT_NEXT_START,
    sample: &[("hosts_binding", "10.0.0.9"), ("host_addresses", "172.16.2.200")],
    session: "$ grep -w \"$(hostname)\" /etc/hosts\n10.0.0.9 web-1\n\
        $ ip -4 -br addr show scope global\neth0             UP             172.16.2.200/20",
    reading: RECORD,
};

pub(in super::super) static IP_RECORD_MISSING: Runbook = Runbook {
    summary: Text {
        en: "A running Logtail has not written its address record.",
        zh: "Logtail 正在运行，但没有写入地址记录文件。",
    },
    impact: Text {
        en: "The reported address is unknown. If the agent did not get as far as choosing one, there is no heartbeat.",
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

pub(in super::super) static IP_RECORD_INVALID: Runbook = Runbook {
    summary: Text {
        en: "A Logtail's address record is damaged.", zh: "Logtail 的地址记录文件已损坏。"
    },
    impact: Text {
        en: "The reported address is unknown, so whether the machine group matches this host cannot be told.",
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

pub(in super::super) static IP_RECORD_EDITED: Runbook = Runbook {
    summary: Text {
        en: "A Logtail's address record was edited by hand.",
        zh: "Logtail 的地址记录文件被手工修改。",
    },
    impact: Text {
        en: "The agent still reports the old address. If the edit was made to mend the heartbeat, it stays broken.",
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
