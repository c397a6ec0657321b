//! Causes of the prerequisite `ip`.

pub use super::choice::{HOSTS_BINDING_NOT_ON_HOST, IP_WILL_CHANGE};
pub use super::group_ip::{
    GROUP_IP_IS_RANGE, GROUP_IP_MISMATCH, GROUP_IP_NOT_PRIVATE, GROUP_LABEL_CONFLICT,
    MULTIPLE_CANDIDATE_ADDRESSES,
};
use super::{
    patience, sources,
    surroundings::{IDENTITY_CLONED, IP_UNSTABLE},
};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// No interface of the host has an IPv4 address other than loopback.
pub static IP_MISSING: Cause = Cause {
    id: "ip_missing",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The host has no usable IPv4 address (interfaces: {interfaces})",
        zh: "本机没有可用的 IPv4 地址（网卡：{interfaces}）",
    },
    meaning: Text {
        en: "The agent identifies this host by an IPv4 address; loopback and IPv6 addresses do not count. \
            Without one it reports an empty address, and no machine group can match it.",
        zh: "客户端通过 IPv4 地址标识本机，回环地址和 IPv6 地址不算。没有 IPv4 地址时上报的 IP 为空，任何\
            机器组都无法匹配。",
    },
    remedy: Text {
        en: "1. See what the interfaces have: `ip -4 addr show` and `ip link show`\n\
            2. [!windows] Give the interface its address in the host's network configuration (NetworkManager, \
            systemd-networkd, /etc/network/interfaces or the cloud's DHCP). Applying it can disconnect a remote \
            session, so have a console at hand.\n\
            3. [windows] Give the adapter its address (`New-NetIPAddress`, or the cloud's DHCP). Applying it can disconnect \
            a remote session, so have a console at hand.\n\
            4. Check that an IPv4 address is listed: `ip -4 addr show scope global`\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 查看网卡和地址：`ip -4 addr show` 和 `ip link show`\n\
            2. [!windows] 在本机的网络配置（NetworkManager、systemd-networkd、/etc/network/interfaces 或云上的 \
            DHCP）中为网卡设置地址。使其生效可能中断远程会话，请准备好控制台登录方式。\n\
            3. [windows] 为网卡设置地址（`New-NetIPAddress`，或云上的 DHCP）。使其生效可能中断远程会话，请准备好控制台\
            登录方式。\n\
            4. 确认已列出 IPv4 地址：`ip -4 addr show scope global`\n\
            5. 重启客户端：{restart_command}\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["interfaces"],
    source: sources::IP,
    patience: patience::ADDRESS,
    summary: Text { en: "A host has no usable IPv4 address.", zh: "主机没有可用的 IPv4 地址。" },
};

/// The agent reports an empty address.
pub static IP_EMPTY: Cause = Cause {
    id: "ip_empty",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports an empty IP address ({reported})",
        zh: "客户端上报的 IP 为空（{reported}）",
    },
    meaning: Text {
        en: "With an empty address the agent cannot work: no IP-based machine group can match it.",
        zh: "IP 为空时客户端无法工作：IP 地址型机器组无法匹配到本机。",
    },
    remedy: Text {
        en: "1. Set {address_setting} in {config_file}. It must be the address that the machine group contains; \
            `ip -4 addr show` lists those of this host.\n\
            2. Restart the agent: {restart_command}\n\
            3. [logtail] Verify the address that it reports now: `grep '\"ip\"' {record_file}`\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在 {config_file} 中设置 {address_setting}。该地址必须是机器组中填写的地址；`ip -4 addr show` 列出\
            本机的地址。\n\
            2. 重启客户端：{restart_command}\n\
            3. [logtail] 确认当前上报的 IP：`grep '\"ip\"' {record_file}`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported"],
    source: sources::SLS_ZH_3_CLS_4,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent reports an empty IP address.",
        zh: "日志采集客户端上报的 IP 为空。",
    },
};

/// The agent reports an address of 127.0.0.0/8.
pub static IP_LOOPBACK: Cause = Cause {
    id: "ip_loopback",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports the loopback address {reported}",
        zh: "客户端上报的是回环地址 {reported}",
    },
    meaning: Text {
        en: "A loopback address is the same on every machine and identifies none. It is taken when the \
            host name is bound to 127.x and the agent finds no other address at its start.",
        zh: "每台机器的回环地址都相同，无法标识本机。当主机名绑定到 127.x 且客户端启动时找不到其他地址时，\
            会出现这种情况。",
    },
    remedy: Text {
        en: "1. See what the host name resolves to: `getent ahostsv4 {hostname}`\n\
            2. Set {address_setting} in {config_file}. It must be the address that the machine group contains; \
            `ip -4 addr show` lists those of this host.\n\
            3. Restart the agent: {restart_command}\n\
            4. [logtail] Verify the address that it reports now: `grep '\"ip\"' {record_file}`\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 查看主机名解析到的地址：`getent ahostsv4 {hostname}`\n\
            2. 在 {config_file} 中设置 {address_setting}。该地址必须是机器组中填写的地址；`ip -4 addr show` 列出\
            本机的地址。\n\
            3. 重启客户端：{restart_command}\n\
            4. [logtail] 确认当前上报的 IP：`grep '\"ip\"' {record_file}`\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported"],
    source: sources::IP,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent reports a loopback address.",
        zh: "日志采集客户端上报的是回环地址。",
    },
};

/// The reported address is on no interface, and no `working_ip` sets it.
pub static IP_NOT_ON_HOST: Cause = Cause {
    id: "ip_not_on_host",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports {reported}, which no interface has ({host_addresses})",
        zh: "客户端上报的 {reported} 不在任何网卡上（本机地址：{host_addresses}）",
    },
    meaning: Text {
        en: "The service counts the heartbeat for an address that this host does not have, or that belongs to another host by now. An address change after the start, a cloned image or a stale line in \
            the hosts file leads to this.",
        zh: "服务端会把心跳算到本机并不拥有（甚至已属于其他机器）的地址上。通常是启动后 IP 发生变化、使用\
            了克隆镜像，或 hosts 文件中有过期的绑定。",
    },
    remedy: Text {
        en: "1. Compare with `ip -4 addr show` and `getent ahostsv4 {hostname}`. Correct a stale line for \
            {hostname} in {hosts_file}.\n\
            2. Set {address_setting} in {config_file}, unless the agent finds the right address by itself.\n\
            3. [logtail] If {reported} is intended, as behind NAT, set `\"working_ip\" : \"{reported}\"` \
            instead.\n\
            4. Restart the agent: {restart_command}\n\
            5. Make sure that the machine group in the console contains the address.\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 与 `ip -4 addr show` 和 `getent ahostsv4 {hostname}` 的结果对比。如果 {hosts_file} 中 {hostname} \
            的绑定已过期，请更正。\n\
            2. 如果客户端无法自行获取正确的地址，请在 {config_file} 中设置 {address_setting}。\n\
            3. [logtail] 如果确实需要使用 {reported}（例如位于 NAT 之后），则设置 `\"working_ip\" : \
            \"{reported}\"`。\n\
            4. 重启客户端：{restart_command}\n\
            5. 确保控制台的机器组中包含该地址。\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported", "host_addresses"],
    source: sources::IP,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent reports an address that its host does not have.",
        zh: "日志采集客户端上报的 IP 不属于本机。",
    },
};

/// The reported address is none of those that the machine group is expected to contain.
pub static IP_NOT_IN_GROUP: Cause = Cause {
    id: "ip_not_in_group",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports {reported}, which the machine group does not contain ({expected})",
        zh: "客户端上报的 {reported} 不在机器组的 IP 列表中（{expected}）",
    },
    meaning: Text {
        en: "An IP-based machine group matches heartbeats by the reported address alone. An address \
            that is not in its list has no heartbeat there and gets no collection config.",
        zh: "IP 地址型机器组只按上报的 IP 匹配心跳。不在列表中的 IP 在该机器组中没有心跳，也无法获取采集配置。",
    },
    remedy: Text {
        en: "1. See which addresses this host has: `ip -4 addr show`\n\
            2. [group_address] If the machine group is right, set {address_setting} in {config_file} and restart \
            the agent: {restart_command}\n\
            3. If {reported} is right, add it to the IP list of the machine group in the console and to \
            `machine_group_ips` of the agent {agent} in the exporter's config, and reload the exporter: `sudo \
            systemctl reload logagent-exporter`\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 查看本机的地址：`ip -4 addr show`\n\
            2. [group_address] 如果机器组正确，请在 {config_file} 中设置 {address_setting}，然后重启客户端：\
            {restart_command}\n\
            3. 如果 {reported} 正确，请在控制台将其加入机器组的 IP 地址列表，并加入 exporter 配置中 {agent} 的 \
            `machine_group_ips`，然后重新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported", "expected"],
    source: sources::SLS_2,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent reports an address that is not in its machine group.",
        zh: "日志采集客户端上报的 IP 不在机器组中。",
    },
};

/// `working_ip` is set and the agent reports another address.
pub static IP_DIFFERS_FROM_WORKING_IP: Cause = Cause {
    id: "ip_differs_from_working_ip",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports {reported}, although working_ip is {working_ip}",
        zh: "客户端上报的是 {reported}，而 working_ip 设置为 {working_ip}",
    },
    meaning: Text {
        en: "working_ip overrides every other choice of the address, so the running process was started \
            before it was set, or reads another config file.",
        zh: "working_ip 的优先级最高。上报地址与其不一致，说明进程在设置之前启动，或读取的是另一个配置文件。",
    },
    remedy: Text {
        en: "1. Check that {working_ip} is the address that the machine group contains, and that the agent reads \
            it from {config_file} (a value in the file overrides the environment).\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify the address that it reports now: `grep '\"ip\"' {record_file}`",
        zh: "1. 确认 {working_ip} 是机器组中的地址，且客户端读取的是 {config_file} 中的值（文件中的值优先于环境变\
            量）。\n\
            2. 重启客户端：{restart_command}\n\
            3. 确认当前上报的 IP：`grep '\"ip\"' {record_file}`",
    },
    evidence: &["reported", "working_ip"],
    source: sources::SLS_2,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent does not report the working_ip of its config.",
        zh: "日志采集客户端上报的 IP 与 working_ip 不一致。",
    },
};

/// The hosts file binds the host name to an address that the agent would use, but it reports another.
pub static IP_DIFFERS_FROM_HOSTS_BINDING: Cause = Cause {
    id: "ip_differs_from_hosts_binding",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports {reported}, but the hosts file binds this host to {hosts_binding}",
        zh: "客户端上报的是 {reported}，但 hosts 文件将本机绑定到 {hosts_binding}",
    },
    meaning: Text {
        en: "The agent reads the binding at its start. It was changed since, so the next start changes \
            the reported address, and one of the two is not the one in the machine group.",
        zh: "客户端只在启动时读取主机名绑定。绑定之后被修改过，下次启动时上报的 IP 会改变，而两个地址中必\
            有一个不在机器组中。",
    },
    remedy: Text {
        en: "1. See which address is right: `ip -4 addr show`, and the lines for {hostname} in {hosts_file}: \
            `grep -n {hostname} {hosts_file}`\n\
            2. If {hosts_binding} is wrong, correct the line in {hosts_file}. Other programs on this host use it \
            too.\n\
            3. Restart the agent: {restart_command}\n\
            4. Make sure that the machine group in the console contains the address that the agent reports now: \
            `grep '\"ip\"' {record_file}`",
        zh: "1. 确认哪个地址正确：`ip -4 addr show`，以及 {hosts_file} 中 {hostname} 的绑定：`grep -n {hostname} \
            {hosts_file}`\n\
            2. 如果 {hosts_binding} 有误，请修改 {hosts_file} 中的绑定（会影响本机其他程序）。\n\
            3. 重启客户端：{restart_command}\n\
            4. 确保控制台的机器组中包含客户端当前上报的地址：`grep '\"ip\"' {record_file}`",
    },
    evidence: &["reported", "hosts_binding"],
    source: sources::SLS_2,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A log-collection agent does not report the address in the hosts file.",
        zh: "日志采集客户端上报的 IP 与 hosts 文件中的绑定不一致。",
    },
};

/// The reported address belongs to a bridge or another virtual interface of this host.
pub static IP_ON_VIRTUAL_INTERFACE: Cause = Cause {
    id: "ip_on_virtual_interface",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The reported address {reported} is on the virtual interface {interface}",
        zh: "上报的 {reported} 属于虚拟网卡 {interface}",
    },
    meaning: Text {
        en: "Addresses of container bridges and the like are the same on many hosts and come and go, so \
            the machine group confuses hosts or loses this one.",
        zh: "容器网桥等虚拟网卡的地址在多台机器上往往相同，而且随时可能变化，机器组会混淆机器或丢失本机。",
    },
    remedy: Text {
        en: "1. Set {address_setting} in {config_file}, or another address of a physical interface (`ip -4 addr \
            show`).\n\
            2. Make sure that the machine group in the console contains it.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在 {config_file} 中设置 {address_setting}，或使用其他物理网卡的地址（`ip -4 addr show`）。\n\
            2. 确保控制台的机器组中包含该地址。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["reported", "interface"],
    source: sources::IP_SOURCE,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent reports the address of a virtual interface.",
        zh: "日志采集客户端上报的是虚拟网卡的 IP。",
    },
};

/// Without any binding, the reported address is not that of the first interface.
pub static IP_NOT_FIRST_INTERFACE: Cause = Cause {
    id: "ip_not_first_interface",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The agent reports {reported} of {interface}; the first interface is {first_interface}",
        zh: "客户端上报的是 {interface} 的 {reported}，而第一块网卡是 {first_interface}",
    },
    meaning: Text {
        en: "The documents say that Logtail takes the address of the first network interface. Here it \
            took another, and the next start may choose differently.",
        zh: "按照文档，Logtail 取第一块网卡的 IP。当前取的是另一块网卡，下次启动时结果可能不同。",
    },
    remedy: Text {
        en: "1. Pin the address that the machine group contains: `\"working_ip\" : \"{reported}\"` in \
            {config_file}, or the other one.\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify the address that it reports now: `grep '\"ip\"' {record_file}`",
        zh: "1. 固定机器组中填写的地址：在 {config_file} 中设置 `\"working_ip\" : \"{reported}\"`，或另一个地址。\n\
            2. 重启客户端：{restart_command}\n\
            3. 确认当前上报的 IP：`grep '\"ip\"' {record_file}`",
    },
    evidence: &["reported", "interface", "first_interface"],
    source: sources::SLS_2,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent does not report the first interface's address.",
        zh: "日志采集客户端上报的不是第一块网卡的 IP。",
    },
};

/// The agent runs, but `app_info.json`, which it writes at each start, does not exist.
pub static IP_RECORD_MISSING: Cause = Cause {
    id: "ip_record_missing",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent's address record {record} is missing",
        zh: "客户端的地址记录文件 {record} 不存在",
    },
    meaning: Text {
        en: "The agent writes this file at each start, once it has chosen its address. A running agent \
            without it did not get that far, cannot write to its directory, or has lost the file since.",
        zh: "客户端每次启动并确定 IP 后都会写入该文件。进程在运行而文件不存在，说明启动未走到这一步、安装\
            目录不可写，或文件被删除。",
    },
    remedy: Text {
        en: "1. Check free space, free inodes and permissions: `df -h {install_dir}`, `df -i {install_dir}` and \
            `ls -ld {install_dir}`\n\
            2. Restart the agent, which writes the file at each start: {restart_command}\n\
            3. [log_file] If the file is still missing, look for the reason in {log_file}.\n\
            4. Verify that it is there: `cat {record}`",
        zh: "1. 检查磁盘空间、inode 和目录权限：`df -h {install_dir}`、`df -i {install_dir}` 和 `ls -ld \
            {install_dir}`\n\
            2. 重启客户端，它每次启动都会写入该文件：{restart_command}\n\
            3. [log_file] 如果仍不存在，请在 {log_file} 中查找原因。\n\
            4. 确认文件已存在：`cat {record}`",
    },
    evidence: &["record"],
    source: sources::SLS_2,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A running Logtail has not written its address record.",
        zh: "Logtail 正在运行，但没有写入地址记录文件。",
    },
};

/// `app_info.json` cannot be parsed, or holds no ip.
pub static IP_RECORD_INVALID: Cause = Cause {
    id: "ip_record_invalid",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The address record {record} is damaged: {defect}",
        zh: "地址记录文件 {record} 已损坏",
    },
    meaning: Text {
        en: "The reported address cannot be determined from this file. A full disk or an edit by hand damages \
            it; the agent writes it at each start and never reads it.",
        zh: "无法从该文件得知上报的 IP。磁盘写满或手工编辑会损坏该文件；客户端只在启动时写入，从不读取。",
    },
    remedy: Text {
        en: "1. Check free space, free inodes and permissions: `df -h {install_dir}`, `df -i {install_dir}` and \
            `ls -ld {install_dir}`\n\
            2. Restart the agent, which writes the file at each start: {restart_command}\n\
            3. Verify that it shows the right `ip`: `cat {record}`",
        zh: "1. 检查磁盘空间、inode 和目录权限：`df -h {install_dir}`、`df -i {install_dir}` 和 `ls -ld \
            {install_dir}`\n\
            2. 重启客户端，它每次启动都会写入该文件：{restart_command}\n\
            3. 确认其中的 `ip` 正确：`cat {record}`",
    },
    evidence: &["record", "defect"],
    source: sources::SLS_2,
    patience: patience::ADDRESS,
    summary: Text {
        en: "A Logtail's address record is damaged.", zh: "Logtail 的地址记录文件已损坏。"
    },
};

/// `app_info.json` contradicts itself, or was written long after its `update_time`.
pub static IP_RECORD_EDITED: Cause = Cause {
    id: "ip_record_edited",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The address record was edited by hand: {recorded} instead of {expected}",
        zh: "地址记录文件被手工修改：现为 {recorded}，应为 {expected}",
    },
    meaning: Text {
        en: "app_info.json is only a record. Editing it does not change the address that the agent reports, but hides it.",
        zh: "app_info.json 仅做记录，修改该文件并不会改变客户端上报的 IP，只会掩盖真实的值。",
    },
    remedy: Text {
        en: "1. Do not edit {record_file}. To change the reported address, set {address_setting} in \
            {config_file}.\n\
            2. Restart the agent, which writes the file at each start: {restart_command}\n\
            3. Verify the address that it reports now: `grep '\"ip\"' {record_file}`",
        zh: "1. 请勿修改 {record_file}。如需改变上报的 IP，请在 {config_file} 中设置 {address_setting}。\n\
            2. 重启客户端，它每次启动都会写入该文件：{restart_command}\n\
            3. 确认当前上报的 IP：`grep '\"ip\"' {record_file}`",
    },
    evidence: &["recorded", "expected"],
    source: sources::SLS_ZH_3,
    patience: patience::TICKET,
    summary: Text {
        en: "A Logtail's address record was edited by hand.",
        zh: "Logtail 的地址记录文件被手工修改。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
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
    &GROUP_IP_MISMATCH,
    &GROUP_IP_IS_RANGE,
    &GROUP_IP_NOT_PRIVATE,
    &GROUP_LABEL_CONFLICT,
    &MULTIPLE_CANDIDATE_ADDRESSES,
    &IP_WILL_CHANGE,
    &IP_UNSTABLE,
    &IDENTITY_CLONED,
];
